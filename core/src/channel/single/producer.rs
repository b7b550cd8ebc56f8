//! What a producer does.

use super::{Producer, STEADY};
use crate::channel::flow::Flow;
use crate::channel::policy::Patience;
use crate::channel::{OfferError, ParkError, Sender, Side, TrySendError};
use crate::park::Park;
use crate::ring::Word;

impl<T> Producer<T> {
    /// Sends, if nothing is in the way; else the message comes back.
    #[inline]
    pub(crate) fn send_at_once(&mut self, message: T) -> Result<(), T> {
        let channel = self.sender.0.channel();
        let Flow::Bounded(ring) = &channel.flow else { return self.sender.send_at_once(message) };
        // (If its domain has released it, the channel is closed.)
        // SAFETY: it is the single one, and by `&mut` the caller alone has it.
        if unsafe { ring.push_alone(message)? } {
            channel.wake(Side::Receiver);
        }
        Ok(())
    }

    /// As the sender that it is, so or at once; by [`Producer::send_at_once`] it could not.
    #[cold]
    #[inline(never)]
    pub(crate) fn send_as_sender<E>(
        &mut self,
        mut message: T,
        send: impl FnOnce(&Sender<T>, T) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.steady < STEADY {
            match self.sender.send_at_once(message) {
                Ok(()) => {
                    self.be_steady();
                    return Ok(());
                }
                Err(back) => message = back,
            }
        }
        self.be_disturbed();
        send(&self.sender, message)
    }

    /// Sends without waiting.
    ///
    /// # Errors
    /// As [`Sender::try_send`].
    ///
    /// # Panics
    /// Never, as [`Sender::try_send`].
    ///
    /// ```
    /// use crossinterp_core::{TrySendError, bounded_single};
    ///
    /// let (mut tx, rx) = bounded_single(1);
    /// assert_eq!(tx.try_send(1), Ok(()));
    /// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    /// drop(rx);
    /// assert_eq!(tx.try_send(3), Err(TrySendError::Disconnected(3)));
    /// ```
    #[inline]
    pub fn try_send(&mut self, message: T) -> Result<(), TrySendError<T>> {
        match self.send_at_once(message) {
            Ok(()) => Ok(()),
            Err(message) => self.send_as_sender(message, Sender::try_send),
        }
    }

    /// As [`Producer::try_send`], with every reason told apart and none that ends the process.
    ///
    /// # Errors
    /// [`OfferError`], with the message.
    ///
    /// ```
    /// use crossinterp_core::{OfferError, bounded_single};
    ///
    /// let (mut tx, _rx) = bounded_single(1);
    /// assert_eq!(tx.offer(1), Ok(()));
    /// assert_eq!(tx.offer(2), Err(OfferError::Full(2)));
    /// ```
    #[inline]
    pub fn offer(&mut self, message: T) -> Result<(), OfferError<T>> {
        match self.send_at_once(message) {
            Ok(()) => Ok(()),
            Err(message) => self.send_as_sender(message, Sender::offer),
        }
    }

    /// Sends, sleeping by the embedder's means while there is no room; [`Sender::send_parking`] has an example of such
    /// means.
    ///
    /// # Errors
    /// [`ParkError`], with the message.
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
    /// assert_eq!(tx.send_parking(1, &NoPatience), Ok(()));
    /// assert_eq!(tx.send_parking(2, &NoPatience), Err((2, ParkError::TimedOut)));
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(tx.send_parking(2, &NoPatience), Ok(())); // one that slept is none the worse
    /// ```
    pub fn send_parking(&mut self, message: T, park: &impl Park) -> Result<(), (T, ParkError)> {
        let mut patience = Patience::new();
        let mut message = message;
        loop {
            match self.send_at_once(message) {
                Ok(()) => return Ok(()),
                Err(back) => message = back,
            }
            if !self.tries_alone() || !patience.wait_with(|| self.moved()) {
                break;
            }
        }
        self.send_as_sender(message, |sender, message| sender.send_patiently(message, park, patience))
    }

    fn moved(&self) -> usize {
        self.sender.0.channel().moved()
    }

    /// Whether it is worth it to try again, alone.
    fn tries_alone(&self) -> bool {
        let channel = self.sender.0.channel();
        match &channel.flow {
            Flow::Bounded(ring) => channel.tries_first() && ring.is_undisturbed(Word::Tail),
            _ => false,
        }
    }
}
