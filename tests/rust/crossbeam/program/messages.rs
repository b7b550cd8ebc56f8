//! What can be sent, through every kind of channel.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::thread;

use super::channel::{self, Receiver, Sender, TryRecvError, bounded, unbounded};
use crate::support::{Counted, Seen, see};

type Ends<T> = (Sender<T>, Receiver<T>);

/// One of each kind that can hold three messages.
fn queues<T>() -> [Ends<T>; 3] {
    [bounded(3), bounded(100), unbounded()]
}

/// Three messages in and out.
fn through<T: PartialEq>(mut message: impl FnMut(usize) -> T) -> bool {
    queues().into_iter().all(|(sender, receiver)| {
        (0..3).for_each(|number| assert!(sender.send(message(number)).is_ok()));
        (0..3).all(|number| receiver.recv() == Ok(message(number)))
            && receiver.try_recv() == Err(TryRecvError::Empty)
    })
}

/// As `through`, without a queue.
fn across<T: PartialEq + Send>(message: impl Fn(usize) -> T + Sync) -> bool {
    let (sender, receiver) = bounded(0);
    thread::scope(|scope| {
        scope.spawn(|| (0..3).for_each(|number| assert!(sender.send(message(number)).is_ok())));
        (0..3).all(|number| receiver.recv() == Ok(message(number)))
    })
}

pub(crate) fn kinds() -> Seen {
    #[derive(PartialEq)]
    #[repr(align(128))]
    struct Aligned(u8);

    let mut seen = Seen::default();
    see!(seen, through(|_| ()), across(|_| ()));
    see!(seen, through(|number| number as u8), across(|number| number as u8));
    see!(seen, through(|number| number.to_string()), across(|number| number.to_string()));
    see!(seen, through(|number| [number; 2000]), across(|number| [number; 2000]));
    see!(seen, through(|number| Aligned(number as u8)), across(|number| Aligned(number as u8)));
    see!(seen, through(|number| Some(Box::new(number))), across(|number| Some(Box::new(number))));
    see!(seen, through(Ok::<_, TryRecvError>), across(|_| Err::<u8, _>(TryRecvError::Empty)));
    see!(seen, through(|number| BTreeMap::from([(number, vec![number])])));
    see!(seen, through(Rc::new));
    seen
}

pub(crate) fn over_aligned_stays_aligned() -> Seen {
    #[repr(align(256))]
    struct Aligned(#[allow(dead_code)] u8);

    let mut seen = Seen::default();
    for (sender, receiver) in queues() {
        for number in 0..3 {
            sender.send(Box::new(Aligned(number))).unwrap();
        }
        see!(seen, receiver.try_iter().all(|message| (&raw const *message).addr() % 256 == 0));
    }
    seen
}

/// More than any block or buffer holds, in order.
pub(crate) fn many() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = unbounded();
    for number in 0..10_000_u32 {
        sender.send(number).unwrap();
    }
    see!(seen, sender.len(), receiver.len());
    for round in 0..3 {
        see!(seen, receiver.try_iter().take(1000).eq(round * 1000..(round + 1) * 1000), receiver.len());
    }
    drop(sender);
    see!(seen, receiver.iter().eq(3000..10_000), receiver.len());
    let (sender, receiver) = bounded(5);
    for lap in 0..100 {
        (0..5).for_each(|number| sender.send(lap * 5 + number).unwrap());
        assert!(sender.is_full() && receiver.try_iter().eq(lap * 5..(lap + 1) * 5));
    }
    see!(seen, receiver.len(), receiver.is_empty());
    seen
}

pub(crate) fn closures_and_borrows() -> Seen {
    let mut seen = Seen::default();
    let text = String::from("one two three");
    let (sender, receiver) = unbounded::<&str>();
    text.split(' ').for_each(|word| sender.send(word).unwrap());
    see!(seen, receiver.try_iter().collect::<Vec<_>>());
    let (sender, receiver) = bounded::<Box<dyn FnOnce() -> usize + Send>>(2);
    let length = text.len();
    sender.send(Box::new(move || length)).unwrap();
    sender.send(Box::new(|| 7)).unwrap();
    drop(sender);
    see!(seen, receiver.into_iter().map(|call| call()).collect::<Vec<_>>());
    seen
}

/// The answer comes through a channel that was sent along, as does the channel's own end.
pub(crate) fn channels_in_channels() -> Seen {
    let mut seen = Seen::default();
    let (requests, served) = bounded::<(u32, Sender<u32>)>(0);
    let server = thread::spawn(move || {
        for (number, answer) in served {
            answer.send(number * number).unwrap();
        }
    });
    for number in 1..4 {
        let (answer, answered) = channel::bounded(1);
        requests.send((number, answer)).unwrap();
        see!(seen, answered.recv(), answered.recv());
    }
    drop(requests);
    server.join().unwrap();

    struct Own(#[allow(dead_code)] Option<Receiver<Own>>);
    let (sender, receiver) = unbounded();
    sender.send(Own(None)).unwrap();
    sender.send(Own(Some(receiver.clone()))).unwrap();
    see!(seen, receiver.len());
    drop(receiver.recv());
    drop(receiver.recv());
    see!(seen, receiver.len());
    drop(receiver);
    see!(seen, sender.send(Own(None)).is_err());
    seen
}

/// Each message is dropped once: by its receiver, or with the channel.
pub(crate) fn drops() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in queues() {
        let (message, drops) = Counted::new();
        sender.send(message.clone()).unwrap();
        sender.send(message.clone()).unwrap();
        see!(seen, drops.load(Ordering::SeqCst));
        drop(receiver.recv());
        see!(seen, drops.load(Ordering::SeqCst));
        sender.send(message).unwrap();
        drop(sender);
        see!(seen, drops.load(Ordering::SeqCst));
        drop(receiver);
        see!(seen, drops.load(Ordering::SeqCst));
    }
    let (sender, receiver) = bounded(0);
    let (message, drops) = Counted::new();
    drop(sender.try_send(message.clone()));
    see!(seen, drops.load(Ordering::SeqCst));
    drop(receiver);
    drop(sender.send(message));
    see!(seen, drops.load(Ordering::SeqCst));
    seen
}
