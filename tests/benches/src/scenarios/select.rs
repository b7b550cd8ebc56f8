//! One consumer of four channels, two producers of two each.

use super::{Played, team};
use crate::peers::Peer;

const CHANNELS: usize = 4;

pub(super) fn play<P: Peer>(messages: usize) -> Option<Played> {
    let (mut senders, mut receivers) = (Vec::new(), Vec::new());
    for _ in 0..CHANNELS {
        let (sender, receiver) = P::channel::<u64>(Some(128))?;
        senders.push(sender);
        receivers.push(receiver);
    }
    if !P::select(&mut receivers, 0) {
        return None;
    }
    let each = messages.div_ceil(CHANNELS);
    let mut parts: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
    // The senders stay until all is received: a channel without senders is always ready.
    let ends = senders.clone();
    parts.push(Box::new(move || {
        P::select(&mut receivers, each * CHANNELS);
        drop(ends);
    }));
    while let (Some(mut first), Some(mut second)) = (senders.pop(), senders.pop()) {
        parts.push(Box::new(move || {
            for number in 0..each as u64 {
                P::send(&mut first, number);
                P::send(&mut second, number);
            }
        }));
    }
    Some(Played { operations: each * CHANNELS, time: team::run(parts, false) })
}
