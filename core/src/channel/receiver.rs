//! The receiving side.

use core::fmt;
use core::task::Waker;

use super::end::End;
use super::flow::Unreceived;
use super::policy::{Brief, Patience};
use super::sender::either_end;
use super::{ParkError, RecvWait, TakeError, TryRecvError};
use crate::domain::DomainError;
use crate::park::Park;
use crate::refs::Shared;

/// One receiving end of a channel. A clone is one more; each message goes to one of them. When all are dropped the
/// channel is disconnected, and what was queued is dropped.
///
/// Any number of threads may use the same end at once, and an end may be moved to another thread, if messages may
/// (`T: Send`).
///
/// ```
/// let (tx, rx) = crossinterp_core::unbounded();
/// let other = rx.clone();
/// tx.try_send(1).unwrap();
/// tx.try_send(2).unwrap();
/// assert_eq!((rx.try_recv(), other.try_recv()), (Ok(1), Ok(2)));
/// ```
pub struct Receiver<T>(pub(super) End<T>);

impl<T> Receiver<T> {
    /// Receives without waiting.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] when there is no message (or none yet: a peer was stopped in the middle of its send, or, on a
    /// rendezvous channel, a [`Select`](crate::Select) that waits to send may not have come in a moment); `Disconnected` when there is none and the channel is closed or has
    /// no senders, or the domain that held this end has closed.
    ///
    /// ```
    /// use crossinterp_core::{TryRecvError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.try_send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.take().map_err(|error| match error {
            TakeError::Empty => TryRecvError::Empty,
            TakeError::Disconnected | TakeError::Ended => TryRecvError::Disconnected,
        })
    }

    /// As [`Receiver::try_recv`], with every reason told apart.
    ///
    /// # Errors
    /// [`TakeError`].
    ///
    /// ```
    /// use crossinterp_core::{TakeError, bounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// assert_eq!(rx.take(), Err(TakeError::Empty));
    /// tx.try_send(1).unwrap();
    /// assert_eq!(rx.take(), Ok(1));
    /// ```
    #[inline]
    pub fn take(&self) -> Result<T, TakeError> {
        match self.recv_at_once() {
            Some(message) => Ok(message),
            None => self.take_slowly(true),
        }
    }

    /// As `take`, but for tasks, which wait for nobody in here: a message of a select is left that would have to come first.
    pub(super) fn take_as_task(&self) -> Result<T, TakeError> {
        self.take_slowly(false)
    }

    /// Receives, if nothing is in the way.
    #[inline(always)]
    pub(crate) fn recv_at_once(&self) -> Option<T> {
        if self.0.is_ended() { None } else { self.0.line()?.recv_at_once() }
    }

    // Apart, so that the other way is small enough to stand where it is called.
    #[inline(never)]
    fn take_slowly(&self, calls: bool) -> Result<T, TakeError> {
        if self.0.is_ended() {
            return Err(TakeError::Ended);
        }
        let Some(channel) = self.0.line() else { return Err(TakeError::Empty) };
        let mut patience = Patience::new();
        loop {
            return match channel.try_recv() {
                Ok(message) => Ok(message),
                Err(Unreceived::Closed) => Err(TakeError::Disconnected),
                Err(Unreceived::Busy) if patience.wait() => continue,
                Err(Unreceived::Empty)
                    if calls && channel.flow.is_rendezvous() && channel.sending.has_caller(0) =>
                {
                    self.take_from_select()
                }
                Err(Unreceived::Empty | Unreceived::Busy) => Err(TakeError::Empty),
            };
        }
    }

    /// On a rendezvous channel on which a select waits to send, which has no message yet: waits for a moment, so that it
    /// can come.
    #[cold]
    pub(super) fn take_from_select(&self) -> Result<T, TakeError> {
        let brief = Brief::new();
        let Ok(wait) = self.begin_recv(brief.waker()) else { return Err(TakeError::Empty) };
        wait.park(&brief, Patience::none()).map_err(|error| match error {
            ParkError::Disconnected => TakeError::Disconnected,
            ParkError::Ended => TakeError::Ended,
            ParkError::TimedOut | ParkError::Interrupted | ParkError::NoMemory => TakeError::Empty,
        })
    }

    /// Where the messages come from, if nobody sends them.
    #[cfg(feature = "std")]
    pub(crate) fn source(&self) -> Option<&dyn super::Source<T>> {
        match self.0.line() {
            Some(channel) => channel.flow.source(),
            None => Some(&super::flow::Never),
        }
    }

    /// Begins a receive that waits for a message; see [`RecvWait`].
    ///
    /// # Errors
    /// [`DomainError`]: the domain of this end ends, or there is no memory for the operation.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{Domain, DomainError, unbounded};
    ///
    /// let domain = Domain::try_open()?;
    /// let (tx, rx) = unbounded();
    /// let held = rx.held_by(&domain)?;
    /// let wait = held.begin_recv(Waker::noop().clone())?;
    /// assert!(!wait.is_settled());
    /// tx.try_send(1).unwrap();
    /// assert_eq!(wait.finish(), Ok(1));
    /// domain.end_waits();
    /// assert_eq!(held.begin_recv(Waker::noop().clone()).unwrap_err(), DomainError::Ended);
    /// # Ok::<(), DomainError>(())
    /// ```
    pub fn begin_recv(&self, waker: Waker) -> Result<RecvWait<T>, DomainError> {
        self.0.with_waiting(|end| RecvWait::begin(end, waker))
    }

    /// Receives, sleeping by the embedder's means while there is no message; [`Park`] has an example.
    ///
    /// # Errors
    /// [`ParkError`].
    ///
    /// ```
    /// use crossinterp_core::{Park, Wakeup, unbounded};
    /// use std::sync::Arc;
    /// use std::task::{Wake, Waker};
    /// use std::thread::{self, Thread};
    ///
    /// /// Sleeps as the threads of `std` do.
    /// struct Sleeper;
    /// struct Unpark(Thread);
    /// impl Wake for Unpark {
    ///     fn wake(self: Arc<Self>) {
    ///         self.0.unpark();
    ///     }
    /// }
    /// impl Park for Sleeper {
    ///     fn waker(&self) -> Waker {
    ///         Arc::new(Unpark(thread::current())).into()
    ///     }
    ///     fn park(&self) -> Wakeup {
    ///         thread::park();
    ///         Wakeup::Woken
    ///     }
    /// }
    ///
    /// let (tx, rx) = unbounded();
    /// thread::spawn(move || tx.try_send("hello").unwrap());
    /// assert_eq!(rx.recv_parking(&Sleeper), Ok("hello"));
    /// ```
    pub fn recv_parking(&self, park: &impl Park) -> Result<T, ParkError> {
        self.recv_patiently(park, Patience::new())
    }

    /// The same, with so much patience left before it sleeps.
    pub(super) fn recv_patiently(&self, park: &impl Park, mut patience: Patience) -> Result<T, ParkError> {
        loop {
            match self.take() {
                Ok(message) => return Ok(message),
                Err(TakeError::Disconnected) => return Err(ParkError::Disconnected),
                Err(TakeError::Ended) => return Err(ParkError::Ended),
                Err(TakeError::Empty)
                    if self.0.line().is_some_and(|channel| {
                        channel.tries_first() && patience.wait_with(|| channel.moved())
                    }) => {}
                Err(TakeError::Empty) => return self.begin_recv(park.waker())?.park(park, patience),
            }
        }
    }

    /// The messages that are there, until one is missing.
    ///
    /// ```
    /// let (tx, rx) = crossinterp_core::unbounded();
    /// tx.try_send(1).unwrap();
    /// tx.try_send(2).unwrap();
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2]);
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter(self)
    }
}

either_end!(Receiver);

/// See [`Receiver::try_iter`].
///
/// ```
/// let (tx, rx) = crossinterp_core::unbounded();
/// tx.try_send(1).unwrap();
/// let mut there = rx.try_iter();
/// assert_eq!((there.next(), there.next()), (Some(1), None));
/// tx.try_send(2).unwrap();
/// assert_eq!(there.next(), Some(2)); // it asks each time
/// ```
#[derive(Debug)]
pub struct TryIter<'a, T>(&'a Receiver<T>);

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}
