//! Waiting operations: the table in which they stand, and how they are woken, first come, first served, without a lock.
//!
//! Each side of a channel has a [`Table`]. A waiting operation takes one of its [`Node`]s, puts a wake function in, and
//! offers it: from then on others may claim it. Nodes are made when there are too few and are freed with the table: a
//! pointer to one stays good while the channel lives, whoever stops where, and a warm table allocates nothing.
//!
//! # Words
//!
//! A node's word is `ticket * 32 + ENDED + state`. A *ticket* is the number of the operation on that table: it makes a
//! word of one operation different from those of all operations that had the node before or have it after, so that who
//! comes late with an old word changes nothing. (It wraps after 2^59 operations, 2^27 where words have 32 bits.)
//!
//! ```text
//!        take         offer            claim, settle             leave
//!   Free -----> Held -------> Waiting ------> Claimed ------> Woken ------> Free
//!                 ^              | |             | leave         | offer
//!                 +--------------+ |             v               +------> Waiting, with its ticket
//!                       leave      |            Left ----> Free (by the claimer)
//!                                  |             ^
//!                                  | seize       | leave
//!                                  +----------> Moving ------> Done -----> Free
//!                                                      settle    |
//!                                                                +------> Returned ----> Moving ----> Free
//!                                                                  leave           seize
//! ```
//!
//! | state | whose the node is |
//! | --- | --- |
//! | Free | nobody's |
//! | Held | its owner's: the operation that took it |
//! | Waiting | nobody's: the owner may leave, others may claim or seize it, one compare-exchange decides |
//! | Claimed | the wake function is the claimer's, a message in it is still its owner's |
//! | Woken | its owner's |
//! | Moving | the peer's who seized it, to move a message out of it (a sender's) or into it (a receiver's) |
//! | Left | the claimer's or the peer's, who frees it: the owner left meanwhile |
//! | Done | its owner's: the message was moved |
//! | Returned | nobody's: a receiver went, or was ended, with a message that had been moved to it; a peer may seize it |
//!
//! Which messages stand in nodes? On rendezvous channels, which have no queue, those of sends that wait. On all channels, one
//! that was handed to a receive by its own sender, in the middle of its send, with nothing in the queue before it: if the
//! receive leaves meanwhile, the send has not happened yet and simply goes on. (A message is never moved from the queue
//! to a receive: if that left meanwhile, the message could come back behind a later one.)
//!
//! # Rules
//!
//! 1. Wake function and message in a node are touched by whom the table above says. Claiming and seizing are
//!    compare-exchanges from the very word that was seen, so one in all succeeds for an offer.
//! 2. What the owner's leaving and the peer's settling race for is decided by one compare-exchange on the word; the loser
//!    acts on the winner's: nobody waits for anybody. A sender that leaves in the middle of Moving has sent; a receiver
//!    that does leaves the message to the peer, whose send goes on.
//! 3. ENDED is set at most once for a ticket, at any time, by the domain of the operation; it stays until the node is
//!    free. An offer of a node that has it fails. Who sets it wakes the owner, if the node was waiting.
//! 4. The oldest ticket comes first. An operation that was woken for something that another one took in the meantime
//!    offers its node again with its old ticket, and so keeps its place.
//!
//! # The baton
//!
//! To be woken is to be told that the channel may have something. An operation that goes in state `Woken`, for whatever
//! reason, passes that on ([`Left::woken`]): if the channel still has something, the next one is woken. So at any time at
//! which the channel has something and an operation waits for it, somebody is awake who will look or pass on: one that
//! was woken, or the one that put the something there.
//!
//! # Progress
//!
//! Every step is one compare-exchange that fails only when somebody else made a step, and a look at each node of the
//! table (as many as there were operations that waited at once). A thread that is stopped for good while it has claimed
//! a node takes the baton with it: that node's operation is not woken, but times out as it should. One that is stopped
//! in Moving takes that message with it, and that node's operation is not woken.
//!
//! # Edges
//!
//! | edge | from | to | what becomes visible |
//! | --- | --- | --- | --- |
//! | `wait.offer` | Waiting stored, Release | winning or ending it, Acquire | what is in the node |
//! | `wait.settle` | Woken or Done by the peer, Release | the owner's look, Acquire | that the peer is done with the node |
//! | `wait.leave` | leaving, AcqRel | the peer's failed settling, Acquire | that the owner is done with the node |
//! | `wait.free` | Free stored by the last in the node, Release | taking it, Acquire | that it is done with the node |
//! | `wait.grow` | a new chunk linked, Release | the pointer loaded, Acquire | the nodes in it |

