//! The Rust toolchain, and one that can build the standard library.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::run_logged;
use crate::workspace::{cargo, target_subfolder};

/// A folder with a Rust toolchain that has the standard library's source, where the usual one has not.
const TOOLCHAIN_WITH_SOURCE: &str = "CROSSINTERP_RUST_WITH_SOURCE";

/// Whose cargo and compiler to use.
pub(crate) enum Toolchain {
    Usual,
    In(PathBuf),
}

impl Toolchain {
    /// One that can build the standard library: the usual one, to which rustup adds the source if it can, or the one that is
    /// named.
    pub(crate) fn with_source() -> Result<Self> {
        if let Some(folder) = env::var_os(TOOLCHAIN_WITH_SOURCE) {
            let folder = PathBuf::from(folder);
            if !has_source(&folder) {
                bail!("{TOOLCHAIN_WITH_SOURCE}: {} has no lib/rustlib/src/rust", folder.display());
            }
            return Ok(Self::In(folder));
        }
        let usual = usual_toolchain()?;
        if !has_source(&usual) {
            let mut rustup = Command::new("rustup");
            rustup.args(["component", "add", "rust-src"]);
            let log = target_subfolder("xtask/logs")?.join("rust-src.log");
            let _ = fs::remove_file(&log);
            // What it says is no help; whether the source is there then counts.
            let _ = run_logged(rustup, &log, Duration::from_secs(180));
        }
        if !has_source(&usual) {
            bail!(
                "the standard library's source is missing: `rustup component add rust-src`, \
             or name a toolchain that has it in {TOOLCHAIN_WITH_SOURCE}"
            );
        }
        Ok(Self::Usual)
    }

    /// Its cargo, with its compiler.
    pub(crate) fn cargo(&self) -> Command {
        let Self::In(folder) = self else { return cargo() };
        let bin = folder.join("bin");
        let mut command = Command::new(bin.join("cargo"));
        crate::workspace::clean(&mut command);
        command.env("RUSTC", bin.join("rustc")).env("RUSTDOC", bin.join("rustdoc"));
        command
    }
}

fn has_source(toolchain: &Path) -> bool {
    toolchain.join("lib/rustlib/src/rust/library/Cargo.lock").exists()
}

fn usual_toolchain() -> Result<PathBuf> {
    Ok(PathBuf::from(rustc(&["--print", "sysroot"])?.trim()))
}

/// The name of the platform that is compiled for by default.
pub(crate) fn host() -> Result<String> {
    match rustc(&["-vV"])?.lines().find_map(|line| line.strip_prefix("host: ")) {
        Some(host) => Ok(host.to_string()),
        None => bail!("rustc -vV names no host"),
    }
}

fn rustc(arguments: &[&str]) -> Result<String> {
    let output = Command::new("rustc").args(arguments).output().context("cannot run rustc")?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_and_the_toolchain_are_known() {
        assert!(host().unwrap().contains('-'));
        assert!(usual_toolchain().unwrap().join("lib/rustlib").is_dir());
    }

    #[test]
    fn a_toolchain_has_the_source_or_not() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_source(folder.path()));
        let library = folder.path().join("lib/rustlib/src/rust/library");
        fs::create_dir_all(&library).unwrap();
        fs::write(library.join("Cargo.lock"), "").unwrap();
        assert!(has_source(folder.path()));
    }
}
