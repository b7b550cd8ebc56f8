//! Ends: their clones, what they know, what happens when they go.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::channel::{
    Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError, bounded, unbounded,
};
use crate::support::{Counted, Seen, ms, see};

pub(crate) fn length_and_capacity() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), bounded(3), unbounded()] {
        see!(seen, sender.capacity(), receiver.capacity());
        for number in 0..4 {
            see!(seen, sender.len(), sender.is_empty(), sender.is_full());
            see!(seen, receiver.len(), receiver.is_empty(), receiver.is_full());
            see!(seen, sender.try_send(number).is_ok());
        }
        for _ in 0..4 {
            see!(seen, receiver.try_recv());
            see!(seen, sender.len(), sender.is_empty(), sender.is_full());
            see!(seen, receiver.len(), receiver.is_empty(), receiver.is_full());
        }
    }
    seen
}

pub(crate) fn try_forms() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(2);
    see!(seen, receiver.try_recv(), sender.try_send(1), sender.try_send(2));
    see!(seen, sender.try_send(3) == Err(TrySendError::Full(3)));
    see!(
        seen,
        receiver.try_recv(),
        sender.try_send(4),
        receiver.try_recv(),
        receiver.try_recv(),
        receiver.try_recv()
    );
    let (sender, receiver) = bounded(0);
    see!(seen, sender.try_send(1) == Err(TrySendError::Full(1)), receiver.try_recv());
    seen
}

/// What is queued can be received after the senders went.
pub(crate) fn senders_go() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(2), unbounded()] {
        let other = sender.clone();
        sender.send(1).unwrap();
        other.send(2).unwrap();
        drop(sender);
        let clone = receiver.clone();
        see!(seen, receiver.try_recv(), receiver.len());
        drop(other);
        see!(
            seen,
            receiver.len(),
            clone.recv(),
            clone.recv(),
            receiver.try_recv(),
            receiver.recv_timeout(ms(1))
        );
        see!(seen, receiver.recv() == Err(RecvError), receiver.iter().next(), receiver.try_iter().next());
    }
    let (sender, receiver) = bounded::<u8>(0);
    drop(sender);
    see!(seen, receiver.recv(), receiver.try_recv(), receiver.recv_timeout(ms(1)));
    seen
}

pub(crate) fn receivers_go() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(0), bounded(1), bounded(9), unbounded()] {
        let other = receiver.clone();
        drop(receiver);
        see!(seen, sender.try_send(1).is_ok());
        drop(other);
        see!(
            seen,
            sender.send(2) == Err(SendError(2)),
            sender.try_send(3) == Err(TrySendError::Disconnected(3))
        );
        see!(
            seen,
            sender.send_timeout(4, ms(1)).map_err(|error| (error.is_disconnected(), error.into_inner()))
        );
        see!(seen, sender.clone().send(5).is_err());
    }
    seen
}

/// A full channel that is disconnected is not Full.
pub(crate) fn full_and_gone() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(1);
    sender.send(1).unwrap();
    drop(receiver);
    see!(seen, sender.try_send(2).map_err(|error| error.is_disconnected()));
    see!(seen, sender.send_timeout(3, ms(1)).map_err(|error| error.is_disconnected()));
    seen
}

/// An unbounded channel does not keep what nobody can receive.
pub(crate) fn last_receiver_drops_unbounded() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = unbounded();
    let (message, drops) = Counted::new();
    (0..100).for_each(|_| sender.send(message.clone()).unwrap());
    let other = receiver.clone();
    drop(receiver);
    see!(seen, drops.load(Ordering::SeqCst));
    drop(other);
    see!(seen, drops.load(Ordering::SeqCst));
    see!(seen, sender.len(), sender.is_empty());
    drop(sender);
    see!(seen, drops.load(Ordering::SeqCst));
    seen
}

/// Whichever side goes last, nothing is left.
pub(crate) fn everything_is_dropped() -> Seen {
    let mut seen = Seen::default();
    for receiver_first in [true, false] {
        for (sender, receiver) in [bounded(50), unbounded()] {
            let (message, drops) = Counted::new();
            (0..49).for_each(|_| sender.send(message.clone()).unwrap());
            if receiver_first {
                drop((receiver, sender));
            } else {
                drop((sender, receiver));
            }
            see!(seen, drops.load(Ordering::SeqCst));
        }
    }
    seen
}

pub(crate) fn same_channel() -> Seen {
    let mut seen = Seen::default();
    let made: Vec<(Sender<u8>, Receiver<u8>)> =
        vec![bounded(0), bounded(0), bounded(1), bounded(1), unbounded(), unbounded()];
    for (sender, receiver) in &made {
        see!(seen, sender.same_channel(&sender.clone()), receiver.same_channel(&receiver.clone()));
        see!(seen, made.iter().filter(|(other, _)| other.same_channel(sender)).count());
        see!(seen, made.iter().filter(|(_, other)| other.same_channel(receiver)).count());
    }
    seen
}

pub(crate) fn iterators() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = unbounded();
    (0..10).for_each(|number| sender.send(number).unwrap());
    let mut some = receiver.try_iter();
    see!(seen, some.next(), some.size_hint());
    see!(seen, receiver.iter().take(2).collect::<Vec<_>>(), some.next());
    for number in &receiver {
        if number == 5 {
            break;
        }
    }
    see!(seen, some.by_ref().sum::<i32>(), some.next());
    sender.send(10).unwrap();
    see!(seen, some.next(), some.next());
    sender.send(11).unwrap();
    drop(sender);
    let mut rest = receiver.into_iter();
    see!(seen, rest.size_hint(), rest.next(), rest.next(), rest.next());
    let (sender, receiver) = bounded(4);
    for word in ["b", "a", "b", "c"] {
        sender.send(word).unwrap();
    }
    drop(sender);
    let mut counts = HashMap::new();
    for word in receiver {
        *counts.entry(word).or_insert(0) += 1;
    }
    see!(seen, counts["a"], counts["b"], counts["c"]);
    seen
}

/// A by-value iterator keeps the channel connected.
pub(crate) fn iterator_is_an_end() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(3);
    let mut owned = receiver.into_iter();
    see!(seen, sender.send(1), owned.next(), sender.send(2), sender.try_send(3));
    drop(owned);
    see!(seen, sender.try_send(4).is_err());
    seen
}

pub(crate) fn in_collections() -> Seen {
    let mut seen = Seen::default();
    let mut ends: HashMap<&str, (Sender<u32>, Receiver<u32>)> = HashMap::new();
    ends.insert("bounded", bounded(1));
    ends.insert("unbounded", unbounded());
    ends["bounded"].0.send(1).unwrap();
    let (_, taken) = ends.remove("bounded").unwrap();
    see!(seen, taken.try_recv(), taken.try_recv(), ends["unbounded"].1.try_recv());
    let moved = Option::<Receiver<u32>>::None;
    see!(seen, moved.map(|receiver| receiver.try_recv()).unwrap_or(Err(TryRecvError::Empty)));
    seen
}
