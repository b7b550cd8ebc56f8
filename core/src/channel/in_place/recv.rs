//! Messages that are read in place.

use alloc::boxed::Box;
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use core::task::Waker;

use super::{InSlot, Message};
use crate::channel::flow::{Flow, Unreceived};
use crate::channel::policy::Patience;
use crate::channel::select::{Operation, Registration, Seeker, Token, Tried, internals};
use crate::channel::{Channel, ParkError, Receiver, SelectedOperation, Side, TakeError, TryRecvError};
use crate::domain::DomainError;
use crate::park::Park;
use crate::primitive::stop_point;
use crate::ring::{Claimed, PopError};
use crate::wait::Phase;

/// A slot whose message is being read. It is freed when this is dropped.
struct Reading<'a, T> {
    receiver: &'a Receiver<T>,
    slot: Claimed,
}

impl<T> Drop for Reading<'_, T> {
    fn drop(&mut self) {
        // In the child of a fork nobody is there for whom it could be freed.
        if !self.receiver.0.is_stale()
            && let channel = self.receiver.0.channel()
            && let Flow::Bounded(ring) = &channel.flow
            && ring.recycle(self.slot)
        {
            channel.wake(Side::Sender);
        }
    }
}

/// A message that was received, where it stands: see [`Receiver::try_recv_ref`]. Dropped, it drops the message there, and
/// leaves the place to a sender, also when that panics.
///
/// It may be sent to another thread if messages may (`T: Send`).
///
/// ```
/// use crossinterp_core::bounded;
///
/// let (tx, rx) = bounded(4);
/// tx.try_send([1_u64; 1000]).unwrap();
/// let mut message = rx.try_recv_ref().unwrap();
/// message[0] = 10; // it is the receiver's to change
/// assert_eq!(message.iter().sum::<u64>(), 1009);
/// ```
#[must_use = "what is sent later may wait for its place"]
pub struct RecvRef<'a, T> {
    // Dropped in this order, the second also when the first one's drop panics.
    message: Message<T>,
    _slot: Option<Reading<'a, T>>,
}

impl<'a, T> RecvRef<'a, T> {
    /// Of a message that is in no slot.
    pub(crate) fn of_box(message: Box<T>) -> Self {
        Self { message: Message::Own(message), _slot: None }
    }

    fn new(receiver: &'a Receiver<T>, received: Received<T>) -> Self {
        match received {
            Received::Slot(slot, message) => {
                stop_point!(in_place.received);
                let message = Message::Slot(InSlot(message));
                Self { message, _slot: Some(Reading { receiver, slot }) }
            }
            Received::Own(message) => Self::of_box(message),
        }
    }

    /// Takes the message out, and leaves its place to a sender.
    ///
    /// ```
    /// use crossinterp_core::bounded;
    ///
    /// let (tx, rx) = bounded(1);
    /// tx.try_send("hello".to_string()).unwrap();
    /// let mut message = rx.try_recv_ref().unwrap();
    /// message.push('!');
    /// assert!(tx.try_send("too early".to_string()).is_err());
    /// assert_eq!(message.into_inner(), "hello!");
    /// assert!(tx.try_send("in time".to_string()).is_ok());
    /// ```
    pub fn into_inner(self) -> T {
        match self.message {
            // SAFETY: it stands there, and nobody drops or reads it after this.
            Message::Slot(message) => unsafe { message.into_pointer().read() },
            Message::Own(message) => *message,
        }
    }
}

impl<T> Deref for RecvRef<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.message.get()
    }
}

impl<T> DerefMut for RecvRef<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.message.get_mut()
    }
}

// SAFETY: a claimed slot belongs to no thread, only to its reference; whoever has that has the message, hence `T: Send`.
unsafe impl<T: Send> Send for RecvRef<'_, T> {}
// SAFETY: shared, it gives `&T` out and nothing more.
unsafe impl<T: Send + Sync> Sync for RecvRef<'_, T> {}

impl<T: fmt::Debug> fmt::Debug for RecvRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecvRef").field(&**self).finish()
    }
}

/// A message that was received.
enum Received<T> {
    Slot(Claimed, NonNull<T>),
    Own(Box<T>),
}

impl<T> Received<T> {
    fn into_token(self) -> Token {
        match self {
            Self::Slot(slot, _) => Token::Claimed(slot),
            Self::Own(message) => Token::Boxed(NonNull::from(Box::leak(message)).cast()),
        }
    }

    /// `None`: nothing is received.
    fn from_token(token: Token, channel: &Channel<T>) -> Option<Self> {
        match (token, &channel.flow) {
            (Token::Claimed(slot), Flow::Bounded(ring)) => Some(Self::Slot(slot, ring.value(&slot))),
            // SAFETY: it was a box with a message of this channel, and is made one again once.
            (Token::Boxed(message), _) => Some(Self::Own(unsafe { Box::from_raw(message.cast().as_ptr()) })),
            _ => None,
        }
    }
}

