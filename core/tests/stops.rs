//! Threads that are stopped for good in the middle of an operation, and what the others can still do.
//!
//! `RUSTFLAGS="--cfg xi_stop" cargo test --test stops`: each labelled point, on each flavour, in each situation that leads
//! a thread there. What may be lost is one message and one waiting operation (of a batch, its messages; of a send that
//! displaces another message, that one too); all else goes on. Only in a bounded channel
//! what stands behind a slot that its owner has claimed waits for him, and says so: that is [`Aftermath::Behind`]. One-shot
//! channels have points and cases of their own, single ends cases.
#![cfg(xi_stop)]

#[path = "stops/oneshot.rs"]
mod oneshot;
#[path = "stops/single.rs"]
mod single;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crossinterp_core::{
    Receiver, RecvTimeoutError, Select, SendTimeoutError, Sender, TryRecvError, TrySendError, bounded,
    bounded_strict, rendezvous, stop, unbounded,
};

type Ends = (Sender<u32>, Receiver<u32>);

/// Longer than anything here takes but what waits for the stopped thread.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(50);
/// How many messages the others exchange afterwards.
const OTHERS: u32 = 50;

const POINTS: [&str; 26] = [
    "ring.pushing",
    "ring.pushed",
    "ring.popping",
    "ring.popped",
    "ring.replacing",
    "list.pushing",
    "list.pushed",
    "list.popping",
    "list.linking",
    "list.sweeping",
    "overwrite.received",
    "wait.held",
    "wait.claimed",
    "wait.handing",
    "wait.fetching",
    "pending.offered",
    "pending.announced",
    "channel.waking",
    "channel.withdrawn",
    "wait.seizing",
    "select.offered",
    "select.announced",
    "select.holding",
    "select.reserved",
    "in_place.reserved",
    "in_place.received",
];

#[derive(Clone, Copy, Debug)]
enum Flavour {
    One,
    Four,
    Unbounded,
    StrictOne,
    StrictFour,
    Rendezvous,
}

impl Flavour {
    const ALL: [Self; 6] =
        [Self::One, Self::Four, Self::Unbounded, Self::StrictOne, Self::StrictFour, Self::Rendezvous];

    fn make(self) -> Ends {
        match self {
            Self::One => bounded(1),
            Self::Four => bounded(4),
            Self::Unbounded => unbounded(),
            Self::StrictOne => bounded_strict(1),
            Self::StrictFour => bounded_strict(4),
            Self::Rendezvous => rendezvous(),
        }
    }

    fn capacity(self) -> Option<u32> {
        match self {
            Self::One | Self::StrictOne => Some(1),
            Self::Four | Self::StrictFour => Some(4),
            Self::Unbounded => None,
            Self::Rendezvous => Some(0),
        }
    }
}

/// What leads a thread to a point.
#[derive(Clone, Copy, Debug)]
enum Situation {
    /// It sends, and nobody waits.
    Sends,
    /// It sends while a receiver waits.
    SendsToOneThatWaits,
    /// It sends after a receiver that waited has given up.
    SendsToOneThatGaveUp,
    /// It sends while there is no room.
    SendsIntoFull,
    /// It receives what is there.
    Receives,
    /// It receives while a sender waits.
    ReceivesFromOneThatWaits,
    /// It receives while there is nothing.
    ReceivesFromEmpty,
    /// It receives while there is nothing, and then something comes.
    ReceivesWhatComes,
}

impl Situation {
    const ALL: [Self; 8] = [
        Self::Sends,
        Self::SendsToOneThatWaits,
        Self::SendsToOneThatGaveUp,
        Self::SendsIntoFull,
        Self::Receives,
        Self::ReceivesFromOneThatWaits,
        Self::ReceivesFromEmpty,
        Self::ReceivesWhatComes,
    ];
}

/// How the thread does its part.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// By a call of its own.
    Calls,
    /// By a select.
    Selects,
    /// By a call for three messages at most.
    Batches,
    /// By a reference to the message's place.
    InPlace,
    /// By a send that displaces the oldest message.
    Overwrites,
}

impl Way {
    const ALL: [Self; 5] = [Self::Calls, Self::Selects, Self::Batches, Self::InPlace, Self::Overwrites];
    /// Those that wait.
    const WAITING: [Self; 4] = [Self::Calls, Self::Selects, Self::Batches, Self::InPlace];
}

/// What the others can still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aftermath {
    /// Everything.
    On,
    /// What stands behind the claimed slot waits; `try_` answers, and time limits are kept.
    Behind,
}

