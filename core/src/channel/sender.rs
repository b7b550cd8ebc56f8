//! The sending side.

use core::fmt;
use core::task::Waker;

use super::end::End;
use super::flow::Unsent;
use super::policy::Patience;
use super::{OfferError, ParkError, SendWait, TrySendError};
use crate::domain::DomainError;
use crate::park::Park;
use crate::refs::Shared;

/// One sending end of a channel. A clone is one more; the channel is disconnected when all are dropped.
///
/// ```
/// let (tx, rx) = crossinterp_core::unbounded();
/// let other = tx.clone();
/// tx.try_send(1).unwrap();
/// other.try_send(2).unwrap();
/// drop((tx, other));
/// assert_eq!(rx.iter().collect::<Vec<_>>(), [1, 2]);
/// ```
pub struct Sender<T>(pub(super) End<T>);

impl<T> Sender<T> {
    /// Sends without waiting.
    ///
    /// # Errors
    /// [`TrySendError::Full`] when there is no room (for a rendezvous, nobody receives; or none yet, because a peer was
    /// stopped in the middle of its receive), `Disconnected` when the channel is
    /// closed, has no receivers, or the domain that held this end has closed. The message comes back.
    ///
    /// # Panics
    /// Never; without memory for an unbounded channel to grow the process ends, as for every collection
    /// ([`Sender::offer`] answers instead).
    #[inline]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.offer(message).map_err(|error| match error {
            OfferError::Full(message) => TrySendError::Full(message),
            OfferError::Disconnected(message) | OfferError::Ended(message) => {
                TrySendError::Disconnected(message)
            }
            OfferError::NoMemory(_) => alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<T>()),
        })
    }

    /// As [`Sender::try_send`], with every reason told apart and none that ends the process.
    ///
    /// # Errors
    /// [`OfferError`], with the message.
    ///
    /// ```
    /// use crossinterp_core::{OfferError, bounded};
    ///
    /// let (tx, _rx) = bounded(1);
    /// assert_eq!(tx.offer(1), Ok(()));
    /// assert_eq!(tx.offer(2), Err(OfferError::Full(2)));
    /// ```
    #[inline]
    pub fn offer(&self, message: T) -> Result<(), OfferError<T>> {
        match self.send_at_once(message) {
            Ok(()) => Ok(()),
            Err(message) => self.offer_slowly(message),
        }
    }

    /// Sends, if nothing is in the way; else the message comes back.
    #[inline]
    pub(crate) fn send_at_once(&self, message: T) -> Result<(), T> {
        if self.0.is_ended() { Err(message) } else { self.0.channel().send_at_once(message) }
    }

    // Apart, so that the other way is small enough to stand where it is called.
    #[inline(never)]
    fn offer_slowly(&self, message: T) -> Result<(), OfferError<T>> {
        if self.0.is_ended() {
            return Err(OfferError::Ended(message));
        }
        let mut message = message;
        let mut patience = Patience::new();
        loop {
            message = match self.0.channel().try_send(message) {
                Ok(()) => return Ok(()),
                Err(Unsent::Busy(message)) if patience.wait() => message,
                Err(Unsent::Full(message) | Unsent::Busy(message)) => return Err(OfferError::Full(message)),
                Err(Unsent::Closed(message)) => return Err(OfferError::Disconnected(message)),
                Err(Unsent::NoMemory(message)) => return Err(OfferError::NoMemory(message)),
            };
        }
    }

    /// Begins a send that waits for room; see [`SendWait`].
    ///
    /// # Errors
    /// [`DomainError`], with the message: the domain of this end ends, or there is no memory for the operation.
    pub fn begin_send(&self, message: T, waker: Waker) -> Result<SendWait<T>, (T, DomainError)> {
        SendWait::begin(&self.0, message, waker)
    }

    /// Sends, sleeping by the embedder's means while there is no room.
    ///
    /// # Errors
    /// [`ParkError`], with the message.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{Park, ParkError, Wakeup, bounded};
    ///
    /// /// Never sleeps: gives up at once.
    /// struct NoPatience;
    /// impl Park for NoPatience {
    ///     fn waker(&self) -> Waker {
    ///         Waker::noop().clone()
    ///     }
    ///     fn park(&self) -> Wakeup {
    ///         Wakeup::TimedOut
    ///     }
    /// }
    ///
    /// let (tx, _rx) = bounded(1);
    /// assert_eq!(tx.send_parking(1, &NoPatience), Ok(()));
    /// assert_eq!(tx.send_parking(2, &NoPatience), Err((2, ParkError::TimedOut)));
    /// ```
    pub fn send_parking(&self, message: T, park: &impl Park) -> Result<(), (T, ParkError)> {
        self.send_patiently(message, park, Patience::new())
    }

    /// The same, with so much patience left before it sleeps.
    pub(super) fn send_patiently(
        &self,
        message: T,
        park: &impl Park,
        mut patience: Patience,
    ) -> Result<(), (T, ParkError)> {
        let mut message = message;
        loop {
            message = match self.offer(message) {
                Ok(()) => return Ok(()),
                Err(OfferError::Full(message)) => message,
                Err(OfferError::Disconnected(message)) => return Err((message, ParkError::Disconnected)),
                Err(OfferError::Ended(message)) => return Err((message, ParkError::Ended)),
                Err(OfferError::NoMemory(message)) => return Err((message, ParkError::NoMemory)),
            };
            let channel = self.0.channel();
            if !channel.tries_first() || !patience.wait_with(|| channel.moved()) {
                break;
            }
        }
        match self.begin_send(message, park.waker()) {
            Ok(wait) => wait.park(park, patience),
            Err((message, error)) => Err((message, error.into())),
        }
    }
}

