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
//! A send with its message in the node goes from Claimed to *Told* instead of Woken, and from Told to Woken when its owner
//! reclaims it, to Claimed when a peer claims it once more; and a peer who fetches its message claims it first, looks
//! whether that message comes next, and then goes from Claimed to Moving, or back to Told.
//!
//! | state | whose the node is |
//! | --- | --- |
//! | Free | nobody's |
//! | Held | its owner's: the operation that took it |
//! | Waiting | nobody's: the owner may leave, others may claim or seize it, one compare-exchange decides |
//! | Calling | the same, but it can only be claimed: nothing is moved out of it or into it |
//! | Claimed | the wake function is the claimer's, a message in it is still its owner's |
//! | Woken | its owner's |
//! | Told | nobody's: its owner was woken and may reclaim it or leave, a peer may claim it; one compare-exchange decides |
//! | Moving | the peer's who seized it, to move a message out of it (a sender's) or into it (a receiver's), at once or later |
//! | Left | the claimer's or the peer's, who frees it: the owner left meanwhile |
//! | Done | its owner's: the message was moved |
//! | Returned | nobody's: a receiver went, or was ended, with a message that had been moved to it; a peer may seize it |
//!
//! Which messages stand in nodes? Those of sends that wait. Where there is a queue a receiver takes one of them only if the
//! queue is empty at a moment at which it holds the send; the send itself, when it is woken, takes it back and puts it into
//! the queue. (So one that was woken and does not run keeps nobody waiting, and a receiver that is faster than the
//! senders' waking takes one message more each time.) And on all channels, one that was handed to a receive by its own
//! sender, in the middle of its send, with nothing in the queue before it: if the receive leaves meanwhile, the send has not
//! happened yet and simply goes on. (A message is never moved from the queue to a receive: if that left meanwhile, the
//! message could come back behind a later one.)
//!
//! An operation that is one of several, of a select ([`crate::channel`]), has a node on each channel. Where it only wants to be
//! told, to try itself, its node is offered as Calling (in the drawing above: as Waiting, without `seize`). Where a message
//! can be moved into it, the node carries a [`Claim`]: who has seized the node needs the claim's [`Choice`] too
//! ([`choice`]), and gives the node back as Woken if that is taken.
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
//! table (as many as there were operations that waited at once). Nodes are made by eights and freed with the table: a
//! channel on which a thousand waited keeps 125 times eight nodes of that side, of seven words and a message each, and says
//! so ([`crate::Memory`]).
//!
//! A thread that is stopped for good while it has claimed a node takes the baton with it: that node's operation is not
//! woken, but times out as it should. (If it was about to wake several, for a batch, the others are told by whoever next
//! puts something there, or begins to wait on the other side.) So does one that is stopped while it waits itself and is
//! woken then: what it was woken for stays where it is, and the one behind it is not told of that, until somebody of the
//! other side begins to wait: who does so wakes one more, if there is something for it. One that is stopped in Moving takes
//! that message with it, and that node's operation is not woken.
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

pub(crate) mod choice;
mod node;
mod place;
mod table;

pub use choice::{Choice, Claim};
#[cfg(loom)]
pub use choice::{Pairing, pair};
pub(crate) use place::RawPlace;
pub use place::{Place, Ticket};
pub use table::{Seized, Seizing, Table};

use core::task::Waker;

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
    /// It comes back: no receive waits, or something is to be received before it.
    pub message: Option<M>,
    /// To be called.
    pub waker: Option<Waker>,
    /// Something was returned: another receive is to be woken for it.
    pub returned: bool,
}

/// What came of moving a message out of a send.
#[derive(Debug)]
pub struct Fetched<M> {
    /// The message, if there was one.
    pub message: Option<M>,
    /// To be called now: the operation is done.
    pub waker: Option<Waker>,
    /// The send, or one that left meanwhile, had been told that there is room, and leaves that to the next one.
    pub told: bool,
}

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
