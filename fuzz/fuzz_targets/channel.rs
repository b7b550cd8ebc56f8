//! Schedules of one channel against a model.
#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| crossinterp_tests::fuzz::channel(bytes));
