//! Messages in place: they are seen whole, their slots are used again, and nobody who waits is missed.

use std::task::Waker;

use crossinterp_core::{bounded, rendezvous};
use loom::thread;

use super::outcomes::explore_within;

fn noop() -> Waker {
    Waker::noop().clone()
}

/// What is received in place was written in place, all of it, and its slot is written again only when it was given up.
#[test]
fn a_slot_is_passed_to_and_fro() {
    explore_within(2, [false, true], || {
        let (tx, rx) = bounded(1);
        let receiver = thread::spawn(move || {
            let mut tries = 0;
            for number in 1..=2 {
                let message = loop {
                    match rx.try_recv_ref() {
                        Ok(message) => break message,
                        Err(_) => thread::yield_now(),
                    }
                    tries += usize::from(number == 1);
                };
                assert_eq!(*message, [number; 2]);
            }
            tries > 0
        });
        for number in 1..=2 {
            let room = loop {
                match tx.try_send_ref() {
                    Ok(room) => break room,
                    Err(_) => thread::yield_now(),
                }
            };
            room.write([number; 2]).send().unwrap();
        }
        receiver.join().unwrap()
    });
}

/// A sender that begins to wait while a message is being read, or given up, is told of the room.
#[test]
fn no_sender_is_missed() {
    explore_within(2, [false, true], || {
        let (tx, rx) = bounded(1);
        tx.try_send(1).unwrap();
        let sender = thread::spawn(move || {
            let wait = tx.begin_send(2, noop()).unwrap();
            (wait.is_settled(), wait, tx)
        });
        let message = rx.try_recv_ref().unwrap();
        assert_eq!(*message, 1);
        drop(message);
        let (at_once, wait, _tx) = sender.join().unwrap();
        assert!(wait.is_settled(), "it would sleep for ever");
        assert_eq!(wait.finish(), Ok(()));
        assert_eq!(*rx.try_recv_ref().unwrap(), 2);
        at_once
    });
}

/// A receiver that begins to wait while a message is being written is told of it, or, if it is given up, waits on.
#[test]
fn no_receiver_is_missed() {
    explore_within(2, [false, true], || {
        let (tx, rx) = bounded(1);
        let receiver = thread::spawn(move || {
            let wait = rx.begin_recv(noop()).unwrap();
            (wait.is_settled(), wait, rx)
        });
        drop(tx.try_send_ref().unwrap());
        let mut sent = tx.try_send_ref().unwrap().write(1);
        *sent = 2;
        sent.send().unwrap();
        let (at_once, wait, rx) = receiver.join().unwrap();
        assert!(wait.is_settled(), "it would sleep for ever");
        assert_eq!(wait.finish(), Ok(2));
        assert!(rx.try_recv_ref().is_err());
        drop(tx);
        at_once
    });
}

/// The forms that sleep: nobody sleeps for ever.
#[test]
fn who_sleeps_is_woken() {
    explore_within(1, [()], || {
        let (tx, rx) = bounded(1);
        tx.try_send(1).unwrap();
        let sender = thread::spawn(move || tx.send_ref().unwrap().write(2).send().unwrap());
        for number in 1..=2 {
            assert_eq!(*rx.recv_ref().unwrap(), number);
        }
        sender.join().unwrap();
    });
}

/// On a rendezvous the receiver that waits is claimed, and gets the message or leaves it.
#[test]
fn a_receiver_is_claimed_or_not() {
    explore_within(2, [(false, false), (true, false), (true, true)], || {
        let (tx, rx) = rendezvous();
        let wait = rx.begin_recv(noop()).unwrap();
        let sender = thread::spawn(move || match tx.try_send_ref() {
            Ok(room) => room.write(1).send().is_ok(),
            Err(_) => false,
        });
        let received = wait.finish();
        let sent = sender.join().unwrap();
        // One that was sent to a receiver who left waits for the next.
        let later = rx.try_recv_ref().map(|message| message.into_inner());
        assert_eq!(sent, received.is_ok() || later.is_ok());
        assert_eq!(received.is_ok() && later.is_ok(), false);
        (sent, received.is_ok())
    });
}