// The loom models use this from outside; in every other build it is the crate's own.
#![cfg_attr(not(loom), allow(unreachable_pub))]

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null_mut};
use core::task::Waker;

use crate::primitive::{AtomicPtr, AtomicUsize, Ordering, UnsafeCell, edge, stop_point};
use crate::refs::AllocError;

/// The states of a node: the low bits of its word.
const FREE: usize = 0;
const HELD: usize = 1;
const WAITING: usize = 2;
const CLAIMED: usize = 3;
const WOKEN: usize = 4;
const LEFT: usize = 5;
const MOVING: usize = 6;
const DONE: usize = 7;
const RETURNED: usize = 8;
const STATES: usize = 15;
/// The domain of the operation ended it.
const ENDED: usize = 16;
/// What a ticket counts in a word.
const TICKET: usize = 32;
const MOST_TICKETS: usize = usize::MAX / TICKET;

/// How many nodes are made at once.
#[cfg(not(loom))]
const CHUNK: usize = 8;
#[cfg(loom)]
const CHUNK: usize = 2;

/// The state in a word.
fn state(word: usize) -> usize {
    word & STATES
}

/// The same word in another state.
fn to(word: usize, state: usize) -> usize {
    (word & !STATES) | state
}

/// Whether the first word's ticket is older. Tickets wrap: less than half the way behind is older.
fn is_older(word: usize, than: usize) -> bool {
    (than / TICKET).wrapping_sub(word / TICKET) & MOST_TICKETS < MOST_TICKETS / 2
}

/// How far a waiting operation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has not been woken.
    Waiting,
    /// It was: its channel may have something, or be closed.
    Woken,
    /// Its message was moved.
    Done,
    /// The domain of the operation ends.
    Ended,
}

/// What came of an operation that left the table.
#[derive(Debug)]
#[must_use]
pub struct Left<M> {
    /// It has the baton, to be passed on.
    pub woken: bool,
    /// Its message was moved: out of it if it is a send; else it is in `message`.
    pub done: bool,
    /// What a send offered and nobody took, or what a receive was given.
    pub message: Option<M>,
}

/// What became of a message that was to be handed to a receive.
#[derive(Debug)]
#[must_use]
pub struct Handed<M> {
    /// It comes back: no receive waits, or one that was returned is to be received before it.
    pub message: Option<M>,
    /// To be called.
    pub waker: Option<Waker>,
    /// Something was returned: another receive is to be woken for it.
    pub returned: bool,
}

/// One place for a waiting operation.
struct Node<M> {
    word: AtomicUsize,
    waker: UnsafeCell<Option<Waker>>,
    message: UnsafeCell<MaybeUninit<M>>,
    /// Which message it is of those that were handed: returned ones are received in the order of handing.
    rank: AtomicUsize,
}

struct Chunk<M> {
    nodes: [Node<M>; CHUNK],
    next: AtomicPtr<Chunk<M>>,
}

/// The operations that wait on one side of a channel.
pub struct Table<M> {
    first: AtomicPtr<Chunk<M>>,
    tickets: AtomicUsize,
    handed: AtomicUsize,
    /// How many nodes are Returned, or about to be.
    returned: AtomicUsize,
}

// SAFETY: wakers are Send and Sync; a waker or message in a node is reached by one thread at a time (rule 1), and messages
// move from thread to thread, hence `M: Send`. Chunks are freed by the table alone.
unsafe impl<M: Send> Send for Table<M> {}
// SAFETY: as above.
unsafe impl<M: Send> Sync for Table<M> {}

