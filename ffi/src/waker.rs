//! Counted things that can be woken, and the wakers that the core is given of them.
//!
//! What `std::sync::Arc` with `std::task::Wake` would be, but for memory that is short: making one answers a status.
//! A waker may be called long after the wait that it was made for; each one counts its target.

use core::alloc::Layout;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{RawWaker, RawWakerVTable, Waker};
use std::alloc::{alloc, dealloc};

use crate::status::{Status, XI_ERR_NOMEM};

/// What a waker does.
pub(crate) trait Target: Send + Sync + 'static {
    fn wake(&self);
}

struct Block<T> {
    count: AtomicUsize,
    target: T,
}

/// A counted target.
#[derive(Debug)]
pub(crate) struct Counted<T: Target>(NonNull<Block<T>>);

// SAFETY: it shares a target, which is Send and Sync, and its last holder drops it, on any thread.
unsafe impl<T: Target> Send for Counted<T> {}
// SAFETY: as above.
unsafe impl<T: Target> Sync for Counted<T> {}

impl<T: Target> Counted<T> {
    const LAYOUT: Layout = Layout::new::<Block<T>>();

    const WAKERS: RawWakerVTable = RawWakerVTable::new(
        |data| {
            // SAFETY: every data pointer of this table was made by `into_data` and counts the block, here and below.
            let counted = unsafe { Self::peek(data) };
            RawWaker::new(Self::into_data(Self::clone(&counted)), &Self::WAKERS)
        },
        // SAFETY: as above; the call takes the count over.
        |data| unsafe { Self::from_data(data) }.wake(),
        // SAFETY: as above.
        |data| unsafe { Self::peek(data) }.wake(),
        // SAFETY: as above; the count is given up.
        |data| drop(unsafe { Self::from_data(data) }),
    );

    pub(crate) fn try_new(target: T) -> Result<Self, Status> {
        // SAFETY: the layout is not of size zero: a block has at least its count.
        let block = NonNull::new(unsafe { alloc(Self::LAYOUT) }).ok_or(XI_ERR_NOMEM)?.cast::<Block<T>>();
        // SAFETY: just allocated with this layout.
        unsafe { block.write(Block { count: AtomicUsize::new(1), target }) };
        Ok(Self(block))
    }

    /// A waker that wakes the target.
    pub(crate) fn waker(&self) -> Waker {
        // SAFETY: the table keeps the contract of wakers: `clone` counts, `wake` and `drop` give a count up, all of it
        // is thread-safe, because the count is atomic and the target is Send and Sync.
        unsafe { Waker::new(Self::into_data(self.clone()), &Self::WAKERS) }
    }

    fn into_data(this: Self) -> *const () {
        let block = this.0;
        core::mem::forget(this);
        block.as_ptr().cast()
    }

    /// # Safety
    /// `data` came from `into_data`, and its count is given up to the answer.
    unsafe fn from_data(data: *const ()) -> Self {
        // SAFETY: `into_data` made it of a `NonNull`.
        Self(unsafe { NonNull::new_unchecked(data.cast_mut()) }.cast())
    }

    /// As `from_data`, without taking the count.
    ///
    /// # Safety
    /// `data` came from `into_data`, and its count is held while the answer is used.
    unsafe fn peek(data: *const ()) -> core::mem::ManuallyDrop<Self> {
        // SAFETY: the caller's promise; nothing is given up, because the answer is never dropped.
        core::mem::ManuallyDrop::new(unsafe { Self::from_data(data) })
    }

    fn block(&self) -> &Block<T> {
        // SAFETY: the block lives while it is counted, and `self` counts.
        unsafe { self.0.as_ref() }
    }
}

impl<T: Target> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.block().target
    }
}

impl<T: Target> Clone for Counted<T> {
    fn clone(&self) -> Self {
        // Relaxed: made of one that is alive, which stays so.
        if self.block().count.fetch_add(1, Ordering::Relaxed) > isize::MAX as usize {
            std::process::abort();
        }
        Self(self.0)
    }
}

impl<T: Target> Drop for Counted<T> {
    fn drop(&mut self) {
        // ORDERING [waker.retire]: Release, pairs with the Acquire below, as in `std::sync::Arc`: every use of the target
        // happens before it is freed. Shown by `wakers_keep_their_target_and_the_last_one_drops_it` and the C suite
        // under the address sanitizer; no loom model in ffi.
        if self.block().count.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        // The other end of [waker.retire]; a load, because the thread sanitizer knows no fences.
        self.block().count.load(Ordering::Acquire);
        // SAFETY: the count went from 1 to 0 here: nobody else has it or can get it. Allocated with this layout.
        unsafe {
            self.0.drop_in_place();
            dealloc(self.0.as_ptr().cast(), Self::LAYOUT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::thread;

    struct Bell {
        rings: Arc<AtomicUsize>,
        dropped: Arc<AtomicUsize>,
    }

    impl super::Target for Bell {
        fn wake(&self) {
            self.rings.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Drop for Bell {
        fn drop(&mut self) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn wakers_keep_their_target_and_the_last_one_drops_it() {
        let (rings, dropped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let bell = Counted::try_new(Bell { rings: Arc::clone(&rings), dropped: Arc::clone(&dropped) });
        let bell = bell.expect("memory");
        let waker = bell.waker();
        assert!(waker.will_wake(&bell.waker()));
        drop(bell);
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        thread::scope(|scope| {
            for _ in 0..4 {
                let waker = waker.clone();
                scope.spawn(move || {
                    for _ in 0..100 {
                        waker.wake_by_ref();
                        let own = waker.clone();
                        drop(own.clone());
                        own.wake();
                    }
                });
            }
        });
        assert_eq!(rings.load(Ordering::Relaxed), 800);
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        waker.wake();
        assert_eq!(rings.load(Ordering::Relaxed), 801);
        assert_eq!(dropped.load(Ordering::Relaxed), 1);
    }
}
