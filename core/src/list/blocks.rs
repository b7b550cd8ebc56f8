//! How blocks come and go: `tail` and `head` are moved from entry to entry, and what was passed is freed (rules 3, 4 and 6 of
//! [`crate::list`]).

use core::ptr::null_mut;

use super::table::Table;
use super::{
    FLAGS, LEAVE, List, MOST, ONE, SEARCHES, UNLIMITED, Word, distance, entry_number, leads_from, place, word,
};
use crate::primitive::{Ordering, edge, stop_point, yield_now};
use crate::refs::AllocError;

impl<T> List<T> {
    /// After finishing slots of that entry: if it was passed meanwhile, it may have to be freed.
    #[inline]
    pub(super) fn look_after(&self, number: usize) {
        // Relaxed: whoever misses the bit leaves the entry to the next one.
        if self.head.passed.load(Ordering::Relaxed) & 1 << number != 0 {
            self.take_passed(number);
        }
    }

    /// Frees an entry that was passed, if all are done there, and nobody else has it. (Should it be another one by now, in
    /// the same place of the table, that is as good.)
    #[cold]
    pub(super) fn take_passed(&self, number: usize) {
        let bit = 1 << number;
        // ORDERING [list.passed]: Acquire, pairs with the Release in `sweep`: what is known of the entry's slots. Model:
        // loom `list::who_finishes_last_frees`.
        if self.head.passed.fetch_and(!bit, edge!(list.passed: Acquire)) & bit != 0 {
            self.sweep(number);
        }
    }

    /// Frees the entries that were passed in which all are done.
    #[inline]
    pub(super) fn take_all_passed(&self) {
        let mut passed = self.head.passed.load(Ordering::Relaxed);
        while passed != 0 {
            self.take_passed(passed.trailing_zeros() as usize);
            passed &= passed - 1;
        }
    }

    /// Frees a passed entry, which is the caller's, or leaves it to whoever comes next.
    pub(super) fn sweep(&self, number: usize) {
        stop_point!(list.sweeping);
        // Relaxed: the link is what it will be since `tail` left the entry, and who passed it saw that.
        let link = self.table.entry(number).link.load(Ordering::Relaxed);
        if self.table.is_done(number, leads_from(link)) {
            self.table.free(number);
        } else {
            // ORDERING [list.passed]: Release: who has it next knows of each slot what we know. Model: loom
            // `list::who_finishes_last_frees`.
            self.head.passed.fetch_or(1 << number, edge!(list.passed: Release));
        }
    }

    /// `tail` is at the end of its entry: moves it on to the next one, which is made if need be.
    #[cold]
    pub(super) fn extend(&self, tail: Word) -> Result<(), AllocError> {
        let link = self.load_link(tail);
        if entry_number(link) != entry_number(tail) && leads_from(link) == place(tail) {
            self.advance(tail, link);
            return Ok(());
        }
        let size = self.next_size(tail)?;
        // The memory first: an entry must not be kept while the allocator takes its time.
        let slots = self.table.take_slots(size)?;
        let mut searches = 0;
        while self.is_at(tail) {
            if let Some(number) = self.table.reserve(tail, size, slots) {
                stop_point!(list.linking);
                self.link(tail, link, word(place(tail), number));
                return Ok(());
            }
            searches += 1;
            if searches == SEARCHES {
                self.table.put_slots(slots, size);
                return Err(AllocError);
            }
            yield_now();
        }
        self.table.put_slots(slots, size);
        Ok(())
    }

    /// The list is empty: `true` when `tail` may have been moved out of a block that is too large to stay.
    #[inline]
    pub(super) fn leave(&self, head: Word, tail: Word) -> bool {
        let number = entry_number(tail);
        number == entry_number(head) && self.is_large(number) && self.leave_large(tail)
    }

    /// Whether the block of an entry is too large to stay in an empty list.
    #[inline]
    pub(super) fn is_large(&self, number: usize) -> bool {
        self.table.entry(number).size.load(Ordering::Relaxed) > Table::<T>::LARGE
    }

    #[cold]
    pub(super) fn leave_large(&self, tail: Word) -> bool {
        if self.limit != UNLIMITED {
            return false;
        }
        let link = self.load_link(tail);
        if entry_number(link) != entry_number(tail) && leads_from(link) == place(tail) {
            // Others are about to go on from here; if this is a link like ours, see it through.
            return link & LEAVE != 0 && self.advance(tail, link);
        }
        let after = tail.wrapping_add(ONE);
        let Some(number) = self.table.reserve(after, 0, null_mut()) else { return false };
        self.link(tail, link, word(place(after), number) | LEAVE)
    }

    /// How many slots the block after `tail` is to have.
    pub(super) fn next_size(&self, tail: Word) -> Result<usize, AllocError> {
        let len = distance(self.head.word.load(Ordering::Relaxed), tail);
        // A `tail` that was left behind since looks like more than there can be.
        let len = if len > MOST { 0 } else { len };
        let size = Table::<T>::next_size(len);
        if size > MOST - len { Err(AllocError) } else { Ok(size) }
    }

    pub(super) fn load_link(&self, tail: Word) -> Word {
        // ORDERING [list.link]: Acquire, pairs with the Release in `link`: the entry it leads to is filled in before `tail`
        // is moved there. And if the entry was reserved anew since `tail` was loaded, a later load of `tail` shows it.
        // Model: loom `list::producers_share`.
        self.table.entry(entry_number(tail)).link.load(edge!(list.link: Acquire))
    }

    /// Whether `tail` is where it was.
    pub(super) fn is_at(&self, tail: Word) -> bool {
        (self.tail.word.load(Ordering::Relaxed) ^ tail) & !FLAGS == 0
    }

    /// Moves the link of the entry where `tail` is, and follows it. `false`, and the entry that it was to lead to is free
    /// again, when others came first.
    pub(super) fn link(&self, tail: Word, old: Word, new: Word) -> bool {
        let number = entry_number(tail);
        // ORDERING [list.link]: Release: the new entry and its slots are complete for who finds the link. Model: loom
        // `list::producers_share`.
        let linked = self.is_at(tail)
            && (self.table.entry(number).link)
                .compare_exchange(old, new, edge!(list.link: Release), Ordering::Relaxed)
                .is_ok();
        if !linked {
            self.table.free(entry_number(new));
            return false;
        }
        if entry_number(old) != number {
            // Rule 6: it was passed by, so that nobody will ever go there.
            self.table.free(entry_number(old));
        }
        self.advance(tail, new)
    }

    /// Moves `tail` along a link. It may have been moved already.
    pub(super) fn advance(&self, tail: Word, link: Word) -> bool {
        // ORDERING [list.tail]: Release: the entry, which we filled in or saw by `list.link`, is complete for who loads
        // `tail`. Model: loom `list::producers_share`.
        let new = (link & !FLAGS) | (tail & FLAGS);
        self.tail.word.compare_exchange(tail, new, edge!(list.tail: Release), Ordering::Relaxed).is_ok()
    }

    /// Moves `head` along a link that `tail` has taken. It may have been moved already.
    #[cold]
    pub(super) fn follow(&self, head: Word, link: Word) {
        // ORDERING [list.head]: Release: `tail` was seen where the link leads, which may be a place further (rule 6). Model:
        // loom `list::a_large_block_is_left_once`.
        let moved = self.head.word.compare_exchange(
            head,
            (link & !FLAGS) | (head & FLAGS),
            edge!(list.head: Release),
            Ordering::Relaxed,
        );
        if moved.is_ok() {
            // Rule 4: the entry is ours.
            self.sweep(entry_number(head));
            self.take_all_passed();
        }
    }
}
