//! Senders as sinks.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crossinterp_core::{Domain, SendError, SendSink, TryRecvError, bounded, rendezvous, unbounded};
use futures_executor::block_on;
use futures_util::future::join;
use futures_util::sink::{Sink, SinkExt as _};
use futures_util::{StreamExt as _, stream};
use static_assertions::{assert_impl_all, assert_not_impl_any};

use crate::tasks::Bell;
use crate::{Counted, Counter, Flavour};

assert_impl_all!(SendSink<'static, (u8, std::marker::PhantomPinned)>: Unpin, Send, Sync);
assert_not_impl_any!(SendSink<'static, *const u8>: Send, Sync);

type Polled<T> = Poll<Result<(), SendError<T>>>;

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

fn ready<T>(sink: &mut SendSink<'_, T>) -> Polled<T> {
    Pin::new(sink).poll_ready(&mut context())
}

fn start<T>(sink: &mut SendSink<'_, T>, message: T) -> Result<(), SendError<T>> {
    Pin::new(sink).start_send(message)
}

fn flush<T>(sink: &mut SendSink<'_, T>) -> Polled<T> {
    Pin::new(sink).poll_flush(&mut context())
}

fn close<T>(sink: &mut SendSink<'_, T>) -> Polled<T> {
    Pin::new(sink).poll_close(&mut context())
}

#[test]
fn a_sink_keeps_one_message_beside_the_queue() {
    for flavour in Flavour::ALL {
        let (tx, rx) = flavour.make();
        let mut sink = tx.sink();
        let most = flavour.capacity().unwrap_or(10);
        for number in 0..most {
            assert_eq!(ready(&mut sink), Poll::Ready(Ok(())));
            assert_eq!(start(&mut sink, number), Ok(()));
            assert_eq!(rx.len(), number + 1, "{flavour:?}: sent at once where there is room");
        }
        assert_eq!(flush(&mut sink), Poll::Ready(Ok(())));
        if flavour.capacity().is_none() {
            continue;
        }
        assert_eq!(ready(&mut sink), Poll::Ready(Ok(())), "{flavour:?}: its own room is free");
        assert_eq!(start(&mut sink, most), Ok(()));
        assert!(ready(&mut sink).is_pending() && flush(&mut sink).is_pending(), "{flavour:?}");
        assert!(close(&mut sink).is_pending() && sink.sender().is_some(), "{flavour:?}");
        assert_eq!(rx.try_recv(), Ok(0), "{flavour:?}");
        assert_eq!(ready(&mut sink), Poll::Ready(Ok(())), "{flavour:?}: what was kept is sent");
        assert_eq!(flush(&mut sink), Poll::Ready(Ok(())), "{flavour:?}");
        assert!(rx.try_iter().eq(1..=most), "{flavour:?}");
    }
}

#[test]
fn being_ready_reserves_nothing() {
    let (tx, rx) = bounded(1);
    let (mut idle, mut other) = (tx.sink(), tx.sink());
    assert_eq!(ready(&mut idle), Poll::Ready(Ok(())));
    assert_eq!(ready(&mut other), Poll::Ready(Ok(())));
    assert_eq!(start(&mut other, 1), Ok(()));
    drop(idle);
    assert_eq!(tx.try_send(2).unwrap_err().into_inner(), 2);
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Err(TryRecvError::Empty)));
}

#[test]
fn a_dropped_sink_drops_what_it_keeps_and_wakes_the_next() {
    for waits in [false, true] {
        for take_back in [false, true] {
            let counter = Counter::default();
            let (tx, rx) = bounded(1);
            tx.try_send(counter.message(0)).unwrap();
            let mut sink = tx.sink();
            start(&mut sink, counter.message(1)).unwrap();
            assert!(!waits || flush(&mut sink).is_pending());
            let (bell, mut next) = (Bell::new(), tx.send_async(counter.message(2)));
            assert!(bell.poll(&mut next).is_pending());
            assert_eq!(rx.try_recv().unwrap().number, 0);
            assert_eq!(bell.rings(), usize::from(!waits));
            if take_back {
                assert_eq!(sink.into_inner().unwrap().number, 1);
            } else {
                drop(sink);
            }
            assert_eq!((bell.rings(), counter.drops()), (1, 2));
            assert!(matches!(bell.poll(&mut next), Poll::Ready(Ok(()))));
            assert_eq!(rx.try_recv().unwrap().number, 2);
        }
    }
}

