//! Batches: as many are woken as there are messages, or places, and what is woken is passed on.

use std::collections::VecDeque;
use std::task::Waker;

use crossinterp_core::{bounded, rendezvous, unbounded};
use loom::thread;

use super::outcomes::{explore, explore_within};

fn noop() -> Waker {
    Waker::noop().clone()
}

/// Two receivers that begin to wait while a batch of two comes: neither sleeps on, and each gets one.
#[test]
fn a_batch_misses_no_waiter() {
    explore_within(2, [(false, false), (false, true), (true, false), (true, true)], || {
        let (tx, rx) = bounded(2);
        let receiver = thread::spawn(move || {
            let first = rx.begin_recv(noop()).unwrap();
            let second = rx.begin_recv(noop()).unwrap();
            let at_once = (first.is_settled(), second.is_settled());
            (rx, first, second, at_once)
        });
        let mut messages = VecDeque::from([1, 2]);
        assert_eq!(tx.try_send_many(&mut messages), Ok(2));
        let (_rx, first, second, at_once) = receiver.join().unwrap();
        assert!(first.is_settled() && second.is_settled(), "one would sleep for ever");
        // (Which one was first is not ordered with the send.)
        let mut got = [first.finish().unwrap(), second.finish().unwrap()];
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        at_once
    });
}

/// Two receivers wait, and the first goes as a batch of two comes, which it may have been handed, or woken for: the other
/// one gets a message, and none is lost.
#[test]
fn the_baton_is_passed_on_in_a_batch() {
    explore_within(2, [false, true], || {
        let (tx, rx) = unbounded();
        let first = rx.begin_recv(noop()).unwrap();
        let second = rx.begin_recv(noop()).unwrap();
        let sender = thread::spawn(move || {
            let mut messages = VecDeque::from([1, 2]);
            assert_eq!(tx.try_send_many(&mut messages), Ok(2));
            tx
        });
        drop(first);
        let at_once = second.is_settled();
        let _tx = sender.join().unwrap();
        assert!(second.is_settled(), "it would sleep for ever");
        let mut got = vec![second.finish().unwrap()];
        assert_eq!(rx.try_recv_many(&mut got, 8), Ok(1));
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        at_once
    });
}

/// Two senders that begin to wait while two messages are received by one call: neither sleeps on.
#[test]
fn a_batch_misses_no_sender() {
    explore_within(2, [(false, false), (false, true), (true, false), (true, true)], || {
        let (tx, rx) = bounded(2);
        assert_eq!(tx.try_send_many(&mut VecDeque::from([1, 2])), Ok(2));
        let sender = thread::spawn(move || {
            let first = tx.begin_send(3, noop()).unwrap();
            let second = tx.begin_send(4, noop()).unwrap();
            let at_once = (first.is_settled(), second.is_settled());
            (tx, first, second, at_once)
        });
        let mut got = Vec::new();
        assert_eq!(rx.try_recv_many(&mut got, 2), Ok(2));
        let (_tx, first, second, at_once) = sender.join().unwrap();
        assert!(first.is_settled() && second.is_settled(), "one would sleep for ever");
        assert_eq!((first.finish(), second.finish()), (Ok(()), Ok(())));
        assert_eq!(rx.try_recv_many(&mut got, 8), Ok(2));
        // (The second one may have come to room that the first was woken for.)
        assert!(matches!(got[..], [1, 2, 3, 4] | [1, 2, 4, 3]), "{got:?}");
        at_once
    });
}

/// On a rendezvous a batch goes from hand to hand, and what is not taken stays with its sender.
#[test]
fn a_batch_of_a_rendezvous_is_taken_or_not() {
    explore([0, 1], || {
        let (tx, rx) = rendezvous();
        let wait = rx.begin_recv(noop()).unwrap();
        let sender = thread::spawn(move || {
            let mut messages = VecDeque::from([1, 2]);
            let sent = tx.try_send_many(&mut messages).unwrap_or(0);
            assert!(messages.iter().copied().eq(sent + 1..3));
            sent
        });
        let received = wait.finish();
        let sent = sender.join().unwrap();
        assert_eq!(received.ok(), (sent == 1).then_some(1));
        sent
    });
}
