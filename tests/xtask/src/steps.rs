//! What the steps of `cargo xtask test` run.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::formatters::Formatters;
use crate::process::{End, run_logged};
use crate::python::Interpreter;
use crate::step::{Running, Step};
use crate::tally::Counts;
use crate::workspace::{cargo, files_below, has_extension, root, target, xtask};

/// The steps that need no Python, apart from the formatters.
pub(crate) fn of_rust() -> Vec<Step> {
    vec![
        Step::new("fmt", 5, fmt),
        Step::new("clippy", 8, clippy),
        Step::new("docs", 5, docs),
        Step::new("no-std", 3, no_std),
        Step::new("rust", 10, rust),
        Step::new("c", 8, |step| step.run(test_suite(), Counts::Libtest)),
        Step::new("stops", 5, stops),
        Step::new("loom", 10, |step| step.run(own("loom"), Counts::Xtask)),
        Step::new("weaken", 15, |step| step.run(own("weaken"), Counts::Xtask)),
    ]
}

/// The Python tests on one interpreter.
pub(crate) fn pytest(interpreter: &Interpreter, full: bool) -> Step {
    let program = interpreter.program.clone();
    Step::new(format!("python-{}", interpreter.key()), if full { 60 } else { 10 }, move |step| {
        let mut command = own("python");
        command.arg("--python").arg(&program).args(["--", "-m", "pytest", "tests/python"]);
        command.args(["-p", "no:cacheprovider", "--durations", "5"]);
        if full {
            command.args(["-m", "slow or not slow"]).env("CROSSINTERP_CYCLES", "500");
        }
        step.run(command, Counts::Pytest)
    })
}

/// The steps that only `--full` has.
pub(crate) fn long_ones(interpreter: Option<&Interpreter>) -> Vec<Step> {
    let mut steps = vec![
        Step::new("fuzz", 20, fuzz),
        Step::new("asan", 20, asan),
        Step::new("valgrind", 20, |step| {
            let mut command = test_suite();
            command.env("CROSSINTERP_C_SANITIZE", "valgrind");
            step.run(command, Counts::Libtest)
        }),
    ];
    if let Some(interpreter) = interpreter {
        let program = interpreter.program.clone();
        steps.push(Step::new("types", 5, move |step| types(step, program)));
    }
    steps
}

fn own(subcommand: &str) -> Command {
    let mut command = xtask();
    command.arg(subcommand);
    command
}

fn test_suite() -> Command {
    let mut command = cargo();
    command.args(["test", "--no-fail-fast", "-p", "crossinterp-tests"]);
    command
}

fn fmt(step: &mut Running) -> Result<()> {
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        let mut command = cargo();
        command.args(["fmt", "--all", "--check", "--manifest-path", manifest]);
        step.run(command, Counts::Nothing)?;
    }
    let formatters = Formatters::prepare()?;
    let mut sources = files_below(&root().join("ffi"), &|path| has_extension(path, &["c", "h"]))?;
    sources.extend(files_below(&root().join("tests"), &|path| has_extension(path, &["c", "h"]))?);
    let mut command = formatters.clang_format();
    command.args(["--dry-run", "-Werror"]).args(sources);
    step.run(command, Counts::Nothing)?;
    for arguments in [["format", "--check"].as_slice(), &["check"]] {
        let mut command = formatters.ruff();
        command.args(arguments).args(["--no-cache", "--exclude", "*.md", "ffi", "tests"]);
        step.run(command, Counts::Nothing)?;
    }
    Ok(())
}

fn clippy(step: &mut Running) -> Result<()> {
    for arguments in
        [["--workspace", "--all-targets"].as_slice(), &["-p", "crossinterp-core", "--no-default-features"]]
    {
        let mut command = cargo();
        command.arg("clippy").args(arguments).args(["--", "-D", "warnings"]);
        step.run(command, Counts::Nothing)?;
    }
    Ok(())
}

