//! The bounded queue: a ring of a fixed number of slots, allocated once.
//!
//! Plain at this stage: one thread at a time, under the channel's lock. It knows nothing of closing or waiting.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

/// Why a bounded channel could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapacityError {
    /// More slots than an address space can hold.
    TooLarge,
    /// The allocator has no memory for that many.
    NoMemory,
}

/// Slots `head .. head + len` (modulo the capacity) hold values, the others nothing.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    slots: NonNull<MaybeUninit<T>>,
    capacity: usize,
    head: usize,
    len: usize,
}

// SAFETY: the ring owns its values and is reached through `&mut` only.
unsafe impl<T: Send> Send for Ring<T> {}

impl<T> Ring<T> {
    /// An empty ring. A capacity of 0 is one that is always full.
    pub(crate) fn try_new(capacity: usize) -> Result<Self, CapacityError> {
        let layout = Layout::array::<T>(capacity).map_err(|_| CapacityError::TooLarge)?;
        let slots = if layout.size() == 0 {
            NonNull::dangling()
        } else {
            // SAFETY: the layout's size is not 0.
            NonNull::new(unsafe { alloc(layout) }.cast()).ok_or(CapacityError::NoMemory)?
        };
        Ok(Self { slots, capacity, head: 0, len: 0 })
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    fn slot(&mut self, offset: usize) -> *mut T {
        debug_assert!(offset < self.capacity);
        // head and offset are both below the capacity, so one subtraction wraps, without overflow at any capacity.
        let until_wrap = self.capacity - self.head;
        let index = if offset < until_wrap { self.head + offset } else { offset - until_wrap };
        // SAFETY: index < capacity, the number of slots that were allocated.
        unsafe { self.slots.as_ptr().add(index) }.cast()
    }

    /// Appends, or hands the value back when every slot is taken.
    pub(crate) fn push(&mut self, value: T) -> Result<(), T> {
        if self.len == self.capacity {
            return Err(value);
        }
        let slot = self.slot(self.len);
        // SAFETY: slot `len` lies behind the last value: it is ours to write and holds nothing.
        unsafe { slot.write(value) };
        self.len += 1;
        Ok(())
    }

    /// Takes the oldest.
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let slot = self.slot(0);
        // SAFETY: slot 0 holds a value while `len` is not 0, and leaves the range below.
        let value = unsafe { slot.read() };
        self.head = if self.head + 1 == self.capacity { 0 } else { self.head + 1 };
        self.len -= 1;
        Some(value)
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        while self.pop().is_some() {}
        let layout = Layout::array::<T>(self.capacity).expect("it was computed when the ring was made");
        if layout.size() != 0 {
            // SAFETY: allocated in `try_new` with this layout, and empty now.
            unsafe { dealloc(self.slots.as_ptr().cast(), layout) };
        }
    }
}