/// A receive in place, on a channel that has slots, as an operation of a select. It only calls, so that no message is moved
/// into its node.
struct InPlace<'a, T>(&'a Receiver<T>);

impl<T> Operation for InPlace<'_, T> {
    fn address(&self) -> NonNull<()> {
        self.0.address()
    }

    fn is_rendezvous(&self) -> bool {
        false
    }

    fn relieve(&self) {
        self.0.relieve();
    }

    fn register(&self, seeker: Seeker<'_>) -> Result<Registration, DomainError> {
        self.0.register(seeker)
    }

    fn offer(&self, registration: &mut Registration, seeker: Seeker<'_>, waker: &mut dyn FnMut() -> Waker) {
        self.0.offer(registration, seeker, waker);
    }

    fn phase(&self, registration: &Registration) -> Phase {
        self.0.phase(registration)
    }

    fn unregister(&self, registration: Registration) {
        self.0.unregister(registration);
    }

    fn received(&self, _registration: Registration) -> Token {
        unreachable!("nothing is moved into it");
    }

    fn moved(&self) -> usize {
        self.0.moved()
    }

    fn is_ready(&self, seeker: Seeker<'_>) -> bool {
        self.0.is_ready(seeker)
    }

    fn attempt(&self, _seeker: Seeker<'_>) -> Tried {
        if self.0.0.is_ended() {
            return Tried::Done(Token::Disconnected);
        }
        match self.0.0.channel().try_recv_in_place() {
            Ok(received) => Tried::Done(received.into_token()),
            Err(Unreceived::Closed) => Tried::Done(Token::Disconnected),
            Err(Unreceived::Empty) => Tried::Nothing,
            Err(Unreceived::Busy) => Tried::Busy,
        }
    }

    fn cancel(&self, token: Token) {
        drop(Received::from_token(token, self.0.0.channel()).map(|received| RecvRef::new(self.0, received)));
    }

    #[cfg(feature = "std")]
    fn due(&self) -> Option<std::time::Instant> {
        None
    }
}

impl<T> Channel<T> {
    /// Receives without waiting; on a channel that has slots.
    fn try_recv_in_place(&self) -> Result<Received<T>, Unreceived> {
        let Flow::Bounded(ring) = &self.flow else { return self.try_recv_boxed().map(Received::Own) };
        if self.receiving.has_returned()
            && let Some(message) = self.fetch_returned_boxed()
        {
            return Ok(Received::Own(message));
        }
        loop {
            match ring.claim_oldest() {
                Ok(slot) => {
                    let message = ring.value(&slot);
                    return Ok(Received::Slot(slot, message));
                }
                Err(PopError::Void { awaited }) => {
                    if awaited {
                        self.wake(Side::Sender);
                    }
                }
                Err(PopError::Empty) => {
                    if self.sending.has_message()
                        && let Some(message) = self.fetch_sent_boxed()
                    {
                        return Ok(Received::Own(message));
                    }
                    if self.flow.len() == 0 {
                        return Err(Unreceived::Empty);
                    }
                }
                Err(PopError::Busy) => return Err(Unreceived::Busy),
                Err(PopError::Closed) => return Err(Unreceived::Closed),
            }
        }
    }

    // These stand apart, because of the room for a message.

    #[cold]
    #[inline(never)]
    fn try_recv_boxed(&self) -> Result<Box<T>, Unreceived> {
        self.try_recv().map(Box::new)
    }

    #[cold]
    #[inline(never)]
    fn fetch_returned_boxed(&self) -> Option<Box<T>> {
        self.fetch_returned().map(|(message, _)| Box::new(message))
    }

    /// Receives the message of a send that waits, if it comes next.
    #[cold]
    #[inline(never)]
    fn fetch_sent_boxed(&self) -> Option<Box<T>> {
        self.receive_fetched(self.sending.fetch_if(|| self.flow.len() == 0)).map(Box::new)
    }
}

