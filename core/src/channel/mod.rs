//! Channels: a queue, the operations that wait for it, and its two sides.
//!
//! # What is made of what
//!
//! A channel is a [`flow::Flow`] (a [`crate::ring`], a [`crate::list`] with a limit or without, for a rendezvous nothing, or a clock), a table of
//! waiting operations for each side ([`crate::wait`]) and a count of ends for each side. There is no lock. Waiting
//! operations are begun and slept on in [`pending`], and awaited in [`future`]; several of which one is to happen, in
//! [`select`]. A side with one end can do with less ([`single`]).
//!
//! 1. An operation is first tried: on a queue that is one compare-exchange. Only one that could do nothing waits.
//! 2. A message is in one place at a time: with its sender, in the queue, or with its receiver; or in a node
//!    ([`crate::wait`]): of a sender that waits, or of a receiver that was handed it and has not given it out.
//! 3. A sender hands its message to the receiver that has waited longest, if the queue is empty at a moment at which it
//!    holds that receiver. Else the message goes into the queue, and the receiver is woken to try again. It is always the
//!    sender's own message that is handed over: if the receiver leaves in the middle, the send has not happened yet, and
//!    goes on elsewhere. (Moving the *oldest* message from the queue to the receiver, which does not need an empty queue,
//!    has no way back: a receiver that times out in the middle may receive a later message before that one can be put
//!    back.) In the same way a receiver that finds the queue empty takes the message of the sender that has waited longest,
//!    if the queue is empty at a moment at which it holds that sender. (It does not move such a message into the queue: it
//!    would have to claim a place before it knows of a message, and if it stopped there for good, its own message and that
//!    one would be lost.) An operation that was woken and finds that somebody else was faster waits on in its old place.
//! 4. Who puts a message in, or takes one out, or closes, wakes the one who waits for that; who was woken and goes passes
//!    it on (the baton, [`crate::wait`]). Who does so with several at once ([`batch`]) wakes as many: one would do, as each
//!    passes it on, but then one that is stopped for good would keep all of them waiting.
//! 5. Wake functions are called, and messages dropped, while nothing is claimed: they may use the same channel. (Only a message
//!    that was received in place, [`in_place`], or is left when the last receiver goes is dropped in its slot.)
//! 6. A message that displaces another ([`overwrite`]) makes no room: it wakes receivers, and no sender.
//!
//! # Progress
//!
//! `try_` operations are lock-free but for one thing: what stands in a ring behind a slot whose owner was stopped waits
//! for it ([`crate::ring`]); they say Full or Empty then, after letting it run a few times. A blocking operation that finds
//! this lets others run, and after some time looks again every millisecond ([`crate::Park::pause`]): it is the one case in
//! which waiting is not sleeping. A time limit is kept all the same. In a list nobody is waited for ([`crate::list`]): unbounded
//! channels, and bounded ones of the strict flavour, do without that exception.
//!
//! # Who owns what
//!
//! Every end, every waiting operation and every entry of one in a domain counts the [`Channel`]; the channel owns the
//! nodes. An end that is queued in its own channel is a circle, which closing and draining, or the last receiver's
//! going, breaks.

mod batch;
mod drain;
mod end;
mod error;
mod flow;
mod future;
mod in_place;
mod make;
mod memory;
mod overwrite;
mod pending;
mod policy;
mod receiver;
mod select;
mod sender;
mod single;
mod value;
mod weak;

pub use crate::ring::CapacityError;
pub use batch::DrainIter;
pub use drain::Drain;
pub use error::{
    OfferError, ParkError, ReadyTimeoutError, RecvError, RecvTimeoutError, SelectTimeoutError, SendError,
    SendTimeoutError, TakeError, TryReadyError, TryRecvError, TrySelectError, TrySendError, WaitError,
};
#[cfg_attr(not(feature = "std"), allow(unused_imports, reason = "only `time` makes other sources"))]
pub(crate) use flow::Source;
pub use future::{RecvFuture, SendFuture};
#[cfg(feature = "futures")]
pub use future::{RecvStream, SendSink};
pub use in_place::{FilledRef, RecvRef, SendRef};
pub(crate) use make::from_source;
pub use make::{
    after_fork, bounded, bounded_strict, never, rendezvous, try_bounded, try_bounded_strict, try_unbounded,
    unbounded,
};
pub use memory::Memory;
pub use overwrite::Overwritten;
pub use pending::{RecvWait, SendWait};
pub(crate) use policy::Patience;
pub use receiver::{Receiver, TryIter};
#[cfg(feature = "std")]
pub(crate) use select::Cases;
pub(crate) use select::internals as select_internals;
pub use select::{Select, SelectedOperation};
pub use sender::Sender;
pub use single::{Consumer, ConsumerTryIter, Producer, bounded_single, try_bounded_single};
pub use weak::{WeakReceiver, WeakSender};

