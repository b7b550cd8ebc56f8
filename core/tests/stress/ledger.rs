//! What became of each message: sent or not, as its sender was told, received, dropped.
//!
//! All accesses are `Relaxed`, so that the counting orders nothing that the channel itself must order.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::operations::Sent;
use crate::rounds::progress;

/// What its sender was told of a message.
const MADE: u8 = 1;
const SENT: u8 = 2;
const BACK: u8 = 3;
/// A waiting send was dropped: the message is received or dropped.
const GIVEN_UP: u8 = 4;

#[derive(Debug, Default)]
struct Entry {
    told: AtomicU8,
    received: AtomicU8,
    dropped: AtomicU8,
}

/// The messages of a round.
pub(crate) struct Ledger {
    entries: Vec<Entry>,
    /// How many each producer may make.
    each: usize,
}

/// A message, of which the ledger knows. Its contents are allocated.
pub(crate) struct Message {
    ledger: Arc<Ledger>,
    body: Box<[usize; 2]>,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Message").field(&self.body).finish()
    }
}

impl Message {
    pub(crate) fn producer(&self) -> usize {
        self.body[0]
    }

    pub(crate) fn number(&self) -> usize {
        self.body[1]
    }

    fn entry(&self) -> &Entry {
        self.ledger.entry(self.producer(), self.number())
    }

    /// It was received: it may be once, and not if its sender has it again.
    pub(crate) fn received(&self) {
        progress();
        assert_eq!(self.entry().received.fetch_add(1, Ordering::Relaxed), 0, "received twice: {self:?}");
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        self.entry().dropped.fetch_add(1, Ordering::Relaxed);
    }
}

impl Ledger {
    pub(crate) fn new(producers: usize, each: usize) -> Arc<Self> {
        Arc::new(Self { entries: (0..producers * each).map(|_| Entry::default()).collect(), each })
    }

    fn entry(&self, producer: usize, number: usize) -> &Entry {
        assert!(number < self.each, "not one of ours: {producer}, {number}");
        &self.entries[producer * self.each + number]
    }

    /// How many messages each producer makes.
    pub(crate) fn numbers(&self) -> std::ops::Range<usize> {
        0..self.each
    }

    /// Makes a message, which is done once for each.
    pub(crate) fn message(self: &Arc<Self>, producer: usize, number: usize) -> Message {
        let made = self.entry(producer, number).told.swap(MADE, Ordering::Relaxed);
        assert_eq!(made, 0, "made twice: {producer}, {number}");
        Message { ledger: Arc::clone(self), body: Box::new([producer, number]) }
    }

    /// Notes what a sender was told. A message that comes back is the one that was to be sent.
    pub(crate) fn told(&self, producer: usize, number: usize, sent: &Sent<Message>) {
        progress();
        let told = match sent {
            Sent::Yes => SENT,
            Sent::GivenUp => GIVEN_UP,
            Sent::NotNow(message) | Sent::Never(message) => {
                assert_eq!((message.producer(), message.number()), (producer, number), "another came back");
                BACK
            }
        };
        self.entry(producer, number).told.store(told, Ordering::Relaxed);
    }

    /// Notes that a message's way is not followed: it may be received or dropped.
    pub(crate) fn lost_sight(&self, producer: usize, number: usize) {
        progress();
        self.entry(producer, number).told.store(GIVEN_UP, Ordering::Relaxed);
    }

    /// After all ends are gone: each message was dropped once, and received if and only if it was sent. With `discarded` a
    /// message that was sent may have been dropped with the last receiver.
    pub(crate) fn check(&self, discarded: bool) {
        for (index, entry) in self.entries.iter().enumerate() {
            let [told, received, dropped] =
                [&entry.told, &entry.received, &entry.dropped].map(|count| count.load(Ordering::Relaxed));
            let good = match told {
                0 => (received, dropped) == (0, 0),
                SENT => dropped == 1 && (received == 1 || (discarded && received == 0)),
                BACK => (received, dropped) == (0, 1),
                GIVEN_UP => dropped == 1 && received <= 1,
                _ => false,
            };
            let (producer, number) = (index / self.each, index % self.each);
            assert!(good, "message {number} of producer {producer}: {entry:?}");
        }
    }
}
