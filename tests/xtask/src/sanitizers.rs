//! The steps of `cargo xtask test` in which a sanitizer looks on: AddressSanitizer and ThreadSanitizer.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use crate::process::{End, run_logged};
use crate::step::Running;
use crate::tally::Counts;
use crate::toolchain::{Toolchain, host};
use crate::workspace::{target, target_subfolder};

struct Sanitizer {
    name: &'static str,
    rustflags: &'static str,
    /// What every program has that was built with it.
    symbol: &'static str,
    options: (&'static str, &'static str),
    /// Whether the standard library is built with it as well. ThreadSanitizer must see what that orders.
    with_std: bool,
}

const ADDRESS: Sanitizer = Sanitizer {
    name: "asan",
    rustflags: "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer",
    symbol: "__asan_init",
    // Tests ask for more memory than there is, and expect to be told so.
    options: ("ASAN_OPTIONS", "allocator_may_return_null=1"),
    with_std: false,
};

const THREAD: Sanitizer = Sanitizer {
    name: "tsan",
    // It knows no fences: core has a load in their place then.
    rustflags: "-Zsanitizer=thread --cfg xi_tsan",
    symbol: "__tsan_init",
    options: ("TSAN_OPTIONS", "halt_on_error=1 exitcode=66 allocator_may_return_null=1"),
    with_std: true,
};

/// Some tests of a package.
struct Suite {
    package: &'static str,
    tests: &'static [&'static str],
}

const CORE: Suite = Suite { package: "crossinterp-core", tests: &["--lib", "--tests"] };

/// Those that have several threads.
const THREADS_OF_CORE: Suite = Suite {
    package: "crossinterp-core",
    tests: &[
        "--lib",
        "--test",
        "channel",
        "--test",
        "domain",
        "--test",
        "futures",
        "--test",
        "idle",
        "--test",
        "oneshot",
        "--test",
        "select",
        "--test",
        "single",
        "--test",
        "stress",
        "--test",
        "time",
        "--test",
        "value_ends",
        "--test",
        "value_memory",
        "--test",
        "weak",
    ],
};

/// Those that use core as others do, from Rust.
const FROM_OUTSIDE: Suite = Suite {
    package: "crossinterp-tests",
    tests: &["--test", "crossbeam", "--test", "ffi_roundtrip", "--test", "fuzz"],
};

/// All tests that are Rust alone with AddressSanitizer; the C suite is the caller's.
pub(crate) fn asan(step: &mut Running, stress: Duration) -> Result<()> {
    run(step, &ADDRESS, &CORE, stress)?;
    run(step, &ADDRESS, &FROM_OUTSIDE, stress)
}

/// Core's tests that have several threads with ThreadSanitizer. Any report ends them.
pub(crate) fn tsan(step: &mut Running, stress: Duration) -> Result<()> {
    run(step, &THREAD, &THREADS_OF_CORE, stress)
}

/// The tests, and a look whether the sanitizer is really on.
fn run(step: &mut Running, sanitizer: &Sanitizer, suite: &Suite, stress: Duration) -> Result<()> {
    let toolchain = if sanitizer.with_std { Toolchain::with_source()? } else { Toolchain::Usual };
    let folder = target().join(sanitizer.name);
    let host = host()?;
    let test = |arguments: &[&str]| {
        let mut command = toolchain.cargo();
        command
            .args(["test", "-p", suite.package])
            .args(suite.tests)
            .args(arguments)
            .args(["--target", &host]);
        if sanitizer.with_std {
            command.arg("-Zbuild-std");
        }
        command.env("CARGO_TARGET_DIR", &folder).env("RUSTC_BOOTSTRAP", "1");
        command.env("RUSTFLAGS", sanitizer.rustflags).env(sanitizer.options.0, sanitizer.options.1);
        command.env("CROSSINTERP_STRESS_SECONDS", stress.as_secs().to_string());
        command
    };
    step.run(test(&["--no-fail-fast"]), Counts::Libtest)?;

    let listing = format!("{}-{}-programs.json", sanitizer.name, suite.package);
    let listing = target_subfolder("xtask/logs")?.join(listing);
    let _ = fs::remove_file(&listing);
    let build = test(&["--no-run", "--message-format", "json"]);
    let built = run_logged(build, &listing, Duration::from_secs(300))?;
    let programs = programs(&fs::read_to_string(&listing)?);
    if !matches!(built, End::Exited(_)) || programs.is_empty() {
        step.complain(format!("cargo named no test program of {}", suite.package));
    }
    for program in programs {
        if !holds(&fs::read(&program)?, sanitizer.symbol.as_bytes()) {
            step.complain(format!("{} was built without {}", program.display(), sanitizer.symbol));
        }
    }
    Ok(())
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
}
