//! The formatters of C and Python, pinned, in a virtual environment of their own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::run_quietly;
use crate::python::install_requirements;
use crate::workspace::{root, target_subfolder};

/// The formatters, ready to be run.
#[derive(Debug)]
pub(crate) struct Formatters {
    bin: PathBuf,
}

impl Formatters {
    /// Installs them if they are not there. Any Python 3 that has the venv module will do for that.
    pub(crate) fn prepare() -> Result<Self> {
        let folder = target_subfolder("python")?.join("formatters");
        let bin = folder.join("bin");
        if !bin.join("pip").exists() {
            let _ = fs::remove_dir_all(&folder);
            let python = which::which("python3").context("the formatters need a python3 in PATH")?;
            let mut command = Command::new(python);
            command.args(["-m", "venv"]).arg(&folder);
            run_quietly(command, &target_subfolder("python")?.join("formatters.log"))?;
        }
        let requirements = root().join("tests/xtask/requirements-format.txt");
        install_requirements(&bin.join("python"), &requirements)?;
        for program in ["clang-format", "ruff"] {
            if !bin.join(program).exists() {
                bail!("{program} was not installed into {}", bin.display());
            }
        }
        Ok(Self { bin })
    }

    /// clang-format in the top folder.
    pub(crate) fn clang_format(&self) -> Command {
        self.command("clang-format")
    }

    /// ruff in the top folder.
    pub(crate) fn ruff(&self) -> Command {
        self.command("ruff")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.bin.join(name));
        command.current_dir(root());
        command
    }
}