impl From<DomainError> for ParkError {
    fn from(error: DomainError) -> Self {
        match error {
            DomainError::Ended => Self::Ended,
            DomainError::NoMemory => Self::NoMemory,
        }
    }
}

/// Writes what both sides have.
macro_rules! either_end {
    ($end:ident) => {
        impl<T> $end<T> {
            /// Closes the channel for both sides: nothing more can be sent, what is queued can still be received.
            /// Operations that wait to send end, with their message. Closing again does nothing.
            ///
            /// ```
            #[doc = concat!("use crossinterp_core::{", stringify!($end), ", TryRecvError, unbounded};")]
            ///
            /// let (tx, rx) = unbounded();
            /// tx.try_send(1).unwrap();
            #[doc = concat!(
                                "let end: &", stringify!($end), "<i32> = &", either_end!(@variable $end), ";"
                            )]
            /// end.close();
            /// assert!(tx.try_send(2).is_err());
            /// assert_eq!(rx.try_recv(), Ok(1));
            /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
            /// ```
            pub fn close(&self) {
                self.0.close();
            }

            /// Closes the channel, and takes back what is queued: without this it can still be received, or is dropped
            /// with the last receiver. (Of an end whose domain has closed: nothing. And while a
            /// [`Consumer`](crate::Consumer) has the other side, little or nothing: what is queued is his.)
            ///
            /// ```
            #[doc = concat!("use crossinterp_core::{", stringify!($end), ", unbounded};")]
            ///
            /// let (tx, rx) = unbounded();
            /// tx.try_send(1).unwrap();
            /// tx.try_send(2).unwrap();
            #[doc = concat!(
                                "let end: &", stringify!($end), "<i32> = &", either_end!(@variable $end), ";"
                            )]
            /// assert_eq!(end.close_and_drain().collect::<Vec<_>>(), [1, 2]);
            /// assert!(tx.try_send(3).is_err() && rx.try_recv().is_err());
            /// ```
            pub fn close_and_drain(&self) -> $crate::Drain<T> {
                self.0.close();
                $crate::channel::Drain::new(self.0.line().filter(|_| !self.0.is_ended()))
            }

            /// Whether nothing can be sent any more: it was closed, or one side is gone.
            pub fn is_closed(&self) -> bool {
                self.0.is_ended() || self.0.line().is_some_and(|channel| channel.flow.is_closed())
            }

            /// How many messages are queued at this moment.
            pub fn len(&self) -> usize {
                self.0.line().map_or(0, |channel| channel.len())
            }

            /// Whether none is queued at this moment. A rendezvous channel's queue is always empty.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether the queue has no room at this moment. A rendezvous channel's is always full.
            pub fn is_full(&self) -> bool {
                self.capacity().is_some_and(|capacity| self.len() >= capacity)
            }

            /// How many messages it holds at most; `None`: it is unbounded.
            pub fn capacity(&self) -> Option<usize> {
                self.0.line().map_or(Some(0), |channel| channel.capacity)
            }

            /// Whether both are ends of the same channel.
            pub fn same_channel(&self, other: &Self) -> bool {
                match (self.0.line(), other.0.line()) {
                    (Some(this), Some(other)) => Shared::ptr_eq(this, other),
                    // Of a channel that never has a message there is one, for all one can see.
                    (this, other) => this.is_none() && other.is_none(),
                }
            }

            /// A number that no other channel has while an end of this one lives; the same for both sides. (0 of one that
            /// [`never`](crate::never) made.)
            pub fn channel_id(&self) -> usize {
                self.0.line().map_or(0, Shared::address)
            }

            /// What memory the channel has at this moment. (Nothing, if [`never`](crate::never) made it.)
            ///
            /// ```
            #[doc = concat!("use crossinterp_core::{", stringify!($end), ", bounded};")]
            ///
            /// let (tx, rx) = bounded::<u64>(100);
            #[doc = concat!(
                                "let end: &", stringify!($end), "<u64> = &", either_end!(@variable $end), ";"
                            )]
            /// assert!(end.memory().queue >= 100 * size_of::<u64>());
            /// assert_eq!(end.memory().waiters, 0); // nobody has waited yet
            /// ```
            pub fn memory(&self) -> $crate::Memory {
                self.0.line().map_or_else(Default::default, |channel| channel.memory())
            }

            /// How many senders there are at this moment.
            pub fn sender_count(&self) -> usize {
                self.0.line().map_or(0, |channel| channel.count($crate::channel::Side::Sender))
            }

            /// How many receivers there are at this moment.
            pub fn receiver_count(&self) -> usize {
                self.0.line().map_or(0, |channel| channel.count($crate::channel::Side::Receiver))
            }

            /// Whether a domain that held this end has closed, and with it this end. Every operation then says
            /// `Disconnected` (or `Ended`, where the error can tell).
            pub fn is_ended(&self) -> bool {
                self.0.is_ended()
            }

            /// Whether the channel was made before a `fork()`, in the parent of this process, as far as
            /// [`after_fork`](crate::after_fork) was called: then do not use it.
            pub fn is_stale(&self) -> bool {
                self.0.is_stale()
            }

            /// One more end, held by the same domain if there is one.
            ///
            /// # Errors
            #[doc = "[`DomainError`](crate::DomainError): that domain has closed, or there is no memory."]
            pub fn try_clone(&self) -> Result<Self, $crate::DomainError> {
                self.0.try_clone().map(Self)
            }

            /// One more end, held by no domain: to be sent somewhere.
            ///
            /// # Errors
            #[doc = "[`DomainError::Ended`](crate::DomainError::Ended): the domain of this end has closed."]
            pub fn free_clone(&self) -> Result<Self, $crate::DomainError> {
                self.0.free_clone().map(Self)
            }
        }

        impl<T: Send + 'static> $end<T> {
            /// One more end, held by that domain: it goes when the domain closes, at the latest.
            ///
            /// # Errors
            #[doc = "[`DomainError`](crate::DomainError): that domain has closed, or there is no memory."]
            pub fn held_by(&self, domain: &$crate::Domain) -> Result<Self, $crate::DomainError> {
                self.0.held_by(domain).map(Self)
            }
        }

        // Whatever unwinds, a channel is whole: a message is in one place at any time.
        impl<T> core::panic::UnwindSafe for $end<T> {}
        impl<T> core::panic::RefUnwindSafe for $end<T> {}

        impl<T> Clone for $end<T> {
            /// One more end, held by the same domain if there is one; of an ended one, another that is ended.
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<T> fmt::Debug for $end<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(stringify!($end), f)
            }
        }
    };
    (@variable Sender) => {
        "tx"
    };
    (@variable Receiver) => {
        "rx"
    };
}
pub(super) use either_end;

either_end!(Sender);
