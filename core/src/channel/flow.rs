//! How messages go from one side to the other: through a queue, or from hand to hand.
//!
//! Whatever the flavour, an operation is tried first, and waits only if it could do nothing. Why nothing is missed then:
//! a waiting operation offers its node, *then* announces itself with a read-modify-write of the word that those change
//! for which it waits, *then* looks once more ([`super::Channel::is_ready`]). They change that word and then look for nodes. Of
//! two read-modify-writes of one word the second sees what was before the first: one of the two sees the other. In a
//! queue that word is the position word (the flag in it saves those the look at the nodes for whom nobody waits); a
//! rendezvous has a word for just that.

use alloc::boxed::Box;

use super::Side;
use crate::list::{self, List};
use crate::primitive::{AtomicBool, AtomicUsize, Ordering, edge};
use crate::refs::Shared;
use crate::ring::{self, Ring, Word};

/// Why nothing was sent at once; the message comes back.
#[derive(Debug)]
pub(super) enum Unsent<T> {
    /// There is no room.
    Full(T),
    /// There is room, or will be, when a peer in the middle of its operation goes on.
    Busy(T),
    Closed(T),
    NoMemory(T),
}

impl<T> Unsent<T> {
    pub(super) fn into_message(self) -> T {
        match self {
            Self::Full(message) | Self::Busy(message) | Self::Closed(message) | Self::NoMemory(message) => {
                message
            }
        }
    }
}

/// Why nothing was received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreceived {
    Empty,
    /// There is a message, when a peer in the middle of its operation goes on.
    Busy,
    Closed,
}

/// The flavours.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one in a channel, and it stays where it is")]
pub(super) enum Flow<T> {
    Bounded(Ring<T>),
    /// In memory of its own, because its table is large; so the next.
    Unbounded(Shared<List<T>>),
    /// Bounded, by a list with a limit, in which nobody waits for a peer in the middle of his operation.
    Strict(Shared<List<T>>),
    Rendezvous(Meeting),
    /// Nothing is sent; messages come from elsewhere.
    Source(Feed<T>),
}

/// What a channel without senders gets its messages from: a clock, or nothing.
pub(crate) trait Source<T>: Send + Sync {
    /// A message, if there is one now.
    fn fetch(&self) -> Option<T>;

    /// How many there are now.
    fn len(&self) -> usize;

    /// When the next one is there. `None`: never.
    #[cfg(feature = "std")]
    fn due(&self) -> Option<std::time::Instant>;

    /// Takes the next one already, to be given out at the moment beside it, if that is not later than the limit.
    #[cfg(feature = "std")]
    fn reserve(&self, limit: Option<std::time::Instant>) -> Option<(std::time::Instant, T)>;

    /// Has that waker called when the next one is there.
    fn call_when_due(&self, waker: &core::task::Waker);
}

/// What a rendezvous has in a queue's place: messages pass from node to node (see [`crate::wait`]).
///
/// # Edge
///
/// `meeting.turn`: every announcement, Release, and the look for nodes after a later one, Acquire: the node that was
/// offered before the earlier is seen after the later. Both ends are the same read-modify-write, of two threads. Model:
/// loom `channel::two_that_come_at_once_meet`.
#[derive(Debug)]
pub(super) struct Meeting {
    /// How many announced themselves, and the flag CLOSED.
    word: AtomicUsize,
}

/// The source that never has a message.
pub(super) struct Never;

impl<T> Source<T> for Never {
    fn fetch(&self) -> Option<T> {
        None
    }

    fn len(&self) -> usize {
        0
    }

    #[cfg(feature = "std")]
    fn due(&self) -> Option<std::time::Instant> {
        None
    }

    #[cfg(feature = "std")]
    fn reserve(&self, _limit: Option<std::time::Instant>) -> Option<(std::time::Instant, T)> {
        None
    }

    fn call_when_due(&self, _waker: &core::task::Waker) {}
}

/// A source, and whether its channel was closed.
pub(super) struct Feed<T> {
    closed: AtomicBool,
    source: Box<dyn Source<T>>,
}

impl<T> Feed<T> {
    pub(super) fn new(source: Box<dyn Source<T>>) -> Self {
        Self { closed: AtomicBool::new(false), source }
    }

    pub(super) fn source(&self) -> &dyn Source<T> {
        &*self.source
    }

    /// The next message. A source whose channel was closed has none.
    pub(super) fn fetch(&self) -> Result<T, Unreceived> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Unreceived::Closed);
        }
        self.source.fetch().ok_or(Unreceived::Empty)
    }
}

impl<T> core::fmt::Debug for Feed<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Feed").field("closed", &self.closed).finish_non_exhaustive()
    }
}

const CLOSED: usize = 1;
const TURN: usize = 2;

impl Meeting {
    pub(super) fn new() -> Self {
        Self { word: AtomicUsize::new(0) }
    }

