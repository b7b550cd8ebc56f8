//! The loom swap: the only file that names an atomic, a cell, a fence or a thread's yield.
//!
//! Everything else in the crate takes these from here, so that the same code runs on the machine's primitives and,
//! under `--cfg loom`, on loom's. Loom's shape of [`UnsafeCell`] (`with_mut`) is used for both.
//!
//! # Named edges
//!
//! An ordering that is not `Relaxed` is written `edge!(module.edge: Release)`. In a normal build that *is*
//! `Ordering::Release`. Under loom the environment variable `CROSSINTERP_WEAKEN`, of the form
//! `module.edge:Release=Relaxed`, weakens that one end of that one edge for the whole run, so that `cargo xtask weaken`
//! can require the edge's model to fail without compiling anything again.

//!
//! # Stop points
//!
//! `stop_point!(module.point)` marks a place in an operation where a thread that is stopped for good leaves something
//! half-done. Under `--cfg xi_stop` a test can have a thread stop there ([`stop`]), and show what the others can still do;
//! in every other build it is nothing.

// clippy.toml forbids these types everywhere else.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

pub(crate) use core::sync::atomic::Ordering;

/// Names one end of an ordering edge; see the module documentation.
macro_rules! edge {
    ($module:ident . $edge:ident : $ordering:ident) => {
        $crate::primitive::ordering(
            concat!(stringify!($module), ".", stringify!($edge), ":", stringify!($ordering)),
            $crate::primitive::Ordering::$ordering,
        )
    };
}
pub(crate) use edge;

/// Names a place where a test may stop a thread; see the module documentation.
macro_rules! stop_point {
    ($module:ident . $point:ident) => {
        #[cfg(xi_stop)]
        $crate::primitive::stop::here(concat!(stringify!($module), ".", stringify!($point)));
    };
}
pub(crate) use stop_point;

/// Stopping threads for good.
#[cfg(xi_stop)]
pub mod stop {
    use std::boxed::Box;
    use std::cell::RefCell;

    type Armed = Option<(&'static str, Box<dyn FnOnce()>)>;

    std::thread_local!(static ARMED: RefCell<Armed> = const { RefCell::new(None) });

    /// The calling thread calls `reached` when it next comes to that point, and then stops for good.
    pub fn at(point: &'static str, reached: impl FnOnce() + 'static) {
        tell(point, move || {
            reached();
            loop {
                std::thread::park();
            }
        });
    }

    /// The calling thread calls `reached` when it next comes to that point, and goes on.
    pub fn tell(point: &'static str, reached: impl FnOnce() + 'static) {
        ARMED.set(Some((point, Box::new(reached))));
    }

    pub(crate) fn here(point: &str) {
        let armed = ARMED.with_borrow_mut(|armed| armed.take_if(|(at, _)| *at == point));
        if let Some((_, reached)) = armed {
            reached();
        }
    }
}

#[cfg(not(loom))]
mod machine {
    use super::Ordering;
    // Aliases, not re-exports: clippy.toml's list looks through the latter and would forbid the types everywhere.
    pub(crate) type AtomicBool = core::sync::atomic::AtomicBool;
    pub(crate) type AtomicU8 = core::sync::atomic::AtomicU8;
    pub(crate) type AtomicU32 = core::sync::atomic::AtomicU32;
    #[cfg(target_has_atomic = "64")]
    pub(crate) type AtomicU64 = core::sync::atomic::AtomicU64;
    pub(crate) type AtomicUsize = core::sync::atomic::AtomicUsize;
    pub(crate) type AtomicPtr<T> = core::sync::atomic::AtomicPtr<T>;

    /// `core`'s cell in loom's shape (as much of it as is used).
    #[derive(Debug)]
    #[repr(transparent)]
    pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(core::cell::UnsafeCell::new(value))
        }

