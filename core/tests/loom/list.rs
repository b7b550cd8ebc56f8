//! The unbounded queue. Small blocks have two slots here, or one for [`Large`] values, and the table has four entries.
//!
//! Loom looks for another order of two accesses only when it sees the later one, and of the loads before a write it knows
//! the last one alone. A pop that finds nothing only loads, so consumers here let the others run first, and look until they
//! have what they wait for: then there are loads after the writes.

use std::collections::VecDeque;

use crossinterp_core::internals::list::{List, PopError, PushError};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::outcomes::{explore, explore_within};

/// A value of which a small block holds one.
type Large = u64;

fn push<T>(list: &List<T>, value: T) -> bool {
    list.push(value).unwrap_or_else(|_| panic!("it is open, and there is memory"))
}

/// The next value, however often one has to look.
fn take<T>(list: &List<T>) -> T {
    loop {
        match list.pop() {
            Ok(value) => return value,
            Err(PopError::Empty) => thread::yield_now(),
            Err(PopError::Closed) => panic!("a value is missing"),
        }
    }
}

/// It has nothing, and nothing is kept for what it had.
fn is_empty<T: PartialEq + std::fmt::Debug>(list: &List<T>) {
    assert_eq!((list.pop(), list.len(), list.entries()), (Err(PopError::Empty), 0, 1));
}

/// A value that is found is complete (loom reports a slot that is read while it is written), whether the pop finds it at
/// once or when it is about to give the slot up; and what a pop does not find, a later one does.
#[test]
fn a_value_is_seen_whole() {
    explore([(false, false), (false, true), (true, false)], || {
        let list = Arc::new(List::new());
        push(&list, 1);
        take(&list);
        let pushing = Arc::clone(&list);
        let thread = thread::spawn(move || push(&pushing, 2));
        thread::yield_now();
        let first = list.pop();
        let value = first.unwrap_or_else(|_| take(&list));
        assert_eq!(value, 2);
        thread.join().unwrap();
        // A slot that was given up is a place more.
        let given_up = list.places() > 2;
        is_empty(&list);
        (first.is_ok(), given_up)
    });
}

/// A slot that its consumer gave up is DONE when its producer says so, and the block then freed: the consumer is done with it.
#[test]
fn a_slot_given_up_is_done() {
    explore([0, 1, 2, 3], || {
        let list = Arc::new(List::<Large>::new());
        let pushing = Arc::clone(&list);
        let thread = thread::spawn(move || {
            push(&pushing, 1);
            push(&pushing, 2);
        });
        assert_eq!([take(&list), take(&list)], [1, 2]);
        thread.join().unwrap();
        let places = list.places();
        is_empty(&list);
        // The more switches, the more often.
        (places - 2).min(3)
    });
}

/// Two consumers: each value once, in order, also across blocks that are freed by either.
#[test]
fn consumers_share() {
    explore([1, 2], || {
        let list = Arc::new(List::new());
        (1..=3).for_each(|number| {
            push(&list, number);
        });
        let other = Arc::clone(&list);
        let thread = thread::spawn(move || (0..2).filter_map(|_| other.pop().ok()).collect::<Vec<u32>>());
        let mine: Vec<u32> = (0..2).filter_map(|_| list.pop().ok()).collect();
        let theirs = thread.join().unwrap();
        assert!(mine.is_sorted() && theirs.is_sorted());
        let mut all = [mine.clone(), theirs].concat();
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3]);
        is_empty(&list);
        mine.len()
    });
}

/// Three consumers, of whom one moves on while the others are still in the block: it is freed by who finishes last, or when
/// somebody finds the list empty.
#[test]
fn who_finishes_last_frees() {
    explore_within(2, [1, 2], || {
        let list = Arc::new(List::new());
        (1..=3).for_each(|number| {
            push(&list, number);
        });
        let others = [Arc::clone(&list), Arc::clone(&list)]
            .map(|list| thread::spawn(move || list.pop().expect("there is one for each")));
        let mine: u32 = list.pop().expect("there is one for each");
        let mut all = others.map(|other| other.join().unwrap()).to_vec();
        all.push(mine);
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3]);
        let entries = list.entries();
        is_empty(&list);
        entries
    });
}

