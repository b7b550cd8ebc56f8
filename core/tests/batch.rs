//! Batches: several messages by one call, none lost and none twice.
#![cfg(all(not(loom), feature = "std"))]

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use crossinterp_core::{
    Domain, OfferError, Park, ParkError, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError,
    Sender, TakeError, TryRecvError, TrySendError, Wakeup, after, bounded, bounded_strict, never, rendezvous,
    tick, unbounded,
};
use proptest::prelude::*;

const MANY: usize = if cfg!(miri) { 100 } else { 50_000 };
const SHORT: Duration = Duration::from_millis(20);

fn noop() -> Waker {
    Waker::noop().clone()
}

/// With a queue: small ones, one that is not a power of two, one without a limit; strict ones.
fn with_queue<T>() -> impl Iterator<Item = (Option<usize>, (Sender<T>, Receiver<T>))> {
    let capacities = [Some(1), Some(2), Some(3), Some(7), Some(128), None];
    let strict = [1, 3, 128].map(|capacity| (Some(capacity), bounded_strict(capacity)));
    capacities.into_iter().map(|capacity| (capacity, capacity.map_or_else(unbounded, bounded))).chain(strict)
}

fn batch(numbers: impl IntoIterator<Item = usize>) -> VecDeque<usize> {
    numbers.into_iter().collect()
}

#[test]
fn a_batch_is_received_in_its_order() {
    for (capacity, (tx, rx)) in with_queue() {
        let mut got = Vec::new();
        let mut next = 0;
        for round in 0..40 {
            let mut messages = batch(next..next + round);
            let room = capacity.map_or(round, |capacity| round.min(capacity - tx.len()));
            match tx.try_send_many(&mut messages) {
                Ok(sent) => assert_eq!(sent, room),
                Err(error) => assert_eq!((error, room), (TrySendError::Full(()), 0)),
            }
            assert!(messages.iter().copied().eq(next + room..next + round), "what is left is the caller's");
            next += room;
            let there = rx.len();
            let limit = (round * 7) % 11;
            match rx.try_recv_many(&mut got, limit) {
                Ok(received) => assert_eq!(received, there.min(limit)),
                Err(error) => assert_eq!((error, there), (TryRecvError::Empty, 0)),
            }
        }
        _ = rx.try_recv_many(&mut got, usize::MAX);
        assert!(got.into_iter().eq(0..next), "capacity {capacity:?}");
    }
}

#[test]
fn none_and_no_limit() {
    for (_, (tx, rx)) in with_queue::<usize>() {
        let mut got = vec![9];
        assert_eq!(tx.try_send_many(&mut VecDeque::new()), Ok(0));
        assert_eq!(rx.try_recv_many(&mut got, 0), Ok(0));
        assert_eq!(rx.recv_many(&mut got, 0), Ok(0));
        tx.try_send(1).unwrap();
        assert_eq!(rx.try_recv_many(&mut got, 0), Ok(0));
        assert_eq!(rx.recv_many(&mut got, usize::MAX), Ok(1));
        assert_eq!(got, [9, 1]);
        rx.close();
        assert_eq!(tx.send_many(&mut VecDeque::new()), Ok(()), "there was nothing to send");
        assert_eq!(rx.recv_many(&mut got, 0), Ok(0));
        assert_eq!(rx.recv_many(&mut got, 1), Err(RecvError));
    }
}

#[test]
fn a_batch_larger_than_the_channel_goes_in_parts() {
    for (capacity, (tx, rx)) in with_queue() {
        let many = if capacity == Some(1) { MANY / 20 } else { MANY };
        let sender = thread::spawn(move || {
            let mut messages = batch(0..many);
            assert_eq!(tx.send_many(&mut messages), Ok(()));
            assert!(messages.is_empty());
        });
        let mut got = Vec::new();
        while let Ok(received) = rx.recv_many(&mut got, 50) {
            assert!((1..=50).contains(&received));
        }
        sender.join().unwrap();
        assert!(got.into_iter().eq(0..many), "capacity {capacity:?}");
    }
}

