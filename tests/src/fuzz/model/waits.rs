//! Operations that wait: begun, woken, tried, finished, ended by their domain.

use super::{Model, Number, Outcome, Phase, Refusal, Side, Wait, WaitId};

impl Model {
    pub(crate) fn begin_send(&mut self, domain: Option<usize>, message: Number) -> WaitId {
        match self.send(message) {
            Ok(()) => self.begin(Side::Sender, domain, Phase::Done, None),
            Err(_) => {
                let id = self.begin(Side::Sender, domain, Phase::Waiting, Some(message));
                self.look(id);
                self.call_receiver(Side::Sender);
                if self.wait(id).phase == Phase::Waiting {
                    self.relieve(Side::Sender);
                }
                id
            }
        }
    }

    pub(crate) fn begin_recv(&mut self, domain: Option<usize>) -> WaitId {
        let id = self.begin(Side::Receiver, domain, Phase::Waiting, None);
        self.look(id);
        if self.wait(id).phase == Phase::Waiting {
            self.relieve(Side::Receiver);
        }
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
            self.wait_again(id);
        }
        outcome
    }

    /// The owner looks whether or not it was woken. `None`: it waits on, in its old place.
    pub(crate) fn poll(&mut self, id: WaitId) -> Option<(Outcome, Option<Number>)> {
        let Wait { phase, message, .. } = self.wait(id);
        if phase == Phase::Waiting {
            self.settle(id, Phase::Woken, message);
        }
        self.try_finish(id)
    }

    /// The owner waits until the operation is settled and comes to its end, but not longer than this moment.
    pub(crate) fn wait_briefly(&mut self, id: WaitId) -> (Outcome, Option<Number>) {
        while self.wait(id).phase != Phase::Waiting {
            if let Some(outcome) = self.try_finish(id) {
                self.waits.remove(self.place(id));
                return outcome;
            }
        }
        self.finish(id)
    }

    fn wait_again(&mut self, id: WaitId) {
        let Wait { side, message, .. } = self.wait(id);
        self.settle(id, Phase::Waiting, message);
        self.look(id);
        self.call_receiver(side);
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
                    // The message stays where it is, and the place with it.
                    let place = self.place(id);
                    self.waits[place].1.placed = false;
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

    fn begin(&mut self, side: Side, domain: Option<usize>, phase: Phase, message: Option<Number>) -> WaitId {
        self.waits_made += 1;
        let placed = phase != Phase::Done;
        let calls = usize::from(!placed);
        let wait = Wait { side, domain, phase, baton: false, placed, calls, message };
        self.waits.push((self.waits_made, wait));
        self.waits_made
    }

    /// One that begins to wait does not wait for what is there.
    fn look(&mut self, id: WaitId) {
        let Wait { side, message, .. } = self.wait(id);
        if self.is_ready(side) {
            self.settle(id, Phase::Woken, message);
        }
    }

    /// On a rendezvous a sender that begins to wait has a receiver come, who fetches the message.
    fn call_receiver(&mut self, side: Side) {
        if side == Side::Sender && self.is_rendezvous() {
            self.wake(Side::Receiver);
        }
    }

    /// On a queue one that begins to wait has one of the other side come, if there is something for it.
    pub(crate) fn relieve(&mut self, side: Side) {
        let peers = match side {
            Side::Sender => Side::Receiver,
            Side::Receiver => Side::Sender,
        };
        if !self.is_rendezvous() && self.is_ready(peers) {
            self.wake(peers);
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
                    // Its message is for others to fetch.
                    (Side::Sender, _) if self.is_rendezvous() && !self.is_closed() => Err(Refusal::Later),
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
}
