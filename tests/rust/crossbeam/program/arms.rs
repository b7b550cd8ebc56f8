//! What the arms of `select!` do: which is chosen, what is evaluated when, what a body may do with the channels.

use std::cell::RefCell;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::channel::{Receiver, RecvError, Sender, bounded, never, select, select_biased, unbounded};
use crate::support::{Counted, Seen, ms, see};

fn nobody_sends() -> i32 {
    unreachable!("the arm is not chosen")
}

/// Each channel expression once, in the order in which they are written, and then the limit.
pub(crate) fn order_of_evaluation() -> Seen {
    let mut seen = Seen::default();
    let log = RefCell::new(Vec::new());
    let (sender, receiver) = bounded(9);
    let silent = never();
    let from = |name: &'static str| {
        log.borrow_mut().push(name);
        if name == "receiver" { &receiver } else { &silent }
    };
    let into = |name: &'static str| {
        log.borrow_mut().push(name);
        &sender
    };
    let message = |name: &'static str| {
        log.borrow_mut().push(name);
        1
    };
    let limit = || {
        log.borrow_mut().push("limit");
        ms(1)
    };
    select! {
        recv(from("first")) -> _ => unreachable!(),
        send(into("second"), message("message")) -> _ => log.borrow_mut().push("sent"),
        recv(from("third")) -> _ => unreachable!(),
    }
    see!(seen, log.take());
    select! {
        recv(from("first")) -> _ => unreachable!(),
        default(limit()) => log.borrow_mut().push("default"),
    }
    see!(seen, log.take());
    select! {
        default(limit()) => unreachable!(),
        recv(from("first")) -> _ => unreachable!(),
        recv(from("receiver")) -> _ => log.borrow_mut().push("received"),
    }
    see!(seen, log.take());
    select! { recv(from("first")) -> _ => unreachable!(), default => log.borrow_mut().push("default") }
    see!(seen, log.take());
    select! { send(into("first"), message("second")) -> _ => log.borrow_mut().push("sent") }
    see!(seen, log.take());
    select_biased! {
        recv(from("receiver")) -> _ => log.borrow_mut().push("received"),
        send(into("second"), message("message")) -> _ => unreachable!(),
        recv(from("third")) -> _ => unreachable!(),
        default(limit()) => unreachable!(),
    }
    see!(seen, log.take());
    seen
}

/// A message is made only for the arm that sends it.
pub(crate) fn lazy_messages() -> Seen {
    let mut seen = Seen::default();
    let (full, held) = bounded(1);
    let mut made = 0;
    let mut make = || {
        made += 1;
        made
    };
    for _ in 0..4 {
        select! {
            send(full, make()) -> result => see!(seen, "sent", result),
            default => see!(seen, "full"),
        }
        select! {
            send(full, nobody_sends()) -> _ => {}
            recv(never::<()>()) -> _ => {}
            default(ms(1)) => see!(seen, held.len()),
        }
    }
    see!(seen, held.try_recv(), made);
    // One value may be moved into each of several arms: one arm runs.
    let (other, others) = bounded(1);
    let text = String::from("once");
    let silent = never::<String>();
    full.send(0).unwrap();
    select! {
        send(other, text) -> result => see!(seen, result),
        recv(silent) -> _ => drop(text),
        default => drop(text),
    }
    see!(seen, others.recv());
    seen
}

/// What was moved out for an arm comes back when the channel is disconnected.
pub(crate) fn disconnected() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), unbounded()] {
        drop(receiver);
        select! { send(sender, "one") -> result => see!(seen, result.map_err(|error| error.into_inner())) }
        select! {
            send(sender, "two") -> result => see!(seen, result.map_err(|error| error.0)),
            default => unreachable!(),
        }
        select! {
            recv(never::<()>()) -> _ => unreachable!(),
            send(sender, "three") -> result => see!(seen, result.map_err(|error| error.0)),
            default(ms(60_000)) => unreachable!(),
        }
    }
    for (sender, receiver) in [bounded(0), bounded(1), unbounded()] {
        sender.try_send(1).unwrap_or_default();
        drop(sender);
        for _ in 0..2 {
            select! { recv(receiver) -> message => see!(seen, message), default => unreachable!() }
        }
        select! { recv(receiver) -> message => see!(seen, message) }
        select! { recv(receiver) -> message => see!(seen, message), default(ms(60_000)) => unreachable!() }
        select! {
            recv(never::<()>()) -> _ => unreachable!(),
            recv(receiver) -> message => see!(seen, message == Err(RecvError)),
        }
    }
    seen
}

