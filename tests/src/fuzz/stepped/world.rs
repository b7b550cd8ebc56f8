//! What the threads share: the channels, what is known of them, and what everybody waits for.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::Waker;

use crossinterp_core::{Domain, Receiver, Sender, TryRecvError, bounded, rendezvous, unbounded};

use super::wait::Begun;
use crate::fuzz::history::History;
use crate::fuzz::ledger::{Ledger, Message, Wakes};
use crate::fuzz::stage::{ACTORS, trace};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Sender,
    Receiver,
}

/// An end, counted for as long as it is there.
pub(super) struct Kept<E> {
    end: E,
    /// Dropped after it.
    _count: Counted,
}

/// The first ends of a channel.
pub(super) type FirstEnds = (Sender<Message>, Receiver<Message>);

/// One that is counted.
pub(super) struct Counted(Arc<AtomicUsize>);

pub(super) type KeptSender = Arc<Kept<Sender<Message>>>;
pub(super) type KeptReceiver = Arc<Kept<Receiver<Message>>>;

impl<E> Kept<E> {
    pub(super) fn new(end: E, count: Counted) -> Self {
        Self { end, _count: count }
    }
}

impl<E> Deref for Kept<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.end
    }
}

impl Counted {
    pub(super) fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One channel.
pub(super) struct Line {
    pub(super) capacity: Option<usize>,
    pub(super) ledger: Ledger,
    pub(super) history: History,
    /// All ends, to look at the channel and to close it.
    pub(super) senders: Mutex<Vec<Weak<Kept<Sender<Message>>>>>,
    pub(super) receivers: Mutex<Vec<Weak<Kept<Receiver<Message>>>>>,
    /// How many there are of each side, with those that somebody is about to make.
    pub(super) ends: [Arc<AtomicUsize>; 2],
}

/// What a thread sleeps in.
#[derive(Clone, Debug)]
pub(super) struct Sleep {
    /// Which operations: one, or those of a select.
    pub(super) cases: Vec<(usize, Side)>,
    /// It only wants to know that one could be done.
    pub(super) watches: bool,
    pub(super) held: bool,
}

pub(super) struct World {
    pub(super) lines: Vec<Line>,
    pub(super) domain: Domain,
    /// What each thread has begun and not finished, and in what it sleeps.
    pub(super) waits: [Mutex<Vec<Begun>>; ACTORS],
    pub(super) sleeps: [Mutex<Option<Sleep>>; ACTORS],
    /// All that can wake somebody.
    wakes: Mutex<Vec<Weak<Wakes>>>,
    /// What the threads had when they came to their end.
    pub(super) left: Mutex<Vec<(Vec<KeptSender>, Vec<KeptReceiver>)>>,
}

impl Line {
    fn new(flavour: u8) -> (Self, FirstEnds) {
        let (ends, capacity) = match flavour {
            0 => (rendezvous(), Some(0)),
            3 => (unbounded(), None),
            capacity => (bounded(capacity.into()), Some(capacity.into())),
        };
        let line = Self {
            capacity,
            ledger: Ledger::default(),
            history: History::default(),
            senders: Mutex::default(),
            receivers: Mutex::default(),
            ends: Default::default(),
        };
        (line, ends)
    }

    pub(super) fn is_rendezvous(&self) -> bool {
        self.capacity == Some(0)
    }

    fn live_sender(&self) -> Option<KeptSender> {
        let senders = self.senders.lock().unwrap();
        senders.iter().filter_map(Weak::upgrade).find(|sender| !sender.is_ended())
    }

    fn live_receiver(&self) -> Option<KeptReceiver> {
        let receivers = self.receivers.lock().unwrap();
        receivers.iter().filter_map(Weak::upgrade).find(|receiver| !receiver.is_ended())
    }

    /// Whether it is closed, and how many messages it holds.
    pub(super) fn look(&self) -> (bool, usize) {
        match (self.live_sender(), self.live_receiver()) {
            (Some(sender), Some(_)) => (sender.is_closed(), sender.len()),
            (None, Some(receiver)) => (true, receiver.len()),
            (_, None) => (true, 0),
        }
    }

    /// `false`: no end is left to close it by.
    pub(super) fn close(&self) -> bool {
        self.history.disconnects();
        match (self.live_sender(), self.live_receiver()) {
            (Some(sender), _) => sender.close(),
            (_, Some(receiver)) => receiver.close(),
            (None, None) => return false,
        }
        self.history.closed();
        true
    }

    /// Everything that arrived is received, if anybody can.
    fn drain(&self) {
        let receiver = self.live_receiver();
        if let Some(receiver) = &receiver {
            loop {
                let begin = self.history.now();
                match receiver.try_recv() {
                    Ok(message) => self.history.received(begin, message.number),
                    Err(TryRecvError::Empty) => {
                        assert!(!receiver.is_closed(), "closed, and Empty");
                        assert!(receiver.is_empty(), "Empty, and {} messages", receiver.len());
                        break;
                    }
                    Err(TryRecvError::Disconnected) => {
                        assert!(receiver.is_closed(), "open, and Disconnected");
                        break;
                    }
                }
            }
        }
        self.history.check(receiver.is_some(), self.capacity);
    }
}

impl World {
    /// The world, and the first ends of its channels.
    pub(super) fn new(flavours: &[u8]) -> (Self, Vec<FirstEnds>) {
        let (lines, ends) = flavours.iter().map(|&flavour| Line::new(flavour)).unzip();
        let world = Self {
            lines,
            domain: Domain::try_open().unwrap(),
            waits: Default::default(),
            sleeps: Default::default(),
            wakes: Mutex::default(),
            left: Mutex::default(),
        };
        (world, ends)
    }

    pub(super) fn waker(&self) -> (Arc<Wakes>, Waker) {
        let (wakes, waker) = Wakes::new();
        self.wakes.lock().unwrap().push(Arc::downgrade(&wakes));
        (wakes, waker)
    }

    /// Nothing is left when everything that arrived is received.
    pub(super) fn end(self) {
        trace(|| "the end".to_string());
        let Self { lines, domain, wakes, left, .. } = self;
        lines.iter().for_each(Line::drain);
        drop((left, domain));
        for line in &lines {
            line.ledger.assert_alive(std::iter::empty());
        }
        let kept = wakes.lock().unwrap().iter().filter(|wakes| wakes.strong_count() > 0).count();
        assert_eq!(kept, 0, "wakers of operations that are over were kept");
    }
}
