//! The sleeping forms of single ends.

use core::iter::FusedIterator;
use std::time::{Duration, Instant};

use super::{ThreadPark, deadline_after, not_received, not_sent};
use crate::channel::{Consumer, Producer, RecvError, RecvTimeoutError, SendError, SendTimeoutError};

impl<T> Producer<T> {
    /// Sends, and sleeps while there is no room.
    ///
    /// # Errors
    /// [`SendError`] with the message: the channel is closed or has no receivers, or the domain of this end ends.
    ///
    /// # Panics
    /// Never; without memory the process ends.
    ///
    /// ```
    /// use crossinterp_core::{SendError, bounded_single};
    ///
    /// let (mut tx, rx) = bounded_single(1);
    /// tx.send(1).unwrap();
    /// drop(rx);
    /// assert_eq!(tx.send(2), Err(SendError(2)));
    /// ```
    #[inline]
    pub fn send(&mut self, message: T) -> Result<(), SendError<T>> {
        self.send_until(message, None).map_err(|error| SendError(error.into_inner()))
    }

    /// Sends, and sleeps while there is no room, at most that long.
    ///
    /// # Errors
    /// [`SendTimeoutError`], with the message.
    ///
    /// ```
    /// use std::time::Duration;
    /// use crossinterp_core::{SendTimeoutError, bounded_single};
    ///
    /// let (mut tx, _rx) = bounded_single(1);
    /// tx.send(1).unwrap();
    /// let second = tx.send_timeout(2, Duration::from_millis(1));
    /// assert_eq!(second, Err(SendTimeoutError::Timeout(2)));
    /// ```
    pub fn send_timeout(&mut self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_until(message, deadline_after(timeout))
    }

    /// Sends, and sleeps while there is no room, until that moment.
    ///
    /// # Errors
    /// [`SendTimeoutError`], with the message.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use crossinterp_core::{SendTimeoutError, bounded_single};
    ///
    /// let (mut tx, mut rx) = bounded_single(1);
    /// let deadline = Instant::now() + Duration::from_millis(1);
    /// assert_eq!(tx.send_deadline(1, deadline), Ok(()));
    /// assert_eq!(tx.send_deadline(2, deadline), Err(SendTimeoutError::Timeout(2)));
    /// assert_eq!(rx.recv(), Ok(1));
    /// ```
    pub fn send_deadline(&mut self, message: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.send_until(message, Some(deadline))
    }

    #[inline]
    fn send_until(&mut self, message: T, deadline: Option<Instant>) -> Result<(), SendTimeoutError<T>> {
        match self.send_at_once(message) {
            Ok(()) => Ok(()),
            Err(message) => self.send_slowly(message, deadline),
        }
    }

    #[cold]
    #[inline(never)]
    fn send_slowly(&mut self, message: T, deadline: Option<Instant>) -> Result<(), SendTimeoutError<T>> {
        self.send_parking(message, &ThreadPark { deadline }).map_err(not_sent)
    }
}

impl<T> Consumer<T> {
    /// Receives, and sleeps while there is no message.
    ///
    /// # Errors
    /// [`RecvError`]: the channel is empty, and closed or without senders; or the domain of this end ends.
    ///
    /// # Panics
    /// Never; without memory the process ends.
    ///
    /// ```
    /// use crossinterp_core::{RecvError, bounded_single};
    ///
    /// let (mut tx, mut rx) = bounded_single(1);
    /// std::thread::spawn(move || tx.send("hello").unwrap());
    /// assert_eq!(rx.recv(), Ok("hello"));
    /// assert_eq!(rx.recv(), Err(RecvError)); // the producer is gone
    /// ```
    #[inline]
    pub fn recv(&mut self) -> Result<T, RecvError> {
        self.recv_until(None).map_err(|_| RecvError)
    }

    /// Receives, and sleeps while there is no message, at most that long.
    ///
    /// # Errors
    /// [`RecvTimeoutError`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use crossinterp_core::{RecvTimeoutError, bounded_single};
    ///
    /// let (_tx, mut rx) = bounded_single::<u8>(1);
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
    /// ```
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(deadline_after(timeout))
    }

    /// Receives, and sleeps while there is no message, until that moment.
    ///
    /// # Errors
    /// [`RecvTimeoutError`].
    ///
    /// ```
    /// use std::time::Instant;
    /// use crossinterp_core::{RecvTimeoutError, bounded_single};
    ///
    /// let (mut tx, mut rx) = bounded_single(1);
    /// let now = Instant::now(); // over at once
    /// assert_eq!(rx.recv_deadline(now), Err(RecvTimeoutError::Timeout));
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.recv_deadline(now), Ok(1)); // what is there is received all the same
    /// ```
    pub fn recv_deadline(&mut self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_until(Some(deadline))
    }

    #[inline]
    fn recv_until(&mut self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        match self.recv_at_once() {
            Some(message) => Ok(message),
            None => self.recv_slowly(deadline),
        }
    }

    #[cold]
    #[inline(never)]
    fn recv_slowly(&mut self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        if self.has_source() {
            return self.recv_as_receiver(|receiver| receiver.recv_until(deadline));
        }
        self.recv_parking(&ThreadPark { deadline }).map_err(not_received::<T>)
    }

    /// The messages, waiting for each, until the channel is disconnected.
    ///
    /// ```
    /// let (mut tx, mut rx) = crossinterp_core::bounded_single(1);
    /// std::thread::spawn(move || (1..=3).for_each(|number| tx.send(number).unwrap()));
    /// assert_eq!(rx.iter().sum::<i32>(), 6);
    /// ```
    pub fn iter(&mut self) -> ConsumerIter<'_, T> {
        ConsumerIter(self)
    }
}

/// See [`Consumer::iter`].
///
/// ```
/// let (mut tx, mut rx) = crossinterp_core::bounded_single(2);
/// tx.send(1).unwrap();
/// drop(tx);
/// let mut messages = (&mut rx).into_iter();
/// assert_eq!((messages.next(), messages.next()), (Some(1), None));
/// ```
#[derive(Debug)]
pub struct ConsumerIter<'a, T>(&'a mut Consumer<T>);

/// The messages of a consumer that was consumed, waiting for each, until the channel is disconnected.
///
/// ```
/// let (mut tx, rx) = crossinterp_core::bounded_single(1);
/// tx.send(1).unwrap();
/// let mut messages = rx.into_iter(); // it has the only receiver
/// assert_eq!(messages.next(), Some(1));
/// drop(messages);
/// assert!(tx.send(2).is_err());
/// ```
#[derive(Debug)]
pub struct ConsumerIntoIter<T>(Consumer<T>);

impl<T> Iterator for ConsumerIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> Iterator for ConsumerIntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> FusedIterator for ConsumerIter<'_, T> {}
impl<T> FusedIterator for ConsumerIntoIter<T> {}

impl<'a, T> IntoIterator for &'a mut Consumer<T> {
    type Item = T;
    type IntoIter = ConsumerIter<'a, T>;

    fn into_iter(self) -> ConsumerIter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Consumer<T> {
    type Item = T;
    type IntoIter = ConsumerIntoIter<T>;

    fn into_iter(self) -> ConsumerIntoIter<T> {
        ConsumerIntoIter(self)
    }
}
