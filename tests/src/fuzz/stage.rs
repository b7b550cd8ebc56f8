//! Threads that take turns: one runs at a time, and bytes say which, so that the same bytes are the same run.
//!
//! A thread on the stage stops before each access to an atomic, at each stop point and at each yield of the library,
//! and goes on while it has its turn. One that sleeps is chosen again when it is woken; or, having a limited number
//! of looks, when a byte chooses it, to look for no reason, and at last to give up. When the bytes are over, the
//! threads take turns in order, of a length that was said before, until all sleep or came to their end: two that keep
//! each other awake for ever are found then. When nobody can go on, the director may.
//!
//! What this does not show: the machine's reordering of memory accesses (loom's models do).
//!
//! With `CROSSINTERP_TRACE` set, each step is printed.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, mpsc};
use std::task::Waker;
use std::thread::{self, Thread};

use crossinterp_core::stop::{self, Stop};
use crossinterp_core::{Park, Select, Wakeup, rendezvous};

/// How many threads there are at most.
pub(crate) const ACTORS: usize = 4;
/// More turns than any schedule needs: one that takes more does not come to its end.
const MOST_TURNS: u32 = 20_000;

/// More stops than any turn has that ends.
const MOST_STOPS: u32 = 100_000;

/// What a thread does on the stage.
pub(crate) type Part = Box<dyn FnOnce() + Send>;
/// Why it ended before its end.
type Failure = Box<dyn Any + Send>;

/// How long a thread may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// For so many stops.
    Stops(u32),
    /// Until it comes to a stop point with a name, or as below.
    Named,
    /// Until it sleeps, yields, or comes to the end of an operation.
    Operation,
}

impl Turn {
    /// Never 0, which is no turn.
    fn to_word(self) -> u32 {
        match self {
            Self::Stops(count) => count + 3,
            Self::Named => 1,
            Self::Operation => 2,
        }
    }

    fn from_word(word: u32) -> Option<Self> {
        match word {
            0 => None,
            1 => Some(Self::Named),
            2 => Some(Self::Operation),
            count => Some(Self::Stops(count - 3)),
        }
    }
}

