//! Messages that are written and read where the channel keeps them: none lost, none twice, none moved.
#![cfg(all(not(loom), feature = "std"))]

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use crossinterp_core::{
    Domain, FilledRef, Receiver, RecvError, RecvRef, RecvTimeoutError, Select, SendError, SendRef,
    SendTimeoutError, Sender, TryRecvError, TrySendError, WaitError, after, bounded, bounded_strict, never,
    rendezvous, unbounded,
};

const MANY: usize = if cfg!(miri) { 100 } else { 20_000 };
const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(60);

fn noop() -> Waker {
    Waker::noop().clone()
}

/// With a queue: small ones, one that is not a power of two, one without a limit; strict ones.
fn with_queue<T>() -> impl Iterator<Item = (Option<usize>, (Sender<T>, Receiver<T>))> {
    let capacities = [Some(1), Some(2), Some(3), Some(7), Some(128), None];
    let strict = [1, 3, 128].map(|capacity| (Some(capacity), bounded_strict(capacity)));
    capacities.into_iter().map(|capacity| (capacity, capacity.map_or_else(unbounded, bounded))).chain(strict)
}

#[test]
fn what_is_written_is_read() {
    for (capacity, (tx, rx)) in with_queue() {
        let mut next = 0;
        for number in 0..1000 {
            match tx.try_send_ref() {
                Ok(room) => room.write(number.to_string()).send().unwrap(),
                Err(error) => {
                    assert_eq!((error, Some(tx.len())), (TrySendError::Full(()), capacity));
                    let mut message = rx.try_recv_ref().unwrap();
                    message.push('!');
                    assert_eq!(*message, format!("{next}!"));
                    drop(message);
                    next += 1;
                    tx.try_send(number.to_string()).unwrap();
                }
            }
        }
        while let Ok(message) = rx.try_recv_ref() {
            assert_eq!(message.into_inner(), next.to_string());
            next += 1;
        }
        assert_eq!(next, 1000, "capacity {capacity:?}");
        assert_eq!(rx.try_recv_ref().unwrap_err(), TryRecvError::Empty);
    }
}

#[test]
fn what_is_given_up_was_not_sent() {
    for (_, (tx, rx)) in with_queue() {
        for number in 0..300 {
            drop(tx.try_send_ref().unwrap());
            drop(tx.try_send_ref().unwrap().write(-1));
            tx.try_send(number).unwrap();
            assert_eq!(rx.try_recv(), Ok(number));
        }
        assert!(rx.is_empty());
    }
    // In the middle of others, and where it makes room.
    let (tx, rx) = bounded(3);
    tx.try_send(1).unwrap();
    let given_up = tx.try_send_ref().unwrap();
    tx.try_send(3).unwrap();
    assert!(tx.is_full());
    drop(given_up);
    assert!(rx.try_iter().eq([1, 3]));
    assert!((0..3).all(|number| tx.try_send(number).is_ok()));
}

/// Who comes behind a reference waits, and nobody else.
#[test]
fn those_behind_it_wait() {
    let (tx, rx) = bounded(2);
    tx.try_send(1).unwrap();
    let room = tx.try_send_ref().unwrap();
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(rx.try_recv(), Ok(1));
    tx.try_send(3).unwrap();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(rx.try_recv_ref().unwrap_err(), TryRecvError::Empty);
    assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    assert_eq!(rx.recv_ref_timeout(SHORT).unwrap_err(), RecvTimeoutError::Timeout);
    assert_eq!(rx.len(), 2);
    room.write(2).send().unwrap();
    assert!(rx.try_iter().eq([2, 3]));

    tx.try_send(4).unwrap();
    tx.try_send(5).unwrap();
    let message = rx.try_recv_ref().unwrap();
    assert_eq!(rx.try_recv(), Ok(5));
    assert!(rx.is_empty());
    assert_eq!(tx.try_send(6), Err(TrySendError::Full(6)));
    assert_eq!(tx.send_timeout(6, SHORT), Err(SendTimeoutError::Timeout(6)));
    assert_eq!(tx.try_send_ref().unwrap_err(), TrySendError::Full(()));
    assert_eq!(tx.send_ref_timeout(SHORT).unwrap_err(), SendTimeoutError::Timeout(()));
    assert_eq!(message.into_inner(), 4);
    tx.try_send(6).unwrap();
    assert_eq!(rx.try_recv(), Ok(6));
}

