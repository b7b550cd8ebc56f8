//! Sends as futures.

use alloc::borrow::Cow;
use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::channel::{SendError, SendWait, Sender};

/// A send as a future; see [`Sender::send_async`] and [`Sender::into_send_async`].
///
/// It does nothing until it is polled. Then it waits in the row of all sends of the channel, whoever waits there by
/// whatever means, and the waker of the last poll is called when another poll is worth it. It may be moved between polls,
/// to another thread too if messages may (`T: Send`).
///
/// **Dropping it** at any moment cancels the send, and drops the message unless it was sent; if it had been woken because
/// there is room, the next send is woken in its place. To have the message back instead, ask for it by
/// [`SendFuture::into_inner`].
///
/// Without memory for the waiting operation the process ends.
///
/// ```
/// use core::pin::pin;
/// use core::task::{Context, Poll, Waker};
/// use crossinterp_core::bounded;
///
/// let (tx, rx) = bounded(1);
/// tx.try_send(1).unwrap();
/// let mut context = Context::from_waker(Waker::noop());
/// let mut future = pin!(tx.send_async(2));
/// assert_eq!(future.as_mut().poll(&mut context), Poll::Pending); // no room
/// assert_eq!(rx.try_recv(), Ok(1));
/// assert_eq!(future.as_mut().poll(&mut context), Poll::Ready(Ok(())));
/// assert_eq!(rx.try_recv(), Ok(2));
/// ```
#[must_use = "futures do nothing unless they are awaited or polled"]
pub struct SendFuture<'a, T> {
    /// What is to be sent, before the first poll.
    message: Option<T>,
    /// What has it from then on, until this is over.
    wait: Option<SendWait<T>>,
    sender: Cow<'a, Sender<T>>,
}

// The message is moved, never pinned.
impl<T> Unpin for SendFuture<'_, T> {}

impl<'a, T> SendFuture<'a, T> {
    fn new(sender: Cow<'a, Sender<T>>, message: T) -> Self {
        Self { message: Some(message), wait: None, sender }
    }

    /// The end through which it sends.
    ///
    /// ```
    /// let (tx, rx) = crossinterp_core::unbounded();
    /// let future = tx.into_send_async(1); // it has the only sender
    /// assert!(future.sender().is_empty()); // nothing is sent before it is polled
    /// drop(future);
    /// assert!(rx.is_closed());
    /// ```
    pub fn sender(&self) -> &Sender<T> {
        &self.sender
    }

    /// Whether it is over: it must not be polled again. (With the feature `futures`, what `FusedFuture` says.)
    ///
    /// ```
    /// let (tx, _rx) = crossinterp_core::unbounded();
    /// let mut future = tx.send_async(1);
    /// assert!(!future.is_terminated());
    /// assert_eq!(futures_executor::block_on(&mut future), Ok(()));
    /// assert!(future.is_terminated());
    /// ```
    pub fn is_terminated(&self) -> bool {
        self.message.is_none() && self.wait.is_none()
    }

    /// Cancels the send, and gives the message back. `None`: it was sent, or came back with the error.
    ///
    /// Nothing is tried at the last moment: a message that nobody has got comes back, even if there is room for it now.
    ///
    /// ```
    /// use core::pin::pin;
    /// use core::task::{Context, Waker};
    /// use crossinterp_core::{TryRecvError, rendezvous};
    ///
    /// let (tx, rx) = rendezvous();
    /// let mut future = tx.send_async("hello");
    /// let polled = pin!(&mut future).poll(&mut Context::from_waker(Waker::noop()));
    /// assert!(polled.is_pending()); // nobody receives, and a time limit of the caller's is over
    /// assert_eq!(future.into_inner(), Some("hello"));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// ```
    pub fn into_inner(mut self) -> Option<T> {
        self.message.take().or_else(|| self.wait.take()?.cancel())
    }
}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    /// # Panics
    /// When it is over.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        assert!(!this.is_terminated(), "`SendFuture` polled after it was over");
        this.sender.poll_send(context, &mut this.message, &mut this.wait)
    }
}

#[cfg(feature = "futures")]
impl<T> futures_core::FusedFuture for SendFuture<'_, T> {
    fn is_terminated(&self) -> bool {
        self.is_terminated()
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFuture")
            .field("sender", &*self.sender)
            .field("wait", &self.wait)
            .field("over", &self.is_terminated())
            .finish()
    }
}

impl<T> Sender<T> {
    /// Sends as a future: the task that awaits it sleeps while there is no room. It needs no runtime of its own.
    ///
    /// # Errors
    /// [`SendError`] with the message: the channel is closed or has no receivers, or the domain of this end ends.
    ///
    /// # Cancelling
    /// Dropping the future drops a message that was not sent; [`SendFuture::into_inner`] gives it back.
    ///
    /// ```
    /// use crossinterp_core::{SendError, bounded};
    /// use futures_executor::block_on;
    ///
    /// let (tx, rx) = bounded(1);
    /// let reader = std::thread::spawn(move || rx.iter().take(2).collect::<Vec<_>>());
    /// block_on(async {
    ///     tx.send_async(1).await.unwrap();
    ///     tx.send_async(2).await.unwrap();
    ///     assert_eq!(reader.join().unwrap(), [1, 2]);
    ///     assert_eq!(tx.send_async(3).await, Err(SendError(3))); // the only receiver is gone
    /// });
    /// ```
    pub fn send_async(&self, message: T) -> SendFuture<'_, T> {
        SendFuture::new(Cow::Borrowed(self), message)
    }

    /// As [`Sender::send_async`], with a future that owns the end, so that it can be kept in a struct or given to a task
    /// that outlives this function. The end goes with the future.
    ///
    /// ```
    /// use crossinterp_core::{RecvError, bounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// let task = std::thread::spawn(move || futures_executor::block_on(tx.into_send_async(1)));
    /// assert_eq!(task.join().unwrap(), Ok(()));
    /// assert_eq!((rx.recv(), rx.recv()), (Ok(1), Err(RecvError))); // the only sender went with its future
    /// ```
    pub fn into_send_async<'a>(self, message: T) -> SendFuture<'a, T>
    where
        T: 'a,
    {
        SendFuture::new(Cow::Owned(self), message)
    }
}
