//! Domains that end at any moment, on both sides of a channel.

use std::sync::{Arc, mpsc};
use std::thread;

use crossinterp_core::{Domain, Receiver};

use crate::ledger::{Ledger, Message};
use crate::operations::{ALL, Received, Way, receive};
use crate::rounds::{Rng, join, rounds};
use crate::{Consumer, Producer, goes_on, receive_all, send_one, settle, start};

/// Where domains go that are to be ended by others.
type Doomed = Vec<mpsc::Sender<Domain>>;

/// A domain that one of them ends before long, or two at once.
fn doomed(reapers: &Doomed, rng: &mut Rng) -> Domain {
    let domain = Domain::try_open().expect("there is memory");
    let first = rng.index(reapers.len());
    reapers[first].send(domain.clone()).expect("reapers live as long as these");
    if rng.below(2) == 0 {
        let second = (first + 1) % reapers.len();
        reapers[second].send(domain.clone()).expect("reapers live as long as these");
    }
    domain
}

fn reap(domains: &mpsc::Receiver<Domain>, rng: &mut Rng) {
    for domain in domains {
        (0..rng.below(30)).for_each(|_| thread::yield_now());
        if rng.below(2) == 0 {
            domain.end_waits();
            (0..rng.below(10)).for_each(|_| thread::yield_now());
        }
        domain.close();
    }
}

/// A message that was refused or returned because a domain ended goes on, or comes back; handles outlive their domains.
#[test]
fn domains_end_in_the_middle() {
    rounds("domains_end_in_the_middle", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let (first, first_domains) = mpsc::channel();
        let (second, second_domains) = mpsc::channel();
        let reapers: Doomed = vec![first, second];
        let reaping = [first_domains, second_domains].into_iter().zip([95, 94]).map(|(domains, number)| {
            let mut rng = round.rng(number);
            thread::spawn(move || reap(&domains, &mut rng))
        });
        let reaping: Vec<_> = reaping.collect();
        let producer = |index| -> Producer {
            let reapers = reapers.clone();
            Box::new(move |tx, ledger, mut rng| {
                let mut numbers = ledger.numbers();
                let mut ended = None;
                while !numbers.is_empty() {
                    let domain = doomed(&reapers, &mut rng);
                    // It may have closed meanwhile.
                    let Ok(held) = tx.held_by(&domain) else { continue };
                    for number in numbers.by_ref() {
                        if !goes_on(&send_one(&ledger, (index, number), &held, ALL, &mut rng)) {
                            break;
                        }
                        if rng.below(16) == 0 {
                            drop(held.clone());
                        }
                    }
                    ended.replace(held);
                }
            })
        };
        let consumer = |_| -> Consumer<Receiver<Message>> {
            let reapers = reapers.clone();
            Box::new(move |rx, mut rng| {
                let mut ended = None;
                while !rx.is_closed() {
                    let domain = doomed(&reapers, &mut rng);
                    let Ok(held) = rx.held_by(&domain) else { continue };
                    while receive(&held, ALL, &mut rng, |message: Message| message.received())
                        != Received::Never
                    {
                        if held.is_ended() {
                            break;
                        }
                        thread::yield_now();
                    }
                    ended.replace(held);
                }
                receive_all(&rx, &[Way::Plain], &mut rng, None);
                rx
            })
        };
        let (producers, consumers) =
            start(round, &Arc::clone(&ledger), round.flavour.make(), producer, consumer);
        drop(reapers);
        let receivers = join(consumers);
        join(producers);
        join(reaping);
        settle(&ledger, receivers);
    });
}
