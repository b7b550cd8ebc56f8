//! Where things are, and how the tools of the repository are called.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The top folder of the repository.
pub(crate) fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let package = PathBuf::from(package);
    let root = package.ancestors().nth(2).unwrap_or(&package);
    root.to_path_buf()
}

/// Cargo's target folder, which also holds everything that these commands make.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// A folder below the target folder, made if it is missing.
pub(crate) fn target_subfolder(name: &str) -> Result<PathBuf> {
    let folder = target().join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}

/// A folder of this user's that outlives every clone: `$XDG_CACHE_HOME/crossinterp/NAME`.
pub(crate) fn cache_subfolder(name: &str) -> Result<PathBuf> {
    let base = match (env::var_os("XDG_CACHE_HOME"), env::home_dir()) {
        (Some(dir), _) if Path::new(&dir).is_absolute() => PathBuf::from(dir),
        (_, Some(home)) => home.join(".cache"),
        _ => bail!("neither XDG_CACHE_HOME nor HOME is set"),
    };
    let folder = base.join("crossinterp").join(name);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}

/// The cargo that runs this program, in the top folder and without the settings of that outer run.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(cargo_path());
    clean(&mut command);
    command
}

/// The program that runs now, also when its file was replaced by a newer build.
pub(crate) const OWN_PROGRAM: &str = "/proc/self/exe";

/// This program again, for work that is to have a log and a time limit of its own.
pub(crate) fn xtask() -> Command {
    let mut command = Command::new(OWN_PROGRAM);
    command.current_dir(root());
    command
}

fn cargo_path() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Takes away what cargo set for xtask itself, which would confuse the builds that xtask starts.
pub(crate) fn clean(command: &mut Command) {
    command.current_dir(root());
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
            command.env_remove(name);
        }
    }
}

/// The files below `folder` whose names `wanted` accepts, in a fixed order; folders that start with a dot are left out.
pub(crate) fn files_below(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if !entry.file_name().to_string_lossy().starts_with('.') {
                    folders.push(path);
                }
            } else if wanted(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a path ends in one of these extensions.
pub(crate) fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|found| extensions.iter().any(|wanted| found == *wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_below_sorts_filters_and_leaves_dot_folders_out() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b/y.rs", "a.rs", "b/x.txt", ".hidden/z.rs"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = files_below(folder.path(), &|path| has_extension(path, &["rs"])).unwrap();
        assert_eq!(found, [folder.path().join("a.rs"), folder.path().join("b/y.rs")]);
    }

    #[test]
    fn root_holds_the_workspace() {
        assert!(fs::read_to_string(root().join("Cargo.toml")).unwrap().contains("[workspace]"));
    }
}
