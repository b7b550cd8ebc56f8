//! Select: whichever operation can happen first happens, once, and whatever a select lets go of is there for others.
//!
//! What crossbeam-channel's users know is tested beside it, in the tests crate; here is what is our own.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use crossinterp_core::{
    Domain, Park, ParkError, Receiver, RecvError, RecvTimeoutError, Select, SendError, Sender, TryRecvError,
    TrySendError, Wakeup, bounded, never, rendezvous, select, select_biased, unbounded,
};

const SHORT: Duration = Duration::from_millis(20);

/// Counts how often it was woken.
#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A sleeper that does something the first time it is to sleep, and gives up the second time.
struct Then<F>(AtomicUsize, F);

impl<F: Fn()> Then<F> {
    fn new(action: F) -> Self {
        Self(AtomicUsize::new(0), action)
    }
}

impl<F: Fn()> Park for Then<F> {
    fn waker(&self) -> Waker {
        Waker::noop().clone()
    }

    fn park(&self) -> Wakeup {
        match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => {
                (self.1)();
                Wakeup::Woken
            }
            _ => Wakeup::TimedOut,
        }
    }
}

/// A message that counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn panics(action: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(action)).expect_err("it panics");
    panic
        .downcast_ref::<String>()
        .cloned()
        .or(panic.downcast_ref::<&str>().map(|text| (*text).into()))
        .unwrap()
}

#[test]
fn a_chosen_receive_that_is_dropped_gives_its_message_back() {
    for (tx, rx) in [bounded(2), unbounded()] {
        tx.send(1).unwrap();
        tx.send(2).unwrap();
        let mut select = Select::new();
        select.recv(&rx);
        let chosen = select.try_select().unwrap();
        let text = panics(|| drop(chosen));
        assert_eq!(text, "dropped `SelectedOperation` without completing the operation");
        // And it is still the first.
        assert_eq!(rx.iter().take(2).collect::<Vec<_>>(), [1, 2]);
    }
}

/// A drain that came to its end is over: what is given back after that is for the receivers.
#[test]
fn a_drain_has_one_end() {
    let (tx, rx) = bounded(2);
    tx.send(1).unwrap();
    let mut select = Select::new();
    select.recv(&rx);
    let chosen = select.try_select().unwrap();
    let mut drain = tx.close_and_drain();
    assert_eq!(drain.next(), None);
    panics(|| drop(chosen));
    assert_eq!(drain.next(), None);
    drop(drain);
    assert_eq!(rx.try_recv(), Ok(1));
}

/// It was given back before, and is still to be received before what was sent after it.
#[test]
fn a_chosen_receive_that_is_dropped_keeps_the_rank_of_its_message() {
    let (tx, rx) = rendezvous();
    let noop = || Waker::noop().clone();
    let (first, second) = (rx.begin_recv(noop()).unwrap(), rx.begin_recv(noop()).unwrap());
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    drop(first);
    let mut select = Select::new();
    select.recv(&rx);
    let chosen = select.try_select().unwrap();
    panics(|| drop(chosen));
    drop(second);
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
}

#[test]
fn a_chosen_send_that_is_dropped_leaves_the_channel_whole() {
    let (tx, rx) = bounded(2);
    for _ in 0..5 {
        tx.send(1).unwrap();
        let mut select = Select::new();
        select.send(&tx);
        let chosen = select.try_select().unwrap();
        assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
        panics(|| drop(chosen));
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        tx.send(3).unwrap();
        assert_eq!(rx.recv(), Ok(3));
    }
}

/// What is sent after a slot was claimed waits for it, and comes when the slot is given up.
#[test]
fn who_waits_behind_a_slot_that_is_given_up_is_woken() {
    let (tx, rx) = bounded(2);
    let mut select = Select::new();
    select.send(&tx);
    let chosen = select.try_select().unwrap();
    tx.send(2).unwrap();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    thread::scope(|scope| {
        let receiver = scope.spawn(|| rx.recv());
        panics(|| drop(chosen));
        assert_eq!(receiver.join().unwrap(), Ok(2));
    });
}

#[test]
fn a_receiver_whose_select_went_waits_on() {
    let (tx, rx) = rendezvous();
    thread::scope(|scope| {
        let receiver = scope.spawn(|| rx.recv());
        let mut select = Select::new();
        select.send(&tx);
        let chosen = select.select();
        panics(|| drop(chosen));
        tx.send(4).unwrap();
        assert_eq!(receiver.join().unwrap(), Ok(4));
    });
}

