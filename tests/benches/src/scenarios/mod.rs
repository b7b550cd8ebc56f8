//! What is measured: each row of the table is a scenario, which every peer plays as far as it can.

mod alone;
mod select;
mod team;
mod transfer;
mod turns;

use std::time::Duration;

use crate::peers::{Capacity, Peer};

/// How many threads, and what passes between them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    pub(crate) producers: usize,
    pub(crate) consumers: usize,
    pub(crate) capacity: Capacity,
    /// Messages come in batches of [`crate::peers::BATCH`].
    pub(crate) batches: bool,
    /// All threads on one core.
    pub(crate) pinned: bool,
}

/// A scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scenario {
    Transfer(Transfer),
    /// The same with messages of 64 bytes.
    Large(Transfer),
    /// There and back, one message at a time.
    PingPong {
        capacity: usize,
    },
    /// One thread sends and receives.
    Solo {
        capacity: Capacity,
    },
    /// The same by batches.
    SoloBatches,
    /// A channel is made, sends one message, receives it and goes.
    Create {
        capacity: Capacity,
    },
    /// The same with a channel for one message.
    Once,
    /// One thread sends and receives pages of 4 KiB.
    Pages,
    /// One consumer receives from whichever of four channels has something.
    Select,
    /// A receiver that sleeps is sent to.
    Wake,
}

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// What one operation is.
    pub(crate) unit: &'static str,
    pub(crate) scenario: Scenario,
}

/// How often it was done, and how long that took in all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Played {
    pub(crate) operations: usize,
    pub(crate) time: Duration,
}

impl Played {
    pub(crate) fn ns_each(self) -> f64 {
        self.time.as_nanos() as f64 / self.operations as f64
    }
}

impl Scenario {
    /// Plays it with about so many operations. `None`: this peer cannot.
    pub(crate) fn play<P: Peer>(&self, operations: usize) -> Option<Played> {
        match *self {
            Self::Transfer(transfer) => {
                transfer::play::<P, [u64; 1]>(transfer, operations, |number| [number])
            }
            Self::Large(transfer) => {
                transfer::play::<P, [u64; 8]>(transfer, operations, |number| [number; 8])
            }
            Self::PingPong { capacity } => turns::ping_pong::<P>(capacity, operations),
            Self::Solo { capacity } => alone::solo::<P>(capacity, operations),
            Self::SoloBatches => alone::solo_batches::<P>(operations),
            Self::Create { capacity } => alone::create::<P>(capacity, operations),
            Self::Once => alone::once::<P>(operations),
            Self::Pages => alone::pages::<P>(operations),
            Self::Select => select::play::<P>(operations),
            Self::Wake => turns::wake::<P>(operations),
        }
    }

    /// Whether that peer cannot do this, or never comes to an end.
    pub(crate) fn leaves_out(&self, peer: &str) -> bool {
        match peer {
            // Its threads wait for each other by spinning for ever.
            "crossfire" => {
                matches!(self, Self::Transfer(Transfer { consumers: 2.., capacity: Some(1), .. }))
            }
            // One end has one user.
            "single ends" => matches!(
                self,
                Self::Transfer(Transfer { producers: 2.., .. })
                    | Self::Large(Transfer { producers: 2.., .. })
                    | Self::Select
            ),
            _ => false,
        }
    }
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |name: String, unit, scenario| rows.push(Row { name, unit, scenario });
    let transfer = |(producers, consumers), capacity| Transfer {
        producers,
        consumers,
        capacity,
        batches: false,
        pinned: false,
    };
    let size = |capacity: Capacity| {
        capacity.map_or("unbounded".to_string(), |capacity| format!("capacity {capacity}"))
    };
    for threads in [(1, 1), (4, 1), (2, 2), (4, 4)] {
        for capacity in [Some(0), Some(1), Some(128), None] {
            let name = format!("{}p{}c {}", threads.0, threads.1, size(capacity));
            add(name, "message", Scenario::Transfer(transfer(threads, capacity)));
        }
    }
    for threads in [(1, 1), (4, 4)] {
        for capacity in [Some(128), None] {
            let name = format!("{}p{}c {}, 64 bytes", threads.0, threads.1, size(capacity));
            add(name, "message", Scenario::Large(transfer(threads, capacity)));
        }
    }
    for capacity in [Some(128), None] {
        let batches = Transfer { batches: true, ..transfer((1, 1), capacity) };
        add(format!("1p1c {}, by 32", size(capacity)), "message", Scenario::Transfer(batches));
    }
    for threads in [(1, 1), (4, 4)] {
        for capacity in [Some(1), Some(128), None] {
            let name = format!("{}p{}c {}, one core", threads.0, threads.1, size(capacity));
            let pinned = Transfer { pinned: true, ..transfer(threads, capacity) };
            add(name, "message", Scenario::Transfer(pinned));
        }
    }
    add("ping-pong capacity 1".into(), "round trip", Scenario::PingPong { capacity: 1 });
    for capacity in [Some(128), None] {
        add(format!("solo {}", size(capacity)), "send + receive", Scenario::Solo { capacity });
    }
    add("solo capacity 128, by 32".into(), "send + receive", Scenario::SoloBatches);
    for capacity in [Some(1), None] {
        add(format!("create, send one, drop, {}", size(capacity)), "channel", Scenario::Create { capacity });
    }
    add("one-shot".into(), "channel", Scenario::Once);
    add("solo capacity 16, pages of 4 KiB".into(), "send + receive", Scenario::Pages);
    add("select over 4, capacity 128".into(), "message", Scenario::Select);
    add("wake a receiver that sleeps".into(), "wake-up", Scenario::Wake);
    rows
}
