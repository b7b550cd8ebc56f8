//! What the scenarios are written with, and what compares them.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::{env, fmt, process};

/// Long enough for a machine that does other things too: a scenario that is not done then hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// In a child process, which of the cases is meant.
const CHILD: &str = "CROSSINTERP_TEST_CHILD";

/// What a scenario saw, in the order in which it did.
#[derive(Debug, Default)]
pub(crate) struct Seen(Vec<String>);

impl Seen {
    pub(crate) fn note(&mut self, what: &str, value: &dyn fmt::Debug) {
        self.0.push(format!("{what} = {value:?}"));
    }
}

/// Notes each expression with its value.
macro_rules! see {
    ($seen:ident, $($value:expr),+ $(,)?) => {{
        $($seen.note(stringify!($value), &$value);)+
    }};
}
pub(crate) use see;

/// Whether a type implements a trait, as a value.
macro_rules! implements {
    ($type:ty: $bound:path) => {{
        #[allow(dead_code)]
        trait Otherwise {
            const YES: bool = false;
        }
        impl<T: ?Sized> Otherwise for T {}
        #[allow(dead_code)]
        struct Asked<T: ?Sized>(core::marker::PhantomData<T>);
        #[allow(dead_code)]
        impl<T: ?Sized + $bound> Asked<T> {
            const YES: bool = true;
        }
        <Asked<$type>>::YES
    }};
}
pub(crate) use implements;

/// Notes for each type which of the traits it has.
macro_rules! traits {
    ($seen:ident, $bounds:tt, $($type:ty),+ $(,)?) => { $( $crate::support::traits!(@one $seen, $type, $bounds); )+ };
    (@one $seen:ident, $type:ty, [$($bound:path),+]) => {$(
        $seen.note(
            concat!(stringify!($type), ": ", stringify!($bound)),
            &$crate::support::implements!($type: $bound),
        );
    )+};
}
pub(crate) use traits;

/// A message that counts how many like it were dropped.
#[derive(Debug, Clone)]
pub(crate) struct Counted(Arc<AtomicUsize>);

impl Counted {
    pub(crate) fn new() -> (Self, Arc<AtomicUsize>) {
        let drops = Arc::new(AtomicUsize::new(0));
        (Self(drops.clone()), drops)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The text with which this panics.
pub(crate) fn panic_text<R>(body: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(_) => String::from("(no panic)"),
        Err(payload) => text_of(&*payload),
    }
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        return (*text).to_owned();
    }
    payload.downcast_ref::<String>().cloned().unwrap_or_else(|| String::from("(no text)"))
}

/// Runs the body in a process of its own, which it may end, and says whether it ended well and which of the texts it
/// printed. `place` tells the bodies of one test apart.
pub(crate) fn in_child(place: &str, body: fn(), texts: &[&str]) -> (bool, Vec<bool>) {
    match env::var(CHILD) {
        Ok(wanted) if wanted == place => {
            body();
            process::exit(0);
        }
        Ok(_) => return (false, Vec::new()),
        Err(_) => {}
    }
    let test = thread::current().name().expect("scenarios run in threads named as their tests").to_owned();
    let output = Command::new(env::current_exe().expect("this program has a path"))
        .args(["--exact", &test, "--nocapture"])
        .env(CHILD, place)
        .env_remove("RUST_BACKTRACE")
        .output()
        .expect("this program runs again");
    let printed = String::from_utf8_lossy(&output.stderr);
    let found: Vec<_> = texts.iter().map(|text| printed.contains(text)).collect();
    assert!(found.contains(&true), "{place} printed {printed}");
    (output.status.success(), found)
}

/// Runs both; what they saw must be the same.
pub(crate) fn compare(theirs: fn() -> Seen, ours: fn() -> Seen) {
    let (theirs, ours) = (run("theirs", theirs).0, run("ours", ours).0);
    let differing: Vec<_> = theirs.iter().zip(&ours).filter(|(theirs, ours)| theirs != ours).collect();
    for (theirs, ours) in &differing {
        eprintln!("theirs: {theirs}\n  ours: {ours}");
    }
    assert!(differing.is_empty(), "{} differences", differing.len());
    assert_eq!(theirs.len(), ours.len(), "how much was seen: theirs, ours");
    assert!(!theirs.is_empty(), "nothing was compared");
}

/// Runs both; what they saw must not be the same, or there is nothing any more that ours do otherwise.
pub(crate) fn tell_apart(theirs: fn() -> Seen, ours: fn() -> Seen) {
    assert_ne!(run("theirs", theirs).0, run("ours", ours).0, "ours do as theirs");
}

/// Runs a scenario in a thread of its own, so that one that hangs is a failure.
fn run(whose: &str, scenario: fn() -> Seen) -> Seen {
    let (done, result) = mpsc::channel();
    let test = thread::current().name().unwrap_or("main").to_owned();
    let thread = thread::Builder::new()
        .name(test)
        .spawn(move || done.send(scenario()).expect("the test waits"))
        .expect("a thread");
    match result.recv_timeout(PATIENCE) {
        Ok(seen) => seen,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{whose} hangs"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Ok(()) => unreachable!("it was sent before its end"),
            Err(payload) => {
                eprintln!("{whose} panicked");
                resume_unwind(payload)
            }
        },
    }
}
