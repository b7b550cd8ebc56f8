//! How an operation sleeps: the trait that an embedder supplies.

use core::task::Waker;

use crate::primitive::yield_now;

/// How a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wakeup {
    /// The waker was called, or it looked like it: the operation looks again, and sleeps again if nothing came.
    Woken,
    /// The time that the embedder set is over.
    TimedOut,
    /// Something else wants the thread, a signal handler for one.
    Interrupted,
}

/// One thread's (or task's, or fibre's) way to sleep.
///
/// The core neither sleeps nor reads a clock: a blocking operation asks [`Park::park`] to sleep until the [`Waker`] of
/// [`Park::waker`] is called. A deadline is a matter between the caller and its `Park`.
///
/// A wake that comes before the sleep must end the next sleep (as `std::thread::unpark` does). Waking for no reason is
/// allowed.
///
/// ```
/// use core::task::Waker;
/// use crossinterp_core::{Park, ParkError, Wakeup, bounded};
///
/// /// Never sleeps: gives up at once.
/// struct NoPatience;
/// impl Park for NoPatience {
///     fn waker(&self) -> Waker {
///         Waker::noop().clone()
///     }
///     fn park(&self) -> Wakeup {
///         Wakeup::TimedOut
///     }
/// }
///
/// let (tx, rx) = bounded(1);
/// assert_eq!(rx.recv_parking(&NoPatience), Err(ParkError::TimedOut));
/// tx.try_send(7).unwrap();
/// assert_eq!(rx.recv_parking(&NoPatience), Ok(7));
/// ```
pub trait Park {
    /// What wakes this sleeper, from any thread.
    fn waker(&self) -> Waker;
    /// Sleeps until woken, or until the embedder's own reason to stop.
    fn park(&self) -> Wakeup;
    /// Lets others run for a moment: an operation found a peer in the middle of its own, and looks again after this.
    /// Nobody wakes it. `round` counts how often that was in vain. An embedder with a clock looks at its deadline here,
    /// and sleeps for short times when the rounds become many.
    fn pause(&self, round: u32) -> Wakeup {
        let _ = round;
        yield_now();
        Wakeup::Woken
    }
    /// Whether to go on: asked by an operation that has slept, got on, and would sleep again, as one that sends many messages
    /// may. An embedder with a clock looks at its deadline here.
    fn check(&self) -> Wakeup {
        Wakeup::Woken
    }
}
