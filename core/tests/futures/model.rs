//! Any order of sends, receives, polls, drops and ends, against what every message's way may be.
//!
//! The channel is used from one thread, so its promises can be checked after each step:
//!
//! - a message is received once, or comes back, or is dropped with its send; and is dropped once;
//! - nothing overtakes: a message whose send was over before another one's began is received before it, if no other
//!   receive was under way;
//! - `try_` operations say full or empty only when it is;
//! - only the waker of a future's last poll is called;
//! - when every future that was woken has been polled, none waits for what is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use crossinterp_core::{
    Domain, Receiver, RecvFuture, SendFuture, Sender, TryRecvError, TrySendError, bounded, unbounded,
};
use proptest::prelude::*;

use crate::tasks::Bell;

/// A step, for which `choice` picks a future or what else there is to pick.
#[derive(Clone, Copy, Debug)]
enum Step {
    NewSend,
    NewReceive,
    PollSend,
    PollReceive,
    DropSend,
    TakeBack,
    DropReceive,
    TrySend,
    TryReceive,
    Settle,
    Close,
    EndWaits,
    CloseDomain,
}

/// How often each comes, in this many.
const SHARES: [(Step, u8); 13] = [
    (Step::NewSend, 24),
    (Step::NewReceive, 24),
    (Step::PollSend, 48),
    (Step::PollReceive, 48),
    (Step::DropSend, 12),
    (Step::TakeBack, 8),
    (Step::DropReceive, 16),
    (Step::TrySend, 24),
    (Step::TryReceive, 24),
    (Step::Settle, 24),
    (Step::Close, 1),
    (Step::EndWaits, 1),
    (Step::CloseDomain, 1),
];
const ALL_SHARES: u8 = 255;

fn step(mut number: u8) -> Step {
    for (step, share) in SHARES {
        match number.checked_sub(share) {
            Some(left) => number = left,
            None => return step,
        }
    }
    unreachable!("the shares are {ALL_SHARES} together")
}

fn steps() -> impl Strategy<Value = Vec<(Step, u8)>> {
    prop::collection::vec(((0..ALL_SHARES).prop_map(step), any::<u8>()), 0..150)
}

/// What became of a message, as far as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Its send is not over.
    Offered,
    /// Sent, at that time.
    Sent(usize),
    Received,
    /// It came back, or was dropped with its send.
    Back,
}

#[derive(Debug)]
struct Message {
    number: usize,
    drops: Arc<AtomicUsize>,
}

impl Drop for Message {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

struct Record {
    fate: Fate,
    /// When its send began.
    began: usize,
    drops: Arc<AtomicUsize>,
}

/// A future and its wakers.
struct Task<F> {
    future: F,
    /// Whether its end belongs to the domain.
    held: bool,
    /// Of the last poll; none if it was not polled.
    bell: Option<Arc<Bell>>,
    /// Of those before, and how often they had rung when it was polled again.
    old: Vec<(Arc<Bell>, usize)>,
}

impl<F: Future + Unpin> Task<F> {
    fn new(future: F, held: bool) -> Self {
        Self { future, held, bell: None, old: Vec::new() }
    }

    fn poll(&mut self) -> Poll<F::Output> {
        self.check();
        let bell = Bell::new();
        if let Some(old) = self.bell.replace(Arc::clone(&bell)) {
            let rings = old.rings();
            self.old.push((old, rings));
        }
        bell.poll(&mut self.future)
    }

    fn check(&self) {
        for (bell, rings) in &self.old {
            assert_eq!(bell.rings(), *rings, "a waker that was replaced was called");
        }
    }

    fn was_polled(&self) -> bool {
        self.bell.is_some()
    }

    /// It was polled, and woken since.
    fn is_woken(&self) -> bool {
        self.bell.as_ref().is_some_and(|bell| bell.rings() > 0)
    }

    fn sleeps(&self) -> bool {
        self.was_polled() && !self.is_woken()
    }
}

type Send = Task<SendFuture<'static, Message>>;
type Receive = Task<RecvFuture<'static, Message>>;

struct World {
    capacity: Option<usize>,
    tx: Sender<Message>,
    rx: Receiver<Message>,
    domain: Domain,
    held_tx: Sender<Message>,
    held_rx: Receiver<Message>,
    sends: Vec<(usize, Send)>,
    receives: Vec<Receive>,
    records: Vec<Record>,
    now: usize,
    closed: bool,
    /// The domain's waits, and its ends.
    ended: (bool, bool),
}

impl World {
    fn new(capacity: Option<usize>) -> Self {
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        let domain = Domain::try_open().unwrap();
        let (held_tx, held_rx) = (tx.held_by(&domain).unwrap(), rx.held_by(&domain).unwrap());
        let (sends, receives, records) = Default::default();
        let (now, closed, ended) = Default::default();
        Self { capacity, tx, rx, domain, held_tx, held_rx, sends, receives, records, now, closed, ended }
    }

