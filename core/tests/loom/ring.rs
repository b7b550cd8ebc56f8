//! The ring: values are seen whole, slots are used again, nobody who waits is missed.

use std::collections::VecDeque;

use crossinterp_core::internals::ring::{PopError, PushError, ReserveError, Ring, Word};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::outcomes::{explore, explore_within};

fn push_at_last<T>(ring: &Ring<T>, mut value: T) -> usize {
    let mut tries = 0;
    loop {
        match ring.push(value) {
            Ok(_) => return tries,
            Err(PushError::Full(back) | PushError::Busy(back)) => value = back,
            Err(PushError::Closed(_)) => panic!("nobody closed it"),
        }
        tries += 1;
        thread::yield_now();
    }
}

fn pop_at_last<T>(ring: &Ring<T>) -> (T, usize) {
    let mut tries = 0;
    loop {
        match ring.pop() {
            Ok((value, _)) => return (value, tries),
            Err(PopError::Closed) => panic!("nobody closed it"),
            Err(_) => {}
        }
        tries += 1;
        thread::yield_now();
    }
}

/// What a consumer gets was written before, all of it: loom reports an access to the slot that is not ordered.
#[test]
fn a_value_is_seen_whole() {
    explore([false, true], || {
        let ring = Arc::new(Ring::try_new(2).unwrap());
        let consumer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || pop_at_last(&ring))
        };
        assert_eq!(push_at_last(&ring, 7), 0);
        let (value, tries) = consumer.join().unwrap();
        assert_eq!(value, 7);
        tries > 0
    });
}

/// A slot is written again only after its value was read.
#[test]
fn a_slot_is_used_again() {
    explore([false, true], || {
        let ring = Arc::new(Ring::try_new(1).unwrap());
        ring.push(1).unwrap();
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || push_at_last(&ring, 2))
        };
        assert_eq!(pop_at_last(&ring).0, 1);
        assert_eq!(pop_at_last(&ring).0, 2);
        producer.join().unwrap() > 0
    });
}

/// Two producers, then a consumer: each value once, whoever came first.
#[test]
fn producers_get_slots_of_their_own() {
    explore([[1, 2], [2, 1]], || {
        let ring = Arc::new(Ring::try_new(2).unwrap());
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || push_at_last(&ring, 1))
        };
        push_at_last(&ring, 2);
        other.join().unwrap();
        let got = [ring.pop().unwrap().0, ring.pop().unwrap().0];
        assert_eq!(ring.pop(), Err(PopError::Empty));
        got
    });
}

/// Two consumers and two values: each once.
#[test]
fn consumers_get_values_of_their_own() {
    explore([1, 2], || {
        let ring = Arc::new(Ring::try_new(2).unwrap());
        ring.push(1).unwrap();
        ring.push(2).unwrap();
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.pop().unwrap().0)
        };
        let mine = ring.pop().unwrap().0;
        let theirs = other.join().unwrap();
        assert_eq!(mine + theirs, 3);
        mine
    });
}

/// Something that a waiter left where those find it who are to wake it.
struct Left(UnsafeCell<bool>);
// SAFETY: loom reports accesses that are not ordered.
unsafe impl Sync for Left {}
// SAFETY: as above.
unsafe impl Send for Left {}

/// A consumer that announces itself and then finds nothing is found by the push that comes.
#[test]
fn no_push_misses_a_waiter() {
    // Not (true, true, false), announced before and found at once, which these few accesses do not lead loom to.
    explore([(true, false, false), (true, false, true), (false, true, false), (false, false, true)], || {
        let ring = Arc::new((Ring::try_new(1).unwrap(), Left(UnsafeCell::new(false))));
        let consumer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                // SAFETY: nobody looks before the announcement.
                ring.1.0.with_mut(|left| unsafe { *left = true });
                ring.0.announce(Word::Tail);
                ring.0.pop().map(|(value, _)| value)
            })
        };
        let awaited = ring.0.push(1).unwrap();
        // SAFETY: announced, so left before.
        assert!(!awaited || ring.1.0.with(|left| unsafe { *left }));
        let popped = consumer.join().unwrap();
        assert!(awaited || popped != Err(PopError::Empty), "it would sleep for ever");
        (awaited, popped.is_ok(), popped == Err(PopError::Busy))
    });
}

/// The same for a producer and the pop that makes room.
#[test]
fn no_pop_misses_a_waiter() {
    // Not (true, true, false), announced before and found at once, which these few accesses do not lead loom to.
    explore([(true, false, false), (true, false, true), (false, true, false), (false, false, true)], || {
        let ring = Arc::new((Ring::try_new(1).unwrap(), Left(UnsafeCell::new(false))));
        ring.0.push(1).unwrap();
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                // SAFETY: nobody looks before the announcement.
                ring.1.0.with_mut(|left| unsafe { *left = true });
                ring.0.announce(Word::Head);
                ring.0.push(2)
            })
        };
        let (value, awaited) = ring.0.pop().unwrap();
        assert_eq!(value, 1);
        // SAFETY: announced, so left before.
        assert!(!awaited || ring.1.0.with(|left| unsafe { *left }));
        let pushed = producer.join().unwrap();
        assert!(awaited || pushed != Err(PushError::Full(2)), "it would sleep for ever");
        (awaited, pushed.is_ok(), pushed == Err(PushError::Busy(2)))
    });
}

