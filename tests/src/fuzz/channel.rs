//! Schedules of one channel, its ends, waits and domains, read from bytes and compared with the model after each step.

use std::iter;
use std::sync::Arc;

use crossinterp_core::{
    Domain, DomainError, DomainState, OfferError, Receiver, RecvWait, SendWait, Sender, TakeError,
    TryRecvError, TrySendError, WaitError, bounded, rendezvous, unbounded,
};

use super::ledger::{Ledger, Message, Wakes};
use super::model::{Model, Number, Outcome, Phase, Refusal, Side, WaitId};

/// More ends of one side, or more waits, than this only make a schedule slow.
const MOST_ENDS: usize = 6;
const MOST_WAITS: usize = 12;

/// Plays the schedule that the bytes are, on one thread.
///
/// # Panics
/// When the channel does something else than the model.
///
/// ```
/// crossinterp_tests::fuzz::channel(&[1, 0, 0, 2, 0]); // capacity 1: a send, a receive
/// ```
pub fn channel(bytes: &[u8]) {
    let Some((&flavour, steps)) = bytes.split_first() else { return };
    let mut world = World::new(flavour);
    for step in steps.chunks_exact(2) {
        world.step(step[0], usize::from(step[1]));
        world.compare();
    }
    if flavour / 5 % 2 == 0 {
        world.finish_all();
    }
    world.end();
}

/// One end, and what holds it.
struct Handle<E> {
    end: E,
    domain: Option<usize>,
    ended: bool,
}

/// A waiting operation, and whom it wakes.
struct Waiting {
    wait: Wait,
    wakes: Arc<Wakes>,
}

enum Wait {
    Send(SendWait<Message>),
    Recv(RecvWait<Message>),
}

struct World {
    model: Model,
    ledger: Ledger,
    domains: [Domain; 3],
    states: [DomainState; 3],
    senders: Vec<Handle<Sender<Message>>>,
    receivers: Vec<Handle<Receiver<Message>>>,
    /// In the order of the model's.
    waits: Vec<(WaitId, Waiting)>,
}

impl World {
    fn new(flavour: u8) -> Self {
        let ((sender, receiver), capacity) = match flavour % 5 {
            0 => (rendezvous(), Some(0)),
            4 => (unbounded(), None),
            capacity => (bounded(capacity.into()), Some(capacity.into())),
        };
        assert_eq!(sender.capacity(), capacity);
        Self {
            model: Model::new(capacity),
            ledger: Ledger::default(),
            domains: [(); 3].map(|()| Domain::try_open().unwrap()),
            states: [DomainState::Open; 3],
            senders: vec![Handle { end: sender, domain: None, ended: false }],
            receivers: vec![Handle { end: receiver, domain: None, ended: false }],
            waits: Vec::new(),
        }
    }

    fn step(&mut self, operation: u8, choice: usize) {
        let domain = choice % 3;
        match operation % 16 {
            // Some only end things, and a channel that is closed does little: rarer, so that more waits before that.
            10..=14 if !(operation / 16).is_multiple_of(4) => match operation % 2 {
                0 => self.begin_recv(choice),
                _ => self.begin_send(choice),
            },
            0 | 1 => self.send(choice),
            2 | 3 => self.recv(choice),
            4 => self.begin_send(choice),
            5 => self.begin_recv(choice),
            6 => self.finish(choice),
            7 => self.abandon(choice),
            8 => copy_end(&mut self.senders, &mut self.model.senders, &self.domains, &self.states, choice),
            9 => {
                copy_end(&mut self.receivers, &mut self.model.receivers, &self.domains, &self.states, choice)
            }
            10 => {
                if let Some(gone) = pick(&self.senders, choice).map(|index| self.senders.swap_remove(index)) {
                    self.leave(Side::Sender, gone.ended);
                }
            }
            11 => {
                if let Some(gone) =
                    pick(&self.receivers, choice).map(|index| self.receivers.swap_remove(index))
                {
                    self.leave(Side::Receiver, gone.ended);
                }
            }
            12 => self.end_waits(domain),
            13 => self.close_domain(domain),
            14 => self.close(choice),
            _ => self.try_finish(choice),
        }
    }

