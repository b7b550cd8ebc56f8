//! How a thread sleeps here: on a futex where there is one, because that tells of signals, else on a condition variable.
//!
//! A [`Parker`] keeps one token. `unpark` leaves it, `park` takes it or sleeps until it is left. A parker is used by one
//! wait at a time and then by another, so a wake function that comes late may leave a token to a wait that has nothing
//! to do with it: the condition of a sleep is always that its wait is settled, and every wake-up looks again.

use core::cell::Cell;
use core::task::Waker;

use crossinterp_core::{Park, Wakeup};

use crate::clock::Deadline;
use crate::status::Status;
use crate::waker::{Counted, Target};

/// Before a sleep: how often the operation looks again at once, and how often between letting others run. A wake-up from
/// a sleep costs more than all of it together.
const SPINS: u32 = 3;
const YIELDS: u32 = 64;

/// How long a thread sleeps between looks at a peer that is in the middle of its operation and does not go on.
const NAP: core::time::Duration = core::time::Duration::from_millis(1);

#[cfg(all(any(target_os = "linux", target_os = "android"), target_pointer_width = "64"))]
mod system {
    use super::{Deadline, Wakeup};
    use core::ptr::null;
    use core::sync::atomic::{AtomicU32, Ordering};

    const NOTHING: u32 = 0;
    const TOKEN: u32 = 1;
    const ASLEEP: u32 = 2;

    #[derive(Debug)]
    pub(super) struct Parker {
        state: AtomicU32,
    }

    impl Parker {
        pub(super) const fn new() -> Self {
            Self { state: AtomicU32::new(NOTHING) }
        }

        pub(super) fn unpark(&self) {
            // ORDERING [park.token]: Release, pairs with the Acquire of `park`: whoever takes the token sees the wait
            // settled. Shown by `ffi_roundtrip::no_wake_up_is_lost`; loom knows no futex.
            if self.state.swap(TOKEN, Ordering::Release) == ASLEEP {
                // SAFETY: the call looks at no memory of ours; the address only names the sleepers.
                unsafe {
                    libc::syscall(
                        libc::SYS_futex,
                        self.state.as_ptr(),
                        libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                        1,
                    )
                };
            }
        }

        /// Sleeps once. One thread at a time.
        pub(super) fn park(&self, deadline: Deadline) -> Wakeup {
            // ORDERING [park.token]: Acquire, pairs with the Release of `unpark`, here and in the swap below.
            if self.state.compare_exchange(NOTHING, ASLEEP, Ordering::Relaxed, Ordering::Acquire).is_err() {
                // Only this thread sets ASLEEP, and takes it back before it returns: a token lies there.
                self.state.swap(NOTHING, Ordering::Acquire);
                return Wakeup::Woken;
            }
            let slept = futex_wait(&self.state, ASLEEP, deadline);
            match self.state.swap(NOTHING, Ordering::Acquire) {
                TOKEN => Wakeup::Woken,
                _ => slept,
            }
        }
    }

    /// Sleeps while the word is as expected. The deadline is absolute, so that no time is lost between looking at the
    /// clock and sleeping. There always is one: without, the kernel would go back to sleep by itself after a signal
    /// whose handler was installed with `SA_RESTART`.
    fn futex_wait(word: &AtomicU32, expected: u32, deadline: Deadline) -> Wakeup {
        const SECOND: u64 = 1_000_000_000;
        let until = match deadline {
            Deadline::At(ns) => libc::timespec {
                tv_sec: (ns / SECOND) as libc::time_t,
                tv_nsec: (ns % SECOND) as libc::c_long,
            },
            Deadline::Never => libc::timespec { tv_sec: libc::time_t::MAX, tv_nsec: 0 },
        };
        // SAFETY: the word and the time outlive the call; the other arguments are plain numbers. A wait with a bit set
        // and without FUTEX_CLOCK_REALTIME takes an absolute time of the monotonic clock.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_futex,
                word.as_ptr(),
                libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
                expected,
                &raw const until,
                null::<u32>(),
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        };
        if answer == 0 {
            return Wakeup::Woken;
        }
        match std::io::Error::last_os_error().raw_os_error() {
            Some(libc::ETIMEDOUT) => Wakeup::TimedOut,
            Some(libc::EINTR) => Wakeup::Interrupted,
            _ => Wakeup::Woken, // EAGAIN: the word had changed already
        }
    }
}

/// Elsewhere signals go unnoticed, and `XI_ERR_INTERRUPTED` is never answered.
#[cfg(not(all(any(target_os = "linux", target_os = "android"), target_pointer_width = "64")))]
mod system {
    use super::{Deadline, Wakeup};
    use std::sync::{Condvar, Mutex, PoisonError};
    use std::time::Duration;

    #[derive(Debug)]
    pub(super) struct Parker {
        token: Mutex<bool>,
        left: Condvar,
    }

    impl Parker {
        pub(super) const fn new() -> Self {
            Self { token: Mutex::new(false), left: Condvar::new() }
        }

        pub(super) fn unpark(&self) {
            *self.token.lock().unwrap_or_else(PoisonError::into_inner) = true;
            self.left.notify_one();
        }

