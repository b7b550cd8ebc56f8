//! One end of a channel, of either side: counting, and being held by a domain.
//!
//! An end that no domain holds is a counted pointer. One that a domain holds has a [`Held`] in the domain's table: when
//! the domain closes, the channel's count of ends goes down then, whoever still has the handle; the handle itself goes
//! on pointing to the channel and answers that it is ended.

use core::fmt;

use super::{Channel, ParkError, Side};
use crate::domain::{Domain, DomainError, Member, Membership, Role};
use crate::primitive::{AtomicBool, Ordering, generation};
use crate::refs::Shared;
use crate::wait::Ticket;

/// What a domain knows of an end that it holds.
pub(super) struct Held<T> {
    channel: Shared<Channel<T>>,
    side: Side,
    /// Set by the one who takes the end out of the channel's count: the handle's `Drop`, or the domain.
    released: AtomicBool,
}

impl<T> Held<T> {
    fn release(&self) {
        // Relaxed: it decides who calls `leave`; nothing is read on the strength of it.
        if !self.released.swap(true, Ordering::Relaxed) {
            self.channel.leave(self.side);
        }
    }
}

impl<T: Send + 'static> Member for Held<T> {
    fn domain_ends(&self) {
        self.release();
    }
}

/// What a domain knows of a waiting operation.
pub(super) struct WaitEntry<T> {
    pub(super) channel: Shared<Channel<T>>,
    pub(super) ticket: Ticket<T>,
    pub(super) side: Side,
}

impl<T: Send + 'static> Member for WaitEntry<T> {
    fn domain_ends(&self) {
        self.channel.end_wait(&self.ticket, self.side);
    }
}

/// How ends and waits of this `T` join a domain. A domain keeps things for any time, so `T` must not borrow; this is
/// where that is known, and `T: 'static` need not be asked of those who use no domain.
struct Joins<T> {
    end: fn(Shared<Held<T>>, &Domain) -> Result<Membership, DomainError>,
    wait: fn(Shared<WaitEntry<T>>, &Domain) -> Result<Membership, DomainError>,
}

impl<T> Clone for Joins<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Joins<T> {}

struct Hold<T> {
    entry: Shared<Held<T>>,
    joins: Joins<T>,
    membership: Membership,
}

/// One end.
pub(super) struct End<T> {
    /// `None`: of a channel that never has a message, and so needs no memory.
    channel: Option<Shared<Channel<T>>>,
    side: Side,
    hold: Option<Hold<T>>,
}

impl<T> End<T> {
    /// An end that the channel's count has already.
    pub(super) fn counted(channel: Shared<Channel<T>>, side: Side) -> Self {
        Self { channel: Some(channel), side, hold: None }
    }

    /// The receiving end of a channel that never has a message.
    pub(super) const fn never() -> Self {
        Self { channel: None, side: Side::Receiver, hold: None }
    }

    /// `None`: it never has a message.
    #[inline]
    pub(super) fn line(&self) -> Option<&Shared<Channel<T>>> {
        self.channel.as_ref()
    }

    /// Of an end that was not made by `never`, as no sender is.
    #[inline]
    pub(super) fn channel(&self) -> &Shared<Channel<T>> {
        self.line().expect("a channel that never has a message was asked for it")
    }

    /// The same end with a channel that can be told of, where it has none.
    fn with_line(self) -> Result<Self, DomainError> {
        if self.channel.is_some() {
            return Ok(self);
        }
        let receiver = super::from_source(0, alloc::boxed::Box::new(super::flow::Never));
        receiver.map(|receiver| receiver.0).map_err(|_| DomainError::NoMemory)
    }

