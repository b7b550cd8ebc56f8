//! One channel: its ends, its waits and its model.

use std::iter;

use crossinterp_core::{
    Consumer, Drain, Producer, Receiver, Sender, bounded, bounded_strict, rendezvous, unbounded,
};

use super::super::ledger::Message;
use super::super::model::{Model, WaitId};
use super::Setting;
use super::ends::{Ends, Handle};
use super::waits::Waiting;

/// A channel.
pub(super) struct Line {
    pub(super) model: Model,
    pub(super) senders: Ends<Sender<Message>>,
    pub(super) receivers: Ends<Receiver<Message>>,
    /// The one sender, if it is not shared; or was the last one, and has ended.
    pub(super) producer: Option<Handle<Producer<Message>>>,
    pub(super) consumer: Option<Handle<Consumer<Message>>>,
    /// In the order of the model's.
    pub(super) waits: Vec<(WaitId, Waiting)>,
    drain: Option<Draining>,
}

/// How many kinds of channels there are.
pub(super) const FLAVOURS: u8 = 7;

/// What takes back messages, and whether it has any: not that of an end that had ended.
struct Draining {
    drain: Drain<Message>,
    has_any: bool,
}

impl Line {
    pub(super) fn new(flavour: u8) -> Self {
        let flavour = flavour % FLAVOURS;
        let ((sender, receiver), capacity) = match flavour {
            0 => (rendezvous(), Some(0)),
            4 => (unbounded(), None),
            5 => (bounded_strict(1), Some(1)),
            6 => (bounded_strict(3), Some(3)),
            capacity => (bounded(capacity.into()), Some(capacity.into())),
        };
        assert_eq!(sender.capacity(), capacity);
        Self {
            model: Model::new(capacity, flavour > 4),
            senders: Ends::new(sender),
            receivers: Ends::new(receiver),
            producer: None,
            consumer: None,
            waits: Vec::new(),
            drain: None,
        }
    }

    pub(super) fn close(&mut self, choice: usize) {
        let by_sender = choice.is_multiple_of(2);
        let ended = match (by_sender, &self.producer, &self.consumer) {
            (true, Some(producer), _) => {
                producer.end.close();
                Some(producer.ended)
            }
            (false, _, Some(consumer)) => {
                consumer.end.close();
                Some(consumer.ended)
            }
            (true, None, _) => self.senders.pick(choice / 2).map(|sender| {
                sender.end.close();
                sender.ended
            }),
            (false, _, None) => self.receivers.pick(choice / 2).map(|receiver| {
                receiver.end.close();
                receiver.ended
            }),
        };
        if ended == Some(false) {
            self.model.close();
        }
    }

    pub(super) fn close_and_drain(&mut self, choice: usize) {
        self.drop_drain();
        let by_sender = choice.is_multiple_of(2);
        let drained = if by_sender {
            self.senders.pick(choice / 2).map(|sender| (sender.end.close_and_drain(), sender.ended))
        } else {
            self.receivers.pick(choice / 2).map(|receiver| (receiver.end.close_and_drain(), receiver.ended))
        };
        let Some((drain, ended)) = drained else { return };
        if !ended {
            self.model.close();
        }
        self.drain = Some(Draining { drain, has_any: !ended });
    }

    /// Takes one message back. They come in the order in which they would have been received.
    pub(super) fn drain_one(&mut self) {
        let Some(Draining { drain, has_any }) = &mut self.drain else { return };
        let message = drain.next().map(|message| message.number);
        if message.is_none() && self.model.may_be_kept() {
            // A receiver that is alone keeps it.
            *has_any = false;
            return;
        }
        let expected = if *has_any { self.model.recv().ok() } else { None };
        assert_eq!(message, expected, "what is taken back");
        *has_any = expected.is_some();
    }

    /// What was not taken back is dropped with the drain.
    pub(super) fn drop_drain(&mut self) {
        let Some(Draining { drain, has_any }) = self.drain.take() else { return };
        drop(drain);
        let left = match &self.consumer {
            Some(consumer) if has_any && self.model.may_be_kept() => consumer.end.len(),
            _ => 0,
        };
        let kept = self.model.len() - self.model.returned();
        assert!(left == 0 || left == kept, "{left} of {kept} messages are left to a receiver that is alone");
        while has_any && self.model.len() > left && self.model.recv().is_ok() {}
    }

    /// Everything that can be seen from outside is as the model says.
    pub(super) fn compare(&self) {
        assert_eq!(self.waits.len(), self.model.waits().len());
        for ((id, waiting), (known, expected)) in self.waits.iter().zip(self.model.waits()) {
            assert_eq!(id, known);
            waiting.compare(*id, expected);
        }
        self.model.check_baton();
        self.senders.compare(&self.model);
        self.receivers.compare(&self.model);
        self.compare_single();
    }

    /// Every operation comes to its end, and every message to a receiver, if there is one.
    pub(super) fn finish_all(&mut self, setting: &mut Setting) {
        while !self.waits.is_empty() {
            self.finish(0);
            self.compare();
        }
        let receiver = match &self.consumer {
            Some(consumer) => Some(0).filter(|_| !consumer.ended),
            None => self.receivers.strong.iter().position(|receiver| !receiver.ended),
        };
        let Some(receiver) = receiver else { return };
        while self.model.len() > 0 {
            self.recv(setting, receiver);
            self.compare();
        }
        self.recv(setting, receiver);
        assert!(self.model.alive().eq(iter::empty()), "a message is left");
    }

    /// Drops everything but the weak ends, which keep no message; nobody wakes anybody any more.
    pub(super) fn end(self) -> impl Sized {
        let Self { senders, receivers, producer, consumer, waits, drain, .. } = self;
        let (waits, wakes): (Vec<_>, Vec<_>) =
            waits.into_iter().map(|(_, Waiting { wait, wakes })| (wait, wakes)).unzip();
        let weak = (senders.into_weak(), receivers.into_weak());
        drop((waits, drain, producer, consumer));
        wakes.iter().for_each(|wakes| wakes.assert_forgotten());
        weak
    }
}
