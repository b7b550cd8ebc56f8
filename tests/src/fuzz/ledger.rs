//! Messages that are counted and wakers that count: what shows a loss, a double, a wake too few or too many.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

/// Which messages are alive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    alive: Arc<Mutex<Alive>>,
}

/// The messages by number, and how many of them are alive.
#[derive(Debug, Default)]
struct Alive {
    messages: Vec<bool>,
    count: usize,
}

impl Ledger {
    /// A message with a number that no other has.
    pub(crate) fn message(&self) -> Message {
        let mut alive = self.alive.lock().unwrap();
        alive.messages.push(true);
        alive.count += 1;
        let number = u32::try_from(alive.messages.len()).expect("a schedule makes few messages");
        Message { number, alive: Arc::clone(&self.alive) }
    }

    /// Those messages, each named once, were not dropped, and all others were.
    pub(crate) fn assert_alive(&self, expected: impl Iterator<Item = u32> + Clone) {
        let alive = self.alive.lock().unwrap();
        let mut named = 0;
        let mut same = true;
        expected.clone().for_each(|number| {
            named += 1;
            same &= alive.has(number);
        });
        assert!(
            same && named == alive.count,
            "messages that are alive: {:?}, not {:?}",
            (1..=alive.messages.len() as u32).filter(|number| alive.has(*number)).collect::<Vec<_>>(),
            expected.collect::<BTreeSet<_>>()
        );
    }
}

impl Alive {
    fn has(&self, number: u32) -> bool {
        self.messages[number as usize - 1]
    }

    /// Strikes a message out. `false`: it was struck out before.
    fn remove(&mut self, number: u32) -> bool {
        let alive = std::mem::take(&mut self.messages[number as usize - 1]);
        self.count -= usize::from(alive);
        alive
    }
}

/// A message that strikes itself from the ledger when it is dropped.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) number: u32,
    alive: Arc<Mutex<Alive>>,
}

impl Drop for Message {
    fn drop(&mut self) {
        // A panic here during another one would hide that one.
        let known = self.alive.lock().is_ok_and(|mut alive| alive.remove(self.number));
        assert!(known || std::thread::panicking(), "message {} was dropped twice", self.number);
    }
}

/// Counts how often it was called.
#[derive(Debug, Default)]
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        (Arc::clone(&wakes), Waker::from(wakes))
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether there is a waker that may still call this.
    pub(crate) fn is_kept(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) > 1
    }

    /// Nothing wakes an operation that is over, and no waker of one is left.
    pub(crate) fn assert_forgotten(self: &Arc<Self>) {
        assert!(!self.is_kept(), "the waker of an operation that is over was kept");
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
