//! Messages that are written in place.

use alloc::boxed::Box;
use core::fmt;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use super::{InSlot, Message};
use crate::channel::flow::Flow;
use crate::channel::policy::Patience;
use crate::channel::select::{Operation, Seeker, Token, Tried, internals};
use crate::channel::{ParkError, SelectedOperation, SendError, Sender, Side, TrySendError};
use crate::park::Park;
use crate::primitive::stop_point;

/// The room for a message.
enum Room<T> {
    Slot(NonNull<MaybeUninit<T>>),
    Own(Box<MaybeUninit<T>>),
}

/// What makes a send certain. If it is dropped, it is given back.
struct Claim<'a, T> {
    sender: &'a Sender<T>,
    /// `None`: it was used.
    token: Option<Token>,
}

impl<T> Claim<'_, T> {
    /// Sends the message that stands in the slot.
    ///
    /// # Safety
    /// It does.
    unsafe fn publish(mut self) {
        let channel = self.sender.0.channel();
        if let (Some(Token::Slot(slot)), Flow::Bounded(ring)) = (self.token.take(), &channel.flow) {
            // SAFETY: passed on to the caller.
            if unsafe { ring.fill_in_place(slot) } {
                channel.wake(Side::Receiver);
            }
        }
    }

    // Apart, because of the room for a message.
    #[allow(clippy::boxed_local, reason = "it is in a box before and, if it comes back, after")]
    #[inline(never)]
    fn send(mut self, message: Box<T>) -> Result<(), SendError<Box<T>>> {
        let token = self.token.take().expect("it is used once");
        self.sender.complete(token, *message).map_err(|SendError(message)| SendError(Box::new(message)))
    }
}

impl<T> Drop for Claim<'_, T> {
    fn drop(&mut self) {
        // In the child of a fork nobody is there to whom it could be given back.
        if let Some(token) = self.token.take_if(|_| !self.sender.0.is_stale()) {
            self.sender.cancel(token);
        }
    }
}

/// Room for one message, in the channel: see [`Sender::try_send_ref`].
///
/// The message is written by [`write`](Self::write), or part by part through `as_mut`; then [`FilledRef::send`] sends it.
/// Dropped before that, it gives its place back, and nothing was sent.
///
/// It may be sent to another thread if messages may (`T: Send`).
///
/// ```
/// use crossinterp_core::bounded;
///
/// let (tx, rx) = bounded::<[u8; 4096]>(1);
/// let room = tx.try_send_ref().unwrap();
/// assert!(tx.is_full()); // it has the only place,
/// drop(room);
/// assert!(tx.is_empty() && rx.try_recv().is_err()); // and gave it back
/// ```
#[must_use = "what is sent later waits behind it"]
pub struct SendRef<'a, T> {
    room: Room<T>,
    claim: Claim<'a, T>,
}

impl<'a, T> SendRef<'a, T> {
    /// `None`: nothing can be sent.
    fn new(sender: &'a Sender<T>, token: Token) -> Option<Self> {
        let claim = Claim { sender, token: Some(token) };
        let room = match (&claim.token, &sender.0.channel().flow) {
            (Some(Token::Slot(slot)), Flow::Bounded(ring)) => {
                stop_point!(in_place.reserved);
                Room::Slot(ring.room(slot))
            }
            (Some(Token::Room | Token::Peer(..)), _) => Room::Own(Box::new_uninit()),
            _ => return None,
        };
        Some(Self { room, claim })
    }

