//! The owner's side of a node, and what others know of it.

use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use core::task::Waker;

use super::choice::Claim;
use super::node::{
    CALLING, CLAIMED, DONE, ENDED, FREE, HELD, LEFT, MOVING, Node, RETURNED, TICKET, TOLD, WAITING, WOKEN,
    state, to, waits,
};
use super::{End, Left, Phase};
use crate::primitive::{Ordering, edge};

/// A node that an operation took. Given up by [`Place::leave`]; one that is forgotten keeps its node for ever.
pub struct Place<M> {
    pub(super) node: NonNull<Node<M>>,
    pub(super) ticket: usize,
    /// A send's message was put in.
    pub(super) loaded: bool,
    /// The state that offers it: Waiting or Calling.
    pub(super) offers: usize,
}

/// A place whose type of message only its owner knows.
#[derive(Debug)]
pub struct RawPlace {
    node: NonNull<()>,
    ticket: usize,
    loaded: bool,
    offers: usize,
}

// SAFETY: nothing can be done with it but giving it its type again, which asks for it.
unsafe impl Send for RawPlace {}
// SAFETY: as above.
unsafe impl Sync for RawPlace {}

// SAFETY: a node may be its owner's on any thread, and so may its message.
unsafe impl<M: Send> Send for Place<M> {}
// SAFETY: shared, it can only be asked for its phase and ticket.
unsafe impl<M: Send> Sync for Place<M> {}

impl<M> Place<M> {
    pub(super) fn node(&self) -> &Node<M> {
        // SAFETY: nodes live as long as the table, and places are not kept longer than their channel.
        unsafe { self.node.as_ref() }
    }

    /// Without its type.
    pub fn into_raw(self) -> RawPlace {
        let Self { node, ticket, loaded, offers } = self;
        RawPlace { node: node.cast(), ticket, loaded, offers }
    }

    /// With its type again.
    ///
    /// # Safety
    /// It was made by `into_raw` from a place with messages of this type (and is sent to other threads only if they may be).
    pub unsafe fn from_raw(raw: RawPlace) -> Self {
        let RawPlace { node, ticket, loaded, offers } = raw;
        Self { node: node.cast(), ticket, loaded, offers }
    }

    /// Looks at it with its type, for the length of a call.
    ///
    /// # Safety
    /// It was made by `into_raw` from a place with messages of this type.
    pub unsafe fn with_raw<R>(raw: &RawPlace, look: impl FnOnce(&Self) -> R) -> R {
        let &RawPlace { node, ticket, loaded, offers } = raw;
        look(&Self { node: node.cast(), ticket, loaded, offers })
    }

    /// Before the first offer: it only wants to be woken, and nothing is moved out of it or into it.
    pub fn call(&mut self, owner: usize) {
        self.offers = CALLING;
        self.node().owner.store(owner, Ordering::Relaxed);
    }

    /// Before the first offer: it is one of several operations, of which the claim decides.
    pub fn share(&mut self, claim: Claim) {
        self.node().owner.store(claim.owner(), Ordering::Relaxed);
        // SAFETY: Held: the node is ours (rule 1).
        self.node().claim.with_mut(|kept| unsafe { *kept = Some(claim) });
    }

    /// By what others may end the operation.
    pub fn ticket(&self) -> Ticket<M> {
        Ticket { node: self.node, ticket: self.ticket }
    }

    /// Puts a send's message in, before an offer.
    pub fn load(&mut self, message: M) {
        debug_assert!(!self.loaded);
        self.node().write(message);
        self.loaded = true;
    }

    /// Takes a send's message out again, while the node is its owner's. `None`: there is none.
    pub fn unload(&mut self) -> Option<M> {
        core::mem::take(&mut self.loaded).then(|| self.node().read())
    }

    /// One that was woken, or told, has its node for itself from now on. `false`: a peer has it at this moment, or is done.
    pub fn reclaim(&self) -> bool {
        let node = self.node();
        let word = node.word.load(Ordering::Relaxed);
        if word / TICKET != self.ticket {
            return false;
        }
        match state(word) {
            HELD | WOKEN => true,
            // ORDERING [wait.settle]: Acquire, as in `phase`: who told us is done with the node, if he did so since. Model: loom
            // `wait::a_told_send_has_its_node_back`.
            TOLD => node
                .word
                .compare_exchange(word, to(word, WOKEN), edge!(wait.settle: Acquire), Ordering::Relaxed)
                .is_ok(),
            _ => false,
        }
    }

    /// Whether the node is its owner's, to be offered, and if so, whether it was woken. (Of one that was ended the message
    /// may have been taken, and the node have another owner; so in `wake` and `phase`.)
    pub fn is_ours(&self) -> Option<bool> {
        // ORDERING [wait.settle]: Acquire, as in `phase`: a peer who woke it is done with the node. Model: loom
        // `wait::a_woken_node_is_its_owners`.
        let word = self.node().word.load(edge!(wait.settle: Acquire));
        if word / TICKET != self.ticket {
            return None;
        }
        match (word & ENDED, state(word)) {
            (0, HELD) => Some(false),
            (0, WOKEN) => Some(true),
            _ => None,
        }
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
                .compare_exchange(word, to(word, self.offers), edge!(wait.offer: Release), Ordering::Relaxed)
                .is_ok()
    }

