//! Senders as sinks.

use alloc::borrow::Cow;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_sink::Sink;

use crate::channel::{OfferError, SendError, SendWait, Sender};

/// A sender as a sink (feature `futures`); see [`Sender::sink`] and [`Sender::into_sink`].
///
/// The sink has room for one message of its own, so that being ready reserves nothing in the channel, and a sink that is
/// dropped takes nothing with it that others wait for:
///
/// - `poll_ready` is ready when that room is free: it first sends what is there.
/// - `start_send` sends at once where the channel has room (on a rendezvous channel, where somebody receives), and else
///   keeps the message.
/// - `poll_flush` is ready when what was kept is sent: it is in the channel's queue, or on a rendezvous channel received.
/// - `poll_close` flushes, and then lets go of the end, which for a sink that owns it drops it: the channel is closed by
///   that only if it was the last sender. (To close it for all, there is [`Sender::close`].)
///
/// A message that is kept is sent by the next `poll_ready`, `poll_flush` or `poll_close`; it waits in the row of all sends
/// of the channel from the first of them on.
///
/// Every error has a message with it, the one that could not be sent. So `poll_ready` says nothing of a disconnected
/// channel while none is kept; the `start_send` after it does, with its message. After an error the sink has room again,
/// and says the same to the next message. A sink that was closed answers `start_send` with that error too.
///
/// **Dropping it** at any moment drops a message that it keeps, and passes the wake-up on if it had been woken;
/// [`SendSink::into_inner`] gives the message back instead.
///
/// Without memory for the waiting operation the process ends.
///
/// ```
/// use crossinterp_core::bounded;
/// use futures_util::{FutureExt as _, SinkExt as _};
///
/// let (tx, rx) = bounded(1);
/// let mut sink = tx.sink();
/// assert!(sink.send(1).now_or_never().is_some());
/// assert!(sink.send(2).now_or_never().is_none()); // it keeps the message, and waits for room
/// assert_eq!(rx.try_recv(), Ok(1));
/// assert!(sink.flush().now_or_never().is_some());
/// assert_eq!(rx.try_recv(), Ok(2));
/// ```
#[must_use = "sinks do nothing unless they are polled"]
pub struct SendSink<'a, T> {
    /// What is kept, until it waits to be sent.
    message: Option<T>,
    /// What has it from then on.
    wait: Option<SendWait<T>>,
    /// `None`: it was closed.
    sender: Option<Cow<'a, Sender<T>>>,
}

// The message is moved, never pinned.
impl<T> Unpin for SendSink<'_, T> {}

impl<'a, T> SendSink<'a, T> {
    fn new(sender: Cow<'a, Sender<T>>) -> Self {
        Self { message: None, wait: None, sender: Some(sender) }
    }

    /// The end through which it sends; `None` when the sink was closed.
    ///
    /// ```
    /// use crossinterp_core::bounded;
    /// use futures_util::{FutureExt as _, SinkExt as _};
    ///
    /// let (tx, rx) = bounded::<u8>(4);
    /// let mut sink = tx.into_sink();
    /// assert_eq!(sink.sender().unwrap().capacity(), Some(4));
    /// sink.close().now_or_never().unwrap().unwrap();
    /// assert!(sink.sender().is_none() && rx.is_closed());
    /// ```
    pub fn sender(&self) -> Option<&Sender<T>> {
        self.sender.as_deref()
    }

    /// The message that it keeps and that was not sent, if there is one. The sink goes, and its end if it owns it.
    ///
    /// ```
    /// use crossinterp_core::bounded;
    /// use futures_util::{FutureExt as _, SinkExt as _};
    ///
    /// let (tx, rx) = bounded(1);
    /// let mut sink = tx.sink();
    /// assert!(sink.feed(1).now_or_never().unwrap().is_ok());
    /// assert!(sink.feed(2).now_or_never().unwrap().is_ok()); // kept: the channel is full
    /// assert!(sink.flush().now_or_never().is_none());
    /// assert_eq!(sink.into_inner(), Some(2));
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1]);
    /// ```
    pub fn into_inner(mut self) -> Option<T> {
        self.message.take().or_else(|| self.wait.take()?.cancel())
    }

    fn is_free(&self) -> bool {
        self.message.is_none() && self.wait.is_none()
    }

    /// Sends what is kept.
    fn flush(&mut self, context: &Context<'_>) -> Poll<Result<(), SendError<T>>> {
        match &self.sender {
            Some(sender) if !self.is_free() => sender.poll_send(context, &mut self.message, &mut self.wait),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl<T> Sink<T> for SendSink<'_, T> {
    type Error = SendError<T>;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        self.get_mut().flush(context)
    }

    /// # Panics
    /// When it keeps a message: `poll_ready` was not ready before.
    fn start_send(self: Pin<&mut Self>, message: T) -> Result<(), SendError<T>> {
        let this = self.get_mut();
        assert!(this.is_free(), "`start_send` on a `SendSink` that is not ready");
        let Some(sender) = &this.sender else { return Err(SendError(message)) };
        match sender.offer(message) {
            Ok(()) => Ok(()),
            Err(OfferError::Disconnected(message) | OfferError::Ended(message)) => Err(SendError(message)),
            Err(OfferError::Full(message) | OfferError::NoMemory(message)) => {
                this.message = Some(message);
                Ok(())
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        self.get_mut().flush(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let this = self.get_mut();
        let flushed = ready!(this.flush(context));
        this.sender = None;
        Poll::Ready(flushed)
    }
}

impl<T> fmt::Debug for SendSink<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendSink")
            .field("sender", &self.sender())
            .field("wait", &self.wait)
            .field("free", &self.is_free())
            .finish()
    }
}

impl<T> Sender<T> {
    /// This end as a sink (feature `futures`).
    ///
    /// ```
    /// use crossinterp_core::bounded;
    /// use futures_executor::block_on;
    /// use futures_util::{SinkExt as _, stream};
    ///
    /// let (tx, rx) = bounded(1);
    /// let reader = std::thread::spawn(move || rx.iter().take(3).collect::<Vec<_>>());
    /// block_on(tx.sink().send_all(&mut stream::iter([Ok(1), Ok(2), Ok(3)]))).unwrap();
    /// assert_eq!(reader.join().unwrap(), [1, 2, 3]);
    /// ```
    pub fn sink(&self) -> SendSink<'_, T> {
        SendSink::new(Cow::Borrowed(self))
    }

    /// As [`Sender::sink`], with a sink that owns the end (feature `futures`). Closing the sink drops the end.
    ///
    /// ```
    /// use crossinterp_core::bounded;
    /// use futures_executor::block_on;
    /// use futures_util::{StreamExt as _, stream};
    ///
    /// let (tx, rx) = bounded(1);
    /// let reader = std::thread::spawn(move || rx.iter().collect::<Vec<_>>());
    /// // `forward` closes the sink when the stream ends, and so the iteration ends too.
    /// block_on(stream::iter([1, 2, 3]).map(Ok).forward(tx.into_sink())).unwrap();
    /// assert_eq!(reader.join().unwrap(), [1, 2, 3]);
    /// ```
    pub fn into_sink<'a>(self) -> SendSink<'a, T>
    where
        T: 'a,
    {
        SendSink::new(Cow::Owned(self))
    }
}