use crate::list::{self, List};
use crate::primitive::{AtomicUsize, Ordering, edge, generation, stop_point, yield_now};
use crate::refs::Shared;
use crate::ring::{self, Ring};
use crate::wait::{self, Fetched, Table};
use end::End;
use flow::{Flow, Unreceived, Unsent};

/// How often who empties a closed channel lets a sender run that is in the middle of its operation.
const PATIENCE: u32 = 64;

/// In a count of ends: there will be no more than the one there is ([`single`]).
const SINGLE: usize = !(usize::MAX >> 1);

/// Which side of a channel an end is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Sender,
    Receiver,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Sender => Self::Receiver,
            Self::Receiver => Self::Sender,
        }
    }
}

/// What every end of a channel shares.
pub(crate) struct Channel<T> {
    /// `None`: unbounded.
    capacity: Option<usize>,
    /// Of the process in which it was made.
    generation: usize,
    flow: Flow<T>,
    sending: Table<T>,
    receiving: Table<T>,
    /// How many ends there are, and the flag SINGLE.
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

impl<T> Channel<T> {
    fn try_with_ends(
        capacity: Option<usize>,
        flow: Flow<T>,
    ) -> Result<(Sender<T>, Receiver<T>), CapacityError> {
        let (one, other) = Shared::try_new_twice(Self {
            capacity,
            generation: generation(),
            flow,
            sending: Table::of_sends(),
            receiving: Table::of_receives(),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        })
        .map_err(|_| CapacityError::NoMemory)?;
        Ok((Sender(End::counted(one, Side::Sender)), Receiver(End::counted(other, Side::Receiver))))
    }

    fn waiting(&self, side: Side) -> &Table<T> {
        match side {
            Side::Sender => &self.sending,
            Side::Receiver => &self.receiving,
        }
    }

    fn ends(&self, side: Side) -> &AtomicUsize {
        match side {
            Side::Sender => &self.senders,
            Side::Receiver => &self.receivers,
        }
    }

    /// How many messages can be received without a sender.
    fn len(&self) -> usize {
        let returned = if self.receiving.has_returned() { self.receiving.returned() } else { 0 };
        self.flow.len() + returned
    }

    /// Sends, if nothing is in the way: no waiting receiver, no full queue, no other thread. The way that is to be fast, and
    /// so small that it stands where it is called.
    #[inline(always)]
    fn send_at_once(&self, message: T) -> Result<(), T> {
        match &self.flow {
            Flow::Bounded(ring) => ring.push_at_once(message),
            Flow::Unbounded(list) => list.push_at_once(message),
            Flow::Strict(list) => list.push_limited_at_once(message),
            Flow::Rendezvous(_) | Flow::Source(_) => Err(message),
        }
    }

    /// Receives, if nothing is in the way, as `send_at_once`.
    #[inline(always)]
    fn recv_at_once(&self) -> Option<T> {
        match &self.flow {
            Flow::Rendezvous(_) | Flow::Source(_) => None,
            _ if self.receiving.has_returned() => None,
            Flow::Bounded(ring) => ring.pop_at_once(),
            Flow::Unbounded(list) | Flow::Strict(list) => list.pop_at_once(),
        }
    }

    /// Sends without waiting.
    fn try_send(&self, message: T) -> Result<(), Unsent<T>> {
        self.try_send_by(message, List::push)
    }

    /// The same by one who saw room before: on a strict channel beyond the capacity, if others have taken it since.
    fn try_send_to_room(&self, message: T) -> Result<(), Unsent<T>> {
        self.try_send_by(message, List::push_beyond)
    }

