//! `cargo xtask bench`: runs the Python benchmarks, `tests/python/bench_*.py`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::process::run_in_foreground;
use crate::python::{Environment, all, chosen};
use crate::workspace::{self, files_below};

/// Which benchmarks to run, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only this one: `wake` runs tests/python/bench_wake.py
    name: Option<String>,
    /// The interpreter to use, instead of every one that is found
    #[arg(long, value_name = "PATH")]
    python: Vec<PathBuf>,
    /// Arguments for the benchmark
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

/// Runs the benchmarks one after another; `false` when one failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let scripts = files_below(&workspace::root().join("tests/python"), &|path| name_of(path).is_some())?;
    let names: Vec<&str> = scripts.iter().filter_map(|path| name_of(path)).collect();
    let wanted = |path: &&PathBuf| options.name.as_deref().is_none_or(|name| name_of(path) == Some(name));
    let chosen_scripts: Vec<&PathBuf> = scripts.iter().filter(wanted).collect();
    if chosen_scripts.is_empty() {
        bail!("there is no such benchmark; there are: {}", names.join(", "));
    }
    let interpreters = if options.python.is_empty() { all()? } else { chosen(&options.python)? };
    let mut good = true;
    for interpreter in &interpreters {
        let environment = Environment::prepare(interpreter)?;
        for script in &chosen_scripts {
            println!("bench: {} on CPython {}", name_of(script).unwrap_or(""), interpreter.full_version());
            let mut command = environment.python();
            command.arg(script).args(&options.arguments);
            good &= run_in_foreground(command)? == 0;
        }
    }
    Ok(good)
}

fn name_of(path: &std::path::Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_prefix("bench_")?.strip_suffix(".py")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn benchmarks_are_known_by_their_names() {
        assert_eq!(name_of(Path::new("tests/python/bench_wake.py")), Some("wake"));
        assert_eq!(name_of(Path::new("tests/python/test_wake.py")), None);
        assert_eq!(name_of(Path::new("tests/python/bench_wake.txt")), None);
    }
}