    fn send(&mut self, choice: usize) {
        let Some(index) = pick(&self.senders, choice) else { return };
        let Handle { end, ended, .. } = &self.senders[index];
        let message = self.ledger.message();
        let number = message.number;
        let expected = if *ended { Err(Refusal::Never) } else { self.model.send(number) };
        let returned = if choice.is_multiple_of(2) {
            match end.try_send(message) {
                Ok(()) => Ok(()),
                Err(TrySendError::Full(message)) => Err((Refusal::Later, message)),
                Err(TrySendError::Disconnected(message)) => Err((Refusal::Never, message)),
            }
        } else {
            match end.offer(message) {
                Ok(()) => Ok(()),
                Err(OfferError::Full(message)) => Err((Refusal::Later, message)),
                Err(OfferError::Disconnected(message)) if !ended => Err((Refusal::Never, message)),
                Err(OfferError::Ended(message)) if *ended => Err((Refusal::Never, message)),
                Err(other) => panic!("a send on an end that has ended: {ended}, answered {other:?}"),
            }
        };
        let refusal = returned.as_ref().err().map(|(refusal, _)| *refusal);
        assert_eq!(refusal, expected.err());
        if let Err((_, message)) = returned {
            assert_eq!(message.number, number, "another message came back");
        }
    }

    fn recv(&mut self, choice: usize) {
        let Some(index) = pick(&self.receivers, choice) else { return };
        let Handle { end, ended, .. } = &self.receivers[index];
        let expected = if *ended { Err(Refusal::Never) } else { self.model.recv() };
        let received = if choice.is_multiple_of(2) {
            end.try_recv().map_err(|error| match error {
                TryRecvError::Empty => Refusal::Later,
                TryRecvError::Disconnected => Refusal::Never,
            })
        } else {
            end.take().map_err(|error| match error {
                TakeError::Empty => Refusal::Later,
                TakeError::Disconnected if !ended => Refusal::Never,
                TakeError::Ended if *ended => Refusal::Never,
                other => panic!("a receive on an end that has ended: {ended}, answered {other:?}"),
            })
        };
        assert_eq!(received.map(|message| message.number), expected);
    }

    fn begin_send(&mut self, choice: usize) {
        let Some(index) = pick(&self.senders, choice).filter(|_| self.waits.len() < MOST_WAITS) else {
            return;
        };
        let Handle { end, domain, .. } = &self.senders[index];
        let message = self.ledger.message();
        let number = message.number;
        let (wakes, waker) = Wakes::new();
        match end.begin_send(message, waker) {
            Ok(wait) => {
                assert!(self.lets_wait(*domain), "a domain that ends lets somebody wait");
                let id = self.model.begin_send(*domain, number);
                self.waits.push((id, Waiting { wait: Wait::Send(wait), wakes }));
            }
            Err((message, error)) => {
                assert_eq!((message.number, error), (number, DomainError::Ended));
                assert!(!self.lets_wait(*domain), "a send was refused for no reason");
            }
        }
    }

    fn begin_recv(&mut self, choice: usize) {
        let Some(index) = pick(&self.receivers, choice).filter(|_| self.waits.len() < MOST_WAITS) else {
            return;
        };
        let Handle { end, domain, .. } = &self.receivers[index];
        let (wakes, waker) = Wakes::new();
        match end.begin_recv(waker) {
            Ok(wait) => {
                assert!(self.lets_wait(*domain), "a domain that ends lets somebody wait");
                let id = self.model.begin_recv(*domain);
                self.waits.push((id, Waiting { wait: Wait::Recv(wait), wakes }));
            }
            Err(error) => {
                assert_eq!(error, DomainError::Ended);
                assert!(!self.lets_wait(*domain), "a receive was refused for no reason");
            }
        }
    }

    fn lets_wait(&self, domain: Option<usize>) -> bool {
        domain.is_none_or(|domain| self.states[domain] == DomainState::Open)
    }

    fn finish(&mut self, choice: usize) {
        let Some(id) = self.pick_wait(choice) else { return };
        if self.model.wait(id).phase == Phase::Over {
            return self.abandon(choice);
        }
        let outcome = self.model.finish(id);
        let Waiting { wait, wakes } = self.take_wait(id);
        match wait {
            Wait::Send(wait) => {
                let unsent = wait.finish().map_err(|(message, error)| (message.number, error));
                assert_eq!(unsent, sent(outcome));
            }
            Wait::Recv(wait) => {
                assert_eq!(wait.finish().map(|message| message.number), received(outcome));
            }
        }
        wakes.assert_forgotten();
    }

