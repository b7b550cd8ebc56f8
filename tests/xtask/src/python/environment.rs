//! A virtual environment per version of CPython, with the tools of the tests and the package in it.
//!
//! Everything stands under `target/python/X.Y/`. Each of the three steps (environment, tools, package) leaves a stamp
//! of what it was made from, so that a second run does nothing.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};

use super::{Interpreter, isolated};
use crate::process::run_quietly;
use crate::workspace::{self, files_below, has_extension};

/// An environment that has the package.
#[derive(Debug)]
pub(crate) struct Environment {
    python: PathBuf,
}

impl Environment {
    /// Makes or updates the environment of an interpreter, one short line on standard error for each thing that was done.
    pub(crate) fn prepare(interpreter: &Interpreter) -> Result<Self> {
        let folder = workspace::target_subfolder(&format!("python/{}", interpreter.key()))?;
        let lock = File::create(folder.join("lock"))?;
        lock.lock().context("cannot lock the environment's folder")?;

        let whose = format!("CPython {}", interpreter.full_version());
        if !folder.join("package.stamp").exists() {
            eprintln!("set-up: {whose} in {}, once", folder.display());
        }
        // Half of the one is waiting for the network, and the other has one thread for most of its time.
        let (library, environment) = thread::scope(|scope| {
            let library = scope.spawn(static_library);
            let environment = Self::with_tools(interpreter, &folder, &whose);
            (library.join(), environment)
        });
        let library = library.map_err(|_| anyhow!("building the library panicked"))??;
        let environment = environment?;
        environment.install_package(&whose, &folder, &library)?;
        Ok(environment)
    }

    /// The environment without the package.
    fn with_tools(interpreter: &Interpreter, folder: &Path, whose: &str) -> Result<Self> {
        let venv = folder.join("venv");
        let environment = Self { python: venv.join("bin/python") };
        let origin = format!("{} {}", interpreter.program.display(), interpreter.full_version());
        if !environment.python.exists() || !is_stamped(&folder.join("venv.stamp"), &origin) {
            let start = Instant::now();
            for stamp in ["venv.stamp", "package.stamp"] {
                let _ = fs::remove_file(folder.join(stamp));
            }
            let mut command = isolated(&interpreter.program);
            command.args(["-m", "venv", "--clear"]).arg(&venv);
            run_quietly(command, &folder.join("venv.log"))?;
            fs::write(folder.join("venv.stamp"), &origin)?;
            say(&format!("{whose}: made a virtual environment"), start);
        }
        let start = Instant::now();
        let requirements = workspace::root().join("tests/xtask/requirements.txt");
        if install_requirements(&environment.python, &requirements)? {
            say(&format!("{whose}: installed tools"), start);
        }
        Ok(environment)
    }

    /// The path of the environment's interpreter.
    pub(crate) fn python_path(&self) -> &Path {
        &self.python
    }

    /// The environment's interpreter as a command.
    pub(crate) fn python(&self) -> Command {
        isolated(&self.python)
    }

    fn install_package(&self, whose: &str, folder: &Path, library: &Path) -> Result<()> {
        let origin = package_origin(library)?;
        let stamp = folder.join("package.stamp");
        if is_stamped(&stamp, &origin) {
            return Ok(());
        }
        let start = Instant::now();
        let _ = fs::remove_file(&stamp);
        // The build's own files go into the target folder, new each time: setuptools would reuse what looks current.
        let build = folder.join("build");
        let _ = fs::remove_dir_all(&build);
        fs::create_dir_all(&build)?;
        let settings = folder.join("setup.cfg");
        let build = build.display();
        fs::write(&settings, format!("[build]\nbuild_base = {build}\n[egg_info]\negg_base = {build}\n"))?;

        let mut pip = pip(&self.python);
        pip.args(["install", "--no-build-isolation", "--no-deps", "--force-reinstall", "./ffi/python"]);
        pip.env("CROSSINTERP_STATICLIB", library).env("DIST_EXTRA_CONFIG", &settings);
        run_quietly(pip, &folder.join("package.log"))?;
        fs::write(&stamp, &origin)?;
        say(&format!("{whose}: built the package"), start);
        Ok(())
    }
}

