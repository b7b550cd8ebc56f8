//! A channel as it is promised, written for clearness alone: numbers in lists, one step at a time.
//!
//! A message is *accepted* when the channel takes it over from its sender; it gets its rank then. Receivers get messages
//! in the order of their ranks, and a message that is given back keeps its rank.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The number of a message.
pub(crate) type Number = u32;
/// The number of a waiting operation.
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
    /// A sender's message until it is accepted, a receiver's once it has come; with its rank then.
    message: Option<(u64, Number)>,
}

/// The channel.
#[derive(Debug)]
pub(crate) struct Model {
    capacity: Option<usize>,
    queue: VecDeque<(u64, Number)>,
    returned: BTreeMap<u64, Number>,
    waits: BTreeMap<WaitId, Wait>,
    pub(crate) senders: usize,
    pub(crate) receivers: usize,
    closed: bool,
    accepted: u64,
    waits_made: WaitId,
}

impl Model {
    /// With one end of each side.
    pub(crate) fn new(capacity: Option<usize>) -> Self {
        Self {
            capacity,
            queue: VecDeque::new(),
            returned: BTreeMap::new(),
            waits: BTreeMap::new(),
            senders: 1,
            receivers: 1,
            closed: false,
            accepted: 0,
            waits_made: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len() + self.returned.len()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed || self.senders == 0 || self.receivers == 0
    }

    pub(crate) fn wait(&self, id: WaitId) -> Wait {
        self.waits[&id]
    }

    pub(crate) fn wait_ids(&self) -> Vec<WaitId> {
        self.waits.keys().copied().collect()
    }

    /// Every message that must be alive now.
    pub(crate) fn alive(&self) -> BTreeSet<Number> {
        let waits = self.waits.values().filter_map(|wait| wait.message);
        let queued = self.queue.iter().copied().chain(waits).map(|(_, number)| number);
        queued.chain(self.returned.values().copied()).collect()
    }

    pub(crate) fn send(&mut self, message: Number) -> Result<(), Refusal> {
        if self.closed || self.receivers == 0 {
            return Err(Refusal::Never);
        }
        if let Some(receiver) = self.first_waiting(Side::Receiver) {
            let rank = self.accept();
            self.settle(receiver, Phase::Done, Some((rank, message)));
            return Ok(());
        }
        if self.capacity.is_some_and(|capacity| self.queue.len() >= capacity) {
            return Err(Refusal::Later);
        }
        let rank = self.accept();
        self.queue.push_back((rank, message));
        Ok(())
    }

    pub(crate) fn recv(&mut self) -> Result<Number, Refusal> {
        self.take().map(|(_, number)| number)
    }

    pub(crate) fn begin_send(&mut self, domain: Option<usize>, message: Number) -> WaitId {
        let id = self.begin(Side::Sender, domain);
        match self.send(message) {
            Ok(()) => self.settle(id, Phase::Done, None),
            Err(Refusal::Never) => self.settle(id, Phase::Disconnected, Some((0, message))),
            Err(Refusal::Later) => self.settle(id, Phase::Waiting, Some((0, message))),
        }
        id
    }

    pub(crate) fn begin_recv(&mut self, domain: Option<usize>) -> WaitId {
        let id = self.begin(Side::Receiver, domain);
        match self.take() {
            Ok(message) => self.settle(id, Phase::Done, Some(message)),
            Err(Refusal::Never) => self.settle(id, Phase::Disconnected, None),
            Err(Refusal::Later) => {}
        }
        id
    }

    /// The owner ends its operation and gets the phase, and the message if there is one for it.
    pub(crate) fn finish(&mut self, id: WaitId) -> (Phase, Option<Number>) {
        let wait = self.waits.remove(&id).expect("the wait is known");
        (wait.phase, wait.message.map(|(_, number)| number))
    }

    /// The owner drops its operation.
    pub(crate) fn abandon(&mut self, id: WaitId) {
        let wait = self.waits.remove(&id).expect("the wait is known");
        if wait.side == Side::Receiver {
            self.give_back(wait.message);
        }
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.settle_all(Side::Sender, Phase::Disconnected);
        self.settle_all(Side::Receiver, Phase::Disconnected);
    }

    pub(crate) fn leave(&mut self, side: Side) {
        match side {
            Side::Sender => self.senders -= 1,
            Side::Receiver => self.receivers -= 1,
        }
        if self.senders == 0 || self.receivers == 0 {
            self.settle_all(Side::Receiver, Phase::Disconnected);
        }
        if self.receivers == 0 {
            self.settle_all(Side::Sender, Phase::Disconnected);
            self.queue.clear();
            self.returned.clear();
        }
    }

    /// A domain ends its operations: those that wait first, so that none of them gets what the others give back.
    pub(crate) fn end_waits(&mut self, domain: usize) {
        let mut ended: Vec<(WaitId, Wait)> = self.waits_of(domain);
        ended.sort_by_key(|(id, wait)| (wait.phase != Phase::Waiting, wait.message, *id));
        for (id, wait) in ended {
            match (wait.phase, wait.side) {
                (Phase::Waiting, _) => self.settle(id, Phase::Ended, wait.message),
                (Phase::Done, Side::Receiver) => {
                    self.settle(id, Phase::Ended, None);
                    self.give_back(wait.message);
                }
                _ => {}
            }
        }
    }

    /// Whether it is not promised who gets which message when this domain ends its operations: several messages are
    /// given back while others wait for some.
    pub(crate) fn end_is_a_race(&self, domain: usize) -> bool {
        let given = self.waits_of(domain).iter().filter(|(_, wait)| wait.has_received()).count();
        let waiting =
            self.waits.values().filter(|wait| wait.side == Side::Receiver && wait.phase == Phase::Waiting);
        given > 1 && waiting.filter(|wait| wait.domain != Some(domain)).count() > 0
    }

    fn waits_of(&self, domain: usize) -> Vec<(WaitId, Wait)> {
        let all = self.waits.iter().map(|(id, wait)| (*id, *wait));
        all.filter(|(_, wait)| wait.domain == Some(domain)).collect()
    }

    fn accept(&mut self) -> u64 {
        self.accepted += 1;
        self.accepted
    }

    fn begin(&mut self, side: Side, domain: Option<usize>) -> WaitId {
        self.waits_made += 1;
        self.waits.insert(self.waits_made, Wait { side, domain, phase: Phase::Waiting, message: None });
        self.waits_made
    }

    fn settle(&mut self, id: WaitId, phase: Phase, message: Option<(u64, Number)>) {
        let wait = self.waits.get_mut(&id).expect("the wait is known");
        (wait.phase, wait.message) = (phase, message);
    }

    fn settle_all(&mut self, side: Side, phase: Phase) {
        for wait in self.waits.values_mut().filter(|wait| wait.side == side && wait.phase == Phase::Waiting) {
            wait.phase = phase;
        }
    }

    /// The operation of a side that has waited longest; one that was only just begun does not count as waiting yet.
    fn first_waiting(&self, side: Side) -> Option<WaitId> {
        let waits = |wait: &Wait| {
            wait.side == side
                && wait.phase == Phase::Waiting
                && (side == Side::Receiver || wait.message.is_some())
        };
        self.waits.iter().find(|(_, wait)| waits(wait)).map(|(id, _)| *id)
    }

    fn take(&mut self) -> Result<(u64, Number), Refusal> {
        let oldest = match self.returned.pop_first() {
            Some(message) => Some(message),
            None => {
                let oldest = self.queue.pop_front();
                self.accept_from_sender();
                oldest.or_else(|| self.queue.pop_front())
            }
        };
        oldest.ok_or(if self.closed || self.senders == 0 { Refusal::Never } else { Refusal::Later })
    }

    /// Moves the message of the sender that has waited longest into the queue.
    fn accept_from_sender(&mut self) {
        if let Some(id) = self.first_waiting(Side::Sender) {
            let (_, message) = self.waits[&id].message.expect("a waiting sender has its message");
            let rank = self.accept();
            self.queue.push_back((rank, message));
            self.settle(id, Phase::Done, None);
        }
    }

    fn give_back(&mut self, message: Option<(u64, Number)>) {
        let Some((rank, number)) = message.filter(|_| self.receivers > 0) else { return };
        match self.first_waiting(Side::Receiver) {
            Some(id) => self.settle(id, Phase::Done, Some((rank, number))),
            None => drop(self.returned.insert(rank, number)),
        }
    }
}

impl Wait {
    fn has_received(&self) -> bool {
        self.side == Side::Receiver && self.phase == Phase::Done
    }
}
