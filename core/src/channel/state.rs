//! What changes of a channel: the steps of its operations, each under the lock.
//!
//! Every function here is called with the channel's lock held, which is what `&mut State` proves; none calls a wake
//! function or drops a message (rule 4 of [`super`]): wakers and messages go out to the caller.

use core::task::Waker;

use super::{OfferError, Side, TakeError};
use crate::list::List;
use crate::refs::Shared;
use crate::ring::Ring;
use crate::wait::{Phase, WaitQueue, Waiter};

#[derive(Debug)]
pub(super) enum Queue<T> {
    Ring(Ring<T>),
    List(List<T>),
}

impl<T> Queue<T> {
    fn push(&mut self, message: T) -> Result<(), OfferError<T>> {
        match self {
            Self::Ring(ring) => ring.push(message).map_err(OfferError::Full),
            Self::List(list) => list.push(message).map_err(OfferError::NoMemory),
        }
    }

    fn pop(&mut self) -> Option<T> {
        match self {
            Self::Ring(ring) => ring.pop(),
            Self::List(list) => list.pop(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ring(ring) => ring.len(),
            Self::List(list) => list.len(),
        }
    }
}

#[derive(Debug)]
pub(super) struct State<T> {
    queue: Queue<T>,
    /// Settled receivers that went without giving out their message (rule 3).
    returned: WaitQueue<T>,
    receiving: WaitQueue<T>,
    sending: WaitQueue<T>,
    senders: usize,
    receivers: usize,
    closed: bool,
    /// How many messages were handed to waiters for the first time: the order in which returned ones are received again.
    handed: u64,
}

/// A message with whom to wake for its going.
pub(super) type Taken<T> = (T, Option<Waker>);

/// What a waiter that gives up leaves behind, to be dealt with when the lock was let go.
#[derive(Debug)]
pub(super) struct Leftover<T> {
    pub(super) waker: Option<Waker>,
    /// A message that nobody can receive any more.
    pub(super) message: Option<T>,
}

impl<T> Leftover<T> {
    const fn nothing() -> Self {
        Self { waker: None, message: None }
    }

    /// Wakes and drops, without the lock.
    pub(super) fn settle(self) {
        if let Some(waker) = self.waker {
            waker.wake();
        }
        drop(self.message);
    }
}

impl<T> State<T> {
    /// With one end of each side.
    pub(super) fn new(queue: Queue<T>) -> Self {
        Self {
            queue,
            returned: WaitQueue::new(),
            receiving: WaitQueue::new(),
            sending: WaitQueue::new(),
            senders: 1,
            receivers: 1,
            closed: false,
            handed: 0,
        }
    }

