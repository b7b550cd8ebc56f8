//! Channels that are closed, and domains that end, while futures wait.

use std::task::Poll;

use crossinterp_core::{Domain, RecvError, SendError, TryRecvError};

use crate::tasks::{Bell, poll};
use crate::{Counter, Flavour};

#[test]
fn who_waits_is_told_of_the_close() {
    for flavour in Flavour::ALL {
        for how in 0..3 {
            let (tx, rx) = flavour.make::<u8>();
            let bell = Bell::new();
            let mut receive = rx.recv_async();
            assert!(bell.poll(&mut receive).is_pending());
            match how {
                0 => tx.close(),
                1 => rx.close(),
                _ => drop(tx),
            }
            assert_eq!(bell.rings(), 1, "{flavour:?}");
            assert_eq!(bell.poll(&mut receive), Poll::Ready(Err(RecvError)), "{flavour:?}");
            assert_eq!(poll(&mut rx.recv_async()), Poll::Ready(Err(RecvError)), "{flavour:?}");
        }
    }
}

#[test]
fn a_send_that_waits_gets_its_message_back_at_the_close() {
    for capacity in 0..3 {
        for how in 0..3 {
            let (tx, rx) = Flavour::Bounded(capacity).make();
            (0..capacity).for_each(|number| tx.try_send(number).unwrap());
            let bell = Bell::new();
            let mut send = tx.send_async(100);
            assert!(bell.poll(&mut send).is_pending());
            match how {
                0 => tx.close(),
                1 => rx.close(),
                _ => drop(rx),
            }
            assert_eq!(bell.rings(), 1, "{capacity}");
            assert_eq!(bell.poll(&mut send), Poll::Ready(Err(SendError(100))), "{capacity}");
            assert!(send.is_terminated() && send.into_inner().is_none());
            assert_eq!(poll(&mut tx.send_async(101)), Poll::Ready(Err(SendError(101))), "{capacity}");
        }
    }
}

#[test]
fn what_was_sent_before_the_close_is_received() {
    for flavour in Flavour::ALL {
        let (tx, rx) = flavour.make();
        let mut receive = rx.recv_async();
        assert!(poll(&mut receive).is_pending());
        tx.try_send(0).unwrap();
        tx.close();
        assert_eq!(poll(&mut receive), Poll::Ready(Ok(0)), "{flavour:?}");
        assert_eq!(poll(&mut rx.recv_async()), Poll::Ready(Err(RecvError)), "{flavour:?}");
    }
}

#[test]
fn a_domain_that_ends_ends_the_futures_of_its_ends() {
    for flavour in Flavour::ALL {
        for polled in [false, true] {
            let domain = Domain::try_open().unwrap();
            let counter = Counter::default();
            let (tx, rx) = flavour.make();
            let receive = rx.held_by(&domain).unwrap();
            let mut receive = receive.recv_async();
            let bell = Bell::new();
            assert!(bell.poll(&mut receive).is_pending());
            // A message that it was handed goes back to the channel.
            if polled {
                tx.try_send(counter.message(0)).unwrap();
            }
            domain.end_waits();
            assert_eq!(bell.rings(), 1, "{flavour:?}");
            assert!(matches!(bell.poll(&mut receive), Poll::Ready(Err(RecvError))), "{flavour:?}");
            assert_eq!(rx.try_recv().is_ok(), polled, "{flavour:?}");
            assert_eq!(counter.drops(), usize::from(polled), "{flavour:?}");
        }
    }
}

#[test]
fn a_send_gets_its_message_back_when_its_domain_ends() {
    for capacity in 0..3 {
        let domain = Domain::try_open().unwrap();
        let (tx, rx) = Flavour::Bounded(capacity).make();
        (0..capacity).for_each(|number| tx.try_send(number).unwrap());
        let held = tx.held_by(&domain).unwrap();
        let [bell, dropped, kept] = [Bell::new(), Bell::new(), Bell::new()];
        let (mut send, mut drops, mut keeps) =
            (held.send_async(100), held.send_async(101), held.send_async(102));
        assert!(bell.poll(&mut send).is_pending());
        assert!(dropped.poll(&mut drops).is_pending() && kept.poll(&mut keeps).is_pending());
        domain.end_waits();
        assert_eq!((bell.rings(), dropped.rings(), kept.rings()), (1, 1, 1), "{capacity}");
        assert_eq!(bell.poll(&mut send), Poll::Ready(Err(SendError(100))), "{capacity}");
        drop(drops);
        assert_eq!(keeps.into_inner(), Some(102), "{capacity}");
        assert_eq!(
            poll(&mut held.send_async(103)),
            Poll::Ready(Err(SendError(103))),
            "it would have to wait"
        );
        // Others go on.
        assert!(rx.try_iter().eq(0..capacity), "{capacity}");
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "{capacity}");
        let mut other = tx.send_async(104);
        _ = poll(&mut other);
        assert_eq!(rx.try_recv(), Ok(104), "{capacity}");
        domain.close();
        assert_eq!(poll(&mut held.send_async(105)), Poll::Ready(Err(SendError(105))), "{capacity}");
    }
}

#[test]
fn a_baton_of_a_future_whose_domain_ends_goes_to_the_next() {
    let domain = Domain::try_open().unwrap();
    let (tx, rx) = Flavour::Bounded(1).make();
    tx.try_send(0).unwrap();
    let held = tx.held_by(&domain).unwrap();
    let [dying, next] = [Bell::new(), Bell::new()];
    let (mut first, mut second) = (held.send_async(1), tx.send_async(2));
    assert!(dying.poll(&mut first).is_pending() && next.poll(&mut second).is_pending());
    assert_eq!(rx.try_recv(), Ok(0));
    assert_eq!((dying.rings(), next.rings()), (1, 0));
    domain.end_waits();
    assert_eq!(next.rings(), 1, "there is room, and nobody else is awake");
    assert_eq!(next.poll(&mut second), Poll::Ready(Ok(())));
    assert_eq!(dying.poll(&mut first), Poll::Ready(Err(SendError(1))));
}
