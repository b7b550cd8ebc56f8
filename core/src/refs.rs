//! Reference counts: [`Count`], the counted pointer [`Shared`], and what happens when memory runs out.
//!
//! # Edges
//!
//! | edge | from | to | what becomes visible |
//! | --- | --- | --- | --- |
//! | `refs.retire` | [`Count::retire`], Release | the fence after the last retire, Acquire | every use of the thing, before it is freed |
//!
//! Retaining is `Relaxed`: a new reference is made from a live one, and the way by which a reference reaches another
//! thread already orders what was done before.

// The loom models use these items from outside; in every other build they are the crate's own.
#![cfg_attr(not(loom), allow(unreachable_pub))]

use alloc::alloc::Layout;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use crate::primitive::{AtomicUsize, Ordering, acquire, edge};

/// Memory ran out; nothing was changed and nothing was leaked.
///
/// ```
/// use crossinterp_core::AllocError;
///
/// assert_eq!(AllocError.to_string(), "out of memory");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllocError;

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of memory")
    }
}

impl core::error::Error for AllocError {}

/// More references than this mean a leak in a loop: the process ends before the count can wrap.
const LIMIT: usize = isize::MAX as usize;

/// How many references a thing has.
#[derive(Debug)]
pub struct Count {
    word: AtomicUsize,
}

impl Count {
    /// A count of `references`, all of them in the caller's hands.
    #[inline]
    pub fn new(references: usize) -> Self {
        Self { word: AtomicUsize::new(references) }
    }

    /// One more reference. The caller holds one already.
    #[inline]
    pub fn retain(&self) {
        self.retain_many(1);
    }

    /// `more` references with one operation. The caller holds one already.
    #[inline]
    pub fn retain_many(&self, more: usize) {
        let before = self.word.fetch_add(more, Ordering::Relaxed);
        if before > LIMIT || more > LIMIT {
            overflow();
        }
    }

    /// Whether there is more than one reference. While the caller holds the only one, nobody else can make it more.
    #[inline]
    pub fn is_shared(&self) -> bool {
        self.word.load(Ordering::Relaxed) > 1
    }

    /// One reference less. `true`: it was the last one, every use by any other holder happened before this returns, and
    /// the caller must free the thing.
    #[inline]
    #[must_use]
    pub fn retire(&self) -> bool {
        // ORDERING [refs.retire]: Release: everything this holder did happens before the free. Pairs with the fence
        // below, in the thread that takes the count to zero. Model: loom `refs::last_release_sees_every_use`.
        if self.word.fetch_sub(1, edge!(refs.retire: Release)) != 1 {
            return false;
        }
        // ORDERING [refs.retire]: Acquire, the other end: the free comes after the uses of all who retired before.
        // Model: loom `refs::last_release_sees_every_use`.
        acquire(&self.word, edge!(refs.retire: Acquire));
        true
    }
}

/// Ends the process, as `Arc` does: a wrapped count would free what is still used.
#[cold]
fn overflow() -> ! {
    #[cfg(feature = "std")]
    std::process::abort();
    #[cfg(not(feature = "std"))]
    {
        // A panic during a panic aborts, which is the only way to abort without the standard library.
        struct Again;
        impl Drop for Again {
            fn drop(&mut self) {
                panic!("a reference count overflowed");
            }
        }
        let _again = Again;
        panic!("a reference count overflowed");
    }
}

struct Counted<T> {
    count: Count,
    value: T,
}

/// A counted pointer to a `T`, as `Arc` is; its count is one that loom can see, and making one can fail.
pub struct Shared<T> {
    pointer: NonNull<Counted<T>>,
    owns: PhantomData<Counted<T>>,
}

