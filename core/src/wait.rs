//! Waiting operations and the queue they stand in, first come, first served.
//!
//! A [`Waiter`] is one sleeping operation. Its owner (the operation) and the queue of its channel each hold a count of
//! it, so that either may let go first.
//!
//! # Who may touch what, when
//!
//! 1. Everything in [`Guarded`] is touched only under the lock of the channel that the waiter belongs to.
//! 2. `phase` is written only under that lock, and read anywhere: outside it is a hint that says "finish now". What a
//!    finishing owner acts on is what it reads under the lock.
//! 3. A waiter is linked in at most one queue. Being linked is a count of it.
//! 4. The wake function is taken out under the lock, once, and called after the lock was let go.
//! 5. A message that was handed to a waiter stays in it until the owner takes it out under the lock; until then a domain
//!    that ends may take it out again.
//!
//! This module knows neither ring nor list: `channel` joins them.

use core::marker::PhantomData;
use core::ptr::NonNull;
use core::task::Waker;

use crate::primitive::{AtomicU32, Ordering, UnsafeCell};
use crate::refs::Shared;

/// A waiter that is linked in a queue: what `Shared::into_raw` made of it, its count being the queue's.
type Link = NonNull<()>;

/// How far a waiting operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Phase {
    /// Nothing came of it yet.
    Waiting = 0,
    /// The receiver's message lies in it; the sender's message is gone to a receiver or into the queue.
    Done = 1,
    /// The channel closed, or its other side went.
    Disconnected = 2,
    /// The domain of the operation ends.
    Ended = 3,
}

/// One waiting operation.
#[derive(Debug)]
pub(crate) struct Waiter<T> {
    phase: AtomicU32,
    guarded: UnsafeCell<Guarded<T>>,
}

#[derive(Debug)]
pub(crate) struct Guarded<T> {
    /// A sender's message until it is taken; a receiver's from when it is handed over.
    pub(crate) message: Option<T>,
    /// Where the message stood among all that this channel handed to waiters: what is given back goes back in order.
    pub(crate) order: u64,
    waker: Option<Waker>,
    linked: bool,
    next: Option<Link>,
    previous: Option<Link>,
}

// SAFETY: `guarded` is reached by one thread at a time (rule 1); a message moves between threads, hence `T: Send`.
unsafe impl<T: Send> Send for Waiter<T> {}
// SAFETY: as above; shared access is to `phase` alone.
unsafe impl<T: Send> Sync for Waiter<T> {}

impl<T> Waiter<T> {
    pub(crate) fn new(waker: Waker) -> Self {
        Self {
            phase: AtomicU32::new(Phase::Waiting as u32),
            guarded: UnsafeCell::new(Guarded {
                message: None,
                order: 0,
                waker: Some(waker),
                linked: false,
                next: None,
                previous: None,
            }),
        }
    }

    /// A hint outside the channel's lock, the truth under it.
    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Waiting,
            1 => Phase::Done,
            2 => Phase::Disconnected,
            _ => Phase::Ended,
        }
    }

    /// Works on the guarded part.
    ///
    /// # Safety
    /// The caller holds the lock of the waiter's channel (rule 1), and `work` touches no other waiter.
    #[inline]
    pub(crate) unsafe fn guarded<R>(&self, work: impl FnOnce(&mut Guarded<T>) -> R) -> R {
        // SAFETY: the lock makes this the only access, by the contract above.
        self.guarded.with_mut(|guarded| work(unsafe { &mut *guarded }))
    }

    /// Moves the waiter on from waiting, and gives out its wake function, to be called without the lock.
    ///
    /// # Safety
    /// As [`Waiter::guarded`].
    pub(crate) unsafe fn settle(&self, phase: Phase) -> Option<Waker> {
        self.phase.store(phase as u32, Ordering::Relaxed);
        // SAFETY: passed on to the caller.
        unsafe { self.guarded(|guarded| guarded.waker.take()) }
    }
}

/// Waiters in the order of their coming. Guarded by the channel's lock like the waiters in it.
#[derive(Debug)]
pub(crate) struct WaitQueue<T> {
    first: Option<Link>,
    last: Option<Link>,
    len: usize,
    owns: PhantomData<Shared<Waiter<T>>>,
}

// SAFETY: the queue owns a count of each waiter in it and is reached through `&mut` only.
unsafe impl<T: Send> Send for WaitQueue<T> {}