impl<M> Node<M> {
    /// Frees the node, which is the caller's and holds no message.
    fn free(&self) {
        drop(self.take_waker());
        // ORDERING [wait.free]: Release, pairs with the Acquire in `Table::take`: our last touch of the node happens
        // before its next owner's first. Model: loom `wait::a_node_is_used_again`.
        self.word.store(FREE, edge!(wait.free: Release));
    }

    /// The caller has the wake function (rule 1).
    fn take_waker(&self) -> Option<Waker> {
        // SAFETY: the caller's, so nobody else touches it.
        self.waker.with_mut(|waker| unsafe { (*waker).take() })
    }

    /// The caller has the message (rule 1), there is one, and it is not used again.
    fn read(&self) -> M {
        // SAFETY: the caller's, so nobody else touches it, and it was written.
        self.message.with_mut(|message| unsafe { (*message).assume_init_read() })
    }

    /// The caller has the room for a message (rule 1).
    fn write(&self, message: M) {
        // SAFETY: the caller's, so nobody else touches it.
        self.message.with_mut(|room| unsafe { (*room).write(message) });
    }

    /// One compare-exchange from a word that offers the node.
    fn win(&self, word: usize, state: usize) -> bool {
        // ORDERING [wait.offer]: Acquire, pairs with the Release in `Place::offer`: what the owner put into the node is
        // there. Models: loom `wait::a_claim_sees_the_waker`, `wait::a_peer_sees_the_message`.
        self.word
            .compare_exchange(word, to(word, state), edge!(wait.offer: Acquire), Ordering::Relaxed)
            .is_ok()
    }

    /// After winning it: gives the node back to its owner in that state, or, when its domain has ended it, in the other.
    /// The word as it is then; `None`: the owner left, and the node is the caller's.
    fn settle(&self, mut word: usize, state_then: usize, state_if_ended: usize) -> Option<usize> {
        loop {
            let then = to(word, if word & ENDED == 0 { state_then } else { state_if_ended });
            // ORDERING [wait.settle]: Release, pairs with the Acquire loads of the owner: our touch of the node happens
            // before what he does with it. Models: loom `wait::a_woken_node_is_its_owners`,
            // `wait::a_message_is_seen_whole`.
            match self.word.compare_exchange(
                word,
                then,
                edge!(wait.settle: Release),
                // ORDERING [wait.leave]: Acquire, pairs with the Release in `Place::leave`: the owner is done with the node
                // before we free it. Model: loom `wait::who_leaves_in_the_middle_is_done`.
                edge!(wait.leave: Acquire),
            ) {
                Ok(_) => return Some(then),
                Err(now) if state(now) == LEFT => return None,
                Err(now) => word = now, // ENDED was set
            }
        }
    }

    /// After claiming it: the wake function, to be called now, and whether its owner is the one to have the baton.
    fn wake(&self, word: usize) -> (Option<Waker>, bool) {
        let waker = self.take_waker();
        match self.settle(word, WOKEN, WOKEN) {
            // An owner that has ended may never look.
            Some(word) => (waker, word & ENDED == 0),
            None => {
                self.free();
                (None, false)
            }
        }
    }
}

impl<M> Table<M> {
    /// A table without nodes.
    pub fn new() -> Self {
        Self {
            first: AtomicPtr::new(null_mut()),
            tickets: AtomicUsize::new(0),
            handed: AtomicUsize::new(0),
            returned: AtomicUsize::new(0),
        }
    }

    /// The nodes, as far as there are any now.
    fn nodes(&self) -> impl Iterator<Item = &Node<M>> {
        let mut link = &self.first;
        core::iter::from_fn(move || {
            // ORDERING [wait.grow]: Acquire, pairs with the Release in `grow`: the nodes were made. Model: loom
            // `wait::a_new_node_is_seen_whole`.
            let chunk = NonNull::new(link.load(edge!(wait.grow: Acquire)))?;
            // SAFETY: linked chunks live as long as the table.
            let chunk = unsafe { chunk.as_ref() };
            link = &chunk.next;
            Some(&chunk.nodes)
        })
        .flatten()
    }

