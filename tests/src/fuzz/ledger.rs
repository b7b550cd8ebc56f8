//! Messages that are counted and wakers that count: what shows a loss, a double, a wake too few or too many.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

/// Which messages are alive.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    alive: Arc<Mutex<BTreeSet<u32>>>,
    made: u32,
}

impl Ledger {
    /// A message with a number that no other has.
    pub(crate) fn message(&mut self) -> Message {
        self.made += 1;
        self.alive.lock().unwrap().insert(self.made);
        Message { number: self.made, alive: Arc::clone(&self.alive) }
    }

    /// The numbers of the messages that were not dropped.
    pub(crate) fn alive(&self) -> BTreeSet<u32> {
        self.alive.lock().unwrap().clone()
    }
}

/// A message that strikes itself from the ledger when it is dropped.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) number: u32,
    alive: Arc<Mutex<BTreeSet<u32>>>,
}

impl Drop for Message {
    fn drop(&mut self) {
        // A panic here during another one would hide that one.
        let known = self.alive.lock().is_ok_and(|mut alive| alive.remove(&self.number));
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
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
