//! A fence of which one end costs next to nothing and the other one pays for both.
//!
//! Two threads, each of which writes a word and then reads the other one's, need a sequentially consistent fence
//! between the two, or both may read what was there before. Where one of the two does this a thousand times as often as
//! the other, its end can be [`light`]: it only keeps the compiler from changing the order. The other end, [`heavy`],
//! has the kernel bring every thread of the process that runs at this moment past such a fence; one that does not run
//! passed one when it was taken off its processor. Whichever instruction of the light side that falls between, either
//! its write was before, and is seen after `heavy`, or its read comes after, and sees what was written before `heavy`:
//! as with two fences.
//!
//! The kernel's part is membarrier(2), the command `MEMBARRIER_CMD_PRIVATE_EXPEDITED`, for which a process registers
//! first. The pair is what P1202 (Goldblatt, *Asymmetric fences*, in C++ as `asymmetric_thread_fence_light` and
//! `_heavy`) describes. Where it is not to be had (without `std`, on other systems, if the kernel refuses, under Miri
//! and loom), both ends are sequentially consistent fences. So loom checks the protocols with fences, and what the
//! kernel does is taken on trust.

#[cfg(all(feature = "std", target_os = "linux", not(any(loom, miri))))]
mod kind {
    use core::sync::atomic::{AtomicU8, Ordering, compiler_fence, fence};
    use std::time::Duration;

    const UNKNOWN: u8 = 0;
    const FENCES: u8 = 1;
    const KERNEL: u8 = 2;

    /// Longer than any processor keeps what it has written to itself.
    const LONG: Duration = Duration::from_millis(10);

    // (A thread's step is not one more for this.)
    static KIND: AtomicU8 = AtomicU8::new(UNKNOWN);

    fn call(command: libc::c_int) -> bool {
        // SAFETY: the call takes numbers only, and changes nothing that we can see.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    fn register() -> bool {
        call(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
    }

    fn pass() -> bool {
        // (A child of a fork may have to register itself.)
        let command = libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED;
        call(command) || (KIND.load(Ordering::Relaxed) == KERNEL && register() && call(command))
    }

    #[cold]
    pub(crate) fn prepare() {
        if KIND.load(Ordering::Relaxed) == UNKNOWN {
            KIND.store(if register() { KERNEL } else { FENCES }, Ordering::Relaxed);
        }
    }

    /// Relaxed: who has not seen yet what `prepare` found makes a fence, which is more.
    #[inline(always)]
    pub(crate) fn light(ordering: Ordering) {
        if KIND.load(Ordering::Relaxed) == KERNEL {
            compiler_fence(ordering);
        } else {
            fence(ordering);
        }
    }

    #[cold]
    pub(crate) fn heavy(ordering: Ordering) {
        fence(ordering);
        // One who has not seen what `prepare` found asks the kernel, which knows.
        if KIND.load(Ordering::Relaxed) == FENCES || pass() || KIND.load(Ordering::Relaxed) != KERNEL {
            return;
        }
        // The process has given up the right to ask, by a filter for system calls: the light ends become fences, and
        // the last ones that were none have come to an end after a while.
        KIND.store(FENCES, Ordering::Relaxed);
        std::thread::sleep(LONG);
        fence(ordering);
    }
}

#[cfg(not(all(feature = "std", target_os = "linux", not(any(loom, miri)))))]
mod kind {
    use super::super::Ordering;

    pub(crate) fn prepare() {}

    /// One that was weakened to `Relaxed` is no fence at all.
    #[inline]
    pub(crate) fn light(ordering: Ordering) {
        if ordering == Ordering::Relaxed {
            return;
        }
        #[cfg(not(loom))]
        core::sync::atomic::fence(ordering);
        #[cfg(loom)]
        loom::sync::atomic::fence(ordering);
    }

    pub(crate) fn heavy(ordering: Ordering) {
        light(ordering);
    }
}

/// Finds out which kind there is; before the first `light`.
pub(crate) use kind::prepare;

/// The end of who does this often.
pub(crate) use kind::light;

/// The end of who does it seldom.
pub(crate) use kind::heavy;
