//! Messages that are written and read where the queue keeps them, for those that are too large to be moved.
//!
//! On a bounded channel a [`SendRef`] is a slot that was claimed to be filled, a [`RecvRef`] one that was claimed to be
//! emptied: what a send or receive has for a moment in its middle, kept for as long as its owner likes. So all that is said of
//! a thread that is stopped there ([`crate::ring`]) is true of one that keeps a reference: those behind the slot find it
//! busy. One that waits is a select with that one operation: what that has chosen is just such a claim.
//!
//! A message that is in no slot, because it was given back, stands in the node of a send that waits, or has a channel
//! without slots, is moved into a box, and the reference has that. Where messages are moved the functions stand apart: the
//! room for a message that they have on the stack is not needed by the others.

mod recv;
mod send;

pub use recv::RecvRef;
pub use send::{FilledRef, SendRef};

use alloc::boxed::Box;
use core::ptr::NonNull;

/// A message in a slot that is somebody's own.
struct InSlot<T>(NonNull<T>);

impl<T> InSlot<T> {
    /// The message is somebody else's to drop.
    fn into_pointer(self) -> NonNull<T> {
        core::mem::ManuallyDrop::new(self).0
    }
}

impl<T> Drop for InSlot<T> {
    fn drop(&mut self) {
        // SAFETY: the slot is its owner's, whose this is, and the message in it is whole.
        unsafe { self.0.drop_in_place() };
    }
}

/// A message where it stands.
enum Message<T> {
    Slot(InSlot<T>),
    Own(Box<T>),
}

impl<T> Message<T> {
    fn get(&self) -> &T {
        match self {
            // SAFETY: as in `drop`.
            Self::Slot(message) => unsafe { message.0.as_ref() },
            Self::Own(message) => message,
        }
    }

    fn get_mut(&mut self) -> &mut T {
        match self {
            // SAFETY: as in `drop`.
            Self::Slot(message) => unsafe { message.0.as_mut() },
            Self::Own(message) => message,
        }
    }
}
