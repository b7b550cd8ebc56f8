//! The bounded queue: a ring of stamped slots, for any number of producers and consumers.
//!
//! It goes back to Dmitry Vyukov's bounded MPMC queue: every slot has a stamp that says for which position it is free or
//! full, and every operation is one compare-exchange on the position word of its side. Three things are different:
//! capacities are not rounded up, the position words carry flags (who waits, whether it is closed), and at a slot whose
//! owner has not come to its end the operation says so ([`PushError::Busy`], [`PopError::Busy`]) instead of spinning. A side
//! that has one user can be used without any compare-exchange: [`single`].
//!
//! # Words
//!
//! A *position* counts the pushes (pops) that came before, as `lap * LAP + index`: `index` is below the capacity, `LAP` the
//! power of two above it. Positions stand in the upper bits of `tail` and `head`, below them three flags, and they wrap at
//! that width, which `LAP` divides. A compare-exchange could mistake a position for its like one wrap later only if its
//! thread slept through 2^61 operations (2^29 where words have 32 bits).
//!
//! The stamp of a slot, for the positions `p` with its index:
//!
//! | stamp | state | who may touch the value |
//! | --- | --- | --- |
//! | `p`, `tail` at `p` | free | nobody |
//! | `p`, `tail` behind `p` | being written | the producer that moved `tail` from `p` |
//! | `p + 1`, `head` at `p` | full | nobody |
//! | `p + 1` with the flag VOID | passed over: its producer gave it up | nobody |
//! | `p + 1`, `head` behind `p` | being read | the consumer that moved `head` from `p` |
//! | `p + LAP` | free, one lap on | nobody |
//!
//! `LAP` is larger than the capacity, so that `p + 1` is no position of the same slot, at any capacity from 1.
//!
//! # Rules
//!
//! 1. `tail` is moved over `p` only by who saw the stamp `p`, or owns the slot and is the one to store that stamp
//!    ([`Ring::replace`]); `head` over `p` only by who saw `p + 1`. So positions are never more than the capacity apart, and
//!    `head` never passes `tail`. A word may be moved over several positions at once, a *run*, by who saw all of their stamps
//!    since he loaded the word: none has changed when the compare-exchange succeeds, for only who moves the word over a
//!    position changes that stamp next.
//! 2. Who moved a word over `p` owns the slot until it stores the next stamp, which only it may do. Of a run it does so in
//!    the order of the positions.
//! 3. Full is answered when `head` was seen one lap behind the `tail` that was read before it, Empty when `tail` was seen
//!    at the `head` that was read before it: by rule 1 it was so at that moment. What is neither is Busy: a peer owns
//!    the slot at this moment.
//! 4. The flags of a word change by read-modify-writes of it, so they are ordered with every claim: see `announce`.
//!
//! # Progress
//!
//! Nobody waits here. A claim fails only when another one succeeded. A producer that is stopped for good as an owner takes
//! its message with it and keeps everything behind its slot: consumers find it Busy, and when they have come as far
//! round the ring, producers find it Full. The same with a consumer, the other way round. One that is stopped as the owner
//! of a run takes what is left of it, and one that replaces a value takes that one and its own.
//!
//! # Edges
//!
//! | edge | from | to | what becomes visible |
//! | --- | --- | --- | --- |
//! | `ring.publish` | the stamp `p + 1` stored by a push, Release | loaded by a pop, Acquire | the value |
//! | `ring.recycle` | the stamp `p + LAP` stored by a pop, Release | loaded by a push, Acquire | that the value was read |
//! | `ring.announce` | `announce`, Release | the claims on that word, `withdraw` and `close`, Acquire | the waiter |
//! | `ring.announce` | `close`, Release | `announce`, Acquire | that the ring is closed |

// The loom models use this from outside; in every other build it is the crate's own.
#![cfg_attr(not(loom), allow(unreachable_pub))]

mod in_place;
mod replace;
mod run;
mod single;

