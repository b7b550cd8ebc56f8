//! Sends that wait.

use core::fmt;
use core::task::{Context, Poll, Waker};

use super::{Attempt, Pending, Waiting};
use crate::channel::end::End;
use crate::channel::flow::Unsent;
use crate::channel::policy::Patience;
use crate::channel::{OfferError, ParkError, SendError, Sender, Side, WaitError};
use crate::domain::DomainError;
use crate::park::Park;
use crate::wait::Phase;

/// A send that waits. Dropping it takes the message out of the channel's reach, unless it was sent before;
/// [`SendWait::finish`] gives it back. It may be moved to another thread, if messages may (`T: Send`).
///
/// ```
/// use core::task::Waker;
/// use crossinterp_core::{WaitError, bounded};
///
/// let (tx, rx) = bounded(1);
/// tx.try_send(1).unwrap();
/// let second = tx.begin_send(2, Waker::noop().clone()).unwrap();
/// let third = tx.begin_send(3, Waker::noop().clone()).unwrap();
/// assert_eq!(rx.try_recv(), Ok(1));
/// assert_eq!(second.finish(), Ok(())); // it takes the place that became free
/// assert_eq!(third.finish(), Err((3, WaitError::Pending)));
/// ```
pub struct SendWait<T> {
    pending: Pending<T>,
    /// What is to be sent, where it does not stand in the node.
    message: Option<T>,
}

impl<T> SendWait<T> {
    pub(in crate::channel) fn begin(
        end: &End<T>,
        message: T,
        waker: Waker,
    ) -> Result<Self, (T, DomainError)> {
        let mut pending = match Pending::new(end, Side::Sender) {
            Ok(pending) => pending,
            Err(error) => return Err((message, error)),
        };
        let (message, closed) = match pending.channel.try_send(message) {
            Ok(()) => {
                pending.over();
                waker.wake();
                return Ok(Self { pending, message: None });
            }
            Err(Unsent::NoMemory(message)) => return Err((message, DomainError::NoMemory)),
            Err(Unsent::Full(message) | Unsent::Busy(message)) => (message, false),
            Err(Unsent::Closed(message)) => (message, true),
        };
        let mut wait = Self { pending, message: Some(message) };
        if closed {
            // Nobody may take it.
            wait.pending.place.as_mut().into_iter().for_each(|place| place.call(0));
        } else {
            wait.load();
        }
        if !wait.pending.begin(waker) {
            let message = wait.take_back();
            return Err((message.expect("nobody takes what was not offered"), DomainError::Ended));
        }
        Ok(wait)
    }

    /// Puts the message where receivers find it, while nobody else has the node.
    fn load(&mut self) {
        if let Some(place) = &mut self.pending.place
            && let Some(message) = self.message.take()
        {
            place.load(message);
        }
    }

    /// Is over; the message, if it was not sent.
    fn take_back(&mut self) -> Option<T> {
        let unsent = self.pending.over();
        self.message.take().or(unsent)
    }

    /// Is over for that reason, unless it was sent before.
    fn fail(&mut self, why: WaitError) -> Result<(), (T, WaitError)> {
        self.take_back().map_or(Ok(()), |message| Err((message, why)))
    }

    /// Whether it is worth a try to finish it.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::rendezvous;
    ///
    /// let (tx, rx) = rendezvous();
    /// let wait = tx.begin_send(1, Waker::noop().clone()).unwrap();
    /// assert!(!wait.is_settled());
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert!(wait.is_settled());
    /// ```
    pub fn is_settled(&self) -> bool {
        self.pending.is_settled()
    }

    /// Ends the operation and says what came of it, with the message when it was not sent. Never waits for anybody.
    ///
    /// # Errors
    /// [`WaitError::Pending`]: there is no room, or nobody took the message, and nobody will; `Disconnected`: the channel
    /// is closed or has no receivers; `Ended`: the domain of the end ends.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{WaitError, rendezvous};
    ///
    /// let (tx, rx) = rendezvous();
    /// let begin = |message| tx.begin_send(message, Waker::noop().clone()).unwrap();
    /// assert_eq!(begin(1).finish(), Err((1, WaitError::Pending))); // nobody took it
    /// let wait = begin(2);
    /// assert_eq!(rx.try_recv(), Ok(2));
    /// assert_eq!(wait.finish(), Ok(()));
    /// let wait = begin(3);
    /// drop(rx);
    /// assert_eq!(wait.finish(), Err((3, WaitError::Disconnected)));
    /// ```
    pub fn finish(mut self) -> Result<(), (T, WaitError)> {
        match self.attempt() {
            Attempt::Over(result) => result,
            Attempt::Nothing | Attempt::Busy => self.fail(WaitError::Pending),
        }
    }

    /// Ends the operation without a try at the last moment. The message, if it was not sent.
    pub(in crate::channel) fn cancel(mut self) -> Option<T> {
        self.take_back()
    }

    /// When settled: what came of the operation, which is over then, and must not be tried again. `None`: there is no room
    /// yet, and it waits on; the waker is called when it is settled again. (Where a peer is in the middle of its own
    /// operation, that is at once.)
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::bounded;
    ///
    /// let (tx, rx) = bounded(1);
    /// let waker = || Waker::noop().clone();
    /// tx.try_send(1).unwrap();
    /// let mut wait = tx.begin_send(2, waker()).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert!(wait.is_settled());
    /// tx.try_send(3).unwrap(); // faster
    /// assert_eq!(wait.try_finish(waker()), None);
    /// assert_eq!(rx.try_recv(), Ok(3));
    /// assert_eq!(wait.try_finish(waker()), Some(Ok(())));
    /// ```
    pub fn try_finish(&mut self, waker: Waker) -> Option<Result<(), (T, WaitError)>> {
        if self.is_settled() { self.attempt_or_wait(waker) } else { None }
    }

