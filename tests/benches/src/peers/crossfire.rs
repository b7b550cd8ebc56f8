//! crossfire's mpmc. It has no channel without capacity.

use crossfire::mpmc::{self, Array, List};
use crossfire::select::Select;
use crossfire::{BlockingRxTrait, BlockingTxTrait, MRx, MTx};

use super::{Capacity, Peer};

pub(crate) struct Crossfire;

pub(crate) enum Sender<T: Send + Unpin + 'static> {
    Bounded(MTx<Array<T>>),
    Unbounded(MTx<List<T>>),
}

impl<T: Send + Unpin + 'static> Clone for Sender<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Bounded(sender) => Self::Bounded(sender.clone()),
            Self::Unbounded(sender) => Self::Unbounded(sender.clone()),
        }
    }
}

pub(crate) enum Receiver<T: Send + Unpin + 'static> {
    Bounded(MRx<Array<T>>),
    Unbounded(MRx<List<T>>),
}

impl Peer for Crossfire {
    const NAME: &'static str = "crossfire";
    type Sender<T: Send + Unpin + 'static> = Sender<T>;
    type Receiver<T: Send + Unpin + 'static> = Receiver<T>;

    fn channel<T: Send + Unpin + 'static>(capacity: Capacity) -> Option<(Sender<T>, Receiver<T>)> {
        match capacity {
            Some(0) => None,
            Some(capacity) => {
                let (sender, receiver) = mpmc::bounded_blocking(capacity);
                Some((Sender::Bounded(sender), Receiver::Bounded(receiver)))
            }
            None => {
                let (sender, receiver) = mpmc::unbounded_blocking();
                Some((Sender::Unbounded(sender), Receiver::Unbounded(receiver)))
            }
        }
    }

    fn share<T: Send + Unpin + 'static>(receiver: &Receiver<T>) -> Option<Receiver<T>> {
        Some(match receiver {
            Receiver::Bounded(receiver) => Receiver::Bounded(receiver.clone()),
            Receiver::Unbounded(receiver) => Receiver::Unbounded(receiver.clone()),
        })
    }

    fn send<T: Send + Unpin + 'static>(sender: &mut Sender<T>, message: T) {
        let sent = match sender {
            Sender::Bounded(sender) => sender.send(message),
            Sender::Unbounded(sender) => sender.send(message),
        };
        assert!(sent.is_ok(), "the receivers are there");
    }

    fn recv<T: Send + Unpin + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        match receiver {
            Receiver::Bounded(receiver) => receiver.recv().ok(),
            Receiver::Unbounded(receiver) => receiver.recv().ok(),
        }
    }

    fn select<T: Send + Unpin + 'static>(receivers: &mut [Receiver<T>], messages: usize) -> bool {
        let bounded: Vec<_> = receivers
            .iter()
            .filter_map(|receiver| match receiver {
                Receiver::Bounded(receiver) => Some(receiver),
                Receiver::Unbounded(_) => None,
            })
            .collect();
        let mut select = Select::new();
        for receiver in &bounded {
            select.add(*receiver);
        }
        for _ in 0..messages {
            let result = select.select().expect("the senders are there");
            let from = bounded.iter().find(|receiver| result.is_from(**receiver)).expect("one of them");
            assert!(from.read_select(result).is_ok(), "the senders are there");
        }
        true
    }
}