    fn close(&self) {
        // ORDERING [meeting.turn]: Acquire: the node is seen that was offered before an earlier announcement. (A later one
        // sees the flag, which stands in its word.) Model: loom `channel::closing_misses_nobody_who_meets`.
        self.word.fetch_or(CLOSED, edge!(meeting.turn: Acquire));
    }

    fn turn(&self) {
        // ORDERING [meeting.turn]: Release for what was offered before, Acquire for the look after it. Model: loom
        // `channel::two_that_come_at_once_meet`.
        self.word.fetch_add(TURN, edge!(meeting.turn: AcqRel));
    }
}

impl<T> Flow<T> {
    #[inline]
    pub(super) fn is_rendezvous(&self) -> bool {
        matches!(self, Self::Rendezvous(_))
    }

    pub(super) fn source(&self) -> Option<&dyn Source<T>> {
        match self {
            Self::Source(feed) => Some(feed.source()),
            _ => None,
        }
    }

    /// How many messages it holds.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bounded(ring) => ring.len(),
            Self::Unbounded(list) | Self::Strict(list) => list.len(),
            Self::Rendezvous(_) => 0,
            Self::Source(feed) => feed.source.len(),
        }
    }

    /// Lets nothing more in. Operations that announced that they wait, before this, are seen after it; those that do so
    /// later see that it is closed.
    pub(super) fn close(&self) {
        match self {
            Self::Bounded(ring) => _ = ring.close(),
            Self::Unbounded(list) | Self::Strict(list) => _ = list.close(),
            Self::Rendezvous(meeting) => meeting.close(),
            Self::Source(feed) => feed.closed.store(true, Ordering::Relaxed),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Bounded(ring) => ring.is_closed(),
            Self::Unbounded(list) | Self::Strict(list) => list.is_closed(),
            Self::Rendezvous(meeting) => meeting.word.load(Ordering::Relaxed) & CLOSED != 0,
            Self::Source(feed) => feed.closed.load(Ordering::Relaxed),
        }
    }

    /// Whether a receiver may be waiting to be handed a message: it is open, and one announced itself, or it is a rendezvous.
    #[inline]
    pub(super) fn may_hand(&self) -> bool {
        match self {
            Self::Bounded(ring) => ring.is_awaited(),
            Self::Unbounded(list) | Self::Strict(list) => list.is_awaited(),
            Self::Rendezvous(_) => !self.is_closed(),
            Self::Source(_) => false,
        }
    }

    /// Says that an operation of that side waits, whose node was offered before.
    pub(super) fn announce(&self, side: Side) {
        match (self, side) {
            (Self::Bounded(ring), Side::Receiver) => ring.announce(Word::Tail),
            (Self::Bounded(ring), Side::Sender) => ring.announce(Word::Head),
            (Self::Unbounded(list) | Self::Strict(list), Side::Receiver) => list.announce_receiver(),
            (Self::Strict(list), Side::Sender) => list.announce_sender(),
            (Self::Unbounded(_), Side::Sender) => {} // it never waits
            (Self::Source(_), _) => {}               // nobody comes
            (Self::Rendezvous(meeting), _) => meeting.turn(),
        }
    }

    /// Takes back that operations of that side wait; nodes are looked for once more after it.
    pub(super) fn withdraw(&self, side: Side) {
        match (self, side) {
            (Self::Bounded(ring), Side::Receiver) => ring.withdraw(Word::Tail),
            (Self::Bounded(ring), Side::Sender) => ring.withdraw(Word::Head),
            (Self::Unbounded(list) | Self::Strict(list), Side::Receiver) => list.withdraw_receivers(),
            (Self::Strict(list), Side::Sender) => list.withdraw_senders(),
            (Self::Unbounded(_), Side::Sender) | (Self::Rendezvous(_) | Self::Source(_), _) => {}
        }
    }
}

impl<T> From<ring::PushError<T>> for Unsent<T> {
    fn from(error: ring::PushError<T>) -> Self {
        match error {
            ring::PushError::Full(message) => Self::Full(message),
            ring::PushError::Busy(message) => Self::Busy(message),
            ring::PushError::Closed(message) => Self::Closed(message),
        }
    }
}

impl From<ring::ReserveError> for Unsent<()> {
    fn from(error: ring::ReserveError) -> Self {
        match error {
            ring::ReserveError::Full => Self::Full(()),
            ring::ReserveError::Busy => Self::Busy(()),
            ring::ReserveError::Closed => Self::Closed(()),
        }
    }
}

impl<T> From<list::PushError<T>> for Unsent<T> {
    fn from(error: list::PushError<T>) -> Self {
        match error {
            list::PushError::Full(message) => Self::Full(message),
            list::PushError::Closed(message) => Self::Closed(message),
            list::PushError::NoMemory(message) => Self::NoMemory(message),
        }
    }
}

impl From<list::PopError> for Unreceived {
    fn from(error: list::PopError) -> Self {
        match error {
            list::PopError::Empty => Self::Empty,
            list::PopError::Closed => Self::Closed,
        }
    }
}
