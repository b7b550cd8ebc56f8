//! Ends that are not shared, become shared, and are single again, while the other side does what it likes.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossinterp_core::{
    Consumer, Producer, Receiver, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryRecvError,
    TrySendError,
};

use crate::ledger::{Ledger, Message};
use crate::operations::{ORDERLY, Received, Sent, receive, send};
use crate::rounds::{Rng, Round, join, rounds};
use crate::{Order, receive_all, send_one, settle};

/// So short that it is often over.
const TIMEOUT: Duration = Duration::from_micros(50);

enum Sends {
    Shared(Sender<Message>),
    Single(Producer<Message>),
}

enum Receives {
    Shared(Receiver<Message>),
    Single(Consumer<Message>),
}

impl Sends {
    /// Sends, and becomes the other kind before it now and then.
    fn send(self, message: Message, rng: &mut Rng) -> (Self, Sent<Message>) {
        let changes = rng.below(48) == 0;
        let mut this = match self {
            Self::Shared(tx) if changes => tx.try_into_single().map_or_else(Self::Shared, Self::Single),
            Self::Single(tx) if changes => Self::Shared(tx.into_shared()),
            same => same,
        };
        let sent = match &mut this {
            Self::Shared(tx) => send(tx, message, ORDERLY, rng),
            Self::Single(tx) => match rng.below(4) {
                0 => match tx.try_send(message) {
                    Ok(()) => Sent::Yes,
                    Err(TrySendError::Full(message)) => Sent::NotNow(message),
                    Err(TrySendError::Disconnected(message)) => Sent::Never(message),
                },
                1 => match tx.send_timeout(message, TIMEOUT) {
                    Ok(()) => Sent::Yes,
                    Err(SendTimeoutError::Timeout(message)) => Sent::NotNow(message),
                    Err(SendTimeoutError::Disconnected(message)) => Sent::Never(message),
                },
                _ => tx.send(message).map_or_else(|SendError(message)| Sent::Never(message), |()| Sent::Yes),
            },
        };
        (this, sent)
    }
}

impl Receives {
    /// Receives, and becomes the other kind before it now and then.
    fn receive(self, rng: &mut Rng, mut take: impl FnMut(Message)) -> (Self, Received) {
        let changes = rng.below(48) == 0;
        let mut this = match self {
            Self::Shared(rx) if changes => rx.try_into_single().map_or_else(Self::Shared, Self::Single),
            Self::Single(rx) if changes => Self::Shared(rx.into_shared()),
            same => same,
        };
        let message = match &mut this {
            Self::Shared(rx) => {
                let received = receive(rx, ORDERLY, rng, take);
                return (this, received);
            }
            Self::Single(rx) => match rng.below(4) {
                0 => rx.try_recv().map_err(|error| error == TryRecvError::Disconnected),
                1 => rx.recv_timeout(TIMEOUT).map_err(|error| error == RecvTimeoutError::Disconnected),
                _ => rx.recv().map_err(|_| true),
            },
        };
        let received = match message {
            Ok(message) => {
                take(message);
                Received::Some
            }
            Err(false) => Received::NotNow,
            Err(true) => Received::Never,
        };
        (this, received)
    }
}

/// One producer, single if it is to be.
fn produce(
    tx: Sender<Message>,
    ledger: Arc<Ledger>,
    index: usize,
    is_single: bool,
    mut rng: Rng,
) -> JoinHandle<()> {
    thread::spawn(move || {
        if !is_single {
            for number in ledger.numbers() {
                if matches!(send_one(&ledger, (index, number), &tx, ORDERLY, &mut rng), Sent::Never(_)) {
                    break;
                }
            }
            return;
        }
        // (It may have been closed already.)
        let mut tx = tx.try_into_single().map_or_else(Sends::Shared, Sends::Single);
        for number in ledger.numbers() {
            let (same, sent) = tx.send(ledger.message(index, number), &mut rng);
            tx = same;
            ledger.told(index, number, &sent);
            match sent {
                Sent::Never(_) => break,
                Sent::NotNow(_) => thread::yield_now(),
                _ => {}
            }
        }
    })
}

/// One consumer, single if it is to be. It gives a shared end back. With `kept` the messages of each of so many producers
/// must come in order.
fn consume(
    rx: Receiver<Message>,
    kept: Option<usize>,
    is_single: bool,
    mut rng: Rng,
) -> JoinHandle<Receiver<Message>> {
    thread::spawn(move || {
        if !is_single {
            receive_all(&rx, ORDERLY, &mut rng, kept.map(Order::new));
            return rx;
        }
        let mut rx = rx.try_into_single().map_or_else(Receives::Shared, Receives::Single);
        let mut order = kept.map(Order::new);
        loop {
            let (same, received) = rx.receive(&mut rng, |message| {
                message.received();
                if let Some(order) = &mut order {
                    order.came(&message);
                }
            });
            rx = same;
            match received {
                Received::Some => {}
                Received::NotNow => thread::yield_now(),
                Received::Never => break,
            }
        }
        match rx {
            Receives::Shared(rx) => rx,
            Receives::Single(rx) => rx.into_shared(),
        }
    })
}

type Threads = (Vec<JoinHandle<()>>, Vec<JoinHandle<Receiver<Message>>>);

/// Starts the threads of a round in which at least one side is single.
fn begin(
    round: &Round,
    ledger: &Arc<Ledger>,
    (tx, rx): (Sender<Message>, Receiver<Message>),
    is_ordered: bool,
) -> Threads {
    let single = 1 + round.rng(95).below(3);
    let (single_tx, single_rx) = (single & 1 != 0, single & 2 != 0);
    let count = if single_tx { 1 } else { round.producers };
    let more_senders: Vec<_> = (1..count).map(|_| tx.clone()).collect();
    let more_receivers: Vec<_> =
        (1..if single_rx { 1 } else { round.consumers }).map(|_| rx.clone()).collect();
    let producers = more_senders.into_iter().chain([tx]).enumerate();
    let consumers = more_receivers.into_iter().chain([rx]).enumerate();
    (
        producers
            .map(|(index, tx)| produce(tx, Arc::clone(ledger), index, single_tx, round.rng(index)))
            .collect(),
        consumers
            .map(|(index, rx)| consume(rx, is_ordered.then_some(count), single_rx, round.rng(100 + index)))
            .collect(),
    )
}

/// What is sent is received, in order, whichever side is single.
#[test]
fn single_ends_keep_the_order() {
    rounds("single_ends_keep_the_order", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let (producers, consumers) = begin(round, &ledger, round.flavour.make(), true);
        let receivers = join(consumers);
        join(producers);
        settle(&ledger, receivers);
    });
}

/// The same when the channel is closed in the middle, by one who has no end of it then.
#[test]
fn single_ends_are_closed_in_the_middle() {
    rounds("single_ends_are_closed_in_the_middle", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let (tx, rx) = round.flavour.make();
        let domain = crossinterp_core::Domain::try_open().unwrap();
        let mut rng = round.rng(94);
        // A domain that closes takes one of the sides with it.
        let (tx, rx) = if rng.below(2) == 0 {
            let held = tx.held_by(&domain).unwrap();
            drop(tx);
            (held, rx)
        } else {
            let held = rx.held_by(&domain).unwrap();
            drop(rx);
            (tx, held)
        };
        // A receive that the domain ends may give a message back behind others that were received.
        let (producers, consumers) = begin(round, &ledger, (tx, rx), false);
        (0..rng.below(500)).for_each(|_| thread::yield_now());
        domain.close();
        drop(join(consumers));
        join(producers);
        ledger.check(true);
    });
}
