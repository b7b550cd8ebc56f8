//! The queue of blocks: slots behind one word for each side, for any number of producers and consumers, without a limit to
//! how many values it holds, or with one ([`List::with_limit`]).
//!
//! # Words
//!
//! A *place* counts the positions that were claimed before. Places stand in the upper bits of a word, below them the number
//! of an entry of the table, below that two flags:
//!
//! | `Word` | place | entry | flags |
//! | --- | --- | --- | --- |
//! | 64 bits | 56 | 6 | 2 |
//! | 32 bits, where the machine has no atomics of 64 | 25 | 5 | 2 |
//!
//! `tail` says where the next value goes, `head` where the next one comes from: which place, and which entry has the block
//! of this place. `seen`, beside `head`, is what `tail` was when a consumer last looked: as long as `head` is behind it
//! consumers leave the line alone that producers write. (It may be behind `head`, or go back: then one looks.) Places wrap
//! at their width. A compare-exchange could mistake a word for its like one wrap later only if its thread slept through
//! 2^56 (2^25) operations exactly, or a multiple; else no entry is at a place twice (rule 5).
//!
//! Where there is a limit, `taken`, beside `tail`, is what `head` was when a producer last looked: as `head` only moves on,
//! there are at most the places between the two, and producers leave the consumers' line alone as long as these are few
//! enough. (Should `taken` be of a later `tail` than a producer has, there seem to be very many, and he looks.)
//!
//! # Blocks and entries
//!
//! A block is memory for some slots in a row. It is described by an *entry* of the table, which stays as long as the list
//! (the first ones in it, the others from the time on at which it became long), so that an entry can be looked at whether or
//! not it is in use. Who looks at one in which he has no place (see rule 4)
//! learns nothing until a compare-exchange on `tail` or `head` succeeds: then the word named this entry all the time since
//! it was loaded, and what was read since is the entry's present content.
//!
//! | field | what it is | touched by |
//! | --- | --- | --- |
//! | `end` | the place after the block's last slot | written while reserved; read by all |
//! | `size` | how many slots | the same |
//! | `link` | where the words go from here, see below | compare-exchanged by who found `tail` here; read by all |
//! | `slots` | the memory, null for no slots | written while reserved or freed; read by who has a place there |
//! | `done` | how many slots from the first on are known to be DONE, or that the entry is free | who has the passed entry |
//!
//! A new block has room for a part of what the list holds, so that the table covers every length, and memory goes back as
//! the values do. The first entry and the one that stands for a block that was left (rule 6) have no slots at all.
//!
//! # Rules
//!
//! 1. A place is claimed by moving `tail` (by a producer) and `head` (by a consumer) one on, with a compare-exchange from
//!    the word that names the place and its entry. `head` moves only when `tail` was seen beyond it, and who sees `head`
//!    at a place sees `tail` there or further on. Several places in a row, a *run*, are claimed by moving a word so many
//!    on: within one entry, and `head` only so far as `tail` was seen.
//! 2. The two that claimed a place meet at the slot's state. It is EMPTY first; the producer writes the value and swaps
//!    in FULL; the consumer, when it has waited long enough, swaps in VOID. Who comes second goes on: a consumer
//!    that finds FULL has the value, a producer that finds VOID takes its value back and claims another place, within the
//!    same push; when he has it, he stores DONE. So one producer's values keep their order, and nobody waits for a peer that
//!    was stopped. (Of a run each value that comes back goes to the next place of the run, so that these keep their order
//!    too.)
//! 3. At the end of a block, before the place that follows is claimed, the block after it is made, its entry is filled in,
//!    and `link` is moved to it; then `tail` is moved to it, by anyone, later `head`. Nobody is waited for: who comes
//!    second at `link` goes on with what he finds, and puts his own block back.
//! 4. A slot is touched by those who claimed its place, until it is DONE. Who moves `head` to the next entry has the entry
//!    that it *passed*: no word leads there any more. If all slots of it that were claimed are DONE, he frees the block, then
//!    the entry; if not, he sets the entry's bit in `passed`, and who takes the bit out has it after him: whoever comes to
//!    pass an entry, finds the list empty, or stores DONE and sees the bit. Somebody stopped for good between his claim and
//!    DONE, or while he has a passed entry, keeps one block and its entry; should all of the table go this way,
//!    [`PushError::NoMemory`] is the answer.
//! 5. No entry is at a place twice. A block's places follow those before it, so at a place there are at most the entry
//!    whose end it is and the one that begins there, and the former is still in use when the latter is reserved. So
//!    `(place, entry)` tells the incarnations of an entry apart, in words and in links: `link` is `(first place of the
//!    block, own number)` at first. A link is moved only by who loaded a word, then the link, and found the word in place
//!    still: then the link was of the incarnation that the word named, and as links do not come twice either, a
//!    compare-exchange that succeeds is on this same incarnation.
//! 6. A consumer that finds nothing in a block much larger than the first one, or took the last value in it, leaves it,
//!    that it may be freed: the link with [`LEAVE`] to an entry without slots. It gives the present place up, and the new entry begins at the one after it
//!    (else rule 5 would be broken). It holds only if `tail` is moved before a producer claims the place; if not, it says
//!    nothing, as its place is passed, and is replaced by the next one who has to link. When `tail` has left an entry the
//!    link is what it will be, so consumers read it only then. (A list with a limit leaves no block: the place given up
//!    would count.)
//! 7. A limit is kept by who claims at `tail`: from a `tail` for which there were places enough, by a compare-exchange, and
//!    places only become more by what moves `head`. Full is answered when `head` was seen so far behind a `tail` that was the
//!    same before and after: at that moment it was so. A place that a consumer gave up counts no more, its producer claims
//!    another one as everybody, and may find the list full then.
//!
//! # Progress
//!
//! A compare-exchange fails only when another one succeeded, and no operation waits for a peer. A push can be sent round
//! again by a pop that found it between its claim and its publishing; a pop looks twice as long before each further slot
//! it gives up, so that the two do not do this to each other for ever. The allocator is outside of this. Who is stopped for
//! good takes his value with him; who claimed a run, those of it that he has not put in, or taken out and given to his
//! caller.
//!
//! # Edges
//!
//! | edge | from | to | what becomes visible |
//! | --- | --- | --- | --- |
//! | `list.publish` | FULL swapped in by a push, Release | loaded or swapped by a pop, Acquire | the value |
//! | `list.void` | VOID swapped in by a pop, Release | swapped by a push, Acquire | that the pop is done with the block |
//! | `list.link` | `link` moved, Release | loaded by who moves `tail`, Acquire | the next entry |
//! | `list.tail` | `tail` moved to another entry, Release | loaded, Acquire | that entry |
//! | `list.head` | `head` moved, Release | loaded, Acquire | that `tail` is not behind it |
//! | `list.seen` | `seen` stored, Release | loaded, Acquire | the entry that `tail` named, and the links to it |
//! | `list.done` | DONE stored, Release | loaded by who has the passed entry, Acquire | that nobody is in the slot any more |
//! | `list.passed` | an entry's bit set in `passed`, Release | taken out, Acquire | what is known of the entry, and by it of its slots |
//! | `list.far` | `far` set, Release | loaded, Acquire | the entries that are not in the list itself |
//! | `list.entry` | an entry freed, Release | reserved, Acquire | that the one before is done with it |
//! | `list.spare` | a block kept, Release | taken, Acquire | the same of the block |
//! | `list.announce` | `announce_receiver`, Release | claims on `tail`, `withdraw_receivers` and `close`, Acquire | the waiter |
//! | `list.announce` | `announce_sender`, Release | claims on `head`, `withdraw_senders` and `close`, Acquire | the waiter |
//! | `list.announce` | `close`, Release | `announce_sender`, Acquire | that the list is closed |

