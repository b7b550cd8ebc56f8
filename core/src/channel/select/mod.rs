//! One of several operations: whichever can happen first.
//!
//! # How it works
//!
//! A select tries its operations, in any order, and is over with the first that can happen. If none can, it takes a place
//! among those that wait on each of its channels ([`crate::wait`]), looks once more, and sleeps until one of its places is
//! settled. Then it looks again. On a queue that is all: the select is told that its channel may have something, as every
//! waiting operation is, and tries; and if it leaves by another channel, it passes the baton on.
//!
//! On a rendezvous channel both sides must be there at once, and a select may be matched only once. Who does what there:
//!
//! | the select wants to | a peer | who acts, and how |
//! | --- | --- | --- |
//! | receive | sends, and waits with its message in its node | the select takes the message, its [choice] held |
//! | receive | sends without waiting, or begins to | the peer: seizes the node, matches the choice, moves its message in |
//! | receive | selects, and wants to send | the peer, as before, with both choices ([`crate::wait::choice`]) |
//! | send | receives, and waits | the select seizes the node; its message follows when it is completed |
//! | send | receives without waiting | nobody can, at once: the receiver waits for a moment, and calls the select, which comes |
//!
//! So a select that wants to send never is matched by others, but *called* (its node is in state Calling), and comes; one
//! that wants to receive can be matched. A select never matches itself: it passes over the nodes that have its own choice.
//!
//! [choice]: crate::wait::Choice
//!
//! # The two halves
//!
//! Which operation happens is decided first, what is sent comes later: [`SelectedOperation`] stands between the two, and
//! holds what makes the second half certain. That is the received message (in a node, as one that was handed to a
//! receive); a slot of the ring, which others wait behind; or the seized node of a receiver. If the receiver leaves before
//! the message is there, the send goes to the next one, or the message waits in the channel as one that was given back.
//! A `SelectedOperation` that is dropped gives back what it holds, and panics, as it is certainly a mistake.
//!
//! # Why no match is missed
//!
//! 1. Who waits offers its nodes, announces itself, and then looks: of two that come at once, one sees the other.
//! 2. Who finds a peer's choice taken wakes the peer, who offers its node again and looks.
//! 3. A select that was woken on one of its channels, and leaves by another, passes that baton on, also when it has
//!    looked and waited on in between: what it saw there may have been left to it.
//! 4. A message that was returned comes before what is sent after it: while there is one, a select that sends meets nobody,
//!    and who takes it calls that select.
//!
//! Why there is no livelock: [`crate::wait::choice`]. Progress: every attempt fails only because somebody else got
//! something, or was in the middle of an attempt whose failure has such a reason; a thread that is stopped for good takes
//! its own select with it, and what [`crate::wait`] says.

mod choices;
pub(crate) mod internals;
mod operation;
mod order;
mod run;

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use super::{ParkError, Receiver, RecvError, SendError, Sender, TryReadyError, TrySelectError};
use crate::park::Park;
pub(super) use operation::{Operation, Registration, Seeker, Token, Tried};
use run::{Entry, Manner};

/// Waits for one of several operations, of which the number and kinds are known only when the program runs. (Where they
/// are known before, [`select!`](crate::select!) says it shorter.)
///
/// An operation is *ready* when it can happen at once, even if it only says that its channel is disconnected. If several
/// are ready, each is as likely to be chosen as the others; [`Select::new_biased`] prefers those that were added first.
///
/// `select` and its forms choose one operation, to be completed at the [`SelectedOperation`]; `ready` and its forms only
/// say which could happen at that moment.
///
/// ```
/// use crossinterp_core::{Select, unbounded};
///
/// let (tx, rx) = unbounded();
/// let (_other_tx, other_rx) = unbounded::<u8>();
/// tx.try_send("hello").unwrap();
///
/// let mut select = Select::new();
/// let first = select.recv(&rx);
/// let second = select.recv(&other_rx);
/// let operation = select.try_select().unwrap();
/// assert_eq!((operation.index(), second), (first, 1));
/// assert_eq!(operation.recv(&rx), Ok("hello"));
/// assert!(select.try_select().is_err());
/// ```
pub struct Select<'a> {
    entries: Vec<Entry<'a>>,
    /// How many were added.
    next: usize,
    biased: bool,
}

// SAFETY: the ends are behind shared references of threads that have them. Through one a select moves messages within the
// channel (from the queue to a node or a token, and back) and changes atomic words; it neither gives a message out nor drops one,
// which takes the end itself: so nothing of a message that is not `Send` is reached from another thread.
unsafe impl Send for Select<'_> {}
// SAFETY: as above; shared, it can only be cloned and printed.
unsafe impl Sync for Select<'_> {}

