//! One step of `cargo xtask test`: some programs run after one another, with one log and one time limit.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::process::{End, run_logged, show, tail};
use crate::tally::{Counts, Tally};
use crate::workspace;

/// How much of the output of a program that failed is shown.
const LINES_OF_A_FAILURE: usize = 60;

type Work = Box<dyn FnOnce(&mut Running) -> Result<()>>;

/// A step to be run.
pub(crate) struct Step {
    pub(crate) name: String,
    budget: Duration,
    work: Work,
}

/// How a step went.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) tests: Tally,
    /// What went wrong: a line each, and the last ones of the program's output.
    pub(crate) problems: Vec<String>,
    pub(crate) time: Duration,
    pub(crate) log: PathBuf,
}

/// A step that runs: what its work uses to run programs.
pub(crate) struct Running {
    log: PathBuf,
    start: Instant,
    budget: Duration,
    tests: Tally,
    problems: Vec<String>,
}

impl Step {
    /// A step with this name and a limit of so many minutes, which only ends what hangs.
    pub(crate) fn new(
        name: impl Into<String>,
        minutes: u64,
        work: impl FnOnce(&mut Running) -> Result<()> + 'static,
    ) -> Self {
        Self { name: name.into(), budget: Duration::from_secs(60 * minutes), work: Box::new(work) }
    }

    /// Does the work. What goes wrong in it is in the outcome; an error means that nothing more can be run.
    pub(crate) fn run(self) -> Result<Outcome> {
        let log = workspace::target_subfolder("xtask/logs")?.join(format!("{}.log", self.name));
        fs::write(&log, "")?;
        let (start, budget) = (Instant::now(), self.budget);
        let mut running = Running { log, start, budget, tests: Tally::default(), problems: Vec::new() };
        if let Err(error) = (self.work)(&mut running) {
            running.problems.push(format!("{error:#}"));
        }
        let Running { log, tests, problems, .. } = running;
        Ok(Outcome { tests, problems, time: start.elapsed(), log })
    }
}

impl Outcome {
    pub(crate) fn good(&self) -> bool {
        self.problems.is_empty() && self.tests.failed == 0
    }

    /// The tests, or one failure if something else than a test failed.
    pub(crate) fn tally(&self) -> Tally {
        let outright = u64::from(!self.problems.is_empty() && self.tests.failed == 0);
        Tally { passed: self.tests.passed, failed: self.tests.failed + outright }
    }
}

impl Running {
    /// Runs a program that must succeed, and counts its tests; one that counts and ran none has failed.
    ///
    /// A failure is noted, and the next program of the step runs all the same.
    pub(crate) fn run(&mut self, command: Command, counts: Counts) -> Result<()> {
        let shown = shortened(&show(&command));
        let left = self.budget.saturating_sub(self.start.elapsed());
        if left.is_zero() {
            self.problems.push(format!("no time was left for: {shown}"));
            return Ok(());
        }
        let before = self.output().len();
        let end = run_logged(command, &self.log, left)?;
        let output = self.output();
        let output = output.get(before..).unwrap_or("");
        let tests = counts.read(output);
        self.tests += tests;
        let known = self.problems.len();
        match end {
            End::TimedOut => {
                let minutes = self.budget.as_secs() / 60;
                self.problems.push(format!("ended after the step's limit of {minutes} min: {shown}"));
            }
            End::Exited(status) if !status.success() => self.problems.push(format!("{shown}: {status}")),
            End::Exited(_) if counts != Counts::Nothing && tests == Tally::default() => {
                self.problems.push(format!("no tests ran: {shown}"));
            }
            End::Exited(_) => {}
        }
        // What ran after it stands behind it in the log.
        if let Some(problem) = self.problems.get_mut(known) {
            *problem += &format!("\n{}", tail(output, LINES_OF_A_FAILURE));
        }
        Ok(())
    }

    /// Runs a program that must succeed, and print these lines among others, in this order.
    pub(crate) fn run_printing(&mut self, command: Command, lines: &[&str]) -> Result<()> {
        let shown = shortened(&show(&command));
        let before = self.output().len();
        self.run(command, Counts::Nothing)?;
        let output = self.output();
        let mut printed = output.get(before..).unwrap_or("").lines();
        for line in lines {
            if !printed.any(|other| other == *line) {
                self.problems.push(format!("`{line}` was not printed, or not in its place: {shown}"));
                break;
            }
        }
        Ok(())
    }

    /// Notes something that is wrong.
    pub(crate) fn complain(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    fn output(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }
}

/// A command that fits into a line or two: some name every source file.
fn shortened(command: &str) -> String {
    match command.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &command[..end]),
        None => command.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn outcome_of(name: &str, script: &'static str, counts: Counts) -> Outcome {
        Step::new(format!("self-test-{name}"), 1, move |step| step.run(shell(script), counts)).run().unwrap()
    }

    #[test]
    fn long_commands_are_shortened() {
        assert_eq!(shortened("cargo test"), "cargo test");
        assert_eq!(shortened(&"ä".repeat(200)), format!("{}…", "ä".repeat(160)));
    }

    #[test]
    fn tests_are_counted() {
        let outcome = outcome_of("counts", "echo '4 passed, 0 failed'", Counts::Xtask);
        assert!(outcome.good(), "{outcome:?}");
        assert_eq!(outcome.tally(), Tally { passed: 4, failed: 0 });
    }

    #[test]
    fn a_failure_without_a_test_counts_once() {
        let outcome = outcome_of("crash", "echo '2 passed, 0 failed'; exit 1", Counts::Xtask);
        assert!(!outcome.good());
        assert_eq!(outcome.tally(), Tally { passed: 2, failed: 1 });
    }

    #[test]
    fn no_tests_are_a_failure_and_a_plain_check_needs_none() {
        assert!(!outcome_of("none", "true", Counts::Libtest).good());
        assert!(outcome_of("plain", "true", Counts::Nothing).good());
    }

    #[test]
    fn what_a_program_prints_is_looked_for_in_its_order() {
        let printing = |name: &str, lines: &'static [&'static str]| {
            let step = Step::new(format!("self-test-{name}"), 1, move |step| {
                step.run(shell("echo before"), Counts::Nothing)?;
                step.run_printing(shell("echo one; echo two; echo three"), lines)
            });
            step.run().unwrap().problems.len()
        };
        assert_eq!(printing("prints", &["one", "three"]), 0);
        assert_eq!(printing("order", &["three", "one"]), 1);
        assert_eq!(printing("missing", &["on", "before"]), 1);
    }

    #[test]
    fn the_other_programs_run_after_a_failure_and_a_limit_is_a_failure() {
        let step = Step::new("self-test-limit", 1, |step| {
            step.run(shell("echo the reason; exit 1"), Counts::Nothing)?;
            step.run(shell("echo '1 passed, 0 failed'"), Counts::Xtask)?;
            step.budget = step.start.elapsed() + Duration::from_millis(200);
            step.run(shell("sleep 30"), Counts::Nothing)
        });
        let outcome = step.run().unwrap();
        assert_eq!(outcome.tests, Tally { passed: 1, failed: 0 });
        assert_eq!(outcome.problems.len(), 2, "{outcome:?}");
        assert!(outcome.problems[0].ends_with("the reason"), "{outcome:?}");
        assert!(outcome.problems[1].contains("limit"), "{outcome:?}");
    }
}
