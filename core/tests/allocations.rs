//! Who waits allocates nothing, once as many have waited on that channel before.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use crossinterp_core::{Park, Receiver, Sender, Wakeup, bounded, rendezvous, select, unbounded};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, and how often each thread asked it.
struct Counting;

// SAFETY: passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Gives up at once.
struct GivesUp;

impl Park for GivesUp {
    fn waker(&self) -> Waker {
        Waker::noop().clone()
    }

    fn park(&self) -> Wakeup {
        Wakeup::TimedOut
    }
}

/// Waits in vain in every way, on a channel that is empty and on one that is full.
fn wait_in_vain(rx: &Receiver<u64>, tx: Option<&Sender<u64>>) {
    let context = Context::from_waker(Waker::noop());
    assert!(rx.recv_parking(&GivesUp).is_err());
    assert!(rx.recv_timeout(Duration::ZERO).is_err());
    assert!(rx.begin_recv(Waker::noop().clone()).unwrap().finish().is_err());
    let mut wait = None;
    assert!(rx.poll_recv(&context, &mut wait).is_pending() && rx.poll_recv(&context, &mut wait).is_pending());
    drop(wait);
    let mut future = rx.recv_async();
    assert!(pin!(&mut future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(future);
    select! { recv(rx) -> _ => unreachable!(), recv(rx) -> _ => unreachable!(), default => {} }
    select! { recv(rx) -> _ => unreachable!(), default(Duration::ZERO) => {} }
    if let Some(tx) = tx {
        assert!(tx.send_parking(1, &GivesUp).is_err());
        assert!(tx.send_timeout(1, Duration::ZERO).is_err());
        assert!(tx.begin_send(1, Waker::noop().clone()).unwrap().finish().is_err());
        let (mut message, mut wait) = (Some(1), None);
        assert!(tx.poll_send(&context, &mut message, &mut wait).is_pending());
        drop(wait);
        let mut future = tx.send_async(1);
        assert!(pin!(&mut future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(future.into_inner(), Some(1));
        select! { send(tx, 1) -> _ => unreachable!(), recv(rx) -> _ => unreachable!(), default(Duration::ZERO) => {} }
    }
}

#[test]
fn waiting_allocates_nothing_when_the_nodes_are_there() {
    let (full, _kept) = bounded(1);
    full.try_send(0).unwrap();
    let (meet, met) = rendezvous();
    let (_tx, rx) = bounded(1);
    let (_other_tx, other) = unbounded();
    let all = || {
        wait_in_vain(&rx, Some(&full));
        wait_in_vain(&met, Some(&meet));
        wait_in_vain(&other, None);
    };
    all();
    let before = ALLOCATIONS.get();
    for _ in 0..100 {
        all();
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);
}
