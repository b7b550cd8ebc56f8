//! The commands a person runs in this repository.
fn main() {}