#[test]
fn nothing_of_a_closed_channel_is_lost() {
    for (_, (tx, rx)) in with_queue() {
        tx.try_send(0).unwrap();
        tx.close();
        let mut messages = batch(1..4);
        assert_eq!(tx.try_send_many(&mut messages), Err(TrySendError::Disconnected(())));
        assert_eq!(tx.send_many(&mut messages), Err(SendError(())));
        assert_eq!(tx.offer_many(&mut messages), Err(OfferError::Disconnected(())));
        assert_eq!(messages, [1, 2, 3]);
        let mut got = Vec::new();
        assert_eq!(rx.recv_many(&mut got, 10), Ok(1));
        assert_eq!(rx.recv_many(&mut got, 10), Err(RecvError));
        assert_eq!(rx.take_many(&mut got, 10), Err(TakeError::Disconnected));
        assert_eq!(got, [0]);
    }
    // In the middle of waiting.
    let (tx, rx) = bounded(2);
    let sender = thread::spawn(move || {
        let mut messages = batch(0..5);
        assert_eq!(tx.send_many(&mut messages), Err(SendError(())));
        messages
    });
    while rx.len() < 2 {
        thread::yield_now();
    }
    thread::sleep(SHORT);
    rx.close();
    assert_eq!(sender.join().unwrap(), [2, 3, 4]);
    assert_eq!(rx.drain().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn time_limits_are_kept() {
    let (tx, rx) = bounded(2);
    let mut messages = batch(0..5);
    let start = Instant::now();
    assert_eq!(tx.send_many_timeout(&mut messages, SHORT), Err(SendTimeoutError::Timeout(())));
    assert!(start.elapsed() >= SHORT);
    assert_eq!(messages, [2, 3, 4]);
    let past = Instant::now();
    assert_eq!(tx.send_many_deadline(&mut messages, past), Err(SendTimeoutError::Timeout(())));
    let mut got = Vec::new();
    assert_eq!(rx.recv_many_timeout(&mut got, 1, Duration::ZERO), Ok(1), "what is there needs no time");
    assert_eq!(rx.recv_many_deadline(&mut got, 8, past), Ok(1));
    let start = Instant::now();
    assert_eq!(rx.recv_many_timeout(&mut got, 8, SHORT), Err(RecvTimeoutError::Timeout));
    assert!(start.elapsed() >= SHORT);
    assert_eq!(rx.recv_many_deadline(&mut got, 8, past), Err(RecvTimeoutError::Timeout));
    assert_eq!(got, [0, 1]);
    assert_eq!(tx.send_many_timeout(&mut batch([5, 6]), Duration::MAX), Ok(()));
    drop(tx);
    assert_eq!(rx.recv_many_timeout(&mut got, 8, Duration::MAX), Ok(2));
    assert_eq!(rx.recv_many_timeout(&mut got, 8, Duration::MAX), Err(RecvTimeoutError::Disconnected));
}

/// A receiver that takes one now and then does not keep a batch beyond its time.
#[test]
fn a_time_limit_is_one_for_all_of_a_batch() {
    let (tx, rx) = bounded(1);
    let receiver = thread::spawn(move || {
        let mut got = 0;
        while rx.recv().is_ok() {
            got += 1;
            thread::sleep(Duration::from_millis(2));
        }
        got
    });
    let mut messages = batch(0..100_000);
    assert_eq!(tx.send_many_timeout(&mut messages, SHORT), Err(SendTimeoutError::Timeout(())));
    drop(tx);
    assert_eq!(receiver.join().unwrap() + messages.len(), 100_000);
}

#[test]
fn a_batch_wakes_as_many_as_it_has_messages() {
    for (capacity, (tx, rx)) in with_queue() {
        let waits: Vec<_> = (0..4).map(|_| rx.begin_recv(noop()).unwrap()).collect();
        let mut messages = batch(0..3);
        assert_eq!(tx.try_send_many(&mut messages), Ok(3), "capacity {capacity:?}");
        assert_eq!(waits.iter().map(|wait| wait.is_settled()).collect::<Vec<_>>(), [true, true, true, false]);
        let mut waits = waits.into_iter();
        for number in 0..3 {
            assert_eq!(waits.next().unwrap().finish(), Ok(number), "first come, first served");
        }
        assert!(waits.next().unwrap().finish().is_err());
    }
    let (tx, rx) = bounded(3);
    tx.send_many(&mut batch(0..3)).unwrap();
    let waits: Vec<_> = (3..7).map(|number| tx.begin_send(number, noop()).unwrap()).collect();
    assert_eq!(rx.try_recv_many(&mut Vec::new(), 2), Ok(2));
    assert_eq!(waits.iter().map(|wait| wait.is_settled()).collect::<Vec<_>>(), [true, true, false, false]);
}

/// A select is told, and nothing can be handed to it: those behind it are woken too.
#[test]
fn a_batch_wakes_behind_a_select() {
    let (tx, rx) = unbounded();
    let selecting = {
        let rx = rx.clone();
        thread::spawn(move || {
            let mut select = crossinterp_core::Select::new();
            select.recv(&rx);
            let chosen = select.select();
            chosen.recv(&rx).unwrap()
        })
    };
    thread::sleep(SHORT);
    let wait = rx.begin_recv(noop()).unwrap();
    tx.send_many(&mut batch([1, 2])).unwrap();
    assert!(wait.is_settled());
    let got = wait.finish().unwrap();
    assert_eq!(got + selecting.join().unwrap(), 3);
}

#[test]
fn what_was_returned_comes_first() {
    for (_, (tx, rx)) in with_queue() {
        let waits: Vec<_> = (0..2).map(|_| rx.begin_recv(noop()).unwrap()).collect();
        tx.try_send(0).unwrap();
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        drop(waits);
        assert_eq!((rx.len(), rx.drain().size_hint()), (3, (0, Some(3))));
        let mut got = Vec::new();
        assert_eq!(rx.try_recv_many(&mut got, 8), Ok(3));
        assert_eq!(got, [0, 1, 2]);
    }
}

#[test]
fn a_rendezvous_takes_from_those_who_wait() {
    let (tx, rx) = rendezvous();
    let mut messages = batch(0..3);
    assert_eq!(tx.try_send_many(&mut messages), Err(TrySendError::Full(())));
    let waits: Vec<_> = (0..2).map(|_| rx.begin_recv(noop()).unwrap()).collect();
    assert_eq!(tx.try_send_many(&mut messages), Ok(2));
    assert_eq!(messages, [2]);
    assert!(waits.into_iter().map(|wait| wait.finish().unwrap()).eq(0..2));

    let waits: Vec<_> = (3..6).map(|number| tx.begin_send(number, noop()).unwrap()).collect();
    let mut got = Vec::new();
    assert_eq!(rx.drain().size_hint(), (0, Some(3)));
    assert_eq!(rx.try_recv_many(&mut got, 2), Ok(2));
    assert_eq!(rx.drain().collect::<Vec<_>>(), [5]);
    assert_eq!(got, [3, 4]);
    assert!(waits.into_iter().all(|wait| wait.finish() == Ok(())));
    assert_eq!(rx.try_recv_many(&mut got, 2), Err(TryRecvError::Empty));

    thread::scope(|scope| {
        scope.spawn(|| tx.send_many(&mut batch(0..100)).unwrap());
        let mut got = Vec::new();
        while got.len() < 100 {
            rx.recv_many(&mut got, 8).unwrap();
        }
        assert!(got.into_iter().eq(0..100));
    });
    rx.close();
    assert_eq!(tx.try_send_many(&mut messages), Err(TrySendError::Disconnected(())));
    assert_eq!(messages, [2]);
}

#[test]
fn clocks_ring_in_a_batch() {
    let mut rings = Vec::new();
    let rx = after(SHORT);
    assert_eq!(rx.try_recv_many(&mut rings, 8), Err(TryRecvError::Empty));
    assert_eq!(rx.recv_many(&mut rings, 8), Ok(1));
    assert_eq!(rx.recv_many_timeout(&mut rings, 8, SHORT), Err(RecvTimeoutError::Timeout));
    let rx = tick(SHORT);
    assert_eq!(rx.recv_many(&mut rings, 8), Ok(1));
    thread::sleep(SHORT);
    assert_eq!(rx.drain().count(), 1);
    let rx = never::<Instant>();
    assert_eq!(rx.try_recv_many(&mut rings, 8), Err(TryRecvError::Empty));
    assert_eq!(rx.recv_many_timeout(&mut rings, 8, SHORT), Err(RecvTimeoutError::Timeout));
    assert_eq!(rx.drain().count(), 0);
    assert_eq!(rings.len(), 2);
}

#[test]
fn an_ended_end_sends_and_receives_nothing() {
    let domain = Domain::try_open().unwrap();
    let (tx, rx) = unbounded();
    let (held_tx, held_rx) = (tx.held_by(&domain).unwrap(), rx.held_by(&domain).unwrap());
    tx.send(0).unwrap();
    domain.close();
    let (mut messages, mut got) = (batch([1, 2]), Vec::new());
    assert_eq!(held_tx.offer_many(&mut messages), Err(OfferError::Ended(())));
    assert_eq!(held_tx.send_many(&mut messages), Err(SendError(())));
    assert_eq!(held_rx.take_many(&mut got, 8), Err(TakeError::Ended));
    assert_eq!(held_rx.recv_many(&mut got, 8), Err(RecvError));
    assert_eq!(held_rx.drain().count(), 0);
    assert_eq!((messages.len(), rx.len()), (2, 1));
}

/// The embedder's way to sleep: looks a few times, then gives up.
struct Looks(Cell<u32>);

impl Park for Looks {
    fn waker(&self) -> Waker {
        noop()
    }

    fn park(&self) -> Wakeup {
        match self.0.get().checked_sub(1) {
            None => Wakeup::TimedOut,
            Some(left) => {
                self.0.set(left);
                Wakeup::Woken
            }
        }
    }
}

#[test]
fn embedders_sleep_in_their_way() {
    let (tx, rx) = bounded(2);
    let mut messages = batch(0..3);
    assert_eq!(tx.send_many_parking(&mut messages, &Looks(Cell::new(3))), Err(ParkError::TimedOut));
    assert_eq!(messages, [2]);
    let mut got = Vec::new();
    assert_eq!(rx.recv_many_parking(&mut got, 8, &Looks(Cell::new(3))), Ok(2));
    assert_eq!(rx.recv_many_parking(&mut got, 8, &Looks(Cell::new(3))), Err(ParkError::TimedOut));
    assert_eq!(rx.recv_many_parking(&mut got, 0, &Looks(Cell::new(3))), Ok(0));
    rx.close();
    assert_eq!(tx.send_many_parking(&mut messages, &Looks(Cell::new(3))), Err(ParkError::Disconnected));
    assert_eq!(rx.recv_many_parking(&mut got, 8, &Looks(Cell::new(3))), Err(ParkError::Disconnected));
    assert_eq!((messages, got), (batch([2]), vec![0, 1]));
}

#[test]
fn draining_gives_out_what_is_there_and_leaves_the_rest() {
    for (_, (tx, rx)) in with_queue() {
        let mut messages = batch(0..40);
        let sent = tx.try_send_many(&mut messages).unwrap();
        let mut there = rx.drain();
        assert_eq!(there.next(), Some(0));
        _ = tx.try_send(sent);
        assert_eq!(there.by_ref().take(3).count(), (sent - 1).min(3));
        drop(there);
        let left = rx.len();
        assert!(!rx.is_closed());
        let got: Vec<_> = rx.drain().collect();
        assert_eq!(got.len(), left);
        assert!(got.is_sorted());
    }
}

/// Counts its drops.
struct Counted<P>(Arc<AtomicUsize>, #[allow(dead_code)] P);

impl<P> Drop for Counted<P> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn drops_are_counted<P: Default>() {
    let drops = Arc::new(AtomicUsize::new(0));
    let dropped = || drops.swap(0, Ordering::Relaxed);
    for (capacity, (tx, rx)) in with_queue() {
        let room = capacity.unwrap_or(100).min(100);
        let mut messages: VecDeque<_> = (0..100).map(|_| Counted(Arc::clone(&drops), P::default())).collect();
        assert_eq!(tx.try_send_many(&mut messages), Ok(room));
        assert_eq!((messages.len(), dropped()), (100 - room, 0));
        drop(messages);
        assert_eq!(dropped(), 100 - room);
        let mut got = Vec::new();
        let half = room.div_ceil(2);
        assert_eq!(rx.try_recv_many(&mut got, half), Ok(half));
        assert_eq!(dropped(), 0);
        drop(got);
        assert_eq!(dropped(), half);
        drop((tx, rx));
        assert_eq!(dropped(), room - half, "capacity {capacity:?}");
    }
}

#[test]
fn every_message_is_dropped_once() {
    drops_are_counted::<()>();
    drops_are_counted::<u64>();
    // Where a small block of the unbounded queue holds few, or one.
    drops_are_counted::<Page<300>>();
    drops_are_counted::<Page<4096>>();
}

struct Page<const BYTES: usize>(#[allow(dead_code)] [u8; BYTES]);

impl<const BYTES: usize> Default for Page<BYTES> {
    fn default() -> Self {
        Self([7; BYTES])
    }
}

#[test]
fn messages_without_size_are_counted() {
    for (capacity, (tx, rx)) in with_queue() {
        let room = capacity.unwrap_or(1000).min(1000);
        let mut messages: VecDeque<()> = (0..1000).map(|_| ()).collect();
        assert_eq!(tx.try_send_many(&mut messages), Ok(room));
        assert_eq!(messages.len(), 1000 - room);
        let mut got = Vec::new();
        assert_eq!(rx.try_recv_many(&mut got, usize::MAX), Ok(room));
        assert_eq!(got.len(), room);
    }
}

/// Nothing is dropped within a call, so a panic there finds no channel in the middle of anything.
#[test]
fn a_panicking_drop_breaks_nothing() {
    struct Panics<'a>(usize, &'a AtomicUsize);
    impl Drop for Panics<'_> {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::Relaxed);
            assert!(self.0 != 1, "as it should");
        }
    }
    for (capacity, _) in with_queue::<()>() {
        let drops = AtomicUsize::new(0);
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        let mut messages: VecDeque<_> = (0..4).map(|number| Panics(number, &drops)).collect();
        let sent = tx.try_send_many(&mut messages).unwrap();
        let panicked = catch_unwind(AssertUnwindSafe(|| rx.drain().for_each(drop))).is_err();
        assert_eq!((panicked, rx.len()), (sent > 1, sent.saturating_sub(2)));
        let mut got = Vec::new();
        _ = rx.try_recv_many(&mut got, 8);
        _ = catch_unwind(AssertUnwindSafe(|| drop((got, messages))));
        assert_eq!((tx.len(), drops.load(Ordering::Relaxed)), (0, 4), "capacity {capacity:?}");
    }
}

/// A waker that panics: the messages that were sent are sent, the others are still the caller's.
#[test]
fn a_panicking_waker_loses_nothing() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("as it should");
        }
    }
    for (capacity, (tx, rx)) in with_queue() {
        let wait = rx.begin_recv(Waker::from(Arc::new(Panics))).unwrap();
        let mut messages = batch(0..3);
        let sending = catch_unwind(AssertUnwindSafe(|| tx.try_send_many(&mut messages)));
        assert!(sending.is_err());
        let mut got = vec![wait.finish().unwrap()];
        _ = rx.try_recv_many(&mut got, 8);
        got.extend(messages);
        assert_eq!(got, [0, 1, 2], "capacity {capacity:?}");
    }
}

