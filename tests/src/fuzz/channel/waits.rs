//! Waiting operations of a channel: begun, asked, finished, dropped.

use std::sync::Arc;
use std::task::{Context, Poll};

use crossinterp_core::{DomainError, DomainState, RecvError, RecvWait, SendError, SendWait, WaitError};

use super::super::ledger::{Message, Wakes};
use super::super::model::{self, Number, Outcome, Phase, Refusal, WaitId};
use super::line::Line;
use super::{Setting, pick};

/// More waits than this only make a schedule slow.
const MOST_WAITS: usize = 12;

/// A waiting operation, and whom it wakes.
pub(super) struct Waiting {
    pub(super) wait: Wait,
    pub(super) wakes: Arc<Wakes>,
}

pub(super) enum Wait {
    Send(SendWait<Message>),
    Recv(RecvWait<Message>),
}

impl Waiting {
    pub(super) fn compare(&self, id: WaitId, expected: &model::Wait) {
        let (settled, sends) = match &self.wait {
            Wait::Send(wait) => (wait.is_settled(), true),
            Wait::Recv(wait) => (wait.is_settled(), false),
        };
        assert_eq!(settled, expected.phase != Phase::Waiting, "wait {id} is settled");
        assert_eq!(self.wakes.count(), expected.calls, "how often wait {id} was woken");
        // (A send that was told of room may have to be called again, if its message is taken meanwhile.)
        if !(sends && expected.phase == Phase::Woken) {
            assert_eq!(self.wakes.is_kept(), !settled, "the waker of wait {id} is kept");
        }
    }
}

impl Setting {
    /// Whether a domain lets operations wait.
    pub(super) fn lets_wait(&self, domain: Option<usize>) -> bool {
        domain.is_none_or(|domain| self.states[domain] == DomainState::Open)
    }
}

impl Line {
    pub(super) fn begin_send(&mut self, setting: &Setting, choice: usize) {
        let Some(sender) = self.senders.pick(choice).filter(|_| self.waits.len() < MOST_WAITS) else {
            return;
        };
        let message = setting.ledger.message();
        let number = message.number;
        let (wakes, waker) = Wakes::new();
        match sender.end.begin_send(message, waker) {
            Ok(wait) => {
                assert!(setting.lets_wait(sender.domain), "a domain that ends lets somebody wait");
                let id = self.model.begin_send(sender.domain, number);
                self.waits.push((id, Waiting { wait: Wait::Send(wait), wakes }));
            }
            Err((message, error)) => {
                assert_eq!((message.number, error), (number, DomainError::Ended));
                assert!(!setting.lets_wait(sender.domain), "a send was refused for no reason");
            }
        }
    }

    pub(super) fn begin_recv(&mut self, setting: &Setting, choice: usize) {
        let Some(receiver) = self.receivers.pick(choice).filter(|_| self.waits.len() < MOST_WAITS) else {
            return;
        };
        let (wakes, waker) = Wakes::new();
        match receiver.end.begin_recv(waker) {
            Ok(wait) => {
                assert!(setting.lets_wait(receiver.domain), "a domain that ends lets somebody wait");
                let id = self.model.begin_recv(receiver.domain);
                self.waits.push((id, Waiting { wait: Wait::Recv(wait), wakes }));
            }
            Err(error) => {
                assert_eq!(error, DomainError::Ended);
                assert!(!setting.lets_wait(receiver.domain), "a receive was refused for no reason");
            }
        }
    }

    /// As a task asks for the first time: it waits only if nothing comes of it at once.
    pub(super) fn poll_send(&mut self, setting: &Setting, choice: usize) {
        let Some(sender) = self.senders.pick(choice).filter(|_| self.waits.len() < MOST_WAITS) else {
            return;
        };
        let message = setting.ledger.message();
        let number = message.number;
        let (wakes, waker) = Wakes::new();
        let (mut unsent, mut wait) = (Some(message), None);
        let polled = sender.end.poll_send(&Context::from_waker(&waker), &mut unsent, &mut wait);
        drop(waker);
        assert!(unsent.is_none());
        let tried = if sender.ended { Err(Refusal::Never) } else { self.model.send(number) };
        let expected = match tried {
            Ok(()) => Poll::Ready(Ok(())),
            Err(Refusal::Later) if setting.lets_wait(sender.domain) => Poll::Pending,
            Err(_) => Poll::Ready(Err(number)),
        };
        assert_eq!(polled.map_err(|SendError(message)| message.number), expected);
        if expected.is_pending() {
            let id = self.model.begin_send(sender.domain, number);
            let wait = Wait::Send(wait.expect("it is pending"));
            self.waits.push((id, Waiting { wait, wakes }));
        } else {
            assert!(wait.is_none() && wakes.count() == 0);
            wakes.assert_forgotten();
        }
    }

    /// The same for a receive.
    pub(super) fn poll_recv(&mut self, setting: &Setting, choice: usize) {
        let Some(receiver) = self.receivers.pick(choice).filter(|_| self.waits.len() < MOST_WAITS) else {
            return;
        };
        let (wakes, waker) = Wakes::new();
        let mut wait = None;
        let polled = receiver.end.poll_recv(&Context::from_waker(&waker), &mut wait);
        drop(waker);
        let tried = if receiver.ended { Err(Refusal::Never) } else { self.model.recv() };
        let expected = match tried {
            Ok(number) => Poll::Ready(Ok(number)),
            Err(Refusal::Later) if setting.lets_wait(receiver.domain) => Poll::Pending,
            Err(_) => Poll::Ready(Err(RecvError)),
        };
        assert_eq!(polled.map_ok(|message| message.number), expected);
        if expected.is_pending() {
            let id = self.model.begin_recv(receiver.domain);
            let wait = Wait::Recv(wait.expect("it is pending"));
            self.waits.push((id, Waiting { wait, wakes }));
        } else {
            assert!(wait.is_none() && wakes.count() == 0);
            wakes.assert_forgotten();
        }
    }

