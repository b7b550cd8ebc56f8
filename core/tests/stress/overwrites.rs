//! Producers that displace what they find no room behind.

use std::sync::Arc;

use crossinterp_core::Sender;

use crate::ledger::{Ledger, Message};
use crate::operations::{ALL, ORDERLY, Sent, send};
use crate::rounds::{Rng, join, rounds};
use crate::{Consumer, Order, Producer, receive_all, settle, start};

/// Sends it so, and notes what became of it, and of the one that it displaced. `false`: it is disconnected.
fn overwrite(
    ledger: &Arc<Ledger>,
    (producer, number): (usize, usize),
    tx: &Sender<Message>,
    rng: &mut Rng,
) -> bool {
    let message = ledger.message(producer, number);
    if rng.below(4) == 0 {
        let sent = send(tx, message, ORDERLY, rng);
        ledger.told(producer, number, &sent);
        return !matches!(sent, Sent::Never(_));
    }
    let displaced = match tx.send_overwriting(message) {
        Ok(displaced) => displaced,
        Err(error) => {
            ledger.told(producer, number, &Sent::Never(error.into_inner()));
            return false;
        }
    };
    let (is_sent, len) = (displaced.is_sent(), displaced.len());
    assert!(len <= 1 || !is_sent && tx.is_closed(), "{len} were displaced");
    if is_sent {
        ledger.told(producer, number, &Sent::Yes);
    }
    for message in displaced {
        if (message.producer(), message.number()) == (producer, number) {
            assert!(!is_sent);
            ledger.told(producer, number, &Sent::NotNow(message));
        } else {
            // As if this one had received it.
            message.received();
        }
    }
    true
}

/// Nothing is lost or doubled, and what one producer sends is received in order, while some of it is displaced; also when the
/// channel is closed in the middle.
#[test]
fn what_is_displaced_is_in_one_place() {
    rounds("what_is_displaced_is_in_one_place", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let count = round.producers;
        let closes = round.rng(95).below(3) == 0;
        let producer = |index| -> Producer {
            Box::new(move |tx, ledger, mut rng| {
                for number in ledger.numbers() {
                    if !overwrite(&ledger, (index, number), &tx, &mut rng) {
                        assert!(closes, "nobody closed it");
                        return;
                    }
                }
            })
        };
        let most = round.each as u64;
        let consumer = |index| -> Consumer<_> {
            Box::new(move |rx, mut rng| {
                if index == 0 && closes {
                    for _ in 0..rng.below(most) {
                        _ = crate::receive(&rx, crate::IMPATIENT, &mut rng, |message: Message| {
                            message.received()
                        });
                    }
                    rx.close();
                }
                let order = (!closes).then(|| Order::new(count));
                receive_all(&rx, if closes { ALL } else { ORDERLY }, &mut rng, order);
                rx
            })
        };
        let (producers, consumers) = start(round, &ledger, round.flavour.make(), producer, consumer);
        let receivers = join(consumers);
        join(producers);
        settle(&ledger, receivers);
    });
}
