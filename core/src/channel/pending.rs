//! Waiting operations: begun, slept on by whatever means their owner has, finished.
//!
//! This is what every way of waiting is made of: threads that sleep ([`crate::Park`]), tasks with a waker, C callers with
//! a wake function. A [`RecvWait`] or [`SendWait`] keeps its place among the waiters of its channel until it is finished
//! or dropped. It is *settled* when finishing it is worth a try: it was handed a message, or woken because there is one, or
//! room, or the channel was closed, or its domain ends. What it was woken for stays where it is until it is finished, and
//! another one may take it before: then [`RecvWait::try_finish`] waits on, with its old place. What it was handed is its
//! own; if it is dropped instead of finished, or its domain ends before, that message goes to the next receiver, before
//! all that was sent later. (A receiver that meanwhile found the closed channel empty saw `Disconnected` too early by
//! one message; whoever receives next gets it.)

use core::fmt;
use core::task::Waker;

use super::end::End;
use super::flow::{Flow, Unreceived, Unsent};
use super::policy::Patience;
use super::{Channel, ParkError, Side, WaitError};
use crate::domain::{DomainError, Membership};
use crate::park::{Park, Wakeup};
use crate::primitive::stop_point;
use crate::refs::Shared;
use crate::wait::{Left, Phase, Place};

/// A waiting operation of either side.
struct Pending<T> {
    channel: Shared<Channel<T>>,
    /// `None`: it needed none, or is over.
    place: Option<Place<T>>,
    side: Side,
    /// Left when the operation is over, and after the channel knows it.
    _membership: Option<Membership>,
}

impl<T> Pending<T> {
    /// An operation that nobody can wake yet.
    fn new(end: &End<T>, side: Side) -> Result<Self, DomainError> {
        let channel = end.channel().clone();
        let place = channel.waiting(side).take()?;
        let ticket = place.ticket();
        let mut pending = Self { channel, place: Some(place), side, _membership: None };
        pending._membership = end.join_wait(ticket)?;
        Ok(pending)
    }

    /// Waits from now on, for the first time or again. `false`: the domain ends.
    fn offer(&self, waker: Waker) -> bool {
        let Some(place) = &self.place else { return true };
        if !place.offer(waker) {
            return false;
        }
        stop_point!(pending.offered);
        self.channel.flow.announce(self.side);
        stop_point!(pending.announced);
        if self.channel.is_ready(self.side)
            && let Some(waker) = place.wake()
        {
            waker.wake();
        }
        true
    }

    fn phase(&self) -> Phase {
        self.place.as_ref().map_or(Phase::Done, Place::phase)
    }

    fn is_settled(&self) -> bool {
        self.phase() != Phase::Waiting
    }

    /// Leaves the table. The baton, if it has it, is the caller's.
    fn leave(&mut self, keep: bool) -> Left<T> {
        match self.place.take() {
            None => Left { woken: false, done: false, message: None },
            Some(place) if keep => place.leave(),
            Some(place) => self.channel.waiting(self.side).give_back(place),
        }
    }

    /// Is over, and passes the baton on. A message that came, or was not sent.
    fn over(&mut self) -> Option<T> {
        let left = self.leave(true);
        if left.woken {
            self.channel.pass_on(self.side);
        }
        left.message
    }

    fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name).field("phase", &self.phase()).finish_non_exhaustive()
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        let receives = self.side == Side::Receiver;
        let left = self.leave(!receives);
        // The message of a receive that is dropped stands in the table again.
        if left.woken || (receives && left.done) {
            self.channel.pass_on(self.side);
        }
    }
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
/// drop(first); // the message is for the next
/// assert_eq!(second.finish(), Ok("hello"));
/// ```
pub struct RecvWait<T>(Pending<T>);

impl<T> RecvWait<T> {
    pub(super) fn begin(end: &End<T>, waker: Waker) -> Result<Self, DomainError> {
        let pending = Pending::new(end, Side::Receiver)?;
        if pending.offer(waker) { Ok(Self(pending)) } else { Err(DomainError::Ended) }
    }

    /// Whether it is worth a try to finish it.
    pub fn is_settled(&self) -> bool {
        self.0.is_settled()
    }

    /// Ends the operation and says what came of it. Never waits for anybody.
    ///
    /// # Errors
    /// [`WaitError::Pending`]: no message came and none will, or another one was faster; `Disconnected`: the channel is
    /// closed and empty; `Ended`: the domain of the end ends.
    pub fn finish(mut self) -> Result<T, WaitError> {
        if self.0.phase() == Phase::Waiting {
            let left = self.0.leave(true);
            if left.done
                && let Some(message) = left.message
            {
                return Ok(message);
            }
            if !left.woken {
                return Err(WaitError::Pending);
            }
            // It was woken at the last moment.
            let received = self.0.channel.try_recv();
            self.0.channel.pass_on(Side::Receiver);
            return match received {
                Ok(message) => Ok(message),
                Err(Unreceived::Closed) => Err(WaitError::Disconnected),
                Err(Unreceived::Empty | Unreceived::Busy) => Err(WaitError::Pending),
            };
        }
        match self.attempt() {
            Ok(Some(received)) => received,
            Ok(None) | Err(Unreceived::Busy) => {
                self.0.over();
                Err(WaitError::Pending)
            }
            Err(_) => Err(WaitError::Disconnected),
        }
    }

