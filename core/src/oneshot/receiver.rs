//! The receiving end.

use core::fmt;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::pin::Pin;
use core::task::{Context, Poll};

use super::slot::{Half, RECEIVER, SENDER, Sole, Word};
use crate::channel::{ParkError, Patience, RecvError, TryRecvError};
use crate::park::{Park, Wakeup};

/// The end that receives the message; also a future of it. Dropping it drops a message that is there, on this thread.
///
/// What takes it by `&mut` leaves it usable when no message came: after a time limit, or between two polls. (By `&mut` and
/// not by `&`, because there is one message: that nobody else receives at the same time makes it need no step that others
/// would see.) Once the message was taken, or the receiver has found that none will come, it is *terminated*: it has let go of
/// the channel, and says `Disconnected` for ever, also when it is polled again.
///
/// ```
/// use core::task::{Context, Poll, Waker};
/// use crossinterp_core::{RecvError, oneshot};
///
/// let (tx, rx) = oneshot::channel();
/// let mut context = Context::from_waker(Waker::noop());
/// let mut doubled = std::pin::pin!(async { Ok::<_, RecvError>(2 * rx.await?) });
/// assert_eq!(doubled.as_mut().poll(&mut context), Poll::Pending);
/// tx.send(21).unwrap();
/// assert_eq!(doubled.as_mut().poll(&mut context), Poll::Ready(Ok(42)));
/// ```
pub struct Receiver<T> {
    /// `None`: it is terminated.
    half: Option<Half<T, RECEIVER>>,
}

impl<T> Receiver<T> {
    #[inline]
    pub(super) fn new(half: Half<T, RECEIVER>) -> Self {
        Self { half: Some(half) }
    }