/// Every message of every producer arrives once; one consumer sees those of one producer in order.
#[test]
fn many_to_many() {
    const THREADS: usize = 3;
    for capacity in [Some(0), Some(1), Some(3), Some(64), None] {
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        let each = if capacity.is_some_and(|capacity| capacity < 2) { MANY / 20 } else { MANY };
        let mut all: Vec<(usize, usize)> = thread::scope(|scope| {
            for producer in 0..THREADS {
                let tx = tx.clone();
                scope.spawn(move || {
                    let mut numbers = (0..each).map(|number| (producer, number));
                    for size in (1..90).cycle() {
                        let mut messages: VecDeque<_> = numbers.by_ref().take(size).collect();
                        if messages.is_empty() {
                            return;
                        }
                        tx.send_many(&mut messages).unwrap();
                    }
                });
            }
            drop(tx);
            let consumers: Vec<_> = (0..THREADS)
                .map(|_| {
                    let rx = rx.clone();
                    scope.spawn(move || {
                        let mut got = Vec::new();
                        for limit in (1..70).cycle() {
                            if rx.recv_many(&mut got, limit).is_err() {
                                break;
                            }
                        }
                        for producer in 0..THREADS {
                            assert!(got.iter().filter(|message| message.0 == producer).is_sorted());
                        }
                        got
                    })
                })
                .collect();
            consumers.into_iter().flat_map(|consumer| consumer.join().unwrap()).collect()
        });
        all.sort_unstable();
        let expected = (0..THREADS).flat_map(|producer| (0..each).map(move |number| (producer, number)));
        assert!(all.into_iter().eq(expected), "capacity {capacity:?}");
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Send,
    Recv,
    SendMany(usize),
    RecvMany(usize),
    Drain(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Send),
        Just(Step::Recv),
        (0..80_usize).prop_map(Step::SendMany),
        (0..80_usize).prop_map(Step::RecvMany),
        (0..40_usize).prop_map(Step::Drain),
    ];
    prop::collection::vec(step, 0..if cfg!(miri) { 10 } else { 120 })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { 300 },
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// As a queue of the standard library does, with room for so many.
    #[test]
    fn as_a_queue_does(capacity in prop_oneof![Just(None), (1..70_usize).prop_map(Some)], steps in steps()) {
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        let mut expected = VecDeque::new();
        let mut next = 0..;
        for step in steps {
            let room = capacity.map_or(usize::MAX, |capacity| capacity - expected.len());
            match step {
                Step::Send => {
                    let number = next.next().unwrap();
                    prop_assert_eq!(tx.try_send(number).is_ok(), room > 0);
                    expected.extend((room > 0).then_some(number));
                }
                Step::Recv => prop_assert_eq!(rx.try_recv().ok(), expected.pop_front()),
                Step::SendMany(many) => {
                    let mut messages: VecDeque<u32> = next.by_ref().take(many).collect();
                    let whole = messages.clone();
                    let sent = tx.try_send_many(&mut messages);
                    let sends = many.min(room);
                    prop_assert_eq!(sent.unwrap_or(0), sends);
                    prop_assert_eq!(sent.is_err(), sends == 0 && many > 0);
                    prop_assert!(whole.iter().skip(sends).eq(&messages));
                    expected.extend(whole.into_iter().take(sends));
                }
                Step::RecvMany(limit) => {
                    let mut got = Vec::new();
                    let received = rx.try_recv_many(&mut got, limit);
                    let wanted: Vec<u32> = expected.drain(..limit.min(expected.len())).collect();
                    prop_assert_eq!(received.is_err(), wanted.is_empty() && limit > 0);
                    prop_assert_eq!(received.unwrap_or(0), wanted.len());
                    prop_assert_eq!(got, wanted);
                }
                Step::Drain(many) => {
                    let got: Vec<u32> = rx.drain().take(many).collect();
                    let wanted: Vec<u32> = expected.drain(..many.min(expected.len())).collect();
                    prop_assert_eq!(got, wanted);
                }
            }
            prop_assert_eq!(rx.len(), expected.len());
        }
    }
}
