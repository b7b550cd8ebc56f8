//! One-shot channels: one message, received in every way, dropped once; one allocation, freed once.
#![cfg(not(loom))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{RefUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crossinterp_core::oneshot::{Receiver, Sender, channel, try_channel};
use crossinterp_core::{
    AllocError, Park, ParkError, RecvError, RecvTimeoutError, SendError, TryRecvError, Wakeup, unbounded,
};
use static_assertions::{assert_eq_size, assert_impl_all, assert_not_impl_any};

assert_impl_all!(Sender<Cell<u8>>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe);
assert_impl_all!(Receiver<Cell<u8>>: Send, Sync, Unpin, UnwindSafe, RefUnwindSafe, Future);
assert_impl_all!(Receiver<std::marker::PhantomPinned>: Unpin);
assert_not_impl_any!(Sender<*const u8>: Send, Sync);
assert_not_impl_any!(Receiver<std::rc::Rc<u8>>: Send, Sync);
assert_not_impl_any!(Sender<u8>: Clone);
assert_not_impl_any!(Receiver<u8>: Clone);
assert_eq_size!(Sender<[u8; 1000]>, usize);
assert_eq_size!(Receiver<[u8; 1000]>, usize);

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static FREED: Cell<usize> = const { Cell::new(0) };
    static REFUSES: Cell<bool> = const { Cell::new(false) };
    /// How many channels for a [`Wide`] this thread has made and not freed.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

const WIDE: usize = 256;

/// What only the channels of the stress test ask of the allocator.
const ALIGN: usize = 512;
static STRESSED: AtomicIsize = AtomicIsize::new(0);

fn count(layout: Layout, one: isize) {
    match layout.align() {
        ALIGN => _ = STRESSED.fetch_add(one, Ordering::Relaxed),
        WIDE => _ = LIVE.try_with(|live| live.set(live.get() + one)),
        _ => {}
    }
}

/// The system's allocator, and how often each thread asked it.
struct Counting;

