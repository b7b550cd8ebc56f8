//! Many threads at once on one channel, in every way that there is to use it: no message is lost, and none comes twice.
//!
//! `CROSSINTERP_STRESS_SECONDS` is how long all tests of this file take together. What a round does follows from its seed,
//! but for the order in which the threads run; a failure names it, and `CROSSINTERP_STRESS_SEED` has all rounds use it.
#![cfg(all(not(loom), feature = "std"))]

mod batches;
mod domains;
mod drains;
mod futures;
mod ledger;
mod meetings;
mod operations;
mod overwrites;
mod replies;
mod rings;
mod rounds;
mod selects;
mod singles;
mod turns;
mod weak;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crossinterp_core::{Receiver, Sender};

use ledger::{Ledger, Message};
use operations::{ALL, IMPATIENT, ORDERLY, Received, Sent, Way, receive, send};
use rounds::{Rng, Round, join, rounds};

/// Whether another attempt is worth it.
fn goes_on(sent: &Sent<Message>) -> bool {
    !matches!(sent, Sent::Never(_))
}

/// Makes a message, sends it and notes what became of it.
fn send_one(
    ledger: &Arc<Ledger>,
    (producer, number): (usize, usize),
    tx: &Sender<Message>,
    ways: &[Way],
    rng: &mut Rng,
) -> Sent<Message> {
    let sent = send(tx, ledger.message(producer, number), ways, rng);
    ledger.told(producer, number, &sent);
    if matches!(sent, Sent::NotNow(_)) {
        thread::yield_now();
    }
    sent
}

/// Receives in these ways until no more comes. With `kept` the messages of each producer must come in order.
fn receive_all(rx: &Receiver<Message>, ways: &[Way], rng: &mut Rng, mut kept: Option<Order>) {
    loop {
        let received = receive(rx, ways, rng, |message: Message| {
            message.received();
            if let Some(order) = &mut kept {
                order.came(&message);
            }
        });
        match received {
            Received::Some => {}
            Received::NotNow => thread::yield_now(),
            Received::Never => return,
        }
    }
}

/// What a consumer receives after which one of each producer.
struct Order(Vec<Option<usize>>);

impl Order {
    fn new(producers: usize) -> Self {
        Self(vec![None; producers])
    }

    fn came(&mut self, message: &Message) {
        let last = &mut self.0[message.producer()];
        assert!(*last < Some(message.number()), "{message:?} came after number {last:?}");
        *last = Some(message.number());
    }
}

/// After all senders and other receivers went: what dropped and ended waits left behind, and the ledger.
fn settle(ledger: &Ledger, receivers: Vec<Receiver<Message>>) {
    for rx in &receivers {
        rx.try_iter().for_each(|message| message.received());
    }
    drop(receivers);
    ledger.check(false);
}

type Producer = Box<dyn FnOnce(Sender<Message>, Arc<Ledger>, Rng) + Send>;
type Consumer<R> = Box<dyn FnOnce(Receiver<Message>, Rng) -> R + Send>;

/// Starts a round's threads, each with an end of its own; no other ends are left.
fn start<R: Send + 'static>(
    round: &Round,
    ledger: &Arc<Ledger>,
    (tx, rx): (Sender<Message>, Receiver<Message>),
    producer: impl Fn(usize) -> Producer,
    consumer: impl Fn(usize) -> Consumer<R>,
) -> (Vec<JoinHandle<()>>, Vec<JoinHandle<R>>) {
    let producers = (0..round.producers).map(|index| {
        let (work, tx, ledger, rng) = (producer(index), tx.clone(), Arc::clone(ledger), round.rng(index));
        thread::spawn(move || work(tx, ledger, rng))
    });
    let consumers = (0..round.consumers).map(|index| {
        let (work, rx, rng) = (consumer(index), rx.clone(), round.rng(100 + index));
        thread::spawn(move || work(rx, rng))
    });
    (producers.collect(), consumers.collect())
}

/// What one producer sends is received in that order, whoever receives it.
#[test]
fn order_is_kept() {
    rounds("order_is_kept", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        // Every other channel is used by plain sends and receives alone.
        let ways = if round.rng(99).below(2) == 0 { ORDERLY } else { &[Way::Plain] };
        let producer = |index| -> Producer {
            Box::new(move |tx, ledger, mut rng| {
                for number in ledger.numbers() {
                    let sent = send_one(&ledger, (index, number), &tx, ways, &mut rng);
                    assert!(goes_on(&sent), "nobody closed it");
                }
            })
        };
        let count = round.producers;
        let consumer = |_| -> Consumer<_> {
            Box::new(move |rx, mut rng| {
                receive_all(&rx, ways, &mut rng, Some(Order::new(count)));
                rx
            })
        };
        let (producers, consumers) = start(round, &ledger, round.flavour.make(), producer, consumer);
        let receivers = join(consumers);
        join(producers);
        settle(&ledger, receivers);
    });
}