    /// As a task asks: what came of the operation, which is over then, and must not be polled again. Until then the
    /// waker of the last call is called, and no other.
    ///
    /// # Errors
    /// As for [`SendWait::finish`], but for `Pending`.
    ///
    /// ```
    /// use core::task::{Context, Poll, Waker};
    /// use crossinterp_core::bounded;
    ///
    /// let (tx, rx) = bounded(1);
    /// tx.try_send(1).unwrap();
    /// let context = Context::from_waker(Waker::noop());
    /// let mut wait = tx.begin_send(2, Waker::noop().clone()).unwrap();
    /// assert_eq!(wait.poll(&context), Poll::Pending);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(wait.poll(&context), Poll::Ready(Ok(())));
    /// ```
    pub fn poll(&mut self, context: &Context<'_>) -> Poll<Result<(), (T, WaitError)>> {
        if !self.pending.recall() {
            // The peer who is there has the old waker.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.attempt_or_wait(context.waker().clone()).map_or(Poll::Pending, Poll::Ready)
    }

    pub(in crate::channel) fn park(
        mut self,
        park: &impl Park,
        patience: Patience,
    ) -> Result<(), (T, ParkError)> {
        match self.sleep(park, patience) {
            Ok(result) => result.map_err(|(message, error)| (message, error.or(ParkError::TimedOut))),
            Err(given_up) => self.finish().map_err(|(message, error)| (message, error.or(given_up))),
        }
    }
}

impl<T> Waiting for SendWait<T> {
    type Result = Result<(), (T, WaitError)>;

    fn is_settled(&self) -> bool {
        self.pending.is_settled()
    }

    fn attempt(&mut self) -> Attempt<Self::Result> {
        let phase = self.pending.phase();
        match phase {
            Phase::Waiting => return Attempt::Nothing,
            Phase::Ended => return Attempt::Over(self.fail(WaitError::Ended)),
            Phase::Woken | Phase::Done => {}
        }
        let channel = &self.pending.channel;
        if phase == Phase::Done || channel.flow.is_closed() {
            return Attempt::Over(self.fail(WaitError::Disconnected));
        }
        if channel.flow.is_rendezvous() {
            // It is for others to fetch.
            return Attempt::Nothing;
        }
        let message = match (self.message.take(), &mut self.pending.place) {
            (Some(message), _) => Some(message),
            (None, Some(place)) if place.reclaim() => place.unload(),
            (None, _) => None,
        };
        // A receiver moves it out at this moment.
        let Some(message) = message else { return Attempt::Busy };
        let sent = match self.pending.channel.try_send(message) {
            Ok(()) => Ok(()),
            Err(Unsent::Closed(message)) => Err((message, WaitError::Disconnected)),
            Err(Unsent::Full(message) | Unsent::NoMemory(message)) => {
                self.message = Some(message);
                return Attempt::Nothing;
            }
            Err(Unsent::Busy(message)) => {
                self.message = Some(message);
                return Attempt::Busy;
            }
        };
        self.pending.over();
        Attempt::Over(sent)
    }

    fn offer_again(&mut self, waker: Waker) -> Option<Self::Result> {
        if self.message.is_some() {
            self.load();
        }
        if self.pending.offer(waker) { None } else { Some(self.fail(WaitError::Ended)) }
    }
}

impl<T> Sender<T> {
    /// Sends as a task does: at once, or by a waiting operation that is kept in `wait` between the calls. `message` is
    /// `Some` and `wait` is `None` at first; one of the two has the message until this is ready. Dropping what is in `wait`
    /// cancels the send; to have the message back, [`SendWait::finish`] it.
    ///
    /// # Errors
    /// [`SendError`] with the message: the channel is closed or has no receivers, or the domain of this end ends.
    ///
    /// # Panics
    /// When both are `None`. Without memory for the waiting operation the process ends.
    ///
    /// ```
    /// use core::task::{Context, Poll, Waker};
    /// use crossinterp_core::bounded;
    ///
    /// let (tx, rx) = bounded(1);
    /// tx.try_send(1).unwrap();
    /// let context = Context::from_waker(Waker::noop());
    /// let (mut message, mut wait) = (Some(2), None);
    /// assert_eq!(tx.poll_send(&context, &mut message, &mut wait), Poll::Pending);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(tx.poll_send(&context, &mut message, &mut wait), Poll::Ready(Ok(())));
    /// assert_eq!(rx.try_recv(), Ok(2));
    /// ```
    pub fn poll_send(
        &self,
        context: &Context<'_>,
        message: &mut Option<T>,
        wait: &mut Option<SendWait<T>>,
    ) -> Poll<Result<(), SendError<T>>> {
        if let Some(pending) = wait {
            let polled = pending.poll(context).map_err(|(message, _)| SendError(message));
            if polled.is_ready() {
                *wait = None;
            }
            return polled;
        }
        let unsent = message.take().expect("`poll_send` without a message");
        let unsent = match self.offer(unsent) {
            Ok(()) => return Poll::Ready(Ok(())),
            Err(OfferError::Disconnected(unsent) | OfferError::Ended(unsent)) => {
                return Poll::Ready(Err(SendError(unsent)));
            }
            Err(OfferError::Full(unsent) | OfferError::NoMemory(unsent)) => unsent,
        };
        match self.begin_send(unsent, context.waker().clone()) {
            Ok(pending) => *wait = Some(pending),
            Err((unsent, DomainError::Ended)) => return Poll::Ready(Err(SendError(unsent))),
            Err((_, DomainError::NoMemory)) => {
                alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<T>())
            }
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for SendWait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pending.fmt("SendWait", f)
    }
}
