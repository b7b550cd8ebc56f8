//! How much memory channels take, counted by an allocator that passes on to the system's.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

use crate::contest::ENTRANTS;
use crate::peers::{
    AsyncChannel, Capacity, Crossbeam, Crossfire, Flume, Kanal, Ours, Peer, Single, StdMpsc, Strict, Tokio,
};

/// Counts while it is told to; else it only looks whether it is.
struct Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
static BYTES: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: isize) {
    if COUNTS.load(Ordering::Relaxed) {
        BYTES.fetch_add(bytes, Ordering::Relaxed);
    }
}

// SAFETY: passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Messages of 8 bytes that are queued.
const BURST: usize = 10_000;

/// One thing that is counted.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Bytes, in the order of the entrants; `None` where there is no such channel.
    pub(crate) bytes: Vec<Option<f64>>,
}

/// Counts all rows. Nothing else may run.
pub(crate) fn count_all() -> Vec<Row> {
    COUNTS.store(true, Ordering::Relaxed);
    let peers: [fn(&mut [Row]); ENTRANTS.len()] = [
        add::<Ours>,
        add::<Single>,
        add::<Strict>,
        add::<Crossbeam>,
        add::<Flume>,
        add::<Kanal>,
        add::<Crossfire>,
        add::<StdMpsc>,
        add::<Tokio>,
        add::<AsyncChannel>,
    ];
    let names = [
        "an idle channel, capacity 1",
        "an idle channel, capacity 128",
        "an idle channel, unbounded",
        "a queued message of 10,000, unbounded",
        "kept after draining 10,000, unbounded",
    ];
    let mut rows = names.map(|name| Row { name, bytes: Vec::new() });
    for add in peers {
        add(&mut rows);
    }
    COUNTS.store(false, Ordering::Relaxed);
    rows.into()
}

fn add<P: Peer>(rows: &mut [Row]) {
    let figures = [
        used::<P>(Some(1), 0).map(|(idle, ..)| idle),
        used::<P>(Some(128), 0).map(|(idle, ..)| idle),
        used::<P>(None, 0).map(|(idle, ..)| idle),
        used::<P>(None, BURST).map(|(idle, full, _)| (full - idle) / BURST as f64),
        used::<P>(None, BURST).map(|(_, _, drained)| drained),
    ];
    for (row, bytes) in rows.iter_mut().zip(figures) {
        row.bytes.push(bytes);
    }
}

/// Bytes of a new channel, with so many messages in it, and drained again.
fn used<P: Peer>(capacity: Capacity, messages: usize) -> Option<(f64, f64, f64)> {
    let before = BYTES.load(Ordering::Relaxed);
    let bytes = || (BYTES.load(Ordering::Relaxed) - before) as f64;
    let (mut sender, mut receiver) = P::channel::<u64>(capacity)?;
    let idle = bytes();
    for number in 0..messages as u64 {
        P::send(&mut sender, number);
    }
    let full = bytes();
    for _ in 0..messages {
        assert!(P::recv(&mut receiver).is_some(), "the sender is there");
    }
    Some((idle, full, bytes()))
}
