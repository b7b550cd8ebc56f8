//! The nodes of one side of a channel, and what peers do with them.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ptr::{NonNull, null_mut};
use core::task::Waker;

use super::choice::{Claim, Pairing, pair};
use super::node::{
    CALLING, CLAIMED, DONE, ENDED, FREE, HELD, MOST_TICKETS, MOVING, Node, RETURNED, TICKET, TOLD, WAITING,
    WOKEN, has_message, has_owner, is_older, offers, state, to, waits,
};
use super::{End, Fetched, Handed, Left, Place, Ticket};
use crate::primitive::{AtomicPtr, AtomicUsize, Ordering, UnsafeCell, edge, stop_point};
use crate::refs::AllocError;

/// How many nodes are made at once.
#[cfg(not(loom))]
const CHUNK: usize = 8;
#[cfg(loom)]
const CHUNK: usize = 2;

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
    /// Those that offer a message have it; the others have room for one.
    sends: bool,
}

// SAFETY: wakers are Send and Sync; a waker or message in a node is reached by one thread at a time (rule 1), and messages
// move from thread to thread, hence `M: Send`. Chunks are freed by the table alone.
unsafe impl<M: Send> Send for Table<M> {}
// SAFETY: as above.
unsafe impl<M: Send> Sync for Table<M> {}

/// A receive that waits for the message of a peer who has taken it.
#[derive(Debug)]
#[must_use]
pub struct Seized<M> {
    node: NonNull<Node<M>>,
    word: usize,
}

/// What came of seizing.
#[derive(Debug)]
pub enum Seizing<M> {
    /// It waits for the message.
    Seized(Seized<M>),
    /// No receive waits.
    Nobody,
    /// Somebody else has matched the select that looked, or tries to.
    OursTaken,
}

impl<M> Seized<M> {
    /// Without its type: two words.
    pub fn into_raw(self) -> (NonNull<()>, usize) {
        (self.node.cast(), self.word)
    }

    /// With its type again.
    ///
    /// # Safety
    /// It was made by `into_raw` from one with messages of this type.
    pub unsafe fn from_raw((node, word): (NonNull<()>, usize)) -> Self {
        Self { node: node.cast(), word }
    }
}

/// Whether it only calls, and is not that owner's.
fn is_call<M>(node: &Node<M>, word: usize, except: usize) -> bool {
    state(word) == CALLING && (except == 0 || node.owner.load(Ordering::Relaxed) != except)
}

impl<M> Table<M> {
    /// A table without nodes, for receives.
    pub fn of_receives() -> Self {
        Self::new(false)
    }

    /// A table without nodes, for sends.
    pub fn of_sends() -> Self {
        Self::new(true)
    }

