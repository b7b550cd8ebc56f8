//! A program written for crossbeam-channel that uses only what both have compiles with the `use` line changed, and does
//! the same. `program/` is that program. It is compiled twice; `channel` is crossbeam's in one, ours in the other.
//! Each scenario tells what it saw, and both must have seen the same.

// That a file is two modules is the point.
#![allow(clippy::duplicate_mod)]

mod support;

#[path = "program"]
mod theirs {
    use crossbeam_channel as channel;

    pub(crate) mod arms;
    pub(crate) mod bounds;
    pub(crate) mod crowds;
    pub(crate) mod ends;
    pub(crate) mod errors;
    pub(crate) mod fine_print;
    pub(crate) mod list;
    pub(crate) mod meetings;
    pub(crate) mod messages;
    pub(crate) mod panics;
    pub(crate) mod patterns;
    pub(crate) mod select_errors;
    pub(crate) mod syntax;
    pub(crate) mod time;
    pub(crate) mod waiting;
}

/// Tests that compare the scenarios of a file; those behind `but not` must differ.
macro_rules! both {
    ($($file:ident: $($scenario:ident)+ $(, but not $($other:ident)+)?;)+) => {$(
        #[path = "program"]
        mod $file {
            #[path = "."]
            mod ours {
                use crossinterp_core as channel;
                pub(crate) mod $file;
            }
            $(
                #[test]
                fn $scenario() {
                    crate::support::compare(crate::theirs::$file::$scenario, ours::$file::$scenario);
                }
            )+
            $($(
                #[test]
                fn $other() {
                    crate::support::tell_apart(crate::theirs::$file::$other, ours::$file::$other);
                }
            )+)?
        }
    )+};
}

both! {
    bounds: across_threads ends errors functions;
    crowds: many_to_many many_tries one_to_one ping_pong pipeline sieve worker_pool;
    ends: everything_is_dropped full_and_gone in_collections iterator_is_an_end iterators
        last_receiver_drops_unbounded length_and_capacity receivers_go same_channel senders_go try_forms;
    errors: boxed conversions debug display equality_and_copies messages_come_back panics_of_unwrap questions;
    messages: channels_in_channels closures_and_borrows drops kinds many over_aligned_stays_aligned;
    waiting: disconnection_wakes_receivers disconnection_wakes_senders limits_at_the_ends_of_time
        rendezvous scopes shared_ends thread_locals time_limits tries_meet_waiters unwinding woken_in_time;

    // (`own_message` has no bounded channel: what stands there behind the slot of a thread that was stopped waits for it in
    // both, but our `try_recv` says Empty after some time.)
    // On purpose: our ends say in `Debug` which channel they are of; and with the last receiver goes what a bounded channel
    // holds, as it does in both with what an unbounded one holds.
    fine_print: errors own_message unwind_safety widths, but not ends last_receiver;

    arms: biased bodies_own_the_channels both_ends disconnected fair fill_and_drain lazy_messages
        lifetimes limits_at_the_ends_of_time order_of_evaluation;
    list: biased clones disconnected_is_ready fair indices nothing_in_it only_what_is_ready
        operation_and_list queued_then_disconnected ready_is_woken remove_until_empty time_limits woken;
    meetings: all_matched default_is_the_last_resort disconnection_wakes limits_under_contention matched_with_one_left one_of_many
        ring_of_three tries_do_not_meet tries_meet_waiters two_threads;
    panics: elsewhere_in_the_arms in_a_message leaving_instead_of_sending no_such_index not_completed
        nothing_in_the_list with_another_end;
    patterns: balancer broadcast fan_in fan_in_of_a_list first_answer generator semaphore service sieve
        stop_signal;
    select_errors: bounds debug equality_and_copies functions texts texts_padded;
    syntax: channel_expressions commas_and_blocks defaults from_macros inference leaving many_arms
        one_inside_another patterns values;
    time: after_it_fired before clones_share in_select late_ticks no_interval same_channel silence
        the_earlier tick_after_a_limit ticks_in_time too_long values;
}
