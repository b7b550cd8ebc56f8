//! Channels as their users see them.
#![cfg(all(not(loom), feature = "std"))]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crossinterp_core::{
    OfferError, RecvError, RecvTimeoutError, SendError, SendTimeoutError, TakeError, TryRecvError,
    TrySendError, WaitError, bounded, rendezvous, try_bounded, unbounded,
};

/// Counts its drops.
#[derive(Clone, Debug)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Counts its wakes.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn noop() -> Waker {
    Waker::noop().clone()
}

const MANY: usize = if cfg!(miri) { 50 } else { 20_000 };

#[test]
fn capacity_is_kept() {
    for capacity in [1, 2, 3, 7, 128] {
        let (tx, rx) = bounded(capacity);
        assert_eq!((tx.capacity(), rx.capacity()), (Some(capacity), Some(capacity)));
        for lap in 0..3 {
            for place in 0..capacity {
                assert_eq!(tx.len(), place);
                tx.try_send((lap, place)).unwrap();
            }
            assert!(tx.is_full() && rx.is_full());
            assert_eq!(tx.try_send((9, 9)), Err(TrySendError::Full((9, 9))));
            for place in 0..capacity {
                assert_eq!(rx.try_recv(), Ok((lap, place)));
            }
            assert!(rx.is_empty() && !rx.is_full());
        }
    }
    let (tx, _rx) = unbounded::<u8>();
    assert_eq!((tx.capacity(), tx.is_full()), (None, false));
    let (tx, rx) = rendezvous::<u8>();
    assert_eq!((tx.capacity(), tx.is_full(), rx.is_empty()), (Some(0), true, true));
}

#[test]
fn order_is_kept_across_blocks() {
    let (tx, rx) = unbounded();
    let mut next = 0;
    for burst in 1..200 {
        for number in 0..burst {
            tx.try_send(next + number).unwrap();
        }
        for number in 0..burst {
            assert_eq!(rx.try_recv(), Ok(next + number));
        }
        next += burst;
        // and with some left in the queue
        tx.try_send(next).unwrap();
        tx.try_send(next + 1).unwrap();
        assert_eq!([rx.try_recv(), rx.try_recv()], [Ok(next), Ok(next + 1)]);
    }
}

#[test]
fn every_kind_of_element() {
    #[repr(align(128))]
    #[derive(Debug, PartialEq)]
    struct Wide(u8);
    for capacity in [Some(3), None] {
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        (0..3).for_each(|_| tx.try_send(()).unwrap());
        assert_eq!(rx.try_iter().count(), 3);
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        (0..3).for_each(|number| tx.try_send(Wide(number)).unwrap());
        assert_eq!(rx.try_iter().collect::<Vec<_>>(), [Wide(0), Wide(1), Wide(2)]);
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        (0..3).for_each(|number| tx.try_send([number; 5000]).unwrap());
        assert!(rx.try_iter().map(|large| large[4999]).eq(0..3));
    }
}

#[test]
fn capacity_beyond_memory_is_an_error() {
    use crossinterp_core::CapacityError::{NoMemory, TooLarge};
    assert_eq!(try_bounded::<u64>(usize::MAX).unwrap_err(), TooLarge);
    assert_eq!(try_bounded::<u64>(usize::MAX / 64).unwrap_err(), NoMemory);
    assert_eq!(try_bounded::<()>(usize::MAX).unwrap_err(), TooLarge, "a slot has a stamp beside its message");
    assert_eq!(try_bounded::<()>(usize::MAX / 32).unwrap_err(), NoMemory);
}

#[test]
#[should_panic(expected = "more slots than an address space holds")]
fn bounded_panics_where_try_bounded_answers() {
    let _ = bounded::<u64>(usize::MAX);
}

