//! Futures dropped at every stage, and moved, and polled with other wakers.

use std::marker::PhantomPinned;
use std::task::Poll;

use crossinterp_core::{
    Receiver, RecvFuture, SendError, SendFuture, Sender, TryRecvError, bounded, never, rendezvous, unbounded,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};

use crate::tasks::{Bell, poll};
use crate::{Counter, Flavour};

assert_impl_all!(SendFuture<'static, (u8, PhantomPinned)>: Unpin, Send, Sync);
assert_impl_all!(RecvFuture<'static, (u8, PhantomPinned)>: Unpin, Send, Sync);
assert_not_impl_any!(SendFuture<'static, *const u8>: Send, Sync);
assert_not_impl_any!(RecvFuture<'static, *const u8>: Send, Sync);

/// The flavours that a send may wait on.
fn with_limits() -> impl Iterator<Item = Flavour> {
    Flavour::ALL.into_iter().filter(|flavour| flavour.capacity().is_some())
}

/// Fills the queue.
fn full(flavour: Flavour, counter: &Counter) -> (Sender<crate::Counted>, Receiver<crate::Counted>) {
    let (tx, rx) = flavour.make();
    for number in 0..flavour.capacity().unwrap() {
        tx.try_send(counter.message(number)).unwrap();
    }
    (tx, rx)
}

#[test]
fn a_future_that_is_not_polled_does_nothing() {
    for flavour in Flavour::ALL {
        let counter = Counter::default();
        let (tx, rx) = flavour.make();
        drop((tx.send_async(counter.message(0)), rx.recv_async()));
        assert_eq!(counter.drops(), 1, "{flavour:?}");
        assert_eq!(tx.send_async(counter.message(1)).into_inner().unwrap().number, 1);
        assert_eq!((tx.len(), counter.drops()), (0, 2), "{flavour:?}");
        assert_eq!((tx.memory().waiters, rx.memory().waiters), (0, 0), "{flavour:?}");
    }
}

#[test]
fn a_dropped_send_drops_its_message_and_no_other() {
    for flavour in with_limits() {
        let counter = Counter::default();
        let (tx, rx) = full(flavour, &counter);
        let queued = tx.len();
        let mut sends: Vec<_> =
            (0..3).map(|number| tx.clone().into_send_async(counter.message(queued + number))).collect();
        assert!(sends.iter_mut().all(|send| poll(send).is_pending()), "{flavour:?}");
        drop(sends.remove(1));
        assert_eq!(counter.drops(), 1, "{flavour:?}");
        assert_eq!(sends.remove(0).into_inner().unwrap().number, queued);
        assert_eq!(counter.drops(), 2, "{flavour:?}");
        let numbers: Vec<_> = (0..=queued)
            .map(|_| {
                let number = rx.try_recv().unwrap().number;
                _ = sends.first_mut().is_some_and(|send| !send.is_terminated() && poll(send).is_ready());
                number
            })
            .collect();
        assert!(numbers.into_iter().eq((0..queued).chain([queued + 2])), "{flavour:?}");
        assert_eq!(counter.drops(), queued + 3, "{flavour:?}");
    }
}

#[test]
fn a_dropped_send_passes_the_wake_up_on() {
    for take_back in [false, true] {
        let counter = Counter::default();
        let (tx, rx) = full(Flavour::Bounded(1), &counter);
        let bells = [Bell::new(), Bell::new()];
        let (mut first, mut second) = (tx.send_async(counter.message(1)), tx.send_async(counter.message(2)));
        assert!(bells[0].poll(&mut first).is_pending() && bells[1].poll(&mut second).is_pending());
        assert_eq!(rx.try_recv().unwrap().number, 0);
        assert_eq!((bells[0].rings(), bells[1].rings()), (1, 0));
        if take_back {
            assert_eq!(first.into_inner().unwrap().number, 1, "there is room, but nobody sent it");
        } else {
            drop(first);
        }
        assert_eq!(bells[1].rings(), 1);
        assert!(matches!(poll(&mut second), Poll::Ready(Ok(()))));
        assert_eq!(rx.try_recv().unwrap().number, 2);
        assert_eq!(counter.drops(), 3);
    }
}

#[test]
fn a_send_that_was_taken_has_nothing_to_give_back() {
    for (polled, take_back) in [(false, false), (false, true), (true, true)] {
        let counter = Counter::default();
        let (tx, rx) = rendezvous();
        let mut send = tx.send_async(counter.message(0));
        let bell = Bell::new();
        assert!(bell.poll(&mut send).is_pending());
        let message = rx.try_recv().unwrap();
        assert_eq!((message.number, bell.rings()), (0, 1));
        if polled {
            assert!(matches!(bell.poll(&mut send), Poll::Ready(Ok(()))));
            assert!(send.is_terminated());
        }
        if take_back {
            assert!(send.into_inner().is_none());
        } else {
            drop(send);
        }
        assert_eq!(counter.drops(), 0);
        drop(message);
        assert_eq!(counter.drops(), 1);
    }
}

#[test]
fn a_dropped_receive_gives_its_message_to_the_next() {
    for flavour in Flavour::ALL {
        let counter = Counter::default();
        let (tx, rx) = flavour.make();
        let bells = [Bell::new(), Bell::new(), Bell::new()];
        let (mut gone, mut first, mut second) = (rx.recv_async(), rx.recv_async(), rx.recv_async());
        assert!(bells[2].poll(&mut gone).is_pending());
        assert!(bells[0].poll(&mut first).is_pending() && bells[1].poll(&mut second).is_pending());
        drop(gone);
        tx.try_send(counter.message(0)).unwrap();
        assert_eq!((bells[0].rings(), bells[1].rings(), bells[2].rings()), (1, 0, 0), "{flavour:?}");
        drop(first);
        assert_eq!((bells[1].rings(), counter.drops()), (1, 0), "{flavour:?}");
        let Poll::Ready(Ok(message)) = poll(&mut second) else { panic!("{flavour:?}: the message is lost") };
        assert_eq!(message.number, 0);
        drop(message);
        assert_eq!((counter.drops(), rx.len()), (1, 0), "{flavour:?}");
    }
}

#[test]
fn what_comes_back_is_received_before_what_was_sent_later() {
    for flavour in Flavour::ALL {
        let (tx, rx) = flavour.make();
        let mut receive = rx.recv_async();
        assert!(poll(&mut receive).is_pending());
        tx.try_send(0).unwrap();
        let mut later = tx.send_async(1);
        let sent = poll(&mut later).is_ready();
        drop(receive);
        assert_eq!(rx.try_recv(), Ok(0), "{flavour:?}");
        assert!(sent != (flavour.capacity() == Some(0)), "{flavour:?}");
        assert_eq!(rx.try_recv(), Ok(1), "{flavour:?}");
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "{flavour:?}");
    }
}

#[test]
fn the_last_receiver_goes_with_its_future_and_the_message() {
    for flavour in Flavour::ALL {
        let counter = Counter::default();
        let (tx, rx) = flavour.make();
        let mut receive = rx.into_recv_async();
        assert!(poll(&mut receive).is_pending());
        tx.try_send(counter.message(0)).unwrap();
        assert_eq!(receive.receiver().receiver_count(), 1);
        drop(receive);
        assert_eq!(counter.drops(), 1, "{flavour:?}");
        assert!(matches!(poll(&mut tx.send_async(counter.message(1))), Poll::Ready(Err(SendError(_)))));
        assert_eq!(counter.drops(), 2, "{flavour:?}");
    }
}

#[test]
fn only_the_last_waker_of_a_receive_is_called() {
    for flavour in Flavour::ALL {
        let (tx, rx) = flavour.make();
        let [old, new] = [Bell::new(), Bell::new()];
        let mut receive = rx.into_recv_async();
        assert!(old.poll(&mut receive).is_pending());
        // To another task, on another thread.
        let mut receive = std::thread::spawn({
            let new = new.clone();
            move || {
                assert!(new.poll(&mut receive).is_pending());
                receive
            }
        })
        .join()
        .unwrap();
        tx.try_send(7).unwrap();
        assert_eq!((old.rings(), new.rings()), (0, 1), "{flavour:?}");
        assert_eq!(poll(&mut receive), Poll::Ready(Ok(7)));
    }
}

#[test]
fn only_the_last_waker_of_a_send_is_called() {
    for flavour in with_limits() {
        let counter = Counter::default();
        let (tx, rx) = full(flavour, &counter);
        let [old, new] = [Bell::new(), Bell::new()];
        let mut send = tx.into_send_async(counter.message(9));
        assert!(old.poll(&mut send).is_pending());
        let mut send = std::thread::spawn({
            let new = new.clone();
            move || {
                assert!(new.poll(&mut send).is_pending());
                send
            }
        })
        .join()
        .unwrap();
        _ = rx.try_recv().unwrap();
        assert_eq!((old.rings(), new.rings()), (0, 1), "{flavour:?}");
        assert!(matches!(poll(&mut send), Poll::Ready(Ok(()))), "{flavour:?}");
    }
}

#[test]
fn messages_may_borrow_and_futures_own_their_end() {
    let text = String::from("hello");
    let (tx, rx) = bounded(1);
    let (mut send, mut receive) = (tx.into_send_async(text.as_str()), rx.into_recv_async());
    assert_eq!(poll(&mut send), Poll::Ready(Ok(())));
    assert_eq!(send.sender().capacity(), Some(1));
    assert_eq!(poll(&mut receive), Poll::Ready(Ok("hello")));
    assert!(send.is_terminated() && receive.is_terminated());
    assert!(format!("{send:?}{receive:?}").contains("over: true"));
}

#[test]
fn a_channel_that_never_has_a_message_keeps_a_future_waiting() {
    let rx = never::<u8>();
    let mut receive = rx.recv_async();
    assert!(poll(&mut receive).is_pending() && poll(&mut receive).is_pending());
    drop(receive);
    assert!(poll(&mut rx.into_recv_async()).is_pending());
}

#[test]
#[should_panic(expected = "`RecvFuture` polled after it was over")]
fn a_receive_that_is_over_is_not_polled() {
    let (tx, rx) = unbounded();
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    let mut receive = rx.recv_async();
    assert_eq!(poll(&mut receive), Poll::Ready(Ok(1)));
    _ = poll(&mut receive);
}

#[test]
#[should_panic(expected = "`SendFuture` polled after it was over")]
fn a_send_that_is_over_is_not_polled() {
    let (tx, _rx) = unbounded();
    let mut send = tx.send_async(1);
    assert_eq!(poll(&mut send), Poll::Ready(Ok(())));
    _ = poll(&mut send);
}
