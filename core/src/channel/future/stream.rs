//! Receivers as streams.

use alloc::borrow::Cow;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use crate::channel::{Receiver, RecvWait};

/// The messages of a channel as a stream (feature `futures`); see [`Receiver::stream`] and [`Receiver::into_stream`].
///
/// It ends when a receive says that the channel is disconnected, or the domain of its end ends, and stays ended. Until
/// then it waits in the row of all receives of the channel, and the waker of the last poll is called.
///
/// **Dropping it** at any moment loses nothing: a message that it was handed and has not given out goes to the next
/// receive. A stream that waits and is not polled any more holds up nobody but itself, and keeps such a message: drop it
/// then.
///
/// Without memory for the waiting operation the process ends.
///
/// ```
/// use crossinterp_core::unbounded;
/// use futures_util::{FutureExt as _, StreamExt as _};
///
/// let (tx, rx) = unbounded();
/// let mut stream = rx.stream();
/// assert_eq!(stream.next().now_or_never(), None); // no message yet
/// tx.try_send(1).unwrap();
/// drop(tx);
/// assert_eq!(stream.next().now_or_never(), Some(Some(1)));
/// assert_eq!(stream.next().now_or_never(), Some(None)); // over
/// ```
#[must_use = "streams do nothing unless they are polled"]
pub struct RecvStream<'a, T> {
    // Before the end, as in a `RecvFuture`.
    wait: Option<RecvWait<T>>,
    receiver: Cow<'a, Receiver<T>>,
    over: bool,
}

impl<'a, T> RecvStream<'a, T> {
    fn new(receiver: Cow<'a, Receiver<T>>) -> Self {
        Self { wait: None, receiver, over: false }
    }

    /// The end through which it receives.
    ///
    /// ```
    /// let (tx, rx) = crossinterp_core::unbounded();
    /// let stream = rx.into_stream(); // it has the only receiver
    /// tx.try_send(1).unwrap();
    /// assert_eq!(stream.receiver().len(), 1);
    /// ```
    pub fn receiver(&self) -> &Receiver<T> {
        &self.receiver
    }
}

impl<T> Stream for RecvStream<'_, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        let polled = this.receiver.poll_recv(context, &mut this.wait);
        this.over = matches!(polled, Poll::Ready(Err(_)));
        polled.map(Result::ok)
    }
}

impl<T> FusedStream for RecvStream<'_, T> {
    fn is_terminated(&self) -> bool {
        self.over
    }
}

impl<T> fmt::Debug for RecvStream<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvStream")
            .field("receiver", &*self.receiver)
            .field("wait", &self.wait)
            .field("over", &self.over)
            .finish()
    }
}

impl<T> Receiver<T> {
    /// The messages as a stream, until the channel is disconnected (feature `futures`).
    ///
    /// ```
    /// use crossinterp_core::bounded;
    /// use futures_executor::block_on;
    /// use futures_util::StreamExt as _;
    ///
    /// let (tx, rx) = bounded(1);
    /// std::thread::spawn(move || (1..=3).for_each(|number| tx.send(number).unwrap()));
    /// assert_eq!(block_on(rx.stream().collect::<Vec<_>>()), [1, 2, 3]);
    /// ```
    pub fn stream(&self) -> RecvStream<'_, T> {
        RecvStream::new(Cow::Borrowed(self))
    }

    /// As [`Receiver::stream`], with a stream that owns the end (feature `futures`).
    ///
    /// ```
    /// use crossinterp_core::unbounded;
    /// use futures_executor::block_on;
    /// use futures_util::StreamExt as _;
    ///
    /// let (tx, rx) = unbounded();
    /// tx.try_send(1).unwrap();
    /// let mut stream = rx.into_stream();
    /// assert_eq!(block_on(stream.next()), Some(1));
    /// drop(stream);
    /// assert!(tx.is_closed());
    /// ```
    pub fn into_stream<'a>(self) -> RecvStream<'a, T>
    where
        T: 'a,
    {
        RecvStream::new(Cow::Owned(self))
    }
}