    /// Wakes the operation itself, if it still waits.
    #[must_use]
    pub fn wake(&self) -> Option<Waker> {
        let node = self.node();
        let word = node.word.load(Ordering::Relaxed);
        if word / TICKET != self.ticket || !waits(word) || !node.win(word, CLAIMED) {
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
            return Phase::Ended;
        }
        match state(word) {
            WOKEN | TOLD => Phase::Woken,
            DONE => Phase::Done,
            _ => Phase::Waiting,
        }
    }

    /// The operation is over, and what came of it is given out. Never waits.
    pub fn leave(self) -> Left<M> {
        self.leave_at(true)
    }

    /// As `leave`, of one that has no message, because it only calls or was never offered: not even the room for one is
    /// needed, however large. Whether it was woken.
    pub fn leave_empty(self) -> bool {
        debug_assert!(!self.loaded);
        let node = self.node();
        let mut word = node.word.load(Ordering::Relaxed);
        loop {
            let now = if word / TICKET == self.ticket { state(word) } else { FREE };
            let then = match now {
                HELD | CALLING | WOKEN => HELD,
                // The other one frees it.
                CLAIMED => LEFT,
                _ => return false,
            };
            // ORDERING [wait.leave]: as in `leave_at`. Model: loom `wait::who_leaves_in_the_middle_is_done`.
            match node.word.compare_exchange(
                word,
                to(word, then),
                edge!(wait.leave: AcqRel),
                Ordering::Relaxed,
            ) {
                Ok(_) if then == HELD => {
                    node.free();
                    return now == WOKEN;
                }
                Ok(_) => return false,
                Err(now) => word = now,
            }
        }
    }

    /// Whether it only calls.
    pub fn calls(&self) -> bool {
        self.offers == CALLING
    }

    /// With `keep` false the message of a receive that is done is returned to the channel.
    pub(super) fn leave_at(self, keep: bool) -> Left<M> {
        let node = self.node();
        let mut word = node.word.load(Ordering::Relaxed);
        let mut left = Left { woken: false, done: false, message: None };
        loop {
            let now = if word / TICKET == self.ticket { state(word) } else { FREE };
            let then = match now {
                HELD | WAITING | CALLING | WOKEN | TOLD => HELD,
                // The other one frees it.
                CLAIMED | MOVING => LEFT,
                DONE if keep || self.loaded => HELD,
                DONE => RETURNED,
                // Ended with a message, which was returned for us.
                _ => return left,
            };
            // A claimer has no business with the message; but afterwards the node is his. (If we do not leave here, another
            // one may have read it.)
            let kept = (now == CLAIMED && self.loaded).then(|| ManuallyDrop::new(node.read()));
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
            left.woken = matches!(now, WOKEN | TOLD);
            left.done = matches!(now, DONE) || (now == MOVING && self.loaded);
            left.message = kept.map(ManuallyDrop::into_inner);
            if then == HELD {
                let full = if self.loaded { !left.done } else { now == DONE };
                if full {
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
    pub(super) node: NonNull<Node<M>>,
    pub(super) ticket: usize,
}

// SAFETY: through a ticket the node is reached by its word and, after winning it, as rule 1 has it.
unsafe impl<M: Send> Send for Ticket<M> {}
// SAFETY: as above.
unsafe impl<M: Send> Sync for Ticket<M> {}

impl<M> Ticket<M> {
    /// See [`Table::end`].
    pub(super) fn end(&self, is_send: bool) -> End {
        // SAFETY: nodes live as long as the table, and tickets are not kept longer than their channel.
        let node = unsafe { self.node.as_ref() };
        let mut word = node.word.load(Ordering::Relaxed);
        loop {
            let before = state(word);
            if word / TICKET != self.ticket || matches!(before, FREE | LEFT | RETURNED) || word & ENDED != 0 {
                return End::Nothing;
            }
            let then = match before {
                WAITING | CALLING | TOLD => to(word, CLAIMED),
                DONE if is_send => return End::Nothing,
                DONE => to(word, RETURNED),
                _ => word,
            } | ENDED;
            // ORDERING [wait.offer]: Acquire, as in `Node::win`. (The message that it returns reaches who takes it through
            // the word, which the peer who moved it stored with Release.) Model: loom `wait::an_end_sees_the_waker`.
            match node.word.compare_exchange(word, then, edge!(wait.offer: Acquire), Ordering::Relaxed) {
                Ok(_) => {
                    return match before {
                        WAITING | CALLING => node.wake(then).0.map_or(End::Nothing, End::Waiting),
                        TOLD => {
                            // Its waker is not kept. (If it leaves while we claim it, it does not know of the baton.)
                            drop(node.wake(then));
                            End::Baton
                        }
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