fn docs(step: &mut Running) -> Result<()> {
    let mut command = cargo();
    command.args(["doc", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-Dwarnings");
    step.run(command, Counts::Nothing)
}

fn no_std(step: &mut Running) -> Result<()> {
    let mut command = cargo();
    command.args(["check", "-p", "crossinterp-core", "--no-default-features", "--lib"]);
    step.run(command, Counts::Nothing)
}

fn rust(step: &mut Running) -> Result<()> {
    let mut command = cargo();
    command.args(["test", "--no-fail-fast", "--workspace", "--exclude", "crossinterp-tests"]);
    step.run(command, Counts::Libtest)
}

/// Threads that are stopped in the middle of an operation: core's tests of that, with its stop points compiled in.
fn stops(step: &mut Running) -> Result<()> {
    let mut command = cargo();
    command.args(["test", "-p", "crossinterp-core", "--test", "stops"]);
    // A folder of its own: other flags would throw the normal build's cache away.
    command.env("CARGO_TARGET_DIR", target().join("stops")).env("RUSTFLAGS", "--cfg xi_stop");
    step.run(command, Counts::Libtest)
}

fn fuzz(step: &mut Running) -> Result<()> {
    for target in files_below(&root().join("fuzz/fuzz_targets"), &|path| has_extension(path, &["rs"]))? {
        let mut command = own("fuzz");
        command.arg(target.file_stem().unwrap_or_default()).args(["--seconds", "300"]);
        step.run(command, Counts::Nothing)?;
    }
    Ok(())
}

/// Core's tests and the C suite with AddressSanitizer, and a look whether it is really on.
fn asan(step: &mut Running) -> Result<()> {
    let folder = target().join("asan");
    let with_sanitizer = |arguments: &[&str]| -> Result<Command> {
        let mut command = cargo();
        command.arg("test").args(arguments).args(["--target", &host()?]);
        command.env("CARGO_TARGET_DIR", &folder).env("RUSTC_BOOTSTRAP", "1");
        // Tests ask for more memory than there is, and expect to be told so.
        command.env("ASAN_OPTIONS", "allocator_may_return_null=1");
        command.env("RUSTFLAGS", "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer");
        Ok(command)
    };
    let core = ["-p", "crossinterp-core", "--lib", "--tests"];
    step.run(with_sanitizer(&[&core[..], &["--no-fail-fast"]].concat())?, Counts::Libtest)?;
    let listing = target().join("xtask/logs/asan-programs.json");
    let _ = fs::remove_file(&listing);
    let build = with_sanitizer(&[&core[..], &["--no-run", "--message-format", "json"]].concat())?;
    let built = run_logged(build, &listing, std::time::Duration::from_secs(300))?;
    let programs = programs(&fs::read_to_string(&listing)?);
    if !matches!(built, End::Exited(_)) || programs.is_empty() {
        step.complain("cargo named no test program of core");
    }
    for program in programs {
        if !holds(&fs::read(&program)?, b"__asan_init") {
            step.complain(format!("{} was built without AddressSanitizer", program.display()));
        }
    }
    let mut command = test_suite();
    command.env("CROSSINTERP_C_SANITIZE", "address");
    step.run(command, Counts::Libtest)
}

/// The test programs in what `cargo --message-format json` prints.
fn programs(messages: &str) -> Vec<PathBuf> {
    let program = |line: &str| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    };
    messages.lines().filter_map(program).collect()
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// The name of the platform that is compiled for by default.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.lines().find_map(|line| line.strip_prefix("host: ")) {
        Some(host) => Ok(host.to_string()),
        None => bail!("rustc -vV names no host"),
    }
}

/// The stub file against what the extension really has, and the package's own types.
fn types(step: &mut Running, program: PathBuf) -> Result<()> {
    let python = || {
        let mut command = own("python");
        command.arg("--python").arg(&program).arg("--");
        command
    };
    let mut command = python();
    command.args(["-m", "pip", "--disable-pip-version-check", "install", "--quiet"]);
    command.args(["--requirement", "tests/xtask/requirements-types.txt"]);
    step.run(command, Counts::Nothing)?;
    let mut command = python();
    command.args(["-m", "mypy.stubtest", "crossinterp._core"]);
    step.run(command, Counts::Nothing)?;
    let mut command = python();
    command.args(["-m", "mypy", "--config-file", "ffi/python/pyproject.toml", "--cache-dir"]);
    command.arg(target().join("mypy")).arg("ffi/python/src");
    step.run(command, Counts::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_programs_are_read_from_cargos_messages() {
        let messages = "$ cargo test\n{\"executable\":null}\n{\"executable\":\"/t/core-1\"}\nFinished";
        assert_eq!(programs(messages), [PathBuf::from("/t/core-1")]);
    }

    #[test]
    fn a_symbol_is_found_in_bytes() {
        assert!(holds(b"..__asan_init..", b"__asan_init"));
        assert!(!holds(b"..", b"__asan_init"));
    }

    #[test]
    fn the_host_is_known() {
        assert!(host().unwrap().contains('-'));
    }
}
