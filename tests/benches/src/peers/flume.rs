//! flume.

use flume::{Receiver, Selector, Sender, bounded, unbounded};

use super::{BATCH, Capacity, Peer};

pub(crate) struct Flume;

impl Peer for Flume {
    const NAME: &'static str = "flume";
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

    /// `drain` takes all that there is; to wait for the first is a call of its own.
    fn recv_batch<T: Send + Unpin + 'static>(receiver: &mut Receiver<T>, batch: &mut Vec<T>) -> bool {
        batch.extend(receiver.recv().ok());
        batch.extend(receiver.try_iter().take(BATCH - 1));
        !batch.is_empty()
    }

    fn select<T: Send + Unpin + 'static>(receivers: &mut [Receiver<T>], messages: usize) -> bool {
        // A selector is good for one wait.
        for _ in 0..messages {
            let selector = receivers.iter().fold(Selector::new(), |selector, receiver| {
                selector.recv(receiver, |message| message.is_ok())
            });
            assert!(selector.wait(), "the senders are there");
        }
        true
    }
}
