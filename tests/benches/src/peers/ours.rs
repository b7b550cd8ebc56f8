//! crossinterp.

use std::collections::VecDeque;
use std::hint::black_box;
use std::mem::take;

use crossinterp_core::{Receiver, Select, Sender, bounded, oneshot, unbounded};

use super::{BATCH, Capacity, Page, Peer};

pub(crate) struct Ours;

impl Peer for Ours {
    const NAME: &'static str = "crossinterp";
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

    fn send_batch<T: Send + Unpin + 'static>(sender: &mut Sender<T>, batch: &mut Vec<T>) {
        let mut messages = VecDeque::from(take(batch));
        assert!(sender.send_many(&mut messages).is_ok(), "the receivers are there");
        *batch = messages.into();
    }

    fn recv_batch<T: Send + Unpin + 'static>(receiver: &mut Receiver<T>, batch: &mut Vec<T>) -> bool {
        receiver.recv_many(batch, BATCH).is_ok()
    }

    fn once(number: u64) -> Option<u64> {
        let (sender, receiver) = oneshot::channel();
        assert!(sender.send(number).is_ok(), "the receiver is there");
        receiver.recv().ok()
    }

    fn send_page(sender: &mut Sender<Page>, number: u64) {
        let room = sender.send_ref().expect("the receiver is there");
        assert!(room.write([number; 512]).send().is_ok(), "the receiver is there");
    }

    fn recv_page(receiver: &mut Receiver<Page>) -> Option<u64> {
        receiver.recv_ref().ok().map(|page| black_box(&page)[511])
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
