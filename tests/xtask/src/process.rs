//! Running other programs: with a log, with a time limit, and ended when this program is interrupted.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::workspace;

/// Process groups that run now; they are not the terminal's, so an interrupt must be passed on to them.
static GROUPS: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

/// How long a process group may take to end after SIGTERM, before SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It ended by itself.
    Exited(ExitStatus),
    /// It was ended because its time was over.
    TimedOut,
}

impl End {
    pub(crate) fn success(self) -> bool {
        matches!(self, Self::Exited(status) if status.success())
    }
}

/// Ends what runs when this program is told to end (Ctrl-C, SIGTERM).
pub(crate) fn end_children_on_interrupt() -> Result<()> {
    ctrlc::set_handler(|| {
        // The lock is kept until the exit: nothing may be started any more.
        let groups = GROUPS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for group in groups.iter() {
            let _ = killpg(Pid::from_raw(*group), Signal::SIGTERM);
        }
        if !groups.is_empty() {
            thread::sleep(Duration::from_millis(300));
        }
        for group in groups.iter() {
            let _ = killpg(Pid::from_raw(*group), Signal::SIGKILL);
        }
        std::process::exit(130);
    })
    .context("cannot handle interrupts")
}

/// Runs a program in a process group of its own, its output appended to `log`, and ends the whole group after `limit`.
pub(crate) fn run_logged(mut command: Command, log: &Path, limit: Duration) -> Result<End> {
    let mut file = append_to(log)?;
    writeln!(file, "$ {}", show(&command))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).process_group(0);
    let mut groups = GROUPS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let mut child = command.spawn().with_context(|| format!("cannot run {}", show(&command)))?;
    let group = child.id().cast_signed();
    groups.insert(group);
    drop(groups);

    let (ended, end_seen) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        let group = Pid::from_raw(group);
        if end_seen.recv_timeout(limit) != Err(mpsc::RecvTimeoutError::Timeout) {
            return false;
        }
        let _ = killpg(group, Signal::SIGTERM);
        if end_seen.recv_timeout(GRACE) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = killpg(group, Signal::SIGKILL);
        }
        true
    });
    let status = child.wait();
    drop(ended);
    let timed_out = watchdog.join().unwrap_or(true);
    // What a program leaves running would disturb the next one and hold the log open.
    let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    GROUPS.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).remove(&group);
    let status = status.context("cannot wait for a program")?;
    if timed_out {
        writeln!(append_to(log)?, "xtask: ended after its time limit of {} s", limit.as_secs())?;
        return Ok(End::TimedOut);
    }
    Ok(End::Exited(status))
}

/// Runs a program whose output matters only when it fails: then its end is part of the error.
pub(crate) fn run_quietly(mut command: Command, log: &Path) -> Result<()> {
    let mut file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    writeln!(file, "$ {}", show(&command))?;
    command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
    let status = command.status().with_context(|| format!("cannot run {}", show(&command)))?;
    if !status.success() {
        let text = fs::read_to_string(log).unwrap_or_default();
        bail!("{} failed ({status}); the end of {}:\n{}", show(&command), log.display(), tail(&text, 40));
    }
    Ok(())
}

/// Runs a program with this one's standard streams and gives its exit code.
pub(crate) fn run_in_foreground(mut command: Command) -> Result<i32> {
    let status = command.status().with_context(|| format!("cannot run {}", show(&command)))?;
    Ok(status.code().unwrap_or(1))
}

/// Becomes another program, so that the terminal and its signals are that program's alone.
pub(crate) fn become_program(mut command: Command) -> anyhow::Error {
    let error = command.exec();
    anyhow::Error::from(error).context(format!("cannot run {}", show(&command)))
}

/// A command as a person would type it in the top folder.
pub(crate) fn show(command: &Command) -> String {
    let root = format!("{}/", workspace::root().display());
    let word = |word: &OsStr| quote(&word.to_string_lossy().replace(&root, ""));
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={}", name.to_string_lossy(), word(value)));
        }
    }
    let program = Path::new(command.get_program());
    // Cargo tells those whom it runs its own full path.
    words.push(match command.get_program().to_str() {
        Some(workspace::OWN_PROGRAM) => "cargo xtask".into(),
        _ if program.ends_with("cargo") => "cargo".into(),
        _ => word(program.as_os_str()),
    });
    words.extend(command.get_args().map(word));
    words.join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_string();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The last `count` lines of a text.
pub(crate) fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

fn append_to(log: &Path) -> Result<File> {
    let open = OpenOptions::new().create(true).append(true).open(log);
    open.with_context(|| format!("cannot write {}", log.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_of_both_streams_goes_to_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let end = run_logged(shell("echo out; echo err >&2; exit 3"), &log, Duration::from_secs(20)).unwrap();
        let End::Exited(status) = end else { panic!("it was ended: {end:?}") };
        assert_eq!(status.code(), Some(3));
        let text = fs::read_to_string(log).unwrap();
        assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), ["out", "err"]);
    }

    #[test]
    fn a_time_limit_ends_the_whole_group() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let start = Instant::now();
        let script = "trap '' TERM; sleep 60 & echo $!; wait; wait; sleep 60";
        let end = run_logged(shell(script), &log, Duration::from_millis(300)).unwrap();
        assert_eq!(end, End::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(20));
        let text = fs::read_to_string(log).unwrap();
        let grandchild: i32 = text.lines().nth(1).unwrap().parse().unwrap();
        let mut left = nix::sys::signal::kill(Pid::from_raw(grandchild), None);
        for _ in 0..100 {
            if left.is_err() || is_zombie(grandchild) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
            left = nix::sys::signal::kill(Pid::from_raw(grandchild), None);
        }
        panic!("the program's own child was left running");
    }

    fn is_zombie(pid: i32) -> bool {
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn a_quiet_failure_shows_the_end_of_its_output() {
        let folder = tempfile::tempdir().unwrap();
        let error = run_quietly(shell("echo reason; exit 1"), &folder.path().join("log")).unwrap_err();
        assert!(format!("{error}").ends_with("reason"), "{error}");
    }

    #[test]
    fn commands_are_shown_as_typed() {
        let mut command = shell("echo 'a b'");
        command.env("K", "v");
        assert_eq!(show(&command), r"K=v sh -c 'echo '\''a b'\'''");
        let mut command = Command::new("/somewhere/bin/cargo");
        command.arg(workspace::root().join("ffi"));
        assert_eq!(show(&command), "cargo ffi");
    }

    #[test]
    fn tail_keeps_the_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a\n", 5), "a");
    }
}
