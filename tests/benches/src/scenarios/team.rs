//! Threads that begin together, and how long they take from there.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

/// Runs each part in a thread of its own: from when the first begins to when the last ends.
pub(super) fn run(parts: Vec<Box<dyn FnOnce() + Send + '_>>, pinned: bool) -> Duration {
    let barrier = Barrier::new(parts.len());
    let times: Vec<(Instant, Instant)> = thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| {
                scope.spawn(|| {
                    if pinned {
                        stay_on_one_core();
                    }
                    barrier.wait();
                    let begin = Instant::now();
                    part();
                    (begin, Instant::now())
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect()
    });
    let begin = times.iter().map(|(begin, _)| *begin).min().expect("there are threads");
    let end = times.iter().map(|(_, end)| *end).max().expect("there are threads");
    end - begin
}

fn stay_on_one_core() {
    let mut core = CpuSet::new();
    core.set(0).expect("there is a first core");
    sched_setaffinity(Pid::from_raw(0), &core).expect("the first core may be used");
}
