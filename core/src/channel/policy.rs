//! How an operation waits before it sleeps, as data.
//!
//! A sleep and a wake-up cost more than all of this together. More than a few spins are never worth it: where the peer
//! does not run, they keep it from running. On a queue the operation tries again each time, and takes its place among the
//! waiting only after that, so that a peer that comes in time finds nobody to wake; on a rendezvous channel, or one with a
//! capacity of up to [`SMALL`], it waits in its place from the beginning: there both would mostly look at each other, and
//! what one of them does next is only made possible by the other.
//!
//! In its place an operation first looks, for as long as it takes a peer on another core to come: a look there costs that
//! peer nothing. Where peers share its core, none comes by looking; so each thread looks again where that was not in vain,
//! and else more and more seldom ([`company`]).
//!
//! Letting others run is quick where there are none, or where they are the peers that are waited for. On a machine that is
//! busy with something else it takes as long as that one's turn, thousands of times longer than a sleep that the peer
//! ends. So each thread counts what its yields have saved and lost, and does without them while they have lost more
//! ([`crowd`]). Time in which the channel's other users got on is not lost.

use core::cell::Cell;
use core::task::Waker;

use crate::park::{Park, Wakeup};
use crate::primitive::{spin_loop, yield_now};

/// Up to which capacity operations wait in their place from the beginning.
pub(super) const SMALL: usize = 4;
/// How often one who waits in its place looks whether a peer has come, before it lets others run: the moments between,
/// together, are some times as long as a line takes to another core and back, and half as long as a thread takes to go to
/// sleep and wake.
const GLANCES: u32 = if cfg!(all(feature = "std", not(any(loom, xi_stop)))) { 200 } else { 0 };
#[cfg(not(loom))]
const SPINS: u32 = 3;
#[cfg(not(loom))]
const YIELDS: u32 = 64;
/// How often one that was called is waited for: each time others are let run, and then a moment goes by, which together is
/// longer than a sleeping thread takes to wake, on a machine that has nothing else to do; on one that has, the letting run
/// is the longer part, and must not be done too often.
#[cfg(not(loom))]
const BRIEF: u32 = 32;
/// How long that moment is.
#[cfg(not(loom))]
const MOMENT: u32 = 200;
// A model has no time to lose.
#[cfg(loom)]
const SPINS: u32 = 0;
#[cfg(loom)]
const YIELDS: u32 = 0;
#[cfg(loom)]
const BRIEF: u32 = 1;
#[cfg(loom)]
const MOMENT: u32 = 0;

/// How often others are let run, or one that was called is waited for.
#[cfg(not(xi_stop))]
const fn rounds(usual: u32) -> u32 {
    usual
}

/// The same: where threads are stepped, one round shows all that more would show.
#[cfg(xi_stop)]
fn rounds(usual: u32) -> u32 {
    if crate::primitive::stop::is_stepped() { usual.min(1) } else { usual }
}

/// What is left of it for one operation.
#[derive(Debug)]
pub(crate) struct Patience {
    glances: u32,
    /// It has looked, in its place.
    glanced: bool,
    spins: u32,
    yields: u32,
    /// It has yielded, and not slept.
    yielded: bool,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { glances: GLANCES, glanced: false, spins: SPINS, yields: rounds(YIELDS), yielded: false }
    }

    /// For one that has none.
    pub(crate) fn none() -> Self {
        Self { glances: 0, glanced: false, spins: 0, yields: 0, yielded: false }
    }

    /// Lets a moment go by. `false`: it is time to sleep.
    #[inline]
    pub(crate) fn wait(&mut self) -> bool {
        self.wait_with(|| 0)
    }

    /// As `wait`, for one who waits in its place.
    #[inline]
    pub(crate) fn wait_in_place(&mut self) -> bool {
        if self.glances > 0 && (self.glanced || company::is_near()) {
            self.glanced = true;
            self.glances -= 1;
            spin_loop();
            return true;
        }
        if self.glanced {
            self.glanced = false;
            company::stayed_away();
        }
        self.glances = 0;
        self.wait()
    }

    /// As `wait`, for one who sees how many messages others have moved so far.
    #[inline]
    pub(crate) fn wait_with(&mut self, moved: impl Fn() -> usize) -> bool {
        if self.spins > 0 {
            self.spins -= 1;
            spin_loop();
            true
        } else if self.yields > 0 && (self.yielded || !crowd::is_near()) {
            self.yielded = crowd::lets_others_run(moved);
            self.yields = if self.yielded { self.yields - 1 } else { 0 };
            true
        } else {
            *self = Self::none();
            false
        }
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        if self.glanced {
            company::came();
        } else if self.yielded {
            crowd::has_paid();
        }
    }
}

/// An operation that does not wait, but for a peer who was called and is on his way.
#[derive(Debug)]
pub(super) struct Brief(Cell<u32>);

impl Brief {
    pub(super) fn new() -> Self {
        Self(Cell::new(rounds(BRIEF)))
    }

