//! What the steps of `cargo xtask test` run.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::formatters::Formatters;
use crate::python::Interpreter;
use crate::sanitizers;
use crate::step::{Running, Step};
use crate::tally::Counts;
use crate::toolchain::Toolchain;
use crate::workspace::{cargo, files_below, has_extension, root, target, xtask};

/// The steps that need no Python, apart from the formatters.
pub(crate) fn of_rust(full: bool) -> Vec<Step> {
    vec![
        Step::new("fmt", 5, fmt),
        Step::new("clippy", 8, clippy),
        Step::new("docs", 5, docs),
        Step::new("no-std", 3, no_std),
        Step::new("rust", 10, rust),
        Step::new("c", 8, |step| step.run(test_suite(), Counts::Libtest)),
        Step::new("stops", 10, stops),
        Step::new("fuzz", 15, |step| fuzz(step, &["--sanitizer", "none", "--seconds", "30"])),
        Step::new("loom", 10, |step| step.run(own("loom"), Counts::Xtask)),
        Step::new("weaken", 15, |step| step.run(own("weaken"), Counts::Xtask)),
        Step::new("asan", if full { 30 } else { 10 }, move |step| asan(step, full)),
        Step::new("tsan", if full { 50 } else { 10 }, move |step| tsan(step, full)),
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
        Step::new("fuzz-long", 45, |step| {
            fuzz(step, &["--seconds", "300"])?;
            let mut many = own("fuzz");
            many.args(["channel", "--sanitizer", "none", "--jobs", "2", "--runs", "10000000"]);
            step.run(many, Counts::Nothing)
        }),
        Step::new("valgrind", 20, |step| {
            let mut command = test_suite();
            command.env("CROSSINTERP_C_SANITIZE", "valgrind");
            step.run(command, Counts::Libtest)
        }),
    ];
    let mut one_core = own("one-core");
    if let Some(interpreter) = interpreter {
        let program = interpreter.program.clone();
        one_core.arg("--python").arg(&program);
        steps.push(Step::new("types", 5, move |step| types(step, program)));
    }
    steps.push(Step::new("one-core", 45, |step| step.run(one_core, Counts::Xtask)));
    steps
}

/// Core with streams and sinks, which no other build of the workspace has; the tests and examples that use only what
/// core has without `std`.
const ALL_OF_CORE: &[&str] = &["-p", "crossinterp-core", "--features", "futures"];
const CORE_WITHOUT_STD: &[&str] =
    &["-p", "crossinterp-core", "--no-default-features", "--features", "futures"];
const WITHOUT_STD: &str = "without_std";

/// The benchmarks in Rust are a workspace of their own.
const BENCHES: &str = "tests/benches/Cargo.toml";

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
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml", BENCHES] {
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
    let parts: [&[&[&str]]; 5] = [
        &[&["--workspace", "--all-targets"]],
        &[&["-p", "crossinterp-core", "--no-default-features"]],
        &[ALL_OF_CORE, &["--all-targets"]],
        &[CORE_WITHOUT_STD, &["--lib", "--test", "futures", "--example", WITHOUT_STD]],
        &[&["--manifest-path", BENCHES, "--all-targets"]],
    ];
    for arguments in parts {
        let mut command = cargo();
        command.arg("clippy").args(arguments.concat()).args(["--", "-D", "warnings"]);
        command.env("CARGO_TARGET_DIR", target());
        step.run(command, Counts::Nothing)?;
    }
    Ok(())
}

fn docs(step: &mut Running) -> Result<()> {
    for what in [ALL_OF_CORE, &["--workspace"]] {
        let mut command = cargo();
        command.args(["doc", "--no-deps"]).args(what).env("RUSTDOCFLAGS", "-Dwarnings");
        step.run(command, Counts::Nothing)?;
    }
    Ok(())
}