impl<'a> Select<'a> {
    /// Without operations.
    ///
    /// ```
    /// use crossinterp_core::Select;
    ///
    /// assert!(Select::new().try_select().is_err()); // of none, none is ready
    /// ```
    pub fn new() -> Self {
        Self { entries: Vec::new(), next: 0, biased: false }
    }

    /// Without operations; of those that are ready the one is chosen that was added first.
    ///
    /// ```
    /// use crossinterp_core::{Select, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// tx.try_send(1).unwrap();
    /// let mut select = Select::new_biased();
    /// let first = select.send(&tx);
    /// select.recv(&rx);
    /// assert_eq!(select.try_ready(), Ok(first));
    /// ```
    pub fn new_biased() -> Self {
        Self { biased: true, ..Self::new() }
    }

    fn add(&mut self, operation: &'a dyn Operation) -> usize {
        let index = self.next;
        self.next += 1;
        self.entries.push(Entry::new(index, operation));
        index
    }

    /// Adds a send, and says its index.
    ///
    /// ```
    /// use crossinterp_core::{Select, bounded};
    ///
    /// let (tx, rx) = bounded(1);
    /// let mut select = Select::new();
    /// assert_eq!(select.send(&tx), 0);
    /// let operation = select.try_select().unwrap();
    /// assert_eq!(operation.send(&tx, "only now the message is needed"), Ok(()));
    /// assert!(rx.is_full() && select.try_select().is_err());
    /// ```
    pub fn send<T>(&mut self, sender: &'a Sender<T>) -> usize {
        self.add(sender)
    }

    /// Adds a receive, and says its index.
    ///
    /// ```
    /// use crossinterp_core::{Select, unbounded};
    ///
    /// let (numbers_tx, numbers) = unbounded::<i32>();
    /// let (_words_tx, words) = unbounded::<&str>();
    /// let mut select = Select::new();
    /// let (first, second) = (select.recv(&numbers), select.recv(&words)); // of any types
    /// assert_eq!((first, second), (0, 1));
    /// numbers_tx.try_send(7).unwrap();
    /// assert_eq!(select.try_ready(), Ok(first));
    /// ```
    pub fn recv<T>(&mut self, receiver: &'a Receiver<T>) -> usize {
        self.add(receiver)
    }

    /// Takes an operation out. The others keep their indices.
    ///
    /// # Panics
    /// When no operation has this index.
    ///
    /// ```
    /// use crossinterp_core::{Select, unbounded};
    ///
    /// let (done, first) = unbounded::<u8>();
    /// let (tx, second) = unbounded();
    /// drop(done);
    /// let mut select = Select::new();
    /// let (first_index, second_index) = (select.recv(&first), select.recv(&second));
    /// assert_eq!(select.try_ready(), Ok(first_index)); // it is disconnected, and so always ready
    /// select.remove(first_index);
    /// assert!(select.try_ready().is_err());
    /// tx.try_send(1).unwrap();
    /// assert_eq!(select.try_ready(), Ok(second_index));
    /// ```
    pub fn remove(&mut self, index: usize) {
        assert!(index < self.next, "index out of bounds; {index} >= {}", self.next);
        let at = self.entries.iter().position(|entry| entry.index == index);
        self.entries.remove(at.expect("no operation with this index"));
    }

    pub(crate) fn cases(&mut self) -> Cases<'_, 'a> {
        Cases { entries: &mut self.entries, biased: self.biased }
    }

