//! Many channels, and threads that select over some of them: to send, to receive, or both at once.

use std::ops::Range;
use std::sync::Arc;
use std::thread;

use crossinterp_core::{Receiver, Select, Sender};

use crate::Order;
use crate::ledger::{Ledger, Message};
use crate::operations::{Received, Sent, Way, moment, receive, send, short};
use crate::rounds::{Flavour, Rng, join, rounds};

const CHANNELS: usize = 4;
/// Of those who send and receive.
const MOST_TRADERS: usize = 2;

/// The ends that a thread has, each with the number of its channel.
#[derive(Default)]
struct Ends {
    senders: Vec<(usize, Sender<Message>)>,
    receivers: Vec<(usize, Receiver<Message>)>,
}

/// What a select does: at which place of a list its end is.
#[derive(Clone, Copy)]
enum Operation {
    Send(usize),
    Receive(usize),
}

/// What a thread has to do, and has done.
struct Book {
    ledger: Arc<Ledger>,
    /// The producer that it is.
    producer: usize,
    unsent: Range<usize>,
    /// Of what comes through each channel.
    orders: Vec<Order>,
}

impl Ends {
    /// All operations over the first end of each list, and over any others, in any order. (All threads have the first
    /// channel, so that no two wait for each other on different ones.)
    fn some_operations(&self, rng: &mut Rng) -> Vec<Operation> {
        let mut some = |count: usize| -> Vec<usize> {
            let first = rng.index(count.max(1));
            (first..count).chain(0..first).filter(|at| *at == 0 || rng.below(2) == 0).collect()
        };
        let sends = some(self.senders.len()).into_iter().map(Operation::Send);
        let receives = some(self.receivers.len()).into_iter().map(Operation::Receive);
        // A biased select prefers what comes first.
        if rng.below(2) == 0 { sends.chain(receives).collect() } else { receives.chain(sends).collect() }
    }

    fn drop_one(&mut self, operation: Operation) {
        match operation {
            Operation::Send(at) => drop(self.senders.remove(at)),
            Operation::Receive(at) => drop(self.receivers.remove(at)),
        }
    }

    /// Now and then drops an end of another channel than the first.
    fn drop_any(&mut self, receivers: bool, rng: &mut Rng) {
        match rng.below(64) {
            0 if self.senders.len() > 1 => self.drop_one(Operation::Send(1)),
            1 if receivers && self.receivers.len() > 1 => self.drop_one(Operation::Receive(1)),
            _ => {}
        }
    }
}

impl Book {
    fn new(ledger: &Arc<Ledger>, producer: usize, producers: usize) -> Self {
        let orders = (0..CHANNELS).map(|_| Order::new(producers)).collect();
        Self { ledger: Arc::clone(ledger), producer, unsent: ledger.numbers(), orders }
    }

    /// Sends the next message. Whether the channel is disconnected.
    fn send(&mut self, send: impl FnOnce(Message) -> Sent<Message>) -> bool {
        let number = self.unsent.next().expect("who has sent all has no senders");
        let sent = send(self.ledger.message(self.producer, number));
        self.ledger.told(self.producer, number, &sent);
        !crate::goes_on(&sent)
    }

    fn came(&mut self, channel: usize, message: &Message) {
        message.received();
        self.orders[channel].came(message);
    }

