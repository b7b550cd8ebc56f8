//! Sends and receives that do not wait: because they may not, need not, or may only until a moment that is over.

use std::time::{Duration, Instant};

use crossinterp_core::{
    Consumer, OfferError, Overwritten, Producer, Receiver, RecvError, RecvTimeoutError, SendError,
    SendTimeoutError, Sender, TakeError, TryRecvError, TrySendError,
};

use super::super::ledger::Message;
use super::super::model::{Model, Number, Outcome, Refusal, Side};
use super::Setting;
use super::ends::Handle;
use super::line::Line;

/// What sends: an end that is shared, or one that is not.
pub(super) trait Sends {
    fn try_send(&mut self, message: Message) -> Result<(), TrySendError<Message>>;
    fn offer(&mut self, message: Message) -> Result<(), OfferError<Message>>;
    fn send(&mut self, message: Message) -> Result<(), SendError<Message>>;
    fn send_timeout(&mut self, message: Message, timeout: Duration) -> Result<(), SendTimeoutError<Message>>;
    fn send_deadline(&mut self, message: Message, deadline: Instant)
    -> Result<(), SendTimeoutError<Message>>;
}

/// The same of what receives.
pub(super) trait Receives {
    fn try_recv(&mut self) -> Result<Message, TryRecvError>;
    fn take(&mut self) -> Result<Message, TakeError>;
    fn recv(&mut self) -> Result<Message, RecvError>;
    fn recv_timeout(&mut self, timeout: Duration) -> Result<Message, RecvTimeoutError>;
    fn recv_deadline(&mut self, deadline: Instant) -> Result<Message, RecvTimeoutError>;
}

macro_rules! ends {
    ($sends:ident, $receives:ident, $($shared:tt)?) => {
        impl Sends for $($shared)? $sends<Message> {
            fn try_send(&mut self, message: Message) -> Result<(), TrySendError<Message>> {
                $sends::try_send(self, message)
            }
            fn offer(&mut self, message: Message) -> Result<(), OfferError<Message>> {
                $sends::offer(self, message)
            }
            fn send(&mut self, message: Message) -> Result<(), SendError<Message>> {
                $sends::send(self, message)
            }
            fn send_timeout(
                &mut self,
                message: Message,
                timeout: Duration,
            ) -> Result<(), SendTimeoutError<Message>> {
                $sends::send_timeout(self, message, timeout)
            }
            fn send_deadline(
                &mut self,
                message: Message,
                deadline: Instant,
            ) -> Result<(), SendTimeoutError<Message>> {
                $sends::send_deadline(self, message, deadline)
            }
        }

        impl Receives for $($shared)? $receives<Message> {
            fn try_recv(&mut self) -> Result<Message, TryRecvError> {
                $receives::try_recv(self)
            }
            fn take(&mut self) -> Result<Message, TakeError> {
                $receives::take(self)
            }
            fn recv(&mut self) -> Result<Message, RecvError> {
                $receives::recv(self)
            }
            fn recv_timeout(&mut self, timeout: Duration) -> Result<Message, RecvTimeoutError> {
                $receives::recv_timeout(self, timeout)
            }
            fn recv_deadline(&mut self, deadline: Instant) -> Result<Message, RecvTimeoutError> {
                $receives::recv_deadline(self, deadline)
            }
        }
    };
}
ends!(Sender, Receiver, &);
ends!(Producer, Consumer,);

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
        send_one(&mut self.model, setting, &mut &sender.end, sender.domain, sender.ended, choice);
    }

    /// Sends, and displaces the oldest message if there is no room.
    pub(super) fn overwrite(&mut self, setting: &mut Setting, choice: usize) {
        let Some(sender) = self.senders.pick(choice) else { return };
        let message = setting.ledger.message();
        let number = message.number;
        let sent = if (choice / 8).is_multiple_of(2) {
            sender.end.send_overwriting(message).map_err(|SendError(message)| message)
        } else {
            sender.end.offer_overwriting(message).map_err(|error| match error {
                OfferError::Disconnected(message) if !sender.ended => message,
                OfferError::Ended(message) if sender.ended => message,
                other => panic!("a send on an end that has ended: {}, answered {other:?}", sender.ended),
            })
        };
        let is_sent = sent.as_ref().is_ok_and(Overwritten::is_sent);
        let kept = sent.is_ok() && !is_sent && self.model.is_full() && self.model.may_be_kept();
        let expected = match sender.ended {
            true => Err(Refusal::Never),
            // A receiver that is alone is the only one who takes the oldest out.
            false if kept => Ok(vec![number]),
            false => self.model.overwrite(number),
        };
        match sent {
            Ok(displaced) => {
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
        if let Some(consumer) = &mut self.consumer {
            let Handle { end, domain, ended } = consumer;
            return recv_one(&mut self.model, setting, end, *domain, *ended, choice);
        }
        let Some(receiver) = self.receivers.pick(choice) else { return };
        recv_one(&mut self.model, setting, &mut &receiver.end, receiver.domain, receiver.ended, choice);
    }
}

/// Sends a message by that end.
pub(super) fn send_one(
    model: &mut Model,
    setting: &mut Setting,
    end: &mut impl Sends,
    domain: Option<usize>,
    ended: bool,
    choice: usize,
) {
    let way = setting.way(choice, ended || model.can_try(Side::Sender));
    let message = setting.ledger.message();
    let number = message.number;
    let mut expected = if ended { Err(Refusal::Never) } else { model.send(number) };
    if way.has_limit() && expected == Err(Refusal::Later) {
        expected = if setting.lets_wait(domain) {
            let id = model.begin_send(domain, number);
            limited(model.wait_briefly(id)).map(|_| ())
        } else {
            Err(Refusal::Never)
        };
    }
    let sent = send(end, message, way, ended);
    assert_eq!(sent.as_ref().map_err(|(refusal, _)| *refusal).copied(), expected);
    if let Err((_, message)) = sent {
        assert_eq!(message.number, number, "another message came back");
    }
}

/// Receives a message by that end.
pub(super) fn recv_one(
    model: &mut Model,
    setting: &mut Setting,
    end: &mut impl Receives,
    domain: Option<usize>,
    ended: bool,
    choice: usize,
) {
    let way = setting.way(choice, ended || model.can_try(Side::Receiver));
    let mut expected = if ended { Err(Refusal::Never) } else { model.recv() };
    if way.has_limit() && expected == Err(Refusal::Later) {
        expected = if setting.lets_wait(domain) {
            let id = model.begin_recv(domain);
            limited(model.wait_briefly(id)).map(|message| message.expect("it was received"))
        } else {
            Err(Refusal::Never)
        };
    }
    let received = recv(end, way, ended);
    assert_eq!(received.map(|message| message.number), expected);
}

/// What an operation with a limit says.
pub(super) fn limited((outcome, message): (Outcome, Option<Number>)) -> Result<Option<Number>, Refusal> {
    match outcome {
        Outcome::Done => Ok(message),
        Outcome::Pending => Err(Refusal::Later),
        Outcome::Disconnected | Outcome::Ended => Err(Refusal::Never),
    }
}

fn send(end: &mut impl Sends, message: Message, way: Way, ended: bool) -> Result<(), (Refusal, Message)> {
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

fn recv(end: &mut impl Receives, way: Way, ended: bool) -> Result<Message, Refusal> {
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