#[test]
fn several_at_once_in_any_order() {
    let (tx, rx) = bounded(4);
    let mut rooms: Vec<Option<SendRef<'_, usize>>> = (0..4).map(|_| tx.try_send_ref().ok()).collect();
    for at in [2, 0, 3, 1] {
        rooms[at].take().unwrap().write(at).send().unwrap();
    }
    let mut messages: Vec<Option<RecvRef<'_, usize>>> = (0..4).map(|_| rx.try_recv_ref().ok()).collect();
    assert!(messages.iter().flatten().map(|message| **message).eq(0..4));
    for at in [3, 1] {
        messages[at] = None;
    }
    assert_eq!(tx.try_send(4), Err(TrySendError::Full(4)), "the first slot is in use");
    messages[0] = None;
    tx.try_send(4).unwrap();
    tx.try_send(5).unwrap();
    assert_eq!(tx.try_send(6), Err(TrySendError::Full(6)));
    drop(messages);
    tx.try_send(6).unwrap();
    assert!(rx.try_iter().eq(4..7));
}

#[test]
fn a_closed_channel() {
    for (index, (capacity, (tx, rx))) in with_queue().enumerate() {
        // (A strict channel holds no place.)
        let is_strict = index >= 6;
        tx.try_send(1).unwrap();
        let message = rx.try_recv_ref().unwrap();
        drop(message);
        let room = tx.try_send_ref().unwrap();
        rx.close();
        assert_eq!(tx.try_send_ref().unwrap_err(), TrySendError::Disconnected(()));
        assert_eq!(tx.send_ref().unwrap_err(), SendError(()));
        assert_eq!(tx.send_ref_timeout(SHORT).unwrap_err(), SendTimeoutError::Disconnected(()));
        match room.write(2).send() {
            Ok(()) => {
                assert!(capacity.is_some() && !is_strict, "it had its place");
                assert_eq!(*rx.recv_ref().unwrap(), 2);
            }
            Err(error) => {
                assert_eq!(*error.into_inner(), 2);
                assert!(capacity.is_none() || is_strict);
            }
        }
        assert_eq!(rx.try_recv_ref().unwrap_err(), TryRecvError::Disconnected);
        assert_eq!(rx.recv_ref().unwrap_err(), RecvError);
        assert_eq!(rx.recv_ref_deadline(Instant::now()).unwrap_err(), RecvTimeoutError::Disconnected);
    }
    // The other side goes while there are references.
    let (tx, rx) = bounded(2);
    let room = tx.try_send_ref().unwrap().write(Arc::new(1));
    let kept = Arc::clone(&room);
    drop(rx);
    room.send().unwrap();
    drop(tx);
    assert_eq!(Arc::strong_count(&kept), 1);
    let (tx, rx) = bounded(2);
    tx.try_send(Arc::clone(&kept)).unwrap();
    let message = rx.try_recv_ref().unwrap();
    drop(tx);
    assert_eq!(**message, 1);
    drop(message);
    assert_eq!((Arc::strong_count(&kept), rx.recv().is_err()), (1, true));
}

