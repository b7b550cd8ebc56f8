//! What the macros expand to: a select whose operations stand in an array, and whose borrow of the ends is over when one of
//! them was chosen: the arm may do with them what it likes.

use core::marker::PhantomData;
use core::ptr::NonNull;

use super::operation::{Operation, Token};
use super::{Cases, Entry, SelectedOperation};
use crate::channel::{Receiver, Sender};

/// One arm.
pub struct Case<'a>(Entry<'a>);

/// A receive.
pub fn recv<'a, T>(receiver: &'a Receiver<T>) -> Case<'a> {
    Case(Entry::new(0, receiver))
}

/// A send.
pub fn send<'a, T>(sender: &'a Sender<T>) -> Case<'a> {
    Case(Entry::new(0, sender))
}

/// An operation of another kind.
pub(in crate::channel) fn other<'a>(operation: &'a dyn Operation) -> Case<'a> {
    Case(Entry::new(0, operation))
}

/// The arm that was chosen. What it holds is lost if it is dropped: `resume` comes next.
#[derive(Debug)]
#[must_use]
pub struct Chosen {
    index: usize,
    end: NonNull<()>,
    token: Token,
}

impl Chosen {
    pub(crate) fn new(mut operation: SelectedOperation<'_>) -> Self {
        let token = operation.token.take().expect("it was just chosen");
        Self { index: operation.index, end: operation.operation.address(), token }
    }

    /// Which arm.
    pub fn index(&self) -> usize {
        self.index
    }

    fn resume(self, operation: &dyn Operation) -> SelectedOperation<'_> {
        let Self { index, end, token } = self;
        assert!(operation.address() == end, "the arm's own end");
        SelectedOperation { index, operation, token: Some(token), _not_send: PhantomData }
    }

    /// The operation of that arm, a receive.
    pub fn resume_recv<T>(self, receiver: &Receiver<T>) -> SelectedOperation<'_> {
        self.resume(receiver)
    }

    /// The operation of that arm, a send.
    pub fn resume_send<T>(self, sender: &Sender<T>) -> SelectedOperation<'_> {
        self.resume(sender)
    }
}

/// Chooses an operation that is ready.
pub fn try_select<const N: usize>(cases: [Case<'_>; N], biased: bool) -> Option<Chosen> {
    with(cases, biased, |mut cases| cases.find(false).map(Chosen::new))
}

/// Numbers the arms.
pub(crate) fn with<'a, const N: usize, R>(
    cases: [Case<'a>; N],
    biased: bool,
    select: impl FnOnce(Cases<'_, 'a>) -> R,
) -> R {
    let mut index = 0;
    let mut entries = cases.map(|Case(mut entry)| {
        entry.index = index;
        index += 1;
        entry
    });
    select(Cases { entries: &mut entries, biased })
}