    /// Chooses an operation that is ready.
    ///
    /// # Errors
    /// [`TrySelectError`]: none is.
    ///
    /// ```
    /// use crossinterp_core::{Select, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let mut select = Select::new();
    /// select.recv(&rx);
    /// assert!(select.try_select().is_err());
    /// tx.try_send(1).unwrap();
    /// assert_eq!(select.try_select().unwrap().recv(&rx), Ok(1));
    /// ```
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        self.cases().find(false).ok_or(TrySelectError)
    }

    /// The index of an operation that is ready at this moment. It may not be any more when it is tried.
    ///
    /// # Errors
    /// [`TryReadyError`]: none is.
    ///
    /// ```
    /// use crossinterp_core::{Select, TryRecvError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let other = rx.clone();
    /// let mut select = Select::new();
    /// let index = select.recv(&rx);
    /// tx.try_send(1).unwrap();
    /// assert_eq!(select.try_ready(), Ok(index));
    /// assert_eq!(other.try_recv(), Ok(1)); // faster
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// ```
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        self.cases().find(true).map(SelectedOperation::into_index).ok_or(TryReadyError)
    }

    /// Chooses an operation, sleeping by the embedder's means until one is ready. (A message that a clock will have,
    /// of `after` and its like, wakes nobody here: the sleeper's own time limit has to.)
    ///
    /// # Errors
    /// [`ParkError`]: the sleeper gave up, or there is no memory.
    ///
    /// ```
    /// use crossinterp_core::{ParkError, Select, unbounded};
    /// # use core::task::Waker;
    /// # use crossinterp_core::{Park, Wakeup};
    /// # struct NoPatience;
    /// # impl Park for NoPatience {
    /// #     fn waker(&self) -> Waker {
    /// #         Waker::noop().clone()
    /// #     }
    /// #     fn park(&self) -> Wakeup {
    /// #         Wakeup::TimedOut
    /// #     }
    /// # }
    ///
    /// // `NoPatience` is a `Park` that never sleeps, as in the example there.
    /// let (tx, rx) = unbounded();
    /// let mut select = Select::new();
    /// select.recv(&rx);
    /// assert_eq!(select.select_parking(&NoPatience).unwrap_err(), ParkError::TimedOut);
    /// tx.try_send(1).unwrap();
    /// assert_eq!(select.select_parking(&NoPatience).unwrap().recv(&rx), Ok(1));
    /// ```
    pub fn select_parking(&mut self, park: &impl Park) -> Result<SelectedOperation<'a>, ParkError> {
        self.cases().wait(false, park)
    }

    /// The index of an operation that is ready, sleeping by the embedder's means until one is. It may not be ready any
    /// more when it is tried.
    ///
    /// # Errors
    /// [`ParkError`]: the sleeper gave up, or there is no memory.
    ///
    /// ```
    /// use crossinterp_core::{ParkError, Select, unbounded};
    /// # use core::task::Waker;
    /// # use crossinterp_core::{Park, Wakeup};
    /// # struct NoPatience;
    /// # impl Park for NoPatience {
    /// #     fn waker(&self) -> Waker {
    /// #         Waker::noop().clone()
    /// #     }
    /// #     fn park(&self) -> Wakeup {
    /// #         Wakeup::TimedOut
    /// #     }
    /// # }
    ///
    /// // `NoPatience` is a `Park` that never sleeps, as in the example there.
    /// let (tx, rx) = unbounded::<u8>();
    /// let mut select = Select::new();
    /// let index = select.recv(&rx);
    /// assert_eq!(select.ready_parking(&NoPatience), Err(ParkError::TimedOut));
    /// drop(tx);
    /// assert_eq!(select.ready_parking(&NoPatience), Ok(index)); // disconnected is ready
    /// ```
    pub fn ready_parking(&mut self, park: &impl Park) -> Result<usize, ParkError> {
        self.cases().wait(true, park).map(SelectedOperation::into_index)
    }

    #[cfg(feature = "std")]
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// The operations of a select, wherever they stand.
pub(crate) struct Cases<'s, 'a> {
    entries: &'s mut [Entry<'a>],
    biased: bool,
}

impl<'a> Cases<'_, 'a> {
    fn chosen(&self, (at, token): run::Found) -> SelectedOperation<'a> {
        let Entry { index, operation, .. } = self.entries[at];
        SelectedOperation { index, operation, token: Some(token), _not_send: PhantomData }
    }

    /// Chooses an operation that is ready; one that only `watches` holds nothing.
    fn find(&mut self, watches: bool) -> Option<SelectedOperation<'a>> {
        let found = run::find(self.entries, self.manner(watches))?;
        Some(self.chosen(found))
    }

    /// Waits until there is one.
    pub(crate) fn wait(
        &mut self,
        watches: bool,
        park: &impl Park,
    ) -> Result<SelectedOperation<'a>, ParkError> {
        let found = run::find_or_wait(self.entries, self.manner(watches), |_| park)?;
        Ok(self.chosen(found))
    }

    /// The same; the sleeper is asked for when it is to sleep, and told when the first clock among the operations will have a
    /// message.
    #[cfg(feature = "std")]
    pub(crate) fn wait_until<P: Park>(
        &mut self,
        watches: bool,
        park: impl FnOnce(Option<std::time::Instant>) -> P,
    ) -> Result<SelectedOperation<'a>, ParkError> {
        let found = run::find_or_wait(self.entries, self.manner(watches), |entries| park(run::due(entries)))?;
        Ok(self.chosen(found))
    }

    fn manner(&self, watches: bool) -> Manner {
        Manner { biased: self.biased, watches }
    }
}

