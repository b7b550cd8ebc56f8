//! Ends that are not shared: they are ends like others, whatever the flavour, and nothing is lost between the two.
#![cfg(all(not(loom), feature = "std"))]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use crossinterp_core::{
    Consumer, Domain, OfferError, Park, Producer, Receiver, RecvError, RecvTimeoutError, Select, SendError,
    SendTimeoutError, Sender, TakeError, TryRecvError, TrySendError, Wakeup, bounded, bounded_single, never,
    rendezvous, tick, unbounded,
};

const SHORT: Duration = Duration::from_millis(20);
const MANY: u32 = if cfg!(miri) { 50 } else { 4_000 };

fn is_send_and_sync<T: Send + Sync>() {}

#[test]
fn single_ends_go_where_their_messages_may_go() {
    is_send_and_sync::<Producer<Box<u8>>>();
    is_send_and_sync::<Consumer<Box<u8>>>();
}

fn every_flavour() -> [(Sender<u32>, Receiver<u32>); 5] {
    [bounded(1), bounded(2), bounded(100), unbounded(), rendezvous()]
}

/// Which side is single.
const SIDES: [(bool, bool); 3] = [(true, false), (false, true), (true, true)];

/// An end of either kind.
enum Sends {
    Shared(Sender<u32>),
    Single(Producer<u32>),
}

enum Receives {
    Shared(Receiver<u32>),
    Single(Consumer<u32>),
}

impl Sends {
    fn send(&mut self, message: u32) -> Result<(), SendError<u32>> {
        match self {
            Self::Shared(tx) => tx.send(message),
            Self::Single(tx) => tx.send(message),
        }
    }
}

impl Receives {
    fn recv(&mut self) -> Result<u32, RecvError> {
        match self {
            Self::Shared(rx) => rx.recv(),
            Self::Single(rx) => rx.recv(),
        }
    }
}

fn with_single(
    (tx, rx): (Sender<u32>, Receiver<u32>),
    (single_tx, single_rx): (bool, bool),
) -> (Sends, Receives) {
    let tx = if single_tx { Sends::Single(tx.try_into_single().unwrap()) } else { Sends::Shared(tx) };
    let rx = if single_rx { Receives::Single(rx.try_into_single().unwrap()) } else { Receives::Shared(rx) };
    (tx, rx)
}

#[test]
fn messages_come_in_order_and_then_the_end() {
    for sides in SIDES {
        for ends in every_flavour() {
            let (mut tx, mut rx) = with_single(ends, sides);
            let sender = thread::spawn(move || (0..MANY).for_each(|number| tx.send(number).unwrap()));
            (0..MANY).for_each(|number| assert_eq!(rx.recv(), Ok(number)));
            assert_eq!((rx.recv(), rx.recv()), (Err(RecvError), Err(RecvError)));
            sender.join().unwrap();
        }
    }
}

#[test]
fn a_sleeper_is_woken_each_time() {
    for sides in SIDES {
        for ends in every_flavour() {
            let (mut tx, mut rx) = with_single(ends, sides);
            let receiver = thread::spawn(move || core::iter::from_fn(|| rx.recv().ok()).collect::<Vec<_>>());
            for number in 0..5 {
                thread::sleep(SHORT / 4);
                tx.send(number).unwrap();
            }
            drop(tx);
            assert_eq!(receiver.join().unwrap(), [0, 1, 2, 3, 4]);
        }
        let (mut tx, mut rx) = with_single(bounded(1), sides);
        let sender = thread::spawn(move || (0..5).for_each(|number| tx.send(number).unwrap()));
        for number in 0..5 {
            thread::sleep(SHORT / 4);
            assert_eq!(rx.recv(), Ok(number));
        }
        sender.join().unwrap();
    }
}

#[test]
fn the_receiver_going_is_seen() {
    for sides in SIDES {
        for ends in every_flavour() {
            let (mut tx, rx) = with_single(ends, sides);
            let receiver = thread::spawn(move || {
                thread::sleep(SHORT);
                drop(rx);
            });
            let sent = (0..).find(|number| tx.send(*number).is_err()).unwrap();
            receiver.join().unwrap();
            assert_eq!(tx.send(sent), Err(SendError(sent)));
        }
    }
}

