//! How an operation sleeps on the stage.

use std::sync::Arc;
use std::task::{Wake, Waker};

use crossinterp_core::{Park, Wakeup};

use crate::fuzz::stage::{self, Bed};

struct Sleeper(Bed);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }
}

/// The operation with that number sleeps.
pub(super) struct OnStage(u32);

impl OnStage {
    /// For an operation of the calling thread that begins, and gives up after so many looks.
    pub(super) fn begin(looks: Option<u32>) -> Self {
        Self(stage::begin(looks))
    }
}

impl Park for OnStage {
    fn waker(&self) -> Waker {
        Waker::from(Arc::new(Sleeper(Bed::mine(self.0))))
    }
    fn park(&self) -> Wakeup {
        stage::sleep()
    }
    fn pause(&self, _round: u32) -> Wakeup {
        stage::pause()
    }
}
