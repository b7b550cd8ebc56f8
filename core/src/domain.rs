//! Domains: what still belongs to an interpreter, and how it is let go when the interpreter ends.
//!
//! A domain keeps a table of its members: the waits of its threads and the ends it holds. It knows them only by the
//! [`Member`] trait, so it stands to the left of the channels in the layering.
//!
//! # Life
//!
//! `Open`, then `Ending`, then `Closed`, never back. The state is written only under the table's lock, together with the
//! question who may still join: after `Ending` no wait joins, after `Closed` nothing does. So when `end_waits` finds the
//! table of waits empty, it stays empty; the same with `close` and the ends.
//!
//! # Who owns what
//!
//! The table counts each member, a member does not count the domain, and whoever joined takes the member out again when
//! it goes by itself. A member is told to end without any lock held, once: whoever takes it out of the table tells it.

use alloc::vec::Vec;
use core::ptr::NonNull;

use crate::lock::Lock;
use crate::primitive::{AtomicU32, Ordering};
use crate::refs::{AllocError, Shared};

/// The states of a domain, in their order.
///
/// ```
/// use crossinterp_core::{Domain, DomainState, unbounded};
///
/// let domain = Domain::try_open().unwrap();
/// let (tx, rx) = unbounded();
/// let held = tx.held_by(&domain).unwrap();
/// domain.end_waits();
/// assert_eq!(domain.state(), DomainState::Ending);
/// assert_eq!(held.try_send(1), Ok(())); // it need not wait
/// domain.close();
/// assert!(domain.state() > DomainState::Ending && held.try_send(2).is_err());
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum DomainState {
    /// Everything works.
    Open = 0,
    /// Its waits were ended and new ones are refused; what need not wait still works.
    Ending = 1,
    /// The ends it held are released.
    Closed = 2,
}

/// Why a domain refused an operation.
///
/// ```
/// use crossinterp_core::{Domain, DomainError, unbounded};
///
/// let domain = Domain::try_open().unwrap();
/// domain.close();
/// let (tx, _rx) = unbounded::<u8>();
/// assert_eq!(tx.held_by(&domain).unwrap_err(), DomainError::Ended);
/// assert_eq!(DomainError::Ended.to_string(), "the domain ends or has closed");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DomainError {
    /// It ends or has closed.
    Ended,
    /// There is no memory for the operation's entry; nothing was changed.
    NoMemory,
}

impl core::fmt::Display for DomainError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Ended => "the domain ends or has closed",
            Self::NoMemory => "out of memory",
        })
    }
}

impl core::error::Error for DomainError {}

impl From<AllocError> for DomainError {
    fn from(_: AllocError) -> Self {
        Self::NoMemory
    }
}

/// Something that a domain ends: called once, from any thread, without a lock held.
pub(crate) trait Member: Send + Sync + 'static {
    fn domain_ends(&self);
}

/// A counted member whose type was forgotten.
#[derive(Debug)]
struct AnyMember {
    pointer: NonNull<()>,
    end: unsafe fn(NonNull<()>),
    release: unsafe fn(NonNull<()>),
}

// SAFETY: it is a `Shared<M>` of an `M: Member`, which is Send + Sync.
unsafe impl Send for AnyMember {}

impl AnyMember {
    fn new<M: Member>(member: Shared<M>) -> Self {
        unsafe fn end<M: Member>(pointer: NonNull<()>) {
            // SAFETY: only called through `AnyMember::end`, which holds the count that `into_raw` left.
            unsafe { Shared::<M>::borrow_raw(pointer) }.domain_ends();
        }
        unsafe fn release<M: Member>(pointer: NonNull<()>) {
            // SAFETY: only called by `Drop`, once, for the count that `into_raw` left.
            drop(unsafe { Shared::<M>::from_raw(pointer) });
        }
        Self { pointer: Shared::into_raw(member), end: end::<M>, release: release::<M> }
    }

    fn end(&self) {
        // SAFETY: the pointer is of the type that `end` was made for, and counted by self.
        unsafe { (self.end)(self.pointer) }
    }
}

