//! Producers that send many messages by one call.

use std::collections::VecDeque;
use std::sync::Arc;

use crossinterp_core::Sender;

use crate::ledger::{Ledger, Message};
use crate::operations::{ALL, ORDERLY, Sent, short};
use crate::rounds::{Rng, join, rounds};
use crate::{Consumer, Order, Producer, receive_all, settle, start};

/// Makes some messages, sends them and notes what became of each. `false`: it is disconnected.
fn send_some(
    ledger: &Arc<Ledger>,
    producer: usize,
    numbers: &[usize],
    tx: &Sender<Message>,
    rng: &mut Rng,
) -> bool {
    let mut messages: VecDeque<Message> =
        numbers.iter().map(|number| ledger.message(producer, *number)).collect();
    let goes_on = match rng.below(4) {
        0 => tx.try_send_many(&mut messages).is_ok_and(|sent| sent == numbers.len() - messages.len()),
        1 => tx.send_many_timeout(&mut messages, short(rng)).is_ok(),
        _ => tx.send_many(&mut messages).is_ok(),
    } || !tx.is_closed();
    let (sent, left) = numbers.split_at(numbers.len() - messages.len());
    sent.iter().for_each(|number| ledger.told(producer, *number, &Sent::Yes));
    assert_eq!(left.len(), messages.len());
    for (number, message) in left.iter().zip(messages) {
        ledger.told(producer, *number, &Sent::NotNow(message));
    }
    goes_on
}

fn producer(index: usize) -> Producer {
    Box::new(move |tx, ledger, mut rng| {
        let mut numbers = ledger.numbers();
        loop {
            let many = 1 + rng.below(40) as usize;
            let some: Vec<usize> = numbers.by_ref().take(many).collect();
            if some.is_empty() || !send_some(&ledger, index, &some, &tx, &mut rng) {
                return;
            }
        }
    })
}

/// What one producer sends in batches is received in that order, by whatever way.
#[test]
fn batches_keep_their_order() {
    rounds("batches_keep_their_order", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let count = round.producers;
        let consumer = |_| -> Consumer<_> {
            Box::new(move |rx, mut rng| {
                receive_all(&rx, ORDERLY, &mut rng, Some(Order::new(count)));
                rx
            })
        };
        let (producers, consumers) = start(round, &ledger, round.flavour.make(), producer, consumer);
        let receivers = join(consumers);
        join(producers);
        settle(&ledger, receivers);
    });
}

/// A close in the middle of batches: what was sent is received, and what was not stays with its sender.
#[test]
fn batches_of_a_closed_channel_are_whole() {
    rounds("batches_of_a_closed_channel_are_whole", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let most = round.each as u64;
        let consumer = |index| -> Consumer<_> {
            Box::new(move |rx, mut rng| {
                let mut left = rng.below(most);
                while index == 0 && left > 0 {
                    let take = |message: Message| message.received();
                    _ = crate::receive(&rx, crate::IMPATIENT, &mut rng, take);
                    left -= 1;
                }
                if index == 0 {
                    rx.close();
                }
                receive_all(&rx, ALL, &mut rng, None);
                rx
            })
        };
        let (producers, consumers) = start(round, &ledger, round.flavour.make(), producer, consumer);
        let receivers = join(consumers);
        join(producers);
        settle(&ledger, receivers);
    });
}
