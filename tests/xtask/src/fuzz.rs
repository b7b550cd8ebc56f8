//! `cargo xtask fuzz`: runs one fuzz target, with what it needs installed first.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::process::run_in_foreground;
use crate::workspace::{self, cache_subfolder, files_below, has_extension};

/// What to fuzz, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The target, a file of fuzz/fuzz_targets without its ending
    #[arg(default_value = "channel")]
    target: String,
    /// How long to look for failures
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u32,
    /// Only run this input, which failed before
    #[arg(long, value_name = "FILE")]
    again: Option<PathBuf>,
    /// More arguments for libFuzzer
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

/// Fuzzes; `false` when a failure was found.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let folder = workspace::root().join("fuzz/fuzz_targets");
    let targets = files_below(&folder, &|path| has_extension(path, &["rs"]))?;
    let names: Vec<String> =
        targets.iter().filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).collect();
    if !names.contains(&options.target) {
        bail!("there is no such target; there are: {}", names.join(", "));
    }
    install_cargo_fuzz()?;

    let mut fuzz = nightly_cargo();
    fuzz.args(["fuzz", "run", "--target-dir"]).arg(workspace::target().join("fuzz")).arg(&options.target);
    if let Some(input) = &options.again {
        fuzz.arg(std::path::absolute(input)?).arg("--").args(&options.arguments);
        return Ok(run_in_foreground(fuzz)? == 0);
    }
    let corpus = cache_subfolder(&format!("fuzz/{}", options.target))?;
    let artifacts = workspace::target_subfolder(&format!("fuzz/artifacts/{}", options.target))?;
    println!("fuzz: {} for {} s", options.target, options.seconds);
    println!("fuzz: corpus of {} inputs in {}", inputs(&corpus), corpus.display());
    fuzz.arg(&corpus).arg("--").arg(format!("-artifact_prefix={}/", artifacts.display()));
    fuzz.arg(format!("-max_total_time={}", options.seconds)).args(["-timeout=10", "-print_final_stats=1"]);
    fuzz.args(&options.arguments);
    let good = run_in_foreground(fuzz)? == 0;
    println!("fuzz: the corpus has {} inputs now", inputs(&corpus));
    if good {
        println!("fuzz: no failure found");
    } else {
        println!("fuzz: FAILED; the input is in {}", artifacts.display());
        println!("fuzz: run it again with: cargo xtask fuzz {} --again FILE", options.target);
    }
    Ok(good)
}

fn inputs(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

fn install_cargo_fuzz() -> Result<()> {
    if which::which("cargo-fuzz").is_ok() {
        return Ok(());
    }
    println!(
        "fuzz: cargo-fuzz is missing: installing it with `cargo install --locked cargo-fuzz` (about a minute)"
    );
    let mut cargo = workspace::cargo();
    cargo.args(["install", "--locked", "--quiet", "cargo-fuzz"]);
    if run_in_foreground(cargo)? != 0 {
        bail!("cargo-fuzz could not be installed");
    }
    which::which("cargo-fuzz").context("cargo-fuzz was installed, but into a folder that is not in PATH")?;
    Ok(())
}

/// The sanitizers are unstable: cargo of the nightly toolchain, or the usual one with unstable options let in.
fn nightly_cargo() -> Command {
    let mut probe = Command::new("rustup");
    probe.args(["run", "nightly", "rustc", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    if probe.status().is_ok_and(|status| status.success()) {
        let mut command = Command::new("rustup");
        workspace::clean(&mut command);
        command.args(["run", "nightly", "cargo"]);
        // Set by the toolchain that runs xtask.
        for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
            command.env_remove(name);
        }
        return command;
    }
    let mut command = workspace::cargo();
    command.env("RUSTC_BOOTSTRAP", "1");
    command
}
