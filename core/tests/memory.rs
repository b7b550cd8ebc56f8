//! What a channel keeps: after a burst, after many have waited, and that it says so itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::task::Waker;

use crossinterp_core::{Receiver, Sender, bounded, rendezvous, unbounded};

thread_local! {
    static BYTES: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, and how many bytes each thread took from it, less those that it gave back.
struct Counting;

// SAFETY: passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        _ = BYTES.try_with(|bytes| bytes.set(bytes.get() + layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        _ = BYTES.try_with(|bytes| bytes.set(bytes.get() - layout.size() as isize));
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A channel; what it says that it has must be what was allocated, at each look.
struct Watched<T> {
    tx: Sender<T>,
    rx: Receiver<T>,
    before: isize,
}

impl<T> Watched<T> {
    fn new(make: impl FnOnce() -> (Sender<T>, Receiver<T>)) -> Self {
        let before = BYTES.get();
        let (tx, rx) = make();
        Self { tx, rx, before }
    }

    fn look(&self) -> crossinterp_core::Memory {
        let memory = self.rx.memory();
        assert_eq!(memory.total() as isize, BYTES.get() - self.before);
        assert_eq!(memory, self.tx.memory());
        memory
    }

    /// So many receives wait at once, and go.
    fn let_wait(&self, many: usize) {
        let waits: Vec<_> = (0..many).map(|_| self.rx.begin_recv(Waker::noop().clone()).unwrap()).collect();
        assert!(waits.iter().all(|wait| !wait.is_settled()));
    }
}

#[test]
fn a_burst_leaves_little_behind() {
    const BURST: u64 = if cfg!(miri) { 1000 } else { 1_000_000 };
    let channel = Watched::new(unbounded::<u64>);
    assert_eq!(channel.look().queue, 0);
    for number in 0..BURST {
        channel.tx.try_send(number).unwrap();
    }
    let full = channel.look();
    assert!(full.queue >= 8 * BURST as usize, "{full:?}");
    for number in 0..BURST {
        assert_eq!(channel.rx.try_recv(), Ok(number));
    }
    let drained = channel.look();
    println!("unbounded, {BURST} messages of 8 bytes: {full:?}; drained: {drained:?}");
    assert!(drained.queue <= 4096, "{drained:?}");
}

#[test]
fn a_channel_says_what_its_waiters_left_behind() {
    for make in [rendezvous::<u64> as fn() -> _, || bounded(10), unbounded] {
        let channel = Watched::new(make);
        assert_eq!(channel.look().waiters, 0);
        channel.let_wait(8);
        let eight = channel.look().waiters;
        channel.let_wait(1000);
        let kept = channel.look();
        assert_eq!(kept.waiters, 125 * eight);
        // They are used again.
        channel.let_wait(1000);
        assert_eq!(channel.look(), kept);
        println!("capacity {:?}, after 1000 waiters: {kept:?}", channel.rx.capacity());
    }
}

#[test]
fn a_bounded_channel_has_its_slots_from_the_beginning() {
    let channel = Watched::new(|| bounded::<u64>(1000));
    let new = channel.look();
    assert!(new.queue >= 8000 && new.waiters == 0, "{new:?}");
    (0..1000).for_each(|number| channel.tx.try_send(number).unwrap());
    assert_eq!(channel.look(), new);
}
