//! How an operation waits before it sleeps, as data.
//!
//! A sleep and a wake-up cost more than all of this together. More than a few spins are never worth it: where the peer
//! does not run, they keep it from running. On a queue the operation tries again each time, and takes its place among the
//! waiting only after that, so that a peer that comes in time finds nobody to wake; on a rendezvous channel, where both
//! would only look at each other, it waits in its place from the beginning.

use crate::primitive::{spin_loop, yield_now};

#[cfg(not(loom))]
const SPINS: u32 = 3;
#[cfg(not(loom))]
const YIELDS: u32 = 64;
// A model has no time to lose.
#[cfg(loom)]
const SPINS: u32 = 0;
#[cfg(loom)]
const YIELDS: u32 = 0;

/// What is left of it for one operation.
#[derive(Debug)]
pub(super) struct Patience(u32);

impl Patience {
    pub(super) fn new() -> Self {
        Self(0)
    }

    /// Lets a moment go by. `false`: it is time to sleep.
    #[inline]
    pub(super) fn wait(&mut self) -> bool {
        if self.0 == SPINS + YIELDS {
            return false;
        }
        if self.0 < SPINS {
            spin_loop();
        } else {
            yield_now();
        }
        self.0 += 1;
        true
    }
}
