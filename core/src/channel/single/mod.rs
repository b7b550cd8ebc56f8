//! Ends that are not shared: a [`Producer`] is the only sender of its channel, a [`Consumer`] the only receiver.
//!
//! On a bounded channel such an end is alone on its side of the queue ([`crate::ring`], `single`), and needs no
//! compare-exchange for a message. It is a sender (receiver) inside: whatever is more than putting a message in (taking
//! one out) at once, it does as that one, and is alone again when it has done so many at once after it ([`STEADY`]). So
//! nobody waits, or is handed anything, while he is alone, and all that is said of channels elsewhere is true here. And
//! where each message is waited for, it is never alone, and costs nobody more than a shared end does.
//!
//! # Who else comes to that side of the queue
//!
//! - Other ends: there are none. The count of ends has the flag SINGLE, which keeps weak ends from making one.
//! - Waiting operations, which keep a channel without an end: while one of that side is not over, no end becomes
//!   single. (An end that its domain has released may be in the middle of an operation. What it does to the queue then
//!   fails, as against a peer in the middle of its own.)
//! - Who takes back what is queued ([`super::Drain`]): while the consumer is alone, he gets nothing.
//! - The domain that holds the end and closes: it closes the channel, which a producer sees by the flags. What is queued
//!   it cannot drop while the consumer is alone, who does so in his next operation, or when he goes: he ends being alone
//!   by a read-modify-write of the word on which the domain, closing, announced itself, and looks then whether it has
//!   released him; of the two that one comes second who sees what the other did.
//! - A select that gives up a slot that it reserved: it leaves it to the consumer to pass it.

mod consumer;
mod producer;

pub use consumer::ConsumerTryIter;

use core::fmt;
use core::mem::ManuallyDrop;

use super::end::End;
use super::flow::Flow;
use super::{CapacityError, Channel, Receiver, SINGLE, Sender, Side, try_bounded};
use crate::primitive::{Ordering, edge};
use crate::ring::Word;

impl<T> Channel<T> {
    /// Makes the one end of that side a single one. `false`: there are others, or waiting operations.
    fn make_single(&self, side: Side, is_ended: impl Fn() -> bool) -> bool {
        // ORDERING [channel.single]: Acquire, pairs with the Release in `leave`: what other ends began is visible, and
        // that the domain has released this one. Model: loom `single::a_waiting_send_is_seen`.
        let made = self.ends(side).compare_exchange(
            1,
            1 | SINGLE,
            edge!(channel.single: Acquire),
            Ordering::Relaxed,
        );
        if made.is_err() {
            return false;
        }
        if is_ended() || self.waiting(side).has_owner() {
            self.end_single(side);
            return false;
        }
        true
    }

    fn end_single(&self, side: Side) {
        // Relaxed: the end is the caller's.
        self.ends(side).fetch_and(!SINGLE, Ordering::Relaxed);
    }

    /// # Safety
    /// The caller has the single end of that side, and is not alone.
    unsafe fn begin_alone(&self, side: Side) {
        if let Flow::Bounded(ring) = &self.flow {
            // SAFETY: passed on to the caller.
            unsafe { ring.begin_alone(word(side)) };
        }
    }

    /// # Safety
    /// The caller has the single end of that side.
    unsafe fn end_alone(&self, side: Side) {
        if let Flow::Bounded(ring) = &self.flow {
            // SAFETY: passed on to the caller.
            unsafe { ring.end_alone(word(side)) };
        }
    }
}

/// How many messages in a row a single end moves at once before it is alone.
const STEADY: u8 = if cfg!(any(loom, xi_stop)) { 1 } else { 8 };

/// What the operations of that side move.
fn word(side: Side) -> Word {
    match side {
        Side::Sender => Word::Tail,
        Side::Receiver => Word::Head,
    }
}

impl<T> End<T> {
    /// # Safety
    /// It is a single end, and not alone.
    unsafe fn begin_alone(&self, side: Side) {
        if let Some(channel) = self.line()
            && !self.is_ended()
        {
            // SAFETY: passed on to the caller.
            unsafe { channel.begin_alone(side) };
        }
    }