// The loom models use this from outside; in every other build it is the crate's own.
#![cfg_attr(not(loom), allow(unreachable_pub))]

mod blocks;
mod run;
mod table;
#[cfg(all(test, not(loom)))]
mod tests;

use crossbeam_utils::CachePadded;

use self::table::{DONE, EMPTY, FULL, Slot, Table, VOID};
use crate::primitive::{Contention, Ordering, edge, spin_loop, stop_point};
use crate::refs::AllocError;

#[cfg(target_has_atomic = "64")]
type AtomicWord = crate::primitive::AtomicU64;
#[cfg(target_has_atomic = "64")]
type Word = u64;
#[cfg(not(target_has_atomic = "64"))]
type AtomicWord = crate::primitive::AtomicUsize;
#[cfg(not(target_has_atomic = "64"))]
type Word = usize;

/// Why nothing was pushed; the value comes back.
#[derive(Debug, PartialEq, Eq)]
pub enum PushError<T> {
    /// It holds as many values as its limit allows.
    Full(T),
    /// The list was closed.
    Closed(T),
    /// The allocator has no memory for a block, or stopped threads keep every entry of the table.
    NoMemory(T),
}

/// Why nothing was popped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PopError {
    /// There is no value.
    Empty,
    /// There is no value and, the list being closed, there will be none.
    Closed,
}

