//! What several threads did with one channel, and whether a channel may do that.
//!
//! Each operation has a begin and an end on one clock. Of two of which one ended before the other began, the order is
//! known; of others it is not, and nothing is asked.

use std::sync::{Mutex, MutexGuard};

/// A moment.
pub(crate) type Time = usize;
/// When an operation began and ended; `Time::MAX` while it has not.
#[derive(Clone, Copy, Debug)]
struct Span {
    begin: Time,
    end: Time,
}

impl Span {
    fn is_before(self, other: Self) -> bool {
        self.end < other.begin
    }
}

/// What is known of a message.
#[derive(Clone, Copy, Debug)]
struct Sent {
    span: Span,
    /// `None`: its sender did not ask.
    arrived: Option<bool>,
    received: Option<Span>,
}

/// A receive that found nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Nothing {
    /// There was none.
    Empty,
    /// There was none, and will be none.
    Disconnected,
}

#[derive(Debug, Default)]
struct Log {
    clock: Time,
    /// By number, from 1.
    messages: Vec<Sent>,
    nothing: Vec<(Span, Nothing)>,
    /// When the channel was first closed by an operation that has ended.
    closed: Option<Time>,
    /// Something was begun that may disconnect somebody.
    may_be_disconnected: bool,
    /// A receive may have had a message and gone without giving it out: it comes later then than others.
    may_be_returned: bool,
    /// On a rendezvous channel: a receive may have gone when it was taken already for a message that comes later.
    may_leave: bool,
    /// On a rendezvous channel: a message may have come later than its receive was taken for it.
    may_come_later: bool,
}

/// The operations, in the order of their beginnings and ends.
#[derive(Debug, Default)]
pub(crate) struct History(Mutex<Log>);

impl History {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap()
    }

    /// Now.
    pub(crate) fn now(&self) -> Time {
        self.log().tick()
    }

    /// The message with that number, the next one, is to be sent by an operation that began then.
    pub(crate) fn sends(&self, begin: Time, number: u32) {
        let mut log = self.log();
        let span = Span { begin, end: Time::MAX };
        log.messages.push(Sent { span, arrived: None, received: None });
        assert_eq!(log.messages.len(), number as usize);
    }

    /// Its send has ended.
    pub(crate) fn sent(&self, number: u32, arrived: bool) {
        let mut log = self.log();
        let end = log.tick();
        let closed = log.closed;
        let message = log.message(number);
        (message.span.end, message.arrived) = (end, Some(arrived));
        let late = closed.is_some_and(|closed| closed < message.span.begin);
        assert!(!(arrived && late), "message {number} was sent after the channel was closed");
        assert!(arrived || message.received.is_none(), "message {number} was received and came back");
    }

    /// A receive that began then has a message.
    pub(crate) fn received(&self, begin: Time, number: u32) {
        let mut log = self.log();
        let end = log.tick();
        let message = log.message(number);
        assert_ne!(message.arrived, Some(false), "message {number} came back and is received");
        assert!(message.received.is_none(), "message {number} is received twice");
        message.received = Some(Span { begin, end });
    }

    /// A receive that began then has none.
    pub(crate) fn nothing(&self, begin: Time, why: Nothing) {
        let mut log = self.log();
        let end = log.tick();
        log.nothing.push((Span { begin, end }, why));
    }

    /// Something is begun that may disconnect somebody.
    pub(crate) fn disconnects(&self) {
        self.log().may_be_disconnected = true;
    }

    pub(crate) fn assert_may_be_disconnected(&self) {
        assert!(self.log().may_be_disconnected, "disconnected, and nobody did that");
    }

    /// The channel is closed from now on.
    pub(crate) fn closed(&self) {
        let mut log = self.log();
        let now = log.tick();
        log.closed.get_or_insert(now);
    }

    /// Something is begun that may return a message.
    pub(crate) fn returns(&self) {
        self.log().may_be_returned = true;
    }

    /// A receive of a rendezvous channel is begun that may leave before a message comes.
    pub(crate) fn may_leave(&self) {
        self.log().may_leave = true;
    }

    /// A send to a rendezvous channel is begun that takes a receive first, and sends its message then.
    pub(crate) fn may_come_later(&self) {
        self.log().may_come_later = true;
    }

    /// After everything: what order allows. `drained`: every message that arrived was received by now. Where
    /// there is no limit, nobody is told that it is empty because of another one in the middle of its operation; where
    /// there is no room, a receive has begun before a send to it is over.
    pub(crate) fn check(&self, drained: bool, capacity: Option<usize>) {
        let log = self.log();
        let numbered = || log.messages.iter().enumerate().map(|(index, sent)| (index + 1, sent));
        for (number, sent) in numbered().filter(|_| drained) {
            assert!(sent.arrived != Some(true) || sent.received.is_some(), "message {number} is lost");
        }
        // (A message whose receive has left, and that no other takes, is returned too.)
        if log.may_be_returned || (log.may_leave && log.may_come_later) {
            return;
        }
        for (first, sent) in numbered() {
            let Some(received) = sent.received else { continue };
            let met = capacity != Some(0) || received.begin < sent.span.end;
            assert!(met, "message {first} was sent, and nobody was there to receive it");
            for (second, later) in numbered() {
                let overtaken = later
                    .received
                    .is_some_and(|second| sent.span.is_before(later.span) && second.is_before(received));
                assert!(!overtaken, "message {first} was sent before {second} and received after it");
            }
            // As it was received before those, it was sent before them: they were in the queue with it.
            let with_it = |later: &Sent| {
                later.span.end < received.begin
                    && later.received.is_some_and(|second| received.is_before(second))
            };
            let fits = capacity.is_none_or(|most| {
                most == 0 || log.messages.iter().filter(|later| with_it(later)).count() < most
            });
            assert!(fits, "message {first} was received before those that filled the queue");
            for (looked, why) in &log.nothing {
                let asks = capacity.is_none() || matches!(why, Nothing::Disconnected);
                let missed = asks && sent.span.is_before(*looked) && looked.is_before(received);
                assert!(!missed, "{why:?} was said while message {first} was there");
            }
        }
    }
}

impl Log {
    fn tick(&mut self) -> Time {
        self.clock += 1;
        self.clock
    }

    fn message(&mut self, number: u32) -> &mut Sent {
        &mut self.messages[number as usize - 1]
    }
}
