//! The same with messages that are written and read where the channel keeps them.

use alloc::boxed::Box;
use std::time::{Duration, Instant};

use super::{ThreadPark, deadline_after, not_received, out_of_memory};
use crate::channel::{
    ParkError, Receiver, RecvError, RecvRef, RecvTimeoutError, SendError, SendRef, SendTimeoutError, Sender,
    TryRecvError, TrySendError,
};

impl<T> Sender<T> {
    /// Claims room for one message, to be written in place and sent then, and sleeps while there is none.
    /// [`Sender::try_send_ref`] says what that is, and when to use it. (On a rendezvous channel it sleeps until a receiver
    /// waits.)
    ///
    /// # Errors
    /// [`SendError`]: the channel is closed or has no receivers, or the domain of this end ends.
    ///
    /// # Panics
    /// Never; without memory the process ends.
    ///
    /// ```
    /// use crossinterp_core::{SendError, bounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         for number in 0..10 {
    ///             tx.send_ref().unwrap().write([number; 1000]).send().unwrap();
    ///         }
    ///     });
    ///     for number in 0..10 {
    ///         assert_eq!(*rx.recv_ref().unwrap(), [number; 1000]);
    ///     }
    /// });
    /// rx.close();
    /// assert_eq!(tx.send_ref().unwrap_err(), SendError(()));
    /// ```
    pub fn send_ref(&self) -> Result<SendRef<'_, T>, SendError<()>> {
        self.send_ref_until(None).map_err(|_| SendError(()))
    }

    /// Claims room for one message, as [`Sender::send_ref`], and sleeps while there is none, at most that long.
    ///
    /// # Errors
    /// [`SendTimeoutError`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use crossinterp_core::{SendTimeoutError, bounded};
    ///
    /// let (tx, _rx) = bounded(1);
    /// tx.try_send(1).unwrap();
    /// let room = tx.send_ref_timeout(Duration::from_millis(1));
    /// assert_eq!(room.unwrap_err(), SendTimeoutError::Timeout(()));
    /// ```
    pub fn send_ref_timeout(&self, timeout: Duration) -> Result<SendRef<'_, T>, SendTimeoutError<()>> {
        self.send_ref_until(deadline_after(timeout))
    }

    /// Claims room for one message, as [`Sender::send_ref`], and sleeps while there is none, until that moment.
    ///
    /// # Errors
    /// [`SendTimeoutError`].
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use crossinterp_core::{SendTimeoutError, bounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// let deadline = Instant::now() + Duration::from_millis(1);
    /// tx.send_ref_deadline(deadline).unwrap().write([7; 1000]).send().unwrap();
    /// let room = tx.send_ref_deadline(deadline);
    /// assert_eq!(room.unwrap_err(), SendTimeoutError::Timeout(()));
    /// assert_eq!(rx.recv().unwrap()[0], 7);
    /// ```
    pub fn send_ref_deadline(&self, deadline: Instant) -> Result<SendRef<'_, T>, SendTimeoutError<()>> {
        self.send_ref_until(Some(deadline))
    }

    fn send_ref_until(&self, deadline: Option<Instant>) -> Result<SendRef<'_, T>, SendTimeoutError<()>> {
        match self.try_send_ref() {
            Err(TrySendError::Full(())) => {}
            Ok(room) => return Ok(room),
            Err(TrySendError::Disconnected(())) => return Err(SendTimeoutError::Disconnected(())),
        }
        self.send_ref_parking(&ThreadPark { deadline }).map_err(|error| match error {
            ParkError::TimedOut | ParkError::Interrupted => SendTimeoutError::Timeout(()),
            ParkError::Disconnected | ParkError::Ended => SendTimeoutError::Disconnected(()),
            ParkError::NoMemory => out_of_memory::<T>(),
        })
    }
}

impl<T> Receiver<T> {
    /// Receives, and leaves the message where it stands, to be used there; sleeps while there is none.
    /// [`Receiver::try_recv_ref`] says what that is, and when to use it.
    ///
    /// # Errors
    /// [`RecvError`]: the channel is empty, and closed or without senders; or the domain of this end ends.
    ///
    /// # Panics
    /// Never; without memory the process ends.
    ///
    /// ```
    /// use crossinterp_core::{RecvError, bounded};
    ///
    /// let (tx, rx) = bounded(4);
    /// std::thread::spawn(move || (0..10).for_each(|number| tx.send([number; 1000]).unwrap()));
    /// let mut sum = 0;
    /// while let Ok(message) = rx.recv_ref() {
    ///     sum += message.iter().sum::<u64>();
    /// }
    /// assert_eq!(sum, 45_000);
    /// assert_eq!(rx.recv_ref().unwrap_err(), RecvError);
    /// ```
    pub fn recv_ref(&self) -> Result<RecvRef<'_, T>, RecvError> {
        self.recv_ref_until(None).map_err(|_| RecvError)
    }

    /// Receives, as [`Receiver::recv_ref`], and sleeps while there is no message, at most that long.
    ///
    /// # Errors
    /// [`RecvTimeoutError`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use crossinterp_core::{RecvTimeoutError, bounded};
    ///
    /// let (_tx, rx) = bounded::<[u8; 1000]>(1);
    /// let received = rx.recv_ref_timeout(Duration::from_millis(1));
    /// assert_eq!(received.unwrap_err(), RecvTimeoutError::Timeout);
    /// ```
    pub fn recv_ref_timeout(&self, timeout: Duration) -> Result<RecvRef<'_, T>, RecvTimeoutError> {
        self.recv_ref_until(deadline_after(timeout))
    }

    /// Receives, as [`Receiver::recv_ref`], and sleeps while there is no message, until that moment.
    ///
    /// # Errors
    /// [`RecvTimeoutError`].
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use crossinterp_core::{RecvTimeoutError, bounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// tx.send([7; 1000]).unwrap();
    /// let deadline = Instant::now() + Duration::from_millis(1);
    /// assert_eq!(rx.recv_ref_deadline(deadline).unwrap()[0], 7);
    /// assert_eq!(rx.recv_ref_deadline(deadline).unwrap_err(), RecvTimeoutError::Timeout);
    /// ```
    pub fn recv_ref_deadline(&self, deadline: Instant) -> Result<RecvRef<'_, T>, RecvTimeoutError> {
        self.recv_ref_until(Some(deadline))
    }

    fn recv_ref_until(&self, deadline: Option<Instant>) -> Result<RecvRef<'_, T>, RecvTimeoutError> {
        if !self.has_slots() {
            return self.recv_boxed_until(deadline).map(RecvRef::of_box);
        }
        match self.try_recv_ref() {
            Err(TryRecvError::Empty) => {}
            Ok(message) => return Ok(message),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
        }
        self.recv_ref_parking(&ThreadPark { deadline }).map_err(not_received::<T>)
    }

    // Apart, because of the room for a message.
    #[cold]
    #[inline(never)]
    fn recv_boxed_until(&self, deadline: Option<Instant>) -> Result<Box<T>, RecvTimeoutError> {
        self.recv_until(deadline).map(Box::new)
    }
}
