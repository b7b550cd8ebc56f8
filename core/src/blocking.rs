//! Sleeping threads: `send` and `recv` and their forms with a time limit. With [`crate::channel`] doing the rest, this and
//! nothing else in the crate puts a thread to sleep, or reads a clock but to see how long a yield took (feature `std`). (The
//! fence of single ends sleeps once, if the kernel takes back what it has granted: [`crate::primitive`].)

mod in_place;
mod many;
mod single;

pub use single::{ConsumerIntoIter, ConsumerIter};

use core::iter::FusedIterator;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use crate::channel::select_internals::{Case, Chosen, with};
use crate::channel::{
    Cases, ParkError, ReadyTimeoutError, Receiver, RecvError, RecvTimeoutError, Select, SelectTimeoutError,
    SelectedOperation, SendError, SendTimeoutError, Sender, Source, TryRecvError,
};
use crate::oneshot;
use crate::park::{Park, Wakeup};
use crate::primitive::thread::{self, Thread};
use crate::primitive::yield_now;

/// How often a peer in the middle of its operation is let run before naps are taken.
const YIELDS: u32 = 64;
const NAP: Duration = Duration::from_millis(1);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The calling thread, asleep until its waker is called or the deadline is over.
struct ThreadPark {
    deadline: Option<Instant>,
}

impl Park for ThreadPark {
    fn waker(&self) -> Waker {
        // One waker a thread, made at its first wait. A thread whose locals are gone makes one that is not kept.
        thread::cached_waker(|thread| Waker::from(Arc::new(Unpark(thread))))
    }

    fn park(&self) -> Wakeup {
        match self.deadline {
            None => thread::park(),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Wakeup::TimedOut;
                }
                thread::park_timeout(left);
            }
        }
        Wakeup::Woken
    }

    fn pause(&self, round: u32) -> Wakeup {
        if self.check() == Wakeup::TimedOut {
            return Wakeup::TimedOut;
        }
        if round <= YIELDS {
            yield_now();
        } else {
            // The peer does not run: it is not waited for by spinning. Others that wake us meanwhile do no harm.
            thread::park_timeout(NAP);
        }
        Wakeup::Woken
    }

    fn check(&self) -> Wakeup {
        let is_over = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_over { Wakeup::TimedOut } else { Wakeup::Woken }
    }
}

/// A time limit as a deadline; one that no clock can show is none.
fn deadline_after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

impl<T> Sender<T> {
    /// Sends, and sleeps while there is no room.
    ///
    /// # Errors
    /// [`SendError`] with the message: the channel is closed or has no receivers, or the domain of this end ends.
    ///
    /// # Panics
    /// Never; without memory the process ends.
    ///
    /// ```
    /// use crossinterp_core::{SendError, bounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// tx.send(1).unwrap();
    /// drop(rx);
    /// assert_eq!(tx.send(2), Err(SendError(2)));
    /// ```
    #[inline]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.send_until(message, None).map_err(|error| SendError(error.into_inner()))
    }

    /// Sends, and sleeps while there is no room, at most that long. ([`Duration::ZERO`] does not sleep; a time whose end no
    /// clock will show, as [`Duration::MAX`], is for ever. So it is with every time limit of this crate.)
    ///
    /// # Errors
    /// [`SendTimeoutError`], with the message.
    ///
    /// ```
    /// use std::time::Duration;
    /// use crossinterp_core::{SendTimeoutError, bounded};
    ///
    /// let (tx, _rx) = bounded(1);
    /// tx.send(1).unwrap();
    /// let second = tx.send_timeout(2, Duration::from_millis(1));
    /// assert_eq!(second, Err(SendTimeoutError::Timeout(2)));
    /// ```
    pub fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_until(message, deadline_after(timeout))
    }

    /// Sends, and sleeps while there is no room, until that moment.
    ///
    /// # Errors
    /// [`SendTimeoutError`], with the message.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use crossinterp_core::{SendTimeoutError, bounded};
    ///
    /// let (tx, _rx) = bounded(1);
    /// let deadline = Instant::now() + Duration::from_millis(1); // one for all of them
    /// assert_eq!(tx.send_deadline(1, deadline), Ok(()));
    /// assert_eq!(tx.send_deadline(2, deadline), Err(SendTimeoutError::Timeout(2)));
    /// assert!(Instant::now() >= deadline);
    /// ```
    pub fn send_deadline(&self, message: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.send_until(message, Some(deadline))
    }

    #[inline]
    fn send_until(&self, message: T, deadline: Option<Instant>) -> Result<(), SendTimeoutError<T>> {
        match self.send_at_once(message) {
            Ok(()) => Ok(()),
            Err(message) => self.send_slowly(message, deadline),
        }
    }

    // Apart, so that a large message is not copied through the frames of what is seldom needed.
    #[cold]
    #[inline(never)]
    fn send_slowly(&self, message: T, deadline: Option<Instant>) -> Result<(), SendTimeoutError<T>> {
        self.send_parking(message, &ThreadPark { deadline }).map_err(not_sent)
    }
}

