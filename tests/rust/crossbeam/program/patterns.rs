//! What people write with `select!`.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use super::channel::{
    Receiver, Select, Sender, after, bounded, never, select, select_biased, tick, unbounded,
};
use crate::support::{Seen, ms, see};

/// Several into one, until each has ended.
pub(crate) fn fan_in() -> Seen {
    fn source(capacity: usize, numbers: std::ops::Range<u32>) -> Receiver<u32> {
        let (sender, receiver) = bounded(capacity);
        thread::spawn(move || numbers.for_each(|number| sender.send(number).unwrap()));
        receiver
    }
    let mut seen = Seen::default();
    for capacity in [0, 1, 8] {
        let (mut left, mut right) = (source(capacity, 0..300), source(capacity, 300..500));
        let (merged, all) = unbounded();
        let mut ended = 0;
        while ended < 2 {
            select! {
                recv(left) -> message => match message {
                    Ok(number) => merged.send(number).unwrap(),
                    Err(_) => { left = never(); ended += 1 }
                },
                recv(right) -> message => match message {
                    Ok(number) => merged.send(number).unwrap(),
                    Err(_) => { right = never(); ended += 1 }
                },
            }
        }
        drop(merged);
        let all: Vec<_> = all.iter().collect();
        let (low, high): (Vec<u32>, Vec<u32>) = all.iter().copied().partition(|&number| number < 300);
        see!(seen, all.len(), low.is_sorted(), high.is_sorted(), low.len());
    }
    seen
}

pub(crate) fn fan_in_of_a_list() -> Seen {
    let mut seen = Seen::default();
    let receivers: Vec<Receiver<usize>> = (0..10)
        .map(|name| {
            let (sender, receiver) = bounded(name % 3);
            thread::spawn(move || (0..name * 10).for_each(|_| sender.send(name).unwrap()));
            receiver
        })
        .collect();
    let mut counts = BTreeMap::new();
    let mut select = Select::new();
    for receiver in &receivers {
        select.recv(receiver);
    }
    for _ in 0..receivers.len() {
        loop {
            let operation = select.select();
            let index = operation.index();
            let Ok(name) = operation.recv(&receivers[index]) else {
                select.remove(index);
                break;
            };
            *counts.entry(name).or_insert(0) += 1;
        }
    }
    see!(seen, counts, select.try_ready());
    seen
}

/// Numbers until somebody says stop.
pub(crate) fn generator() -> Seen {
    fn fibonacci(out: Sender<u64>, quit: Receiver<()>) -> u64 {
        let (mut current, mut next) = (0, 1);
        loop {
            select! {
                send(out, current) -> result => {
                    if result.is_err() {
                        return current;
                    }
                    (current, next) = (next, current + next);
                }
                recv(quit) -> _ => return 0,
            }
        }
    }
    let mut seen = Seen::default();
    for say in [true, false] {
        let ((out, numbers), (quit, quits)) = (bounded(0), bounded(0));
        let thread = thread::spawn(move || fibonacci(out, quits));
        see!(seen, numbers.iter().take(20).collect::<Vec<_>>());
        if say {
            quit.send(()).unwrap();
        } else {
            drop(numbers);
        }
        see!(seen, thread.join().unwrap());
    }
    seen
}

/// What was ordered before the stop is done before the stop.
pub(crate) fn stop_signal() -> Seen {
    let mut seen = Seen::default();
    let ((jobs, work), (stop, stopped), (done, results)) = (unbounded(), bounded::<()>(0), unbounded());
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let (work, stopped, done) = (work.clone(), stopped.clone(), done.clone());
            thread::spawn(move || {
                loop {
                    select_biased! {
                        recv(work) -> job => match job {
                            Ok(job) => { let job: u32 = job; done.send(job * 2).unwrap() }
                            Err(_) => return "no more work",
                        },
                        recv(stopped) -> _ => return "stopped",
                    }
                }
            })
        })
        .collect();
    (0..200).for_each(|job| jobs.send(job).unwrap());
    drop(stop);
    for worker in workers {
        see!(seen, worker.join().unwrap());
    }
    drop(done);
    see!(seen, results.iter().count(), jobs.is_empty());
    seen
}

