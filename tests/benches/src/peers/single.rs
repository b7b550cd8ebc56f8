//! crossinterp's ends that are not shared: not a peer, but a second way to do the same.

use crossinterp_core::{Consumer, Producer, bounded, unbounded};

use super::{Capacity, Peer};

pub(crate) struct Single;

/// A producer, where the type of a sender has to be one that can be cloned.
pub(crate) struct OnlySender<T>(Producer<T>);

impl<T> Clone for OnlySender<T> {
    fn clone(&self) -> Self {
        unreachable!("scenarios with more than one sender leave it out")
    }
}

impl Peer for Single {
    const NAME: &'static str = "single ends";
    type Sender<T: Send + Unpin + 'static> = OnlySender<T>;
    type Receiver<T: Send + Unpin + 'static> = Consumer<T>;

    fn channel<T: Send + Unpin + 'static>(capacity: Capacity) -> Option<(OnlySender<T>, Consumer<T>)> {
        let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
        Some((OnlySender(sender.try_into_single().ok()?), receiver.try_into_single().ok()?))
    }

    fn share<T: Send + Unpin + 'static>(_receiver: &Consumer<T>) -> Option<Consumer<T>> {
        None
    }

    fn send<T: Send + Unpin + 'static>(sender: &mut OnlySender<T>, message: T) {
        assert!(sender.0.send(message).is_ok(), "the receiver is there");
    }

    fn recv<T: Send + Unpin + 'static>(receiver: &mut Consumer<T>) -> Option<T> {
        receiver.recv().ok()
    }
}
