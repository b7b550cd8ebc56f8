//! What the types of both promise: what compiles is compared, not what it does.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::iter::FusedIterator;
use std::panic::UnwindSafe;
use std::rc::Rc;
use std::sync::MutexGuard;

use super::channel::{
    IntoIter, Iter, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryIter,
    TryRecvError, TrySendError,
};
use crate::support::{Seen, see, traits};

pub(crate) fn across_threads() -> Seen {
    let mut seen = Seen::default();
    traits!(
        seen,
        [Send, Sync, Unpin],
        Sender<u8>,
        Receiver<u8>,
        Sender<Cell<u8>>,
        Receiver<Cell<u8>>,
        Sender<Rc<u8>>,
        Receiver<Rc<u8>>,
        Sender<MutexGuard<'static, u8>>,
        Receiver<MutexGuard<'static, u8>>,
        Sender<&mut u8>,
        Receiver<&mut u8>,
        Sender<Box<dyn FnOnce() + Send>>,
        Receiver<Box<dyn FnOnce() + Send>>,
        Iter<'static, u8>,
        TryIter<'static, u8>,
        IntoIter<u8>,
        Iter<'static, Cell<u8>>,
        IntoIter<Cell<u8>>,
        Iter<'static, Rc<u8>>,
        TryIter<'static, Rc<u8>>,
        IntoIter<Rc<u8>>,
    );
    seen
}

pub(crate) fn ends() -> Seen {
    let mut seen = Seen::default();
    traits!(
        seen,
        [Clone, Copy, Debug, Default, PartialEq, IntoIterator, Iterator, FusedIterator],
        Sender<Rc<u8>>,
        Receiver<Rc<u8>>,
        &'static Receiver<Rc<u8>>,
        Iter<'static, Rc<u8>>,
        TryIter<'static, Rc<u8>>,
        IntoIter<Rc<u8>>,
        Receiver<fn()>,
        Sender<Cell<u8>>,
    );
    seen
}

pub(crate) fn errors() -> Seen {
    struct Plain;

    let mut seen = Seen::default();
    traits!(
        seen,
        [Send, Sync, Clone, Copy, Debug, Display, Error, PartialEq, Eq, Default, UnwindSafe],
        SendError<u8>,
        TrySendError<u8>,
        SendTimeoutError<u8>,
        SendError<Plain>,
        TrySendError<Plain>,
        SendTimeoutError<Plain>,
        SendError<String>,
        RecvError,
        TryRecvError,
        RecvTimeoutError,
    );
    traits!(seen, [Debug, Display], SendError<Rc<u8>>, TrySendError<Rc<u8>>, SendTimeoutError<Rc<u8>>);
    traits!(
        seen,
        [From<SendError<u8>>, From<RecvError>],
        TrySendError<u8>,
        SendTimeoutError<u8>,
        TryRecvError,
        RecvTimeoutError,
        RecvError,
    );
    seen
}

/// Functions are generic over nothing but the message, and can be named.
pub(crate) fn functions() -> Seen {
    let bounded: fn(usize) -> (Sender<u8>, Receiver<u8>) = super::channel::bounded;
    let unbounded: fn() -> (Sender<u8>, Receiver<u8>) = super::channel::unbounded;
    let send: fn(&Sender<u8>, u8) -> Result<(), SendError<u8>> = Sender::send;
    let recv: fn(&Receiver<u8>) -> Result<u8, RecvError> = Receiver::recv;
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded(1), unbounded()] {
        see!(seen, send(&sender, 1), recv(&receiver), [&receiver].map(Receiver::try_recv));
        see!(seen, [&sender].map(Sender::len), [&receiver].map(Receiver::capacity));
    }
    seen
}
