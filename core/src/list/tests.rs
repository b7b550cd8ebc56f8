//! The list with plain threads, and what no interleaving changes.

use std::sync::Arc;
use std::thread;

use super::table::{SMALL_SLOTS, block_size};
use super::*;
use crate::primitive::{AtomicUsize, Ordering::Relaxed};

fn push<T>(list: &List<T>, value: T) -> bool {
    list.push(value).unwrap_or_else(|_| panic!("it is open, and there is memory"))
}

/// The blocks that the list has at this moment, and their slots.
fn blocks<T>(list: &List<T>) -> (usize, usize) {
    let mut sizes: Vec<usize> = list.table.used().map(|entry| entry.size.load(Relaxed)).collect();
    if list.has_spare() {
        sizes.push(Table::<T>::SMALL);
    }
    sizes.retain(|size| *size > 0);
    (sizes.len(), sizes.iter().sum())
}

/// How many values the stress tests send.
const MANY: usize = if cfg!(any(miri, xi_tsan)) { 20_000 } else { 100_000 };

/// A value that says who sent it and counts its drops.
struct Message<P> {
    producer: usize,
    number: usize,
    drops: Arc<AtomicUsize>,
    _payload: P,
}

impl<P> Drop for Message<P> {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Relaxed);
    }
}

/// Several producers and consumers: every consumer gets every producer's values in order, each value comes once, and each
/// is dropped once.
fn stress<P: Default + Send + 'static>(producers: usize, consumers: usize, many: usize) {
    let list = Arc::new(List::new());
    let drops = Arc::new(AtomicUsize::new(0));
    let each = many / producers;
    let pushing: Vec<_> = (0..producers)
        .map(|producer| {
            let (list, drops) = (Arc::clone(&list), Arc::clone(&drops));
            thread::spawn(move || {
                for number in 0..each {
                    let drops = Arc::clone(&drops);
                    push(&list, Message { producer, number, drops, _payload: P::default() });
                }
            })
        })
        .collect();
    let popping: Vec<_> = (0..consumers)
        .map(|_| {
            let list = Arc::clone(&list);
            thread::spawn(move || {
                let mut next = vec![0; producers];
                let mut sum = 0;
                loop {
                    match list.pop() {
                        Ok(message) => {
                            assert!(message.number >= next[message.producer], "out of order, or twice");
                            next[message.producer] = message.number + 1;
                            sum += message.number + 1;
                        }
                        Err(PopError::Empty) => thread::yield_now(),
                        Err(PopError::Closed) => return sum,
                    }
                }
            })
        })
        .collect();
    pushing.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(list.close());
    let sum: usize = popping.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(sum, producers * each * (each + 1) / 2);
    assert_eq!(drops.load(Relaxed), producers * each);
    let (blocks, slots) = blocks(&list);
    assert!(blocks <= 2 && slots <= 5 * Table::<Message<P>>::SMALL, "{blocks} blocks, {slots} slots");
}

#[test]
fn values_come_once_and_in_order() {
    stress::<u64>(1, 1, MANY);
    stress::<u64>(2, 2, MANY);
    stress::<u64>(3, 1, MANY);
    stress::<u64>(1, 3, MANY);
}

