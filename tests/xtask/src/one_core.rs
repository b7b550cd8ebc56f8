//! `cargo xtask one-core`: the tests on two cores and on one, and how much longer each takes there.
//!
//! Where threads wait for each other by spinning, one core shows it: a test takes many times as long, or never ends.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

use crate::process::{run_logged, show, tail};
use crate::table::Table;
use crate::tally::{Tally, plain_line};
use crate::workspace::{cargo, target, target_subfolder, xtask};

/// How many times as long a test may take on one core.
const MOST: f64 = 3.0;
/// A test that takes less on one core takes too little for its time to say anything.
const LEAST: Duration = Duration::from_millis(20);
/// How many tests are shown, those that suffer most.
const SHOWN: usize = 15;
/// The backstop for one run of all tests.
const LIMIT: Duration = Duration::from_secs(600);

/// Which tests, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How often all tests run on two cores and on one; medians are compared
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// The Python tests as well, on this interpreter
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
}

/// What each test took, in each round.
type Times = BTreeMap<String, Vec<Duration>>;

/// Runs the tests; `false` when one takes too long on one core.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let log = target_subfolder("xtask/logs")?.join("one-core-tests.log");
    let allowed = sched_getaffinity(Pid::from_raw(0))?;
    let (two, one) = (first_cores(&allowed, 2)?, first_cores(&allowed, 1)?);
    println!("one-core: compiling the tests");
    run_all(&log, build())?;
    let (mut on_two, mut on_one) = (Times::new(), Times::new());
    for round in 1..=options.rounds {
        for (cores, times, words) in [(&two, &mut on_two, "two cores"), (&one, &mut on_one, "one core")] {
            println!("one-core: round {round} of {}, {words}", options.rounds);
            // What is started now runs on the same cores.
            sched_setaffinity(Pid::from_raw(0), cores)?;
            let output = run_all(&log, tests(options.python.as_deref()));
            sched_setaffinity(Pid::from_raw(0), &allowed)?;
            read(&output?, times);
        }
    }
    let compared = compare(&on_two, &on_one);
    ensure!(!compared.is_empty(), "no test told its time: see {}", log.display());
    print!("{}", report(&compared));
    let failed = compared.iter().filter(|test| test.is_too_long()).count();
    println!("{}", plain_line(Tally { passed: (compared.len() - failed) as u64, failed: failed as u64 }));
    Ok(failed == 0)
}

fn first_cores(allowed: &CpuSet, many: usize) -> Result<CpuSet> {
    let mut chosen = CpuSet::new();
    let mut left = many;
    for core in 0..CpuSet::count() {
        if left > 0 && allowed.is_set(core)? {
            chosen.set(core)?;
            left -= 1;
        }
    }
    ensure!(left == 0, "two cores are needed to compare with one");
    Ok(chosen)
}

/// The test programs that wait for threads; the C suite compiles most of the time.
fn programs() -> Vec<Command> {
    let packages: [&[&str]; 2] = [
        &["-p", "crossinterp-core", "-p", "crossinterp-ffi", "--lib", "--tests"],
        &["-p", "crossinterp-tests", "--test", "crossbeam", "--test", "ffi_roundtrip", "--test", "fuzz"],
    ];
    let command = |arguments: &&[&str]| {
        let mut command = cargo();
        command.args(["test", "--no-fail-fast"]).args(*arguments);
        // That a test tells its time is not stable yet.
        command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", target().join("one-core"));
        command.env("CROSSINTERP_STRESS_SECONDS", "5");
        command
    };
    packages.iter().map(command).collect()
}

fn build() -> Vec<Command> {
    programs()
        .into_iter()
        .map(|mut command| {
            command.arg("--no-run");
            command
        })
        .collect()
}

fn tests(python: Option<&Path>) -> Vec<Command> {
    let mut commands = programs();
    for command in &mut commands {
        command.args(["--", "--test-threads", "1", "-Z", "unstable-options", "--report-time"]);
    }
    if let Some(program) = python {
        let mut command = xtask();
        command.arg("python").arg("--python").arg(program).args(["--", "-m", "pytest", "tests/python"]);
        command.args(["-p", "no:cacheprovider", "--durations", "0", "-vv"]);
        commands.push(command);
    }
    commands
}

/// Runs programs that must succeed, one after another, and gives what they printed.
fn run_all(log: &Path, commands: Vec<Command>) -> Result<String> {
    fs::write(log, "")?;
    for command in commands {
        let shown = show(&command);
        let end = run_logged(command, log, LIMIT)?;
        if !end.success() {
            let output = fs::read_to_string(log).unwrap_or_default();
            bail!("{shown}: {end:?}; the end of {}:\n{}", log.display(), tail(&output, 40));
        }
    }
    fs::read_to_string(log).with_context(|| format!("cannot read {}", log.display()))
}

