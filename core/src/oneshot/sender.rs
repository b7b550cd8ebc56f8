//! The sending end.

use core::fmt;
use core::mem::ManuallyDrop;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::task::{Context, Poll};

use super::slot::{Half, RECEIVER, SENDER, SENT};
use crate::channel::SendError;
use crate::primitive::stop_point;

/// The end that sends the message. Dropping it instead disconnects the receiver.
///
/// ```
/// use crossinterp_core::{RecvError, oneshot};
///
/// let (tx, rx) = oneshot::channel::<u8>();
/// drop(tx);
/// assert_eq!(rx.recv(), Err(RecvError));
/// ```
pub struct Sender<T>(Half<T, SENDER>);

impl<T> Sender<T> {
    #[inline]
    pub(super) fn new(half: Half<T, SENDER>) -> Self {
        Self(half)
    }

    /// Sends the message, and wakes the receiver if it waits. Never waits.
    ///
    /// # Errors
    /// [`SendError`] with the message: the receiver was closed or dropped. `Ok` does not say that it is received: the receiver
    /// may still go without it, which drops it there.
    ///
    /// # Panics
    /// Only if the receiver's waker does; the message is sent then.
    ///
    /// ```
    /// use crossinterp_core::{SendError, oneshot};
    ///
    /// let (tx, rx) = oneshot::channel();
    /// assert_eq!(tx.send(1), Ok(()));
    /// assert_eq!(rx.recv(), Ok(1));
    ///
    /// let (tx, rx) = oneshot::channel();
    /// drop(rx);
    /// assert_eq!(tx.send(2), Err(SendError(2)));
    /// ```
    #[inline]
    pub fn send(self, message: T) -> Result<(), SendError<T>> {
        let mut half = self.into_half();
        let _waker = match half.withdraw() {
            Ok(waker) => waker,
            Err(word) => {
                half.settle(word);
                return Err(SendError(message));
            }
        };
        half.put(message);
        stop_point!(oneshot.sending);
        match half.end(SENT) {
            None => Ok(()),
            // SAFETY: put in just now.
            Some(sole) => Err(SendError(unsafe { sole.take_back() })),
        }
    }

    /// Whether the receiver was closed or dropped: the message would come back.
    ///
    /// ```
    /// let (tx, mut rx) = crossinterp_core::oneshot::channel::<u8>();
    /// assert!(!tx.is_closed());
    /// rx.close();
    /// assert!(tx.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.0.look().is_over(RECEIVER)
    }

    /// Waits, as a task does, until the receiver is closed or dropped: whoever computes the message can stop then. Until then
    /// the waker of the last call is called, and no other. Not to be called again is to stop waiting; a call of the waker
    /// that comes then is for nothing.
    ///
    /// ```
    /// use core::future::poll_fn;
    /// use core::task::{Context, Poll, Waker};
    ///
    /// let (mut tx, rx) = crossinterp_core::oneshot::channel::<u8>();
    /// let mut context = Context::from_waker(Waker::noop());
    /// assert_eq!(tx.poll_closed(&context), Poll::Pending);
    /// drop(rx);
    /// let closed = poll_fn(|context| tx.poll_closed(context));
    /// assert_eq!(std::pin::pin!(closed).poll(&mut context), Poll::Ready(()));
    /// ```
    pub fn poll_closed(&mut self, context: &Context<'_>) -> Poll<()> {
        match self.0.wait(context.waker()) {
            Ok(()) => Poll::Pending,
            Err(_) => Poll::Ready(()),
        }
    }

    /// Whether the channel was made before a `fork()`, in the parent of this process, as far as
    /// [`after_fork`](crate::after_fork) was called: then do not use it. Dropping it leaks it.
    ///
    /// ```standalone_crate
    /// let (tx, rx) = crossinterp_core::oneshot::channel::<u8>();
    /// assert!(!tx.is_stale() && !rx.is_stale());
    /// crossinterp_core::after_fork();
    /// assert!(tx.is_stale() && rx.is_stale());
    /// ```
    pub fn is_stale(&self) -> bool {
        self.0.is_stale()
    }

    fn into_half(self) -> Half<T, SENDER> {
        let this = ManuallyDrop::new(self);
        // SAFETY: read once; `this` is not used again, nor dropped.
        unsafe { core::ptr::read(&this.0) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.0.is_stale() {
            return;
        }
        // SAFETY: read once; `self` is not used again.
        let mut half = unsafe { core::ptr::read(&self.0) };
        match half.withdraw() {
            Ok(_waker) => drop(half.end(0)),
            Err(word) => half.settle(word),
        }
    }
}

// Whatever unwinds, a channel is whole: each step on its word is one.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}
