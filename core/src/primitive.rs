//! The loom swap: the only place that names an atomic, a cell, a fence ([`barrier`] too) or a thread's yield.
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
//! half-done. Under `--cfg xi_stop` a test can have a thread stop there ([`stop`]), and show what the others can
//! still do; in every other build it is nothing. In that build a test can also have a thread call a function there,
//! before every access to an atomic and at every yield, and so say which thread makes the next step.

// clippy.toml forbids these types everywhere else.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

pub(crate) mod barrier;

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

/// Stopping threads, for good or until it is their turn.
#[cfg(xi_stop)]
pub mod stop {
    use std::boxed::Box;
    use std::cell::{Cell, RefCell};
    use std::panic::Location;

    type Armed = Option<(&'static str, Box<dyn FnOnce()>)>;

    std::thread_local! {
        static ARMED: RefCell<Armed> = const { RefCell::new(None) };
        /// (A thread whose locals are gone is in nobody's hands.)
        static ON_EVERY: Cell<Option<fn(Stop)>> = const { Cell::new(None) };
    }

    /// What a thread has come to.
    #[derive(Clone, Copy, Debug)]
    pub enum Stop {
        /// An access to an atomic, which it is about to make.
        Access(&'static Location<'static>),
        /// A point that has a name.
        Point(&'static str),
        /// A moment at which it lets others run, because it cannot go on.
        Yield,
    }

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

    /// The calling thread calls `reached` at everything that a [`Stop`] can be, from now on.
    pub fn on_every(reached: fn(Stop)) {
        ON_EVERY.set(Some(reached));
    }

    /// Whether the calling thread does that.
    pub(crate) fn is_stepped() -> bool {
        ON_EVERY.try_with(Cell::get).is_ok_and(|reached| reached.is_some())
    }

    pub(crate) fn here(point: &'static str) {
        let armed = ARMED.with_borrow_mut(|armed| armed.take_if(|(at, _)| *at == point));
        if let Some((_, reached)) = armed {
            reached();
        }
        come_to(Stop::Point(point));
    }

    /// `false`: nobody wants to know.
    #[inline]
    pub(crate) fn come_to(stop: Stop) -> bool {
        match ON_EVERY.try_with(Cell::get) {
            Ok(Some(reached)) => {
                reached(stop);
                true
            }
            _ => false,
        }
    }
}

/// The machine's atomics, with a stop before each access.
#[cfg(all(xi_stop, not(loom)))]
mod stopping {
    use super::Ordering;
    use super::stop::{Stop, come_to};
    use core::panic::Location;

    macro_rules! atomic {
        ($name:ident $(<$t:ident>)?, $value:ty, {$($method:ident),*}) => {
            #[derive(Debug)]
            #[repr(transparent)]
            pub(crate) struct $name $(<$t>)? (core::sync::atomic::$name $(<$t>)?);

            #[allow(dead_code)]
            impl $(<$t>)? $name $(<$t>)? {
                pub(crate) const fn new(value: $value) -> Self {
                    Self(core::sync::atomic::$name::new(value))
                }

                #[track_caller]
                #[inline]
                pub(crate) fn load(&self, ordering: Ordering) -> $value {
                    come_to(Stop::Access(Location::caller()));
                    self.0.load(ordering)
                }

                #[track_caller]
                #[inline]
                pub(crate) fn store(&self, value: $value, ordering: Ordering) {
                    come_to(Stop::Access(Location::caller()));
                    self.0.store(value, ordering);
                }

                #[track_caller]
                #[inline]
                pub(crate) fn compare_exchange(
                    &self,
                    old: $value,
                    new: $value,
                    then: Ordering,
                    otherwise: Ordering,
                ) -> Result<$value, $value> {
                    come_to(Stop::Access(Location::caller()));
                    self.0.compare_exchange(old, new, then, otherwise)
                }

                /// Never fails for no reason, so that a run can be repeated.
                #[track_caller]
                #[inline]
                pub(crate) fn compare_exchange_weak(
                    &self,
                    old: $value,
                    new: $value,
                    then: Ordering,
                    otherwise: Ordering,
                ) -> Result<$value, $value> {
                    self.compare_exchange(old, new, then, otherwise)
                }

                $(
                    #[track_caller]
                    #[inline]
                    pub(crate) fn $method(&self, value: $value, ordering: Ordering) -> $value {
                        come_to(Stop::Access(Location::caller()));
                        self.0.$method(value, ordering)
                    }
                )*
            }
        };
    }

    atomic!(AtomicBool, bool, { swap });
    atomic!(AtomicU8, u8, { swap });
    atomic!(AtomicU32, u32, { swap });
    #[cfg(target_has_atomic = "64")]
    atomic!(AtomicU64, u64, {swap, fetch_add, fetch_sub, fetch_and, fetch_or});
    atomic!(AtomicUsize, usize, {swap, fetch_add, fetch_sub, fetch_and, fetch_or});
    atomic!(AtomicPtr<T>, *mut T, { swap });
}

#[cfg(not(loom))]
mod machine {
    use super::Ordering;
    #[cfg(all(xi_stop, target_has_atomic = "64"))]
    pub(crate) use super::stopping::AtomicU64;
    #[cfg(xi_stop)]
    pub(crate) use super::stopping::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicUsize};
    #[cfg(not(xi_stop))]
    pub(crate) use plain::*;

    #[cfg(not(xi_stop))]
    mod plain {
        // Aliases, not re-exports: clippy.toml's list looks through the latter and would forbid the types everywhere.
        pub(crate) type AtomicBool = core::sync::atomic::AtomicBool;
        pub(crate) type AtomicU8 = core::sync::atomic::AtomicU8;
        pub(crate) type AtomicU32 = core::sync::atomic::AtomicU32;
        #[cfg(target_has_atomic = "64")]
        pub(crate) type AtomicU64 = core::sync::atomic::AtomicU64;
        pub(crate) type AtomicUsize = core::sync::atomic::AtomicUsize;
        pub(crate) type AtomicPtr<T> = core::sync::atomic::AtomicPtr<T>;
    }

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
        #[cfg(xi_stop)]
        if super::stop::come_to(super::stop::Stop::Yield) {
            return;
        }
        #[cfg(feature = "std")]
        std::thread::yield_now();
        #[cfg(not(feature = "std"))]
        core::hint::spin_loop();
    }

