//! Channels that are closed and drained while others send and receive.

use std::thread;

use crate::ledger::{Ledger, Message};
use crate::operations::ALL;
use crate::rounds::{join, rounds};
use crate::{Consumer, Producer, goes_on, receive_all, send_one, settle, start};

/// How many drain at once.
const MOST_DRAINERS: usize = 2;

/// What was sent was received, or is what draining gave, or came back.
#[test]
fn drained_in_the_middle() {
    rounds("drained_in_the_middle", |round| {
        let mut rng = round.rng(99);
        let mut round = *round;
        if rng.below(3) == 0 {
            // Nobody else takes anything.
            round.consumers = 0;
        }
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
        let consumer = |_| -> Consumer<_> {
            Box::new(move |rx, mut rng| {
                receive_all(&rx, ALL, &mut rng, None);
                rx
            })
        };
        let (tx, rx) = round.flavour.make();
        let (producers, consumers) = start(&round, &ledger, (tx.clone(), rx.clone()), producer, consumer);
        // Some of what one gives may be dropped with it.
        let drops_some = rng.below(4) == 0;
        let drainers = (0..1 + rng.index(MOST_DRAINERS)).map(|number| {
            let (tx, rx, mut rng) = (tx.clone(), rx.clone(), round.rng(90 + number));
            thread::spawn(move || {
                (0..rng.below(200)).for_each(|_| thread::yield_now());
                let drain = if rng.below(2) == 0 { tx.close_and_drain() } else { rx.close_and_drain() };
                let most = if drops_some { rng.index(20) } else { usize::MAX };
                drain.take(most).for_each(|message: Message| message.received());
            })
        });
        join(drainers.collect());
        assert!(tx.is_closed() && rx.is_closed());
        drop(tx);
        let mut receivers = join(consumers);
        join(producers);
        receivers.push(rx);
        if drops_some {
            drop(receivers);
            ledger.check(true);
        } else {
            settle(&ledger, receivers);
        }
    });
}
