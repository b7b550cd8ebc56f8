//! Threads on one channel, stepped by the schedule; `cargo xtask fuzz stepped` compiles core's stop points in.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| crossinterp_tests::fuzz::stepped(bytes));
