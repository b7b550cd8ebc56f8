//! Channels: a queue, the operations that wait for it, and its two sides.
//!
//! # At this stage
//!
//! Everything of a channel that changes is one `State` under one short word lock ([`crate::lock`]). That makes each
//! operation one step, so the rules are few:
//!
//! 1. While a receiver waits, nothing is queued or given back; while a sender waits, the queue is full (a rendezvous
//!    channel's always is). Hence a message that finds a receiver waiting may be handed to it without overtaking.
//! 2. A receive takes first what was given back, in the order of handing over, then the oldest of the queue; the place
//!    that this frees is filled by the message of the sender that waited longest.
//! 3. A message is in one place at a time: with its sender, in the queue, or in a waiter. A waiter that is settled with
//!    a message and goes without giving it out hands it to the next receiver, or stands in `returned` with it: the
//!    message stays in the waiter's own memory, so that giving back cannot fail.
//! 4. Wake functions are called, and messages dropped, after the lock was let go: they may use the same channel.
//!
//! # Progress
//!
//! An operation that need not wait takes the lock once, for a bounded number of steps. A thread that the system stops
//! inside of such a section holds up the others until it goes on.
//!
//! # Who owns what
//!
//! Every end, every waiting operation and every entry of one in a domain counts the [`Channel`]; the channel counts the
//! waiters that stand in its queues. A waiting operation takes its waiter out of the queue before it lets the channel
//! go, so there is no circle; but an end that is queued in its own channel is one, which closing and draining, or the
//! last receiver's going, breaks.

mod end;
mod error;
mod pending;
mod receiver;
mod sender;
mod state;
mod value;

pub use crate::ring::CapacityError;
pub use error::{
    OfferError, ParkError, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TakeError, TryRecvError,
    TrySendError, WaitError,
};
pub use pending::{RecvWait, SendWait};
pub use receiver::{Receiver, TryIter};
pub use sender::Sender;

use crate::list::List;
use crate::lock::Lock;
use crate::primitive::{generation, next_generation};
use crate::refs::Shared;
use crate::ring::Ring;
use crate::wait::Phase;
use end::End;
use state::{Queue, State};

/// Which side of a channel an end is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Sender,
    Receiver,
}

/// What every end of a channel shares.
#[derive(Debug)]
pub(crate) struct Channel<T> {
    /// `None`: unbounded.
    capacity: Option<usize>,
    /// Of the process in which it was made.
    generation: usize,
    state: Lock<State<T>>,
}

impl<T> Channel<T> {
    fn try_with_ends(
        capacity: Option<usize>,
        queue: Queue<T>,
    ) -> Result<(Sender<T>, Receiver<T>), CapacityError> {
        let state = Lock::new(State::new(queue));
        let channel = Shared::try_new(Self { capacity, generation: generation(), state })
            .map_err(|_| CapacityError::NoMemory)?;
        // `State::new` counts one end of each side: these two.
        Ok((
            Sender(End::counted(channel.clone(), Side::Sender)),
            Receiver(End::counted(channel, Side::Receiver)),
        ))
    }

    /// Settles every waiting operation of a side, one by one, waking without the lock.
    fn settle_all(&self, side: Side, phase: Phase) {
        while let Some(waker) = self.state.with(|state| state.settle_next(side, phase)) {
            waker.wake();
        }
    }

    /// Nothing can be sent any more; what is queued can be received.
    fn close(&self) {
        self.state.with(State::close);
        self.settle_all(Side::Sender, Phase::Disconnected);
        self.settle_all(Side::Receiver, Phase::Disconnected);
    }

    /// One end more.
    fn enter(&self, side: Side) {
        self.state.with(|state| *state.ends(side) += 1);
    }

    /// One end less. The last one of a side disconnects the other; with the last receiver goes what is still queued.
    fn leave(&self, side: Side) {
        let last = self.state.with(|state| {
            let ends = state.ends(side);
            *ends -= 1;
            *ends == 0
        });
        if !last {
            return;
        }
        self.settle_all(Side::Receiver, Phase::Disconnected);
        if side == Side::Receiver {
            self.settle_all(Side::Sender, Phase::Disconnected);
            while let Some(message) = self.state.with(State::take_unreceivable) {
                drop(message);
            }
        }
    }
}

