//! Overwriting: at most one value goes for the new one, nobody gets its place, and nobody who waits is missed.

use std::fmt::Debug;
use std::task::Waker;

use crossinterp_core::internals::ring::{PopError, PushError, ReplaceError, Ring};
use crossinterp_core::{OfferError, bounded};
use loom::sync::Arc;
use loom::thread;

use super::outcomes::{explore, explore_within};

fn noop() -> Waker {
    Waker::noop().clone()
}

/// Pushes it, or puts it in the place of the oldest: what was displaced.
fn put<T: Debug>(ring: &Ring<T>, mut value: T) -> Option<T> {
    loop {
        value = match ring.push(value) {
            Ok(_) => return None,
            Err(PushError::Full(value)) => match ring.replace(value) {
                Ok((oldest, _)) => return Some(oldest),
                Err(ReplaceError::NotFull(value)) => value,
                Err(ReplaceError::Busy(value)) => {
                    thread::yield_now();
                    value
                }
                Err(error) => panic!("it was not closed, and nothing given up: {error:?}"),
            },
            Err(PushError::Busy(value)) => {
                thread::yield_now();
                value
            }
            Err(PushError::Closed(_)) => panic!("nobody closed it"),
        };
    }
}

/// The consumer gets the oldest value, or what came in its place, whole; and what is displaced is not received.
#[test]
fn the_oldest_is_received_or_displaced() {
    explore([(None, 1), (Some(1), 2)], || {
        let ring = Arc::new(Ring::try_new(1).unwrap());
        ring.push(1).unwrap();
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || put(&ring, 2))
        };
        let got = loop {
            match ring.pop() {
                Ok((value, _)) => break value,
                Err(_) => thread::yield_now(),
            }
        };
        let displaced = producer.join().unwrap();
        if displaced.is_none() {
            assert_eq!(ring.pop(), Ok((2, false)));
        }
        assert_eq!(ring.pop(), Err(PopError::Empty));
        (displaced, got)
    });
}

/// Two that displace: one of them what was there, the other what the first one put in, or nothing where there are two.
#[test]
fn two_displace_one_each() {
    explore([(Some(1), Some(2), 3), (Some(3), Some(1), 2)], || {
        let ring = Arc::new(Ring::try_new(1).unwrap());
        ring.push(1).unwrap();
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || put(&ring, 2))
        };
        let displaced = put(&ring, 3);
        let theirs = other.join().unwrap();
        let left = ring.pop().unwrap().0;
        assert_eq!(ring.pop(), Err(PopError::Empty));
        (theirs, displaced, left)
    });
}

/// A producer that comes in between gets no room.
#[test]
fn nobody_gets_the_place() {
    explore([false, true], || {
        let ring = Arc::new(Ring::try_new(1).unwrap());
        ring.push(1).unwrap();
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || match ring.push(3) {
                Err(PushError::Full(3)) => false,
                Err(PushError::Busy(3)) => true,
                other => panic!("{other:?}"),
            })
        };
        assert_eq!(put(&ring, 2), Some(1));
        let in_between = other.join().unwrap();
        assert_eq!((ring.pop(), ring.pop()), (Ok((2, false)), Err(PopError::Empty)));
        in_between
    });
}

/// Closing in the middle: a message is in the channel, or comes back, and nothing comes after the close was seen.
#[test]
fn closing_in_the_middle_loses_nothing() {
    explore(["after", "before", "between", "busy"], || {
        let (tx, rx) = bounded(1);
        tx.try_send(1).unwrap();
        let sender = thread::spawn(move || tx.offer_overwriting(2));
        rx.close();
        let first = rx.try_recv();
        let sent = sender.join().unwrap();
        let left: Vec<i32> = first.into_iter().chain(rx.try_iter()).collect();
        match sent {
            Ok(displaced) if displaced.is_sent() => {
                assert_eq!((displaced.collect::<Vec<_>>(), left), (vec![1], vec![2]));
                "after"
            }
            Ok(displaced) if displaced.len() == 2 => {
                assert_eq!((displaced.collect::<Vec<_>>(), left), (vec![1, 2], vec![]));
                "between"
            }
            // The first message was just being received.
            Ok(displaced) => {
                assert_eq!((displaced.collect::<Vec<_>>(), left), (vec![2], vec![1]));
                "busy"
            }
            Err(error) => {
                assert_eq!((error, left), (OfferError::Disconnected(2), vec![1]));
                "before"
            }
        }
    });
}

/// A receiver that takes a message, and begins to wait for more, just as another one displaces that, or finds it being
/// received, is told of what comes.
#[test]
fn no_receiver_is_missed() {
    let outcomes = [
        ("busy", false),
        ("displaced", false),
        ("displaced", true),
        ("sent", false),
        ("sent", true),
        ("taken", false),
    ];
    explore_within(2, outcomes, || {
        let (tx, rx) = bounded(1);
        tx.try_send(1).unwrap();
        let receiver = thread::spawn(move || {
            let first = rx.try_recv().ok();
            let wait = rx.begin_recv(noop()).unwrap();
            (first, wait.is_settled(), wait, rx)
        });
        let displaced = tx.send_overwriting(2).unwrap();
        let (first, at_once, wait, rx) = receiver.join().unwrap();
        let is_to_come = displaced.is_sent() && first != Some(2);
        assert_eq!(wait.is_settled(), is_to_come, "it would sleep for ever");
        let what = match (displaced.is_sent(), first) {
            (false, _) => "busy",
            (true, Some(1)) => "sent",
            (true, Some(_)) => "taken",
            (true, None) => "displaced",
        };
        let mut all: Vec<i32> = displaced.chain(first).chain(wait.finish()).chain(rx.try_iter()).collect();
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        (what, at_once)
    });
}

/// A sender that begins to wait just as a message displaces another one is told of the room that comes later.
#[test]
fn no_sender_is_missed() {
    explore_within(2, [false, true], || {
        let (tx, rx) = bounded(1);
        tx.try_send(1).unwrap();
        let other = tx.clone();
        let sender = thread::spawn(move || {
            let wait = other.begin_send(3, noop()).unwrap();
            let at_once = wait.is_settled();
            (wait, at_once)
        });
        assert_eq!(tx.send_overwriting(2).unwrap().next(), Some(1));
        let (wait, at_once) = sender.join().unwrap();
        assert_eq!(rx.try_recv(), Ok(2));
        assert!(wait.is_settled(), "it would sleep for ever");
        assert_eq!(wait.finish(), Ok(()));
        assert_eq!(rx.try_recv(), Ok(3));
        at_once
    });
}