    pub(super) fn finish(&mut self, choice: usize) {
        let Some(id) = self.pick_wait(choice) else { return };
        if self.model.wait(id).phase == Phase::Over {
            return self.abandon(choice);
        }
        let outcome = self.model.finish(id);
        let Waiting { wait, wakes } = self.take_wait(id);
        match wait {
            Wait::Send(wait) => {
                let unsent = wait.finish().map_err(|(message, error)| (message.number, error));
                assert_eq!(unsent, sent(outcome));
            }
            Wait::Recv(wait) => {
                assert_eq!(wait.finish().map(|message| message.number), received(outcome));
            }
        }
        wakes.assert_forgotten();
    }

    pub(super) fn try_finish(&mut self, choice: usize) {
        let Some(id) = self.pick_wait(choice) else { return };
        let before = self.model.wait(id).phase;
        if before == Phase::Over {
            return self.abandon(choice);
        }
        let outcome = self.model.try_finish(id);
        let place = self.place(id);
        let (_, Waiting { wait, wakes }) = &mut self.waits[place];
        let (new_wakes, waker) = Wakes::new();
        match wait {
            Wait::Send(wait) => {
                let unsent = wait.try_finish(waker);
                let unsent = unsent.map(|sent| sent.map_err(|(message, error)| (message.number, error)));
                assert_eq!(unsent, outcome.map(sent));
            }
            Wait::Recv(wait) => {
                let message = wait.try_finish(waker);
                let message = message.map(|received| received.map(|message| message.number));
                assert_eq!(message, outcome.map(received));
            }
        }
        // Only one that was woken, and waits on, has a use for another waker.
        let unused = if outcome.is_none() && before == Phase::Woken {
            assert_eq!(wakes.count(), 1, "who was woken was woken once");
            std::mem::replace(wakes, new_wakes)
        } else {
            assert_eq!(new_wakes.count(), 0, "a waker that was not needed was called");
            new_wakes
        };
        unused.assert_forgotten();
    }

    /// As a task asks again: who waits on has the new waker, and no other.
    pub(super) fn poll(&mut self, choice: usize) {
        let Some(id) = self.pick_wait(choice) else { return };
        let model::Wait { phase: before, calls, .. } = self.model.wait(id);
        if before == Phase::Over {
            return self.abandon(choice);
        }
        let outcome = self.model.poll(id);
        let place = self.place(id);
        let (_, Waiting { wait, wakes }) = &mut self.waits[place];
        let (new_wakes, waker) = Wakes::new();
        let context = Context::from_waker(&waker);
        match wait {
            Wait::Send(wait) => {
                let polled = wait.poll(&context).map_err(|(message, error)| (message.number, error));
                assert_eq!(polled, outcome.map_or(Poll::Pending, |outcome| Poll::Ready(sent(outcome))));
            }
            Wait::Recv(wait) => {
                let polled = wait.poll(&context).map_ok(|message| message.number);
                assert_eq!(polled, outcome.map_or(Poll::Pending, |outcome| Poll::Ready(received(outcome))));
            }
        }
        drop(waker);
        assert_eq!(wakes.count(), calls, "the last waker is called for what came before the poll");
        wakes.assert_forgotten();
        if outcome.is_none() {
            *wakes = new_wakes;
        } else {
            assert_eq!(new_wakes.count(), 0, "a waker that was not needed was called");
            new_wakes.assert_forgotten();
            self.model.abandon(id);
            drop(self.take_wait(id));
        }
    }

    pub(super) fn abandon(&mut self, choice: usize) {
        let Some(id) = self.pick_wait(choice) else { return };
        self.model.abandon(id);
        let Waiting { wait, wakes } = self.take_wait(id);
        drop(wait);
        wakes.assert_forgotten();
    }

    fn pick_wait(&self, choice: usize) -> Option<WaitId> {
        pick(&self.waits, choice).map(|index| self.waits[index].0)
    }

    fn place(&self, id: WaitId) -> usize {
        self.waits.iter().position(|(other, _)| *other == id).expect("the wait was picked")
    }

    fn take_wait(&mut self, id: WaitId) -> Waiting {
        self.waits.remove(self.place(id)).1
    }
}

/// What finishing a send says.
fn sent((outcome, message): (Outcome, Option<Number>)) -> Result<(), (Number, WaitError)> {
    let unsent = |error| Err((message.expect("what was not sent comes back"), error));
    error(outcome).map_or(Ok(()), unsent)
}

/// What finishing a receive says.
fn received((outcome, message): (Outcome, Option<Number>)) -> Result<Number, WaitError> {
    error(outcome).map_or_else(|| Ok(message.expect("a message was received")), Err)
}

fn error(outcome: Outcome) -> Option<WaitError> {
    match outcome {
        Outcome::Pending => Some(WaitError::Pending),
        Outcome::Done => None,
        Outcome::Disconnected => Some(WaitError::Disconnected),
        Outcome::Ended => Some(WaitError::Ended),
    }
}
