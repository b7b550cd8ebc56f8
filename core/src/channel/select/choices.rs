//! Where a select gets its [`Choice`] from: each thread keeps one, so that none is made for each time that it waits.

#[cfg(feature = "std")]
use crate::primitive::PLAIN;
use crate::refs::{AllocError, Shared};
use crate::wait::{Choice, Claim};

#[cfg(feature = "std")]
std::thread_local! {
    static KEPT: core::cell::Cell<Option<Shared<Choice>>> = const { core::cell::Cell::new(None) };
}

/// A claim on a choice, for as long as a select waits. It is over when this is dropped.
pub(super) struct Borrowed {
    /// `None`: it was given back.
    choice: Option<Shared<Choice>>,
    claim: Claim,
}

impl Borrowed {
    /// On the choice that the thread keeps; or on a new one, if that is in use (by a select that calls something that
    /// selects), or there is none.
    pub(super) fn new() -> Result<Self, AllocError> {
        let choice = match kept() {
            Some(choice) => choice,
            None => Choice::try_new()?,
        };
        let claim = Claim::begin(&choice);
        Ok(Self { choice: Some(choice), claim })
    }

    pub(super) fn claim(&self) -> &Claim {
        &self.claim
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        self.claim.end();
        keep(self.choice.take());
    }
}

// A model must not leave anything to the next. (A thread whose locals are gone keeps none.)
#[cfg(feature = "std")]
fn kept() -> Option<Shared<Choice>> {
    if PLAIN { KEPT.try_with(core::cell::Cell::take).ok().flatten() } else { None }
}

#[cfg(feature = "std")]
fn keep(choice: Option<Shared<Choice>>) {
    if PLAIN {
        let _ = KEPT.try_with(|kept| kept.set(choice));
    }
}

// Where there are no threads, nothing can be kept for one.
#[cfg(not(feature = "std"))]
fn kept() -> Option<Shared<Choice>> {
    None
}

#[cfg(not(feature = "std"))]
fn keep(_choice: Option<Shared<Choice>>) {}
