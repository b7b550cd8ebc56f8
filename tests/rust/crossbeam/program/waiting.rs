//! Operations that wait: time limits, who is woken by what, threads in scopes.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::channel::{RecvTimeoutError, SendTimeoutError, Sender, bounded, unbounded};
use crate::support::{Seen, ms, panic_text, see};

pub(crate) fn time_limits() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), unbounded()] {
        let start = Instant::now();
        see!(seen, receiver.recv_timeout(ms(20)), start.elapsed() >= ms(20));
        let deadline = Instant::now() + ms(20);
        see!(seen, receiver.recv_deadline(deadline), Instant::now() >= deadline);
        if sender.is_full() || sender.try_send(1).is_ok() && sender.is_full() {
            let start = Instant::now();
            see!(seen, sender.send_timeout(2, ms(20)) == Err(SendTimeoutError::Timeout(2)));
            see!(seen, start.elapsed() >= ms(20));
            let deadline = Instant::now() + ms(20);
            see!(seen, sender.send_deadline(3, deadline) == Err(SendTimeoutError::Timeout(3)));
            see!(seen, Instant::now() >= deadline);
        }
    }
    seen
}

/// What can be done is done, however late it is; a limit that no clock can show is none.
pub(crate) fn limits_at_the_ends_of_time() -> Seen {
    let mut seen = Seen::default();
    let past = Instant::now();
    thread::sleep(ms(2));
    for (sender, receiver) in [bounded(1), unbounded()] {
        see!(seen, sender.send_deadline(1, past).is_ok(), receiver.recv_deadline(past));
        see!(seen, sender.send_timeout(2, Duration::ZERO).is_ok(), receiver.recv_timeout(Duration::ZERO));
        see!(seen, sender.send_timeout(3, Duration::MAX).is_ok(), receiver.recv_timeout(Duration::MAX));
        see!(seen, receiver.recv_deadline(past), receiver.recv_timeout(Duration::ZERO));
        drop(sender);
        see!(seen, receiver.recv_deadline(past), receiver.recv_timeout(Duration::MAX));
    }
    let (sender, receiver) = bounded(0);
    see!(seen, sender.send_deadline(1, past).is_err(), receiver.recv_deadline(past));
    thread::scope(|scope| {
        scope.spawn(|| sender.send_timeout(5, Duration::MAX).unwrap());
        see!(seen, receiver.recv_timeout(Duration::MAX));
    });
    seen
}

/// Which comes in time is received or sent.
pub(crate) fn woken_in_time() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), unbounded()] {
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(ms(20));
                sender.send(1).unwrap();
            });
            see!(seen, receiver.recv_timeout(ms(60_000)));
            sender.try_send(2).unwrap_or_default();
            scope.spawn(|| {
                thread::sleep(ms(20));
                receiver.recv().unwrap();
                receiver.recv_timeout(ms(60_000)).unwrap_or_default();
            });
            see!(seen, sender.send_deadline(3, Instant::now() + ms(60_000)).is_ok());
            see!(seen, sender.send_timeout(4, ms(60_000)).is_ok());
        });
        see!(seen, receiver.try_recv());
    }
    seen
}

pub(crate) fn disconnection_wakes_receivers() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded::<u8>(0), bounded(1), unbounded()] {
        let ended = thread::scope(|scope| {
            let waiting = [(); 4].map(|()| scope.spawn(|| receiver.recv()));
            let timed = [(); 4].map(|()| scope.spawn(|| receiver.recv_timeout(ms(60_000))));
            thread::sleep(ms(20));
            drop(sender);
            (waiting.map(|thread| thread.join().unwrap()), timed.map(|thread| thread.join().unwrap()))
        });
        see!(seen, ended);
    }
    seen
}

pub(crate) fn disconnection_wakes_senders() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1)] {
        sender.try_send(0).unwrap_or_default();
        let ended = thread::scope(|scope| {
            let sender = &sender;
            let waiting = [1, 2, 3].map(|number| scope.spawn(move || sender.send(number)));
            let timed = [4, 5].map(|number| scope.spawn(move || sender.send_timeout(number, ms(60_000))));
            thread::sleep(ms(20));
            drop(receiver);
            (
                waiting.map(|thread| thread.join().unwrap().unwrap_err().into_inner()),
                timed.map(|thread| thread.join().unwrap().unwrap_err().into_inner()),
            )
        });
        see!(seen, ended);
    }
    seen
}