/// In its body an arm may do what it likes with the channels.
pub(crate) fn bodies_own_the_channels() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(3);
    let (other, others) = bounded::<u8>(3);
    sender.send(1).unwrap();
    select! {
        recv(receiver) -> message => {
            drop(receiver);
            see!(seen, message, sender.send(2).is_err())
        }
        recv(others) -> _ => drop((others, other)),
    }
    let (sender, receiver) = bounded(1);
    sender.send(1).unwrap();
    select! { recv(receiver) -> message => { drop(receiver); see!(seen, message, sender.send(2).is_err()) } }
    let (sender, receiver) = bounded(1);
    sender.send(1).unwrap();
    select! {
        recv(receiver) -> message => { drop(receiver); see!(seen, message, sender.send(2).is_err()) }
        default => drop(receiver),
    }
    let (sender, receiver) = bounded(1);
    select! {
        send(sender, 3) -> result => { drop(sender); see!(seen, result, receiver.recv(), receiver.recv()) }
        recv(never::<()>()) -> _ => drop(sender),
    }
    // Moved into another thread, into a message, replaced.
    let (sender, mut receiver) = unbounded();
    sender.send(1).unwrap();
    let (carrier, carried) = bounded(1);
    select! {
        recv(receiver) -> message => {
            let old = std::mem::replace(&mut receiver, never());
            see!(seen, message, thread::spawn(move || old.len()).join().unwrap(), receiver.capacity());
        }
        default => {}
    }
    select! {
        send(carrier, receiver) -> result => { see!(seen, result.is_ok()); drop(carrier) }
        recv(carried) -> _ => unreachable!(),
    }
    let mut receiver = carried.recv().unwrap();
    see!(seen, receiver.try_recv(), carried.recv().is_err());
    select! { recv(receiver) -> _ => {}, default => receiver = unbounded().1 }
    see!(seen, receiver.try_recv());
    seen
}

/// The message and a temporary channel live as long as the arm needs them.
pub(crate) fn lifetimes() -> Seen {
    let mut seen = Seen::default();
    let (message, drops) = Counted::new();
    fn filled(message: Counted) -> Receiver<Counted> {
        let (sender, receiver) = bounded(2);
        sender.send(message.clone()).unwrap();
        sender.send(message).unwrap();
        receiver
    }
    select! {
        recv(filled(message.clone())) -> message => {
            see!(seen, drops.load(Ordering::SeqCst), message.is_ok());
            drop(message);
            see!(seen, drops.load(Ordering::SeqCst));
        }
        recv(never::<()>()) -> _ => {}
    }
    see!(seen, drops.load(Ordering::SeqCst));
    select! { recv(filled(message)) -> _ => see!(seen, "not bound") }
    see!(seen, drops.load(Ordering::SeqCst));
    seen
}

/// `try_send` and the like fill and drain as they should, arm by arm.
pub(crate) fn fill_and_drain() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), bounded(3)] {
        for round in 0..8 {
            select! {
                send(sender, round) -> result => see!(seen, "sent", result),
                default => see!(seen, "full", sender.is_full()),
            }
        }
        for _ in 0..8 {
            select! {
                recv(receiver) -> message => see!(seen, message),
                default => see!(seen, "empty", receiver.is_empty()),
            }
            select! {
                recv(receiver) -> message => see!(seen, message),
                recv(never::<()>()) -> _ => {}
                default(ms(1)) => see!(seen, "empty"),
            }
        }
    }
    seen
}

