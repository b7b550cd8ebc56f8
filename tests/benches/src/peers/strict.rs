//! crossinterp's strictly lock-free bounded channels: not a peer, but a second way to do the same.

use crossinterp_core::{Receiver, Sender, bounded_strict};

use super::{Capacity, Ours, Peer};

pub(crate) struct Strict;

impl Peer for Strict {
    const NAME: &'static str = "strict";
    type Sender<T: Send + Unpin + 'static> = Sender<T>;
    type Receiver<T: Send + Unpin + 'static> = Receiver<T>;

    /// One without capacity, or without limit, is as every other.
    fn channel<T: Send + Unpin + 'static>(capacity: Capacity) -> Option<(Sender<T>, Receiver<T>)> {
        capacity.filter(|capacity| *capacity > 0).map(bounded_strict)
    }

    fn share<T: Send + Unpin + 'static>(receiver: &Receiver<T>) -> Option<Receiver<T>> {
        Ours::share(receiver)
    }

    fn send<T: Send + Unpin + 'static>(sender: &mut Sender<T>, message: T) {
        Ours::send(sender, message);
    }

    fn recv<T: Send + Unpin + 'static>(receiver: &mut Receiver<T>) -> Option<T> {
        Ours::recv(receiver)
    }

    fn send_batch<T: Send + Unpin + 'static>(sender: &mut Sender<T>, batch: &mut Vec<T>) {
        Ours::send_batch(sender, batch);
    }

    fn recv_batch<T: Send + Unpin + 'static>(receiver: &mut Receiver<T>, batch: &mut Vec<T>) -> bool {
        Ours::recv_batch(receiver, batch)
    }

    fn select<T: Send + Unpin + 'static>(receivers: &mut [Receiver<T>], messages: usize) -> bool {
        Ours::select(receivers, messages)
    }
}