/// Core without the standard library: also on platforms that have none, and in a program whose threads sleep by its own
/// means.
fn no_std(step: &mut Running) -> Result<()> {
    let core = ["-p", "crossinterp-core", "--no-default-features", "--lib"];
    for features in [&["--features", "futures"], [].as_slice()] {
        let mut command = cargo();
        command.arg("check").args(core).args(features);
        step.run(command, Counts::Nothing)?;
    }
    let mut command = cargo();
    command.args(["run", "-p", "crossinterp-core", "--no-default-features", "--example", WITHOUT_STD]);
    step.run_printing(
        command,
        &[
            "feature std: off",
            "a receive slept until there was a message",
            "a send slept until there was room",
            "a select slept until somebody met it",
            "a receive slept until the last sender went",
            "10000 messages went from one thread to another",
        ],
    )?;
    let toolchain = Toolchain::with_source()?;
    for platform in ["thumbv7em-none-eabi", "x86_64-unknown-none"] {
        let mut command = toolchain.cargo();
        command.arg("build").args(core).args(["--features", "futures"]);
        command.args(["--target", platform, "-Zbuild-std=core,alloc"]);
        // A folder of its own: what is built with other options is kept apart.
        command.env("CARGO_TARGET_DIR", target().join("no-std")).env("RUSTC_BOOTSTRAP", "1");
        step.run(command, Counts::Nothing)?;
    }
    Ok(())
}

fn rust(step: &mut Running) -> Result<()> {
    let mut command = cargo();
    command.args(["test", "--no-fail-fast", "--workspace", "--exclude", "crossinterp-tests"]);
    step.run(command, Counts::Libtest)?;
    for (core, what) in [
        (ALL_OF_CORE, ["--test", "futures"].as_slice()),
        (ALL_OF_CORE, &["--doc"]),
        (CORE_WITHOUT_STD, &["--test", "futures"]),
    ] {
        let mut command = cargo();
        command.args(["test", "--no-fail-fast"]).args(core).args(what);
        step.run(command, Counts::Libtest)?;
    }
    let mut command = cargo();
    command.args(["test", "--manifest-path", BENCHES]).env("CARGO_TARGET_DIR", target());
    step.run(command, Counts::Libtest)
}

/// Threads that are stopped, or stepped, in the middle of an operation: the tests that need core's stop points.
fn stops(step: &mut Running) -> Result<()> {
    for (package, test) in [("crossinterp-core", "stops"), ("crossinterp-tests", "stepped")] {
        let mut command = cargo();
        command.args(["test", "-p", package, "--test", test]);
        // A folder of its own: other flags would throw the normal build's cache away.
        command.env("CARGO_TARGET_DIR", target().join("stops")).env("RUSTFLAGS", "--cfg xi_stop");
        step.run(command, Counts::Libtest)?;
    }
    Ok(())
}

/// Every target.
fn fuzz(step: &mut Running, arguments: &[&str]) -> Result<()> {
    for target in files_below(&root().join("fuzz/fuzz_targets"), &|path| has_extension(path, &["rs"]))? {
        let mut command = own("fuzz");
        command.arg(target.file_stem().unwrap_or_default()).args(arguments);
        step.run(command, Counts::Nothing)?;
    }
    Ok(())
}

/// The tests in Rust and the C suite with AddressSanitizer.
fn asan(step: &mut Running, full: bool) -> Result<()> {
    sanitizers::asan(step, Duration::from_secs(if full { 300 } else { 10 }))?;
    let mut command = test_suite();
    if !full {
        command.args(["--test", "c_suite"]);
    }
    command.env("CROSSINTERP_C_SANITIZE", "address");
    step.run(command, Counts::Libtest)
}

/// Core's tests with ThreadSanitizer, most of the time those that stress it.
fn tsan(step: &mut Running, full: bool) -> Result<()> {
    sanitizers::tsan(step, Duration::from_secs(if full { 1800 } else { 45 }))
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
