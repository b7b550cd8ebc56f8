//! The errors of sending and receiving: variants, questions, conversions, texts.

use std::error::Error;

use super::channel;
use crate::support::{Seen, ms, panic_text, see};

use channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError, bounded, unbounded,
};

/// A message without any trait.
struct Opaque;

pub(crate) fn display() -> Seen {
    let mut seen = Seen::default();
    see!(seen, SendError(Opaque).to_string());
    see!(seen, TrySendError::Full(Opaque).to_string(), TrySendError::Disconnected(Opaque).to_string());
    see!(seen, SendTimeoutError::Timeout(Opaque).to_string());
    see!(seen, SendTimeoutError::Disconnected(Opaque).to_string());
    see!(seen, RecvError.to_string());
    see!(seen, TryRecvError::Empty.to_string(), TryRecvError::Disconnected.to_string());
    see!(seen, RecvTimeoutError::Timeout.to_string(), RecvTimeoutError::Disconnected.to_string());
    seen
}

pub(crate) fn debug() -> Seen {
    let mut seen = Seen::default();
    see!(seen, RecvError, TryRecvError::Empty, TryRecvError::Disconnected);
    see!(seen, RecvTimeoutError::Timeout, RecvTimeoutError::Disconnected);
    seen
}

pub(crate) fn panics_of_unwrap() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = unbounded::<u8>();
    see!(seen, panic_text(|| receiver.try_recv().unwrap()));
    see!(seen, panic_text(|| receiver.recv_timeout(ms(1)).expect("in time")));
    drop(sender);
    see!(seen, panic_text(|| receiver.recv().unwrap()), panic_text(|| receiver.try_recv().unwrap()));
    see!(seen, panic_text(|| receiver.recv_timeout(ms(1)).unwrap()));
    seen
}

pub(crate) fn questions() -> Seen {
    let mut seen = Seen::default();
    let (full, gone) = (TrySendError::Full(1), TrySendError::Disconnected(2));
    see!(seen, full.is_full(), full.is_disconnected(), gone.is_full(), gone.is_disconnected());
    let (late, gone) = (SendTimeoutError::Timeout(1), SendTimeoutError::Disconnected(2));
    see!(seen, late.is_timeout(), late.is_disconnected(), gone.is_timeout(), gone.is_disconnected());
    let (empty, gone) = (TryRecvError::Empty, TryRecvError::Disconnected);
    see!(seen, empty.is_empty(), empty.is_disconnected(), gone.is_empty(), gone.is_disconnected());
    let (late, gone) = (RecvTimeoutError::Timeout, RecvTimeoutError::Disconnected);
    see!(seen, late.is_timeout(), late.is_disconnected(), gone.is_timeout(), gone.is_disconnected());
    seen
}

pub(crate) fn messages_come_back() -> Seen {
    let mut seen = Seen::default();
    see!(seen, SendError(String::from("a")).into_inner(), SendError(String::from("b")).0);
    see!(seen, TrySendError::Full(3).into_inner(), TrySendError::Disconnected(4).into_inner());
    see!(seen, SendTimeoutError::Timeout(5).into_inner(), SendTimeoutError::Disconnected(6).into_inner());
    let (sender, receiver) = bounded(1);
    sender.send(vec![1]).unwrap();
    see!(seen, sender.try_send(vec![2]).map_err(TrySendError::into_inner));
    see!(seen, sender.send_timeout(vec![3], ms(1)).map_err(SendTimeoutError::into_inner));
    drop(receiver);
    see!(seen, sender.send(vec![4]).map_err(SendError::into_inner));
    seen
}

pub(crate) fn equality_and_copies() -> Seen {
    let mut seen = Seen::default();
    let error = SendError(7);
    let copy = error;
    see!(seen, error == copy, error == SendError(8), TrySendError::Full(1) == TrySendError::Disconnected(1));
    let error = TrySendError::Full(1);
    let copy = error;
    see!(seen, error == copy, SendTimeoutError::Timeout(1) == SendTimeoutError::Timeout(2));
    #[allow(clippy::clone_on_copy)]
    let clones = (RecvError.clone(), TryRecvError::Empty.clone(), RecvTimeoutError::Timeout.clone());
    see!(seen, clones == (RecvError, TryRecvError::Empty, RecvTimeoutError::Timeout));
    seen
}

pub(crate) fn conversions() -> Seen {
    fn send_at_once(sender: &channel::Sender<i32>) -> Result<(), TrySendError<i32>> {
        Ok(sender.send(1)?)
    }
    fn send_in_time(sender: &channel::Sender<i32>) -> Result<(), SendTimeoutError<i32>> {
        Ok(sender.send(2)?)
    }
    fn receive_at_once(receiver: &channel::Receiver<i32>) -> Result<i32, TryRecvError> {
        Ok(receiver.recv()?)
    }
    fn receive_in_time(receiver: &channel::Receiver<i32>) -> Result<i32, RecvTimeoutError> {
        Ok(receiver.recv()?)
    }
    let mut seen = Seen::default();
    let (sender, _) = unbounded();
    see!(seen, send_at_once(&sender) == Err(TrySendError::Disconnected(1)));
    see!(seen, send_in_time(&sender) == Err(SendTimeoutError::Disconnected(2)));
    let (_, receiver) = unbounded();
    see!(seen, receive_at_once(&receiver), receive_in_time(&receiver));
    seen
}

pub(crate) fn boxed() -> Seen {
    fn work(
        sender: &channel::Sender<Vec<u8>>,
        receiver: &channel::Receiver<Vec<u8>>,
    ) -> Result<(), Box<dyn Error>> {
        sender.try_send(vec![1])?;
        receiver.try_recv()?;
        receiver.recv_timeout(ms(1))?;
        Ok(())
    }
    fn shared(sender: &channel::Sender<Vec<u8>>) -> Result<(), Box<dyn Error + Send + Sync>> {
        sender.send_timeout(Vec::new(), ms(1))?;
        sender.send(Vec::new())?;
        Ok(())
    }
    let mut seen = Seen::default();
    let (sender, receiver) = bounded(1);
    see!(seen, work(&sender, &receiver).unwrap_err().to_string());
    let error = work(&bounded(0).0, &receiver).unwrap_err();
    see!(seen, error.source().is_none(), error.to_string(), error.is::<TrySendError<Vec<u8>>>());
    drop(receiver);
    let error = shared(&sender).unwrap_err();
    see!(seen, error.source().is_none(), error.to_string(), error.is::<SendTimeoutError<Vec<u8>>>());
    see!(seen, RecvError.source().is_none(), TryRecvError::Empty.source().is_none());
    see!(seen, RecvTimeoutError::Timeout.source().is_none(), SendError(1).source().is_none());
    seen
}
