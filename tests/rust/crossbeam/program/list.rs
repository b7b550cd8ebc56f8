//! `Select`: lists of operations made at run time.

use std::thread;
use std::time::{Duration, Instant};

use super::channel::{
    ReadyTimeoutError, Receiver, Select, SelectTimeoutError, TryReadyError, TrySelectError, after, bounded,
    never, unbounded,
};
use crate::support::{Seen, ms, see};

pub(crate) fn nothing_in_it() -> Seen {
    let mut seen = Seen::default();
    let mut select = Select::new();
    see!(seen, select.try_select().map(|operation| operation.index()) == Err(TrySelectError));
    see!(seen, select.try_ready() == Err(TryReadyError));
    let start = Instant::now();
    see!(seen, select.select_timeout(ms(10)).map(|operation| operation.index()) == Err(SelectTimeoutError));
    see!(seen, select.ready_timeout(ms(10)) == Err(ReadyTimeoutError), start.elapsed() >= ms(20));
    let deadline = Instant::now() + ms(10);
    see!(seen, select.select_deadline(deadline).is_err(), Instant::now() >= deadline);
    see!(seen, select.ready_deadline(deadline).is_err());
    seen
}

pub(crate) fn indices() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded::<u8>(0);
    let mut select = Select::new();
    see!(seen, select.recv(&receiver), select.send(&sender), select.recv(&receiver));
    select.remove(1);
    see!(seen, select.send(&sender));
    select.remove(0);
    select.remove(3);
    let mut clone = select.clone();
    see!(seen, clone.recv(&receiver), clone.recv(&receiver), select.recv(&receiver));
    select.remove(2);
    select.remove(4);
    see!(seen, select.try_select().is_err(), select.recv(&receiver));
    seen
}

pub(crate) fn only_what_is_ready() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(1);
    let (full, _kept) = bounded(1);
    full.send(0).unwrap();
    let silent = never::<i32>();
    let mut select = Select::new();
    let (from_silent, into_full) = (select.recv(&silent), select.send(&full));
    let (into, from) = (select.send(&sender), select.recv(&receiver));
    see!(seen, from_silent, into_full, into, from);
    for round in 0..3 {
        see!(seen, select.ready(), select.try_ready(), select.ready_timeout(ms(60_000)));
        let operation = select.select();
        see!(seen, operation.index(), operation.send(&sender, round));
        see!(seen, select.ready(), select.try_ready(), select.ready_deadline(Instant::now() + ms(60_000)));
        let operation = select.try_select().unwrap();
        see!(seen, operation.index(), operation.recv(&receiver));
        let operation = select.select_timeout(ms(60_000)).unwrap();
        see!(seen, operation.index(), operation.send(&sender, round + 10));
        let operation = select.select_deadline(Instant::now() + ms(60_000)).unwrap();
        see!(seen, operation.index(), operation.recv(&receiver));
    }
    seen
}

pub(crate) fn disconnected_is_ready() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded::<u8>(0), bounded(1), unbounded()] {
        drop(sender);
        let mut select = Select::new();
        select.recv(&receiver);
        see!(seen, select.ready(), select.try_ready(), select.try_select().unwrap().recv(&receiver));
        see!(seen, select.select().recv(&receiver), select.select_timeout(ms(1)).unwrap().recv(&receiver));
    }
    for (sender, receiver) in [bounded(0), bounded(1), unbounded()] {
        drop(receiver);
        let mut select = Select::new();
        select.send(&sender);
        see!(seen, select.ready(), select.ready_timeout(Duration::ZERO));
        see!(seen, select.try_select().unwrap().send(&sender, 1).map_err(|error| error.into_inner()));
        see!(seen, select.select().send(&sender, 2).map_err(|error| error.into_inner()));
    }
    seen
}

/// What was queued comes first.
pub(crate) fn queued_then_disconnected() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(2), unbounded()] {
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        drop(sender);
        let mut select = Select::new();
        select.recv(&receiver);
        see!(seen, select.select().recv(&receiver), select.select().recv(&receiver));
        see!(seen, select.select().recv(&receiver), select.select().recv(&receiver));
    }
    seen
}