/// The same, where the receiver selects: it can be matched again.
#[test]
fn a_select_whose_peer_went_is_matched_by_another() {
    let (tx, rx) = rendezvous();
    let (_never_tx, never_rx) = rendezvous::<u8>();
    thread::scope(|scope| {
        let receiver = scope.spawn(|| {
            let mut select = Select::new();
            select.recv(&rx);
            select.recv(&never_rx);
            select.select_timeout(20 * SHORT).map(|chosen| chosen.recv(&rx))
        });
        let mut select = Select::new();
        select.send(&tx);
        let chosen = select.select();
        panics(|| drop(chosen));
        assert_eq!(tx.send_timeout(5, 10 * SHORT), Ok(()));
        assert_eq!(receiver.join().unwrap().unwrap(), Ok(5));
    });
}

/// A sleeper that does something each time that it is asked for its waker, before a place is offered, and never sleeps.
struct Offering<F>(F);

impl<F: Fn()> Park for Offering<F> {
    fn waker(&self) -> Waker {
        (self.0)();
        Waker::noop().clone()
    }

    fn park(&self) -> Wakeup {
        Wakeup::TimedOut
    }
}

/// A message whose receiver left waits for the next one; what the same thread selects to send after it comes after it.
#[test]
fn a_message_that_waits_for_the_next_receiver_is_not_overtaken() {
    let (tx, rx) = rendezvous();
    let (_idle_tx, idle) = unbounded::<i32>();
    let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
    let mut sends = Select::new();
    sends.send(&tx);
    let first = Cell::new(sends.clone().try_select().ok());
    drop(wait);
    let asked = Cell::new(0);
    let park = Offering(|| {
        match asked.replace(asked.get() + 1) {
            0 => first.take().expect("a receive waited").send(&tx, 1).unwrap(),
            // The first place is offered, and its owner has not looked since.
            1 => _ = sends.clone().try_select().map(|chosen| chosen.send(&tx, 2).unwrap()),
            _ => {}
        }
    });
    let mut receives = Select::new_biased();
    receives.recv(&rx);
    receives.recv(&idle);
    assert_eq!(receives.select_parking(&park).unwrap().recv(&rx), Ok(1));
}

/// The receiver's time is over between the two halves of a select: the message is for the next one.
#[test]
fn a_receiver_that_leaves_before_its_message_comes_does_not_wait() {
    let (tx, rx) = rendezvous();
    let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
    let mut select = Select::new();
    select.send(&tx);
    let chosen = select.try_select().unwrap();
    assert!(wait.finish().is_err());
    let next = rx.begin_recv(Waker::noop().clone()).unwrap();
    chosen.send(&tx, 5).unwrap();
    assert_eq!(next.finish(), Ok(5));

    let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
    let chosen = select.try_select().unwrap();
    drop(wait);
    chosen.send(&tx, 6).unwrap();
    assert_eq!(rx.try_recv(), Ok(6));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));

    let wait = rx.begin_recv(Waker::noop().clone()).unwrap();
    let chosen = select.try_select().unwrap();
    drop((wait, rx));
    assert_eq!(chosen.send(&tx, 7), Err(SendError(7)));
}

/// Of operations that are ready each is as likely to be chosen as the others, however many they are. (A thread's random
/// numbers are the same in each run.)
#[test]
fn ready_operations_are_chosen_evenly() {
    const EACH: usize = 2_000;
    for many in [2, 3, 4, 20] {
        let ends: Vec<_> = (0..many).map(|_| unbounded()).collect();
        ends.iter().for_each(|(tx, _)| tx.send(()).unwrap());
        let mut select = Select::new();
        ends.iter().for_each(|(_, rx)| _ = select.recv(rx));
        let mut chosen = vec![0; many];
        for _ in 0..EACH * many {
            let operation = select.try_select().unwrap();
            let at = operation.index();
            operation.recv(&ends[at].1).unwrap();
            ends[at].0.send(()).unwrap();
            chosen[at] += 1;
        }
        let even = EACH * 9 / 10..EACH * 11 / 10;
        assert!(chosen.iter().all(|times| even.contains(times)), "{chosen:?}");
    }
}

/// (Messages of up to two words are held in another way than larger ones.)
#[test]
fn the_wrong_end_is_named_and_nothing_is_lost() {
    the_wrong_end_is_named_and_nothing_of_these_is_lost([[1], [2], [3]]);
    the_wrong_end_is_named_and_nothing_of_these_is_lost([[1; 9], [2; 9], [3; 9]]);
}