    /// A number that is as good as any other (xorshift, Marsaglia 2003).
    pub(crate) fn next_random() -> usize {
        fn step(mut state: u32) -> u32 {
            state ^= state << 13;
            state ^= state >> 17;
            state ^ (state << 5)
        }
        const SEED: u32 = 0x9e37_79b9;
        // The same bytes are to be the same run.
        #[cfg(xi_stop)]
        if super::stop::is_stepped() {
            return usize::MAX;
        }
        #[cfg(feature = "std")]
        {
            std::thread_local!(static STATE: core::cell::Cell<u32> = const { core::cell::Cell::new(SEED) });
            let next = STATE.try_with(|state| {
                state.set(step(state.get()));
                state.get()
            });
            next.unwrap_or(SEED) as usize
        }
        #[cfg(not(feature = "std"))]
        {
            static STATE: AtomicU32 = AtomicU32::new(SEED);
            // Relaxed: two that get the same number do no harm.
            let next = step(STATE.load(Ordering::Relaxed));
            STATE.store(next, Ordering::Relaxed);
            next as usize
        }
    }

    /// Whether the thread unwinds, where that can be known.
    pub(crate) fn is_panicking() -> bool {
        #[cfg(feature = "std")]
        return std::thread::panicking();
        #[cfg(not(feature = "std"))]
        return false;
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

    /// A model takes things in the same order each time.
    pub(crate) fn next_random() -> usize {
        usize::MAX
    }

    pub(crate) fn is_panicking() -> bool {
        std::thread::panicking()
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

/// A number that no other call gives, and never 0. (Where words have 32 bits, one of as many calls may.)
pub(crate) fn next_number() -> usize {
    // Not loom's: it orders nothing.
    static LAST: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);
    LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1).max(1)
}

pub(crate) use machine::*;

/// How long one waits who lost a claim to another one, before he tries again: longer each time, so that the winner has the
/// line for some more operations.
#[derive(Debug)]
pub(crate) struct Contention {
    /// The next wait, as a power of two.
    wait: u32,
}

impl Contention {
    /// More than a line takes to another core.
    const FIRST: u32 = 3;
    const LONGEST: u32 = 6;

    pub(crate) fn new() -> Self {
        Self { wait: Self::FIRST }
    }

    /// A claim was lost.
    #[inline]
    pub(crate) fn lost(&mut self) {
        // (A model has no time to lose.)
        if cfg!(not(any(loom, xi_stop))) {
            (0..1 << self.wait).for_each(|_| spin_loop());
            self.wait = Self::LONGEST.min(self.wait + 1);
        }
    }
}
