//! kanal.

use kanal::{Receiver, Sender, bounded, unbounded};

use super::{Capacity, Peer};

pub(crate) struct Kanal;

impl Peer for Kanal {
    const NAME: &'static str = "kanal";
    type Sender<T: Send + Unpin + 'static> = Sender<T>;
    type Receiver<T: Send + Unpin + 'static> = Receiver<T>;

    fn channel<T: Send + Unpin + 'static>(capacity: Capacity) -> Option<(Sender<T>, Receiver<T>)> {
        Some(capacity.map_or_else(unbounded, bounded))
    }

    fn share<T: Send + Unpin + 'static>(receiver: &Receiver<T>) -> Option<Receiver<T>> {
        Some(receiver.clone())
    }

    fn send<T: Send + Unpin + 'static>(sender: &mut Sender<T>, message: T) {
        let sent = sender.send(message);
        assert!(sent.is_ok(), "the receivers are there");
    }

    fn recv<T: Send + Unpin + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        receiver.recv().ok()
    }

    /// `drain_into` takes all that there is, and does not wait.
    fn recv_batch<T: Send + Unpin + 'static>(receiver: &mut Receiver<T>, batch: &mut Vec<T>) -> bool {
        batch.extend(receiver.recv().ok());
        !batch.is_empty() && receiver.drain_into(batch).is_ok()
    }
}
