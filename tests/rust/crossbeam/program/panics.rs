//! Where selecting panics, and with which text.

// What comes after a message expression that leaves.
#![allow(unreachable_code, clippy::diverging_sub_expression)]

use std::time::{Duration, Instant};

use super::channel::{Receiver, Select, Sender, bounded, never, select, unbounded};
use crate::support::{Seen, in_child, panic_text, see};

/// Disconnected: an operation that is not completed takes nothing with it.
fn ended() -> (Sender<u8>, Receiver<u8>) {
    (bounded(1).0, bounded(1).1)
}

pub(crate) fn nothing_in_the_list() -> Seen {
    let mut seen = Seen::default();
    see!(seen, panic_text(|| Select::new().select().index()), panic_text(|| Select::new().ready()));
    see!(
        seen,
        panic_text(|| Select::new_biased().select().index()),
        panic_text(|| Select::default().ready())
    );
    let mut select = Select::new();
    see!(seen, panic_text(|| select.select_timeout(Duration::MAX).is_ok()));
    see!(seen, panic_text(|| select.ready_timeout(Duration::MAX)));
    see!(seen, panic_text(|| select.ready_deadline(Instant::now())));
    let silent = never::<u8>();
    let index = select.recv(&silent);
    select.remove(index);
    see!(seen, panic_text(|| select.select().index()), panic_text(|| select.ready()));
    see!(seen, select.recv(&silent));
    seen
}

pub(crate) fn no_such_index() -> Seen {
    let mut seen = Seen::default();
    let silent = never::<u8>();
    let mut select = Select::new();
    see!(seen, panic_text(|| select.remove(0)), panic_text(|| select.remove(usize::MAX)));
    select.recv(&silent);
    select.recv(&silent);
    see!(
        seen,
        panic_text(|| select.remove(2)),
        panic_text(|| select.remove(0)),
        panic_text(|| select.remove(0))
    );
    see!(
        seen,
        panic_text(|| select.remove(1)),
        panic_text(|| select.remove(1)),
        panic_text(|| select.remove(2))
    );
    see!(
        seen,
        select.recv(&silent),
        panic_text(|| select.clone().remove(1)),
        panic_text(|| select.remove(2))
    );
    seen
}

pub(crate) fn not_completed() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = ended();
    let mut select = Select::new_biased();
    select.recv(&receiver);
    see!(seen, panic_text(|| drop(select.select())));
    see!(seen, panic_text(|| drop(select.try_select())));
    see!(seen, panic_text(|| select.select_timeout(Duration::MAX).unwrap().index()));
    see!(seen, panic_text(|| select.select_deadline(Instant::now()).is_ok()));
    see!(seen, select.select().recv(&receiver));
    let mut select = Select::new();
    select.send(&sender);
    see!(seen, panic_text(|| drop(select.select())));
    see!(seen, select.select().send(&sender, 1).is_err());
    seen
}

/// A message expression that leaves does not complete the operation.
pub(crate) fn leaving_instead_of_sending() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = ended();
    see!(seen, panic_text(|| select! { send(sender, return) -> _ => {} }));
    see!(
        seen,
        panic_text(|| loop {
            select! {
                send(sender, break) -> _ => {}
                recv(never::<()>()) -> _ => {}
            }
        })
    );
    see!(seen, receiver.recv(), sender.send(1).is_err());
    seen
}

fn wrong_receiver() {
    let (sender, receiver) = unbounded();
    sender.send(1).unwrap();
    let clone = receiver.clone();
    let mut select = Select::new();
    select.recv(&receiver);
    select.select().recv(&clone).unwrap_or(1);
}

fn wrong_sender() {
    let (sender, _receiver) = unbounded();
    let clone = sender.clone();
    let mut select = Select::new();
    select.send(&sender);
    select.select().send(&clone, 1).unwrap();
}

fn other_way_round() {
    let (sender, receiver) = unbounded();
    let mut select = Select::new();
    select.send(&sender);
    select.select().recv(&receiver).unwrap_or(1);
}

fn message_panics() {
    let (sender, _receiver) = unbounded::<u8>();
    select! {
        send(sender, panic!("no message")) -> _ => {}
        recv(never::<()>()) -> _ => {}
    }
}

/// An operation that is completed with another end, be it of the same channel.
pub(crate) fn with_another_end() -> Seen {
    let mut seen = Seen::default();
    let texts = &["passed a receiver that wasn't selected", "passed a sender that wasn't selected"];
    see!(seen, in_child(concat!(module_path!(), " receiver"), wrong_receiver, texts));
    see!(seen, in_child(concat!(module_path!(), " sender"), wrong_sender, texts));
    see!(seen, in_child(concat!(module_path!(), " other"), other_way_round, texts));
    seen
}

pub(crate) fn in_a_message() -> Seen {
    let mut seen = Seen::default();
    see!(seen, in_child(module_path!(), message_panics, &["no message"]));
    seen
}

/// A channel expression that panics: nothing was chosen. A body that does: its operation is done.
pub(crate) fn elsewhere_in_the_arms() -> Seen {
    fn nothing() -> &'static Receiver<u8> {
        panic!("no receiver")
    }
    fn no_limit() -> Duration {
        panic!("no limit")
    }
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(5);
    (0..5_u8).for_each(|number| sender.send(number).unwrap());
    see!(
        seen,
        panic_text(|| select! { recv(receiver) -> _ => {}, recv(nothing()) -> _ => {} }),
        receiver.len()
    );
    see!(seen, panic_text(|| select! { recv(nothing()) -> _ => {}, default => {} }));
    see!(
        seen,
        panic_text(
            || select! { recv(receiver) -> _ => {}, recv(receiver) -> _ => {}, default(no_limit()) => {} }
        ),
        receiver.len()
    );
    see!(
        seen,
        panic_text(
            || select! { recv(receiver) -> message => panic!("{message:?}"), recv(never::<()>()) -> _ => {} }
        ),
        receiver.len()
    );
    see!(
        seen,
        panic_text(|| select! { recv(receiver) -> message => assert!(message.is_err()), default => {} })
    );
    see!(seen, panic_text(|| select! { send(sender, 9) -> _ => panic!("sent") }), receiver.len());
    see!(seen, panic_text(|| select! { recv(never::<()>()) -> _ => {}, default => panic!("default") }));
    see!(seen, receiver.try_iter().collect::<Vec<_>>());
    seen
}
