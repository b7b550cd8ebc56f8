//! Several messages by one call, and where they are queued by one claim for as many as can be.
//!
//! Messages to send stand in a `VecDeque` of the caller's: each is taken from its front at the moment at which it is sent,
//! in constant time, and what is not sent stays there. So none is lost, and none sent twice, whatever the answer. And a claim
//! is made only for messages that are there: nothing of the caller's runs between claiming places and filling them, as would
//! with an iterator, which may end early or panic.
//!
//! A batch is one operation after the other, without the cost of each: what is true of a single send or receive is true of
//! every message of it. So those of one batch keep their order. On a bounded channel messages of another sender come between
//! two of them only where there was no room for the second when the first was sent, or a receiver that waited was handed
//! the first; on an unbounded one also where a block of its memory ends, or a receiver gave up a place before it was filled.
//!
//! A thread that is stopped for good between a claim and the end of it takes those messages of the claim with it that it has not
//! put in, or taken out: as many as it sent, or asked for, at most. On a bounded channel what stands behind them waits, as
//! behind one.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::iter::FusedIterator;

use super::flow::{Flow, Unreceived, Unsent};
use super::policy::Patience;
use super::{Channel, OfferError, ParkError, Receiver, Sender, Side, TakeError, TryRecvError, TrySendError};
use crate::park::{Park, Wakeup};
use crate::{list, ring};

impl<T> Channel<T> {
    /// Sends without waiting, from the front of these, as many as there is room for; if not all, says why.
    fn send_many(&self, messages: &mut VecDeque<T>) -> Result<(), Unsent<()>> {
        while let Some(message) = messages.pop_front_if(|_| self.flow.may_hand()) {
            if let Some(message) = self.hand(message) {
                messages.push_front(message);
                break;
            }
        }
        while !messages.is_empty() {
            let (sent, awaited) = match &self.flow {
                Flow::Bounded(ring) => ring.push_many(messages)?,
                Flow::Unbounded(list) | Flow::Strict(list) => list.push_many(messages)?,
                flow if flow.is_closed() => return Err(Unsent::Closed(())),
                Flow::Rendezvous(_) | Flow::Source(_) => return Err(Unsent::Full(())),
            };
            if awaited {
                self.wake_many(Side::Receiver, sent);
            }
        }
        Ok(())
    }

    /// Receives without waiting what is there, at most so many. If that is nothing, says why.
    fn recv_many(&self, messages: &mut Vec<T>, limit: usize) -> Result<usize, Unreceived> {
        let mut received = 0;
        let mut most = limit;
        while received < most {
            let part = match self.recv_part(messages, most - received) {
                Ok(part) => part,
                Err(error) if received == 0 => return Err(error),
                Err(_) => break,
            };
            if received == 0 && part < limit {
                // Not what comes from now on, or this might never end.
                most = limit.min(self.receivable().saturating_add(part));
            }
            received += part;
        }
        Ok(received)
    }

    /// Receives without waiting what one claim gives, at most so many; that is not none.
    fn recv_part(&self, messages: &mut Vec<T>, most: usize) -> Result<usize, Unreceived> {
        // Before anything is taken: this may panic.
        let room = self.make_room(messages, most);
        if self.receiving.has_returned()
            && let Some((message, _)) = self.fetch_returned()
        {
            messages.push(message);
            return Ok(1);
        }
        match &self.flow {
            Flow::Bounded(ring) => loop {
                let (received, freed, awaited) = match ring.pop_many(messages, room) {
                    Ok((received, awaited)) => (received, received, awaited),
                    Err(ring::PopError::Void { awaited }) => (0, 1, awaited),
                    Err(ring::PopError::Empty) => {
                        // A sender that waits may have one.
                        messages.push(self.recv_sent()?);
                        return Ok(1);
                    }
                    Err(ring::PopError::Busy) => return Err(Unreceived::Busy),
                    Err(ring::PopError::Closed) => return Err(Unreceived::Closed),
                };
                if awaited {
                    self.wake_many(Side::Sender, freed);
                }
                if received > 0 {
                    return Ok(received);
                }
            },
            Flow::Unbounded(list) | Flow::Strict(list) => {
                let mut awaited = 0;
                let received = list.pop_many(messages, room, &mut awaited);
                self.wake_many(Side::Sender, awaited);
                match received {
                    Err(list::PopError::Empty) if self.capacity.is_some() => {
                        // As above.
                        messages.push(self.recv_sent()?);
                        Ok(1)
                    }
                    received => Ok(received?),
                }
            }
            Flow::Rendezvous(_) | Flow::Source(_) => {
                messages.push(self.recv_sent()?);
                Ok(1)
            }
        }
    }