impl Default for Select<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for Select<'_> {
    /// The same operations, with the same indices.
    fn clone(&self) -> Self {
        let entries = self.entries.iter().map(|entry| Entry::new(entry.index, entry.operation));
        Self { entries: entries.collect(), next: self.next, biased: self.biased }
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Select { .. }")
    }
}

/// An operation that was chosen, and must be completed, with the end that it was added with.
///
/// It holds what makes the operation certain, so nobody else gets that meanwhile, and belongs to the thread that chose it.
/// Dropped without being completed it gives that back, and panics.
///
/// ```
/// use crossinterp_core::{Select, bounded};
///
/// let (tx, rx) = bounded(1);
/// let mut select = Select::new();
/// select.send(&tx);
/// let operation = select.try_select().unwrap();
/// assert!(tx.try_send("somebody else's").is_err()); // the only place is taken
/// operation.send(&tx, "ours").unwrap();
/// assert_eq!(rx.try_recv(), Ok("ours"));
/// ```
#[must_use = "an operation that was chosen must be completed"]
pub struct SelectedOperation<'a> {
    index: usize,
    operation: &'a dyn Operation,
    /// `None`: it was completed.
    token: Option<Token>,
    _not_send: PhantomData<*const ()>,
}

impl SelectedOperation<'_> {
    /// Which operation was chosen.
    ///
    /// ```
    /// use crossinterp_core::{Select, unbounded};
    ///
    /// let channels: Vec<_> = (0..3).map(|_| unbounded()).collect();
    /// let mut select = Select::new();
    /// for (_, rx) in &channels {
    ///     select.recv(rx);
    /// }
    /// channels[2].0.try_send("hello").unwrap();
    /// let operation = select.try_select().unwrap();
    /// let index = operation.index();
    /// assert_eq!((index, operation.recv(&channels[index].1)), (2, Ok("hello")));
    /// ```
    pub fn index(&self) -> usize {
        self.index
    }

    /// Of one that only watched, and holds nothing.
    pub(crate) fn into_index(mut self) -> usize {
        self.token = None;
        self.index
    }

    /// What it holds is the caller's to complete or cancel.
    pub(super) fn into_token(mut self) -> Token {
        self.token.take().expect("it is completed once")
    }

    fn complete<T>(mut self, end: &T, wrong: &str) -> Token {
        // (When this panics the operation is given back.)
        assert!(self.operation.address() == NonNull::from(end).cast(), "{wrong}");
        self.token.take().expect("it is completed once")
    }

    /// Completes a send.
    ///
    /// # Errors
    /// [`SendError`] with the message: the channel is disconnected.
    ///
    /// # Panics
    /// When it is not this sender's operation that was chosen.
    ///
    /// ```
    /// use crossinterp_core::{Select, SendError, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// let mut select = Select::new();
    /// select.send(&tx);
    /// assert_eq!(select.try_select().unwrap().send(&tx, 1), Ok(()));
    /// drop(rx);
    /// assert_eq!(select.try_select().unwrap().send(&tx, 2), Err(SendError(2)));
    /// ```
    pub fn send<T>(self, sender: &Sender<T>, message: T) -> Result<(), SendError<T>> {
        let token = self.complete(sender, "passed a sender that wasn't selected");
        sender.complete(token, message)
    }

    /// Completes a receive.
    ///
    /// # Errors
    /// [`RecvError`]: the channel is empty and disconnected.
    ///
    /// # Panics
    /// When it is not this receiver's operation that was chosen.
    ///
    /// ```
    /// use crossinterp_core::{RecvError, Select, unbounded};
    ///
    /// let (tx, rx) = unbounded();
    /// tx.try_send(1).unwrap();
    /// drop(tx);
    /// let mut select = Select::new();
    /// select.recv(&rx);
    /// assert_eq!(select.try_select().unwrap().recv(&rx), Ok(1));
    /// assert_eq!(select.try_select().unwrap().recv(&rx), Err(RecvError));
    /// ```
    pub fn recv<T>(self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        receiver.complete(self.complete(receiver, "passed a receiver that wasn't selected"))
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SelectedOperation { .. }")
    }
}

impl Drop for SelectedOperation<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            self.operation.cancel(token);
            if !crate::primitive::is_panicking() {
                panic!("dropped `SelectedOperation` without completing the operation");
            }
        }
    }
}