    /// Does one of several operations. What comes back is one whose channel is disconnected.
    fn select(&mut self, ends: &Ends, rng: &mut Rng) -> Option<Operation> {
        let operations = ends.some_operations(rng);
        let mut select = if rng.below(4) == 0 { Select::new_biased() } else { Select::new() };
        for operation in &operations {
            match *operation {
                Operation::Send(at) => select.send(&ends.senders[at].1),
                Operation::Receive(at) => select.recv(&ends.receivers[at].1),
            };
        }
        let chosen = match rng.below(8) {
            0 => select.try_select().ok(),
            1 => select.select_timeout(short(rng)).ok(),
            2 => {
                let ready = select.ready_timeout(short(rng)).ok()?;
                return self.try_one(ends, operations[ready], rng);
            }
            _ => Some(select.select()),
        };
        let Some(chosen) = chosen else {
            thread::yield_now();
            return None;
        };
        if rng.below(16) == 0 {
            moment(rng);
        }
        let operation = operations[chosen.index()];
        let disconnected = match operation {
            Operation::Send(at) => self.send(|message| {
                chosen
                    .send(&ends.senders[at].1, message)
                    .map_or_else(|error| Sent::Never(error.into_inner()), |()| Sent::Yes)
            }),
            Operation::Receive(at) => {
                let (channel, rx) = &ends.receivers[at];
                chosen.recv(rx).map(|message| self.came(*channel, &message)).is_err()
            }
        };
        disconnected.then_some(operation)
    }

    /// Tries what was said to be ready.
    fn try_one(&mut self, ends: &Ends, operation: Operation, rng: &mut Rng) -> Option<Operation> {
        let disconnected = match operation {
            Operation::Send(at) => self.send(|message| send(&ends.senders[at].1, message, &[Way::Try], rng)),
            Operation::Receive(at) => {
                let (channel, rx) = &ends.receivers[at];
                receive(rx, &[Way::Try], rng, |message| self.came(*channel, &message)) == Received::Never
            }
        };
        disconnected.then_some(operation)
    }

    /// Goes on until no channel is left, or so many selects were made. With `leaves` ends of receivers go before.
    fn trade(&mut self, mut ends: Ends, most: usize, leaves: bool, mut rng: Rng) {
        for _ in 0..most {
            if self.unsent.is_empty() {
                ends.senders.clear();
            }
            if ends.senders.is_empty() && ends.receivers.is_empty() {
                return;
            }
            if let Some(disconnected) = self.select(&ends, &mut rng) {
                ends.drop_one(disconnected);
            }
            ends.drop_any(leaves, &mut rng);
        }
    }
}

/// Selects meet selects, on several channels at once: each message comes once, and in order on its channel.
#[test]
fn selects_meet() {
    rounds("selects_meet", |round| {
        let mut rng = round.rng(99);
        let traders = rng.index(MOST_TRADERS + 1);
        let producers = round.producers + traders;
        let ledger = Ledger::new(producers, round.each);
        let leaves = rng.below(2) == 0;
        let others = [Flavour::Rendezvous, Flavour::Bounded(1), rng.one_of(&Flavour::ALL)];
        let channels = [round.flavour].into_iter().chain(others).map(Flavour::make);
        let channels: [_; CHANNELS] = channels.collect::<Vec<_>>().try_into().expect("it is as many");
        let all_ends = |sends: bool, receives: bool| {
            let numbered = || channels.iter().enumerate();
            let senders = numbered().filter(|_| sends).map(|(channel, (tx, _))| (channel, tx.clone()));
            let receivers = numbered().filter(|_| receives).map(|(channel, (_, rx))| (channel, rx.clone()));
            Ends { senders: senders.collect(), receivers: receivers.collect() }
        };
        let begin = |mut book: Book, ends: Ends, most: usize, rng: Rng| {
            thread::spawn(move || book.trade(ends, most, leaves, rng))
        };
        let mut threads = Vec::new();
        for producer in 0..producers {
            let ends = all_ends(true, producer < traders);
            threads.push(begin(
                Book::new(&ledger, producer, producers),
                ends,
                usize::MAX,
                round.rng(producer),
            ));
        }
        for consumer in 0..round.consumers {
            let mut book = Book::new(&ledger, 0, producers);
            book.unsent = 0..0;
            // The first stays: somebody receives on the first channel to the end.
            let most = if leaves && consumer > 0 { rng.index(4 * round.each) } else { usize::MAX };
            threads.push(begin(book, all_ends(false, true), most, round.rng(200 + consumer)));
        }
        drop(channels);
        join(threads);
        ledger.check(leaves);
    });
}
