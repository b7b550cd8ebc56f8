//! Channels whose messages come from the clock (feature `std`).
//!
//! Their receivers are ordinary ones. Nobody sends; a thread that waits sleeps until the message is due. A waiting
//! operation with a waker ([`crate::RecvWait`]) cannot: for those there is one thread, begun when it is first needed, that
//! calls their wakers in time. Closing such a channel silences it.

use alloc::boxed::Box;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::channel::{Receiver, Source, from_source, never};
use crate::primitive::generation;

/// A channel that has one message, after that time: the moment for which it was meant. It is never disconnected. A time
/// so long that no clock will show the moment is for ever.
///
/// # Panics
/// When there is no memory for the channel.
///
/// ```
/// use crossinterp_core::{after, never, select};
/// use std::time::{Duration, Instant};
///
/// let begun = Instant::now();
/// let alarm = after(Duration::from_millis(5));
/// let late = select! {
///     recv(never::<()>()) -> _ => false,
///     recv(alarm) -> moment => moment.unwrap() >= begun + Duration::from_millis(5),
/// };
/// assert!(late);
/// ```
pub fn after(duration: Duration) -> Receiver<Instant> {
    // A moment that no clock will show is never.
    Instant::now().checked_add(duration).map_or_else(never, at)
}

/// A channel that has one message, at that moment: the moment. It is never disconnected.
///
/// # Panics
/// When there is no memory for the channel.
///
/// ```
/// use std::time::Instant;
///
/// let now = Instant::now();
/// assert_eq!(crossinterp_core::at(now).recv(), Ok(now));
/// ```
pub fn at(when: Instant) -> Receiver<Instant> {
    receiver(Alarm { next: Mutex::new(Some(when)), period: None })
}

/// A channel that has a message after each such time: the moment for which it was meant. It holds one at most: while
/// nobody receives, no others come, and the next one is that time after it was received. It is never disconnected.
///
/// # Panics
/// When there is no memory for the channel.
///
/// ```
/// use std::time::Duration;
///
/// let ticks = crossinterp_core::tick(Duration::from_millis(1));
/// let (first, second) = (ticks.recv().unwrap(), ticks.recv().unwrap());
/// assert!(second >= first + Duration::from_millis(1));
/// ```
pub fn tick(period: Duration) -> Receiver<Instant> {
    let first = Instant::now().checked_add(period);
    let alarm = |first| receiver(Alarm { next: Mutex::new(Some(first)), period: Some(period) });
    first.map_or_else(never, alarm)
}

fn receiver(alarm: Alarm) -> Receiver<Instant> {
    match from_source(1, Box::new(alarm)) {
        Ok(receiver) => receiver,
        Err(error) => panic!("a channel without senders: {error}"),
    }
}

/// One message, or one after the other.
struct Alarm {
    /// When the next one is due; none is left when this is `None`.
    next: Mutex<Option<Instant>>,
    period: Option<Duration>,
}

/// What a lock guards here is whole whenever it is let go.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Alarm {
    /// Takes the next message, if it is due by then.
    fn take(&self, limit: Option<Instant>, now: Instant) -> Option<Instant> {
        let mut next = lock(&self.next);
        let due = (*next)?;
        if limit.is_some_and(|limit| due > limit) {
            return None;
        }
        *next = self.period.and_then(|period| due.max(now).checked_add(period));
        Some(due)
    }
}

impl Source<Instant> for Alarm {
    fn fetch(&self) -> Option<Instant> {
        let now = Instant::now();
        self.take(Some(now), now)
    }

    fn len(&self) -> usize {
        self.due().is_some_and(|due| due <= Instant::now()).into()
    }

    fn due(&self) -> Option<Instant> {
        *lock(&self.next)
    }

    fn reserve(&self, limit: Option<Instant>) -> Option<(Instant, Instant)> {
        let due = self.take(limit, Instant::now())?;
        Some((due, due))
    }

    fn call_when_due(&self, waker: &Waker) {
        if let Some(due) = self.due() {
            Clock::call(due, waker);
        }
    }
}

/// The thread that calls wakers.
struct Clock {
    /// Whom to call when. A task that is polled again and again before it is time has its waker here once.
    calls: Mutex<BTreeMap<Instant, Vec<Waker>>>,
    changed: Condvar,
}

/// The clock of this process, and how many forks before it was begun: the child of one has none.
static CLOCK: Mutex<Option<(usize, Arc<Clock>)>> = Mutex::new(None);

impl Clock {
    /// Has the waker called then.
    fn call(due: Instant, waker: &Waker) {
        match Self::running() {
            Ok(clock) => {
                let mut calls = lock(&clock.calls);
                let wakers = calls.entry(due).or_default();
                if !wakers.iter().any(|known| known.will_wake(waker)) {
                    wakers.push(waker.clone());
                    clock.changed.notify_one();
                }
            }
            // There is no thread to be had: the waker's owner looks again, and we try again.
            Err(_) => waker.wake_by_ref(),
        }
    }

    fn running() -> std::io::Result<Arc<Self>> {
        let mut clock = lock(&CLOCK);
        if let Some((begun, clock)) = &*clock
            && *begun == generation()
        {
            return Ok(clock.clone());
        }
        let new = Arc::new(Self { calls: Mutex::new(BTreeMap::new()), changed: Condvar::new() });
        let thread = new.clone();
        std::thread::Builder::new().name("crossinterp clock".into()).spawn(move || thread.run())?;
        *clock = Some((generation(), new.clone()));
        Ok(new)
    }

    fn run(&self) {
        let mut calls = lock(&self.calls);
        loop {
            let Some(first) = calls.first_entry() else {
                calls = self.changed.wait(calls).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = first.key().saturating_duration_since(Instant::now());
            if left.is_zero() {
                let wakers = first.remove();
                drop(calls);
                for waker in wakers {
                    // Not with the lock held: it may do anything, but for unwinding through us.
                    let wake = || waker.wake();
                    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(wake));
                }
                calls = lock(&self.calls);
            } else {
                (calls, _) = self.changed.wait_timeout(calls, left).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}
