//! What few programs notice.

use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::thread;

use super::channel::{
    IntoIter, Iter, Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryIter,
    TryRecvError, TrySendError, bounded, unbounded,
};
use crate::support::{Counted, Seen, ms, panic_text, see, traits};

/// A message without any trait.
struct Opaque;

/// Ends may be used in what is caught when it panics, whatever the message is.
pub(crate) fn unwind_safety() -> Seen {
    let mut seen = Seen::default();
    traits!(
        seen,
        [UnwindSafe, RefUnwindSafe],
        Sender<u8>,
        Receiver<u8>,
        Sender<Cell<u8>>,
        Receiver<Cell<u8>>,
        Sender<Rc<Cell<u8>>>,
        Receiver<&mut u8>,
        Iter<'static, Cell<u8>>,
        TryIter<'static, Cell<u8>>,
        IntoIter<Cell<u8>>,
    );
    seen
}

pub(crate) fn ends() -> Seen {
    let mut seen = Seen::default();
    for (sender, receiver) in [bounded::<u8>(0), bounded(1), unbounded()] {
        see!(seen, sender, receiver, (receiver.iter(), receiver.try_iter()));
        see!(seen, format!("[{sender:>15?}] [{receiver:<20?}]"));
        see!(seen, receiver.into_iter());
    }
    seen
}

/// When the last receiver goes, what a bounded channel holds stays until the last sender goes.
pub(crate) fn last_receiver() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(3);
    let (message, drops) = Counted::new();
    (0..3).for_each(|_| sender.send(message.clone()).unwrap());
    drop(receiver);
    see!(seen, drops.load(Ordering::SeqCst), sender.len(), sender.is_full());
    drop(sender);
    see!(seen, drops.load(Ordering::SeqCst));
    seen
}

/// Also of messages that cannot be printed.
pub(crate) fn errors() -> Seen {
    let mut seen = Seen::default();
    see!(seen, SendError(Opaque), TrySendError::Full(Opaque), TrySendError::Disconnected(Opaque));
    see!(seen, SendTimeoutError::Timeout(Opaque), SendTimeoutError::Disconnected(Opaque));
    let (sender, receiver) = bounded(0);
    see!(seen, panic_text(|| sender.try_send(Opaque).unwrap()));
    drop(receiver);
    see!(seen, panic_text(|| sender.send(Opaque).unwrap()), panic_text(|| sender.try_send(Opaque).unwrap()));
    see!(seen, panic_text(|| sender.send_timeout(Opaque, ms(1)).unwrap()));
    seen
}

pub(crate) fn widths() -> Seen {
    let mut seen = Seen::default();
    see!(seen, format!("[{:>60}]", SendError(Opaque)), format!("[{:<60}]", TrySendError::Full(Opaque)));
    see!(seen, format!("[{:*^60}]", SendTimeoutError::Timeout(Opaque)), format!("[{RecvError:60}]"));
    see!(seen, format!("[{:.9}]", TryRecvError::Empty), format!("[{:60}]", RecvTimeoutError::Timeout));
    seen
}

/// Who has sent finds a message at once, whatever others are in the middle of.
pub(crate) fn own_message() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = unbounded();
    let missed = thread::scope(|scope| {
        let threads = [(); 4].map(|()| {
            scope.spawn(|| {
                let missed = |number: &u32| {
                    sender.send(*number).unwrap();
                    receiver.try_recv().is_err()
                };
                (0..20_000).filter(missed).count()
            })
        });
        threads.map(|thread| thread.join().unwrap()).iter().sum::<usize>()
    });
    see!(seen, missed);
    seen
}
