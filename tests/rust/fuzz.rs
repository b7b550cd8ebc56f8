//! The fuzz targets' bodies with random bytes, so that every run of the tests fuzzes a little; failures shrink.

use crossinterp_tests::fuzz;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a channel does, step by step, is what the model says. (Made of whole steps, so that failures shrink to few.)
    #[test]
    fn channels_follow_their_model(
        flavour in 0..=255_u8,
        steps in proptest::collection::vec([0..=255_u8, 0..=255_u8], 0..150),
    ) {
        fuzz::channel(&[[flavour].as_slice(), steps.as_flattened()].concat());
    }
}

/// The operations, as the bytes say them.
const SEND: u8 = 0;
const RECV: u8 = 3;
const BEGIN_SEND: u8 = 6;
const BEGIN_RECV: u8 = 8;
const FINISH: u8 = 10;
const ABANDON: u8 = 12;
const TRY_FINISH: u8 = 13;
const POLL: u8 = 15;
const COPY_RECEIVER: u8 = 19;
const DROP_RECEIVER: u8 = 27;
const END_WAITS: u8 = 28;

/// A select of a send or a receive, the send first, whose operation is chosen and then dropped.
const DROP_SELECTED: [u8; 2] = [23, 100];

/// The flavours of one channel; those below 5 finish everything at the end.
const RENDEZVOUS: u8 = 0;
const TWO_PLACES: u8 = 2;
const UNBOUNDED: u8 = 4;

fn play(flavour: u8, steps: &[[u8; 2]]) {
    fuzz::channel(&[[flavour].as_slice(), steps.as_flattened()].concat());
}

/// A message that is given back while another waits to be received again is still the first, if it was sent before.
#[test]
fn what_is_given_back_twice_keeps_its_rank() {
    let two_wait_and_get_one_each = [[BEGIN_RECV, 0], [BEGIN_RECV, 0], [SEND, 0], [SEND, 0]];
    let first_is_given_back_and_next_one_is_told = [[ABANDON, 0], [BEGIN_RECV, 0]];
    let both_are_given_back = [[ABANDON, 1], [ABANDON, 0]];
    let both_are_received = [[RECV, 0], [RECV, 0]];
    let schedule = [
        two_wait_and_get_one_each.as_slice(),
        &first_is_given_back_and_next_one_is_told,
        &both_are_given_back,
        &both_are_received,
    ];
    play(RENDEZVOUS, &schedule.concat());
}

/// One that waits on keeps its old place, but what is put into its hand then is no older for that.
#[test]
fn what_is_given_back_comes_in_the_order_of_sending() {
    let woken_for_nothing = [[BEGIN_SEND, 0], [BEGIN_RECV, 0], [ABANDON, 0]];
    let a_younger_one_gets_the_first = [[BEGIN_RECV, 0], [SEND, 0]];
    let the_older_one_waits_on_and_gets_the_second = [[TRY_FINISH, 0], [SEND, 0]];
    let both_are_given_back_and_received = [[ABANDON, 0], [ABANDON, 0], [RECV, 0], [RECV, 0]];
    let schedule = [
        woken_for_nothing.as_slice(),
        &a_younger_one_gets_the_first,
        &the_older_one_waits_on_and_gets_the_second,
        &both_are_given_back_and_received,
    ];
    play(RENDEZVOUS, &schedule.concat());
}

/// It may be an end of the channel itself, which would keep both for ever.
#[test]
fn what_is_given_back_to_nobody_is_dropped() {
    play(RENDEZVOUS, &[[BEGIN_RECV, 0], [SEND, 0], [DROP_RECEIVER, 0], [ABANDON, 0]]);
}

/// Its message was given back and is received by another; it has ended all the same, and nobody will wake it again.
#[test]
fn what_has_ended_stays_ended() {
    let held_by_domain_1 = [COPY_RECEIVER, 4];
    play(RENDEZVOUS, &[held_by_domain_1, [BEGIN_RECV, 1], [SEND, 0], [END_WAITS, 1], [RECV, 0]]);
}

/// One message, one wake: who was not woken has none to pass on, who was passes on one.
#[test]
fn who_goes_wakes_no_more_than_one() {
    let three_wait = [[BEGIN_RECV, 0]; 3];
    play(UNBOUNDED, &[three_wait.as_slice(), &[[SEND, 0], [FINISH, 1]]].concat());
    let four_wait = [[BEGIN_RECV, 0]; 4];
    play(TWO_PLACES, &[four_wait.as_slice(), &[[SEND, 0], [SEND, 0], [FINISH, 0]]].concat());
}

/// The message of one that was ended was taken by another receiver, and its place by a third, whose wake-up is its own.
#[test]
fn polling_what_has_ended_wakes_nobody() {
    let held_by_domain_1 = [COPY_RECEIVER, 4];
    let ended_with_a_message = [[BEGIN_RECV, 1], [SEND, 0], [END_WAITS, 1]];
    let another_waits = [[RECV, 0], [BEGIN_RECV, 0]];
    play(
        RENDEZVOUS,
        &[&[held_by_domain_1], ended_with_a_message.as_slice(), &another_waits, &[[POLL, 0]]].concat(),
    );
}

/// A message that was given back, chosen by a select and given back again is still to be received before later ones.
#[test]
fn what_is_chosen_and_dropped_keeps_its_rank() {
    let two_wait_and_get_one_each = [[BEGIN_RECV, 0], [BEGIN_RECV, 0], [SEND, 0], [SEND, 0]];
    let first_is_given_back_twice = [[ABANDON, 0], DROP_SELECTED];
    let second_is_given_back = [[ABANDON, 0], [RECV, 0], [RECV, 0]];
    let schedule = [two_wait_and_get_one_each.as_slice(), &first_is_given_back_twice, &second_is_given_back];
    play(RENDEZVOUS, &schedule.concat());
}