#[test]
fn close_drains() {
    for close in ["sender", "receiver"] {
        let (tx, rx) = bounded(2);
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        let wait = tx.begin_send(3, noop()).unwrap();
        if close == "sender" {
            tx.close()
        } else {
            rx.close()
        }
        assert_eq!(wait.finish(), Err((3, WaitError::Disconnected)));
        assert_eq!(tx.send(4), Err(SendError(4)));
        assert_eq!(tx.try_send(4), Err(TrySendError::Disconnected(4)));
        assert_eq!(tx.send_timeout(4, Duration::from_secs(9)), Err(SendTimeoutError::Disconnected(4)));
        assert!(tx.is_closed() && rx.is_closed());
        assert_eq!(
            [rx.recv(), rx.recv(), rx.recv(), rx.recv()],
            [Ok(1), Ok(2), Err(RecvError), Err(RecvError)]
        );
        assert_eq!(rx.recv_timeout(Duration::from_secs(9)), Err(RecvTimeoutError::Disconnected));
    }
}

#[test]
fn the_last_end_of_a_side_disconnects() {
    let (tx, rx) = unbounded();
    let second = tx.clone();
    assert_eq!((rx.sender_count(), tx.receiver_count()), (2, 1));
    drop(tx);
    second.send(1).unwrap();
    assert!(!rx.is_closed());
    drop(second);
    assert!(rx.is_closed());
    assert_eq!([rx.recv(), rx.recv()], [Ok(1), Err(RecvError)]);

    let (tx, rx) = bounded(1);
    let second = rx.clone();
    drop(rx);
    tx.send(1).unwrap();
    drop(second);
    assert_eq!(tx.send(2), Err(SendError(2)));
}

#[test]
fn every_message_is_dropped_once() {
    let drops = Arc::new(AtomicUsize::new(0));
    let message = || Counted(Arc::clone(&drops));
    let dropped = || drops.swap(0, Ordering::Relaxed);
    for capacity in [Some(100), None] {
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        (0..100).for_each(|_| tx.send(message()).unwrap());
        assert_eq!(dropped(), 0);
        drop(rx.recv());
        assert_eq!(dropped(), 1);
        drop(rx);
        assert_eq!(dropped(), 99, "the last receiver's going drops what is queued");
        drop(tx.send(message()));
        assert_eq!(dropped(), 1, "a refused message is the sender's to drop");
    }
    let (tx, rx) = bounded(1);
    tx.send(message()).unwrap();
    let waiting = tx.begin_send(message(), noop()).unwrap();
    drop(waiting);
    assert_eq!(dropped(), 1, "an abandoned send drops its message");
    let wait = rx.begin_recv(noop()).unwrap();
    drop(rx);
    drop(wait);
    drop(tx);
    assert_eq!(dropped(), 1, "a message handed to nobody in the end is dropped");
}

#[test]
fn timeouts_are_kept_and_change_nothing() {
    let (tx, rx) = bounded(1);
    let start = Instant::now();
    assert_eq!(rx.recv_timeout(Duration::from_millis(30)), Err(RecvTimeoutError::Timeout));
    assert!(start.elapsed() >= Duration::from_millis(30));
    tx.send(1).unwrap();
    let start = Instant::now();
    assert_eq!(tx.send_deadline(2, start + Duration::from_millis(30)), Err(SendTimeoutError::Timeout(2)));
    assert!(start.elapsed() >= Duration::from_millis(30));
    assert_eq!(rx.recv_timeout(Duration::MAX), Ok(1), "a time that no clock can show is for ever");
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "the send that gave up left nothing");
    assert_eq!(rx.recv_deadline(Instant::now()), Err(RecvTimeoutError::Timeout));
}

#[test]
fn waiters_are_served_in_the_order_of_their_coming() {
    let (tx, rx) = unbounded();
    let waits: Vec<_> = (0..10).map(|_| rx.begin_recv(noop()).unwrap()).collect();
    (0..10).for_each(|number| tx.try_send(number).unwrap());
    for (number, wait) in waits.into_iter().enumerate() {
        assert_eq!(wait.finish(), Ok(number));
    }
    let (tx, rx) = bounded(1);
    tx.send(0).unwrap();
    let waits: Vec<_> = (1..10).map(|number| tx.begin_send(number, noop()).unwrap()).collect();
    for (number, wait) in waits.into_iter().enumerate() {
        assert_eq!(rx.try_recv(), Ok(number));
        assert_eq!(wait.finish(), Ok(()), "it sends when it is finished, not before");
    }
    assert_eq!(rx.try_recv(), Ok(9));
}

