//! The loom models, one file per module: `RUSTFLAGS="--cfg loom" cargo test --profile loom --test loom`.
#![cfg(loom)]

mod outcomes;
mod refs;
