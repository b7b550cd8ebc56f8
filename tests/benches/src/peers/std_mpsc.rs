//! The standard library's: one consumer.

use std::sync::mpsc;

use super::{Capacity, Peer};

pub(crate) struct StdMpsc;

pub(crate) enum Sender<T> {
    Bounded(mpsc::SyncSender<T>),
    Unbounded(mpsc::Sender<T>),
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Bounded(sender) => Self::Bounded(sender.clone()),
            Self::Unbounded(sender) => Self::Unbounded(sender.clone()),
        }
    }
}

impl Peer for StdMpsc {
    const NAME: &'static str = "std";
    type Sender<T: Send + Unpin + 'static> = Sender<T>;
    type Receiver<T: Send + Unpin + 'static> = mpsc::Receiver<T>;

    fn channel<T: Send + Unpin + 'static>(capacity: Capacity) -> Option<(Sender<T>, mpsc::Receiver<T>)> {
        Some(match capacity {
            Some(capacity) => {
                let (sender, receiver) = mpsc::sync_channel(capacity);
                (Sender::Bounded(sender), receiver)
            }
            None => {
                let (sender, receiver) = mpsc::channel();
                (Sender::Unbounded(sender), receiver)
            }
        })
    }

    fn share<T: Send + Unpin + 'static>(_receiver: &mpsc::Receiver<T>) -> Option<mpsc::Receiver<T>> {
        None
    }

    fn send<T: Send + Unpin + 'static>(sender: &mut Sender<T>, message: T) {
        let sent = match sender {
            Sender::Bounded(sender) => sender.send(message),
            Sender::Unbounded(sender) => sender.send(message),
        };
        assert!(sent.is_ok(), "the receiver is there");
    }

    fn recv<T: Send + Unpin + 'static>(receiver: &mut mpsc::Receiver<T>) -> Option<T> {
        receiver.recv().ok()
    }
}
