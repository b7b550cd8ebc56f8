//! tokio's mpsc by its blocking calls: one consumer, and no channel without capacity.

use tokio::sync::{mpsc, oneshot};

use super::{BATCH, Capacity, Peer};

pub(crate) struct Tokio;

pub(crate) enum Sender<T> {
    Bounded(mpsc::Sender<T>),
    Unbounded(mpsc::UnboundedSender<T>),
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Bounded(sender) => Self::Bounded(sender.clone()),
            Self::Unbounded(sender) => Self::Unbounded(sender.clone()),
        }
    }
}

pub(crate) enum Receiver<T> {
    Bounded(mpsc::Receiver<T>),
    Unbounded(mpsc::UnboundedReceiver<T>),
}

impl Peer for Tokio {
    const NAME: &'static str = "tokio";
    type Sender<T: Send + Unpin + 'static> = Sender<T>;
    type Receiver<T: Send + Unpin + 'static> = Receiver<T>;

    fn channel<T: Send + Unpin + 'static>(capacity: Capacity) -> Option<(Sender<T>, Receiver<T>)> {
        match capacity {
            Some(0) => None,
            Some(capacity) => {
                let (sender, receiver) = mpsc::channel(capacity);
                Some((Sender::Bounded(sender), Receiver::Bounded(receiver)))
            }
            None => {
                let (sender, receiver) = mpsc::unbounded_channel();
                Some((Sender::Unbounded(sender), Receiver::Unbounded(receiver)))
            }
        }
    }

    fn share<T: Send + Unpin + 'static>(_receiver: &Receiver<T>) -> Option<Receiver<T>> {
        None
    }

    fn send<T: Send + Unpin + 'static>(sender: &mut Sender<T>, message: T) {
        let sent = match sender {
            Sender::Bounded(sender) => sender.blocking_send(message),
            Sender::Unbounded(sender) => sender.send(message),
        };
        assert!(sent.is_ok(), "the receiver is there");
    }

    fn recv<T: Send + Unpin + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        match receiver {
            Receiver::Bounded(receiver) => receiver.blocking_recv(),
            Receiver::Unbounded(receiver) => receiver.blocking_recv(),
        }
    }

    fn recv_batch<T: Send + Unpin + 'static>(receiver: &mut Receiver<T>, batch: &mut Vec<T>) -> bool {
        let received = match receiver {
            Receiver::Bounded(receiver) => receiver.blocking_recv_many(batch, BATCH),
            Receiver::Unbounded(receiver) => receiver.blocking_recv_many(batch, BATCH),
        };
        received > 0
    }
    fn once(number: u64) -> Option<u64> {
        let (sender, receiver) = oneshot::channel();
        assert!(sender.send(number).is_ok(), "the receiver is there");
        receiver.blocking_recv().ok()
    }
}
