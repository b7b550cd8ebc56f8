//! One thread: what it has, and what the bytes of its program mean.

use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard};

use crossinterp_core::ParkError;

use super::ends::Ends;
use super::wait::Begun;
use super::world::{FirstEnds, Line, Side, Sleep, World};
use crate::fuzz::stage::trace;

/// One thread's ends and waits.
pub(super) struct Actor {
    pub(super) world: Arc<World>,
    pub(super) number: usize,
    /// By channel.
    pub(super) ends: Vec<Ends>,
}

impl Actor {
    /// Those ends of the first channel that are single may be its.
    pub(super) fn new(
        world: &Arc<World>,
        number: usize,
        ends: &[FirstEnds],
        held: bool,
        single: [bool; 2],
    ) -> Self {
        // Those of the second channel never, so that it can wait there when the domain has ended.
        let domain = |line| (held && line == 0).then_some(&world.domain);
        let kept = world.lines.iter().zip(ends).enumerate();
        let mut kept: Vec<_> = kept.map(|(at, (line, ends))| Ends::new(line, ends, domain(at))).collect();
        kept[0].single = single;
        Self { number, ends: kept, world: Arc::clone(world) }
    }

    pub(super) fn line(&self, line: usize) -> &Line {
        &self.world.lines[line]
    }

    /// Whether its ends of that channel are held by the domain.
    pub(super) fn is_held(&self, line: usize) -> bool {
        self.ends[line].held
    }

    pub(super) fn waits(&self) -> MutexGuard<'_, Vec<Begun>> {
        self.world.waits[self.number].lock().unwrap()
    }

    /// An operation of a program without selects.
    pub(super) fn operate(&mut self, byte: u8) {
        let choice = usize::from(byte / 32);
        match byte % 32 {
            1..=4 | 30 => self.send(0, None),
            5 => self.send(0, Some(u32::from(byte / 32))),
            6 | 7 => self.try_send(0),
            8..=11 | 31 => self.recv(0, None),
            12 => self.recv(0, Some(u32::from(byte / 32))),
            13 | 14 => self.try_recv(0),
            15 | 16 => self.begin_send(0),
            17 | 18 => self.begin_recv(0),
            19 => self.finish(choice),
            20 | 21 => self.try_finish(choice),
            22 => self.abandon(choice),
            23 => self.close(0, choice),
            24 => self.drop_end(0, Side::Sender),
            25 => self.drop_end(0, Side::Receiver),
            26 => self.make_end(0, Side::Sender, choice),
            27 => self.make_end(0, Side::Receiver, choice),
            28 => self.end_domain(false),
            29 => self.end_domain(true),
            _ => {}
        }
    }

    /// An operation of a program with selects.
    pub(super) fn operate_selecting(&mut self, byte: u8, detail: u8) {
        let choice = usize::from(byte / 16);
        let line = usize::from(detail / 2) % self.ends.len();
        let side = if detail.is_multiple_of(2) { Side::Sender } else { Side::Receiver };
        match (byte % 16, side) {
            (0..=4, _) => self.select(choice, detail, None),
            (5, _) => self.select(choice, detail, Some(u32::from(detail % 3))),
            (6 | 7, _) => self.try_select(choice, detail),
            (8, _) => self.watch(choice, detail),
            (9, _) => self.cancel_select(choice, detail),
            (10, Side::Sender) => self.send(line, None),
            (10, Side::Receiver) => self.recv(line, None),
            (11, Side::Sender) => self.try_send(line),
            (11, Side::Receiver) => self.try_recv(line),
            (12, Side::Sender) => self.begin_send(line),
            (12, Side::Receiver) => self.begin_recv(line),
            (13, _) => match detail / 4 % 4 {
                0 | 1 => self.finish(choice),
                2 => self.try_finish(choice),
                _ => self.abandon(choice),
            },
            (14, side) => self.make_end(line, side, choice),
            (_, side) => match detail / 4 % 16 {
                0..=3 => self.drop_end(line, side),
                4 => self.close(line, choice),
                5..=7 => self.end_domain(choice.is_multiple_of(2)),
                _ => {}
            },
        }
    }

    /// After its program: finishes what it has begun, and leaves its ends to the others, or drops them.
    pub(super) fn come_to_end(mut self, keeps_ends: bool) {
        while !self.waits().is_empty() {
            self.finish(0);
        }
        for line in 0..self.ends.len() {
            if keeps_ends {
                break;
            }
            // Others may have no end of that side.
            if self.line(line).may_be_single.load(Ordering::Relaxed) {
                self.line(line).history.disconnects();
            }
            for side in [Side::Sender, Side::Receiver] {
                if self.ends[line].single[side as usize] {
                    self.drop_single(line, side);
                }
            }
        }
        if keeps_ends {
            // (What is not kept is dropped here, where no lock is held.)
            let kept: Vec<_> = self.ends.drain(..).map(Ends::into_inner).collect();
            self.world.left.lock().unwrap().extend(kept);
        }
    }

    pub(super) fn sleeps_in(&self, line: usize, side: Side) {
        self.sleeps(Some(Sleep { cases: vec![(line, side)], watches: false, held: self.is_held(line) }));
    }

    pub(super) fn sleeps(&self, sleep: Option<Sleep>) {
        *self.world.sleeps[self.number].lock().unwrap() = sleep;
    }

    /// What ends an operation otherwise than by a message.
    pub(super) fn check(&self, line: usize, error: ParkError, limited: bool) {
        trace(|| format!("{error:?}"));
        match error {
            ParkError::Disconnected => self.line(line).history.assert_may_be_disconnected(),
            ParkError::TimedOut => assert!(limited, "it gave up, and nobody told it to"),
            ParkError::Ended if self.is_held(line) => self.line(line).history.assert_may_be_disconnected(),
            other => panic!("it ended with {other:?}"),
        }
    }
}
