//! The C interface of crossinterp, as the library `crossinterp` (static, shared, and a Rust library for tests).
//!
//! `include/crossinterp.h` is the manual of every function here: who owns what, which thread may call, which errors
//! there are. The Rust documentation says only what the C reader need not know.
//!
//! # Safety
//!
//! The functions are `unsafe` because C hands them pointers. Each pointer must be NULL or what the header asks for: a
//! handle that this library gave out and that was not released, or a place of the right type that may be read (and
//! written, where it is not `const`). Everything else is answered with a status.
//!
//! # Layers
//!
//! `status, clock -> handle, waker -> park -> value, sequence, map, domain -> channel -> wait -> sender, receiver`: a
//! module uses what stands to its left. Pointers are turned into references and boxes in [`handle`] alone.
// Nothing here panics. (Tests may.)
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]
#![allow(clippy::missing_safety_doc, reason = "said once above, for all of them")]

pub mod abi;
pub mod channel;
pub mod clock;
pub mod domain;
pub mod handle;
pub mod map;
mod park;
pub mod receiver;
pub mod sender;
pub mod sequence;
pub mod status;
pub mod value;
pub mod wait;
mod waker;