thread_local! {
    static ROLE: Cell<Option<(&'static Stage, usize)>> = const { Cell::new(None) };
    static TURN: Cell<Turn> = const { Cell::new(Turn::Operation) };
    /// How many stops there were in this turn.
    static STOPS: Cell<u32> = const { Cell::new(0) };
    /// It unwinds, but has not failed.
    static UNWINDS: Cell<bool> = const { Cell::new(false) };
}

/// A thread, as the others see it.
#[derive(Default)]
struct Actor {
    /// The turn that it was given, as a word.
    given: AtomicU32,
    /// The director's is another for each play.
    thread: Mutex<Option<Thread>>,
    part: Mutex<Option<Part>>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Doing {
    /// It has no part, or came to its end.
    #[default]
    Nothing,
    /// It can go on.
    Ready,
    Asleep,
}

/// How far a thread has come.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    doing: Doing,
    /// The number of its operation: what wakes an earlier one does not wake this.
    operation: u32,
    woken: bool,
    /// How often it looks for no reason before it gives up.
    looks: Option<u32>,
    gives_up: bool,
}

#[derive(Default)]
struct State {
    schedule: Vec<u8>,
    next: usize,
    /// How long a turn is when the bytes are over.
    afterwards: Option<Turn>,
    actors: [Progress; ACTORS],
    last: usize,
    turns: u32,
    failure: Option<Failure>,
}

/// Some threads, and whose turn it is.
#[derive(Default)]
pub(crate) struct Stage {
    actors: [Actor; ACTORS],
    director: Actor,
    state: Mutex<State>,
}

/// Stages that are not in use: to start threads costs more than a schedule.
static STAGES: Mutex<Vec<&'static Stage>> = Mutex::new(Vec::new());

/// Whom the director asks what to do when nobody can go on.
pub(crate) trait Script {
    /// Looks at what stands still.
    fn at_rest(&mut self);
    /// Some sleep without a limit: lets them go on. `false`: they should have been woken.
    fn wake_up(&mut self) -> bool;
}

/// Plays the parts as the bytes say, to their end; with turns of that length when the bytes are over.
///
/// # Panics
/// When one of them does, with its panic; its threads, and what they hold, are left where they are.
pub(crate) fn play(parts: Vec<Part>, schedule: &[u8], afterwards: Turn, script: &mut dyn Script) {
    let pooled = STAGES.lock().unwrap().pop();
    let stage = pooled.unwrap_or_else(Stage::open);
    match stage.play(parts, schedule, afterwards, script) {
        Ok(()) => STAGES.lock().unwrap().push(stage),
        Err(failure) => resume_unwind(failure),
    }
}

impl Actor {
    fn give(&self, turn: Turn) {
        self.given.store(turn.to_word(), Ordering::Release);
        self.thread.lock().unwrap().as_ref().expect("set before the first turn").unpark();
    }

    fn wait(&self) -> Turn {
        loop {
            if let Some(turn) = Turn::from_word(self.given.swap(0, Ordering::Acquire)) {
                return turn;
            }
            thread::park();
        }
    }
}

impl State {
    /// The next thread, and how long it may go on; it can. `None`: nobody can.
    fn choose(&mut self) -> Option<(usize, Turn)> {
        self.turns += 1;
        assert!(self.turns < MOST_TURNS, "it does not come to an end: {:?}", self.actors);
        while let Some(&byte) = self.schedule.get(self.next) {
            self.next += 1;
            let number = usize::from(byte) % ACTORS;
            let actor = &mut self.actors[number];
            match (actor.doing, &mut actor.looks) {
                (Doing::Ready, _) => {}
                (Doing::Asleep, Some(looks)) => {
                    actor.gives_up = *looks == 0;
                    *looks = looks.saturating_sub(1);
                    actor.doing = Doing::Ready;
                }
                (Doing::Asleep, None) | (Doing::Nothing, _) => continue,
            }
            self.last = number;
            return Some((
                number,
                match byte / 4 {
                    count @ 0..40 => Turn::Stops(u32::from(count)),
                    40..56 => Turn::Named,
                    _ => Turn::Operation,
                },
            ));
        }
        let number = (1..=ACTORS)
            .map(|step| (self.last + step) % ACTORS)
            .find(|number| self.actors[*number].doing == Doing::Ready)?;
        self.last = number;
        Some((number, self.afterwards.unwrap_or(Turn::Operation)))
    }
}

impl Stage {
    fn open() -> &'static Self {
        let stage: &'static Self = Box::leak(Box::default());
        for number in 0..ACTORS {
            let (ready, is_ready) = mpsc::channel();
            let thread = thread::Builder::new()
                .name(format!("actor {number}"))
                .spawn(move || {
                    keep_a_choice();
                    ready.send(()).expect("it is waited for");
                    ROLE.set(Some((stage, number)));
                    stop::on_every(stop_at);
                    while stage.act(number) {}
                })
                .expect("a thread can be started");
            is_ready.recv().expect("it comes to that");
            *stage.actors[number].thread.lock().unwrap() = Some(thread.thread().clone());
        }
        stage
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock is told to the director by another one.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// One part. `false`: it failed, and this stage is not used again.
    fn act(&'static self, number: usize) -> bool {
        let actor = &self.actors[number];
        begin_turn(actor.wait());
        let part = actor.part.lock().unwrap().take().expect("who has a turn has a part");
        let ended = catch_unwind(AssertUnwindSafe(part)).and_then(|()| {
            catch_unwind(AssertUnwindSafe(|| {
                let mut state = self.state();
                state.actors[number].doing = Doing::Nothing;
                state.choose()
            }))
        });
        match ended {
            Ok(Some((next, turn))) => self.actors[next].give(turn),
            Ok(None) => self.director.give(Turn::Operation),
            Err(failure) => {
                self.state().failure = Some(failure);
                self.director.give(Turn::Operation);
                return false;
            }
        }
        true
    }

    fn play(
        &'static self,
        parts: Vec<Part>,
        schedule: &[u8],
        afterwards: Turn,
        script: &mut dyn Script,
    ) -> Result<(), Failure> {
        *self.director.thread.lock().unwrap() = Some(thread::current());
        {
            let mut state = self.state();
            *state = State {
                schedule: schedule.to_vec(),
                afterwards: Some(afterwards),
                last: ACTORS - 1,
                ..State::default()
            };
            for (number, part) in parts.into_iter().enumerate() {
                *self.actors[number].part.lock().unwrap() = Some(part);
                state.actors[number].doing = Doing::Ready;
            }
        }
        loop {
            let next = self.state().choose();
            if let Some((number, turn)) = next {
                self.actors[number].give(turn);
                self.director.wait();
            }
            let mut state = self.state();
            if let Some(failure) = state.failure.take() {
                return Err(failure);
            }
            if state.actors.iter().all(|actor| actor.doing == Doing::Nothing) {
                return Ok(());
            }
            let limited = |actor: &&mut Progress| actor.doing == Doing::Asleep && actor.looks.is_some();
            let gives_up = state.actors.iter_mut().find(limited).map(|actor| {
                actor.gives_up = true;
                actor.doing = Doing::Ready;
            });
            drop(state);
            script.at_rest();
            if gives_up.is_none() {
                assert!(script.wake_up(), "somebody sleeps, and nobody wakes him");
            }
        }
    }

    /// The end of a turn of that thread, which can go on or sleeps: it returns at its next one.
    fn pass(&'static self, number: usize, mut state: MutexGuard<'_, State>) {
        let next = state.choose();
        drop(state);
        match next {
            Some((next, turn)) if next == number => return begin_turn(turn),
            Some((next, turn)) => self.actors[next].give(turn),
            None => self.director.give(Turn::Operation),
        }
        begin_turn(self.actors[number].wait());
    }
}

/// Has the calling thread keep what it selects with, which is numbered: on each stage the threads' numbers are in their
/// order then, whatever was played before.
fn keep_a_choice() {
    struct GivesUp;
    impl Park for GivesUp {
        fn waker(&self) -> Waker {
            Waker::noop().clone()
        }
        fn park(&self) -> Wakeup {
            Wakeup::TimedOut
        }
    }
    let (_sender, receiver) = rendezvous::<()>();
    let mut select = Select::new();
    select.recv(&receiver);
    assert!(select.select_parking(&GivesUp).is_err());
}

fn begin_turn(turn: Turn) {
    TURN.set(turn);
    STOPS.set(0);
}

/// What a thread on the stage does at each stop.
fn stop_at(stop: Stop) {
    let Some((stage, number)) = ROLE.get() else { return };
    if thread::panicking() && !UNWINDS.get() {
        return;
    }
    trace(|| match stop {
        Stop::Access(place) => format!("  {}:{}", place.file(), place.line()),
        Stop::Point(name) => format!("  at {name}"),
        Stop::Yield => "  yields".to_string(),
    });
    STOPS.set(STOPS.get() + 1);
    assert!(STOPS.get() < MOST_STOPS, "it goes round for ever at {stop:?}");
    match (TURN.get(), stop) {
        (_, Stop::Yield) | (Turn::Stops(0), _) | (Turn::Named, Stop::Point(_)) => {
            stage.pass(number, stage.state());
        }
        (Turn::Stops(count), _) => TURN.set(Turn::Stops(count - 1)),
        (Turn::Named | Turn::Operation, _) => {}
    }
}

/// A thread on the stage begins an operation that may sleep, and gives up after so many looks; its number.
pub(crate) fn begin(looks: Option<u32>) -> u32 {
    let (stage, number) = ROLE.get().expect("on the stage");
    let mut state = stage.state();
    let actor = &mut state.actors[number];
    *actor = Progress { doing: Doing::Ready, operation: actor.operation + 1, looks, ..Progress::default() };
    actor.operation
}

/// A thread on the stage came to the end of an operation.
pub(crate) fn end() {
    let (stage, number) = ROLE.get().expect("on the stage");
    if !matches!(TURN.get(), Turn::Stops(1..)) {
        stage.pass(number, stage.state());
    }
}

/// Sleeps until the operation is woken, or the schedule says that its time is over.
pub(crate) fn sleep() -> Wakeup {
    stop_at(Stop::Point("sleep"));
    let (stage, number) = ROLE.get().expect("on the stage");
    let mut state = stage.state();
    if !state.actors[number].woken {
        state.actors[number].doing = Doing::Asleep;
        stage.pass(number, state);
        state = stage.state();
    }
    let actor = &mut state.actors[number];
    actor.woken = false;
    if actor.gives_up { Wakeup::TimedOut } else { Wakeup::Woken }
}

/// Lets the others run for a moment, which counts as a look.
pub(crate) fn pause() -> Wakeup {
    stop_at(Stop::Yield);
    let (stage, number) = ROLE.get().expect("on the stage");
    match &mut stage.state().actors[number].looks {
        Some(0) => return Wakeup::TimedOut,
        Some(looks) => *looks -= 1,
        None => {}
    }
    Wakeup::Woken
}

/// Drops something as a thread does that unwinds, whose drop would panic otherwise.
pub(crate) fn drop_unwinding<T>(dropped: T) {
    UNWINDS.set(true);
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _dropped = dropped;
        resume_unwind(Box::new(()));
    }));
    UNWINDS.set(false);
    assert!(unwound.is_err());
}

