//! `cargo xtask fuzz`: runs one fuzz target, with what it needs installed first.

use std::fs;
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

    let corpus = cache_subfolder(&format!("fuzz/{}", options.target))?;
    let before = inputs(&corpus);
    let artifacts = workspace::target_subfolder(&format!("fuzz/artifacts/{}", options.target))?;
    println!(
        "fuzz: {} for {} s; corpus of {before} inputs in {}",
        options.target,
        options.seconds,
        corpus.display()
    );
    let mut fuzz = nightly_cargo();
    fuzz.args(["fuzz", "run", "--target-dir"]).arg(workspace::target().join("fuzz"));
    fuzz.arg(&options.target).arg(&corpus).arg("--");
    fuzz.arg(format!("-artifact_prefix={}/", artifacts.display()));
    fuzz.arg(format!("-max_total_time={}", options.seconds)).args(["-timeout=10", "-print_final_stats=1"]);
    fuzz.args(&options.arguments);
    let code = run_in_foreground(fuzz)?;
    println!("fuzz: the corpus has {} inputs now", inputs(&corpus));
    if code != 0 {
        println!("fuzz: FAILED; the input is in {}", artifacts.display());
        println!("fuzz: again with: cargo xtask fuzz {} -- {}/crash-…", options.target, artifacts.display());
    }
    Ok(code == 0)
}

fn inputs(folder: &std::path::Path) -> usize {
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
