//! Short programs of several threads on one channel, stepped as the bytes say, and what must be true whichever steps.
//!
//! The bytes: the flavour, how many threads, and who is held by the domain; the threads' programs, a byte for an
//! operation; then whose turn it is and how long ([`super::stage`]).
//!
//! The threads' programs hold what a channel offers: sends and receives that wait, with and without a limit, or do not;
//! waits that are begun, tried, finished and dropped; closing; ends that are cloned and dropped; a domain that ends.
//!
//! When all sleep or are done, nobody may sleep over something that is there for him, unless one that was woken for
//! it has not looked yet. At the end each message was received once, came back, or went with the channel, in an order
//! that a queue allows ([`super::history`]).
//!
//! # What it finds
//!
//! Core was broken in these ways; random bytes, some thousand schedules a second, found:
//!
//! | broken | found after schedules | as |
//! | --- | --- | --- |
//! | no look after announcing (`Pending::offer`) | 1 to 100 | a sleeper over a message or room |
//! | no announcing (`Pending::offer`) | 2 to 7 | a receiver sleeps over a message |
//! | announcing before offering (`Pending::offer`) | 5,600 to 25,544 | a receiver sleeps over a message |
//! | the baton is not passed on (`Pending::over`) | 125 to 18,101 | a sender sleeps, and there is room |
//! | the baton is not passed on (`Pending::drop`) | 188 to more than 40,000 | a sender sleeps, and there is room |
//! | no look after withdrawing (`Channel::wake`) | 257 to 2,632 | a sleeper over a message or room |
//! | a dropped receive keeps its message (`Pending::leave`) | 27 to 477 | a message is lost |

use std::sync::{Arc, Mutex, Weak};
use std::task::{Wake, Waker};

use crossinterp_core::{
    Domain, DomainError, Park, ParkError, Receiver, RecvWait, SendWait, Sender, TakeError, TryRecvError,
    TrySendError, WaitError, Wakeup, bounded, rendezvous, unbounded,
};

use super::history::{History, Nothing};
use super::ledger::{Ledger, Message, Wakes};
use super::stage::{self, ACTORS, Bed, Part, Script, trace};

/// How many operations a program has.
const OPERATIONS: usize = 5;
/// Where the schedule begins.
const HEADER: usize = 1 + ACTORS * OPERATIONS;

/// Plays the programs and the schedule that the bytes are.
///
/// # Panics
/// When the channel does what it must not.
pub fn stepped(bytes: &[u8]) {
    let byte = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let setting = byte(0);
    let (ends, capacity) = match setting % 4 {
        0 => (rendezvous(), Some(0)),
        3 => (unbounded(), None),
        capacity => (bounded(capacity.into()), Some(capacity.into())),
    };
    let threads = 2 + usize::from(setting / 4 % 3);
    let (keeps_ends, held) = (setting / 12 % 2 == 0, setting / 24 % 4);
    trace(|| {
        format!("capacity {capacity:?}, {threads} threads, domain holds {held:02b}, ends kept: {keeps_ends}")
    });
    let world = Arc::new(World::new(capacity));
    let parts = (0..threads).map(|number| {
        let is_held = number < 2 && held & (1 << number) != 0;
        let mut actor = Actor::new(&world, number, &ends, is_held);
        let program: [u8; OPERATIONS] = std::array::from_fn(|index| byte(1 + number * OPERATIONS + index));
        Box::new(move || {
            for operation in program {
                actor.operate(operation);
                stage::end();
            }
            while !actor.waits().is_empty() {
                actor.finish(0);
            }
            if keeps_ends {
                actor.world.left.lock().unwrap().push((actor.senders, actor.receivers));
            }
        }) as Part
    });
    let parts = parts.collect();
    drop(ends);
    stage::play(
        parts,
        bytes.get(HEADER..).unwrap_or_default(),
        &mut Director { world: &world, closed: false },
    );
    Arc::into_inner(world).expect("all came to their end").end();
}

/// What the threads share.
struct World {
    capacity: Option<usize>,
    ledger: Ledger,
    history: History,
    domain: Domain,
    /// All ends, to look at the channel and to close it.
    senders: Mutex<Vec<Weak<Sender<Message>>>>,
    receivers: Mutex<Vec<Weak<Receiver<Message>>>>,
    /// What each thread has begun and not finished, and in what it sleeps.
    waits: [Mutex<Vec<Begun>>; ACTORS],
    sleeps: [Mutex<Option<(Side, bool)>>; ACTORS],
    /// All that can wake somebody.
    wakes: Mutex<Vec<Weak<Wakes>>>,
    /// What the threads had when they came to their end.
    left: Mutex<Vec<Ends>>,
}