/// Who takes the flag away and then looks sees every waiter whose flag he took.
#[test]
fn withdrawing_misses_no_waiter() {
    explore([(false, true), (true, false), (true, true)], || {
        let ring = Arc::new((Ring::<u8>::try_new(1).unwrap(), AtomicBool::new(false)));
        let waiter = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                ring.1.store(true, Ordering::Relaxed);
                ring.0.announce(Word::Tail);
            })
        };
        ring.0.withdraw(Word::Tail);
        let seen = ring.1.load(Ordering::Relaxed);
        waiter.join().unwrap();
        let flag = ring.0.push(1).unwrap();
        assert!(seen || flag, "it would sleep for ever");
        (seen, flag)
    });
}

/// Closing against a push: the value is in, or handed back; and the consumer is told that it is closed not before it.
#[test]
fn closing_lets_in_or_hands_back() {
    explore(["Err(Busy)", "Err(Closed)", "Ok(5)"].map(String::from), || {
        let ring = Arc::new(Ring::try_new(1).unwrap());
        let producer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.push(5))
        };
        assert!(ring.close() && !ring.close());
        let first = ring.pop().map(|(value, _)| value);
        let pushed = producer.join().unwrap();
        match first {
            Ok(5) => assert_eq!(pushed, Ok(false)),
            Err(PopError::Busy) => {
                assert_eq!(pushed, Ok(false));
                assert_eq!(ring.pop().map(|(value, _)| value), Ok(5));
            }
            Err(PopError::Closed) => assert_eq!(pushed, Err(PushError::Closed(5))),
            other => panic!("{other:?}"),
        }
        assert_eq!(ring.pop(), Err(PopError::Closed));
        format!("{first:?}")
    });
}

/// A slot that was reserved and given up, by whomever it is passed, is written again only after the value of the lap before
/// was read.
#[test]
fn a_void_slot_is_used_again() {
    explore_within(2, [false, true], || {
        let ring = Arc::new(Ring::try_new(1).unwrap());
        ring.push(1).unwrap();
        let consumer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || _ = ring.pop())
        };
        let selecting = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || _ = ring.reserve().map(|slot| ring.void(slot)))
        };
        let passed = matches!(ring.pop(), Err(PopError::Void { .. }));
        // Not until it succeeds: what is weakened may keep it from that for ever.
        for _ in 0..3 {
            if ring.push(2).is_ok() {
                break;
            }
            thread::yield_now();
        }
        consumer.join().unwrap();
        selecting.join().unwrap();
        passed
    });
}

/// What was pushed behind a slot that was given up is there.
#[test]
fn a_void_slot_is_passed() {
    explore([false, true], || {
        let ring = Arc::new(Ring::try_new(2).unwrap());
        let slot = ring.reserve().unwrap();
        ring.push(2).unwrap();
        let consumer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || {
                let mut tries = 0;
                loop {
                    match ring.pop() {
                        Ok((value, _)) => return (value, tries),
                        Err(PopError::Empty | PopError::Closed) => panic!("there is a value"),
                        Err(PopError::Busy | PopError::Void { .. }) => {}
                    }
                    tries += 1;
                    thread::yield_now();
                }
            })
        };
        ring.void(slot);
        let (value, tries) = consumer.join().unwrap();
        assert_eq!(value, 2);
        assert_eq!(ring.len(), 0);
        tries > 0
    });
}

/// What goes the short way in and out goes as all else, if nobody came in between.
#[test]
fn the_short_way_is_the_same() {
    explore([(false, Some(1)), (true, None), (true, Some(1)), (true, Some(2))], || {
        let ring = Arc::new(Ring::try_new(2).unwrap());
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || (ring.push_at_once(1).is_ok(), ring.pop_at_once()))
        };
        thread::yield_now();
        let mine = ring.push_at_once(2).is_ok();
        let (theirs, first) = other.join().unwrap();
        let mut got: Vec<i32> = core::iter::from_fn(|| Some(ring.pop().ok()?.0)).chain(first).collect();
        got.sort_unstable();
        let pushed = [(theirs, 1), (mine, 2)].into_iter().filter_map(|(done, value)| done.then_some(value));
        assert_eq!(got, pushed.collect::<Vec<_>>());
        (mine, first)
    });
}

