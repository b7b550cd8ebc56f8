//! One place for a waiting operation, and the steps on its word that the winner of an offer makes.

use core::mem::MaybeUninit;
use core::task::Waker;

use super::choice::Claim;
use crate::primitive::{AtomicUsize, Ordering, UnsafeCell, edge};

/// The states of a node: the low bits of its word.
pub(super) const FREE: usize = 0;
pub(super) const HELD: usize = 1;
pub(super) const WAITING: usize = 2;
pub(super) const CLAIMED: usize = 3;
pub(super) const WOKEN: usize = 4;
pub(super) const LEFT: usize = 5;
pub(super) const MOVING: usize = 6;
pub(super) const DONE: usize = 7;
pub(super) const RETURNED: usize = 8;
pub(super) const CALLING: usize = 9;
pub(super) const TOLD: usize = 10;
pub(super) const STATES: usize = 15;
/// The domain of the operation ended it.
pub(super) const ENDED: usize = 16;
/// What a ticket counts in a word.
pub(super) const TICKET: usize = 32;
pub(super) const MOST_TICKETS: usize = usize::MAX / TICKET;

/// The state in a word.
pub(super) fn state(word: usize) -> usize {
    word & STATES
}

/// The same word in another state.
pub(super) fn to(word: usize, state: usize) -> usize {
    (word & !STATES) | state
}

/// Whether the operation can be woken.
pub(super) fn waits(word: usize) -> bool {
    matches!(state(word), WAITING | CALLING)
}

/// Whether it is some operation's that is not over.
pub(super) fn has_owner(word: usize) -> bool {
    !matches!(state(word), FREE | LEFT | RETURNED)
}

/// Whether a message can be moved out of it, or into it.
pub(super) fn offers(word: usize) -> bool {
    state(word) == WAITING
}

/// Of a send, whether its message can be moved out of it: because it waits, or was only told that it may try itself.
pub(super) fn has_message(word: usize) -> bool {
    offers(word) || (state(word) == TOLD && word & ENDED == 0)
}

/// Whether the first word's ticket is older. Tickets wrap: less than half the way behind is older.
pub(super) fn is_older(word: usize, than: usize) -> bool {
    (than / TICKET).wrapping_sub(word / TICKET) & MOST_TICKETS < MOST_TICKETS / 2
}

/// One place for a waiting operation.
pub(super) struct Node<M> {
    pub(super) word: AtomicUsize,
    pub(super) waker: UnsafeCell<Option<Waker>>,
    pub(super) message: UnsafeCell<MaybeUninit<M>>,
    /// Which message it is of those that were handed: returned ones are received in the order of handing.
    pub(super) rank: AtomicUsize,
    /// What decides, where it is one of several operations.
    pub(super) claim: UnsafeCell<Option<Claim>>,
    /// By whom it is passed over in a search for peers: its own select. 0: by nobody.
    pub(super) owner: AtomicUsize,
}

impl<M> Node<M> {
    /// Frees the node, which is the caller's and holds no message.
    pub(super) fn free(&self) {
        drop(self.take_waker());
        // SAFETY: the node is the caller's, so nobody else touches it.
        drop(self.claim.with_mut(|claim| unsafe { (*claim).take() }));
        self.owner.store(0, Ordering::Relaxed);
        // ORDERING [wait.free]: Release, pairs with the Acquire in `Table::take`: our last touch of the node happens
        // before its next owner's first. Model: loom `wait::a_node_is_used_again`.
        self.word.store(FREE, edge!(wait.free: Release));
    }

    /// The caller has the wake function (rule 1).
    pub(super) fn take_waker(&self) -> Option<Waker> {
        // SAFETY: the caller's, so nobody else touches it.
        self.waker.with_mut(|waker| unsafe { (*waker).take() })
    }

    /// The caller has the message (rule 1): what decides about the operation.
    pub(super) fn claim(&self) -> Option<Claim> {
        // SAFETY: the caller's, so nobody else touches it.
        self.claim.with(|claim| unsafe { (*claim).clone() })
    }

    /// The caller has the message (rule 1), there is one, and it is not used again. (An owner that leaves reads it before he
    /// knows that he does, and forgets what he read if he does not: so two may read at once.)
    pub(super) fn read(&self) -> M {
        // SAFETY: the caller's, so nobody else writes it, and it was written.
        self.message.with(|message| unsafe { (*message).assume_init_read() })
    }

    /// The caller has the room for a message (rule 1).
    pub(super) fn write(&self, message: M) {
        // SAFETY: the caller's, so nobody else touches it.
        self.message.with_mut(|room| unsafe { (*room).write(message) });
    }

    /// One compare-exchange from a word that offers the node.
    pub(super) fn win(&self, word: usize, state: usize) -> bool {
        // ORDERING [wait.offer]: Acquire, pairs with the Release in `Place::offer`: what the owner put into the node is
        // there. Models: loom `wait::a_claim_sees_the_waker`, `wait::a_peer_sees_the_message`.
        self.word
            .compare_exchange(word, to(word, state), edge!(wait.offer: Acquire), Ordering::Relaxed)
            .is_ok()
    }

    /// After winning it: gives the node back to its owner in that state, or, when its domain has ended it, in the other.
    /// The word as it is then; `None`: the owner left, and the node is the caller's.
    pub(super) fn settle(&self, mut word: usize, state_then: usize, state_if_ended: usize) -> Option<usize> {
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

    /// After claiming it: the wake function, to be called now, and whether its owner is the one to have the baton. It is
    /// Woken then.
    pub(super) fn wake(&self, word: usize) -> (Option<Waker>, bool) {
        let waker = self.take_waker();
        self.give_back(word, WOKEN, waker)
    }

    /// As `wake`, of a send whose message stands in it: that can still be moved out, so the function stays too. It is Told
    /// then.
    pub(super) fn tell(&self, word: usize) -> (Option<Waker>, bool) {
        // SAFETY: the caller's, so nobody else touches it.
        let waker = self.waker.with(|waker| unsafe { (*waker).clone() });
        self.give_back(word, TOLD, waker)
    }

    fn give_back(&self, word: usize, state: usize, waker: Option<Waker>) -> (Option<Waker>, bool) {
        match self.settle(word, state, WOKEN) {
            // An owner that has ended may never look.
            Some(word) => (waker, word & ENDED == 0),
            None => {
                self.free();
                (None, false)
            }
        }
    }
}
