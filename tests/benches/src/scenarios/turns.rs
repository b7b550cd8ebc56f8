//! Two threads, of which one always waits for the other.

use std::thread;
use std::time::{Duration, Instant};

use super::{Played, team};
use crate::peers::Peer;

pub(super) fn ping_pong<P: Peer>(capacity: usize, trips: usize) -> Option<Played> {
    let (mut there, mut from_there) = P::channel::<u64>(Some(capacity))?;
    let (mut back, mut from_back) = P::channel::<u64>(Some(capacity))?;
    let parts: Vec<Box<dyn FnOnce() + Send>> = vec![
        Box::new(move || {
            for number in 0..trips as u64 {
                P::send(&mut there, number);
                assert_eq!(P::recv(&mut from_back), Some(number));
            }
        }),
        Box::new(move || {
            while let Some(number) = P::recv(&mut from_there) {
                P::send(&mut back, number);
            }
        }),
    ];
    Some(Played { operations: trips, time: team::run(parts, false) })
}

/// Longer than anybody spins or yields before he sleeps.
const UNTIL_ASLEEP: Duration = Duration::from_micros(500);

/// How long after the send the receiver has the message.
pub(super) fn wake<P: Peer>(wakes: usize) -> Option<Played> {
    let (mut sender, mut receiver) = P::channel::<Instant>(Some(1))?;
    let time = thread::scope(|scope| {
        let waking = scope.spawn(move || {
            let mut time = Duration::ZERO;
            while let Some(sent) = P::recv(&mut receiver) {
                time += sent.elapsed();
            }
            time
        });
        for _ in 0..wakes {
            thread::sleep(UNTIL_ASLEEP);
            P::send(&mut sender, Instant::now());
        }
        drop(sender);
        waking.join().expect("it does not panic")
    });
    Some(Played { operations: wakes, time })
}
