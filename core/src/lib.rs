//! Channels and shareable immutable objects for interpreters, threads and tasks.
#![cfg_attr(not(any(feature = "std", loom, test)), no_std)]

extern crate alloc;

#[allow(dead_code, unused_imports, unused_macros)]
mod primitive;
