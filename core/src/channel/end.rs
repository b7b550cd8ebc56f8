//! One end of a channel, of either side: counting, and being held by a domain.
//!
//! An end that no domain holds is a counted pointer. One that a domain holds has a [`Held`] in the domain's table: when
//! the domain closes, the channel's count of ends goes down then, whoever still has the handle; the handle itself goes
//! on pointing to the channel and answers that it is ended.

use core::fmt;

use super::{Channel, Side};
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
    channel: Shared<Channel<T>>,
    side: Side,
    hold: Option<Hold<T>>,
}

impl<T> End<T> {
    /// An end that the channel's count has already.
    pub(super) fn counted(channel: Shared<Channel<T>>, side: Side) -> Self {
        Self { channel, side, hold: None }
    }

    pub(super) fn channel(&self) -> &Shared<Channel<T>> {
        &self.channel
    }

    /// Whether the domain that holds it has closed.
    #[inline]
    pub(super) fn is_ended(&self) -> bool {
        self.hold.as_ref().is_some_and(|hold| hold.entry.released.load(Ordering::Relaxed))
    }

    /// Whether the channel was made before a fork, in the parent of this process.
    #[inline]
    pub(super) fn is_stale(&self) -> bool {
        self.channel.generation != generation()
    }

    /// One more end, held by nobody.
    pub(super) fn free_clone(&self) -> Result<Self, DomainError> {
        if self.is_ended() {
            return Err(DomainError::Ended);
        }
        self.channel.enter(self.side);
        Ok(Self::counted(self.channel.clone(), self.side))
    }

    /// One more end, held by the same domain if there is one.
    pub(super) fn try_clone(&self) -> Result<Self, DomainError> {
        match &self.hold {
            None => self.free_clone(),
            Some(hold) => self.free_clone()?.join(hold.membership.domain(), hold.joins),
        }
    }

    fn join(mut self, domain: &Domain, joins: Joins<T>) -> Result<Self, DomainError> {
        debug_assert!(self.hold.is_none());
        let entry = Held { channel: self.channel.clone(), side: self.side, released: AtomicBool::new(false) };
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
        let entry = WaitEntry { channel: self.channel.clone(), ticket, side: self.side };
        (hold.joins.wait)(Shared::try_new(entry)?, hold.membership.domain()).map(Some)
    }

    pub(super) fn close(&self) {
        if !self.is_ended() {
            self.channel.close();
        }
    }

    pub(super) fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("channel", &format_args!("{:#x}", Shared::address(&self.channel)))
            .field("capacity", &self.channel.capacity)
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
        self.free_clone()?.join(domain, joins)
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
                let entry =
                    Held { channel: self.channel.clone(), side: self.side, released: AtomicBool::new(true) };
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
        match &self.hold {
            None => self.channel.leave(self.side),
            Some(hold) => hold.entry.release(),
        }
    }
}