    fn message(&mut self) -> Message {
        let drops = Arc::new(AtomicUsize::new(0));
        self.records.push(Record { fate: Fate::Offered, began: usize::MAX, drops: Arc::clone(&drops) });
        Message { number: self.records.len() - 1, drops }
    }

    fn fate(&mut self, number: usize, before: &[Fate], after: Fate) {
        let record = &mut self.records[number];
        assert!(before.contains(&record.fate), "message {number} was {:?}, is now {after:?}", record.fate);
        record.fate = after;
    }

    /// A send is over, as its sender was told.
    fn sent(&mut self, number: usize) {
        assert_ne!(self.records[number].began, usize::MAX, "sent after the close");
        if self.records[number].fate != Fate::Received {
            self.fate(number, &[Fate::Offered], Fate::Sent(self.now));
        }
    }

    /// How many messages were sent and not received, as far as senders know.
    fn outstanding(&self) -> usize {
        self.records.iter().filter(|record| matches!(record.fate, Fate::Sent(_))).count()
    }

    /// Something came, by an operation that began and ended in this step (`at_once`), or by a future.
    fn received(&mut self, message: Message, at_once: bool) {
        let began = self.records[message.number].began;
        if at_once && !self.receives.iter().any(Task::was_polled) {
            let older =
                self.records.iter().position(|record| matches!(record.fate, Fate::Sent(at) if at < began));
            assert_eq!(older, None, "overtaken by message {}", message.number);
        }
        let sent = self.records[message.number].fate;
        self.fate(message.number, &[Fate::Offered, sent], Fate::Received);
        assert_ne!(sent, Fate::Received, "message {} was received twice", message.number);
        assert_ne!(sent, Fate::Back, "message {} was received and came back", message.number);
        assert_eq!(message.drops.load(Ordering::Relaxed), 0);
    }

    fn step(&mut self, step: Step, choice: u8) {
        self.now += 1;
        let choice = usize::from(choice);
        let held = choice.is_multiple_of(4);
        let send = (!self.sends.is_empty()).then(|| choice % self.sends.len().max(1));
        let receive = (!self.receives.is_empty()).then(|| choice % self.receives.len().max(1));
        match step {
            Step::NewSend => {
                let message = self.message();
                let number = message.number;
                let end = if held { &self.held_tx } else { &self.tx };
                self.sends.push((number, Task::new(end.clone().into_send_async(message), held)));
            }
            Step::NewReceive => {
                let end = if held { &self.held_rx } else { &self.rx };
                self.receives.push(Task::new(end.clone().into_recv_async(), held));
            }
            Step::PollSend => send.into_iter().for_each(|at| self.poll_send(at)),
            Step::PollReceive => receive.into_iter().for_each(|at| self.poll_receive(at)),
            Step::DropSend => {
                if let Some(at) = send {
                    let (number, task) = self.sends.remove(at);
                    drop(task);
                    self.gone(number);
                }
            }
            Step::TakeBack => {
                if let Some(at) = send {
                    let (number, task) = self.sends.remove(at);
                    match task.future.into_inner() {
                        Some(message) => {
                            assert_eq!(message.number, number);
                            self.fate(number, &[Fate::Offered], Fate::Back);
                        }
                        None => assert_eq!(self.records[number].fate, Fate::Received, "{number} is nowhere"),
                    }
                }
            }
            Step::DropReceive => drop(receive.map(|at| self.receives.remove(at))),
            Step::TrySend => self.try_send(held),
            Step::TryReceive => self.try_receive(held),
            Step::Settle => self.settle(),
            Step::Close => {
                self.tx.close();
                self.closed = true;
            }
            Step::EndWaits => {
                self.domain.end_waits();
                self.ended.0 = true;
            }
            Step::CloseDomain => {
                self.domain.close();
                self.ended = (true, true);
            }
        }
    }

    /// A send that was not over was dropped.
    fn gone(&mut self, number: usize) {
        assert_eq!(self.records[number].drops.load(Ordering::Relaxed), 1, "message {number} is kept");
        if self.records[number].fate != Fate::Received {
            self.fate(number, &[Fate::Offered], Fate::Back);
        }
    }

    fn poll_send(&mut self, at: usize) {
        let (number, task) = &mut self.sends[at];
        let (number, held) = (*number, task.held);
        if !task.was_polled() {
            // What is sent after the close is told so.
            self.records[number].began = if self.closed { usize::MAX } else { self.now };
        }
        let Poll::Ready(sent) = self.sends[at].1.poll() else { return };
        self.sends.remove(at);
        match sent {
            Ok(()) => self.sent(number),
            Err(error) => {
                assert!(self.closed || (held && self.ended.0));
                assert_eq!(error.into_inner().number, number, "another one's message came back");
                self.fate(number, &[Fate::Offered], Fate::Back);
            }
        }
    }

