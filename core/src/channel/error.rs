//! What can go wrong with a message. The names, texts and meanings of crossbeam-channel where both have the thing.

use core::fmt;

use super::CapacityError;

/// Writes `Display` and `Error`.
macro_rules! error_texts {
    ($($type:ident $(<$t:ident>)? { $($pattern:pat => $text:expr),+ $(,)? })+) => {$(
        impl $(<$t>)? fmt::Display for $type $(<$t>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $($pattern => $text),+ })
            }
        }
        impl $(<$t>)? core::error::Error for $type $(<$t>)? {}
    )+};
}

/// Writes what every error with a message has: a `Debug` that does not ask it of the message, and `into_inner`.
macro_rules! message_errors {
    ($($type:ident { $($variant:ident => $text:literal),+ })+) => {$(
        impl<T> fmt::Debug for $type<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // With quotation marks, as crossbeam-channel has it: it stands in what `unwrap` says.
                fmt::Debug::fmt(match self { $(Self::$variant(_) => $text),+ }, f)
            }
        }
        impl<T> $type<T> {
            /// The message that was not sent.
            pub fn into_inner(self) -> T {
                match self { $(Self::$variant(message))|+ => message }
            }
        }
    )+};
}

/// The channel is disconnected; here is the message again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> SendError<T> {
    /// The message that was not sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt("SendError(..)", f)
    }
}

/// Why a message was not sent at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// There is no room now; for a rendezvous, nobody is receiving.
    Full(T),
    /// It is closed or has no receivers: never again.
    Disconnected(T),
}

/// Why a message was not sent in time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// There was no room before the time was over.
    Timeout(T),
    /// It is closed or has no receivers: never again.
    Disconnected(T),
}

/// Every reason why a message is not sent at once: [`TrySendError`] for those who must not abort.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OfferError<T> {
    /// There is no room now.
    Full(T),
    /// It is closed or has no receivers.
    Disconnected(T),
    /// The domain that held the sender has closed.
    Ended(T),
    /// There is no memory for the queue to grow.
    NoMemory(T),
}

message_errors! {
    TrySendError { Full => "Full(..)", Disconnected => "Disconnected(..)" }
    SendTimeoutError { Timeout => "SendTimeoutError(..)", Disconnected => "SendTimeoutError(..)" }
    OfferError {
        Full => "Full(..)",
        Disconnected => "Disconnected(..)",
        Ended => "Ended(..)",
        NoMemory => "NoMemory(..)"
    }
}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(SendError(message): SendError<T>) -> Self {
        Self::Disconnected(message)
    }
}

impl<T> From<SendError<T>> for SendTimeoutError<T> {
    fn from(SendError(message): SendError<T>) -> Self {
        Self::Disconnected(message)
    }
}

impl<T> TrySendError<T> {
    /// Whether there is no room now.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether nothing can be sent any more.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl<T> SendTimeoutError<T> {
    /// Whether the time was over.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    /// Whether nothing can be sent any more.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

/// The channel is empty and disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

/// Why no message was received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is none now.
    Empty,
    /// It is empty, and closed or without senders: never again.
    Disconnected,
}

/// Why no message was received in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// None came before the time was over.
    Timeout,
    /// It is empty, and closed or without senders: never again.
    Disconnected,
}

/// No operation of a select is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrySelectError;

/// No operation of a select was ready in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectTimeoutError;

/// No operation of a select is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryReadyError;

/// No operation of a select was ready in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyTimeoutError;

/// Every reason why no message is received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TakeError {
    /// There is none now.
    Empty,
    /// It is empty, and closed or without senders.
    Disconnected,
    /// The domain that held the receiver has closed.
    Ended,
}

/// How a waiting operation ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitError {
    /// It was given up before anything came of it: nothing was sent or received.
    Pending,
    /// The channel is closed, or its other side is gone.
    Disconnected,
    /// The domain of its end ends.
    Ended,
}

/// How an operation that sleeps through a [`crate::Park`] ended without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParkError {
    /// The sleeper's time was over.
    TimedOut,
    /// Something else wanted the thread.
    Interrupted,
    /// The channel is closed, or its other side is gone.
    Disconnected,
    /// The domain of its end ends.
    Ended,
    /// There is no memory for the waiting operation.
    NoMemory,
}

impl From<RecvError> for TryRecvError {
    fn from(_: RecvError) -> Self {
        Self::Disconnected
    }
}

impl From<RecvError> for RecvTimeoutError {
    fn from(_: RecvError) -> Self {
        Self::Disconnected
    }
}

impl TryRecvError {
    /// Whether there is no message now.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether no message will come any more.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected)
    }
}

impl RecvTimeoutError {
    /// Whether the time was over.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether no message will come any more.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected)
    }
}

error_texts! {
    SendError<T> { Self(_) => "sending on a disconnected channel" }
    TrySendError<T> {
        Self::Full(_) => "sending on a full channel",
        Self::Disconnected(_) => "sending on a disconnected channel",
    }
    SendTimeoutError<T> {
        Self::Timeout(_) => "timed out waiting on send operation",
        Self::Disconnected(_) => "sending on a disconnected channel",
    }
    OfferError<T> {
        Self::Full(_) => "sending on a full channel",
        Self::Disconnected(_) => "sending on a disconnected channel",
        Self::Ended(_) => "sending on an end whose domain has closed",
        Self::NoMemory(_) => "out of memory",
    }
    RecvError { Self => "receiving on an empty and disconnected channel" }
    TryRecvError {
        Self::Empty => "receiving on an empty channel",
        Self::Disconnected => "receiving on an empty and disconnected channel",
    }
    RecvTimeoutError {
        Self::Timeout => "timed out waiting on receive operation",
        Self::Disconnected => "channel is empty and disconnected",
    }
    TrySelectError { Self => "all operations in select would block" }
    SelectTimeoutError { Self => "timed out waiting on select" }
    TryReadyError { Self => "all operations in select would block" }
    ReadyTimeoutError { Self => "timed out waiting on select" }
    TakeError {
        Self::Empty => "receiving on an empty channel",
        Self::Disconnected => "receiving on an empty and disconnected channel",
        Self::Ended => "receiving on an end whose domain has closed",
    }
    WaitError {
        Self::Pending => "given up waiting",
        Self::Disconnected => "the channel is disconnected",
        Self::Ended => "the domain of the end ends",
    }
    ParkError {
        Self::TimedOut => "timed out",
        Self::Interrupted => "interrupted",
        Self::Disconnected => "the channel is disconnected",
        Self::Ended => "the domain of the end ends",
        Self::NoMemory => "out of memory",
    }
    CapacityError {
        Self::TooLarge => "more slots than an address space holds",
        Self::NoMemory => "out of memory",
    }
}
