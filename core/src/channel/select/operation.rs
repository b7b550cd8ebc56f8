//! What a select needs of a channel's end, with the type of the messages hidden.
//!
//! What belongs to an operation stands in a [`Registration`] (its place among those that wait) and, once it is the one that
//! happens, in a [`Token`] (what was received, or where to send). Both are given to that very end again.

use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::task::Waker;

use crate::channel::flow::{Flow, Unreceived, Unsent};
use crate::channel::{Channel, Receiver, RecvError, SendError, Sender, Side};
use crate::domain::{DomainError, Membership};
use crate::primitive::stop_point;
use crate::refs::Shared;
use crate::ring::{Claimed, ReserveError, Reserved};
use crate::wait::{Claim, Phase, Place, RawPlace, Seized, Seizing};

/// Who waits: a select that wants one of its operations done, or only to know that one could be.
#[derive(Clone, Copy, Debug)]
pub(in crate::channel) struct Seeker<'c> {
    /// What decides, if peers may match it: when it waits on a rendezvous channel.
    pub(super) claim: Option<&'c Claim>,
    /// What its own nodes are known by. 0: it has none.
    pub(super) owner: usize,
    /// It only wants to know.
    pub(super) watches: bool,
}

/// The place of an operation among those that wait.
#[derive(Debug)]
pub(in crate::channel) struct Registration {
    /// `None`: on a channel on which nobody can wake it.
    place: Option<RawPlace>,
    /// It was woken and has waited on: what it was woken for may be for another one.
    roused: bool,
    /// Left after the place.
    _membership: Option<Membership>,
}

/// What an operation that happens has got.
#[derive(Debug)]
pub(in crate::channel) enum Token {
    /// Nothing: it only watched.
    Nothing,
    /// The channel is closed, or the domain of the end has closed.
    Disconnected,
    /// The channel has room, or had.
    Room,
    /// A slot of the queue.
    Slot(Reserved),
    /// A receive of a peer who waits for the message.
    Peer(NonNull<()>, usize),
    /// The message.
    Message(RawPlace),
    /// The message, as it is.
    Small(Small),
    /// The message, in its slot.
    Claimed(Claimed),
    /// The message, in a box that was made a pointer.
    Boxed(NonNull<()>),
}

/// A small message whose type is not known here. Dropping it does not drop the message.
#[derive(Debug)]
pub(in crate::channel) struct Small(MaybeUninit<[usize; 2]>);

impl Small {
    const fn fits<T>() -> bool {
        size_of::<T>() <= size_of::<Self>() && align_of::<T>() <= align_of::<Self>()
    }

    fn new<T>(message: T) -> Self {
        assert!(Self::fits::<T>(), "it is small");
        let mut room = MaybeUninit::<[usize; 2]>::uninit();
        // SAFETY: there is room for it, as was just seen.
        unsafe { room.as_mut_ptr().cast::<T>().write(message) };
        Self(room)
    }

    /// # Safety
    /// It was made of a message of this type.
    unsafe fn into_message<T>(self) -> T {
        // SAFETY: it stands there, and is not read again, as this is the only one.
        unsafe { self.0.as_ptr().cast::<T>().read() }
    }
}

/// What came of trying an operation.
#[derive(Debug)]
pub(in crate::channel) enum Tried {
    Done(Token),
    Nothing,
    /// A peer is in the middle of its operation.
    Busy,
    /// Nothing yet, but somebody was called who is to come.
    Called,
    /// The select was matched by a peer, or one tries to.
    Taken,
}

/// One end, as a select sees it.
pub(in crate::channel) trait Operation {
    /// Which end it is.
    fn address(&self) -> NonNull<()>;

    /// Whether operations of this kind meet without a queue between.
    fn is_rendezvous(&self) -> bool;

    /// The select begins to wait: see [`Channel::relieve`].
    fn relieve(&self);

