//! async-channel, by its blocking calls. It has no channel without capacity.

use async_channel::{Receiver, Sender, bounded, unbounded};

use super::{Capacity, Peer};

pub(crate) struct AsyncChannel;

impl Peer for AsyncChannel {
    const NAME: &'static str = "async-channel";
    type Sender<T: Send + Unpin + 'static> = Sender<T>;
    type Receiver<T: Send + Unpin + 'static> = Receiver<T>;

    fn channel<T: Send + Unpin + 'static>(capacity: Capacity) -> Option<(Sender<T>, Receiver<T>)> {
        match capacity {
            Some(0) => None,
            capacity => Some(capacity.map_or_else(unbounded, bounded)),
        }
    }

    fn share<T: Send + Unpin + 'static>(receiver: &Receiver<T>) -> Option<Receiver<T>> {
        Some(receiver.clone())
    }

    fn send<T: Send + Unpin + 'static>(sender: &mut Sender<T>, message: T) {
        let sent = sender.send_blocking(message);
        assert!(sent.is_ok(), "the receivers are there");
    }

    fn recv<T: Send + Unpin + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        receiver.recv_blocking().ok()
    }
}