        /// Calls `f` with a pointer that may be read through for the length of the call.
        #[inline(always)]
        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Calls `f` with a pointer that may be written through for the length of the call.
        #[inline(always)]
        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }

    impl<T> UnsafeCell<core::mem::MaybeUninit<T>> {
        /// Makes a cell without a value where it is to stay, however large.
        ///
        /// # Safety
        /// `cell` can be written.
        pub(crate) unsafe fn make_uninit(_cell: *mut Self) {
            // Memory that was not written is such a cell.
        }
    }

    /// Whether memory of zero bytes is an atomic 0, and an atomic or a cell can be forgotten without dropping it.
    pub(crate) const PLAIN: bool = true;

    static GENERATION: AtomicUsize = AtomicUsize::new(0);

    /// How many forks lie between this process and the one that the program began as.
    #[inline(always)]
    pub(crate) fn generation() -> usize {
        // Relaxed: it changes only while a process has one thread.
        GENERATION.load(Ordering::Relaxed)
    }

    /// This process is the child of a fork.
    pub(crate) fn next_generation() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(crate) const fn ordering(_edge: &str, ordering: Ordering) -> Ordering {
        ordering
    }

    #[cfg(not(xi_tsan))]
    #[inline(always)]
    pub(crate) fn acquire(_word: &AtomicUsize, ordering: Ordering) {
        core::sync::atomic::fence(ordering);
    }

    /// ThreadSanitizer knows no fences: a load of the word that was released orders the same accesses.
    #[cfg(xi_tsan)]
    pub(crate) fn acquire(word: &AtomicUsize, ordering: Ordering) {
        word.load(ordering);
    }

    /// Gives the processor to somebody else for a moment: what a short lock does when its holder was stopped.
    #[inline]
    pub(crate) fn yield_now() {
        #[cfg(feature = "std")]
        std::thread::yield_now();
        #[cfg(not(feature = "std"))]
        core::hint::spin_loop();
    }

    #[inline(always)]
    pub(crate) fn spin_loop() {
        core::hint::spin_loop();
    }

    /// Sleeping threads.
    #[cfg(feature = "std")]
    pub(crate) mod thread {
        use std::cell::OnceCell;
        use std::task::Waker;
        pub(crate) use std::thread::{Thread, park, park_timeout};

        /// The waker of the calling thread, made once and kept; one that is not kept when the thread's locals are gone.
        pub(crate) fn cached_waker(make: impl Fn(Thread) -> Waker) -> Waker {
            std::thread_local!(static WAKER: OnceCell<Waker> = const { OnceCell::new() });
            WAKER
                .try_with(|waker| waker.get_or_init(|| make(std::thread::current())).clone())
                .unwrap_or_else(|_| make(std::thread::current()))
        }
    }
}

#[cfg(loom)]
mod machine {
    use super::Ordering;
    /// Loom's cell, and what ours has beside it.
    #[derive(Debug)]
    pub(crate) struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::cell::UnsafeCell::new(value))
        }

        pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            self.0.with(f)
        }

        pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            self.0.with_mut(f)
        }
    }

    impl<T> UnsafeCell<core::mem::MaybeUninit<T>> {
        pub(crate) unsafe fn make_uninit(cell: *mut Self) {
            // SAFETY: passed on to the caller.
            unsafe { cell.write(Self::new(core::mem::MaybeUninit::uninit())) };
        }
    }

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};
    pub(crate) use loom::thread::yield_now;

    pub(crate) const PLAIN: bool = false;

    /// The ordering of one end of an edge: the one written, or the weaker one that this run asks for.
    pub(crate) fn ordering(edge: &str, written: Ordering) -> Ordering {
        static WEAKEN: std::sync::OnceLock<Option<(String, Ordering)>> = std::sync::OnceLock::new();
        let weaken = WEAKEN.get_or_init(|| {
            let spec = std::env::var("CROSSINTERP_WEAKEN").ok()?;
            let (edge, weaker) =
                spec.split_once('=').expect("CROSSINTERP_WEAKEN is module.edge:Ordering=Ordering");
            let weaker = match weaker {
                "Relaxed" => Ordering::Relaxed,
                "Acquire" => Ordering::Acquire,
                "Release" => Ordering::Release,
                "AcqRel" => Ordering::AcqRel,
                other => panic!("CROSSINTERP_WEAKEN: no ordering is called {other}"),
            };
            Some((edge.to_string(), weaker))
        });
        match weaken {
            Some((name, weaker)) if name == edge => *weaker,
            _ => written,
        }
    }

    /// Nothing forks under loom.
    pub(crate) fn generation() -> usize {
        0
    }

    pub(crate) fn next_generation() {}

    /// A fence; one that was weakened to `Relaxed` is no fence at all.
    pub(crate) fn acquire(_word: &AtomicUsize, ordering: Ordering) {
        if ordering != Ordering::Relaxed {
            loom::sync::atomic::fence(ordering);
        }
    }

    pub(crate) fn spin_loop() {
        loom::thread::yield_now();
    }

    /// Sleeping threads. Loom has no clock: a sleep with a time limit is one that others may run in.
    pub(crate) mod thread {
        pub(crate) use loom::thread::{Thread, park};
        use std::task::Waker;

        pub(crate) fn park_timeout(_timeout: std::time::Duration) {
            loom::thread::yield_now();
        }

        pub(crate) fn cached_waker(make: impl Fn(Thread) -> Waker) -> Waker {
            make(loom::thread::current())
        }
    }
}

pub(crate) use machine::*;
