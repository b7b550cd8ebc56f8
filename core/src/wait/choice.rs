//! Several operations of which one is to happen: the word that decides, and how two that wait for each other are paired.
//!
//! A select that waits on rendezvous channels can be matched by a peer on each of them, but only once. Its nodes carry
//! a [`Claim`] on its [`Choice`], and a peer that has seized one of the nodes needs the choice, too.
//!
//! ```text
//!           match_up, from a peer or the owner
//!   Open <------------------------------------> Matched   (back: the owner, whose peer had left, or the peer, who left)
//!    | ^
//!    | | hold, release                     leave, by the owner
//!    v |                          Open, Held ------------------> Gone
//!   Held                          any state --------------------> Gone
//!                                                end, by the owner
//! ```
//!
//! The word is `epoch * 4 + state`; a choice is used again for later selects of its owner, each with the next epoch, so
//! that who comes late with an old claim changes nothing. (It wraps after 2^62 selects, 2^30 where words have 32 bits.)
//!
//! # Rules
//!
//! 1. From Open the choice is taken by one compare-exchange: to Matched by who needs no other one, to Held by who needs
//!    a second one ([`pair`]) or tries something that may fail (its owner).
//! 2. Who needs two takes that with the lower number first, to Held, and the other one from Open to Matched. So of several that try to
//!    pair with each other in a circle, one holds the lower of its two while the higher is held by nobody: somebody is
//!    matched, or finds that somebody else was. There is no livelock.
//! 3. Who fails because a choice is not Open gives the node that he seized back to its owner as Woken, and calls its wake
//!    function. The owner then offers the node again and looks for peers itself, with its choice Open. So no two peers
//!    pass each other by: a failed one leaves an owner awake that looks. (An owner that is Matched does so only if that peer
//!    opens its choice again; else it and those who fail would call each other until that peer is done.)
//! 4. Nobody waits for a choice that is Held. The owner may leave while a peer holds it; the peer finds it Gone.
//!
//! A thread that is stopped for good while it holds another one's choice keeps that select from being matched: it times
//! out as it should.
//!
//! All accesses are Relaxed: the word decides, and what is read on the strength of it is read through a node's word.

use crate::primitive::{AtomicUsize, Ordering, next_number};
use crate::refs::{AllocError, Shared};

const OPEN: usize = 0;
const HELD: usize = 1;
const MATCHED: usize = 2;
const GONE: usize = 3;
const STATES: usize = 3;
const EPOCH: usize = 4;

/// Which of several operations is to happen.
#[derive(Debug)]
pub struct Choice {
    word: AtomicUsize,
    /// No other choice has it.
    number: usize,
}

/// One use of a choice, for its owner and for the nodes of its operations.
#[derive(Clone, Debug)]
pub struct Claim {
    choice: Shared<Choice>,
    epoch: usize,
}

/// What came of pairing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Both are matched with each other.
    Paired,
    /// Theirs was not to be had.
    TheirsTaken,
    /// Ours was not to be had: somebody has matched it, or tries to.
    OursTaken,
}

impl Choice {
    /// A choice that nobody uses.
    ///
    /// # Errors
    /// [`AllocError`].
    pub fn try_new() -> Result<Shared<Self>, AllocError> {
        Shared::try_new(Self { word: AtomicUsize::new(GONE), number: next_number() })
    }
}

impl Claim {
    /// The owner begins to use the choice, which is Gone.
    pub fn begin(choice: &Shared<Choice>) -> Self {
        let last = choice.word.load(Ordering::Relaxed);
        debug_assert_eq!(last & STATES, GONE, "nobody else uses it");
        let epoch = (last & !STATES).wrapping_add(EPOCH);
        choice.word.store(epoch | OPEN, Ordering::Relaxed);
        Self { choice: choice.clone(), epoch }
    }

    /// A number that no other choice has, and never 0.
    pub fn owner(&self) -> usize {
        self.choice.number
    }

    fn change(&self, from: usize, to: usize) -> bool {
        let word = &self.choice.word;
        word.compare_exchange(self.epoch | from, self.epoch | to, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Keeps others from matching it for a moment.
    pub fn hold(&self) -> bool {
        self.change(OPEN, HELD)
    }

    /// Who holds it lets it go.
    pub fn release(&self) {
        self.change(HELD, OPEN);
    }

    /// Who holds it has found something. `false`: the owner left.
    pub fn settle(&self) -> bool {
        self.change(HELD, MATCHED)
    }

    /// Whether somebody has matched it.
    pub fn is_matched(&self) -> bool {
        // Relaxed: who opens it again wakes the owner after that.
        self.choice.word.load(Ordering::Relaxed) == self.epoch | MATCHED
    }

    /// Who has matched it takes that back. The owner may have left meanwhile.
    pub fn reopen(&self) {
        self.change(MATCHED, OPEN);
    }

    /// Matches it with something that needs no other choice.
    pub fn match_up(&self) -> bool {
        self.change(OPEN, MATCHED)
    }

    /// The owner is done with it, whatever became of it.
    pub fn end(&self) {
        self.choice.word.store(self.epoch | GONE, Ordering::Relaxed);
    }

    /// The owner gives up, if it has not before. `false`: it was matched before.
    pub fn leave(&self) -> bool {
        // Each of the two may be found instead of the other, once: a peer that failed lets it go.
        loop {
            if self.change(OPEN, GONE) || self.change(HELD, GONE) {
                return true;
            }
            match self.choice.word.load(Ordering::Relaxed) & STATES {
                MATCHED => return false,
                GONE => return true,
                _ => {}
            }
        }
    }
}

/// Pairs two operations, of which each may be one of several, or stand alone. To be called by the owner of `ours`, with
/// the other one's node seized.
pub fn pair(ours: Option<&Claim>, theirs: Option<&Claim>) -> Pairing {
    match (ours, theirs) {
        (None, None) => Pairing::Paired,
        (None, Some(theirs)) if theirs.match_up() => Pairing::Paired,
        (None, Some(_)) => Pairing::TheirsTaken,
        (Some(ours), None) if ours.match_up() => Pairing::Paired,
        (Some(_), None) => Pairing::OursTaken,
        (Some(ours), Some(theirs)) if ours.owner() < theirs.owner() => {
            if !ours.hold() {
                return Pairing::OursTaken;
            }
            if theirs.match_up() {
                // Nobody else touches what we hold, and it is for us to leave.
                ours.settle();
                Pairing::Paired
            } else {
                ours.release();
                Pairing::TheirsTaken
            }
        }
        (Some(ours), Some(theirs)) => {
            if !theirs.hold() {
                return Pairing::TheirsTaken;
            }
            if !ours.match_up() {
                theirs.release();
                return Pairing::OursTaken;
            }
            if theirs.settle() {
                Pairing::Paired
            } else {
                ours.reopen();
                Pairing::TheirsTaken
            }
        }
    }
}
