//! The ends that a thread has: cloned, made of weak ones, dropped, closed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossinterp_core::{Domain, Receiver, Sender, WeakReceiver, WeakSender};

use super::actor::Actor;
use super::world::{Counted, FirstEnds, Kept, KeptReceiver, KeptSender, Line, Side};
use crate::fuzz::ledger::Message;
use crate::fuzz::stage::trace;

/// A thread's ends of one channel.
pub(super) struct Ends {
    /// By the domain.
    pub(super) held: bool,
    pub(super) senders: Vec<KeptSender>,
    pub(super) receivers: Vec<KeptReceiver>,
    weak_sender: Option<WeakSender<Message>>,
    weak_receiver: Option<WeakReceiver<Message>>,
    /// By side: it has the end that is not shared.
    pub(super) single: [bool; 2],
}

impl Ends {
    /// Of its own; held by that domain, if there is one.
    pub(super) fn new(line: &Line, (sender, receiver): &FirstEnds, domain: Option<&Domain>) -> Self {
        let mut ends = Self {
            held: domain.is_some(),
            senders: Vec::new(),
            receivers: Vec::new(),
            weak_sender: None,
            weak_receiver: None,
            single: [false; 2],
        };
        if let Some(sender) = sender {
            let sender = domain.map_or_else(|| sender.clone(), |domain| sender.held_by(domain).unwrap());
            ends.keep_sender(line, Kept::new(sender, Counted::new(&line.ends[Side::Sender as usize])));
        }
        if let Some(receiver) = receiver {
            let receiver =
                domain.map_or_else(|| receiver.clone(), |domain| receiver.held_by(domain).unwrap());
            ends.keep_receiver(line, Kept::new(receiver, Counted::new(&line.ends[Side::Receiver as usize])));
        }
        ends
    }

    pub(super) fn keep_sender(&mut self, line: &Line, sender: Kept<Sender<Message>>) {
        let kept = Arc::new(sender);
        line.senders.lock().unwrap().push(Arc::downgrade(&kept));
        self.senders.push(kept);
    }

    pub(super) fn keep_receiver(&mut self, line: &Line, receiver: Kept<Receiver<Message>>) {
        let kept = Arc::new(receiver);
        line.receivers.lock().unwrap().push(Arc::downgrade(&kept));
        self.receivers.push(kept);
    }

    pub(super) fn into_inner(self) -> (Vec<KeptSender>, Vec<KeptReceiver>) {
        (self.senders, self.receivers)
    }
}

impl Actor {
    /// One more end: a clone, or of a weak one, which is made first. Or one that is shared no more, or shared again.
    pub(super) fn make_end(&mut self, line: usize, side: Side, choice: usize) {
        match choice % 4 {
            _ if self.ends[line].single[side as usize] && choice % 2 == 1 => self.share(line, side),
            _ if choice % 8 == 7 => self.make_single(line, side),
            0 | 1 => self.clone_end(line, side),
            2 => self.downgrade(line, side),
            _ => self.upgrade(line, side),
        }
    }

    fn clone_end(&mut self, at: usize, side: Side) {
        let (line, ends) = (&self.world.lines[at], &mut self.ends[at]);
        match side {
            Side::Sender => {
                if let Some(Ok(sender)) = ends.senders.first().map(|sender| sender.try_clone()) {
                    let count = Counted::new(&line.ends[side as usize]);
                    ends.keep_sender(line, Kept::new(sender, count));
                }
            }
            Side::Receiver => {
                if let Some(Ok(receiver)) = ends.receivers.first().map(|receiver| receiver.try_clone()) {
                    let count = Counted::new(&line.ends[side as usize]);
                    ends.keep_receiver(line, Kept::new(receiver, count));
                }
            }
        }
    }

    /// Keeps a weak end, and lets a strong one go.
    fn downgrade(&mut self, at: usize, side: Side) {
        trace(|| format!("channel {at}: a {side:?} becomes weak"));
        let ends = &mut self.ends[at];
        match side {
            Side::Sender => ends.weak_sender = ends.senders.first().map(|sender| sender.downgrade()),
            Side::Receiver => {
                ends.weak_receiver = ends.receivers.first().map(|receiver| receiver.downgrade())
            }
        }
        self.drop_end(at, side);
    }

    fn upgrade(&mut self, at: usize, side: Side) {
        let (line, ends) = (&self.world.lines[at], &mut self.ends[at]);
        let all_gone = line.ends[side as usize].load(Ordering::Relaxed) == 0;
        let count = Counted::new(&line.ends[side as usize]);
        let made = match side {
            Side::Sender => {
                let Some(weak) = &ends.weak_sender else { return };
                weak.upgrade().map(|sender| ends.keep_sender(line, Kept::new(sender, count)))
            }
            Side::Receiver => {
                let Some(weak) = &ends.weak_receiver else { return };
                weak.upgrade().map(|receiver| ends.keep_receiver(line, Kept::new(receiver, count)))
            }
        };
        trace(|| format!("channel {at}: a weak {side:?} becomes strong: {}", made.is_some()));
        match made {
            Some(()) => assert!(!all_gone, "an end was made when the last one had gone"),
            None if line.may_be_single.load(Ordering::Relaxed) => {}
            None => line.history.assert_may_be_disconnected(),
        }
    }

    pub(super) fn drop_end(&mut self, line: usize, side: Side) {
        trace(|| format!("channel {line}: drop a {side:?}"));
        self.line(line).history.disconnects();
        match side {
            _ if self.ends[line].single[side as usize] => self.drop_single(line, side),
            Side::Sender => drop(self.ends[line].senders.pop()),
            Side::Receiver => drop(self.ends[line].receivers.pop()),
        }
    }

    /// Closes by either end, and takes what is queued or does not.
    pub(super) fn close(&mut self, at: usize, choice: usize) {
        let (line, ends) = (&self.world.lines[at], &self.ends[at]);
        line.history.disconnects();
        let (sender, receiver) = (ends.senders.first(), ends.receivers.first());
        let drained = match (choice % 4, sender, receiver) {
            (0 | 2, None, _) if ends.single[Side::Sender as usize] => {
                self.with_producer(at, |producer| producer.close());
                None
            }
            (1 | 3, _, None) if ends.single[Side::Receiver as usize] => {
                self.with_consumer(at, |consumer| consumer.close());
                None
            }
            (0, Some(sender), _) => {
                sender.close();
                None
            }
            (1, _, Some(receiver)) => {
                receiver.close();
                None
            }
            (2, Some(sender), _) => Some(sender.close_and_drain()),
            (3, _, Some(receiver)) => Some(receiver.close_and_drain()),
            _ => return,
        };
        trace(|| format!("channel {at}: closed, to be drained: {}", drained.is_some()));
        // (An end that its domain has closed closes nothing.)
        if !ends.held {
            line.history.closed();
        }
        let Some(mut drained) = drained else { return };
        loop {
            let begin = line.history.now();
            let Some(message) = drained.next() else { break };
            self.received(at, begin, message);
        }
    }

    pub(super) fn end_domain(&mut self, closes: bool) {
        trace(|| format!("end the domain, close it: {closes}"));
        for line in &self.world.lines {
            line.history.disconnects();
            line.history.returns();
        }
        if closes {
            self.world.domain.close();
        } else {
            self.world.domain.end_waits();
        }
    }
}
