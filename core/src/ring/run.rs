//! Several slots by one claim.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{POSITIONS, PopError, ReserveError, Ring, Run, Slot};
use crate::primitive::stop_point;

impl<T> Ring<T> {
    /// Goes through positions in a row, from the first on, at most so many, until `visit` says `false`. How many were before
    /// that, and the position after these. (Where `visit` wants stamps of a lap, it ends before the first slot comes again.)
    #[inline]
    pub(super) fn walk(
        &self,
        first: usize,
        most: usize,
        mut visit: impl FnMut(&Slot<T>, usize) -> bool,
    ) -> (usize, usize) {
        // By themselves, as the stores to slots might change the ring for all that the compiler knows.
        let (slots, capacity) = (self.slots.as_ptr(), self.capacity);
        let (mut many, mut position) = (0, first);
        while many < most {
            let index = self.index(position);
            let here = (capacity - index).min(most - many);
            for step in 0..here {
                // SAFETY: there are `capacity` slots, which live as long as the ring.
                if !visit(unsafe { &*slots.add(index + step) }, position + step) {
                    return (many + step, position + step);
                }
            }
            many += here;
            position = if index + here < capacity {
                position + here
            } else {
                (position - index).wrapping_add(self.lap) & POSITIONS
            };
        }
        (many, position)
    }

    /// Appends values from the front of these, as many as one claim gives room for; there must be some. How many, and
    /// whether consumers were announced before, of whom as many may have to be woken.
    pub fn push_many(&self, values: &mut VecDeque<T>) -> Result<(usize, bool), ReserveError> {
        let Run { first, many, awaited } = self.reserve_run(values.len())?;
        stop_point!(ring.pushing);
        let mut values = values.drain(..many);
        self.walk(first, many, |slot, position| {
            let Some(value) = values.next() else { return false };
            // SAFETY: it is of the run, which was reserved here.
            unsafe { Self::publish(slot, position, value) };
            true
        });
        Ok((many, awaited))
    }

    /// Takes the oldest values, as many as one claim gives, and at most that many: at least one, and not more than there is
    /// room for behind the others. `true` beside how many: producers were announced before this, of whom as many may have
    /// to be woken.
    pub fn pop_many(&self, values: &mut Vec<T>, most: usize) -> Result<(usize, bool), PopError> {
        let room = values.capacity() - values.len();
        debug_assert!(most > 0 && most <= room, "nothing is allocated in the middle");
        let Run { first, many, awaited } = self.claim_full(most)?;
        self.walk(first, many, |slot, position| {
            // SAFETY: it is of the run, which was full and was claimed here.
            values.push(unsafe { self.empty(slot, position) });
            true
        });
        Ok((many, awaited))
    }
}
