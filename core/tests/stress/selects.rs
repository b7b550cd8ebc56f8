//! To send and to receive by a select, which has other channels besides that have nothing, or only the time.

use std::sync::LazyLock;
use std::thread;

use crossinterp_core::{
    Receiver, Select, SelectedOperation, SendError, Sender, TryRecvError, TrySendError, after, bounded,
    never, rendezvous, select, select_biased, tick,
};

use crate::operations::{Received, Sent, short};
use crate::rounds::Rng;

/// How a select waits, and which one it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Choosing {
    /// Until something can happen.
    Wait,
    Biased,
    Timeout,
    Try,
    /// Until it is ready, and tried then. (A send not for ever: two that only look do not meet.)
    Ready,
    ReadyTimeout,
    Macro,
    MacroBiased,
    /// With an arm for when nothing is ready.
    MacroDefault,
    MacroTimeout,
    /// With a clock, which ends it.
    After,
    Tick,
}

impl Choosing {
    fn of_send(self) -> Self {
        if matches!(self, Self::Ready) { Self::ReadyTimeout } else { self }
    }
}

/// Channels that are never ready. All threads share them, so that others come and go among those that wait there.
struct Idle {
    silent: Receiver<()>,
    empty: (Sender<()>, Receiver<()>),
    full: (Sender<()>, Receiver<()>),
    nobody: (Sender<()>, Receiver<()>),
}

static IDLE: LazyLock<Idle> = LazyLock::new(|| {
    let full = bounded(1);
    full.0.send(()).expect("it has room for one");
    Idle { silent: never(), empty: bounded(1), full, nobody: rendezvous() }
});

impl Idle {
    fn add_some<'a>(&'a self, select: &mut Select<'a>, rng: &mut Rng) {
        match rng.below(8) {
            0 => _ = select.recv(&self.silent),
            1 => _ = select.recv(&self.empty.1),
            2 => _ = select.send(&self.full.0),
            3 => _ = select.recv(&self.nobody.1),
            4 => {
                self.add_some(select, rng);
                self.add_some(select, rng);
            }
            _ => {}
        }
    }
}

/// What a select was told: its operation was chosen, or seems to be ready, or neither.
enum Told<'a> {
    Chosen(SelectedOperation<'a>),
    Ready,
    Nothing,
}

/// Chooses one operation, which `add` adds, among others that are never ready.
fn choose<'a>(choosing: Choosing, rng: &mut Rng, add: impl FnOnce(&mut Select<'a>) -> usize) -> Told<'a> {
    let mut select = if matches!(choosing, Choosing::Biased) { Select::new_biased() } else { Select::new() };
    let idle: &'static Idle = &IDLE;
    idle.add_some(&mut select, rng);
    let wanted = add(&mut select);
    idle.add_some(&mut select, rng);
    let chosen = match choosing {
        Choosing::Ready => {
            assert_eq!(select.ready(), wanted, "another one is never ready");
            return Told::Ready;
        }
        Choosing::ReadyTimeout => {
            return match select.ready_timeout(short(rng)) {
                Ok(ready) => {
                    assert_eq!(ready, wanted, "another one is never ready");
                    Told::Ready
                }
                Err(_) => Told::Nothing,
            };
        }
        Choosing::Try => select.try_select().ok(),
        Choosing::Timeout => select.select_timeout(short(rng)).ok(),
        _ => Some(select.select()),
    };
    let Some(chosen) = chosen else { return Told::Nothing };
    assert_eq!(chosen.index(), wanted, "another one is never ready");
    // Between the halves of a select others may have to wait for it.
    if rng.below(8) == 0 {
        thread::yield_now();
    }
    Told::Chosen(chosen)
}

fn sent<T>(sent: Result<(), SendError<T>>) -> Sent<T> {
    sent.map_or_else(|error| Sent::Never(error.into_inner()), |()| Sent::Yes)
}

/// Sends by a select.
pub(crate) fn send<T>(tx: &Sender<T>, message: T, choosing: Choosing, rng: &mut Rng) -> Sent<T> {
    let Idle { silent, empty, full, .. } = &*IDLE;
    match choosing {
        Choosing::Macro => select! {
            recv(silent) -> _ => unreachable!("it never has a message"),
            send(tx, message) -> done => sent(done),
            recv(empty.1) -> _ => unreachable!("it is empty"),
        },
        Choosing::MacroBiased => select_biased! {
            send(full.0, ()) -> _ => unreachable!("it is full"),
            send(tx, message) -> done => sent(done),
        },
        Choosing::MacroDefault => select! {
            recv(silent) -> _ => unreachable!("it never has a message"),
            send(tx, message) -> done => sent(done),
            default => Sent::NotNow(message),
        },
        Choosing::MacroTimeout => select! {
            send(tx, message) -> done => sent(done),
            default(short(rng)) => Sent::NotNow(message),
        },
        Choosing::After => select! {
            send(tx, message) -> done => sent(done),
            recv(after(short(rng))) -> _ => Sent::NotNow(message),
        },
        Choosing::Tick => select! {
            recv(tick(short(rng))) -> _ => Sent::NotNow(message),
            send(tx, message) -> done => sent(done),
        },
        _ => match choose(choosing.of_send(), rng, |select| select.send(tx)) {
            Told::Chosen(chosen) => sent(chosen.send(tx, message)),
            Told::Nothing => Sent::NotNow(message),
            Told::Ready => match tx.try_send(message) {
                Ok(()) => Sent::Yes,
                Err(TrySendError::Full(message)) => Sent::NotNow(message),
                Err(TrySendError::Disconnected(message)) => Sent::Never(message),
            },
        },
    }
}

/// Receives by a select.
pub(crate) fn receive<T>(rx: &Receiver<T>, choosing: Choosing, rng: &mut Rng) -> Result<T, Received> {
    let Idle { silent, empty, full, .. } = &*IDLE;
    match choosing {
        Choosing::Macro => select! {
            recv(silent) -> _ => unreachable!("it never has a message"),
            recv(rx) -> message => message.map_err(|_| Received::Never),
            recv(empty.1) -> _ => unreachable!("it is empty"),
        },
        Choosing::MacroBiased => select_biased! {
            send(full.0, ()) -> _ => unreachable!("it is full"),
            recv(rx) -> message => message.map_err(|_| Received::Never),
        },
        Choosing::MacroDefault => select! {
            recv(silent) -> _ => unreachable!("it never has a message"),
            recv(rx) -> message => message.map_err(|_| Received::Never),
            default => Err(Received::NotNow),
        },
        Choosing::MacroTimeout => select! {
            recv(rx) -> message => message.map_err(|_| Received::Never),
            default(short(rng)) => Err(Received::NotNow),
        },
        Choosing::After => select! {
            recv(rx) -> message => message.map_err(|_| Received::Never),
            recv(after(short(rng))) -> _ => Err(Received::NotNow),
        },
        Choosing::Tick => select! {
            recv(tick(short(rng))) -> _ => Err(Received::NotNow),
            recv(rx) -> message => message.map_err(|_| Received::Never),
        },
        _ => match choose(choosing, rng, |select| select.recv(rx)) {
            Told::Chosen(chosen) => chosen.recv(rx).map_err(|_| Received::Never),
            Told::Nothing => Err(Received::NotNow),
            Told::Ready => rx.try_recv().map_err(|error| match error {
                TryRecvError::Empty => Received::NotNow,
                TryRecvError::Disconnected => Received::Never,
            }),
        },
    }
}