// SAFETY: as for `Arc`: any holder may use the value (`Sync`), and any holder may be the last one and drop it (`Send`).
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above; a `&Shared` can be cloned into a `Shared`.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// How many bytes the thing has, with its count.
    pub const SIZE: usize = aligned::size(Layout::new::<Counted<T>>());

    /// Moves `value` into memory of its own. Without memory the process ends as for every `Box`.
    pub fn new(value: T) -> Self {
        match Self::try_new(value) {
            Ok(shared) => shared,
            Err(_) => alloc::alloc::handle_alloc_error(Layout::new::<Counted<T>>()),
        }
    }

    /// Moves `value` into memory of its own; without memory it is dropped.
    pub fn try_new(value: T) -> Result<Self, AllocError> {
        Self::with_count(value, 1)
    }

    /// As `try_new`, with two handles.
    pub fn try_new_twice(value: T) -> Result<(Self, Self), AllocError> {
        let first = Self::with_count(value, 2)?;
        let second = Self { pointer: first.pointer, owns: PhantomData };
        Ok((first, second))
    }

    /// The caller makes all handles that are counted.
    fn with_count(value: T, count: usize) -> Result<Self, AllocError> {
        // SAFETY: the layout is not empty: it holds a count.
        let memory = unsafe { aligned::alloc(Layout::new::<Counted<T>>()) }.cast::<Counted<T>>();
        let pointer = NonNull::new(memory).ok_or(AllocError)?;
        // SAFETY: fresh memory of the layout of `Counted<T>`.
        unsafe { pointer.write(Counted { count: Count::new(count), value }) };
        Ok(Self { pointer, owns: PhantomData })
    }

    fn counted(&self) -> &Counted<T> {
        // SAFETY: this handle is one of the references that keep the memory alive, and nobody writes to it.
        unsafe { self.pointer.as_ref() }
    }

    /// Whether both point to the same thing.
    #[inline]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        this.pointer == other.pointer
    }

    /// Whether there is another handle. While there is none nobody can make one but by this one.
    #[inline]
    pub fn is_shared(this: &Self) -> bool {
        this.counted().count.is_shared()
    }

    /// A number that no other thing has while this one lives.
    #[inline]
    pub fn address(this: &Self) -> usize {
        this.pointer.as_ptr().addr()
    }

    /// Gives up the handle, not its reference: [`Shared::from_raw`] makes a handle of the pointer again.
    #[inline]
    pub fn into_raw(this: Self) -> NonNull<()> {
        ManuallyDrop::new(this).pointer.cast()
    }

    /// Takes the reference back that [`Shared::into_raw`] left in the pointer.
    ///
    /// # Safety
    ///
    /// The pointer came out of `into_raw` of a `Shared` of this same `T`, and that reference is not used again.
    #[inline]
    pub unsafe fn from_raw(pointer: NonNull<()>) -> Self {
        Self { pointer: pointer.cast(), owns: PhantomData }
    }

    /// Uses what such a pointer points to, without taking the reference.
    ///
    /// # Safety
    ///
    /// The pointer came out of `into_raw` of a `Shared` of this same `T`, and a reference lives for all of `'a`.
    #[inline]
    pub unsafe fn borrow_raw<'a>(pointer: NonNull<()>) -> &'a T {
        // SAFETY: the caller's promise: it points to a live `Counted<T>`.
        unsafe { &pointer.cast::<Counted<T>>().as_ref().value }
    }
}

impl<T> Clone for Shared<T> {
    #[inline]
    fn clone(&self) -> Self {
        self.counted().count.retain();
        Self { pointer: self.pointer, owns: PhantomData }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.counted().value
    }
}

