//! Finding a CPython from 3.12 on that can build and run the extension.

use std::collections::BTreeSet;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Result, anyhow, bail};

use super::isolated;
use crate::process::run_logged;
use crate::workspace;

/// The minor versions that are looked for by name, best first.
const MINORS: [u32; 4] = [15, 14, 13, 12];
/// The version that `uv` is asked for when nothing is found.
const FETCHED: &str = "3.13";
/// How long an interpreter may take to say what it is.
const PROBE_LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

/// Prints seven lines; what is missing is found here and not by an error halfway through a build.
const PROBE: &str = r#"
import importlib.util, os, sys, sysconfig
include = sysconfig.get_path("include")
print(sys.implementation.name)
print("%d.%d.%d" % sys.version_info[:3])
print(("t" if sysconfig.get_config_var("Py_GIL_DISABLED") else "") + ("d" if hasattr(sys, "gettotalrefcount") else ""))
print(sys.executable)
print(include if os.path.isfile(os.path.join(include, "Python.h")) else "")
print("ok" if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip") else "")
print("end")
"#;

/// A CPython that has what we need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interpreter {
    pub(crate) program: PathBuf,
    /// `3.14.10`
    version: String,
    /// `t` for free-threaded, `d` for a debug build
    flags: String,
}

impl Interpreter {
    /// `3.14`, `3.14d`, `3.13t`: what tells environments apart.
    pub(crate) fn key(&self) -> String {
        let minor = self.version.rsplit_once('.').map_or(self.version.as_str(), |(minor, _)| minor);
        format!("{minor}{}", self.flags)
    }

    /// `3.14.10`, `3.14.10d`
    pub(crate) fn full_version(&self) -> String {
        format!("{}{}", self.version, self.flags)
    }
}

/// There is no usable CPython: what was looked for, and why nothing of it will do.
#[derive(Debug)]
pub(crate) struct NotFound {
    looked: Vec<(String, String)>,
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "found no CPython 3.12 or newer with its headers. Looked for:")?;
        let width = self.looked.iter().map(|(what, _)| what.len()).max().unwrap_or(0);
        for (what, outcome) in &self.looked {
            writeln!(f, "  {what:width$}  {outcome}")?;
        }
        write!(
            f,
            "Get one from your system's packages (Debian's are python3-dev and python3-venv), with `uv python install \
             {FETCHED}`,\nor from https://www.python.org/downloads/; then put it in PATH or set \
             CROSSINTERP_PYTHON=/path/to/python{FETCHED}"
        )
    }
}

impl std::error::Error for NotFound {}

/// The first interpreter, in the order that CONTRIBUTING.md gives.
pub(crate) fn first() -> Result<Interpreter> {
    let mut search = Search::default();
    if let Some(interpreter) = search.given()? {
        return Ok(interpreter);
    }
    match search.in_path(true).into_iter().next() {
        Some(interpreter) => Ok(interpreter),
        None => match search.in_pyenv(true).into_iter().next() {
            Some(interpreter) => Ok(interpreter),
            None => search.with_uv(),
        },
    }
}

/// One interpreter of each version that is here, newest first; `uv` is asked only when there is none.
pub(crate) fn all() -> Result<Vec<Interpreter>> {
    let mut search = Search::default();
    let mut found: Vec<Interpreter> = search.given()?.into_iter().collect();
    found.extend(search.in_path(false));
    found.extend(search.in_pyenv(false));
    if found.is_empty() {
        found.push(search.with_uv()?);
    }
    let mut keys = BTreeSet::new();
    found.retain(|interpreter| keys.insert(interpreter.key()));
    found.sort_by_key(|interpreter| std::cmp::Reverse(numbers(&interpreter.version)));
    Ok(found)
}

/// The interpreters with these paths; each must be usable.
pub(crate) fn chosen(paths: &[PathBuf]) -> Result<Vec<Interpreter>> {
    let probed = |path: &PathBuf| probe(path).map_err(|why| anyhow!("{}: {why}", path.display()));
    paths.iter().map(probed).collect()
}

/// A search, with its record of what was looked for in vain.
#[derive(Default)]
struct Search {
    looked: Vec<(String, String)>,
}

impl Search {
    fn record(&mut self, what: impl Into<String>, outcome: impl Into<String>) {
        self.looked.push((what.into(), outcome.into()));
    }