#[test]
fn a_rendezvous() {
    let (tx, rx) = rendezvous();
    assert_eq!(tx.try_send_ref().unwrap_err(), TrySendError::Full(()));
    assert_eq!(rx.try_recv_ref().unwrap_err(), TryRecvError::Empty);
    // A receiver waits.
    let wait = rx.begin_recv(noop()).unwrap();
    let room = tx.try_send_ref().unwrap();
    assert_eq!(tx.try_send_ref().unwrap_err(), TrySendError::Full(()), "it is claimed");
    room.write(1).send().unwrap();
    assert_eq!(wait.finish(), Ok(1));
    // It leaves before the message comes: that is for the next.
    let wait = rx.begin_recv(noop()).unwrap();
    let room = tx.try_send_ref().unwrap();
    assert_eq!(wait.finish(), Err(WaitError::Pending));
    room.write(2).send().unwrap();
    assert_eq!(*rx.try_recv_ref().unwrap(), 2);
    // The message does not come.
    let wait = rx.begin_recv(noop()).unwrap();
    drop(tx.try_send_ref().unwrap().write(3));
    assert!(wait.finish().is_err());
    // A sender waits.
    let wait = tx.begin_send(4, noop()).unwrap();
    assert_eq!(*rx.try_recv_ref().unwrap(), 4);
    assert_eq!(wait.finish(), Ok(()));
    // Both sleep.
    thread::scope(|scope| {
        scope.spawn(|| (0..50).for_each(|number| tx.send_ref().unwrap().write(number).send().unwrap()));
        assert!((0..50).all(|number| *rx.recv_ref().unwrap() == number));
    });
    // It is closed in between, and the receiver has left.
    let wait = rx.begin_recv(noop()).unwrap();
    let room = tx.try_send_ref().unwrap();
    assert!(wait.finish().is_err());
    rx.close();
    assert_eq!(*room.write(5).send().unwrap_err().into_inner(), 5);
}

#[test]
fn messages_that_stand_in_no_slot() {
    // One that was given back.
    let (tx, rx) = bounded(1);
    let wait = rx.begin_recv(noop()).unwrap();
    tx.try_send(1).unwrap();
    drop(wait);
    tx.try_send(2).unwrap();
    assert_eq!(*rx.try_recv_ref().unwrap(), 1);
    assert_eq!(*rx.try_recv_ref().unwrap(), 2);
    // One of a sender that waits, and was told of room.
    tx.try_send(3).unwrap();
    let wait = tx.begin_send(4, noop()).unwrap();
    assert_eq!(*rx.try_recv_ref().unwrap(), 3);
    assert!(wait.is_settled());
    assert_eq!(rx.try_recv_ref().unwrap().into_inner(), 4);
    assert_eq!(wait.finish(), Ok(()));
    assert!(rx.is_empty());
    // Clocks, and what never comes.
    let clock = after(SHORT);
    assert_eq!(clock.try_recv_ref().unwrap_err(), TryRecvError::Empty);
    assert!(clock.recv_ref().is_ok());
    assert_eq!(never::<u8>().try_recv_ref().unwrap_err(), TryRecvError::Empty);
    assert_eq!(never::<u8>().recv_ref_timeout(SHORT).unwrap_err(), RecvTimeoutError::Timeout);
}

#[test]
fn who_waits_is_woken() {
    for capacity in [0, 1, 8] {
        // By a message that was written in place.
        let (tx, rx) = bounded(capacity);
        let receiver = thread::spawn(move || (rx.recv(), rx));
        thread::sleep(SHORT);
        tx.send_ref().unwrap().write(1).send().unwrap();
        let (received, rx) = receiver.join().unwrap();
        assert_eq!(received, Ok(1));
        // By a message that was read in place, and by one whose place was given up.
        (0..capacity).for_each(|number| tx.try_send(number).unwrap());
        thread::scope(|scope| {
            scope.spawn(|| tx.send(7).unwrap());
            thread::sleep(SHORT);
            let received: Vec<usize> =
                (0..=capacity).map(|_| rx.recv_ref_timeout(LONG).unwrap().into_inner()).collect();
            assert!(received.into_iter().eq((0..capacity).chain([7])));
        });
        if capacity > 0 {
            let rooms: Vec<_> = (0..capacity).map(|_| tx.try_send_ref().unwrap()).collect();
            thread::scope(|scope| {
                scope.spawn(|| tx.send_timeout(8, LONG).unwrap());
                scope.spawn(|| assert_eq!(rx.recv_timeout(LONG), Ok(8)));
                thread::sleep(SHORT);
                drop(rooms);
            });
        }
    }
}

