//! What memory a channel has.

use super::Channel;
use super::flow::Flow;
use crate::list::List;
use crate::refs::Shared;

/// What memory a channel has at a moment, in bytes, as it was asked of the allocator. What messages own elsewhere is not in it.
///
/// ```
/// let (tx, rx) = crossinterp_core::unbounded();
/// let before = tx.memory();
/// (0..1000_u64).for_each(|number| tx.try_send(number).unwrap());
/// assert!(tx.memory().queue >= 1000 * size_of::<u64>());
/// assert_eq!(rx.try_iter().count(), 1000);
/// assert!(tx.memory().queue < 1000 * size_of::<u64>()); // given back
/// assert_eq!(tx.memory().channel, before.channel);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// What every channel of its kind has, as long as it lives.
    pub channel: usize,
    /// The slots for messages: of a bounded channel always those of its capacity; of an unbounded one those of the blocks
    /// that it has now, and of the small one that it keeps for the next need.
    pub queue: usize,
    /// The nodes of waiting operations. It keeps as many as there were operations that waited at once, on each side, by
    /// eights, until it is gone: an operation that waits allocates nothing when the nodes are there.
    pub waiters: usize,
}

impl Memory {
    /// All of it.
    ///
    /// ```
    /// let (tx, _rx) = crossinterp_core::bounded::<u64>(100);
    /// let memory = tx.memory();
    /// assert_eq!(memory.total(), memory.channel + memory.queue + memory.waiters);
    /// ```
    pub fn total(&self) -> usize {
        self.channel + self.queue + self.waiters
    }
}

impl<T> Channel<T> {
    /// What memory it has. While others use it, each part is that of some moment.
    pub(super) fn memory(&self) -> Memory {
        let (apart, queue) = match &self.flow {
            Flow::Bounded(ring) => (0, ring.memory()),
            Flow::Unbounded(list) | Flow::Strict(list) => (Shared::<List<T>>::SIZE, list.memory()),
            Flow::Rendezvous(_) => (0, 0),
            Flow::Source(feed) => (size_of_val(feed.source()), 0),
        };
        let waiters = self.sending.memory() + self.receiving.memory();
        Memory { channel: Shared::<Self>::SIZE + apart, queue, waiters }
    }
}