/// Two consumers and a producer: a consumer that finds `head` moved finds `tail` moved too, so `head` never passes it.
#[test]
fn head_stays_behind_tail() {
    explore([(false, false), (false, true), (true, false)], || {
        let list = Arc::new(List::new());
        push(&list, 0);
        take(&list);
        let [pushing, popping] = [Arc::clone(&list), Arc::clone(&list)];
        let producer = thread::spawn(move || push(&pushing, 1));
        let consumer = thread::spawn(move || {
            let value = popping.pop();
            assert!(popping.len() < 8, "head is beyond tail");
            value
        });
        thread::yield_now();
        let mine = list.pop();
        assert!(list.len() < 8, "head is beyond tail");
        let theirs = consumer.join().unwrap();
        if let (Err(_), Err(_)) = (mine, theirs) {
            assert_eq!(take(&list), 1);
        }
        producer.join().unwrap();
        is_empty(&list);
        (mine.is_ok(), theirs.is_ok())
    });
}

/// Two producers at the end of a block: both values come, each producer's in order, whoever makes the next block.
#[test]
fn producers_share() {
    explore([vec![0, 1, 2, 3], vec![0, 1, 3, 2], vec![0, 3, 1, 2]], || {
        let list = Arc::new(List::new());
        push(&list, 0);
        let other = Arc::clone(&list);
        let thread = thread::spawn(move || {
            push(&other, 1);
            push(&other, 2);
        });
        push(&list, 3);
        let order: Vec<u32> = (0..4).map(|_| take(&list)).collect();
        thread.join().unwrap();
        is_empty(&list);
        order
    });
}

/// Two producers, when the entries in the list itself are in use: who comes second finds the others that the first one
/// made, or gives his own back.
#[test]
fn producers_of_a_long_list_share() {
    explore([[1, 2], [2, 1]], || {
        let list = Arc::new(List::<Large>::new());
        push(&list, 0);
        take(&list);
        let other = Arc::clone(&list);
        let thread = thread::spawn(move || push(&other, 1));
        push(&list, 2);
        thread.join().unwrap();
        let order = [take(&list), take(&list)];
        is_empty(&list);
        order
    });
}

/// All entries of the table are in use until another thread moves on from the first: its entry is used again, by then left
/// by everybody.
#[test]
fn an_entry_is_used_again() {
    explore([false, true], || {
        let list = Arc::new(List::<Large>::new());
        // Blocks of one, one and two slots, after the first entry, which has none.
        (0..4).for_each(|number| {
            push(&list, number);
        });
        let popping = Arc::clone(&list);
        let thread = thread::spawn(move || [popping.pop(), popping.pop()]);
        thread::yield_now();
        let mut value = 4;
        let mut at_once = true;
        while let Err(PushError::NoMemory(back)) = list.push(value) {
            value = back;
            at_once = false;
            thread::yield_now();
        }
        assert_eq!(thread.join().unwrap(), [Ok(0), Ok(1)]);
        assert_eq!([list.pop(), list.pop(), list.pop()], [Ok(2), Ok(3), Ok(4)]);
        is_empty(&list);
        at_once
    });
}

/// A block that one thread emptied and kept is another's next one: it is no longer used by then.
#[test]
fn a_block_is_used_again() {
    explore([false, true], || {
        let list = Arc::new(List::<Large>::new());
        push(&list, 0);
        push(&list, 1);
        let popping = Arc::clone(&list);
        let thread = thread::spawn(move || [popping.pop(), popping.pop()]);
        let had_spare = list.has_spare();
        push(&list, 2);
        assert_eq!(thread.join().unwrap(), [Ok(0), Ok(1)]);
        assert_eq!(list.pop(), Ok(2));
        is_empty(&list);
        had_spare
    });
}

