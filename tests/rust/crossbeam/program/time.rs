//! `after`, `at`, `tick`, `never`.

use std::thread;
use std::time::{Duration, Instant};

use super::channel::{Receiver, RecvTimeoutError, TryRecvError, after, at, bounded, never, select, tick};
use crate::support::{Seen, ms, see};

const LONG: Duration = Duration::from_secs(3600);
static SILENT: Receiver<String> = never();

pub(crate) fn before() -> Seen {
    let mut seen = Seen::default();
    for receiver in [after(LONG), at(Instant::now() + LONG), tick(LONG)] {
        see!(seen, receiver.len(), receiver.is_empty(), receiver.is_full(), receiver.capacity());
        see!(seen, receiver.try_recv(), receiver.recv_timeout(ms(2)), receiver.recv_deadline(Instant::now()));
        see!(seen, receiver.try_iter().next(), receiver.clone().len());
    }
    seen
}

/// The message is the moment that was asked for, not the one at which it is received.
pub(crate) fn values() -> Seen {
    let mut seen = Seen::default();
    let when = Instant::now() + ms(10);
    see!(seen, at(when).recv() == Ok(when), Instant::now() >= when);
    thread::sleep(ms(5));
    see!(seen, at(when).try_recv() == Ok(when), at(when).recv_deadline(when) == Ok(when));
    see!(seen, at(when).recv_timeout(Duration::ZERO) == Ok(when), at(when).iter().next() == Some(when));
    see!(seen, at(when).try_iter().eq([when]), at(when).into_iter().next() == Some(when));
    for make in [after, tick] {
        let earliest = Instant::now() + ms(10);
        let receiver = make(ms(10));
        let latest = Instant::now() + ms(10);
        thread::sleep(ms(15));
        let value = receiver.recv().unwrap();
        see!(seen, value >= earliest, value <= latest);
    }
    let start = Instant::now();
    let value = after(ms(20)).recv().unwrap();
    see!(seen, start.elapsed() >= ms(20), value >= start + ms(20), value <= Instant::now());
    seen
}

/// One message; then it is silent, and not disconnected.
pub(crate) fn after_it_fired() -> Seen {
    let mut seen = Seen::default();
    for receiver in [after(Duration::ZERO), at(Instant::now())] {
        let clone = receiver.clone();
        see!(seen, receiver.len(), receiver.is_empty(), receiver.is_full(), clone.len(), receiver.capacity());
        see!(seen, receiver.recv().is_ok());
        see!(seen, receiver.len(), receiver.is_empty(), receiver.is_full(), clone.len());
        see!(seen, receiver.try_recv(), clone.try_recv(), receiver.recv_timeout(ms(2)));
        let deadline = Instant::now() + ms(5);
        see!(seen, receiver.recv_deadline(deadline), Instant::now() >= deadline);
        drop(receiver);
        see!(seen, clone.try_recv());
    }
    seen
}

/// One of several who wait gets it.
pub(crate) fn clones_share() -> Seen {
    let mut seen = Seen::default();
    for (make, once) in [(after as fn(Duration) -> Receiver<Instant>, true), (tick, false)] {
        let receiver = make(ms(20));
        let got: usize = thread::scope(|scope| {
            let waiting: Vec<_> = (0..4)
                .map(|_| {
                    let receiver = receiver.clone();
                    scope.spawn(move || receiver.recv_deadline(Instant::now() + ms(30)).is_ok())
                })
                .collect();
            waiting.into_iter().map(|thread| usize::from(thread.join().unwrap())).sum()
        });
        // A tick comes again.
        see!(seen, got == 1 || got > 1 && !once);
    }
    let receiver = at(Instant::now());
    let got: usize = thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..4).map(|_| scope.spawn(|| usize::from(receiver.recv_timeout(ms(10)).is_ok()))).collect();
        waiting.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    see!(seen, got);
    seen
}

pub(crate) fn silence() -> Seen {
    const NEVER: Receiver<u8> = never();

    let mut seen = Seen::default();
    let receiver = never::<u8>();
    see!(seen, receiver.len(), receiver.is_empty(), receiver.is_full(), receiver.capacity());
    see!(seen, receiver.try_recv(), receiver.try_iter().next());
    let start = Instant::now();
    see!(seen, receiver.recv_timeout(ms(10)), start.elapsed() >= ms(10), receiver.recv_deadline(start));
    see!(seen, SILENT.try_recv(), NEVER.try_recv(), NEVER.clone().len());
    see!(seen, SILENT.recv_timeout(ms(1)) == Err(RecvTimeoutError::Timeout));
    seen
}

/// Longer than a clock can show is never.
pub(crate) fn too_long() -> Seen {
    let mut seen = Seen::default();
    for receiver in [after(Duration::MAX), tick(Duration::MAX)] {
        see!(seen, receiver.capacity(), receiver.len(), receiver.is_full(), receiver.try_recv());
        see!(seen, receiver.recv_timeout(ms(1)), receiver.same_channel(&never()));
    }
    seen
}

