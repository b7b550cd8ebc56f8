//! What the tests share.

pub mod c_program;
pub mod fuzz;