/// A receiver that announced itself (for the second time) and then finds nothing is seen by the push, and with it all that
/// it did before.
#[test]
fn no_push_misses_a_waiter() {
    explore([(false, true), (true, false), (true, true)], || {
        let list = Arc::new(List::new());
        push(&list, 0);
        take(&list);
        let waiter = Arc::new(AtomicUsize::new(0));
        let (pushing, looking) = (Arc::clone(&list), Arc::clone(&waiter));
        let thread = thread::spawn(move || {
            let awaited = push(&pushing, 1);
            (awaited, looking.load(Ordering::Relaxed))
        });
        waiter.store(1, Ordering::Relaxed);
        list.announce_receiver();
        list.withdraw_receivers();
        waiter.store(2, Ordering::Relaxed);
        list.announce_receiver();
        let found = list.pop();
        if found.is_err() {
            assert_eq!(take(&list), 1);
        }
        let (awaited, number) = thread.join().unwrap();
        if found.is_err() {
            assert!(awaited, "nobody wakes it");
            assert_eq!(number, 2, "the push does not see it");
        }
        assert!(!awaited || number > 0);
        (found.is_ok(), awaited)
    });
}

/// Who takes the flag away sees the waiters that set it.
#[test]
fn withdrawing_misses_no_waiter() {
    explore([(false, true), (true, false), (true, true)], || {
        let list = Arc::new(List::new());
        let waiter = Arc::new(AtomicUsize::new(0));
        let (announcing, waiting) = (Arc::clone(&list), Arc::clone(&waiter));
        let thread = thread::spawn(move || {
            waiting.store(1, Ordering::Relaxed);
            announcing.announce_receiver();
        });
        list.withdraw_receivers();
        let found = waiter.load(Ordering::Relaxed) == 1;
        thread.join().unwrap();
        // The flag is there still, or its waiter was seen.
        let awaited = push(&list, 1);
        assert!(awaited || found);
        (found, awaited)
    });
}

/// Of two that push where there is room for one, one does.
#[test]
fn a_limit_is_kept() {
    explore([0, 1], || {
        let list = Arc::new(List::with_limit(1));
        let pushing = Arc::clone(&list);
        let thread = thread::spawn(move || pushing.push(0));
        let mine = list.push(1);
        match (mine, thread.join().unwrap()) {
            (Ok(false), Err(PushError::Full(0))) | (Err(PushError::Full(1)), Ok(false)) => {}
            both => panic!("{both:?}"),
        }
        assert_eq!((list.len(), list.push(2)), (1, Err(PushError::Full(2))));
        assert_eq!(list.push_beyond(3), Ok(false));
        let first = take(&list);
        assert_eq!(list.push(4), Err(PushError::Full(4)), "there is one still");
        assert_eq!(take(&list), 3);
        assert_eq!(list.push(5), Ok(false));
        first
    });
}

/// Who knows that there is room finds it, whatever producers remember of `head`.
#[test]
fn who_finds_it_full_is_right() {
    explore([(false, false), (false, true), (true, true)], || {
        let list = Arc::new(List::with_limit(1));
        push(&list, 0);
        let popped = Arc::new(AtomicUsize::new(0));
        let (popping, telling) = (Arc::clone(&list), Arc::clone(&popped));
        let thread = thread::spawn(move || {
            assert_eq!(take(&popping), 0);
            telling.store(1, Ordering::Release);
        });
        let known = popped.load(Ordering::Acquire) == 1;
        let pushed = list.push(1).is_ok();
        assert!(pushed || !known);
        thread.join().unwrap();
        if !pushed {
            push(&list, 1);
        }
        assert_eq!(take(&list), 1);
        (known, pushed)
    });
}

/// A producer that says that it waits, then finds no room, is seen by the pop that makes it.
#[test]
fn no_pop_misses_a_waiter() {
    explore([(false, true), (true, false), (true, true)], || {
        let list = Arc::new(List::with_limit(1));
        push(&list, 0);
        let waiter = Arc::new(AtomicUsize::new(0));
        let (popping, looking) = (Arc::clone(&list), Arc::clone(&waiter));
        let thread = thread::spawn(move || {
            let mut awaited = false;
            assert_eq!(popping.pop_noting(&mut awaited), Ok(0));
            (awaited, looking.load(Ordering::Relaxed))
        });
        waiter.store(1, Ordering::Relaxed);
        list.announce_sender();
        list.withdraw_senders();
        waiter.store(2, Ordering::Relaxed);
        list.announce_sender();
        let pushed = list.push(1).is_ok();
        let (awaited, number) = thread.join().unwrap();
        if !pushed {
            assert!(awaited, "nobody wakes it");
            assert_eq!(number, 2, "the pop does not see it");
        }
        assert!(!awaited || number > 0);
        (pushed, awaited)
    });
}

