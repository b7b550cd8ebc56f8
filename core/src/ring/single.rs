//! A side with one user, who needs no read-modify-write for a value.
//!
//! Who alone pushes (pops) keeps the position of that side himself: while its word has the flag ALONE, the position in
//! it is an old one, and the true one stands in `tail.alone` (`head.alone`), which he alone stores. A push is then: a
//! look at the flags, a look at the stamp, the new position, the value, the stamp, a look at the flags. That is a mode
//! of the ring, which is begun and ended by a compare-exchange of the word, with the position in it on both occasions.
//! The other side may be used by many at once, or be in this mode too.
//!
//! Nobody waits while he is alone: who comes to no room (to no value), or finds a flag, ends the mode, does what all
//! others do, and begins it again.
//!
//! # Rules
//!
//! 1. Flags of the word are changed by read-modify-writes of others, as ever; its position by nobody but the one who is
//!    alone, with one exception (5). Claims of the word by others fail: they say Busy.
//! 2. The position is stored *before* the stamp. So who finds the slot at `head` not full, and `tail.alone` at `head`,
//!    has found the ring empty at that moment, as in rule 3 of the ring; and if it stands behind `head`, the slot is
//!    being written: Busy. The same with Full. `len` counts what is being written, as ever.
//! 3. An operation of who is alone is no read-modify-write of the word in which those are announced who wait for it. So
//!    it looks at the flags *after* it has stored the stamp, with a fence between; and whoever announced himself makes
//!    a fence before he looks once more. One of the two sees the other. His fence is the one that costs ([`barrier`]):
//!    he is about to sleep. Announcing to a word without ALONE needs none: what was done alone before is in the
//!    position by then, and who begins to be alone later sees the flag by his compare-exchange.
//! 4. He looks at the flags before a push too, and pushes nothing if he finds CLOSED. So of what he pushes one value at
//!    most is in doubt when the ring is closed: the one he pushed after a look that came too early.
//! 5. Whether that value is in is decided by a compare-exchange that takes ALONE away from the closed `tail`: by the
//!    producer, who finds CLOSED after he pushed, with the position behind that value, or by a consumer, who found no
//!    stamp after a fence as in rule 3, with the position of `head`. (After that fence he sees all that was pushed
//!    before the look that finds CLOSED, so one value at most is unseen, at `head`.) If the consumer was first, that is
//!    where the ring ends: he answers Closed; and the producer, who finds the ring's end at his value, takes it out
//!    again and has not pushed. If he finds the end behind it, it was seen, and is in.
//! 6. So that no other consumer takes that value meanwhile, the consumer first sets CLOSED in `head`, by a
//!    compare-exchange from the very word for which he found no value. From then on nobody moves `head` before he has
//!    seen a `tail` without ALONE that stands further; he who finds one with ALONE does what the first one was about to
//!    do. A closed ring becomes no side's alone again, so the end that was found is the last.
//!
//! An `tail.alone` that is not at `head` keeps a consumer from 5: the slot was claimed by somebody else before, or is
//! being written.
//!
//! # Progress
//!
//! A thread that is stopped for good in an operation of its own keeps one value and what stands behind it, which can
//! only be its own; consumers find that slot empty, or Busy.
//!
//! # Edges
//!
//! Those of the ring, and:
//!
//! | edge | from | to | what becomes visible |
//! | --- | --- | --- | --- |
//! | `single.begin` | the flag ALONE, Release | the word loaded, Acquire | the position |
//! | `single.look` | an operation's stores, then a light SeqCst fence, then its look at the flags | see next | the value, or the flag |
//! | `single.announce` | AWAITED, then a heavy SeqCst fence, then the second look | see before | the flag, or the value |
//! | `single.seal` | CLOSED seen, then a heavy SeqCst fence, then the second look | `single.look` | that it is closed, or the value |

use super::{ALONE, ANY, AWAITED, CLOSED, FLAGS, Ring, Word};
use crate::primitive::{AtomicUsize, Ordering, acquire, barrier, edge, stop_point};

impl<T> Ring<T> {
    /// Where the position of a side stands while it has one user.
    #[inline]
    fn alone(&self, word: Word) -> &AtomicUsize {
        match word {
            Word::Tail => &self.tail.alone,
            Word::Head => &self.head.alone,
        }
    }

