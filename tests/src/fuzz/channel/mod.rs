//! Schedules of one channel or two, their ends, waits and domains, read from bytes and compared with the model after each
//! step.
//!
//! The bytes: the flavours, then two for each step: what is done, on which channel, and to which end, wait or domain.
//!
//! One thread does everything, so each step has one outcome (or, a select that is not biased, one of a few), and after
//! each step every message, wake and waker is counted.
//!
//! A step sends, receives (one message, in place or not, or several by one call) or selects at once, or with a time limit
//! that is over; displaces a message; begins, asks, polls, finishes or drops a wait; makes or drops an end or a weak one;
//! makes an end single or shared; closes, takes back what is queued, or ends a domain. What a select chose is completed,
//! completed after closing, or dropped. Where a side has a single end, its steps are that one's, and some are nine messages
//! in a row: it is alone again then. Not played: dropping a claimed slot that stands behind messages, or before a receiver
//! that may be alone, which leaves a void slot that counts as one until a receiver comes to it; clocks; what takes two
//! threads (the other target).
//!
//! The model does not know whether a single receiver is alone at a moment: then nobody else takes what is queued. So what is
//! displaced or taken back may be nothing.
//!
//! # What it finds
//!
//! Core was broken in these ways; random bytes, ten thousand schedules a second, found (from three seeds):
//!
//! | broken | found after schedules |
//! | --- | --- |
//! | a weak end makes one after the last has gone (`WeakEnd::upgrade`) | 4 to 44 |
//! | what a weak end makes is not counted (`Channel::try_enter`) | 2 to 5 |
//! | what it makes is not held by its domain (`WeakEnd::upgrade`) | 22 to 61 |
//! | the last message is not taken back (`Drain::next`) | 27 to 133 |
//! | what was given back is not taken back (`Channel::take_left`) | 5 to 20 |
//! | taking back does not close (`close_and_drain`) | 6 to 9 |
//! | a send is said to be ready where something is queued (`Operation::is_ready`) | 25 to 29 |
//! | a send on a closed channel is not ready (`Operation::attempt`) | 2 to 5 |
//! | a select stays among those that wait (`run::leave`) | 7 to 33 |
//! | a select's receive is ready for its own send (`Operation::is_ready`) | 7 to 56 |
//! | a chosen send takes the receive that has waited shortest (`Table::seize`) | 6 to 39 |
//! | a chosen receive that is dropped loses its message (`Operation::cancel`) | 11 to 50 |
//! | a chosen send that is dropped keeps its receiver (`Operation::cancel`) | 2 to 185 |
//! | a biased select looks in any order (`run::find`) | 1 to 2 |
//! | nobody is woken for the message of a chosen send (`Sender::complete`) | 3 to 19 |
//! | polling calls the last waker (`Pending::recall`) | 2 to 6 |
//! | polling takes the waker of a node's next owner (`Place::wake`) | 15,111 |
//! | a message that is given back twice loses its rank (`Table::stash`) | 882 to 7,992 |
//! | a weak end makes one beside a single end (`Channel::try_enter`) | 46 to 180 |
//! | an end becomes single beside waits (`Channel::make_single`) | 6 to 18 |
//! | an end becomes single that its domain has released (`Channel::make_single`) | 229 to 777 |
//! | an end that is shared again is alone still (`into_shared`) | 321 to 1,105 |
//! | where it came to alone is forgotten (`Ring::end_alone`) | 50 to 321 |
//! | one that is alone pushes whatever the flags say (`Ring::push_alone`) | 21 to 93 |
//! | one that is alone passes over what was given back (`Consumer::recv_at_once`) | 2,002 to 7,251 |
//! | it keeps the queue for ever when its domain closes (`End::end_alone`) | 1,690 to 6,307 |
//!
//! (The two before those of single ends were so; the first of them from one seed.)

mod ends;
mod in_place;
mod line;
mod many;
mod once;
mod select;
mod single;
mod waits;

use std::iter;

use crossinterp_core::{Domain, DomainState};

use super::ledger::Ledger;
use super::model::Side;
use line::{FLAVOURS, Line};
use select::Wish;
use single::end_held;

/// Plays the schedule that the bytes are, on one thread.
///
/// # Panics
/// When the channel does something else than the model.
///
/// ```
/// crossinterp_tests::fuzz::channel(&[1, 0, 0, 3, 0]); // capacity 1: a send, a receive
/// ```
pub fn channel(bytes: &[u8]) {
    let Some((&flavour, steps)) = bytes.split_first() else { return };
    let mut world = World::new(flavour);
    for step in steps.chunks_exact(2) {
        world.step(step[0].into(), step[1].into());
        world.compare();
    }
    if (flavour / FLAVOURS).is_multiple_of(2) {
        world.finish_all();
    }
    world.end();
}

/// What channels share.
struct Setting {
    ledger: Ledger,
    domains: [Domain; 3],
    states: [DomainState; 3],
    /// Something has waited until its time was over.
    has_waited: bool,
}

struct World {
    setting: Setting,
    lines: Vec<Line>,
    wishes: Vec<Wish>,
}

impl Setting {
    /// Waiting for the end of a time limit lets others run before, which takes longer than a whole schedule: few do, and once.
    fn may_wait_in_vain(&mut self) -> bool {
        !std::mem::replace(&mut self.has_waited, true)
    }
}

