//! The commands a person runs in this repository; `cargo xtask --help` lists them.

mod bench;
mod demo;
mod edges;
mod formatters;
mod fuzz;
mod loom;
mod models;
mod one_core;
mod process;
mod python;
mod sanitizers;
mod step;
mod steps;
mod table;
mod tally;
mod test;
mod toolchain;
mod weaken;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

/// The commands of the crossinterp repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
enum Command {
    /// Run the demo: count the names in the standard library with several interpreters
    Demo(demo::Options),
    /// Run every check and test
    Test(test::Options),
    /// Run the benchmarks in Python
    Bench(bench::Options),
    /// Run the loom models
    Loom(loom::Options),
    /// Weaken each memory ordering in turn and require its model to fail
    Weaken(weaken::Options),
    /// Fuzz one target
    Fuzz(fuzz::Options),
    /// Run the tests on two cores and on one, and compare how long each takes
    OneCore(one_core::Options),
    /// Make virtual environments with the package, or run something in one
    Python(python::Options),
}

fn main() -> ExitCode {
    let command = Command::parse();
    match run(&command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<python::NotFound>() { 2 } else { 1 })
        }
    }
}

/// Runs a command; `false` when it ran, and what it checks is not in order.
fn run(command: &Command) -> Result<bool> {
    process::end_children_on_interrupt()?;
    match command {
        Command::Demo(options) => demo::run(options),
        Command::Test(options) => test::run(options),
        Command::Bench(options) => bench::run(options),
        Command::Loom(options) => loom::run(options),
        Command::Weaken(options) => weaken::run(options),
        Command::Fuzz(options) => fuzz::run(options),
        Command::OneCore(options) => one_core::run(options),
        Command::Python(options) => python::run(options),
    }
}
