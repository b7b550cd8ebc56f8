//! Messages that are written and read in place.

use std::time::{Duration, Instant};

use crossinterp_core::{
    Receiver, RecvError, RecvRef, RecvTimeoutError, SendError, SendRef, SendTimeoutError, Sender,
    TryRecvError, TrySendError,
};

use super::super::ledger::Message;
use super::super::model::{Refusal, Side};
use super::Setting;
use super::line::Line;
use super::once::{Way, limited};

impl Line {
    pub(super) fn send_in_place(&mut self, setting: &mut Setting, choice: usize) {
        let Some(sender) = self.senders.pick(choice) else { return };
        let is_ready = self.model.can_happen(Side::Sender);
        let way = setting.way(choice, sender.ended || is_ready);
        let mut expected = match is_ready {
            _ if sender.ended || self.model.is_closed() => Err(Refusal::Never),
            true => Ok(()),
            false => Err(Refusal::Later),
        };
        if way.has_limit() && expected == Err(Refusal::Later) {
            // It is a select, which takes its place and only wants to be told.
            self.model.relieve(Side::Sender);
            if !setting.lets_wait(sender.domain) {
                expected = Err(Refusal::Never);
            }
        }
        let room = send(&sender.end, way);
        assert_eq!(room.as_ref().map(|_| ()).map_err(|refusal| *refusal), expected);
        let Ok(room) = room else { return };
        // One that is given up behind messages leaves a slot that counts as one, as a select does.
        // (And so it does where it is left to a receiver that is alone.)
        let gives_up = (choice / 40).is_multiple_of(3) && self.model.len() == 0 && !self.model.may_be_kept();
        let message = setting.ledger.message();
        if gives_up {
            if choice / 120 == 0 {
                drop(room)
            } else {
                drop(room.write(message))
            }
            self.model.drop_chosen(Side::Sender);
            return;
        }
        let number = message.number;
        assert!(room.write(message).send().is_ok(), "it is not closed");
        assert_eq!(self.model.choose_send(number), Ok(()));
    }

    pub(super) fn recv_in_place(&mut self, setting: &mut Setting, choice: usize) {
        let Some(receiver) = self.receivers.pick(choice) else { return };
        let way = setting.way(choice, receiver.ended || self.model.can_try(Side::Receiver));
        let mut expected = if receiver.ended { Err(Refusal::Never) } else { self.model.recv() };
        if way.has_limit() && expected == Err(Refusal::Later) {
            let lets_wait = setting.lets_wait(receiver.domain);
            let has_slots = self.model.has_slots();
            if has_slots {
                // As above.
                self.model.relieve(Side::Receiver);
            }
            if !lets_wait {
                expected = Err(Refusal::Never);
            } else if !has_slots {
                let id = self.model.begin_recv(receiver.domain);
                expected =
                    limited(self.model.wait_briefly(id)).map(|message| message.expect("it was received"));
            }
        }
        let received = recv(&receiver.end, way).map(|message| {
            let number = message.number;
            if (choice / 40).is_multiple_of(2) {
                drop(message);
            } else {
                assert_eq!(message.into_inner().number, number);
            }
            number
        });
        assert_eq!(received, expected);
    }
}

fn send(end: &Sender<Message>, way: Way) -> Result<SendRef<'_, Message>, Refusal> {
    match way {
        Way::Try | Way::TryPrecisely => end.try_send_ref().map_err(|error| match error {
            TrySendError::Full(()) => Refusal::Later,
            TrySendError::Disconnected(()) => Refusal::Never,
        }),
        Way::Wait => end.send_ref().map_err(|SendError(())| Refusal::Never),
        Way::Timeout | Way::Deadline => {
            let room = if way == Way::Timeout {
                end.send_ref_timeout(Duration::ZERO)
            } else {
                end.send_ref_deadline(Instant::now())
            };
            room.map_err(|error| match error {
                SendTimeoutError::Timeout(()) => Refusal::Later,
                SendTimeoutError::Disconnected(()) => Refusal::Never,
            })
        }
    }
}

fn recv(end: &Receiver<Message>, way: Way) -> Result<RecvRef<'_, Message>, Refusal> {
    match way {
        Way::Try | Way::TryPrecisely => end.try_recv_ref().map_err(|error| match error {
            TryRecvError::Empty => Refusal::Later,
            TryRecvError::Disconnected => Refusal::Never,
        }),
        Way::Wait => end.recv_ref().map_err(|RecvError| Refusal::Never),
        Way::Timeout | Way::Deadline => {
            let received = if way == Way::Timeout {
                end.recv_ref_timeout(Duration::ZERO)
            } else {
                end.recv_ref_deadline(Instant::now())
            };
            received.map_err(|error| match error {
                RecvTimeoutError::Timeout => Refusal::Later,
                RecvTimeoutError::Disconnected => Refusal::Never,
            })
        }
    }
}