fn push_many_at_last(ring: &Ring<u8>, values: impl IntoIterator<Item = u8>) -> Vec<usize> {
    let mut values: VecDeque<u8> = values.into_iter().collect();
    let mut parts = Vec::new();
    while !values.is_empty() {
        match ring.push_many(&mut values) {
            Ok((many, _)) => parts.push(many),
            Err(ReserveError::Full | ReserveError::Busy) => thread::yield_now(),
            Err(ReserveError::Closed) => panic!("nobody closed it"),
        }
    }
    parts
}

fn pop_many_at_last(ring: &Ring<u8>, many: usize) -> (Vec<u8>, Vec<usize>) {
    let (mut values, mut parts) = (Vec::with_capacity(many), Vec::new());
    while values.len() < many {
        match ring.pop_many(&mut values, many - parts.iter().sum::<usize>()) {
            Ok((popped, _)) => parts.push(popped),
            Err(PopError::Closed) => panic!("nobody closed it"),
            Err(_) => thread::yield_now(),
        }
    }
    (values, parts)
}

/// Two producers with a run each: one of them is in front of the other, whole.
#[test]
fn producers_get_runs_of_their_own() {
    explore([[1, 2, 3, 4], [3, 4, 1, 2]], || {
        let ring = Arc::new(Ring::try_new(4).unwrap());
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || push_many_at_last(&ring, [1, 2]))
        };
        assert_eq!(push_many_at_last(&ring, [3, 4]), [2]);
        assert_eq!(other.join().unwrap(), [2]);
        let (got, _) = pop_many_at_last(&ring, 4);
        assert_eq!(ring.pop(), Err(PopError::Empty));
        <[u8; 4]>::try_from(got).unwrap()
    });
}

/// A run and a single push: each value once, and only where there is no room for the rest of the run does the other one come
/// between. The ring's end lies in the middle of it.
#[test]
fn a_run_and_a_push_get_slots_of_their_own() {
    let outcomes = [([1, 2, 3], 1), ([1, 2, 3], 2), ([1, 3, 2], 2), ([3, 1, 2], 1), ([3, 1, 2], 2)];
    explore_within(1, outcomes, || {
        let ring = Arc::new(Ring::try_new(2).unwrap());
        ring.push(0).unwrap();
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || push_many_at_last(&ring, [1, 2]))
        };
        let single = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || push_at_last(&ring, 3))
        };
        let (got, _) = pop_many_at_last(&ring, 4);
        let parts = other.join().unwrap();
        single.join().unwrap();
        assert_eq!((got[0], ring.pop()), (0, Err(PopError::Empty)));
        (<[u8; 3]>::try_from(&got[1..]).unwrap(), parts.len())
    });
}

/// Of a run each value is seen whole, whether its consumer finds all of it or a part.
#[test]
fn a_run_is_seen_whole() {
    explore([vec![1, 1], vec![2]], || {
        let ring = Arc::new(Ring::try_new(2).unwrap());
        let consumer = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || pop_many_at_last(&ring, 2))
        };
        assert_eq!(push_many_at_last(&ring, [7, 8]), [2]);
        let (values, parts) = consumer.join().unwrap();
        assert_eq!(values, [7, 8]);
        parts
    });
}

/// The slots of a run are written again only after their values were read, whether all of them are free or a part.
#[test]
fn a_run_is_used_again() {
    explore(
        [
            (vec![1, 1], vec![2, 1, 1]),
            (vec![1, 1], vec![2, 2]),
            (vec![2], vec![2, 1, 1]),
            (vec![2], vec![2, 2]),
        ],
        || {
            let ring = Arc::new(Ring::try_new(2).unwrap());
            assert_eq!(push_many_at_last(&ring, [1, 2]), [2]);
            let producer = {
                let ring = Arc::clone(&ring);
                thread::spawn(move || push_many_at_last(&ring, [3, 4]))
            };
            let (values, popped) = pop_many_at_last(&ring, 4);
            assert_eq!(values, [1, 2, 3, 4]);
            (producer.join().unwrap(), popped)
        },
    );
}

/// A consumer of runs and one of single values: each value once.
#[test]
fn a_run_and_a_pop_get_values_of_their_own() {
    explore([vec![1, 2, 3], vec![2, 3]], || {
        let ring = Arc::new(Ring::try_new(3).unwrap());
        assert_eq!(push_many_at_last(&ring, [1, 2, 3]), [3]);
        let other = {
            let ring = Arc::clone(&ring);
            thread::spawn(move || ring.pop().map(|(value, _)| value))
        };
        let mut mine = Vec::with_capacity(3);
        let popped = ring.pop_many(&mut mine, 3);
        let theirs = other.join().unwrap();
        assert_eq!(popped, Ok((mine.len(), false)));
        let mut all: Vec<u8> = mine.iter().copied().chain(theirs.ok()).collect();
        while let Ok((value, _)) = ring.pop() {
            all.push(value);
        }
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3]);
        mine
    });
}