    /// Takes a free node for an operation, which gets the next ticket.
    ///
    /// # Errors
    /// There is no memory for more nodes; nothing was changed.
    pub fn take(&self) -> Result<Place<M>, AllocError> {
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed) & MOST_TICKETS;
        loop {
            for node in self.nodes() {
                if node.word.load(Ordering::Relaxed) != FREE {
                    continue;
                }
                let held = ticket * TICKET + HELD;
                // ORDERING [wait.free]: Acquire, pairs with the Release in `Node::free`: who had the node is done with it.
                // Model: loom `wait::a_node_is_used_again`.
                let taken =
                    node.word.compare_exchange(FREE, held, edge!(wait.free: Acquire), Ordering::Relaxed);
                if taken.is_ok() {
                    stop_point!(wait.held);
                    return Ok(Place { node: NonNull::from(node), ticket, loaded: false });
                }
            }
            self.grow()?;
        }
    }

    /// Links one more chunk at the end.
    #[cold]
    fn grow(&self) -> Result<(), AllocError> {
        let layout = Layout::new::<Chunk<M>>();
        // SAFETY: a chunk's size is not 0.
        let new = NonNull::new(unsafe { alloc(layout) }.cast::<Chunk<M>>()).ok_or(AllocError)?;
        // SAFETY: just allocated with this layout; each field is written where it is, because nodes with room for a large
        // message must not pass over the stack.
        unsafe {
            let chunk = new.as_ptr();
            (&raw mut (*chunk).next).write(AtomicPtr::new(null_mut()));
            let nodes = (&raw mut (*chunk).nodes).cast::<Node<M>>();
            for index in 0..CHUNK {
                let node = nodes.add(index);
                (&raw mut (*node).word).write(AtomicUsize::new(FREE));
                (&raw mut (*node).waker).write(UnsafeCell::new(None));
                UnsafeCell::make_uninit(&raw mut (*node).message);
                (&raw mut (*node).rank).write(AtomicUsize::new(0));
            }
        }
        let mut link = &self.first;
        loop {
            // ORDERING [wait.grow]: Release, pairs with the Acquire in `nodes`: the nodes are made before they are found.
            // Model: loom `wait::a_new_node_is_seen_whole`.
            match link.compare_exchange(
                null_mut(),
                new.as_ptr(),
                edge!(wait.grow: Release),
                // ORDERING [wait.grow]: Acquire: we go on behind another thread's chunk. Model: loom
                // `wait::a_new_node_is_seen_whole`.
                edge!(wait.grow: Acquire),
            ) {
                Ok(_) => return Ok(()),
                // SAFETY: linked chunks live as long as the table.
                Err(there) => link = unsafe { &(*there).next },
            }
        }
    }

    /// The oldest node in that state, and its word; as it was at some moment of the look.
    fn oldest(&self, wanted: usize) -> Option<(&Node<M>, usize)> {
        let mut oldest: Option<(&Node<M>, usize)> = None;
        for node in self.nodes() {
            let word = node.word.load(Ordering::Relaxed);
            if state(word) == wanted && oldest.is_none_or(|(_, than)| is_older(word, than)) {
                oldest = Some((node, word));
            }
        }
        oldest
    }

    /// Claims the operation that has waited longest, and gives out its wake function, to be called now. `None`: at some
    /// look at all nodes none was waiting. (One that turns out to have been ended meanwhile is woken, and the next one too.)
    #[must_use]
    pub fn wake_one(&self) -> Option<Waker> {
        loop {
            let (node, word) = self.oldest(WAITING)?;
            if !node.win(word, CLAIMED) {
                continue;
            }
            stop_point!(wait.claimed);
            match node.wake(to(word, CLAIMED)) {
                (Some(waker), true) => return Some(waker),
                (waker, _) => waker.into_iter().for_each(Waker::wake),
            }
        }
    }

    /// Moves a message into the receive that has waited longest, unless one that was returned is to be received before it,
    /// or `comes_first` denies it. That is asked before a receive is taken, to leave those in peace that cannot be served,
    /// and again while one is held: the answer of that moment counts.
    pub fn hand(&self, mut message: M, comes_first: impl Fn() -> bool) -> Handed<M> {
        loop {
            if !comes_first() {
                return Handed { message: Some(message), waker: None, returned: false };
            }
            let Some((node, word)) = self.oldest(WAITING) else {
                return Handed { message: Some(message), waker: None, returned: false };
            };
            if !node.win(word, MOVING) {
                continue;
            }
            let word = to(word, MOVING);
            stop_point!(wait.handing);
            // What was returned before this receive was begun is visible by now: by its owner's offer, if not otherwise.
            if self.oldest(RETURNED).is_some() || !comes_first() {
                let waker = node.take_waker();
                let Some(word) = node.settle(word, WOKEN, WOKEN) else {
                    node.free();
                    continue;
                };
                // An owner that has ended may never look.
                return Handed { message: Some(message), waker, returned: word & ENDED != 0 };
            }
            node.write(message);
            node.rank.store(self.handed.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
            let waker = node.take_waker();
            match self.settle_message(node, word) {
                Some(word) => return Handed { message: None, waker, returned: state(word) == RETURNED },
                None => {
                    message = node.read();
                    node.free();
                }
            }
        }
    }

    /// Moves the message out of the send that has waited longest, and gives out its wake function.
    pub fn fetch(&self) -> Option<(M, Option<Waker>)> {
        loop {
            let (node, word) = self.oldest(WAITING)?;
            if !node.win(word, MOVING) {
                continue;
            }
            stop_point!(wait.fetching);
            let message = node.read();
            let waker = node.take_waker();
            if node.settle(to(word, MOVING), DONE, DONE).is_some() {
                return Some((message, waker));
            }
            node.free();
            return Some((message, None));
        }
    }

    /// As `Node::settle`, of a receive with its message: Done, or Returned if it was ended.
    fn settle_message(&self, node: &Node<M>, word: usize) -> Option<usize> {
        // Counted before, so that whoever is woken for it finds it counted.
        self.returned.fetch_add(1, Ordering::Relaxed);
        let settled = node.settle(word, DONE, RETURNED);
        if settled.is_none_or(|word| state(word) != RETURNED) {
            self.returned.fetch_sub(1, Ordering::Relaxed);
        }
        settled
    }

    /// A receive goes without the message that it may have been handed: that one is returned.
    pub fn give_back(&self, place: Place<M>) -> Left<M> {
        self.returned.fetch_add(1, Ordering::Relaxed);
        let left = place.leave_at(false);
        if !left.done {
            self.returned.fetch_sub(1, Ordering::Relaxed);
        }
        left
    }

    /// Ends an operation because its domain ends, if it is still there. The message of a receive that is done is returned;
    /// `is_send` says which of the two it is.
    pub fn end(&self, ticket: &Ticket<M>, is_send: bool) -> End {
        self.returned.fetch_add(1, Ordering::Relaxed);
        let end = ticket.end(is_send);
        if !matches!(end, End::Returned) {
            self.returned.fetch_sub(1, Ordering::Relaxed);
        }
        end
    }

    /// Whether there may be something for `fetch_returned`: always when it happened before.
    #[inline]
    pub fn has_returned(&self) -> bool {
        self.returned.load(Ordering::Relaxed) != 0
    }

    /// Moves a message out of a receive that went without giving it out, the one that was handed first.
    #[cold]
    pub fn fetch_returned(&self) -> Option<M> {
        loop {
            let handed = self.handed.load(Ordering::Relaxed);
            let returned = self.nodes().map(|node| (node, node.word.load(Ordering::Relaxed)));
            let returned = returned.filter(|(_, word)| state(*word) == RETURNED);
            let age = |node: &Node<M>| handed.wrapping_sub(node.rank.load(Ordering::Relaxed));
            let (node, word) = returned.max_by_key(|(node, _)| age(node))?;
            if node.win(word, MOVING) {
                let message = node.read();
                node.free();
                self.returned.fetch_sub(1, Ordering::Relaxed);
                return Some(message);
            }
        }
    }

    /// Whether an operation is waiting at this moment.
    pub fn is_waiting(&self) -> bool {
        self.oldest(WAITING).is_some()
    }

    /// How many nodes there are.
    #[cfg(loom)]
    pub fn size(&self) -> usize {
        self.nodes().count()
    }

    /// How many messages stand in receives that went without giving them out.
    pub fn returned(&self) -> usize {
        self.nodes().filter(|node| state(node.word.load(Ordering::Relaxed)) == RETURNED).count()
    }
}