pub(crate) fn limits_at_the_ends_of_time() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(1);
    let silent = never::<()>();
    for limit in [Duration::ZERO, Duration::MAX] {
        select! { send(sender, 1) -> result => see!(seen, result), default(limit) => unreachable!() }
        select! { recv(receiver) -> message => see!(seen, message), default(limit) => unreachable!() }
        select! {
            send(sender, 2) -> result => see!(seen, result),
            recv(silent) -> _ => {}
            default(limit) => unreachable!(),
        }
        select! {
            recv(silent) -> _ => {}
            recv(receiver) -> message => see!(seen, message),
            default(limit) => unreachable!(),
        }
    }
    select! { recv(receiver) -> _ => {}, default(Duration::ZERO) => see!(seen, "default") }
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(ms(10));
            sender.send(3).unwrap();
        });
        select! {
            recv(receiver) -> message => see!(seen, message),
            recv(silent) -> _ => {}
            default(Duration::MAX) => unreachable!(),
        }
    });
    seen
}

/// The first that is written, whatever the others are.
pub(crate) fn biased() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = unbounded();
    let (second, seconds) = unbounded();
    for number in 0..50 {
        sender.send(number).unwrap();
        second.send(number + 100).unwrap();
    }
    let mut order = Vec::new();
    for _ in 0..100 {
        select_biased! {
            recv(receiver) -> message => order.push(message.unwrap()),
            recv(seconds) -> message => order.push(message.unwrap()),
            send(sender, nobody_sends()) -> _ => {}
        }
    }
    see!(seen, order.is_sorted(), order.len(), receiver.len(), seconds.len());
    select_biased! {
        recv(receiver) -> _ => unreachable!(),
        send(sender, 1) -> _ => see!(seen, "sent"),
        recv(receiver) -> _ => unreachable!(),
        default => unreachable!(),
    }
    drop(sender);
    select_biased! {
        recv(seconds) -> _ => unreachable!(),
        recv(receiver) -> message => see!(seen, message),
        recv(receiver) -> _ => unreachable!(),
        default(ms(60_000)) => unreachable!(),
    }
    select_biased! { recv(receiver) -> message => see!(seen, message), default => unreachable!() }
    seen
}

/// Every arm that is ready gets its turn, the same channel in two arms too.
pub(crate) fn fair() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = unbounded();
    let (other, others) = bounded(2000);
    let (ended, gone) = bounded::<u8>(0);
    drop(ended);
    for number in 0..2000 {
        sender.send(number).unwrap();
        other.send(number).unwrap();
    }
    let mut counts = [0; 5];
    for _ in 0..1000 {
        select! {
            recv(receiver) -> message => { message.unwrap(); counts[0] += 1 }
            recv(receiver) -> message => { message.unwrap(); counts[1] += 1 }
            recv(others) -> message => { message.unwrap(); counts[2] += 1 }
            send(sender, 0) -> result => { result.unwrap(); counts[3] += 1 }
            recv(gone) -> message => { message.unwrap_err(); counts[4] += 1 }
        }
    }
    see!(seen, counts.iter().all(|&count| count > 50), counts.iter().sum::<i32>());
    let mut counts = [0; 2];
    for _ in 0..1000 {
        select! {
            recv(receiver) -> _ => counts[0] += 1,
            recv(others) -> _ => counts[1] += 1,
            default => unreachable!(),
        }
    }
    see!(seen, counts.iter().all(|&count| count > 200));
    seen
}

/// Both ends of one channel in one list: on a queue either goes, on a rendezvous nobody meets itself.
pub(crate) fn both_ends() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver): (Sender<u32>, Receiver<u32>) = bounded(1);
    for round in 0..4 {
        select! {
            send(sender, round) -> result => see!(seen, "sent", result),
            recv(receiver) -> message => see!(seen, message),
        }
    }
    let (sender, receiver) = bounded(0);
    select! {
        send(sender, 1) -> _ => unreachable!(),
        recv(receiver) -> _ => unreachable!(),
        default => see!(seen, "nobody"),
    }
    select! {
        send(sender, 1) -> _ => unreachable!(),
        recv(receiver) -> _ => unreachable!(),
        default(ms(10)) => see!(seen, "nobody"),
    }
    seen
}
