#![doc = include_str!("../README.md")]
//!
//! # The modules, from left to right
//!
//! A file uses only what stands to its left: `primitive` (the loom swap) → `refs`, `lock`, `ring`, `list`, `wait` →
//! `object` → `value`, `domain` → `park` → `channel` → `blocking` (feature `std`).
#![cfg_attr(not(any(feature = "std", loom, test)), no_std)]
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

extern crate alloc;
#[cfg(any(loom, xi_stop))]
extern crate std;

#[cfg(feature = "std")]
mod blocking;
mod channel;
mod domain;
mod list;
mod lock;
mod object;
mod park;
mod primitive;
mod refs;
mod ring;
mod value;
mod wait;

#[cfg(feature = "std")]
pub use blocking::{IntoIter, Iter};
pub use channel::{
    CapacityError, OfferError, ParkError, Receiver, RecvError, RecvTimeoutError, RecvWait, SendError,
    SendTimeoutError, SendWait, Sender, TakeError, TryIter, TryRecvError, TrySendError, WaitError,
    after_fork, bounded, rendezvous, try_bounded, try_unbounded, unbounded,
};
pub use domain::{Domain, DomainError, DomainState};
pub use object::Kind;
pub use park::{Park, Wakeup};
pub use refs::AllocError;
pub use value::{
    EncodingError, InsertError, Integer, KeyError, MapBuilder, MapIter, MapRef, RangeError, Seed,
    SequenceBuilder, SequenceError, Text, TextForm, Units, Value,
};

/// How tests stop a thread in the middle of an operation; not part of the interface.
#[cfg(xi_stop)]
#[doc(hidden)]
pub use primitive::stop;

/// What the loom models use from outside; not part of the interface.
#[cfg(loom)]
#[doc(hidden)]
pub mod internals {
    pub use crate::lock::Lock;
    pub use crate::refs::{Count, Shared};
    pub use crate::wait::{End, Left, Phase, Place, Table, Ticket};
    pub mod ring {
        pub use crate::ring::{PopError, PushError, Ring, Word};
    }
    pub mod list {
        pub use crate::list::{List, PopError, PushError};
    }
}
