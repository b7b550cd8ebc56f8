//! Sends that displace the oldest message where there is no room.
//!
//! In a full ring the message takes the place of the oldest one, in one operation ([`crate::ring`]): nobody comes between, so
//! that no more than one is displaced, however many do this at once. To others it is a receive with a send behind it. (A
//! sender that waits is not woken, as it has got no room.) In a list it is that indeed, by a send that may go beyond the
//! capacity.

use alloc::alloc::handle_alloc_error;
use core::alloc::Layout;
use core::fmt;
use core::iter::FusedIterator;

use super::flow::{Flow, Unsent};
use super::policy::Patience;
use super::{Channel, OfferError, SendError, Sender, Side};
use crate::list::List;
use crate::primitive::stop_point;
use crate::ring::{ReplaceError, Ring};

/// What came of trying to replace the oldest message.
enum Replaced<T> {
    Done(Overwritten<T>),
    /// There may be room now, or the channel is closed.
    Again(T),
    Busy(T),
}

impl<T> Channel<T> {
    /// Puts a message into a full ring, in the place of the oldest one.
    fn replace(&self, ring: &Ring<T>, message: T) -> Replaced<T> {
        match ring.replace(message) {
            Ok((oldest, awaited)) => {
                if awaited {
                    self.wake(Side::Receiver);
                }
                Replaced::Done(Overwritten { oldest: Some(oldest), unsent: None, is_sent: true })
            }
            Err(ReplaceError::NotFull(message)) => Replaced::Again(message),
            Err(ReplaceError::Void { value: message, awaited }) => {
                if awaited {
                    self.wake(Side::Sender);
                }
                Replaced::Again(message)
            }
            Err(ReplaceError::Busy(message)) => Replaced::Busy(message),
            Err(ReplaceError::Closed { oldest, value }) => {
                Replaced::Done(Overwritten { oldest: Some(oldest), ..Overwritten::unsent(value) })
            }
        }
    }
}

impl<T> Channel<T> {
    /// The message comes back if there was nothing to receive.
    fn receive_and_send(&self, list: &List<T>, message: T) -> Result<Overwritten<T>, T> {
        let mut awaited = false;
        let Ok(oldest) = list.pop_noting(&mut awaited) else { return Err(message) };
        stop_point!(overwrite.received);
        let unsent = match list.push_beyond(message) {
            Ok(receivers) => {
                if receivers {
                    self.wake(Side::Receiver);
                }
                None
            }
            Err(error) => Some(Unsent::from(error).into_message()),
        };
        if awaited && self.is_ready(Side::Sender) {
            // More than one place became free.
            self.wake(Side::Sender);
        }
        Ok(Overwritten { oldest: Some(oldest), is_sent: unsent.is_none(), unsent })
    }
}

impl<T> Sender<T> {
    /// Sends without waiting, and where a bounded channel is full, displaces the oldest message: that one comes back. So the
    /// channel always has the latest messages. What was displaced is dropped with what is returned, if it is not taken out.
    ///
    /// - **Bounded**: at most one message is displaced, the one that would have been received next; no other sender gets its
    ///   place. Senders that wait for room keep waiting, and their messages are not displaced: this one may be received
    ///   before theirs. Nor is a message displaced that a receive was handed and gave back.
    /// - **Bounded, strict** ([`bounded_strict`](crate::bounded_strict)): the same, but that another sender may take the place
    ///   before; then the channel holds one message more than its capacity for a while.
    /// - **Unbounded**: nothing is displaced.
    /// - **Rendezvous**: a receiver that waits gets the message. If none waits, the message itself is what was displaced,
    ///   since there is no queue that could keep it: whoever comes too late misses it, as anybody who comes to a full channel
    ///   after it was displaced. (It is no error, so that a program for the latest message is the same for every capacity.)
    ///
    /// It can also come back itself where the oldest message is in the hands of a peer who was stopped in the middle of his
    /// operation, or has it in place ([`Receiver::try_recv_ref`](crate::Receiver::try_recv_ref)), and does not come to an end
    /// after being let run a few times, or of a [`Consumer`](crate::Consumer), who alone takes messages out; and, behind the oldest one, if the channel was closed just when that one had been
    /// taken out. [`Overwritten::is_sent`] says whether it went in.
    ///
    /// Any thread may call it on the same end at once. A thread that is stopped for good in the middle takes the message that
    /// it displaces, and its own, with it, and what stands behind the slot waits.
    ///
    /// # Errors
    /// [`SendError`] with the message: the channel is closed or has no receivers, or the domain of this end ends. Nothing was
    /// displaced.
    ///
    /// # Panics
    /// Never; without memory for an unbounded channel to grow the process ends ([`Sender::offer_overwriting`] answers
    /// instead).
    ///
    /// ```
    /// use crossinterp_core::{SendError, bounded};
    ///
    /// let (tx, rx) = bounded(2);
    /// for reading in 1..=5 {
    ///     tx.send_overwriting(reading)?;
    /// }
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [4, 5]);
    ///
    /// tx.try_send_many(&mut [6, 7].into()).unwrap();
    /// let displaced = tx.send_overwriting(8)?;
    /// assert!(displaced.is_sent());
    /// assert_eq!(displaced.collect::<Vec<_>>(), [6]);
    /// # Ok::<(), SendError<i32>>(())
    /// ```
    #[inline]
    pub fn send_overwriting(&self, message: T) -> Result<Overwritten<T>, SendError<T>> {
        self.offer_overwriting(message).map_err(|error| match error {
            OfferError::NoMemory(_) => handle_alloc_error(Layout::new::<T>()),
            other => SendError(other.into_inner()),
        })
    }

    /// As [`Sender::send_overwriting`], with every reason told apart and none that ends the process.
    ///
    /// # Errors
    /// [`OfferError`], with the message; but never `Full`.
    ///
    /// ```
    /// use crossinterp_core::{OfferError, bounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// assert!(tx.offer_overwriting(1).unwrap().is_empty());
    /// assert_eq!(tx.offer_overwriting(2).unwrap().next(), Some(1));
    /// rx.close();
    /// assert_eq!(tx.offer_overwriting(3).unwrap_err(), OfferError::Disconnected(3));
    /// assert_eq!(rx.try_recv(), Ok(2));
    /// ```
    #[inline]
    pub fn offer_overwriting(&self, message: T) -> Result<Overwritten<T>, OfferError<T>> {
        match self.send_at_once(message) {
            Ok(()) => Ok(Overwritten::nothing()),
            Err(message) => self.overwrite_slowly(message),
        }
    }

    // Apart, so that the other way is small enough to stand where it is called.
    #[inline(never)]
    fn overwrite_slowly(&self, message: T) -> Result<Overwritten<T>, OfferError<T>> {
        if self.0.is_ended() {
            return Err(OfferError::Ended(message));
        }
        let channel = self.0.channel();
        let mut message = message;
        let mut patience = Patience::new();
        loop {
            let busy = match channel.try_send(message) {
                Ok(()) => return Ok(Overwritten::nothing()),
                Err(Unsent::Full(unsent)) => match &channel.flow {
                    Flow::Bounded(ring) => match channel.replace(ring, unsent) {
                        Replaced::Done(overwritten) => return Ok(overwritten),
                        Replaced::Again(unsent) => {
                            message = unsent;
                            continue;
                        }
                        Replaced::Busy(unsent) => unsent,
                    },
                    Flow::Strict(list) => match channel.receive_and_send(list, unsent) {
                        Ok(overwritten) => return Ok(overwritten),
                        Err(unsent) => {
                            message = unsent;
                            continue;
                        }
                    },
                    _ => return Ok(Overwritten::unsent(unsent)),
                },
                Err(Unsent::Busy(unsent)) => unsent,
                Err(Unsent::Closed(unsent)) => return Err(OfferError::Disconnected(unsent)),
                Err(Unsent::NoMemory(unsent)) => return Err(OfferError::NoMemory(unsent)),
            };
            if !patience.wait() {
                return Ok(Overwritten::unsent(busy));
            }
            message = busy;
        }
    }
}

