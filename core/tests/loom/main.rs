//! The loom models, one file per module: `RUSTFLAGS="--cfg loom" cargo test --profile loom --test loom`.
#![cfg(loom)]

mod batch;
mod channel;
mod domain;
mod in_place;
mod list;
mod lock;
mod oneshot;
mod outcomes;
mod overwrite;
mod refs;
mod ring;
mod select;
mod single;
mod wait;