#[test]
fn who_was_woken_for_nothing_keeps_its_place() {
    let (tx, rx) = unbounded();
    tx.try_send(0).unwrap();
    let mut first = rx.begin_recv(noop()).unwrap();
    assert_eq!(rx.try_recv(), Ok(0), "nothing is reserved");
    assert!(first.is_settled());
    let mut second = rx.begin_recv(noop()).unwrap();
    assert_eq!(first.try_finish(noop()), None);
    assert!(!first.is_settled());
    tx.try_send(1).unwrap();
    assert!(first.is_settled() && !second.is_settled());
    assert_eq!(second.try_finish(noop()), None);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "what was handed over is the receiver's");
    assert_eq!(first.try_finish(noop()), Some(Ok(1)));
    let (tx, rx) = bounded(1);
    tx.send(0).unwrap();
    let mut first = tx.begin_send(1, noop()).unwrap();
    let mut second = tx.begin_send(2, noop()).unwrap();
    for round in 0..100 {
        rx.try_recv().unwrap();
        assert!(first.is_settled() && !second.is_settled());
        tx.try_send(round).unwrap();
        assert_eq!(first.try_finish(noop()), None);
        assert_eq!(second.try_finish(noop()), None);
    }
    assert_eq!(rx.try_recv(), Ok(99));
    assert_eq!(first.try_finish(noop()), Some(Ok(())));
    assert_eq!(second.finish(), Err((2, WaitError::Pending)));
}

#[test]
fn the_baton_is_passed_by_who_was_woken_and_goes() {
    let (tx, rx) = unbounded();
    let waits: Vec<_> = (0..3).map(|_| rx.begin_recv(noop()).unwrap()).collect();
    tx.try_send(1).unwrap();
    for (number, wait) in waits.into_iter().enumerate() {
        assert!(wait.is_settled(), "wait {number}");
        drop(wait);
    }
    assert_eq!(rx.try_recv(), Ok(1));
    let (tx, rx) = bounded(1);
    tx.send(1).unwrap();
    let waits: Vec<_> = (0..3).map(|number| tx.begin_send(number, noop()).unwrap()).collect();
    rx.recv().unwrap();
    for (number, wait) in waits.into_iter().enumerate() {
        assert!(wait.is_settled(), "wait {number}");
        drop(wait);
    }
    assert!(rx.is_empty());
}

