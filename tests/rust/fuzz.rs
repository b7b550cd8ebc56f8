//! The fuzz targets' bodies with random bytes, so that every run of the tests fuzzes a little; failures shrink.

use crossinterp_tests::fuzz;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a channel does, step by step, is what the model says.
    #[test]
    fn channels_follow_their_model(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz::channel(&bytes);
    }
}

/// A message that is given back twice, in between given back another that was sent later, is still the first.
#[test]
fn what_is_given_back_twice_keeps_its_rank() {
    let two_wait_and_get_one_each = [2, 5, 0, 5, 0, 0, 0, 0, 0];
    let first_is_given_back_and_taken_again = [7, 0, 5, 0];
    let second_then_first_are_given_back = [7, 0, 7, 0];
    let both_are_received = [2, 0, 2, 0];
    let schedule = [
        two_wait_and_get_one_each.as_slice(),
        &first_is_given_back_and_taken_again,
        &second_then_first_are_given_back,
        &both_are_received,
    ];
    fuzz::channel(&schedule.concat());
}
