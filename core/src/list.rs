//! The unbounded queue: a chain of blocks, grown at the tail and freed at the head.
//!
//! Plain at this stage: one thread at a time, under the channel's lock. It knows nothing of closing or waiting. One
//! emptied block is kept for the next burst, so that a drained queue holds at most two.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ptr::{NonNull, null_mut};

use crate::refs::AllocError;

/// Values a block holds when they are small; fewer when a block would grow past [`BLOCK_BYTES`], but at least one.
const BLOCK_SLOTS: usize = 32;
const BLOCK_BYTES: usize = 2048;

/// A block's front; its slots follow in the same allocation.
#[derive(Debug)]
#[repr(C)]
struct Block {
    next: *mut Block,
}

#[derive(Debug)]
pub(crate) struct List<T> {
    /// Where values are taken from: slot `taken` of `head`. Null while there is no block at all.
    head: *mut Block,
    taken: usize,
    /// Where values go: slot `filled` of `tail`.
    tail: *mut Block,
    filled: usize,
    /// One empty block, or null.
    spare: *mut Block,
    len: usize,
    marker: core::marker::PhantomData<T>,
}

// SAFETY: the list owns its values and blocks and is reached through `&mut` only.
unsafe impl<T: Send> Send for List<T> {}

impl<T> List<T> {
    /// How many values a block of this type holds.
    const SLOTS: usize = {
        let size = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        let fitting = BLOCK_BYTES / size;
        if fitting > BLOCK_SLOTS {
            BLOCK_SLOTS
        } else if fitting == 0 {
            1
        } else {
            fitting
        }
    };

    /// The layout of a block, and where in it the slots begin.
    fn layout() -> Result<(Layout, usize), AllocError> {
        let slots = Layout::array::<T>(Self::SLOTS).map_err(|_| AllocError)?;
        Layout::new::<Block>().extend(slots).map_err(|_| AllocError)
    }

    /// An empty list without any block.
    pub(crate) const fn new() -> Self {
        Self {
            head: null_mut(),
            taken: 0,
            tail: null_mut(),
            filled: 0,
            spare: null_mut(),
            len: 0,
            marker: core::marker::PhantomData,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// # Safety
    /// `block` is one of this list's, and `index < SLOTS`.
    unsafe fn slot(block: *mut Block, index: usize) -> *mut T {
        let (_, offset) = Self::layout().expect("it was computed when the block was made");
        // SAFETY: the allocation has SLOTS slots of T from `offset` on.
        unsafe { block.cast::<u8>().add(offset).cast::<T>().add(index) }
    }

    /// An empty block: the spare one, or a new one.
    fn block(&mut self) -> Result<*mut Block, AllocError> {
        let spare = core::mem::replace(&mut self.spare, null_mut());
        if !spare.is_null() {
            return Ok(spare);
        }
        let (layout, _) = Self::layout()?;
        // SAFETY: the layout holds at least the block's front, so its size is not 0.
        let block = NonNull::new(unsafe { alloc(layout) }).ok_or(AllocError)?.cast::<Block>().as_ptr();
        // SAFETY: just allocated, large enough and aligned for a Block.
        unsafe { block.write(Block { next: null_mut() }) };
        Ok(block)
    }

    /// # Safety
    /// `block` came from `block()`, holds no value, and nothing points at it any more.
    unsafe fn free(block: *mut Block) {
        let (layout, _) = Self::layout().expect("it was computed when the block was made");
        // SAFETY: allocated with this layout, by the contract above not used again.
        unsafe { dealloc(block.cast(), layout) };
    }

    /// Appends; hands the value back when there is no memory for a block.
    pub(crate) fn push(&mut self, value: T) -> Result<(), T> {
        if self.tail.is_null() || self.filled == Self::SLOTS {
            let Ok(block) = self.block() else { return Err(value) };
            if self.tail.is_null() {
                self.head = block;
                self.taken = 0;
            } else {
                // SAFETY: the tail is a live block of this list.
                unsafe { (*self.tail).next = block };
            }
            self.tail = block;
            self.filled = 0;
        }
        // SAFETY: the tail is live, `filled < SLOTS`, and that slot holds nothing yet.
        unsafe { Self::slot(self.tail, self.filled).write(value) };
        self.filled += 1;
        self.len += 1;
        Ok(())
    }

    /// Takes the oldest.
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        // SAFETY: with `len` not 0 the head is live and its slot `taken` holds a value, which leaves the range below.
        let value = unsafe { Self::slot(self.head, self.taken).read() };
        self.taken += 1;
        self.len -= 1;
        if self.len == 0 {
            // The last value stood in the tail, which the head has reached: use its slots again from the first.
            self.taken = 0;
            self.filled = 0;
        } else if self.taken == Self::SLOTS {
            let empty = self.head;
            // SAFETY: the head is live; values remain, so a next block exists.
            self.head = unsafe { (*empty).next };
            self.taken = 0;
            if self.spare.is_null() {
                // SAFETY: still live; it is the spare one from here on.
                unsafe { (*empty).next = null_mut() };
                self.spare = empty;
            } else {
                // SAFETY: emptied and unlinked just above.
                unsafe { Self::free(empty) };
            }
        }
        Some(value)
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        while self.pop().is_some() {}
        debug_assert!(self.head == self.tail, "an empty list has one block at most");
        for block in [self.head, self.spare] {
            if !block.is_null() {
                // SAFETY: the list is empty, and these are all the blocks it has.
                unsafe { Self::free(block) };
            }
        }
    }
}
