//! Threads in a ring, where each sends to the next one and receives from the one before, with no queue between.

use std::sync::Arc;
use std::thread;

use crossinterp_core::{Receiver, RecvError, Select, SendError, Sender, rendezvous, select, select_biased};

use crate::ledger::{Ledger, Message};
use crate::operations::{Sent, short};
use crate::rounds::{Rng, join, rounds};

/// What a select of both directions did.
enum Turn {
    Sent(Sent<Message>),
    Received(Result<Message, RecvError>),
    Nothing,
}

fn sent(sent: Result<(), SendError<Message>>) -> Turn {
    Turn::Sent(sent.map_or_else(|error| Sent::Never(error.into_inner()), |()| Sent::Yes))
}

/// Sends to the next one or receives from the one before, in one of several ways.
fn turn(
    next: &Sender<Message>,
    before: &Receiver<Message>,
    make: impl FnOnce() -> Message,
    rng: &mut Rng,
) -> Turn {
    match rng.below(6) {
        0 => select! {
            send(next, make()) -> done => sent(done),
            recv(before) -> message => Turn::Received(message),
        },
        1 => select_biased! {
            send(next, make()) -> done => sent(done),
            recv(before) -> message => Turn::Received(message),
        },
        2 => select_biased! {
            recv(before) -> message => Turn::Received(message),
            send(next, make()) -> done => sent(done),
        },
        3 => select! {
            recv(before) -> message => Turn::Received(message),
            send(next, make()) -> done => sent(done),
            default(short(rng)) => Turn::Nothing,
        },
        4 => select! {
            send(next, make()) -> done => sent(done),
            recv(before) -> message => Turn::Received(message),
            default => Turn::Nothing,
        },
        _ => {
            let mut select = Select::new();
            let sends = select.send(next);
            select.recv(before);
            let chosen = select.select();
            if chosen.index() == sends {
                sent(chosen.send(next, make()))
            } else {
                Turn::Received(chosen.recv(before))
            }
        }
    }
}

/// One of the ring: sends all its messages, and receives all of the one before.
fn go_round(
    ledger: &Arc<Ledger>,
    (index, count): (usize, usize),
    next: Sender<Message>,
    before: &Receiver<Message>,
    rng: &mut Rng,
) {
    let mut awaited = ledger.numbers();
    let mut came = |message: Message| {
        message.received();
        assert_eq!(message.producer(), (index + count - 1) % count, "another's came");
        assert_eq!(Some(message.number()), awaited.next(), "in order, and none twice");
    };
    let mut unsent = ledger.numbers();
    while let Some(number) = unsent.clone().next() {
        match turn(&next, before, || ledger.message(index, number), rng) {
            Turn::Sent(sent) => {
                ledger.told(index, number, &sent);
                assert!(matches!(sent, Sent::Yes), "the next one receives to the end");
                unsent.next();
            }
            Turn::Received(Ok(message)) => came(message),
            // The one before has sent all.
            Turn::Received(Err(RecvError)) => {
                let sent = next.send(ledger.message(index, number));
                assert!(sent.is_ok(), "the next one receives to the end");
                ledger.told(index, number, &Sent::Yes);
                unsent.next();
            }
            Turn::Nothing => thread::yield_now(),
        }
    }
    drop(next);
    before.iter().for_each(&mut came);
    assert_eq!(awaited.next(), None, "all have come");
}

/// Everybody wants to send and to receive at once, and somebody always can.
#[test]
fn a_ring_goes_round() {
    rounds("a_ring_goes_round", |round| {
        let count = round.producers + 1;
        let ledger = Ledger::new(count, round.each);
        let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| rendezvous()).unzip();
        // A channel's sender is with the one of its number, its receiver with the next one.
        receivers.rotate_right(1);
        let threads = senders.into_iter().zip(receivers).enumerate().map(|(index, (next, before))| {
            let (ledger, mut rng) = (Arc::clone(&ledger), round.rng(index));
            thread::spawn(move || go_round(&ledger, (index, count), next, &before, &mut rng))
        });
        join(threads.collect());
        ledger.check(false);
    });
}
