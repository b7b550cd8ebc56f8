//! Sides with one user: what is true of a shared side is true of these, and beginning and ending it loses nothing.

use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering as StdOrdering};
use std::task::Waker;

use crossinterp_core::internals::ring::{PopError, PushError, Ring, Word};
use crossinterp_core::{Domain, RecvError, SendError, bounded, bounded_single};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::outcomes::{explore, explore_within};

/// A ring on whose sides these models use these calls by one thread at a time.
struct Solo<T>(Ring<T>);

impl<T> Solo<T> {
    fn new(capacity: usize, alone: &[Word]) -> Arc<Self> {
        let this = Self(Ring::try_new(capacity).unwrap());
        alone.iter().for_each(|&word| this.begin(word));
        Arc::new(this)
    }

    fn begin(&self, word: Word) {
        // SAFETY: see the type; so in the next ones.
        unsafe { self.0.begin_alone(word) };
    }

    fn end(&self, word: Word) {
        // SAFETY: see `begin`.
        unsafe { self.0.end_alone(word) };
    }

    fn push(&self, value: T) -> Result<bool, T> {
        // SAFETY: see `begin`.
        unsafe { self.0.push_alone(value) }
    }

    fn pop(&self) -> Option<(T, bool)> {
        // SAFETY: see `begin`.
        unsafe { self.0.pop_alone() }
    }

    fn push_at_last(&self, mut value: T) -> usize {
        let mut tries = 0;
        while let Err(back) = self.push(value) {
            value = back;
            tries += 1;
            thread::yield_now();
        }
        tries
    }

    fn pop_at_last(&self) -> T {
        loop {
            match self.pop() {
                Some((value, _)) => return value,
                None => thread::yield_now(),
            }
        }
    }

    fn pop_shared_at_last(&self) -> T {
        loop {
            match self.0.pop() {
                Ok((value, _)) => return value,
                Err(PopError::Closed) => panic!("nobody closed it"),
                Err(_) => thread::yield_now(),
            }
        }
    }
}

const BOTH: [Word; 2] = [Word::Tail, Word::Head];

/// Both sides alone, and a slot that is used twice: each value is seen whole, and no slot is written before it was read.
#[test]
fn values_pass_and_slots_are_used_again() {
    explore([false, true], || {
        let ring = Solo::new(1, &BOTH);
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                ring.push_at_last(1);
                thread::yield_now();
                ring.push_at_last(2)
            })
        };
        assert_eq!(ring.pop_at_last(), 1);
        assert_eq!(ring.pop_at_last(), 2);
        let tries = producer.join().unwrap();
        assert_eq!((ring.0.len(), ring.pop()), (0, None));
        tries > 0
    });
}

/// A producer that is alone, and a shared consumer.
#[test]
fn a_shared_consumer_gets_what_one_alone_pushes() {
    explore([false, true], || {
        let ring = Solo::new(1, &[Word::Tail]);
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                ring.push_at_last(1);
                thread::yield_now();
                ring.push_at_last(2)
            })
        };
        assert_eq!(ring.pop_shared_at_last(), 1);
        assert_eq!(ring.pop_shared_at_last(), 2);
        assert_eq!(ring.0.pop(), Err(PopError::Empty));
        producer.join().unwrap() > 0
    });
}

/// A shared producer, and a consumer that is alone.
#[test]
fn one_alone_gets_what_a_shared_producer_pushes() {
    explore([false, true], || {
        let ring = Solo::new(1, &[Word::Head]);
        let consumer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || (ring.pop_at_last(), ring.pop_at_last()))
        };
        let mut tries = 0;
        for value in [1, 2] {
            thread::yield_now();
            while ring.0.push(value).is_err() {
                tries += 1;
                thread::yield_now();
            }
        }
        assert_eq!(consumer.join().unwrap(), (1, 2));
        assert_eq!(ring.0.len(), 0);
        tries > 0
    });
}

/// Something that a waiter left where those find it who are to wake it.
struct Left(UnsafeCell<bool>);
// SAFETY: loom reports accesses that are not ordered.
unsafe impl Sync for Left {}
// SAFETY: as above.
unsafe impl Send for Left {}

