//! Selects: on one channel or two, with whatever waits there.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use crossinterp_core::{Receiver, RecvError, Select, SelectedOperation, SendError, Sender, never};

use super::super::ledger::Message;
use super::super::model::{Number, Refusal, Side};
use super::Setting;
use super::line::Line;

/// More operations of one select than this only make a schedule slow.
const MOST_CASES: usize = 4;

/// What a select is to be made of, if the end is there.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    pub(super) line: usize,
    pub(super) side: Side,
    pub(super) end: usize,
}

/// Wishes, the oldest first.
pub(super) fn add(wishes: &mut Vec<Wish>, wish: Wish) {
    if wishes.len() == MOST_CASES {
        wishes.remove(0);
    }
    wishes.push(wish);
}

/// One operation of a select.
struct Case<'a> {
    line: usize,
    end: EndRef<'a>,
    ended: bool,
    /// Its domain ends: it may not wait.
    refused: bool,
    /// It can happen now.
    ready: bool,
}

enum EndRef<'a> {
    Sender(&'a Sender<Message>),
    Receiver(&'a Receiver<Message>),
}

/// How long a select looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    Try,
    /// Until something can happen.
    Wait,
    Timeout,
    Deadline,
}

/// How a select is made, and what is done with the operation that it chooses.
#[derive(Clone, Copy)]
struct Manner {
    limit: Limit,
    /// It only says which one is ready.
    watches: bool,
    biased: bool,
    /// A channel without messages stands before all others; or stood there, and was taken out.
    silence: Option<Silence>,
    then: Then,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Silence {
    Kept,
    Removed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Complete,
    /// The channel is closed before it is completed.
    CloseFirst,
    /// It is dropped.
    Drop,
}

/// What came of the operation that was chosen.
enum Outcome {
    /// It was said to be ready.
    Ready,
    Sent(Number, Result<(), Number>),
    Received(Result<Number, ()>),
    Dropped,
}

impl Manner {
    fn of(mut choice: usize) -> Self {
        let mut below = |many| {
            let digit = choice % many;
            choice /= many;
            digit
        };
        Self {
            limit: [Limit::Try, Limit::Try, Limit::Wait, Limit::Timeout, Limit::Deadline][below(5)],
            biased: below(2) == 0,
            watches: below(3) == 0,
            silence: [None, Some(Silence::Kept), Some(Silence::Removed)][below(3)],
            // To drop it takes a panic, which takes long.
            then: match below(8) {
                0 => Then::CloseFirst,
                1 => Then::Drop,
                _ => Then::Complete,
            },
        }
    }
}

/// Makes a select of what was wished for.
pub(super) fn select(lines: &mut [Line], setting: &mut Setting, wishes: &[Wish], choice: usize) {
    let mut manner = Manner::of(choice);
    let cases: Vec<_> = wishes.iter().filter_map(|wish| case(lines, setting, *wish)).collect();
    let mut allowed = choose(&cases, manner, |case| case.ready);
    if allowed.is_empty() {
        let has_limit = matches!(manner.limit, Limit::Timeout | Limit::Deadline);
        if !has_limit || !setting.may_wait_in_vain() {
            manner.limit = Limit::Try;
        }
        // One that takes its places finds that a domain lets nobody wait; a single one that only tries does not take its.
        let several = cases.len() + usize::from(manner.silence == Some(Silence::Kept)) > 1;
        if several || manner.limit != Limit::Try {
            allowed = choose(&cases, manner, |case| case.refused);
        }
    }
    let begins_to_wait = manner.limit != Limit::Try && !cases.iter().any(|case| case.ready);
    let places: Vec<_> =
        cases.iter().map(|case| (case.line, case.end.side(), case.ended, case.ready)).collect();
    let ran = run(lines, setting, &cases, manner);
    if begins_to_wait {
        places.iter().for_each(|&(line, side, ..)| lines[line].model.relieve(side));
    }
    let Some((chosen, outcome)) = ran else {
        assert!(allowed.is_empty(), "one of {allowed:?} was to be chosen, none was");
        return;
    };
    assert!(allowed.contains(&chosen), "one of {allowed:?} was to be chosen, {chosen} was");
    let (line, side, ended, ready) = places[chosen];
    apply(&mut lines[line], side, ended, ended || !ready, manner, outcome);
}

/// The operation that is wished for, as the models see it now.
fn case<'a>(lines: &'a [Line], setting: &Setting, wish: Wish) -> Option<Case<'a>> {
    let line = &lines[wish.line];
    let (end, domain, ended) = match wish.side {
        Side::Sender => line
            .senders
            .pick(wish.end)
            .map(|handle| (EndRef::Sender(&handle.end), handle.domain, handle.ended)),
        Side::Receiver => line
            .receivers
            .pick(wish.end)
            .map(|handle| (EndRef::Receiver(&handle.end), handle.domain, handle.ended)),
    }?;
    let ready = ended || line.model.can_happen(wish.side);
    Some(Case { line: wish.line, end, ended, refused: !setting.lets_wait(domain), ready })
}