pub use in_place::Claimed;
pub use replace::ReplaceError;

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use crossbeam_utils::CachePadded;

use crate::primitive::{AtomicUsize, Contention, Ordering, UnsafeCell, barrier, edge, spin_loop, stop_point};

/// Why a bounded channel could not be made.
///
/// ```
/// use crossinterp_core::{CapacityError, try_bounded};
///
/// assert_eq!(try_bounded::<u8>(usize::MAX).unwrap_err(), CapacityError::TooLarge);
/// assert_eq!(CapacityError::NoMemory.to_string(), "out of memory");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapacityError {
    /// More slots than an address space can hold, or than positions can count: the limit is 2^59 (2^27 where words have
    /// 32 bits).
    TooLarge,
    /// The allocator has no memory for that many.
    NoMemory,
}

/// Why nothing was pushed; the value comes back.
#[derive(Debug, PartialEq, Eq)]
pub enum PushError<T> {
    /// Every slot holds a value.
    Full(T),
    /// The slot that comes next is being emptied at this moment, or another one alone may push.
    Busy(T),
    /// The ring was closed.
    Closed(T),
}

/// Why no slot was reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReserveError {
    /// Every slot holds a value.
    Full,
    /// The slot that comes next is being emptied at this moment, or another one alone may push.
    Busy,
    /// The ring was closed.
    Closed,
}

impl ReserveError {
    fn with<T>(self, value: T) -> PushError<T> {
        match self {
            Self::Full => PushError::Full(value),
            Self::Busy => PushError::Busy(value),
            Self::Closed => PushError::Closed(value),
        }
    }
}

/// A slot whose value is to come. The holder gives it up by [`Ring::fill`] or [`Ring::void`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "what is pushed later waits behind it"]
pub struct Reserved {
    position: usize,
    /// Consumers were announced before it was reserved.
    awaited: bool,
}

/// Slots in a row that were claimed.
struct Run {
    first: usize,
    many: usize,
    /// The other side was announced before.
    awaited: bool,
}

/// Why nothing was popped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PopError {
    /// The slot that came next was reserved and then given up; it was passed. `awaited`: producers were announced before
    /// this, and one may have to be woken.
    Void {
        /// See there.
        awaited: bool,
    },
    /// There is no value.
    Empty,
    /// The value that comes next is being written at this moment, or another one alone may pop.
    Busy,
    /// There is no value and, the ring being closed, there will be none.
    Closed,
}

/// How many bits of a word are flags.
const FLAGS: u32 = 3;
/// In both words: somebody waits for operations on this word. In `tail` they are consumers, in `head` producers.
const AWAITED: usize = 1;
/// In `tail`: nothing more can be pushed. In `head`: nothing is popped before it was looked where a closed `tail` stands
/// ([`single`]).
const CLOSED: usize = 2;
/// In both words: that side has one user, who keeps its position elsewhere ([`single`]); what stands here is an old one.
const ALONE: usize = 4;
/// All of them.
const ANY: usize = AWAITED | CLOSED | ALONE;
/// Positions wrap at this.
const POSITIONS: usize = usize::MAX >> FLAGS;
const MOST_SLOTS: usize = POSITIONS >> 2;
/// In a stamp: the slot is full, but of nothing.
const VOID: usize = !(usize::MAX >> 1);

/// How often an operation looks again at a slot that is somebody else's, before it says Busy.
const SPINS: u32 = if cfg!(any(loom, xi_stop)) { 0 } else { 3 };

/// Which word, and so who is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// What pushes change: consumers wait for it.
    Tail,
    /// What pops change: producers wait for it.
    Head,
}

/// What operations of one side write.
struct Line {
    /// `tail` or `head` itself.
    word: AtomicUsize,
    /// Where the side stands that has one user, while the word has the flag ALONE.
    alone: AtomicUsize,
}

