//! One of several operations, chosen because it can happen: what that means on this channel.

use super::{Model, Number, Refusal, Side};

impl Model {
    /// Whether an operation of that side can happen now, if only to say that the channel is closed.
    pub(crate) fn can_happen(&self, side: Side) -> bool {
        match side {
            Side::Sender if self.is_rendezvous() && !self.is_closed() => {
                // What was given back is to be received before.
                self.returned.is_empty() && self.oldest(Side::Receiver).is_some()
            }
            _ => self.is_ready(side),
        }
    }

    /// A send that was chosen is completed, or found the channel closed. In a queue it has a slot of its own: it is not
    /// handed over, and a receiver is woken for it. On a rendezvous it has its receiver; where there is no limit, or no place is
    /// kept, it is a send as every other.
    pub(crate) fn choose_send(&mut self, message: Number) -> Result<(), Refusal> {
        if self.is_closed() || !self.keeps_places() {
            return self.send(message);
        }
        if self.is_rendezvous() {
            let receiver = self.oldest(Side::Receiver).expect("a send was chosen, so a receiver waits");
            self.hand(receiver, message);
        } else {
            assert!(self.has_room(), "a send was chosen, and there is no room");
            self.push(message);
        }
        Ok(())
    }

    /// An operation that was chosen is dropped, and gives back what it held. Both sides hear of a slot.
    pub(crate) fn drop_chosen(&mut self, side: Side) {
        match side {
            Side::Receiver => {
                if let Ok(message) = self.recv() {
                    self.give_back(message);
                }
            }
            Side::Sender if self.is_closed() || !self.keeps_places() => {}
            Side::Sender => {
                self.wake(Side::Receiver);
                if !self.is_rendezvous() {
                    self.wake(Side::Sender);
                }
            }
        }
    }
}