/// In `tail`: consumers wait for pushes.
const RECEIVERS: Word = 1;
/// In `head`: producers wait for pops.
const SENDERS: Word = 1;
/// In `tail`: nothing more can be pushed.
const CLOSED: Word = 2;
/// In a link: it leads from the place before the one in it, see rule 6.
const LEAVE: Word = 1;
const FLAGS: Word = 3;
const FLAG_BITS: u32 = 2;

const ENTRY_BITS: u32 = if cfg!(loom) {
    2
} else if Word::BITS == 64 {
    6
} else {
    5
};
const ENTRIES: usize = 1 << ENTRY_BITS;
/// One place, as it stands in a word; what is below it is entry and flags.
const ONE: Word = 1 << (FLAG_BITS + ENTRY_BITS);
/// No list is longer, so that of two places one can tell which is first.
const MOST: usize = {
    let most = Word::MAX / ONE / 4;
    if most > isize::MAX as Word { isize::MAX as usize } else { most as usize }
};

/// The limit of a list that has none.
const UNLIMITED: usize = usize::MAX;

/// How often a pop looks at a slot before the first one that it gives up, and the most it ever does.
const LOOKS: u32 = if cfg!(any(loom, xi_stop)) { 1 } else { 8 };
const MOST_LOOKS: u32 = if cfg!(any(loom, xi_stop)) { 1 } else { 1 << 8 };
/// How often a push looks for a free entry of the table, if others do not get on meanwhile.
const SEARCHES: u32 = if cfg!(loom) { 1 } else { 256 };

const fn place(word: Word) -> Word {
    word & !(ONE - 1)
}

const fn entry_number(word: Word) -> usize {
    ((word & (ONE - 1)) >> FLAG_BITS) as usize
}

const fn word(place: Word, number: usize) -> Word {
    place | (number as Word) << FLAG_BITS
}

/// How many places lie between the two.
const fn distance(from: Word, to: Word) -> usize {
    (place(to).wrapping_sub(place(from)) / ONE) as usize
}

/// The place from which a link leads on.
const fn leads_from(link: Word) -> Word {
    if link & LEAVE == 0 { place(link) } else { place(link).wrapping_sub(ONE) }
}

/// See the module documentation.
pub struct List<T> {
    tail: CachePadded<Tail>,
    head: CachePadded<Head>,
    /// How many values it may hold.
    limit: usize,
    table: Table<T>,
}

/// What producers write.
struct Tail {
    /// `tail` itself.
    word: AtomicWord,
    /// What `head` was when one of them last looked, where there is a limit.
    taken: AtomicWord,
}

