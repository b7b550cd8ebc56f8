//! Waits that a thread begins, and tries, finishes or drops later.

use std::sync::Arc;

use crossinterp_core::{DomainError, ParkError, RecvWait, SendWait, WaitError};

use super::actor::Actor;
use crate::fuzz::history::{Nothing, Time};
use crate::fuzz::ledger::{Message, Wakes};
use crate::fuzz::stage::trace;

/// A waiting operation that was begun.
pub(super) struct Begun {
    pub(super) line: usize,
    pub(super) wait: Wait,
    pub(super) held: bool,
    since: Time,
    pub(super) wakes: Arc<Wakes>,
}

pub(super) enum Wait {
    Send(SendWait<Message>, u32),
    Recv(RecvWait<Message>),
}

impl Actor {
    pub(super) fn begin_send(&mut self, line: usize) {
        let Some(sender) = self.ends[line].senders.last().cloned() else { return };
        // On a rendezvous a message that is offered after closing is there until its own sender finds that out: a
        // receiver in the middle of its operation may take it before.
        let since = self.line(line).history.now();
        let message = self.message(line, since);
        let number = message.number;
        trace(|| format!("channel {line}: begin to send message {number}"));
        let (wakes, waker) = self.world.waker();
        match sender.begin_send(message, waker) {
            Ok(wait) => {
                let wait = Wait::Send(wait, number);
                self.waits().push(Begun { line, wait, held: self.is_held(line), since, wakes });
            }
            Err((message, error)) => {
                assert!(self.is_held(line) && error == DomainError::Ended);
                self.sent(line, number, Some(message));
            }
        }
    }

    pub(super) fn begin_recv(&mut self, line: usize) {
        let Some(receiver) = self.ends[line].receivers.last().cloned() else { return };
        trace(|| format!("channel {line}: begin to receive"));
        let since = self.line(line).history.now();
        self.line(line).history.may_leave();
        let (wakes, waker) = self.world.waker();
        match receiver.begin_recv(waker) {
            Ok(wait) => {
                self.waits().push(Begun {
                    line,
                    wait: Wait::Recv(wait),
                    held: self.is_held(line),
                    since,
                    wakes,
                });
            }
            Err(error) => assert!(self.is_held(line) && error == DomainError::Ended),
        }
    }

    fn take_wait(&self, choice: usize) -> Option<Begun> {
        let mut waits = self.waits();
        if waits.is_empty() {
            return None;
        }
        let index = choice % waits.len();
        Some(waits.remove(index))
    }

    pub(super) fn finish(&mut self, choice: usize) {
        let Some(Begun { line, wait, since, .. }) = self.take_wait(choice) else { return };
        trace(|| format!("channel {line}: finish a wait"));
        match wait {
            Wait::Send(wait, number) => self.finished_send(line, number, wait.finish()),
            Wait::Recv(wait) => self.finished_recv(line, since, wait.finish()),
        }
    }

    fn finished_send(&self, line: usize, number: u32, result: Result<(), (Message, WaitError)>) {
        let unsent = result.err().map(|(message, error)| {
            self.check(line, error_of(error), true);
            message
        });
        self.sent(line, number, unsent);
    }

    fn finished_recv(&self, line: usize, since: Time, result: Result<Message, WaitError>) {
        match result {
            Ok(message) => self.received(line, since, message),
            Err(error) => {
                self.check(line, error_of(error), true);
                if error == WaitError::Disconnected {
                    self.line(line).history.nothing(since, Nothing::Disconnected);
                }
            }
        }
    }

    pub(super) fn try_finish(&mut self, choice: usize) {
        let Some(mut begun) = self.take_wait(choice) else { return };
        let line = begun.line;
        trace(|| format!("channel {line}: try to finish a wait"));
        let (wakes, waker) = self.world.waker();
        match &mut begun.wait {
            Wait::Send(wait, number) => {
                if let Some(result) = wait.try_finish(waker) {
                    return self.finished_send(line, *number, result);
                }
            }
            Wait::Recv(wait) => {
                if let Some(result) = wait.try_finish(waker) {
                    return self.finished_recv(line, begun.since, result);
                }
            }
        }
        // Only one that was woken before takes the new waker, and its own is forgotten then.
        if wakes.is_kept() || wakes.count() > 0 {
            begun.wakes = wakes;
        }
        self.waits().push(begun);
    }

    pub(super) fn abandon(&mut self, choice: usize) {
        let Some(Begun { line, wait, .. }) = self.take_wait(choice) else { return };
        trace(|| format!("channel {line}: drop a wait"));
        if matches!(wait, Wait::Recv(_)) {
            self.line(line).history.returns();
        }
        drop(wait);
    }
}

fn error_of(error: WaitError) -> ParkError {
    match error {
        WaitError::Pending => ParkError::TimedOut,
        WaitError::Disconnected => ParkError::Disconnected,
        WaitError::Ended => ParkError::Ended,
    }
}