/// Installs pinned packages into a virtual environment; `false` when a stamp says that they are there.
pub(crate) fn install_requirements(python: &Path, requirements: &Path) -> Result<bool> {
    let venv = python.ancestors().nth(2).context("the interpreter is in no virtual environment")?;
    let text = fs::read_to_string(requirements).with_context(|| format!("{}", requirements.display()))?;
    let name = requirements.file_stem().unwrap_or_default().display();
    let stamp = venv.join(format!("{name}.stamp"));
    if is_stamped(&stamp, &text) {
        return Ok(false);
    }
    let mut pip = pip(python);
    pip.args(["install", "--requirement"]).arg(requirements);
    run_quietly(pip, &venv.join(format!("{name}.log")))?;
    fs::write(&stamp, &text)?;
    Ok(true)
}

/// One line of the set-up, with the time that it took.
fn say(what: &str, start: Instant) {
    eprintln!("set-up: {what} ({:.0} s)", start.elapsed().as_secs_f64());
}

/// Builds the static library that the extension links, and says where it is.
fn static_library() -> Result<PathBuf> {
    let start = Instant::now();
    let mut cargo = workspace::cargo();
    cargo.args([
        "rustc",
        "--quiet",
        "--release",
        "-p",
        "crossinterp-ffi",
        "--lib",
        "--crate-type",
        "staticlib",
    ]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("the library does not compile");
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let library = library_path(&messages).context("cargo made no libcrossinterp.a")?;
    if messages.contains("\"fresh\":false") {
        say("built the library", start);
    }
    Ok(library)
}

/// The path of the library in what `cargo --message-format json` prints.
fn library_path(messages: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let files = message["filenames"].as_array()?;
        files
            .iter()
            .filter_map(|file| file.as_str())
            .find(|file| file.ends_with("libcrossinterp.a"))
            .map(PathBuf::from)
    })
}

fn pip(python: &Path) -> Command {
    let mut command = isolated(python);
    command.args(["-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet"]);
    command
}

fn is_stamped(stamp: &Path, origin: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|text| text == origin)
}

/// What an installed package was made from: its sources by content, the library by time and size, the flags.
fn package_origin(library: &Path) -> Result<String> {
    let ffi = workspace::root().join("ffi");
    let wanted = |path: &Path| {
        let made =
            path.components().any(|part| part.as_os_str() == "build" || part.as_os_str() == "__pycache__");
        !made && (has_extension(path, &["c", "h", "py", "pyi", "toml", "md"]) || path.ends_with("py.typed"))
    };
    let mut hasher = DefaultHasher::new();
    for folder in ["python", "include"] {
        for path in files_below(&ffi.join(folder), &wanted)? {
            path.hash(&mut hasher);
            fs::read(&path)?.hash(&mut hasher);
        }
    }
    for name in ["CROSSINTERP_CFLAGS", "CROSSINTERP_LDFLAGS", "CC", "CFLAGS", "LDFLAGS"] {
        std::env::var_os(name).hash(&mut hasher);
    }
    let file = fs::metadata(library).with_context(|| format!("{}", library.display()))?;
    file.modified()?.hash(&mut hasher);
    file.len().hash(&mut hasher);
    Ok(format!("{:016x} {}", hasher.finish(), library.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_read_from_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","filenames":["/t/libother.rlib"]}
{"reason":"compiler-artifact","filenames":["/t/release/libcrossinterp.a"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(library_path(messages), Some(PathBuf::from("/t/release/libcrossinterp.a")));
        assert_eq!(library_path("{}"), None);
    }

    #[test]
    fn a_stamp_tells_the_same_origin_from_another() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = folder.path().join("stamp");
        assert!(!is_stamped(&stamp, "a"));
        fs::write(&stamp, "a").unwrap();
        assert!(is_stamped(&stamp, "a"));
        assert!(!is_stamped(&stamp, "b"));
    }

    #[test]
    fn a_new_library_is_a_new_origin() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libcrossinterp.a");
        fs::write(&library, "one").unwrap();
        let before = package_origin(&library).unwrap();
        assert_eq!(package_origin(&library).unwrap(), before);
        fs::write(&library, "another").unwrap();
        assert_ne!(package_origin(&library).unwrap(), before);
    }
}
