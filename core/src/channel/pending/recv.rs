//! Receives that wait.

use core::fmt;
use core::task::{Context, Poll, Waker};

use super::{Attempt, Pending, Waiting};
use crate::channel::end::End;
use crate::channel::flow::Unreceived;
use crate::channel::policy::Patience;
use crate::channel::{ParkError, Receiver, RecvError, Side, TakeError, WaitError};
use crate::domain::DomainError;
use crate::park::Park;
use crate::wait::Phase;

/// A receive that waits. It may be moved to another thread, if messages may (`T: Send`). Dropping it cancels the
/// receive, and loses nothing.
///
/// ```
/// use core::task::Waker;
/// use crossinterp_core::{WaitError, unbounded};
///
/// let (tx, rx) = unbounded();
/// let first = rx.begin_recv(Waker::noop().clone()).unwrap();
/// let second = rx.begin_recv(Waker::noop().clone()).unwrap();
/// tx.try_send("hello").unwrap();
/// assert!(first.is_settled() && !second.is_settled());
/// drop(first); // the message is for the next
/// assert_eq!(second.finish(), Ok("hello"));
/// ```
pub struct RecvWait<T>(Pending<T>);

impl<T> RecvWait<T> {
    pub(in crate::channel) fn begin(end: &End<T>, waker: Waker) -> Result<Self, DomainError> {
        let pending = Pending::new(end, Side::Receiver)?;
        if pending.begin(waker) { Ok(Self(pending)) } else { Err(DomainError::Ended) }
    }

    /// Whether it is worth a try to finish it.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::unbounded;
    ///
    /// let (tx, rx) = unbounded();
    /// let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
    /// assert!(!wait.is_settled());
    /// tx.close(); // that is news too
    /// assert!(wait.is_settled());
    /// assert!(tx.try_send(1).is_err());
    /// ```
    pub fn is_settled(&self) -> bool {
        self.0.is_settled()
    }

    /// Ends the operation and says what came of it. Never waits for anybody.
    ///
    /// # Errors
    /// [`WaitError::Pending`]: no message came and none will, or another one was faster; `Disconnected`: the channel is
    /// closed and empty; `Ended`: the domain of the end ends.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{WaitError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let begin = || rx.begin_recv(Waker::noop().clone()).unwrap();
    /// assert_eq!(begin().finish(), Err(WaitError::Pending));
    /// let wait = begin();
    /// tx.try_send(1).unwrap();
    /// assert_eq!(wait.finish(), Ok(1));
    /// ```
    pub fn finish(mut self) -> Result<T, WaitError> {
        if let Attempt::Over(result) = self.attempt() {
            return result;
        }
        let left = self.0.leave(true);
        if left.woken {
            // At the last moment: there may be something, for this one or the next.
            let received = self.0.channel.try_recv();
            self.0.channel.pass_on(Side::Receiver);
            return received.map_err(|error| match error {
                Unreceived::Closed => WaitError::Disconnected,
                Unreceived::Empty | Unreceived::Busy => WaitError::Pending,
            });
        }
        left.message.ok_or(WaitError::Pending)
    }

