//! Weak ends that become ends, while the others of their side come and go, until there is none.

use std::thread;

use crossinterp_core::{Receiver, Sender, WeakReceiver, WeakSender};

use crate::ledger::{Ledger, Message};
use crate::operations::{ALL, IMPATIENT, Received, receive};
use crate::rounds::{Rng, join, rounds};
use crate::{Consumer, Producer, goes_on, receive_all, send_one, settle, start};

/// An end, and what knows the channel without being one.
trait End: Sized {
    type Weak: Clone;

    fn upgrade(weak: &Self::Weak) -> Option<Self>;
}

impl End for Sender<Message> {
    type Weak = WeakSender<Message>;

    fn upgrade(weak: &Self::Weak) -> Option<Self> {
        weak.upgrade()
    }
}

impl End for Receiver<Message> {
    type Weak = WeakReceiver<Message>;

    fn upgrade(weak: &Self::Weak) -> Option<Self> {
        weak.upgrade()
    }
}

/// An end that is dropped and made anew all the time.
struct Changing<E: End> {
    /// `None` for a moment.
    end: Option<E>,
    weak: E::Weak,
}

impl<E: End> Changing<E> {
    fn new(end: E, downgrade: impl Fn(&E) -> E::Weak) -> Self {
        let weak = downgrade(&end);
        Self { end: Some(end), weak }
    }

    /// The end, or another one, as long as there are any. When there is none, there will be none.
    fn get(&mut self, rng: &mut Rng) -> Option<&E> {
        if rng.below(4) == 0 {
            self.end = None;
            if rng.below(4) == 0 {
                self.weak = self.weak.clone();
                thread::yield_now();
            }
        }
        if self.end.is_none() {
            self.end = E::upgrade(&self.weak);
        }
        if self.end.is_none() {
            thread::yield_now();
            assert!(E::upgrade(&self.weak).is_none(), "an end after the last one");
        }
        self.end.as_ref()
    }
}

/// While a sender is there the channel is open; the last one's going closes it for good.
#[test]
fn senders_come_and_go() {
    rounds("senders_come_and_go", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let producer = |index| -> Producer {
            Box::new(move |tx, ledger, mut rng| {
                let mut senders = Changing::new(tx, Sender::downgrade);
                for number in ledger.numbers() {
                    let Some(tx) = senders.get(&mut rng) else { return };
                    let sent = send_one(&ledger, (index, number), tx, ALL, &mut rng);
                    assert!(goes_on(&sent), "there are senders and receivers");
                }
            })
        };
        let consumer = |_| -> Consumer<_> {
            Box::new(move |rx, mut rng| {
                receive_all(&rx, ALL, &mut rng, None);
                rx
            })
        };
        let (producers, consumers) = start(round, &ledger, round.flavour.make(), producer, consumer);
        let receivers = join(consumers);
        join(producers);
        settle(&ledger, receivers);
    });
}

/// While a receiver is there the channel is open; with the last one goes what is queued.
#[test]
fn receivers_come_and_go() {
    rounds("receivers_come_and_go", |round| {
        let ledger = Ledger::new(round.producers, round.each);
        let producer = |index| -> Producer {
            Box::new(move |tx, ledger, mut rng| {
                for number in ledger.numbers() {
                    if !goes_on(&send_one(&ledger, (index, number), &tx, ALL, &mut rng)) {
                        break;
                    }
                }
            })
        };
        let most = 2 * round.each;
        let consumer = |_| -> Consumer<()> {
            Box::new(move |rx, mut rng| {
                let mut receivers = Changing::new(rx, Receiver::downgrade);
                for _ in 0..rng.index(most) {
                    let Some(rx) = receivers.get(&mut rng) else { return };
                    let take = |message: Message| message.received();
                    let received = receive(rx, IMPATIENT, &mut rng, take);
                    assert_ne!(received, Received::Never, "there are senders and receivers");
                }
            })
        };
        let (tx, rx) = round.flavour.make();
        let (producers, consumers) = start(round, &ledger, (tx.clone(), rx), producer, consumer);
        join(consumers);
        assert!(tx.is_closed(), "the receivers are gone");
        join(producers);
        drop(tx);
        ledger.check(true);
    });
}