type Ends = (Vec<Arc<Sender<Message>>>, Vec<Arc<Receiver<Message>>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Sender,
    Receiver,
}

/// A waiting operation that was begun.
struct Begun {
    wait: Wait,
    held: bool,
    since: usize,
    wakes: Arc<Wakes>,
}

enum Wait {
    Send(SendWait<Message>, u32),
    Recv(RecvWait<Message>),
}

impl World {
    fn new(capacity: Option<usize>) -> Self {
        Self {
            capacity,
            ledger: Ledger::default(),
            history: History::default(),
            domain: Domain::try_open().unwrap(),
            senders: Mutex::default(),
            receivers: Mutex::default(),
            waits: Default::default(),
            sleeps: Default::default(),
            wakes: Mutex::default(),
            left: Mutex::default(),
        }
    }

    fn live_sender(&self) -> Option<Arc<Sender<Message>>> {
        let senders = self.senders.lock().unwrap();
        senders.iter().filter_map(Weak::upgrade).find(|sender| !sender.is_ended())
    }

    fn live_receiver(&self) -> Option<Arc<Receiver<Message>>> {
        let receivers = self.receivers.lock().unwrap();
        receivers.iter().filter_map(Weak::upgrade).find(|receiver| !receiver.is_ended())
    }

    /// Whether it is closed, and how many messages it holds.
    fn look(&self) -> (bool, usize) {
        match (self.live_sender(), self.live_receiver()) {
            (Some(sender), Some(_)) => (sender.is_closed(), sender.len()),
            (None, Some(receiver)) => (true, receiver.len()),
            (_, None) => (true, 0),
        }
    }

    fn waker(&self) -> (Arc<Wakes>, Waker) {
        let (wakes, waker) = Wakes::new();
        self.wakes.lock().unwrap().push(Arc::downgrade(&wakes));
        (wakes, waker)
    }

    /// Everything that arrived is received, if anybody can; nothing is left then.
    fn end(self) {
        let Self { capacity, ledger, history, domain, receivers, wakes, left, .. } = self;
        let receiver = receivers.lock().unwrap().iter().filter_map(Weak::upgrade).find(|end| !end.is_ended());
        if let Some(receiver) = &receiver {
            loop {
                let begin = history.now();
                match receiver.try_recv() {
                    Ok(message) => history.received(begin, message.number),
                    Err(TryRecvError::Empty) => {
                        assert!(!receiver.is_closed(), "closed, and Empty");
                        assert!(receiver.is_empty(), "Empty, and {} messages", receiver.len());
                        break;
                    }
                    Err(TryRecvError::Disconnected) => {
                        assert!(receiver.is_closed(), "open, and Disconnected");
                        break;
                    }
                }
            }
        }
        history.check(receiver.is_some(), capacity.is_none());
        drop((receiver, left, domain));
        ledger.assert_alive(std::iter::empty());
        let kept = wakes.lock().unwrap().iter().filter(|wakes| wakes.strong_count() > 0).count();
        assert_eq!(kept, 0, "wakers of operations that are over were kept");
    }
}

/// Who looks when nobody can go on.
struct Director<'a> {
    world: &'a World,
    closed: bool,
}