    #[inline]
    fn try_send_by(
        &self,
        message: T,
        push: impl FnOnce(&List<T>, T) -> Result<bool, list::PushError<T>>,
    ) -> Result<(), Unsent<T>> {
        let message = if self.flow.may_hand() {
            match self.hand(message) {
                Some(message) => message,
                None => return Ok(()),
            }
        } else {
            message
        };
        let awaited = match &self.flow {
            Flow::Bounded(ring) => ring.push(message)?,
            Flow::Unbounded(list) | Flow::Strict(list) => push(list, message)?,
            Flow::Rendezvous(_) | Flow::Source(_) if self.flow.is_closed() => {
                return Err(Unsent::Closed(message));
            }
            Flow::Rendezvous(_) | Flow::Source(_) => return Err(Unsent::Full(message)),
        };
        if awaited {
            self.wake(Side::Receiver);
        }
        Ok(())
    }

    /// Hands a message over to the receive that has waited longest, if nothing is to be received before it. It comes back if
    /// not.
    #[cold]
    fn hand(&self, message: T) -> Option<T> {
        let handed =
            self.receiving.hand(message, matches!(self.flow, Flow::Rendezvous(_)), || self.flow.len() == 0);
        handed.waker.into_iter().for_each(core::task::Waker::wake);
        if handed.returned {
            self.pass_on(Side::Receiver);
        }
        handed.message
    }

    /// Receives without waiting.
    fn try_recv(&self) -> Result<T, Unreceived> {
        if self.receiving.has_returned()
            && let Some((message, _)) = self.fetch_returned()
        {
            return Ok(message);
        }
        self.recv_sent()
    }

    /// Receives what was returned, and its rank. Selects that send on a rendezvous channel have to wait for that.
    #[cold]
    fn fetch_returned(&self) -> Option<(T, usize)> {
        let returned = self.receiving.fetch_returned()?;
        if self.flow.is_rendezvous() {
            self.pass_on(Side::Sender);
        }
        Some(returned)
    }

    /// Receives what was not received before.
    fn recv_sent(&self) -> Result<T, Unreceived> {
        match &self.flow {
            Flow::Bounded(ring) => loop {
                let (message, awaited) = match ring.pop() {
                    Ok((message, awaited)) => (Some(message), awaited),
                    Err(ring::PopError::Void { awaited }) => (None, awaited),
                    Err(ring::PopError::Empty) => {
                        if let Some(message) =
                            self.receive_fetched(self.sending.fetch_if(|| self.flow.len() == 0))
                        {
                            return Ok(message);
                        }
                        if self.flow.len() == 0 {
                            return Err(Unreceived::Empty);
                        }
                        continue;
                    }
                    Err(ring::PopError::Busy) => return Err(Unreceived::Busy),
                    Err(ring::PopError::Closed) => return Err(Unreceived::Closed),
                };
                if awaited {
                    self.wake(Side::Sender);
                }
                if let Some(message) = message {
                    return Ok(message);
                }
            },
            Flow::Unbounded(list) => Ok(list.pop()?),
            Flow::Strict(list) => loop {
                let mut awaited = false;
                let popped = list.pop_noting(&mut awaited);
                if awaited {
                    self.wake(Side::Sender);
                }
                match popped {
                    Ok(message) => return Ok(message),
                    Err(list::PopError::Closed) => return Err(Unreceived::Closed),
                    Err(list::PopError::Empty) => {}
                }
                if let Some(message) = self.receive_fetched(self.sending.fetch_if(|| self.flow.len() == 0)) {
                    return Ok(message);
                }
                if self.flow.len() == 0 {
                    return Err(Unreceived::Empty);
                }
            },
            Flow::Rendezvous(_) if self.flow.is_closed() => Err(Unreceived::Closed),
            Flow::Rendezvous(_) => self.receive_fetched(self.sending.fetch()).ok_or(Unreceived::Empty),
            Flow::Source(feed) => feed.fetch(),
        }
    }

    /// Receives what was moved out of a send that waited.
    fn receive_fetched(&self, fetched: Fetched<T>) -> Option<T> {
        let Fetched { message, waker, told } = fetched;
        waker.into_iter().for_each(core::task::Waker::wake);
        if told {
            self.pass_on(Side::Sender);
        }
        message
    }