#[test]
fn each_operation_answers_as_that_of_shared_ends() {
    let (mut tx, mut rx) = bounded_single(1);
    assert_eq!((rx.try_recv(), rx.take()), (Err(TryRecvError::Empty), Err(TakeError::Empty)));
    assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    assert_eq!(rx.recv_deadline(Instant::now()), Err(RecvTimeoutError::Timeout));
    assert_eq!((tx.try_send(1), tx.try_send(2)), (Ok(()), Err(TrySendError::Full(2))));
    assert_eq!(tx.offer(2), Err(OfferError::Full(2)));
    assert_eq!(tx.send_timeout(2, SHORT), Err(SendTimeoutError::Timeout(2)));
    assert_eq!(tx.send_deadline(2, Instant::now()), Err(SendTimeoutError::Timeout(2)));
    assert!(tx.is_full() && rx.is_full() && !tx.is_empty() && (tx.len(), rx.len()) == (1, 1));
    assert_eq!((tx.capacity(), rx.capacity(), tx.channel_id()), (Some(1), Some(1), rx.channel_id()));
    assert_eq!(rx.take(), Ok(1));
    assert!(rx.is_empty() && !tx.is_closed());
    tx.send(3).unwrap();
    rx.close();
    assert!(tx.is_closed() && rx.is_closed());
    assert_eq!((tx.try_send(4), tx.send(4)), (Err(TrySendError::Disconnected(4)), Err(SendError(4))));
    assert_eq!((rx.recv(), rx.recv()), (Ok(3), Err(RecvError)));
    assert_eq!((rx.try_recv(), rx.take()), (Err(TryRecvError::Disconnected), Err(TakeError::Disconnected)));
    assert!(format!("{tx:?} {rx:?}").contains("Consumer"));
}

#[test]
fn many_laps_keep_order_and_count() {
    for capacity in [1, 2, 3, 5, 8] {
        let (mut tx, mut rx) = bounded_single(capacity);
        let (mut sent, mut received) = (0, 0);
        for round in 0..100 {
            for _ in 0..round % (capacity + 2) {
                sent += u32::from(tx.try_send(sent).is_ok());
                assert_eq!(tx.len(), (sent - received) as usize);
            }
            for _ in 0..round % (capacity + 1) {
                match rx.try_recv() {
                    Ok(message) => assert_eq!(message, received),
                    Err(_) => break,
                }
                received += 1;
                assert_eq!(rx.len(), (sent - received) as usize);
            }
        }
    }
}

#[test]
fn what_is_not_the_only_end_does_not_become_single() {
    for (tx, rx) in every_flavour() {
        let others = (tx.clone(), rx.clone());
        let (tx, rx) = (tx.try_into_single().unwrap_err(), rx.try_into_single().unwrap_err());
        drop(others);
        let (tx, rx) = (tx.try_into_single().unwrap(), rx.try_into_single().unwrap());
        let (tx, rx) = (tx.into_shared(), rx.into_shared());
        assert_eq!((tx.sender_count(), rx.receiver_count()), (1, 1));
        assert_eq!((tx.clone().sender_count(), rx.clone().receiver_count()), (2, 2));
    }
}

#[test]
fn nor_does_one_whose_operations_wait() {
    let waker = || Waker::noop().clone();
    let (tx, rx) = bounded(1);
    let receiving = rx.begin_recv(waker()).unwrap();
    let rx = rx.try_into_single().unwrap_err();
    drop(receiving);
    tx.try_send(1).unwrap();
    let sending = tx.begin_send(2, waker()).unwrap();
    let tx = tx.try_into_single().unwrap_err();
    let mut rx = rx.try_into_single().unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(sending.finish(), Ok(()));
    let mut tx = tx.try_into_single().unwrap();
    assert_eq!((rx.try_recv(), tx.try_send(3), rx.try_recv()), (Ok(2), Ok(()), Ok(3)));
}

#[test]
fn what_was_queued_before_is_there() {
    for capacity in [4, 7] {
        let (tx, rx) = bounded(capacity);
        let (mut next, mut expected) = (0, 0);
        let (mut tx, mut rx) = (Some(tx), Some(rx));
        for round in 0..40 {
            let sender = tx.take().unwrap();
            tx = Some(if round % 2 == 0 {
                let mut single = sender.try_into_single().unwrap();
                while single.try_send(next).is_ok() {
                    next += 1;
                }
                single.into_shared()
            } else {
                (0..2).for_each(|_| next += u32::from(sender.try_send(next).is_ok()));
                sender
            });
            let receiver = rx.take().unwrap();
            rx = Some(if round % 3 == 0 {
                let mut single = receiver.try_into_single().unwrap();
                single.try_iter().take(3).for_each(|message| {
                    assert_eq!(message, expected);
                    expected += 1;
                });
                single.into_shared()
            } else {
                assert_eq!(receiver.try_recv(), Ok(expected));
                expected += 1;
                receiver
            });
        }
    }
}

