//! Sends and receives of several messages by one call, and what is there at a moment.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossinterp_core::{
    OfferError, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, TakeError,
    TryRecvError, TrySendError,
};

use super::super::ledger::Message;
use super::super::model::{Model, Number, Refusal, Side};
use super::Setting;
use super::line::Line;
use super::once::{Way, limited};

impl Line {
    pub(super) fn send_many(&mut self, setting: &mut Setting, choice: usize) {
        let Some(sender) = self.senders.pick(choice) else { return };
        let many = choice / 8 % 6;
        let way = setting.way(choice, sender.ended || many == 0 || self.model.can_send_many(many));
        let mut messages: VecDeque<_> = (0..many).map(|_| setting.ledger.message()).collect();
        let mut numbers: VecDeque<_> = messages.iter().map(|message| message.number).collect();
        let expected = if sender.ended && many > 0 {
            Err(Refusal::Never)
        } else if way.has_limit() || way == Way::Wait {
            let lets_wait = setting.lets_wait(sender.domain);
            send_all(&mut self.model, &mut numbers, sender.domain, lets_wait).map(|()| many)
        } else {
            self.model.send_many(&mut numbers)
        };
        let sent = send_many(&sender.end, &mut messages, way, sender.ended);
        assert_eq!(sent, expected, "of {many}");
        assert!(messages.iter().map(|message| message.number).eq(numbers), "other messages are left");
    }

    pub(super) fn recv_many(&mut self, setting: &mut Setting, choice: usize) {
        let Some(receiver) = self.receivers.pick(choice) else { return };
        let limit = [0, 1, 2, 3, 8, usize::MAX][choice / 8 % 6];
        let is_ready = receiver.ended || limit == 0 || self.model.can_try(Side::Receiver);
        let way = setting.way(choice, is_ready);
        let mut expected = match limit {
            0 => Ok(Vec::new()),
            _ if receiver.ended => Err(Refusal::Never),
            _ => self.model.recv_many(limit),
        };
        if way.has_limit() && expected == Err(Refusal::Later) {
            expected = if setting.lets_wait(receiver.domain) {
                let id = self.model.begin_recv(receiver.domain);
                limited(self.model.wait_briefly(id)).map(|message| {
                    let more = self.model.recv_many(limit - 1).unwrap_or_default();
                    message.into_iter().chain(more).collect()
                })
            } else {
                Err(Refusal::Never)
            };
        }
        let mut messages = Vec::new();
        let received = recv_many(&receiver.end, &mut messages, limit, way, receiver.ended);
        assert_eq!(received, expected.as_ref().map(Vec::len).map_err(|refusal| *refusal));
        let numbers: Vec<Number> = messages.iter().map(|message| message.number).collect();
        assert_eq!(numbers, expected.unwrap_or_default());
    }

    /// Takes some of what is there, or all; the rest stays.
    pub(super) fn take_what_is_there(&mut self, choice: usize) {
        let Some(receiver) = self.receivers.pick(choice) else { return };
        let most = choice / 8 % 8;
        let there = receiver.end.drain();
        let most = if most == 7 { usize::MAX } else { most };
        let expected =
            if receiver.ended { Vec::new() } else { self.model.recv_many(most).unwrap_or_default() };
        let taken: Vec<Number> = there.take(most).map(|message| message.number).collect();
        assert_eq!(taken, expected);
    }
}

/// Sends all, as one with a limit that is over: it waits once, for the first that is refused.
fn send_all(
    model: &mut Model,
    numbers: &mut VecDeque<Number>,
    domain: Option<usize>,
    lets_wait: bool,
) -> Result<(), Refusal> {
    let mut has_waited = false;
    loop {
        if model.send_many(numbers) == Err(Refusal::Never) {
            return Err(Refusal::Never);
        }
        let Some(&number) = numbers.front() else { return Ok(()) };
        if has_waited {
            return Err(Refusal::Later);
        }
        has_waited = true;
        if model.send(number).is_err() {
            if !lets_wait {
                return Err(Refusal::Never);
            }
            let id = model.begin_send(domain, number);
            limited(model.wait_briefly(id))?;
        }
        numbers.pop_front();
    }
}

fn send_many(
    end: &Sender<Message>,
    messages: &mut VecDeque<Message>,
    way: Way,
    ended: bool,
) -> Result<usize, Refusal> {
    let many = messages.len();
    match way {
        Way::Try => end.try_send_many(messages).map_err(|error| match error {
            TrySendError::Full(()) => Refusal::Later,
            TrySendError::Disconnected(()) => Refusal::Never,
        }),
        Way::TryPrecisely => end.offer_many(messages).map_err(|error| match error {
            OfferError::Full(()) => Refusal::Later,
            OfferError::Disconnected(()) if !ended => Refusal::Never,
            OfferError::Ended(()) if ended => Refusal::Never,
            other => panic!("a send on an end that has ended: {ended}, answered {other:?}"),
        }),
        Way::Wait => end.send_many(messages).map(|()| many).map_err(|SendError(())| Refusal::Never),
        Way::Timeout | Way::Deadline => {
            let sent = if way == Way::Timeout {
                end.send_many_timeout(messages, Duration::ZERO)
            } else {
                end.send_many_deadline(messages, Instant::now())
            };
            sent.map(|()| many).map_err(|error| match error {
                SendTimeoutError::Timeout(()) => Refusal::Later,
                SendTimeoutError::Disconnected(()) => Refusal::Never,
            })
        }
    }
}

fn recv_many(
    end: &Receiver<Message>,
    messages: &mut Vec<Message>,
    limit: usize,
    way: Way,
    ended: bool,
) -> Result<usize, Refusal> {
    match way {
        Way::Try => end.try_recv_many(messages, limit).map_err(|error| match error {
            TryRecvError::Empty => Refusal::Later,
            TryRecvError::Disconnected => Refusal::Never,
        }),
        Way::TryPrecisely => end.take_many(messages, limit).map_err(|error| match error {
            TakeError::Empty => Refusal::Later,
            TakeError::Disconnected if !ended => Refusal::Never,
            TakeError::Ended if ended => Refusal::Never,
            other => panic!("a receive on an end that has ended: {ended}, answered {other:?}"),
        }),
        Way::Wait => end.recv_many(messages, limit).map_err(|RecvError| Refusal::Never),
        Way::Timeout | Way::Deadline => {
            let received = if way == Way::Timeout {
                end.recv_many_timeout(messages, limit, Duration::ZERO)
            } else {
                end.recv_many_deadline(messages, limit, Instant::now())
            };
            received.map_err(|error| match error {
                RecvTimeoutError::Timeout => Refusal::Later,
                RecvTimeoutError::Disconnected => Refusal::Never,
            })
        }
    }
}
