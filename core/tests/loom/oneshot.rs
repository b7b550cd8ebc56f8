//! One-shot channels: the message and the wakers are seen whole, nobody sleeps for ever, and the memory is freed once,
//! after everybody has left it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crossinterp_core::oneshot::{self, Receiver, Sender};
use crossinterp_core::{Park, ParkError, RecvError, TryRecvError, Wakeup};
use loom::thread;

use super::outcomes::explore;

thread_local! {
    /// How many channels of this model are not freed. (Loom's threads are one of the machine's.)
    static CHANNELS: Cell<isize> = const { Cell::new(0) };
    /// How many messages were dropped.
    static DROPS: Cell<usize> = const { Cell::new(0) };
}

/// What only a channel for a [`Message`] asks of the allocator.
const ALIGN: usize = 256;

/// The system's allocator; counts what has that alignment.
struct Counting;

// SAFETY: passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() == ALIGN {
            CHANNELS.set(CHANNELS.get() + 1);
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if layout.align() == ALIGN {
            CHANNELS.set(CHANNELS.get() - 1);
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[derive(Debug)]
#[repr(align(256))]
struct Message(u32);

impl Drop for Message {
    fn drop(&mut self) {
        DROPS.set(DROPS.get() + 1);
    }
}

/// As `explore`, of a model that makes one channel: it is freed once, and `messages` of those made are dropped, once each.
fn explore_one<K, const N: usize>(
    expected: [K; N],
    messages: usize,
    model: impl Fn(Sender<Message>, Receiver<Message>) -> K + Send + Sync + 'static,
) where
    K: Clone + Ord + Debug + Send + 'static,
{
    explore(expected, move || {
        (CHANNELS.set(0), DROPS.set(0));
        let (tx, rx) = oneshot::channel();
        assert_eq!(CHANNELS.get(), 1);
        let outcome = model(tx, rx);
        assert_eq!((CHANNELS.get(), DROPS.get()), (0, messages), "channels that are left, messages dropped");
        outcome
    });
}

/// A waker that knows whether it was called.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        assert!(!self.0.swap(true, Ordering::Relaxed), "called twice");
    }
}

impl Flag {
    fn new() -> (Arc<Self>, Waker) {
        let flag = Arc::new(Self::default());
        (Arc::clone(&flag), Waker::from(flag))
    }

