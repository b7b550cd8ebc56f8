//! What the threads share: the channels, what is known of them, and what everybody waits for.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::Waker;

use crossinterp_core::{
    Consumer, Domain, Producer, Receiver, Sender, TryRecvError, bounded, rendezvous, unbounded,
};

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

/// The first ends of a channel, but for one that is single from the beginning.
pub(super) type FirstEnds = (Option<Sender<Message>>, Option<Receiver<Message>>);

/// One that is counted.
pub(super) struct Counted(Arc<AtomicUsize>);

pub(super) type KeptSender = Arc<Kept<Sender<Message>>>;
pub(super) type KeptReceiver = Arc<Kept<Receiver<Message>>>;

impl<E> Kept<E> {
    pub(super) fn new(end: E, count: Counted) -> Self {
        Self { end, _count: count }
    }

    /// As another end, which counts as this one did.
    pub(super) fn try_map<F>(self, map: impl FnOnce(E) -> Result<F, E>) -> Result<Kept<F>, Self> {
        match map(self.end) {
            Ok(end) => Ok(Kept { end, _count: self._count }),
            Err(end) => Err(Self { end, _count: self._count }),
        }
    }
}

impl<E> Deref for Kept<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.end
    }
}

impl<E> DerefMut for Kept<E> {
    fn deref_mut(&mut self) -> &mut E {
        &mut self.end
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
    /// The end of a side that is not shared. Who uses it, its thread or the director, holds the lock.
    pub(super) producer: Mutex<Option<Kept<Producer<Message>>>>,
    pub(super) consumer: Mutex<Option<Kept<Consumer<Message>>>>,
    /// There was one, or somebody tried to make one: a weak end may make none then.
    pub(super) may_be_single: AtomicBool,
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
            producer: Mutex::default(),
            consumer: Mutex::default(),
            may_be_single: AtomicBool::new(false),
            ends: Default::default(),
        };
        (line, (Some(ends.0), Some(ends.1)))
    }

    /// The only end of that side is not shared, from the beginning; held by that domain, if there is one.
    pub(super) fn begin_single(&self, side: Side, ends: &mut FirstEnds, domain: Option<&Domain>) {
        self.may_be_single.store(true, Ordering::Relaxed);
        let count = Counted::new(&self.ends[side as usize]);
        match side {
            Side::Sender => {
                let first = ends.0.take().expect("it is taken once");
                let sender = domain.map_or_else(|| first.clone(), |domain| first.held_by(domain).unwrap());
                drop(first);
                let producer = Kept::new(sender.try_into_single().expect("it is the only one"), count);
                *self.producer.lock().unwrap() = Some(producer);
            }
            Side::Receiver => {
                let first = ends.1.take().expect("it is taken once");
                let receiver = domain.map_or_else(|| first.clone(), |domain| first.held_by(domain).unwrap());
                drop(first);
                let consumer = Kept::new(receiver.try_into_single().expect("it is the only one"), count);
                *self.consumer.lock().unwrap() = Some(consumer);
            }
        }
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

    /// Whether an end of that side is there, that has not ended; and what it says of the channel, if nobody sleeps with it.
    fn side(&self, side: Side) -> Option<Option<(bool, usize)>> {
        match side {
            Side::Sender => {
                if let Some(sender) = self.live_sender() {
                    return Some(Some((sender.is_closed(), sender.len())));
                }
                let Ok(producer) = self.producer.try_lock() else { return Some(None) };
                let producer = producer.as_ref().filter(|producer| !producer.is_ended())?;
                Some(Some((producer.is_closed(), producer.len())))
            }
            Side::Receiver => {
                if let Some(receiver) = self.live_receiver() {
                    return Some(Some((receiver.is_closed(), receiver.len())));
                }
                let Ok(consumer) = self.consumer.try_lock() else { return Some(None) };
                let consumer = consumer.as_ref().filter(|consumer| !consumer.is_ended())?;
                Some(Some((consumer.is_closed(), consumer.len())))
            }
        }
    }

    /// Whether it is closed, and how many messages it holds. `None`: the threads that have its two ends both sleep with them.
    pub(super) fn look(&self) -> Option<(bool, usize)> {
        match (self.side(Side::Sender), self.side(Side::Receiver)) {
            (_, None) => Some((true, 0)),
            (None, Some(look)) => Some((true, look.map_or(0, |(_, len)| len))),
            (Some(first), Some(second)) => first.or(second),
        }
    }

    /// `false`: no end is left to close it by.
    pub(super) fn close(&self) -> bool {
        self.history.disconnects();
        if let Some(sender) = self.live_sender() {
            sender.close();
        } else if let Some(receiver) = self.live_receiver() {
            receiver.close();
        } else if let Ok(Some(producer)) = self.producer.try_lock().as_deref() {
            producer.close();
        } else if let Ok(Some(consumer)) = self.consumer.try_lock().as_deref() {
            consumer.close();
        } else {
            return false;
        }
        self.history.closed();
        true
    }

    /// Everything that arrived is received, if anybody can.
    fn drain(&self) {
        let receiver = self.live_receiver();
        let mut consumer = self.consumer.lock().unwrap();
        let mut consumer = consumer.as_mut().filter(|consumer| !consumer.is_ended());
        let can_receive = receiver.is_some() || consumer.is_some();
        loop {
            let begin = self.history.now();
            let (received, closed, len) = match (&receiver, &mut consumer) {
                (Some(receiver), _) => (receiver.try_recv(), receiver.is_closed(), receiver.len()),
                (None, Some(consumer)) => (consumer.try_recv(), consumer.is_closed(), consumer.len()),
                (None, None) => break,
            };
            match received {
                Ok(message) => self.history.received(begin, message.number),
                Err(TryRecvError::Empty) => {
                    assert!(!closed, "closed, and Empty");
                    assert!(len == 0, "Empty, and {len} messages");
                    break;
                }
                Err(TryRecvError::Disconnected) => {
                    assert!(closed, "open, and Disconnected");
                    break;
                }
            }
        }
        self.history.check(can_receive, self.capacity);
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
            drop((line.producer.lock().unwrap().take(), line.consumer.lock().unwrap().take()));
            line.ledger.assert_alive(std::iter::empty());
        }
        let kept = wakes.lock().unwrap().iter().filter(|wakes| wakes.strong_count() > 0).count();
        assert_eq!(kept, 0, "wakers of operations that are over were kept");
    }
}
