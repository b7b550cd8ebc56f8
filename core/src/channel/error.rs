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
            ///
            /// ```
            #[doc = concat!("let error = crossinterp_core::", stringify!($type), "::Disconnected(\"hello\");")]
            /// assert_eq!(error.into_inner(), "hello");
            /// ```
            pub fn into_inner(self) -> T {
                match self { $(Self::$variant(message))|+ => message }
            }
        }
    )+};
}

/// The channel is disconnected; here is the message again.
///
/// ```
/// use crossinterp_core::{SendError, unbounded};
///
/// let (tx, rx) = unbounded();
/// drop(rx);
/// let Err(SendError(message)) = tx.send("nobody hears this") else { unreachable!() };
/// assert_eq!(message, "nobody hears this");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> SendError<T> {
    /// The message that was not sent.
    ///
    /// ```
    /// use crossinterp_core::SendError;
    ///
    /// let error = SendError(String::from("hello")); // of a send whose receivers are gone
    /// assert_eq!(error.into_inner(), "hello");
    /// ```
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
///
/// ```
/// use crossinterp_core::{TrySendError, bounded};
///
/// let (tx, rx) = bounded(1);
/// tx.try_send(1).unwrap();
/// assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
/// drop(rx);
/// let error = tx.try_send(3).unwrap_err();
/// assert_eq!(error, TrySendError::Disconnected(3));
/// assert_eq!(error.to_string(), "sending on a disconnected channel");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// There is no room now; for a rendezvous, nobody is receiving.
    Full(T),
    /// It is closed or has no receivers: never again.
    Disconnected(T),
}

/// Why a message was not sent in time.
///
/// ```
/// use crossinterp_core::{SendTimeoutError, rendezvous};
/// use std::time::Duration;
///
/// let (tx, rx) = rendezvous();
/// let timeout = Duration::from_millis(1);
/// assert_eq!(tx.send_timeout(1, timeout), Err(SendTimeoutError::Timeout(1))); // nobody came to receive
/// drop(rx);
/// assert_eq!(tx.send_timeout(2, timeout), Err(SendTimeoutError::Disconnected(2))); // at once
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// There was no room before the time was over.
    Timeout(T),
    /// It is closed or has no receivers: never again.
    Disconnected(T),
}

/// Every reason why a message is not sent at once: [`TrySendError`] for those who must not abort.
///
/// ```
/// use crossinterp_core::{Domain, OfferError, bounded};
///
/// let domain = Domain::try_open().unwrap();
/// let (tx, _rx) = bounded(1);
/// let held = tx.held_by(&domain).unwrap();
/// held.offer(1).unwrap();
/// assert_eq!(held.offer(2), Err(OfferError::Full(2)));
/// domain.close();
/// assert_eq!(held.offer(3), Err(OfferError::Ended(3))); // this end is ended,
/// assert_eq!(tx.offer(4), Err(OfferError::Full(4))); // the channel is not
/// tx.close();
/// assert_eq!(tx.offer(5), Err(OfferError::Disconnected(5)));
/// ```
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
    ///
    /// ```
    /// let (tx, _rx) = crossinterp_core::rendezvous();
    /// assert!(tx.try_send(1).unwrap_err().is_full()); // nobody is receiving
    /// ```
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether nothing can be sent any more.
    ///
    /// ```
    /// let (tx, rx) = crossinterp_core::unbounded();
    /// rx.close();
    /// assert!(tx.try_send(1).unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

impl<T> SendTimeoutError<T> {
    /// Whether the time was over.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (tx, _rx) = crossinterp_core::rendezvous();
    /// assert!(tx.send_timeout(1, Duration::ZERO).unwrap_err().is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    /// Whether nothing can be sent any more.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (tx, rx) = crossinterp_core::rendezvous();
    /// drop(rx);
    /// assert!(tx.send_timeout(1, Duration::MAX).unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected(_))
    }
}

/// The channel is empty and disconnected.
///
/// ```
/// use crossinterp_core::{RecvError, unbounded};
///
/// let (tx, rx) = unbounded();
/// tx.send(1).unwrap();
/// drop(tx);
/// assert_eq!(rx.recv(), Ok(1)); // disconnected, but not yet empty
/// assert_eq!(rx.recv(), Err(RecvError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

/// Why no message was received at once.
///
/// ```
/// use crossinterp_core::{TryRecvError, unbounded};
///
/// let (tx, rx) = unbounded::<u8>();
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
/// drop(tx);
/// assert_eq!(rx.try_recv(), Err(TryRecvError::Disconnected));
/// assert_eq!(TryRecvError::Empty.to_string(), "receiving on an empty channel");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is none now.
    Empty,
    /// It is empty, and closed or without senders: never again.
    Disconnected,
}

