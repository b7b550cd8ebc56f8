//! How an operation sleeps: the trait that an embedder supplies.

use core::task::Waker;

use crate::primitive::yield_now;

/// How a sleep ended.
///
/// ```
/// use core::task::Waker;
/// use crossinterp_core::{Park, ParkError, Wakeup, unbounded};
///
/// /// Its time is over, or it is wanted elsewhere.
/// struct Busy(Wakeup);
/// impl Park for Busy {
///     fn waker(&self) -> Waker {
///         Waker::noop().clone()
///     }
///     fn park(&self) -> Wakeup {
///         self.0
///     }
/// }
///
/// let (_tx, rx) = unbounded::<u8>();
/// assert_eq!(rx.recv_parking(&Busy(Wakeup::TimedOut)), Err(ParkError::TimedOut));
/// assert_eq!(rx.recv_parking(&Busy(Wakeup::Interrupted)), Err(ParkError::Interrupted));
/// ```
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
/// allowed. All but the waker is called by the thread whose operation it is, never by two at once for one operation.
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
    /// What wakes this sleeper, from any thread. It may be called at any time, also when nobody sleeps any more.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{Park, Wakeup, unbounded};
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    /// use std::sync::Arc;
    /// use std::task::Wake;
    ///
    /// #[derive(Default)]
    /// struct Calls(AtomicUsize);
    /// impl Wake for Calls {
    ///     fn wake(self: Arc<Self>) {
    ///         self.0.fetch_add(1, Relaxed);
    ///     }
    /// }
    /// struct Counting(Arc<Calls>);
    /// impl Park for Counting {
    ///     fn waker(&self) -> Waker {
    ///         self.0.clone().into()
    ///     }
    /// #   fn park(&self) -> Wakeup { unreachable!("this example does not sleep") }
    /// }
    ///
    /// let sleeper = Counting(Arc::default());
    /// let (tx, rx) = unbounded();
    /// let wait = rx.begin_recv(sleeper.waker()).unwrap();
    /// tx.try_send(1).unwrap();
    /// assert_eq!((sleeper.0.0.load(Relaxed), wait.finish()), (1, Ok(1)));
    /// ```
    fn waker(&self) -> Waker;

    /// Sleeps until woken, or until the embedder's own reason to stop.
    ///
    /// ```
    /// use core::cell::RefCell;
    /// use core::task::Waker;
    /// use crossinterp_core::{Park, Receiver, Wakeup, bounded};
    ///
    /// /// Instead of sleeping it does something else: it makes room.
    /// struct Working<'a>(&'a Receiver<u8>, RefCell<Vec<u8>>);
    /// impl Park for Working<'_> {
    ///     fn waker(&self) -> Waker {
    ///         Waker::noop().clone()
    ///     }
    ///     fn park(&self) -> Wakeup {
    ///         self.1.borrow_mut().extend(self.0.try_recv());
    ///         Wakeup::Woken
    ///     }
    /// }
    ///
    /// let (tx, rx) = bounded(1);
    /// let working = Working(&rx, RefCell::default());
    /// for number in 1..=3 {
    ///     assert_eq!(tx.send_parking(number, &working), Ok(()));
    /// }
    /// assert_eq!(working.1.take(), [1, 2]);
    /// ```
    fn park(&self) -> Wakeup;

    /// Lets others run for a moment: an operation found a peer in the middle of its own, and looks again after this.
    /// Nobody wakes it. `round` counts how often that was in vain. An embedder with a clock looks at its deadline here,
    /// and sleeps for short times when the rounds become many.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{Park, ParkError, Wakeup, bounded};
    ///
    /// /// Looks again three times.
    /// struct ThreeTimes;
    /// impl Park for ThreeTimes {
    ///     fn pause(&self, round: u32) -> Wakeup {
    ///         if round < 3 { Wakeup::Woken } else { Wakeup::TimedOut }
    ///     }
    /// #   fn waker(&self) -> Waker { Waker::noop().clone() }
    /// #   fn park(&self) -> Wakeup { Wakeup::Woken }
    /// }
    ///
    /// let (tx, rx) = bounded(2);
    /// let first = tx.try_send_ref().unwrap().write(1); // in the middle of its send
    /// assert_eq!(tx.try_send(2), Ok(()));
    /// assert_eq!(rx.recv_parking(&ThreeTimes), Err(ParkError::TimedOut)); // the second waits behind it
    /// first.send().unwrap();
    /// assert_eq!(rx.recv_parking(&ThreeTimes), Ok(1));
    /// ```
    fn pause(&self, round: u32) -> Wakeup {
        let _ = round;
        yield_now();
        Wakeup::Woken
    }

    /// Whether to go on: asked by an operation that has slept, got on, and would sleep again, as one that sends many messages
    /// may. An embedder with a clock looks at its deadline here.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{Park, ParkError, Receiver, Wakeup, bounded};
    ///
    /// /// While it sleeps, others make room for one message; then its time is over.
    /// struct Once<'a>(&'a Receiver<u8>);
    /// impl Park for Once<'_> {
    ///     fn park(&self) -> Wakeup {
    ///         assert!(self.0.try_recv().is_ok());
    ///         Wakeup::Woken
    ///     }
    ///     fn check(&self) -> Wakeup {
    ///         Wakeup::TimedOut
    ///     }
    /// #   fn waker(&self) -> Waker { Waker::noop().clone() }
    /// }
    ///
    /// let (tx, rx) = bounded(1);
    /// let mut messages = [1, 2, 3, 4].into();
    /// assert_eq!(tx.send_many_parking(&mut messages, &Once(&rx)), Err(ParkError::TimedOut));
    /// assert_eq!(messages, [3, 4]); // the first had room, the second slept for it
    /// ```
    fn check(&self) -> Wakeup {
        Wakeup::Woken
    }
}

/// A reference sleeps as what it refers to.
impl<P: Park + ?Sized> Park for &P {
    fn waker(&self) -> Waker {
        (**self).waker()
    }

    fn park(&self) -> Wakeup {
        (**self).park()
    }

    fn pause(&self, round: u32) -> Wakeup {
        (**self).pause(round)
    }

    fn check(&self) -> Wakeup {
        (**self).check()
    }
}