#[test]
fn those_that_sleep_for_a_reference_are_woken() {
    let (tx, rx) = bounded(1);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(*rx.recv_ref_timeout(LONG).unwrap(), 1));
        thread::sleep(SHORT);
        tx.send(1).unwrap();
    });
    tx.send(2).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| tx.send_ref_timeout(LONG).unwrap().write(3).send().unwrap());
        thread::sleep(SHORT);
        assert_eq!(rx.recv(), Ok(2));
    });
    // And by closing.
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(tx.send_ref().unwrap_err(), SendError(())));
        thread::sleep(SHORT);
        rx.close();
    });
    assert_eq!(rx.recv(), Ok(3));
    let (tx, rx) = bounded::<u8>(1);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(rx.recv_ref().unwrap_err(), RecvError));
        thread::sleep(SHORT);
        drop(tx);
    });
}

#[test]
fn ends_of_domains() {
    let domain = Domain::try_open().unwrap();
    let (tx, rx) = bounded(2);
    let (held_tx, held_rx) = (tx.held_by(&domain).unwrap(), rx.held_by(&domain).unwrap());
    tx.try_send(0).unwrap();
    let message = held_rx.try_recv_ref().unwrap();
    let room = held_tx.try_send_ref().unwrap().write(1);
    domain.end_waits();
    assert_eq!(held_rx.recv_ref_timeout(SHORT).unwrap_err(), RecvTimeoutError::Disconnected);
    assert_eq!(held_tx.try_send_ref().map(drop), Err(TrySendError::Full(())));
    assert_eq!(held_tx.send_ref_timeout(SHORT).unwrap_err(), SendTimeoutError::Disconnected(()));
    domain.close();
    assert_eq!(held_tx.try_send_ref().unwrap_err(), TrySendError::Disconnected(()));
    assert_eq!(held_rx.try_recv_ref().unwrap_err(), TryRecvError::Disconnected);
    // What had its place has it still.
    assert_eq!(message.into_inner(), 0);
    room.send().unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    // One that waits when it ends.
    let domain = Domain::try_open().unwrap();
    let held_rx = rx.held_by(&domain).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(held_rx.recv_ref().unwrap_err(), RecvError));
        thread::sleep(SHORT);
        domain.end_waits();
    });
    drop(tx);
}

thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });

struct Counted<const PANICS: bool>;

impl<const PANICS: bool> Drop for Counted<PANICS> {
    fn drop(&mut self) {
        DROPS.set(DROPS.get() + 1);
        assert!(!PANICS, "as it should");
    }
}

fn drops<R>(work: impl FnOnce() -> R) -> usize {
    let before = DROPS.get();
    drop(work());
    DROPS.get() - before
}

#[test]
fn each_message_is_dropped_once() {
    for (_, (tx, rx)) in with_queue::<Counted<false>>() {
        assert_eq!(drops(|| drop(tx.try_send_ref())), 0);
        assert_eq!(drops(|| drop(tx.try_send_ref().unwrap().write(Counted))), 1);
        assert_eq!(drops(|| tx.try_send_ref().unwrap().write(Counted).send().is_ok()), 0);
        assert_eq!(drops(|| drop(rx.try_recv_ref().unwrap())), 1);
        assert_eq!(drops(|| tx.try_send_ref().unwrap().write(Counted).send().is_ok()), 0);
        let mut message = None;
        assert_eq!(drops(|| message = Some(rx.try_recv_ref().unwrap().into_inner())), 0);
        assert_eq!(drops(|| drop(message)), 1);
        assert_eq!(drops(|| tx.try_send_ref().unwrap().write(Counted).send().is_ok()), 0);
        assert_eq!(drops(|| drop((tx, rx))), 1);
    }
}