fn the_wrong_end_is_named_and_nothing_of_these_is_lost<const N: usize>(messages: [[usize; N]; 3]) {
    let [first, second, third] = messages;
    for make in [|| bounded(2), unbounded] {
        let (tx, rx) = make();
        tx.send(first).unwrap();
        tx.send(second).unwrap();
        let other = rx.clone();
        let mut select = Select::new();
        select.recv(&rx);
        let chosen = select.try_select().unwrap();
        assert_eq!(panics(|| _ = chosen.recv(&other)), "passed a receiver that wasn't selected");
        assert_eq!((other.try_recv(), rx.try_recv()), (Ok(first), Ok(second)), "it comes first still");
        let mut select = Select::new();
        select.send(&tx);
        let chosen = select.try_select().unwrap();
        assert_eq!(panics(|| _ = chosen.send(&tx.clone(), third)), "passed a sender that wasn't selected");
        assert_eq!(tx.try_send(third), Ok(()));
        assert_eq!(rx.try_recv(), Ok(third));
    }
}

/// A message expression that leaves gives back what was chosen.
#[test]
fn a_message_that_does_not_come_leaves_the_channel_whole() {
    let (tx, rx) = bounded::<u8>(1);
    let missing = || -> Option<u8> { rx.try_recv().ok() };
    let text = panics(|| select! { send(tx, missing().expect("no message")) -> _ => {} });
    assert_eq!(text, "no message");
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx.try_send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
}

/// A select that was woken on one channel and leaves by another lets the next one know.
#[test]
fn a_select_passes_on_what_it_does_not_take() {
    let (tx, rx) = unbounded();
    let (other_tx, other_rx) = unbounded();
    let calls = Arc::new(Calls::default());
    let next = std::cell::OnceCell::new();
    let sleeper = Then::new(|| {
        _ = next.set(rx.begin_recv(Waker::from(calls.clone())).unwrap());
        tx.send(1).unwrap();
        other_tx.send(2).unwrap();
    });
    let mut select = Select::new_biased();
    select.recv(&other_rx);
    select.recv(&rx);
    let chosen = select.select_parking(&sleeper).unwrap();
    assert_eq!(calls.0.load(Ordering::Relaxed), 1, "it would sleep for ever");
    assert_eq!(chosen.recv(&other_rx), Ok(2));
    assert_eq!(next.into_inner().unwrap().finish(), Ok(1));
}

#[test]
fn a_select_that_gives_up_takes_nothing() {
    let drops = Arc::new(AtomicUsize::new(0));
    for (tx, rx) in [bounded(1), unbounded(), rendezvous()] {
        let mut select = Select::new();
        select.recv(&rx);
        assert!(select.select_timeout(Duration::ZERO).is_err());
        assert_eq!(select.select_parking(&Then::new(|| {})).unwrap_err(), ParkError::TimedOut);
        let sent = tx.try_send(Counted(drops.clone()));
        assert_eq!(sent.is_ok(), tx.capacity() != Some(0));
    }
    assert_eq!(drops.load(Ordering::Relaxed), 3);
}

#[test]
fn the_end_of_a_domain_ends_its_selects() {
    for make in [|| bounded::<u8>(1), unbounded, rendezvous] {
        let (tx, rx) = make();
        let domain = Domain::try_open().unwrap();
        let held = rx.held_by(&domain).unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                select! { recv(held) -> message => message, recv(never::<u8>()) -> _ => unreachable!() }
            });
            thread::sleep(SHORT);
            domain.close();
            assert_eq!(waiting.join().unwrap(), Err(RecvError));
        });
        // It was held, and has ended: a select says so at once.
        assert_eq!(select! { recv(held) -> message => message, default => Ok(1) }, Err(RecvError));
        drop((tx, rx));
    }
}

/// A wait was handed a message, its domain ended, and another one took the message and has the node now.
#[test]
fn an_ended_wait_leaves_the_next_owner_of_its_node_alone() {
    let (tx, rx) = bounded(1);
    let domain = Domain::try_open().unwrap();
    let held = rx.held_by(&domain).unwrap();
    let waker = || Waker::noop().clone();
    let mut wait = held.begin_recv(waker()).unwrap();
    tx.try_send(1).unwrap();
    domain.end_waits();
    assert_eq!(rx.try_recv(), Ok(1));
    let calls = Arc::new(Calls::default());
    let next = rx.begin_recv(Waker::from(calls.clone())).unwrap();
    assert!(wait.poll(&Context::from_waker(&waker())).is_ready());
    tx.try_send(2).unwrap();
    assert_eq!(calls.0.load(Ordering::Relaxed), 1, "it would sleep for ever");
    assert_eq!(next.finish(), Ok(2));
}

