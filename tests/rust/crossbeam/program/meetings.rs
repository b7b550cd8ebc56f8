//! Select meeting select, mostly without a queue between them.

use std::hint;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use super::channel::{Receiver, Select, Sender, bounded, never, select, select_biased, unbounded};
use crate::support::{Seen, ms, see};

const ROUNDS: usize = 500;

/// Two threads, each selecting what the other selects.
pub(crate) fn two_threads() -> Seen {
    let mut seen = Seen::default();
    for capacity in [0, 1] {
        let (there, thence) = bounded(capacity);
        let (back, home) = bounded(capacity);
        let exchange = |out: Sender<usize>, into: Receiver<usize>| {
            let (mut sent, mut sum) = (0, 0);
            // The end of the other one is seen by the arm that is still wanted.
            while sent < ROUNDS || sum < ROUNDS * (ROUNDS - 1) / 2 {
                if sent < ROUNDS {
                    select! {
                        send(out, sent) -> result => { result.unwrap(); sent += 1 }
                        recv(into) -> message => sum += message.unwrap(),
                    }
                } else {
                    select! { recv(into) -> message => sum += message.unwrap() }
                }
            }
            // Nobody goes while the other one may still send.
            (sent, sum)
        };
        let results = thread::scope(|scope| {
            let left = scope.spawn(|| exchange(there.clone(), home.clone()));
            let right = scope.spawn(|| exchange(back.clone(), thence.clone()));
            (left.join().unwrap(), right.join().unwrap())
        });
        see!(seen, results);
    }
    seen
}

/// Each of three sends to the next and receives from the one before, in whatever order.
pub(crate) fn ring_of_three() -> Seen {
    let mut seen = Seen::default();
    let channels = [bounded(0), bounded(0), bounded(0)];
    let sums = thread::scope(|scope| {
        let threads = [0, 1, 2].map(|place| {
            let (into, out) = (&channels[place].1, &channels[(place + 1) % 3].0);
            scope.spawn(move || {
                let mut sum = 0;
                for round in 0..ROUNDS {
                    let (mut send, mut receive) = (true, true);
                    let (nobody, nothing) = (bounded(0), never());
                    while send || receive {
                        select! {
                            send(if send { out } else { &nobody.0 }, round * 3 + place) -> result => {
                                result.unwrap();
                                send = false;
                            }
                            recv(if receive { into } else { &nothing }) -> message => {
                                sum += message.unwrap();
                                receive = false;
                            }
                        }
                    }
                }
                sum
            })
        });
        threads.map(|thread| thread.join().unwrap())
    });
    see!(seen, sums);
    seen
}

/// Everybody offers and asks on one channel: all find somebody, nobody itself.
pub(crate) fn all_matched() -> Seen {
    let mut seen = Seen::default();
    let mut met = [0; 2];
    for round in 0..60 {
        let (sender, receiver) = bounded(0);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|name| {
                    let (sender, receiver) = (&sender, &receiver);
                    scope.spawn(move || match (round + name) % 3 {
                        0 => select! {
                            send(sender, name) -> result => { result.unwrap(); None }
                            recv(receiver) -> other => Some(other.unwrap()),
                        },
                        1 => select_biased! {
                            recv(receiver) -> other => Some(other.unwrap()),
                            send(sender, name) -> result => { result.unwrap(); None }
                            default(ms(60_000)) => panic!("nobody"),
                        },
                        _ => {
                            let mut select = Select::new();
                            let send = select.send(sender);
                            select.recv(receiver);
                            let operation = select.select();
                            if operation.index() == send {
                                operation.send(sender, name).unwrap();
                                None
                            } else {
                                Some(operation.recv(receiver).unwrap())
                            }
                        }
                    })
                })
                .collect();
            for (name, thread) in threads.into_iter().enumerate() {
                let other = thread.join().unwrap();
                assert_ne!(other, Some(name), "met itself");
                met[usize::from(other.is_some())] += 1;
            }
        });
        assert!(receiver.try_recv().is_err());
    }
    see!(seen, met);
    seen
}

