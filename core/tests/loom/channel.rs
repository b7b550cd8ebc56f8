//! Channels: nothing sleeps for ever, nothing is lost or doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crossinterp_core::{
    Receiver, RecvError, SendError, Sender, TryRecvError, WaitError, bounded, bounded_strict, rendezvous,
    unbounded,
};
use loom::thread;

use super::outcomes::explore;

/// A receiver that may look, find nothing and go to sleep just as the message comes is woken all the same. (A sleep that
/// nobody ends is a deadlock, which loom reports.)
#[test]
fn no_lost_wakeup() {
    explore([false, true], || {
        let (tx, rx) = unbounded();
        let receiver = thread::spawn(move || {
            let first = rx.try_recv();
            if first.is_err() {
                assert_eq!(rx.recv(), Ok(7));
            }
            (first.is_ok(), rx)
        });
        tx.try_send(7).unwrap();
        let (at_once, rx) = receiver.join().unwrap();
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        at_once
    });
}

/// A sender that looks, finds no room and begins to wait just as a receive makes some is woken all the same.
#[test]
fn no_lost_room() {
    explore([false, true], || {
        let (tx, rx) = bounded(1);
        tx.try_send(1).unwrap();
        let sender = thread::spawn(move || {
            let wait = tx.begin_send(2, Waker::noop().clone()).unwrap();
            let at_once = wait.is_settled();
            (tx, wait, at_once)
        });
        assert_eq!(rx.try_recv(), Ok(1));
        let (_tx, wait, at_once) = sender.join().unwrap();
        assert!(wait.is_settled(), "it would sleep for ever");
        assert_eq!(wait.finish(), Ok(()));
        assert_eq!(rx.try_recv(), Ok(2));
        at_once
    });
}

/// The last sender's going is seen by a receiver, asleep or not, and not before its last message.
#[test]
fn going_wakes_the_other_side() {
    explore([false, true], || {
        let (tx, rx) = unbounded();
        let receiver = thread::spawn(move || {
            let looked = rx.try_recv();
            let message = looked.or_else(|_| rx.recv().map_err(|RecvError| TryRecvError::Disconnected));
            assert_eq!(message, Ok(1));
            assert_eq!(rx.recv(), Err(RecvError));
            looked.is_ok()
        });
        tx.try_send(1).unwrap();
        drop(tx);
        receiver.join().unwrap()
    });
}

/// Closing against sending: a message is either received or handed back.
#[test]
fn close_drains() {
    explore([false, true], || {
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
        received.is_ok()
    });
}

/// A rendezvous: whoever comes first waits, and a receive that gives up took nothing.
#[test]
fn rendezvous_meets_or_not_at_all() {
    explore([false, true], || {
        let (tx, rx) = rendezvous();
        let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
        let sender = thread::spawn(move || tx.try_send(3));
        let received = wait.finish();
        let sending = sender.join().unwrap();
        assert_eq!(received.is_ok(), sending.is_ok(), "{received:?} {sending:?}");
        received.is_ok()
    });
}

/// Two receivers and two messages: each message once, the two of one sender in order for whoever got both.
#[test]
fn each_message_once() {
    explore([0, 1, 2], || {
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
        mine.len()
    });
}

/// A sender that begins to wait for room while the channel closes is woken.
#[test]
fn closing_misses_no_waiting_sender() {
    closing_misses_no_waiting_sender_of(bounded);
    closing_misses_no_waiting_sender_of(bounded_strict);
}

fn closing_misses_no_waiting_sender_of(channel: fn(usize) -> (Sender<u8>, Receiver<u8>)) {
    explore([false, true], move || {
        let (tx, rx) = channel(1);
        tx.send(1).unwrap();
        let closing = thread::spawn(move || {
            rx.close();
            rx
        });
        let wait = tx.begin_send(2, Waker::noop().clone()).unwrap();
        let at_once = wait.is_settled();
        let rx = closing.join().unwrap();
        assert!(wait.is_settled(), "it would sleep for ever");
        assert_eq!(wait.finish(), Err((2, WaitError::Disconnected)));
        assert_eq!(rx.try_recv(), Ok(1));
        at_once
    });
}

/// A receiver that begins to wait while the last sender goes is woken.
#[test]
fn closing_misses_no_waiting_receiver() {
    closing_misses_no_waiting_receiver_of(unbounded);
    closing_misses_no_waiting_receiver_of(|| bounded(1));
}

fn closing_misses_no_waiting_receiver_of(channel: fn() -> (Sender<u8>, Receiver<u8>)) {
    explore([false, true], move || {
        let (tx, rx) = channel();
        let closing = thread::spawn(move || drop(tx));
        let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
        let at_once = wait.is_settled();
        closing.join().unwrap();
        assert!(wait.is_settled(), "it would sleep for ever");
        assert_eq!(wait.finish(), Err(WaitError::Disconnected));
        at_once
    });
}

/// The same where there is no queue.
#[test]
fn closing_misses_nobody_who_meets() {
    explore([false, true], || {
        let (tx, rx) = rendezvous();
        let closing = thread::spawn(move || {
            rx.close();
            rx
        });
        let wait = tx.begin_send(2, Waker::noop().clone()).unwrap();
        let at_once = wait.is_settled();
        let rx = closing.join().unwrap();
        assert!(wait.is_settled(), "it would sleep for ever");
        assert_eq!(wait.finish(), Err((2, WaitError::Disconnected)));
        drop(rx);
        at_once
    });
}

