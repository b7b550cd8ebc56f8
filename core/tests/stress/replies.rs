//! Channels that are made for one message, sent over another one, and gone at any moment.

use std::sync::Arc;
use std::thread;

use crossinterp_core::{Receiver, Sender};

use crate::ledger::{Ledger, Message};
use crate::operations::{ALL, Received, Way, receive, send};
use crate::rounds::{Flavour, Rng, join, rounds};

/// A message, and where it is to be sent back to.
struct Request {
    message: Message,
    reply: Sender<Message>,
}

/// Sends a message away and waits for it, in one of all ways.
fn ask(ledger: &Arc<Ledger>, producer: usize, number: usize, tx: &Sender<Request>, rng: &mut Rng) {
    let (reply, replies) = rng.one_of(&Flavour::ALL).make();
    let request = Request { message: ledger.message(producer, number), reply };
    let sent = send(tx, request, &[Way::Plain, Way::Begin], rng);
    assert!(matches!(sent, crate::Sent::Yes), "nobody closed it");
    ledger.lost_sight(producer, number);
    if rng.below(4) == 0 {
        // Gives up before long.
        receive(&replies, ALL, rng, |message: Message| message.received());
        return;
    }
    let mut came = 0;
    let received = receive(&replies, &[Way::Plain, Way::Begin], rng, |message: Message| {
        message.received();
        assert_eq!((message.producer(), message.number()), (producer, number), "another's came");
        came += 1;
    });
    assert_eq!((received, came), (Received::Some, 1));
    // The one who sent it goes then.
    assert_eq!(receive(&replies, &[Way::Plain], rng, drop), Received::Never);
}

fn answer(rx: &Receiver<Request>, rng: &mut Rng) {
    let mut waiting = Vec::new();
    loop {
        match receive(rx, &[Way::Plain, Way::Try, Way::Timeout, Way::Begin], rng, |one| waiting.push(one)) {
            Received::Some => {}
            Received::NotNow => thread::yield_now(),
            Received::Never => return,
        }
        for Request { message, reply } in waiting.drain(..) {
            // Nobody there any more: it is dropped.
            drop(send(&reply, message, &[Way::Plain, Way::Begin], rng));
        }
    }
}

/// Each message comes back to the one who sent it, over a channel that nobody else uses, as long as he waits.
#[test]
fn every_request_is_answered() {
    rounds("every_request_is_answered", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let (tx, rx) = round.flavour.make();
        let clients = (0..round.producers).map(|producer| {
            let (tx, ledger, mut rng) = (tx.clone(), Arc::clone(&ledger), round.rng(producer));
            thread::spawn(move || {
                for number in ledger.numbers() {
                    ask(&ledger, producer, number, &tx, &mut rng);
                }
            })
        });
        let clients: Vec<_> = clients.collect();
        let servers = (0..round.consumers).map(|index| {
            let (rx, mut rng) = (rx.clone(), round.rng(100 + index));
            thread::spawn(move || answer(&rx, &mut rng))
        });
        let servers: Vec<_> = servers.collect();
        drop((tx, rx));
        join(clients);
        join(servers);
        ledger.check(false);
    });
}