/// One too many for pairs is left for who comes later.
pub(crate) fn matched_with_one_left() -> Seen {
    let mut seen = Seen::default();
    let mut left = 0;
    for round in 0..40 {
        let (sender, receiver) = bounded(0);
        thread::scope(|scope| {
            for name in 0..5 {
                let (sender, receiver) = (&sender, &receiver);
                scope.spawn(move || {
                    select! {
                        send(sender, name) -> result => result.unwrap(),
                        recv(receiver) -> other => assert_ne!(other, Ok(name)),
                    }
                });
            }
            if round % 2 == 0 {
                sender.send(9).unwrap();
            } else {
                receiver.recv().unwrap();
            }
            left += 1;
        });
    }
    see!(seen, left);
    seen
}

/// Who only tries meets who waits, in `select!` and out of it.
pub(crate) fn tries_meet_waiters() -> Seen {
    let mut seen = Seen::default();
    let ((first, firsts), (second, seconds)) = (bounded(0), bounded(0));
    let wait = || {
        select! {
            recv(firsts) -> message => ("first", message.unwrap()),
            recv(seconds) -> message => ("second", message.unwrap()),
        }
    };
    thread::scope(|scope| {
        for round in 0..50 {
            let waiting = scope.spawn(wait);
            loop {
                match round % 4 {
                    0 => {
                        select! { send(second, round) -> result => { result.unwrap(); break }, default => {} }
                    }
                    1 => {
                        let mut select = Select::new();
                        select.send(&first);
                        if let Ok(operation) = select.try_select() {
                            operation.send(&first, round).unwrap();
                            break;
                        }
                    }
                    2 => {
                        if second.try_send(round).is_ok() {
                            break;
                        }
                    }
                    _ => {
                        if first.send_timeout(round, ms(1)).is_ok() {
                            break;
                        }
                    }
                }
                thread::yield_now();
            }
            see!(seen, waiting.join().unwrap());
        }
        for round in 0..50 {
            let waiting = scope.spawn(|| {
                select! {
                    send(first, 1) -> result => result.is_ok(),
                    send(second, 2) -> result => result.is_ok(),
                }
            });
            let got = loop {
                let got = match round % 3 {
                    0 => select! { recv(firsts) -> message => message.ok(), default => None },
                    1 => seconds.try_recv().ok(),
                    _ => seconds.recv_timeout(ms(1)).ok(),
                };
                if got.is_some() {
                    break got;
                }
                thread::yield_now();
            };
            see!(seen, got, waiting.join().unwrap());
        }
    });
    seen
}

/// Two who only try have no moment at which they could meet.
pub(crate) fn tries_do_not_meet() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(0);
    let start = Barrier::new(2);
    let met = thread::scope(|scope| {
        let sending = scope.spawn(|| {
            start.wait();
            (0..2000).filter(|_| select! { send(sender, 1) -> _ => true, default => false }).count()
        });
        start.wait();
        let received = (0..2000)
            .filter(|_| {
                let mut select = Select::new();
                select.recv(&receiver);
                select.try_select().is_ok_and(|operation| operation.recv(&receiver).is_ok())
            })
            .count();
        (sending.join().unwrap(), received)
    });
    see!(seen, met);
    seen
}

/// Limits that run out all the time lose nothing and send nothing twice.
pub(crate) fn limits_under_contention() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), unbounded()] {
        let (other, others) = bounded(0);
        let received: Vec<Vec<usize>> = thread::scope(|scope| {
            let consumers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut received = Vec::new();
                        let (mut first, mut second) = (true, true);
                        let silent = never();
                        while first || second {
                            select! {
                                recv(if first { &receiver } else { &silent }) -> message => match message {
                                    Ok(message) => received.push(message),
                                    Err(_) => first = false,
                                },
                                recv(if second { &others } else { &silent }) -> message => match message {
                                    Ok(message) => received.push(message),
                                    Err(_) => second = false,
                                },
                                default(Duration::from_micros(50)) => {}
                            }
                        }
                        received
                    })
                })
                .collect();
            for producer in 0..3 {
                let (sender, other) = (sender.clone(), other.clone());
                scope.spawn(move || {
                    let mut number = 0;
                    while number < ROUNDS {
                        select! {
                            send(sender, producer * ROUNDS + number) -> result => { result.unwrap(); number += 1 }
                            send(other, producer * ROUNDS + number) -> result => { result.unwrap(); number += 1 }
                            default(Duration::from_micros(30)) => {}
                        }
                    }
                });
            }
            drop((sender, other));
            consumers.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut all = received.concat();
        all.sort_unstable();
        see!(seen, all.into_iter().eq(0..3 * ROUNDS));
    }
    seen
}

