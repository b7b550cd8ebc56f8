//! Many threads: nothing lost, nothing twice, each producer's messages in order.

use std::collections::HashMap;
use std::thread;

use super::channel::{Receiver, Sender, bounded, unbounded};
use crate::support::{Seen, see};

const THREADS: usize = 4;
/// Of those who do not sleep: each takes the processor from the others.
const TRIERS: usize = 2;
const MESSAGES: usize = 2000;

fn channels<T>() -> [(Sender<T>, Receiver<T>); 4] {
    [bounded(0), bounded(1), bounded(7), unbounded()]
}

pub(crate) fn one_to_one() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in channels() {
        thread::scope(|scope| {
            scope.spawn(move || (0..MESSAGES).for_each(|number| sender.send(number).unwrap()));
            see!(seen, receiver.iter().eq(0..MESSAGES));
        });
    }
    seen
}

pub(crate) fn many_to_many() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in channels() {
        let received: Vec<Vec<(usize, usize)>> = thread::scope(|scope| {
            let consumers: Vec<_> =
                (0..THREADS).map(|_| scope.spawn(|| receiver.iter().collect::<Vec<_>>())).collect();
            for producer in 0..THREADS {
                let sender = sender.clone();
                scope.spawn(move || {
                    (0..MESSAGES).for_each(|number| sender.send((producer, number)).unwrap());
                });
            }
            drop(sender);
            consumers.into_iter().map(|consumer| consumer.join().unwrap()).collect()
        });
        for messages in &received {
            let mut last = HashMap::new();
            for &(producer, number) in messages {
                assert!(last.insert(producer, number).is_none_or(|before| before < number), "out of order");
            }
        }
        let mut all = received.concat();
        all.sort_unstable();
        see!(seen, all.len(), all.first(), all.last());
        all.dedup();
        see!(seen, all.len());
    }
    seen
}

/// Everybody tries, nobody waits.
pub(crate) fn many_tries() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(1), bounded(7), unbounded()] {
        let mut sums = Vec::new();
        thread::scope(|scope| {
            let consumers: Vec<_> = (0..TRIERS)
                .map(|_| {
                    scope.spawn(|| {
                        let mut sum = 0;
                        loop {
                            match receiver.try_recv() {
                                Ok(number) => sum += number,
                                Err(error) if error.is_disconnected() => return sum,
                                Err(_) => thread::yield_now(),
                            }
                        }
                    })
                })
                .collect();
            for _ in 0..TRIERS {
                let sender = sender.clone();
                scope.spawn(move || {
                    for number in 0..MESSAGES {
                        let mut message = number;
                        while let Err(error) = sender.try_send(message) {
                            assert!(error.is_full());
                            message = error.into_inner();
                            thread::yield_now();
                        }
                    }
                });
            }
            drop(sender);
            sums = consumers.into_iter().map(|consumer| consumer.join().unwrap()).collect();
        });
        see!(seen, sums.into_iter().sum::<usize>());
    }
    seen
}

/// There and back, one message at a time.
pub(crate) fn ping_pong() -> Seen {
    let mut seen = Seen::default();
    for ((there, thence), (back, home)) in channels().into_iter().zip(channels()) {
        thread::scope(|scope| {
            scope.spawn(move || thence.iter().for_each(|number: usize| back.send(number + 1).unwrap()));
            let mut number = 0;
            while number < MESSAGES {
                there.send(number).unwrap();
                number = home.recv().unwrap();
            }
            drop(there);
            see!(seen, number, home.recv());
        });
    }
    seen
}

pub(crate) fn pipeline() -> Seen {
    let mut seen = Seen::default();
    for capacity in [0, 1, 16] {
        let (numbers, numbered) = bounded(capacity);
        let (squares, squared) = bounded(capacity);
        let sum = thread::scope(|scope| {
            scope.spawn(move || (1..=500_u64).for_each(|number| numbers.send(number).unwrap()));
            for _ in 0..3 {
                let (numbered, squares) = (numbered.clone(), squares.clone());
                scope.spawn(move || {
                    numbered.into_iter().for_each(|number| squares.send(number * number).unwrap());
                });
            }
            drop((squares, numbered));
            squared.iter().sum::<u64>()
        });
        see!(seen, sum);
    }
    seen
}

/// Jobs to the workers, results back.
pub(crate) fn worker_pool() -> Seen {
    type Job = Box<dyn FnOnce() -> usize + Send>;

    let mut seen = Seen::default();
    let (jobs, queue) = unbounded::<Job>();
    let (results, done) = bounded(2);
    let workers: Vec<_> = (0..THREADS)
        .map(|_| {
            let (queue, results) = (queue.clone(), results.clone());
            thread::spawn(move || queue.iter().map(|job| results.send(job()).unwrap()).count())
        })
        .collect();
    drop((queue, results));
    for number in 0..100 {
        jobs.send(Box::new(move || number * 2)).unwrap();
    }
    drop(jobs);
    let mut results: Vec<_> = done.iter().collect();
    results.sort_unstable();
    see!(seen, results);
    see!(seen, workers.into_iter().map(|worker| worker.join().unwrap()).sum::<usize>());
    seen
}

/// A thread for each prime, a rendezvous between each two.
pub(crate) fn sieve() -> Seen {
    let mut seen = Seen::default();
    let (numbers, mut source) = bounded(0);
    let mut threads =
        vec![thread::spawn(move || (2..).take_while(|&number: &u32| numbers.send(number).is_ok()).count())];
    let mut primes = Vec::new();
    while primes.len() < 25 {
        let prime = source.recv().unwrap();
        primes.push(prime);
        let (left, rest) = bounded(0);
        let before = std::mem::replace(&mut source, rest);
        threads.push(thread::spawn(move || {
            before
                .iter()
                .filter(|number| number % prime != 0)
                .take_while(|&number| left.send(number).is_ok())
                .count()
        }));
    }
    drop(source);
    see!(seen, primes, threads.into_iter().all(|thread| thread.join().is_ok()));
    seen
}