#[test]
fn large_values_come_once_and_in_order() {
    struct Page(#[allow(dead_code)] [u8; 4096]);
    impl Default for Page {
        fn default() -> Self {
            Self([7; 4096])
        }
    }
    stress::<Page>(2, 2, MANY / 10);
}

#[test]
fn aligned_values_stay_aligned() {
    #[repr(align(256))]
    struct Aligned(u8);
    let list = List::new();
    for number in 0..200 {
        push(&list, Aligned(number));
    }
    for entry in list.table.used() {
        // SAFETY: no other thread has the list.
        let slots = entry.slots.with(|slots| unsafe { *slots });
        assert!(slots.addr().is_multiple_of(256));
    }
    for number in 0..200 {
        let value = Box::new(list.pop().unwrap());
        assert_eq!(value.0, number);
    }

    #[derive(Default)]
    #[repr(align(128))]
    struct Payload;
    stress::<Payload>(2, 2, MANY / 10);
}

#[test]
fn values_without_size_are_counted() {
    static DROPS: AtomicUsize = AtomicUsize::new(0);
    struct Unit;
    impl Drop for Unit {
        fn drop(&mut self) {
            DROPS.fetch_add(1, Relaxed);
        }
    }
    let list = Arc::new(List::new());
    let other = Arc::clone(&list);
    let thread = thread::spawn(move || {
        for _ in 0..MANY {
            push(&other, Unit);
        }
    });
    let mut popped = 0;
    while popped < MANY / 2 {
        popped += usize::from(list.pop().is_ok());
    }
    thread.join().unwrap();
    assert_eq!(list.len(), MANY - MANY / 2);
    drop(list);
    assert_eq!(DROPS.load(Relaxed), MANY);
}

#[test]
fn memory_goes_back() {
    let list = List::new();
    assert_eq!(blocks(&list), (0, 0));
    for number in 0..MANY {
        push(&list, number);
    }
    assert_eq!(list.len(), MANY);
    assert!(blocks(&list).1 < 2 * MANY);
    for number in 0..MANY {
        assert_eq!(list.pop(), Ok(number));
        // All but the blocks at the two ends is in use, and neither of these is larger than half of the greatest length.
        let (_, slots) = blocks(&list);
        assert!(slots <= list.len() + MANY + SMALL_SLOTS, "{slots} slots for {}", list.len());
    }
    // Without a look whether more comes.
    assert_eq!((blocks(&list), list.len(), list.entries()), ((1, SMALL_SLOTS), 0, 1));
    assert_eq!(list.pop(), Err(PopError::Empty));
    assert_eq!((blocks(&list), list.len(), list.entries()), ((1, SMALL_SLOTS), 0, 1));
    push(&list, 1);
    assert_eq!((blocks(&list), list.len()), ((1, SMALL_SLOTS), 1));
    assert_eq!((list.pop(), list.pop()), (Ok(1), Err(PopError::Empty)));
}

#[test]
fn the_table_covers_every_length() {
    for small in [1, SMALL_SLOTS] {
        let mut len = 0_usize;
        // One entry is where `head` is, one is for the block of no slots.
        for _ in 2..ENTRIES {
            len += block_size(len).max(small);
        }
        assert!(len >= (1 << 28) * small, "{len} values");
    }
}

#[test]
fn lengths_are_exact_when_quiet() {
    let list = List::new();
    let mut expected = std::collections::VecDeque::new();
    let mut random = 0x2545_f491_u32;
    for number in 0..MANY {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        // For a while mostly pushes, for a while mostly pops.
        if random % 8 < if number / 1000 % 2 == 0 { 6 } else { 2 } {
            push(&list, number);
            expected.push_back(number);
        } else {
            assert_eq!(list.pop().ok(), expected.pop_front());
        }
        assert_eq!(list.len(), expected.len());
    }
    assert_eq!(list.len() == 0, expected.is_empty());
}

#[test]
fn closing_hands_back_and_drains() {
    let list = List::new();
    assert_eq!(list.pop(), Err(PopError::Empty));
    assert!(!push(&list, Box::new(1)));
    list.announce_receiver();
    assert!(push(&list, Box::new(2)));
    list.withdraw_receivers();
    assert!(!push(&list, Box::new(3)));
    assert!(!list.is_closed() && list.close() && !list.close() && list.is_closed());
    assert_eq!(list.push(Box::new(4)), Err(PushError::Closed(Box::new(4))));
    assert_eq!(list.len(), 3);
    for number in 1..4 {
        assert_eq!(list.pop(), Ok(Box::new(number)));
    }
    assert_eq!(list.pop(), Err(PopError::Closed));
}

#[test]
fn places_wrap() {
    let list = List::new();
    // As if so many had come and gone.
    let begin = (0 as Word).wrapping_sub(20 * ONE);
    list.tail.word.store(begin, Relaxed);
    list.head.word.store(begin, Relaxed);
    list.head.seen.store(begin, Relaxed);
    list.table.entry(0).end.store(begin, Relaxed);
    list.table.entry(0).link.store(begin, Relaxed);
    for number in 0..100 {
        push(&list, number);
        push(&list, number);
        assert_eq!(list.len(), number + 2);
        assert_eq!(list.pop(), Ok(number / 2));
    }
    assert_eq!(place(list.tail.word.load(Relaxed)), 180 * ONE);
}

/// The values behind the one that panics are leaked, the blocks are not: AddressSanitizer would say so.
#[test]
fn a_panicking_drop_frees_the_blocks() {
    struct Panics<'a>(u32, &'a AtomicUsize);
    impl Drop for Panics<'_> {
        fn drop(&mut self) {
            self.1.fetch_add(1, Relaxed);
            assert!(self.0 != 3, "as it should");
        }
    }
    let drops = AtomicUsize::new(0);
    let list = List::new();
    for number in 0..200 {
        push(&list, Panics(number, &drops));
    }
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(list)));
    assert!(result.is_err());
    assert_eq!(drops.load(Relaxed), 4);
}