/// A place that is given up is room too.
#[test]
fn no_place_given_up_misses_a_waiter() {
    explore_within(2, [(1, false), (1, true), (2, false), (2, true)], || {
        let list = Arc::new(List::with_limit(1));
        let (pushing, popping) = (Arc::clone(&list), Arc::clone(&list));
        let producer = thread::spawn(move || pushing.push(0).is_ok());
        let consumer = thread::spawn(move || {
            let mut awaited = false;
            let popped = popping.pop_noting(&mut awaited).is_ok();
            (popped, awaited)
        });
        list.announce_sender();
        let pushed = list.push(1).is_ok();
        let (popped, awaited) = consumer.join().unwrap();
        let others = producer.join().unwrap();
        // It was full of one that came, and was taken out, or is there still; or was given up.
        assert!(pushed || others);
        assert!(pushed || awaited || list.len() == 1, "nobody wakes it");
        assert_eq!(list.len() + usize::from(popped), usize::from(pushed) + usize::from(others));
        (list.places(), pushed)
    });
}

/// Who takes the flag away sees the producers that set it.
#[test]
fn withdrawing_misses_no_waiting_sender() {
    explore([(false, true), (true, false), (true, true)], || {
        let list = Arc::new(List::with_limit(1));
        push(&list, 0);
        let waiter = Arc::new(AtomicUsize::new(0));
        let (announcing, waiting) = (Arc::clone(&list), Arc::clone(&waiter));
        let thread = thread::spawn(move || {
            waiting.store(1, Ordering::Relaxed);
            announcing.announce_sender();
        });
        list.withdraw_senders();
        let found = waiter.load(Ordering::Relaxed) == 1;
        thread.join().unwrap();
        // The flag is there still, or its waiter was seen.
        let mut awaited = false;
        assert_eq!(list.pop_noting(&mut awaited), Ok(0));
        assert!(awaited || found);
        (found, awaited)
    });
}

/// Closing against pushing and popping: the value is received or handed back.
#[test]
fn close_loses_nothing() {
    explore([(false, 0), (false, 1), (true, 1)], || {
        let list = Arc::new(List::new());
        let pushing = Arc::clone(&list);
        let thread = thread::spawn(move || pushing.push(5));
        assert!(list.close());
        let received = list.pop();
        match thread.join().unwrap() {
            Ok(_) => assert_eq!(received, Ok(5)),
            Err(error) => {
                assert_eq!(error, PushError::Closed(5));
                assert_eq!(received, Err(PopError::Closed));
            }
        }
        assert!(!list.close() && list.is_closed());
        assert_eq!(list.pop(), Err(PopError::Closed));
        // A place was claimed and given up when the value came back from one.
        (received.is_ok(), list.places())
    });
}

/// What is left is dropped with the list, once, whatever block it stands in.
#[test]
fn what_is_left_is_dropped_once() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    explore([2], || {
        let drops = Arc::new(AtomicUsize::new(0));
        let list = Arc::new(List::new());
        push(&list, Counted(Arc::clone(&drops)));
        push(&list, Counted(Arc::clone(&drops)));
        let (other, counter) = (Arc::clone(&list), Arc::clone(&drops));
        let thread = thread::spawn(move || {
            push(&other, Counted(counter));
            drop(other.pop());
        });
        drop(list.pop());
        thread.join().unwrap();
        let before = drops.load(Ordering::Relaxed);
        assert_eq!(list.len(), 3 - before);
        drop(Arc::try_unwrap(list).expect("the other one is gone"));
        assert_eq!(drops.load(Ordering::Relaxed), 3);
        before
    });
}