    /// # Safety
    /// It is a single end.
    unsafe fn end_alone(&self, side: Side) {
        let Some(channel) = self.line() else { return };
        // SAFETY: passed on to the caller.
        unsafe { channel.end_alone(side) };
        if side == Side::Receiver && self.is_ended() {
            // What its domain could not take out.
            channel.discard();
        }
    }
}

/// The only sending end of a channel: it cannot be cloned, and sending takes `&mut`. On a bounded channel it sends
/// without any read-modify-write, and so faster than a [`Sender`], whatever the receivers are.
///
/// Made by [`Sender::try_into_single`] or [`bounded_single`]. Use it where one thread produces all messages of a
/// bounded channel, and the channel is neither full nor waited at for most of them: then it is faster. Else, and on
/// unbounded, strict and rendezvous channels, it works as the sender that it was made of, and is as fast. While it is faster, a
/// receiver that goes to sleep pays for that: by a system call of about a microsecond (on Linux with the feature `std`;
/// elsewhere each send pays, by a fence, which leaves little of what it is to save).
///
/// To send many by one call, as a task, or by a select, make it a sender again ([`Producer::into_shared`]).
///
/// ```
/// let (mut tx, mut rx) = crossinterp_core::bounded_single(2);
/// std::thread::spawn(move || (1..=3).for_each(|number| tx.send(number).unwrap()));
/// assert_eq!(rx.iter().sum::<i32>(), 6);
/// ```
pub struct Producer<T> {
    sender: Sender<T>,
    /// How many messages in a row it has sent at once; with `STEADY` it is alone, if the queue is open.
    steady: u8,
}

/// The only receiving end of a channel: it cannot be cloned, and receiving takes `&mut`. On a bounded channel it
/// receives without any read-modify-write, and so faster than a [`Receiver`], whatever the senders are.
///
/// Made by [`Receiver::try_into_single`] or [`bounded_single`]; when to use it is as for [`Producer`]. What is queued
/// is its own: [`Sender::close_and_drain`] of the other side gets nothing of it, or what there is at a moment at which
/// it waits, and [`Sender::send_overwriting`] displaces nothing of it. When the domain closes that holds it, what is queued is dropped in its next operation, or with it.
///
/// ```
/// use crossinterp_core::bounded;
///
/// let (tx, rx) = bounded(2);
/// let mut rx = rx.try_into_single().unwrap();
/// tx.send(1).unwrap();
/// tx.clone().send(2).unwrap();
/// assert_eq!((rx.recv(), rx.recv()), (Ok(1), Ok(2)));
/// ```
pub struct Consumer<T> {
    receiver: Receiver<T>,
    /// How many messages in a row it has received at once; with `STEADY` it is alone, if the queue is open.
    steady: u8,
}

