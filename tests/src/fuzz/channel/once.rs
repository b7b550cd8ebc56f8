//! Sends and receives that do not wait: because they may not, need not, or may only until a moment that is over.

use std::time::{Duration, Instant};

use crossinterp_core::{
    OfferError, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, TakeError,
    TryRecvError, TrySendError,
};

use super::super::ledger::Message;
use super::super::model::{Number, Outcome, Refusal, Side};
use super::Setting;
use super::line::Line;

/// By which function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Try,
    TryPrecisely,
    /// Until something comes of it.
    Wait,
    Timeout,
    Deadline,
}

impl Way {
    fn of(choice: usize) -> Self {
        [Self::Try, Self::TryPrecisely, Self::Wait, Self::Timeout, Self::Deadline][choice / 8 % 5]
    }

    pub(super) fn has_limit(self) -> bool {
        matches!(self, Self::Timeout | Self::Deadline)
    }
}

impl Setting {
    /// A way that does not wait where it would be for ever, and for a limit only once.
    pub(super) fn way(&mut self, choice: usize, is_ready: bool) -> Way {
        let way = Way::of(choice);
        let fits = is_ready || way == Way::Try || way == Way::TryPrecisely;
        if fits || (way.has_limit() && self.may_wait_in_vain()) { way } else { Way::Try }
    }
}

impl Line {
    pub(super) fn send(&mut self, setting: &mut Setting, choice: usize) {
        let Some(sender) = self.senders.pick(choice) else { return };
        let way = setting.way(choice, sender.ended || self.model.can_try(Side::Sender));
        let message = setting.ledger.message();
        let number = message.number;
        let mut expected = if sender.ended { Err(Refusal::Never) } else { self.model.send(number) };
        if way.has_limit() && expected == Err(Refusal::Later) {
            expected = if setting.lets_wait(sender.domain) {
                let id = self.model.begin_send(sender.domain, number);
                limited(self.model.wait_briefly(id)).map(|_| ())
            } else {
                Err(Refusal::Never)
            };
        }
        let sent = send(&sender.end, message, way, sender.ended);
        assert_eq!(sent.as_ref().map_err(|(refusal, _)| *refusal).copied(), expected);
        if let Err((_, message)) = sent {
            assert_eq!(message.number, number, "another message came back");
        }
    }

    /// Sends, and displaces the oldest message if there is no room.
    pub(super) fn overwrite(&mut self, setting: &mut Setting, choice: usize) {
        let Some(sender) = self.senders.pick(choice) else { return };
        let message = setting.ledger.message();
        let number = message.number;
        let expected = if sender.ended { Err(Refusal::Never) } else { self.model.overwrite(number) };
        let sent = if (choice / 8).is_multiple_of(2) {
            sender.end.send_overwriting(message).map_err(|SendError(message)| message)
        } else {
            sender.end.offer_overwriting(message).map_err(|error| match error {
                OfferError::Disconnected(message) if !sender.ended => message,
                OfferError::Ended(message) if sender.ended => message,
                other => panic!("a send on an end that has ended: {}, answered {other:?}", sender.ended),
            })
        };
        match sent {
            Ok(displaced) => {
                let is_sent = displaced.is_sent();
                let displaced: Vec<Number> = displaced.map(|message| message.number).collect();
                assert_eq!(is_sent, !displaced.contains(&number));
                assert_eq!(Ok(displaced), expected);
            }
            Err(message) => {
                assert_eq!(message.number, number, "another message came back");
                assert_eq!(expected, Err(Refusal::Never));
            }
        }
    }

    pub(super) fn recv(&mut self, setting: &mut Setting, choice: usize) {
        let Some(receiver) = self.receivers.pick(choice) else { return };
        let way = setting.way(choice, receiver.ended || self.model.can_try(Side::Receiver));
        let mut expected = if receiver.ended { Err(Refusal::Never) } else { self.model.recv() };
        if way.has_limit() && expected == Err(Refusal::Later) {
            expected = if setting.lets_wait(receiver.domain) {
                let id = self.model.begin_recv(receiver.domain);
                limited(self.model.wait_briefly(id)).map(|message| message.expect("it was received"))
            } else {
                Err(Refusal::Never)
            };
        }
        let received = recv(&receiver.end, way, receiver.ended);
        assert_eq!(received.map(|message| message.number), expected);
    }
}

/// What an operation with a limit says.
pub(super) fn limited((outcome, message): (Outcome, Option<Number>)) -> Result<Option<Number>, Refusal> {
    match outcome {
        Outcome::Done => Ok(message),
        Outcome::Pending => Err(Refusal::Later),
        Outcome::Disconnected | Outcome::Ended => Err(Refusal::Never),
    }
}

fn send(end: &Sender<Message>, message: Message, way: Way, ended: bool) -> Result<(), (Refusal, Message)> {
    match way {
        Way::Try => end.try_send(message).map_err(|error| match error {
            TrySendError::Full(message) => (Refusal::Later, message),
            TrySendError::Disconnected(message) => (Refusal::Never, message),
        }),
        Way::TryPrecisely => end.offer(message).map_err(|error| match error {
            OfferError::Full(message) => (Refusal::Later, message),
            OfferError::Disconnected(message) if !ended => (Refusal::Never, message),
            OfferError::Ended(message) if ended => (Refusal::Never, message),
            other => panic!("a send on an end that has ended: {ended}, answered {other:?}"),
        }),
        Way::Wait => end.send(message).map_err(|SendError(message)| (Refusal::Never, message)),
        Way::Timeout | Way::Deadline => {
            let sent = if way == Way::Timeout {
                end.send_timeout(message, Duration::ZERO)
            } else {
                end.send_deadline(message, Instant::now())
            };
            sent.map_err(|error| match error {
                SendTimeoutError::Timeout(message) => (Refusal::Later, message),
                SendTimeoutError::Disconnected(message) => (Refusal::Never, message),
            })
        }
    }
}

fn recv(end: &Receiver<Message>, way: Way, ended: bool) -> Result<Message, Refusal> {
    match way {
        Way::Try => end.try_recv().map_err(|error| match error {
            TryRecvError::Empty => Refusal::Later,
            TryRecvError::Disconnected => Refusal::Never,
        }),
        Way::TryPrecisely => end.take().map_err(|error| match error {
            TakeError::Empty => Refusal::Later,
            TakeError::Disconnected if !ended => Refusal::Never,
            TakeError::Ended if ended => Refusal::Never,
            other => panic!("a receive on an end that has ended: {ended}, answered {other:?}"),
        }),
        Way::Wait => end.recv().map_err(|RecvError| Refusal::Never),
        Way::Timeout | Way::Deadline => {
            let received = if way == Way::Timeout {
                end.recv_timeout(Duration::ZERO)
            } else {
                end.recv_deadline(Instant::now())
            };
            received.map_err(|error| match error {
                RecvTimeoutError::Timeout => Refusal::Later,
                RecvTimeoutError::Disconnected => Refusal::Never,
            })
        }
    }
}
