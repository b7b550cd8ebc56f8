//! Waiting operations: begun, slept on by whatever means their owner has, finished.
//!
//! This is what every way of waiting is made of: threads that sleep ([`crate::Park`]), tasks with a waker, C callers with
//! a wake function. A [`RecvWait`] or [`SendWait`] keeps its place among the waiters of its channel until it is finished
//! or dropped. A message that was handed to a `RecvWait` stays in it until [`RecvWait::finish`]: if its domain ends
//! before, or it is dropped, the message goes to the next receiver, ahead of all that was sent later. (A receiver that
//! saw the closed channel empty while the message was in another's `RecvWait` saw `Disconnected` too early by one
//! message; whoever receives next gets it.)

use core::fmt;
use core::task::Waker;

use super::end::End;
use super::{Channel, ParkError, Side, WaitError};
use crate::domain::{DomainError, Membership};
use crate::park::{Park, Wakeup};
use crate::refs::Shared;
use crate::wait::{Phase, Waiter};

impl<T> Channel<T> {
    /// Ends a waiting operation from outside, because its domain ends.
    pub(super) fn end_wait(&self, waiter: &Shared<Waiter<T>>, side: Side) {
        let leftover = self.state.with(|state| match side {
            Side::Receiver => state.end_recv(waiter),
            Side::Sender => state.end_send(waiter),
        });
        leftover.settle();
    }

    /// The owner gives a waiting operation up.
    fn abandon(&self, waiter: &Shared<Waiter<T>>, side: Side) {
        self.state.with(|state| state.abandon(waiter, side)).settle();
    }
}

/// A waiting operation of either side.
struct Pending<T> {
    channel: Shared<Channel<T>>,
    waiter: Shared<Waiter<T>>,
    side: Side,
    /// Left when the operation is over, and after the channel knows it.
    _membership: Option<Membership>,
}

impl<T> Pending<T> {
    /// An operation that stands nowhere yet.
    fn begin(end: &End<T>, side: Side, waker: Waker) -> Result<Self, DomainError> {
        let waiter = Shared::try_new(Waiter::new(waker))?;
        let membership = end.join_wait(&waiter)?;
        Ok(Self { channel: end.channel().clone(), waiter, side, _membership: membership })
    }

    fn is_settled(&self) -> bool {
        self.waiter.phase() != Phase::Waiting
    }

    /// What came of it. The owner calls it once.
    fn finish(&self) -> (Result<(), WaitError>, Option<T>) {
        let (phase, message) = self.channel.state.with(|state| state.finish(&self.waiter, self.side));
        let result = match phase {
            Phase::Waiting => Err(WaitError::Pending),
            Phase::Done => Ok(()),
            Phase::Disconnected => Err(WaitError::Disconnected),
            Phase::Ended => Err(WaitError::Ended),
        };
        (result, message)
    }

    /// Sleeps until it is settled.
    fn park(&self, park: &impl Park) -> Result<(), ParkError> {
        while !self.is_settled() {
            match park.park() {
                Wakeup::Woken => {}
                Wakeup::TimedOut => return Err(ParkError::TimedOut),
                Wakeup::Interrupted => return Err(ParkError::Interrupted),
            }
        }
        Ok(())
    }

    fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name).field("phase", &self.waiter.phase()).finish_non_exhaustive()
    }
}

fn wake([first, second]: [Option<Waker>; 2]) {
    first.into_iter().chain(second).for_each(Waker::wake);
}

/// A receive that waits.
///
/// ```
/// use core::task::Waker;
/// use crossinterp_core::{WaitError, unbounded};
///
/// let (tx, rx) = unbounded();
/// let first = rx.begin_recv(Waker::noop().clone()).unwrap();
/// let second = rx.begin_recv(Waker::noop().clone()).unwrap();
/// tx.try_send("hello").unwrap();
/// assert!(first.is_settled() && !second.is_settled());
/// drop(first); // the message goes to the next
/// assert_eq!(second.finish(), Ok("hello"));
/// ```
pub struct RecvWait<T>(Option<Pending<T>>);

impl<T> RecvWait<T> {
    pub(super) fn begin(end: &End<T>, waker: Waker) -> Result<Self, DomainError> {
        let pending = Pending::begin(end, Side::Receiver, waker)?;
        wake(pending.channel.state.with(|state| state.begin_recv(&pending.waiter)));
        Ok(Self(Some(pending)))
    }

