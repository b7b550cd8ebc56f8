//! `cargo xtask demo`: sets up the first CPython that is found and runs the demo in it.

use std::path::PathBuf;

use anyhow::Result;

use crate::process::become_program;
use crate::python::{Environment, chosen, first};
use crate::workspace;

/// How the demo is to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many interpreters work at once [default: one for each processor]
    #[arg(long, value_name = "N")]
    workers: Option<u32>,
    /// The folder whose Python files are read [default: the standard library]
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// The CPython to use, instead of the first one that is found
    #[arg(long, value_name = "PATH")]
    python: Option<PathBuf>,
    /// More arguments for the demo itself
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

/// Runs the demo in the place of this program.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let interpreter = match chosen(options.python.as_slice())?.into_iter().next() {
        Some(interpreter) => interpreter,
        None => first()?,
    };
    let environment = Environment::prepare(&interpreter)?;
    let mut demo = environment.python();
    demo.arg(workspace::root().join("tests/python/demo"));
    if let Some(workers) = options.workers {
        demo.args(["--workers", &workers.to_string()]);
    }
    if let Some(input) = &options.input {
        // Seen from where the person is, not from where the demo runs.
        demo.arg("--input").arg(std::path::absolute(input)?);
    }
    demo.args(&options.arguments);
    Err(become_program(demo))
}