/// A list that holds nothing leaves its large block while a value is pushed: the value is in the one or the other, and
/// both are freed.
#[test]
fn a_large_block_is_left() {
    explore([(false, 1), (false, 2), (true, 1), (true, 2)], || {
        let list = Arc::new(List::new());
        // Blocks of two, two and four slots.
        (0..5).for_each(|number| {
            push(&list, number);
        });
        (0..4).for_each(|number| assert_eq!(list.pop(), Ok(number)));
        let pushing = Arc::clone(&list);
        let thread = thread::spawn(move || push(&pushing, 5));
        thread::yield_now();
        assert_eq!(list.pop(), Ok(4));
        let first = list.pop();
        let value = first.unwrap_or_else(|_| take(&list));
        assert_eq!(value, 5);
        thread.join().unwrap();
        let places = list.places();
        is_empty(&list);
        // What was not claimed for a value was given up: with the block or, once more, as a slot.
        (first.is_ok(), (places - 6).min(2))
    });
}

/// Two consumers leave the same large block, one after its last value, the other with nothing: one entry follows it, and
/// values go on from there.
#[test]
fn a_large_block_is_left_once() {
    explore([(false, false), (false, true), (true, false), (true, true)], || {
        let list = Arc::new(List::new());
        (0..5).for_each(|number| {
            push(&list, number);
        });
        (0..4).for_each(|number| assert_eq!(list.pop(), Ok(number)));
        let other = Arc::clone(&list);
        let thread = thread::spawn(move || other.pop());
        let mine = list.pop();
        let left = list.places() == 6;
        let theirs = thread.join().unwrap();
        assert_eq!(mine.or(theirs), Ok(4));
        assert_eq!(mine.and(theirs), Err(PopError::Empty));
        push(&list, 5);
        assert_eq!(list.pop(), Ok(5));
        assert_eq!(list.places(), 7);
        is_empty(&list);
        // If it was not left, the other one was about to.
        (mine.is_ok(), left)
    });
}

/// Values are pushed while another thread leaves the large block: a link that was passed by leads nowhere, and is replaced
/// at the end of the block.
#[test]
fn a_link_that_was_passed_by_leads_nowhere() {
    explore([false, true], || {
        let list = Arc::new(List::new());
        (0..5).for_each(|number| {
            push(&list, number);
        });
        (0..4).for_each(|number| assert_eq!(list.pop(), Ok(number)));
        let popping = Arc::clone(&list);
        let thread = thread::spawn(move || assert_eq!(popping.pop(), Ok(4)));
        (5..9).for_each(|number| {
            push(&list, number);
        });
        thread.join().unwrap();
        let places = list.places();
        (5..9).for_each(|number| assert_eq!(list.pop(), Ok(number)));
        is_empty(&list);
        // Whether the block was left; if not, the link may have been passed by.
        places > 9
    });
}

/// Of two consumers one has seen where `tail` went, and says so; the other finds the way from that.
#[test]
fn what_another_saw_is_seen() {
    explore([(false, false), (false, true), (true, false)], || {
        let list = Arc::new(List::new());
        let (pushing, popping) = (Arc::clone(&list), Arc::clone(&list));
        let producer = thread::spawn(move || push(&pushing, 1));
        let consumer = thread::spawn(move || popping.pop());
        thread::yield_now();
        let mine = list.pop();
        let theirs = consumer.join().unwrap();
        producer.join().unwrap();
        if mine.is_err() && theirs.is_err() {
            assert_eq!(take(&list), 1);
        } else {
            assert_eq!(mine.or(theirs), Ok(1));
        }
        is_empty(&list);
        (mine.is_ok(), theirs.is_ok())
    });
}

/// What is pushed in the short way is in the list as all else. There is one slot, so that one of two has to take the long
/// one.
#[test]
fn the_short_way_in_is_the_same() {
    explore([(false, true), (true, false)], || {
        let list = Arc::new(List::new());
        push(&list, 0);
        take(&list);
        let pushing = Arc::clone(&list);
        let thread = thread::spawn(move || pushing.push_at_once(1).is_ok());
        thread::yield_now();
        let mine = list.push_at_once(2).is_ok();
        let theirs = thread.join().unwrap();
        let mut got: Vec<i32> = core::iter::from_fn(|| list.pop().ok()).collect();
        got.sort_unstable();
        let pushed = [(theirs, 1), (mine, 2)].into_iter().filter_map(|(done, value)| done.then_some(value));
        assert_eq!(got, pushed.collect::<Vec<_>>());
        is_empty(&list);
        (mine, theirs)
    });
}