impl Script for Director<'_> {
    fn at_rest(&mut self) {
        let (closed, len) = self.world.look();
        let ended = self.world.domain.state() != crossinterp_core::DomainState::Open;
        let mut sleeping = [0, 0];
        let mut awake = [0, 0];
        for sleeper in &self.world.sleeps {
            if let Some((side, held)) = *sleeper.lock().unwrap() {
                sleeping[side as usize] += 1;
                assert!(!(held && ended), "a thread sleeps in a domain that has ended");
            }
        }
        for begun in self.world.waits.iter().flat_map(|waits| waits.try_lock().ok()) {
            for Begun { wait, held, wakes, .. } in begun.iter() {
                let (side, settled, phase) = match wait {
                    Wait::Send(wait, _) => (Side::Sender, wait.is_settled(), format!("{wait:?}")),
                    Wait::Recv(wait) => (Side::Receiver, wait.is_settled(), format!("{wait:?}")),
                };
                assert_eq!(wakes.count(), usize::from(settled), "how often a wait was woken: {phase}");
                assert!(settled || !(*held && ended), "a wait of a domain that has ended was not ended");
                sleeping[side as usize] += usize::from(!settled);
                awake[side as usize] += usize::from(phase.contains("Woken"));
            }
        }
        trace(|| format!("closed {closed}, {len} messages, sleeping {sleeping:?}, awake {awake:?}"));
        assert!(!closed || sleeping == [0, 0], "it is closed, and {sleeping:?} sleep");
        let may_sleep = |side: Side| sleeping[side as usize] == 0 || awake[side as usize] > 0;
        assert!(len == 0 || may_sleep(Side::Receiver), "a receiver sleeps over {len} messages");
        match self.world.capacity {
            Some(0) => assert!(
                sleeping[Side::Sender as usize] == 0 || may_sleep(Side::Receiver),
                "a sender and a receiver sleep over each other"
            ),
            capacity => assert!(
                capacity.is_some_and(|capacity| len >= capacity) || may_sleep(Side::Sender),
                "a sender sleeps, and there is room"
            ),
        }
    }

    fn wake_up(&mut self) -> bool {
        if std::mem::replace(&mut self.closed, true) {
            return false;
        }
        trace(|| "close".to_string());
        self.world.history.disconnects();
        match (self.world.live_sender(), self.world.live_receiver()) {
            (Some(sender), _) => sender.close(),
            (_, Some(receiver)) => receiver.close(),
            (None, None) => return false,
        }
        self.world.history.closed();
        true
    }
}

/// One thread's ends and waits.
struct Actor {
    world: Arc<World>,
    number: usize,
    held: bool,
    senders: Vec<Arc<Sender<Message>>>,
    receivers: Vec<Arc<Receiver<Message>>>,
}

/// Sleeps on the stage.
struct Sleeper(Bed);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }
}

struct OnStage(u32);

impl Park for OnStage {
    fn waker(&self) -> Waker {
        Waker::from(Arc::new(Sleeper(Bed::mine(self.0))))
    }
    fn park(&self) -> Wakeup {
        stage::sleep()
    }
    fn pause(&self, _round: u32) -> Wakeup {
        stage::pause()
    }
}

impl Actor {
    fn new(
        world: &Arc<World>,
        number: usize,
        ends: &(Sender<Message>, Receiver<Message>),
        held: bool,
    ) -> Self {
        let mut actor =
            Self { world: Arc::clone(world), number, held, senders: Vec::new(), receivers: Vec::new() };
        let (sender, receiver) = ends;
        actor.keep_sender(if actor.held { sender.held_by(&world.domain).unwrap() } else { sender.clone() });
        actor.keep_receiver(if actor.held {
            receiver.held_by(&world.domain).unwrap()
        } else {
            receiver.clone()
        });
        actor
    }

    fn keep_sender(&mut self, sender: Sender<Message>) {
        self.senders.push(Arc::new(sender));
        let known = Arc::downgrade(self.senders.last().expect("pushed"));
        self.world.senders.lock().unwrap().push(known);
    }

    fn keep_receiver(&mut self, receiver: Receiver<Message>) {
        self.receivers.push(Arc::new(receiver));
        let known = Arc::downgrade(self.receivers.last().expect("pushed"));
        self.world.receivers.lock().unwrap().push(known);
    }

