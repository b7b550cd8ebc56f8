//! Channels: nothing sleeps for ever, nothing is lost or doubled.

use std::task::Waker;

use crossinterp_core::{RecvError, SendError, TryRecvError, bounded, rendezvous, unbounded};
use loom::thread;

use super::outcomes::Outcomes;

/// A receiver that may look, find nothing and go to sleep just as the message comes is woken all the same. (A sleep that
/// nobody ends is a deadlock, which loom reports.)
#[test]
fn no_lost_wakeup() {
    let looked = Outcomes::new();
    let tally = looked.clone();
    loom::model(move || {
        let (tx, rx) = unbounded();
        let sender = thread::spawn(move || tx.send(7).unwrap());
        let first = rx.try_recv();
        tally.seen(first.is_ok());
        if first.is_err() {
            assert_eq!(rx.recv(), Ok(7));
        }
        sender.join().unwrap();
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    });
    looked.require([false, true]);
}

/// A sender that waits for room is woken by the receive that makes it, and its message takes the place in order.
#[test]
fn no_lost_room() {
    let waited = Outcomes::new();
    let tally = waited.clone();
    loom::model(move || {
        let (tx, rx) = bounded(1);
        tx.send(1).unwrap();
        let receiver = thread::spawn(move || [rx.recv(), rx.recv()]);
        match tx.try_send(2) {
            Ok(()) => tally.seen("room at once"),
            Err(full) => {
                tally.seen("waited");
                tx.send(full.into_inner()).unwrap();
            }
        }
        assert_eq!(receiver.join().unwrap(), [Ok(1), Ok(2)]);
    });
    waited.require(["room at once", "waited"]);
}

/// The last sender's going is seen by a receiver, asleep or not, and not before its last message.
#[test]
fn going_wakes_the_other_side() {
    let got = Outcomes::new();
    let tally = got.clone();
    loom::model(move || {
        let (tx, rx) = unbounded();
        let sender = thread::spawn(move || tx.send(1).unwrap());
        let looked = rx.try_recv();
        let message = looked.or_else(|_| rx.recv().map_err(|RecvError| TryRecvError::Disconnected));
        assert_eq!(message, Ok(1));
        assert_eq!(rx.recv(), Err(RecvError));
        tally.seen(looked.is_ok());
        sender.join().unwrap();
    });
    got.require([false, true]);
}

/// Closing against sending: a message is either received or handed back.
#[test]
fn close_drains() {
    let sent = Outcomes::new();
    let tally = sent.clone();
    loom::model(move || {
        let (tx, rx) = bounded(1);
        let sender = thread::spawn(move || tx.send(5));
        rx.close();
        let received = rx.recv();
        let sending = sender.join().unwrap();
        match received {
            Ok(5) => assert_eq!(sending, Ok(())),
            Err(RecvError) => assert_eq!(sending, Err(SendError(5))),
            Ok(other) => panic!("nobody sent {other}"),
        }
        tally.seen(received.is_ok());
    });
    sent.require([false, true]);
}

/// A rendezvous: whoever comes first waits, and a receive that gives up took nothing.
#[test]
fn rendezvous_meets_or_not_at_all() {
    let met = Outcomes::new();
    let tally = met.clone();
    loom::model(move || {
        let (tx, rx) = rendezvous();
        let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
        let sender = thread::spawn(move || tx.try_send(3));
        let received = wait.finish();
        let sending = sender.join().unwrap();
        assert_eq!(received.is_ok(), sending.is_ok(), "{received:?} {sending:?}");
        tally.seen(received.is_ok());
    });
    met.require([false, true]);
}

/// Two receivers and two messages: each message once, the two of one sender in order for whoever got both.
#[test]
fn each_message_once() {
    let shares = Outcomes::new();
    let tally = shares.clone();
    loom::model(move || {
        let (tx, rx) = unbounded();
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        drop(tx);
        let other = rx.clone();
        let thread = thread::spawn(move || other.try_iter().collect::<Vec<_>>());
        let mine: Vec<_> = rx.try_iter().collect();
        let theirs = thread.join().unwrap();
        let mut all = [mine.clone(), theirs.clone()].concat();
        assert!(mine.is_sorted() && theirs.is_sorted());
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        tally.seen(mine.len());
    });
    shares.require([0, 1, 2]);
}
