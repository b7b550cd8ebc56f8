//! A short word lock: what guards a domain's table.
//!
//! Sections under it are a few dozen instructions, allocate nothing large, call no code of a user (no `Drop` of a
//! message, no wake function), and take no second lock: whoever finds it taken tries again a few times and then lets
//! others run. That bounds what a *running* holder can cost; a holder that is stopped for good in the middle stops those
//! who begin or end a wait, or make or drop an end, in the same domain. Channels do without it.
//!
//! # Edge
//!
//! `lock.handover`: the Release store that lets go, with the Acquire compare-exchange that takes: everything done under
//! the lock happens before everything done by the next holder. Model: loom `lock::sections_do_not_overlap`.

// The loom models use this from outside; in every other build it is the crate's own.
#![cfg_attr(not(loom), allow(unreachable_pub))]

use crate::primitive::{AtomicBool, Ordering, UnsafeCell, edge, spin_loop, yield_now};

/// How often a taken lock is looked at before the processor is given away.
const SPINS: u32 = 3;

/// A value that one thread at a time works on.
#[derive(Debug)]
pub struct Lock<T> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached only by the one thread that holds the lock, so sharing the lock is sending the value.
unsafe impl<T: Send> Sync for Lock<T> {}
// SAFETY: owning the lock is owning the value.
unsafe impl<T: Send> Send for Lock<T> {}

/// Lets go, also when the section unwinds.
struct Unlock<'a>(&'a AtomicBool);

impl Drop for Unlock<'_> {
    #[inline]
    fn drop(&mut self) {
        // ORDERING [lock.handover]: Release, pairs with the Acquire in `with`: this section happens before the next.
        // Model: loom `lock::sections_do_not_overlap`.
        self.0.store(false, edge!(lock.handover: Release));
    }
}

impl<T> Lock<T> {
    /// A free lock around `value`.
    pub fn new(value: T) -> Self {
        Self { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Runs `section` with the value, alone.
    #[inline]
    pub fn with<R>(&self, section: impl FnOnce(&mut T) -> R) -> R {
        let mut spins = 0;
        // ORDERING [lock.handover]: Acquire, pairs with the Release in `Unlock`: the last section happens before this.
        // Model: loom `lock::sections_do_not_overlap`.
        while self
            .held
            .compare_exchange_weak(false, true, edge!(lock.handover: Acquire), Ordering::Relaxed)
            .is_err()
        {
            if spins < SPINS {
                spins += 1;
                spin_loop();
            } else {
                yield_now();
            }
        }
        let _unlock = Unlock(&self.held);
        // SAFETY: `held` went from false to true here, and only `_unlock` sets it back: nobody else is in a section.
        self.value.with_mut(|value| section(unsafe { &mut *value }))
    }
}