    fn new(sends: bool) -> Self {
        Self {
            sends,
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
                    return Ok(Place { node: NonNull::from(node), ticket, loaded: false, offers: WAITING });
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
                (&raw mut (*node).claim).write(UnsafeCell::new(None));
                (&raw mut (*node).owner).write(AtomicUsize::new(0));
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

    /// The oldest node of those wanted, and its word; as it was at some moment of the look.
    fn oldest(&self, wanted: impl Fn(&Node<M>, usize) -> bool) -> Option<(&Node<M>, usize)> {
        let mut oldest: Option<(&Node<M>, usize)> = None;
        for node in self.nodes() {
            let word = node.word.load(Ordering::Relaxed);
            if wanted(node, word) && oldest.is_none_or(|(_, than)| is_older(word, than)) {
                oldest = Some((node, word));
            }
        }
        oldest
    }

    /// Claims the operation that has waited longest, and gives out its wake function, to be called now. `None`: at some
    /// look at all nodes none was waiting. (One that turns out to have been ended meanwhile is woken, and the next one too.)
    #[must_use]
    pub fn wake_one(&self) -> Option<Waker> {
        self.wake_oldest(|_, word| waits(word))
    }

    /// As `wake_one`, of the operations that only call, except that owner's.
    #[must_use]
    pub fn wake_caller(&self, except: usize) -> Option<Waker> {
        self.wake_oldest(|node, word| is_call(node, word, except))
    }

    fn wake_oldest(&self, wanted: impl Fn(&Node<M>, usize) -> bool) -> Option<Waker> {
        loop {
            let (node, word) = self.oldest(&wanted)?;
            if !node.win(word, CLAIMED) {
                continue;
            }
            stop_point!(wait.claimed);
            let claimed = to(word, CLAIMED);
            match if self.sends && offers(word) { node.tell(claimed) } else { node.wake(claimed) } {
                (Some(waker), true) => return Some(waker),
                (waker, _) => waker.into_iter().for_each(Waker::wake),
            }
        }
    }

    /// Moves a message into the receive that has waited longest, unless one that was returned is to be received before it,
    /// or `comes_first` denies it. That is asked before a receive is taken, to leave those in peace that cannot be served,
    /// and again while one is held: the answer of that moment counts. Receives that only call are overtaken or not.
    pub fn hand(&self, mut message: M, overtakes: bool, comes_first: impl Fn() -> bool) -> Handed<M> {
        loop {
            if !comes_first() {
                return Handed { message: Some(message), waker: None, returned: false };
            }
            let oldest = self.oldest(|_, word| offers(word) || (waits(word) && !overtakes));
            let Some((node, word)) = oldest.filter(|(_, word)| offers(*word)) else {
                return Handed { message: Some(message), waker: None, returned: false };
            };
            if !node.win(word, MOVING) {
                continue;
            }
            let word = to(word, MOVING);
            stop_point!(wait.handing);
            // What was returned before this receive was begun is visible by now: by its owner's offer, if not otherwise.
            if self.keeps_returned() || !comes_first() {
                let waker = node.take_waker();
                let Some(word) = node.settle(word, WOKEN, WOKEN) else {
                    node.free();
                    continue;
                };
                // An owner that has ended may never look.
                return Handed { message: Some(message), waker, returned: word & ENDED != 0 };
            }
            if pair(None, node.claim().as_ref()) != Pairing::Paired {
                node.wake(word).0.into_iter().for_each(Waker::wake);
                continue;
            }
            match self.deliver(Seized { node: NonNull::from(node), word }, message) {
                Handed { message: Some(back), .. } => message = back,
                handed => return handed,
            }
        }
    }

    /// Whether a message stands in a receive that went without giving it out. (`has_returned` may say so a moment too early
    /// and too late.)
    pub fn keeps_returned(&self) -> bool {
        self.oldest(|_, word| state(word) == RETURNED).is_some()
    }

    /// Moves a message into a receive that was seized. It comes back if the receive has left.
    pub fn deliver(&self, seized: Seized<M>, message: M) -> Handed<M> {
        // SAFETY: nodes live as long as the table.
        let node = unsafe { seized.node.as_ref() };
        node.write(message);
        node.rank.store(self.handed.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        let waker = node.take_waker();
        match self.settle_message(node, seized.word) {
            Some(word) => Handed { message: None, waker, returned: state(word) == RETURNED },
            None => {
                let message = Some(node.read());
                node.free();
                Handed { message, waker: None, returned: false }
            }
        }
    }

    /// Takes the receive that has waited longest for a message that is to come, except those of `ours`, the claim on the
    /// select that the caller is of, which is matched then. Nobody is to be had while a message that was returned is to be
    /// received before: who takes that tells those who call.
    pub fn seize(&self, ours: Option<&Claim>) -> Seizing<M> {
        let except = ours.map_or(0, Claim::owner);
        loop {
            if self.keeps_returned() {
                return Seizing::Nobody;
            }
            let oldest = self.oldest(|node, word| {
                offers(word) && (except == 0 || node.owner.load(Ordering::Relaxed) != except)
            });
            let Some((node, word)) = oldest else { return Seizing::Nobody };
            if !node.win(word, MOVING) {
                continue;
            }
            let word = to(word, MOVING);
            stop_point!(wait.seizing);
            // As in `hand`.
            if self.keeps_returned() {
                node.wake(word).0.into_iter().for_each(Waker::wake);
                continue;
            }
            let pairing = pair(ours, node.claim().as_ref());
            if pairing == Pairing::Paired {
                return Seizing::Seized(Seized { node: NonNull::from(node), word });
            }
            node.wake(word).0.into_iter().for_each(Waker::wake);
            if pairing == Pairing::OursTaken {
                return Seizing::OursTaken;
            }
        }
    }

    /// Lets a receive go that was seized: it waits on, and is woken for that by the function that comes back. A select whose
    /// receive it is can be matched again.
    #[must_use]
    pub fn let_go(&self, seized: Seized<M>) -> Option<Waker> {
        // SAFETY: nodes live as long as the table.
        let node = unsafe { seized.node.as_ref() };
        if let Some(claim) = node.claim() {
            claim.reopen();
        }
        node.wake(seized.word).0
    }

    /// Keeps a message that was received already, as one that was handed to a receive; at its old rank, if it was before.
    ///
    /// # Errors
    /// There is no memory for more nodes; the message comes back.
    pub fn stash(&self, message: M, rank: Option<usize>) -> Result<Place<M>, M> {
        let Ok(place) = self.take() else { return Err(message) };
        let node = place.node();
        node.write(message);
        let rank = rank.unwrap_or_else(|| self.handed.fetch_add(1, Ordering::Relaxed));
        node.rank.store(rank, Ordering::Relaxed);
        // Relaxed: who takes the message, if it is returned, finds it through a word that is stored after this one.
        node.word.store(to(node.word.load(Ordering::Relaxed), DONE), Ordering::Relaxed);
        Ok(place)
    }

    /// Moves the message out of the send that has waited longest, and gives out its wake function.
    pub fn fetch(&self) -> Fetched<M> {
        while let Some((node, word)) = self.oldest(|_, word| has_message(word)) {
            if node.win(word, MOVING) {
                let waker = node.take_waker();
                return Self::move_out(node, to(word, MOVING), waker, state(word) == TOLD);
            }
        }
        Fetched { message: None, waker: None, told: false }
    }

    /// As `fetch`, if `comes_next` allows it: that is asked while the send is held, but can still leave with its message. One
    /// that has to stay is told, to try itself.
    pub fn fetch_if(&self, comes_next: impl Fn() -> bool) -> Fetched<M> {
        let mut told = false;
        while let Some((node, word)) = self.oldest(|_, word| has_message(word)) {
            if !node.win(word, CLAIMED) {
                continue;
            }
            let (was_told, word) = (state(word) == TOLD, to(word, CLAIMED));
            stop_point!(wait.claimed);
            if !comes_next() {
                let (waker, tells) = node.tell(word);
                waker.into_iter().for_each(Waker::wake);
                told |= was_told && !tells;
                break;
            }
            told |= was_told;
            let waker = node.take_waker();
            match node.settle(word, MOVING, WOKEN) {
                Some(word) if state(word) == MOVING => return Self::move_out(node, word, waker, told),
                // Its domain ended it.
                Some(_) => waker.into_iter().for_each(Waker::wake),
                // It left, with its message.
                None => node.free(),
            }
        }
        Fetched { message: None, waker: None, told }
    }

    /// Moves the message out of a node that is Moving.
    fn move_out(node: &Node<M>, moving: usize, waker: Option<Waker>, told: bool) -> Fetched<M> {
        stop_point!(wait.fetching);
        let message = Some(node.read());
        if node.settle(moving, DONE, DONE).is_none() {
            node.free();
            return Fetched { message, waker: None, told };
        }
        Fetched { message, waker, told }
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

    /// Drops what was returned. Apart, because of the room for a message.
    #[cold]
    #[inline(never)]
    fn drop_returned(&self) {
        while let Some(message) = self.fetch_returned() {
            drop(message);
        }
    }

    /// Whether there may be something for `fetch_returned`: always when it happened before.
    #[inline]
    pub fn has_returned(&self) -> bool {
        self.returned.load(Ordering::Relaxed) != 0
    }

    /// Moves a message out of a receive that went without giving it out, the one that was handed first. Its rank beside it.
    #[cold]
    pub fn fetch_returned(&self) -> Option<(M, usize)> {
        loop {
            let handed = self.handed.load(Ordering::Relaxed);
            let returned = self.nodes().map(|node| (node, node.word.load(Ordering::Relaxed)));
            let returned = returned.filter(|(_, word)| state(*word) == RETURNED);
            let age = |node: &Node<M>| handed.wrapping_sub(node.rank.load(Ordering::Relaxed));
            let (node, word) = returned.max_by_key(|(node, _)| age(node))?;
            if node.win(word, MOVING) {
                let message = node.read();
                let rank = node.rank.load(Ordering::Relaxed);
                node.free();
                self.returned.fetch_sub(1, Ordering::Relaxed);
                return Some((message, rank));
            }
        }
    }

    /// Of sends, whether there is one out of which a message can be moved.
    pub fn has_message(&self) -> bool {
        self.oldest(|_, word| has_message(word)).is_some()
    }

    /// Of sends, how many there are of these.
    pub fn messages(&self) -> usize {
        self.nodes().filter(|node| has_message(node.word.load(Ordering::Relaxed))).count()
    }

    /// Whether an operation has a node at this moment, waiting or not.
    pub fn has_owner(&self) -> bool {
        self.oldest(|_, word| has_owner(word)).is_some()
    }

    /// Whether an operation is waiting at this moment.
    pub fn is_waiting(&self) -> bool {
        self.oldest(|_, word| waits(word)).is_some()
    }

    /// Whether one waits out of which, or into which, a message can be moved; not counting that owner's.
    pub fn has_offer(&self, except: usize) -> bool {
        let is_offer = |node: &Node<M>, word| {
            offers(word) && (except == 0 || node.owner.load(Ordering::Relaxed) != except)
        };
        self.oldest(is_offer).is_some()
    }

    /// Whether one only calls; not counting that owner's.
    pub fn has_caller(&self, except: usize) -> bool {
        self.oldest(|node, word| is_call(node, word, except)).is_some()
    }

    /// How many nodes there are.
    pub fn size(&self) -> usize {
        self.nodes().count()
    }

    /// How many bytes they have.
    pub fn memory(&self) -> usize {
        self.size() / CHUNK * size_of::<Chunk<M>>()
    }

    /// How many messages stand in receives that went without giving them out.
    pub fn returned(&self) -> usize {
        self.nodes().filter(|node| state(node.word.load(Ordering::Relaxed)) == RETURNED).count()
    }
}

impl<M> Drop for Table<M> {
    fn drop(&mut self) {
        // Operations count their channel: all have left.
        if self.has_returned() {
            self.drop_returned();
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
