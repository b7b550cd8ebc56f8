//! A channel as it is promised, written for clearness alone: numbers in lists, one step at a time.
//!
//! An operation that waits is woken and tries again; what it was woken for stays where it is, for whoever comes first. Who
//! is woken is promised exactly: the oldest that waits, one for a message, one for a free place, all by closing; and
//! one that was woken and goes hands that on (the *baton*). Only without a queue, on a rendezvous channel, a message is
//! put into a receive's hand; one that goes without giving it out gives it back, to be received before all that was sent
//! after it.

mod many;
mod select;
mod single;
mod waits;

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
    /// How often its last waker was called.
    pub(crate) calls: usize,
    /// It was woken, if only to hear that its domain ends, and has not gone.
    baton: bool,
    /// It has a place among those that wait: it did not come to its end when it began.
    placed: bool,
    /// A sender's message until it is sent, a receiver's once it is in its hand.
    message: Option<Number>,
}

/// The channel.
#[derive(Debug)]
pub(crate) struct Model {
    capacity: Option<usize>,
    /// No place of its queue is ever kept for anybody.
    strict: bool,
    queue: VecDeque<Number>,
    /// How many messages were sent before each of those that were.
    ranks: Vec<usize>,
    sent: usize,
    /// By rank, which is the order in which they are received again.
    returned: BTreeMap<usize, Number>,
    /// The oldest first. There are few, so a list is the fastest map.
    waits: Vec<(WaitId, Wait)>,
    senders: usize,
    receivers: usize,
    closed: bool,
    /// Which side has one end that is not shared.
    single: [bool; 2],
    waits_made: WaitId,
}

impl Model {
    /// With one end of each side.
    pub(crate) fn new(capacity: Option<usize>, strict: bool) -> Self {
        Self {
            capacity,
            strict,
            queue: VecDeque::new(),
            ranks: Vec::new(),
            sent: 0,
            returned: BTreeMap::new(),
            waits: Vec::new(),
            senders: 1,
            receivers: 1,
            closed: false,
            single: [false; 2],
            waits_made: 0,
        }
    }

    /// Whether a send that was chosen has its place, or its receiver.
    pub(crate) fn keeps_places(&self) -> bool {
        self.capacity.is_some() && !self.strict
    }

    /// Whether messages stand in places that can be kept.
    pub(crate) fn has_slots(&self) -> bool {
        self.keeps_places() && !self.is_rendezvous()
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
        self.push(message);
        Ok(())
    }

    /// Sends; without room, the oldest message goes for it, or the message itself where none is queued. What went.
    pub(crate) fn overwrite(&mut self, message: Number) -> Result<Vec<Number>, Refusal> {
        match self.send(message) {
            Ok(()) => Ok(Vec::new()),
            Err(Refusal::Never) => Err(Refusal::Never),
            Err(Refusal::Later) => Ok(vec![match self.queue.pop_front() {
                None => message,
                Some(oldest) => {
                    self.push(message);
                    oldest
                }
            }]),
        }
    }

    fn push(&mut self, message: Number) {
        self.is_sent(message);
        self.queue.push_back(message);
        self.wake(Side::Receiver);
    }

    fn is_sent(&mut self, message: Number) {
        let place = message as usize;
        self.ranks.resize(self.ranks.len().max(place + 1), 0);
        self.ranks[place] = self.sent;
        self.sent += 1;
    }

    pub(crate) fn recv(&mut self) -> Result<Number, Refusal> {
        if let Some((_, message)) = self.returned.pop_first() {
            return Ok(message);
        }
        if let Some(message) = self.queue.pop_front() {
            self.wake(Side::Sender);
            return Ok(message);
        }
        if let Some(sender) = self.oldest_with_message() {
            let Wait { phase, message, .. } = self.wait(sender);
            let message = message.expect("a waiting sender has its message");
            self.settle(sender, Phase::Done, None);
            self.is_sent(message);
            if phase == Phase::Woken {
                // What it was woken for is for the next one.
                self.pass_on(Side::Sender);
            }
            return Ok(message);
        }
        Err(if self.is_closed() { Refusal::Never } else { Refusal::Later })
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.wake_all();
    }

    pub(crate) fn ends(&self, side: Side) -> usize {
        match side {
            Side::Sender => self.senders,
            Side::Receiver => self.receivers,
        }
    }

    pub(crate) fn enter(&mut self, side: Side) {
        match side {
            Side::Sender => self.senders += 1,
            Side::Receiver => self.receivers += 1,
        }
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

    fn is_rendezvous(&self) -> bool {
        self.capacity == Some(0)
    }

    fn has_room(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.queue.len() < capacity)
    }

    /// Whether a send or receive that does not wait does something, if only to say that the channel is closed.
    pub(crate) fn can_try(&self, side: Side) -> bool {
        self.can_happen(side) && (side == Side::Receiver || !self.is_rendezvous() || self.returned.is_empty())
    }

    /// Whether an operation of that side that tries now gets something, if only the news that it is closed.
    fn is_ready(&self, side: Side) -> bool {
        self.is_closed()
            || match side {
                // On a rendezvous there is never room: who receives fetches the message.
                Side::Sender => self.has_room(),
                Side::Receiver => self.len() > 0 || self.oldest_with_message().is_some(),
            }
    }

    fn settle(&mut self, id: WaitId, phase: Phase, message: Option<Number>) {
        let place = self.place(id);
        let (_, wait) = &mut self.waits[place];
        let was = wait.phase;
        (wait.phase, wait.message) = (phase, message);
        match (was, phase) {
            (_, Phase::Waiting) => wait.calls = 0,
            // A send that was told of room, and then had its message taken, hears of that too.
            (Phase::Waiting, Phase::Woken | Phase::Done | Phase::Ended) | (Phase::Woken, Phase::Done) => {
                wait.calls += 1
            }
            _ => {}
        }
        // What ends while it waits is woken to hear that; what ends with a message in its hand had been told before.
        wait.baton = phase == Phase::Woken || (phase == Phase::Ended && was != Phase::Done);
    }

    /// The operation of a side that has waited longest.
    fn oldest(&self, side: Side) -> Option<WaitId> {
        let waits = |wait: &Wait| wait.side == side && wait.phase == Phase::Waiting;
        self.waits.iter().find(|(_, wait)| waits(wait)).map(|(id, _)| *id)
    }

    /// The send that has waited longest, and waits or was only told that there is room: its message can be received, if
    /// nothing is queued. On a closed channel none can.
    fn oldest_with_message(&self) -> Option<WaitId> {
        let has_message = |wait: &Wait| {
            wait.side == Side::Sender
                && matches!(wait.phase, Phase::Waiting | Phase::Woken)
                && wait.message.is_some()
        };
        let open = !self.is_closed();
        self.waits.iter().find(|(_, wait)| open && has_message(wait)).map(|(id, _)| *id)
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

    fn hand(&mut self, receiver: WaitId, message: Number) {
        self.is_sent(message);
        self.settle(receiver, Phase::Done, Some(message));
    }

    /// A message comes back from one who received it. Where nobody can receive any more, it goes too.
    fn give_back(&mut self, message: Number) {
        if self.receivers > 0 {
            self.returned.insert(self.ranks[message as usize], message);
            self.pass_on(Side::Receiver);
        }
    }
}
