//! A channel as it is promised, written for clearness alone: numbers in lists, one step at a time.
//!
//! An operation that waits is woken and tries again; what it was woken for stays where it is, for whoever comes first. Who
//! is woken is promised exactly: the oldest that waits, one for a message, one for a free place, all by closing; and
//! one that was woken and goes hands that on (the *baton*). Only without a queue, on a rendezvous channel, a message is
//! put into a receive's hand; one that goes without giving it out gives it back, to be received before all that was sent
//! after it. Messages are put into hands as soon as they are made there, so their numbers say which was sent earlier.

use std::collections::{BTreeMap, VecDeque};

/// The number of a message.
pub(crate) type Number = u32;
/// The number of a waiting operation; the older, the lower.
pub(crate) type WaitId = usize;

/// Which side of the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Sender,
    Receiver,
}

/// How far a waiting operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Waiting,
    /// To try again.
    Woken,
    /// Sent, or received: the message is in its hand.
    Done,
    /// By its domain.
    Ended,
    /// It said what came of it; only its owner's handle is left.
    Over,
}

/// What came of a waiting operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pending,
    Done,
    Disconnected,
    Ended,
}

/// Why nothing was sent or received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Full, or empty.
    Later,
    /// Disconnected.
    Never,
}

/// One waiting operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    pub(crate) side: Side,
    pub(crate) domain: Option<usize>,
    pub(crate) phase: Phase,
    /// It was woken, if only to hear that its domain ends, and has not gone.
    baton: bool,
    /// A sender's message until it is sent, a receiver's once it is in its hand.
    message: Option<Number>,
}

/// The channel.
#[derive(Debug)]
pub(crate) struct Model {
    capacity: Option<usize>,
    queue: VecDeque<Number>,
    /// When each message was handed to a receive, which is the order in which returned ones are received.
    handed: BTreeMap<Number, usize>,
    returned: BTreeMap<usize, Number>,
    /// The oldest first. There are few, so a list is the fastest map.
    waits: Vec<(WaitId, Wait)>,
    pub(crate) senders: usize,
    pub(crate) receivers: usize,
    closed: bool,
    waits_made: WaitId,
}