impl<M> Drop for Table<M> {
    fn drop(&mut self) {
        // Operations count their channel: all have left.
        while let Some(message) = self.fetch_returned() {
            drop(message);
        }
        let mut link = self.first.load(Ordering::Relaxed);
        while let Some(chunk) = NonNull::new(link) {
            // SAFETY: nobody else has the table any more; each chunk is linked once and was allocated with this layout.
            // What drops in place are words and wake functions.
            unsafe {
                link = chunk.as_ref().next.load(Ordering::Relaxed);
                chunk.as_ptr().drop_in_place();
                dealloc(chunk.as_ptr().cast(), Layout::new::<Chunk<M>>());
            }
        }
    }
}

/// A node that an operation took. Given up by [`Place::leave`]; one that is forgotten keeps its node for ever.
pub struct Place<M> {
    node: NonNull<Node<M>>,
    ticket: usize,
    /// A send's message was put in.
    loaded: bool,
}

// SAFETY: a node may be its owner's on any thread, and so may its message.
unsafe impl<M: Send> Send for Place<M> {}
// SAFETY: shared, it can only be asked for its phase and ticket.
unsafe impl<M: Send> Sync for Place<M> {}

impl<M> Place<M> {
    fn node(&self) -> &Node<M> {
        // SAFETY: nodes live as long as the table, and places are not kept longer than their channel.
        unsafe { self.node.as_ref() }
    }