impl Line {
    fn new() -> Self {
        Self { word: AtomicUsize::new(0), alone: AtomicUsize::new(0) }
    }
}

struct Slot<T> {
    stamp: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

/// See the module documentation.
pub struct Ring<T> {
    tail: CachePadded<Line>,
    head: CachePadded<Line>,
    slots: NonNull<Slot<T>>,
    capacity: usize,
    lap: usize,
}

// SAFETY: a value is reached by one thread at a time (rule 2) and moves from thread to thread, hence `T: Send`.
unsafe impl<T: Send> Send for Ring<T> {}
// SAFETY: as above; all else is atomic.
unsafe impl<T: Send> Sync for Ring<T> {}

impl<T> Ring<T> {
    /// An empty ring of at least one slot, in one allocation. Values are written where they stay.
    pub fn try_new(capacity: usize) -> Result<Self, CapacityError> {
        debug_assert!(capacity > 0, "a rendezvous has no ring");
        if capacity > MOST_SLOTS {
            return Err(CapacityError::TooLarge);
        }
        let layout = Layout::array::<Slot<T>>(capacity).map_err(|_| CapacityError::TooLarge)?;
        // SAFETY: a slot has a stamp, so the size is not 0.
        let slots =
            NonNull::new(unsafe { alloc(layout) }.cast::<Slot<T>>()).ok_or(CapacityError::NoMemory)?;
        for index in 0..capacity {
            // SAFETY: the slot lies in the allocation, nobody else knows it; each field is written where it is, because
            // a slot of a large T must not pass over the stack.
            unsafe {
                let slot = slots.as_ptr().add(index);
                (&raw mut (*slot).stamp).write(AtomicUsize::new(index));
                UnsafeCell::make_uninit(&raw mut (*slot).value);
            }
        }
        Ok(Self {
            tail: CachePadded::new(Line::new()),
            head: CachePadded::new(Line::new()),
            slots,
            capacity,
            lap: (capacity + 1).next_power_of_two(),
        })
    }

    fn word(&self, word: Word) -> &AtomicUsize {
        match word {
            Word::Tail => &self.tail.word,
            Word::Head => &self.head.word,
        }
    }

    fn index(&self, position: usize) -> usize {
        position & (self.lap - 1)
    }

    /// The position after that one.
    #[inline]
    fn next(&self, position: usize) -> usize {
        if self.index(position) + 1 < self.capacity {
            position + 1
        } else {
            (position - self.index(position)).wrapping_add(self.lap) & POSITIONS
        }
    }

    /// The position of the same slot one lap on.
    fn lap_on(&self, position: usize) -> usize {
        position.wrapping_add(self.lap) & POSITIONS
    }

    #[inline]
    fn slot(&self, position: usize) -> &Slot<T> {
        let index = self.index(position);
        debug_assert!(index < self.capacity);
        // SAFETY: positions only come from 0 by `next`, so their index is below the number of slots; the slots live as
        // long as the ring.
        unsafe { &*self.slots.as_ptr().add(index) }
    }

    /// Whether the slot of that position was emptied since the lap before, or is new.
    #[inline]
    fn is_free(slot: &Slot<T>, position: usize) -> bool {
        // ORDERING [ring.recycle]: Acquire, pairs with the Release store in `empty`: the value of the lap before was
        // read before this one is written. Model: loom `ring::a_slot_is_used_again`.
        slot.stamp.load(edge!(ring.recycle: Acquire)) == position
    }

    /// The stamp of a slot for one who is to read what is in it.
    #[inline]
    fn published(slot: &Slot<T>) -> usize {
        // ORDERING [ring.publish]: Acquire, pairs with the Release store in `fill`: the value is complete. Model:
        // loom `ring::a_value_is_seen_whole`.
        slot.stamp.load(edge!(ring.publish: Acquire))
    }