    fn was_called(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Drops the message.
fn number(message: Message) -> u32 {
    message.0
}

fn poll(rx: &mut Receiver<Message>, waker: &Waker) -> Poll<Result<u32, RecvError>> {
    rx.poll_recv(&Context::from_waker(waker)).map_ok(number)
}

fn receive_at_last(rx: &mut Receiver<Message>) -> (u32, usize) {
    let mut tries = 0;
    loop {
        match rx.try_recv() {
            Ok(message) => return (number(message), tries),
            Err(TryRecvError::Disconnected) => panic!("it was sent"),
            Err(TryRecvError::Empty) => {}
        }
        tries += 1;
        thread::yield_now();
    }
}

/// What is received was written before, all of it, and who receives it may free the channel: loom reports an access that
/// is not ordered.
#[test]
fn a_message_is_seen_whole() {
    explore_one([false, true], 1, |tx, mut rx| {
        let receiver = thread::spawn(move || {
            let received = receive_at_last(&mut rx);
            assert_eq!(CHANNELS.get(), 0, "whoever receives frees it");
            received
        });
        tx.send(Message(7)).unwrap();
        let (message, tries) = receiver.join().unwrap();
        assert_eq!(message, 7);
        tries > 0
    });
}

/// Who sends finds the waker of a receiver that began to wait before, and calls it; who begins to wait too late finds the
/// message.
#[test]
fn the_waker_is_seen_whole() {
    explore_one(["received", "called"], 1, |tx, mut rx| {
        let sender = thread::spawn(move || tx.send(Message(7)).unwrap());
        let (flag, waker) = Flag::new();
        let first = poll(&mut rx, &waker);
        sender.join().unwrap();
        assert_eq!(flag.was_called(), first.is_pending());
        match first {
            Poll::Ready(message) => {
                assert_eq!(message, Ok(7));
                "received"
            }
            Poll::Pending => {
                assert_eq!(poll(&mut rx, &waker), Poll::Ready(Ok(7)));
                "called"
            }
        }
    });
}

/// The sender's going instead of its message, to one that waits or begins to.
#[test]
fn going_wakes_the_receiver() {
    explore_one([false, true], 0, |tx, mut rx| {
        let sender = thread::spawn(move || drop(tx));
        let (flag, waker) = Flag::new();
        let first = poll(&mut rx, &waker);
        sender.join().unwrap();
        assert_eq!(flag.was_called(), first.is_pending());
        assert!(first.is_pending() || first == Poll::Ready(Err(RecvError)));
        assert_eq!(poll(&mut rx, &waker), Poll::Ready(Err(RecvError)));
        first.is_pending()
    });
}

/// A receiver that looks, finds nothing and goes to sleep just as the message comes is woken. (A sleep that nobody ends is a
/// deadlock, which loom reports.)
#[test]
fn no_lost_wakeup() {
    explore_one([false, true], 1, |tx, mut rx| {
        let receiver = thread::spawn(move || {
            let first = rx.try_recv().map(number);
            let at_once = first.is_ok();
            assert_eq!(first.or_else(|_| rx.recv().map(number)), Ok(7));
            at_once
        });
        tx.send(Message(7)).unwrap();
        receiver.join().unwrap()
    });
}

/// The receiver that waited takes the message while the sender still has its waker: whoever is last frees the channel.
#[test]
fn who_comes_last_frees() {
    explore_one(["the receiver", "the sender"], 1, |tx, mut rx| {
        let (flag, waker) = Flag::new();
        assert!(poll(&mut rx, &waker).is_pending());
        let sender = thread::spawn(move || tx.send(Message(7)).unwrap());
        assert_eq!(receive_at_last(&mut rx).0, 7);
        let left = CHANNELS.get();
        sender.join().unwrap();
        assert!(flag.was_called());
        if left == 0 { "the receiver" } else { "the sender" }
    });
}

/// The same where the sender waited to be told, and the receiver goes.
#[test]
fn who_comes_last_frees_when_the_receiver_goes() {
    let expected =
        [("the receiver", true), ("the receiver", false), ("the sender", true), ("the sender", false)];
    explore_one(expected, 0, |mut tx, rx| {
        let (flag, waker) = Flag::new();
        assert!(tx.poll_closed(&Context::from_waker(&waker)).is_pending());
        let receiver = thread::spawn(move || drop(rx));
        drop(tx);
        let left = CHANNELS.get();
        receiver.join().unwrap();
        (if left == 0 { "the sender" } else { "the receiver" }, flag.was_called())
    });
}

/// A receiver that gives up just as the message comes: it has it, or its waker is not called any more and the message is
/// there for later.
#[test]
fn who_gives_up_has_it_or_is_not_called() {
    struct GivesUp(Waker);
    impl Park for GivesUp {
        fn waker(&self) -> Waker {
            self.0.clone()
        }
        fn park(&self) -> Wakeup {
            Wakeup::TimedOut
        }
    }
    explore_one([("gave up", false), ("received", false), ("received", true)], 1, |tx, mut rx| {
        let sender = thread::spawn(move || tx.send(Message(7)).unwrap());
        let (flag, waker) = Flag::new();
        let first = rx.recv_parking(&GivesUp(waker)).map(number);
        sender.join().unwrap();
        let outcome = match first {
            Err(error) => {
                assert_eq!(error, ParkError::TimedOut);
                assert_eq!(rx.try_recv().map(number), Ok(7));
                "gave up"
            }
            Ok(message) => {
                assert_eq!(message, 7);
                "received"
            }
        };
        (outcome, flag.was_called())
    });
}

/// The waker that was given last is the one that is called.
#[test]
fn the_last_waker_is_called() {
    explore_one([("received", false), ("received", true), ("waits", false)], 1, |tx, mut rx| {
        let (old, old_waker) = Flag::new();
        assert!(poll(&mut rx, &old_waker).is_pending());
        let sender = thread::spawn(move || tx.send(Message(7)).unwrap());
        let (new, new_waker) = Flag::new();
        let second = poll(&mut rx, &new_waker);
        sender.join().unwrap();
        assert_eq!(new.was_called(), second.is_pending());
        assert!(!(old.was_called() && new.was_called()));
        match second {
            Poll::Ready(message) => {
                assert_eq!(message, Ok(7));
                ("received", old.was_called())
            }
            Poll::Pending => {
                assert_eq!(poll(&mut rx, &new_waker), Poll::Ready(Ok(7)));
                ("waits", old.was_called())
            }
        }
    });
}

/// The same waker again is no other step than a look, whoever has it.
#[test]
fn the_same_waker_stays() {
    explore_one([false, true], 1, |tx, mut rx| {
        let (flag, waker) = Flag::new();
        assert!(poll(&mut rx, &waker).is_pending());
        let receiver = thread::spawn(move || {
            let second = poll(&mut rx, &waker);
            (second, rx, waker)
        });
        tx.send(Message(7)).unwrap();
        let (second, mut rx, waker) = receiver.join().unwrap();
        assert!(flag.was_called());
        let message = if second.is_pending() { poll(&mut rx, &waker) } else { second };
        assert_eq!(message, Poll::Ready(Ok(7)));
        second.is_pending()
    });
}

/// A receiver that goes while the message comes drops it, or the sender has it back.
#[test]
fn going_drops_or_hands_back() {
    for waits in [false, true] {
        explore_one([false, true], 1, move |tx, mut rx| {
            let (flag, waker) = Flag::new();
            if waits {
                assert!(poll(&mut rx, &waker).is_pending());
            }
            let receiver = thread::spawn(move || drop(rx));
            let sent = tx.send(Message(7));
            receiver.join().unwrap();
            let arrived = sent.is_ok();
            assert!(waits && arrived || !flag.was_called());
            assert_eq!(DROPS.get() == 1, arrived, "where it is dropped");
            arrived
        });
    }
}

/// A receiver that is closed while the message comes has it, or the sender has it back.
#[test]
fn closing_lets_in_or_hands_back() {
    for waits in [false, true] {
        explore_one([false, true], 1, move |tx, mut rx| {
            if waits {
                assert!(poll(&mut rx, Waker::noop()).is_pending());
            }
            let sender = thread::spawn(move || tx.send(Message(7)));
            rx.close();
            let received = rx.try_recv().map(number);
            let sent = sender.join().unwrap();
            assert_eq!(received.is_ok(), sent.is_ok());
            assert!(matches!(received, Ok(7) | Err(TryRecvError::Disconnected)));
            received.is_ok()
        });
    }
}

/// A sender that begins to wait just as the receiver goes is told, by its waker or at once.
#[test]
fn a_sender_that_waits_is_told() {
    explore_one([false, true], 0, |mut tx, rx| {
        let receiver = thread::spawn(move || drop(rx));
        let (flag, waker) = Flag::new();
        let context = Context::from_waker(&waker);
        let first = tx.poll_closed(&context);
        receiver.join().unwrap();
        assert_eq!(flag.was_called(), first.is_pending());
        assert!(tx.poll_closed(&context).is_ready() && tx.is_closed());
        first.is_ready()
    });
}

/// A sender that waited to be told sends instead, just as the receiver goes.
#[test]
fn a_sender_that_waited_sends() {
    explore_one([(false, false), (false, true), (true, false)], 1, |mut tx, rx| {
        let (flag, waker) = Flag::new();
        assert!(tx.poll_closed(&Context::from_waker(&waker)).is_pending());
        let receiver = thread::spawn(move || drop(rx));
        let sent = tx.send(Message(7)).is_ok();
        receiver.join().unwrap();
        assert!(!(sent && flag.was_called()), "it does not wait any more");
        (sent, flag.was_called())
    });
}

/// Both wait, and both go.
#[test]
fn both_go() {
    explore_one([(false, false), (false, true), (true, false)], 0, |mut tx, mut rx| {
        let ((told, closed), (woken, waker)) = (Flag::new(), Flag::new());
        assert!(tx.poll_closed(&Context::from_waker(&closed)).is_pending());
        assert!(poll(&mut rx, &waker).is_pending());
        let receiver = thread::spawn(move || drop(rx));
        drop(tx);
        receiver.join().unwrap();
        (told.was_called(), woken.was_called())
    });
}