    /// Makes room for messages that are there, at least for one; for how many of so many there is room then.
    fn make_room(&self, messages: &mut Vec<T>, most: usize) -> usize {
        let room = messages.capacity() - messages.len();
        if room < most.min(self.capacity.unwrap_or(usize::MAX).max(1)) {
            messages.reserve(most.min(self.flow.len().max(1)));
        }
        most.min(messages.capacity() - messages.len())
    }

    /// How many messages can be received at this moment, of senders that wait too.
    fn receivable(&self) -> usize {
        self.len() + self.sending.messages()
    }
}

impl<T> Sender<T> {
    /// Sends messages from the front of these without waiting, as many as there is room for, and takes those out; how many.
    /// What is left is still the caller's. (A `Vec` becomes a `VecDeque`, and back, without a copy of what is in it.)
    ///
    /// They are received in this order. Another sender's may come between two of them where there was no room for the second
    /// when the first was sent, or a receiver that waited was handed the first; on an unbounded channel also now and then
    /// else, where one of its blocks ends, or this thread was stopped in the middle and receivers went on.
    ///
    /// # Errors
    /// As for [`Sender::try_send`], when not even the first one was sent; there is no error when there are none to send.
    ///
    /// # Panics
    /// Never; without memory for an unbounded channel to grow the process ends ([`Sender::offer_many`] answers instead).
    ///
    /// ```
    /// use std::collections::VecDeque;
    /// use crossinterp_core::{TrySendError, bounded};
    ///
    /// let (tx, rx) = bounded(3);
    /// let mut messages = VecDeque::from([1, 2, 3, 4, 5]);
    /// assert_eq!(tx.try_send_many(&mut messages), Ok(3));
    /// assert_eq!(tx.try_send_many(&mut messages), Err(TrySendError::Full(())));
    /// assert_eq!(messages, [4, 5]);
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    pub fn try_send_many(&self, messages: &mut VecDeque<T>) -> Result<usize, TrySendError<()>> {
        self.offer_many(messages).map_err(|error| match error {
            OfferError::Full(()) => TrySendError::Full(()),
            OfferError::Disconnected(()) | OfferError::Ended(()) => TrySendError::Disconnected(()),
            OfferError::NoMemory(()) => alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<T>()),
        })
    }

    /// As [`Sender::try_send_many`], with every reason told apart and none that ends the process.
    ///
    /// # Errors
    /// [`OfferError`], when not even the first message was sent; all are still the caller's.
    ///
    /// ```
    /// use std::collections::VecDeque;
    /// use crossinterp_core::{OfferError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let mut messages = VecDeque::from([1, 2]);
    /// assert_eq!(tx.offer_many(&mut messages), Ok(2));
    /// rx.close();
    /// messages.push_back(3);
    /// assert_eq!(tx.offer_many(&mut messages), Err(OfferError::Disconnected(())));
    /// assert_eq!(messages, [3]);
    /// ```
    pub fn offer_many(&self, messages: &mut VecDeque<T>) -> Result<usize, OfferError<()>> {
        let all = messages.len();
        if all == 0 {
            return Ok(0);
        }
        if self.0.is_ended() {
            return Err(OfferError::Ended(()));
        }
        let mut patience = Patience::new();
        loop {
            let sent = self.0.channel().send_many(messages);
            return match sent {
                Ok(()) => Ok(all),
                Err(_) if messages.len() < all => Ok(all - messages.len()),
                Err(Unsent::Busy(())) if patience.wait() => continue,
                Err(Unsent::Full(()) | Unsent::Busy(())) => Err(OfferError::Full(())),
                Err(Unsent::Closed(())) => Err(OfferError::Disconnected(())),
                Err(Unsent::NoMemory(())) => Err(OfferError::NoMemory(())),
            };
        }
    }

    /// Sends all of these messages, sleeping by the embedder's means while there is no room. Each is taken out when it is
    /// sent: after an error those that were not sent are still there.
    ///
    /// # Errors
    /// [`ParkError`]. Before a second sleep, and each further one, [`Park::check`] is asked whether to give up.
    ///
    /// ```
    /// use crossinterp_core::{ParkError, bounded};
    /// # use core::task::Waker;
    /// # use crossinterp_core::{Park, Wakeup};
    /// # struct NoPatience;
    /// # impl Park for NoPatience {
    /// #     fn waker(&self) -> Waker {
    /// #         Waker::noop().clone()
    /// #     }
    /// #     fn park(&self) -> Wakeup {
    /// #         Wakeup::TimedOut
    /// #     }
    /// # }
    ///
    /// // `NoPatience` is a `Park` that never sleeps, as in the example there.
    /// let (tx, rx) = bounded(2);
    /// let mut messages = [1, 2, 3].into();
    /// assert_eq!(tx.send_many_parking(&mut messages, &NoPatience), Err(ParkError::TimedOut));
    /// assert_eq!(messages, [3]);
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2]);
    /// assert_eq!(tx.send_many_parking(&mut messages, &NoPatience), Ok(()));
    /// ```
    pub fn send_many_parking(&self, messages: &mut VecDeque<T>, park: &impl Park) -> Result<(), ParkError> {
        let mut has_waited = false;
        loop {
            match self.offer_many(messages) {
                Ok(_) | Err(OfferError::Full(())) => {}
                Err(OfferError::Disconnected(())) => return Err(ParkError::Disconnected),
                Err(OfferError::Ended(())) => return Err(ParkError::Ended),
                Err(OfferError::NoMemory(())) => return Err(ParkError::NoMemory),
            }
            if messages.is_empty() {
                return Ok(());
            }
            if has_waited {
                match park.check() {
                    Wakeup::Woken => {}
                    Wakeup::TimedOut => return Err(ParkError::TimedOut),
                    Wakeup::Interrupted => return Err(ParkError::Interrupted),
                }
            }
            has_waited = true;
            let Some(message) = messages.pop_front() else { return Ok(()) };
            if let Err((message, error)) = self.send_parking(message, park) {
                messages.push_front(message);
                return Err(error);
            }
        }
    }
}