    /// Whether the domain that holds it has closed.
    #[inline]
    pub(super) fn is_ended(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.entry.released.load(Ordering::Relaxed))
    }

    /// Whether a domain holds it.
    #[inline]
    pub(super) fn is_held(&self) -> bool {
        self.hold.is_some()
    }

    /// Whether the channel was made before a fork, in the parent of this process.
    #[inline]
    pub(super) fn is_stale(&self) -> bool {
        self.line().is_some_and(|channel| channel.generation != generation())
    }

    /// Why an operation that waited is over: the channel is closed, or the domain that holds the end ends.
    pub(super) fn why_over(&self) -> ParkError {
        let is_closed = self.line().is_some_and(|channel| channel.flow.is_closed());
        if is_closed && !self.is_ended() { ParkError::Disconnected } else { ParkError::Ended }
    }

    /// One more end, held by nobody.
    pub(super) fn free_clone(&self) -> Result<Self, DomainError> {
        if self.is_ended() {
            return Err(DomainError::Ended);
        }
        let Some(channel) = self.line() else { return Ok(Self::never()) };
        channel.enter(self.side);
        Ok(Self::counted(channel.clone(), self.side))
    }

    /// One more end, held by the same domain if there is one.
    pub(super) fn try_clone(&self) -> Result<Self, DomainError> {
        match &self.hold {
            None => self.free_clone(),
            Some(hold) => self.free_clone()?.join(hold.membership.domain(), hold.joins),
        }
    }

    /// What makes one more end later, if there are others then.
    pub(super) fn downgrade(&self) -> WeakEnd<T> {
        let domain = self.hold.as_ref().map(|hold| (hold.membership.domain().clone(), hold.joins));
        WeakEnd { channel: self.channel.clone(), side: self.side, domain }
    }

    fn join(mut self, domain: &Domain, joins: Joins<T>) -> Result<Self, DomainError> {
        debug_assert!(self.hold.is_none());
        let entry =
            Held { channel: self.channel().clone(), side: self.side, released: AtomicBool::new(false) };
        let entry = Shared::try_new(entry)?;
        let membership = (joins.end)(entry.clone(), domain)?;
        self.hold = Some(Hold { entry, joins, membership });
        Ok(self)
    }

    /// Enters a waiting operation of this end into the domain that holds the end, if one does.
    pub(super) fn join_wait(&self, ticket: Ticket<T>) -> Result<Option<Membership>, DomainError> {
        let Some(hold) = &self.hold else { return Ok(None) };
        if self.is_ended() {
            return Err(DomainError::Ended);
        }
        let entry = WaitEntry { channel: self.channel().clone(), ticket, side: self.side };
        (hold.joins.wait)(Shared::try_new(entry)?, hold.membership.domain()).map(Some)
    }

    /// The end goes, and closes nothing.
    pub(super) fn forget(self) {
        debug_assert!(self.hold.is_none());
        let mut this = core::mem::ManuallyDrop::new(self);
        if let Some(channel) = this.channel.take() {
            channel.ends(this.side).fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Has a waiting operation begun on the end; where it has no channel, on one that nobody else knows.
    pub(super) fn with_waiting<R>(
        &self,
        begin: impl FnOnce(&Self) -> Result<R, DomainError>,
    ) -> Result<R, DomainError> {
        if self.channel.is_some() {
            return begin(self);
        }
        let end = Self::never().with_line()?;
        let begun = begin(&end);
        end.forget();
        begun
    }

    pub(super) fn close(&self) {
        if let Some(channel) = self.line()
            && !self.is_ended()
        {
            channel.close();
        }
    }

    pub(super) fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("channel", &format_args!("{:#x}", self.line().map_or(0, Shared::address)))
            .field("capacity", &self.line().map_or(Some(0), |channel| channel.capacity))
            .field("ended", &self.is_ended())
            .finish_non_exhaustive()
    }
}

impl<T: Send + 'static> End<T> {
    /// One more end, held by that domain.
    pub(super) fn held_by(&self, domain: &Domain) -> Result<Self, DomainError> {
        let joins = Joins {
            end: |entry, domain| domain.join(entry, Role::End),
            wait: |entry, domain| domain.join(entry, Role::Wait),
        };
        self.free_clone()?.with_line()?.join(domain, joins)
    }
}

/// How an end is made again later, if there are others then.
pub(super) struct WeakEnd<T> {
    channel: Option<Shared<Channel<T>>>,
    side: Side,
    domain: Option<(Domain, Joins<T>)>,
}

impl<T> WeakEnd<T> {
    pub(super) fn upgrade(&self) -> Option<End<T>> {
        let Some(channel) = &self.channel else { return Some(End::never()) };
        // A channel of before a fork has ends only there.
        if channel.generation != generation() || !channel.try_enter(self.side) {
            return None;
        }
        let end = End::counted(channel.clone(), self.side);
        match &self.domain {
            None => Some(end),
            Some((domain, joins)) => end.join(domain, *joins).ok(),
        }
    }

    pub(super) fn same_channel(&self, other: &Self) -> bool {
        match (&self.channel, &other.channel) {
            (Some(this), Some(other)) => Shared::ptr_eq(this, other),
            (this, other) => this.is_none() && other.is_none(),
        }
    }
}

impl<T> Clone for WeakEnd<T> {
    fn clone(&self) -> Self {
        Self { channel: self.channel.clone(), side: self.side, domain: self.domain.clone() }
    }
}

impl<T> Clone for End<T> {
    fn clone(&self) -> Self {
        match self.try_clone() {
            Ok(end) => end,
            Err(DomainError::NoMemory) => {
                alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<Held<T>>())
            }
            Err(DomainError::Ended) => {
                // Never counted by the channel, so released from the beginning.
                let entry = Held {
                    channel: self.channel().clone(),
                    side: self.side,
                    released: AtomicBool::new(true),
                };
                let hold = self.hold.as_ref().map(|hold| Hold {
                    entry: Shared::new(entry),
                    joins: hold.joins,
                    membership: hold.membership.past(),
                });
                Self { channel: self.channel.clone(), side: self.side, hold }
            }
        }
    }
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        if self.is_stale() {
            // One count more than there are holders: neither the channel nor the entry is ever freed, or locked.
            core::mem::forget((self.channel.clone(), self.hold.take()));
            return;
        }
        match (&self.hold, &self.channel) {
            (None, None) => {}
            (None, Some(channel)) if Shared::is_shared(channel) => channel.leave(self.side),
            (None, Some(channel)) => channel.leave_to_nobody(self.side),
            (Some(hold), _) => hold.entry.release(),
        }
    }
}
