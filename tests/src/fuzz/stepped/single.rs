//! Ends that are not shared: one thread's each.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossinterp_core::{Consumer, Producer};

use super::actor::Actor;
use super::world::Side;
use crate::fuzz::ledger::Message;
use crate::fuzz::stage::trace;

impl Actor {
    /// Has it send; it is this thread's.
    pub(super) fn with_producer<R>(&self, line: usize, does: impl FnOnce(&mut Producer<Message>) -> R) -> R {
        does(self.line(line).producer.lock().unwrap().as_mut().expect("it is this thread's"))
    }

    /// Has it receive; it is this thread's.
    pub(super) fn with_consumer<R>(&self, line: usize, does: impl FnOnce(&mut Consumer<Message>) -> R) -> R {
        does(self.line(line).consumer.lock().unwrap().as_mut().expect("it is this thread's"))
    }

    /// Makes its end single, if it has one of that side, and others have none.
    pub(super) fn make_single(&mut self, at: usize, side: Side) {
        let (line, ends) = (&self.world.lines[at], &mut self.ends[at]);
        line.may_be_single.store(true, Ordering::Relaxed);
        let single = match side {
            Side::Sender => {
                let Some(kept) = ends.senders.pop() else { return };
                let kept = Arc::into_inner(kept).expect("nobody else has it");
                match kept.try_map(|sender| sender.try_into_single()) {
                    Ok(producer) => {
                        let other = line.producer.lock().unwrap().replace(producer);
                        assert!(other.is_none(), "there are two single ends");
                        true
                    }
                    Err(kept) => {
                        ends.keep_sender(line, kept);
                        false
                    }
                }
            }
            Side::Receiver => {
                let Some(kept) = ends.receivers.pop() else { return };
                let kept = Arc::into_inner(kept).expect("nobody else has it");
                match kept.try_map(|receiver| receiver.try_into_single()) {
                    Ok(consumer) => {
                        let other = line.consumer.lock().unwrap().replace(consumer);
                        assert!(other.is_none(), "there are two single ends");
                        true
                    }
                    Err(kept) => {
                        ends.keep_receiver(line, kept);
                        false
                    }
                }
            }
        };
        trace(|| format!("channel {at}: a {side:?} becomes single: {single}"));
        ends.single[side as usize] = single;
    }

    /// Its single end can be cloned again.
    pub(super) fn share(&mut self, at: usize, side: Side) {
        trace(|| format!("channel {at}: a single {side:?} is shared"));
        let (line, ends) = (&self.world.lines[at], &mut self.ends[at]);
        ends.single[side as usize] = false;
        match side {
            Side::Sender => {
                let producer = line.producer.lock().unwrap().take().expect("it is this thread's");
                let sender = producer.try_map(|producer| Ok(producer.into_shared()));
                ends.keep_sender(line, sender.ok().expect("it always can"));
            }
            Side::Receiver => {
                let consumer = line.consumer.lock().unwrap().take().expect("it is this thread's");
                let receiver = consumer.try_map(|consumer| Ok(consumer.into_shared()));
                ends.keep_receiver(line, receiver.ok().expect("it always can"));
            }
        }
    }

    pub(super) fn drop_single(&mut self, at: usize, side: Side) {
        self.ends[at].single[side as usize] = false;
        match side {
            Side::Sender => {
                let producer = self.line(at).producer.lock().unwrap().take();
                drop(producer);
            }
            Side::Receiver => {
                let consumer = self.line(at).consumer.lock().unwrap().take();
                drop(consumer);
            }
        }
    }
}