impl<T> Receiver<T> {
    /// Receives without waiting, and leaves the message where it stands, to be used there.
    ///
    /// # When to use it
    ///
    /// For messages of many hundred bytes and more on a bounded channel: they are used where the sender made them, and need
    /// never stand on a stack, or be moved. Smaller ones are faster received by [`Receiver::try_recv`]. Others receive what comes
    /// behind it meanwhile. But its slot is freed only when the reference goes: **senders that have come round the ring to it
    /// find it busy**, though other slots may be free. `try_` forms answer Full then, after letting this thread run a few
    /// times, and those that wait look again and again, after a short time once every millisecond, instead of sleeping. It
    /// is not for messages whose use takes long; copy what is needed of them, or take them out ([`RecvRef::into_inner`]).
    ///
    /// A message is dropped where it stands: what its drop does must not wait for room in the same channel, and nor must who
    /// has a reference. One that is kept for ever, or given to [`core::mem::forget`], is a thread that was stopped in the
    /// middle of its receive: the channel is full from the time on at which senders have come round to it.
    ///
    /// # Where there is no slot
    ///
    /// On an unbounded, [strict](crate::bounded_strict) or rendezvous channel, and where the message had been handed to a receive that gave it back, or is that
    /// of a sender that waits, it is moved into memory of the reference's own, which is allocated for it: it passes over the
    /// stack then. (A sender that waits by [`send_ref_parking`](crate::Sender::send_ref_parking) and its like has no message yet.)
    ///
    /// # Errors
    /// As for [`Receiver::try_recv`].
    ///
    /// # Panics
    /// Never; without memory, where some is needed, the process ends.
    ///
    /// ```
    /// use crossinterp_core::{TryRecvError, TrySendError, bounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// tx.try_send([7; 1000]).unwrap();
    /// let message = rx.try_recv_ref().unwrap();
    /// assert_eq!(message.iter().sum::<i32>(), 7000);
    /// assert_eq!(rx.try_recv_ref().unwrap_err(), TryRecvError::Empty);
    /// assert!(tx.try_send([8; 1000]).is_err()); // its slot is in use
    /// drop(message);
    /// assert!(tx.try_send([8; 1000]).is_ok());
    /// ```
    pub fn try_recv_ref(&self) -> Result<RecvRef<'_, T>, TryRecvError> {
        self.take_ref().map_err(|error| match error {
            TakeError::Empty => TryRecvError::Empty,
            TakeError::Disconnected | TakeError::Ended => TryRecvError::Disconnected,
        })
    }

    fn take_ref(&self) -> Result<RecvRef<'_, T>, TakeError> {
        if self.0.is_ended() {
            return Err(TakeError::Ended);
        }
        let Some(channel) = self.0.line() else { return Err(TakeError::Empty) };
        if !self.has_slots() {
            return self.take_boxed().map(RecvRef::of_box);
        }
        let mut patience = Patience::new();
        loop {
            return match channel.try_recv_in_place() {
                Ok(received) => Ok(RecvRef::new(self, received)),
                Err(Unreceived::Closed) => Err(TakeError::Disconnected),
                Err(Unreceived::Busy) if patience.wait() => continue,
                Err(Unreceived::Empty | Unreceived::Busy) => Err(TakeError::Empty),
            };
        }
    }

    /// Whether messages stand in slots that can be kept.
    pub(crate) fn has_slots(&self) -> bool {
        self.0.line().is_some_and(|channel| matches!(channel.flow, Flow::Bounded(_)))
    }

    /// Receives, as [`Receiver::try_recv_ref`], sleeping by the embedder's means while there is no message;
    /// [`Sender::send_ref_parking`](crate::Sender::send_ref_parking) has an example.
    ///
    /// # Errors
    /// [`ParkError`].
    ///
    /// ```
    /// use crossinterp_core::{ParkError, bounded};
    /// # use core::task::Waker;
    /// # use crossinterp_core::{Park, Wakeup};
    /// # struct NoPatience;
    /// # impl Park for NoPatience {
    /// #     fn waker(&self) -> Waker {
    /// #         Waker::noop().clone()
    /// #     }
    /// #     fn park(&self) -> Wakeup {
    /// #         Wakeup::TimedOut
    /// #     }
    /// # }
    ///
    /// // `NoPatience` is a `Park` that never sleeps, as in the example there.
    /// let (tx, rx) = bounded(1);
    /// assert_eq!(rx.recv_ref_parking(&NoPatience).unwrap_err(), ParkError::TimedOut);
    /// tx.try_send([7; 1000]).unwrap();
    /// assert_eq!(rx.recv_ref_parking(&NoPatience).unwrap()[999], 7);
    /// ```
    pub fn recv_ref_parking(&self, park: &impl Park) -> Result<RecvRef<'_, T>, ParkError> {
        if !self.has_slots() {
            return self.recv_boxed_parking(park).map(RecvRef::of_box);
        }
        let token = internals::with([internals::other(&InPlace(self))], true, |mut cases| {
            cases.wait(false, park).map(SelectedOperation::into_token)
        })?;
        match Received::from_token(token, self.0.channel()) {
            Some(received) => Ok(RecvRef::new(self, received)),
            None => Err(self.0.why_over()),
        }
    }

    // These stand apart, because of the room for a message.

    #[cold]
    #[inline(never)]
    fn take_boxed(&self) -> Result<Box<T>, TakeError> {
        self.take().map(Box::new)
    }

    #[cold]
    #[inline(never)]
    fn recv_boxed_parking(&self, park: &impl Park) -> Result<Box<T>, ParkError> {
        self.recv_parking(park).map(Box::new)
    }
}