    /// Receives without waiting, what can be given back: it stands in a place.
    fn try_recv_into_place(&self) -> Result<wait::Place<T>, Unreceived> {
        let returned = if self.receiving.has_returned() { self.fetch_returned() } else { None };
        let (message, rank) = match returned {
            Some((message, rank)) => (message, Some(rank)),
            None => (self.recv_sent()?, None),
        };
        match self.receiving.stash(message, rank) {
            Ok(place) => Ok(place),
            Err(_) => alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<T>()),
        }
    }

    /// Whether an operation of that side that tries now may get something, even if only the news that it is closed.
    fn is_ready(&self, side: Side) -> bool {
        self.flow.is_closed()
            || match (side, &self.flow) {
                (Side::Receiver, _) => self.len() > 0 || self.sending.has_message(),
                // Whoever receives takes the message out of its node.
                (Side::Sender, Flow::Rendezvous(_) | Flow::Source(_)) => false,
                (Side::Sender, queue) => self.capacity.is_none_or(|capacity| queue.len() < capacity),
            }
    }

    /// Wakes the operation of that side that has waited longest, if one waits.
    #[cold]
    fn wake(&self, side: Side) {
        self.wake_many(side, 1);
    }

    /// Wakes so many operations of that side, those that have waited longest, or all if fewer wait.
    #[cold]
    fn wake_many(&self, side: Side, many: usize) {
        let mut left = many;
        while left > 0 {
            if let Some(waker) = self.waiting(side).wake_one() {
                stop_point!(channel.waking);
                waker.wake();
                left -= 1;
                continue;
            }
            self.flow.withdraw(side);
            stop_point!(channel.withdrawn);
            if !self.waiting(side).is_waiting() {
                return;
            }
            self.flow.announce(side);
        }
    }

    /// The baton: somebody of that side was woken and goes.
    fn pass_on(&self, side: Side) {
        // Relaxed: nobody becomes a receiver again when the last one has gone, and that one discards what is there then.
        if side == Side::Receiver && self.count(side) == 0 {
            return self.discard();
        }
        if self.flow.is_rendezvous() || self.receiving.has_returned() {
            // What is left to the next may be in a node, and no change of the queue's word has told of it.
            self.flow.announce(side);
        }
        if self.is_ready(side) {
            self.wake(side);
        } else if self.flow.is_rendezvous() && self.has_peer(side, 0) {
            self.waiting(side).wake_caller(0).into_iter().for_each(core::task::Waker::wake);
        }
    }

    /// On a rendezvous channel: whether a peer waits whom a select of that side could meet, other than the owner's own.
    fn has_peer(&self, side: Side, owner: usize) -> bool {
        match side {
            Side::Sender => self.receiving.has_offer(owner) && !self.receiving.keeps_returned(),
            Side::Receiver => self.sending.has_offer(owner) || self.sending.has_caller(owner),
        }
    }

    /// On a rendezvous channel, where an operation of that side waits now: wakes who is to come for it, other than the
    /// owner's own.
    fn call_peer(&self, side: Side, owner: usize) {
        if !self.flow.is_rendezvous() {
            return;
        }
        if side == Side::Sender && owner == 0 {
            // The message is in the node, for any receiver.
            return self.wake(Side::Receiver);
        }
        self.waiting(side.other()).wake_caller(owner).into_iter().for_each(core::task::Waker::wake);
    }

    /// On a channel with a queue, where an operation of that side begins to wait: wakes one of the other side, if there is
    /// something for it. Another one was woken for that, and may have been stopped for good ("Progress" in [`wait`]).
    fn relieve(&self, side: Side) {
        let peers = side.other();
        if !self.flow.is_rendezvous() && self.waiting(peers).is_waiting() && self.is_ready(peers) {
            self.wake(peers);
        }
    }

    /// Whether an operation tries again for a while before it waits in its place (see [`policy`]).
    fn tries_first(&self) -> bool {
        self.capacity.is_none_or(|capacity| capacity > policy::SMALL)
    }

    /// How many messages went through its queue so far (it wraps).
    fn moved(&self) -> usize {
        match &self.flow {
            Flow::Bounded(ring) => ring.pushed(),
            Flow::Unbounded(list) | Flow::Strict(list) => list.places(),
            Flow::Rendezvous(_) | Flow::Source(_) => 0,
        }
    }

