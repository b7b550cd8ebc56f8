//! Rounds of a test, one after another on each flavour until the test's time is over, and a watch that they go on.

use std::collections::hash_map::RandomState;
use std::env;
use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::Write as _;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, Once};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossinterp_core::{Receiver, Sender, bounded, bounded_strict, rendezvous, unbounded};

/// How many tests share the time.
const TESTS: u32 = 17;
const DEFAULT_SECONDS: u32 = 8;
/// How long nothing may happen.
const PATIENCE: u32 = 60;

/// The tests take turns, so that the time of all is the sum of theirs.
static TURN: Mutex<()> = Mutex::new(());
/// What runs now.
static NOW: Mutex<Option<Round>> = Mutex::new(None);
static PROGRESS: AtomicUsize = AtomicUsize::new(0);

/// Something was sent, received or refused.
pub(crate) fn progress() {
    // Relaxed: it must not order what the channel is to order.
    PROGRESS.fetch_add(1, Ordering::Relaxed);
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Flavour {
    Bounded(usize),
    Rendezvous,
    Unbounded,
    Strict(usize),
}

impl Flavour {
    pub(crate) const ALL: [Self; 7] = [
        Self::Bounded(1),
        Self::Bounded(3),
        Self::Bounded(64),
        Self::Rendezvous,
        Self::Unbounded,
        Self::Strict(1),
        Self::Strict(70),
    ];

    pub(crate) fn make<T>(self) -> (Sender<T>, Receiver<T>) {
        match self {
            Self::Bounded(capacity) => bounded(capacity),
            Self::Rendezvous => rendezvous(),
            Self::Unbounded => unbounded(),
            Self::Strict(capacity) => bounded_strict(capacity),
        }
    }
}

/// One channel and its threads.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    test: &'static str,
    pub(crate) flavour: Flavour,
    seed: u64,
    pub(crate) producers: usize,
    pub(crate) consumers: usize,
    /// How many messages each producer makes.
    pub(crate) each: usize,
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { test, flavour, seed, producers, consumers, each } = self;
        write!(
            f,
            "{test}: {flavour:?}, {producers} producers of {each} messages, {consumers} consumers \
             (CROSSINTERP_STRESS_SEED={seed})"
        )
    }
}

impl Round {
    fn new(test: &'static str, flavour: Flavour, seed: u64) -> Self {
        let mut rng = Rng(seed);
        let most = if cfg!(miri) { 10 } else { 400 };
        let producers = 1 + rng.index(5);
        let consumers = 1 + rng.index(5);
        Self { test, flavour, seed, producers, consumers, each: 5 + rng.index(most) }
    }

    /// The choices of one of the threads.
    pub(crate) fn rng(&self, thread: usize) -> Rng {
        let mut rng = Rng(self.seed ^ (thread as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        rng.next();
        rng
    }
}

/// Says which round it was, when it fails.
struct Named(Round);

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("in {}", self.0);
        }
    }
}

/// Runs rounds of a test until its share of the time is over, at least one for each flavour.
pub(crate) fn rounds(test: &'static str, play: impl Fn(&Round)) {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| drop(thread::spawn(watch)));
    let _turn = lock(&TURN);
    let end = Instant::now() + share();
    let fixed = number_in("CROSSINTERP_STRESS_SEED");
    let mut seeds = Rng(RandomState::new().build_hasher().finish());
    let mut count = 0_usize;
    while count < Flavour::ALL.len() || Instant::now() < end {
        let flavour = Flavour::ALL[count % Flavour::ALL.len()];
        let round = Round::new(test, flavour, fixed.unwrap_or_else(|| seeds.next()).max(1));
        *lock(&NOW) = Some(round);
        let named = Named(round);
        play(&round);
        drop(named);
        *lock(&NOW) = None;
        progress();
        count += 1;
    }
    println!("{count} rounds");
}

/// What every thread gave, when all have ended.
pub(crate) fn join<R>(threads: Vec<JoinHandle<R>>) -> Vec<R> {
    let all: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
    all.into_iter().map(|end| end.expect("a thread failed, see above")).collect()
}

/// Ends the process when nothing happens any more.
fn watch() {
    let (mut seen, mut idle) = (PROGRESS.load(Ordering::Relaxed), 0);
    loop {
        // Counted in naps, not by the clock, which goes on while a machine is suspended.
        thread::sleep(Duration::from_secs(1));
        let now = PROGRESS.load(Ordering::Relaxed);
        idle = if now == seen { idle + 1 } else { 0 };
        seen = now;
        let round = *lock(&NOW);
        if idle >= PATIENCE
            && let Some(round) = round
        {
            // Not by `eprintln!`, whose output the test harness keeps until a test ends.
            let _ = writeln!(std::io::stderr(), "\nstress: nothing happened for {PATIENCE} s in {round}");
            process::abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn share() -> Duration {
    if cfg!(miri) {
        return Duration::ZERO;
    }
    let seconds = number_in("CROSSINTERP_STRESS_SECONDS").unwrap_or(DEFAULT_SECONDS.into());
    Duration::from_secs(seconds) / TESTS
}

fn number_in(variable: &str) -> Option<u64> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is not a number: {text}")))
}

/// xorshift64*
#[derive(Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 1
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 16) % end
    }

    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("it is below a length")
    }

    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }
}