/// A rendezvous: nobody has it before both are there, and `len` says so.
pub(crate) fn rendezvous() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(0);
    let taken = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            sender.send("first").unwrap();
            // The receiver was there; it counts only afterwards.
            assert!(taken.load(Ordering::SeqCst) <= 1);
            sender.send("second").unwrap();
            assert!(taken.load(Ordering::SeqCst) >= 1);
        });
        thread::sleep(ms(20));
        see!(seen, receiver.len(), receiver.is_empty(), receiver.is_full(), sender.len(), sender.is_full());
        see!(seen, receiver.recv());
        taken.fetch_add(1, Ordering::SeqCst);
        see!(seen, receiver.recv());
    });
    see!(seen, receiver.try_recv(), receiver.len());
    seen
}

/// `try_` forms meet those who wait.
pub(crate) fn tries_meet_waiters() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(0);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| receiver.recv());
        while sender.try_send(7).is_err() {
            thread::yield_now();
        }
        see!(seen, waiting.join().unwrap());
        scope.spawn(|| sender.send(8).unwrap());
        let received = loop {
            match receiver.try_recv() {
                Ok(number) => break number,
                Err(error) => assert!(error.is_empty()),
            }
            thread::yield_now();
        };
        see!(seen, received);
        let waiting = scope.spawn(|| receiver.recv_timeout(ms(60_000)));
        while sender.send_timeout(9, ms(1)).is_err() {}
        see!(seen, waiting.join().unwrap());
    });
    seen
}

/// Iterating in threads of a scope, ended by the senders' going.
pub(crate) fn scopes() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(2), unbounded()] {
        let total = thread::scope(|scope| {
            let sums = [(); 3].map(|()| scope.spawn(|| receiver.iter().sum::<u64>()));
            for start in 0..3 {
                let sender = sender.clone();
                scope.spawn(move || (0..100).for_each(|number| sender.send(start * 100 + number).unwrap()));
            }
            drop(sender);
            sums.map(|sum| sum.join().unwrap()).iter().sum::<u64>()
        });
        see!(seen, total, receiver.recv());
    }
    seen
}

/// A panic drops the ends it unwinds through, and the other side sees that.
pub(crate) fn unwinding() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), unbounded()] {
        see!(
            seen,
            panic_text(|| thread::scope(|scope| {
                let sender = sender.clone();
                scope.spawn(move || {
                    sender.send(1).unwrap();
                    panic!("on purpose");
                });
                assert_eq!(receiver.recv(), Ok(1));
            }))
        );
        let moved = sender;
        see!(
            seen,
            panic_text(move || {
                let _moved = moved;
                panic!("again");
            })
        );
        see!(seen, receiver.recv(), receiver.try_recv());
    }
    seen
}

/// A channel is used while a thread's locals are dropped.
pub(crate) fn thread_locals() -> Seen {
    struct AtEnd(Sender<u32>, u32);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            self.0.send(self.1).unwrap();
        }
    }
    thread_local! {
        static BEFORE: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
        static AFTER: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
    }
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), unbounded()] {
        let thread = thread::spawn(move || {
            BEFORE.with(|end| *end.borrow_mut() = Some(AtEnd(sender.clone(), 1)));
            sender.send(2).unwrap();
            AFTER.with(|end| *end.borrow_mut() = Some(AtEnd(sender, 3)));
        });
        see!(seen, receiver.recv(), receiver.recv().is_ok(), receiver.recv().is_ok(), receiver.recv());
        thread.join().unwrap();
    }
    seen
}

/// Ends behind `Arc`, shared instead of cloned.
pub(crate) fn shared_ends() -> Seen {
    let mut seen = Seen::default();
    let ends = Arc::new(bounded(1));
    let thread = thread::spawn({
        let ends = Arc::clone(&ends);
        move || (0..100).map(|_| ends.1.recv().unwrap()).sum::<u32>()
    });
    (0..100).for_each(|number| ends.0.send(number).unwrap());
    see!(seen, thread.join().unwrap(), ends.1.recv_timeout(ms(1)) == Err(RecvTimeoutError::Timeout));
    seen
}