/// Tells the library that this process is the child of a `fork()`. An embedder whose process forks calls it first thing
/// in the child, as from `pthread_atfork`.
///
/// A channel that was made before may have been in the middle of anything when the other threads were left behind. From
/// here on its ends say that they are stale ([`Sender::is_stale`]), and dropping one leaks it, because its lock may never
/// be let go. Using one is the caller's to avoid. New channels and domains work.
///
/// ```standalone_crate
/// let (tx, _rx) = crossinterp_core::unbounded::<u8>();
/// assert!(!tx.is_stale());
/// crossinterp_core::after_fork();
/// assert!(tx.is_stale());
/// ```
pub fn after_fork() {
    next_generation();
}

/// A channel that holds up to `capacity` messages; 0 makes a [`rendezvous`] channel.
///
/// # Panics
/// When there is no memory for that many; [`try_bounded`] answers instead.
///
/// ```
/// use crossinterp_core::{TrySendError, bounded};
///
/// let (tx, rx) = bounded(1);
/// tx.try_send("first").unwrap();
/// assert_eq!(tx.try_send("second"), Err(TrySendError::Full("second")));
/// assert_eq!(rx.try_recv(), Ok("first"));
/// ```
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    match try_bounded(capacity) {
        Ok(ends) => ends,
        Err(error) => panic!("a channel for {capacity} messages: {error}"),
    }
}

/// A channel that holds up to `capacity` messages, or why there is none.
///
/// # Errors
/// [`CapacityError::TooLarge`] for more slots than an address space holds, [`CapacityError::NoMemory`] when the
/// allocator refuses. (A system that grants more memory than it has refuses later, when the slots are used.)
///
/// ```
/// use crossinterp_core::{CapacityError, try_bounded};
///
/// assert_eq!(try_bounded::<u64>(usize::MAX / 2).unwrap_err(), CapacityError::TooLarge);
/// assert!(try_bounded::<u64>(128).is_ok());
/// ```
pub fn try_bounded<T>(capacity: usize) -> Result<(Sender<T>, Receiver<T>), CapacityError> {
    Channel::try_with_ends(Some(capacity), Queue::Ring(Ring::try_new(capacity)?))
}

/// A channel without a place for messages: a send waits until a receiver takes its message.
///
/// ```
/// use crossinterp_core::{TrySendError, rendezvous};
///
/// let (tx, rx) = rendezvous();
/// assert_eq!(tx.try_send(1), Err(TrySendError::Full(1))); // nobody waits
/// std::thread::scope(|scope| {
///     scope.spawn(|| tx.send(2).unwrap());
///     assert_eq!(rx.recv(), Ok(2));
/// });
/// ```
pub fn rendezvous<T>() -> (Sender<T>, Receiver<T>) {
    bounded(0)
}

/// A channel that grows as long as there is memory: sending never waits.
///
/// ```
/// use crossinterp_core::unbounded;
///
/// let (tx, rx) = unbounded();
/// for number in 0..1000 {
///     tx.try_send(number).unwrap();
/// }
/// drop(tx);
/// assert_eq!(rx.iter().sum::<i32>(), 499_500);
/// ```
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    match try_unbounded() {
        Ok(ends) => ends,
        Err(error) => panic!("an unbounded channel: {error}"),
    }
}

/// As [`unbounded`], with an answer instead of a panic when there is no memory for the channel itself.
///
/// # Errors
/// [`CapacityError::NoMemory`].
///
/// ```
/// assert!(crossinterp_core::try_unbounded::<u8>().is_ok());
/// ```
pub fn try_unbounded<T>() -> Result<(Sender<T>, Receiver<T>), CapacityError> {
    Channel::try_with_ends(None, Queue::List(List::new()))
}
