//! One-shot channels: a thread that is stopped for good takes its message, or one wake, and holds up nobody.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Instant;

use crossinterp_core::oneshot::{Receiver, Sender, channel};
use crossinterp_core::{RecvError, RecvTimeoutError, SendError, TryRecvError, stop};

use super::{LONG, SHORT};

pub(super) const POINTS: [&str; 6] = [
    "oneshot.waiting",
    "oneshot.withdrawn",
    "oneshot.calling",
    "oneshot.called",
    "oneshot.sending",
    "oneshot.taking",
];

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn flag() -> (Arc<Flag>, Waker) {
    let flag = Arc::new(Flag::default());
    (Arc::clone(&flag), Waker::from(flag))
}

fn poll(rx: &mut Receiver<u32>, waker: &Waker) -> Poll<Result<u32, RecvError>> {
    rx.poll_recv(&Context::from_waker(waker))
}

fn poll_closed(tx: &mut Sender<u32>, waker: &Waker) -> Poll<()> {
    tx.poll_closed(&Context::from_waker(waker))
}

/// Has a thread do that, and stop at the point.
fn stopped(point: &'static str, work: impl FnOnce() + Send + 'static) {
    let (report, reports) = mpsc::channel();
    let reached = report.clone();
    thread::spawn(move || {
        stop::at(point, move || _ = reached.send(true));
        work();
        _ = report.send(false);
    });
    assert_eq!(reports.recv_timeout(LONG), Ok(true), "it comes to {point}");
}

/// The sender's side of a channel whose receiver is stopped, and not gone: nothing is different.
fn sends_or_goes(make: impl Fn() -> Sender<u32>) {
    assert_eq!(make().send(7), Ok(()));
    let mut tx = make();
    assert!(!tx.is_closed() && poll_closed(&mut tx, Waker::noop()).is_pending());
    assert_eq!(tx.send(7), Ok(()));
    drop(make());
}

/// The receiver's side of a channel whose sender is stopped before it sent: nothing comes, for as long as it likes.
fn waits_or_goes(make: impl Fn() -> Receiver<u32>) {
    let mut rx = make();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(poll(&mut rx, Waker::noop()).is_pending());
    assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    rx.close();
    assert_eq!(rx.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
    drop(make());
}

fn the_receiver_begins_to_wait(point: &'static str) {
    sends_or_goes(|| {
        let (tx, mut rx) = channel();
        stopped(point, move || _ = poll(&mut rx, Waker::noop()));
        tx
    });
}

fn the_receiver_takes_another_waker(point: &'static str) {
    sends_or_goes(|| {
        let (tx, mut rx) = channel();
        let (_, waker) = flag();
        assert!(poll(&mut rx, &waker).is_pending());
        stopped(point, move || _ = poll(&mut rx, Waker::noop()));
        tx
    });
}

fn the_receiver_gives_up(point: &'static str) {
    sends_or_goes(|| {
        let (tx, mut rx) = channel();
        stopped(point, move || _ = rx.recv_timeout(SHORT));
        tx
    });
}

fn the_receiver_takes_the_message(point: &'static str) {
    let (tx, mut rx) = channel();
    assert_eq!(tx.send(7), Ok(()));
    stopped(point, move || _ = rx.try_recv());
}

fn the_receiver_goes(point: &'static str) {
    for closes in [false, true] {
        let make = || {
            let (mut tx, mut rx) = channel();
            assert!(poll_closed(&mut tx, Waker::noop()).is_pending());
            stopped(point, move || if closes { rx.close() } else { drop(rx) });
            tx
        };
        let mut tx = make();
        assert!(tx.is_closed());
        assert_eq!(poll_closed(&mut tx, Waker::noop()), Poll::Ready(()));
        assert_eq!(tx.send(7), Err(SendError(7)));
        drop(make());
    }
}

fn the_sender_begins_to_wait(point: &'static str) {
    waits_or_goes(|| {
        let (mut tx, rx) = channel();
        stopped(point, move || _ = poll_closed(&mut tx, Waker::noop()));
        rx
    });
}

fn the_sender_waits_no_more(point: &'static str) {
    for sends in [false, true] {
        waits_or_goes(|| {
            let (mut tx, rx) = channel();
            assert!(poll_closed(&mut tx, Waker::noop()).is_pending());
            stopped(point, move || if sends { tx.send(7).unwrap() } else { drop(tx) });
            rx
        });
    }
}

fn the_sender_has_not_sent(point: &'static str) {
    for waits in [false, true] {
        waits_or_goes(|| {
            let (tx, mut rx) = channel();
            if waits {
                assert!(poll(&mut rx, Waker::noop()).is_pending());
            }
            stopped(point, move || _ = tx.send(7));
            rx
        });
    }
}

/// What is there is there; only the wake is missing.
fn the_sender_has_not_woken(point: &'static str) {
    for sends in [false, true] {
        let make = || {
            let (tx, mut rx) = channel();
            let (flag, waker) = flag();
            assert!(poll(&mut rx, &waker).is_pending());
            stopped(point, move || if sends { tx.send(7).unwrap() } else { drop(tx) });
            assert!(!flag.0.load(Ordering::SeqCst));
            rx
        };
        assert_eq!(make().try_recv(), if sends { Ok(7) } else { Err(TryRecvError::Disconnected) });
        assert_eq!(make().recv(), if sends { Ok(7) } else { Err(RecvError) });
        let (mut rx, (_, other)) = (make(), flag());
        assert_eq!(poll(&mut rx, &other), Poll::Ready(if sends { Ok(7) } else { Err(RecvError) }));
        drop(make());
    }
}

type Case = (&'static str, fn(&'static str));

const CASES: [Case; 13] = [
    ("oneshot.waiting", the_receiver_begins_to_wait),
    ("oneshot.waiting", the_receiver_takes_another_waker),
    ("oneshot.waiting", the_receiver_gives_up),
    ("oneshot.waiting", the_sender_begins_to_wait),
    ("oneshot.withdrawn", the_receiver_takes_another_waker),
    ("oneshot.withdrawn", the_receiver_gives_up),
    ("oneshot.withdrawn", the_sender_waits_no_more),
    ("oneshot.calling", the_receiver_goes),
    ("oneshot.calling", the_sender_has_not_woken),
    ("oneshot.called", the_receiver_goes),
    ("oneshot.called", the_sender_has_not_woken),
    ("oneshot.sending", the_sender_has_not_sent),
    ("oneshot.taking", the_receiver_takes_the_message),
];

#[test]
fn who_stops_for_good_takes_a_message_or_a_wake() {
    for (point, case) in CASES {
        let start = Instant::now();
        case(point);
        assert!(start.elapsed() < LONG / 2, "{point}: it took {:?}", start.elapsed());
    }
    assert_eq!(BTreeSet::from(CASES.map(|(point, _)| point)), BTreeSet::from(POINTS));
}