    /// How many ends a side has.
    pub(super) fn ends(&mut self, side: Side) -> &mut usize {
        match side {
            Side::Sender => &mut self.senders,
            Side::Receiver => &mut self.receivers,
        }
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Whether nothing can be sent any more.
    pub(super) fn is_closed(&self) -> bool {
        self.closed || self.receivers == 0 || self.senders == 0
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len() + self.returned.len()
    }

    fn waiters(&mut self, side: Side) -> &mut WaitQueue<T> {
        match side {
            Side::Sender => &mut self.sending,
            Side::Receiver => &mut self.receiving,
        }
    }

    fn next_waiter(&mut self, side: Side) -> Option<Shared<Waiter<T>>> {
        // SAFETY: the lock is held.
        unsafe { self.waiters(side).pop() }
    }

    /// Settles the operation of a side that has waited longest; `None` when none waits.
    pub(super) fn settle_next(&mut self, side: Side, phase: Phase) -> Option<Waker> {
        let waiter = self.next_waiter(side)?;
        // SAFETY: the lock is held.
        let waker = unsafe { waiter.settle(phase) };
        debug_assert!(waker.is_some(), "a waiter in a queue was not settled before");
        waker
    }

    /// Puts a message into a receiver that stands in no queue.
    fn hand_over(&mut self, waiter: &Waiter<T>, message: T, order: u64) -> Option<Waker> {
        // SAFETY: the lock is held, and only this waiter is touched.
        unsafe {
            waiter.guarded(|g| {
                debug_assert!(g.message.is_none());
                g.order = order;
                g.message = Some(message);
            });
            waiter.settle(Phase::Done)
        }
    }

    fn next_order(&mut self) -> u64 {
        self.handed += 1;
        self.handed
    }

    /// Takes the message of the sender that has waited longest, and settles it.
    fn take_over(&mut self) -> Option<Taken<T>> {
        let waiter = self.next_waiter(Side::Sender)?;
        // SAFETY: the lock is held, and only this waiter is touched.
        let (message, waker) = unsafe { (waiter.guarded(|g| g.message.take()), waiter.settle(Phase::Done)) };
        message.map(|message| (message, waker))
    }

    /// Sends without waiting, and says whom to wake.
    pub(super) fn send(&mut self, message: T) -> Result<Option<Waker>, OfferError<T>> {
        if self.closed || self.receivers == 0 {
            return Err(OfferError::Disconnected(message));
        }
        if let Some(receiver) = self.next_waiter(Side::Receiver) {
            debug_assert_eq!(self.len(), 0, "rule 1");
            let order = self.next_order();
            return Ok(self.hand_over(&receiver, message, order));
        }
        self.queue.push(message).map(|()| None)
    }

    /// Receives without waiting.
    pub(super) fn recv(&mut self) -> Result<Taken<T>, TakeError> {
        if let Some((message, _)) = self.take_returned() {
            return Ok((message, None));
        }
        if let Some(message) = self.queue.pop() {
            let waker = self.take_over().and_then(|(next, waker)| {
                let pushed = self.queue.push(next);
                debug_assert!(pushed.is_ok(), "a place was freed just above");
                waker
            });
            return Ok((message, waker));
        }
        // A rendezvous: straight from the sender that waits.
        if let Some(taken) = self.take_over() {
            return Ok(taken);
        }
        Err(if self.closed || self.senders == 0 { TakeError::Disconnected } else { TakeError::Empty })
    }

    /// The oldest of what was given back, and its order.
    fn take_returned(&mut self) -> Option<(T, u64)> {
        // SAFETY: the lock is held.
        let waiter = unsafe { self.returned.pop() }?;
        // SAFETY: as above; only this waiter is touched.
        let (message, order) = unsafe { waiter.guarded(|g| (g.message.take(), g.order)) };
        message.map(|message| (message, order))
    }

    /// With the last receiver gone: one of the messages that nobody can receive any more.
    pub(super) fn take_unreceivable(&mut self) -> Option<T> {
        debug_assert_eq!(self.receivers, 0);
        self.take_returned().map(|(message, _)| message).or_else(|| self.queue.pop())
    }

    /// Begins a receive: settles it at once, or queues it. The waker of a waiting sender may come out as well.
    pub(super) fn begin_recv(&mut self, waiter: &Shared<Waiter<T>>) -> [Option<Waker>; 2] {
        if waiter.phase() != Phase::Waiting {
            return [None, None]; // its domain ended it before it stood in the queue
        }
        // Handed over again, a message keeps its order: it may be given back again, after one that was sent later.
        if let Some((message, order)) = self.take_returned() {
            return [None, self.hand_over(waiter, message, order)];
        }
        match self.recv() {
            Ok((message, sender)) => {
                let order = self.next_order();
                [sender, self.hand_over(waiter, message, order)]
            }
            // SAFETY: the lock is held, the waiter is new and stands nowhere.
            Err(TakeError::Disconnected) => [None, unsafe { waiter.settle(Phase::Disconnected) }],
            Err(_) => {
                // SAFETY: as above.
                unsafe { self.receiving.push(waiter.clone()) };
                [None, None]
            }
        }
    }

    /// Begins a send: settles it at once, or queues it with its message. Without memory the message comes back.
    pub(super) fn begin_send(
        &mut self,
        waiter: &Shared<Waiter<T>>,
        message: T,
    ) -> Result<[Option<Waker>; 2], T> {
        if waiter.phase() != Phase::Waiting {
            // SAFETY: the lock is held, and only this waiter is touched.
            unsafe { waiter.guarded(|g| g.message = Some(message)) };
            return Ok([None, None]);
        }
        match self.send(message) {
            // SAFETY: as above.
            Ok(receiver) => Ok([receiver, unsafe { waiter.settle(Phase::Done) }]),
            Err(OfferError::NoMemory(message)) => Err(message),
            Err(OfferError::Full(message)) => {
                // SAFETY: as above; the waiter is new and stands nowhere.
                unsafe {
                    waiter.guarded(|g| g.message = Some(message));
                    self.sending.push(waiter.clone());
                }
                Ok([None, None])
            }
            Err(OfferError::Disconnected(message) | OfferError::Ended(message)) => {
                // SAFETY: as above.
                unsafe {
                    waiter.guarded(|g| g.message = Some(message));
                    Ok([None, waiter.settle(Phase::Disconnected)])
                }
            }
        }
    }

    /// What came of an operation, for its owner, who gives it up with this: the phase and, for a receiver that is done
    /// and a sender that is not, the message.
    pub(super) fn finish(&mut self, waiter: &Shared<Waiter<T>>, side: Side) -> (Phase, Option<T>) {
        let phase = waiter.phase();
        if phase == Phase::Waiting {
            // SAFETY: the lock is held; the waiter stands in this queue or nowhere.
            unsafe { self.waiters(side).unlink(waiter) };
        }
        // A receiver whose message was given back stands in `returned`, in phase Ended: the message is not its own.
        if side == Side::Receiver && phase != Phase::Done {
            return (phase, None);
        }
        // SAFETY: the lock is held, and only this waiter is touched.
        (phase, unsafe { waiter.guarded(|g| g.message.take()) })
    }

    /// Ends a receive for ever. A message that it had goes to the next receiver.
    pub(super) fn end_recv(&mut self, waiter: &Shared<Waiter<T>>) -> Leftover<T> {
        match waiter.phase() {
            Phase::Waiting => {
                // SAFETY: the lock is held; the waiter stands in this queue or nowhere.
                unsafe {
                    self.receiving.unlink(waiter);
                    Leftover { waker: waiter.settle(Phase::Ended), message: None }
                }
            }
            Phase::Done => {
                // SAFETY: the lock is held, and only this waiter is touched.
                let (message, order) = unsafe {
                    waiter.settle(Phase::Ended);
                    waiter.guarded(|g| (g.message.take(), g.order))
                };
                let Some(message) = message else { return Leftover::nothing() };
                if self.receivers == 0 {
                    return Leftover { waker: None, message: Some(message) };
                }
                if let Some(next) = self.next_waiter(Side::Receiver) {
                    return Leftover { waker: self.hand_over(&next, message, order), message: None };
                }
                // SAFETY: the lock is held, and the waiter stands nowhere.
                unsafe {
                    waiter.guarded(|g| g.message = Some(message));
                    self.returned.push_in_order(waiter.clone());
                }
                Leftover::nothing()
            }
            Phase::Disconnected | Phase::Ended => Leftover::nothing(),
        }
    }

    /// Ends a send for ever; its message stays in it, for its owner.
    pub(super) fn end_send(&mut self, waiter: &Shared<Waiter<T>>) -> Leftover<T> {
        if waiter.phase() != Phase::Waiting {
            return Leftover::nothing();
        }
        // SAFETY: the lock is held; the waiter stands in this queue or nowhere.
        unsafe {
            self.sending.unlink(waiter);
            Leftover { waker: waiter.settle(Phase::Ended), message: None }
        }
    }

    /// The owner of an operation gives it up: its own wake function is not called, a message that it had received goes
    /// to the next receiver, one that it could not send stays in the waiter and goes with it.
    pub(super) fn abandon(&mut self, waiter: &Shared<Waiter<T>>, side: Side) -> Leftover<T> {
        if waiter.phase() == Phase::Waiting {
            // SAFETY: the lock is held; the waiter stands in this queue or nowhere.
            unsafe { self.waiters(side).unlink(waiter) };
            return Leftover::nothing();
        }
        match side {
            Side::Receiver => self.end_recv(waiter),
            Side::Sender => Leftover::nothing(),
        }
    }
}