#[test]
fn closing_ends_selects_of_both_sides() {
    for make in [|| bounded::<u8>(1), rendezvous] {
        let (tx, rx) = make();
        let (full_tx, _full_rx) = make();
        _ = full_tx.try_send(0);
        thread::scope(|scope| {
            let receiving = scope.spawn(|| select! { recv(rx) -> message => message });
            let sending = scope.spawn(|| select! { send(full_tx, 7) -> sent => sent });
            thread::sleep(SHORT);
            tx.close();
            full_tx.close();
            assert_eq!(receiving.join().unwrap(), Err(RecvError));
            assert_eq!(sending.join().unwrap(), Err(SendError(7)));
        });
    }
}

/// One message is received by one of two selects, each of which waits for several channels.
#[test]
fn each_message_is_for_one() {
    for make in [|| bounded::<usize>(1), unbounded, rendezvous] {
        let channels: Vec<(Sender<usize>, Receiver<usize>)> = (0..3).map(|_| make()).collect();
        let received = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut select = Select::new();
                    channels.iter().for_each(|(_, rx)| _ = select.recv(rx));
                    while let Ok(chosen) = select.select_timeout(Duration::from_secs(20)) {
                        let rx = &channels[chosen.index()].1;
                        match chosen.recv(rx) {
                            Ok(message) => received.fetch_add(message, Ordering::Relaxed),
                            Err(RecvError) => return,
                        };
                    }
                    panic!("nothing came, and nothing was closed");
                });
            }
            for (tx, _) in &channels {
                scope.spawn(|| (0..1000).for_each(|number| tx.send(number).unwrap()));
            }
            let sum = 3 * (0..1000).sum::<usize>();
            while received.load(Ordering::Relaxed) != sum {
                thread::yield_now();
            }
            channels[0].0.close();
        });
    }
}