impl Model {
    /// With one end of each side.
    pub(crate) fn new(capacity: Option<usize>) -> Self {
        Self {
            capacity,
            queue: VecDeque::new(),
            handed: BTreeMap::new(),
            returned: BTreeMap::new(),
            waits: Vec::new(),
            senders: 1,
            receivers: 1,
            closed: false,
            waits_made: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len() + self.returned.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.capacity.is_some_and(|capacity| self.len() >= capacity)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed || self.senders == 0 || self.receivers == 0
    }

    pub(crate) fn wait(&self, id: WaitId) -> Wait {
        self.waits[self.place(id)].1
    }

    fn place(&self, id: WaitId) -> usize {
        self.waits.iter().position(|(other, _)| *other == id).expect("the wait is known")
    }

    /// The waits, the oldest first.
    pub(crate) fn waits(&self) -> &[(WaitId, Wait)] {
        &self.waits
    }

    /// Every message that must be alive now.
    pub(crate) fn alive(&self) -> impl Iterator<Item = Number> + Clone {
        let held = self.waits.iter().filter_map(|(_, wait)| wait.message);
        self.queue.iter().copied().chain(self.returned.values().copied()).chain(held)
    }

    /// Nobody sleeps over what he waits for: then somebody of his side is awake and will try.
    pub(crate) fn check_baton(&self) {
        for side in [Side::Sender, Side::Receiver].into_iter().filter(|side| self.is_ready(*side)) {
            let sleeps = self.oldest(side).is_some();
            let awake = self.waits.iter().any(|(_, wait)| wait.side == side && wait.phase == Phase::Woken);
            assert!(!sleeps || (awake && !self.is_closed()), "all of the {side:?} side sleep: {self:?}");
        }
    }

    pub(crate) fn send(&mut self, message: Number) -> Result<(), Refusal> {
        if self.is_closed() {
            return Err(Refusal::Never);
        }
        if self.is_rendezvous() {
            let receiver = self.oldest(Side::Receiver).ok_or(Refusal::Later)?;
            if !self.returned.is_empty() {
                // That was sent before, and is to be received before.
                self.wake(Side::Receiver);
                return Err(Refusal::Later);
            }
            self.hand(receiver, message);
            return Ok(());
        }
        if self.queue.is_empty()
            && let Some(receiver) = self.oldest(Side::Receiver)
        {
            if self.returned.is_empty() {
                self.hand(receiver, message);
                return Ok(());
            }
            self.wake(Side::Receiver);
        }
        if !self.has_room() {
            return Err(Refusal::Later);
        }
        self.queue.push_back(message);
        self.wake(Side::Receiver);
        Ok(())
    }

    pub(crate) fn recv(&mut self) -> Result<Number, Refusal> {
        if let Some((_, message)) = self.returned.pop_first() {
            return Ok(message);
        }
        if let Some(message) = self.queue.pop_front() {
            self.wake(Side::Sender);
            return Ok(message);
        }
        if let Some(sender) = self.oldest(Side::Sender).filter(|_| self.is_rendezvous()) {
            let message = self.wait(sender).message.expect("a waiting sender has its message");
            self.settle(sender, Phase::Done, None);
            return Ok(message);
        }
        Err(if self.is_closed() { Refusal::Never } else { Refusal::Later })
    }

    pub(crate) fn begin_send(&mut self, domain: Option<usize>, message: Number) -> WaitId {
        match self.send(message) {
            Ok(()) => self.begin(Side::Sender, domain, Phase::Done, None),
            Err(_) => {
                let id = self.begin(Side::Sender, domain, Phase::Waiting, Some(message));
                self.look(id);
                if self.is_rendezvous() {
                    self.wake(Side::Receiver);
                }
                id
            }
        }
    }

    pub(crate) fn begin_recv(&mut self, domain: Option<usize>) -> WaitId {
        let id = self.begin(Side::Receiver, domain, Phase::Waiting, None);
        self.look(id);
        id
    }

    /// The owner ends its operation and gets what came of it, with a message that it received or could not send.
    pub(crate) fn finish(&mut self, id: WaitId) -> (Outcome, Option<Number>) {
        let outcome = self.attempt(id).unwrap_or_else(|| {
            let message = self.wait(id).message;
            self.go(id);
            (Outcome::Pending, message)
        });
        self.waits.remove(self.place(id));
        outcome
    }

    /// The owner asks what came of its operation. `None`: it waits on, in its old place.
    pub(crate) fn try_finish(&mut self, id: WaitId) -> Option<(Outcome, Option<Number>)> {
        let outcome = self.attempt(id);
        if outcome.is_none() && self.wait(id).phase == Phase::Woken {
            let message = self.wait(id).message;
            self.settle(id, Phase::Waiting, message);
            self.look(id);
        }
        outcome
    }

    /// The owner drops its operation.
    pub(crate) fn abandon(&mut self, id: WaitId) {
        let Wait { side, phase, message, .. } = self.wait(id);
        self.go(id);
        self.waits.remove(self.place(id));
        if let (Side::Receiver, Phase::Done, Some(message)) = (side, phase, message) {
            self.give_back(message);
        }
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.wake_all();
    }

    pub(crate) fn leave(&mut self, side: Side) {
        match side {
            Side::Sender => self.senders -= 1,
            Side::Receiver => self.receivers -= 1,
        }
        if self.is_closed() {
            self.wake_all();
        }
        if self.receivers == 0 {
            self.queue.clear();
            self.returned.clear();
        }
    }

    /// A domain ends its operations, in whatever order: see `end_is_a_race`.
    pub(crate) fn end_waits(&mut self, domain: usize) {
        for id in self.waits_of(domain) {
            let Wait { side, phase, message, .. } = self.wait(id);
            match (phase, side) {
                (Phase::Waiting, _) => self.settle(id, Phase::Ended, message),
                (Phase::Woken, _) => {
                    self.settle(id, Phase::Ended, message);
                    self.pass_on(side);
                }
                (Phase::Done, Side::Receiver) => {
                    self.settle(id, Phase::Ended, None);
                    self.give_back(message.expect("a receive that is done has a message"));
                }
                (Phase::Done, Side::Sender) | (Phase::Ended | Phase::Over, _) => {}
            }
        }
    }

    /// Whether it is not promised how many others are woken when this domain ends its operations.
    ///
    /// Each that was woken, or gives a message back, wakes one; if that is one of the same domain, its end wakes one in
    /// turn. So in any order the same number of others is woken, the oldest. But where nothing is there for receivers
    /// besides messages of this domain's operations, one that was woken wakes somebody if it is ended after another gave
    /// its message back, or (on a rendezvous) before a sender is ended that offers one; and nobody if not.
    pub(crate) fn end_is_a_race(&self, domain: usize) -> bool {
        let count = |ends: bool, side: Side, phase: Phase| {
            let wanted = |(_, wait): &&(WaitId, Wait)| {
                wait.side == side && wait.phase == phase && (wait.domain == Some(domain)) == ends
            };
            self.waits.iter().filter(wanted).count()
        };
        let offered = |ends: bool| self.is_rendezvous() && count(ends, Side::Sender, Phase::Waiting) > 0;
        let stays = self.len() > 0 || offered(false);
        let given_back = count(true, Side::Receiver, Phase::Done);
        let goes = given_back > 0 || offered(true);
        !stays
            && goes
            && count(true, Side::Receiver, Phase::Woken) > 0
            && count(false, Side::Receiver, Phase::Waiting) > given_back
    }

    fn waits_of(&self, domain: usize) -> Vec<WaitId> {
        self.waits.iter().filter(|(_, wait)| wait.domain == Some(domain)).map(|(id, _)| *id).collect()
    }

    fn is_rendezvous(&self) -> bool {
        self.capacity == Some(0)
    }

    fn has_room(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.queue.len() < capacity)
    }