pub(crate) fn time_limits() -> Seen {
    let mut seen = Seen::default();
    let (full, _kept) = bounded(1);
    full.send(0).unwrap();
    let (meeting, nobody) = bounded::<u8>(0);
    let mut select = Select::new();
    select.send(&full);
    select.recv(&nobody);
    see!(seen, select.try_select().is_err(), select.try_ready());
    let start = Instant::now();
    see!(
        seen,
        select.select_timeout(ms(10)).is_err(),
        start.elapsed() >= ms(10),
        select.ready_timeout(ms(10))
    );
    see!(seen, start.elapsed() >= ms(20), select.select_timeout(Duration::ZERO).is_err());
    see!(seen, select.select_deadline(start).is_err(), select.ready_deadline(start));
    let deadline = Instant::now() + ms(10);
    see!(seen, select.select_deadline(deadline).is_err(), Instant::now() >= deadline);
    drop(meeting);
    see!(seen, select.select_deadline(start).unwrap().recv(&nobody), select.ready_deadline(start));
    see!(
        seen,
        select.select_timeout(Duration::MAX).unwrap().recv(&nobody),
        select.ready_timeout(Duration::MAX)
    );
    seen
}

/// The first in the list, whichever others are ready.
pub(crate) fn biased() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = unbounded();
    let silent = never::<u8>();
    let mut select = Select::new_biased();
    select.recv(&silent);
    select.recv(&receiver);
    select.recv(&receiver);
    select.send(&sender);
    for number in 0..20 {
        sender.send(number).unwrap();
    }
    for _ in 0..20 {
        let operation = select.select();
        see!(seen, select.clone().ready(), operation.index(), operation.recv(&receiver));
    }
    let operation = select.try_select().unwrap();
    see!(seen, operation.index(), operation.send(&sender, 7), select.ready(), select.try_ready());
    seen
}

/// Each of several that are ready gets its turn.
pub(crate) fn fair() -> Seen {
    let mut seen = Seen::default();
    let (first, second, (third, _kept)) = (unbounded(), bounded(1000), unbounded());
    for number in 0..1000 {
        first.0.send(number).unwrap();
        second.0.send(number).unwrap();
    }
    let mut counts = [[0; 4]; 4];
    let mut select = Select::new();
    select.recv(&first.1);
    select.recv(&second.1);
    select.send(&third);
    select.recv(&first.1);
    for round in 0..1000 {
        let operation = match round % 3 {
            0 => select.select(),
            1 => select.try_select().unwrap(),
            _ => select.select_timeout(ms(60_000)).unwrap(),
        };
        let index = operation.index();
        counts[round % 3][index] += 1;
        match index {
            0 | 3 => drop(operation.recv(&first.1)),
            1 => drop(operation.recv(&second.1)),
            _ => operation.send(&third, 0).unwrap(),
        }
        counts[3][select.ready()] += 1;
    }
    see!(seen, counts.map(|counts| counts.iter().all(|&count| count > 10)));
    see!(seen, counts.concat().iter().sum::<usize>());
    seen
}

/// An operation outlives the list it was selected from, and the list can be changed while it is alive.
pub(crate) fn operation_and_list() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(1);
    let operation = {
        let mut select = Select::new();
        let index = select.send(&sender);
        let operation = select.select();
        select.remove(index);
        see!(seen, index, select.try_ready());
        operation
    };
    see!(seen, operation.index(), operation.send(&sender, 5));
    let mut select = Select::new();
    select.recv(&receiver);
    let operation = select.try_select();
    select.recv(&receiver);
    see!(seen, operation.map(|operation| operation.recv(&receiver)), select.try_ready());
    seen
}

pub(crate) fn clones() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(1);
    let (other, others) = bounded(1);
    let mut select = Select::new_biased();
    select.recv(&others);
    select.recv(&receiver);
    let mut clone = select.clone();
    select.remove(0);
    sender.send(1).unwrap();
    other.send(2).unwrap();
    see!(seen, clone.select().recv(&others), select.select().recv(&receiver));
    see!(seen, clone.try_select().is_err(), select.try_select().is_err());
    // Shared with a thread, then moved to another.
    let mut inner = thread::scope(|scope| scope.spawn(|| clone.clone()).join().unwrap());
    let found = thread::scope(|scope| {
        let moved = scope.spawn(|| {
            let mut clone = clone;
            let operation = clone.select();
            (operation.index(), operation.recv(&receiver))
        });
        sender.send(3).unwrap();
        moved.join().unwrap()
    });
    see!(seen, found, inner.try_ready());
    seen
}