    fn poll_receive(&mut self, at: usize) {
        let task = &mut self.receives[at];
        let (at_once, held) = (!task.was_polled(), task.held);
        let Poll::Ready(received) = task.poll() else { return };
        self.receives.remove(at);
        match received {
            Ok(message) => self.received(message, at_once),
            Err(_) if held && self.ended.0 => {}
            Err(_) => {
                assert!(self.closed, "disconnected, and nobody closed it");
                assert!(self.outstanding() == 0 || self.receives.iter().any(Task::was_polled));
            }
        }
    }

    fn try_send(&mut self, held: bool) {
        let message = self.message();
        let number = message.number;
        let awaited = self.receives.iter().any(Task::sleeps);
        self.records[number].began = self.now;
        let end = if held { &self.held_tx } else { &self.tx };
        match end.try_send(message) {
            Ok(()) => {
                assert!(!self.closed);
                self.sent(number);
            }
            Err(error) => {
                match error {
                    TrySendError::Full(_) => {
                        assert!(self.capacity.is_some_and(|capacity| self.rx.len() >= capacity));
                        // (What was given back comes first, by a receive that was woken and has not been polled.)
                        assert!(!awaited || !self.rx.is_empty(), "a receive waits, and was passed over");
                    }
                    TrySendError::Disconnected(_) => assert!(self.closed || (held && self.ended.1)),
                }
                assert_eq!(error.into_inner().number, number);
                self.fate(number, &[Fate::Offered], Fate::Back);
            }
        }
    }

    fn try_receive(&mut self, held: bool) {
        let end = if held { &self.held_rx } else { &self.rx };
        match end.try_recv() {
            Ok(message) => self.received(message, true),
            Err(TryRecvError::Empty) => {
                assert!(self.outstanding() == 0 || self.receives.iter().any(Task::was_polled));
                let offers = self.capacity == Some(0) && self.sends.iter().any(|(_, task)| task.sleeps());
                assert!(!offers, "a send waits, and was passed over");
                assert!(!self.closed || self.ended.1);
            }
            Err(TryRecvError::Disconnected) => assert!(self.closed || (held && self.ended.1)),
        }
    }

    /// Polls whatever was woken until nothing is, and looks whether somebody waits for what is there.
    fn settle(&mut self) {
        loop {
            if let Some(at) = self.sends.iter().position(|(_, task)| task.is_woken()) {
                self.poll_send(at);
            } else if let Some(at) = self.receives.iter().position(Task::is_woken) {
                self.poll_receive(at);
            } else {
                break;
            }
        }
        self.sends.iter().for_each(|(_, task)| task.check());
        self.receives.iter().for_each(Task::check);
        let sending: Vec<&Send> =
            self.sends.iter().map(|(_, task)| task).filter(|task| task.was_polled()).collect();
        let receiving: Vec<&Receive> = self.receives.iter().filter(|task| task.was_polled()).collect();
        assert_eq!(self.outstanding(), self.rx.len(), "a message is lost or kept");
        if self.closed {
            assert!(sending.is_empty() && receiving.is_empty(), "it is closed, and somebody waits");
        }
        if self.ended.0 {
            assert!(!sending.iter().any(|task| task.held), "its domain ended, and it waits to send");
            assert!(!receiving.iter().any(|task| task.held), "its domain ended, and it waits to receive");
        }
        if !receiving.is_empty() {
            assert!(sending.is_empty() && self.rx.is_empty(), "a receive waits, and there is a message");
        }
        if !sending.is_empty() {
            let full = self.capacity.is_some_and(|capacity| self.rx.len() >= capacity);
            assert!(full, "a send waits, and there is room");
        }
    }

    /// All futures go, then what is queued is received.
    fn end(mut self) {
        self.settle();
        self.receives.clear();
        while !self.sends.is_empty() {
            self.step(Step::DropSend, 0);
        }
        while let Ok(message) = self.rx.try_recv() {
            self.received(message, true);
        }
        assert_eq!(self.outstanding(), 0, "a message is lost");
        let Self { tx, rx, held_tx, held_rx, records, .. } = self;
        drop((tx, rx, held_tx, held_rx));
        for (number, record) in records.iter().enumerate() {
            assert_eq!(record.drops.load(Ordering::Relaxed), 1, "message {number}: {:?}", record.fate);
            assert_ne!(record.fate, Fate::Offered, "message {number}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 10 } else { 5_000 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever is polled and dropped when, each message goes one way, and nobody sleeps over one.
    #[test]
    fn futures_lose_nothing(
        capacity in prop_oneof![Just(Some(0)), Just(Some(1)), Just(Some(3)), Just(None)],
        steps in steps(),
    ) {
        let mut world = World::new(capacity);
        for (step, choice) in steps {
            world.step(step, choice);
        }
        world.end();
    }
}
