//! Selects.

use crossinterp_core::{ParkError, Select, SelectedOperation};

use super::actor::Actor;
use super::sleeper::OnStage;
use super::world::{KeptReceiver, KeptSender, Side, Sleep};
use crate::fuzz::history::{Nothing, Time};
use crate::fuzz::stage::{self, trace};

/// One operation of a select.
struct Case {
    line: usize,
    end: End,
}

enum End {
    Sender(KeptSender),
    Receiver(KeptReceiver),
}

/// The operations, and when they began by the clock of each channel.
struct Cases {
    cases: Vec<Case>,
    begins: Vec<Time>,
    biased: bool,
}

impl Case {
    fn side(&self) -> Side {
        match self.end {
            End::Sender(_) => Side::Sender,
            End::Receiver(_) => Side::Receiver,
        }
    }
}

impl Cases {
    fn select(&self) -> Select<'_> {
        let mut select = if self.biased { Select::new_biased() } else { Select::new() };
        for case in &self.cases {
            match &case.end {
                End::Sender(sender) => select.send(&**sender),
                End::Receiver(receiver) => select.recv(&**receiver),
            };
        }
        select
    }

    fn sides(&self) -> Vec<(usize, Side)> {
        self.cases.iter().map(|case| (case.line, case.side())).collect()
    }
}

impl Actor {
    /// One to four operations, each two bits: which channel, which side.
    fn cases(&self, choice: usize, detail: u8) -> Cases {
        let cases = (0..=choice % 4).filter_map(|index| {
            let bits = usize::from(detail >> (2 * index)) % 4;
            let line = bits / 2 % self.ends.len();
            let ends = &self.ends[line];
            let end = match bits % 2 {
                0 => End::Sender(ends.senders.first()?.clone()),
                _ => End::Receiver(ends.receivers.first()?.clone()),
            };
            Some(Case { line, end })
        });
        let cases: Vec<Case> = cases.collect();
        for case in cases.iter().filter(|case| case.side() == Side::Sender) {
            self.line(case.line).history.may_come_later();
        }
        let begins = self.world.lines.iter().map(|line| line.history.now()).collect();
        Cases { cases, begins, biased: (choice / 4).is_multiple_of(2) }
    }

    /// A receive of this select may leave when it was taken already.
    fn may_leave(&self, cases: &Cases) {
        for case in cases.cases.iter().filter(|case| case.side() == Side::Receiver) {
            self.line(case.line).history.may_leave();
        }
    }

    /// Waits as one that selects among these.
    fn wait<R>(
        &self,
        cases: &Cases,
        watches: bool,
        looks: Option<u32>,
        wait: impl FnOnce(&OnStage) -> Result<R, ParkError>,
    ) -> Option<R> {
        let park = OnStage::begin(looks);
        let held = cases.cases.iter().any(|case| self.is_held(case.line));
        self.sleeps(Some(Sleep { cases: cases.sides(), watches, held }));
        let result = wait(&park);
        self.sleeps(None);
        match result {
            Ok(chosen) => Some(chosen),
            Err(error) => {
                assert!(error == ParkError::TimedOut && looks.is_some(), "it ended with {error:?}");
                trace(|| "it gives up".to_string());
                None
            }
        }
    }

    pub(super) fn select(&mut self, choice: usize, detail: u8, looks: Option<u32>) {
        let cases = self.cases(choice, detail);
        if cases.cases.is_empty() {
            return;
        }
        trace(|| format!("select {:?}, limit {looks:?}", cases.sides()));
        if looks.is_some() {
            self.may_leave(&cases);
        }
        let mut select = cases.select();
        if let Some(chosen) = self.wait(&cases, false, looks, |park| select.select_parking(park)) {
            self.complete(&cases, chosen);
        }
    }

    pub(super) fn try_select(&mut self, choice: usize, detail: u8) {
        let cases = self.cases(choice, detail);
        trace(|| format!("try to select {:?}", cases.sides()));
        self.may_leave(&cases);
        if let Ok(chosen) = cases.select().try_select() {
            return self.complete(&cases, chosen);
        }
        trace(|| "none is ready".to_string());
        for case in &cases.cases {
            let line = self.line(case.line);
            match case.side() {
                Side::Sender => assert!(line.capacity.is_some(), "a send without limit is always ready"),
                Side::Receiver => line.history.nothing(cases.begins[case.line], Nothing::Empty),
            }
        }
    }

    /// Only wants to know, and waits for that or does not.
    pub(super) fn watch(&mut self, choice: usize, detail: u8) {
        let cases = self.cases(choice, detail);
        let waits = choice / 8 == 0 && !cases.cases.is_empty();
        trace(|| format!("which is ready of {:?}, waits: {waits}", cases.sides()));
        let mut select = cases.select();
        let ready = if waits {
            self.wait(&cases, true, None, |park| select.ready_parking(park))
        } else {
            select.try_ready().ok()
        };
        trace(|| format!("ready: {ready:?}"));
    }

    /// Chooses, and unwinds before the operation is done.
    pub(super) fn cancel_select(&mut self, choice: usize, detail: u8) {
        let cases = self.cases(choice, detail);
        trace(|| format!("try to select {:?}, and do not do it", cases.sides()));
        self.may_leave(&cases);
        if let Ok(chosen) = cases.select().try_select() {
            let case = &cases.cases[chosen.index()];
            trace(|| format!("chosen, and given back: {:?} of channel {}", case.side(), case.line));
            self.line(case.line).history.returns();
            stage::drop_unwinding(chosen);
        }
    }

    fn complete(&self, cases: &Cases, chosen: SelectedOperation<'_>) {
        let Case { line, end } = &cases.cases[chosen.index()];
        let (line, begin) = (*line, cases.begins[*line]);
        let history = &self.line(line).history;
        match end {
            End::Sender(sender) => {
                let message = self.message(line, begin);
                let number = message.number;
                trace(|| format!("channel {line}: selected to send message {number}"));
                let unsent = chosen.send(sender, message).err().map(|error| error.0);
                if unsent.is_some() {
                    history.assert_may_be_disconnected();
                }
                self.sent(line, number, unsent);
            }
            End::Receiver(receiver) => match chosen.recv(receiver) {
                Ok(message) => self.received(line, begin, message),
                Err(_) => {
                    trace(|| format!("channel {line}: selected to receive, disconnected"));
                    history.assert_may_be_disconnected();
                    // (Or its domain has ended.)
                    if !self.is_held(line) {
                        history.nothing(begin, Nothing::Disconnected);
                    }
                }
            },
        }
    }
}