    /// Takes a place, for nobody to see yet.
    fn register(&self, seeker: Seeker<'_>) -> Result<Registration, DomainError>;

    /// Lets others wake the operation, the first time or again, and calls who is to come. Does nothing while it waits.
    fn offer(&self, registration: &mut Registration, seeker: Seeker<'_>, waker: &mut dyn FnMut() -> Waker);

    fn phase(&self, registration: &Registration) -> Phase;

    /// Gives the place up, and what was given to it back.
    fn unregister(&self, registration: Registration);

    /// The message that a peer moved into the place.
    fn received(&self, registration: Registration) -> Token;

    /// How many messages went through its queue so far (it wraps).
    fn moved(&self) -> usize;

    /// Whether the operation would get something now.
    fn is_ready(&self, seeker: Seeker<'_>) -> bool;

    /// Tries, if it seems to be worth it.
    fn attempt(&self, seeker: Seeker<'_>) -> Tried;

    /// Gives back what was got.
    fn cancel(&self, token: Token);

    /// When a clock will have a message.
    #[cfg(feature = "std")]
    fn due(&self) -> Option<std::time::Instant>;
}

impl Registration {
    /// Where nobody can wake it.
    fn none() -> Self {
        Self { place: None, roused: false, _membership: None }
    }
}

impl Seeker<'_> {
    /// One that does not wait, and so cannot be matched.
    pub(in crate::channel) fn passing(watches: bool) -> Self {
        Self { claim: None, owner: 0, watches }
    }

    /// Whether a peer has matched it.
    pub(super) fn is_matched(self) -> bool {
        self.claim.is_some_and(Claim::is_matched)
    }

    /// Tries something with the select's claim held, so that no peer matches it meanwhile.
    fn hold(self, attempt: impl FnOnce() -> Tried) -> Tried {
        let Some(claim) = self.claim else { return attempt() };
        if !claim.hold() {
            return Tried::Taken;
        }
        stop_point!(select.holding);
        let tried = attempt();
        match tried {
            // Only its owner could have left.
            Tried::Done(_) => _ = claim.settle(),
            _ => claim.release(),
        }
        tried
    }
}

impl<T> Channel<T> {
    fn register(
        &self,
        side: Side,
        seeker: Seeker<'_>,
        join: impl FnOnce(crate::wait::Ticket<T>) -> Result<Option<Membership>, DomainError>,
    ) -> Result<Registration, DomainError> {
        if self.flow.source().is_some() {
            return Ok(Registration::none());
        }
        let mut place = self.waiting(side).take()?;
        match (side, seeker.claim) {
            (Side::Receiver, Some(claim)) if self.flow.is_rendezvous() => {
                place.share(claim.clone());
            }
            _ => place.call(seeker.owner),
        }
        match join(place.ticket()) {
            Ok(membership) => {
                Ok(Registration { place: Some(place.into_raw()), roused: false, _membership: membership })
            }
            Err(error) => {
                // Nobody has seen it.
                place.leave_empty();
                Err(error)
            }
        }
    }

    /// # Safety
    /// The registration was made by this channel, here and below.
    unsafe fn phase(registration: &Registration) -> Phase {
        let Some(raw) = &registration.place else { return Phase::Waiting };
        // SAFETY: passed on to the caller.
        unsafe { Place::<T>::with_raw(raw, Place::phase) }
    }

    /// # Safety
    /// See `phase`.
    unsafe fn offer(
        &self,
        side: Side,
        registration: &mut Registration,
        seeker: Seeker<'_>,
        waker: &mut dyn FnMut() -> Waker,
    ) {
        let Some(raw) = &registration.place else { return };
        // SAFETY: passed on to the caller.
        let (was_woken, offered) = unsafe {
            Place::<T>::with_raw(raw, |place| match place.is_ours() {
                None => (false, false),
                Some(was_woken) => (was_woken, place.offer(waker())),
            })
        };
        registration.roused |= was_woken;
        if offered {
            stop_point!(select.offered);
            self.flow.announce(side);
            stop_point!(select.announced);
            if !seeker.watches {
                self.call_peer(side, seeker.owner);
            }
        }
    }

    /// # Safety
    /// See `phase`.
    unsafe fn unregister(&self, side: Side, registration: Registration) {
        let Some(raw) = registration.place else { return };
        // SAFETY: passed on to the caller.
        let place = unsafe { Place::<T>::from_raw(raw) };
        let is_news = if place.calls() {
            place.leave_empty()
        } else {
            debug_assert!(side == Side::Receiver, "sends only call");
            self.give_back(place)
        };
        if is_news || registration.roused {
            self.pass_on(side);
        }
    }

    /// A receive that a peer may have matched goes. Apart, because of the room for a message.
    #[inline(never)]
    fn give_back(&self, place: Place<T>) -> bool {
        let left = self.receiving.give_back(place);
        left.woken || left.done
    }
}

impl<T> Operation for Receiver<T> {
    fn address(&self) -> NonNull<()> {
        NonNull::from(self).cast()
    }

    fn is_rendezvous(&self) -> bool {
        self.0.line().is_some_and(|channel| channel.flow.is_rendezvous())
    }

    fn relieve(&self) {
        let Some(channel) = self.0.line() else { return };
        channel.relieve(Side::Receiver);
    }

    fn register(&self, seeker: Seeker<'_>) -> Result<Registration, DomainError> {
        let Some(channel) = self.0.line() else { return Ok(Registration::none()) };
        channel.register(Side::Receiver, seeker, |ticket| self.0.join_wait(ticket))
    }

    fn offer(&self, registration: &mut Registration, seeker: Seeker<'_>, waker: &mut dyn FnMut() -> Waker) {
        let Some(channel) = self.0.line() else { return };
        // SAFETY: made by `register` of this end; so in the next ones.
        unsafe { channel.offer(Side::Receiver, registration, seeker, waker) };
    }

    fn phase(&self, registration: &Registration) -> Phase {
        // SAFETY: see `offer`.
        unsafe { Channel::<T>::phase(registration) }
    }

    fn unregister(&self, registration: Registration) {
        let Some(channel) = self.0.line() else { return };
        // SAFETY: see `offer`.
        unsafe { channel.unregister(Side::Receiver, registration) };
    }

    fn received(&self, registration: Registration) -> Token {
        let place = registration.place.expect("a peer moved a message into it");
        if registration.roused {
            self.0.channel().pass_on(Side::Receiver);
        }
        Token::Message(place)
    }

    fn moved(&self) -> usize {
        self.0.line().map_or(0, |channel| channel.moved())
    }

    fn is_ready(&self, seeker: Seeker<'_>) -> bool {
        let Some(channel) = self.0.line() else { return false };
        self.0.is_ended()
            || channel.is_ready(Side::Receiver)
            || (self.is_rendezvous() && channel.sending.has_caller(seeker.owner))
    }

    fn attempt(&self, seeker: Seeker<'_>) -> Tried {
        let Some(channel) = self.0.line() else { return Tried::Nothing };
        if self.0.is_ended() {
            return seeker.hold(|| Tried::Done(Token::Disconnected));
        }
        if let Some(message) = self.recv_small(seeker) {
            return Tried::Done(Token::Small(message));
        }
        if !channel.is_ready(Side::Receiver) {
            let called = self.is_rendezvous() && channel.sending.has_caller(seeker.owner);
            if called {
                channel.call_peer(Side::Receiver, seeker.owner);
            }
            return if called { Tried::Called } else { Tried::Nothing };
        }
        seeker.hold(|| match channel.try_recv_into_place() {
            Ok(place) => Tried::Done(Token::Message(place.into_raw())),
            Err(Unreceived::Closed) => Tried::Done(Token::Disconnected),
            Err(Unreceived::Empty) => Tried::Nothing,
            Err(Unreceived::Busy) => Tried::Busy,
        })
    }

    fn cancel(&self, token: Token) {
        let channel = self.0.line();
        match (token, channel) {
            (Token::Message(raw), Some(channel)) => {
                // SAFETY: made by `attempt` or `received` of this end.
                let place = unsafe { Place::from_raw(raw) };
                let _ = channel.receiving.give_back(place);
                channel.pass_on(Side::Receiver);
            }
            // SAFETY: made by `attempt` of this end, of a message of this type.
            (Token::Small(message), Some(channel)) => channel.put_back(unsafe { message.into_message() }),
            _ => {}
        }
    }

    #[cfg(feature = "std")]
    fn due(&self) -> Option<std::time::Instant> {
        self.0.line()?.flow.source()?.due()
    }
}

impl<T> Receiver<T> {
    /// Receives a small message, if nothing is in the way: the select cannot be matched by a peer, and the end is held by no
    /// domain, which could end in the middle.
    #[inline]
    fn recv_small(&self, seeker: Seeker<'_>) -> Option<Small> {
        if Small::fits::<T>() && seeker.claim.is_none() && !self.0.is_held() {
            self.recv_at_once().map(Small::new)
        } else {
            None
        }
    }

    /// Completes a receive that is to happen.
    #[inline]
    pub(super) fn complete(&self, token: Token) -> Result<T, RecvError> {
        match token {
            // SAFETY: made by `attempt` of this end, of a message of this type.
            Token::Small(message) => Ok(unsafe { message.into_message() }),
            Token::Message(raw) => {
                // SAFETY: made by `attempt` or `received` of this end.
                let place = unsafe { Place::<T>::from_raw(raw) };
                // (Its domain may have ended, and the message have been returned.)
                place.leave().message.ok_or(RecvError)
            }
            _ => Err(RecvError),
        }
    }
}

impl<T> Operation for Sender<T> {
    fn address(&self) -> NonNull<()> {
        NonNull::from(self).cast()
    }

    fn is_rendezvous(&self) -> bool {
        self.0.channel().flow.is_rendezvous()
    }

    fn relieve(&self) {
        self.0.channel().relieve(Side::Sender);
    }

    fn register(&self, seeker: Seeker<'_>) -> Result<Registration, DomainError> {
        self.0.channel().register(Side::Sender, seeker, |ticket| self.0.join_wait(ticket))
    }

    fn offer(&self, registration: &mut Registration, seeker: Seeker<'_>, waker: &mut dyn FnMut() -> Waker) {
        // SAFETY: made by `register` of this end; so in the next ones.
        unsafe { self.0.channel().offer(Side::Sender, registration, seeker, waker) };
    }

    fn phase(&self, registration: &Registration) -> Phase {
        // SAFETY: see `offer`.
        unsafe { Channel::<T>::phase(registration) }
    }

    fn unregister(&self, registration: Registration) {
        // SAFETY: see `offer`.
        unsafe { self.0.channel().unregister(Side::Sender, registration) };
    }

    fn received(&self, _registration: Registration) -> Token {
        unreachable!("nothing is moved into a send");
    }

    fn moved(&self) -> usize {
        self.0.channel().moved()
    }

    fn is_ready(&self, seeker: Seeker<'_>) -> bool {
        let channel = self.0.channel();
        self.0.is_ended()
            || channel.is_ready(Side::Sender)
            || (self.is_rendezvous() && channel.has_peer(Side::Sender, seeker.owner))
    }

    fn attempt(&self, seeker: Seeker<'_>) -> Tried {
        let channel = self.0.channel();
        if self.0.is_ended() || channel.flow.is_closed() {
            return seeker.hold(|| Tried::Done(Token::Disconnected));
        }
        match &channel.flow {
            Flow::Bounded(_) if !channel.is_ready(Side::Sender) => Tried::Nothing,
            Flow::Bounded(ring) => seeker.hold(|| match ring.reserve() {
                Ok(slot) => Tried::Done(Token::Slot(slot)),
                Err(ReserveError::Closed) => Tried::Done(Token::Disconnected),
                Err(ReserveError::Full) => Tried::Nothing,
                Err(ReserveError::Busy) => Tried::Busy,
            }),
            Flow::Strict(_) if !channel.is_ready(Side::Sender) => Tried::Nothing,
            // (On a strict channel no place is held: others would have to wait for it.)
            Flow::Unbounded(_) | Flow::Strict(_) => seeker.hold(|| Tried::Done(Token::Room)),
            Flow::Rendezvous(_) => match channel.receiving.seize(seeker.claim) {
                Seizing::Seized(peer) => {
                    let (node, word) = peer.into_raw();
                    Tried::Done(Token::Peer(node, word))
                }
                Seizing::Nobody => Tried::Nothing,
                Seizing::OursTaken => Tried::Taken,
            },
            Flow::Source(_) => Tried::Nothing,
        }
    }

    fn cancel(&self, token: Token) {
        let channel = self.0.channel();
        match (token, &channel.flow) {
            (Token::Slot(slot), Flow::Bounded(ring)) => {
                let (receivers, senders) = ring.void(slot);
                if receivers {
                    channel.wake(Side::Receiver);
                }
                if senders {
                    channel.wake(Side::Sender);
                }
            }
            (Token::Peer(node, word), _) => {
                // SAFETY: made by `attempt` of this end.
                let peer = unsafe { Seized::from_raw((node, word)) };
                channel.receiving.let_go(peer).into_iter().for_each(Waker::wake);
            }
            _ => {}
        }
    }

    #[cfg(feature = "std")]
    fn due(&self) -> Option<std::time::Instant> {
        None
    }
}

impl<T> Sender<T> {
    /// Completes a send that is to happen.
    pub(in crate::channel) fn complete(&self, token: Token, message: T) -> Result<(), SendError<T>> {
        let channel: &Shared<Channel<T>> = self.0.channel();
        match (token, &channel.flow) {
            (Token::Slot(slot), Flow::Bounded(ring)) => {
                stop_point!(select.reserved);
                if ring.fill(slot, message) {
                    channel.wake(Side::Receiver);
                }
                Ok(())
            }
            (Token::Peer(node, word), _) => {
                // SAFETY: made by `attempt` of this end.
                let peer = unsafe { Seized::from_raw((node, word)) };
                channel.send_to(peer, message)
            }
            (Token::Room, _) => channel.try_send_to_room(message).map_err(|unsent| match unsent {
                Unsent::NoMemory(_) => alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<T>()),
                // It was closed in between.
                other => SendError(other.into_message()),
            }),
            _ => Err(SendError(message)),
        }
    }
}

impl<T> Channel<T> {
    /// Gives a message to a receive that was taken for it. If that has left meanwhile, the message is for the next one; and
    /// if there is none it stands in the channel, as one that was given back.
    fn send_to(&self, peer: Seized<T>, message: T) -> Result<(), SendError<T>> {
        let handed = self.receiving.deliver(peer, message);
        handed.waker.into_iter().for_each(Waker::wake);
        if handed.returned {
            self.pass_on(Side::Receiver);
        }
        let Some(message) = handed.message.and_then(|message| self.hand(message)) else { return Ok(()) };
        if self.flow.is_closed() {
            return Err(SendError(message));
        }
        self.put_back(message);
        Ok(())
    }

    /// Leaves a message to the next receiver, before all that was sent later.
    #[cold]
    fn put_back(&self, message: T) {
        match self.receiving.stash(message, None) {
            Ok(place) => _ = self.receiving.give_back(place),
            Err(_) => alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<T>()),
        }
        self.pass_on(Side::Receiver);
    }
}