    /// Moves a word one position on, if it still is what it was, or says what it is.
    #[inline]
    fn claim(&self, word: Word, seen: usize) -> Result<(), usize> {
        self.claim_run(word, seen, self.next(seen >> FLAGS))
    }

    /// Moves a word on to that position, if it still is what it was, or says what it is.
    #[inline]
    fn claim_run(&self, word: Word, seen: usize, end: usize) -> Result<(), usize> {
        let next = (end << FLAGS) | (seen & (AWAITED | CLOSED));
        // ORDERING [ring.announce]: Acquire, pairs with the Release in `announce`: who sees the flag sees the waiter.
        // Models: loom `ring::no_push_misses_a_waiter`, `ring::no_pop_misses_a_waiter`.
        self.word(word)
            .compare_exchange_weak(seen, next, edge!(ring.announce: Acquire), Ordering::Relaxed)
            .map(|_| ())
    }

    /// Takes the value out of a slot.
    ///
    /// # Safety
    /// The stamp was seen to be `position + 1`, and then the caller moved `head` over it.
    #[inline]
    unsafe fn empty(&self, slot: &Slot<T>, position: usize) -> T {
        stop_point!(ring.popping);
        // SAFETY: the slot is the caller's until the store below (rule 2), and holds a value that was seen whole.
        let value = slot.value.with_mut(|cell| unsafe { (*cell).assume_init_read() });
        self.free(slot, position);
        value
    }

    /// Frees a slot that the caller owns as its consumer, and has emptied.
    #[inline]
    fn free(&self, slot: &Slot<T>, position: usize) {
        // ORDERING [ring.recycle]: Release, pairs with the Acquire load in `is_free`: our read of the slot happens before
        // the next write. Model: loom `ring::a_slot_is_used_again`.
        slot.stamp.store(self.lap_on(position), edge!(ring.recycle: Release));
        stop_point!(ring.popped);
    }

    /// As `push`, if nothing is in the way: there is room, no consumer was announced, it is open, and nobody comes in
    /// between. Small enough to stand where it is called.
    #[inline]
    pub fn push_at_once(&self, value: T) -> Result<(), T> {
        let tail = self.tail.word.load(Ordering::Relaxed);
        let position = tail >> FLAGS;
        if tail & ANY != 0
            || !Self::is_free(self.slot(position), position)
            || self.claim(Word::Tail, tail).is_err()
        {
            return Err(value);
        }
        stop_point!(ring.pushing);
        self.fill(Reserved { position, awaited: false }, value);
        Ok(())
    }

    /// As `pop`, if nothing is in the way: there is a value, no producer was announced, and nobody comes in between.
    #[inline]
    pub fn pop_at_once(&self) -> Option<T> {
        let head = self.head.word.load(Ordering::Relaxed);
        let position = head >> FLAGS;
        let slot = self.slot(position);
        if head & ANY != 0 || Self::published(slot) != position + 1 || self.claim(Word::Head, head).is_err() {
            return None;
        }
        // SAFETY: as just seen and done.
        Some(unsafe { self.empty(slot, position) })
    }

    /// Appends a value. `Ok(true)`: consumers were announced before this, and one may have to be woken.
    pub fn push(&self, value: T) -> Result<bool, PushError<T>> {
        match self.reserve() {
            Ok(slot) => {
                stop_point!(ring.pushing);
                Ok(self.fill(slot, value))
            }
            Err(error) => Err(error.with(value)),
        }
    }

    /// Claims the slot that comes next, for a value that comes later. Until then consumers wait behind it, as behind a
    /// producer that was stopped.
    #[inline]
    pub fn reserve(&self) -> Result<Reserved, ReserveError> {
        self.reserve_run(1).map(|run| Reserved { position: run.first, awaited: run.awaited })
    }

