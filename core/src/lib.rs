// The README links to the sources; here its links lead to the items: of two definitions the first one counts.
//! [`bounded`]: crate::bounded
//! [`bounded_single`]: crate::bounded_single
//! [`bounded_strict`]: crate::bounded_strict
//! [`Consumer`]: crate::Consumer
//! [`Domain`]: crate::Domain
//! [`drain`]: crate::Receiver::drain
//! [`never`]: crate::never
//! [`oneshot`]: mod@crate::oneshot
//! [`Park`]: crate::Park
//! [`Producer`]: crate::Producer
//! [`recv_async`]: crate::Receiver::recv_async
//! [`recv_parking`]: crate::Receiver::recv_parking
//! [`rendezvous`]: crate::rendezvous
//! [`Select`]: crate::Select
//! [`select!`]: crate::select!
//! [`select_parking`]: crate::Select::select_parking
//! [`send_async`]: crate::Sender::send_async
//! [`send_overwriting`]: crate::Sender::send_overwriting
//! [`send_parking`]: crate::Sender::send_parking
//! [`unbounded`]: crate::unbounded
//! [`WeakReceiver`]: crate::WeakReceiver
//! [`WeakSender`]: crate::WeakSender
#![cfg_attr(feature = "std", doc = "[`after`]: crate::after")]
#![cfg_attr(feature = "std", doc = "[`at`]: crate::at")]
#![cfg_attr(feature = "std", doc = "[`recv`]: crate::Receiver::recv")]
#![cfg_attr(feature = "std", doc = "[`recv_many`]: crate::Receiver::recv_many")]
#![cfg_attr(feature = "std", doc = "[`recv_ref`]: crate::Receiver::recv_ref")]
#![cfg_attr(feature = "std", doc = "[`recv_timeout`]: crate::Receiver::recv_timeout")]
#![cfg_attr(feature = "std", doc = "[`send`]: crate::Sender::send")]
#![cfg_attr(feature = "std", doc = "[`send_many`]: crate::Sender::send_many")]
#![cfg_attr(feature = "std", doc = "[`send_ref`]: crate::Sender::send_ref")]
#![cfg_attr(feature = "futures", doc = "[`sink`]: crate::Sender::sink")]
#![cfg_attr(feature = "futures", doc = "[`stream`]: crate::Receiver::stream")]
#![cfg_attr(feature = "std", doc = "[`tick`]: crate::tick")]
//!
#![doc = include_str!("../README.md")]
//!
//! # The modules, from left to right
//!
//! A file uses only what stands to its left: `primitive` (the loom swap) → `refs`, `lock`, `ring`, `list`, `wait` →
//! `object` → `value`, `domain` → `park` → `channel` → `oneshot` → `blocking`, `time` (feature `std`) → `select_macro`.
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
pub mod oneshot;
mod park;
mod primitive;
mod refs;
mod ring;
mod select_macro;
#[cfg(feature = "std")]
mod time;
mod value;
mod wait;

#[cfg(feature = "std")]
pub use blocking::{ConsumerIntoIter, ConsumerIter, IntoIter, Iter};
pub use channel::{
    CapacityError, Consumer, ConsumerTryIter, Drain, DrainIter, FilledRef, Memory, OfferError, Overwritten,
    ParkError, Producer, ReadyTimeoutError, Receiver, RecvError, RecvFuture, RecvRef, RecvTimeoutError,
    RecvWait, Select, SelectTimeoutError, SelectedOperation, SendError, SendFuture, SendRef,
    SendTimeoutError, SendWait, Sender, TakeError, TryIter, TryReadyError, TryRecvError, TrySelectError,
    TrySendError, WaitError, WeakReceiver, WeakSender, after_fork, bounded, bounded_single, bounded_strict,
    never, rendezvous, try_bounded, try_bounded_single, try_bounded_strict, try_unbounded, unbounded,
};
#[cfg(feature = "futures")]
pub use channel::{RecvStream, SendSink};
pub use domain::{Domain, DomainError, DomainState};
pub use object::Kind;
pub use park::{Park, Wakeup};
pub use refs::AllocError;
#[cfg(feature = "std")]
pub use time::{after, at, tick};
pub use value::{
    EncodingError, InsertError, Integer, KeyError, MapBuilder, MapIter, MapRef, RangeError, Seed,
    SequenceBuilder, SequenceError, Text, TextForm, Units, Value,
};

/// How tests stop a thread in the middle of an operation; not part of the interface.
#[cfg(xi_stop)]
#[doc(hidden)]
pub use primitive::stop;

/// What the select macros expand to; not part of the interface.
#[doc(hidden)]
pub mod select_internals {
    #[cfg(feature = "std")]
    pub use crate::blocking::{select, select_timeout};
    pub use crate::channel::select_internals::{Case, Chosen, recv, send, try_select};
}

/// What the loom models use from outside; not part of the interface.
#[cfg(loom)]
#[doc(hidden)]
pub mod internals {
    pub use crate::lock::Lock;
    pub use crate::refs::{Count, Shared};
    pub use crate::wait::{
        Choice, Claim, End, Left, Pairing, Phase, Place, Seized, Seizing, Table, Ticket, pair,
    };
    pub mod ring {
        pub use crate::ring::{
            Claimed, PopError, PushError, ReplaceError, ReserveError, Reserved, Ring, Word,
        };
    }
    pub mod list {
        pub use crate::list::{List, PopError, PushError};
    }
}
