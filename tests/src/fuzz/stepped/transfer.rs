//! Sends and receives.

use crossinterp_core::{ParkError, TakeError, TrySendError};

use super::actor::Actor;
use super::sleeper::OnStage;
use super::world::Side;
use crate::fuzz::history::{Nothing, Time};
use crate::fuzz::ledger::Message;
use crate::fuzz::stage::trace;

impl Actor {
    /// The next message, sent by an operation that began then.
    pub(super) fn message(&self, line: usize, begin: Time) -> Message {
        let message = self.line(line).ledger.message();
        self.line(line).history.sends(begin, message.number);
        message
    }

    /// A send has ended; what came back is its message.
    pub(super) fn sent(&self, line: usize, number: u32, unsent: Option<Message>) {
        let came_back = unsent.is_some();
        trace(|| {
            format!("channel {line}, message {number}: {}", if came_back { "came back" } else { "sent" })
        });
        if let Some(message) = &unsent {
            assert_eq!(message.number, number, "another message came back");
        }
        self.line(line).history.sent(number, unsent.is_none());
    }

    pub(super) fn received(&self, line: usize, begin: Time, message: Message) {
        trace(|| format!("channel {line}: received message {}", message.number));
        self.line(line).history.received(begin, message.number);
    }

    pub(super) fn send(&mut self, line: usize, looks: Option<u32>) {
        let sender = self.ends[line].senders.first().cloned();
        if sender.is_none() && !self.ends[line].single[Side::Sender as usize] {
            return;
        }
        let message = self.message(line, self.line(line).history.now());
        let number = message.number;
        trace(|| format!("channel {line}: send message {number}, limit {looks:?}"));
        let park = OnStage::begin(looks);
        self.sleeps_in(line, Side::Sender);
        let result = match sender {
            Some(sender) => sender.send_parking(message, &park),
            None => self.with_producer(line, |producer| producer.send_parking(message, &park)),
        };
        self.sleeps(None);
        let unsent = result.err().map(|(message, error)| {
            self.check(line, error, looks.is_some());
            message
        });
        self.sent(line, number, unsent);
    }

    pub(super) fn recv(&mut self, line: usize, looks: Option<u32>) {
        let receiver = self.ends[line].receivers.first().cloned();
        if receiver.is_none() && !self.ends[line].single[Side::Receiver as usize] {
            return;
        }
        trace(|| format!("channel {line}: receive, limit {looks:?}"));
        let begin = self.line(line).history.now();
        // It waits for selects that were called, and then once more.
        self.line(line).history.may_leave();
        let park = OnStage::begin(looks);
        self.sleeps_in(line, Side::Receiver);
        let result = match receiver {
            Some(receiver) => receiver.recv_parking(&park),
            None => self.with_consumer(line, |consumer| consumer.recv_parking(&park)),
        };
        self.sleeps(None);
        match result {
            Ok(message) => self.received(line, begin, message),
            Err(error) => {
                self.check(line, error, looks.is_some());
                if error == ParkError::Disconnected {
                    self.line(line).history.nothing(begin, Nothing::Disconnected);
                }
            }
        }
    }

    pub(super) fn try_send(&mut self, line: usize) {
        let sender = self.ends[line].senders.last().cloned();
        if sender.is_none() && !self.ends[line].single[Side::Sender as usize] {
            return;
        }
        let message = self.message(line, self.line(line).history.now());
        let number = message.number;
        trace(|| format!("channel {line}: try to send message {number}"));
        let sent = match &sender {
            Some(sender) => sender.try_send(message),
            None => self.with_producer(line, |producer| producer.try_send(message)),
        };
        let unsent = match sent {
            Ok(()) => None,
            Err(TrySendError::Full(message)) => Some(message),
            Err(TrySendError::Disconnected(message)) => {
                self.line(line).history.assert_may_be_disconnected();
                Some(message)
            }
        };
        let limited = self.line(line).capacity.is_some();
        let is_closed = || match &sender {
            Some(sender) => sender.is_closed(),
            None => self.with_producer(line, |producer| producer.is_closed()),
        };
        assert!(unsent.is_none() || limited || is_closed(), "full, without limit");
        self.sent(line, number, unsent);
    }

    pub(super) fn try_recv(&mut self, line: usize) {
        let receiver = self.ends[line].receivers.last().cloned();
        if receiver.is_none() && !self.ends[line].single[Side::Receiver as usize] {
            return;
        }
        trace(|| format!("channel {line}: try to receive"));
        let history = &self.line(line).history;
        let begin = history.now();
        history.may_leave();
        let taken = match receiver {
            Some(receiver) => receiver.take(),
            None => self.with_consumer(line, |consumer| consumer.take()),
        };
        match taken {
            Ok(message) => self.received(line, begin, message),
            Err(TakeError::Empty) => history.nothing(begin, Nothing::Empty),
            Err(TakeError::Disconnected) => {
                history.assert_may_be_disconnected();
                history.nothing(begin, Nothing::Disconnected);
            }
            Err(TakeError::Ended) => assert!(self.is_held(line)),
        }
    }
}