/// Woken by a message, by room, by disconnection, by time; never by the others.
pub(crate) fn woken() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), unbounded()] {
        let silent = never::<u8>();
        let wait = |receiver: &Receiver<u8>| {
            let mut select = Select::new();
            select.recv(&silent);
            select.recv(receiver);
            let operation = select.select();
            (operation.index(), operation.recv(receiver))
        };
        thread::scope(|scope| {
            let waiting = scope.spawn(|| wait(&receiver));
            thread::sleep(ms(10));
            sender.send(3).unwrap();
            see!(seen, waiting.join().unwrap());
            let waiting = scope.spawn(|| wait(&receiver));
            thread::sleep(ms(10));
            drop(sender);
            see!(seen, waiting.join().unwrap());
        });
    }
    for (sender, receiver) in [bounded(0), bounded(1)] {
        sender.try_send(0).unwrap_or_default();
        let send = |number| {
            let mut select = Select::new();
            select.send(&sender);
            let operation = select.select();
            operation.send(&sender, number).is_ok()
        };
        thread::scope(|scope| {
            let waiting = scope.spawn(|| send(1));
            thread::sleep(ms(10));
            see!(seen, receiver.recv().is_ok(), waiting.join().unwrap());
            receiver.try_recv().unwrap_or_default();
            sender.try_send(5).unwrap_or_default();
            let waiting = scope.spawn(|| send(2));
            thread::sleep(ms(10));
            drop(receiver);
            see!(seen, waiting.join().unwrap());
        });
    }
    let (later, silent) = (after(ms(10)), never::<u8>());
    let mut select = Select::new();
    select.recv(&silent);
    select.recv(&later);
    see!(seen, select.ready(), select.select().recv(&later).is_ok(), select.try_ready());
    see!(seen, select.select_timeout(ms(10)).is_err());
    seen
}

/// `ready` is woken as `select` is; the operation itself stays to be done.
pub(crate) fn ready_is_woken() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), unbounded()] {
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let mut select = Select::new();
                select.recv(&receiver);
                loop {
                    let index = select.ready();
                    if let Ok(number) = receiver.try_recv() {
                        return (index, number);
                    }
                }
            });
            thread::sleep(ms(10));
            sender.send(4).unwrap();
            see!(seen, waiting.join().unwrap());
            let waiting = scope.spawn(|| {
                let mut select = Select::new();
                select.recv(&receiver);
                (select.ready_timeout(ms(60_000)), receiver.try_recv())
            });
            thread::sleep(ms(10));
            drop(sender);
            see!(seen, waiting.join().unwrap());
        });
    }
    let (sender, receiver) = bounded(0);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut select = Select::new();
            select.send(&sender);
            loop {
                let index = select.ready_deadline(Instant::now() + ms(60_000));
                if sender.try_send(9).is_ok() {
                    return index;
                }
            }
        });
        thread::sleep(ms(10));
        see!(seen, receiver.recv(), waiting.join().unwrap());
    });
    seen
}

/// Messages of all receivers until each is disconnected and removed.
pub(crate) fn remove_until_empty() -> Seen {
    let mut seen = Seen::default();
    let (senders, receivers): (Vec<_>, Vec<_>) =
        [bounded(0), bounded(1), bounded(9), unbounded()].into_iter().unzip();
    let mut sums = [0; 4];
    thread::scope(|scope| {
        for (number, sender) in senders.into_iter().enumerate() {
            scope.spawn(move || (0..100).for_each(|message| sender.send(message + number).unwrap()));
        }
        let mut select = Select::new();
        for receiver in &receivers {
            select.recv(receiver);
        }
        let mut left = receivers.len();
        while left > 0 {
            let operation = select.select();
            let index = operation.index();
            match operation.recv(&receivers[index]) {
                Ok(message) => sums[index] += message,
                Err(_) => {
                    select.remove(index);
                    left -= 1;
                }
            }
        }
        see!(seen, select.try_ready());
    });
    see!(seen, sums);
    seen
}
