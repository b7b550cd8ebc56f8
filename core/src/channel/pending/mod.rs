//! Waiting operations: begun, slept on by whatever means their owner has, finished.
//!
//! This is what every way of waiting is made of: threads that sleep ([`crate::Park`]), tasks with a waker, C callers with
//! a wake function. A [`RecvWait`] or [`SendWait`] keeps its place among the waiters of its channel until it is finished
//! or dropped. It is *settled* when finishing it is worth a try: it was handed a message, or woken because there is one, or
//! room, or the channel was closed, or its domain ends. What it was woken for stays where it is until it is finished, and
//! another one may take it before: then [`RecvWait::try_finish`] waits on, with its old place. What it was handed is its
//! own; if it is dropped instead of finished, or its domain ends before, that message goes to the next receiver, before
//! all that was sent later; only a receive that was under way at that moment may take a later one first. (A receiver that
//! meanwhile found the closed channel empty saw `Disconnected` too early by one message; whoever receives next gets it.)

mod recv;
mod send;

pub use recv::RecvWait;
pub use send::SendWait;

use core::fmt;
use core::task::Waker;

use super::end::End;
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

    /// Waits from now on, for the first time. `false`: the domain ends.
    fn begin(&self, waker: Waker) -> bool {
        let offered = self.offer(waker);
        if !self.is_settled() {
            self.channel.relieve(self.side);
        }
        offered
    }

    /// Waits from now on, for the first time or again. `false`: the domain ends.
    fn offer(&self, waker: Waker) -> bool {
        let Some(place) = &self.place else { return true };
        if !place.reclaim() {
            // A peer moves the message out at this moment, or has done so, and knows another waker: this one looks.
            waker.wake();
            return true;
        }
        if let Some(source) = self.channel.flow.source() {
            source.call_when_due(&waker);
        }
        if !place.offer(waker) {
            return false;
        }
        stop_point!(pending.offered);
        self.channel.flow.announce(self.side);
        stop_point!(pending.announced);
        if self.channel.is_ready(self.side) {
            if let Some(waker) = place.wake() {
                waker.wake();
            }
        } else {
            self.channel.call_peer(self.side, 0);
        }
        true
    }

    fn phase(&self) -> Phase {
        self.place.as_ref().map_or(Phase::Done, Place::phase)
    }

    fn is_settled(&self) -> bool {
        self.phase() != Phase::Waiting
    }

    /// Takes the operation from those that would wake it, so that it can try and then be offered again, with another
    /// waker. `false`: somebody is waking it at this moment, by the waker that it has.
    fn recall(&self) -> bool {
        // The waker is not called: it is the caller who looks now.
        self.place.as_ref().is_none_or(|place| place.wake().is_some()) || self.is_settled()
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

/// What came of trying an operation.
enum Attempt<R> {
    /// It is over, with that result.
    Over(R),
    /// There is nothing for it.
    Nothing,
    /// A peer is in the middle of its own.
    Busy,
}

/// What both kinds of waiting operations can do.
trait Waiting {
    type Result;

    fn is_settled(&self) -> bool;

    /// Tries, if it is settled.
    fn attempt(&mut self) -> Attempt<Self::Result>;

    /// Waits again, after an attempt that came to nothing. `Some`: its domain ends, and it is over.
    fn offer_again(&mut self, waker: Waker) -> Option<Self::Result>;

    /// Tries, and waits again if it came to nothing: where a peer is in the middle, for a moment only.
    fn attempt_or_wait(&mut self, waker: Waker) -> Option<Self::Result> {
        match self.attempt() {
            Attempt::Over(result) => Some(result),
            Attempt::Nothing | Attempt::Busy => self.offer_again(waker),
        }
    }

    /// Sleeps until the operation is over, or the sleeper gives up: it is not over then.
    fn sleep(&mut self, park: &impl Park, mut patience: Patience) -> Result<Self::Result, ParkError> {
        let mut busy = 0;
        loop {
            let wakeup = if self.is_settled() {
                match self.attempt() {
                    Attempt::Over(result) => return Ok(result),
                    Attempt::Nothing => match self.offer_again(park.waker()) {
                        Some(result) => return Ok(result),
                        None => continue,
                    },
                    Attempt::Busy => {
                        busy += 1;
                        park.pause(busy)
                    }
                }
            } else if patience.wait_in_place() {
                continue;
            } else {
                park.park()
            };
            match wakeup {
                Wakeup::Woken => {}
                Wakeup::TimedOut => return Err(ParkError::TimedOut),
                Wakeup::Interrupted => return Err(ParkError::Interrupted),
            }
        }
    }
}

impl WaitError {
    /// As the error of a sleeper, who gave up for that reason if nothing else came of the operation.
    fn or(self, given_up: ParkError) -> ParkError {
        match self {
            Self::Pending => given_up,
            Self::Disconnected => ParkError::Disconnected,
            Self::Ended => ParkError::Ended,
        }
    }
}