/// A service that counts beats, answers questions and ends.
pub(crate) fn service() -> Seen {
    enum Ask {
        Add(u32),
        Total(Sender<u32>),
    }
    let mut seen = Seen::default();
    let (asks, asked) = bounded(0);
    let (end, ended) = bounded::<()>(0);
    let server = thread::spawn(move || {
        let (beats, mut beaten, mut total) = (tick(ms(2)), 0, 0);
        loop {
            select! {
                recv(asked) -> ask => match ask {
                    Ok(Ask::Add(number)) => total += number,
                    Ok(Ask::Total(answer)) => answer.send(total).unwrap(),
                    Err(_) if beaten >= 3 => break (total, "left alone"),
                    Err(_) => thread::yield_now(),
                },
                recv(beats) -> _ => beaten += 1,
                recv(ended) -> _ => break (total, "ended"),
            }
        }
    });
    for number in 1..=10 {
        asks.send(Ask::Add(number)).unwrap();
        let (answer, answered) = bounded(1);
        asks.send(Ask::Total(answer)).unwrap();
        see!(seen, answered.recv_timeout(ms(60_000)));
    }
    drop(asks);
    see!(seen, server.join().unwrap());
    drop(end);
    seen
}

/// The first of several to answer; the others find that nobody listens.
pub(crate) fn first_answer() -> Seen {
    let mut seen = Seen::default();
    let (answers, answered) = bounded(0);
    let threads: Vec<_> = (0..4)
        .map(|name| {
            let answers = answers.clone();
            thread::spawn(move || select! { send(answers, name) -> result => result.is_ok() })
        })
        .collect();
    drop(answers);
    select! {
        recv(answered) -> answer => {
            drop(answered);
            see!(seen, answer.is_ok())
        }
        recv(after(Duration::from_secs(60))) -> _ => unreachable!(),
    }
    see!(seen, threads.into_iter().map(|thread| thread.join().unwrap()).filter(|&heard| heard).count());
    seen
}

/// Whoever is free gets the next job.
pub(crate) fn balancer() -> Seen {
    let mut seen = Seen::default();
    let (results, done) = unbounded();
    let workers: Vec<Sender<u64>> = (0..4)
        .map(|_| {
            let (jobs, work) = bounded(0);
            let results = results.clone();
            thread::spawn(move || work.iter().for_each(|job| results.send(job * job).unwrap()));
            jobs
        })
        .collect();
    drop(results);
    let mut select = Select::new();
    for worker in &workers {
        select.send(worker);
    }
    for job in 1..=200 {
        let operation = select.select();
        let index = operation.index();
        operation.send(&workers[index], job).unwrap();
    }
    drop(workers);
    see!(seen, done.iter().sum::<u64>());
    seen
}

/// A bounded channel as a semaphore, and one of one place as a lock.
pub(crate) fn semaphore() -> Seen {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let mut seen = Seen::default();
    for places in [1, 3] {
        let (acquire, release) = bounded(places);
        let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        select! { send(acquire, ()) -> result => result.unwrap(), recv(never::<()>()) -> _ => {} }
                        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        select! { recv(release) -> place => place.unwrap(), recv(never::<()>()) -> _ => {} }
                    }
                });
            }
        });
        see!(seen, most.load(Ordering::SeqCst) <= places, acquire.len());
    }
    seen
}

/// A thread for each prime, ended by a signal that all see.
pub(crate) fn sieve() -> Seen {
    fn filter(prime: u32, numbers: Receiver<u32>, stop: Receiver<()>) -> Receiver<u32> {
        let (out, left) = bounded(0);
        thread::spawn(move || {
            loop {
                select! {
                    recv(numbers) -> number => match number {
                        Ok(number) if number % prime != 0 => select! {
                            send(out, number) -> result => if result.is_err() { break },
                            recv(stop) -> _ => break,
                        },
                        Ok(_) => continue,
                        Err(_) => break,
                    },
                    recv(stop) -> _ => break,
                }
            }
        });
        left
    }
    let mut seen = Seen::default();
    let (numbers, mut source) = bounded(0);
    let (stop, stopped) = bounded(0);
    let quit = stopped.clone();
    let first = thread::spawn(move || {
        for number in 2.. {
            select! {
                send(numbers, number) -> result => if result.is_err() { break },
                recv(quit) -> _ => break,
            }
        }
    });
    let mut primes = Vec::new();
    for _ in 0..20 {
        let prime = source.recv().unwrap();
        primes.push(prime);
        source = filter(prime, source, stopped.clone());
    }
    drop(stop);
    first.join().unwrap();
    see!(seen, primes);
    seen
}

/// To everybody who still listens.
pub(crate) fn broadcast() -> Seen {
    let mut seen = Seen::default();
    let (mut senders, mut receivers): (Vec<Sender<u32>>, Vec<_>) = (0..5).map(|_| bounded(100)).unzip();
    for round in 0..5 {
        senders.retain(|sender| select! { send(sender, round) -> result => result.is_ok(), default => true });
        see!(seen, senders.len());
        receivers.pop().into_iter().for_each(|receiver| see!(seen, receiver.try_iter().collect::<Vec<_>>()));
    }
    seen
}
