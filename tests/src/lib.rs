//! What the tests share.

pub mod c_program;
pub mod fuzz;

/// The Rust example of the first page, run as a documentation test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