    /// By what others may end the operation.
    pub fn ticket(&self) -> Ticket<M> {
        Ticket { node: self.node, ticket: self.ticket }
    }

    /// Puts a send's message in, before the first offer.
    pub fn load(&mut self, message: M) {
        debug_assert!(!self.loaded);
        self.node().write(message);
        self.loaded = true;
    }

    /// Lets others wake the operation, from now on, by that function: for the first time, or again when it was woken.
    /// `false`: its domain has ended it, and nobody will wake it.
    pub fn offer(&self, waker: Waker) -> bool {
        let node = self.node();
        let word = node.word.load(Ordering::Relaxed);
        debug_assert!(matches!(state(word), HELD | WOKEN));
        // SAFETY: Held or Woken: the node is ours (rule 1).
        node.waker.with_mut(|kept| unsafe { *kept = Some(waker) });
        // ORDERING [wait.offer]: Release, pairs with the Acquire in `Node::win`. Models: loom
        // `wait::a_claim_sees_the_waker`, `wait::a_peer_sees_the_message`.
        word & ENDED == 0
            && node
                .word
                .compare_exchange(word, to(word, WAITING), edge!(wait.offer: Release), Ordering::Relaxed)
                .is_ok()
    }

    /// Wakes the operation itself, if it still waits.
    #[must_use]
    pub fn wake(&self) -> Option<Waker> {
        let node = self.node();
        let word = node.word.load(Ordering::Relaxed);
        if state(word) != WAITING || !node.win(word, CLAIMED) {
            return None;
        }
        node.wake(to(word, CLAIMED)).0
    }

    /// How far it has come.
    #[inline]
    pub fn phase(&self) -> Phase {
        // ORDERING [wait.settle]: Acquire, pairs with the Release of the peer: the node is ours again. Model: loom
        // `wait::a_woken_node_is_its_owners`.
        let word = self.node().word.load(edge!(wait.settle: Acquire));
        if word / TICKET != self.ticket || word & ENDED != 0 || matches!(state(word), RETURNED | FREE) {
            // (The message of one that was ended may have been taken, and the node have another owner.)
            return Phase::Ended;
        }
        match state(word) {
            WOKEN => Phase::Woken,
            DONE => Phase::Done,
            _ => Phase::Waiting,
        }
    }

