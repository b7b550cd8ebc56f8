//! Each way to send and to receive.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crossinterp_core::{
    DomainError, Receiver, RecvTimeoutError, RecvWait, SendTimeoutError, SendWait, Sender, TryRecvError,
    TrySendError, WaitError,
};

use crate::futures;
use crate::rounds::Rng;
use crate::selects::{self, Choosing};

/// How an attempt to send ended.
#[derive(Debug)]
pub(crate) enum Sent<T> {
    Yes,
    NotNow(T),
    Never(T),
    /// The waiting operation was dropped: nobody knows.
    GivenUp,
}

/// How an attempt to receive ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Some,
    NotNow,
    Never,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Way {
    Plain,
    Try,
    /// With a time limit so short that it is often over.
    Timeout,
    /// Begun, and waited for.
    Begin,
    /// Begun, and finished after a moment, whatever came of it.
    Finish,
    /// Begun, and dropped after a moment.
    Drop,
    /// Several begun at once, some finished and some dropped; of sends only one.
    Several,
    /// As a task does, until it is done.
    Poll,
    /// By the call for many; of sends only one.
    Batch,
    /// Where the channel keeps it, for a moment.
    InPlace,
    /// As a future that is awaited.
    Await,
    /// As one that is polled a few times, by other wakers each time, and then gives its message back or is dropped.
    Cancel,
    Select(Choosing),
}

/// The ways that keep the order of messages: a receive that is dropped may put one back behind others that were received.
pub(crate) const ORDERLY: &[Way] = &[
    Way::Plain,
    Way::Plain,
    Way::Try,
    Way::Timeout,
    Way::Begin,
    Way::Finish,
    Way::Poll,
    Way::Batch,
    Way::InPlace,
    Way::Await,
    Way::Select(Choosing::Wait),
    Way::Select(Choosing::Biased),
    Way::Select(Choosing::Timeout),
    Way::Select(Choosing::Ready),
    Way::Select(Choosing::Macro),
    Way::Select(Choosing::MacroDefault),
    Way::Select(Choosing::After),
];
pub(crate) const ALL: &[Way] = &[
    Way::Plain,
    Way::Plain,
    Way::Try,
    Way::Timeout,
    Way::Begin,
    Way::Finish,
    Way::Drop,
    Way::Several,
    Way::Poll,
    Way::Batch,
    Way::InPlace,
    Way::Await,
    Way::Cancel,
    Way::Select(Choosing::Wait),
    Way::Select(Choosing::Biased),
    Way::Select(Choosing::Timeout),
    Way::Select(Choosing::Try),
    Way::Select(Choosing::Ready),
    Way::Select(Choosing::ReadyTimeout),
    Way::Select(Choosing::Macro),
    Way::Select(Choosing::MacroBiased),
    Way::Select(Choosing::MacroDefault),
    Way::Select(Choosing::MacroTimeout),
    Way::Select(Choosing::After),
    Way::Select(Choosing::Tick),
];
/// The ways that end by themselves.
pub(crate) const IMPATIENT: &[Way] = &[
    Way::Try,
    Way::Timeout,
    Way::Finish,
    Way::Drop,
    Way::Several,
    Way::Cancel,
    Way::Select(Choosing::Timeout),
    Way::Select(Choosing::Try),
    Way::Select(Choosing::ReadyTimeout),
    Way::Select(Choosing::MacroDefault),
    Way::Select(Choosing::After),
    Way::Select(Choosing::Tick),
];

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

pub(crate) fn waker() -> Waker {
    Waker::from(Arc::new(Unpark(thread::current())))
}

pub(crate) fn moment(rng: &mut Rng) {
    match rng.below(4) {
        0 => {}
        1 => thread::park_timeout(Duration::from_micros(rng.below(100))),
        _ => (0..rng.below(4)).for_each(|_| thread::yield_now()),
    }
}

pub(crate) fn short(rng: &mut Rng) -> Duration {
    Duration::from_micros(rng.below(200))
}

fn outcome<T>(finished: Result<(), (T, WaitError)>) -> Sent<T> {
    match finished {
        Ok(()) => Sent::Yes,
        Err((message, WaitError::Pending)) => Sent::NotNow(message),
        Err((message, WaitError::Disconnected | WaitError::Ended)) => Sent::Never(message),
    }
}