/// What is in the channel no more, or not at all, after [`Sender::send_overwriting`]: the oldest message if that was displaced,
/// and then the message that was to be sent, if it did not go in. It gives them out in this order; what is left is dropped
/// with it.
///
/// ```
/// use crossinterp_core::{bounded, rendezvous};
///
/// let (tx, _rx) = bounded(1);
/// assert_eq!(tx.send_overwriting("old").unwrap().len(), 0);
/// let mut displaced = tx.send_overwriting("new").unwrap();
/// assert_eq!((displaced.len(), displaced.is_sent()), (1, true));
/// assert_eq!((displaced.next(), displaced.next()), (Some("old"), None));
///
/// let (tx, _rx) = rendezvous();
/// let mut displaced = tx.send_overwriting("alone").unwrap(); // nobody waits
/// assert!(!displaced.is_sent() && !displaced.is_empty());
/// assert_eq!(displaced.next(), Some("alone"));
/// ```
pub struct Overwritten<T> {
    oldest: Option<T>,
    unsent: Option<T>,
    is_sent: bool,
}

impl<T> Overwritten<T> {
    fn nothing() -> Self {
        Self { oldest: None, unsent: None, is_sent: true }
    }

    fn unsent(message: T) -> Self {
        Self { oldest: None, unsent: Some(message), is_sent: false }
    }

    /// Whether the message that was to be sent went in. If not, it is the last of these.
    ///
    /// ```
    /// use crossinterp_core::{bounded, rendezvous};
    ///
    /// let (tx, _rx) = bounded(1);
    /// tx.try_send("old").unwrap();
    /// assert!(tx.send_overwriting("new").unwrap().is_sent());
    ///
    /// let (tx, _rx) = rendezvous();
    /// assert!(!tx.send_overwriting("new").unwrap().is_sent()); // nobody waits for it
    /// ```
    pub fn is_sent(&self) -> bool {
        self.is_sent
    }

    /// How many it still holds: up to one, or up to two where the message did not go in.
    ///
    /// ```
    /// let (tx, _rx) = crossinterp_core::bounded(1);
    /// tx.try_send("old").unwrap();
    /// let mut displaced = tx.send_overwriting("new").unwrap();
    /// assert_eq!(displaced.len(), 1);
    /// displaced.next();
    /// assert_eq!(displaced.len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        usize::from(self.oldest.is_some()) + usize::from(self.unsent.is_some())
    }

    /// Whether it holds none: nothing was displaced, or all of it was taken out.
    ///
    /// ```
    /// let (tx, _rx) = crossinterp_core::bounded(1);
    /// assert!(tx.send_overwriting(1).unwrap().is_empty()); // there was room
    /// assert!(!tx.send_overwriting(2).unwrap().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Iterator for Overwritten<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.oldest.take().or_else(|| self.unsent.take())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

impl<T> ExactSizeIterator for Overwritten<T> {}
impl<T> FusedIterator for Overwritten<T> {}

impl<T> fmt::Debug for Overwritten<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overwritten")
            .field("len", &self.len())
            .field("is_sent", &self.is_sent)
            .finish_non_exhaustive()
    }
}