/// Reads the times of the tests that passed.
fn read(output: &str, times: &mut Times) {
    let mut program = String::new();
    for line in output.lines() {
        let line = line.trim_start();
        if let Some(name) = line.strip_prefix("Running ").and_then(|rest| rest.split(" (").next()) {
            program = name.replace("unittests src/lib.rs", "unit tests");
        } else if let Some((name, time)) = of_libtest(line) {
            times.entry(format!("{program} {name}")).or_default().push(time);
        } else if let Some((name, time)) = of_pytest(line) {
            times.entry(name.to_string()).or_default().push(time);
        }
    }
}

/// `test name ... ok <0.017s>`
fn of_libtest(line: &str) -> Option<(&str, Duration)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ok <")?;
    Some((name, seconds(rest.strip_suffix("s>")?)?))
}

/// `0.52s call     tests/python/test_x.py::name`
fn of_pytest(line: &str) -> Option<(&str, Duration)> {
    let (time, rest) = line.split_once("s call ")?;
    let name = rest.trim_start();
    name.contains("::").then_some(())?;
    Some((name, seconds(time)?))
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// One test's medians.
struct Compared {
    name: String,
    on_two: Duration,
    on_one: Duration,
}

impl Compared {
    fn ratio(&self) -> f64 {
        // Times are told in milliseconds.
        self.on_one.as_secs_f64() / self.on_two.max(Duration::from_millis(1)).as_secs_f64()
    }

    fn is_too_long(&self) -> bool {
        self.on_one >= LEAST && self.ratio() > MOST
    }
}

/// The tests that ran on both, the worst first.
fn compare(on_two: &Times, on_one: &Times) -> Vec<Compared> {
    let compared = |(name, times): (&String, &Vec<Duration>)| {
        let on_one = median(on_one.get(name)?);
        Some(Compared { name: name.clone(), on_two: median(times), on_one })
    };
    let mut all: Vec<Compared> = on_two.iter().filter_map(compared).collect();
    // Those that are too short for a judgement come last.
    let weight = |test: &Compared| if test.on_one >= LEAST { test.ratio() } else { 0.0 };
    all.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    all
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn report(compared: &[Compared]) -> String {
    let mut table = Table::new(["test", "two cores", "one core", "ratio"], &[1, 2, 3]);
    let milliseconds = |time: Duration| format!("{} ms", time.as_millis());
    for test in compared.iter().take(SHOWN) {
        let ratio = format!("{:.2}{}", test.ratio(), if test.is_too_long() { " !" } else { "" });
        table.row([test.name.clone(), milliseconds(test.on_two), milliseconds(test.on_one), ratio]);
    }
    let sum = |time: fn(&Compared) -> Duration| compared.iter().map(time).sum::<Duration>().as_secs_f64();
    format!(
        "{}\none-core: {} tests took {:.1} s on two cores, {:.1} s on one; none may take more than {MOST} times as long\n",
        table.render(),
        compared.len(),
        sum(|test| test.on_two),
        sum(|test| test.on_one),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn times_are_read_from_what_the_tools_print() {
        let mut times = Times::new();
        let output = "     Running tests/select.rs (target/debug/deps/select-1)\n\
            test a::b ... ok <0.017s>\ntest c ... FAILED <0.1s>\ntest d ... ignored\n\
            1.50s call     tests/python/test_x.py::test_y[1]\n0.10s setup    tests/python/test_x.py::test_y[1]\n";
        read(output, &mut times);
        let expected = [("tests/python/test_x.py::test_y[1]", 1500 * MS), ("tests/select.rs a::b", 17 * MS)];
        assert_eq!(times, expected.map(|(name, time)| (name.to_string(), vec![time])).into());
    }

    #[test]
    fn a_test_is_judged_by_its_median() {
        let times = |of: [u32; 3]| Times::from([("t".to_string(), of.map(|ms| ms * MS).to_vec())]);
        let judge = |two, one| compare(&times(two), &times(one))[0].is_too_long();
        assert!(judge([10, 10, 500], [31, 31, 1]));
        assert!(!judge([10, 10, 1], [30, 900, 30]));
        assert!(!judge([1, 1, 1], [19, 19, 19]), "too short for a judgement");
        assert!(compare(&times([1, 1, 1]), &Times::new()).is_empty());
    }
}