    /// One that waits for nobody.
    pub(super) fn none() -> Self {
        Self(Cell::new(0))
    }
}

impl Park for Brief {
    fn waker(&self) -> Waker {
        // Nobody sleeps.
        Waker::noop().clone()
    }

    fn park(&self) -> Wakeup {
        let Some(left) = self.0.get().checked_sub(1) else { return Wakeup::TimedOut };
        self.0.set(left);
        yield_now();
        (0..MOMENT).for_each(|_| spin_loop());
        Wakeup::Woken
    }

    fn pause(&self, _round: u32) -> Wakeup {
        self.park()
    }
}

/// Whether peers come to one who looks, in its place, as this thread has seen: they do if they run on another core.
#[cfg(all(feature = "std", not(any(loom, xi_stop))))]
mod company {
    use std::cell::Cell;

    /// How many waits at most are done without looking, after one in which that was in vain.
    const MOST: u32 = 32;

    #[derive(Clone, Copy)]
    struct Seen {
        /// How many more waits are to be done without.
        left_out: u32,
        /// How many will be, when the next one is in vain.
        next: u32,
    }

    const ALL_CAME: Seen = Seen { left_out: 0, next: 1 };

    std::thread_local!(static SEEN: Cell<Seen> = const { Cell::new(ALL_CAME) });

    /// A thread whose locals are gone has seen nothing.
    fn change(change: impl FnOnce(Seen) -> Seen) -> Seen {
        SEEN.try_with(|seen| seen.replace(change(seen.get()))).unwrap_or(ALL_CAME)
    }

    /// Whether this wait is to look.
    pub(super) fn is_near() -> bool {
        change(|seen| Seen { left_out: seen.left_out.saturating_sub(1), ..seen }).left_out == 0
    }

    pub(super) fn stayed_away() {
        change(|seen| Seen { left_out: seen.next, next: MOST.min(seen.next * 2) });
    }

    pub(super) fn came() {
        change(|_| ALL_CAME);
    }
}

/// Nobody looks ([`GLANCES`]).
#[cfg(not(all(feature = "std", not(any(loom, xi_stop)))))]
mod company {
    pub(super) fn is_near() -> bool {
        false
    }

    pub(super) fn stayed_away() {}

    pub(super) fn came() {}
}

/// Whether letting others run pays, as this thread has seen.
#[cfg(all(feature = "std", not(any(loom, xi_stop))))]
mod crowd {
    use std::cell::Cell;
    use std::time::{Duration, Instant};

    use crate::primitive::yield_now;

    /// Longer than a yield between peers takes, even some in a row; shorter than any scheduler's turn.
    const LONG: Duration = Duration::from_micros(100);
    /// What it takes at most to move a message, where many do so.
    const EACH: Duration = Duration::from_nanos(100);
    /// What a wait without a sleep has saved, in nanoseconds.
    const SAVED: i32 = 4_000;
    /// How much is remembered of what was saved: two or three turns of somebody else.
    const MOST: i32 = 10_000_000;
    /// What a wait pays off that does not yield because that did not pay: so it is tried again some day.
    const PAID_OFF: i32 = 250;

    // What was saved by yields, less what was lost by those that took long, in nanoseconds.
    std::thread_local!(static SAVINGS: Cell<i32> = const { Cell::new(0) });

    /// Changes the savings. A thread whose locals are gone has none.
    fn add(change: i32) -> i32 {
        let changed = SAVINGS.try_with(|savings| {
            let now = (savings.get() + change).clamp(-MOST, MOST);
            savings.set(now);
            now
        });
        changed.unwrap_or(0)
    }

    /// Whether a wait is to do without yielding.
    pub(super) fn is_near() -> bool {
        add(0) < 0 && add(PAID_OFF) < 0
    }

    /// Yields. `false`: that took long, and not for the messages that were moved meanwhile.
    pub(super) fn lets_others_run(moved: impl Fn() -> usize) -> bool {
        let before = moved();
        let begin = Instant::now();
        yield_now();
        let time = begin.elapsed();
        if time < LONG {
            return true;
        }
        let messages = u32::try_from(moved().wrapping_sub(before)).unwrap_or(0);
        let lost = time.saturating_sub(EACH * messages);
        if lost >= LONG {
            add(-i32::try_from(lost.as_nanos()).unwrap_or(MOST).min(MOST));
        }
        lost < LONG
    }

    /// A wait came to its end by yields alone.
    pub(super) fn has_paid() {
        add(SAVED);
    }
}

/// Without a clock nothing is known; and where threads are stepped, nothing that is not in the schedule.
#[cfg(not(all(feature = "std", not(any(loom, xi_stop)))))]
mod crowd {
    pub(super) fn is_near() -> bool {
        false
    }

    pub(super) fn lets_others_run(_moved: impl Fn() -> usize) -> bool {
        crate::primitive::yield_now();
        true
    }

    pub(super) fn has_paid() {}
}