    /// Claims the slots that come next, as many as are free, at least one and at most that many.
    #[inline]
    fn reserve_run(&self, most: usize) -> Result<Run, ReserveError> {
        let mut spins = 0;
        let mut contention = Contention::new();
        let mut tail = self.tail.word.load(Ordering::Relaxed);
        loop {
            if tail & (CLOSED | ALONE) != 0 {
                return Err(if tail & CLOSED != 0 { ReserveError::Closed } else { ReserveError::Busy });
            }
            let position = tail >> FLAGS;
            let (many, end) = self.walk(position, most, Self::is_free);
            if many > 0 {
                match self.claim_run(Word::Tail, tail, end) {
                    Ok(()) => return Ok(Run { first: position, many, awaited: tail & AWAITED != 0 }),
                    Err(_) => {
                        contention.lost();
                        tail = self.tail.word.load(Ordering::Relaxed);
                    }
                }
                continue;
            }
            if self.lap_on(self.position(Word::Head)) == position {
                // Rule 3. (Relaxed: whoever popped before this call in any order we know of is seen, by coherence.)
                return Err(ReserveError::Full);
            }
            let now = self.tail.word.load(Ordering::Relaxed);
            if now >> FLAGS == position {
                if spins == SPINS {
                    return Err(ReserveError::Busy);
                }
                spins += 1;
                spin_loop();
            }
            tail = now;
        }
    }

    /// Puts the value into a slot that the caller reserved here. `true`: consumers were announced before, and one may
    /// have to be woken.
    #[inline]
    pub fn fill(&self, reserved: Reserved, value: T) -> bool {
        let Reserved { position, awaited } = reserved;
        // SAFETY: reserved means this.
        unsafe { Self::publish(self.slot(position), position, value) };
        awaited
    }

    /// Puts a value into a slot.
    ///
    /// # Safety
    /// The stamp was seen to be `position`, and then the caller moved `tail` over it.
    #[inline]
    unsafe fn publish(slot: &Slot<T>, position: usize, value: T) {
        debug_assert_eq!(slot.stamp.load(Ordering::Relaxed), position, "it is reserved");
        // SAFETY: the slot is the caller's until the store below (rule 2), and empty: its last value was read before the
        // stamp became this.
        slot.value.with_mut(|cell| unsafe { (*cell).write(value) });
        Self::release(slot, position);
    }

    /// Leaves a slot that the caller owns as its producer, and has filled, to the consumers.
    #[inline]
    fn release(slot: &Slot<T>, position: usize) {
        // ORDERING [ring.publish]: Release, pairs with the Acquire load in `published`: the value is complete for who finds
        // the slot full. Model: loom `ring::a_value_is_seen_whole`.
        slot.stamp.store(position + 1, edge!(ring.publish: Release));
        stop_point!(ring.pushed);
    }

    /// Gives up a slot that the caller reserved here: it is passed, at once if it comes next and everybody may pop, else by
    /// the consumer who comes to it. Whether consumers, and whether producers, were announced before, of whom one may have
    /// to be woken.
    pub fn void(&self, reserved: Reserved) -> (bool, bool) {
        let stamp = (reserved.position + 1) | VOID;
        // ORDERING [ring.publish]: Release, pairs with the Acquire load in `pop`, and hands on what we saw of the lap
        // before: that its value was read. Model: loom `ring::a_void_slot_is_used_again`.
        self.slot(reserved.position).stamp.store(stamp, edge!(ring.publish: Release));
        let mut producers = false;
        loop {
            let head = self.head.word.load(Ordering::Relaxed);
            let position = head >> FLAGS;
            // ORDERING [ring.publish]: Acquire, as in `pop`: another one's void slot hands on what that one saw. Model: loom
            // `ring::a_void_slot_is_used_again`.
            let stamp = self.slot(position).stamp.load(edge!(ring.publish: Acquire));
            if head & ALONE != 0 || stamp != (position + 1) | VOID {
                return (reserved.awaited, producers);
            }
            producers |= self.pass(head, position) == Some(true);
        }
    }

