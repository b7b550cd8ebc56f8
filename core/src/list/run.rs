//! Several places by one claim.
//!
//! A run ends where its block does, at the latest. Where there is no room for one, the operation on one place goes on.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::{CLOSED, LOOKS, List, MOST_LOOKS, ONE, PopError, PushError, RECEIVERS, SENDERS, Word};
use super::{distance, entry_number, leads_from, place};
use crate::primitive::{Ordering, stop_point};

/// The word so many places on, in the same entry.
const fn on(word: Word, many: usize) -> Word {
    word.wrapping_add(many as Word * ONE)
}

impl<T> List<T> {
    /// Appends values from the front of these, as many as one claim gives room for; there must be some. How many, and
    /// whether consumers were announced before, of whom as many may have to be woken.
    pub fn push_many(&self, values: &mut VecDeque<T>) -> Result<(usize, bool), PushError<()>> {
        loop {
            let tail = self.load_tail();
            let Some(room) = self.room(tail, self.limit) else { continue };
            let end = if tail & CLOSED == 0 && room > 0 { self.end_beyond(tail) } else { None };
            let Some(end) = end else {
                let value = values.pop_front().expect("there are some");
                let (error, value) = match self.push(value) {
                    Ok(awaited) => return Ok((1, awaited)),
                    Err(PushError::Full(value)) => (PushError::Full(()), value),
                    Err(PushError::Closed(value)) => (PushError::Closed(()), value),
                    Err(PushError::NoMemory(value)) => (PushError::NoMemory(()), value),
                };
                values.push_front(value);
                return Err(error);
            };
            let many = values.len().min(distance(tail, end)).min(room);
            if !self.claim_tail(tail, many) {
                continue;
            }
            let mut pushed = 0;
            let mut back = None;
            for step in 0..many {
                let Some(value) = back.take().or_else(|| values.pop_front()) else { break };
                // SAFETY: we claimed the places from `tail` on, so many. (`many` values are there, so none is left out.)
                match unsafe { self.fill(on(tail, step), end, value) } {
                    Ok(()) => pushed += 1,
                    // To the next place.
                    Err(value) => back = Some(value),
                }
            }
            if let Some(value) = back {
                values.push_front(value);
            }
            if pushed > 0 {
                return Ok((pushed, tail & RECEIVERS != 0));
            }
        }
    }

    /// Takes the oldest values, as many as one claim gives, and at most that many: at least one, and not more than there is
    /// room for behind the others. Adds to `awaited` for how many places it made room after producers were announced, of whom
    /// as many may have to be woken.
    pub fn pop_many(&self, values: &mut Vec<T>, most: usize, awaited: &mut usize) -> Result<usize, PopError> {
        debug_assert!(
            most > 0 && most <= values.capacity() - values.len(),
            "nothing is allocated in the middle"
        );
        let mut looks = LOOKS;
        loop {
            let (head, tail) = self.oldest()?;
            let number = entry_number(head);
            let end = if entry_number(tail) == number {
                place(tail)
            } else {
                // Relaxed: as in `oldest`, the link is what it will be.
                leads_from(self.table.entry(number).link.load(Ordering::Relaxed))
            };
            let many = most.min(distance(head, end));
            if !self.claim_head(head, many) {
                continue;
            }
            if head & SENDERS != 0 {
                *awaited += many;
            }
            stop_point!(list.popping);
            let is_large = self.is_large(number);
            let mut popped = 0;
            for step in 0..many {
                // SAFETY: we claimed the places from `head` on, so many.
                if let Some(value) = unsafe { self.meet(on(head, step), looks) } {
                    values.push(value);
                    popped += 1;
                } else {
                    looks = MOST_LOOKS.min(looks * 2);
                }
            }
            if popped > 0 {
                self.look_after(number);
                if is_large && place(tail) == place(on(head, many)) {
                    // As in `empty`.
                    _ = self.oldest();
                }
                return Ok(popped);
            }
        }
    }
}
