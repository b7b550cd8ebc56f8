//! The list's table: entries, the blocks they describe, and who is still at work there (rules 4 and 5).

use alloc::alloc::{alloc, alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::array::from_fn;
use core::mem::{MaybeUninit, replace};
use core::ptr::null_mut;

use super::{AtomicWord, ENTRIES, ONE, Word, distance, entry_number, place, word};
use crate::primitive::{AtomicPtr, AtomicU8, AtomicUsize, Ordering, PLAIN, UnsafeCell, edge};
use crate::refs::AllocError;

/// Values in a small block when they are small; fewer when it would grow past [`SMALL_BYTES`], but at least one.
pub(super) const SMALL_SLOTS: usize = if cfg!(loom) { 2 } else { 32 };
const SMALL_BYTES: usize = if cfg!(loom) { 8 } else { 2048 };

/// So many entries stand in the list itself.
const NEAR: usize = if cfg!(loom) { 2 } else { 4 };
const FAR: usize = ENTRIES - NEAR;

/// In `done`: the entry can be reserved.
pub(super) const FREE: usize = usize::MAX;

/// Nobody has come to this slot.
pub(super) const EMPTY: u8 = 0;
/// The producer came first.
pub(super) const FULL: u8 = 1;
/// The consumer came first.
pub(super) const VOID: u8 = 2;
/// Both were here.
pub(super) const DONE: u8 = 3;

/// The size of the next block of a list of this length, small ones aside.
///
/// The smaller the blocks the sooner memory goes back, but the table has to do for every length. With 64 entries: from 128
/// values to 2^13 in 19 blocks, to 2^18 in 9 more, then each one doubles the length. Fewer entries double from the start.
pub(super) const fn block_size(len: usize) -> usize {
    if ENTRIES >= 64 && len < 1 << 13 {
        len / 4
    } else if ENTRIES >= 64 && len < 1 << 18 {
        len / 2
    } else {
        len
    }
}

pub(super) struct Slot<T> {
    pub(super) state: AtomicU8,
    pub(super) value: UnsafeCell<MaybeUninit<T>>,
}

pub(super) struct Entry<T> {
    pub(super) end: AtomicWord,
    pub(super) size: AtomicUsize,
    pub(super) link: AtomicWord,
    pub(super) slots: UnsafeCell<*mut Slot<T>>,
    /// How many slots, from the first on, are known to be DONE; or [`FREE`].
    pub(super) done: AtomicUsize,
}

impl<T> Entry<T> {
    fn new(done: usize) -> Self {
        Self {
            end: AtomicWord::new(0),
            size: AtomicUsize::new(0),
            link: AtomicWord::new(0),
            slots: UnsafeCell::new(null_mut()),
            done: AtomicUsize::new(done),
        }
    }

    pub(super) fn is_free(&self) -> bool {
        self.done.load(Ordering::Relaxed) == FREE
    }
}

/// Every entry, in use or not, and what goes with them.
pub(super) struct Table<T> {
    /// The first of them, which are enough for a list that is mostly short.
    near: [Entry<T>; NEAR],
    /// The others, once they were needed, or null.
    far: AtomicPtr<Entry<T>>,
    /// One small block in which every slot is EMPTY, or null.
    pub(super) spare: AtomicPtr<Slot<T>>,
}

impl<T> Table<T> {
    /// How many slots a small block has.
    pub(super) const SMALL: usize = {
        let fitting = SMALL_BYTES / if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        if fitting > SMALL_SLOTS {
            SMALL_SLOTS
        } else if fitting == 0 {
            1
        } else {
            fitting
        }
    };
    /// Blocks of more slots do not stay behind in an empty list.
    pub(super) const LARGE: usize = if cfg!(loom) { Self::SMALL } else { 4 * Self::SMALL };

    /// The first entry is in use, at place 0, and has no slots.
    pub(super) fn new() -> Self {
        Self {
            near: from_fn(|number| Entry::new(if number == 0 { 0 } else { FREE })),
            far: AtomicPtr::new(null_mut()),
            spare: AtomicPtr::new(null_mut()),
        }
    }

    /// How many slots there are, in use and spare. While blocks are made and freed it may be off by some of them.
    pub(super) fn slots(&self) -> usize {
        let used = self.used().map(|entry| entry.size.load(Ordering::Relaxed)).sum::<usize>();
        let spare = if self.spare.load(Ordering::Relaxed).is_null() { 0 } else { Self::SMALL };
        used + spare
    }

    /// How many bytes there are beside the list and its slots.
    pub(super) fn memory(&self) -> usize {
        if self.far.load(Ordering::Relaxed).is_null() { 0 } else { FAR * size_of::<Entry<T>>() }
    }

    /// The entries that are in use.
    pub(super) fn used(&self) -> impl Iterator<Item = &Entry<T>> {
        (0..self.entries()).map(|number| self.entry(number)).filter(|entry| !entry.is_free())
    }

    /// How many entries there are.
    fn entries(&self) -> usize {
        // ORDERING [list.far]: Acquire, pairs with the Release in `grow`: the far entries are there. Model: loom
        // `list::producers_of_a_long_list_share`.
        if self.far.load(edge!(list.far: Acquire)).is_null() { NEAR } else { ENTRIES }
    }

    /// An entry that a word names, or named, or that `entries` counts.
    #[inline]
    pub(super) fn entry(&self, number: usize) -> &Entry<T> {
        if number < NEAR {
            return &self.near[number];
        }
        // Relaxed: who knows the number has it from one who reserved the entry, so the far ones are visible.
        let far = self.far.load(Ordering::Relaxed);
        debug_assert!(!far.is_null() && number < ENTRIES);
        // SAFETY: there are so many, which stay as long as the list.
        unsafe { &*far.add(number - NEAR) }
    }

    /// Makes the far entries, unless they are there. How many there are then.
    #[cold]
    fn grow(&self) -> Result<usize, AllocError> {
        let layout = Layout::array::<Entry<T>>(FAR).expect("it is small");
        // SAFETY: there is at least one, and an entry is not empty.
        let far = unsafe { alloc(layout) }.cast::<Entry<T>>();
        if far.is_null() {
            return Err(AllocError);
        }
        for index in 0..FAR {
            // SAFETY: it lies in the allocation, and nobody else knows it.
            unsafe { far.add(index).write(Entry::new(FREE)) };
        }
        // ORDERING [list.far]: Release: the entries are complete for who loads the pointer. Model: loom
        // `list::producers_of_a_long_list_share`.
        let made =
            self.far.compare_exchange(null_mut(), far, edge!(list.far: Release), Ordering::Relaxed).is_ok();
        if !made {
            // SAFETY: it was made here, and nobody else knows it.
            unsafe { Self::dealloc_far(far) };
        }
        Ok(self.entries())
    }

    /// # Safety
    /// These far entries were made by `grow`, or are null, and are not used any more.
    unsafe fn dealloc_far(far: *mut Entry<T>) {
        if far.is_null() {
            return;
        }
        let layout = Layout::array::<Entry<T>>(FAR).expect("it is small");
        // SAFETY: each was made in `grow`; the memory came from there, with this layout.
        unsafe {
            (0..FAR).for_each(|index| far.add(index).drop_in_place());
            dealloc(far.cast(), layout);
        }
    }

    /// How many slots the next block of a list of this length is to have.
    pub(super) fn next_size(len: usize) -> usize {
        block_size(len).max(Self::SMALL)
    }

    /// The slot of an entry that lies so far before its end.
    ///
    /// # Safety
    /// The caller claimed this slot's place, and it is not DONE; or he has the passed entry. `0 < to_end <= size`.
    #[inline]
    pub(super) unsafe fn slot(&self, number: usize, to_end: usize) -> &Slot<T> {
        let entry = self.entry(number);
        let size = entry.size.load(Ordering::Relaxed);
        debug_assert!(0 < to_end && to_end <= size, "{to_end} of {size}");
        // SAFETY: `slots` was written before the word named the entry, and is not written before all slots are DONE, or
        // while the caller has the entry. It is memory for `size` slots, initialised as such, that is not freed as long
        // either.
        entry.slots.with(|slots| unsafe { &*(*slots).add(size - to_end) })
    }

    /// A free entry, filled in for the block that begins where this word is.
    pub(super) fn reserve(&self, from: Word, size: usize, slots: *mut Slot<T>) -> Option<usize> {
        let present = entry_number(from);
        let entries = self.entries();
        let number = self
            .find_free(entries, present)
            .or_else(|| if entries == NEAR { self.find_free(self.grow().ok()?, present) } else { None })?;
        let entry = self.entry(number);
        entry.end.store(place(from).wrapping_add(size as Word * ONE), Ordering::Relaxed);
        entry.size.store(size, Ordering::Relaxed);
        entry.link.store(word(place(from), number), Ordering::Relaxed);
        // SAFETY: the entry was free, and nobody goes there before it is linked.
        entry.slots.with_mut(|cell| unsafe { *cell = slots });
        Some(number)
    }

    /// Reserves an entry, if one is free; first those after the present one, which were freed longest ago.
    fn find_free(&self, entries: usize, present: usize) -> Option<usize> {
        (1..entries).map(|step| (present + step) % entries).find(|number| {
            let entry = self.entry(*number);
            // ORDERING [list.entry]: Acquire, pairs with the Release in `free`: who had the entry is done with it. Model:
            // loom `list::an_entry_is_used_again`.
            entry.is_free()
                && (entry.done)
                    .compare_exchange(FREE, 0, edge!(list.entry: Acquire), Ordering::Relaxed)
                    .is_ok()
        })
    }

    /// Whether all slots of an entry before this place are DONE. The caller has the entry, which was passed.
    pub(super) fn is_done(&self, number: usize, end_of_places: Word) -> bool {
        let entry = self.entry(number);
        let end = entry.end.load(Ordering::Relaxed);
        let claimed = entry.size.load(Ordering::Relaxed) - distance(end_of_places, end);
        let mut done = entry.done.load(Ordering::Relaxed);
        while done < claimed {
            // SAFETY: the entry is the caller's.
            let slot = unsafe { self.slot(number, entry.size.load(Ordering::Relaxed) - done) };
            // ORDERING [list.done]: Acquire, pairs with the Release in `finish`: who was in the slot is done before the
            // block is freed. Model: loom `list::consumers_share`.
            if slot.state.load(edge!(list.done: Acquire)) != DONE {
                break;
            }
            done += 1;
        }
        entry.done.store(done, Ordering::Relaxed);
        done == claimed
    }

    /// Frees an entry, after its block.
    #[cold]
    pub(super) fn free(&self, number: usize) {
        let entry = self.entry(number);
        // SAFETY: all are done here, or nobody ever came: nobody but us uses the entry.
        let slots = entry.slots.with_mut(|slots| unsafe { replace(&mut *slots, null_mut()) });
        self.put_slots(slots, entry.size.load(Ordering::Relaxed));
        // ORDERING [list.entry]: Release: we are done with the entry. Model: loom `list::an_entry_is_used_again`.
        entry.done.store(FREE, edge!(list.entry: Release));
    }

    /// Memory for so many slots, each EMPTY.
    pub(super) fn take_slots(&self, size: usize) -> Result<*mut Slot<T>, AllocError> {
        if size == Self::SMALL && !self.spare.load(Ordering::Relaxed).is_null() {
            // ORDERING [list.spare]: Acquire, pairs with the Release in `put_slots`: all are done with these slots. Model:
            // loom `list::a_block_is_used_again`.
            let spare = self.spare.swap(null_mut(), edge!(list.spare: Acquire));
            if !spare.is_null() {
                return Ok(spare);
            }
        }
        let layout = Layout::array::<Slot<T>>(size).map_err(|_| AllocError)?;
        // The system may have zeroed memory for a large block; for a small one the allocator has some at hand that is not.
        let zeroed = PLAIN && size != Self::SMALL;
        // SAFETY: there is at least one slot, and a slot has a state, so the size is not 0.
        let slots = unsafe { if zeroed { alloc_zeroed(layout) } else { alloc(layout) } }.cast::<Slot<T>>();
        if slots.is_null() {
            return Err(AllocError);
        }
        if !zeroed {
            for index in 0..size {
                // SAFETY: the slot lies in the allocation, and nobody else knows it.
                unsafe {
                    let slot = slots.add(index);
                    (&raw mut (*slot).state).write(AtomicU8::new(EMPTY));
                    UnsafeCell::make_uninit(&raw mut (*slot).value);
                }
            }
        }
        Ok(slots)
    }

    /// Keeps a block as the spare one, or frees it. Nobody else uses it, and it holds no values. It may be null.
    pub(super) fn put_slots(&self, slots: *mut Slot<T>, size: usize) {
        if slots.is_null() {
            return;
        }
        for index in 0..size {
            if PLAIN && size != Self::SMALL {
                break;
            }
            // SAFETY: the slot is one of the block.
            let slot = unsafe { &*slots.add(index) };
            // To free is to write, and loom should see it.
            slot.value.with_mut(|_| ());
            slot.state.store(EMPTY, Ordering::Relaxed);
        }
        // ORDERING [list.spare]: Release: the slots are as they should be, and nobody uses them. Model: loom
        // `list::a_block_is_used_again`.
        let kept = size == Self::SMALL
            && (self.spare)
                .compare_exchange(null_mut(), slots, edge!(list.spare: Release), Ordering::Relaxed)
                .is_ok();
        if !kept {
            // SAFETY: it came from `take_slots`, and nobody else uses it.
            unsafe { Self::dealloc_slots(slots, size) };
        }
    }

    /// # Safety
    /// These slots are not used any more, and were allocated for this size; or they are null.
    unsafe fn dealloc_slots(slots: *mut Slot<T>, size: usize) {
        if slots.is_null() {
            return;
        }
        if !PLAIN {
            for index in 0..size {
                // SAFETY: the slot was made in `take_slots`; what drops here is a state and a cell that drops no value.
                unsafe { slots.add(index).drop_in_place() };
            }
        }
        let layout = Layout::array::<Slot<T>>(size).expect("it was computed when the block was made");
        // SAFETY: allocated in `take_slots` with this layout.
        unsafe { dealloc(slots.cast(), layout) };
    }
}

impl<T> Drop for Table<T> {
    fn drop(&mut self) {
        for entry in self.used() {
            let size = entry.size.load(Ordering::Relaxed);
            // SAFETY: nobody else has the table any more, and the entry is in use, so the block is its own.
            unsafe { Self::dealloc_slots(entry.slots.with(|slots| *slots), size) };
        }
        // SAFETY: as above.
        unsafe { Self::dealloc_far(self.far.load(Ordering::Relaxed)) };
        // SAFETY: as above; every spare block is a small one.
        unsafe { Self::dealloc_slots(self.spare.load(Ordering::Relaxed), Self::SMALL) };
    }
}
