//! Sends and receives as futures: with executors, beside threads, and dropped at any moment. With the feature `futures`
//! streams and sinks too. Nothing here needs the feature `std`, which only adds threads that sleep.
#![cfg(not(loom))]

mod drops;
mod ends;
mod model;
#[cfg(feature = "futures")]
mod sinks;
#[cfg(feature = "futures")]
mod streams;
mod tasks;
mod threads;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossinterp_core::{Receiver, Sender, bounded, rendezvous, unbounded};

/// Every kind of channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flavour {
    Bounded(usize),
    Rendezvous,
    Unbounded,
}

impl Flavour {
    const ALL: [Self; 5] =
        [Self::Bounded(0), Self::Rendezvous, Self::Bounded(1), Self::Bounded(3), Self::Unbounded];

    fn make<T>(self) -> (Sender<T>, Receiver<T>) {
        match self {
            Self::Bounded(capacity) => bounded(capacity),
            Self::Rendezvous => rendezvous(),
            Self::Unbounded => unbounded(),
        }
    }

    /// How many messages it holds; `None`: any number.
    fn capacity(self) -> Option<usize> {
        match self {
            Self::Bounded(capacity) => Some(capacity),
            Self::Rendezvous => Some(0),
            Self::Unbounded => None,
        }
    }
}

/// A message that counts its drop.
#[derive(Debug)]
struct Counted {
    number: usize,
    drops: Arc<AtomicUsize>,
}

/// Makes messages, and knows how many of them were dropped.
#[derive(Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    fn message(&self, number: usize) -> Counted {
        Counted { number, drops: Arc::clone(&self.0) }
    }

    fn drops(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}
