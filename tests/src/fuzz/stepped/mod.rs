//! Short programs of several threads on one or two channels, stepped as the bytes say, and what must be true whichever
//! steps.
//!
//! The bytes: the flavour, how many threads, and who is held by the domain; what kind of programs, and the second
//! channel's flavour; the threads' programs, two bytes for an operation; then whose turn it is and how long
//! ([`super::stage`]).
//!
//! The threads' programs hold what a channel offers: sends and receives that wait, with and without a limit, or do not;
//! waits that are begun, tried, finished and dropped; selects of one to four operations, also of both directions of
//! one channel, that wait, give up, do not wait, only want to know, or are not completed; closing and draining; ends
//! that are cloned, dropped, and made of weak ones; a domain that ends. A program of one kind has no selects, so that it
//! is short of everything else; those of the other two are mostly selects, on one channel or on two.
//!
//! When all sleep or are done, nobody may sleep over something that is there for him, unless one that was woken for
//! it has not looked yet ([`director`]). All come to their end, however the turns go on. At the end each message was
//! received once, came back, or went with its channel, in an order that a queue allows ([`super::history`]).

mod actor;
mod director;
mod ends;
mod select;
mod sleeper;
mod transfer;
mod wait;
mod world;

use std::sync::Arc;

use super::stage::{self, ACTORS, Part, Turn, trace};
use actor::Actor;
use director::Director;
use world::World;

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
    let (world, ends) = World::new(&flavours[..channels]);
    let world = Arc::new(world);
    trace(|| {
        let capacities: Vec<_> = world.lines.iter().map(|line| line.capacity).collect();
        format!(
            "{kind:?}, capacities {capacities:?}, {threads} threads, domain holds {held:02b}, ends kept: \
             {keeps_ends}, then turns of {afterwards:?}"
        )
    });
    let parts = (0..threads).map(|number| {
        let is_held = number < 2 && held & (1 << number) != 0;
        let mut actor = Actor::new(&world, number, &ends, is_held);
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