impl<T> Receiver<T> {
    /// Receives, and sleeps while there is no message.
    ///
    /// # Errors
    /// [`RecvError`]: the channel is empty, and closed or without senders; or the domain of this end ends.
    ///
    /// # Panics
    /// Never; without memory the process ends.
    ///
    /// ```
    /// use crossinterp_core::{RecvError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// std::thread::spawn(move || tx.send("hello").unwrap());
    /// assert_eq!(rx.recv(), Ok("hello"));
    /// assert_eq!(rx.recv(), Err(RecvError)); // the only sender is gone
    /// ```
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_until(None).map_err(|_| RecvError)
    }

    /// Receives, and sleeps while there is no message, at most that long; [`Sender::send_timeout`] says what no time and a
    /// very long one are.
    ///
    /// # Errors
    /// [`RecvTimeoutError`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use crossinterp_core::{RecvTimeoutError, unbounded};
    ///
    /// let (_tx, rx) = unbounded::<u8>();
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
    /// ```
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(deadline_after(timeout))
    }

    /// Receives, and sleeps while there is no message, until that moment.
    ///
    /// # Errors
    /// [`RecvTimeoutError`].
    ///
    /// ```
    /// use std::time::Instant;
    /// use crossinterp_core::{RecvTimeoutError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let now = Instant::now(); // over at once
    /// assert_eq!(rx.recv_deadline(now), Err(RecvTimeoutError::Timeout));
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.recv_deadline(now), Ok(1)); // what is there is received all the same
    /// ```
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_until(Some(deadline))
    }

    /// The messages, waiting for each, until the channel is disconnected.
    ///
    /// ```
    /// let (tx, rx) = crossinterp_core::bounded(1);
    /// std::thread::spawn(move || (1..=3).for_each(|number| tx.send(number).unwrap()));
    /// assert_eq!(rx.iter().sum::<i32>(), 6);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }

    #[inline]
    fn recv_until(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        match self.recv_at_once() {
            Some(message) => Ok(message),
            None => self.recv_slowly(deadline),
        }
    }

    #[cold]
    #[inline(never)]
    fn recv_slowly(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        if let Some(source) = self.source() {
            return self.recv_from(source, deadline);
        }
        self.recv_parking(&ThreadPark { deadline }).map_err(not_received::<T>)
    }

    /// Nobody sends: the time is known.
    fn recv_from(&self, source: &dyn Source<T>, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        match self.try_recv() {
            Err(TryRecvError::Empty) => {}
            Ok(message) => return Ok(message),
            Err(TryRecvError::Disconnected) => return Err(RecvTimeoutError::Disconnected),
        }
        let next = source.reserve(deadline);
        let until = next.as_ref().map(|(due, _)| *due).or(deadline);
        sleep_until(until);
        next.map(|(_, message)| message).ok_or(RecvTimeoutError::Timeout)
    }
}

impl<T> oneshot::Receiver<T> {
    /// Receives, and sleeps while there is no message. Nothing is left to receive then, so it takes the receiver. (Where only a
    /// `&mut` is at hand, `recv_timeout` with [`Duration::MAX`] sleeps for ever too.)
    ///
    /// # Errors
    /// [`RecvError`]: there will be no message, because the sender was dropped, or this receiver was closed before it sent;
    /// or the message was taken before.
    ///
    /// ```
    /// use crossinterp_core::{RecvError, oneshot};
    ///
    /// let (tx, rx) = oneshot::channel();
    /// std::thread::spawn(move || tx.send("hello").unwrap());
    /// assert_eq!(rx.recv(), Ok("hello"));
    ///
    /// let (tx, rx) = oneshot::channel::<u8>();
    /// std::thread::spawn(move || drop(tx));
    /// assert_eq!(rx.recv(), Err(RecvError));
    /// ```
    pub fn recv(mut self) -> Result<T, RecvError> {
        self.recv_until(None).map_err(|_| RecvError)
    }