/// Which of the wanted operations may be chosen: the first one, or any.
fn choose(cases: &[Case<'_>], manner: Manner, wanted: impl Fn(&Case<'_>) -> bool) -> Vec<usize> {
    let wanted = (0..cases.len()).filter(|at| wanted(&cases[*at]));
    wanted.take(if manner.biased { 1 } else { cases.len() }).collect()
}

/// Which of the operations was chosen, and what came of it.
fn run(lines: &[Line], setting: &Setting, cases: &[Case<'_>], manner: Manner) -> Option<(usize, Outcome)> {
    let silence = never::<Message>();
    let mut select = if manner.biased { Select::new_biased() } else { Select::new() };
    let before = usize::from(manner.silence.is_some());
    if manner.silence.is_some() {
        select.recv(&silence);
    }
    for (at, Case { end, .. }) in cases.iter().enumerate() {
        let index = match end {
            EndRef::Sender(sender) => select.send(sender),
            EndRef::Receiver(receiver) => select.recv(receiver),
        };
        assert_eq!(index, before + at);
    }
    if manner.silence == Some(Silence::Removed) {
        select.remove(0);
    }
    if manner.watches {
        let ready = match manner.limit {
            Limit::Try => select.try_ready().ok(),
            Limit::Wait => Some(select.ready()),
            Limit::Timeout => select.ready_timeout(Duration::ZERO).ok(),
            Limit::Deadline => select.ready_deadline(Instant::now()).ok(),
        };
        return ready.map(|index| (index - before, Outcome::Ready));
    }
    let operation = match manner.limit {
        Limit::Try => select.try_select().ok(),
        Limit::Wait => Some(select.select()),
        Limit::Timeout => select.select_timeout(Duration::ZERO).ok(),
        Limit::Deadline => select.select_deadline(Instant::now()).ok(),
    }?;
    let chosen = operation.index() - before;
    let case = &cases[chosen];
    Some((chosen, complete(&lines[case.line], setting, &case.end, operation, manner.then)))
}

fn complete(
    line: &Line,
    setting: &Setting,
    end: &EndRef<'_>,
    operation: SelectedOperation<'_>,
    then: Then,
) -> Outcome {
    let leaves_no_slot = line.model.len() == 0 && !line.model.may_be_kept();
    if then == Then::Drop && (end.side() == Side::Receiver || leaves_no_slot) {
        // It panics, unless something else does so already.
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            let _operation = operation;
            resume_unwind(Box::new(()));
        }));
        assert!(dropped.is_err());
        return Outcome::Dropped;
    }
    let closes = then == Then::CloseFirst;
    match end {
        EndRef::Sender(sender) => {
            if closes {
                sender.close();
            }
            let message = setting.ledger.message();
            let number = message.number;
            let sent = operation.send(sender, message);
            Outcome::Sent(number, sent.map_err(|SendError(message)| message.number))
        }
        EndRef::Receiver(receiver) => {
            if closes {
                receiver.close();
            }
            let received = operation.recv(receiver);
            Outcome::Received(received.map(|message| message.number).map_err(|RecvError| ()))
        }
    }
}

/// What was chosen happens to the model too. One that is over, or that its domain does not let wait, gets nothing.
fn apply(line: &mut Line, side: Side, ended: bool, is_over: bool, manner: Manner, outcome: Outcome) {
    let model = &mut line.model;
    let closes = manner.then == Then::CloseFirst && !ended;
    // What has a place or a message has it; but where no place is kept nothing is let in once it is closed.
    let closes_before = closes && !model.keeps_places();
    match outcome {
        Outcome::Ready => return,
        Outcome::Dropped => {
            if !is_over {
                model.drop_chosen(side);
            }
            return;
        }
        Outcome::Sent(number, sent) => {
            if closes_before {
                model.close();
            }
            let expected = if is_over { Err(Refusal::Never) } else { model.choose_send(number) };
            assert_eq!(sent, expected.map_err(|_| number));
        }
        Outcome::Received(received) => {
            let expected = if is_over { Err(Refusal::Never) } else { model.recv() };
            assert_eq!(received, expected.map_err(|_| ()));
        }
    }
    if closes {
        model.close();
    }
}

impl EndRef<'_> {
    fn side(&self) -> Side {
        match self {
            Self::Sender(_) => Side::Sender,
            Self::Receiver(_) => Side::Receiver,
        }
    }
}
