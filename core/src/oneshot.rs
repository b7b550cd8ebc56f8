//! One-shot channels: one message, from one sender to one receiver.
//!
//! For a reply, a result, the news that something is over. Sending never waits. Receiving is done by any means: at once
//! ([`Receiver::try_recv`]), as a task (the receiver is a future), as a thread that sleeps, or by the sleep that an embedder
//! supplies ([`Receiver::recv_parking`]). A channel is one allocation, made by [`channel`] and freed by whoever is done
//! with it last, which is as a rule the receive itself; nothing else is ever allocated.
//!
//! ```
//! use crossinterp_core::oneshot;
//!
//! let (tx, rx) = oneshot::channel();
//! std::thread::spawn(move || tx.send("hello").unwrap());
//! assert_eq!(rx.recv(), Ok("hello"));
//! ```
//!
//! An end may be moved to another thread at any time, also between two polls. Unlike the ends of other channels these are
//! not cloned, take no part in a [`Select`](crate::Select), and are held by no [`Domain`](crate::Domain). After a `fork()`
//! it is with them as with others: see [`Sender::is_stale`].
//!
//! # The word
//!
//! What both ends share is a word, a place for each side's waker, and a place for the message. The word has a bit that says
//! that the message was sent, and three bits for each side:
//!
//! | bit | set | taken away |
//! | --- | --- | --- |
//! | SENT | by the send, together with the sender's OVER | never |
//! | OVER of a side | once, when it ends: it sends, or is closed or dropped | never |
//! | WAITS of a side | by that side, when its waker is in its place | by that side, to take the waker out again; but see rule 4 |
//! | CALLED of a side | once, by that side, after its OVER, when it has taken the *other* side's waker out | never |
//!
//! The two sides are alike but for the message. This is what a side that is not over goes through with its peer:
//!
//! ```text
//!                wait              the peer ends                      the peer: CALLED
//!   it goes on -------> it waits ---------------> it is being called ----------------> it has the slot alone,
//!       |     <-------                                   |                                    and frees it
//!       |     withdraw                                   | it ends                                 ^
//!       |                                                v                                         |
//!       |                                    the peer frees, by its CALLED                         |
//!       |                                                                                          |
//!       +------------------------------------------------------------------------------------------+
//!                                           the peer ends
//! ```
//!
//! # Rules
//!
//! 1. The slot is there as long as a side is not over: it is freed by who has it alone (rule 5), or finds both over.
//! 2. A side ends only when it does not wait, so that nobody has its waker; or when its peer is over before it.
//! 3. A side's waker is written, and taken out again, by that side, while WAITS is not set. While it is set the place is only
//!    read: by that side, to compare its waker with another, and by the peer, who takes the waker by reading it, if it
//!    found WAITS in the step by which it ended. (What is left in the place then is never used again, but to be compared,
//!    which looks at the waker's two words and at nothing behind them.)
//! 4. A side whose peer is over puts WAITS back if it took it away too late: who looks at WAITS after the peer's end learns from
//!    it whether the peer found a waker.
//! 5. A peer is *done* when it is over and either did not find a waker or has set CALLED: it never touches the slot again. A side
//!    that sees this has the slot alone, may take out what is there, and frees it. If both are over and the peer is not
//!    done, it is the peer that frees: by its CALLED it sees that the other is over.
//! 6. The message is written by the sender before it ends, by a step that sets SENT. If the receiver was over before (and so
//!    done: the sender does not wait when it ends), the sender takes it back. If not, it is the receiver's, who takes it or
//!    drops it before it ends.
//!
//! The sender's waker is for [`Sender::poll_closed`]: the receiver calls it when it goes.
//!
//! # Cost
//!
//! A send is one read-modify-write; receiving a message that is there, and freeing the channel with it, is none: it is a load.
//! Dropping an end whose peer lives is one. Waiting adds one by who waits and one by who wakes. Giving up a wait is one
//! more: after a time limit, for another waker, or to end a side that waits ([`Sender::poll_closed`] waits too).
//!
//! # Progress
//!
//! Everything is wait-free, but for the allocator and what wakers do: no step is ever repeated because of the other side, and
//! nothing spins, or waits for a peer; only a receive that is to sleep may let others run for a moment first. A thread that is
//! stopped for good:
//!
//! - in the middle of a send, before the message is there, takes it with it: the receiver waits on, and its time limit is
//!   kept;
//! - after that, and before it has called the receiver's waker, takes the wake with it: the message is there, for who
//!   looks;
//! - in the middle of a receive takes the message with it. The send has happened;
//! - while it closes or drops the receiver, takes with it the wake of that one sender, who sees that it is closed.
//!
//! In each case the memory of that one channel may be leaked.
//!
//! # Edges
//!
//! | edge | from | to | what becomes visible |
//! | --- | --- | --- | --- |
//! | `oneshot.end` | a side's OVER, Release | the peer's look, Acquire; its own OVER, WAITS and CALLED, Acquire | the message; all that the side did in the slot, before it is freed |
//! | `oneshot.wait` | a side's WAITS, Release | the peer's OVER, Acquire | the waker |
//! | `oneshot.call` | a side's CALLED, Release | the peer's look and its OVER, Acquire | that the waker was taken, before the slot is freed |

mod receiver;
mod sender;
mod slot;

pub use receiver::Receiver;
pub use sender::Sender;

use crate::refs::AllocError;

/// A channel for one message.
///
/// # Panics
/// Never; without memory the process ends, as for every `Box`. [`try_channel`] answers instead.
///
/// ```
/// use crossinterp_core::{TryRecvError, oneshot};
///
/// let (tx, mut rx) = oneshot::channel();
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// tx.send(1).unwrap();
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
#[inline]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    match try_channel() {
        Ok(ends) => ends,
        Err(AllocError) => slot::out_of_memory::<T>(),
    }
}

/// A channel for one message, or the news that there is no memory for it.
///
/// # Errors
/// [`AllocError`].
///
/// ```
/// use crossinterp_core::oneshot;
///
/// let (tx, mut rx) = oneshot::try_channel::<[u8; 100]>()?;
/// tx.send([7; 100]).unwrap();
/// assert_eq!(rx.try_recv(), Ok([7; 100]));
/// # Ok::<(), crossinterp_core::AllocError>(())
/// ```
#[inline]
pub fn try_channel<T>() -> Result<(Sender<T>, Receiver<T>), AllocError> {
    let (sender, receiver) = slot::try_new()?;
    Ok((Sender::new(sender), Receiver::new(receiver)))
}
