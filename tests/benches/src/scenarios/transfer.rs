//! Producers and consumers on one channel.

use std::hint::black_box;

use super::{Played, Transfer, team};
use crate::peers::{BATCH, Peer};

/// `make` makes the message of a number.
pub(super) fn play<P: Peer, T: Send + Unpin + 'static>(
    transfer: Transfer,
    messages: usize,
    make: fn(u64) -> T,
) -> Option<Played> {
    let Transfer { producers, consumers, capacity, batches, pinned } = transfer;
    let (sender, receiver) = P::channel::<T>(capacity)?;
    let mut receivers = Vec::new();
    for _ in 1..consumers {
        receivers.push(P::share(&receiver)?);
    }
    receivers.push(receiver);
    let each = messages.div_ceil(producers * BATCH) * BATCH;
    let mut parts: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
    for mut receiver in receivers {
        parts.push(Box::new(move || {
            if batches {
                let mut batch = Vec::with_capacity(BATCH);
                while P::recv_batch(&mut receiver, &mut batch) {
                    batch.drain(..).for_each(|message| _ = black_box(message));
                }
            } else {
                while let Some(message) = P::recv(&mut receiver) {
                    black_box(message);
                }
            }
        }));
    }
    let senders: Vec<_> = (1..producers).map(|_| sender.clone()).collect();
    for mut sender in senders.into_iter().chain([sender]) {
        parts.push(Box::new(move || {
            if batches {
                let mut batch = Vec::with_capacity(BATCH);
                for first in (0..each).step_by(BATCH) {
                    batch.extend((first..first + BATCH).map(|number| make(number as u64)));
                    P::send_batch(&mut sender, &mut batch);
                }
            } else {
                for number in 0..each {
                    P::send(&mut sender, make(number as u64));
                }
            }
        }));
    }
    Some(Played { operations: each * producers, time: team::run(parts, pinned) })
}