    /// When settled: what came of the operation, which is over then, and must not be tried again. `None`: nothing came
    /// yet, and it waits on; the waker is called when it is settled again. (Where a peer is in the middle of its own
    /// operation, that is at once.)
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{WaitError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let waker = || Waker::noop().clone();
    /// tx.try_send(1).unwrap();
    /// let mut wait = rx.begin_recv(waker()).unwrap();
    /// assert!(wait.is_settled());
    /// assert_eq!(rx.try_recv(), Ok(1)); // faster
    /// assert_eq!(wait.try_finish(waker()), None);
    /// tx.try_send(2).unwrap();
    /// assert_eq!(wait.try_finish(waker()), Some(Ok(2)));
    /// ```
    pub fn try_finish(&mut self, waker: Waker) -> Option<Result<T, WaitError>> {
        if self.is_settled() { self.attempt_or_wait(waker) } else { None }
    }

    /// As a task asks: what came of the operation, which is over then, and must not be polled again. Until then the
    /// waker of the last call is called, and no other.
    ///
    /// # Errors
    /// As for [`RecvWait::finish`], but for `Pending`.
    ///
    /// ```
    /// use core::task::{Context, Poll, Waker};
    /// use crossinterp_core::unbounded;
    ///
    /// let (tx, rx) = unbounded();
    /// let context = Context::from_waker(Waker::noop());
    /// let mut wait = rx.begin_recv(Waker::noop().clone()).unwrap();
    /// assert_eq!(wait.poll(&context), Poll::Pending);
    /// tx.try_send(1).unwrap();
    /// assert_eq!(wait.poll(&context), Poll::Ready(Ok(1)));
    /// ```
    pub fn poll(&mut self, context: &Context<'_>) -> Poll<Result<T, WaitError>> {
        if !self.0.recall() {
            // The peer who is there has the old waker.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.attempt_or_wait(context.waker().clone()).map_or(Poll::Pending, Poll::Ready)
    }

    pub(in crate::channel) fn park(mut self, park: &impl Park, patience: Patience) -> Result<T, ParkError> {
        match self.sleep(park, patience) {
            Ok(result) => result.map_err(|error| error.or(ParkError::TimedOut)),
            Err(given_up) => self.finish().map_err(|error| error.or(given_up)),
        }
    }
}

impl<T> Waiting for RecvWait<T> {
    type Result = Result<T, WaitError>;

    fn is_settled(&self) -> bool {
        self.0.is_settled()
    }

    fn attempt(&mut self) -> Attempt<Self::Result> {
        let received = match self.0.phase() {
            Phase::Waiting => return Attempt::Nothing,
            Phase::Ended => Err(WaitError::Ended),
            Phase::Done => match self.0.over() {
                Some(message) => return Attempt::Over(Ok(message)),
                // Its domain ended in between, and the message was returned.
                None => return Attempt::Over(Err(WaitError::Ended)),
            },
            Phase::Woken => match self.0.channel.try_recv() {
                Ok(message) => Ok(message),
                Err(Unreceived::Closed) => Err(WaitError::Disconnected),
                Err(Unreceived::Empty) => return Attempt::Nothing,
                Err(Unreceived::Busy) => return Attempt::Busy,
            },
        };
        self.0.over();
        Attempt::Over(received)
    }

    fn offer_again(&mut self, waker: Waker) -> Option<Self::Result> {
        if self.0.offer(waker) {
            return None;
        }
        self.0.over();
        Some(Err(WaitError::Ended))
    }
}

impl<T> Receiver<T> {
    /// Receives as a task does: at once, or by a waiting operation that is kept in `wait` between the calls. `wait` is `None`
    /// at first, and again when this is ready; dropping what is in it cancels the receive, and loses nothing.
    ///
    /// # Errors
    /// [`RecvError`]: the channel is empty, and closed or without senders; or the domain of this end ends.
    ///
    /// # Panics
    /// Never; without memory for the waiting operation the process ends.
    ///
    /// ```
    /// use core::task::{Context, Poll, Waker};
    /// use crossinterp_core::unbounded;
    ///
    /// let (tx, rx) = unbounded();
    /// let context = Context::from_waker(Waker::noop());
    /// let mut wait = None;
    /// assert_eq!(rx.poll_recv(&context, &mut wait), Poll::Pending);
    /// tx.try_send(1).unwrap();
    /// assert_eq!(rx.poll_recv(&context, &mut wait), Poll::Ready(Ok(1)));
    /// assert!(wait.is_none());
    /// ```
    pub fn poll_recv(
        &self,
        context: &Context<'_>,
        wait: &mut Option<RecvWait<T>>,
    ) -> Poll<Result<T, RecvError>> {
        if let Some(pending) = wait {
            let polled = pending.poll(context).map_err(|_| RecvError);
            if polled.is_ready() {
                *wait = None;
            }
            return polled;
        }
        // A select that would have to come first is called by the waiting operation: a task waits for nobody in here.
        match self.take_as_task() {
            Ok(message) => return Poll::Ready(Ok(message)),
            Err(TakeError::Empty) => {}
            Err(TakeError::Disconnected | TakeError::Ended) => return Poll::Ready(Err(RecvError)),
        }
        match self.begin_recv(context.waker().clone()) {
            Ok(pending) => *wait = Some(pending),
            Err(DomainError::Ended) => return Poll::Ready(Err(RecvError)),
            Err(DomainError::NoMemory) => alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<T>()),
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for RecvWait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt("RecvWait", f)
    }
}