/// A consumer that announces itself and then finds nothing is found by the push that comes, though that changes no word.
#[test]
fn no_push_misses_a_waiter() {
    explore([(false, true, false), (true, false, false), (true, false, true), (true, true, false)], || {
        let ring = Solo::new(1, &[Word::Tail]);
        let left = Arc::new(Left(UnsafeCell::new(false)));
        let consumer = {
            let (ring, left) = (Arc::clone(&ring), Arc::clone(&left));
            thread::spawn(move || {
                // SAFETY: nobody looks before the announcement.
                left.0.with_mut(|left| unsafe { *left = true });
                ring.0.announce(Word::Tail);
                ring.0.pop().map(|(value, _)| value)
            })
        };
        let pushed = ring.push(1);
        // SAFETY: announced, so left before.
        assert!(pushed != Ok(true) || left.0.with(|left| unsafe { *left }));
        // One who finds a flag before does as others do.
        let awaited = pushed.unwrap_or_else(|value| {
            ring.end(Word::Tail);
            ring.0.push(value).unwrap()
        });
        let popped = consumer.join().unwrap();
        assert!(awaited || popped != Err(PopError::Empty), "it would sleep for ever");
        (awaited, popped.is_ok(), popped == Err(PopError::Busy))
    });
}

/// The same for a producer and the pop that makes room.
#[test]
fn no_pop_misses_a_waiter() {
    explore([(false, true, false), (true, false, false), (true, false, true), (true, true, false)], || {
        let ring = Solo::new(1, &[Word::Head]);
        let left = Arc::new(Left(UnsafeCell::new(false)));
        ring.0.push(1).unwrap();
        let producer = {
            let (ring, left) = (Arc::clone(&ring), Arc::clone(&left));
            thread::spawn(move || {
                // SAFETY: nobody looks before the announcement.
                left.0.with_mut(|left| unsafe { *left = true });
                ring.0.announce(Word::Head);
                ring.0.push(2)
            })
        };
        let popped = ring.pop();
        // SAFETY: announced, so left before.
        assert!(!matches!(popped, Some((_, true))) || left.0.with(|left| unsafe { *left }));
        let (value, awaited) = popped.unwrap_or_else(|| {
            ring.end(Word::Head);
            ring.0.pop().unwrap()
        });
        assert_eq!(value, 1);
        let pushed = producer.join().unwrap();
        assert!(awaited || pushed != Err(PushError::Full(2)), "it would sleep for ever");
        (awaited, pushed.is_ok(), pushed == Err(PushError::Busy(2)))
    });
}

/// Who announces himself sees what was pushed before one began to be alone.
#[test]
fn beginning_hides_nothing() {
    explore([(false, false), (false, true), (true, false), (true, true)], || {
        let ring = Solo::new(2, &[]);
        let consumer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                ring.0.announce(Word::Tail);
                (ring.0.len(), ring.0.pop().map(|(value, _)| value))
            })
        };
        let awaited = ring.0.push(1).unwrap();
        ring.begin(Word::Tail);
        let (len, popped) = consumer.join().unwrap();
        assert!(awaited || (len == 1 && popped != Err(PopError::Empty)), "it would sleep for ever");
        (awaited, popped.is_ok())
    });
}

/// Closing against a push: the value is in, or handed back; and the consumer is told that it is closed not before it.
#[test]
fn closing_lets_in_or_hands_back() {
    explore(["Err(Busy)", "Err(Closed)", "Ok(5)"].map(String::from), || {
        let ring = Solo::new(1, &[Word::Tail]);
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.push(5))
        };
        assert!(ring.0.close() && !ring.0.close());
        let first = ring.0.pop().map(|(value, _)| value);
        let pushed = producer.join().unwrap();
        match first {
            Ok(5) => assert_eq!(pushed, Ok(false)),
            Err(PopError::Busy) => {
                let second = ring.0.pop().map(|(value, _)| value);
                assert_eq!(second.is_ok(), pushed.is_ok());
            }
            Err(PopError::Closed) => assert_eq!(pushed, Err(5)),
            other => panic!("{other:?}"),
        }
        assert_eq!(ring.0.pop(), Err(PopError::Closed));
        ring.begin(Word::Tail);
        assert_eq!(ring.push(6), Err(6));
        format!("{first:?}")
    });
}