/// What consumers write.
struct Head {
    /// `head` itself.
    word: AtomicWord,
    /// What `tail` was when one of them last looked.
    seen: AtomicWord,
    /// One bit for each entry that was passed before all in it were done, and that nobody has at this moment (rule 4).
    passed: AtomicWord,
}

// SAFETY: a value is reached by one thread at a time (rule 2) and moves from thread to thread, hence `T: Send`.
unsafe impl<T: Send> Send for List<T> {}
// SAFETY: as above; all else is atomic or ordered by rule 4.
unsafe impl<T: Send> Sync for List<T> {}

impl<T> List<T> {
    /// The largest limit.
    pub const MOST: usize = MOST;

    /// An empty list without a limit. Nothing is allocated.
    pub fn new() -> Self {
        Self::with_limit(UNLIMITED)
    }

    /// An empty list for so many values at most. Nothing is allocated.
    pub fn with_limit(limit: usize) -> Self {
        debug_assert!((1..=MOST).contains(&limit) || limit == UNLIMITED);
        Self {
            limit,
            tail: CachePadded::new(Tail { word: AtomicWord::new(0), taken: AtomicWord::new(0) }),
            head: CachePadded::new(Head {
                word: AtomicWord::new(0),
                seen: AtomicWord::new(0),
                passed: AtomicWord::new(0),
            }),
            table: Table::new(),
        }
    }

    /// Appends a value. `Ok(true)`: consumers were announced before this, and one may have to be woken.
    pub fn push(&self, value: T) -> Result<bool, PushError<T>> {
        self.push_within(self.limit, value)
    }

    /// Appends a value, even if the list is full.
    pub fn push_beyond(&self, value: T) -> Result<bool, PushError<T>> {
        self.push_within(UNLIMITED, value)
    }

    fn push_within(&self, limit: usize, mut value: T) -> Result<bool, PushError<T>> {
        let mut contention = Contention::new();
        loop {
            let tail = self.load_tail();
            if tail & CLOSED != 0 {
                return Err(PushError::Closed(value));
            }
            match self.room(tail, limit) {
                Some(0) => return Err(PushError::Full(value)),
                Some(_) => {}
                None => continue,
            }
            let Some(end) = self.end_beyond(tail) else {
                match self.extend(tail) {
                    Ok(()) => continue,
                    Err(AllocError) => return Err(PushError::NoMemory(value)),
                }
            };
            if !self.claim_tail(tail, 1) {
                contention.lost();
                continue;
            }
            // SAFETY: we claimed the place.
            match unsafe { self.fill(tail, end, value) } {
                Ok(()) => return Ok(tail & RECEIVERS != 0),
                Err(back) => value = back,
            }
        }
    }

    /// How many values there is room for at this `tail`. `None`: it is an old one.
    #[inline]
    fn room(&self, tail: Word, limit: usize) -> Option<usize> {
        if limit == UNLIMITED {
            return Some(UNLIMITED);
        }
        // Relaxed: whichever `head` it is, there was no later one with more places behind it (rule 7).
        let there = distance(self.tail.taken.load(Ordering::Relaxed), tail);
        if there < limit {
            return Some(limit - there);
        }
        let head = self.load_head();
        self.tail.taken.store(head, Ordering::Relaxed);
        let there = distance(head, tail);
        if there < limit {
            Some(limit - there)
        } else if self.is_at(tail) {
            Some(0)
        } else {
            None
        }
    }

    /// As `push`, if nothing is in the way: no consumer was announced, it is open, the block has room, and nobody comes in
    /// between. Small enough to stand where it is called. Only for a list without a limit.
    #[inline(always)]
    pub fn push_at_once(&self, value: T) -> Result<(), T> {
        debug_assert!(self.limit == UNLIMITED, "it would have to be looked at");
        self.push_at_once_within(UNLIMITED, value)
    }

