//! How many tests ran, read from what the tools print.

use std::ops::AddAssign;

/// Tests that passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Whose way of counting a program's output follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// A check without tests.
    Nothing,
    /// Rust's test harness: every `test result:` line.
    Libtest,
    /// pytest's last line.
    Pytest,
    /// Our own last line, `N passed, N failed`.
    Xtask,
}

impl Counts {
    pub(crate) fn read(self, output: &str) -> Tally {
        match self {
            Self::Nothing => Tally::default(),
            Self::Libtest => libtest(output),
            Self::Pytest => output.lines().rev().find_map(pytest_summary).unwrap_or_default(),
            Self::Xtask => output.lines().rev().find_map(plain_summary).unwrap_or_default(),
        }
    }
}

/// The line that every command that tests ends with.
pub(crate) fn plain_line(tally: Tally) -> String {
    format!("{} passed, {} failed", tally.passed, tally.failed)
}

fn libtest(output: &str) -> Tally {
    let mut sum = Tally::default();
    for line in output.lines().filter(|line| line.starts_with("test result: ")) {
        for part in line.split([';', '.']) {
            match numbered_word(part) {
                Some((number, "passed")) => sum.passed += number,
                Some((number, "failed")) => sum.failed += number,
                _ => {}
            }
        }
    }
    sum
}

/// `== 3 failed, 12 passed, 1 skipped, 2 errors in 4.56s (0:00:04) ==`, with or without the bars and colours.
fn pytest_summary(line: &str) -> Option<Tally> {
    let (counts, time) = line.trim_matches(|c| c == '=' || c == ' ').split_once(" in ")?;
    if !time.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut tally = Tally::default();
    for part in counts.split(',') {
        let (number, word) = numbered_word(part)?;
        match word {
            "passed" => tally.passed += number,
            "failed" | "error" | "errors" => tally.failed += number,
            "skipped" | "deselected" | "xfailed" | "xpassed" | "warning" | "warnings" | "rerun" => {}
            _ => return None,
        }
    }
    Some(tally)
}

fn plain_summary(line: &str) -> Option<Tally> {
    let (passed, failed) = line.split_once(", ")?;
    match (numbered_word(passed)?, numbered_word(failed)?) {
        ((passed, "passed"), (failed, "failed")) => Some(Tally { passed, failed }),
        _ => None,
    }
}

/// `12 passed` as a number and a word; a text before the number is not minded.
fn numbered_word(text: &str) -> Option<(u64, &str)> {
    let (before, word) = text.trim().rsplit_once(' ')?;
    let number = before.rsplit(' ').next()?.parse().ok()?;
    Some((number, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libtest_lines_are_summed() {
        let output = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.20s\n";
        assert_eq!(Counts::Libtest.read(output), Tally { passed: 4, failed: 2 });
    }

    #[test]
    fn pytest_counts_errors_as_failures() {
        let output = "collected 5 items\n\
            ==== 1 failed, 3 passed, 2 deselected, 1 error in 0.52s ====\n";
        assert_eq!(Counts::Pytest.read(output), Tally { passed: 3, failed: 2 });
        assert_eq!(Counts::Pytest.read("12 passed in 71.02s (0:01:11)\n"), Tally { passed: 12, failed: 0 });
    }

    #[test]
    fn nothing_is_counted_where_nothing_ran() {
        assert_eq!(Counts::Pytest.read("no tests ran in 0.01s\n"), Tally::default());
        assert_eq!(Counts::Pytest.read("3 things in a row\n"), Tally::default());
        assert_eq!(Counts::Libtest.read("error: could not compile\n"), Tally::default());
        assert_eq!(Counts::Nothing.read("4 passed, 0 failed"), Tally::default());
    }

    #[test]
    fn plain_lines_are_read_back() {
        let tally = Tally { passed: 41, failed: 1 };
        let output = format!("some table\n{}\n", plain_line(tally));
        assert_eq!(Counts::Xtask.read(&output), tally);
    }
}
