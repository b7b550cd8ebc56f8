//! The loom models as one compiled program: building it, listing its models, running one of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{End, run_logged};
use crate::workspace;

/// How many switches between threads loom tries at places where the running thread could have gone on.
const PREEMPTIONS: &str = "3";

/// The program that holds the models.
#[derive(Debug)]
pub(crate) struct Models {
    program: PathBuf,
    preemptions: String,
    logs: PathBuf,
}

/// How a run of one model ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every execution kept the promise.
    Passed,
    /// An execution broke it.
    Failed,
    /// The time limit, or loom's limit of steps in one execution, was reached: nothing was shown.
    Undecided,
    /// There is no model of this name.
    Missing,
}

/// One run of one model.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) verdict: Verdict,
    pub(crate) time: Duration,
    pub(crate) output: String,
    pub(crate) log: PathBuf,
}

impl Models {
    /// Compiles the models, with loom in the place of the machine's primitives.
    pub(crate) fn build(purpose: &str) -> Result<Self> {
        let mut cargo = workspace::cargo();
        cargo.args(["test", "--quiet", "-p", "crossinterp-core", "--profile", "loom", "--test", "loom"]);
        cargo.args(["--no-run", "--message-format", "json-render-diagnostics"]);
        // A folder of its own: other flags would throw the normal build's cache away.
        cargo.env("CARGO_TARGET_DIR", workspace::target().join("loom")).env("RUSTFLAGS", "--cfg loom");
        let output = cargo.stderr(Stdio::inherit()).output().context("cannot run cargo")?;
        if !output.status.success() {
            bail!("the loom models do not compile");
        }
        let program = test_program(&String::from_utf8_lossy(&output.stdout))
            .context("cargo named no program for the test target `loom` of crossinterp-core")?;
        let logs = workspace::target_subfolder(&format!("xtask/logs/{purpose}"))?;
        let preemptions = std::env::var("LOOM_MAX_PREEMPTIONS").unwrap_or_else(|_| PREEMPTIONS.to_string());
        Ok(Self { program, preemptions, logs })
    }

    /// The bound on preemptions that every run has.
    pub(crate) fn preemptions(&self) -> &str {
        &self.preemptions
    }

    /// The names of all models.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        let output = Command::new(&self.program).args(["--list", "--format", "terse"]).output()?;
        if !output.status.success() {
            bail!("{} --list failed", self.program.display());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(|line| line.strip_suffix(": test")).map(String::from).collect())
    }

    /// Runs one model, with one end of an edge weakened if `weaken` says so.
    pub(crate) fn run(&self, model: &str, weaken: Option<&str>, limit: Duration) -> Result<Run> {
        let mut command = Command::new(&self.program);
        command.current_dir(workspace::root().join("core"));
        command.args(["--exact", model, "--nocapture", "--test-threads", "1"]);
        command.env("LOOM_MAX_PREEMPTIONS", &self.preemptions).env("RUST_BACKTRACE", "0");
        command.env_remove("CROSSINTERP_WEAKEN");
        let mut name = model.replace("::", ".");
        if let Some(weaken) = weaken {
            command.env("CROSSINTERP_WEAKEN", weaken);
            name = format!("{name}.{}", weaken.replace([':', '='], "-"));
        }
        let log = self.logs.join(name);
        let _ = fs::remove_file(&log);
        let start = Instant::now();
        let end = run_logged(command, &log, limit)?;
        let time = start.elapsed();
        let output = read_log(&log)?;
        Ok(Run { verdict: verdict(end, &output), time, output, log })
    }
}

fn read_log(log: &Path) -> Result<String> {
    let bytes = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The path of the program in what `cargo --message-format json` prints.
fn test_program(messages: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let wanted = message["target"]["name"] == "loom" && message["target"]["kind"][0] == "test";
        message["executable"].as_str().filter(|_| wanted).map(PathBuf::from)
    })
}

fn verdict(end: End, output: &str) -> Verdict {
    if end == End::TimedOut || output.contains("Model exceeded maximum number of branches") {
        return Verdict::Undecided;
    }
    if !output.lines().any(|line| line == "running 1 test") {
        return Verdict::Missing;
    }
    if !end.success() {
        return Verdict::Failed;
    }
    let one_passed = |line: &str| line.starts_with("test result: ok. 1 passed; 0 failed;");
    if output.lines().any(one_passed) { Verdict::Passed } else { Verdict::Missing }
}

/// What a model says of itself, a line `model NAME: …`.
pub(crate) fn remark(output: &str) -> Option<&str> {
    // libtest writes `test NAME ... ` first, on the same line.
    let (_, remark) = output.lines().find_map(|line| line.split_once("model "))?.1.split_once(": ")?;
    Some(remark)
}

/// Does `work` for every item, on as many threads as there are processors, and gives the results in the items' order.
pub(crate) fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, |count| count.get()).min(items.len());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((number, item)) = {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    items.get(number).map(|item| (number, item))
                } {
                    let result = work(item);
                    results.lock().expect("a worker panicked").push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("a worker panicked");
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    fn exited(code: i32) -> End {
        End::Exited(ExitStatus::from_raw(code << 8))
    }

    const PASSED: &str =
        "\nrunning 1 test\ntest a::b ... ok\n\ntest result: ok. 1 passed; 0 failed; 0 ignored\n";
    const FAILED: &str = "\nrunning 1 test\npanicked\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored\n";
    const NONE: &str = "\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n";

    #[test]
    fn a_model_fails_only_by_failing() {
        assert_eq!(verdict(exited(0), PASSED), Verdict::Passed);
        assert_eq!(verdict(exited(101), FAILED), Verdict::Failed);
        assert_eq!(verdict(exited(0), NONE), Verdict::Missing);
        assert_eq!(verdict(End::TimedOut, PASSED), Verdict::Undecided);
        assert_eq!(verdict(exited(127), "cannot load a library"), Verdict::Missing);
        let limit = format!("{FAILED}Model exceeded maximum number of branches. This is often caused by…");
        assert_eq!(verdict(exited(101), &limit), Verdict::Undecided);
        let abort = End::Exited(ExitStatus::from_raw(6));
        assert_eq!(verdict(abort, "running 1 test\npanicked while panicking"), Verdict::Failed);
    }

    #[test]
    fn the_program_is_read_from_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"loom","kind":["lib"]},"executable":null}
{"reason":"compiler-artifact","target":{"name":"loom","kind":["test"]},"executable":"/t/loom-1"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(test_program(messages), Some(PathBuf::from("/t/loom-1")));
        assert_eq!(test_program(""), None);
    }

    #[test]
    fn remarks_are_found() {
        let output = "running 1 test\ntest a::b ... model a::b: 12 executions, 2 outcomes\nok\n";
        assert_eq!(remark(output), Some("12 executions, 2 outcomes"));
        assert_eq!(remark(PASSED), None);
    }

    #[test]
    fn parallel_results_keep_their_order() {
        let items: Vec<u32> = (0..100).collect();
        assert_eq!(
            in_parallel(&items, |item| item * 2),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert!(in_parallel(&[] as &[u32], |item| *item).is_empty());
    }
}