#[test]
fn a_message_handed_to_a_receive_that_goes_is_for_the_next() {
    let (tx, rx) = rendezvous();
    let waits: Vec<_> = (0..3).map(|_| rx.begin_recv(noop()).unwrap()).collect();
    (0..2).for_each(|number| tx.try_send(number).unwrap());
    let mut waits = waits.into_iter();
    drop(waits.next());
    assert_eq!(rx.len(), 1);
    drop(waits.next());
    assert_eq!(rx.len(), 2);
    let last = waits.next().unwrap();
    assert!(last.is_settled());
    assert_eq!(last.finish(), Ok(0));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_wait_that_goes_leaves_its_message_to_the_next() {
    let (tx, rx) = unbounded();
    let waits: Vec<_> = (0..3).map(|_| rx.begin_recv(noop()).unwrap()).collect();
    (0..5).for_each(|number| tx.try_send(number).unwrap());
    // Given back in another order than they were handed out: received in the order of sending all the same.
    for wait in waits.into_iter().rev() {
        drop(wait);
    }
    assert_eq!(rx.len(), 5);
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_wake_comes_once_and_only_when_settled() {
    let wakes = Arc::new(Wakes::default());
    let count = || wakes.0.load(Ordering::Relaxed);
    let (tx, rx) = unbounded();
    let first = rx.begin_recv(Waker::from(Arc::clone(&wakes))).unwrap();
    let second = rx.begin_recv(Waker::from(Arc::clone(&wakes))).unwrap();
    assert_eq!(count(), 0);
    tx.try_send(1).unwrap();
    assert_eq!((count(), first.is_settled(), second.is_settled()), (1, true, false));
    drop(second);
    assert_eq!(count(), 1, "giving up wakes nobody");
    tx.try_send(2).unwrap();
    let third = rx.begin_recv(Waker::from(Arc::clone(&wakes))).unwrap();
    assert_eq!(count(), 2, "a wait that need not wait is woken within begin");
    drop(tx);
    assert_eq!((first.finish(), third.finish(), count()), (Ok(1), Ok(2), 2));
    let late = rx.begin_recv(Waker::from(Arc::clone(&wakes))).unwrap();
    assert_eq!((late.finish(), count()), (Err(WaitError::Disconnected), 3));
    assert_eq!(Arc::strong_count(&wakes), 1, "every waker was let go");
}

#[test]
fn a_rendezvous_hands_over() {
    let (tx, rx) = rendezvous();
    assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    let wait = rx.begin_recv(noop()).unwrap();
    tx.try_send(2).unwrap();
    assert_eq!(wait.finish(), Ok(2));
    let wait = tx.begin_send(3, noop()).unwrap();
    assert_eq!(rx.try_recv(), Ok(3));
    assert_eq!(wait.finish(), Ok(()));
    thread::scope(|scope| {
        scope.spawn(|| (0..100).for_each(|number| tx.send(number).unwrap()));
        assert!((0..100).all(|number| rx.recv() == Ok(number)));
    });
}

#[test]
fn embedders_see_every_reason() {
    let (tx, rx) = bounded(1);
    assert_eq!(rx.take(), Err(TakeError::Empty));
    tx.offer(1).unwrap();
    assert_eq!(tx.offer(2), Err(OfferError::Full(2)));
    drop(tx);
    assert_eq!([rx.take(), rx.take()], [Ok(1), Err(TakeError::Disconnected)]);
}

#[test]
fn an_end_may_travel_in_its_own_channel() {
    struct Letter(#[allow(dead_code)] crossinterp_core::Receiver<Letter>);
    let (tx, rx) = unbounded();
    tx.send(Letter(rx.clone())).unwrap();
    assert_eq!(tx.receiver_count(), 2);
    drop(rx.recv().unwrap());
    assert_eq!(tx.receiver_count(), 1);
    drop(rx);
    assert!(tx.is_closed());
}

/// Every message of every producer arrives once; one consumer sees those of one producer in order.
#[test]
fn many_to_many() {
    const THREADS: usize = 4;
    for capacity in [Some(0), Some(1), Some(3), Some(128), None] {
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        let each = if capacity == Some(0) || capacity == Some(1) { MANY / 10 } else { MANY };
        let mut all: Vec<(usize, usize)> = thread::scope(|scope| {
            for producer in 0..THREADS {
                let tx = tx.clone();
                scope.spawn(move || (0..each).for_each(|number| tx.send((producer, number)).unwrap()));
            }
            drop(tx);
            let consumers: Vec<_> = (0..THREADS)
                .map(|_| {
                    let rx = rx.clone();
                    scope.spawn(move || {
                        let got: Vec<(usize, usize)> = rx.iter().collect();
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

#[test]
fn debug_and_texts() {
    let (tx, rx) = bounded::<u8>(4);
    assert!(format!("{tx:?}").starts_with("Sender { channel: 0x"));
    assert!(format!("{rx:?}").contains("capacity: Some(4)"));
    assert_eq!(TrySendError::Full(1).to_string(), "sending on a full channel");
    // With quotation marks, as crossbeam-channel has it.
    assert_eq!(format!("{:?}", SendError(1)), "\"SendError(..)\"");
    assert_eq!(RecvTimeoutError::Timeout.to_string(), "timed out waiting on receive operation");
    assert_eq!(OfferError::NoMemory(5).into_inner(), 5);
}
