//! The same with several messages by one call.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{ThreadPark, deadline_after, out_of_memory};
use crate::channel::{
    ParkError, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryRecvError,
};

impl<T> Sender<T> {
    /// Sends all of these messages, from the front, and sleeps while there is no room. Each is taken out when it is sent;
    /// [`Sender::try_send_many`] says what may come between them.
    ///
    /// # Errors
    /// [`SendError`]: the channel is closed or has no receivers, or the domain of this end ends. What was not sent is still
    /// the caller's.
    ///
    /// # Panics
    /// Never; without memory the process ends.
    ///
    /// ```
    /// use std::collections::VecDeque;
    /// use crossinterp_core::bounded;
    ///
    /// let (tx, rx) = bounded(2);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(move || tx.send_many(&mut (0..100).collect::<VecDeque<_>>()).unwrap());
    ///     assert!(rx.iter().eq(0..100));
    /// });
    /// ```
    pub fn send_many(&self, messages: &mut VecDeque<T>) -> Result<(), SendError<()>> {
        self.send_many_until(messages, None).map_err(|_| SendError(()))
    }

    /// Sends all of these messages, as [`Sender::send_many`], and sleeps while there is no room, at most that long in all.
    ///
    /// # Errors
    /// [`SendTimeoutError`]; what was not sent is still the caller's.
    ///
    /// ```
    /// use std::collections::VecDeque;
    /// use std::time::Duration;
    /// use crossinterp_core::{SendTimeoutError, bounded};
    ///
    /// let (tx, _rx) = bounded(2);
    /// let mut messages = VecDeque::from([1, 2, 3]);
    /// let sent = tx.send_many_timeout(&mut messages, Duration::from_millis(1));
    /// assert_eq!(sent, Err(SendTimeoutError::Timeout(())));
    /// assert_eq!(messages, [3]);
    /// ```
    pub fn send_many_timeout(
        &self,
        messages: &mut VecDeque<T>,
        timeout: Duration,
    ) -> Result<(), SendTimeoutError<()>> {
        self.send_many_until(messages, deadline_after(timeout))
    }

    /// Sends all of these messages, as [`Sender::send_many`], and sleeps while there is no room, until that moment.
    ///
    /// # Errors
    /// [`SendTimeoutError`]; what was not sent is still the caller's.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use crossinterp_core::{SendTimeoutError, bounded};
    ///
    /// let (tx, _rx) = bounded(2);
    /// let deadline = Instant::now() + Duration::from_millis(1);
    /// let mut messages = [1, 2].into();
    /// assert_eq!(tx.send_many_deadline(&mut messages, deadline), Ok(()));
    /// messages.extend([3, 4]);
    /// let sent = tx.send_many_deadline(&mut messages, deadline);
    /// assert_eq!((sent, messages), (Err(SendTimeoutError::Timeout(())), [3, 4].into()));
    /// ```
    pub fn send_many_deadline(
        &self,
        messages: &mut VecDeque<T>,
        deadline: Instant,
    ) -> Result<(), SendTimeoutError<()>> {
        self.send_many_until(messages, Some(deadline))
    }

    fn send_many_until(
        &self,
        messages: &mut VecDeque<T>,
        deadline: Option<Instant>,
    ) -> Result<(), SendTimeoutError<()>> {
        self.send_many_parking(messages, &ThreadPark { deadline }).map_err(|error| match error {
            ParkError::TimedOut | ParkError::Interrupted => SendTimeoutError::Timeout(()),
            ParkError::Disconnected | ParkError::Ended => SendTimeoutError::Disconnected(()),
            ParkError::NoMemory => out_of_memory::<T>(),
        })
    }
}

impl<T> Receiver<T> {
    /// Receives what is there, at most `limit` messages, and appends them to these; sleeps while there is none. How many: at
    /// least one, unless `limit` is 0.
    ///
    /// # Errors
    /// [`RecvError`]: the channel is empty, and closed or without senders; or the domain of this end ends.
    ///
    /// # Panics
    /// As [`Receiver::try_recv_many`].
    ///
    /// ```
    /// use crossinterp_core::{RecvError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// std::thread::spawn(move || tx.send(1).and_then(|()| tx.send(2)).unwrap());
    /// let mut messages = Vec::new();
    /// while let Ok(received) = rx.recv_many(&mut messages, 32) {
    ///     assert!(received > 0);
    /// }
    /// assert_eq!(messages, [1, 2]);
    /// assert_eq!(rx.recv_many(&mut messages, 32), Err(RecvError));
    /// ```
    pub fn recv_many(&self, messages: &mut Vec<T>, limit: usize) -> Result<usize, RecvError> {
        self.recv_many_until(messages, limit, None).map_err(|_| RecvError)
    }

    /// Receives what is there, as [`Receiver::recv_many`], and sleeps while there is none, at most that long.
    ///
    /// # Errors
    /// [`RecvTimeoutError`]; nothing was received.
    ///
    /// # Panics
    /// As [`Receiver::try_recv_many`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use crossinterp_core::{RecvTimeoutError, unbounded};
    ///
    /// let (_tx, rx) = unbounded::<u8>();
    /// let received = rx.recv_many_timeout(&mut Vec::new(), 8, Duration::from_millis(1));
    /// assert_eq!(received, Err(RecvTimeoutError::Timeout));
    /// ```
    pub fn recv_many_timeout(
        &self,
        messages: &mut Vec<T>,
        limit: usize,
        timeout: Duration,
    ) -> Result<usize, RecvTimeoutError> {
        self.recv_many_until(messages, limit, deadline_after(timeout))
    }

    /// Receives what is there, as [`Receiver::recv_many`], and sleeps while there is none, until that moment.
    ///
    /// # Errors
    /// [`RecvTimeoutError`]; nothing was received.
    ///
    /// # Panics
    /// As [`Receiver::try_recv_many`].
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use crossinterp_core::{RecvTimeoutError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let deadline = Instant::now() + Duration::from_millis(1);
    /// tx.send_many(&mut [1, 2].into()).unwrap();
    /// let mut messages = Vec::new();
    /// assert_eq!(rx.recv_many_deadline(&mut messages, 8, deadline), Ok(2));
    /// let received = rx.recv_many_deadline(&mut messages, 8, deadline);
    /// assert_eq!((received, messages), (Err(RecvTimeoutError::Timeout), vec![1, 2]));
    /// ```
    pub fn recv_many_deadline(
        &self,
        messages: &mut Vec<T>,
        limit: usize,
        deadline: Instant,
    ) -> Result<usize, RecvTimeoutError> {
        self.recv_many_until(messages, limit, Some(deadline))
    }

    fn recv_many_until(
        &self,
        messages: &mut Vec<T>,
        limit: usize,
        deadline: Option<Instant>,
    ) -> Result<usize, RecvTimeoutError> {
        match self.try_recv_many(messages, limit) {
            Ok(received) => Ok(received),
            Err(TryRecvError::Empty) => self.take_first(messages, limit, |this| this.recv_until(deadline)),
            Err(TryRecvError::Disconnected) => Err(RecvTimeoutError::Disconnected),
        }
    }
}
