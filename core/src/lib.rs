//! Channels and shareable immutable objects for interpreters, threads and tasks.
#![cfg_attr(not(any(feature = "std", loom, test)), no_std)]

extern crate alloc;

#[allow(dead_code, unused_imports, unused_macros)]
mod primitive;
#[allow(dead_code)]
mod refs;

pub use refs::AllocError;

/// What the loom models use from outside; not part of the interface.
#[cfg(loom)]
#[doc(hidden)]
pub mod internals {
    pub use crate::refs::{Count, Shared};
}