    /// The same for a list with a limit, if it is not full.
    #[inline]
    pub fn push_limited_at_once(&self, value: T) -> Result<(), T> {
        self.push_at_once_within(self.limit, value)
    }

    #[inline(always)]
    fn push_at_once_within(&self, limit: usize, value: T) -> Result<(), T> {
        let tail = self.load_tail();
        if tail & FLAGS != 0 || self.room(tail, limit).is_none_or(|room| room == 0) {
            return Err(value);
        }
        match self.end_beyond(tail) {
            // SAFETY: we claimed the place.
            Some(end) if self.claim_tail(tail, 1) => unsafe { self.fill(tail, end, value) },
            _ => Err(value),
        }
    }

    /// The end of the entry where `tail` is, if there is a slot before it.
    #[inline]
    fn end_beyond(&self, tail: Word) -> Option<Word> {
        // Relaxed: the entry that `tail` named is visible by `list.tail`; should this be of its next incarnation, the
        // compare-exchange on `tail` fails.
        let end = self.table.entry(entry_number(tail)).end.load(Ordering::Relaxed);
        (end != place(tail)).then_some(end)
    }

    /// Claims so many places from `tail` on, unless somebody came before.
    #[inline]
    fn claim_tail(&self, tail: Word, many: usize) -> bool {
        // ORDERING [list.announce]: Acquire, pairs with the Release in `announce_receiver`: who sees the flag sees the
        // waiter. Model: loom `list::no_push_misses_a_waiter`.
        (self.tail.word)
            .compare_exchange_weak(
                tail,
                tail.wrapping_add(many as Word * ONE),
                edge!(list.announce: Acquire),
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// Puts a value where it belongs. It comes back if the place has been given up: then another one is to be claimed.
    ///
    /// # Safety
    /// The caller claimed the place at this `tail`, and its entry ends there.
    #[inline]
    unsafe fn fill(&self, tail: Word, end: Word, value: T) -> Result<(), T> {
        let number = entry_number(tail);
        stop_point!(list.pushing);
        // SAFETY: the place is the caller's, and the slot not DONE (rule 4).
        let slot = unsafe { self.table.slot(number, distance(tail, end)) };
        // SAFETY: a producer alone touches the value before FULL is in the slot's state, and that producer is the caller.
        slot.value.with_mut(|cell| unsafe { (*cell).write(value) });
        // ORDERING [list.publish]: AcqRel. Release: the value is complete for the consumer that finds FULL. Acquire,
        // the other end of [list.void]: should the consumer have given the slot up, it is done with the block before
        // the block is freed because the slot is DONE. Models: loom `list::a_value_is_seen_whole`,
        // `list::a_slot_given_up_is_done`.
        if slot.state.swap(FULL, edge!(list.publish: AcqRel)) == EMPTY {
            stop_point!(list.pushed);
            return Ok(());
        }
        // SAFETY: it was VOID: the consumer is gone and will not touch the value, which was written above.
        let value = slot.value.with_mut(|cell| unsafe { (*cell).assume_init_read() });
        Self::finish(slot);
        self.look_after(number);
        Err(value)
    }

    /// Nobody comes to this slot any more.
    #[inline]
    fn finish(slot: &Slot<T>) {
        // ORDERING [list.done]: Release, pairs with the Acquire in `Table::is_done`: we are done with the slot before its
        // block is freed. Model: loom `list::consumers_share`.
        slot.state.store(DONE, edge!(list.done: Release));
    }

    /// Takes the oldest value.
    pub fn pop(&self) -> Result<T, PopError> {
        self.pop_noting(&mut false)
    }

    /// As `pop`; notes whether it made room, also by a place that it gave up, after producers were announced, of whom one
    /// may have to be woken then.
    pub fn pop_noting(&self, awaited: &mut bool) -> Result<T, PopError> {
        let mut looks = LOOKS;
        let mut contention = Contention::new();
        loop {
            let (head, tail) = self.oldest()?;
            if !self.claim_head(head, 1) {
                contention.lost();
                continue;
            }
            *awaited |= head & SENDERS != 0;
            // SAFETY: we claimed the place.
            if let Some(value) = unsafe { self.empty(head, tail, looks) } {
                return Ok(value);
            }
            // The slot is the producer's. Further ones that are not ready have to be waited for a bit longer.
            looks = MOST_LOOKS.min(looks * 2);
        }
    }

    /// As `pop`, if nothing is in the way: no producer was announced, `tail` is known to be further on, `head` is not at a
    /// link, and nobody comes in between.
    #[inline(always)]
    pub fn pop_at_once(&self) -> Option<T> {
        let head = self.load_head();
        let tail = self.known_tail(head);
        if head & SENDERS != 0
            || place(tail) == place(head)
            || self.link_at(head, tail).is_some()
            || !self.claim_head(head, 1)
        {
            return None;
        }
        // SAFETY: we claimed the place.
        unsafe { self.empty(head, tail, LOOKS) }
    }

    /// The link that leads on from `head`, if there is one there. `tail` was seen to be further on.
    #[inline]
    fn link_at(&self, head: Word, tail: Word) -> Option<Word> {
        let number = entry_number(head);
        if entry_number(tail) == number {
            return None;
        }
        // Relaxed: `tail` has left the entry, which by `list.tail` makes the last change of the link visible (by
        // `list.seen`, if it was somebody else who saw that).
        let link = self.table.entry(number).link.load(Ordering::Relaxed);
        (leads_from(link) == place(head)).then_some(link)
    }

    /// Claims so many places from `head` on, unless somebody came before.
    #[inline]
    fn claim_head(&self, head: Word, many: usize) -> bool {
        let next = head.wrapping_add(many as Word * ONE);
        // ORDERING [list.head] [list.announce]: Release: `tail` was seen beyond `head`; who loads the new `head` sees it as far
        // on. Acquire, pairs with the Release in `announce_sender`: who sees the flag sees the waiter. (To have loaded `head`
        // is not enough: the flag may have gone and come since.) Models: loom `list::head_stays_behind_tail`,
        // `list::no_pop_misses_a_waiter`.
        (self.head.word)
            .compare_exchange_weak(head, next, edge!(list.head: AcqRel), Ordering::Relaxed)
            .is_ok()
    }

    /// Takes the value that belongs there; or gives the place up, where its producer has not come in time.
    ///
    /// # Safety
    /// The caller claimed the place at this `head`, and saw `tail` there, or further on.
    #[inline]
    unsafe fn empty(&self, head: Word, tail: Word, looks: u32) -> Option<T> {
        let number = entry_number(head);
        stop_point!(list.popping);
        let is_last = self.is_large(number) && place(tail) == place(head).wrapping_add(ONE);
        // SAFETY: as for this.
        let value = unsafe { self.meet(head, looks) }?;
        self.look_after(number);
        if is_last {
            // The block goes now, and not when somebody looks next.
            _ = self.oldest();
        }
        Some(value)
    }

    /// Takes the value that belongs there, and finishes the slot; or gives the place up.
    ///
    /// # Safety
    /// The caller claimed the place at this word.
    #[inline]
    unsafe fn meet(&self, at: Word, looks: u32) -> Option<T> {
        let number = entry_number(at);
        // SAFETY: the place is the caller's, and the slot not DONE (rule 4), so the entry stays.
        let slot = unsafe {
            self.table.slot(number, distance(at, self.table.entry(number).end.load(Ordering::Relaxed)))
        };
        if !Self::is_full(slot, looks) {
            return None;
        }
        // SAFETY: the slot was FULL, which was seen by list.publish: the producer is done, the value is there, and
        // nobody else takes it, as the place is the caller's.
        let value = slot.value.with_mut(|cell| unsafe { (*cell).assume_init_read() });
        Self::finish(slot);
        Some(value)
    }

    /// Where `head` and `tail` are, when a value lies between them. An empty list is moved out of a large block. (That is
    /// `tail` now, or as it was when somebody saw it beyond `head`.)
    fn oldest(&self) -> Result<(Word, Word), PopError> {
        loop {
            let head = self.load_head();
            let tail = self.known_tail(head);
            if place(tail) == place(head) {
                // `head` was there when `tail` was, for it is never beyond it: at that moment the list was empty.
                self.take_all_passed();
                if self.leave(head, tail) {
                    continue;
                }
                return Err(if tail & CLOSED == 0 { PopError::Empty } else { PopError::Closed });
            }
            if let Some(link) = self.link_at(head, tail) {
                self.follow(head, link);
                continue;
            }
            return Ok((head, tail));
        }
    }

    #[inline]
    fn load_head(&self) -> Word {
        // ORDERING [list.head]: Acquire, pairs with the Release where `head` is moved: what it names, and that `tail`
        // is not behind it, which is read next. Model: loom `list::head_stays_behind_tail`.
        self.head.word.load(edge!(list.head: Acquire))
    }

    /// `tail`, or what somebody saw it to be, if that was beyond `head`: so consumers do not ask for it, whose line the
    /// producers write, as long as they know of a value.
    #[inline]
    fn known_tail(&self, head: Word) -> Word {
        // ORDERING [list.seen]: Acquire, pairs with the Release below: what it names is visible as to who loaded `tail`.
        // Model: loom `list::what_another_saw_is_seen`.
        let seen = self.head.seen.load(edge!(list.seen: Acquire));
        if (1..=MOST).contains(&distance(head, seen)) {
            return seen;
        }
        let tail = self.load_tail();
        if place(tail) != place(head) {
            // ORDERING [list.seen]: Release: hands on what `list.tail` made visible to us. Model: loom
            // `list::what_another_saw_is_seen`.
            self.head.seen.store(tail, edge!(list.seen: Release));
        }
        tail
    }

    /// Whether the producer came to the slot before its consumer gave it up.
    #[inline]
    fn is_full(slot: &Slot<T>, looks: u32) -> bool {
        for _ in 0..looks {
            // ORDERING [list.publish]: Acquire, pairs with the Release in `push`: the value is complete. Model: loom
            // `list::a_value_is_seen_whole`.
            if slot.state.load(edge!(list.publish: Acquire)) == FULL {
                return true;
            }
            if looks > 1 {
                spin_loop();
            }
        }
        // ORDERING [list.void]: AcqRel. Release: we are done with the block for the producer that finds VOID, which says
        // that the slot is DONE. Acquire, the other end of [list.publish]: it was FULL after all. Models: loom
        // `list::a_slot_given_up_is_done`, `list::a_value_is_seen_whole`.
        slot.state.swap(VOID, edge!(list.void: AcqRel)) == FULL
    }

    /// Says that somebody waits for values, who made himself known before.
    ///
    /// A claim of a push is a read-modify-write of the same word as this, so the two are ordered. Either the claim comes
    /// first: then a pop after this call sees the place and does not answer Empty without having given it up, in which
    /// case the push has to claim another one. Or it comes later: then it sees the flag, and him.
    pub fn announce_receiver(&self) {
        // ORDERING [list.announce]: Release: the waiter is visible to the pushes that see the flag, which claim with
        // Acquire, and to who closes. Model: loom `list::no_push_misses_a_waiter`.
        self.tail.word.fetch_or(RECEIVERS, edge!(list.announce: Release));
    }

    /// Says that somebody waits for room, who made himself known before. As for receivers: a pop claims by a read-modify-write
    /// of the same word, so it sees the flag, or was before this.
    pub fn announce_sender(&self) {
        // ORDERING [list.announce]: Release: the waiter is visible to the pops that see the flag, which claim with Acquire.
        // Acquire: that the list was closed before is seen. Models: loom `list::no_pop_misses_a_waiter`,
        // `channel::closing_misses_no_waiting_sender`.
        self.head.word.fetch_or(SENDERS, edge!(list.announce: AcqRel));
    }

    /// Takes the flag away, as `withdraw_receivers`.
    pub fn withdraw_senders(&self) {
        // ORDERING [list.announce]: Acquire, pairs with the Release in `announce_sender`. Model: loom
        // `list::withdrawing_misses_no_waiting_sender`.
        self.head.word.fetch_and(!SENDERS, edge!(list.announce: Acquire));
    }

    /// Takes the flag away. Whoever did this looks for waiters once more: those that announced themselves before are
    /// visible to him, and those that do so later set the flag again.
    pub fn withdraw_receivers(&self) {
        // ORDERING [list.announce]: Acquire, pairs with the Release in `announce_receiver`. Model: loom
        // `list::withdrawing_misses_no_waiter`.
        self.tail.word.fetch_and(!RECEIVERS, edge!(list.announce: Acquire));
    }

    /// Lets nothing more in. `true`: it was open. Waiters that announced themselves before this are seen after it; those that
    /// do so later see that it is closed.
    pub fn close(&self) -> bool {
        // ORDERING [list.announce]: Acquire, pairs with the Release of who announces himself. Release of the second: who
        // announces himself at `head` later sees that the list is closed (who does so at `tail`, sees it there). Models: loom
        // `channel::closing_misses_no_waiting_receiver`, `channel::closing_misses_no_waiting_sender`.
        let before = self.tail.word.fetch_or(CLOSED, edge!(list.announce: Acquire));
        if self.limit != UNLIMITED {
            self.head.word.fetch_or(SENDERS, edge!(list.announce: AcqRel));
        }
        before & CLOSED == 0
    }

    /// Whether it is open and consumers were announced.
    #[inline]
    pub fn is_awaited(&self) -> bool {
        // Relaxed: whoever acts on it takes a waiter by a word of his own.
        self.tail.word.load(Ordering::Relaxed) & (RECEIVERS | CLOSED) == RECEIVERS
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.tail.word.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// How many bytes its blocks have, with the spare one, and what else it allocated.
    pub fn memory(&self) -> usize {
        self.table.slots() * size_of::<Slot<T>>() + self.table.memory()
    }

    /// How many values it holds, those included that are being written.
    pub fn len(&self) -> usize {
        loop {
            let tail = self.tail.word.load(Ordering::Relaxed);
            // ORDERING [list.head]: Acquire: `tail` is not behind it below. Model: loom `list::head_stays_behind_tail`.
            let head = self.head.word.load(edge!(list.head: Acquire));
            if place(self.tail.word.load(Ordering::Relaxed)) == place(tail) {
                return distance(head, tail);
            }
        }
    }

    /// How many places were claimed, or given up, so far (it wraps).
    pub fn places(&self) -> usize {
        distance(0, self.tail.word.load(Ordering::Relaxed))
    }

    /// Whether a block is kept for the next need.
    #[cfg(any(loom, test))]
    pub fn has_spare(&self) -> bool {
        !self.table.spare.load(Ordering::Relaxed).is_null()
    }

    /// How many entries of the table are in use.
    #[cfg(any(loom, test))]
    pub fn entries(&self) -> usize {
        self.table.used().count()
    }

    #[inline]
    fn load_tail(&self) -> Word {
        // ORDERING [list.tail]: Acquire, pairs with the Release in `advance`; claims between the two carry it on. The entry
        // that the word names is filled in. Model: loom `list::producers_share`.
        self.tail.word.load(edge!(list.tail: Acquire))
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Drop for List<T> {
    // Apart, because of the room for a value: others are dropped where a list could be.
    #[inline(never)]
    fn drop(&mut self) {
        // Should a value's drop panic, those behind it are leaked; the table frees the blocks all the same.
        while self.pop().is_ok() {}
    }
}

impl<T> core::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("List").field("len", &self.len()).finish_non_exhaustive()
    }
}
