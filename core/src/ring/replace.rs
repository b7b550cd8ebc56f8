//! The oldest value makes room for a new one.
//!
//! Where the ring is full, the slot of the oldest value is the one that the next value gets. So who claims it to read it moves
//! `tail` over its next position too, before it stores a stamp: nobody else can, because nobody finds the slot free. The new
//! value comes in, at the end of the row, and no more than one goes.

use super::{ALONE, AWAITED, CLOSED, FLAGS, Ring, SPINS, Slot, VOID, Word};
use crate::primitive::{Ordering, spin_loop, stop_point};

/// Why no value was replaced; the new one comes back.
#[derive(Debug, PartialEq, Eq)]
pub enum ReplaceError<T> {
    /// There is, or was a moment ago, room for it, or the ring was closed: a push says what comes of it.
    NotFull(T),
    /// A slot was passed that had been reserved and then given up, so that there is room. `awaited`: producers were announced
    /// before this, and one may have to be woken, if the room is left to it.
    Void {
        /// The new value.
        value: T,
        /// See there.
        awaited: bool,
    },
    /// The oldest value is being written at this moment, or another one alone may pop, or push.
    Busy(T),
    /// The ring was closed just when the oldest value had been taken out (or another one alone may push from then on).
    Closed {
        /// That one.
        oldest: T,
        /// The new value.
        value: T,
    },
}

impl<T> Ring<T> {
    /// Appends a value to a full ring, in the place of the oldest one, which is given out. `true` beside it: consumers were
    /// announced before this, and one may have to be woken. (Producers have got no room by it.)
    pub fn replace(&self, value: T) -> Result<(T, bool), ReplaceError<T>> {
        let mut spins = 0;
        let (slot, position) = loop {
            let head = self.head.word.load(Ordering::Relaxed);
            if head & ALONE != 0 {
                return Err(ReplaceError::Busy(value));
            }
            let position = head >> FLAGS;
            let slot = self.slot(position);
            let stamp = Self::published(slot);
            if stamp == (position + 1) | VOID {
                match self.pass(head, position) {
                    Some(awaited) => return Err(ReplaceError::Void { value, awaited }),
                    None => continue,
                }
            }
            let tail = self.tail.word.load(Ordering::Relaxed);
            if tail & ALONE != 0 {
                return Err(ReplaceError::Busy(value));
            }
            if tail >> FLAGS != self.lap_on(position) || (head | tail) & CLOSED != 0 {
                return Err(ReplaceError::NotFull(value));
            }
            if stamp == position + 1 {
                // Rule 1: as long as `head` is there, `tail` is where it was seen.
                if self.claim(Word::Head, head).is_ok() {
                    break (slot, position);
                }
            } else if self.head.word.load(Ordering::Relaxed) >> FLAGS == position {
                if spins == SPINS {
                    return Err(ReplaceError::Busy(value));
                }
                spins += 1;
                spin_loop();
            }
        };
        // SAFETY: the stamp was `position + 1`, `tail` one lap before it, and we moved `head` over it.
        unsafe { self.take_over(slot, position, value) }
    }

    /// Takes the value out of a slot, and puts another one in.
    ///
    /// # Safety
    /// The stamp was seen to be `position + 1`, with `tail` one lap on, and then the caller moved `head` over the position.
    unsafe fn take_over(
        &self,
        slot: &Slot<T>,
        position: usize,
        value: T,
    ) -> Result<(T, bool), ReplaceError<T>> {
        // SAFETY: the slot is the caller's (rule 2), and holds a value that was seen whole.
        let oldest = slot.value.with_mut(|cell| unsafe { (*cell).assume_init_read() });
        stop_point!(ring.replacing);
        let mut tail = self.tail.word.load(Ordering::Relaxed);
        loop {
            if tail & (CLOSED | ALONE) != 0 {
                self.free(slot, position);
                return Err(ReplaceError::Closed { oldest, value });
            }
            debug_assert_eq!(tail >> FLAGS, self.lap_on(position), "nobody else can move it");
            match self.claim(Word::Tail, tail) {
                Ok(()) => break,
                // Somebody was announced, or it was closed.
                Err(now) => tail = now,
            }
        }
        let position = self.lap_on(position);
        // Relaxed: it is what its producer finds in a slot, and that are we; for all others it is one that has an owner.
        slot.stamp.store(position, Ordering::Relaxed);
        stop_point!(ring.pushing);
        // SAFETY: we own the slot, from now on as its producer: `tail` was moved over its position.
        unsafe { Self::publish(slot, position, value) };
        Ok((oldest, tail & AWAITED != 0))
    }
}
