//! The memory of an object: header, payload and tail in one allocation.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::NonNull;

use super::kind::{Payload, Vtable};
use crate::refs::{AllocError, Count};

#[repr(C)]
struct Header {
    count: Count,
    vtable: &'static Vtable,
}

/// The alignment makes the tail, which starts where the block ends, fit for everything that is kept in one.
#[repr(C, align(8))]
struct Block<P> {
    header: Header,
    payload: P,
}

impl<P: Payload> Block<P> {
    fn layout(tail: usize) -> Option<Layout> {
        let size = size_of::<Self>().checked_add(tail)?;
        Layout::from_size_align(size, align_of::<Self>()).ok()
    }
}

/// Where an object that waits to be dropped keeps the next one.
pub(crate) type Link = NonNull<Cell<Option<Object>>>;

/// A pointer to an object. It does not count: whoever keeps one says why the object lives.
///
/// The pointer keeps the provenance of the whole block, so that payload and tail can be reached through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Object(NonNull<Header>);

impl Object {
    /// A new object with one reference, which is the caller's. The tail is not initialised. Without memory the payload
    /// is dropped.
    ///
    /// # Safety
    ///
    /// `vtable` was made for payloads of this type.
    pub(crate) unsafe fn new<P: Payload>(payload: P, vtable: &'static Vtable) -> Result<Self, AllocError> {
        let layout = Block::<P>::layout(payload.tail()).ok_or(AllocError)?;
        // SAFETY: the layout is not empty: it holds a header.
        let memory = unsafe { alloc(layout) }.cast::<Block<P>>();
        let block = NonNull::new(memory).ok_or(AllocError)?;
        // SAFETY: fresh memory that is large enough for a block and aligned for it.
        unsafe { block.write(Block { header: Header { count: Count::new(1), vtable }, payload }) };
        Ok(Self(block.cast()))
    }

    /// The count of references.
    ///
    /// # Safety
    ///
    /// The object lives for all of `'a`.
    #[inline]
    pub(crate) unsafe fn count<'a>(self) -> &'a Count {
        // SAFETY: the caller's promise; the header is written once, in `new`.
        unsafe { &self.0.as_ref().count }
    }

    /// The functions of the object's kind.
    ///
    /// # Safety
    ///
    /// The object lives.
    #[inline]
    pub(crate) unsafe fn vtable(self) -> &'static Vtable {
        // SAFETY: the caller's promise; the header is written once, in `new`.
        unsafe { self.0.as_ref().vtable }
    }

    /// Where the payload is.
    ///
    /// # Safety
    ///
    /// The object lives, and was made with a payload of this type.
    #[inline]
    pub(crate) unsafe fn payload<P: Payload>(self) -> NonNull<P> {
        // SAFETY: the caller's promise: this is a `Block<P>`.
        unsafe { NonNull::new_unchecked(&raw mut (*self.0.cast::<Block<P>>().as_ptr()).payload) }
    }

    /// Where the tail is: aligned to 8 bytes, as long as the payload says.
    ///
    /// # Safety
    ///
    /// The object lives, and was made with a payload of this type.
    #[inline]
    pub(crate) unsafe fn tail<P: Payload>(self) -> NonNull<u8> {
        // SAFETY: the caller's promise: the tail starts where the block ends, in the same allocation.
        unsafe { self.0.cast::<Block<P>>().add(1).cast() }
    }

    /// Drops the payload and frees the block, also when that drop panics.
    ///
    /// # Safety
    ///
    /// The object was made with a payload of this type, no reference to it is left, and it is not used again.
    pub(crate) unsafe fn free<P: Payload>(self) {
        struct Memory(*mut u8, Layout);
        impl Drop for Memory {
            fn drop(&mut self) {
                // SAFETY: `new` had the memory from `alloc` with this layout, and what was in it is dropped.
                unsafe { dealloc(self.0, self.1) };
            }
        }

        // SAFETY: the caller's promise; `tail` answers as it did in `new`, so the layout is the same.
        unsafe {
            let layout = Block::<P>::layout(self.payload::<P>().as_ref().tail()).unwrap_unchecked();
            let _memory = Memory(self.0.as_ptr().cast(), layout);
            self.payload::<P>().drop_in_place();
        }
    }

    /// The address, for whoever compares or prints it.
    #[inline]
    pub(crate) fn address(self) -> usize {
        self.0.as_ptr().addr()
    }

    /// The object as a pointer without a type, for a word of a value or for C.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<()> {
        self.0.cast()
    }

    /// The object that [`Object::into_raw`] made a pointer of.
    #[inline]
    pub(crate) fn from_raw(pointer: NonNull<()>) -> Self {
        Self(pointer.cast())
    }
}