    /// Receives, and sleeps while there is no message, at most that long. After the time it can be received from again.
    ///
    /// # Errors
    /// [`RecvTimeoutError::Timeout`]: no message came before the time was over; `Disconnected`: as for
    /// [`Receiver::recv`](oneshot::Receiver::recv).
    ///
    /// ```
    /// use std::time::Duration;
    /// use crossinterp_core::{RecvTimeoutError, oneshot};
    ///
    /// let (tx, mut rx) = oneshot::channel();
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Timeout));
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Ok(1));
    /// assert_eq!(rx.recv_timeout(Duration::from_millis(1)), Err(RecvTimeoutError::Disconnected));
    /// ```
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_until(deadline_after(timeout))
    }

    /// Receives, and sleeps while there is no message, until that moment. After it, it can be received from again.
    ///
    /// # Errors
    /// As for [`Receiver::recv_timeout`](oneshot::Receiver::recv_timeout).
    ///
    /// ```
    /// use std::time::Instant;
    /// use crossinterp_core::{RecvTimeoutError, oneshot};
    ///
    /// let (_tx, mut rx) = oneshot::channel::<u8>();
    /// assert_eq!(rx.recv_deadline(Instant::now()), Err(RecvTimeoutError::Timeout));
    /// ```
    pub fn recv_deadline(&mut self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_until(Some(deadline))
    }

    fn recv_until(&mut self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        self.recv_parking(&ThreadPark { deadline }).map_err(not_received::<T>)
    }
}

/// Why a send that slept ended.
fn not_sent<T>((message, error): (T, ParkError)) -> SendTimeoutError<T> {
    match error {
        ParkError::TimedOut | ParkError::Interrupted => SendTimeoutError::Timeout(message),
        ParkError::Disconnected | ParkError::Ended => SendTimeoutError::Disconnected(message),
        ParkError::NoMemory => out_of_memory::<T>(),
    }
}

/// Why a receive that slept ended.
fn not_received<T>(error: ParkError) -> RecvTimeoutError {
    match error {
        ParkError::TimedOut | ParkError::Interrupted => RecvTimeoutError::Timeout,
        ParkError::Disconnected | ParkError::Ended => RecvTimeoutError::Disconnected,
        ParkError::NoMemory => out_of_memory::<T>(),
    }
}

/// Sleeps until then; for ever if it is never.
fn sleep_until(moment: Option<Instant>) {
    loop {
        match moment.map(|moment| moment.saturating_duration_since(Instant::now())) {
            None => std::thread::sleep(Duration::MAX),
            Some(Duration::ZERO) => return,
            Some(left) => std::thread::sleep(left),
        }
    }
}

impl<'a> Select<'a> {
    /// Waits until an operation is ready, and chooses it.
    ///
    /// # Panics
    /// When there are no operations. Without memory the process ends; so in all that follows.
    ///
    /// ```
    /// use crossinterp_core::{Select, rendezvous};
    ///
    /// let (tx, rx) = rendezvous();
    /// std::thread::spawn(move || tx.send("hello").unwrap());
    /// let mut select = Select::new();
    /// select.recv(&rx);
    /// assert_eq!(select.select().recv(&rx), Ok("hello"));
    /// ```
    pub fn select(&mut self) -> SelectedOperation<'a> {
        self.require();
        select_until(&mut self.cases(), false, None).expect("there is no time limit")
    }

    /// Waits until an operation is ready, at most that long, and chooses it. Without operations it waits all that time.
    ///
    /// # Errors
    /// [`SelectTimeoutError`].
    ///
    /// # Panics
    /// When there are no operations, and no clock will show the end of that time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use crossinterp_core::{Select, unbounded};
    ///
    /// let (_tx, rx) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// select.recv(&rx);
    /// assert!(select.select_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn select_timeout(&mut self, timeout: Duration) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        match deadline_after(timeout) {
            Some(deadline) => self.select_deadline(deadline),
            None => Ok(self.select()),
        }
    }

    /// Waits until an operation is ready, until that moment, and chooses it.
    ///
    /// # Errors
    /// [`SelectTimeoutError`].
    ///
    /// ```
    /// use std::time::Instant;
    /// use crossinterp_core::{Select, SelectTimeoutError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let mut select = Select::new();
    /// select.recv(&rx);
    /// let now = Instant::now(); // over at once
    /// assert_eq!(select.select_deadline(now).unwrap_err(), SelectTimeoutError);
    /// tx.send(1).unwrap();
    /// assert_eq!(select.select_deadline(now).unwrap().recv(&rx), Ok(1));
    /// ```
    pub fn select_deadline(
        &mut self,
        deadline: Instant,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        select_until(&mut self.cases(), false, Some(deadline)).ok_or(SelectTimeoutError)
    }

    /// Waits until an operation is ready, and says its index. It may not be ready any more when it is tried. (On a rendezvous
    /// channel a peer that only waits in `ready` too makes it not ready: neither of the two does anything.)
    ///
    /// # Panics
    /// When there are no operations.
    ///
    /// ```
    /// use crossinterp_core::{Select, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// std::thread::spawn(move || tx.send(1).unwrap());
    /// let mut select = Select::new();
    /// let index = select.recv(&rx);
    /// assert_eq!(select.ready(), index);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// ```
    pub fn ready(&mut self) -> usize {
        self.require();
        let chosen = select_until(&mut self.cases(), true, None);
        chosen.expect("there is no time limit").into_index()
    }

    /// Waits until an operation is ready, at most that long, and says its index. Without operations it waits all that time.
    ///
    /// # Errors
    /// [`ReadyTimeoutError`].
    ///
    /// # Panics
    /// When there are no operations, and no clock will show the end of that time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use crossinterp_core::{ReadyTimeoutError, Select, unbounded};
    ///
    /// let (tx, rx) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// let index = select.recv(&rx);
    /// assert_eq!(select.ready_timeout(Duration::from_millis(1)), Err(ReadyTimeoutError));
    /// drop(tx);
    /// assert_eq!(select.ready_timeout(Duration::from_millis(1)), Ok(index)); // disconnected is ready
    /// ```
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        match deadline_after(timeout) {
            Some(deadline) => self.ready_deadline(deadline),
            None => Ok(self.ready()),
        }
    }

    /// Waits until an operation is ready, until that moment, and says its index.
    ///
    /// # Errors
    /// [`ReadyTimeoutError`].
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use crossinterp_core::{ReadyTimeoutError, Select, bounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// tx.send(1).unwrap();
    /// let mut select = Select::new();
    /// let index = select.send(&tx);
    /// let deadline = Instant::now() + Duration::from_millis(1);
    /// assert_eq!(select.ready_deadline(deadline), Err(ReadyTimeoutError)); // full
    /// assert_eq!(rx.recv(), Ok(1));
    /// assert_eq!(select.ready_deadline(deadline), Ok(index));
    /// ```
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
        let chosen = select_until(&mut self.cases(), true, Some(deadline));
        chosen.map(SelectedOperation::into_index).ok_or(ReadyTimeoutError)
    }

    fn require(&self) {
        assert!(!self.is_empty(), "no operations have been added to `Select`");
    }
}