#[test]
fn a_message_that_was_given_back_comes_first() {
    let (tx, rx) = bounded(2);
    let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    drop(wait);
    let mut rx = rx.try_into_single().unwrap();
    assert_eq!(rx.len(), 2);
    assert_eq!((rx.try_recv(), rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2), Err(TryRecvError::Empty)));
}

#[test]
fn weak_ends_make_none_beside_a_single_one() {
    for (tx, rx) in every_flavour() {
        let (weak_tx, weak_rx) = (tx.downgrade(), rx.downgrade());
        let (tx, rx) = (tx.try_into_single().unwrap(), rx.try_into_single().unwrap());
        assert!(weak_tx.upgrade().is_none() && weak_rx.upgrade().is_none());
        let (tx, rx) = (tx.into_shared(), rx.into_shared());
        assert!(weak_tx.upgrade().unwrap().same_channel(&tx) && weak_rx.upgrade().unwrap().same_channel(&rx));
    }
}

#[test]
fn ends_that_never_get_anything_or_from_a_clock_become_single_too() {
    let mut silent = never::<u8>().try_into_single().unwrap();
    assert_eq!(silent.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(silent.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    assert_eq!(silent.into_shared().try_recv(), Err(TryRecvError::Empty));
    let mut ticks = tick(SHORT).try_into_single().unwrap();
    assert!(ticks.recv().is_ok() && ticks.recv_timeout(SHORT * 100).is_ok());
}

#[test]
fn others_select_against_single_ends() {
    let (tx, rx) = bounded(1);
    let mut rx = rx.try_into_single().unwrap();
    let mut select = Select::new();
    let index = select.send(&tx);
    let operation = select.try_select().unwrap();
    assert_eq!(operation.index(), index);
    operation.send(&tx, 1).unwrap();
    assert!(select.try_select().is_err());
    assert_eq!(rx.recv(), Ok(1));

    let (tx, rx) = bounded(1);
    let mut tx = tx.try_into_single().unwrap();
    let sender = thread::spawn(move || {
        thread::sleep(SHORT);
        tx.send(2).unwrap();
        tx
    });
    let mut select = Select::new();
    select.recv(&rx);
    assert_eq!(select.select().recv(&rx), Ok(2));
    let mut tx = sender.join().unwrap();
    assert!(select.try_select().is_err());
    tx.send(3).unwrap();
    assert_eq!(select.try_select().unwrap().recv(&rx), Ok(3));
}

#[test]
fn a_slot_that_a_select_gives_up_is_passed() {
    let (tx, rx) = bounded(1);
    let mut rx = rx.try_into_single().unwrap();
    for number in 0..3 {
        let mut select = Select::new();
        select.send(&tx);
        let selected = select.try_select().unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(selected))).is_err(), "it must be completed");
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        tx.try_send(number).unwrap();
        assert_eq!(rx.try_recv(), Ok(number));
    }
}

#[test]
fn what_is_queued_is_the_consumers() {
    let (tx, rx) = bounded(2);
    let mut rx = rx.try_into_single().unwrap();
    tx.send(1).unwrap();
    assert_eq!(tx.close_and_drain().count(), 0);
    assert_eq!((rx.recv(), rx.recv()), (Ok(1), Err(RecvError)));

    let (tx, rx) = bounded(2);
    let mut tx = tx.try_into_single().unwrap();
    tx.send(1).unwrap();
    assert_eq!(rx.close_and_drain().collect::<Vec<_>>(), [1]);
    assert_eq!(tx.send(2), Err(SendError(2)));
}

/// Counts its drops.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn what_is_left_is_dropped_once() {
    for consumer_goes_first in [true, false] {
        let drops = Arc::new(AtomicUsize::new(0));
        let (mut tx, mut rx) = bounded_single(4);
        for _ in 0..4 {
            tx.try_send(Counts(Arc::clone(&drops))).ok().unwrap();
        }
        drop(rx.try_recv().ok().unwrap());
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        if consumer_goes_first {
            drop(rx);
            assert_eq!(drops.load(Ordering::Relaxed), 4);
            assert!(tx.try_send(Counts(Arc::clone(&drops))).is_err());
        } else {
            drop(tx);
            assert_eq!(drops.load(Ordering::Relaxed), 1);
            drop(rx);
        }
        assert_eq!(Arc::strong_count(&drops), 1);
    }
}

/// The first of these panics when it is dropped. (What it counts in is never freed: one of these is leaked.)
struct Panics(bool);

static PANICS: AtomicUsize = AtomicUsize::new(0);

impl Drop for Panics {
    fn drop(&mut self) {
        PANICS.fetch_add(1, Ordering::Relaxed);
        assert!(!self.0 || thread::panicking(), "this drop");
    }
}

