//! Domains as their users see them: what happens when an interpreter ends.
#![cfg(all(not(loom), feature = "std"))]

use std::mem::ManuallyDrop;
use std::task::Waker;
use std::thread;
use std::time::Duration;

use crossinterp_core::{
    Domain, DomainError, DomainState, OfferError, RecvError, SendError, TakeError, WaitError, bounded,
    rendezvous, unbounded,
};

fn noop() -> Waker {
    Waker::noop().clone()
}

#[test]
fn ending_ends_waits_and_refuses_new_ones() {
    let domain = Domain::try_open().unwrap();
    let (tx, rx) = bounded(1);
    let (held_tx, held_rx) = (tx.held_by(&domain).unwrap(), rx.held_by(&domain).unwrap());
    tx.send(1).unwrap();
    let send = held_tx.begin_send(2, noop()).unwrap();
    domain.end_waits();
    assert_eq!(domain.state(), DomainState::Ending);
    assert_eq!(send.finish(), Err((2, WaitError::Ended)));
    assert_eq!(held_tx.begin_send(3, noop()).unwrap_err(), (3, DomainError::Ended));
    assert_eq!(held_tx.send(3), Err(SendError(3)), "it would have to wait");
    // What need not wait still works, until the domain is closed.
    assert_eq!(held_rx.take(), Ok(1));
    assert_eq!(held_tx.offer(4), Ok(()));
    assert_eq!(held_rx.recv(), Ok(4));
    assert_eq!(held_rx.begin_recv(noop()).unwrap_err(), DomainError::Ended);
    domain.close();
    assert_eq!(domain.state(), DomainState::Closed);
    assert_eq!(held_tx.offer(5), Err(OfferError::Ended(5)));
    assert_eq!(held_rx.take(), Err(TakeError::Ended));
    assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 1));
    tx.send(6).unwrap();
    assert_eq!(rx.recv(), Ok(6), "the ends of others go on");
}

#[test]
fn sleeping_threads_are_woken_by_the_end() {
    let domain = Domain::try_open().unwrap();
    let (tx, rx) = rendezvous::<u8>();
    thread::scope(|scope| {
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let rx = rx.held_by(&domain).unwrap();
                scope.spawn(move || rx.recv())
            })
            .collect();
        thread::sleep(Duration::from_millis(10));
        domain.end_waits();
        for receiver in receivers {
            assert_eq!(receiver.join().unwrap(), Err(RecvError));
        }
    });
    drop(tx);
}

#[test]
fn messages_of_dying_waits_go_on_in_order() {
    let (dying, living) = (Domain::try_open().unwrap(), Domain::try_open().unwrap());
    let (tx, rx) = unbounded();
    let (first, second) = (rx.held_by(&dying).unwrap(), rx.held_by(&living).unwrap());
    let waits = [
        first.begin_recv(noop()).unwrap(),
        second.begin_recv(noop()).unwrap(),
        first.begin_recv(noop()).unwrap(),
    ];
    (0..5).for_each(|number| tx.try_send(number).unwrap());
    dying.end_waits();
    let [mine, theirs, mine_too] = waits;
    assert_eq!(mine.finish(), Err(WaitError::Ended));
    assert_eq!(theirs.finish(), Ok(1), "what another interpreter has received stays its own");
    assert_eq!(mine_too.finish(), Err(WaitError::Ended));
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [0, 2, 3, 4]);
}

#[test]
fn a_message_given_back_is_handed_to_who_waits() {
    let dying = Domain::try_open().unwrap();
    let (tx, rx) = unbounded();
    let first = rx.held_by(&dying).unwrap().begin_recv(noop()).unwrap();
    let next = rx.begin_recv(noop()).unwrap();
    tx.send("message").unwrap();
    assert!(first.is_settled() && !next.is_settled());
    dying.close();
    assert_eq!(next.finish(), Ok("message"));
    assert_eq!(first.finish(), Err(WaitError::Ended));
}

#[test]
fn closing_releases_leaked_ends() {
    let domain = Domain::try_open().unwrap();
    let (tx, rx) = unbounded();
    let held = tx.held_by(&domain).unwrap();
    let copy = held.clone();
    held.send(1).unwrap();
    let leaked = ManuallyDrop::new(held);
    drop(tx);
    assert!(!rx.is_closed());
    domain.close();
    assert!(copy.is_ended() && rx.is_closed());
    assert_eq!([rx.recv(), rx.recv()], [Ok(1), Err(RecvError)]);
    assert!(copy.clone().is_ended(), "a clone of an ended end is ended");
    assert_eq!(copy.try_clone().unwrap_err(), DomainError::Ended);
    assert_eq!(copy.held_by(&domain).unwrap_err(), DomainError::Ended);
    domain.close();
    drop(copy);
    // Only now, so that a search for leaks finds none.
    drop(ManuallyDrop::into_inner(leaked));
    assert_eq!(rx.sender_count(), 0, "released once");
}

#[test]
fn a_closed_domain_takes_nothing() {
    let domain = Domain::try_open().unwrap();
    domain.close();
    let (tx, rx) = unbounded::<u8>();
    assert_eq!(tx.held_by(&domain).unwrap_err(), DomainError::Ended);
    assert_eq!(rx.sender_count(), 1, "the refused end is not counted");
    assert!(domain.same_domain(&domain.clone()));
}

/// Domains that open, wait, send and close at any moment, against a stream of messages that must arrive once each.
#[test]
fn nothing_is_lost_under_random_endings() {
    const MESSAGES: usize = if cfg!(miri) { 20 } else { 20_000 };
    const ENDINGS: usize = if cfg!(miri) { 2 } else { 100 };
    let (tx, rx) = bounded(4);
    let mut got: Vec<usize> = thread::scope(|scope| {
        scope.spawn(|| {
            (0..MESSAGES).for_each(|number| tx.send(number).unwrap());
            tx.close();
        });
        let lived: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut got = Vec::new();
                    for _ in 0..ENDINGS {
                        let domain = Domain::try_open().unwrap();
                        let held = rx.held_by(&domain).unwrap();
                        thread::scope(|inner| {
                            inner.spawn(|| {
                                thread::yield_now();
                                domain.close();
                            });
                            while let Ok(message) = held.recv() {
                                got.push(message);
                            }
                        });
                    }
                    got
                })
            })
            .collect();
        let mut got: Vec<usize> = rx.iter().collect();
        got.extend(lived.into_iter().flat_map(|thread| thread.join().unwrap()));
        // A message that was in the hands of a dying wait when the channel was drained is received now.
        got.extend(rx.try_iter());
        got
    });
    got.sort_unstable();
    assert!(got.into_iter().eq(0..MESSAGES));
}