/// Waits with a time limit; clocks among the operations ring before it.
fn select_until<'a>(
    cases: &mut Cases<'_, 'a>,
    watches: bool,
    deadline: Option<Instant>,
) -> Option<SelectedOperation<'a>> {
    loop {
        let mut rings = false;
        let chosen = cases.wait_until(watches, |due| {
            rings = due.is_some_and(|due| deadline.is_none_or(|deadline| due < deadline));
            ThreadPark { deadline: if rings { due } else { deadline } }
        });
        match chosen {
            Ok(chosen) => return Some(chosen),
            Err(ParkError::NoMemory) => out_of_memory::<[usize; 4]>(),
            // (Another receiver may have been faster.)
            Err(_) if rings => {}
            Err(_) => return None,
        }
    }
}

/// What `select!` without a default does.
#[doc(hidden)]
pub fn select<const N: usize>(cases: [Case<'_>; N], biased: bool) -> Chosen {
    let chosen = with(cases, biased, |mut cases| select_until(&mut cases, false, None).map(Chosen::new));
    chosen.expect("there is no time limit")
}

/// What `select!` with a time limit does.
#[doc(hidden)]
pub fn select_timeout<const N: usize>(
    cases: [Case<'_>; N],
    biased: bool,
    timeout: Duration,
) -> Option<Chosen> {
    let deadline = deadline_after(timeout);
    with(cases, biased, |mut cases| select_until(&mut cases, false, deadline).map(Chosen::new))
}

#[cold]
fn out_of_memory<T>() -> ! {
    alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<T>())
}

/// See [`Receiver::iter`].
///
/// ```
/// let (tx, rx) = crossinterp_core::unbounded();
/// tx.send(1).unwrap();
/// drop(tx);
/// let mut messages = (&rx).into_iter();
/// assert_eq!((messages.next(), messages.next()), (Some(1), None));
/// ```
#[derive(Debug)]
pub struct Iter<'a, T>(&'a Receiver<T>);

/// The messages of a receiver that was consumed, waiting for each, until the channel is disconnected.
///
/// ```
/// let (tx, rx) = crossinterp_core::unbounded();
/// tx.send(1).unwrap();
/// let mut messages = rx.into_iter(); // it has the only receiver
/// assert_eq!(messages.next(), Some(1));
/// drop(messages);
/// assert!(tx.send(2).is_err());
/// ```
#[derive(Debug)]
pub struct IntoIter<T>(Receiver<T>);

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> FusedIterator for Iter<'_, T> {}
impl<T> FusedIterator for IntoIter<T> {}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}
