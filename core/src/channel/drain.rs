//! Closing a channel and taking back what is queued.

use core::fmt;
use core::iter::FusedIterator;

use super::Channel;
use crate::refs::Shared;

/// What was queued in a channel that was closed, the oldest first. When it is dropped, what is left is dropped too.
/// Receivers may still take some of it meanwhile; and a [`Consumer`](crate::Consumer) keeps all that it does not leave to
/// others by waiting.
///
/// ```
/// let (tx, rx) = crossinterp_core::unbounded();
/// tx.try_send_many(&mut [1, 2, 3].into()).unwrap();
/// let mut left = tx.close_and_drain();
/// assert_eq!(left.next(), Some(1));
/// assert_eq!(rx.try_recv(), Ok(2)); // a receiver is not kept from it
/// assert_eq!((left.next(), left.next()), (Some(3), None));
/// ```
pub struct Drain<T>(Option<Shared<Channel<T>>>);

impl<T> Drain<T> {
    pub(super) fn new(channel: Option<&Shared<Channel<T>>>) -> Self {
        Self(channel.cloned())
    }
}

impl<T> Iterator for Drain<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let message = self.0.as_ref()?.take_left();
        if message.is_none() {
            // What is given back to the channel later is not for this one.
            self.0 = None;
        }
        message
    }
}

impl<T> FusedIterator for Drain<T> {}

impl<T> Drop for Drain<T> {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}

impl<T> fmt::Debug for Drain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("len", &self.0.as_ref().map_or(0, |channel| channel.len()))
            .finish_non_exhaustive()
    }
}
