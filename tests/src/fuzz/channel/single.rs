//! Ends that are not shared: made, used, shared again, ended by their domain.

use crossinterp_core::{Consumer, Producer, TakeError, TryRecvError};

use super::super::ledger::Message;
use super::super::model::{Model, Side};
use super::ends::{End, Ends, Handle};
use super::line::Line;
use super::once::send_one;
use super::{Setting, pick};

/// More messages in a row than an end moves before it is alone again.
const ROW: usize = 9;

impl Line {
    pub(super) fn make_producer(&mut self, setting: &Setting, choice: usize) {
        let taken = take_end(&mut self.senders, &mut self.model, setting, choice);
        let Some((handle, expected)) = taken else { return };
        let Handle { end, domain, ended } = handle;
        match end.try_into_single() {
            Ok(end) => {
                assert!(expected, "a sender that is not the only one became single");
                self.producer = Some(Handle { end, domain, ended });
            }
            Err(end) => {
                assert!(!expected, "the only sender did not become single");
                self.senders.strong.push(Handle { end, domain, ended });
            }
        }
    }

    pub(super) fn make_consumer(&mut self, setting: &Setting, choice: usize) {
        let taken = take_end(&mut self.receivers, &mut self.model, setting, choice);
        let Some((handle, expected)) = taken else { return };
        let Handle { end, domain, ended } = handle;
        match end.try_into_single() {
            Ok(end) => {
                assert!(expected, "a receiver that is not the only one became single");
                self.consumer = Some(Handle { end, domain, ended });
            }
            Err(end) => {
                assert!(!expected, "the only receiver did not become single");
                self.receivers.strong.push(Handle { end, domain, ended });
            }
        }
    }

    pub(super) fn use_producer(&mut self, setting: &mut Setting, what: usize, choice: usize) {
        match (what, choice % 16) {
            (2, 15) => {
                let Some(Handle { end, domain, ended }) = self.producer.take() else { return };
                self.model.end_single(Side::Sender);
                self.senders.strong.push(Handle { end: end.into_shared(), domain, ended });
            }
            (2, 14) => {
                let Some(Handle { end, ended, .. }) = self.producer.take() else { return };
                drop(end);
                if !ended {
                    self.model.leave(Side::Sender);
                }
            }
            (2, _) => self.exchange(setting, choice),
            _ => self.produce(setting, choice),
        }
    }

    pub(super) fn use_consumer(&mut self, setting: &mut Setting, what: usize, choice: usize) {
        match (what, choice % 16) {
            (5, 15) => {
                let Some(Handle { end, domain, ended }) = self.consumer.take() else { return };
                self.model.end_single(Side::Receiver);
                self.receivers.strong.push(Handle { end: end.into_shared(), domain, ended });
            }
            (5, 14) => {
                let Some(Handle { end, ended, .. }) = self.consumer.take() else { return };
                drop(end);
                if !ended {
                    self.model.leave(Side::Receiver);
                }
            }
            (5, 12 | 13) => self.take_all(choice),
            (5, _) => self.exchange(setting, choice),
            _ => self.recv(setting, choice),
        }
    }

    fn produce(&mut self, setting: &mut Setting, choice: usize) {
        if let Some(Handle { end, domain, ended }) = &mut self.producer {
            send_one(&mut self.model, setting, end, *domain, *ended, choice);
        } else {
            self.send(setting, choice);
        }
    }

    /// One message after the other, sent and received: so an end that was disturbed is alone again.
    fn exchange(&mut self, setting: &mut Setting, choice: usize) {
        for round in 0..ROW {
            self.produce(setting, choice + round);
            self.compare();
            self.recv(setting, choice + round);
            self.compare();
        }
    }

    /// What is there, by the iterator.
    fn take_all(&mut self, choice: usize) {
        let Some(Handle { end, ended, .. }) = &mut self.consumer else { return };
        let most = choice / 16 % 4 + 1;
        let expected = if *ended { Vec::new() } else { self.model.recv_many(most).unwrap_or_default() };
        let taken: Vec<_> = end.try_iter().take(most).map(|message| message.number).collect();
        assert_eq!(taken, expected);
    }

    /// What a domain could not take out when it closed goes with the next operation of the receiver that had it alone.
    pub(super) fn let_go(&mut self) {
        let Some(Handle { end, ended: true, .. }) = &mut self.consumer else { return };
        if self.waits.len().is_multiple_of(2) {
            assert!(matches!(end.try_recv(), Err(TryRecvError::Disconnected)));
        } else {
            assert!(matches!(end.take(), Err(TakeError::Ended)));
        }
    }

    /// What they say of the channel is what the model says.
    pub(super) fn compare_single(&self) {
        let Self { model, producer, consumer, .. } = self;
        let (len, is_full) = (model.len(), model.is_full());
        let looks = [
            producer.as_ref().map(|Handle { end, ended, .. }: &Handle<Producer<Message>>| {
                (*ended, (end.is_ended(), end.is_closed(), end.len(), end.is_empty(), end.is_full()))
            }),
            consumer.as_ref().map(|Handle { end, ended, .. }: &Handle<Consumer<Message>>| {
                (*ended, (end.is_ended(), end.is_closed(), end.len(), end.is_empty(), end.is_full()))
            }),
        ];
        for (ended, look) in looks.into_iter().flatten() {
            let closed = ended || model.is_closed();
            assert_eq!(
                look,
                (ended, closed, len, len == 0, is_full),
                "(is_ended, is_closed, len, is_empty, is_full) of one that is not shared"
            );
        }
    }
}

/// An end that is to become single, and whether it can. The others may go before, and one of a domain come in its place.
fn take_end<E: End>(
    ends: &mut Ends<E>,
    model: &mut Model,
    setting: &Setting,
    choice: usize,
) -> Option<(Handle<E>, bool)> {
    let index = pick(&ends.strong, choice / 8)?;
    let mut handle = ends.strong.swap_remove(index);
    if choice.is_multiple_of(2) && !handle.ended {
        while !ends.strong.is_empty() {
            ends.drop_one(model, 0);
        }
    }
    let domain = choice / 4 % 6;
    if choice / 2 % 2 == 1
        && let Some(Ok(end)) = setting.domains.get(domain).map(|domain| handle.end.held_by(domain))
    {
        handle = Handle { end, domain: Some(domain), ended: false };
    }
    let expected = !handle.ended && model.make_single(E::SIDE);
    Some((handle, expected))
}

/// The domain has closed: an end that it holds ends.
pub(super) fn end_held<E>(handle: Option<&mut Handle<E>>, model: &mut Model, side: Side, domain: usize) {
    if let Some(handle) = handle
        && handle.domain == Some(domain)
        && !handle.ended
    {
        handle.ended = true;
        model.leave(side);
    }
}
