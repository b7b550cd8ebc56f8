//! What the machine can do at this moment, so that the figures of channels can be read.

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use crate::stats::Summary;

/// One thing that is measured: nanoseconds for one.
struct Limit {
    name: &'static str,
    measure: fn(usize) -> f64,
    /// How many at a time.
    count: usize,
}

const LIMITS: [Limit; 14] = [
    Limit { name: "load and store", measure: |count| alone(count, load_and_store), count: FAST },
    Limit { name: "fetch_add", measure: |count| alone(count, fetch_add), count: FAST },
    Limit { name: "compare_exchange", measure: |count| alone(count, compare_exchange), count: FAST },
    Limit { name: "store, fence(SeqCst), load", measure: |count| alone(count, fenced), count: FAST },
    Limit { name: "fetch_add, two threads", measure: |count| contended(count, fetch_add), count: FAST },
    Limit {
        name: "compare_exchange, two threads",
        measure: |count| contended(count, compare_exchange),
        count: FAST,
    },
    Limit { name: "line there and back", measure: line_round_trip, count: SLOW },
    Limit { name: "std Mutex lock and unlock", measure: mutex, count: FAST },
    Limit { name: "spin_loop", measure: |count| repeated(count, spin_loop), count: FAST },
    Limit {
        name: "clock read",
        measure: |count| repeated(count, || _ = black_box(Instant::now())),
        count: FAST,
    },
    Limit {
        name: "malloc and free, 64 bytes",
        measure: |count| repeated(count, || _ = black_box(Box::new([0_u64; 8]))),
        count: FAST,
    },
    Limit { name: "yield_now alone", measure: |count| repeated(count, thread::yield_now), count: SLOW },
    Limit { name: "switch there and back, one core", measure: |count| switches(count, true), count: SLOW },
    Limit { name: "switch there and back", measure: |count| switches(count, false), count: SLOW },
];

const FAST: usize = 100_000;
const SLOW: usize = 500;
const ROUNDS: usize = 21;

/// Each limit in interleaved rounds: a name and its quartiles.
pub(crate) fn measure() -> Vec<(&'static str, Summary)> {
    let mut samples = vec![Vec::new(); LIMITS.len()];
    for _ in 0..ROUNDS {
        for (limit, samples) in LIMITS.iter().zip(&mut samples) {
            samples.push((limit.measure)(limit.count));
        }
    }
    LIMITS
        .iter()
        .zip(&samples)
        .filter_map(|(limit, samples)| Some((limit.name, Summary::of(samples)?)))
        .collect()
}

fn load_and_store(word: &AtomicU64) {
    word.store(word.load(Ordering::Acquire) + 1, Ordering::Release);
}

fn fetch_add(word: &AtomicU64) {
    word.fetch_add(1, Ordering::AcqRel);
}

fn compare_exchange(word: &AtomicU64) {
    let mut seen = word.load(Ordering::Relaxed);
    while let Err(now) = word.compare_exchange_weak(seen, seen + 1, Ordering::AcqRel, Ordering::Relaxed) {
        seen = now;
    }
}

fn fenced(word: &AtomicU64) {
    word.store(1, Ordering::Relaxed);
    fence(Ordering::SeqCst);
    black_box(word.load(Ordering::Relaxed));
}

fn repeated(count: usize, step: impl Fn()) -> f64 {
    let begin = Instant::now();
    (0..count).for_each(|_| step());
    each(begin.elapsed(), count)
}

fn alone(count: usize, step: fn(&AtomicU64)) -> f64 {
    let word = AtomicU64::new(0);
    repeated(count, || step(black_box(&word)))
}

/// Two threads on one word: nanoseconds of time for one step of either.
fn contended(count: usize, step: fn(&AtomicU64)) -> f64 {
    let word = AtomicU64::new(0);
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..count).for_each(|_| step(&word)));
        }
    });
    each(begin.elapsed(), 2 * count)
}

/// Two threads that spin on one word in turn.
fn line_round_trip(count: usize) -> f64 {
    let word = AtomicU64::new(0);
    let turns = 2 * count as u64;
    let play = |own: u64| {
        loop {
            let now = word.load(Ordering::Acquire);
            if now >= turns {
                return;
            }
            if now % 2 == own {
                word.store(now + 1, Ordering::Release);
            }
        }
    };
    let begin = Instant::now();
    thread::scope(|scope| {
        scope.spawn(|| play(1));
        play(0);
    });
    each(begin.elapsed(), count)
}

fn mutex(count: usize) -> f64 {
    let mutex = Mutex::new(0_u64);
    repeated(count, || *mutex.lock().expect("nobody panics") += 1)
}

/// Two threads that wake each other in turn and sleep.
fn switches(count: usize, pinned: bool) -> f64 {
    let shared = Arc::new((Mutex::new(0), Condvar::new()));
    let play = |own: usize, shared: Arc<(Mutex<usize>, Condvar)>| {
        if pinned {
            let mut core = CpuSet::new();
            core.set(0).expect("there is a first core");
            sched_setaffinity(Pid::from_raw(0), &core).expect("the first core may be used");
        }
        let (turn, changed) = &*shared;
        for _ in 0..count {
            let turn = turn.lock().expect("nobody panics");
            let mut turn = changed.wait_while(turn, |turn| *turn % 2 != own).expect("nobody panics");
            *turn += 1;
            changed.notify_one();
        }
    };
    let begin = Instant::now();
    thread::scope(|scope| {
        for own in 0..2 {
            let shared = Arc::clone(&shared);
            scope.spawn(move || play(own, shared));
        }
    });
    each(begin.elapsed(), count)
}

fn each(time: Duration, count: usize) -> f64 {
    time.as_nanos() as f64 / count as f64
}