impl Drop for AnyMember {
    fn drop(&mut self) {
        // SAFETY: as in `end`; the count is given up here, once.
        unsafe { (self.release)(self.pointer) }
    }
}

/// Members by number; freed numbers are used again.
#[derive(Debug)]
struct Table {
    places: Vec<Place>,
    free: Option<usize>,
    /// No member stands at or behind this place: where taking one starts to look.
    end: usize,
}

#[derive(Debug)]
enum Place {
    Member(AnyMember),
    Free { next: Option<usize> },
}

impl Table {
    const fn new() -> Self {
        Self { places: Vec::new(), free: None, end: 0 }
    }

    fn insert(&mut self, member: AnyMember) -> Result<usize, AnyMember> {
        let number = match self.free {
            Some(number) => {
                if let Place::Free { next } = self.places[number] {
                    self.free = next;
                }
                self.places[number] = Place::Member(member);
                number
            }
            None => {
                if self.places.try_reserve(1).is_err() {
                    return Err(member);
                }
                self.places.push(Place::Member(member));
                self.places.len() - 1
            }
        };
        self.end = self.end.max(number + 1);
        Ok(number)
    }

    fn take(&mut self, number: usize) -> Option<AnyMember> {
        let place = self.places.get_mut(number)?;
        if matches!(place, Place::Free { .. }) {
            return None;
        }
        let Place::Member(member) = core::mem::replace(place, Place::Free { next: self.free }) else {
            return None;
        };
        self.free = Some(number);
        Some(member)
    }

    fn take_any(&mut self) -> Option<AnyMember> {
        while self.end > 0 {
            self.end -= 1;
            if let Some(member) = self.take(self.end) {
                return Some(member);
            }
        }
        None
    }
}

#[derive(Debug)]
struct Tables {
    waits: Table,
    ends: Table,
}

#[derive(Debug)]
struct Inner {
    /// Written under the lock of `tables`; outside it a hint.
    state: AtomicU32,
    tables: Lock<Tables>,
}

/// Which table a member stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Wait,
    End,
}

/// Where a member stands in its domain; taken out when this is dropped.
#[derive(Debug)]
pub(crate) struct Membership {
    domain: Domain,
    role: Role,
    number: usize,
}

impl Membership {
    pub(crate) fn domain(&self) -> &Domain {
        &self.domain
    }

    /// A membership of the same domain that stands nowhere.
    pub(crate) fn past(&self) -> Self {
        Self { domain: self.domain.clone(), role: self.role, number: usize::MAX }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        // A number is used again only after this: once the domain ends, nothing joins the table any more, so a number
        // that the domain emptied cannot stand for somebody else.
        drop(self.domain.inner.tables.with(|tables| tables.of(self.role).take(self.number)));
    }
}

impl Tables {
    fn of(&mut self, role: Role) -> &mut Table {
        match role {
            Role::Wait => &mut self.waits,
            Role::End => &mut self.ends,
        }
    }
}

/// One interpreter, or whatever else may end while its threads wait, as the library sees it.
///
/// A clone is the same domain. Dropping the last handle does not close it. Any thread may use any handle.
///
/// ```
/// use crossinterp_core::{Domain, DomainState, TryRecvError, TrySendError, unbounded};
///
/// let interpreter = Domain::try_open().unwrap();
/// let (tx, rx) = unbounded();
/// let held = tx.held_by(&interpreter).unwrap();
/// drop(tx);
/// held.try_send(1).unwrap();
/// interpreter.close();
/// assert_eq!(interpreter.state(), DomainState::Closed);
/// assert_eq!(held.try_send(2), Err(TrySendError::Disconnected(2)));
/// assert_eq!(rx.try_recv(), Ok(1)); // what was sent is not lost
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected)); // and the end is gone
/// ```
#[derive(Clone, Debug)]
pub struct Domain {
    inner: Shared<Inner>,
}

