//! The channels that are compared: ours and those of other crates, by their blocking calls.

mod async_channel;
mod crossbeam;
mod crossfire;
mod flume;
mod kanal;
mod ours;
mod single;
mod std_mpsc;
mod strict;
mod tokio;

use std::hint::black_box;

pub(crate) use async_channel::AsyncChannel;
pub(crate) use crossbeam::Crossbeam;
pub(crate) use crossfire::Crossfire;
pub(crate) use flume::Flume;
pub(crate) use kanal::Kanal;
pub(crate) use ours::Ours;
pub(crate) use single::Single;
pub(crate) use std_mpsc::StdMpsc;
pub(crate) use strict::Strict;
pub(crate) use tokio::Tokio;

/// How many messages a channel holds; `None`: it is unbounded.
pub(crate) type Capacity = Option<usize>;

/// What comes from a channel in one call, at most.
pub(crate) const BATCH: usize = 32;

/// A large message.
pub(crate) type Page = [u64; 512];

/// One crate's channel. What it cannot do is `None`, and that cell of the table stays empty.
pub(crate) trait Peer: 'static {
    const NAME: &'static str;
    type Sender<T: Send + Unpin + 'static>: Clone + Send;
    type Receiver<T: Send + Unpin + 'static>: Send;

    fn channel<T: Send + Unpin + 'static>(capacity: Capacity)
    -> Option<(Self::Sender<T>, Self::Receiver<T>)>;

    /// One more consumer.
    fn share<T: Send + Unpin + 'static>(receiver: &Self::Receiver<T>) -> Option<Self::Receiver<T>>;

    fn send<T: Send + Unpin + 'static>(sender: &mut Self::Sender<T>, message: T);

    /// `None`: all senders are gone, and it is empty.
    fn recv<T: Send + Unpin + 'static>(receiver: &mut Self::Receiver<T>) -> Option<T>;

    /// Sends what is in the buffer, in one call if it has one for that.
    fn send_batch<T: Send + Unpin + 'static>(sender: &mut Self::Sender<T>, batch: &mut Vec<T>) {
        for message in batch.drain(..) {
            Self::send(sender, message);
        }
    }

    /// Receives at least one message and at most [`BATCH`], in one call if it has one for that. `false`: there are none
    /// any more.
    fn recv_batch<T: Send + Unpin + 'static>(receiver: &mut Self::Receiver<T>, batch: &mut Vec<T>) -> bool {
        batch.extend(Self::recv(receiver));
        !batch.is_empty()
    }

    /// Makes a channel for one message, sends a number and receives it; a channel of capacity 1 if it has none for that.
    fn once(number: u64) -> Option<u64> {
        let (mut sender, mut receiver) = Self::channel(Some(1))?;
        Self::send(&mut sender, number);
        Self::recv(&mut receiver)
    }

    /// Sends a page of that number; written where it stays, if it has a way for that.
    fn send_page(sender: &mut Self::Sender<Page>, number: u64) {
        Self::send(sender, [number; 512]);
    }

    /// Receives a page, and reads the last of its numbers; where it stands, if it has a way for that.
    fn recv_page(receiver: &mut Self::Receiver<Page>) -> Option<u64> {
        Self::recv(receiver).map(|page| black_box(&page)[511])
    }

    /// Receives so many messages from whichever of these channels has one. `false`: it has no select.
    fn select<T: Send + Unpin + 'static>(_receivers: &mut [Self::Receiver<T>], _messages: usize) -> bool {
        false
    }
}
