//! What a consumer does.

use super::{Consumer, STEADY};
use crate::channel::flow::Flow;
use crate::channel::policy::Patience;
use crate::channel::{ParkError, Receiver, Side, TakeError, TryRecvError};
use crate::park::Park;
use crate::ring::Word;

impl<T> Consumer<T> {
    /// Receives, if nothing is in the way.
    #[inline]
    pub(crate) fn recv_at_once(&mut self) -> Option<T> {
        let channel = self.receiver.0.line()?;
        let Flow::Bounded(ring) = &channel.flow else { return self.receiver.recv_at_once() };
        // (That its domain has released it is not to be seen by the flags: others take AWAITED away.)
        if self.receiver.0.is_ended() || channel.receiving.has_returned() {
            return None;
        }
        // SAFETY: it is the single one, and by `&mut` the caller alone has it.
        let (message, awaited) = unsafe { ring.pop_alone() }?;
        if awaited {
            channel.wake(Side::Sender);
        }
        Some(message)
    }

    /// As the receiver that it is, so or at once; by [`Consumer::recv_at_once`] it could not.
    #[cold]
    #[inline(never)]
    pub(crate) fn recv_as_receiver<E>(
        &mut self,
        receive: impl FnOnce(&Receiver<T>) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.steady < STEADY
            && let Some(message) = self.receiver.recv_at_once()
        {
            self.be_steady();
            return Ok(message);
        }
        self.be_disturbed();
        receive(&self.receiver)
    }

    /// Whether the messages come from a clock, or never.
    #[cfg(feature = "std")]
    pub(crate) fn has_source(&self) -> bool {
        self.receiver.source().is_some()
    }

    /// Receives without waiting.
    ///
    /// # Errors
    /// As [`Receiver::try_recv`].
    ///
    /// ```
    /// use crossinterp_core::{TryRecvError, bounded_single};
    ///
    /// let (mut tx, mut rx) = bounded_single(1);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.try_send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.recv_at_once() {
            Some(message) => Ok(message),
            None => self.recv_as_receiver(Receiver::try_recv),
        }
    }

    /// As [`Consumer::try_recv`], with every reason told apart.
    ///
    /// # Errors
    /// [`TakeError`].
    ///
    /// ```
    /// use crossinterp_core::{TakeError, bounded_single};
    ///
    /// let (mut tx, mut rx) = bounded_single(1);
    /// assert_eq!(rx.take(), Err(TakeError::Empty));
    /// tx.try_send(1).unwrap();
    /// assert_eq!(rx.take(), Ok(1));
    /// ```
    #[inline]
    pub fn take(&mut self) -> Result<T, TakeError> {
        match self.recv_at_once() {
            Some(message) => Ok(message),
            None => self.recv_as_receiver(Receiver::take),
        }
    }

    /// Receives, sleeping by the embedder's means while there is no message; [`Park`] has an example.
    ///
    /// # Errors
    /// [`ParkError`].
    ///
    /// ```
    /// use crossinterp_core::{ParkError, bounded_single};
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
    /// let (mut tx, mut rx) = bounded_single(1);
    /// assert_eq!(rx.recv_parking(&NoPatience), Err(ParkError::TimedOut));
    /// tx.try_send(7).unwrap();
    /// assert_eq!(rx.recv_parking(&NoPatience), Ok(7));
    /// ```
    pub fn recv_parking(&mut self, park: &impl Park) -> Result<T, ParkError> {
        let mut patience = Patience::new();
        loop {
            if let Some(message) = self.recv_at_once() {
                return Ok(message);
            }
            if !self.tries_alone() || !patience.wait_with(|| self.moved()) {
                break;
            }
        }
        self.recv_as_receiver(|receiver| receiver.recv_patiently(park, patience))
    }

    fn moved(&self) -> usize {
        self.receiver.0.line().map_or(0, |channel| channel.moved())
    }

    /// Whether it is worth it to try again, alone.
    fn tries_alone(&self) -> bool {
        let Some(channel) = self.receiver.0.line() else { return false };
        match &channel.flow {
            Flow::Bounded(ring) => {
                channel.tries_first() && ring.is_undisturbed(Word::Head) && !channel.receiving.has_returned()
            }
            _ => false,
        }
    }

    /// The messages that are there, until one is missing.
    ///
    /// ```
    /// let (mut tx, mut rx) = crossinterp_core::bounded_single(2);
    /// tx.try_send(1).unwrap();
    /// tx.try_send(2).unwrap();
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2]);
    /// ```
    pub fn try_iter(&mut self) -> ConsumerTryIter<'_, T> {
        ConsumerTryIter(self)
    }
}

/// See [`Consumer::try_iter`].
///
/// ```
/// let (mut tx, mut rx) = crossinterp_core::bounded_single(1);
/// let mut there = rx.try_iter();
/// assert_eq!(there.next(), None);
/// tx.try_send(1).unwrap();
/// assert_eq!(there.next(), Some(1)); // it asks each time
/// ```
#[derive(Debug)]
pub struct ConsumerTryIter<'a, T>(&'a mut Consumer<T>);

impl<T> Iterator for ConsumerTryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}
