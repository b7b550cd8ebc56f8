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
/// Any number of threads may use the same end at once, and an end may be moved to another thread, if messages may
/// (`T: Send`).
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
    ///
    /// ```
    /// use crossinterp_core::{TrySendError, bounded};
    ///
    /// let (tx, rx) = bounded(2);
    /// assert_eq!((tx.try_send(1), tx.try_send(2)), (Ok(()), Ok(())));
    /// assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    /// rx.try_recv().unwrap();
    /// assert_eq!(tx.try_send(3), Ok(()));
    /// ```
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
    #[inline(always)]
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
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{Domain, DomainError, bounded};
    ///
    /// let domain = Domain::try_open()?;
    /// let (tx, rx) = bounded(1);
    /// let held = tx.held_by(&domain)?;
    /// let wait = held.begin_send(1, Waker::noop().clone()).unwrap(); // there is room: it is sent
    /// assert!(wait.is_settled());
    /// assert_eq!(wait.finish(), Ok(()));
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// domain.end_waits();
    /// let refused = held.begin_send(2, Waker::noop().clone()).unwrap_err();
    /// assert_eq!(refused, (2, DomainError::Ended));
    /// # Ok::<(), DomainError>(())
    /// ```
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
            ///
            /// ```
            /// let (tx, rx) = crossinterp_core::unbounded();
            /// tx.try_send(1).unwrap();
            /// assert!(!tx.is_closed() && !rx.is_closed());
            /// drop(tx);
            /// assert!(rx.is_closed());
            /// assert_eq!(rx.try_recv(), Ok(1)); // closed, but not empty
            /// ```
            pub fn is_closed(&self) -> bool {
                self.0.is_ended() || self.0.line().is_some_and(|channel| channel.flow.is_closed())
            }

            /// How many messages are queued at this moment.
            ///
            /// A message of a send that still waits for room is not.
            ///
            /// ```
            /// use core::task::Waker;
            ///
            /// let (tx, rx) = crossinterp_core::bounded(1);
            /// assert_eq!((tx.len(), rx.len()), (0, 0));
            /// tx.try_send(1).unwrap();
            /// let waiting = tx.begin_send(2, Waker::noop().clone()).unwrap();
            /// assert_eq!((tx.len(), rx.len()), (1, 1));
            /// # drop(waiting);
            /// ```
            pub fn len(&self) -> usize {
                self.0.line().map_or(0, |channel| channel.len())
            }

            /// Whether none is queued at this moment. A rendezvous channel's queue is always empty.
            ///
            /// ```
            /// let (tx, rx) = crossinterp_core::unbounded();
            /// assert!(tx.is_empty() && rx.is_empty());
            /// tx.try_send(1).unwrap();
            /// assert!(!tx.is_empty() && !rx.is_empty());
            /// ```
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether the queue has no room at this moment. A rendezvous channel's is always full.
            ///
            /// ```
            /// use crossinterp_core::{bounded, rendezvous, unbounded};
            ///
            /// let (tx, rx) = bounded(1);
            /// assert!(!tx.is_full());
            /// tx.try_send(1).unwrap();
            /// assert!(tx.is_full() && rx.is_full());
            ///
            /// let (tx, rx) = unbounded::<u8>();
            /// assert!(!tx.is_full() && !rx.is_full()); // never
            /// let (tx, rx) = rendezvous::<u8>();
            /// assert!(tx.is_full() && rx.is_full()); // always
            /// ```
            pub fn is_full(&self) -> bool {
                self.capacity().is_some_and(|capacity| self.len() >= capacity)
            }

            /// How many messages it holds at most; `None`: it is unbounded.
            ///
            /// ```
            /// use crossinterp_core::{bounded, rendezvous, unbounded};
            ///
            /// let (tx, rx) = bounded::<u8>(100);
            /// assert_eq!((tx.capacity(), rx.capacity()), (Some(100), Some(100)));
            /// assert_eq!(rendezvous::<u8>().0.capacity(), Some(0));
            /// assert_eq!(unbounded::<u8>().0.capacity(), None);
            /// ```
            pub fn capacity(&self) -> Option<usize> {
                self.0.line().map_or(Some(0), |channel| channel.capacity)
            }

            /// Whether both are ends of the same channel.
            ///
            /// ```
            /// use crossinterp_core::unbounded;
            ///
            /// let (tx, rx) = unbounded::<u8>();
            /// let (other_tx, other_rx) = unbounded::<u8>();
            /// assert!(tx.same_channel(&tx.clone()) && rx.same_channel(&rx.clone()));
            /// assert!(!tx.same_channel(&other_tx) && !rx.same_channel(&other_rx));
            /// ```
            pub fn same_channel(&self, other: &Self) -> bool {
                match (self.0.line(), other.0.line()) {
                    (Some(this), Some(other)) => Shared::ptr_eq(this, other),
                    // Of a channel that never has a message there is one, for all one can see.
                    (this, other) => this.is_none() && other.is_none(),
                }
            }

            /// A number that no other channel has while an end of this one lives; the same for both sides. (0 of one that
            /// [`never`](crate::never) made.)
            ///
            /// ```
            /// use crossinterp_core::unbounded;
            ///
            /// let (tx, rx) = unbounded::<u8>();
            /// let (other, _) = unbounded::<u8>();
            /// assert_eq!(tx.channel_id(), rx.channel_id());
            /// assert_ne!(tx.channel_id(), other.channel_id());
            /// ```
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
            ///
            /// ```
            /// let (tx, rx) = crossinterp_core::unbounded::<u8>();
            /// let other = tx.clone();
            /// assert_eq!((tx.sender_count(), rx.sender_count()), (2, 2));
            /// drop((tx, other));
            /// assert_eq!(rx.sender_count(), 0);
            /// ```
            pub fn sender_count(&self) -> usize {
                self.0.line().map_or(0, |channel| channel.count($crate::channel::Side::Sender))
            }

            /// How many receivers there are at this moment.
            ///
            /// ```
            /// let (tx, rx) = crossinterp_core::unbounded::<u8>();
            /// let other = rx.clone();
            /// assert_eq!((tx.receiver_count(), rx.receiver_count()), (2, 2));
            /// drop((rx, other));
            /// assert_eq!(tx.receiver_count(), 0);
            /// ```
            pub fn receiver_count(&self) -> usize {
                self.0.line().map_or(0, |channel| channel.count($crate::channel::Side::Receiver))
            }

            /// Whether a domain that held this end has closed, and with it this end. Every operation then says
            /// `Disconnected` (or `Ended`, where the error can tell).
            ///
            /// ```
            /// use crossinterp_core::{Domain, DomainError, unbounded};
            ///
            /// let domain = Domain::try_open()?;
            /// let (tx, rx) = unbounded::<u8>();
            /// let (held_tx, held_rx) = (tx.held_by(&domain)?, rx.held_by(&domain)?);
            /// domain.close();
            /// assert!(held_tx.is_ended() && held_rx.is_ended());
            /// assert!(!tx.is_ended() && !rx.is_ended()); // nobody held these
            /// # Ok::<(), DomainError>(())
            /// ```
            pub fn is_ended(&self) -> bool {
                self.0.is_ended()
            }

            /// Whether the channel was made before a `fork()`, in the parent of this process, as far as
            /// [`after_fork`](crate::after_fork) was called: then do not use it.
            ///
            /// ```standalone_crate
            /// let (tx, rx) = crossinterp_core::unbounded::<u8>();
            /// assert!(!tx.is_stale() && !rx.is_stale());
            /// crossinterp_core::after_fork();
            /// assert!(tx.is_stale() && rx.is_stale());
            /// ```
            pub fn is_stale(&self) -> bool {
                self.0.is_stale()
            }

            /// One more end, held by the same domain if there is one.
            ///
            /// # Errors
            #[doc = "[`DomainError`](crate::DomainError): that domain has closed, or there is no memory."]
            ///
            /// ```
            /// use crossinterp_core::{Domain, DomainError, unbounded};
            ///
            /// let domain = Domain::try_open()?;
            /// let (tx, rx) = unbounded::<u8>();
            #[doc = concat!("let held = ", either_end!(@variable $end), ".held_by(&domain)?;")]
            /// let other = held.try_clone()?;
            /// domain.close();
            /// assert!(held.is_ended() && other.is_ended()); // the domain held the clone too
            /// assert_eq!(held.try_clone().unwrap_err(), DomainError::Ended);
            /// # drop((tx, rx));
            /// # Ok::<(), DomainError>(())
            /// ```
            pub fn try_clone(&self) -> Result<Self, $crate::DomainError> {
                self.0.try_clone().map(Self)
            }

            /// One more end, held by no domain: to be sent somewhere.
            ///
            /// # Errors
            #[doc = "[`DomainError::Ended`](crate::DomainError::Ended): the domain of this end has closed."]
            ///
            /// ```
            /// use crossinterp_core::{Domain, DomainError, unbounded};
            ///
            /// let domain = Domain::try_open()?;
            /// let (tx, rx) = unbounded();
            #[doc = concat!("let held = ", either_end!(@variable $end), ".held_by(&domain)?;")]
            /// let free = held.free_clone()?;
            /// domain.close();
            /// assert!(held.is_ended() && !free.is_ended());
            /// assert_eq!(held.free_clone().unwrap_err(), DomainError::Ended);
            /// tx.try_send(1).unwrap();
            /// assert_eq!(rx.try_recv(), Ok(1));
            /// # Ok::<(), DomainError>(())
            /// ```
            pub fn free_clone(&self) -> Result<Self, $crate::DomainError> {
                self.0.free_clone().map(Self)
            }
        }

        impl<T: Send + 'static> $end<T> {
            /// One more end, held by that domain: it goes when the domain closes, at the latest.
            ///
            /// # Errors
            #[doc = "[`DomainError`](crate::DomainError): that domain has closed, or there is no memory."]
            ///
            /// ```
            /// use crossinterp_core::{Domain, DomainError, unbounded};
            ///
            /// let domain = Domain::try_open()?;
            /// let (tx, rx) = unbounded::<u8>();
            #[doc = concat!("let held = ", either_end!(@variable $end), ".held_by(&domain)?;")]
            #[doc = concat!("drop(", either_end!(@variable $end), ");")]
            #[doc = concat!("assert!(!", either_end!(@other $end), ".is_closed()); // the domain's end is there")]
            /// domain.close();
            #[doc = concat!("assert!(", either_end!(@other $end), ".is_closed()); // it went, though `held` did not")]
            /// # drop(held);
            /// # Ok::<(), DomainError>(())
            /// ```
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
    (@other Sender) => {
        "rx"
    };
    (@other Receiver) => {
        "tx"
    };
}
pub(super) use either_end;

either_end!(Sender);