impl World {
    fn new(flavour: u8) -> Self {
        let setting = Setting {
            ledger: Ledger::default(),
            domains: [(); 3].map(|()| Domain::try_open().unwrap()),
            states: [DomainState::Open; 3],
            has_waited: flavour < 200,
        };
        let mut lines = vec![Line::new(flavour)];
        if flavour / 10 % 10 >= 5 {
            lines.push(Line::new(flavour / 10));
        }
        let wishes = (0..lines.len())
            .flat_map(|line| [Side::Sender, Side::Receiver].map(|side| Wish { line, side, end: 0 }));
        let wishes = wishes.collect();
        Self { setting, lines, wishes }
    }

    /// The operation's five lowest bits say what is done, all of them on which channel.
    fn step(&mut self, operation: usize, choice: usize) {
        let Self { setting, lines, wishes } = self;
        let at = operation / 32 % lines.len();
        let line = &mut lines[at];
        let (what, is_rare) = (operation % 32, operation / 64 == 0);
        match what {
            // (Where an end is not shared, the one that there is does what that side does.)
            0..=2 if line.producer.is_some() => line.use_producer(setting, what, choice),
            3..=5 if line.consumer.is_some() => line.use_consumer(setting, what, choice),
            18 if choice % 8 == 7 => line.make_producer(setting, choice / 8),
            19 if choice % 8 == 7 => line.make_consumer(setting, choice / 8),
            1 if choice % 4 == 1 => line.overwrite(setting, choice / 4),
            1 if choice % 4 > 1 => line.send_in_place(setting, choice),
            0 | 1 => line.send(setting, choice),
            2 => line.send_many(setting, choice),
            4 if choice.is_multiple_of(2) => line.recv_in_place(setting, choice),
            3 | 4 => line.recv(setting, choice),
            5 if choice.is_multiple_of(5) => line.take_what_is_there(choice / 5),
            5 => line.recv_many(setting, choice),
            6 | 7 => line.begin_send(setting, choice),
            8 | 9 => line.begin_recv(setting, choice),
            10 | 11 => line.finish(choice),
            12 => line.abandon(choice),
            13 | 14 => line.try_finish(choice),
            15 => line.poll(choice),
            16 => line.poll_send(setting, choice),
            17 => line.poll_recv(setting, choice),
            18 => line.senders.copy(&mut line.model, setting, choice),
            19 => line.receivers.copy(&mut line.model, setting, choice),
            20 if choice.is_multiple_of(2) => line.senders.change_weak(choice / 2),
            20 => line.receivers.change_weak(choice / 2),
            21 if choice.is_multiple_of(2) => line.senders.upgrade(&mut line.model, setting, choice / 2),
            21 => line.receivers.upgrade(&mut line.model, setting, choice / 2),
            22 => {
                let side = if choice.is_multiple_of(2) { Side::Sender } else { Side::Receiver };
                select::add(wishes, Wish { line: at, side, end: choice / 2 });
            }
            23 | 24 => select::select(lines, setting, wishes, operation / 32 * 256 + choice),
            25 => line.drain_one(),
            // These end things, and a channel that is closed does little: rarer, so that more waits before that.
            26 | 28 | 30 if !is_rare => line.begin_recv(setting, choice),
            27 | 29 | 31 if !is_rare => line.begin_send(setting, choice),
            26 => line.senders.drop_one(&mut line.model, choice),
            27 => line.receivers.drop_one(&mut line.model, choice),
            28 => self.end_waits(choice % 3),
            29 => self.close_domain(choice % 3),
            30 => line.close(choice),
            _ if choice.is_multiple_of(4) => line.drop_drain(),
            _ => line.close_and_drain(choice),
        }
    }

    fn end_waits(&mut self, domain: usize) {
        if self.lines.iter().any(|line| line.model.end_is_a_race(domain)) {
            return;
        }
        let state = &mut self.setting.states[domain];
        *state = (*state).max(DomainState::Ending);
        self.lines.iter_mut().for_each(|line| line.model.end_waits(domain));
        self.setting.domains[domain].end_waits();
    }

    fn close_domain(&mut self, domain: usize) {
        if self.lines.iter().any(|line| line.model.end_is_a_race(domain)) {
            return;
        }
        self.setting.states[domain] = DomainState::Closed;
        for Line { model, senders, receivers, producer, consumer, .. } in &mut self.lines {
            model.end_waits(domain);
            senders.end_held(model, domain);
            receivers.end_held(model, domain);
            end_held(producer.as_mut(), model, Side::Sender, domain);
            end_held(consumer.as_mut(), model, Side::Receiver, domain);
        }
        self.setting.domains[domain].close();
        self.lines.iter_mut().for_each(Line::let_go);
    }

    /// Everything that can be seen from outside is as the models say.
    fn compare(&self) {
        let Setting { ledger, domains, states, .. } = &self.setting;
        ledger.assert_alive(self.lines.iter().flat_map(|line| line.model.alive()));
        for (domain, state) in domains.iter().zip(states) {
            assert_eq!(domain.state(), *state);
        }
        self.lines.iter().for_each(Line::compare);
    }

    fn finish_all(&mut self) {
        self.lines.iter_mut().for_each(|line| line.finish_all(&mut self.setting));
    }

    /// Drops everything; no message may be left, and none may go twice.
    fn end(self) {
        let Self { setting: Setting { ledger, domains, .. }, lines, .. } = self;
        let weak: Vec<_> = lines.into_iter().map(Line::end).collect();
        drop(domains);
        ledger.assert_alive(iter::empty());
        drop(weak);
    }
}

/// An index, if there is anything to choose from.
fn pick<T>(things: &[T], choice: usize) -> Option<usize> {
    if things.is_empty() { None } else { Some(choice % things.len()) }
}