#[test]
fn a_drop_that_panics_ends_nothing_else() {
    let (mut tx, rx) = bounded_single(2);
    tx.try_send(Panics(true)).ok().unwrap();
    tx.try_send(Panics(false)).ok().unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
    assert_eq!(PANICS.load(Ordering::Relaxed), 1, "the other is leaked");
    assert!(matches!(tx.try_send(Panics(false)), Err(TrySendError::Disconnected(_))));
}

/// Panics instead of sleeping.
struct Nervous;

impl Park for Nervous {
    fn waker(&self) -> Waker {
        Waker::noop().clone()
    }

    fn park(&self) -> Wakeup {
        panic!("it will not sleep")
    }
}

#[test]
fn a_sleep_that_panics_leaves_whole_ends() {
    let (mut tx, mut rx) = bounded_single(1);
    for number in 0..3 {
        assert!(catch_unwind(AssertUnwindSafe(|| rx.recv_parking(&Nervous))).is_err());
        tx.send_parking(number, &Nervous).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| tx.send_parking(9, &Nervous))).is_err());
        assert_eq!(rx.recv_parking(&Nervous), Ok(number));
    }
}

#[test]
fn a_domain_that_closes_ends_its_single_ends() {
    for (tx, rx) in every_flavour() {
        let domain = Domain::try_open().unwrap();
        let held = tx.held_by(&domain).unwrap();
        assert!(held.try_clone().unwrap().try_into_single().is_err(), "there are others");
        drop(tx);
        let mut tx = held.try_into_single().unwrap();
        let sent = tx.try_send(1).is_ok();
        domain.close();
        assert!(tx.is_ended() && tx.is_closed());
        assert_eq!((tx.offer(2), tx.send(2)), (Err(OfferError::Ended(2)), Err(SendError(2))));
        assert_eq!(rx.recv().is_ok(), sent);
        assert_eq!(rx.recv(), Err(RecvError));
        assert!(tx.into_shared().try_into_single().is_err());
    }
    for (tx, rx) in every_flavour() {
        let domain = Domain::try_open().unwrap();
        let held = rx.held_by(&domain).unwrap();
        drop(rx);
        let mut rx = held.try_into_single().unwrap();
        _ = tx.try_send(1);
        domain.close();
        assert!(rx.is_ended() && tx.is_closed());
        assert_eq!(tx.send(2), Err(SendError(2)));
        assert_eq!((rx.take(), rx.recv()), (Err(TakeError::Ended), Err(RecvError)));
        assert_eq!(tx.len(), 0);
    }
}

#[test]
fn what_a_domain_leaves_to_its_consumer_is_dropped_by_that() {
    for operates in [true, false] {
        let drops = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = bounded(4);
        let domain = Domain::try_open().unwrap();
        let held = rx.held_by(&domain).unwrap();
        drop(rx);
        let mut rx = held.try_into_single().unwrap();
        (0..3).for_each(|_| tx.try_send(Counts(Arc::clone(&drops))).ok().unwrap());
        drop(rx.try_recv().ok().unwrap());
        domain.close();
        if operates {
            assert!(rx.try_recv().is_err());
            assert_eq!(drops.load(Ordering::Relaxed), 3);
        }
        drop(rx);
        assert_eq!(drops.load(Ordering::Relaxed), 3);
        drop(tx);
        assert_eq!(Arc::strong_count(&drops), 1);
    }
}

#[test]
fn a_consumer_whose_domain_has_closed_receives_nothing_more() {
    for _ in 0..20 {
        let domain = Domain::try_open().unwrap();
        let (tx, rx) = bounded(2);
        let held = rx.held_by(&domain).unwrap();
        drop(rx);
        let mut rx = held.try_into_single().unwrap();
        let senders: Vec<_> = (0..3)
            .map(|_| {
                let tx = tx.clone();
                thread::spawn(move || while tx.send(1).is_ok() {})
            })
            .collect();
        thread::sleep(SHORT / 4);
        domain.close();
        // Those who waited went, and may have taken back that somebody waits.
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        assert_eq!(rx.take(), Err(TakeError::Ended));
        assert!(tx.is_empty());
    }
}

#[test]
fn a_domain_ends_the_waits_of_its_single_ends() {
    let domain = Domain::try_open().unwrap();
    let (tx, rx) = bounded::<u32>(1);
    let held = rx.held_by(&domain).unwrap();
    drop(rx);
    let mut rx = held.try_into_single().unwrap();
    let receiver = thread::spawn(move || rx.recv());
    thread::sleep(SHORT);
    domain.close();
    assert_eq!(receiver.join().unwrap(), Err(RecvError));
    assert!(tx.is_closed());
}