impl<T> Drop for Shared<T> {
    #[inline]
    fn drop(&mut self) {
        if !self.counted().count.retire() {
            return;
        }
        // SAFETY: the count went from 1 to 0 here, so no handle exists and none can be made, and `retire` ordered every
        // use before this line. The memory came from `aligned::alloc` with this layout.
        unsafe {
            self.pointer.drop_in_place();
            aligned::dealloc(self.pointer.as_ptr().cast(), Layout::new::<Counted<T>>());
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// Memory of any alignment, out of memory of the usual one.
///
/// An allocator keeps blocks of the usual alignment at hand; for one of a larger alignment it searches and splits, which
/// takes longer than all else that making a channel does.
mod aligned {
    use core::alloc::Layout;

    /// What every allocator aligns to on a 64-bit machine; asking for as much is no dearer.
    const USUAL: usize = 2 * size_of::<usize>();

    /// What is asked for in place of such a block. `None`: the block itself.
    const fn around(layout: Layout) -> Option<Layout> {
        if layout.align() <= USUAL {
            return None;
        }
        // As much more as the first aligned place can lie behind the beginning; that is before it.
        match Layout::from_size_align(layout.size() + layout.align(), USUAL) {
            Ok(around) => Some(around),
            Err(_) => panic!("it is larger than memory"),
        }
    }

    /// How many bytes there are for a block.
    pub(super) const fn size(layout: Layout) -> usize {
        match around(layout) {
            None => layout.size(),
            Some(around) => around.size(),
        }
    }

    /// A block, or null.
    ///
    /// # Safety
    /// The layout is not empty.
    pub(super) unsafe fn alloc(layout: Layout) -> *mut u8 {
        let Some(around) = around(layout) else {
            // SAFETY: the caller's.
            return unsafe { alloc::alloc::alloc(layout) };
        };
        // SAFETY: not empty, as the layout in it.
        let begin = unsafe { alloc::alloc::alloc(around) };
        if begin.is_null() {
            return begin;
        }
        let before = layout.align() - begin.addr() % layout.align();
        // SAFETY: `before` is at most the alignment, so that the block fits behind it; it is at least `USUAL`, a multiple of
        // which both alignments are, so that there is room for a pointer in front of the block, aligned as one.
        unsafe {
            let block = begin.add(before);
            block.cast::<*mut u8>().sub(1).write(begin);
            block
        }
    }

    /// # Safety
    /// The block came from `alloc` with this layout, and is not used any more.
    pub(super) unsafe fn dealloc(block: *mut u8, layout: Layout) {
        match around(layout) {
            // SAFETY: the caller's.
            None => unsafe { alloc::alloc::dealloc(block, layout) },
            // SAFETY: `alloc` wrote there where it begins, and nobody else has since.
            Some(around) => unsafe { alloc::alloc::dealloc(block.cast::<*mut u8>().sub(1).read(), around) },
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_value_is_dropped_once_and_by_the_last() {
        let witness = Arc::new(());
        let first = Shared::new(Arc::clone(&witness));
        let second = first.clone();
        assert!(Shared::ptr_eq(&first, &second));
        assert_eq!(Shared::address(&first), Shared::address(&second));
        drop(first);
        assert_eq!(Arc::strong_count(&witness), 2);
        drop(second);
        assert_eq!(Arc::strong_count(&witness), 1);
    }

    #[test]
    fn a_raw_pointer_carries_its_reference() {
        let witness = Arc::new(7);
        let raw = Shared::into_raw(Shared::new(Arc::clone(&witness)));
        // SAFETY: `raw` came out of `into_raw` just above and its reference is untouched.
        assert_eq!(unsafe { **Shared::<Arc<i32>>::borrow_raw(raw) }, 7);
        // SAFETY: as above; the reference is taken back once.
        drop(unsafe { Shared::<Arc<i32>>::from_raw(raw) });
        assert_eq!(Arc::strong_count(&witness), 1);
    }

    #[test]
    fn many_references_are_as_many_retires() {
        let count = Count::new(1);
        count.retain_many(3);
        assert_eq!(
            [count.retire(), count.retire(), count.retire(), count.retire()],
            [false, false, false, true]
        );
    }

    #[test]
    fn over_aligned_and_empty_values_are_kept_in_place() {
        #[repr(align(256))]
        struct Wide(u8);
        let wide = Shared::new(Wide(3));
        assert_eq!(((&raw const *wide).addr() % 256, wide.0), (0, 3));
        let more: Vec<_> = (0..100).map(|number| Shared::new(Wide(number))).collect();
        assert!(
            more.iter()
                .zip(0..)
                .all(|(wide, number)| (&raw const **wide).addr() % 256 == 0 && wide.0 == number)
        );
        let empty = Shared::new(());
        assert_eq!(*empty.clone(), ());
    }
}