// SAFETY: passed on to the system's allocator as it is, or refused.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        if REFUSES.try_with(Cell::get) == Ok(true) {
            return std::ptr::null_mut();
        }
        count(layout, 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        _ = FREED.try_with(|count| count.set(count.get() + 1));
        count(layout, -1);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

const SHORT: Duration = Duration::from_millis(2);
const LONG: Duration = Duration::from_secs(60);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls on this thread until the future is ready.
fn block_on<R>(future: impl Future<Output = R>) -> R {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

/// A waker that counts its calls.
#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn counting() -> (Arc<Calls>, Waker) {
    let calls = Arc::new(Calls::default());
    (Arc::clone(&calls), Waker::from(calls))
}

fn poll<T>(rx: &mut Receiver<T>, waker: &Waker) -> Poll<Result<T, RecvError>> {
    rx.poll_recv(&Context::from_waker(waker))
}

/// Sleeps by std's means until the time it is given.
struct Sleeps(Waker, Option<Wakeup>);

impl Park for Sleeps {
    fn waker(&self) -> Waker {
        self.0.clone()
    }

    fn park(&self) -> Wakeup {
        self.1.unwrap_or_else(|| {
            thread::park();
            Wakeup::Woken
        })
    }
}

type Way<T> = (&'static str, fn(Receiver<T>) -> Option<T>);

fn ways<T>() -> [Way<T>; 8] {
    [
        ("recv", |rx| rx.recv().ok()),
        ("recv_timeout", |mut rx| rx.recv_timeout(LONG).ok()),
        ("recv_timeout, for ever", |mut rx| rx.recv_timeout(Duration::MAX).ok()),
        ("recv_deadline", |mut rx| rx.recv_deadline(Instant::now() + LONG).ok()),
        ("recv_parking", |mut rx| {
            rx.recv_parking(&Sleeps(Waker::from(Arc::new(Unpark(thread::current()))), None)).ok()
        }),
        ("a task", |rx| block_on(rx).ok()),
        ("a task that gives up, and another one", |mut rx| {
            if let Poll::Ready(received) = poll(&mut rx, Waker::noop()) {
                return received.ok();
            }
            block_on(poll_fn(|context| rx.poll_recv(context))).ok()
        }),
        ("try_recv", |mut rx| {
            loop {
                match rx.try_recv() {
                    Ok(message) => return Some(message),
                    Err(TryRecvError::Disconnected) => return None,
                    Err(TryRecvError::Empty) => thread::yield_now(),
                }
            }
        }),
    ]
}

#[test]
fn a_message_that_is_there_is_received_in_every_way() {
    for (name, receive) in ways() {
        let (tx, rx) = channel();
        assert_eq!(tx.send(7), Ok(()));
        assert_eq!(receive(rx), Some(7), "{name}");
    }
}

#[test]
fn a_message_that_comes_is_received_in_every_way() {
    for (name, receive) in ways() {
        let (tx, rx) = channel();
        let receiver = thread::spawn(move || receive(rx));
        thread::sleep(10 * SHORT);
        assert_eq!(tx.send(7), Ok(()));
        assert_eq!(receiver.join().unwrap(), Some(7), "{name}");
    }
}

#[test]
fn the_senders_going_ends_every_way() {
    for (name, receive) in ways::<u8>() {
        let (tx, rx) = channel();
        drop(tx);
        assert_eq!(receive(rx), None, "{name}");
        let (tx, rx) = channel();
        let receiver = thread::spawn(move || receive(rx));
        thread::sleep(10 * SHORT);
        drop(tx);
        assert_eq!(receiver.join().unwrap(), None, "{name}");
    }
}

#[test]
fn who_was_received_from_is_terminated() {
    let (tx, mut rx) = channel();
    assert!(!rx.is_terminated());
    tx.send(1).unwrap();
    assert!(!rx.is_terminated(), "there is a message");
    assert_eq!(poll(&mut rx, Waker::noop()), Poll::Ready(Ok(1)));
    assert!(rx.is_terminated() && !rx.is_stale());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(rx.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
    assert_eq!(rx.recv_parking(&Sleeps(Waker::noop().clone(), None)), Err(ParkError::Disconnected));
    assert_eq!(Pin::new(&mut rx).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Err(RecvError)));
    rx.close();
    assert_eq!(rx.recv(), Err(RecvError));
}

#[test]
fn a_receiver_that_timed_out_can_receive() {
    let (tx, mut rx) = channel();
    let start = Instant::now();
    assert_eq!(rx.recv_timeout(10 * SHORT), Err(RecvTimeoutError::Timeout));
    assert!(start.elapsed() >= 10 * SHORT);
    assert_eq!(rx.recv_timeout(Duration::ZERO), Err(RecvTimeoutError::Timeout));
    assert_eq!(rx.recv_deadline(start), Err(RecvTimeoutError::Timeout));
    for (wakeup, error) in
        [(Wakeup::TimedOut, ParkError::TimedOut), (Wakeup::Interrupted, ParkError::Interrupted)]
    {
        let (calls, waker) = counting();
        assert_eq!(rx.recv_parking(&Sleeps(waker, Some(wakeup))), Err(error));
        assert_eq!(Arc::strong_count(&calls), 1, "the waker was not given back");
    }
    tx.send(7).unwrap();
    assert_eq!(rx.recv_deadline(start), Ok(7), "it is there");
}

#[test]
fn a_sleep_may_end_for_no_reason() {
    let (tx, rx) = channel();
    let receiver = thread::spawn(move || rx.recv());
    for _ in 0..20 {
        thread::sleep(SHORT / 4);
        receiver.thread().unpark();
    }
    tx.send(7).unwrap();
    assert_eq!(receiver.join().unwrap(), Ok(7));
}

#[test]
fn closing_keeps_what_came_before() {
    let (tx, mut rx) = channel();
    tx.send(1).unwrap();
    rx.close();
    rx.close();
    assert!(!rx.is_terminated());
    assert_eq!(rx.recv(), Ok(1));

    let (tx, mut rx) = channel();
    rx.close();
    assert!(rx.is_terminated() && tx.is_closed());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(tx.send(2), Err(SendError(2)));

    let (tx, mut rx) = channel::<u8>();
    drop(tx);
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));

    // One that waits is closed too, and its waker given back.
    let (tx, mut rx) = channel();
    let (calls, waker) = counting();
    assert!(poll(&mut rx, &waker).is_pending());
    drop(waker);
    rx.close();
    assert_eq!(poll(&mut rx, Waker::noop()), Poll::Ready(Err(RecvError)));
    assert_eq!(tx.send(3), Err(SendError(3)));
    assert_eq!((calls.0.load(Ordering::SeqCst), Arc::strong_count(&calls)), (0, 1));
}