impl<T> Receiver<T> {
    /// Receives what is there without waiting, at most `limit` messages, and appends them to these in their order; how many.
    ///
    /// What came after this began may be among them, but it ends when so many were received as were there.
    ///
    /// # Errors
    /// As for [`Receiver::try_recv`], when there was none; there is no error when `limit` is 0.
    ///
    /// # Panics
    /// When the vector cannot grow any more: nothing was received then, or what was is in it.
    ///
    /// ```
    /// use crossinterp_core::{TryRecvError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// (0..5).for_each(|number| tx.try_send(number).unwrap());
    /// let mut messages = Vec::new();
    /// assert_eq!(rx.try_recv_many(&mut messages, 3), Ok(3));
    /// assert_eq!(rx.try_recv_many(&mut messages, 3), Ok(2));
    /// assert_eq!(rx.try_recv_many(&mut messages, 3), Err(TryRecvError::Empty));
    /// assert_eq!(messages, [0, 1, 2, 3, 4]);
    /// ```
    pub fn try_recv_many(&self, messages: &mut Vec<T>, limit: usize) -> Result<usize, TryRecvError> {
        self.take_many(messages, limit).map_err(|error| match error {
            TakeError::Empty => TryRecvError::Empty,
            TakeError::Disconnected | TakeError::Ended => TryRecvError::Disconnected,
        })
    }

    /// As [`Receiver::try_recv_many`], with every reason told apart. Nothing is allocated if the vector has room for `limit` more.
    ///
    /// # Errors
    /// [`TakeError`].
    ///
    /// # Panics
    /// As [`Receiver::try_recv_many`].
    ///
    /// ```
    /// use crossinterp_core::{TakeError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let mut messages = Vec::new();
    /// assert_eq!(rx.take_many(&mut messages, 8), Err(TakeError::Empty));
    /// tx.try_send(1).unwrap();
    /// assert_eq!(rx.take_many(&mut messages, 8), Ok(1));
    /// ```
    pub fn take_many(&self, messages: &mut Vec<T>, limit: usize) -> Result<usize, TakeError> {
        if limit == 0 {
            return Ok(0);
        }
        if self.0.is_ended() {
            return Err(TakeError::Ended);
        }
        let Some(channel) = self.0.line() else { return Err(TakeError::Empty) };
        let mut patience = Patience::new();
        loop {
            return match channel.recv_many(messages, limit) {
                Ok(received) => Ok(received),
                Err(Unreceived::Closed) => Err(TakeError::Disconnected),
                Err(Unreceived::Busy) if patience.wait() => continue,
                Err(Unreceived::Empty) if channel.flow.is_rendezvous() && channel.sending.has_caller(0) => {
                    self.take_first(messages, limit, Self::take_from_select)
                }
                Err(Unreceived::Empty | Unreceived::Busy) => Err(TakeError::Empty),
            };
        }
    }