    /// Writes the message, which can be looked at and changed until it is sent.
    ///
    /// ```
    /// use crossinterp_core::bounded;
    ///
    /// let (tx, rx) = bounded(1);
    /// let mut message = tx.try_send_ref().unwrap().write([1, 2, 3]);
    /// message[0] = 9;
    /// message.send().unwrap();
    /// assert_eq!(rx.try_recv(), Ok([9, 2, 3]));
    /// ```
    #[inline]
    pub fn write(mut self, message: T) -> FilledRef<'a, T> {
        self.as_mut().write(message);
        // SAFETY: just done.
        unsafe { self.assume_init() }
    }

    /// For one who has written the message through `as_mut`.
    ///
    /// # Safety
    /// All of the message was written, so that it is a valid one.
    ///
    /// ```
    /// use crossinterp_core::bounded;
    ///
    /// let (tx, rx) = bounded::<[u64; 1000]>(4);
    /// let mut room = tx.try_send_ref().unwrap();
    /// let first = room.as_mut().as_mut_ptr().cast::<u64>();
    /// for place in 0..1000 {
    ///     // SAFETY: it is one of the thousand places, which are this reference's.
    ///     unsafe { first.add(place).write(place as u64) };
    /// }
    /// // SAFETY: all of them were written.
    /// unsafe { room.assume_init() }.send().unwrap();
    /// assert_eq!(rx.try_recv_ref().unwrap().iter().sum::<u64>(), 499_500);
    /// ```
    #[inline]
    pub unsafe fn assume_init(self) -> FilledRef<'a, T> {
        let Self { room, claim } = self;
        let message = match room {
            Room::Slot(room) => Message::Slot(InSlot(room.cast())),
            // SAFETY: passed on to the caller.
            Room::Own(room) => Message::Own(unsafe { room.assume_init() }),
        };
        FilledRef { message, claim }
    }
}

impl<T> AsMut<MaybeUninit<T>> for SendRef<'_, T> {
    /// Where the message is to be written. (What is in a slot before that is anything.)
    fn as_mut(&mut self) -> &mut MaybeUninit<T> {
        match &mut self.room {
            // SAFETY: the slot is ours until the claim is used or given back.
            Room::Slot(room) => unsafe { room.as_mut() },
            Room::Own(room) => room,
        }
    }
}

/// A message that was written in place, and not sent yet: see [`SendRef::write`]. Dropped, it is not sent: the message is
/// dropped where it is, and its place given back.
///
/// ```
/// use crossinterp_core::bounded;
///
/// let (tx, rx) = bounded(1);
/// let mut message = tx.try_send_ref().unwrap().write(vec![1, 2, 3]);
/// message.push(4); // where the receiver will find it
/// assert_eq!(message.len(), 4);
/// message.send().unwrap();
/// assert_eq!(*rx.try_recv_ref().unwrap(), [1, 2, 3, 4]);
/// ```
#[must_use = "it is not sent yet"]
pub struct FilledRef<'a, T> {
    // Dropped in this order, the second also when the first one's drop panics.
    message: Message<T>,
    claim: Claim<'a, T>,
}

impl<T> FilledRef<'_, T> {
    /// Sends the message. On a bounded channel that is always done: it has its place, also if the channel was closed since. (On
    /// a [strict](crate::bounded_strict) one it has none.)
    ///
    /// # Errors
    /// [`SendError`] with the message, in a box: the channel is not bounded, or is strict, and was closed since.
    ///
    /// # Panics
    /// Never; without memory for an unbounded channel to grow the process ends.
    ///
    /// ```
    /// use crossinterp_core::{bounded, unbounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// let message = tx.try_send_ref().unwrap().write("in time");
    /// rx.close();
    /// message.send().unwrap();
    /// assert_eq!(rx.try_recv(), Ok("in time"));
    ///
    /// let (tx, rx) = unbounded();
    /// let message = tx.try_send_ref().unwrap().write("too late");
    /// rx.close();
    /// assert_eq!(*message.send().unwrap_err().into_inner(), "too late");
    /// ```
    pub fn send(self) -> Result<(), SendError<Box<T>>> {
        let Self { message, claim } = self;
        match message {
            Message::Slot(message) => {
                _ = message.into_pointer();
                // SAFETY: it stands there.
                unsafe { claim.publish() };
                Ok(())
            }
            Message::Own(message) => claim.send(message),
        }
    }
}

impl<T> Deref for FilledRef<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.message.get()
    }
}

impl<T> DerefMut for FilledRef<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.message.get_mut()
    }
}

// SAFETY: a claimed slot belongs to no thread, only to its reference; the message that is sent by that may then be another
// thread's, hence `T: Send`.
unsafe impl<T: Send> Send for SendRef<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for FilledRef<'_, T> {}
// SAFETY: shared, it gives nothing out.
unsafe impl<T: Send> Sync for SendRef<'_, T> {}
// SAFETY: shared, it gives `&T` out and nothing more.
unsafe impl<T: Send + Sync> Sync for FilledRef<'_, T> {}

