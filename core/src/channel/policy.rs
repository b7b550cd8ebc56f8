//! How an operation waits before it sleeps, as data.
//!
//! A sleep and a wake-up cost more than all of this together. More than a few spins are never worth it: where the peer
//! does not run, they keep it from running. On a queue the operation tries again each time, and takes its place among the
//! waiting only after that, so that a peer that comes in time finds nobody to wake; on a rendezvous channel, where both
//! would only look at each other, it waits in its place from the beginning.

use core::cell::Cell;
use core::task::Waker;

use crate::park::{Park, Wakeup};
use crate::primitive::{spin_loop, yield_now};

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
    spins: u32,
    yields: u32,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { spins: SPINS, yields: rounds(YIELDS) }
    }

    /// For one that has none.
    pub(crate) fn none() -> Self {
        Self { spins: 0, yields: 0 }
    }

    /// Lets a moment go by. `false`: it is time to sleep.
    #[inline]
    pub(crate) fn wait(&mut self) -> bool {
        if self.spins > 0 {
            self.spins -= 1;
            spin_loop();
        } else if self.yields > 0 {
            self.yields -= 1;
            yield_now();
        } else {
            return false;
        }
        true
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
