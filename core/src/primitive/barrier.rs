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

#[cfg(all(test, feature = "std", not(any(loom, miri))))]
mod tests {
    use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
    use core::sync::atomic::{AtomicUsize, compiler_fence};
    use std::thread::{scope, yield_now};
    use std::vec::Vec;

    use crossbeam_utils::CachePadded;

    use super::{heavy, light, prepare};

    const ROUNDS: usize = 20_000;

    /// In each round both write their word, and read the other's: how often both were too early, where these are the fences.
    fn misses(light: fn(), heavy: fn()) -> usize {
        let words: [CachePadded<AtomicUsize>; 4] = Default::default();
        let [begun, done, often, seldom] = &words;
        let wait = |word: &AtomicUsize, round| {
            while word.load(Acquire) < round {
                yield_now();
            }
        };
        let pause = |many| (0..many).for_each(|_| core::hint::spin_loop());
        let (seen_often, seen_seldom): (Vec<bool>, Vec<bool>) = scope(|scope| {
            let other = scope.spawn(|| {
                let round = |round| {
                    wait(begun, round);
                    pause(round % 50);
                    often.store(round, Relaxed);
                    light();
                    let seen = seldom.load(Relaxed) == round;
                    done.store(round, Release);
                    seen
                };
                (1..=ROUNDS).map(round).collect()
            });
            let round = |round| {
                begun.store(round, Release);
                pause(round / 50 % 50);
                seldom.store(round, Relaxed);
                heavy();
                let seen = often.load(Relaxed) == round;
                wait(done, round);
                seen
            };
            let mine = (1..=ROUNDS).map(round).collect();
            (other.join().expect("it does not panic"), mine)
        });
        seen_often.iter().zip(&seen_seldom).filter(|(often, seldom)| !**often && !**seldom).count()
    }

    #[test]
    fn one_of_the_two_sees_the_other() {
        prepare();
        assert_eq!(misses(|| light(SeqCst), || heavy(SeqCst)), 0);
        // What it is without, for who wants to see that the test can tell.
        let without = misses(|| compiler_fence(SeqCst), || compiler_fence(SeqCst));
        std::println!("without a fence both were too early {without} times");
    }
}