#[test]
fn a_drop_that_panics_gives_the_slot_back() {
    fn panics(work: impl FnOnce()) {
        assert!(catch_unwind(AssertUnwindSafe(work)).is_err());
    }
    for (_, (tx, rx)) in with_queue::<Counted<true>>() {
        for _ in 0..300 {
            assert_eq!(drops(|| panics(|| drop(tx.try_send_ref().unwrap().write(Counted)))), 1);
            tx.try_send_ref().unwrap().write(Counted).send().unwrap();
            assert_eq!(drops(|| panics(|| drop(rx.try_recv_ref().unwrap()))), 1);
        }
        assert!(rx.is_empty());
    }
    // And whoever waits for it is woken.
    let (tx, rx) = bounded(1);
    tx.send(Some(Counted::<true>)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| tx.send_timeout(None, LONG).unwrap());
        thread::sleep(SHORT);
        panics(|| drop(rx.try_recv_ref().unwrap()));
        assert!(rx.recv_timeout(LONG).unwrap().is_none());
    });
}

/// One that is forgotten is a thread that was stopped in the middle: those behind it wait, and nothing else happens.
#[test]
fn one_that_is_forgotten() {
    let (tx, rx) = bounded(2);
    mem::forget(tx.try_send_ref().unwrap());
    tx.try_send(1).unwrap();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    drop((tx, rx));
    let (tx, rx) = bounded(2);
    tx.try_send(1).unwrap();
    mem::forget(rx.try_recv_ref().unwrap());
    assert_eq!(tx.try_send(2), Ok(()));
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
}

#[test]
fn of_every_size_and_alignment() {
    #[repr(align(256))]
    struct Aligned(u8);
    for (_, (tx, rx)) in with_queue::<Aligned>() {
        for number in 0..200 {
            let mut room = tx.try_send_ref().unwrap();
            assert_eq!(room.as_mut().as_mut_ptr().addr() % 256, 0);
            room.write(Aligned(number)).send().unwrap();
            let message = rx.try_recv_ref().unwrap();
            assert_eq!((&raw const *message).addr() % 256, 0);
            assert_eq!(message.0, number);
        }
    }
    for (_, (tx, rx)) in with_queue() {
        for _ in 0..200 {
            tx.try_send_ref().unwrap().write(()).send().unwrap();
            let () = *rx.try_recv_ref().unwrap();
        }
        assert!(rx.is_empty());
    }
}

#[test]
fn what_they_say_of_themselves_and_who_may_have_them() {
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    let (tx, rx) = bounded(1);
    let room = tx.try_send_ref().unwrap();
    is_send_and_sync::<SendRef<'_, i32>>(&room);
    assert_eq!(format!("{room:?}"), "SendRef { .. }");
    let filled = room.write(1);
    is_send_and_sync::<FilledRef<'_, i32>>(&filled);
    assert_eq!(format!("{filled:?}"), "FilledRef(1)");
    // Sent, and dropped, by other threads than those that claimed the slot.
    thread::scope(|scope| _ = scope.spawn(|| filled.send().unwrap()));
    let message = rx.try_recv_ref().unwrap();
    is_send_and_sync::<RecvRef<'_, i32>>(&message);
    assert_eq!(format!("{message:?}"), "RecvRef(1)");
    thread::scope(|scope| _ = scope.spawn(|| drop(message)));
    tx.try_send(2).unwrap();
}

const LARGE: usize = 1 << 20;
/// Half a message.
const SMALL_STACK: usize = LARGE / 2;

struct Large([u64; LARGE / 8]);