    /// Takes the oldest value. `true` beside it: producers were announced before this, and one may have to be woken.
    pub fn pop(&self) -> Result<(T, bool), PopError> {
        let Run { first, awaited, .. } = self.claim_full(1)?;
        // SAFETY: it is of the run.
        Ok((unsafe { self.empty(self.slot(first), first) }, awaited))
    }

    /// Claims the slots that come next, as many as are full, at least one and at most that many.
    #[inline]
    fn claim_full(&self, most: usize) -> Result<Run, PopError> {
        let mut spins = 0;
        let mut contention = Contention::new();
        let mut head = self.head.word.load(Ordering::Relaxed);
        loop {
            let position = head >> FLAGS;
            if head & (ALONE | CLOSED) != 0 {
                if head & ALONE != 0 {
                    return Err(PopError::Busy);
                }
                if self.ends_at(position) {
                    return Err(PopError::Closed);
                }
            }
            let mut stamp = 0;
            let (many, end) = self.walk(position, most, |slot, position| {
                stamp = Self::published(slot);
                stamp == position + 1
            });
            if many > 0 {
                match self.claim_run(Word::Head, head, end) {
                    Ok(()) => return Ok(Run { first: position, many, awaited: head & AWAITED != 0 }),
                    Err(_) => {
                        contention.lost();
                        head = self.head.word.load(Ordering::Relaxed);
                    }
                }
                continue;
            }
            // Of the first slot.
            if stamp == (position + 1) | VOID {
                if let Some(awaited) = self.pass(head, position) {
                    return Err(PopError::Void { awaited });
                }
                head = self.head.word.load(Ordering::Relaxed);
                continue;
            }
            let tail = self.look_at(Word::Tail);
            if tail & ALONE != 0 {
                if self.tail.alone.load(Ordering::Relaxed) == position {
                    if tail & CLOSED == 0 {
                        return Err(PopError::Empty);
                    }
                    self.seal(head);
                    head = self.head.word.load(Ordering::Relaxed);
                    continue;
                }
            } else if tail >> FLAGS == position {
                // Rule 3.
                return Err(if tail & CLOSED == 0 { PopError::Empty } else { PopError::Closed });
            }
            let now = self.head.word.load(Ordering::Relaxed);
            if now >> FLAGS == position {
                if spins == SPINS {
                    return Err(PopError::Busy);
                }
                spins += 1;
                spin_loop();
            }
            head = now;
        }
    }

    /// Frees a void slot, if `head` still stands before it. `Some(true)`: producers were announced before.
    #[cold]
    fn pass(&self, head: usize, position: usize) -> Option<bool> {
        let next = (self.next(position) << FLAGS) | (head & (AWAITED | CLOSED));
        // ORDERING [ring.announce]: Acquire, pairs with the Release in `announce`, as in `push`. Model: loom
        // `ring::no_pop_misses_a_waiter`.
        self.head.word.compare_exchange(head, next, edge!(ring.announce: Acquire), Ordering::Relaxed).ok()?;
        // ORDERING [ring.recycle]: Release, pairs with the Acquire load in `reserve`: the value of the lap before was read
        // before the next one is written. Model: loom `ring::a_void_slot_is_used_again`.
        self.slot(position).stamp.store(self.lap_on(position), edge!(ring.recycle: Release));
        Some(head & AWAITED != 0)
    }

    /// Says that somebody waits for operations on that word, who made himself known before.
    ///
    /// Every operation that he waits for is a read-modify-write of the same word as this, so the two are ordered. Either
    /// it comes first: then what it claimed is seen by who looks after this call, who does not find the ring empty (or
    /// full), or finds it Busy. Or it comes later: then it sees the flag, and him. (Who is alone on that side changes no
    /// word: [`single`].)
    pub fn announce(&self, word: Word) {
        // ORDERING [ring.announce]: Release: the waiter is visible to the operations that see the flag, which read it
        // with Acquire. Acquire: that the ring was closed before is seen. Models: loom `ring::no_push_misses_a_waiter`,
        // `ring::no_pop_misses_a_waiter`, `channel::closing_misses_no_waiting_sender`.
        let before = self.word(word).fetch_or(AWAITED, edge!(ring.announce: AcqRel));
        if before & ALONE != 0 {
            // ORDERING [single.announce]: SeqCst: after this every operation is seen that was not to see the flag. Models:
            // loom `single::no_push_misses_a_waiter`, `single::no_pop_misses_a_waiter`.
            barrier::heavy(edge!(single.announce: SeqCst));
        }
    }