impl<T> WaitQueue<T> {
    pub(crate) const fn new() -> Self {
        Self { first: None, last: None, len: 0, owns: PhantomData }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// # Safety
    /// The waiter is linked here, and stays so for as long as the answer is used.
    unsafe fn at<'a>(link: Link) -> &'a Waiter<T> {
        // SAFETY: links come from `Shared<Waiter<T>>`, and a linked waiter is counted by its queue.
        unsafe { Shared::borrow_raw(link) }
    }

    /// Links the waiter behind `after`, or first.
    ///
    /// # Safety
    /// The channel's lock is held; `waiter` is linked nowhere; `after` is linked here.
    unsafe fn link(&mut self, waiter: Shared<Waiter<T>>, after: Option<Link>) {
        let pointer = Shared::into_raw(waiter);
        let next = match after {
            // SAFETY: linked waiters are alive (the queue counts them), and the lock is held.
            Some(after) => unsafe { Self::at(after).guarded(|g| g.next.replace(pointer)) },
            None => self.first.replace(pointer),
        };
        match next {
            // SAFETY: as above.
            Some(next) => unsafe { Self::at(next).guarded(|g| g.previous = Some(pointer)) },
            None => self.last = Some(pointer),
        }
        // SAFETY: its count is the queue's now, so it is alive; the lock is held.
        unsafe {
            Self::at(pointer).guarded(|g| {
                debug_assert!(!g.linked);
                g.linked = true;
                g.next = next;
                g.previous = after;
            });
        }
        self.len += 1;
    }

    /// Puts a waiter last.
    ///
    /// # Safety
    /// The channel's lock is held; the waiter is linked nowhere.
    pub(crate) unsafe fn push(&mut self, waiter: Shared<Waiter<T>>) {
        let last = self.last;
        // SAFETY: passed on; the last one is linked here.
        unsafe { self.link(waiter, last) };
    }

    /// Puts a waiter behind all whose message was handed over before its own.
    ///
    /// # Safety
    /// As [`WaitQueue::push`].
    pub(crate) unsafe fn push_in_order(&mut self, waiter: Shared<Waiter<T>>) {
        // SAFETY: the lock is held, by the contract above.
        let order = unsafe { waiter.guarded(|g| g.order) };
        let mut after = self.last;
        while let Some(candidate) = after {
            // SAFETY: linked waiters are alive, the lock is held.
            let (its_order, previous) = unsafe { Self::at(candidate).guarded(|g| (g.order, g.previous)) };
            if its_order <= order {
                break;
            }
            after = previous;
        }
        // SAFETY: passed on; `after` was found in this queue.
        unsafe { self.link(waiter, after) };
    }

    /// Takes the first.
    ///
    /// # Safety
    /// The channel's lock is held.
    pub(crate) unsafe fn pop(&mut self) -> Option<Shared<Waiter<T>>> {
        let first = self.first?;
        // SAFETY: it is linked here, and the lock is held.
        Some(unsafe { self.take(first) })
    }

    /// Takes that waiter out, wherever it stands; says whether it stood here.
    ///
    /// # Safety
    /// The channel's lock is held; the waiter is linked here or nowhere.
    pub(crate) unsafe fn unlink(&mut self, waiter: &Shared<Waiter<T>>) -> bool {
        // SAFETY: the lock is held.
        if !unsafe { waiter.guarded(|g| g.linked) } {
            return false;
        }
        // SAFETY: it is linked, by the contract here, and the lock is held.
        drop(unsafe { self.take(Shared::as_raw(waiter)) });
        true
    }

    /// # Safety
    /// The channel's lock is held; the waiter is linked here.
    unsafe fn take(&mut self, waiter: Link) -> Shared<Waiter<T>> {
        // SAFETY: linked, so alive; the lock is held.
        let (previous, next) = unsafe {
            Self::at(waiter).guarded(|g| {
                g.linked = false;
                (g.previous.take(), g.next.take())
            })
        };
        match previous {
            // SAFETY: a neighbour is linked, so alive; the lock is held.
            Some(previous) => unsafe { Self::at(previous).guarded(|g| g.next = next) },
            None => self.first = next,
        }
        match next {
            // SAFETY: as above.
            Some(next) => unsafe { Self::at(next).guarded(|g| g.previous = previous) },
            None => self.last = previous,
        }
        self.len -= 1;
        // SAFETY: the count that linking took over goes to the caller.
        unsafe { Shared::from_raw(waiter) }
    }
}

impl<T> Drop for WaitQueue<T> {
    fn drop(&mut self) {
        // SAFETY: a queue is dropped with its channel, which nobody can lock any more: this is the only access. (An
        // operation that still holds one of these waiters counts the channel too, so the queue is empty but for what
        // was given back.)
        while unsafe { self.pop() }.is_some() {}
    }
}