fn aftermath(point: &str, way: Way) -> Aftermath {
    match (point, way) {
        ("ring.pushing" | "ring.popping" | "ring.replacing" | "select.reserved", _) => Aftermath::Behind,
        ("in_place.reserved" | "in_place.received", _) => Aftermath::Behind,
        // The first slot of several that it claimed.
        ("ring.pushed" | "ring.popped", Way::Batches) => Aftermath::Behind,
        _ => Aftermath::On,
    }
}

/// Messages that somebody else had taken when the world was looked at.
#[derive(Default)]
struct Taken(Mutex<Vec<u32>>);

struct World {
    tx: Sender<u32>,
    rx: Receiver<u32>,
    taken: Arc<Taken>,
    /// Operations of others that were begun before and may end by what comes.
    waiting: Arc<AtomicUsize>,
}

impl World {
    fn new(flavour: Flavour) -> Self {
        let (tx, rx) = flavour.make();
        Self { tx, rx, taken: Arc::default(), waiting: Arc::default() }
    }

    /// Fills the channel, with messages from 1000 on; how many.
    fn fill(&self, flavour: Flavour) -> u32 {
        let many = flavour.capacity().unwrap_or(3);
        (0..many).for_each(|number| self.tx.try_send(1000 + number).unwrap());
        many
    }

    /// Somebody begins to wait, and does so when this returns.
    fn somebody(&self, work: impl FnOnce(Sender<u32>, Receiver<u32>, &Taken) + Send + 'static) {
        let (tx, rx, taken, waiting) =
            (self.tx.clone(), self.rx.clone(), Arc::clone(&self.taken), Arc::clone(&self.waiting));
        waiting.fetch_add(1, Ordering::SeqCst);
        let (report, reports) = mpsc::channel();
        thread::spawn(move || {
            stop::tell("pending.announced", move || report.send(()).unwrap());
            work(tx, rx, &taken);
            waiting.fetch_sub(1, Ordering::SeqCst);
        });
        reports.recv_timeout(LONG).expect("it comes to wait");
    }
}