/// All ways to send and receive, while ends are cloned and dropped.
#[test]
fn every_way_at_once() {
    rounds("every_way_at_once", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let producer = |index| -> Producer {
            Box::new(move |tx, ledger, mut rng| {
                let mut ends = vec![tx];
                for number in ledger.numbers() {
                    let sent = send_one(&ledger, (index, number), &ends[0], ALL, &mut rng);
                    assert!(goes_on(&sent), "nobody closed it");
                    renew(&mut ends, &mut rng);
                }
            })
        };
        let consumer = |_| -> Consumer<_> {
            Box::new(move |rx, mut rng| {
                let mut ends = vec![rx];
                loop {
                    let received = receive(&ends[0], ALL, &mut rng, |message: Message| message.received());
                    match received {
                        Received::Some => renew(&mut ends, &mut rng),
                        Received::NotNow => thread::yield_now(),
                        Received::Never => return ends.swap_remove(0),
                    }
                }
            })
        };
        let (producers, consumers) = start(round, &ledger, round.flavour.make(), producer, consumer);
        let receivers = join(consumers);
        join(producers);
        settle(&ledger, receivers);
    });
}

/// Now and then clones an end or drops one; one is always left.
fn renew<E: Clone>(ends: &mut Vec<E>, rng: &mut Rng) {
    match rng.below(16) {
        0 if ends.len() < 4 => ends.push(ends[0].clone()),
        1 if ends.len() > 1 => drop(ends.swap_remove(0)),
        2 => ends[0] = ends[0].clone(),
        _ => {}
    }
}

/// After a close nothing is sent, and what was sent before is received.
#[test]
fn closed_in_the_middle() {
    rounds("closed_in_the_middle", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let closed = Arc::new(AtomicBool::new(false));
        let producer = |index| -> Producer {
            let closed = Arc::clone(&closed);
            Box::new(move |tx, ledger, mut rng| {
                let mut refused = 0;
                for number in ledger.numbers() {
                    // Acquire: what is begun from here on comes after the close.
                    let after = closed.load(Ordering::Acquire);
                    let sent = send_one(&ledger, (index, number), &tx, ALL, &mut rng);
                    assert!(!after || !matches!(sent, Sent::Yes), "sent after the close: {number}");
                    refused += usize::from(!goes_on(&sent));
                    if refused > 8 {
                        break;
                    }
                }
            })
        };
        let consumer = |_| -> Consumer<_> {
            Box::new(move |rx, mut rng| {
                receive_all(&rx, ALL, &mut rng, None);
                rx
            })
        };
        let (tx, rx) = round.flavour.make();
        let (producers, consumers) = start(round, &ledger, (tx.clone(), rx.clone()), producer, consumer);
        let mut rng = round.rng(98);
        (0..rng.below(500)).for_each(|_| thread::yield_now());
        if rng.below(2) == 0 {
            tx.close();
        } else {
            rx.close();
        }
        closed.store(true, Ordering::Release);
        drop((tx, rx));
        let receivers = join(consumers);
        join(producers);
        settle(&ledger, receivers);
    });
}

/// What is queued when the last receiver goes is dropped, and senders are told.
#[test]
fn receivers_go_in_the_middle() {
    rounds("receivers_go_in_the_middle", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let producer = |index| -> Producer {
            Box::new(move |tx, ledger, mut rng| {
                for number in ledger.numbers() {
                    if !goes_on(&send_one(&ledger, (index, number), &tx, ALL, &mut rng)) {
                        break;
                    }
                }
            })
        };
        let (tx, rx) = round.flavour.make();
        // A sender that stays is refused; while it does, receivers that wait for ever would do that.
        let stays = (round.rng(97).below(2) == 0).then(|| tx.clone());
        let ways = if stays.is_some() { IMPATIENT } else { ALL };
        let most = round.each as u64;
        let consumer = |_| -> Consumer<()> {
            Box::new(move |rx, mut rng| {
                for _ in 0..rng.below(most) {
                    let take = |message: Message| message.received();
                    if receive(&rx, ways, &mut rng, take) == Received::Never {
                        break;
                    }
                }
            })
        };
        let (producers, consumers) = start(round, &ledger, (tx, rx), producer, consumer);
        join(consumers);
        if let Some(tx) = &stays {
            let late = Ledger::new(1, 1);
            let sent = send_one(&late, (0, 0), tx, &[Way::Plain, Way::Try], &mut round.rng(96));
            assert!(!goes_on(&sent), "nobody receives");
        }
        join(producers);
        drop(stays);
        ledger.check(true);
    });
}