/// Counts drops.
struct Dropped<'a>(&'a Cell<u32>);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn a_message_is_dropped_once() {
    let drops = Cell::new(0);
    let mut expected = 0;
    let mut require = |what: &str| {
        expected += 1;
        assert_eq!(drops.get(), expected, "{what}");
    };

    let (tx, mut rx) = channel();
    assert!(tx.send(Dropped(&drops)).is_ok());
    drop(rx.try_recv());
    require("received");
    drop(rx);
    let (tx, rx) = channel();
    assert!(tx.send(Dropped(&drops)).is_ok());
    drop(rx);
    require("left there");
    let (tx, mut rx) = channel();
    assert!(tx.send(Dropped(&drops)).is_ok());
    rx.close();
    drop(rx);
    require("left there, and closed");
    let (tx, rx) = channel();
    drop(rx);
    let back = tx.send(Dropped(&drops));
    assert_eq!(drops.get(), 3);
    drop(back);
    require("handed back");
    let (tx, mut rx) = channel();
    assert!(poll(&mut rx, Waker::noop()).is_pending());
    assert!(tx.send(Dropped(&drops)).is_ok());
    drop(rx);
    require("left there by one that waited");
}

/// A message whose channels are counted: see `WIDE`.
#[derive(Debug)]
#[repr(align(256))]
struct Wide<M>(M);

#[test]
fn a_panic_in_a_drop_frees_all_the_same() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("a drop that panics");
        }
    }
    for waits in [false, true] {
        let witness = Arc::new(());
        let (tx, mut rx) = channel();
        if waits {
            assert!(poll(&mut rx, Waker::noop()).is_pending());
        }
        assert!(tx.send(Wide((Panics, Arc::clone(&witness)))).is_ok());
        assert_eq!(LIVE.get(), 1);
        assert!(catch_unwind(move || drop(rx)).is_err());
        assert_eq!((LIVE.get(), Arc::strong_count(&witness)), (0, 1));
    }
}

#[test]
fn a_panic_in_a_waker_leaves_a_whole_channel() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    let panics = Waker::from(Arc::new(Panics));
    let (tx, mut rx) = channel();
    assert!(poll(&mut rx, &panics).is_pending());
    assert!(catch_unwind(move || _ = tx.send(Wide(7))).is_err());
    assert_eq!(rx.try_recv().map(|message| message.0), Ok(7));
    assert_eq!(LIVE.get(), 0);

    let (mut tx, rx) = channel::<Wide<u8>>();
    assert!(tx.poll_closed(&Context::from_waker(&panics)).is_pending());
    assert!(catch_unwind(move || drop(rx)).is_err());
    assert!(tx.send(Wide(7)).is_err());
    assert_eq!(LIVE.get(), 0);

    // One whose drop panics does so after the peer was told.
    struct DropPanics;
    impl Wake for DropPanics {
        fn wake(self: Arc<Self>) {
            unreachable!("who goes is not called");
        }
    }
    impl Drop for DropPanics {
        fn drop(&mut self) {
            panic!("a waker whose drop panics");
        }
    }
    for sends in [false, true] {
        let (mut tx, mut rx) = channel();
        let closed = Waker::from(Arc::new(DropPanics));
        assert!(tx.poll_closed(&Context::from_waker(&closed)).is_pending());
        drop(closed);
        assert!(
            catch_unwind(move || if sends {
                _ = tx.send(Wide(7))
            })
            .is_err()
        );
        assert_eq!(rx.try_recv().is_ok(), sends);
        assert!(rx.is_terminated());

        let (mut tx, mut rx) = channel::<Wide<u8>>();
        let waker = Waker::from(Arc::new(DropPanics));
        assert!(poll(&mut rx, &waker).is_pending());
        drop(waker);
        assert!(tx.poll_closed(&Context::from_waker(Waker::noop())).is_pending());
        assert!(
            catch_unwind(move || if sends {
                rx.close()
            })
            .is_err()
        );
        assert!(tx.is_closed());
    }
    assert_eq!(LIVE.get(), 0);
}