/// The same with a value before it, and a consumer that is alone until it finds none.
#[test]
fn closing_between_two_that_are_alone() {
    explore([(false, 1), (true, 2)], || {
        let ring = Solo::new(2, &BOTH);
        ring.push(1).unwrap();
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.push(2).is_ok())
        };
        ring.0.close();
        let mut got = Vec::new();
        loop {
            if let Some((value, _)) = ring.pop() {
                got.push(value);
                continue;
            }
            ring.end(Word::Head);
            match ring.0.pop() {
                Ok((value, _)) => got.push(value),
                Err(PopError::Closed) => break,
                Err(_) => thread::yield_now(),
            }
            ring.begin(Word::Head);
        }
        let pushed = producer.join().unwrap();
        assert_eq!(got, if pushed { vec![1, 2] } else { vec![1] });
        ring.begin(Word::Head);
        assert_eq!(ring.pop(), None);
        ring.end(Word::Head);
        assert_eq!(ring.0.pop(), Err(PopError::Closed));
        (pushed, got.len())
    });
}

/// Two consumers, one of whom may find the end while the other one finds the value.
#[test]
fn closing_gives_a_value_to_one() {
    explore_within(2, [(false, 0, 0), (true, 0, 1), (true, 1, 0)], || {
        let ring = Solo::new(1, &[Word::Tail]);
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.push(5).is_ok())
        };
        let all = |ring: &Ring<i32>| {
            let mut got = 0;
            loop {
                match ring.pop() {
                    Ok((value, _)) => {
                        assert_eq!(value, 5);
                        got += 1;
                    }
                    Err(PopError::Closed) => return got,
                    Err(_) => thread::yield_now(),
                }
            }
        };
        ring.0.close();
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || all(&ring.0))
        };
        let mine = all(&ring.0);
        let (theirs, pushed) = (other.join().unwrap(), producer.join().unwrap());
        assert_eq!(mine + theirs, i32::from(pushed));
        (pushed, mine, theirs)
    });
}

/// A producer that is alone, is not, and is again, while a consumer takes what comes.
#[test]
fn changing_keeps_the_order() {
    explore_within(2, [0, 1, 2, 3], || {
        let ring = Solo::new(3, &[Word::Tail]);
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                ring.push(1).unwrap();
                ring.end(Word::Tail);
                ring.0.push(2).unwrap();
                ring.begin(Word::Tail);
                ring.push(3).unwrap();
            })
        };
        thread::yield_now();
        let len = ring.0.len();
        let got: Vec<i32> = (0..3).map(|_| ring.pop_shared_at_last()).collect();
        producer.join().unwrap();
        assert_eq!((got, ring.0.pop()), (vec![1, 2, 3], Err(PopError::Empty)));
        len
    });
}

/// The same for the other side.
#[test]
fn changing_keeps_the_order_of_what_is_taken() {
    explore_within(2, [0, 1, 2, 3], || {
        let ring = Solo::new(3, &[Word::Head]);
        (1..=3).for_each(|value| _ = ring.0.push(value).unwrap());
        let consumer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                assert_eq!(ring.pop(), Some((1, false)));
                ring.end(Word::Head);
                assert_eq!(ring.0.pop(), Ok((2, false)));
                ring.begin(Word::Head);
                assert_eq!(ring.pop(), Some((3, false)));
            })
        };
        thread::yield_now();
        let len = ring.0.len();
        let pushed = ring.0.push(4);
        assert!(len == 3 || !matches!(pushed, Err(PushError::Full(_))), "{len} {pushed:?}");
        consumer.join().unwrap();
        assert_eq!(ring.pop().map(|(value, _)| value), pushed.is_ok().then_some(4));
        len
    });
}

/// A slot that was given up is passed by the consumer who is alone, when he looks as others do.
#[test]
fn a_void_slot_is_left_to_the_one_who_is_alone() {
    explore([false, true], || {
        let ring = Solo::new(2, &[Word::Head]);
        let slot = ring.0.reserve().unwrap();
        ring.0.push(2).unwrap();
        let consumer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                let mut passed = false;
                loop {
                    if let Some((value, _)) = ring.pop() {
                        return (value, passed);
                    }
                    ring.end(Word::Head);
                    match ring.0.pop() {
                        Ok((value, _)) => return (value, passed),
                        Err(PopError::Void { .. }) => passed = true,
                        Err(PopError::Busy) => thread::yield_now(),
                        Err(error) => panic!("{error:?}: there is a value"),
                    }
                    ring.begin(Word::Head);
                }
            })
        };
        let _ = ring.0.void(slot);
        let (value, passed) = consumer.join().unwrap();
        assert_eq!((value, ring.0.len()), (2, 0));
        passed
    });
}

