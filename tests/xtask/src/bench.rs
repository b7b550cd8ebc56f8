//! `cargo xtask bench`: runs the benchmarks, those in Rust (tests/benches) and those in Python (`tests/python/bench_*.py`).

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::process::run_in_foreground;
use crate::python::{Environment, all, chosen};
use crate::workspace::{self, cargo, files_below, target, target_subfolder};

/// The benchmarks in Rust.
const IN_RUST: [&str; 2] = ["channels", "limits"];

/// Which benchmarks to run, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// `channels`: ours beside those of other crates; `limits`: what the machine can do at this moment; `wake` runs
    /// tests/python/bench_wake.py; without a name all those in Python run
    name: Option<String>,
    /// Within a minute (`channels`)
    #[arg(long)]
    quick: bool,
    /// The interpreter to use, instead of every one that is found
    #[arg(long, value_name = "PATH")]
    python: Vec<PathBuf>,
    /// Arguments for the benchmark
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

/// Runs the benchmarks one after another; `false` when one failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if let Some(name) = options.name.as_deref().filter(|name| IN_RUST.contains(name)) {
        return run_rust(name, options);
    }
    if options.quick {
        bail!("only `channels` can be quick");
    }
    let scripts = files_below(&workspace::root().join("tests/python"), &|path| name_of(path).is_some())?;
    let names: Vec<&str> = scripts.iter().filter_map(|path| name_of(path)).collect();
    let wanted = |path: &&PathBuf| options.name.as_deref().is_none_or(|name| name_of(path) == Some(name));
    let chosen_scripts: Vec<&PathBuf> = scripts.iter().filter(wanted).collect();
    if chosen_scripts.is_empty() {
        bail!("there is no such benchmark; there are: {}, {}", IN_RUST.join(", "), names.join(", "));
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

/// Builds tests/benches with optimisation and runs it.
fn run_rust(name: &str, options: &Options) -> Result<bool> {
    let mut command = cargo();
    command.args(["run", "--release", "--quiet", "--manifest-path", "tests/benches/Cargo.toml", "--", name]);
    command.env("CARGO_TARGET_DIR", target().join("benches"));
    if name == "channels" {
        let folder = target_subfolder("bench")?;
        for kind in ["json", "svg"] {
            command.arg(format!("--{kind}")).arg(folder.join(format!("channels.{kind}")));
        }
    }
    if options.quick {
        command.arg("--quick");
    }
    command.args(&options.arguments);
    Ok(run_in_foreground(command)? == 0)
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