/// Has a thread do its part in the situation, armed to stop at the point. `None`: it came to its end without.
fn stopped(flavour: Flavour, situation: Situation, way: Way, point: &'static str) -> Option<World> {
    let world = World::new(flavour);
    let mut victim_receives = false;
    match situation {
        Situation::Sends => {}
        Situation::SendsToOneThatWaits => world.somebody(|_, rx, taken| {
            if let Ok(message) = rx.recv_timeout(LONG) {
                taken.0.lock().unwrap().push(message);
            }
        }),
        Situation::SendsToOneThatGaveUp => {
            assert_eq!(world.rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
        }
        Situation::SendsIntoFull => {
            flavour.capacity()?;
            world.fill(flavour);
        }
        Situation::Receives => {
            victim_receives = true;
            if world.fill(flavour) == 0 {
                return None;
            }
        }
        Situation::ReceivesFromOneThatWaits => {
            victim_receives = true;
            flavour.capacity()?;
            world.fill(flavour);
            world.somebody(|tx, _, _| _ = tx.send_timeout(2000, LONG));
        }
        Situation::ReceivesFromEmpty => victim_receives = true,
        Situation::ReceivesWhatComes => {
            victim_receives = true;
            let tx = world.tx.clone();
            thread::spawn(move || {
                thread::sleep(SHORT);
                _ = tx.send_timeout(1500, 2 * SHORT);
            });
        }
    }
    let (tx, rx) = (world.tx.clone(), world.rx.clone());
    let (report, reports) = mpsc::channel();
    let reached = report.clone();
    let taken = Arc::clone(&world.taken);
    thread::spawn(move || {
        stop::at(point, move || _ = reached.send(true));
        // A second channel, on which both sides must meet: so a select has to decide.
        let (_other_tx, other_rx) = rendezvous::<()>();
        let received = match (victim_receives, way) {
            (true, Way::Calls) => rx.recv_timeout(2 * SHORT).into_iter().collect(),
            (false, Way::Calls) => {
                _ = tx.send_timeout(3000, 2 * SHORT);
                Vec::new()
            }
            (true, Way::Batches) => {
                let mut received = Vec::new();
                _ = rx.recv_many_timeout(&mut received, 3, 2 * SHORT);
                received
            }
            (false, Way::Batches) => {
                _ = tx.send_many_timeout(&mut (3000..3003).collect(), 2 * SHORT);
                Vec::new()
            }
            (true, Way::InPlace) => {
                let received = rx.recv_ref_timeout(2 * SHORT);
                received.map(|message| message.into_inner()).into_iter().collect()
            }
            (false, Way::InPlace) => {
                if let Ok(room) = tx.send_ref_timeout(2 * SHORT) {
                    room.write(3000).send().unwrap();
                }
                Vec::new()
            }
            (true, Way::Overwrites) => Vec::new(),
            (false, Way::Overwrites) => {
                tx.send_overwriting(3000).unwrap().filter(|displaced| *displaced != 3000).collect()
            }
            (true, Way::Selects) => {
                let mut select = Select::new();
                select.recv(&other_rx);
                select.recv(&rx);
                let chosen = select.select_timeout(2 * SHORT);
                chosen.map(|chosen| chosen.recv(&rx).unwrap()).into_iter().collect()
            }
            (false, Way::Selects) => {
                let mut select = Select::new();
                select.recv(&other_rx);
                select.send(&tx);
                if let Ok(chosen) = select.select_timeout(2 * SHORT) {
                    chosen.send(&tx, 3000).unwrap();
                }
                Vec::new()
            }
        };
        taken.0.lock().unwrap().extend(received);
        _ = report.send(false);
    });
    reports.recv_timeout(LONG).expect("it comes to the point, or to its end").then_some(world)
}

/// Others exchange messages, and each of them arrives once and in order, but for one at most: that one may have been put
/// into the hands of the stopped thread, or of one that waited before and could not be woken.
fn goes_on(world: &World) {
    let sender = {
        let tx = world.tx.clone();
        thread::spawn(move || (0..OTHERS).try_for_each(|number| tx.send_timeout(number, LONG)))
    };
    let mut got = Vec::new();
    loop {
        let last = sender.is_finished();
        match world.rx.recv_timeout(SHORT) {
            Ok(message) => got.push(message),
            Err(RecvTimeoutError::Timeout) if last => break,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => panic!("nobody closed it"),
        }
    }
    assert_eq!(sender.join().unwrap(), Ok(()), "{got:?} came");
    let ours: Vec<u32> = got.iter().copied().filter(|&message| message < OTHERS).collect();
    assert!(ours.is_sorted(), "out of order: {ours:?}");
    got.extend(world.taken.0.lock().unwrap().iter());
    let distinct: BTreeSet<u32> = got.iter().copied().collect();
    assert_eq!(distinct.len(), got.len(), "twice: {got:?}");
    let missing: Vec<u32> = (0..OTHERS).filter(|number| !distinct.contains(number)).collect();
    assert!(missing.len() <= 1, "missing: {missing:?}");
}

/// Nothing that may wait for the stopped thread takes longer than it was given, and nothing hangs.
fn answers_in_time(world: &World, point: &str) {
    let start = Instant::now();
    if !matches!(point, "ring.popping" | "ring.popped" | "ring.replacing" | "in_place.received") {
        // What was queued before the claimed slot is still there; then it is empty for now.
        while world.rx.try_recv().is_ok() {}
        assert_eq!(world.rx.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(world.rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
        while world.tx.try_send(1).is_ok() {}
        assert_eq!(world.tx.try_send(2), Err(TrySendError::Full(2)));
        assert_eq!(world.tx.send_timeout(3, SHORT), Err(SendTimeoutError::Timeout(3)));
    } else {
        // What stands before the slot that is being emptied goes on, until producers have come round to it.
        while world.tx.try_send(1).is_ok() {}
        assert_eq!(world.tx.send_timeout(3, SHORT), Err(SendTimeoutError::Timeout(3)));
        while world.rx.try_recv().is_ok() {}
        // A sender that waits hands its message over, past the slot.
        assert!(matches!(world.rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout) | Ok(2000)));
    }
    assert!(start.elapsed() < LONG / 2, "it took {:?}", start.elapsed());
}

/// Whether a thread came to the point, and was stopped there. Panics when the others do not go on.
fn case(point: &'static str, flavour: Flavour, situation: Situation, way: Way) -> bool {
    let Some(world) = stopped(flavour, situation, way, point) else { return false };
    match aftermath(point, way) {
        Aftermath::On => goes_on(&world),
        Aftermath::Behind => answers_in_time(&world, point),
    }
    // One operation that the stopped thread had claimed may wait until its time is over.
    let waiting = world.waiting.load(Ordering::SeqCst);
    assert!(waiting <= 1, "{waiting} still wait");
    true
}

/// A thread stopped anywhere takes at most one message and one waiting operation with it; in a batch, the messages of that.
#[test]
fn a_thread_that_stops_for_good_holds_up_nobody_else() {
    let mut seen = BTreeSet::new();
    let mut cases = Vec::new();
    for point in POINTS {
        for flavour in Flavour::ALL {
            for situation in Situation::ALL {
                cases.extend(Way::ALL.map(|way| (point, flavour, situation, way)));
            }
        }
    }
    // Some at a time: each sleeps most of its own.
    for some in cases.chunks(32) {
        let workers: Vec<_> = some
            .iter()
            .map(|&(point, flavour, situation, way)| {
                thread::spawn(move || case(point, flavour, situation, way))
            })
            .collect();
        for (worker, (point, flavour, situation, way)) in workers.into_iter().zip(some) {
            let place = format!("stopped at {point}: {flavour:?}, {situation:?}, {way:?}");
            if worker.join().unwrap_or_else(|_| panic!("{place}")) {
                println!("{place}");
                seen.insert(*point);
            }
        }
    }
    let missed: Vec<&str> = POINTS.into_iter().filter(|point| !seen.contains(point)).collect();
    assert!(missed.is_empty(), "no thread came to {missed:?}");
}

/// A thread that waits, and has been stopped in front of one that waits too. What the first is woken for is the second's, as
/// soon as anybody of the other side comes to wait.
#[test]
fn who_waits_behind_a_stopped_thread_is_woken_in_its_place() {
    for way in Way::WAITING {
        for sends in [true, false] {
            let world = World::new(Flavour::One);
            if sends {
                world.fill(Flavour::One);
            }
            let (tx, rx) = (world.tx.clone(), world.rx.clone());
            let (report, reports) = mpsc::channel();
            // (By a select, so that nothing is handed to it.)
            thread::spawn(move || {
                stop::at("select.announced", move || report.send(()).unwrap());
                let mut select = Select::new();
                if sends {
                    select.send(&tx)
                } else {
                    select.recv(&rx)
                };
                _ = select.ready();
            });
            reports.recv_timeout(LONG).expect("it comes to wait");
            if sends {
                world.somebody(|tx, _, _| tx.send_timeout(2000, LONG).unwrap());
                assert_eq!(world.rx.try_recv(), Ok(1000));
            } else {
                world.somebody(|_, rx, taken| taken.0.lock().unwrap().push(rx.recv_timeout(LONG).unwrap()));
                assert_eq!(world.tx.try_send(1000), Ok(()));
            }
            let mut select = Select::new();
            match (way, sends) {
                (Way::Calls, true) => assert_eq!(world.rx.recv_timeout(LONG / 2), Ok(2000)),
                (Way::Calls, false) => assert_eq!(world.tx.send_timeout(2000, LONG / 2), Ok(())),
                (Way::Batches, true) => {
                    assert_eq!(world.rx.recv_many_timeout(&mut Vec::new(), 3, LONG / 2), Ok(1));
                }
                (Way::Batches, false) => {
                    assert_eq!(world.tx.send_many_timeout(&mut [2000].into(), LONG / 2), Ok(()));
                }
                (Way::InPlace, true) => {
                    assert_eq!(*world.rx.recv_ref_timeout(LONG / 2).expect("a message comes"), 2000);
                }
                (Way::InPlace, false) => {
                    let room = world.tx.send_ref_timeout(LONG / 2).expect("there is room");
                    room.write(2000).send().unwrap();
                }
                (Way::Overwrites, _) => unreachable!("it does not wait"),
                (Way::Selects, true) => {
                    select.recv(&world.rx);
                    let chosen = select.select_timeout(LONG / 2).expect("a message comes");
                    assert_eq!(chosen.recv(&world.rx), Ok(2000));
                }
                (Way::Selects, false) => {
                    select.send(&world.tx);
                    let chosen = select.select_timeout(LONG / 2).expect("there is room");
                    assert_eq!(chosen.send(&world.tx, 2000), Ok(()));
                }
            }
        }
    }
}

/// Every point in the source is in the table above, or in that of one-shot channels.
#[test]
fn the_table_has_every_point() {
    let mut source = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("primitive.rs") {
                source += &fs::read_to_string(path).unwrap();
            }
        }
    }
    let named: BTreeSet<&str> = source
        .split("stop_point!(")
        .skip(1)
        .map(|rest| rest.split(')').next().expect("it is closed"))
        .collect();
    assert_eq!(named, POINTS.into_iter().chain(oneshot::POINTS).collect());
}