    /// Receives what is there, at most `limit` messages, and appends them to these; if there is nothing, sleeps by the
    /// embedder's means until there is one. How many.
    ///
    /// # Errors
    /// [`ParkError`]; nothing was received.
    ///
    /// # Panics
    /// As [`Receiver::try_recv_many`].
    ///
    /// ```
    /// use crossinterp_core::{ParkError, unbounded};
    /// # use core::task::Waker;
    /// # use crossinterp_core::{Park, Wakeup};
    /// # struct NoPatience;
    /// # impl Park for NoPatience {
    /// #     fn waker(&self) -> Waker {
    /// #         Waker::noop().clone()
    /// #     }
    /// #     fn park(&self) -> Wakeup {
    /// #         Wakeup::TimedOut
    /// #     }
    /// # }
    ///
    /// // `NoPatience` is a `Park` that never sleeps, as in the example there.
    /// let (tx, rx) = unbounded();
    /// let mut messages = Vec::new();
    /// let received = rx.recv_many_parking(&mut messages, 8, &NoPatience);
    /// assert_eq!(received, Err(ParkError::TimedOut));
    /// tx.try_send_many(&mut [1, 2, 3].into()).unwrap();
    /// assert_eq!(rx.recv_many_parking(&mut messages, 8, &NoPatience), Ok(3)); // all that is there
    /// assert_eq!(messages, [1, 2, 3]);
    /// ```
    pub fn recv_many_parking(
        &self,
        messages: &mut Vec<T>,
        limit: usize,
        park: &impl Park,
    ) -> Result<usize, ParkError> {
        match self.take_many(messages, limit) {
            Ok(received) => Ok(received),
            Err(TakeError::Empty) => self.take_first(messages, limit, |this| this.recv_parking(park)),
            Err(TakeError::Disconnected) => Err(ParkError::Disconnected),
            Err(TakeError::Ended) => Err(ParkError::Ended),
        }
    }

    /// Receives one message so, and what is there then; at most `limit`, which is not 0.
    pub(crate) fn take_first<E>(
        &self,
        messages: &mut Vec<T>,
        limit: usize,
        first: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<usize, E> {
        // Before anything is taken: this may panic.
        messages.reserve(1);
        messages.push(first(self)?);
        let more = self.0.line().map_or(0, |channel| channel.recv_many(messages, limit - 1).unwrap_or(0));
        Ok(1 + more)
    }

    /// The messages that are there at this moment, in their order. It gives out at most as many as there were, and ends
    /// early if others receive some of them. The channel stays open.
    ///
    /// Each message is received when it is asked for, so that what is not given out stays in the channel, even if this is
    /// forgotten; [`Receiver::try_recv_many`] takes many at once.
    ///
    /// ```
    /// let (tx, rx) = crossinterp_core::unbounded();
    /// (0..4).for_each(|number| tx.try_send(number).unwrap());
    /// let mut there = rx.drain();
    /// tx.try_send(4).unwrap(); // too late
    /// assert_eq!(there.next(), Some(0));
    /// assert_eq!(there.by_ref().take(2).collect::<Vec<_>>(), [1, 2]);
    /// drop(there);
    /// assert_eq!(rx.drain().collect::<Vec<_>>(), [3, 4]);
    /// ```
    pub fn drain(&self) -> DrainIter<'_, T> {
        let left = match self.0.line() {
            Some(channel) if !self.0.is_ended() => channel.receivable(),
            _ => 0,
        };
        DrainIter { receiver: self, left }
    }
}

/// See [`Receiver::drain`].
///
/// ```
/// let (tx, rx) = crossinterp_core::unbounded();
/// tx.try_send_many(&mut [1, 2].into()).unwrap();
/// let mut there = rx.drain();
/// assert_eq!(there.size_hint(), (0, Some(2))); // others may receive them first
/// assert_eq!(rx.try_recv(), Ok(1));
/// assert_eq!((there.next(), there.next()), (Some(2), None));
/// ```
#[must_use = "messages are received when it is asked for them"]
pub struct DrainIter<'a, T> {
    receiver: &'a Receiver<T>,
    /// How many it may still give out.
    left: usize,
}

impl<T> Iterator for DrainIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        let message = self.receiver.try_recv().ok();
        if message.is_none() {
            self.left = 0;
        }
        message
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

impl<T> FusedIterator for DrainIter<'_, T> {}

impl<T> fmt::Debug for DrainIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainIter").field("left", &self.left).finish_non_exhaustive()
    }
}
