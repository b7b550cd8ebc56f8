//! Objects: immutable, counted blocks of memory outside every interpreter.
//!
//! A block is a header (count, table of its kind's functions), a payload of fixed size and a tail of bytes, in one
//! allocation. What a payload means is the business of whoever owns its kind: the modules of `value` and, for kinds that
//! only exist further to the right (the ends of channels), whoever implements [`crate::value::Opaque`].

mod kind;
mod layout;

pub use kind::Kind;
pub(crate) use kind::{OpaqueVtable, Payload, Vtable};
pub(crate) use layout::{Link, Object};