fn wait_for_send<T>(mut wait: SendWait<T>) -> Sent<T> {
    loop {
        if let Some(finished) = wait.try_finish(waker()) {
            return outcome(finished);
        }
        thread::park();
    }
}

fn wait_for_receive<T>(mut wait: RecvWait<T>) -> Result<T, WaitError> {
    loop {
        if let Some(finished) = wait.try_finish(waker()) {
            return finished;
        }
        thread::park();
    }
}

fn poll_until_sent<T>(tx: &Sender<T>, message: T) -> Sent<T> {
    let waker = waker();
    let context = Context::from_waker(&waker);
    let (mut message, mut wait) = (Some(message), None);
    loop {
        match tx.poll_send(&context, &mut message, &mut wait) {
            Poll::Ready(Ok(())) => return Sent::Yes,
            Poll::Ready(Err(error)) => return Sent::Never(error.into_inner()),
            Poll::Pending => thread::park(),
        }
    }
}

fn poll_until_received<T>(rx: &Receiver<T>) -> Result<T, Received> {
    let waker = waker();
    let context = Context::from_waker(&waker);
    let mut wait = None;
    loop {
        match rx.poll_recv(&context, &mut wait) {
            Poll::Ready(received) => return received.map_err(|_| Received::Never),
            Poll::Pending => thread::park(),
        }
    }
}

/// A reference that is seldom kept for longer than a moment; those behind it wait.
fn send_in_place<T>(tx: &Sender<T>, message: T, rng: &mut Rng) -> Sent<T> {
    let room = match rng.below(4) {
        0 => tx.try_send_ref().map_err(|error| error.is_disconnected()),
        1 => tx.send_ref_timeout(short(rng)).map_err(|error| error.is_disconnected()),
        _ => tx.send_ref().map_err(|_| true),
    };
    let room = match room {
        Ok(room) => room,
        Err(true) => return Sent::Never(message),
        Err(false) => return Sent::NotNow(message),
    };
    if rng.below(8) == 0 {
        moment(rng);
    }
    if rng.below(8) == 0 {
        drop(room);
        return Sent::NotNow(message);
    }
    match room.write(message).send() {
        Ok(()) => Sent::Yes,
        Err(error) => Sent::Never(*error.into_inner()),
    }
}

fn receive_in_place<T>(rx: &Receiver<T>, rng: &mut Rng) -> Result<T, Received> {
    let received = match rng.below(4) {
        0 => rx.try_recv_ref().map_err(|error| error.is_disconnected()),
        1 => rx.recv_ref_timeout(short(rng)).map_err(|error| error.is_disconnected()),
        _ => rx.recv_ref().map_err(|_| true),
    };
    let message = received.map_err(|is_over| if is_over { Received::Never } else { Received::NotNow })?;
    if rng.below(8) == 0 {
        moment(rng);
    }
    Ok(message.into_inner())
}

/// Sends in one of these ways.
pub(crate) fn send<T>(tx: &Sender<T>, message: T, ways: &[Way], rng: &mut Rng) -> Sent<T> {
    let way = rng.one_of(ways);
    let begun = match way {
        Way::Plain => {
            return tx.send(message).map_or_else(|error| Sent::Never(error.into_inner()), |()| Sent::Yes);
        }
        Way::Try => {
            return match tx.try_send(message) {
                Ok(()) => Sent::Yes,
                Err(TrySendError::Full(message)) => Sent::NotNow(message),
                Err(TrySendError::Disconnected(message)) => Sent::Never(message),
            };
        }
        Way::Timeout => {
            return match tx.send_timeout(message, short(rng)) {
                Ok(()) => Sent::Yes,
                Err(SendTimeoutError::Timeout(message)) => Sent::NotNow(message),
                Err(SendTimeoutError::Disconnected(message)) => Sent::Never(message),
            };
        }
        Way::Poll => return poll_until_sent(tx, message),
        Way::Batch => {
            let mut messages = VecDeque::from([message]);
            let sent = tx.send_many(&mut messages);
            assert_eq!(sent.is_ok(), messages.is_empty());
            return messages.pop_front().map_or(Sent::Yes, Sent::Never);
        }
        Way::InPlace => return send_in_place(tx, message, rng),
        Way::Await => return futures::send(tx, message),
        Way::Cancel => return futures::send_or_cancel(tx, message, rng),
        Way::Select(choosing) => return selects::send(tx, message, choosing, rng),
        Way::Begin | Way::Finish | Way::Drop | Way::Several => tx.begin_send(message, waker()),
    };
    let wait = match begun {
        Ok(wait) => wait,
        Err((message, DomainError::Ended)) => return Sent::Never(message),
        Err((_, DomainError::NoMemory)) => panic!("no memory"),
    };
    if matches!(way, Way::Begin) {
        return wait_for_send(wait);
    }
    moment(rng);
    if matches!(way, Way::Drop) {
        return Sent::GivenUp;
    }
    outcome(wait.finish())
}