fn fill(mut room: SendRef<'_, Large>, seed: u64) -> FilledRef<'_, Large> {
    let first = room.as_mut().as_mut_ptr().cast::<u64>();
    for at in 0..LARGE / 8 {
        // SAFETY: one of the numbers of the array, which is the room's.
        unsafe { first.add(at).write(seed.wrapping_mul(at as u64)) };
    }
    // SAFETY: all of them were written.
    unsafe { room.assume_init() }
}

fn check(message: &Large, seed: u64) {
    let expected = (0..LARGE as u64 / 8).map(|at| seed.wrapping_mul(at));
    assert!(message.0.iter().copied().eq(expected));
}

/// Threads that have no room for a message on their stacks send and receive them, sleep for them, and give them up.
#[test]
fn large_messages_are_never_on_the_stack() {
    let rounds = if cfg!(miri) { 1 } else { 20 };
    let (tx, rx) = bounded::<Large>(2);
    let small =
        |work: Box<dyn FnOnce() + Send>| thread::Builder::new().stack_size(SMALL_STACK).spawn(work).unwrap();
    let sender = small(Box::new(move || {
        for seed in 0..rounds {
            fill(tx.send_ref().unwrap(), seed).send().unwrap();
            if seed % 4 == 0 {
                drop(fill(tx.send_ref().unwrap(), seed));
                drop(tx.send_ref().unwrap());
            }
            if seed % 5 == 0 {
                // The other one has to wait.
                thread::sleep(SHORT / 4);
            }
            drop(tx.try_send_ref());
            drop(tx.send_ref_timeout(Duration::ZERO));
        }
    }));
    let receiver = small(Box::new(move || {
        for seed in 0..rounds {
            check(&rx.recv_ref().unwrap(), seed);
            if seed % 3 == 0 {
                // Now that one has to.
                thread::sleep(SHORT / 4);
            }
        }
        assert!(rx.recv_ref().is_err());
        assert!(rx.recv_ref_timeout(SHORT).is_err() && rx.try_recv_ref().is_err());
    }));
    sender.join().unwrap();
    receiver.join().unwrap();
}

/// Many at once, in place and not: each message is received once, and one sender's in order.
#[test]
fn many_at_once() {
    for capacity in [Some(0), Some(1), Some(2), Some(5), Some(64), None] {
        let (tx, rx) = capacity.map_or_else(unbounded, bounded);
        let many = if capacity.is_some_and(|capacity| capacity < 3) { MANY / 10 } else { MANY };
        let senders = [0, 1, 2].map(|from| {
            let tx: Sender<Box<usize>> = tx.clone();
            thread::spawn(move || {
                for number in (from..many).step_by(3) {
                    match (number / 3 + from) % 3 {
                        0 => tx.send(Box::new(number)).unwrap(),
                        1 => tx.send_ref().unwrap().write(Box::new(number)).send().unwrap(),
                        _ => {
                            drop(tx.send_ref().unwrap());
                            let mut message = tx.send_ref().unwrap().write(Box::new(0));
                            **message = number;
                            message.send().unwrap();
                        }
                    }
                }
            })
        });
        let receivers = [0, 1].map(|own| {
            let rx: Receiver<Box<usize>> = rx.clone();
            thread::spawn(move || {
                let mut received = Vec::new();
                loop {
                    let message = match (received.len() + own) % 3 {
                        0 => rx.recv().map(|message| *message),
                        1 => rx.recv_ref().map(|message| **message),
                        _ => rx.recv_ref().map(|message| *message.into_inner()),
                    };
                    let Ok(message) = message else { return received };
                    received.push(message);
                }
            })
        });
        drop((tx, rx));
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        let mut all = Vec::new();
        for receiver in receivers {
            let received = receiver.join().unwrap();
            for from in 0..3 {
                assert!(received.iter().filter(|number| *number % 3 == from).is_sorted(), "{capacity:?}");
            }
            all.extend(received);
        }
        all.sort_unstable();
        assert!(all.into_iter().eq(0..many), "capacity {capacity:?}");
    }
}

/// A select that waits is served by what comes in place, and in its turn.
#[test]
fn with_selects() {
    let (tx, rx) = bounded(1);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut select = Select::new();
            select.recv(&rx);
            assert_eq!(select.select_timeout(LONG).unwrap().recv(&rx), Ok(1));
        });
        thread::sleep(SHORT);
        tx.try_send_ref().unwrap().write(1).send().unwrap();
    });
    tx.try_send(2).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut select = Select::new();
            select.send(&tx);
            assert_eq!(select.select_timeout(LONG).unwrap().send(&tx, 3), Ok(()));
        });
        thread::sleep(SHORT);
        drop(rx.recv_ref().unwrap());
    });
    assert_eq!(*rx.recv_ref().unwrap(), 3);
}
