//! Who looks when nobody can go on: whether anybody sleeps who should not.
//!
//! A message, or room, is for those that wait for it; one of them must be awake, or have been woken and not looked yet.
//! (Such a one is a wait that a thread has begun and left for later.) On a rendezvous channel two that wait on its two
//! sides are there for each other, whether each waits for that alone or selects; but a select is not there for itself,
//! and two that only want to know could never do anything.

use std::sync::Arc;

use crossinterp_core::DomainState;

use super::wait::Wait;
use super::world::{Line, Side, World};
use crate::fuzz::stage::{Script, trace};

/// One that waits on a channel's side.
struct Waiter {
    line: usize,
    side: Side,
    watches: bool,
    /// Which operation waits there, or waits there among others.
    operation: usize,
}

pub(super) struct Director<'a> {
    world: &'a World,
    /// How many channels it has closed.
    closed: usize,
}

/// Who waits, and how many were woken and have not looked, by channel and side.
struct Waiters {
    sleeping: Vec<Waiter>,
    awake: Vec<[usize; 2]>,
}

impl<'a> Director<'a> {
    pub(super) fn new(world: &'a Arc<World>) -> Self {
        Self { world, closed: 0 }
    }

    /// Those that wait; none of them in a domain that has ended.
    fn waiters(&self) -> Waiters {
        let ended = self.world.domain.state() != DomainState::Open;
        let mut waiters = Waiters { sleeping: Vec::new(), awake: vec![[0, 0]; self.world.lines.len()] };
        let mut operation = 0;
        for sleep in self.world.sleeps.iter().filter_map(|sleep| sleep.lock().unwrap().clone()) {
            assert!(!(sleep.held && ended), "a thread sleeps in a domain that has ended");
            operation += 1;
            let cases = sleep.cases.iter();
            let cases = cases.map(|&(line, side)| Waiter { line, side, watches: sleep.watches, operation });
            waiters.sleeping.extend(cases);
        }
        for begun in self.world.waits.iter().flat_map(|waits| waits.try_lock().ok()) {
            for begun in begun.iter() {
                let (side, settled, phase) = match &begun.wait {
                    Wait::Send(wait, _) => (Side::Sender, wait.is_settled(), format!("{wait:?}")),
                    Wait::Recv(wait) => (Side::Receiver, wait.is_settled(), format!("{wait:?}")),
                };
                // A send that was told of room has its message taken, or is told again, until it takes that back.
                let most = if side == Side::Sender { usize::MAX } else { 1 };
                let wakes = begun.wakes.count();
                let fits = if settled { (1..=most).contains(&wakes) } else { wakes == 0 };
                assert!(fits, "a wait was woken {wakes} times: {phase}");
                assert!(settled || !(begun.held && ended), "a wait of a domain that has ended was not ended");
                operation += 1;
                if !settled {
                    let waiter = Waiter { line: begun.line, side, watches: false, operation };
                    waiters.sleeping.push(waiter);
                }
                waiters.awake[begun.line][side as usize] += usize::from(phase.contains("Woken"));
            }
        }
        waiters
    }
}

impl Waiters {
    fn on(&self, line: usize, side: Side) -> impl Iterator<Item = &Waiter> {
        self.sleeping.iter().filter(move |waiter| waiter.line == line && waiter.side == side)
    }

    fn may_sleep(&self, line: usize, side: Side) -> bool {
        self.awake[line][side as usize] > 0 || self.on(line, side).next().is_none()
    }

    fn check(&self, at: usize, line: &Line) {
        let Some((closed, len)) = line.look() else {
            panic!("both who have a channel's two ends sleep");
        };
        let count = |side| self.on(at, side).count();
        trace(|| {
            let sleeping = [count(Side::Sender), count(Side::Receiver)];
            format!("channel {at}: closed {closed}, {len} messages, {sleeping:?} sleep, {:?}", self.awake[at])
        });
        assert!(
            !closed || self.sleeping.iter().all(|waiter| waiter.line != at),
            "it is closed, and some sleep"
        );
        assert!(len == 0 || self.may_sleep(at, Side::Receiver), "a receiver sleeps over {len} messages");
        if !line.is_rendezvous() {
            assert!(
                line.capacity.is_some_and(|capacity| len >= capacity) || self.may_sleep(at, Side::Sender),
                "a sender sleeps, and there is room"
            );
            return;
        }
        let awaited = self.awake[at][Side::Receiver as usize] > 0;
        for sender in self.on(at, Side::Sender) {
            for receiver in self.on(at, Side::Receiver) {
                let meet = sender.operation != receiver.operation && !(sender.watches && receiver.watches);
                assert!(!meet || awaited, "a sender and a receiver sleep over each other");
            }
        }
    }
}

impl Script for Director<'_> {
    fn at_rest(&mut self) {
        let waiters = self.waiters();
        for (at, line) in self.world.lines.iter().enumerate() {
            waiters.check(at, line);
        }
    }

    fn wake_up(&mut self) -> bool {
        while let Some(line) = self.world.lines.get(self.closed) {
            trace(|| format!("close channel {}", self.closed));
            self.closed += 1;
            if line.close() {
                return true;
            }
        }
        false
    }
}
