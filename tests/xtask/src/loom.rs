//! `cargo xtask loom`: runs every loom model and says how each one ended.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::models::{Models, Verdict, in_parallel, remark};
use crate::process::tail;
use crate::table::Table;
use crate::tally::{Tally, plain_line};

/// The backstop for one model.
const LIMIT: Duration = Duration::from_secs(300);

/// Which models to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only the models whose names hold this text
    filter: Option<String>,
}

/// Runs the models; `false` when one failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    println!("loom: compiling the models");
    let models = Models::build("loom")?;
    let mut names = models.names()?;
    if let Some(filter) = &options.filter {
        names.retain(|name| name.contains(filter.as_str()));
    }
    if names.is_empty() {
        bail!("there is no such model");
    }
    let runs = in_parallel(&names, |name| models.run(name, None, LIMIT));

    let mut table = Table::new(["model", "result", "time", "explored"], &[2]);
    let mut tally = Tally::default();
    let mut failures = String::new();
    for (name, run) in names.iter().zip(runs) {
        let run = run?;
        let result = match run.verdict {
            Verdict::Passed => "passed",
            Verdict::Failed => "FAILED",
            Verdict::Undecided => "TOO LONG",
            Verdict::Missing => "DID NOT RUN",
        };
        if run.verdict == Verdict::Passed {
            tally.passed += 1;
        } else {
            tally.failed += 1;
            let log = run.log.display();
            failures.push_str(&format!("\n{name}: the end of {log}\n{}\n", tail(&run.output, 30)));
        }
        let explored = remark(&run.output).unwrap_or("").to_string();
        table.row([name.clone(), result.into(), format!("{:.1} s", run.time.as_secs_f64()), explored]);
    }
    print!("{}{failures}", table.render());
    println!("\nloom: {} models, at most {} preemptions", names.len(), models.preemptions());
    println!("{}", plain_line(tally));
    Ok(tally.failed == 0)
}