/// Why no message was received in time.
///
/// ```
/// use crossinterp_core::{RecvTimeoutError, unbounded};
/// use std::time::Duration;
///
/// let (tx, rx) = unbounded::<u8>();
/// assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
/// drop(tx);
/// assert_eq!(rx.recv_timeout(Duration::MAX), Err(RecvTimeoutError::Disconnected)); // at once
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// None came before the time was over.
    Timeout,
    /// It is empty, and closed or without senders: never again.
    Disconnected,
}

/// No operation of a select is ready.
///
/// ```
/// use crossinterp_core::{Select, TrySelectError, unbounded};
///
/// let (_tx, rx) = unbounded::<u8>();
/// let mut select = Select::new();
/// select.recv(&rx);
/// assert_eq!(select.try_select().unwrap_err(), TrySelectError);
/// assert_eq!(TrySelectError.to_string(), "all operations in select would block");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrySelectError;

/// No operation of a select was ready in time.
///
/// ```
/// use crossinterp_core::{Select, SelectTimeoutError, never};
/// use std::time::Duration;
///
/// let silent = never::<()>();
/// let mut select = Select::new();
/// select.recv(&silent);
/// let waited = select.select_timeout(Duration::from_millis(1));
/// assert_eq!(waited.unwrap_err(), SelectTimeoutError);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SelectTimeoutError;

/// No operation of a select is ready.
///
/// ```
/// use crossinterp_core::{Select, TryReadyError, bounded};
///
/// let (tx, _rx) = bounded(1);
/// let mut select = Select::new();
/// let send = select.send(&tx);
/// assert_eq!(select.try_ready(), Ok(send));
/// tx.try_send(1).unwrap();
/// assert_eq!(select.try_ready(), Err(TryReadyError)); // full
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryReadyError;

/// No operation of a select was ready in time.
///
/// ```
/// use crossinterp_core::{ReadyTimeoutError, Select, rendezvous};
/// use std::time::Duration;
///
/// let (tx, _rx) = rendezvous::<u8>();
/// let mut select = Select::new();
/// select.send(&tx);
/// assert_eq!(select.ready_timeout(Duration::from_millis(1)), Err(ReadyTimeoutError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadyTimeoutError;

/// Every reason why no message is received at once.
///
/// ```
/// use crossinterp_core::{Domain, TakeError, unbounded};
///
/// let domain = Domain::try_open().unwrap();
/// let (tx, rx) = unbounded::<u8>();
/// let held = rx.held_by(&domain).unwrap();
/// assert_eq!(held.take(), Err(TakeError::Empty));
/// domain.close();
/// assert_eq!(held.take(), Err(TakeError::Ended)); // this end is ended,
/// assert_eq!(rx.take(), Err(TakeError::Empty)); // the channel is not
/// drop(tx);
/// assert_eq!(rx.take(), Err(TakeError::Disconnected));
/// ```
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
///
/// ```
/// use core::task::Waker;
/// use crossinterp_core::{WaitError, unbounded};
///
/// let (tx, rx) = unbounded::<u8>();
/// let begin = || rx.begin_recv(Waker::noop().clone()).unwrap();
/// assert_eq!(begin().finish(), Err(WaitError::Pending));
/// let wait = begin();
/// drop(tx);
/// assert_eq!(wait.finish(), Err(WaitError::Disconnected));
/// ```
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
///
/// ```
/// use core::task::Waker;
/// use crossinterp_core::{Park, ParkError, Wakeup, unbounded};
///
/// /// A thread that is wanted elsewhere.
/// struct Wanted;
/// impl Park for Wanted {
///     fn waker(&self) -> Waker {
///         Waker::noop().clone()
///     }
///     fn park(&self) -> Wakeup {
///         Wakeup::Interrupted
///     }
/// }
///
/// let (tx, rx) = unbounded::<u8>();
/// assert_eq!(rx.recv_parking(&Wanted), Err(ParkError::Interrupted));
/// drop(tx);
/// assert_eq!(rx.recv_parking(&Wanted), Err(ParkError::Disconnected));
/// ```
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
    ///
    /// ```
    /// let (_tx, rx) = crossinterp_core::unbounded::<u8>();
    /// assert!(rx.try_recv().unwrap_err().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Whether no message will come any more.
    ///
    /// ```
    /// let (tx, rx) = crossinterp_core::unbounded::<u8>();
    /// tx.close();
    /// assert!(rx.try_recv().unwrap_err().is_disconnected());
    /// ```
    pub fn is_disconnected(&self) -> bool {
        matches!(self, Self::Disconnected)
    }
}

impl RecvTimeoutError {
    /// Whether the time was over.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (_tx, rx) = crossinterp_core::unbounded::<u8>();
    /// assert!(rx.recv_timeout(Duration::ZERO).unwrap_err().is_timeout());
    /// ```
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout)
    }

    /// Whether no message will come any more.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (tx, rx) = crossinterp_core::unbounded::<u8>();
    /// drop(tx);
    /// assert!(rx.recv_timeout(Duration::MAX).unwrap_err().is_disconnected());
    /// ```
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