    fn waits(&self) -> std::sync::MutexGuard<'_, Vec<Begun>> {
        self.world.waits[self.number].lock().unwrap()
    }

    fn operate(&mut self, byte: u8) {
        let choice = usize::from(byte / 32);
        match byte % 32 {
            1..=4 | 30 => self.send(None),
            5 => self.send(Some(u32::from(byte / 32))),
            6 | 7 => self.try_send(),
            8..=11 | 31 => self.recv(None),
            12 => self.recv(Some(u32::from(byte / 32))),
            13 | 14 => self.try_recv(),
            15 | 16 => self.begin_send(),
            17 | 18 => self.begin_recv(),
            19 => self.finish(choice),
            20 | 21 => self.try_finish(choice),
            22 => self.abandon(choice),
            23 => self.close(choice),
            24 => {
                trace(|| "drop a sender".to_string());
                self.world.history.disconnects();
                drop(self.senders.pop());
            }
            25 => {
                trace(|| "drop a receiver".to_string());
                self.world.history.disconnects();
                drop(self.receivers.pop());
            }
            26 => {
                if let Some(Ok(sender)) = self.senders.first().map(|sender| sender.try_clone()) {
                    self.keep_sender(sender);
                }
            }
            27 => {
                if let Some(Ok(receiver)) = self.receivers.first().map(|receiver| receiver.try_clone()) {
                    self.keep_receiver(receiver);
                }
            }
            28 => self.end_domain(false),
            29 => self.end_domain(true),
            _ => {}
        }
    }

    fn message(&self) -> Message {
        let message = self.world.ledger.message();
        self.world.history.sends(message.number);
        message
    }

    /// A send has ended; what came back is its message.
    fn sent(&self, number: u32, unsent: Option<Message>) {
        trace(|| format!("message {number}: {}", if unsent.is_some() { "came back" } else { "sent" }));
        if let Some(message) = &unsent {
            assert_eq!(message.number, number, "another message came back");
        }
        self.world.history.sent(number, unsent.is_none());
    }

    fn received(&self, begin: usize, message: Message) {
        trace(|| format!("received message {}", message.number));
        self.world.history.received(begin, message.number);
    }

    fn sleeps(&self, side: Option<Side>) {
        *self.world.sleeps[self.number].lock().unwrap() = side.map(|side| (side, self.held));
    }

    /// What ends an operation otherwise than by a message.
    fn check(&self, error: ParkError, limited: bool) {
        trace(|| format!("{error:?}"));
        match error {
            ParkError::Disconnected => self.world.history.assert_may_be_disconnected(),
            ParkError::TimedOut => assert!(limited, "it gave up, and nobody told it to"),
            ParkError::Ended if self.held => self.world.history.assert_may_be_disconnected(),
            other => panic!("it ended with {other:?}"),
        }
    }

    fn send(&mut self, looks: Option<u32>) {
        let Some(sender) = self.senders.first().cloned() else { return };
        let message = self.message();
        let number = message.number;
        trace(|| format!("send message {number}, limit {looks:?}"));
        let operation = stage::begin(looks);
        self.sleeps(Some(Side::Sender));
        let result = sender.send_parking(message, &OnStage(operation));
        self.sleeps(None);
        let unsent = result.err().map(|(message, error)| {
            self.check(error, looks.is_some());
            message
        });
        self.sent(number, unsent);
    }

    fn recv(&mut self, looks: Option<u32>) {
        let Some(receiver) = self.receivers.first().cloned() else { return };
        trace(|| format!("receive, limit {looks:?}"));
        let begin = self.world.history.now();
        let operation = stage::begin(looks);
        self.sleeps(Some(Side::Receiver));
        let result = receiver.recv_parking(&OnStage(operation));
        self.sleeps(None);
        match result {
            Ok(message) => self.received(begin, message),
            Err(error) => {
                self.check(error, looks.is_some());
                if error == ParkError::Disconnected {
                    self.world.history.nothing(begin, Nothing::Disconnected);
                }
            }
        }
    }

    fn try_send(&mut self) {
        let Some(sender) = self.senders.last().cloned() else { return };
        let message = self.message();
        let number = message.number;
        trace(|| format!("try to send message {number}"));
        let unsent = match sender.try_send(message) {
            Ok(()) => None,
            Err(TrySendError::Full(message)) => Some(message),
            Err(TrySendError::Disconnected(message)) => {
                self.world.history.assert_may_be_disconnected();
                Some(message)
            }
        };
        assert!(
            unsent.is_none() || self.world.capacity.is_some() || sender.is_closed(),
            "full, without limit"
        );
        self.sent(number, unsent);
    }

    fn try_recv(&mut self) {
        let Some(receiver) = self.receivers.last().cloned() else { return };
        trace(|| "try to receive".to_string());
        let begin = self.world.history.now();
        match receiver.take() {
            Ok(message) => self.received(begin, message),
            Err(TakeError::Empty) => self.world.history.nothing(begin, Nothing::Empty),
            Err(TakeError::Disconnected) => {
                self.world.history.assert_may_be_disconnected();
                self.world.history.nothing(begin, Nothing::Disconnected);
            }
            Err(TakeError::Ended) => assert!(self.held),
        }
    }

    fn begin_send(&mut self) {
        let Some(sender) = self.senders.last().cloned() else { return };
        // On a rendezvous a message that is offered after closing is there until its own sender finds that out: a
        // receiver in the middle of its operation may take it before.
        let message = self.message();
        let number = message.number;
        trace(|| format!("begin to send message {number}"));
        let since = self.world.history.now();
        let (wakes, waker) = self.world.waker();
        match sender.begin_send(message, waker) {
            Ok(wait) => {
                self.waits().push(Begun { wait: Wait::Send(wait, number), held: self.held, since, wakes });
            }
            Err((message, error)) => {
                assert!(self.held && error == DomainError::Ended);
                self.sent(number, Some(message));
            }
        }
    }

    fn begin_recv(&mut self) {
        let Some(receiver) = self.receivers.last().cloned() else { return };
        trace(|| "begin to receive".to_string());
        let since = self.world.history.now();
        let (wakes, waker) = self.world.waker();
        match receiver.begin_recv(waker) {
            Ok(wait) => self.waits().push(Begun { wait: Wait::Recv(wait), held: self.held, since, wakes }),
            Err(error) => assert!(self.held && error == DomainError::Ended),
        }
    }

    fn take_wait(&self, choice: usize) -> Option<Begun> {
        let mut waits = self.waits();
        if waits.is_empty() {
            return None;
        }
        let index = choice % waits.len();
        Some(waits.remove(index))
    }

    fn finish(&mut self, choice: usize) {
        let Some(Begun { wait, since, .. }) = self.take_wait(choice) else { return };
        trace(|| "finish a wait".to_string());
        match wait {
            Wait::Send(wait, number) => self.finished_send(number, wait.finish()),
            Wait::Recv(wait) => self.finished_recv(since, wait.finish()),
        }
    }

    fn finished_send(&self, number: u32, result: Result<(), (Message, WaitError)>) {
        let unsent = result.err().map(|(message, error)| {
            self.check(error_of(error), true);
            message
        });
        self.sent(number, unsent);
    }

    fn finished_recv(&self, since: usize, result: Result<Message, WaitError>) {
        match result {
            Ok(message) => self.received(since, message),
            Err(error) => {
                self.check(error_of(error), true);
                if error == WaitError::Disconnected {
                    self.world.history.nothing(since, Nothing::Disconnected);
                }
            }
        }
    }

    fn try_finish(&mut self, choice: usize) {
        let Some(mut begun) = self.take_wait(choice) else { return };
        trace(|| "try to finish a wait".to_string());
        let (wakes, waker) = self.world.waker();
        match &mut begun.wait {
            Wait::Send(wait, number) => {
                if let Some(result) = wait.try_finish(waker) {
                    return self.finished_send(*number, result);
                }
            }
            Wait::Recv(wait) => {
                if let Some(result) = wait.try_finish(waker) {
                    return self.finished_recv(begun.since, result);
                }
            }
        }
        // Only one that was woken before takes the new waker, and its own is forgotten then.
        if wakes.is_kept() || wakes.count() > 0 {
            begun.wakes = wakes;
        }
        self.waits().push(begun);
    }

    fn abandon(&mut self, choice: usize) {
        let Some(Begun { wait, .. }) = self.take_wait(choice) else { return };
        trace(|| "drop a wait".to_string());
        if matches!(wait, Wait::Recv(_)) {
            self.world.history.returns();
        }
        drop(wait);
    }

    fn close(&mut self, choice: usize) {
        trace(|| "close".to_string());
        self.world.history.disconnects();
        let side = if choice.is_multiple_of(2) { Side::Sender } else { Side::Receiver };
        match side {
            Side::Sender => {
                let Some(sender) = self.senders.first() else { return };
                sender.close();
            }
            Side::Receiver => {
                let Some(receiver) = self.receivers.first() else { return };
                receiver.close();
            }
        }
        // (An end that its domain has closed closes nothing.)
        if !self.held {
            self.world.history.closed();
        }
    }

    fn end_domain(&mut self, closes: bool) {
        trace(|| format!("end the domain, close it: {closes}"));
        self.world.history.disconnects();
        self.world.history.returns();
        if closes {
            self.world.domain.close();
        } else {
            self.world.domain.end_waits();
        }
    }
}

fn error_of(error: WaitError) -> ParkError {
    match error {
        WaitError::Pending => ParkError::TimedOut,
        WaitError::Disconnected => ParkError::Disconnected,
        WaitError::Ended => ParkError::Ended,
    }
}