/// Writes what both sides have.
macro_rules! single_end {
    ($single:ident, $end:ident, $end_field:ident, $side:expr, $variable:literal, $other:literal) => {
        impl<T> $end<T> {
            #[doc = concat!("Makes it a [`", stringify!($single), "`], if it is the only one.")]
            ///
            /// # Errors
            /// It comes back: there are others, or waiting operations of this side are not over; or its domain has
            /// closed.
            ///
            /// ```
            /// let (tx, rx) = crossinterp_core::bounded::<u8>(1);
            #[doc = concat!("let other = ", $variable, ".clone();")]
            #[doc = concat!("let ", $variable, " = ", $variable, ".try_into_single().unwrap_err(); // there is another")]
            /// drop(other);
            #[doc = concat!("let single = ", $variable, ".try_into_single().unwrap();")]
            #[doc = concat!("assert!(single.into_shared().try_into_single().is_ok());")]
            /// ```
            pub fn try_into_single(self) -> Result<$single<T>, Self> {
                if let Some(channel) = self.0.line()
                    && (self.0.is_stale() || !channel.make_single($side, || self.0.is_ended()))
                {
                    return Err(self);
                }
                // SAFETY: just made.
                unsafe { self.0.begin_alone($side) };
                Ok($single { $end_field: self, steady: STEADY })
            }
        }

        impl<T> $single<T> {
            #[doc = concat!("Makes it a [`", stringify!($end), "`] again, which can be cloned.")]
            ///
            /// ```
            /// let (tx, rx) = crossinterp_core::bounded_single::<u8>(1);
            /// let (tx, rx) = (tx.into_shared(), rx.into_shared());
            /// tx.clone().send(1).unwrap();
            /// assert_eq!(rx.clone().recv(), Ok(1));
            /// ```
            pub fn into_shared(self) -> $end<T> {
                let mut this = ManuallyDrop::new(self);
                this.leave();
                if let Some(channel) = this.$end_field.0.line()
                    && !this.$end_field.is_stale()
                {
                    channel.end_single($side);
                }
                // SAFETY: it is read once, and not dropped where it stood.
                unsafe { core::ptr::read(&this.$end_field) }
            }

            /// Ends that it is alone.
            fn leave(&mut self) {
                self.steady = 0;
                if !self.$end_field.is_stale() {
                    // SAFETY: it is the single one.
                    unsafe { self.$end_field.0.end_alone($side) };
                }
            }

            /// It is about to do more than move a message at once.
            fn be_disturbed(&mut self) {
                if self.steady == STEADY {
                    self.leave();
                }
                self.steady = 0;
            }

            /// It has moved a message at once, not alone.
            fn be_steady(&mut self) {
                self.steady += 1;
                if self.steady == STEADY {
                    // SAFETY: it is the single one, and was not alone before.
                    unsafe { self.$end_field.0.begin_alone($side) };
                }
            }

            /// Closes the channel for both sides: nothing more can be sent, what is queued can still be received.
            /// Closing again does nothing.
            ///
            /// ```
            /// use crossinterp_core::{TryRecvError, bounded_single};
            ///
            /// let (mut tx, mut rx) = bounded_single(2);
            /// tx.send(1).unwrap();
            #[doc = concat!($variable, ".close();")]
            /// assert!(tx.is_closed() && rx.is_closed() && tx.send(2).is_err());
            /// assert_eq!(rx.try_recv(), Ok(1));
            /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
            /// ```
            pub fn close(&self) {
                self.$end_field.close();
            }

            /// Whether nothing can be sent any more: it was closed, or one side is gone.
            ///
            /// ```
            /// let (tx, rx) = crossinterp_core::bounded_single::<u8>(1);
            #[doc = concat!("assert!(!", $variable, ".is_closed());")]
            #[doc = concat!("drop(", $other, ");")]
            #[doc = concat!("assert!(", $variable, ".is_closed());")]
            /// ```
            pub fn is_closed(&self) -> bool {
                self.$end_field.is_closed()
            }

            /// How many messages are queued at this moment.
            ///
            /// ```
            /// let (mut tx, rx) = crossinterp_core::bounded_single(2);
            #[doc = concat!("assert!(", $variable, ".is_empty() && !", $variable, ".is_full());")]
            /// tx.send(1).unwrap();
            #[doc = concat!("assert_eq!((", $variable, ".len(), ", $variable, ".capacity()), (1, Some(2)));")]
            /// tx.send(2).unwrap();
            #[doc = concat!("assert!(", $variable, ".is_full());")]
            /// # drop(rx);
            /// ```
            pub fn len(&self) -> usize {
                self.$end_field.len()
            }

            /// Whether none is queued at this moment. A rendezvous channel's queue is always empty.
            ///
            /// ```
            /// let (mut tx, mut rx) = crossinterp_core::bounded_single(4);
            #[doc = concat!("assert!(", $variable, ".is_empty());")]
            /// tx.try_send(1).unwrap();
            #[doc = concat!("assert!(!", $variable, ".is_empty());")]
            /// assert_eq!(rx.try_recv(), Ok(1));
            /// ```
            pub fn is_empty(&self) -> bool {
                self.$end_field.is_empty()
            }

            /// Whether the queue has no room at this moment. A rendezvous channel's is always full.
            ///
            /// ```
            /// let (mut tx, mut rx) = crossinterp_core::bounded_single(1);
            /// tx.try_send(1).unwrap();
            #[doc = concat!("assert!(", $variable, ".is_full());")]
            /// rx.try_recv().unwrap();
            #[doc = concat!("assert!(!", $variable, ".is_full());")]
            /// ```
            pub fn is_full(&self) -> bool {
                self.$end_field.is_full()
            }

            /// How many messages it holds at most; `None`: it is unbounded.
            ///
            /// ```
            /// use crossinterp_core::{bounded_single, unbounded};
            ///
            /// let (tx, rx) = bounded_single::<u8>(100);
            /// assert_eq!((tx.capacity(), rx.capacity()), (Some(100), Some(100)));
            ///
            /// let (tx, rx) = unbounded::<u8>();
            #[doc = concat!("let single = ", $variable, ".try_into_single().unwrap();")]
            /// assert_eq!(single.capacity(), None);
            #[doc = concat!("# drop(", $other, ");")]
            /// ```
            pub fn capacity(&self) -> Option<usize> {
                self.$end_field.capacity()
            }

            /// A number that no other channel has while an end of this one lives; the same for both sides.
            ///
            /// ```
            /// let (tx, rx) = crossinterp_core::bounded_single::<u8>(1);
            #[doc = concat!("let id = ", $variable, ".channel_id();")]
            #[doc = concat!("assert_eq!((", $other, ".channel_id(), ", $variable, ".into_shared().channel_id()), (id, id));")]
            /// ```
            pub fn channel_id(&self) -> usize {
                self.$end_field.channel_id()
            }

            /// Whether a domain that held this end has closed, and with it this end.
            ///
            /// ```
            /// use crossinterp_core::{Domain, DomainError, bounded};
            ///
            /// let domain = Domain::try_open()?;
            /// let (tx, rx) = bounded::<u8>(1);
            #[doc = concat!("let held = ", $variable, ".held_by(&domain)?;")]
            #[doc = concat!("drop(", $variable, "); // else the one that is held is not the only one")]
            /// let single = held.try_into_single().unwrap();
            /// domain.close();
            #[doc = concat!("assert!(single.is_ended() && ", $other, ".is_closed());")]
            /// # Ok::<(), DomainError>(())
            /// ```
            pub fn is_ended(&self) -> bool {
                self.$end_field.is_ended()
            }
        }

        impl<T> Drop for $single<T> {
            fn drop(&mut self) {
                self.leave();
            }
        }

        impl<T> fmt::Debug for $single<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.$end_field.0.fmt(stringify!($single), f)
            }
        }
    };
}

