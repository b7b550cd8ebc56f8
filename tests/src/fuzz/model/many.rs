//! Batches: one operation after the other.

use std::collections::VecDeque;

use super::{Model, Number, Phase, Refusal, Side};

impl Model {
    /// Sends from the front of these until one is refused. How many, or why not even one.
    pub(crate) fn send_many(&mut self, messages: &mut VecDeque<Number>) -> Result<usize, Refusal> {
        let mut sent = 0;
        while let Some(&message) = messages.front() {
            match self.send(message) {
                Ok(()) => sent += 1,
                Err(refusal) if sent == 0 => return Err(refusal),
                Err(_) => break,
            }
            messages.pop_front();
        }
        Ok(sent)
    }

    /// Receives until there is nothing more, or so many.
    pub(crate) fn recv_many(&mut self, limit: usize) -> Result<Vec<Number>, Refusal> {
        let mut received = Vec::new();
        while received.len() < limit {
            match self.recv() {
                Ok(message) => received.push(message),
                Err(refusal) if received.is_empty() => return Err(refusal),
                Err(_) => break,
            }
        }
        Ok(received)
    }

    /// Whether so many are sent, or refused for ever, at once.
    pub(crate) fn can_send_many(&self, many: usize) -> bool {
        let waiting =
            |wait: &&(usize, super::Wait)| wait.1.side == Side::Receiver && wait.1.phase == Phase::Waiting;
        self.is_closed()
            || match self.capacity {
                None => true,
                Some(0) => self.returned.is_empty() && self.waits.iter().filter(waiting).count() >= many,
                Some(capacity) => capacity - self.queue.len() >= many,
            }
    }
}