impl<T> fmt::Debug for SendRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SendRef { .. }")
    }
}

impl<T: fmt::Debug> fmt::Debug for FilledRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FilledRef").field(&**self).finish()
    }
}

impl<T> Sender<T> {
    /// Claims room for one message without waiting, to be written in place and sent then.
    ///
    /// # When to use it
    ///
    /// For messages of many hundred bytes and more on a bounded channel: they are made where the receiver finds them, and need
    /// never stand on a stack, or be moved. Smaller ones are faster sent by [`Sender::try_send`]. It is not for messages that
    /// take long to make: until this one is sent or given up, **all that is sent after it waits behind it**, by whomever.
    /// Receivers that come to it find it busy: `try_` forms answer Empty, after letting this thread run a few times, and
    /// those that wait look again and again, after a short time once every millisecond, instead of sleeping. When senders
    /// have come round the ring to it, the channel is full. A select that receives only from other channels is not disturbed.
    ///
    /// A reference that is kept for ever, or given to [`core::mem::forget`], is a thread that was stopped in the middle of its
    /// send: nothing behind it is ever received, and what is queued there when the channel goes is never dropped. A thread that
    /// waits, while it has a reference, for something that comes through the same channel waits for itself.
    ///
    /// # On other channels
    ///
    /// An **unbounded** channel, or a [strict](crate::bounded_strict) one, has no slot to be kept: the message stands in memory of the reference's own, which is allocated for
    /// it, and is moved into the channel when it is sent; its order is that of sending, and nobody waits behind it. On a
    /// **rendezvous** it is the same, but a receiver that waits is claimed at once, and waits for the message: if it leaves before,
    /// the message is for the next one, or stays in the channel until one comes. Such a message passes over the stack once.
    ///
    /// # Errors
    /// As for [`Sender::try_send`].
    ///
    /// # Panics
    /// Never; without memory the process ends (a bounded channel needs none).
    ///
    /// ```
    /// use crossinterp_core::{TrySendError, bounded};
    ///
    /// let (tx, rx) = bounded(2);
    /// let mut message = tx.try_send_ref().unwrap().write([0_u8; 4096]);
    /// message[..5].copy_from_slice(b"hello");
    /// tx.try_send([1; 4096]).unwrap();
    /// assert!(rx.try_recv().is_err()); // the second one waits behind it
    /// message.send().unwrap();
    /// assert_eq!(rx.try_recv_ref().unwrap()[..5], *b"hello");
    ///
    /// tx.try_send([2; 4096]).unwrap();
    /// assert_eq!(tx.try_send_ref().unwrap_err(), TrySendError::Full(()));
    /// ```
    pub fn try_send_ref(&self) -> Result<SendRef<'_, T>, TrySendError<()>> {
        let mut patience = Patience::new();
        loop {
            return match self.attempt(Seeker::passing(false)) {
                Tried::Done(token) => SendRef::new(self, token).ok_or(TrySendError::Disconnected(())),
                Tried::Busy if patience.wait() => continue,
                Tried::Busy | Tried::Nothing | Tried::Called | Tried::Taken => Err(TrySendError::Full(())),
            };
        }
    }

    /// Claims room for one message, as [`Sender::try_send_ref`], sleeping by the embedder's means while there is none.
    ///
    /// # Errors
    /// [`ParkError`].
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{Park, ParkError, Wakeup, bounded};
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
    /// let (tx, rx) = bounded(1);
    /// tx.send_ref_parking(&NoPatience).unwrap().write(1).send().unwrap();
    /// assert_eq!(tx.send_ref_parking(&NoPatience).unwrap_err(), ParkError::TimedOut);
    /// assert_eq!(*rx.recv_ref_parking(&NoPatience).unwrap(), 1);
    /// assert_eq!(rx.recv_ref_parking(&NoPatience).unwrap_err(), ParkError::TimedOut);
    /// ```
    pub fn send_ref_parking(&self, park: &impl Park) -> Result<SendRef<'_, T>, ParkError> {
        let token = internals::with([internals::send(self)], true, |mut cases| {
            cases.wait(false, park).map(SelectedOperation::into_token)
        })?;
        SendRef::new(self, token).ok_or_else(|| self.0.why_over())
    }
}
