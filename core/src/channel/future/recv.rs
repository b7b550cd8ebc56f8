//! Receives as futures.

use alloc::borrow::Cow;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::channel::{Receiver, RecvError, RecvWait};

/// A receive as a future; see [`Receiver::recv_async`] and [`Receiver::into_recv_async`].
///
/// It does nothing until it is polled. Then it waits in the row of all receives of the channel, whoever waits there by
/// whatever means, and the waker of the last poll is called when another poll is worth it. It may be moved between polls,
/// to another thread too if messages may (`T: Send`).
///
/// **Dropping it** at any moment cancels the receive and loses nothing: a message that it was handed and has not given out
/// goes to the next receive, before what was sent later (only a receive that was under way at that moment may take a
/// later one first); if it was only woken, the next one is woken in its place.
///
/// The clock of a receiver of `after` and its like keeps the waker until it is time, and calls it then, whatever became of
/// the future.
///
/// Without memory for the waiting operation the process ends.
///
/// ```
/// use core::pin::pin;
/// use core::task::{Context, Poll, Waker};
/// use crossinterp_core::unbounded;
///
/// let (tx, rx) = unbounded();
/// let mut context = Context::from_waker(Waker::noop());
/// let mut first = rx.recv_async();
/// assert!(pin!(&mut first).poll(&mut context).is_pending());
/// tx.try_send(1).unwrap(); // it is the first one's,
/// drop(first); // who does not take it
/// assert_eq!(pin!(rx.recv_async()).poll(&mut context), Poll::Ready(Ok(1)));
/// ```
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct RecvFuture<'a, T> {
    // Before the end: a message that comes back while this is dropped finds a receiver still there, or is discarded with
    // the last one.
    wait: Option<RecvWait<T>>,
    receiver: Cow<'a, Receiver<T>>,
    over: bool,
}

impl<'a, T> RecvFuture<'a, T> {
    fn new(receiver: Cow<'a, Receiver<T>>) -> Self {
        Self { wait: None, receiver, over: false }
    }

    /// The end through which it receives.
    ///
    /// ```
    /// let (tx, rx) = crossinterp_core::unbounded::<u8>();
    /// let future = rx.into_recv_async(); // it has the only receiver
    /// tx.try_send(1).unwrap();
    /// assert_eq!(future.receiver().len(), 1);
    /// ```
    pub fn receiver(&self) -> &Receiver<T> {
        &self.receiver
    }

    /// Whether it is over: it must not be polled again. (With the feature `futures`, what `FusedFuture` says.)
    ///
    /// ```
    /// let (tx, rx) = crossinterp_core::unbounded();
    /// tx.try_send(1).unwrap();
    /// let mut future = rx.recv_async();
    /// assert!(!future.is_terminated());
    /// assert_eq!(futures_executor::block_on(&mut future), Ok(1));
    /// assert!(future.is_terminated());
    /// ```
    pub fn is_terminated(&self) -> bool {
        self.over
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    /// # Panics
    /// When it is over.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        assert!(!this.over, "`RecvFuture` polled after it was over");
        let polled = this.receiver.poll_recv(context, &mut this.wait);
        this.over = polled.is_ready();
        polled
    }
}

#[cfg(feature = "futures")]
impl<T> futures_core::FusedFuture for RecvFuture<'_, T> {
    fn is_terminated(&self) -> bool {
        self.over
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvFuture")
            .field("receiver", &*self.receiver)
            .field("wait", &self.wait)
            .field("over", &self.over)
            .finish()
    }
}

impl<T> Receiver<T> {
    /// Receives as a future: the task that awaits it sleeps while there is no message. It needs no runtime of its own.
    ///
    /// # Errors
    /// [`RecvError`]: the channel is empty, and closed or without senders; or the domain of this end ends.
    ///
    /// # Cancelling
    /// Dropping the future loses nothing; see [`RecvFuture`].
    ///
    /// ```
    /// use crossinterp_core::{RecvError, unbounded};
    /// use futures_executor::block_on;
    ///
    /// let (tx, rx) = unbounded();
    /// std::thread::spawn(move || tx.try_send("hello").unwrap());
    /// block_on(async {
    ///     assert_eq!(rx.recv_async().await, Ok("hello"));
    ///     assert_eq!(rx.recv_async().await, Err(RecvError)); // the only sender is gone
    /// });
    /// ```
    pub fn recv_async(&self) -> RecvFuture<'_, T> {
        RecvFuture::new(Cow::Borrowed(self))
    }

    /// As [`Receiver::recv_async`], with a future that owns the end, so that it can be kept in a struct or given to a task
    /// that outlives this function. The end goes with the future.
    ///
    /// ```
    /// use crossinterp_core::{RecvFuture, unbounded};
    ///
    /// fn next<T>() -> (crossinterp_core::Sender<T>, RecvFuture<'static, T>) {
    ///     let (tx, rx) = unbounded();
    ///     (tx, rx.into_recv_async())
    /// }
    ///
    /// let (tx, future) = next();
    /// tx.try_send(1).unwrap();
    /// assert_eq!(futures_executor::block_on(future), Ok(1));
    /// assert!(tx.try_send(2).is_err()); // the only receiver went with its future
    /// ```
    pub fn into_recv_async<'a>(self) -> RecvFuture<'a, T>
    where
        T: 'a,
    {
        RecvFuture::new(Cow::Owned(self))
    }
}
