//! Receivers as streams.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use crossinterp_core::{Domain, RecvError, RecvFuture, RecvStream, SendFuture, unbounded};
use futures_core::{FusedFuture, FusedStream, Stream};
use futures_executor::block_on;
use futures_util::future::join;
use futures_util::{FutureExt as _, StreamExt as _};
use static_assertions::{assert_impl_all, assert_not_impl_any};

use crate::tasks::{Bell, poll};
use crate::{Counter, Flavour};

assert_impl_all!(RecvStream<'static, (u8, std::marker::PhantomPinned)>: Unpin, Send, Sync, FusedStream);
assert_not_impl_any!(RecvStream<'static, *const u8>: Send, Sync);
assert_impl_all!(RecvFuture<'static, u8>: FusedFuture);
assert_impl_all!(SendFuture<'static, u8>: FusedFuture);

fn next<S: Stream + Unpin>(stream: &mut S) -> Poll<Option<S::Item>> {
    Pin::new(stream).poll_next(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_stream_ends_once_and_for_all() {
    for flavour in Flavour::ALL {
        let (tx, rx) = flavour.make();
        let mut stream = rx.stream();
        let bell = Bell::new();
        assert!(bell.poll(&mut stream.next()).is_pending());
        tx.try_send(1).unwrap();
        assert_eq!(bell.rings(), 1, "{flavour:?}");
        assert_eq!(next(&mut stream), Poll::Ready(Some(1)), "{flavour:?}");
        assert!(next(&mut stream).is_pending() && !stream.is_terminated());
        drop(tx);
        for _ in 0..3 {
            assert_eq!(next(&mut stream), Poll::Ready(None), "{flavour:?}");
            assert!(stream.is_terminated(), "{flavour:?}");
        }
    }
}

#[test]
fn a_stream_drains_what_was_sent_before_the_close() {
    let (tx, rx) = unbounded();
    (0..5).for_each(|number| tx.try_send(number).unwrap());
    tx.close();
    assert_eq!(block_on(rx.into_stream().collect::<Vec<_>>()), [0, 1, 2, 3, 4]);
}

#[test]
fn a_stream_ends_with_its_domain() {
    let domain = Domain::try_open().unwrap();
    let (tx, rx) = unbounded();
    let mut stream = rx.held_by(&domain).unwrap().into_stream();
    assert!(next(&mut stream).is_pending());
    tx.try_send(1).unwrap();
    domain.end_waits();
    assert_eq!(next(&mut stream), Poll::Ready(None));
    assert!(stream.is_terminated());
    assert_eq!(rx.try_recv(), Ok(1), "what it was handed is not lost");
}

#[test]
fn a_dropped_stream_gives_its_message_to_the_next() {
    for flavour in Flavour::ALL {
        let counter = Counter::default();
        let (tx, rx) = flavour.make();
        let (mut gone, mut stays) = (rx.stream(), rx.clone().into_stream());
        let bell = Bell::new();
        assert!(next(&mut gone).is_pending() && bell.poll(&mut stays.next()).is_pending());
        tx.try_send(counter.message(0)).unwrap();
        assert_eq!(bell.rings(), 0);
        drop(gone);
        assert_eq!((bell.rings(), counter.drops()), (1, 0), "{flavour:?}");
        assert!(matches!(next(&mut stays), Poll::Ready(Some(message)) if message.number == 0), "{flavour:?}");
        assert_eq!(stays.receiver().len(), 0);
    }
}

#[test]
fn streams_share_a_channel() {
    for flavour in Flavour::ALL {
        let (tx, rx) = flavour.make();
        let sum =
            |stream: RecvStream<'static, u64>| stream.fold(0, |sum, number| async move { sum + number });
        let receive = join(sum(rx.clone().into_stream()), sum(rx.into_stream()));
        let send = async move {
            for number in 0..100 {
                tx.send_async(number).await.unwrap();
            }
        };
        let ((first, second), ()) = block_on(join(receive, send));
        assert_eq!(first + second, 4950, "{flavour:?}");
    }
}

#[test]
fn futures_say_when_they_are_over() {
    let (tx, rx) = unbounded();
    let (mut send, mut receive) = (tx.send_async(1), rx.recv_async());
    assert!(!FusedFuture::is_terminated(&send) && !FusedFuture::is_terminated(&receive));
    assert!(poll(&mut receive).is_pending());
    assert_eq!(poll(&mut send), Poll::Ready(Ok(())));
    assert!(FusedFuture::is_terminated(&send) && !FusedFuture::is_terminated(&receive));
    assert_eq!(poll(&mut receive), Poll::Ready(Ok(1)));
    assert!(FusedFuture::is_terminated(&receive));
    tx.close();
    assert_eq!(pin!(rx.recv_async()).now_or_never(), Some(Err(RecvError)));
}