    /// When settled: what came of the operation, which is over then. `None`: nothing came yet, and it waits on; the waker
    /// is called when it is settled again.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{WaitError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let waker = || Waker::noop().clone();
    /// tx.try_send(1).unwrap();
    /// let mut wait = rx.begin_recv(waker()).unwrap();
    /// assert!(wait.is_settled());
    /// assert_eq!(rx.try_recv(), Ok(1)); // faster
    /// assert_eq!(wait.try_finish(waker()), None);
    /// tx.try_send(2).unwrap();
    /// assert_eq!(wait.try_finish(waker()), Some(Ok(2)));
    /// ```
    pub fn try_finish(&mut self, waker: Waker) -> Option<Result<T, WaitError>> {
        if self.0.phase() == Phase::Waiting {
            return None;
        }
        match self.attempt() {
            Ok(Some(received)) => Some(received),
            // Where a peer is in the middle, this comes back at once, for another try.
            Ok(None) | Err(_) => {
                if self.0.offer(waker) {
                    return None;
                }
                self.0.over();
                Some(Err(WaitError::Ended))
            }
        }
    }

    /// Tries, being settled. `Ok(None)`: nothing there; only then, and with `Err(Busy)`, it is not over.
    fn attempt(&mut self) -> Result<Option<Result<T, WaitError>>, Unreceived> {
        match self.0.phase() {
            Phase::Ended => {
                self.0.over();
                Ok(Some(Err(WaitError::Ended)))
            }
            Phase::Done => Ok(self.0.over().map(Ok)),
            Phase::Waiting | Phase::Woken => match self.0.channel.try_recv() {
                Ok(message) => {
                    self.0.over();
                    Ok(Some(Ok(message)))
                }
                Err(Unreceived::Closed) => {
                    self.0.over();
                    Ok(Some(Err(WaitError::Disconnected)))
                }
                Err(Unreceived::Empty) => Ok(None),
                Err(Unreceived::Busy) => Err(Unreceived::Busy),
            },
        }
    }

    pub(super) fn park(mut self, park: &impl Park, mut patience: Patience) -> Result<T, ParkError> {
        let mut busy = 0;
        loop {
            let wakeup = if self.0.is_settled() {
                match self.attempt() {
                    Ok(Some(received)) => return received.map_err(ParkError::from),
                    Ok(None) => {
                        if !self.0.offer(park.waker()) {
                            return Err(ParkError::Ended);
                        }
                        continue;
                    }
                    Err(_) => {
                        busy += 1;
                        park.pause(busy)
                    }
                }
            } else if patience.wait() {
                continue;
            } else {
                park.park()
            };
            let error = match wakeup {
                Wakeup::Woken => continue,
                Wakeup::TimedOut => ParkError::TimedOut,
                Wakeup::Interrupted => ParkError::Interrupted,
            };
            return self.finish().map_err(|unfinished| match unfinished {
                WaitError::Pending => error,
                other => other.into(),
            });
        }
    }
}

impl<T> fmt::Debug for RecvWait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt("RecvWait", f)
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
/// assert_eq!(second.finish(), Ok(())); // it takes the place that became free
/// assert_eq!(third.finish(), Err((3, WaitError::Pending)));
/// ```
pub struct SendWait<T> {
    pending: Pending<T>,
    /// What is to be sent, where it does not stand in the node.
    message: Option<T>,
}

impl<T> SendWait<T> {
    pub(super) fn begin(end: &End<T>, message: T, waker: Waker) -> Result<Self, (T, DomainError)> {
        let mut pending = match Pending::new(end, Side::Sender) {
            Ok(pending) => pending,
            Err(error) => return Err((message, error)),
        };
        let channel = pending.channel.clone();
        let message = match channel.try_send(message) {
            Ok(()) => {
                pending.over();
                waker.wake();
                return Ok(Self { pending, message: None });
            }
            Err(Unsent::NoMemory(message)) => return Err((message, DomainError::NoMemory)),
            Err(Unsent::Full(message) | Unsent::Busy(message) | Unsent::Closed(message)) => message,
        };
        let hand_to_hand = matches!(channel.flow, Flow::Rendezvous(_));
        let mut wait = Self { pending, message: Some(message) };
        if hand_to_hand && let (Some(place), Some(message)) = (&mut wait.pending.place, wait.message.take()) {
            place.load(message);
        }
        if !wait.pending.offer(waker) {
            let message = wait.take_back();
            return Err((message.expect("nobody takes what was not offered"), DomainError::Ended));
        }
        if hand_to_hand {
            channel.wake(Side::Receiver);
        }
        Ok(wait)
    }