    /// Takes the flag away. Whoever did this looks for waiters once more: those that announced themselves before are
    /// visible to him, and those that do so later set the flag again.
    pub fn withdraw(&self, word: Word) {
        // ORDERING [ring.announce]: Acquire, pairs with the Release in `announce`. Model: loom
        // `ring::withdrawing_misses_no_waiter`.
        self.word(word).fetch_and(!AWAITED, edge!(ring.announce: Acquire));
    }

    /// Lets nothing more in. `true`: it was open. Waiters that announced themselves before this, on either word, are seen
    /// after it; those that do so later see that it is closed.
    pub fn close(&self) -> bool {
        // ORDERING [ring.announce]: Acquire, pairs with the Release in `announce`: the waiter. Release of the second: who
        // announces himself at `head` later sees that the ring is closed (who does so at `tail`, sees it there). These are none
        // of the operations that are waited for, so they need no barrier. Models: loom
        // `channel::closing_misses_no_waiting_receiver`, `channel::closing_misses_no_waiting_sender`.
        let before = self.tail.word.fetch_or(CLOSED, edge!(ring.announce: Acquire));
        self.head.word.fetch_or(AWAITED, edge!(ring.announce: AcqRel));
        before & CLOSED == 0
    }

    /// Whether it is open and consumers were announced.
    #[inline]
    pub fn is_awaited(&self) -> bool {
        // Relaxed: whoever acts on it takes a waiter by a word of his own.
        self.tail.word.load(Ordering::Relaxed) & (AWAITED | CLOSED) == AWAITED
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.tail.word.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// How many bytes its slots have.
    pub fn memory(&self) -> usize {
        self.capacity * size_of::<Slot<T>>()
    }

    /// How many values were pushed so far (it wraps).
    pub fn pushed(&self) -> usize {
        let position = self.position(Word::Tail);
        position / self.lap * self.capacity + self.index(position)
    }

    /// How many values it holds, those included that are being written.
    pub fn len(&self) -> usize {
        loop {
            let tail = self.position(Word::Tail);
            let head = self.position(Word::Head);
            if self.position(Word::Tail) != tail {
                continue;
            }
            let (from, to) = (self.index(head), self.index(tail));
            return if from < to {
                to - from
            } else if from > to {
                self.capacity - from + to
            } else if head == tail {
                0
            } else {
                self.capacity
            };
        }
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        /// Frees the slots also when a value's drop panics; the values behind that one are leaked.
        struct Free<T>(NonNull<Slot<T>>, usize);
        impl<T> Drop for Free<T> {
            fn drop(&mut self) {
                for index in 0..self.1 {
                    // SAFETY: the slot was made in `try_new`, nobody else has the ring any more; what drops here is a
                    // stamp and a cell that drops no value.
                    unsafe { self.0.as_ptr().add(index).drop_in_place() };
                }
                let layout =
                    Layout::array::<Slot<T>>(self.1).expect("it was computed when the ring was made");
                // SAFETY: allocated in `try_new` with this layout.
                unsafe { dealloc(self.0.as_ptr().cast(), layout) };
            }
        }
        let _free = Free(self.slots, self.capacity);
        while matches!(self.drop_oldest(), Ok(()) | Err(PopError::Void { .. })) {}
    }
}

impl<T> core::fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Ring")
            .field("capacity", &self.capacity)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