#[test]
fn the_last_waker_is_the_one_that_is_called() {
    for sends in [false, true] {
        let (tx, mut rx) = channel();
        let (first, first_waker) = counting();
        let (second, second_waker) = counting();
        assert!(poll(&mut rx, &first_waker).is_pending());
        assert!(poll(&mut rx, &second_waker).is_pending());
        assert_eq!(Arc::strong_count(&first), 2, "it is kept no longer");
        assert!(poll(&mut rx, &second_waker.clone()).is_pending());
        assert_eq!(Arc::strong_count(&second), 3, "it is kept once");
        if sends {
            tx.send(7).unwrap()
        } else {
            drop(tx)
        }
        assert_eq!((first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst)), (0, 1));
        assert_eq!(Arc::strong_count(&second), 2);
        assert_eq!(poll(&mut rx, &first_waker), Poll::Ready(if sends { Ok(7) } else { Err(RecvError) }));
        assert_eq!((first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst)), (0, 1));
    }
}

#[test]
fn a_sender_is_told_that_nobody_receives() {
    for closes in [false, true] {
        let (mut tx, mut rx) = channel();
        let (first, first_waker) = counting();
        let (second, second_waker) = counting();
        assert_eq!(tx.poll_closed(&Context::from_waker(&first_waker)), Poll::Pending);
        assert_eq!(tx.poll_closed(&Context::from_waker(&second_waker)), Poll::Pending);
        assert_eq!(Arc::strong_count(&first), 2, "it is kept no longer");
        assert!(!tx.is_closed());
        if closes {
            rx.close()
        } else {
            drop(rx)
        }
        assert_eq!((first.0.load(Ordering::SeqCst), second.0.load(Ordering::SeqCst)), (0, 1));
        assert!(tx.is_closed());
        assert_eq!(tx.poll_closed(&Context::from_waker(&first_waker)), Poll::Ready(()));
        assert_eq!(tx.send(1), Err(SendError(1)));
        assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (2, 2));
    }

    // One that sends, or goes, does not wait any more.
    for sends in [false, true] {
        let (mut tx, rx) = channel();
        let (calls, waker) = counting();
        assert!(tx.poll_closed(&Context::from_waker(&waker)).is_pending());
        if sends {
            tx.send(1).unwrap()
        } else {
            drop(tx)
        }
        assert_eq!(Arc::strong_count(&calls), 2);
        drop(rx);
        assert_eq!(calls.0.load(Ordering::SeqCst), 0);
    }

    // Across threads.
    let (mut tx, rx) = channel::<u8>();
    let sender = thread::spawn(move || block_on(poll_fn(|context| tx.poll_closed(context))));
    thread::sleep(SHORT);
    drop(rx);
    sender.join().unwrap();
}

#[test]
fn messages_of_every_size_pass() {
    let (tx, rx) = channel();
    tx.send(()).unwrap();
    assert_eq!(rx.recv(), Ok(()));

    let (tx, rx) = channel();
    tx.send(Wide(3_u8)).unwrap();
    let Wide(number) = rx.recv().unwrap();
    assert_eq!(number, 3);

    let (tx, rx) = channel();
    tx.send([5_u64; 4_000]).unwrap();
    assert_eq!(rx.recv().map(|numbers| numbers.iter().sum::<u64>()), Ok(20_000));

    let (tx, rx) = channel::<std::convert::Infallible>();
    drop(tx);
    assert_eq!(rx.recv(), Err(RecvError));
}

/// What the thread allocated and freed in between.
fn allocated(work: impl FnOnce()) -> (usize, usize) {
    let before = (ALLOCATIONS.get(), FREED.get());
    work();
    (ALLOCATIONS.get() - before.0, FREED.get() - before.1)
}

#[test]
fn a_channel_is_one_allocation() {
    let send_and_receive = || {
        let (tx, mut rx) = channel();
        tx.send(1).unwrap();
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
    };
    assert_eq!(allocated(send_and_receive), (1, 1));
    let wait_and_go = || {
        let (mut tx, mut rx) = channel::<[u8; 100]>();
        let mut context = Context::from_waker(Waker::noop());
        assert!(tx.poll_closed(&context).is_pending());
        assert!(poll(&mut rx, Waker::noop()).is_pending());
        assert!(Pin::new(&mut rx).poll(&mut context).is_pending());
        assert!(rx.recv_parking(&Sleeps(Waker::noop().clone(), Some(Wakeup::TimedOut))).is_err());
        drop(rx);
        assert_eq!(tx.send([0; 100]).map_err(SendError::into_inner), Err([0; 100]));
    };
    assert_eq!(allocated(wait_and_go), (1, 1));

    // It is freed when it has served, not when the ends go.
    let (tx, mut rx) = channel();
    tx.send(Wide(1)).unwrap();
    assert_eq!(LIVE.get(), 1);
    assert_eq!(rx.try_recv().map(|message| message.0), Ok(1));
    assert_eq!(LIVE.get(), 0);
    let (tx, rx) = channel::<Wide<u8>>();
    drop(tx);
    assert_eq!(LIVE.get(), 1);
    drop(rx);
    assert_eq!(LIVE.get(), 0);
}