    /// Is over; the message, if it was not sent.
    fn take_back(&mut self) -> Option<T> {
        let unsent = self.pending.over();
        self.message.take().or(unsent)
    }

    /// Whether it is worth a try to finish it.
    pub fn is_settled(&self) -> bool {
        self.pending.is_settled()
    }

    /// Ends the operation and says what came of it, with the message when it was not sent. Never waits for anybody.
    ///
    /// # Errors
    /// [`WaitError::Pending`]: there is no room, or nobody took the message, and nobody will; `Disconnected`: the channel
    /// is closed or has no receivers; `Ended`: the domain of the end ends.
    pub fn finish(mut self) -> Result<(), (T, WaitError)> {
        match self.attempt() {
            Ok(Some(sent)) => sent,
            Ok(None) | Err(_) => match self.take_back() {
                Some(message) => Err((message, WaitError::Pending)),
                None => Ok(()),
            },
        }
    }

    /// When settled: what came of the operation, which is over then. `None`: there is no room yet, and it waits on; the
    /// waker is called when it is settled again.
    pub fn try_finish(&mut self, waker: Waker) -> Option<Result<(), (T, WaitError)>> {
        if !self.is_settled() {
            return None;
        }
        match self.attempt() {
            Ok(Some(sent)) => Some(sent),
            Ok(None) | Err(Busy) => {
                if self.pending.offer(waker) {
                    return None;
                }
                Some(self.take_back().map_or(Ok(()), |message| Err((message, WaitError::Ended))))
            }
        }
    }

    /// Tries, being settled. `Ok(None)`: no room; only then, and with `Err(Busy)`, it is not over.
    #[allow(clippy::type_complexity)]
    fn attempt(&mut self) -> Result<Option<Result<(), (T, WaitError)>>, Busy> {
        let phase = self.pending.phase();
        if phase == Phase::Waiting {
            return Ok(None);
        }
        let Some(message) = self.message.take() else {
            // It stands in the node, or was sent.
            if phase == Phase::Woken && !self.pending.channel.flow.is_closed() {
                return Ok(None);
            }
            let why = if phase == Phase::Ended { WaitError::Ended } else { WaitError::Disconnected };
            return Ok(Some(self.take_back().map_or(Ok(()), |message| Err((message, why)))));
        };
        if phase == Phase::Ended {
            self.pending.over();
            return Ok(Some(Err((message, WaitError::Ended))));
        }
        match self.pending.channel.try_send(message) {
            Ok(()) => {
                self.pending.over();
                Ok(Some(Ok(())))
            }
            Err(Unsent::Closed(message)) => {
                self.pending.over();
                Ok(Some(Err((message, WaitError::Disconnected))))
            }
            Err(Unsent::Full(message) | Unsent::NoMemory(message)) => {
                self.message = Some(message);
                Ok(None)
            }
            Err(Unsent::Busy(message)) => {
                self.message = Some(message);
                Err(Busy)
            }
        }
    }

    pub(super) fn park(mut self, park: &impl Park, mut patience: Patience) -> Result<(), (T, ParkError)> {
        let mut busy = 0;
        loop {
            let wakeup = if self.is_settled() {
                match self.attempt() {
                    Ok(Some(sent)) => return sent.map_err(|(message, error)| (message, error.into())),
                    Ok(None) => {
                        if !self.pending.offer(park.waker()) {
                            return match self.take_back() {
                                Some(message) => Err((message, ParkError::Ended)),
                                None => Ok(()),
                            };
                        }
                        continue;
                    }
                    Err(Busy) => {
                        busy += 1;
                        park.pause(busy)
                    }
                }
            } else if patience.wait() {
                continue;
            } else {
                park.park()
            };
            let error = match wakeup {
                Wakeup::Woken => continue,
                Wakeup::TimedOut => ParkError::TimedOut,
                Wakeup::Interrupted => ParkError::Interrupted,
            };
            return self.finish().map_err(|(message, unfinished)| match unfinished {
                WaitError::Pending => (message, error),
                other => (message, other.into()),
            });
        }
    }
}

/// A peer is in the middle of its operation.
struct Busy;

impl From<WaitError> for ParkError {
    /// An operation that is pending ran out of time.
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Pending => Self::TimedOut,
            WaitError::Disconnected => Self::Disconnected,
            WaitError::Ended => Self::Ended,
        }
    }
}

impl<T> fmt::Debug for SendWait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pending.fmt("SendWait", f)
    }
}