    /// The operation is over, and what came of it is given out. Never waits.
    pub fn leave(self) -> Left<M> {
        self.leave_at(true)
    }

    /// With `keep` false the message of a receive that is done is returned to the channel.
    fn leave_at(self, keep: bool) -> Left<M> {
        let node = self.node();
        let mut word = node.word.load(Ordering::Relaxed);
        let mut left = Left { woken: false, done: false, message: None };
        loop {
            let now = if word / TICKET == self.ticket { state(word) } else { FREE };
            let then = match now {
                HELD | WAITING | WOKEN => HELD,
                // The other one frees it. (A claimer has no business with the message.)
                CLAIMED | MOVING => {
                    if now == CLAIMED && self.loaded && left.message.is_none() {
                        left.message = Some(node.read());
                    }
                    LEFT
                }
                DONE if keep || self.loaded => HELD,
                DONE => RETURNED,
                // Ended with a message, which was returned for us.
                _ => return left,
            };
            // ORDERING [wait.leave]: Acquire, pairs with the Release of `Node::settle`: where the peer is done, the node is
            // ours after all that he did with it. Release, pairs with his Acquire: where he is not, he frees it after all
            // that we did with it. (A message that we return reaches who takes it through the word, as in `Ticket::end`.)
            // Models: loom `wait::a_message_is_seen_whole`, `wait::who_leaves_in_the_middle_is_done`.
            if let Err(now) =
                node.word.compare_exchange(word, to(word, then), edge!(wait.leave: AcqRel), Ordering::Relaxed)
            {
                word = now;
                continue;
            }
            left.woken = now == WOKEN;
            left.done = matches!(now, DONE) || (now == MOVING && self.loaded);
            if then == HELD {
                let full = if self.loaded { !left.done } else { now == DONE };
                if full && left.message.is_none() {
                    left.message = Some(node.read());
                }
                node.free();
            }
            return left;
        }
    }
}

/// What others know of an operation that waits, or waited.
pub struct Ticket<M> {
    node: NonNull<Node<M>>,
    ticket: usize,
}

// SAFETY: through a ticket the node is reached by its word and, after winning it, as rule 1 has it.
unsafe impl<M: Send> Send for Ticket<M> {}
// SAFETY: as above.
unsafe impl<M: Send> Sync for Ticket<M> {}

/// What came of ending an operation from outside.
#[derive(Debug)]
pub enum End {
    /// It was waiting: to be woken by this.
    Waiting(Waker),
    /// It had been woken and has not looked: the next one is to be woken.
    Baton,
    /// It had a message, which was returned: the next one is to be woken.
    Returned,
    /// It is over, or was ended before, or somebody is waking it at this moment.
    Nothing,
}

impl<M> Ticket<M> {
    /// See [`Table::end`].
    fn end(&self, is_send: bool) -> End {
        // SAFETY: nodes live as long as the table, and tickets are not kept longer than their channel.
        let node = unsafe { self.node.as_ref() };
        let mut word = node.word.load(Ordering::Relaxed);
        loop {
            let before = state(word);
            if word / TICKET != self.ticket || matches!(before, FREE | LEFT | RETURNED) || word & ENDED != 0 {
                return End::Nothing;
            }
            let then = match before {
                WAITING => to(word, CLAIMED),
                DONE if is_send => return End::Nothing,
                DONE => to(word, RETURNED),
                _ => word,
            } | ENDED;
            // ORDERING [wait.offer]: Acquire, as in `Node::win`. (The message that it returns reaches who takes it through
            // the word, which the peer who moved it stored with Release.) Model: loom `wait::an_end_sees_the_waker`.
            match node.word.compare_exchange(word, then, edge!(wait.offer: Acquire), Ordering::Relaxed) {
                Ok(_) => {
                    return match before {
                        WAITING => node.wake(then).0.map_or(End::Nothing, End::Waiting),
                        WOKEN => End::Baton,
                        DONE => End::Returned,
                        _ => End::Nothing,
                    };
                }
                Err(now) => word = now,
            }
        }
    }
}