    fn try_finish(&mut self, choice: usize) {
        let Some(id) = self.pick_wait(choice) else { return };
        let before = self.model.wait(id).phase;
        if before == Phase::Over {
            return self.abandon(choice);
        }
        let outcome = self.model.try_finish(id);
        let place = self.place(id);
        let (_, Waiting { wait, wakes }) = &mut self.waits[place];
        let (new_wakes, waker) = Wakes::new();
        match wait {
            Wait::Send(wait) => {
                let unsent = wait.try_finish(waker);
                let unsent = unsent.map(|sent| sent.map_err(|(message, error)| (message.number, error)));
                assert_eq!(unsent, outcome.map(sent));
            }
            Wait::Recv(wait) => {
                let message = wait.try_finish(waker);
                let message = message.map(|received| received.map(|message| message.number));
                assert_eq!(message, outcome.map(received));
            }
        }
        // Only one that was woken, and waits on, has a use for another waker.
        let unused = if outcome.is_none() && before == Phase::Woken {
            assert_eq!(wakes.count(), 1, "who was woken was woken once");
            std::mem::replace(wakes, new_wakes)
        } else {
            assert_eq!(new_wakes.count(), 0, "a waker that was not needed was called");
            new_wakes
        };
        unused.assert_forgotten();
    }

    fn abandon(&mut self, choice: usize) {
        let Some(id) = self.pick_wait(choice) else { return };
        self.model.abandon(id);
        let Waiting { wait, wakes } = self.take_wait(id);
        drop(wait);
        wakes.assert_forgotten();
    }

    fn pick_wait(&self, choice: usize) -> Option<WaitId> {
        pick(&self.waits, choice).map(|index| self.waits[index].0)
    }

    fn place(&self, id: WaitId) -> usize {
        self.waits.iter().position(|(other, _)| *other == id).expect("the wait was picked")
    }

    fn take_wait(&mut self, id: WaitId) -> Waiting {
        self.waits.remove(self.place(id)).1
    }

    /// The handle of an end was dropped; one that has ended was taken out of the count before.
    fn leave(&mut self, side: Side, had_ended: bool) {
        if !had_ended {
            self.model.leave(side);
        }
    }

    fn end_waits(&mut self, domain: usize) {
        if self.model.end_is_a_race(domain) {
            return;
        }
        self.states[domain] = self.states[domain].max(DomainState::Ending);
        self.model.end_waits(domain);
        self.domains[domain].end_waits();
    }

    fn close_domain(&mut self, domain: usize) {
        if self.model.end_is_a_race(domain) {
            return;
        }
        self.states[domain] = DomainState::Closed;
        self.model.end_waits(domain);
        let held = |other: Option<usize>, ended: bool| other == Some(domain) && !ended;
        for sender in self.senders.iter_mut().filter(|sender| held(sender.domain, sender.ended)) {
            sender.ended = true;
            self.model.leave(Side::Sender);
        }
        for receiver in self.receivers.iter_mut().filter(|receiver| held(receiver.domain, receiver.ended)) {
            receiver.ended = true;
            self.model.leave(Side::Receiver);
        }
        self.domains[domain].close();
    }

    fn close(&mut self, choice: usize) {
        let ended = if choice.is_multiple_of(2) {
            let Some(index) = pick(&self.senders, choice / 2) else { return };
            self.senders[index].end.close();
            self.senders[index].ended
        } else {
            let Some(index) = pick(&self.receivers, choice / 2) else { return };
            self.receivers[index].end.close();
            self.receivers[index].ended
        };
        if !ended {
            self.model.close();
        }
    }

    /// Everything that can be seen from outside is as the model says.
    fn compare(&self) {
        self.ledger.assert_alive(self.model.alive());
        assert_eq!(self.waits.len(), self.model.waits().len());
        for ((id, Waiting { wait, wakes }), (known, expected)) in self.waits.iter().zip(self.model.waits()) {
            assert_eq!(id, known);
            let settled = match wait {
                Wait::Send(wait) => wait.is_settled(),
                Wait::Recv(wait) => wait.is_settled(),
            };
            assert_eq!(settled, expected.phase != Phase::Waiting, "wait {id} is settled");
            assert_eq!(wakes.count(), usize::from(settled), "how often wait {id} was woken");
            assert_eq!(wakes.is_kept(), !settled, "the waker of wait {id} is kept");
        }
        self.model.check_baton();
        for (domain, state) in self.domains.iter().zip(self.states) {
            assert_eq!(domain.state(), state);
        }
        for Handle { end, ended, .. } in &self.senders {
            compare_end(end, *ended, &self.model);
        }
        for Handle { end, ended, .. } in &self.receivers {
            compare_end(end, *ended, &self.model);
        }
    }

    /// Every operation comes to its end, and every message to a receiver, if there is one.
    fn finish_all(&mut self) {
        while !self.waits.is_empty() {
            self.finish(0);
            self.compare();
        }
        let Some(receiver) = self.receivers.iter().position(|receiver| !receiver.ended) else { return };
        while self.model.len() > 0 {
            self.recv(receiver);
            self.compare();
        }
        self.recv(receiver);
        self.ledger.assert_alive(iter::empty());
    }