/// Selects that want to send and to receive meet each other, blocking calls and calls that do not wait, on one channel.
#[test]
fn every_kind_of_waiting_meets_on_a_rendezvous() {
    const EACH: usize = 400;
    let (tx, rx) = rendezvous();
    let (sum, sent) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let got = |message: usize| sum.fetch_add(message, Ordering::Relaxed);
    thread::scope(|scope| {
        let (tx, rx, sum, sent, got) = (&tx, &rx, &sum, &sent, &got);
        for kind in 0..3 {
            scope.spawn(move || {
                for number in 1..=EACH {
                    match kind {
                        0 => tx.send(number).unwrap(),
                        1 => {
                            while tx.try_send(number).is_err() {
                                thread::yield_now();
                            }
                        }
                        _ => select! {
                            send(tx, number) -> sent => sent.unwrap(),
                            recv(never::<()>()) -> _ => unreachable!(),
                        },
                    }
                    sent.fetch_add(number, Ordering::Relaxed);
                }
            });
            scope.spawn(move || {
                loop {
                    let received = match kind {
                        0 => rx.recv_timeout(Duration::from_secs(20)),
                        1 => rx.try_recv().map_err(|error| match error {
                            TryRecvError::Empty => RecvTimeoutError::Timeout,
                            TryRecvError::Disconnected => RecvTimeoutError::Disconnected,
                        }),
                        _ => select! {
                            recv(rx) -> message => message.map_err(|RecvError| RecvTimeoutError::Disconnected),
                            default(SHORT) => Err(RecvTimeoutError::Timeout),
                        },
                    };
                    match received {
                        Ok(message) => _ = got(message),
                        Err(RecvTimeoutError::Timeout) => {
                            assert_ne!(kind, 0, "20 s without a message");
                            thread::yield_now();
                        }
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            });
        }
        while sum.load(Ordering::Relaxed) != 3 * EACH * (EACH + 1) / 2 {
            thread::yield_now();
        }
        tx.close();
    });
    assert_eq!(sent.into_inner(), sum.into_inner());
}

/// A circle of selects, of which each wants to send to the next and to receive from the one before.
#[test]
fn selects_in_a_circle_are_matched() {
    for many in [2, 3, 5] {
        let channels: Vec<_> = (0..many).map(|_| rendezvous::<usize>()).collect();
        // In an odd circle somebody is left over, and waits in vain.
        for round in 0..if many % 2 == 0 { 300 } else { 30 } {
            let (sent, received) = (AtomicUsize::new(0), AtomicUsize::new(0));
            thread::scope(|scope| {
                for at in 0..many {
                    let (tx, rx) = (&channels[(at + 1) % many].0, &channels[at].1);
                    let (sent, received) = (&sent, &received);
                    scope.spawn(move || {
                        select! {
                            send(tx, round) -> done => {
                                done.unwrap();
                                sent.fetch_add(1, Ordering::Relaxed);
                            }
                            recv(rx) -> message => {
                                assert_eq!(message, Ok(round));
                                received.fetch_add(1, Ordering::Relaxed);
                            }
                            default(if many % 2 == 0 { Duration::from_secs(20) } else { SHORT }) => {
                                assert!(many % 2 == 1, "nobody was met");
                            }
                        }
                    });
                }
            });
            assert_eq!(sent.into_inner(), received.into_inner());
        }
    }
}

#[test]
fn a_biased_select_prefers_the_first_after_waiting_too() {
    let (tx, rx) = unbounded();
    let (other_tx, other_rx) = unbounded();
    let sleeper = Then::new(|| {
        other_tx.send(2).unwrap();
        tx.send(1).unwrap();
    });
    let mut select = Select::new_biased();
    let first = select.recv(&rx);
    select.recv(&other_rx);
    let chosen = select.select_parking(&sleeper).unwrap();
    assert_eq!(chosen.index(), first);
    chosen.recv(&rx).unwrap();
    assert_eq!(select_biased! { recv(rx) -> _ => 1, recv(other_rx) -> message => message.unwrap() }, 2);
}

#[test]
fn what_a_select_holds_is_dropped_once() {
    what_a_select_holds_of_these_is_dropped_once(|counted| counted);
    what_a_select_holds_of_these_is_dropped_once(|counted| (counted, [0; 9]));
}

fn what_a_select_holds_of_these_is_dropped_once<T>(message: fn(Counted) -> T) {
    let drops = Arc::new(AtomicUsize::new(0));
    for make in [|| bounded(2), unbounded] {
        let (tx, rx) = make();
        tx.send(message(Counted(drops.clone()))).ok().unwrap();
        let mut select = Select::new();
        select.recv(&rx);
        let chosen = select.try_select().unwrap();
        panics(|| drop(chosen));
        assert_eq!(drops.load(Ordering::Relaxed), 0);
        drop((tx, rx));
        assert_eq!(drops.swap(0, Ordering::Relaxed), 1);
    }
}

/// A select that was matched waits for that peer alone: it and others that would have met it do not wake each other until
/// he goes on.
#[test]
fn who_was_matched_is_left_in_peace() {
    /// Sleeps as a thread does, and counts how often.
    struct Counting<'a>(&'a AtomicUsize);
    impl Park for Counting<'_> {
        fn waker(&self) -> Waker {
            Waker::from(Arc::new(Unpark(thread::current())))
        }
        fn park(&self) -> Wakeup {
            self.0.fetch_add(1, Ordering::Relaxed);
            thread::park();
            Wakeup::Woken
        }
    }
    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let ((tx, rx), (other_tx, other_rx)) = (rendezvous(), rendezvous());
    let (_idle_tx, idle) = unbounded::<i32>();
    let sleeps = AtomicUsize::new(0);
    thread::scope(|scope| {
        let receives = scope.spawn(|| {
            let mut receives = Select::new();
            receives.recv(&rx);
            receives.recv(&other_rx);
            receives.select_parking(&Counting(&sleeps)).unwrap().recv(&rx)
        });
        let mut sends = Select::new();
        sends.send(&tx);
        let chosen = loop {
            if let Ok(chosen) = sends.try_select() {
                break chosen;
            }
            thread::yield_now();
        };
        let meets_nobody = scope.spawn(|| {
            let mut sends = Select::new();
            sends.send(&other_tx);
            sends.recv(&idle);
            sends.select_parking(&Counting(&sleeps)).unwrap().send(&other_tx, 2)
        });
        thread::sleep(Duration::from_millis(100));
        assert!(sleeps.load(Ordering::Relaxed) < 10, "{sleeps:?} sleeps");
        chosen.send(&tx, 1).unwrap();
        assert_eq!(receives.join().unwrap(), Ok(1));
        assert_eq!(other_rx.recv(), Ok(2));
        meets_nobody.join().unwrap().unwrap();
    });
}