    /// `$CROSSINTERP_PYTHON`, which must be usable if it is set.
    fn given(&mut self) -> Result<Option<Interpreter>> {
        match env::var_os("CROSSINTERP_PYTHON").filter(|path| !path.is_empty()) {
            None => {
                self.record("$CROSSINTERP_PYTHON", "not set");
                Ok(None)
            }
            Some(path) => match probe(Path::new(&path)) {
                Ok(interpreter) => Ok(Some(interpreter)),
                Err(why) => {
                    self.record(format!("$CROSSINTERP_PYTHON={}", path.display()), why);
                    bail!(NotFound { looked: std::mem::take(&mut self.looked) })
                }
            },
        }
    }

    fn in_path(&mut self, only_one: bool) -> Vec<Interpreter> {
        let mut found = Vec::new();
        for minor in MINORS {
            let name = format!("python3.{minor}");
            let paths: Vec<PathBuf> = which::which_all(&name).map(Iterator::collect).unwrap_or_default();
            if paths.is_empty() {
                self.record(format!("{name} in PATH"), "not there");
            }
            self.probe_until(paths, &mut found);
            if only_one && !found.is_empty() {
                break;
            }
        }
        found
    }

    fn in_pyenv(&mut self, only_one: bool) -> Vec<Interpreter> {
        let root =
            env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".pyenv")));
        let versions = root.unwrap_or_default().join("versions");
        let paths = pyenv_pythons(&versions);
        if paths.is_empty() {
            self.record("pyenv's versions", format!("none in {}", versions.display()));
        }
        let mut found = Vec::new();
        for path in paths {
            self.probe_until(vec![path], &mut found);
            if only_one && !found.is_empty() {
                break;
            }
        }
        found
    }

    /// Adds the first usable one of some interpreters of one version.
    fn probe_until(&mut self, paths: Vec<PathBuf>, found: &mut Vec<Interpreter>) {
        for path in paths {
            match probe(&path) {
                Ok(interpreter) => return found.push(interpreter),
                Err(why) => self.record(path.display().to_string(), why),
            }
        }
    }

    /// An interpreter that `uv` manages; it is asked to fetch one if it has none.
    fn with_uv(&mut self) -> Result<Interpreter> {
        let Ok(uv) = which::which("uv") else {
            self.record("uv", "not in PATH");
            bail!(NotFound { looked: std::mem::take(&mut self.looked) });
        };
        if let Some(interpreter) = uv_find(&uv, ">=3.12") {
            return Ok(interpreter);
        }
        eprintln!("no CPython 3.12 or newer is here: asking uv to fetch {FETCHED}");
        let install = Command::new(&uv).args(["python", "install", FETCHED]).stdin(Stdio::null()).status();
        match (install, uv_find(&uv, FETCHED)) {
            (Ok(status), Some(interpreter)) if status.success() => Ok(interpreter),
            (_, _) => {
                self.record("uv", format!("has none and could not fetch {FETCHED}"));
                bail!(NotFound { looked: std::mem::take(&mut self.looked) })
            }
        }
    }
}

fn uv_find(uv: &Path, version: &str) -> Option<Interpreter> {
    let mut command = Command::new(uv);
    command.args(["python", "find", "--no-project", "--python-preference", "only-managed", version]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_string();
    if output.status.success() { probe(Path::new(&path)).ok() } else { None }
}

/// The interpreters of pyenv, newest first.
fn pyenv_pythons(versions: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(versions).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let version = numbers(&name);
        if let [3, minor, ..] = version[..]
            && MINORS.contains(&minor)
        {
            let program = entry.path().join(format!("bin/python3.{minor}"));
            if program.exists() {
                found.push((version, program));
            }
        }
    }
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, program)| program).collect()
}

/// `3.14.10` as `[3, 14, 10]`; what is no number ends it.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// Asks an interpreter what it is. The error says in a few words why it cannot be used.
fn probe(path: &Path) -> Result<Interpreter, String> {
    // A path is meant from where the person is, a bare name is looked up in PATH.
    let path = if path.components().count() > 1 { std::path::absolute(path) } else { Ok(path.to_path_buf()) };
    let path = path.map_err(|error| error.to_string())?;
    let folder = workspace::target_subfolder("xtask").map_err(|error| error.to_string())?;
    static PROBES: AtomicU32 = AtomicU32::new(0);
    let number = PROBES.fetch_add(1, Ordering::Relaxed);
    let answer = folder.join(format!("probe-{}-{number}", std::process::id()));
    let _ = fs::remove_file(&answer);
    let mut command = isolated(&path);
    command.args(["-c", PROBE]);
    let end = run_logged(command, &answer, PROBE_LIMIT);
    let output = fs::read_to_string(&answer).unwrap_or_default();
    let _ = fs::remove_file(&answer);
    match end {
        Err(_) => Err("cannot be run".to_string()),
        Ok(end) if !end.success() => {
            Err("does not run (a shim of a version that is not active?)".to_string())
        }
        Ok(_) => understand(&output),
    }
}