/// Receives in one of these ways, and gives what came to `take`.
pub(crate) fn receive<T>(rx: &Receiver<T>, ways: &[Way], rng: &mut Rng, mut take: impl FnMut(T)) -> Received {
    let way = rng.one_of(ways);
    let received = match way {
        Way::Plain => rx.recv().map_err(|_| Received::Never),
        Way::Try => rx.try_recv().map_err(|error| match error {
            TryRecvError::Empty => Received::NotNow,
            TryRecvError::Disconnected => Received::Never,
        }),
        Way::Timeout => rx.recv_timeout(short(rng)).map_err(|error| match error {
            RecvTimeoutError::Timeout => Received::NotNow,
            RecvTimeoutError::Disconnected => Received::Never,
        }),
        Way::Begin | Way::Finish | Way::Drop => match begin(rx) {
            None => Err(Received::Never),
            Some(wait) if matches!(way, Way::Begin) => finished(wait_for_receive(wait)),
            Some(wait) => {
                moment(rng);
                if matches!(way, Way::Finish) { finished(wait.finish()) } else { Err(Received::NotNow) }
            }
        },
        Way::Several => {
            let waits: Vec<_> = (0..2 + rng.below(10)).filter_map(|_| begin(rx)).collect();
            moment(rng);
            for wait in waits {
                if rng.below(2) == 0
                    && let Ok(message) = wait.finish()
                {
                    take(message);
                }
            }
            Err(Received::NotNow)
        }
        Way::Poll => poll_until_received(rx),
        Way::Batch => {
            let mut messages = Vec::new();
            let limit = 1 + rng.below(20) as usize;
            let received = match rng.below(3) {
                0 => rx.try_recv_many(&mut messages, limit).map_err(|error| error.is_disconnected()),
                1 => {
                    let received = rx.recv_many_timeout(&mut messages, limit, short(rng));
                    received.map_err(|error| error.is_disconnected())
                }
                _ => rx.recv_many(&mut messages, limit).map_err(|_| true),
            };
            assert_eq!(received.unwrap_or(0), messages.len());
            messages.into_iter().for_each(take);
            return match received {
                Ok(_) => Received::Some,
                Err(false) => Received::NotNow,
                Err(true) => Received::Never,
            };
        }
        Way::InPlace => receive_in_place(rx, rng),
        Way::Await => futures::receive(rx),
        Way::Cancel => futures::receive_or_cancel(rx, rng),
        Way::Select(choosing) => selects::receive(rx, choosing, rng),
    };
    match received {
        Ok(message) => {
            take(message);
            Received::Some
        }
        Err(none) => none,
    }
}

fn finished<T>(finished: Result<T, WaitError>) -> Result<T, Received> {
    finished.map_err(|error| match error {
        WaitError::Pending => Received::NotNow,
        WaitError::Disconnected | WaitError::Ended => Received::Never,
    })
}

/// `None`: the domain ends.
fn begin<T>(rx: &Receiver<T>) -> Option<RecvWait<T>> {
    match rx.begin_recv(waker()) {
        Ok(wait) => Some(wait),
        Err(DomainError::Ended) => None,
        Err(DomainError::NoMemory) => panic!("no memory"),
    }
}
