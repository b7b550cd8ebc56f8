//! The stepped threads' fuzz target with random bytes: `RUSTFLAGS="--cfg xi_stop" cargo test --test stepped`.
#![cfg(xi_stop)]

use crossinterp_tests::fuzz;
use proptest::prelude::*;

proptest! {
    // A failure leaves its threads behind, so it is not made smaller for long.
    #![proptest_config(ProptestConfig {
        cases: 8192,
        failure_persistence: None,
        max_shrink_iters: 500,
        ..ProptestConfig::default()
    })]

    /// Whichever thread makes the next step, messages arrive once and in order, and nobody sleeps over one.
    #[test]
    fn threads_may_be_stepped_in_any_order(bytes in proptest::collection::vec(0..=255_u8, 0..140)) {
        fuzz::stepped(&bytes);
    }
}