/// Reads what the probe printed.
fn understand(output: &str) -> Result<Interpreter, String> {
    let lines: Vec<&str> = output.lines().rev().take(7).collect();
    let [end, venv, include, program, flags, version, name] = lines[..] else {
        return Err("gave no answer".to_string());
    };
    match (name, numbers(version).get(..2)) {
        _ if end != "end" => Err("gave no answer".to_string()),
        ("cpython", Some([3, minor])) if *minor >= 12 => {
            if include.is_empty() {
                return Err(format!("is CPython {version}, but its Python.h is missing"));
            }
            if venv.is_empty() {
                return Err(format!("is CPython {version}, but its venv or ensurepip module is missing"));
            }
            let (program, version, flags) = (PathBuf::from(program), version.to_string(), flags.to_string());
            Ok(Interpreter { program, version, flags })
        }
        ("cpython", _) => Err(format!("is CPython {version}")),
        _ => Err(format!("is {name}, not CPython")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "$ python -c …\ncpython\n3.14.10\ntd\n/p/python3.14\n/p/include\nok\nend\n";

    #[test]
    fn an_answer_is_understood() {
        let interpreter = understand(ANSWER).unwrap();
        assert_eq!(interpreter.key(), "3.14td");
        assert_eq!(interpreter.full_version(), "3.14.10td");
        assert_eq!(interpreter.program, Path::new("/p/python3.14"));
    }

    #[test]
    fn refusals_say_why() {
        let refusal = |from: &str, to: &str| understand(&ANSWER.replace(from, to)).unwrap_err();
        assert_eq!(refusal("3.14.10", "3.11.7"), "is CPython 3.11.7");
        assert_eq!(refusal("cpython", "pypy"), "is pypy, not CPython");
        assert_eq!(refusal("/p/include", ""), "is CPython 3.14.10, but its Python.h is missing");
        assert_eq!(refusal("ok", ""), "is CPython 3.14.10, but its venv or ensurepip module is missing");
        assert_eq!(refusal("end\n", ""), "gave no answer");
        assert_eq!(understand("").unwrap_err(), "gave no answer");
    }

    #[test]
    fn pyenv_is_read_newest_first() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["3.12.1", "3.13.0", "3.13.2", "3.9.1", "3.14.0", "pypy3.10", "envs"] {
            let bin = folder.path().join(name).join("bin");
            fs::create_dir_all(&bin).unwrap();
            let minor = numbers(name).get(1).copied().unwrap_or(0);
            if name != "3.14.0" {
                fs::write(bin.join(format!("python3.{minor}")), "").unwrap();
            }
        }
        let found = pyenv_pythons(folder.path());
        let names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_path_buf()).collect();
        let expected = ["3.13.2/bin/python3.13", "3.13.0/bin/python3.13", "3.12.1/bin/python3.12"];
        assert_eq!(names, expected.map(PathBuf::from));
        assert!(pyenv_pythons(&folder.path().join("nowhere")).is_empty());
    }

    #[test]
    fn programs_that_are_no_python_are_refused() {
        assert_eq!(probe(Path::new("/nowhere/python3.13")).unwrap_err(), "cannot be run");
        assert!(probe(Path::new("/bin/false")).unwrap_err().starts_with("does not run"));
        assert_eq!(probe(Path::new("/bin/true")).unwrap_err(), "gave no answer");
    }

    #[test]
    fn the_message_names_everything() {
        let looked =
            vec![("python3.15 in PATH".into(), "not there".into()), ("uv".into(), "not in PATH".into())];
        let message = NotFound { looked }.to_string();
        for part in [
            "3.12 or newer",
            "python3.15 in PATH  not there",
            "uv                  not in",
            "CROSSINTERP_PYTHON=",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}
