//! Sends that displace the oldest message: the latest ones are there, and each message is in one place.
#![cfg(all(not(loom), feature = "std"))]

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use crossinterp_core::{
    Domain, OfferError, Receiver, Select, SendError, SendTimeoutError, Sender, TrySendError, WaitError,
    bounded, bounded_strict, rendezvous, unbounded,
};

const MANY: usize = if cfg!(miri) { 100 } else { 20_000 };
const SHORT: Duration = Duration::from_millis(20);

fn noop() -> Waker {
    Waker::noop().clone()
}

#[test]
fn the_latest_are_there() {
    the_latest_are_there_of(bounded);
    the_latest_are_there_of(bounded_strict);
}

fn the_latest_are_there_of(channel: fn(usize) -> (Sender<usize>, Receiver<usize>)) {
    for capacity in [1, 2, 3, 7, 128] {
        let (tx, rx) = channel(capacity);
        let mut line = VecDeque::new();
        for number in 0..1000 {
            let displaced: Vec<usize> = tx.send_overwriting(number).unwrap().collect();
            line.push_back(number);
            let expected = if line.len() > capacity { line.pop_front() } else { None };
            assert_eq!(displaced, expected.into_iter().collect::<Vec<_>>(), "capacity {capacity}");
            assert_eq!(tx.len(), line.len());
            if number % 7 == 0 {
                assert_eq!(rx.try_recv().ok(), line.pop_front());
            }
        }
        assert!(rx.try_iter().eq(line), "capacity {capacity}");
    }
}

#[test]
fn nothing_is_displaced_where_there_is_no_limit() {
    let (tx, rx) = unbounded();
    for number in 0..1000 {
        let displaced = tx.send_overwriting(number).unwrap();
        assert!(displaced.is_sent() && displaced.is_empty());
    }
    assert!(rx.try_iter().eq(0..1000));
}

#[test]
fn on_a_rendezvous_who_waits_gets_it_and_else_it_comes_back() {
    let (tx, rx) = rendezvous();
    let mut displaced = tx.send_overwriting(1).unwrap();
    assert!(!displaced.is_sent());
    assert_eq!((displaced.len(), displaced.next(), displaced.len()), (1, Some(1), 0));
    assert!(!displaced.is_sent(), "it was not, though it was taken out");
    let wait = rx.begin_recv(noop()).unwrap();
    assert!(tx.send_overwriting(2).unwrap().is_sent());
    assert_eq!(wait.finish(), Ok(2));
    // A select that waits is met too.
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut select = Select::new();
            select.recv(&rx);
            assert_eq!(select.select().recv(&rx), Ok(3));
        });
        while !tx.send_overwriting(3).unwrap().is_sent() {
            thread::yield_now();
        }
    });
}

#[test]
fn what_it_says_of_itself() {
    let (tx, _rx) = bounded(1);
    let nothing = tx.send_overwriting(1).unwrap();
    assert_eq!(format!("{nothing:?}"), "Overwritten { len: 0, is_sent: true, .. }");
    let mut one = tx.send_overwriting(2).unwrap();
    assert_eq!((one.size_hint(), ExactSizeIterator::len(&one), one.is_empty()), ((1, Some(1)), 1, false));
    assert_eq!(format!("{one:?}"), "Overwritten { len: 1, is_sent: true, .. }");
    assert_eq!((one.next(), one.next(), one.next()), (Some(1), None, None));
    assert!(one.is_empty());
}

#[test]
fn a_closed_channel_gives_the_message_back_and_keeps_the_others() {
    for (capacity, full) in [(Some(1), true), (Some(3), false), (Some(0), false), (None, false)] {
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        let queued: Vec<i32> =
            (0..if full { 1 } else { 2 }).filter(|number| tx.try_send(*number).is_ok()).collect();
        rx.close();
        assert_eq!(tx.send_overwriting(9).unwrap_err(), SendError(9));
        assert_eq!(tx.offer_overwriting(9).unwrap_err(), OfferError::Disconnected(9));
        assert!(rx.try_iter().eq(queued));
        drop(rx);
        assert_eq!(tx.send_overwriting(9).unwrap_err(), SendError(9));
    }
}

#[test]
fn an_end_that_has_ended_sends_nothing() {
    let domain = Domain::try_open().unwrap();
    let (tx, rx) = bounded(1);
    let held = tx.held_by(&domain).unwrap();
    assert!(held.send_overwriting(1).unwrap().is_sent());
    domain.close();
    assert_eq!(held.send_overwriting(2).unwrap_err(), SendError(2));
    assert_eq!(held.offer_overwriting(2).unwrap_err(), OfferError::Ended(2));
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn a_receiver_that_waits_is_woken() {
    for capacity in [Some(0), Some(1), Some(5), None] {
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        let receiver = thread::spawn(move || (rx.recv(), rx));
        thread::sleep(SHORT);
        while !tx.send_overwriting(7).unwrap().is_sent() {
            thread::yield_now();
        }
        let (received, rx) = receiver.join().unwrap();
        assert_eq!(received, Ok(7));
        // One that only wants to know, too.
        let tx = &tx;
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut select = Select::new();
                select.recv(&rx);
                assert_eq!(select.ready_timeout(Duration::from_secs(60)), Ok(0));
                assert!(capacity == Some(0) || rx.try_recv() == Ok(8));
            });
            thread::sleep(SHORT);
            if capacity == Some(0) {
                tx.send_timeout(8, SHORT).unwrap_err();
            } else {
                assert!(tx.send_overwriting(8).unwrap().is_sent());
            }
        });
    }
}

