//! `cargo xtask test`: every check and test, one step after another, and a table of how they went.

use std::io::{Write as _, stdout};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::python::{Interpreter, all, chosen};
use crate::step::{Outcome, Step};
use crate::steps;
use crate::table::Table;
use crate::tally::{Tally, plain_line};
use crate::workspace;

/// Which steps to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Also what takes long: fuzzing, valgrind, longer runs of the sanitizers, slow Python tests, builds in CROSSINTERP_PYTHON_EXTRA
    #[arg(long)]
    full: bool,
    /// Only these steps, separated by commas; `python` means those of every version
    #[arg(long, value_name = "STEP,...", value_delimiter = ',')]
    only: Vec<String>,
    /// The interpreter to test, instead of every one that is found
    #[arg(long, value_name = "PATH")]
    python: Vec<PathBuf>,
}

/// Runs the steps; `false` when one of them failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let start = Instant::now();
    let steps = selected(options)?;
    let width = steps.iter().map(|step| step.name.len()).max().unwrap_or(0);
    let mut outcomes = Vec::new();
    for step in steps {
        let name = step.name.clone();
        print!("{name:width$}  ");
        stdout().flush()?;
        let outcome = step.run()?;
        let word = if outcome.good() { "ok" } else { "FAILED" };
        println!("{word:6}  {:>7}  {}", seconds(outcome.time), tests_of(&outcome));
        for problem in &outcome.problems {
            println!("    {problem}");
        }
        if !outcome.good() {
            println!("    all of it: {}", outcome.log.display());
        }
        outcomes.push((name, outcome));
    }
    println!("\n{}", summary(&outcomes, start.elapsed()));
    Ok(outcomes.iter().all(|(_, outcome)| outcome.good()))
}

fn selected(options: &Options) -> Result<Vec<Step>> {
    let wants = |name: &str| options.only.is_empty() || options.only.iter().any(|only| is_named(name, only));
    // A person who asked for formatting only needs no Python that can build the package.
    let python = options.only.is_empty()
        || options.only.iter().any(|only| only.starts_with("python") || only == "types");
    let interpreters = if python { interpreters(options)? } else { Vec::new() };
    let mut steps = steps::of_rust(options.full);
    steps.extend(interpreters.iter().map(|interpreter| steps::pytest(interpreter, options.full)));
    if options.full {
        steps.extend(steps::long_ones(interpreters.first()));
    }
    for only in &options.only {
        if !steps.iter().any(|step| is_named(&step.name, only)) {
            let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
            bail!("there is no step {only}; there are: {}, python (--full has more)", names.join(", "));
        }
    }
    steps.retain(|step| wants(&step.name));
    Ok(steps)
}

/// Whether a step is meant by `only`: by its name, or by the part of it before a dash.
fn is_named(name: &str, only: &str) -> bool {
    name == only || name.split_once('-').is_some_and(|(family, _)| family == only && only == "python")
}

fn interpreters(options: &Options) -> Result<Vec<Interpreter>> {
    if !options.python.is_empty() {
        return chosen(&options.python);
    }
    let mut interpreters = all()?;
    if options.full
        && let Some(extra) = std::env::var_os("CROSSINTERP_PYTHON_EXTRA")
    {
        interpreters.extend(chosen(&std::env::split_paths(&extra).collect::<Vec<_>>())?);
    }
    Ok(interpreters)
}

fn summary(outcomes: &[(String, Outcome)], time: Duration) -> String {
    let mut table = Table::new(["step", "result", "time", "tests"], &[2]);
    let mut tally = Tally::default();
    for (name, outcome) in outcomes {
        let word = if outcome.good() { "ok" } else { "FAILED" };
        table.row([name.clone(), word.into(), seconds(outcome.time), tests_of(outcome)]);
        tally += outcome.tally();
    }
    let failed: Vec<&str> =
        outcomes.iter().filter(|(_, outcome)| !outcome.good()).map(|(name, _)| name.as_str()).collect();
    let minutes = format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60);
    let verdict = if failed.is_empty() {
        "all good".to_string()
    } else {
        let logs = workspace::target().join("xtask/logs");
        format!("FAILED: {} (logs in {})", failed.join(", "), logs.display())
    };
    let steps = if outcomes.len() == 1 { "1 step".to_string() } else { format!("{} steps", outcomes.len()) };
    format!("{}\n{steps} in {minutes}: {verdict}\n{}", table.render(), plain_line(tally))
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn tests_of(outcome: &Outcome) -> String {
    match outcome.tests {
        Tally { passed: 0, failed: 0 } => String::new(),
        tally => plain_line(tally),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(passed: u64, failed: u64, problems: &[&str]) -> Outcome {
        Outcome {
            tests: Tally { passed, failed },
            problems: problems.iter().map(|problem| (*problem).to_string()).collect(),
            time: Duration::from_millis(1234),
            log: PathBuf::from("log"),
        }
    }

    #[test]
    fn steps_are_chosen_by_name_or_family() {
        assert!(is_named("fmt", "fmt"));
        assert!(is_named("python-3.14", "python"));
        assert!(is_named("python-3.14", "python-3.14"));
        assert!(!is_named("python-3.14", "python-3.1"));
        assert!(!is_named("no-std", "no"));
    }

    #[test]
    fn the_summary_ends_with_the_sum() {
        let outcomes =
            [("rust".to_string(), outcome(30, 0, &[])), ("python-3.14".to_string(), outcome(12, 0, &[]))];
        let text = summary(&outcomes, Duration::from_secs(75));
        assert!(text.contains("rust         ok      1.2 s  30 passed, 0 failed\n"), "{text}");
        assert!(text.ends_with("\n2 steps in 1 min 15 s: all good\n42 passed, 0 failed"), "{text}");
    }

    #[test]
    fn a_step_that_fails_outright_counts_as_a_failure() {
        let outcomes =
            [("fmt".to_string(), outcome(0, 0, &["fails"])), ("rust".to_string(), outcome(5, 2, &["fails"]))];
        let text = summary(&outcomes, Duration::from_secs(1));
        assert!(text.contains("FAILED: fmt, rust"), "{text}");
        assert!(text.ends_with("\n5 passed, 3 failed"), "{text}");
    }
}
