//! Short programs of several threads on one or two channels, stepped as the bytes say, and what must be true whichever
//! steps.
//!
//! The bytes: the flavour, how many threads, who is held by the domain, and whether the sender is single; what kind of
//! programs, the second channel's flavour, and whether the receiver is single; the threads' programs, two bytes for an operation; then whose turn it is and how long
//! ([`super::stage`]).
//!
//! The threads' programs hold what a channel offers: sends and receives that wait, with and without a limit, or do not;
//! waits that are begun, tried, finished and dropped; selects of one to four operations, also of both directions of
//! one channel, that wait, give up, do not wait, only want to know, or are not completed; closing and draining; ends
//! that are cloned, dropped, made of weak ones, and made single or shared; a domain that ends. On the first channel the
//! first thread may have a single sender, and the second a single receiver, from the beginning. A program of one kind has no selects, so that it
//! is short of everything else; those of the other two are mostly selects, on one channel or on two.
//!
//! When all sleep or are done, nobody may sleep over something that is there for him, unless one that was woken for
//! it has not looked yet ([`director`]). All come to their end, however the turns go on. At the end each message was
//! received once, came back, or went with its channel, in an order that a queue allows ([`super::history`]).
//!
//! # What it finds
//!
//! Core was broken in these ways; random bytes, some two thousand schedules a second, found:
//!
//! | broken | found after schedules | as |
//! | --- | --- | --- |
//! | a select does not look after taking its places (`Registered::sleep`) | 26 to 127 | a sleeper over room |
//! | a select that lost does not pass on that it was woken (`Channel::unregister`) | 1,195 to 12,725 | a sleeper over a message |
//! | nor that it was woken before (`roused`) | 733 to 11,376 | two sleep over each other |
//! | its other places are not left (`run::leave`) | 2 to 62 | a sleeper over a message |
//! | a receive is seized without its choice (`Table::seize`) | 710 to 4,019 | sent, and nobody was there |
//! | a message is handed over without the choice (`Table::hand`) | 1,821 to 17,430 | sent, and nobody was there |
//! | the owner of a node that was seized in vain is not woken (`Table::seize`) | 468 to 4,276 | two sleep over each other |
//! | a choice that was held stays so (`Seeker::hold`) | 196 to 1,803 | no end |
//! | the same, the first or the second half of a pair (`pair`) | 40 to 79, 550 to 1,225 | no end |
//! | a choice stays matched whose peer had left (`pair`) | 867 to 7,440 | no end |
//! | the same, whose peer gave its send back (`Table::let_go`) | 11 to 209 | no end |
//! | all uses of a choice have one epoch (`Claim::begin`) | 148 to 1,687 | it is closed, and some sleep |
//! | a select calls, or seizes, itself | 2 to 20 | no end |
//! | a select calls nobody, a wait calls no select | 327 to 1,059, 39 to 119 | two sleep over each other |
//! | closing does not wake who only calls (`Channel::close`) | 1 to 3 | it is closed, and some sleep |
//!
//! Before there were selects, on one channel alone, with programs of one byte for an operation:
//!
//! | broken | found after schedules | as |
//! | --- | --- | --- |
//! | no look after announcing (`Pending::offer`) | 1 to 100 | a sleeper over a message or room |
//! | no announcing (`Pending::offer`) | 2 to 7 | a receiver sleeps over a message |
//! | announcing before offering (`Pending::offer`) | 5,600 to 25,544 | a receiver sleeps over a message |
//! | the baton is not passed on (`Pending::over`) | 125 to 18,101 | a sender sleeps, and there is room |
//! | the baton is not passed on (`Pending::drop`) | 188 to more than 40,000 | a sender sleeps, and there is room |
//! | no look after withdrawing (`Channel::wake`) | 257 to 2,632 | a sleeper over a message or room |
//! | a dropped receive keeps its message (`Pending::leave`) | 27 to 477 | a message is lost |
//!
//! And of schedules in which both ends of a bounded channel are single:
//!
//! | broken | found after schedules | as |
//! | --- | --- | --- |
//! | who was announced is forgotten (`Ring::end_alone`) | 15 to 47 | a receiver sleeps over a message |
//! | no look at the flags after a push (`Ring::push_alone`) | 27 to 286 | a message is lost |
//! | none after a pop (`Ring::pop_alone`) | 4,949 to 13,010 | a sender sleeps, and there is room |
//! | a closed ring ends wherever no value was found (`Ring::ends_at`) | 531 to 6,429 | a message is lost |
//! | who finds it closed after a push says nothing (`Ring::pushed_into`) | 7,064 to 12,368 | a message is lost |
//!
//! Not found in fifty thousand: choices taken in another order than that of their numbers (only steps that go on and on
//! in one rhythm show it; loom's model of three in a circle does); a select that leaves a message behind and does not
//! pass that on; one that gives up without leaving its choice.

