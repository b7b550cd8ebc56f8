//! The errors of selecting, and what its types promise.

use std::cell::Cell;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

use super::channel::{
    ReadyTimeoutError, Receiver, RecvError, Select, SelectTimeoutError, SelectedOperation, SendError, Sender,
    TryReadyError, TrySelectError, bounded,
};
use crate::support::{Seen, implements, panic_text, see};

pub(crate) fn texts() -> Seen {
    let mut seen = Seen::default();
    see!(seen, TrySelectError.to_string(), SelectTimeoutError.to_string());
    see!(seen, TrySelectError, SelectTimeoutError, TryReadyError, ReadyTimeoutError);
    see!(seen, TrySelectError.source().is_none(), SelectTimeoutError.source().is_none());
    let boxed: Box<dyn Error + Send + Sync> = SelectTimeoutError.into();
    see!(seen, boxed, boxed.is::<SelectTimeoutError>());
    see!(seen, panic_text(|| Select::new().try_select().unwrap().index()));
    see!(seen, panic_text(|| Select::new().try_ready().unwrap()));
    seen
}

pub(crate) fn texts_padded() -> Seen {
    let mut seen = Seen::default();
    see!(seen, format!("[{TrySelectError:>40}] [{SelectTimeoutError:*<40}]"));
    see!(seen, format!("[{:>20?}]", Select::new()));
    seen
}

pub(crate) fn equality_and_copies() -> Seen {
    let mut seen = Seen::default();
    let (first, second, third, fourth) =
        (TrySelectError, SelectTimeoutError, TryReadyError, ReadyTimeoutError);
    let copies = (first, second, third, fourth);
    see!(seen, copies == (first, second, third, fourth));
    seen
}

pub(crate) fn debug() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(1);
    sender.send(1).unwrap();
    let mut select = Select::new();
    see!(seen, select);
    select.recv(&receiver);
    see!(seen, select, Select::default(), Select::new_biased());
    let operation = select.select();
    see!(seen, operation, operation.recv(&receiver));
    seen
}

pub(crate) fn bounds() -> Seen {
    let mut seen = Seen::default();
    see!(seen, implements!(Select<'static>: Send), implements!(Select<'static>: Sync));
    see!(seen, implements!(Select<'static>: Clone), implements!(Select<'static>: Default));
    see!(seen, implements!(Select<'static>: Debug), implements!(Select<'static>: Unpin));
    see!(
        seen,
        implements!(SelectedOperation<'static>: Clone),
        implements!(SelectedOperation<'static>: Debug)
    );
    see!(seen, implements!(SelectedOperation<'static>: Send), implements!(SelectedOperation<'static>: Sync));
    see!(seen, implements!(TrySelectError: Display), implements!(TrySelectError: Error));
    see!(seen, implements!(SelectTimeoutError: Display), implements!(SelectTimeoutError: Error));
    see!(seen, implements!(TryReadyError: Copy), implements!(ReadyTimeoutError: Copy));
    see!(seen, implements!(TryReadyError: Eq), implements!(ReadyTimeoutError: Eq));
    see!(seen, implements!(TryReadyError: UnwindSafe), implements!(ReadyTimeoutError: RefUnwindSafe));
    seen
}

/// Operations of any message in one list, and functions that can be named.
pub(crate) fn functions() -> Seen {
    fn add<'a, T>(select: &mut Select<'a>, sender: &'a Sender<T>, receiver: &'a Receiver<T>) -> [usize; 2] {
        [select.send(sender), select.recv(receiver)]
    }
    let mut seen = Seen::default();
    let (plain, cells, counted) = (bounded::<u8>(0), bounded::<Cell<u8>>(0), bounded::<Rc<str>>(0));
    let mut select: Select<'_> = Select::default();
    see!(seen, add(&mut select, &plain.0, &plain.1), add(&mut select, &cells.0, &cells.1));
    see!(seen, add(&mut select, &counted.0, &counted.1), select.try_select().is_err());
    type Send<'a> = fn(SelectedOperation<'a>, &Sender<u8>, u8) -> Result<(), SendError<u8>>;
    type Recv<'a> = fn(SelectedOperation<'a>, &Receiver<u8>) -> Result<u8, RecvError>;

    let (sender, receiver) = bounded(1);
    let (send, recv): (Send<'_>, Recv<'_>) = (SelectedOperation::send, SelectedOperation::recv);
    let mut select = Select::new();
    select.send(&sender);
    see!(seen, send(select.select(), &sender, 7));
    let mut select = Select::new();
    select.recv(&receiver);
    see!(seen, recv(select.select(), &receiver));
    seen
}