#[test]
fn without_memory_there_is_an_error() {
    REFUSES.set(true);
    let made = try_channel::<u8>();
    REFUSES.set(false);
    assert_eq!(made.unwrap_err(), AllocError);
    assert!(try_channel::<u8>().is_ok());
}

#[test]
fn ends_can_be_printed() {
    let (tx, mut rx) = channel::<*const u8>();
    assert_eq!(format!("{tx:?}"), "Sender { is_closed: false, .. }");
    assert_eq!(format!("{rx:?}"), "Receiver { is_terminated: false, .. }");
    rx.close();
    assert_eq!(format!("{tx:?}"), "Sender { is_closed: true, .. }");
    assert_eq!(format!("{rx:?}"), "Receiver { is_terminated: true, .. }");
}

/// A message of the stress test.
#[derive(Debug)]
#[repr(align(512))]
struct Stressed(u32);

static STRESSED_DROPS: AtomicUsize = AtomicUsize::new(0);

impl Drop for Stressed {
    fn drop(&mut self) {
        STRESSED_DROPS.fetch_add(1, Ordering::Relaxed);
    }
}

/// Two threads, many channels: all ways of receiving, of sending and of going meet.
#[test]
fn many_channels_between_two_threads() {
    const ROUNDS: u32 = if cfg!(debug_assertions) { 40_000 } else { 400_000 };
    let ways: Vec<_> = ways::<Stressed>()
        .into_iter()
        .map(|(_, receive)| receive)
        .chain([
            // Those that may go without a message.
            (|mut rx| rx.recv_timeout(Duration::from_micros(5)).ok()) as fn(Receiver<Stressed>) -> _,
            |mut rx| rx.recv_deadline(Instant::now()).ok(),
            |mut rx| {
                _ = poll(&mut rx, Waker::noop());
                rx.close();
                rx.try_recv().ok()
            },
            |rx| {
                drop(rx);
                None
            },
            |mut rx| {
                _ = poll(&mut rx, Waker::noop());
                None
            },
        ])
        .collect();
    let always = ways.len() - 5;
    let (channels, others) = unbounded::<(u32, Sender<Stressed>)>();
    let sender = thread::spawn(move || {
        let (mut sent, mut back) = (0, 0);
        for (round, mut tx) in others {
            (0..round % 61).for_each(|_| std::hint::spin_loop());
            if round % 7 == 0 {
                continue;
            }
            if round % 5 == 0 {
                _ = tx.poll_closed(&Context::from_waker(Waker::noop()));
            }
            match tx.send(Stressed(round)) {
                Ok(()) => sent += 1,
                Err(SendError(message)) => {
                    assert_eq!(message.0, round);
                    back += 1;
                }
            }
        }
        (sent, back)
    });
    let mut received = 0;
    for round in 0..ROUNDS {
        let (tx, rx) = channel();
        channels.try_send((round, tx)).unwrap();
        (0..round % 53).for_each(|_| std::hint::spin_loop());
        let way = round as usize % ways.len();
        let message = ways[way](rx);
        assert!(message.as_ref().is_none_or(|message| message.0 == round));
        assert!(way >= always || message.is_some() == (round % 7 != 0), "way {way}");
        received += u32::from(message.is_some());
    }
    drop(channels);
    let (sent, back) = sender.join().unwrap();
    let made = ROUNDS - ROUNDS.div_ceil(7);
    assert_eq!(sent + back, made);
    assert!(received <= sent);
    assert_eq!(STRESSED_DROPS.load(Ordering::Relaxed), made as usize, "each message is dropped once");
    assert_eq!(STRESSED.load(Ordering::Relaxed), 0, "each channel is freed once");
}