impl Domain {
    /// An open domain without members.
    ///
    /// # Errors
    /// [`AllocError`] when there is no memory for it.
    ///
    /// ```
    /// use crossinterp_core::{Domain, DomainState};
    ///
    /// let domain = Domain::try_open()?;
    /// assert_eq!(domain.state(), DomainState::Open);
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn try_open() -> Result<Self, AllocError> {
        let tables = Lock::new(Tables { waits: Table::new(), ends: Table::new() });
        let inner = Inner { state: AtomicU32::new(DomainState::Open as u32), tables };
        Ok(Self { inner: Shared::try_new(inner)? })
    }

    /// The state at this moment.
    ///
    /// ```
    /// use crossinterp_core::{Domain, DomainState};
    ///
    /// let domain = Domain::try_open().unwrap();
    /// let other = domain.clone();
    /// other.close();
    /// assert_eq!(domain.state(), DomainState::Closed); // they are one
    /// ```
    pub fn state(&self) -> DomainState {
        match self.inner.state.load(Ordering::Relaxed) {
            0 => DomainState::Open,
            1 => DomainState::Ending,
            _ => DomainState::Closed,
        }
    }

    /// Adds a member to a table, unless the state is past `last`.
    pub(crate) fn join<M: Member>(&self, member: Shared<M>, role: Role) -> Result<Membership, DomainError> {
        let last = match role {
            Role::Wait => DomainState::Open,
            Role::End => DomainState::Ending,
        };
        let member = AnyMember::new(member);
        // What was refused is dropped without the lock: it may be the last count of a channel full of messages.
        let joined = self.inner.tables.with(|tables| {
            if self.state() > last {
                return Err((DomainError::Ended, member));
            }
            tables.of(role).insert(member).map_err(|member| (DomainError::NoMemory, member))
        });
        match joined {
            Ok(number) => Ok(Membership { domain: self.clone(), role, number }),
            Err((error, _member)) => Err(error),
        }
    }

    fn advance(&self, to: DomainState, role: Role) {
        loop {
            let member = self.inner.tables.with(|tables| {
                if self.state() < to {
                    self.inner.state.store(to as u32, Ordering::Relaxed);
                }
                tables.of(role).take_any()
            });
            match member {
                Some(member) => member.end(),
                None => return,
            }
        }
    }

    /// Ends every wait of the domain and refuses new ones.
    ///
    /// A message that such a wait had been handed, and not given out yet, goes to the next receiver, before everything that
    /// was sent after it. Calling it again, or from several threads at once, does no harm.
    ///
    /// ```
    /// use core::task::Waker;
    /// use crossinterp_core::{Domain, WaitError, unbounded};
    ///
    /// let domain = Domain::try_open().unwrap();
    /// let (tx, rx) = unbounded();
    /// let held = rx.held_by(&domain).unwrap();
    /// let wait = held.begin_recv(Waker::noop().clone()).unwrap();
    /// tx.try_send(1).unwrap(); // it is handed to the one that waits,
    /// domain.end_waits();
    /// assert_eq!(wait.finish(), Err(WaitError::Ended));
    /// assert_eq!(rx.try_recv(), Ok(1)); // who has not taken it
    /// ```
    pub fn end_waits(&self) {
        self.advance(DomainState::Ending, Role::Wait);
    }

    /// Ends every wait, and releases every end that the domain still holds, whoever still has a handle of it.
    ///
    /// ```
    /// use crossinterp_core::{Domain, unbounded};
    ///
    /// let domain = Domain::try_open().unwrap();
    /// let (tx, rx) = unbounded::<u8>();
    /// let held = rx.held_by(&domain).unwrap();
    /// drop(rx);
    /// domain.close();
    /// assert!(held.is_ended());
    /// assert!(tx.is_closed()); // there is no receiver any more
    /// ```
    pub fn close(&self) {
        self.end_waits();
        self.advance(DomainState::Closed, Role::End);
    }

    /// Whether both are the same domain.
    ///
    /// ```
    /// use crossinterp_core::Domain;
    ///
    /// let domain = Domain::try_open().unwrap();
    /// assert!(domain.same_domain(&domain.clone()));
    /// assert!(!domain.same_domain(&Domain::try_open().unwrap()));
    /// ```
    pub fn same_domain(&self, other: &Self) -> bool {
        Shared::ptr_eq(&self.inner, &other.inner)
    }
}