/// A select that waits on many channels at once takes one message and leaves the others.
pub(crate) fn one_of_many() -> Seen {
    let mut seen = Seen::default();
    let channels: Vec<(Sender<usize>, Receiver<usize>)> = (0..20).map(|_| bounded(1)).collect();
    let mut sum = 0;
    for round in 0..100 {
        let got = thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let mut select = Select::new();
                for (_, receiver) in &channels {
                    select.recv(receiver);
                }
                let operation = select.select();
                let index = operation.index();
                (index, operation.recv(&channels[index].1).unwrap())
            });
            for offset in [0, 7, 13] {
                channels[(round + offset) % 20].0.send(round).unwrap();
            }
            waiting.join().unwrap()
        });
        assert_eq!(got.1, round);
        sum += channels.iter().flat_map(|(_, receiver)| receiver.try_iter()).count();
    }
    see!(seen, sum);
    seen
}

/// The ends go while others select them.
pub(crate) fn disconnection_wakes() -> Seen {
    let mut seen = Seen::default();
    for _ in 0..20 {
        let (sender, receiver) = bounded::<u8>(0);
        let (other, others) = bounded::<u8>(0);
        let ended = thread::scope(|scope| {
            let waiting: Vec<_> = (0..4)
                .map(|_| {
                    let (receiver, other) = (receiver.clone(), other.clone());
                    scope.spawn(move || {
                        select! {
                            recv(receiver) -> message => message.is_err(),
                            send(other, 1) -> result => result.is_err(),
                        }
                    })
                })
                .collect();
            drop(sender);
            drop(others);
            waiting.into_iter().map(|thread| thread.join().unwrap()).filter(|&gone| gone).count()
        });
        see!(seen, ended);
    }
    seen
}

/// A message moves from one channel to another, and is in the other before it leaves the first: there is no moment at
/// which a select that looks at both would find nothing.
pub(crate) fn default_is_the_last_resort() -> Seen {
    let mut seen = Seen::default();
    for ((first, firsts), (second, seconds)) in [(bounded(1), bounded(1)), (unbounded(), unbounded())] {
        let (begun, ended) = (AtomicU32::new(0), AtomicU32::new(0));
        // Both must go on at the same moment, so nobody sleeps for the other.
        let until = |step: &AtomicU32, round| {
            let mut looks = 0;
            while step.load(Ordering::SeqCst) != round {
                looks += 1;
                if looks % 10 == 0 {
                    thread::yield_now();
                }
                hint::spin_loop();
            }
        };
        let missed = thread::scope(|scope| {
            scope.spawn(|| {
                for round in 1..=5_000 {
                    until(&begun, round);
                    second.send(()).unwrap();
                    firsts.try_recv().unwrap_or_default();
                    ended.store(round, Ordering::SeqCst);
                }
            });
            let look = |round: &u32| {
                first.send(()).unwrap();
                begun.store(*round, Ordering::SeqCst);
                let missed = match round % 3 {
                    0 => select! { recv(firsts) -> _ => false, recv(seconds) -> _ => false, default => true },
                    1 => select! {
                        recv(seconds) -> _ => false,
                        recv(firsts) -> _ => false,
                        default(Duration::ZERO) => true,
                    },
                    _ => {
                        let mut select = Select::new();
                        let index = select.recv(&firsts);
                        select.recv(&seconds);
                        select.try_select().map_or(true, |operation| {
                            let from = if operation.index() == index { &firsts } else { &seconds };
                            operation.recv(from).is_err()
                        })
                    }
                };
                until(&ended, *round);
                firsts.try_iter().chain(seconds.try_iter()).for_each(drop);
                missed
            };
            (1..=5_000).filter(look).count()
        });
        see!(seen, missed);
    }
    seen
}