    /// Ends a waiting operation from outside, because its domain ends.
    fn end_wait(&self, ticket: &wait::Ticket<T>, side: Side) {
        match self.waiting(side).end(ticket, side == Side::Sender) {
            wait::End::Waiting(waker) => waker.wake(),
            wait::End::Baton | wait::End::Returned => self.pass_on(side),
            wait::End::Nothing => {}
        }
    }

    /// Nothing can be sent any more; what is queued can be received.
    fn close(&self) {
        self.flow.close();
        for side in [Side::Sender, Side::Receiver] {
            while let Some(waker) = self.waiting(side).wake_one() {
                waker.wake();
            }
        }
    }

    /// One end more.
    fn enter(&self, side: Side) {
        // Relaxed: made of one that is alive, which stays so.
        self.ends(side).fetch_add(1, Ordering::Relaxed);
    }

    /// How many ends there are.
    fn count(&self, side: Side) -> usize {
        self.ends(side).load(Ordering::Relaxed) & !SINGLE
    }

    /// One end more, if there is one that is not single.
    fn try_enter(&self, side: Side) -> bool {
        let count = self.ends(side);
        let mut ends = count.load(Ordering::Relaxed);
        while ends & !SINGLE != 0 && ends & SINGLE == 0 {
            // Relaxed: as above, when it succeeds.
            match count.compare_exchange_weak(ends, ends + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => ends = now,
            }
        }
        false
    }

    /// One end less. The last one of a side closes the channel; with the last receiver goes what is still queued.
    fn leave(&self, side: Side) {
        // ORDERING [channel.single]: Release, pairs with the Acquire in `make_single`: what this end began is visible to the
        // one that is left. (Closing needs none of this: it is a read-modify-write of the word that every send changes, so it
        // comes after the last of them.) Model: loom `single::a_waiting_send_is_seen`.
        if self.ends(side).fetch_sub(1, edge!(channel.single: Release)) & !SINGLE != 1 {
            return;
        }
        self.close();
        if side == Side::Receiver {
            self.discard();
        }
    }

    /// As `leave`, where nothing but this end has the channel: nobody is there to see it closed.
    fn leave_to_nobody(&self, side: Side) {
        // (A source has messages as long as it is open.)
        if side == Side::Receiver && self.flow.source().is_none() {
            self.discard();
        }
    }

    /// Drops what nobody can receive any more. What a sender is still writing, and does not come to an end with, goes with
    /// the channel.
    fn discard(&self) {
        /// When a message's drop panics: the others are leaked, so that no second panic ends the process.
        struct Leak<'c, T>(&'c Channel<T>);
        impl<T> Drop for Leak<'_, T> {
            fn drop(&mut self) {
                self.0.take_out(
                    |ring| ring.claim_oldest().map(|slot| _ = ring.recycle(slot)),
                    core::mem::forget,
                );
            }
        }
        let leak = Leak(self);
        self.take_out(Ring::drop_oldest, drop);
        core::mem::forget(leak);
    }

    /// Takes out what is left: what is in slots where it stands, and then what is in none.
    fn take_out(&self, of_slot: fn(&Ring<T>) -> Result<(), ring::PopError>, other: fn(T)) {
        if let Flow::Bounded(ring) = &self.flow {
            let mut patience = PATIENCE;
            loop {
                match of_slot(ring) {
                    Ok(()) => patience = PATIENCE,
                    Err(ring::PopError::Void { .. }) => {}
                    Err(ring::PopError::Busy) if patience > 0 => {
                        patience -= 1;
                        yield_now();
                    }
                    Err(_) => break,
                }
            }
            if !self.receiving.has_returned() {
                return;
            }
        }
        self.take_out_others(other);
    }

    // Apart, because of the room for a message.
    #[cold]
    #[inline(never)]
    fn take_out_others(&self, other: fn(T)) {
        while let Some(message) = self.take_left() {
            other(message);
        }
    }

    /// Takes a message out of a closed channel, letting a sender that is in the middle of its operation come to its end; but
    /// one that was stopped there is not waited for.
    fn take_left(&self) -> Option<T> {
        let mut patience = PATIENCE;
        loop {
            match self.try_recv() {
                Ok(message) => return Some(message),
                Err(Unreceived::Busy) if patience > 0 => {
                    patience -= 1;
                    yield_now();
                }
                Err(_) => return None,
            }
        }
    }
}