pub(crate) fn same_channel() -> Seen {
    let mut seen = Seen::default();
    let now = Instant::now();
    let made =
        [after(LONG), after(LONG), at(now), at(now), tick(LONG), tick(LONG), never(), never(), bounded(0).1];
    for receiver in &made {
        see!(seen, made.iter().map(|other| other.same_channel(receiver)).collect::<Vec<_>>());
        see!(seen, receiver.same_channel(&receiver.clone()));
    }
    seen
}

/// Ticks that nobody took in time are one, and the next comes an interval after that one was taken.
pub(crate) fn late_ticks() -> Seen {
    const INTERVAL: Duration = Duration::from_millis(100);

    let mut seen = Seen::default();
    // Only a run that is not held up between its steps can tell.
    let (first, second, third) = loop {
        let ticks = tick(INTERVAL);
        thread::sleep(INTERVAL * 3);
        let start = Instant::now();
        let received = (ticks.len(), ticks.try_recv(), ticks.try_recv());
        if start.elapsed() < INTERVAL {
            let next = ticks.recv().unwrap();
            break (received, next >= start + INTERVAL, next <= Instant::now());
        }
    };
    see!(seen, first.0, first.1.is_ok(), first.2, second, third);
    seen
}

/// Ticks that are waited for are an interval apart.
pub(crate) fn ticks_in_time() -> Seen {
    let mut seen = Seen::default();
    let even = (0..50).any(|_| {
        let ticks = tick(ms(30));
        let (first, second, third) = (ticks.recv().unwrap(), ticks.recv().unwrap(), ticks.recv().unwrap());
        assert!(second - first >= ms(30) && third - second >= ms(30) && third <= Instant::now());
        second - first == ms(30) && third - second == ms(30)
    });
    see!(seen, even);
    let ticks = tick(ms(5));
    see!(seen, ticks.iter().take(5).is_sorted(), ticks.recv_timeout(ms(60_000)).is_ok());
    seen
}

pub(crate) fn no_interval() -> Seen {
    let mut seen = Seen::default();
    let ticks = tick(Duration::ZERO);
    see!(seen, ticks.len(), ticks.is_full(), ticks.try_recv().is_ok(), ticks.recv().is_ok(), ticks.len());
    see!(seen, ticks.try_iter().take(100).count(), ticks.recv_timeout(Duration::ZERO).is_ok());
    seen
}

/// Waiting on a limit before the tick does not use it up.
pub(crate) fn tick_after_a_limit() -> Seen {
    let mut seen = Seen::default();
    let start = Instant::now();
    let ticks = tick(ms(300));
    let early = ticks.recv_deadline(start + ms(1));
    see!(seen, early, ticks.recv_timeout(ms(60_000)).is_ok_and(|tick| tick <= Instant::now()));
    seen
}

pub(crate) fn in_select() -> Seen {
    let mut seen = Seen::default();
    let start = Instant::now();
    select! {
        recv(after(ms(20))) -> message => see!(seen, message.is_ok(), start.elapsed() >= ms(20)),
        recv(after(LONG)) -> _ => unreachable!(),
        recv(never::<()>()) -> _ => unreachable!(),
    }
    let when = Instant::now();
    let fired = at(when);
    select! {
        recv(fired) -> message => see!(seen, message == Ok(when)),
        default => unreachable!(),
    }
    select! {
        recv(fired) -> _ => unreachable!(),
        recv(after(LONG)) -> _ => unreachable!(),
        default(ms(5)) => see!(seen, fired.try_recv() == Err(TryRecvError::Empty)),
    }
    let (ticks, end) = (tick(ms(5)), after(ms(60_000)));
    let mut count = 0;
    while count < 5 {
        select! {
            recv(ticks) -> tick => count += usize::from(tick.is_ok()),
            recv(end) -> _ => break,
        }
    }
    see!(seen, count);
    let (sender, receiver) = bounded::<u8>(0);
    let clone = receiver.clone();
    let waited = thread::spawn(move || {
        select! {
            recv(clone) -> message => message.ok(),
            recv(after(ms(10))) -> _ => None,
        }
    });
    see!(seen, waited.join().unwrap());
    drop(sender);
    see!(seen, receiver.recv());
    seen
}

/// An early message goes before a later one, whichever is listed first.
pub(crate) fn the_earlier() -> Seen {
    let mut seen = Seen::default();
    let (late, early) = (after(LONG), after(ms(5)));
    for _ in 0..2 {
        select! {
            recv(late) -> _ => see!(seen, "late"),
            recv(early) -> _ => see!(seen, "early"),
            default(ms(100)) => see!(seen, "neither"),
        }
    }
    seen
}