/// What is popped in the short way was pushed whole, and is popped once.
#[test]
fn the_short_way_out_is_the_same() {
    explore([(None, None), (None, Some(1)), (Some(1), None)], || {
        let list = Arc::new(List::new());
        push(&list, 0);
        take(&list);
        let (pushing, popping) = (Arc::clone(&list), Arc::clone(&list));
        let producer = thread::spawn(move || push(&pushing, 1));
        let consumer = thread::spawn(move || popping.pop_at_once());
        thread::yield_now();
        let mine = list.pop_at_once();
        let theirs = consumer.join().unwrap();
        producer.join().unwrap();
        let left = list.pop().ok();
        assert_eq!([mine, theirs, left].into_iter().flatten().collect::<Vec<_>>(), [1]);
        is_empty(&list);
        (mine, theirs)
    });
}

/// Appends all of these; in how many parts.
fn push_many(list: &List<u32>, values: impl IntoIterator<Item = u32>) -> usize {
    let mut values: VecDeque<u32> = values.into_iter().collect();
    let mut parts = 0;
    while !values.is_empty() {
        list.push_many(&mut values).expect("it is open, and there is memory");
        parts += 1;
    }
    parts
}

/// So many values, however often one has to look.
fn take_many(list: &List<u32>, many: usize) -> Vec<u32> {
    let mut values = Vec::with_capacity(many);
    while values.len() < many {
        let left = many - values.len();
        if list.pop_many(&mut values, left, &mut 0).is_err() {
            thread::yield_now();
        }
    }
    values
}

/// A run that goes over the end of a block, and a consumer that comes in the middle and gives some of its places up: each value
/// once, whole, and in order.
#[test]
fn a_run_keeps_its_order() {
    explore_within(2, [0, 1, 2], || {
        let list = Arc::new(List::new());
        let pushing = Arc::clone(&list);
        let thread = thread::spawn(move || push_many(&pushing, 1..=3));
        thread::yield_now();
        assert_eq!(take_many(&list, 3), [1, 2, 3]);
        thread.join().unwrap();
        let given_up = list.places() - 3;
        is_empty(&list);
        // The more switches, the more often.
        given_up.min(2)
    });
}

/// Two consumers of runs: each value once, in order, also across blocks that are freed by either.
#[test]
fn consumers_of_runs_share() {
    explore_within(2, [1, 2, 3], || {
        let list = Arc::new(List::new());
        push_many(&list, 1..=4);
        let other = Arc::clone(&list);
        let pop = |list: &List<u32>| {
            let mut values = Vec::with_capacity(4);
            _ = list.pop_many(&mut values, 4, &mut 0);
            _ = list.pop_many(&mut values, 1, &mut 0);
            values
        };
        let thread = thread::spawn(move || pop(&other));
        let mine = pop(&list);
        let theirs = thread.join().unwrap();
        assert!(mine.is_sorted() && theirs.is_sorted());
        let mut all = [mine.clone(), theirs].concat();
        while let Ok(value) = list.pop() {
            all.push(value);
        }
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3, 4]);
        is_empty(&list);
        mine.len()
    });
}

/// A run and a single push: each value once, and the run in its order.
#[test]
fn a_run_and_a_push_share() {
    explore([[1, 2, 3], [1, 3, 2], [3, 1, 2]], || {
        let list = Arc::new(List::new());
        let pushing = Arc::clone(&list);
        let thread = thread::spawn(move || push_many(&pushing, 1..=2));
        push(&list, 3);
        thread.join().unwrap();
        let got = take_many(&list, 3);
        is_empty(&list);
        <[u32; 3]>::try_from(got).unwrap()
    });
}