    /// Whether [`RecvWait::finish`] has an answer other than [`WaitError::Pending`].
    pub fn is_settled(&self) -> bool {
        self.0.as_ref().is_some_and(Pending::is_settled)
    }

    /// Ends the operation and says what came of it. Never waits for anybody.
    ///
    /// # Errors
    /// [`WaitError::Pending`]: no message came and none will; `Disconnected`: the channel is closed and empty; `Ended`:
    /// the domain of the end ends, and a message that had come went to the next receiver.
    pub fn finish(mut self) -> Result<T, WaitError> {
        let Some(pending) = self.0.take() else { return Err(WaitError::Ended) };
        let (result, message) = pending.finish();
        result.map(|()| message.expect("a settled receive has its message"))
    }

    pub(super) fn park(self, park: &impl Park) -> Result<T, ParkError> {
        let slept = self.0.as_ref().map_or(Ok(()), |pending| pending.park(park));
        match self.finish() {
            Ok(message) => Ok(message),
            Err(WaitError::Disconnected) => Err(ParkError::Disconnected),
            Err(WaitError::Ended) => Err(ParkError::Ended),
            Err(WaitError::Pending) => Err(slept.err().unwrap_or(ParkError::TimedOut)),
        }
    }
}

impl<T> Drop for RecvWait<T> {
    fn drop(&mut self) {
        if let Some(pending) = self.0.take() {
            pending.channel.abandon(&pending.waiter, Side::Receiver);
        }
    }
}

impl<T> fmt::Debug for RecvWait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |pending| pending.fmt("RecvWait", f))
    }
}

/// A send that waits. Dropping it takes the message out of the channel's reach, unless it was sent before.
///
/// ```
/// use core::task::Waker;
/// use crossinterp_core::{WaitError, bounded};
///
/// let (tx, rx) = bounded(1);
/// tx.try_send(1).unwrap();
/// let second = tx.begin_send(2, Waker::noop().clone()).unwrap();
/// let third = tx.begin_send(3, Waker::noop().clone()).unwrap();
/// assert_eq!(rx.try_recv(), Ok(1));
/// assert_eq!(second.finish(), Ok(())); // it has taken the place that became free
/// assert_eq!(third.finish(), Err((3, WaitError::Pending)));
/// ```
pub struct SendWait<T>(Option<Pending<T>>);

impl<T> SendWait<T> {
    pub(super) fn begin(end: &End<T>, message: T, waker: Waker) -> Result<Self, (T, DomainError)> {
        let pending = match Pending::begin(end, Side::Sender, waker) {
            Ok(pending) => pending,
            Err(error) => return Err((message, error)),
        };
        match pending.channel.state.with(|state| state.begin_send(&pending.waiter, message)) {
            Ok(wakers) => wake(wakers),
            Err(message) => return Err((message, DomainError::NoMemory)),
        }
        Ok(Self(Some(pending)))
    }

    /// Whether [`SendWait::finish`] has an answer other than [`WaitError::Pending`].
    pub fn is_settled(&self) -> bool {
        self.0.as_ref().is_some_and(Pending::is_settled)
    }

    /// Ends the operation and says what came of it, with the message when it was not sent. Never waits for anybody.
    ///
    /// # Errors
    /// [`WaitError::Pending`]: nobody took the message and nobody will; `Disconnected`: the channel is closed or has no
    /// receivers; `Ended`: the domain of the end ends.
    pub fn finish(mut self) -> Result<(), (T, WaitError)> {
        let Some(pending) = self.0.take() else { return Ok(()) };
        match pending.finish() {
            (Ok(()), _) => Ok(()),
            (Err(error), message) => Err((message.expect("an unsent message stays in its send"), error)),
        }
    }

    pub(super) fn park(self, park: &impl Park) -> Result<(), (T, ParkError)> {
        let slept = self.0.as_ref().map_or(Ok(()), |pending| pending.park(park));
        self.finish().map_err(|(message, error)| match error {
            WaitError::Disconnected => (message, ParkError::Disconnected),
            WaitError::Ended => (message, ParkError::Ended),
            WaitError::Pending => (message, slept.err().unwrap_or(ParkError::TimedOut)),
        })
    }
}

impl<T> Drop for SendWait<T> {
    fn drop(&mut self) {
        if let Some(pending) = self.0.take() {
            pending.channel.abandon(&pending.waiter, Side::Sender);
        }
    }
}

impl<T> fmt::Debug for SendWait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |pending| pending.fmt("SendWait", f))
    }
}
