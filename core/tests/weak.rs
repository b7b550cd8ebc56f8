//! Ends that keep nothing open, and taking back what a closed channel holds.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crossinterp_core::{Domain, RecvError, SendError, TryRecvError, bounded, rendezvous, unbounded};

/// Counts its drops; the first panics. (What it counts in is never freed: some of these are leaked.)
struct Panics(&'static AtomicUsize);

impl Drop for Panics {
    fn drop(&mut self) {
        assert!(self.0.fetch_add(1, Ordering::Relaxed) > 0, "the first drop");
    }
}

#[test]
fn a_weak_end_keeps_nothing_open() {
    let (tx, rx) = unbounded();
    let (weak_tx, weak_rx) = (tx.downgrade(), rx.downgrade());
    tx.send(1).unwrap();
    drop(tx);
    assert!(weak_tx.upgrade().is_none());
    assert_eq!((rx.recv(), rx.recv()), (Ok(1), Err(RecvError)));
    assert!(weak_rx.upgrade().unwrap().same_channel(&rx));
    drop(rx);
    assert!(weak_rx.upgrade().is_none() && weak_rx.clone().upgrade().is_none());
    assert!(weak_rx.same_channel(&weak_rx.clone()));
}

#[test]
fn an_upgraded_end_counts() {
    let (tx, rx) = bounded(1);
    let weak = tx.downgrade();
    let other = weak.upgrade().unwrap();
    assert_eq!(rx.sender_count(), 2);
    drop(tx);
    other.send(1).unwrap();
    drop(other);
    assert_eq!((rx.recv(), rx.recv()), (Ok(1), Err(RecvError)));
}

#[test]
fn a_weak_end_of_a_domain_makes_ends_of_that_domain() {
    let (tx, rx) = unbounded::<u8>();
    let domain = Domain::try_open().unwrap();
    let weak = tx.held_by(&domain).unwrap().downgrade();
    let made = weak.upgrade().unwrap();
    domain.close();
    assert!(made.is_ended());
    assert!(weak.upgrade().is_none());
    assert_eq!(made.send(1), Err(SendError(1)));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx.send(2).unwrap();
}

/// Upgrading against the going of the last end: an end that comes of it is a whole one.
#[test]
fn upgrading_races_with_the_last_end() {
    for _ in 0..1000 {
        let (tx, rx) = unbounded();
        let weak = tx.downgrade();
        thread::scope(|scope| {
            scope.spawn(move || drop(tx));
            scope.spawn(|| {
                if let Some(tx) = weak.upgrade() {
                    tx.send(1).unwrap();
                    assert_eq!(rx.recv(), Ok(1));
                }
            });
        });
        assert_eq!(rx.recv(), Err(RecvError));
    }
}

#[test]
fn draining_takes_back_what_is_queued() {
    static DROPS: AtomicUsize = AtomicUsize::new(1);
    for (tx, rx) in [bounded(8), unbounded()] {
        (0..5).for_each(|_| tx.send(Panics(&DROPS)).ok().unwrap());
        let mut drain = tx.close_and_drain();
        assert!(drain.next().is_some());
        assert_eq!(DROPS.swap(1, Ordering::Relaxed), 2);
        drop(drain);
        assert_eq!(DROPS.swap(1, Ordering::Relaxed), 5, "the rest is dropped with it");
        assert!(rx.is_empty() && tx.is_closed());
    }
}

#[test]
fn a_send_that_waits_keeps_its_message_when_others_drain() {
    for (tx, rx) in [bounded(1), rendezvous()] {
        _ = tx.try_send(1);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| tx.send(2));
            while !tx.is_closed() && tx.capacity() == Some(1) && tx.is_empty() {
                thread::yield_now();
            }
            let drained: Vec<i32> = rx.close_and_drain().collect();
            let sent = waiting.join().unwrap();
            assert_eq!(drained.contains(&2), sent.is_ok(), "{drained:?}");
        });
    }
}

/// A message whose drop panics as the last receiver goes: the panic is seen, the others are leaked, nothing else happens.
#[test]
fn a_panic_in_a_drop_is_survived() {
    for make in [|| bounded::<Panics>(4), unbounded] {
        static DROPS: AtomicUsize = AtomicUsize::new(0);
        DROPS.store(0, Ordering::Relaxed);
        let (tx, rx) = make();
        (0..3).for_each(|_| tx.send(Panics(&DROPS)).ok().unwrap());
        let panic = std::panic::catch_unwind(move || drop(rx)).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"the first drop"));
        assert_eq!(DROPS.load(Ordering::Relaxed), 1);
        assert!(tx.is_closed() && tx.is_empty());
        let mine = tx.send(Panics(&DROPS)).unwrap_err();
        drop((mine, tx));
        assert_eq!(DROPS.load(Ordering::Relaxed), 2);
    }
}