    /// Whether an operation of that side that tries now gets something, if only the news that it is closed.
    fn is_ready(&self, side: Side) -> bool {
        self.is_closed()
            || match side {
                // On a rendezvous there is never room: who receives fetches the message.
                Side::Sender => self.has_room(),
                Side::Receiver if self.is_rendezvous() => {
                    self.len() > 0 || self.oldest(Side::Sender).is_some()
                }
                Side::Receiver => self.len() > 0,
            }
    }

    fn begin(&mut self, side: Side, domain: Option<usize>, phase: Phase, message: Option<Number>) -> WaitId {
        self.waits_made += 1;
        self.waits.push((self.waits_made, Wait { side, domain, phase, baton: false, message }));
        self.waits_made
    }

    fn settle(&mut self, id: WaitId, phase: Phase, message: Option<Number>) {
        let place = self.place(id);
        let (_, wait) = &mut self.waits[place];
        let was = wait.phase;
        (wait.phase, wait.message) = (phase, message);
        // What ends while it waits is woken to hear that; what ends with a message in its hand had been told before.
        wait.baton = phase == Phase::Woken || (phase == Phase::Ended && was != Phase::Done);
    }

    /// The operation of a side that has waited longest.
    fn oldest(&self, side: Side) -> Option<WaitId> {
        let waits = |wait: &Wait| wait.side == side && wait.phase == Phase::Waiting;
        self.waits.iter().find(|(_, wait)| waits(wait)).map(|(id, _)| *id)
    }

    fn wake(&mut self, side: Side) {
        if let Some(id) = self.oldest(side) {
            let message = self.wait(id).message;
            self.settle(id, Phase::Woken, message);
        }
    }

    fn wake_all(&mut self) {
        for side in [Side::Sender, Side::Receiver] {
            while self.oldest(side).is_some() {
                self.wake(side);
            }
        }
    }

    /// Somebody who was woken goes: the next one is to try.
    fn pass_on(&mut self, side: Side) {
        if self.is_ready(side) {
            self.wake(side);
        }
    }

    /// One that begins to wait does not wait for what is there.
    fn look(&mut self, id: WaitId) {
        let Wait { side, message, .. } = self.wait(id);
        if self.is_ready(side) {
            self.settle(id, Phase::Woken, message);
        }
    }

    /// One that was woken tries. `None`: there is nothing for it, and it is not over.
    fn attempt(&mut self, id: WaitId) -> Option<(Outcome, Option<Number>)> {
        let Wait { side, phase, message, .. } = self.wait(id);
        let outcome = match phase {
            Phase::Waiting | Phase::Over => return None,
            Phase::Done => (Outcome::Done, message),
            Phase::Ended => (Outcome::Ended, message),
            Phase::Woken => {
                let tried = match (side, message) {
                    (Side::Receiver, _) => self.recv().map(Some),
                    (Side::Sender, message) => {
                        self.send(message.expect("a sender that was woken has its message")).map(|()| None)
                    }
                };
                match tried {
                    Ok(received) => (Outcome::Done, received),
                    Err(Refusal::Never) => (Outcome::Disconnected, message),
                    Err(Refusal::Later) => return None,
                }
            }
        };
        self.go(id);
        Some(outcome)
    }

    fn go(&mut self, id: WaitId) {
        let Wait { side, baton, .. } = self.wait(id);
        self.settle(id, Phase::Over, None);
        if baton {
            self.pass_on(side);
        }
    }

    /// A receive goes without giving its message out. Where nobody can receive any more, it goes too.
    fn hand(&mut self, receiver: WaitId, message: Number) {
        self.handed.insert(message, self.handed.len());
        self.settle(receiver, Phase::Done, Some(message));
    }

    fn give_back(&mut self, message: Number) {
        if self.receivers > 0 {
            self.returned.insert(self.handed[&message], message);
            self.pass_on(Side::Receiver);
        }
    }
}