        /// Sleeps once. One thread at a time.
        pub(super) fn park(&self, deadline: Deadline) -> Wakeup {
            let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
            if !*token {
                token = match deadline {
                    Deadline::Never => self.left.wait(token).unwrap_or_else(PoisonError::into_inner),
                    Deadline::At(at) => {
                        let left = Duration::from_nanos(at.saturating_sub(crate::clock::xi_clock_ns()));
                        self.left.wait_timeout(token, left).unwrap_or_else(PoisonError::into_inner).0
                    }
                };
            }
            match core::mem::take(&mut *token) {
                false if deadline.has_passed() => Wakeup::TimedOut,
                _ => Wakeup::Woken,
            }
        }
    }
}

/// What one thread at a time sleeps on, and any thread wakes.
#[derive(Debug)]
pub(crate) struct Parker(system::Parker);

impl Parker {
    pub(crate) const fn new() -> Self {
        Self(system::Parker::new())
    }

    /// Sleeps until woken, now or since the last sleep, or until the deadline or a signal.
    pub(crate) fn park(&self, deadline: Deadline) -> Wakeup {
        self.0.park(deadline)
    }
}

impl Target for Parker {
    fn wake(&self) {
        self.0.unpark();
    }
}

thread_local! {
    /// The parker of this thread's last wait.
    static KEPT: Cell<Option<Counted<Parker>>> = const { Cell::new(None) };
}

/// A parker for one wait: this thread's last one, if it is free, and kept for the next one afterwards.
#[derive(Debug)]
pub(crate) struct Berth(Counted<Parker>);

impl Berth {
    pub(crate) fn new() -> Result<Self, Status> {
        // A thread that is on its way out has no thread-locals any more, and makes do with a new parker.
        match KEPT.try_with(Cell::take) {
            Ok(Some(kept)) => Ok(Self(kept)),
            _ => Counted::try_new(Parker::new()).map(Self),
        }
    }

    /// What wakes the sleeper.
    pub(crate) fn waker(&self) -> Waker {
        self.0.waker()
    }

    /// The sleep of one operation.
    pub(crate) fn sleep(&self, deadline: Deadline) -> Sleep<'_> {
        Sleep { berth: self, deadline, tries: Cell::new(0) }
    }
}

impl Drop for Berth {
    fn drop(&mut self) {
        // A failure means as above, and frees the parker.
        let _ = KEPT.try_with(|kept| kept.set(Some(self.0.clone())));
    }
}

/// How an operation sleeps: a few looks, a few yields, then for real.
#[derive(Debug)]
pub(crate) struct Sleep<'a> {
    berth: &'a Berth,
    deadline: Deadline,
    tries: Cell<u32>,
}

impl Park for Sleep<'_> {
    fn waker(&self) -> Waker {
        self.berth.waker()
    }

    fn park(&self) -> Wakeup {
        let tries = self.tries.get();
        if tries >= SPINS.saturating_add(YIELDS) {
            return self.berth.0.park(self.deadline);
        }
        if self.deadline.has_passed() {
            return Wakeup::TimedOut;
        }
        self.tries.set(tries.saturating_add(1));
        if tries < SPINS {
            core::hint::spin_loop();
        } else {
            std::thread::yield_now();
        }
        Wakeup::Woken
    }

    fn pause(&self, round: u32) -> Wakeup {
        if self.deadline.has_passed() {
            return Wakeup::TimedOut;
        }
        if round <= YIELDS {
            std::thread::yield_now();
        } else {
            // The peer does not run: it is not waited for by spinning.
            std::thread::sleep(NAP);
        }
        Wakeup::Woken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicU32, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    /// Two threads wake each other in turn, with nothing before the sleep: each turn meets the other one before, in and
    /// after falling asleep. One lost token would end the turns.
    #[test]
    fn no_token_is_lost() {
        const TURNS: u32 = 20_000;
        let parkers = [Parker::new(), Parker::new()];
        let turn = AtomicU32::new(0);
        let play = |own: usize| {
            while turn.load(Ordering::Relaxed) < TURNS {
                let now = turn.load(Ordering::Acquire);
                if now as usize % 2 != own {
                    parkers[own].park(Deadline::Never);
                    continue;
                }
                for _ in 0..now % 50 {
                    core::hint::spin_loop(); // so that the two meet at ever other moments
                }
                turn.store(now.saturating_add(1), Ordering::Release);
                parkers[1 - own].wake();
            }
            parkers[1 - own].wake();
        };
        thread::scope(|scope| {
            scope.spawn(|| play(0));
            play(1);
        });
        assert!(turn.load(Ordering::Relaxed) >= TURNS);
    }

    #[test]
    fn a_token_left_before_ends_the_next_sleep_and_no_more() {
        let parker = Parker::new();
        parker.wake();
        parker.wake();
        assert_eq!(parker.park(Deadline::Never), Wakeup::Woken);
        let start = Instant::now();
        assert_eq!(parker.park(Deadline::after(2_000_000)), Wakeup::TimedOut);
        assert!(start.elapsed() >= Duration::from_millis(2));
    }

    #[test]
    fn a_deadline_that_has_passed_is_no_sleep() {
        assert_eq!(Parker::new().park(Deadline::At(0)), Wakeup::TimedOut);
    }

    #[test]
    fn a_thread_keeps_its_parker_for_the_next_wait() {
        let address = |berth: &Berth| core::ptr::from_ref(&*berth.0).addr();
        let first = Berth::new().expect("memory");
        let second = Berth::new().expect("memory");
        assert_ne!(address(&first), address(&second), "two waits at once have two parkers");
        let kept = address(&first);
        drop(second);
        drop(first);
        assert_eq!(address(&Berth::new().expect("memory")), kept);
    }
}
