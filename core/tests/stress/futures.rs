//! Sends and receives as futures, awaited or cancelled.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use crossinterp_core::{Receiver, Sender};

use crate::operations::{Received, Sent, moment, waker};
use crate::rounds::Rng;

/// Polls until it is over.
fn block_on<R>(future: impl Future<Output = R>) -> R {
    let (mut future, waker) = (pin!(future), waker());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

/// Polls a few times, now with a waker that wakes and now with one that does not.
fn poll_some<R>(future: &mut (impl Future<Output = R> + Unpin), rng: &mut Rng) -> Option<R> {
    for _ in 0..rng.below(4) {
        let waker = if rng.below(2) == 0 { waker() } else { Waker::noop().clone() };
        if let Poll::Ready(result) = pin!(&mut *future).poll(&mut Context::from_waker(&waker)) {
            return Some(result);
        }
        moment(rng);
    }
    None
}

pub(crate) fn send<T>(tx: &Sender<T>, message: T) -> Sent<T> {
    block_on(tx.send_async(message)).map_or_else(|error| Sent::Never(error.into_inner()), |()| Sent::Yes)
}

pub(crate) fn send_or_cancel<T>(tx: &Sender<T>, message: T, rng: &mut Rng) -> Sent<T> {
    let mut future = tx.clone().into_send_async(message);
    match poll_some(&mut future, rng) {
        Some(Ok(())) => Sent::Yes,
        Some(Err(error)) => Sent::Never(error.into_inner()),
        None if rng.below(2) == 0 => Sent::GivenUp,
        // It comes back unless it was sent.
        None => future.into_inner().map_or(Sent::Yes, Sent::NotNow),
    }
}

pub(crate) fn receive<T>(rx: &Receiver<T>) -> Result<T, Received> {
    block_on(rx.recv_async()).map_err(|_| Received::Never)
}

pub(crate) fn receive_or_cancel<T>(rx: &Receiver<T>, rng: &mut Rng) -> Result<T, Received> {
    match poll_some(&mut rx.clone().into_recv_async(), rng) {
        Some(received) => received.map_err(|_| Received::Never),
        None => Err(Received::NotNow),
    }
}
