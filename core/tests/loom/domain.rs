//! Domains: ending at any moment loses nothing and leaves nobody asleep.

use std::task::Waker;

use crossinterp_core::{Domain, RecvError, WaitError, rendezvous, unbounded};
use loom::thread;

use super::outcomes::explore;

/// A receive of a domain that ends, against a message on its way: it gets the message, or the message is still there for
/// the next receiver, whoever took it first.
#[test]
fn a_dying_waiter_gives_its_message_back() {
    explore([false, true], || {
        let domain = Domain::try_open().unwrap();
        let (tx, rx) = unbounded();
        let held = rx.held_by(&domain).unwrap();
        let wait = held.begin_recv(Waker::noop().clone()).unwrap();
        let ending = domain.clone();
        let thread = thread::spawn(move || ending.end_waits());
        tx.try_send(7).unwrap();
        let received = wait.finish();
        thread.join().unwrap();
        match received {
            Ok(message) => assert_eq!(message, 7),
            // Pending: finished while it was being ended.
            Err(WaitError::Ended | WaitError::Pending) => assert_eq!(rx.try_recv(), Ok(7)),
            other => panic!("{other:?}"),
        }
        assert!(rx.try_recv().is_err(), "a message was doubled");
        received.is_ok()
    });
}

/// The same from hand to hand, where the message may be on its way into the wait.
#[test]
fn a_dying_rendezvous_gives_its_message_back() {
    explore([0, 1], || {
        let domain = Domain::try_open().unwrap();
        let (tx, rx) = rendezvous();
        let held = rx.held_by(&domain).unwrap();
        let wait = held.begin_recv(Waker::noop().clone()).unwrap();
        let next = rx.begin_recv(Waker::noop().clone()).unwrap();
        let ending = domain.clone();
        let thread = thread::spawn(move || ending.end_waits());
        tx.try_send(7).unwrap();
        thread.join().unwrap();
        assert_eq!(wait.finish(), Err(WaitError::Ended));
        assert!(next.is_settled(), "it would sleep for ever");
        let returned = rx.len();
        assert_eq!(next.finish(), Ok(7));
        returned
    });
}

/// A thread that goes to sleep in a receive while its domain ends does not sleep for ever.
#[test]
fn ending_wakes_every_wait() {
    explore([false, true], || {
        let domain = Domain::try_open().unwrap();
        let (_tx, rx) = unbounded::<u8>();
        let held = rx.held_by(&domain).unwrap();
        // (In a thread of its own: it may be woken once more when it is through, which would disturb loom's join.)
        let receiver = thread::spawn(move || {
            let begun = held.begin_recv(Waker::noop().clone()).is_ok();
            assert_eq!(held.recv(), Err(RecvError));
            begun
        });
        domain.end_waits();
        receiver.join().unwrap()
    });
}

/// An end that its holder drops while its domain closes leaves the channel once: the other sender still counts.
#[test]
fn an_end_is_released_once() {
    explore([false, true], || {
        let domain = Domain::try_open().unwrap();
        let (tx, rx) = unbounded::<u8>();
        let held = tx.held_by(&domain).unwrap();
        let closing = domain.clone();
        let thread = thread::spawn(move || closing.close());
        let was_ended = held.is_ended();
        drop(held);
        thread.join().unwrap();
        assert_eq!(rx.sender_count(), 1);
        drop(tx);
        assert_eq!(rx.sender_count(), 0);
        was_ended
    });
}