    /// The word of a side, and with it the position that stands elsewhere if the word has ALONE.
    #[inline]
    pub(super) fn look_at(&self, word: Word) -> usize {
        // ORDERING [single.begin]: Acquire, pairs with the Release in `begin_alone`: the position is at least the one
        // at which that side was begun to be used so. Model: loom `single::beginning_hides_nothing`.
        self.word(word).load(edge!(single.begin: Acquire))
    }

    /// Where that side stands.
    #[inline]
    pub(super) fn position(&self, word: Word) -> usize {
        let seen = self.look_at(word);
        if seen & ALONE == 0 { seen >> FLAGS } else { self.alone(word).load(Ordering::Relaxed) }
    }

    /// Whether the user of that side is alone, and nobody waits for him, or has closed the ring.
    pub fn is_undisturbed(&self, word: Word) -> bool {
        // Relaxed: a hint.
        self.word(word).load(Ordering::Relaxed) & ANY == ALONE && !self.is_closed()
    }

    /// From now on the caller alone pushes (pops). Does nothing on a ring that ends.
    ///
    /// # Safety
    /// Nobody else calls this, or the next three, for that word, before the caller called `end_alone`.
    pub unsafe fn begin_alone(&self, word: Word) {
        barrier::prepare();
        let mut seen = self.word(word).load(Ordering::Relaxed);
        while seen & (ALONE | CLOSED) == 0 {
            self.alone(word).store(seen >> FLAGS, Ordering::Relaxed);
            // ORDERING [single.begin]: Release, pairs with the Acquire in `look_at`: the position is this one, or a
            // later one. Model: loom `single::beginning_hides_nothing`.
            let began = self.word(word).compare_exchange_weak(
                seen,
                seen | ALONE,
                edge!(single.begin: Release),
                Ordering::Relaxed,
            );
            match began {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// Everybody may push (pop) again.
    ///
    /// # Safety
    /// The caller is the one who began to be alone; he may be so no more.
    pub unsafe fn end_alone(&self, word: Word) {
        let mut seen = self.word(word).load(Ordering::Relaxed);
        while seen & ALONE != 0 {
            let true_one = self.alone(word).load(Ordering::Relaxed) << FLAGS;
            // ORDERING [ring.announce]: Acquire, pairs with the Release in `announce`: who closes a channel whose
            // receiver's domain ends leaves to that receiver what he cannot take out, if he comes first. Model: loom
            // `single::a_domain_leaves_to_the_consumer_what_it_cannot_drop`.
            let ended = self.word(word).compare_exchange_weak(
                seen,
                true_one | (seen & (AWAITED | CLOSED)),
                edge!(ring.announce: Acquire),
                Ordering::Relaxed,
            );
            match ended {
                Ok(_) => return,
                Err(now) => seen = now,
            }
        }
    }

    /// As `push`, if nothing is in the way: the caller is alone, there is room, and no flag is set. `Ok(true)`:
    /// consumers were announced meanwhile, and one may have to be woken.
    ///
    /// # Safety
    /// The caller is the one who began to be alone at `tail`, or he is so no more.
    #[inline]
    pub unsafe fn push_alone(&self, value: T) -> Result<bool, T> {
        if self.tail.word.load(Ordering::Relaxed) & ANY != ALONE {
            return Err(value);
        }
        let position = self.tail.alone.load(Ordering::Relaxed);
        let slot = self.slot(position);
        if !Self::is_free(slot, position) {
            return Err(value);
        }
        self.tail.alone.store(self.next(position), Ordering::Relaxed);
        stop_point!(ring.pushing);
        // SAFETY: nobody but the caller moves over a position of `tail`, and he just did.
        unsafe { Self::publish(slot, position, value) };
        // ORDERING [single.look]: SeqCst, pairs with those in `announce` and `seal`: either they see this value, or the
        // flag is seen here. Models: loom `single::no_push_misses_a_waiter`, `single::closing_lets_in_or_hands_back`.
        barrier::light(edge!(single.look: SeqCst));
        let tail = self.tail.word.load(Ordering::Relaxed);
        // SAFETY: passed on to the caller.
        if tail & ANY == ALONE { Ok(false) } else { unsafe { self.pushed_into(tail, position) } }
    }

    /// What becomes of a value that was pushed at that position, after which flags were found.
    ///
    /// # Safety
    /// As `push_alone`, which pushed it.
    #[cold]
    #[inline(never)]
    unsafe fn pushed_into(&self, tail: usize, position: usize) -> Result<bool, T> {
        // ORDERING [ring.announce]: Acquire, pairs with the Release in `announce`: who sees the flag sees the waiter.
        // Model: loom `single::no_push_misses_a_waiter`.
        acquire(&self.tail.word, edge!(ring.announce: Acquire));
        let mut seen = tail;
        let is_awaited = tail & AWAITED != 0;
        while seen & CLOSED != 0 && seen & ALONE != 0 {
            // Rule 5. Relaxed: the word decides; the value is found by its stamp.
            let next = (self.next(position) << FLAGS) | (seen & (AWAITED | CLOSED));
            match self.tail.word.compare_exchange(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(is_awaited),
                Err(now) => seen = now,
            }
        }
        if seen & ALONE != 0 || seen >> FLAGS != position {
            return Ok(is_awaited);
        }
        let slot = self.slot(position);
        // SAFETY: the ring ends before this slot, so no consumer comes to it; the value was written by the caller.
        let value = slot.value.with_mut(|cell| unsafe { (*cell).assume_init_read() });
        slot.stamp.store(position, Ordering::Relaxed);
        Err(value)
    }

    /// As `pop`, if nothing is in the way: the caller is alone, there is a value, and no flag is set. `true` beside it:
    /// producers were announced meanwhile, and one may have to be woken.
    ///
    /// # Safety
    /// The caller is the one who began to be alone at `head`, or he is so no more.
    #[inline]
    pub unsafe fn pop_alone(&self) -> Option<(T, bool)> {
        if self.head.word.load(Ordering::Relaxed) & ANY != ALONE {
            return None;
        }
        let position = self.head.alone.load(Ordering::Relaxed);
        let slot = self.slot(position);
        if Self::published(slot) != position + 1 {
            return None;
        }
        self.head.alone.store(self.next(position), Ordering::Relaxed);
        // SAFETY: the stamp was just seen; nobody but the caller moves over a position of `head`, and he just did.
        let value = unsafe { self.empty(slot, position) };
        // ORDERING [single.look]: SeqCst, pairs with the one in `announce`: either they see that there is room, or the
        // flag is seen here. Model: loom `single::no_pop_misses_a_waiter`.
        barrier::light(edge!(single.look: SeqCst));
        let is_awaited = self.head.word.load(Ordering::Relaxed) & AWAITED != 0;
        if is_awaited {
            // ORDERING [ring.announce]: Acquire, pairs with the Release in `announce`: who sees the flag sees the
            // waiter. Model: loom `single::no_pop_misses_a_waiter`.
            acquire(&self.head.word, edge!(ring.announce: Acquire));
        }
        Some((value, is_awaited))
    }

    /// Finds out whether a closed ring ends at that `head`, at which no value was found, and whose producer is alone:
    /// then `head` gets the flag CLOSED (rule 6). In any case the caller looks again.
    #[cold]
    pub(super) fn seal(&self, head: usize) {
        let position = head >> FLAGS;
        // ORDERING [single.seal]: SeqCst, pairs with the one in `push_alone`: either the value is seen, or the producer
        // sees that it is closed. Model: loom `single::closing_lets_in_or_hands_back`.
        barrier::heavy(edge!(single.seal: SeqCst));
        if Self::published(self.slot(position)) != position + 1
            && self.tail.alone.load(Ordering::Relaxed) == position
        {
            // Relaxed: the word decides; no value is read on the strength of it.
            _ = self.head.word.compare_exchange(head, head | CLOSED, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Whether the ring ends at that position, at which `head` stands with the flag CLOSED.
    #[cold]
    pub(super) fn ends_at(&self, position: usize) -> bool {
        let mut tail = self.tail.word.load(Ordering::Relaxed);
        while tail & ALONE != 0 {
            // Relaxed: as above.
            let next = (position << FLAGS) | (tail & (AWAITED | CLOSED));
            match self.tail.word.compare_exchange(tail, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => tail = now,
            }
        }
        tail >> FLAGS == position
    }
}