/// Who waits to send is not displaced, and not woken: it has got no room.
#[test]
fn senders_that_wait_keep_waiting() {
    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let wait = tx.begin_send(2, noop()).unwrap();
    for number in 3..10 {
        let displaced: Vec<i32> = tx.send_overwriting(number).unwrap().collect();
        assert_eq!(displaced, [if number == 3 { 1 } else { number - 1 }]);
        assert!(!wait.is_settled());
    }
    assert_eq!(rx.try_recv(), Ok(9));
    assert!(wait.is_settled());
    assert_eq!(wait.finish(), Ok(()));
    assert_eq!(rx.try_recv(), Ok(2));
    // And one that gives up has its message.
    tx.try_send(1).unwrap();
    let wait = tx.begin_send(2, noop()).unwrap();
    assert_eq!(tx.send_overwriting(3).unwrap().next(), Some(1));
    assert_eq!(wait.finish(), Err((2, WaitError::Pending)));
    assert_eq!(tx.send_timeout(4, SHORT), Err(SendTimeoutError::Timeout(4)));
    assert_eq!(rx.try_recv(), Ok(3));
}

/// What a receive was handed and gave back stands before the queue, and is not displaced.
#[test]
fn what_was_given_back_is_not_displaced() {
    let (tx, rx) = bounded(1);
    let wait = rx.begin_recv(noop()).unwrap();
    assert!(tx.send_overwriting(1).unwrap().is_empty());
    assert!(wait.is_settled());
    drop(wait);
    assert!(tx.send_overwriting(2).unwrap().is_empty());
    assert_eq!(tx.send_overwriting(3).unwrap().next(), Some(2));
    assert!(rx.try_iter().eq([1, 3]));
}

/// A slot that was claimed and given up makes room.
#[test]
fn a_slot_that_was_given_up_is_room() {
    let (tx, rx) = bounded(2);
    tx.try_send(1).unwrap();
    let mut select = Select::new();
    select.send(&tx);
    let chosen = select.try_select().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(chosen))).is_err());
    // The void one is not the oldest, and then it is.
    assert_eq!(tx.send_overwriting(2).unwrap().collect::<Vec<_>>(), [1]);
    assert!(tx.send_overwriting(3).unwrap().is_empty());
    assert!(rx.try_iter().eq([2, 3]));
    assert_eq!(tx.try_send(4), Ok(()));
}

/// While the oldest message is still being written, the newest comes back.
#[test]
fn nobody_is_waited_for() {
    let (tx, rx) = bounded(1);
    let mut select = Select::new();
    select.send(&tx);
    let chosen = select.select();
    let other = tx.clone();
    let refused = thread::spawn(move || other.send_overwriting(2).unwrap());
    let mut refused = refused.join().unwrap();
    assert!(!refused.is_sent());
    assert_eq!((refused.next(), refused.next()), (Some(2), None));
    chosen.send(&tx, 1).unwrap();
    assert_eq!(tx.send_overwriting(3).unwrap().next(), Some(1));
    assert_eq!(rx.try_recv(), Ok(3));
    assert_eq!(tx.try_send(4), Ok(()));
    assert_eq!(tx.try_send(5), Err(TrySendError::Full(5)));
    // While the oldest message is still being read, too.
    let message = rx.try_recv_ref().unwrap();
    assert!(!tx.send_overwriting(5).unwrap().is_sent());
    assert_eq!(*message, 4);
    drop(message);
    assert!(tx.send_overwriting(6).unwrap().is_empty());
}

struct Counted(Arc<AtomicUsize>, #[allow(dead_code, reason = "its contents are allocated")] Box<usize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn each_message_is_dropped_once() {
    for capacity in [Some(0), Some(1), Some(4), None] {
        let drops = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        let mut kept = Vec::new();
        for number in 0..100 {
            let displaced = tx.send_overwriting(Counted(Arc::clone(&drops), Box::new(number)));
            if number % 2 == 0 {
                kept.extend(displaced.unwrap_or_else(|_| panic!("it is open")));
            }
        }
        let there = rx.len() + kept.len();
        assert_eq!(drops.load(Ordering::Relaxed), 100 - there);
        drop(kept);
        drop((tx, rx));
        assert_eq!(drops.load(Ordering::Relaxed), 100);
    }
}