/// A domain closes while its producer or consumer is in the middle of its work: what was sent is received, or dropped.
#[test]
fn a_domain_closes_in_the_middle() {
    for round in 0..if cfg!(miri) { 4 } else { 200 } {
        let domain = Domain::try_open().unwrap();
        let (tx, rx) = bounded(4);
        let drops = Arc::new(AtomicUsize::new(0));
        let held = (tx.held_by(&domain).unwrap(), rx.held_by(&domain).unwrap());
        let (tx, rx) = if round % 2 == 0 {
            drop(tx);
            (Ok(held.0.try_into_single().unwrap()), Err(rx))
        } else {
            drop(rx);
            (Err(tx), Ok(held.1.try_into_single().unwrap()))
        };
        let sender = {
            let drops = Arc::clone(&drops);
            thread::spawn(move || {
                let mut tx = tx;
                let mut made = 0;
                loop {
                    made += 1;
                    let message = Counts(Arc::clone(&drops));
                    let sent = match &mut tx {
                        Ok(single) => single.send(message).is_ok(),
                        Err(shared) => shared.send(message).is_ok(),
                    };
                    if !sent {
                        return made;
                    }
                }
            })
        };
        let receiver = thread::spawn(move || match rx {
            Ok(single) => single.into_iter().count(),
            Err(shared) => shared.into_iter().count(),
        });
        thread::sleep(Duration::from_micros(round * 5));
        domain.close();
        let (made, received) = (sender.join().unwrap(), receiver.join().unwrap());
        assert_eq!(drops.load(Ordering::Relaxed), made, "{received} of them received");
    }
}

#[test]
fn iterators_end_with_the_channel() {
    let (mut tx, mut rx) = bounded_single(3);
    (1..=3).for_each(|number| tx.send(number).unwrap());
    assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
    tx.send(4).unwrap();
    assert_eq!((&mut rx).into_iter().take(1).collect::<Vec<_>>(), [4]);
    thread::spawn(move || (5..8).for_each(|number| tx.send(number).unwrap()));
    assert_eq!(rx.iter().next(), Some(5));
    let mut rest = rx.into_iter();
    assert_eq!((rest.next(), rest.next(), rest.next(), rest.next()), (Some(6), Some(7), None, None));
}

#[test]
fn messages_of_any_size() {
    let (mut tx, mut rx) = bounded_single(2);
    tx.send(()).unwrap();
    tx.send(()).unwrap();
    assert_eq!(tx.try_send(()), Err(TrySendError::Full(())));
    assert_eq!((rx.recv(), rx.recv(), rx.try_recv()), (Ok(()), Ok(()), Err(TryRecvError::Empty)));
    let (mut tx, mut rx) = bounded_single(2);
    tx.send([7_u64; 100]).unwrap();
    tx.close();
    assert_eq!(tx.send([8; 100]), Err(SendError([8; 100])));
    assert_eq!(rx.recv(), Ok([7; 100]));
}

/// Closing against a producer that sends all the time: what was sent is received, what was not comes back, in every round.
#[test]
fn closing_in_the_middle_loses_nothing() {
    for round in 0..if cfg!(miri) { 4 } else { 3000 } {
        for consumers in [1, 2] {
            let (tx, rx) = bounded(1 + round as usize % 3);
            let mut tx = tx.try_into_single().unwrap();
            let closer = rx.clone();
            let sender = thread::spawn(move || (0..).find(|number| tx.send(*number).is_err()).unwrap());
            let receivers: Vec<_> = (0..consumers)
                .map(|_| {
                    let rx = rx.clone();
                    thread::spawn(move || rx.iter().count())
                })
                .collect();
            drop(rx);
            for _ in 0..round % 7 {
                thread::yield_now();
            }
            closer.close();
            let sent: u32 = sender.join().unwrap();
            let received: usize = receivers.into_iter().map(|receiver| receiver.join().unwrap()).sum();
            assert_eq!(received, sent as usize);
            assert_eq!(closer.try_recv(), Err(TryRecvError::Disconnected));
        }
        if round % 8 > 0 {
            continue;
        }
        let (mut tx, mut rx) = bounded_single(1 + round as usize % 3);
        let sender = thread::spawn(move || (0..).find(|number| tx.send(*number).is_err()).unwrap());
        let wanted = round % 50;
        let mut received = (0..wanted).filter(|_| rx.recv().is_ok()).count();
        rx.close();
        received += rx.iter().count();
        let sent: u32 = sender.join().unwrap();
        assert_eq!(received, sent as usize);
    }
}
