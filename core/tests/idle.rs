//! Who waits does not run: receivers of every kind of waiting, over a second in which nothing comes.
//!
//! Linux counts the context switches of each thread. (What a C caller's wait costs is tested with the C interface.)
#![cfg(target_os = "linux")]

use std::fs;
use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crossinterp_core::{
    Receiver, Select, after, bounded, never, oneshot, rendezvous, select, tick, unbounded,
};

const LONG: Duration = Duration::from_secs(3600);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls on this thread until the future is ready.
fn block_on<R>(future: impl Future<Output = R>) -> R {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

type Way = (&'static str, fn(Receiver<u8>) -> Option<u8>);

const WAYS: [Way; 10] = [
    ("recv", |rx| rx.recv().ok()),
    ("recv_timeout", |rx| rx.recv_timeout(LONG).ok()),
    ("iter", |rx| rx.iter().next()),
    ("a select", |rx| select! { recv(rx) -> got => got.ok(), recv(never::<()>()) -> _ => None }),
    ("a select with a limit", |rx| select! { recv(rx) -> got => got.ok(), default(LONG) => None }),
    ("a select with clocks", |rx| {
        select! { recv(rx) -> got => got.ok(), recv(after(LONG)) -> _ => None, recv(tick(LONG)) -> _ => None }
    }),
    ("a select that meets", |rx| {
        let (tx, other) = rendezvous::<u8>();
        select! { recv(rx) -> got => got.ok(), send(tx, 1) -> _ => None, recv(other) -> _ => None }
    }),
    ("ready", |rx| {
        let mut select = Select::new();
        select.recv(&rx);
        select.ready();
        rx.recv().ok()
    }),
    ("a task", |rx| block_on(rx.recv_async()).ok()),
    ("a wait with a waker", |rx| {
        let waker = || Waker::from(Arc::new(Unpark(thread::current())));
        let mut wait = rx.begin_recv(waker()).unwrap();
        loop {
            if let Some(result) = wait.try_finish(waker()) {
                return result.ok();
            }
            thread::park();
        }
    }),
];

/// How often the thread was taken from a processor, or gave it up.
fn switches(thread: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/self/task/{thread}/status")).unwrap();
    let counts = status.lines().filter_map(|line| {
        let (name, count) = line.split_once(':')?;
        name.ends_with("voluntary_ctxt_switches").then(|| count.trim().parse::<u64>().unwrap())
    });
    counts.sum()
}

/// Requires that none of the threads runs in a second, after they have gone to sleep.
fn assert_asleep(threads: Vec<(&str, String)>) {
    // They go to sleep; how long that takes is no matter.
    let mut before: Vec<u64> = Vec::new();
    for _ in 0..100 {
        thread::sleep(Duration::from_millis(100));
        let now: Vec<u64> = threads.iter().map(|(_, thread)| switches(thread)).collect();
        if now == before {
            break;
        }
        before = now;
    }
    thread::sleep(Duration::from_secs(1));
    for ((name, thread), before) in threads.iter().zip(before) {
        assert_eq!(switches(thread), before, "{name} ran while nothing came");
    }
}

#[test]
fn twenty_receivers_of_every_kind_sleep() {
    let (ids, names) = mpsc::channel();
    let mut ends = Vec::new();
    let mut workers = Vec::new();
    for (index, (name, receive)) in WAYS.into_iter().chain(WAYS).enumerate() {
        let (tx, rx) = match index % 3 {
            0 => bounded(2),
            1 => unbounded(),
            _ => rendezvous(),
        };
        ends.push(tx);
        let ids = ids.clone();
        workers.push(thread::spawn(move || {
            let id = fs::read_link("/proc/thread-self").unwrap();
            ids.send((name, id.file_name().unwrap().to_string_lossy().into_owned())).unwrap();
            receive(rx)
        }));
    }
    assert_asleep(names.iter().take(workers.len()).collect());
    for tx in &ends {
        tx.send(7).unwrap();
    }
    for worker in workers {
        assert_eq!(worker.join().unwrap(), Some(7));
    }
}

#[test]
fn receivers_of_one_message_sleep() {
    type Way = (&'static str, fn(oneshot::Receiver<u8>) -> Option<u8>);
    let ways: [Way; 3] = [
        ("recv", |rx| rx.recv().ok()),
        ("recv_timeout", |mut rx| rx.recv_timeout(LONG).ok()),
        ("a task", |rx| block_on(rx).ok()),
    ];
    let (ids, names) = mpsc::channel();
    let mut workers = Vec::new();
    for (name, receive) in ways {
        let (tx, rx) = oneshot::channel();
        let ids = ids.clone();
        let worker = thread::spawn(move || {
            let id = fs::read_link("/proc/thread-self").unwrap();
            ids.send((name, id.file_name().unwrap().to_string_lossy().into_owned())).unwrap();
            receive(rx)
        });
        workers.push((tx, worker));
    }
    assert_asleep(names.iter().take(workers.len()).collect());
    for (tx, worker) in workers {
        tx.send(7).unwrap();
        assert_eq!(worker.join().unwrap(), Some(7));
    }
}
