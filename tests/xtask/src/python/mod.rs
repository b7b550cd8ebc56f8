//! CPython: finding one, and giving it an environment with the package in it.

mod environment;
mod find;

pub(crate) use environment::{Environment, install_requirements};
pub(crate) use find::{Interpreter, NotFound, all, chosen, first};

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process::become_program;
use crate::workspace;

/// Which Python, and what to run in it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The interpreter to use, instead of every one that is found
    #[arg(long, value_name = "PATH")]
    python: Vec<PathBuf>,
    /// Arguments for the environment's python, run with the first interpreter
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

/// Sets up the environments and says how to use them, or runs something in the first one.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if !options.arguments.is_empty() {
        let interpreter = match chosen(&options.python)?.into_iter().next() {
            Some(interpreter) => interpreter,
            None => first()?,
        };
        let environment = Environment::prepare(&interpreter)?;
        let mut command = environment.python();
        command.args(&options.arguments);
        return Err(become_program(command));
    }
    let interpreters = if options.python.is_empty() { all()? } else { chosen(&options.python)? };
    for interpreter in &interpreters {
        let environment = Environment::prepare(interpreter)?;
        let python = environment.python_path().display().to_string();
        println!("CPython {} has crossinterp: {python} -c 'import crossinterp'", interpreter.full_version());
    }
    Ok(true)
}

/// A command that runs Python on itself: no user site, no variables that change what it imports.
fn isolated(program: &std::path::Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    for name in ["PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"] {
        command.env_remove(name);
    }
    command.env("PYTHONNOUSERSITE", "1");
    command
}