mod actor;
mod director;
mod ends;
mod select;
mod single;
mod sleeper;
mod transfer;
mod wait;
mod world;

use std::sync::Arc;

use super::stage::{self, ACTORS, Part, Turn, trace};
use actor::Actor;
use director::Director;
use world::{Side, World};

/// How many operations a program has, of two bytes each.
const OPERATIONS: usize = 5;
/// Where the programs begin.
const HEADER: usize = 2;
/// Where the schedule begins.
const SCHEDULE: usize = HEADER + ACTORS * OPERATIONS * 2;

/// Which operations a program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Those of one channel.
    Plain,
    /// Mostly selects.
    Selects,
}

/// Plays the programs and the schedule that the bytes are.
///
/// # Panics
/// When a channel does what it must not.
pub fn stepped(bytes: &[u8]) {
    let byte = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let (setting, more) = (byte(0), byte(1));
    let (kind, channels) = match more % 3 {
        0 => (Kind::Plain, 1),
        1 => (Kind::Selects, 1),
        _ => (Kind::Selects, 2),
    };
    let flavours = [setting % 4, more / 3 % 4];
    let threads = 2 + usize::from(setting / 4 % 3);
    let (keeps_ends, held) = (setting / 12 % 2 == 0, setting / 24 % 4);
    let afterwards = match more / 12 % 8 {
        0 => Turn::Stops(0),
        1 => Turn::Stops(3),
        2 => Turn::Named,
        _ => Turn::Operation,
    };
    let single = [setting / 96 == 1, more / 96 == 1];
    let (world, mut ends) = World::new(&flavours[..channels]);
    for (owner, side) in [Side::Sender, Side::Receiver].into_iter().enumerate() {
        let is_held = held & (1 << owner) != 0;
        if single[owner] {
            world.lines[0].begin_single(side, &mut ends[0], is_held.then_some(&world.domain));
        }
    }
    let world = Arc::new(world);
    trace(|| {
        let capacities: Vec<_> = world.lines.iter().map(|line| line.capacity).collect();
        format!(
            "{kind:?}, capacities {capacities:?}, {threads} threads, domain holds {held:02b}, ends kept: \
             {keeps_ends}, single {single:?}, then turns of {afterwards:?}"
        )
    });
    let parts = (0..threads).map(|number| {
        let is_held = number < 2 && held & (1 << number) != 0;
        // The first thread has the producer, the second the consumer.
        let single = [single[0] && number == 0, single[1] && number == 1];
        let mut actor = Actor::new(&world, number, &ends, is_held, single);
        let program: [[u8; 2]; OPERATIONS] = std::array::from_fn(|index| {
            let at = HEADER + (number * OPERATIONS + index) * 2;
            [byte(at), byte(at + 1)]
        });
        Box::new(move || {
            for [what, detail] in program {
                match kind {
                    Kind::Plain => actor.operate(what),
                    Kind::Selects => actor.operate_selecting(what, detail),
                }
                stage::end();
            }
            actor.come_to_end(keeps_ends);
        }) as Part
    });
    let parts = parts.collect();
    drop(ends);
    stage::play(parts, bytes.get(SCHEDULE..).unwrap_or_default(), afterwards, &mut Director::new(&world));
    Arc::into_inner(world).expect("all came to their end").end();
}
