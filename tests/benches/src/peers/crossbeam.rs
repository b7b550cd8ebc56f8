//! crossbeam-channel.

use crossbeam_channel::{Receiver, Select, Sender, bounded, unbounded};

use super::{Capacity, Peer};

pub(crate) struct Crossbeam;

impl Peer for Crossbeam {
    const NAME: &'static str = "crossbeam";
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

    fn select<T: Send + Unpin + 'static>(receivers: &mut [Receiver<T>], messages: usize) -> bool {
        let mut select = Select::new();
        for receiver in &*receivers {
            select.recv(receiver);
        }
        for _ in 0..messages {
            let operation = select.select();
            let from = operation.index();
            assert!(operation.recv(&receivers[from]).is_ok(), "the senders are there");
        }
        true
    }
}