/// While a send waits that an end began which is gone, the end that is left does not become single.
#[test]
fn a_waiting_send_is_seen() {
    explore([1, 2], || {
        let (tx, rx) = bounded(1);
        tx.try_send(1).unwrap();
        let other = tx.clone();
        let sender = thread::spawn(move || {
            let wait = other.begin_send(2, Waker::noop().clone()).unwrap();
            drop(other);
            wait
        });
        thread::yield_now();
        let ends = tx.sender_count();
        assert!(tx.try_into_single().is_err(), "it would wait for ever");
        drop((sender.join().unwrap(), rx));
        ends
    });
}

/// A message that counts its drops.
struct Counts(StdArc<StdAtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, StdOrdering::Relaxed);
    }
}

/// The domain of a consumer closes just as the consumer goes: what is queued is dropped, by one of the two.
#[test]
fn a_domain_leaves_nothing_behind() {
    explore_within(2, [0, 1], || {
        let drops = StdArc::new(StdAtomicUsize::new(0));
        let (tx, rx) = bounded(1);
        let domain = Domain::try_open().unwrap();
        let held = rx.held_by(&domain).unwrap();
        drop(rx);
        let consumer = held.try_into_single().unwrap();
        tx.try_send(Counts(StdArc::clone(&drops))).ok().unwrap();
        let closer = thread::spawn(move || domain.close());
        drop(consumer);
        let at_once = drops.load(StdOrdering::Relaxed);
        closer.join().unwrap();
        assert_eq!(drops.load(StdOrdering::Relaxed), 1);
        assert!(tx.try_send(Counts(drops)).is_err());
        at_once
    });
}

/// The same if the consumer goes later, and has not heard of it but by its word.
#[test]
fn a_domain_leaves_to_the_consumer_what_it_cannot_drop() {
    explore_within(2, [(true, 0)], || {
        let drops = StdArc::new(StdAtomicUsize::new(0));
        let (tx, rx) = bounded(1);
        let domain = Domain::try_open().unwrap();
        let held = rx.held_by(&domain).unwrap();
        drop(rx);
        let consumer = held.try_into_single().unwrap();
        tx.try_send(Counts(StdArc::clone(&drops))).ok().unwrap();
        let has_closed = Arc::new(AtomicBool::new(false));
        // In a thread of its own: what a thread saw before it yields loom does not show it again.
        let goer = {
            let has_closed = Arc::clone(&has_closed);
            thread::spawn(move || {
                let closed = (0..100).any(|_| {
                    thread::yield_now();
                    has_closed.load(Ordering::Relaxed)
                });
                drop(consumer);
                closed
            })
        };
        domain.close();
        has_closed.store(true, Ordering::Relaxed);
        let by_closer = drops.load(StdOrdering::Relaxed);
        let closed = goer.join().unwrap();
        assert_eq!(drops.load(StdOrdering::Relaxed), 1);
        drop(tx);
        (closed, by_closer)
    });
}

/// A consumer that goes to sleep just as the message comes is woken all the same.
#[test]
fn no_lost_wakeup() {
    explore([false, true], || {
        let (mut tx, mut rx) = bounded_single(1);
        let receiver = thread::spawn(move || {
            let first = rx.try_recv();
            if first.is_err() {
                assert_eq!(rx.recv(), Ok(7));
            }
            first.is_ok()
        });
        tx.try_send(7).unwrap();
        let at_once = receiver.join().unwrap();
        at_once
    });
}

/// A producer that goes to sleep just as room is made is woken all the same.
#[test]
fn no_lost_room() {
    explore([false, true], || {
        let (mut tx, mut rx) = bounded_single(1);
        tx.try_send(1).unwrap();
        let sender = thread::spawn(move || {
            let first = tx.try_send(2);
            if first.is_err() {
                tx.send(2).unwrap();
            }
            first.is_ok()
        });
        assert_eq!(rx.try_recv(), Ok(1));
        let at_once = sender.join().unwrap();
        assert_eq!((rx.recv(), rx.recv()), (Ok(2), Err(RecvError)));
        at_once
    });
}

/// Closing against sending: a message is either received or handed back.
#[test]
fn close_drains() {
    explore_within(2, [false, true], || {
        let (mut tx, mut rx) = bounded_single(1);
        let sender = thread::spawn(move || tx.send(5));
        rx.close();
        let received = rx.recv();
        let sending = sender.join().unwrap();
        match received {
            Ok(5) => assert_eq!(sending, Ok(())),
            Err(RecvError) => assert_eq!(sending, Err(SendError(5))),
            Ok(other) => panic!("nobody sent {other}"),
        }
        received.is_ok()
    });
}