single_end!(Producer, Sender, sender, Side::Sender, "tx", "rx");
single_end!(Consumer, Receiver, receiver, Side::Receiver, "rx", "tx");

/// As [`bounded`](crate::bounded), with ends that are not shared.
///
/// # Panics
/// When there is no memory for that many; [`try_bounded_single`] answers instead.
///
/// ```
/// use crossinterp_core::{TrySendError, bounded_single};
///
/// let (mut tx, mut rx) = bounded_single(1);
/// tx.try_send("first").unwrap();
/// assert_eq!(tx.try_send("second"), Err(TrySendError::Full("second")));
/// assert_eq!(rx.try_recv(), Ok("first"));
/// ```
pub fn bounded_single<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    match try_bounded_single(capacity) {
        Ok(ends) => ends,
        Err(error) => panic!("a channel for {capacity} messages: {error}"),
    }
}

/// A channel that holds up to `capacity` messages, with ends that are not shared, or why there is none.
///
/// # Errors
/// [`CapacityError`], as for [`try_bounded`].
///
/// ```
/// use crossinterp_core::{CapacityError, try_bounded_single};
///
/// assert_eq!(try_bounded_single::<u64>(usize::MAX / 2).unwrap_err(), CapacityError::TooLarge);
/// assert!(try_bounded_single::<u64>(128).is_ok());
/// ```
pub fn try_bounded_single<T>(capacity: usize) -> Result<(Producer<T>, Consumer<T>), CapacityError> {
    let (sender, receiver) = try_bounded(capacity)?;
    match (sender.try_into_single(), receiver.try_into_single()) {
        (Ok(producer), Ok(consumer)) => Ok((producer, consumer)),
        _ => unreachable!("nobody else knows the channel"),
    }
}