    /// Drops everything; no message or waker may be left, and none may go twice.
    fn end(self) {
        let Self { ledger, senders, receivers, waits, domains, .. } = self;
        let (waits, wakes): (Vec<_>, Vec<_>) =
            waits.into_iter().map(|(_, Waiting { wait, wakes })| (wait, wakes)).unzip();
        drop((waits, senders, receivers, domains));
        wakes.iter().for_each(|wakes| wakes.assert_forgotten());
        ledger.assert_alive(iter::empty());
    }
}

/// What finishing a send says.
fn sent((outcome, message): (Outcome, Option<Number>)) -> Result<(), (Number, WaitError)> {
    let unsent = |error| Err((message.expect("what was not sent comes back"), error));
    error(outcome).map_or(Ok(()), unsent)
}

/// What finishing a receive says.
fn received((outcome, message): (Outcome, Option<Number>)) -> Result<Number, WaitError> {
    error(outcome).map_or_else(|| Ok(message.expect("a message was received")), Err)
}

fn error(outcome: Outcome) -> Option<WaitError> {
    match outcome {
        Outcome::Pending => Some(WaitError::Pending),
        Outcome::Done => None,
        Outcome::Disconnected => Some(WaitError::Disconnected),
        Outcome::Ended => Some(WaitError::Ended),
    }
}

/// An index, if there is anything to choose from.
fn pick<T>(things: &[T], choice: usize) -> Option<usize> {
    if things.is_empty() { None } else { Some(choice % things.len()) }
}

/// What an end of either side can be asked.
trait End: Clone {
    /// (is_ended, is_closed, len, is_empty, is_full, sender_count, receiver_count)
    fn look(&self) -> (bool, bool, usize, bool, bool, usize, usize);
    fn try_clone(&self) -> Result<Self, DomainError>;
    fn free_clone(&self) -> Result<Self, DomainError>;
    fn held_by(&self, domain: &Domain) -> Result<Self, DomainError>;
}

macro_rules! end {
    ($end:ident) => {
        impl End for $end<Message> {
            fn look(&self) -> (bool, bool, usize, bool, bool, usize, usize) {
                (
                    self.is_ended(),
                    self.is_closed(),
                    self.len(),
                    self.is_empty(),
                    self.is_full(),
                    self.sender_count(),
                    self.receiver_count(),
                )
            }
            fn try_clone(&self) -> Result<Self, DomainError> {
                $end::try_clone(self)
            }
            fn free_clone(&self) -> Result<Self, DomainError> {
                $end::free_clone(self)
            }
            fn held_by(&self, domain: &Domain) -> Result<Self, DomainError> {
                $end::held_by(self, domain)
            }
        }
    };
}
end!(Sender);
end!(Receiver);

/// What an end says of the channel is what the model says.
fn compare_end<E: End>(end: &E, ended: bool, model: &Model) {
    let len = model.len();
    let closed = ended || model.is_closed();
    assert_eq!(
        end.look(),
        (ended, closed, len, len == 0, model.is_full(), model.senders, model.receivers),
        "(is_ended, is_closed, len, is_empty, is_full, sender_count, receiver_count)"
    );
}

/// One more end of a side, by one of the ways to make one.
fn copy_end<E: End>(
    ends: &mut Vec<Handle<E>>,
    count: &mut usize,
    domains: &[Domain; 3],
    states: &[DomainState; 3],
    choice: usize,
) {
    let Some(index) = pick(ends, choice / 8).filter(|_| ends.len() < MOST_ENDS) else { return };
    let Handle { end, domain: holder, ended } = &ends[index];
    let domain = choice % 3;
    let (copy, holder) = match choice % 8 {
        0 | 1 => (end.try_clone(), *holder),
        2 => (end.free_clone(), None),
        3 => (Ok(end.clone()), *holder),
        _ => (end.held_by(&domains[domain]), Some(domain)),
    };
    let cloned_anyway = choice % 8 == 3;
    let refused = *ended || holder.is_some_and(|holder| states[holder] == DomainState::Closed);
    match copy {
        Ok(_) if refused && !cloned_anyway => panic!("an end was made where the domain has closed"),
        Ok(copy) => {
            *count += usize::from(!refused);
            ends.push(Handle { end: copy, domain: holder, ended: refused });
        }
        Err(error) => {
            assert_eq!(error, DomainError::Ended);
            assert!(refused, "an end was refused for no reason");
        }
    }
}