/// Where a thread sleeps, for those who wake it.
#[derive(Clone, Copy)]
pub(crate) struct Bed {
    stage: &'static Stage,
    number: usize,
    operation: u32,
}

impl Bed {
    /// Of the calling thread's operation.
    pub(crate) fn mine(operation: u32) -> Self {
        // So that one who asks for ever comes to the most stops of a turn.
        stop_at(Stop::Point("waker"));
        let (stage, number) = ROLE.get().expect("on the stage");
        Self { stage, number, operation }
    }

    /// Wakes it, or keeps it from falling asleep once.
    pub(crate) fn wake(self) {
        stop_at(Stop::Point("wake"));
        let mut state = self.stage.state();
        let actor = &mut state.actors[self.number];
        if actor.operation == self.operation {
            actor.woken = true;
            if actor.doing == Doing::Asleep {
                actor.doing = Doing::Ready;
            }
        }
    }
}

/// Prints what the calling thread does, if somebody wants to read it.
pub(crate) fn trace(line: impl FnOnce() -> String) {
    static WANTED: OnceLock<bool> = OnceLock::new();
    if *WANTED.get_or_init(|| std::env::var_os("CROSSINTERP_TRACE").is_some()) {
        match ROLE.get() {
            Some((_, number)) => eprintln!("{number}: {}", line()),
            None => eprintln!("director: {}", line()),
        }
    }
}
