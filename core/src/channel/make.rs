//! How channels are made.

use super::end::End;
use super::flow::{self, Flow, Meeting, Source};
use super::{CapacityError, Channel, Receiver, Sender};
use crate::list::List;
use crate::primitive::next_generation;
use crate::refs::Shared;
use crate::ring::Ring;

/// The receiving end of a channel whose messages come from there.
pub(crate) fn from_source<T>(
    capacity: usize,
    source: alloc::boxed::Box<dyn Source<T>>,
) -> Result<Receiver<T>, CapacityError> {
    let flow = Flow::Source(flow::Feed::new(source));
    let (sender, receiver) = Channel::try_with_ends(Some(capacity), flow)?;
    // Its going closes nothing: nobody was to send.
    sender.0.forget();
    Ok(receiver)
}

/// A channel that never has a message, and is never disconnected: an arm of a select that is switched off. It takes no
/// memory, and closing it does nothing.
///
/// ```
/// use crossinterp_core::{Receiver, TryRecvError, never};
///
/// const SILENT: Receiver<u8> = never();
/// assert_eq!(SILENT.try_recv(), Err(TryRecvError::Empty));
/// ```
pub const fn never<T>() -> Receiver<T> {
    Receiver(End::never())
}

/// Tells the library that this process is the child of a `fork()`. An embedder whose process forks calls it first thing
/// in the child, as from `pthread_atfork`.
///
/// A channel that was made before may have been in the middle of anything when the other threads were left behind. From
/// here on its ends say that they are stale ([`Sender::is_stale`]), and dropping one leaks it. Using one is the caller's to
/// avoid. New channels and domains work.
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
/// [`CapacityError::TooLarge`] for more than 2^59 messages (2^27 where words have 32 bits), or more than an address space
/// holds: each takes its size, and a word beside it. [`CapacityError::NoMemory`] when the allocator refuses. (A system that grants more memory than it has refuses later, when the slots are used.)
///
/// ```
/// use crossinterp_core::{CapacityError, try_bounded};
///
/// assert_eq!(try_bounded::<u64>(usize::MAX / 2).unwrap_err(), CapacityError::TooLarge);
/// assert!(try_bounded::<u64>(128).is_ok());
/// ```
pub fn try_bounded<T>(capacity: usize) -> Result<(Sender<T>, Receiver<T>), CapacityError> {
    let flow = match capacity {
        0 => Flow::Rendezvous(Meeting::new()),
        _ => Flow::Bounded(Ring::try_new(capacity)?),
    };
    Channel::try_with_ends(Some(capacity), flow)
}

/// A channel that holds up to `capacity` messages, in which no thread ever waits for another one's turn: *strictly* lock-free,
/// up to the allocator. A capacity of 0 makes a [`rendezvous`] channel, which has no queue and is so in any case.
///
/// # When to use it
///
/// Where a thread may be stopped for a long time, or for good, in the middle of an operation: by a debugger or a signal, by
/// priorities, by a runtime that ends its threads. In the ring of a [`bounded`] channel all that stands behind a slot then
/// waits for its owner, and after one time round the ring the whole channel does. Here who comes to a message that is
/// claimed and not there yet passes it after a moment, and its sender puts it in again, at the end, if he ever goes on: what a
/// stopped thread takes with it is one message at most, and no room. (So is an [`unbounded`] channel, always.)
///
/// Else [`bounded`] is faster: a message costs three read-modify-writes here, and two there; its slots are made once, here in
/// blocks as the queue grows; and messages have no place of their own, so that [`Sender::try_send_ref`] and
/// [`Receiver::try_recv_ref`] allocate one. A [`Producer`](crate::Producer) or [`Consumer`](crate::Consumer) is as fast as a shared end.
///
/// # Capacity
///
/// A send never makes it hold more than `capacity` messages, those included that are being sent. Two things may, by one for
/// each thread that does so at this moment, as a place that is held would be one to wait for: a [`Select`](crate::Select) (or
/// [`Sender::try_send_ref`]) that saw room, and sends after others have taken it; and [`Sender::send_overwriting`], which receives
/// the oldest message, and then sends its own.
///
/// # Panics
/// When there is no memory, or the capacity is too large; [`try_bounded_strict`] answers instead.
///
/// ```
/// use crossinterp_core::{TrySendError, bounded_strict};
///
/// let (tx, rx) = bounded_strict(2);
/// assert_eq!((tx.try_send(1), tx.try_send(2)), (Ok(()), Ok(())));
/// assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
/// assert_eq!((rx.try_recv(), tx.try_send(3)), (Ok(1), Ok(())));
/// drop(tx);
/// assert_eq!(rx.iter().collect::<Vec<_>>(), [2, 3]);
/// ```
pub fn bounded_strict<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    match try_bounded_strict(capacity) {
        Ok(ends) => ends,
        Err(error) => panic!("a strict channel for {capacity} messages: {error}"),
    }
}

/// As [`bounded_strict`], or why there is none. Memory for messages is only needed when they come: without it, a send says so
/// ([`Sender::offer`]), or ends the process, as on an [`unbounded`] channel.
///
/// # Errors
/// [`CapacityError::TooLarge`] for more than 2^54 messages (2^23 where words have 32 bits). [`CapacityError::NoMemory`] when the
/// allocator refuses.
///
/// ```
/// use crossinterp_core::{CapacityError, try_bounded_strict};
///
/// assert_eq!(try_bounded_strict::<u64>(usize::MAX).unwrap_err(), CapacityError::TooLarge);
/// assert!(try_bounded_strict::<u64>(128).is_ok());
/// ```
pub fn try_bounded_strict<T>(capacity: usize) -> Result<(Sender<T>, Receiver<T>), CapacityError> {
    if capacity == 0 {
        return try_bounded(0);
    }
    if capacity > List::<T>::MOST {
        return Err(CapacityError::TooLarge);
    }
    let list = Shared::try_new(List::with_limit(capacity)).map_err(|_| CapacityError::NoMemory)?;
    Channel::try_with_ends(Some(capacity), Flow::Strict(list))
}

/// A channel without a place for messages: a send waits until a receiver takes its message.
///
/// # Panics
/// When there is no memory for the channel itself; [`try_bounded`] with a capacity of 0 answers instead.
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
/// # Panics
/// When there is no memory for the channel itself; [`try_unbounded`] answers instead.
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
    let list = Shared::try_new(List::new()).map_err(|_| CapacityError::NoMemory)?;
    Channel::try_with_ends(None, Flow::Unbounded(list))
}
