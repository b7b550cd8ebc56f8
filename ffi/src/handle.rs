//! Raw pointers to what they mean and back: the only `from_raw` and `into_raw` of the crate.
//!
//! A C handle is a boxed [`Handle`]: the thing, and the *generation* of the process in which it was made. A child
//! process gets the next generation (see `generation`), so a handle that was inherited through `fork()` is told apart
//! before anything in it is touched: another thread of the parent may have been in the middle of an operation at that
//! moment, which no thread of the child will ever end. Such a handle is leaked on purpose, in every kind of build.

use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};
use std::alloc::{alloc, dealloc};

use crate::status::{Status, XI_ERR_FORKED, XI_ERR_NOMEM, XI_ERR_NULL, XI_ERR_RANGE};

/// What an opaque pointer of the header points to.
pub struct Handle<T> {
    generation: u64,
    thing: T,
}

/// Memory for a handle, had before the thing is made: so that nothing must be undone when memory is short.
pub(crate) struct Vacant<T> {
    place: NonNull<Handle<T>>,
    generation: u64,
}

impl<T> Vacant<T> {
    const LAYOUT: Layout = Layout::new::<Handle<T>>();

    /// Asks for the memory, and makes sure that a later `fork()` will be noticed.
    pub(crate) fn new() -> Result<Self, Status> {
        let generation = watched_generation()?;
        // SAFETY: the layout is not of size zero: a handle has at least its generation.
        let place = unsafe { alloc(Self::LAYOUT) };
        match NonNull::new(place.cast()) {
            Some(place) => Ok(Self { place, generation }),
            None => Err(XI_ERR_NOMEM),
        }
    }

    /// Puts the thing into its place and gives the handle to the caller of C.
    pub(crate) fn fill(self, thing: T) -> *mut Handle<T> {
        let place = self.place.as_ptr();
        // SAFETY: the place was allocated with this layout and nobody else knows it.
        unsafe { place.write(Handle { generation: self.generation, thing }) };
        core::mem::forget(self);
        place
    }
}

impl<T> Drop for Vacant<T> {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with the same layout, and never filled: `fill` forgets `self`.
        unsafe { dealloc(self.place.as_ptr().cast(), Self::LAYOUT) };
    }
}

/// Looks at the thing of a handle, for the length of the call.
///
/// # Safety
/// `handle` is NULL or a handle given out by [`Vacant::fill`] which nobody takes or releases during `'a`.
pub(crate) unsafe fn borrow<'a, T>(handle: *const Handle<T>) -> Result<&'a T, Status> {
    // SAFETY: the caller's promise; a handle is never written between `fill` and `take`, but through `borrow_mut`.
    let handle = unsafe { handle.as_ref() }.ok_or(XI_ERR_NULL)?;
    if handle.generation != generation() {
        return Err(XI_ERR_FORKED);
    }
    Ok(&handle.thing)
}

/// As [`borrow`], where NULL is allowed and stands for none.
///
/// # Safety
/// As [`borrow`].
pub(crate) unsafe fn borrow_or_none<'a, T>(handle: *const Handle<T>) -> Result<Option<&'a T>, Status> {
    if handle.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { borrow(handle) }.map(Some)
}

/// Looks at the thing of a handle that one thread alone uses, for the length of the call.
///
/// # Safety
/// As [`borrow`], and no other call uses the handle during `'a`.
pub(crate) unsafe fn borrow_mut<'a, T>(handle: *mut Handle<T>) -> Result<&'a mut T, Status> {
    // SAFETY: the caller's promise.
    let handle = unsafe { handle.as_mut() }.ok_or(XI_ERR_NULL)?;
    if handle.generation != generation() {
        return Err(XI_ERR_FORKED);
    }
    Ok(&mut handle.thing)
}

/// Takes the thing out of a handle and frees the handle. One from before `fork()` is left as it is.
///
/// # Safety
/// `handle` is NULL or a handle given out by [`Vacant::fill`]; it is not used after, unless an error is answered.
pub(crate) unsafe fn take<T>(handle: *mut Handle<T>) -> Result<T, Status> {
    // SAFETY: the caller's promise; only the generation is looked at here.
    unsafe { borrow(handle) }?;
    // SAFETY: `fill` allocated it with the global allocator and the layout of `Handle<T>`, as a box does.
    let handle = unsafe { Box::from_raw(handle) };
    Ok(handle.thing)
}