#[test]
fn errors_give_the_message_back() {
    let (tx, rx) = rendezvous();
    let mut sink = tx.sink();
    let bell = Bell::new();
    assert_eq!(start(&mut sink, 1), Ok(()));
    assert!(bell.poll(&mut sink.flush()).is_pending());
    drop(rx);
    assert_eq!(bell.rings(), 1);
    assert_eq!(flush(&mut sink), Poll::Ready(Err(SendError(1))));
    assert_eq!(ready(&mut sink), Poll::Ready(Ok(())), "it has no message to say it of");
    assert_eq!(start(&mut sink, 2), Err(SendError(2)));
    assert_eq!(close(&mut sink), Poll::Ready(Ok(())));
    assert_eq!(start(&mut sink, 3), Err(SendError(3)));
}

#[test]
fn a_close_that_fails_lets_go_all_the_same() {
    let (tx, rx) = bounded(1);
    let mut sink = tx.clone().into_sink();
    assert_eq!((start(&mut sink, 1), start(&mut sink, 2)), (Ok(()), Ok(())));
    rx.close();
    assert_eq!(close(&mut sink), Poll::Ready(Err(SendError(2))));
    assert!(sink.sender().is_none() && sink.into_inner().is_none());
    assert_eq!(rx.sender_count(), 1);
}

#[test]
fn closing_lets_go_of_the_end_and_of_no_other() {
    let (tx, rx) = unbounded();
    let (mut owning, mut borrowing) = (tx.clone().into_sink(), tx.sink());
    assert_eq!(start(&mut owning, 1), Ok(()));
    for _ in 0..2 {
        assert_eq!((close(&mut owning), close(&mut borrowing)), (Poll::Ready(Ok(())), Poll::Ready(Ok(()))));
    }
    assert_eq!((rx.sender_count(), rx.is_closed()), (1, false));
    assert_eq!(start(&mut borrowing, 2), Err(SendError(2)));
    assert_eq!((ready(&mut owning), flush(&mut owning)), (Poll::Ready(Ok(())), Poll::Ready(Ok(()))));
    tx.try_send(3).unwrap();
    drop(tx);
    assert!(rx.try_iter().eq([1, 3]));
    assert!(rx.is_closed());
}

#[test]
fn a_sink_of_a_domain_that_ends() {
    let domain = Domain::try_open().unwrap();
    let (tx, rx) = rendezvous();
    let mut sink = tx.held_by(&domain).unwrap().into_sink();
    assert_eq!(start(&mut sink, 1), Ok(()));
    assert!(flush(&mut sink).is_pending());
    domain.end_waits();
    assert_eq!(flush(&mut sink), Poll::Ready(Err(SendError(1))));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
#[should_panic(expected = "`start_send` on a `SendSink` that is not ready")]
fn a_sink_that_is_not_ready_starts_nothing() {
    let (tx, _rx) = rendezvous();
    let mut sink = tx.sink();
    start(&mut sink, 1).unwrap();
    _ = start(&mut sink, 2);
}

#[test]
fn sinks_and_streams_forward_everything_in_order() {
    for flavour in Flavour::ALL {
        let counter = Counter::default();
        let ((first, between), (second, last)) = (flavour.make::<Counted>(), flavour.make::<Counted>());
        let feed =
            stream::iter((0..100).map(|number| Ok(counter.message(number)))).forward(first.into_sink());
        let pass = between.into_stream().map(Ok).forward(second.into_sink());
        let numbers = last.into_stream().map(|message| message.number).collect::<Vec<_>>();
        let ((fed, passed), numbers) = block_on(join(join(feed, pass), numbers));
        assert!(fed.is_ok() && passed.is_ok(), "{flavour:?}");
        assert!(numbers.into_iter().eq(0..100), "{flavour:?}");
        assert_eq!(counter.drops(), 100, "{flavour:?}");
    }
}