/// A sender and a receiver that come to an empty rendezvous at once find each other.
#[test]
fn two_that_come_at_once_meet() {
    explore([false, true], || {
        let (tx, rx) = rendezvous();
        let sender = thread::spawn(move || {
            let wait = tx.begin_send(3, Waker::noop().clone()).unwrap();
            (tx, wait)
        });
        let mut wait = rx.begin_recv(Waker::noop().clone()).unwrap();
        let (_tx, sending) = sender.join().unwrap();
        let sent = sending.is_settled();
        assert!(wait.is_settled(), "both would sleep for ever");
        assert_eq!(wait.try_finish(Waker::noop().clone()), Some(Ok(3)));
        assert_eq!(sending.finish(), Ok(()));
        sent
    });
}

/// A receiver that was woken and goes wakes the next, while a message is on its way.
#[test]
fn the_baton_is_not_lost() {
    explore([false, true], || {
        let (tx, rx) = unbounded();
        let first = rx.begin_recv(Waker::noop().clone()).unwrap();
        let second = rx.begin_recv(Waker::noop().clone()).unwrap();
        let sender = thread::spawn(move || tx.try_send(1).map(|()| tx));
        drop(first);
        let at_once = second.is_settled();
        let _tx = sender.join().unwrap().unwrap();
        assert!(second.is_settled(), "it would sleep for ever");
        assert_eq!(second.finish(), Ok(1));
        at_once
    });
}

/// A message that a receive had been handed, and went without, is received before the sender's next one.
#[test]
fn what_was_returned_comes_first() {
    explore([false, true], || {
        let (tx, rx) = rendezvous();
        let first = rx.begin_recv(Waker::noop().clone()).unwrap();
        tx.try_send(1).unwrap();
        let receiver = thread::spawn(move || {
            drop(first);
            let second = rx.begin_recv(Waker::noop().clone()).unwrap();
            (second.finish(), rx)
        });
        assert!(tx.try_send(2).is_err(), "it overtook");
        let (second, rx) = receiver.join().unwrap();
        let got = second.or_else(|_| rx.try_recv());
        assert_eq!(got, Ok(1));
        assert!(rx.try_recv().is_err());
        second.is_ok()
    });
}

/// One sender's messages come in order, whether they are handed over or queued; and none is passed over for another.
#[test]
fn handing_over_overtakes_nothing() {
    explore([0, 1, 2], || {
        let (tx, rx) = unbounded();
        let receiver = thread::spawn(move || {
            let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
            let mut got = Vec::new();
            got.extend(wait.finish());
            got.extend(rx.try_recv());
            (got, rx)
        });
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        let (got, rx) = receiver.join().unwrap();
        let early = got.len();
        let all: Vec<_> = got.into_iter().chain(rx.try_iter()).collect();
        assert_eq!(all, [1, 2]);
        early
    });
}

/// Remembers that it was called. (Not loom's: nothing is ordered by it.)
#[derive(Default)]
struct Called(AtomicBool);

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A task that polls again, with another waker, while a message comes: it has the message, or that waker is called.
#[test]
fn the_last_waker_is_called() {
    explore([false, true], || {
        let (tx, rx) = unbounded();
        let mut wait = None;
        let first = Waker::from(Arc::new(Called::default()));
        assert!(rx.poll_recv(&Context::from_waker(&first), &mut wait).is_pending());
        let sender = thread::spawn(move || {
            tx.try_send(1).unwrap();
            tx
        });
        let called = Arc::new(Called::default());
        let second = Waker::from(called.clone());
        let mut polled = rx.poll_recv(&Context::from_waker(&second), &mut wait);
        let _tx = sender.join().unwrap();
        let at_once = polled.is_ready();
        if !at_once {
            assert!(called.0.load(Ordering::Relaxed), "the task would sleep for ever");
            polled = rx.poll_recv(&Context::from_waker(&second), &mut wait);
        }
        assert_eq!(polled, Poll::Ready(Ok(1)));
        at_once
    });
}

/// The same for a task that sends.
#[test]
fn the_last_waker_is_called_for_room() {
    explore([false, true], || {
        let (tx, rx) = rendezvous();
        let (mut message, mut wait) = (Some(1), None);
        let first = Waker::from(Arc::new(Called::default()));
        assert!(tx.poll_send(&Context::from_waker(&first), &mut message, &mut wait).is_pending());
        let receiver = thread::spawn(move || {
            let got = loop {
                match rx.try_recv() {
                    Ok(message) => break message,
                    Err(_) => thread::yield_now(),
                }
            };
            (got, rx)
        });
        let called = Arc::new(Called::default());
        let second = Waker::from(called.clone());
        let mut polled = tx.poll_send(&Context::from_waker(&second), &mut message, &mut wait);
        let (got, _rx) = receiver.join().unwrap();
        let at_once = polled.is_ready();
        if !at_once {
            assert!(called.0.load(Ordering::Relaxed), "the task would sleep for ever");
            polled = tx.poll_send(&Context::from_waker(&second), &mut message, &mut wait);
        }
        assert_eq!((polled, got), (Poll::Ready(Ok(())), 1));
        at_once
    });
}
