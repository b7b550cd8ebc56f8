//! `cargo xtask fuzz`: runs one fuzz target, with what it needs installed first.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::process::{run_in_foreground, show};
use crate::toolchain::host;
use crate::workspace::{self, cache_subfolder, files_below, has_extension};

/// The targets that need core's stop points compiled in.
const STEPPED: [&str; 1] = ["stepped"];

/// What is right for our targets. No schedule becomes more interesting by being longer; libFuzzer's entropic choice of
/// inputs costs more than a schedule.
const FUZZER_ARGUMENTS: [&str; 4] = ["-max_len=400", "-entropic=0", "-timeout=10", "-print_final_stats=1"];

/// What libFuzzer prints before the number of inputs it ran.
const EXECUTED: &str = "stat::number_of_executed_units:";

/// What to fuzz, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The target, a file of fuzz/fuzz_targets without its ending
    #[arg(default_value = "channel")]
    target: String,
    /// How long to look for failures; 60 if there is no number of runs
    #[arg(long, value_name = "N")]
    seconds: Option<u32>,
    /// How many schedules to run, all jobs together
    #[arg(long, value_name = "N")]
    runs: Option<u64>,
    /// How many processes share the work and the corpus
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    jobs: u64,
    /// What else is looked for: errors in the use of memory, or nothing, which is faster
    #[arg(long, default_value = "address")]
    sanitizer: Sanitizer,
    /// Only run this input, which failed before
    #[arg(long, value_name = "FILE")]
    again: Option<PathBuf>,
    /// More arguments for libFuzzer
    #[arg(last = true, value_name = "ARGUMENTS")]
    arguments: Vec<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Sanitizer {
    Address,
    None,
}

impl Sanitizer {
    fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::None => "none",
        }
    }
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
    let program = build(options)?;
    if let Some(input) = &options.again {
        let mut again = Command::new(program);
        again.arg(std::path::absolute(input)?).args(&options.arguments);
        return Ok(run_in_foreground(again)? == 0);
    }

    let corpus = cache_subfolder(&format!("fuzz/{}", options.target))?;
    let artifacts = workspace::target_subfolder(&format!("fuzz/artifacts/{}", options.target))?;
    let seconds = options.seconds.or(if options.runs.is_none() { Some(60) } else { None });
    println!("fuzz: corpus of {} inputs in {}", inputs(&corpus), corpus.display());
    let job = || {
        let mut job = Command::new(&program);
        job.current_dir(workspace::root()).arg(&corpus);
        job.arg(format!("-artifact_prefix={}/", artifacts.display())).args(FUZZER_ARGUMENTS);
        job.args(seconds.map(|seconds| format!("-max_total_time={seconds}")));
        job.args(options.runs.map(|runs| format!("-runs={}", runs.div_ceil(options.jobs))));
        job.args(&options.arguments);
        job
    };
    let start = Instant::now();
    let (good, schedules) = run_jobs((0..options.jobs).map(|_| job()).collect())?;
    let time = start.elapsed().as_secs_f64();
    println!("fuzz: {:.0} schedules/s for {time:.0} s", schedules as f64 / time);
    println!("fuzz: the corpus has {} inputs now", inputs(&corpus));
    if good {
        println!("fuzz: {schedules} schedules, no failure found");
    } else {
        println!("fuzz: FAILED after {schedules} schedules; the input is in {}", artifacts.display());
        println!("fuzz: run it again with: cargo xtask fuzz {} --again FILE", options.target);
    }
    Ok(good)
}

/// Builds the target, optimised and with debug assertions, and says where the program is.
fn build(options: &Options) -> Result<PathBuf> {
    let stepped = STEPPED.contains(&options.target.as_str());
    // Folders of their own: other flags would throw the other builds' caches away.
    let folder = workspace::target().join(format!(
        "fuzz/{}{}",
        options.sanitizer.name(),
        if stepped { "-stepped" } else { "" }
    ));
    let mut build = nightly_cargo();
    // (Our inputs are not compared with constants, and to trace comparisons takes half of the time.)
    build.args(["fuzz", "build", "--no-trace-compares", "--sanitizer", options.sanitizer.name()]);
    build.arg("--target-dir").arg(&folder).arg(&options.target);
    if stepped {
        build.env("RUSTFLAGS", "--cfg xi_stop");
    }
    let shown = show(&build);
    if run_in_foreground(build)? != 0 {
        bail!("{shown} failed");
    }
    let program = folder.join(host()?).join("release").join(&options.target);
    if !program.exists() {
        bail!("{shown} made no {}", program.display());
    }
    Ok(program)
}

/// What a job says: a line, or that there are no more.
type Said = (usize, Option<String>);

/// Runs the jobs at once, shows what they print, and ends all when one fails: whether none did, and how many inputs
/// they ran.
fn run_jobs(commands: Vec<Command>) -> Result<(bool, u64)> {
    let several = commands.len() > 1;
    let (say, said) = mpsc::channel();
    let mut jobs = Vec::new();
    for (number, command) in commands.into_iter().enumerate() {
        jobs.push(start(number, command, say.clone())?);
    }
    drop(say);
    let (mut good, mut executed) = (true, 0);
    for (number, line) in said {
        let Some(line) = line else {
            if !jobs[number].wait().context("cannot wait for the fuzzer")?.success() && good {
                good = false;
                jobs.iter_mut().for_each(|job| drop(job.kill()));
            }
            continue;
        };
        if several {
            eprintln!("job {number}: {line}");
        } else {
            eprintln!("{line}");
        }
        executed += count(&line).unwrap_or(0);
    }
    Ok((good, executed))
}

fn start(number: usize, mut command: Command, say: mpsc::Sender<Said>) -> Result<Child> {
    let mut job =
        command.stderr(Stdio::piped()).spawn().with_context(|| format!("cannot run {}", show(&command)))?;
    let output = job.stderr.take().expect("it is piped");
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let _ = say.send((number, Some(String::from_utf8_lossy(&line).into_owned())));
        }
        let _ = say.send((number, None));
    });
    Ok(job)
}

/// The number of inputs that a job ran, if this line says it.
fn count(line: &str) -> Option<u64> {
    line.strip_prefix(EXECUTED)?.trim().parse().ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_runs_of_all_jobs_are_counted() {
        let job = || shell("echo 'stat::number_of_executed_units: 40' >&2");
        assert_eq!(run_jobs(vec![job(), job()]).unwrap(), (true, 80));
    }

    #[test]
    fn one_failure_ends_all_jobs() {
        let start = Instant::now();
        assert_eq!(run_jobs(vec![shell("exec sleep 60"), shell("exit 77")]).unwrap(), (false, 0));
        assert!(start.elapsed().as_secs() < 30);
    }
}