/// Releases a handle with what is in it. NULL and a handle from before `fork()` are left alone.
///
/// # Safety
/// As [`take`].
pub(crate) unsafe fn release<T>(handle: *mut Handle<T>) {
    // SAFETY: the caller's promise.
    drop(unsafe { take(handle) });
}

/// The place where a result goes: to be written once everything has worked.
///
/// # Safety
/// `out` is NULL or points to memory for a `T` that nobody else uses during `'a`.
pub(crate) unsafe fn place<'a, T>(out: *mut T) -> Result<&'a mut MaybeUninit<T>, Status> {
    // SAFETY: the caller's promise; `MaybeUninit` has the layout of `T` and may be anything.
    unsafe { out.cast::<MaybeUninit<T>>().as_mut() }.ok_or(XI_ERR_NULL)
}

/// A plain struct or value that the caller lends to be read.
///
/// # Safety
/// `lent` is NULL or points to a valid `T` that nobody writes during `'a`.
pub(crate) unsafe fn lent<'a, T>(lent: *const T) -> Result<&'a T, Status> {
    // SAFETY: the caller's promise.
    unsafe { lent.as_ref() }.ok_or(XI_ERR_NULL)
}

/// A plain struct or value that the caller lends to be changed.
///
/// # Safety
/// `lent` is NULL or points to a valid `T` that nobody else uses during `'a`.
pub(crate) unsafe fn lent_mut<'a, T>(lent: *mut T) -> Result<&'a mut T, Status> {
    // SAFETY: the caller's promise.
    unsafe { lent.as_mut() }.ok_or(XI_ERR_NULL)
}

/// An array that the caller lends to be read; NULL stands for an empty one.
///
/// # Safety
/// `start` is NULL, or aligned and points to `len` valid `T` that nobody writes during `'a`; a `len` that no array in
/// memory can have is answered with a status.
pub(crate) unsafe fn lent_slice<'a, T>(start: *const T, len: usize) -> Result<&'a [T], Status> {
    if start.is_null() {
        return if len == 0 { Ok(&[]) } else { Err(XI_ERR_NULL) };
    }
    if Layout::array::<T>(len).is_err() {
        return Err(XI_ERR_RANGE);
    }
    // SAFETY: the caller's promise, and the length was checked.
    Ok(unsafe { core::slice::from_raw_parts(start, len) })
}

/// An array of plain bytes that the caller lends to be written; NULL stands for an empty one.
///
/// # Safety
/// `start` is NULL or points to `len` bytes that nobody else uses during `'a`.
pub(crate) unsafe fn lent_bytes_mut<'a>(start: *mut u8, len: usize) -> Result<&'a mut [u8], Status> {
    if start.is_null() {
        return if len == 0 { Ok(&mut []) } else { Err(XI_ERR_NULL) };
    }
    if Layout::array::<u8>(len).is_err() {
        return Err(XI_ERR_RANGE);
    }
    // SAFETY: the caller's promise, and the length was checked.
    Ok(unsafe { core::slice::from_raw_parts_mut(start, len) })
}

/// Counts the forks between this process and the one that loaded the library.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// The generation of this process. Only ever changed by the one thread of a child, before `fork()` returns in it.
fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// The generation of this process, once `fork()` is being watched.
///
/// Two threads that come first at the same time may both register the handler; a child then counts twice, which is as
/// good as once. A lock around it could be held by another thread at a fork.
#[cfg(unix)]
fn watched_generation() -> Result<u64, Status> {
    static WATCHED: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(false);

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        crossinterp_core::after_fork(); // for the ends that stand in values
    }

    if !WATCHED.load(Ordering::Relaxed) {
        // SAFETY: the handler is a static function that is as long-lived as the library, and it only counts.
        if unsafe { libc::pthread_atfork(None, None, Some(in_child)) } != 0 {
            return Err(XI_ERR_NOMEM);
        }
        WATCHED.store(true, Ordering::Relaxed);
    }
    Ok(generation())
}

/// Without `fork()` there is one generation.
#[cfg(not(unix))]
fn watched_generation() -> Result<u64, Status> {
    Ok(generation())
}
