//! Turns in which there is one message, or room for one, for each of those who wait: nothing comes later that would wake
//! who was forgotten.

use std::array;
use std::sync::{Arc, Barrier};
use std::thread;

use crossinterp_core::{Receiver, Select, Sender, select, select_biased};

use crate::ledger::{Ledger, Message};
use crate::operations::{Sent, moment};
use crate::rounds::{Rng, join, rounds};

/// Two channels: who was woken on one may leave by the other, and has to pass on what it was woken for.
type Channels = [(Sender<Message>, Receiver<Message>); 2];

fn send_one(channels: &Channels, message: Message, rng: &mut Rng) {
    let [(first, _), (second, _)] = channels;
    let sent = match rng.below(3) {
        0 => select! {
            send(first, message) -> sent => sent,
            send(second, message) -> sent => sent,
        },
        1 => select_biased! {
            send(second, message) -> sent => sent,
            send(first, message) -> sent => sent,
        },
        _ => {
            let mut select = Select::new();
            let ends = [first, second];
            ends.iter().for_each(|tx| _ = select.send(tx));
            let chosen = select.select();
            let tx = ends[chosen.index()];
            chosen.send(tx, message)
        }
    };
    assert!(sent.is_ok(), "nobody closed it");
}

fn receive_one(channels: &Channels, rng: &mut Rng) -> Message {
    let [(_, first), (_, second)] = channels;
    let received = match rng.below(3) {
        0 => select! {
            recv(first) -> message => message,
            recv(second) -> message => message,
        },
        1 => select_biased! {
            recv(second) -> message => message,
            recv(first) -> message => message,
        },
        _ => {
            let mut select = Select::new();
            let ends = [first, second];
            ends.iter().for_each(|rx| _ = select.recv(rx));
            let chosen = select.select();
            let rx = ends[chosen.index()];
            chosen.recv(rx)
        }
    };
    received.expect("nobody closed it")
}

/// Sends a message by a select over both channels, or by a plain send on one of them, which wakes the one who came first.
fn make_and_send(
    ledger: &Arc<Ledger>,
    (producer, number): (usize, usize),
    channels: &Channels,
    rng: &mut Rng,
) {
    let message = ledger.message(producer, number);
    if rng.below(2) == 0 {
        channels[rng.index(2)].0.send(message).expect("nobody closed it");
    } else {
        send_one(channels, message, rng);
    }
    ledger.told(producer, number, &Sent::Yes);
}

/// Each of several threads sends one message, or receives one, by a select over two channels; then comes the next turn.
#[test]
fn everybody_has_a_turn() {
    rounds("everybody_has_a_turn", |round| {
        let mut rng = round.rng(99);
        let threads_send = rng.below(2) == 0;
        let (count, turns) = (round.consumers + 1, round.each);
        let ledger = Ledger::new(count, turns);
        let channels: Arc<Channels> = Arc::new(array::from_fn(|_| round.flavour.make()));
        let barrier = Arc::new(Barrier::new(count + 1));
        let threads = (0..count).map(|index| {
            let (ledger, channels) = (Arc::clone(&ledger), Arc::clone(&channels));
            let (barrier, mut rng) = (Arc::clone(&barrier), round.rng(index));
            thread::spawn(move || {
                for turn in 0..turns {
                    if threads_send {
                        let message = ledger.message(index, turn);
                        send_one(&channels, message, &mut rng);
                        ledger.told(index, turn, &Sent::Yes);
                    } else {
                        receive_one(&channels, &mut rng).received();
                    }
                    barrier.wait();
                }
            })
        });
        let threads = threads.collect();
        for turn in 0..turns {
            // Most of them wait then.
            moment(&mut rng);
            for index in 0..count {
                if threads_send {
                    receive_one(&channels, &mut rng).received();
                } else {
                    make_and_send(&ledger, (index, turn), &channels, &mut rng);
                }
            }
            barrier.wait();
        }
        join(threads);
        drop(channels);
        ledger.check(false);
    });
}