    /// Receives without waiting.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`]: there is no message yet; `Disconnected`: there will be none, because the sender was dropped, or
    /// this receiver was closed before it sent; or the message was taken before.
    ///
    /// ```
    /// use crossinterp_core::{TryRecvError, oneshot};
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.send("hello").unwrap();
    /// assert_eq!(rx.try_recv(), Ok("hello"));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let Some(half) = &self.half else { return Err(TryRecvError::Disconnected) };
        let word = half.look();
        if !word.is_over(SENDER) {
            return Err(TryRecvError::Empty);
        }
        self.take(word).ok_or(TryRecvError::Disconnected)
    }

    /// Receives as a task does. Until it is ready the waker of the last call is called, and no other. Not to be called again
    /// is to cancel the receive, which loses nothing; a call of the waker that comes then is for nothing.
    ///
    /// # Errors
    /// [`RecvError`]: there will be no message, or it was taken before.
    ///
    /// # Panics
    /// Only if cloning or dropping a waker does.
    ///
    /// ```
    /// use core::task::{Context, Poll, Waker};
    /// use crossinterp_core::{RecvError, oneshot};
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// let context = Context::from_waker(Waker::noop());
    /// assert_eq!(rx.poll_recv(&context), Poll::Pending);
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.poll_recv(&context), Poll::Ready(Ok(1)));
    /// assert_eq!(rx.poll_recv(&context), Poll::Ready(Err(RecvError)));
    /// ```
    pub fn poll_recv(&mut self, context: &Context<'_>) -> Poll<Result<T, RecvError>> {
        let Some(half) = &mut self.half else { return Poll::Ready(Err(RecvError)) };
        match half.wait(context.waker()) {
            Ok(()) => Poll::Pending,
            Err(word) => Poll::Ready(self.take(word).ok_or(RecvError)),
        }
    }

    /// Receives, sleeping by the embedder's means while there is no message. When it returns, the sleeper's waker was given
    /// back.
    ///
    /// # Errors
    /// [`ParkError::TimedOut`], `Interrupted`: the sleeper gave up, and no message had come at that moment;
    /// `Disconnected`: there will be none, or it was taken before.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{Park, ParkError, Wakeup, oneshot};
    ///
    /// /// Never sleeps: gives up at once.
    /// struct NoPatience;
    /// impl Park for NoPatience {
    ///     fn waker(&self) -> Waker {
    ///         Waker::noop().clone()
    ///     }
    ///     fn park(&self) -> Wakeup {
    ///         Wakeup::TimedOut
    ///     }
    /// }
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// assert_eq!(rx.recv_parking(&NoPatience), Err(ParkError::TimedOut));
    /// tx.send(7).unwrap();
    /// assert_eq!(rx.recv_parking(&NoPatience), Ok(7));
    /// ```
    pub fn recv_parking(&mut self, park: &impl Park) -> Result<T, ParkError> {
        let mut patience = Patience::new();
        loop {
            match self.try_recv() {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(ParkError::Disconnected),
                Err(TryRecvError::Empty) if patience.wait() => {}
                Err(TryRecvError::Empty) => return self.recv_asleep(park),
            }
        }
    }

    // Apart, so that what is seldom needed is not in the way of the rest.
    #[cold]
    #[inline(never)]
    fn recv_asleep(&mut self, park: &impl Park) -> Result<T, ParkError> {
        let waker = park.waker();
        let Some(half) = &mut self.half else { return Err(ParkError::Disconnected) };
        let word = loop {
            if let Err(word) = half.wait(&waker) {
                break word;
            }
            let given_up = match park.park() {
                Wakeup::Woken => continue,
                Wakeup::TimedOut => ParkError::TimedOut,
                Wakeup::Interrupted => ParkError::Interrupted,
            };
            match half.withdraw() {
                Ok(_waker) => return Err(given_up),
                Err(word) => break word,
            }
        };
        self.take(word).ok_or(ParkError::Disconnected)
    }

    /// From now on no message can come; one that was sent before can still be taken. If there is none, a sender that waits
    /// for that ([`Sender::poll_closed`](super::Sender::poll_closed)) is woken.
    ///
    /// ```
    /// use crossinterp_core::{SendError, TryRecvError, oneshot};
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// rx.close();
    /// assert_eq!(tx.send(1), Err(SendError(1)));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// tx.send(2).unwrap();
    /// rx.close();
    /// assert_eq!(rx.try_recv(), Ok(2));
    /// ```
    pub fn close(&mut self) {
        let Some(half) = &mut self.half else { return };
        if let Ok(_waker) = half.withdraw() {
            // `Some`: the sender ended at the last moment.
            self.half = self.half.take().and_then(|half| half.end(0)).map(Sole::keep);
        }
    }

    /// Whether it has let go of the channel: the message was taken, or it was found that none will come. It says
    /// `Disconnected` then, for ever. (A future of it is not worth polling: `FusedFuture` asks this.)
    ///
    /// ```
    /// let (tx, mut rx) = crossinterp_core::oneshot::channel();
    /// tx.send(1).unwrap();
    /// assert!(!rx.is_terminated());
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert!(rx.is_terminated());
    /// ```
    pub fn is_terminated(&self) -> bool {
        self.half.is_none()
    }

    /// Whether the channel was made before a `fork()`, in the parent of this process, as far as
    /// [`after_fork`](crate::after_fork) was called: then do not use it. Dropping it leaks it. (One that is terminated has
    /// no channel.)
    ///
    /// ```standalone_crate
    /// let (_tx, rx) = crossinterp_core::oneshot::channel::<u8>();
    /// assert!(!rx.is_stale());
    /// crossinterp_core::after_fork();
    /// assert!(rx.is_stale());
    /// ```
    pub fn is_stale(&self) -> bool {
        self.half.as_ref().is_some_and(Half::is_stale)
    }

    /// Lets go of the channel, whose sender is over in that word, with what it left.
    #[inline]
    fn take(&mut self, word: Word) -> Option<T> {
        self.half.take()?.take(word)
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    /// As [`Receiver::poll_recv`]: polled again after it was ready, it is ready with the error.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().poll_recv(context)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.is_stale() {
            return;
        }
        self.close();
        if let Some(half) = self.half.take() {
            // The sender is over: else it would have been let go of.
            let word = half.look();
            half.discard(word);
        }
    }
}

// Whatever unwinds, a channel is whole: each step on its word is one.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("is_terminated", &self.is_terminated()).finish_non_exhaustive()
    }
}