/// A drop that panics drops its message, and the channel is whole.
#[test]
fn a_displaced_message_may_panic() {
    struct Panics(bool);
    impl Drop for Panics {
        fn drop(&mut self) {
            assert!(!self.0, "as it should");
        }
    }
    let (tx, rx) = bounded(1);
    assert!(tx.send_overwriting(Panics(true)).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(tx.send_overwriting(Panics(false))))).is_err());
    assert_eq!(rx.len(), 1);
    assert!(!rx.try_recv().unwrap().0);
    assert!(rx.try_recv().is_err());
}

#[test]
fn of_every_size_and_alignment() {
    #[repr(align(128))]
    #[derive(Debug, PartialEq)]
    struct Aligned(u8);
    let (tx, rx) = bounded(2);
    for number in 0..10 {
        for displaced in tx.send_overwriting(Aligned(number)).unwrap() {
            assert_eq!((&raw const displaced).addr() % 128, 0);
            assert_eq!(displaced, Aligned(number - 2));
        }
    }
    assert!(rx.try_iter().eq([Aligned(8), Aligned(9)]));
    let (tx, rx) = bounded(3);
    let displaced: usize = (0..10).map(|_| tx.send_overwriting(()).unwrap().len()).sum();
    assert_eq!((displaced, rx.try_iter().count()), (7, 3));
}

/// Many at once, with others that send and receive: each message is received or displaced, once; and none displaces two.
#[test]
fn many_at_once() {
    for capacity in [1, 2, 5] {
        let (tx, rx) = bounded(capacity);
        let overwriting = |from: usize| {
            let tx = tx.clone();
            move || {
                let mut displaced = Vec::new();
                for number in (from..MANY).step_by(3) {
                    let overwritten = tx.send_overwriting(number).unwrap();
                    assert!(overwritten.len() <= 1);
                    displaced.extend(overwritten);
                }
                displaced
            }
        };
        let sending = || {
            let tx = tx.clone();
            move || {
                (2..MANY).step_by(3).for_each(|number| tx.send(number).unwrap());
                Vec::new()
            }
        };
        let receiving = || {
            let rx = rx.clone();
            move || rx.iter().collect::<Vec<_>>()
        };
        let threads = [
            thread::spawn(overwriting(0)),
            thread::spawn(overwriting(1)),
            thread::spawn(sending()),
            thread::spawn(receiving()),
            thread::spawn(receiving()),
        ];
        drop((tx, rx));
        let mut all: Vec<usize> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..MANY), "capacity {capacity}");
    }
}

/// One producer's messages are received in order, whatever is displaced; and the last one always comes.
#[test]
fn order_is_kept() {
    for capacity in [1, 3] {
        let (tx, rx) = bounded(capacity);
        let receiver = thread::spawn(move || rx.iter().collect::<Vec<_>>());
        let mut last = None;
        for number in 0..MANY {
            for displaced in tx.send_overwriting(number).unwrap() {
                if displaced < number {
                    assert!(last < Some(displaced), "{displaced} after {last:?}");
                    last = Some(displaced);
                }
            }
        }
        while !tx.send_overwriting(MANY).unwrap().is_sent() {}
        drop(tx);
        let received = receiver.join().unwrap();
        assert!(received.is_sorted() && received.last() == Some(&MANY));
    }
}

/// Close in the middle: no message is lost, whatever became of the send.
#[test]
fn closed_in_the_middle() {
    for round in 0..if cfg!(miri) { 4 } else { 300 } {
        let (tx, rx) = bounded(1);
        let sender = thread::spawn(move || {
            let mut back = Vec::new();
            for number in 0.. {
                match tx.send_overwriting(number) {
                    Ok(overwritten) => back.extend(overwritten),
                    Err(SendError(message)) => {
                        back.push(message);
                        return (number, back);
                    }
                }
            }
            unreachable!("it is closed some day")
        });
        (0..round % 16).for_each(|_| thread::yield_now());
        rx.close();
        let (last, mut all) = sender.join().unwrap();
        all.extend(rx.try_iter());
        all.sort_unstable();
        assert!(all.into_iter().eq(0..=last));
    }
}

#[test]
fn what_is_queued_for_a_consumer_stays() {
    let (tx, rx) = bounded(1);
    let mut rx = rx.try_into_single().unwrap();
    tx.send(1).unwrap();
    let displaced = tx.send_overwriting(2).unwrap();
    assert!(!displaced.is_sent());
    assert_eq!(displaced.collect::<Vec<_>>(), [2]);
    assert_eq!(rx.recv(), Ok(1));
    assert!(tx.send_overwriting(3).unwrap().is_empty());
    let rx = rx.into_shared();
    assert_eq!(tx.send_overwriting(4).unwrap().collect::<Vec<_>>(), [3]);
    assert_eq!(rx.recv(), Ok(4));
}
