//! One thread alone.

use std::hint::black_box;
use std::time::Instant;

use super::Played;
use crate::peers::{BATCH, Capacity, Page, Peer};

pub(super) fn solo<P: Peer>(capacity: Capacity, operations: usize) -> Option<Played> {
    let (mut sender, mut receiver) = P::channel::<u64>(capacity)?;
    let begin = Instant::now();
    for number in 0..operations as u64 {
        P::send(&mut sender, number);
        assert_eq!(P::recv(&mut receiver), Some(number));
    }
    Some(Played { operations, time: begin.elapsed() })
}

pub(super) fn solo_batches<P: Peer>(operations: usize) -> Option<Played> {
    let (mut sender, mut receiver) = P::channel::<u64>(Some(128))?;
    let (mut sent, mut received) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    let rounds = operations.div_ceil(BATCH);
    let begin = Instant::now();
    for round in 0..rounds as u64 {
        sent.extend((0..BATCH as u64).map(|number| round + number));
        P::send_batch(&mut sender, &mut sent);
        let mut left = BATCH;
        while left > 0 {
            assert!(P::recv_batch(&mut receiver, &mut received), "the sender is there");
            left -= received.len();
            black_box(&received);
            received.clear();
        }
    }
    Some(Played { operations: rounds * BATCH, time: begin.elapsed() })
}

pub(super) fn create<P: Peer>(capacity: Capacity, operations: usize) -> Option<Played> {
    let begin = Instant::now();
    for number in 0..operations as u64 {
        let (mut sender, mut receiver) = P::channel::<u64>(capacity)?;
        P::send(&mut sender, number);
        assert_eq!(P::recv(&mut receiver), Some(number));
    }
    Some(Played { operations, time: begin.elapsed() })
}

pub(super) fn once<P: Peer>(operations: usize) -> Option<Played> {
    let begin = Instant::now();
    for number in 0..operations as u64 {
        assert_eq!(P::once(number)?, number);
    }
    Some(Played { operations, time: begin.elapsed() })
}

pub(super) fn pages<P: Peer>(operations: usize) -> Option<Played> {
    let (mut sender, mut receiver) = P::channel::<Page>(Some(16))?;
    let begin = Instant::now();
    for number in 0..operations as u64 {
        P::send_page(&mut sender, number);
        assert_eq!(P::recv_page(&mut receiver), Some(number));
    }
    Some(Played { operations, time: begin.elapsed() })
}
