//! What the tests share.

pub mod fuzz;
