//! How one of several operations is found that can happen, and waited for.

use super::choices::Borrowed;
use super::operation::{Operation, Registration, Seeker, Token, Tried};
use super::order::Order;
use crate::channel::ParkError;
use crate::channel::policy::{Brief, Patience};
use crate::domain::DomainError;
use crate::park::{Park, Wakeup};
use crate::wait::{Claim, Phase};

/// One operation of a select.
pub(super) struct Entry<'a> {
    pub(super) index: usize,
    pub(super) operation: &'a dyn Operation,
    registration: Option<Registration>,
}

impl<'a> Entry<'a> {
    pub(super) fn new(index: usize, operation: &'a dyn Operation) -> Self {
        Self { index, operation, registration: None }
    }

    fn phase(&self) -> Phase {
        self.registration.as_ref().map_or(Phase::Waiting, |there| self.operation.phase(there))
    }
}

/// Which operation happens (its place in the list), and what it has got.
pub(super) type Found = (usize, Token);

/// What came of a look at all operations.
enum Look {
    Found(Found),
    Nothing,
    Busy,
    Called,
    Taken,
}

/// How a select is made: in the order in which its operations are listed, or fairly; to do one, or to know that one
/// could be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) biased: bool,
    pub(super) watches: bool,
}

/// Finds an operation that can happen now, without waiting but for a moment: for a peer who was called, or is in the middle
/// of its operation.
///
/// A look at one after the other may find nothing although one could happen at each moment: a message may come into the
/// first just before another one is taken out of the second. So a second look is made from the places of those that wait,
/// where what comes in between is told.
pub(super) fn find(entries: &mut [Entry<'_>], manner: Manner) -> Option<Found> {
    match first_look(entries, manner) {
        Look::Found(found) => Some(found),
        Look::Called | Look::Busy => wait(entries, manner, &Brief::new(), Patience::none()).ok(),
        Look::Nothing | Look::Taken if entries.len() < 2 => None,
        Look::Nothing | Look::Taken => wait(entries, manner, &Brief::none(), Patience::none()).ok(),
    }
}

/// Waits until one can happen, or the sleeper gives up, who is asked for when it comes to that.
pub(super) fn find_or_wait<'a, P: Park>(
    entries: &mut [Entry<'a>],
    manner: Manner,
    park: impl FnOnce(&[Entry<'a>]) -> P,
) -> Result<Found, ParkError> {
    let mut patience = Patience::new();
    let mut found = first_look(entries, manner);
    loop {
        if let Look::Found(found) = found {
            return Ok(found);
        }
        // See the waiting policy: where there is no queue, it waits in its place from the beginning.
        if entries.iter().any(|entry| entry.operation.is_rendezvous())
            || !patience.wait_with(|| moved(entries))
        {
            break;
        }
        found = look(entries, Seeker::passing(manner.watches));
    }
    entries.iter().for_each(|entry| entry.operation.relieve());
    let park = park(entries);
    wait(entries, manner, &park, patience)
}

/// When the first of its clocks will have a message.
#[cfg(feature = "std")]
pub(super) fn due(entries: &[Entry<'_>]) -> Option<std::time::Instant> {
    entries.iter().filter_map(|entry| entry.operation.due()).min()
}

/// How many messages went through the queues so far (it wraps).
fn moved(entries: &[Entry<'_>]) -> usize {
    entries.iter().fold(0, |sum, entry| sum.wrapping_add(entry.operation.moved()))
}

/// Waits in its places.
fn wait(
    entries: &mut [Entry<'_>],
    manner: Manner,
    park: &impl Park,
    patience: Patience,
) -> Result<Found, ParkError> {
    let meets = entries.iter().any(|entry| entry.operation.is_rendezvous());
    let borrowed = if meets { Some(Borrowed::new().map_err(DomainError::from)?) } else { None };
    let claim = borrowed.as_ref().map(Borrowed::claim);
    let seeker = Seeker {
        claim: claim.filter(|_| !manner.watches),
        owner: claim.map_or(0, Claim::owner),
        watches: manner.watches,
    };
    let mut registered = Registered { entries };
    for at in 0..registered.entries.len() {
        let entry = &mut registered.entries[at];
        match entry.operation.register(seeker) {
            Ok(registration) => entry.registration = Some(registration),
            // As when the end is found closed.
            Err(DomainError::Ended) => return Ok((at, Token::Disconnected)),
            Err(error) => return Err(error.into()),
        }
    }
    let given_up = match registered.sleep(seeker, park, patience) {
        Ok(found) => return Ok(found),
        Err(given_up) => given_up,
    };
    if let Some(claim) = seeker.claim
        && !claim.leave()
        && let Some(found) = registered.matched()
    {
        return Ok(found);
    }
    let entries = registered.give_up();
    match look(entries, Seeker::passing(manner.watches)) {
        Look::Found(found) => Ok(found),
        _ => Err(given_up),
    }
}

/// Operations that stand among those that wait; they leave when this is dropped.
struct Registered<'s, 'a> {
    entries: &'s mut [Entry<'a>],
}

impl<'s, 'a> Registered<'s, 'a> {
    fn sleep(
        &mut self,
        seeker: Seeker<'_>,
        park: &impl Park,
        mut patience: Patience,
    ) -> Result<Found, ParkError> {
        let mut busy = 0;
        loop {
            // First the places, then the look: who comes in between finds us, or we him.
            for entry in self.entries.iter_mut() {
                if let Some(registration) = &mut entry.registration {
                    entry.operation.offer(registration, seeker, &mut || park.waker());
                }
            }
            if let Some(found) = self.matched() {
                return Ok(found);
            }
            if let Some(at) = self.entries.iter().position(|entry| entry.phase() == Phase::Ended) {
                // A peer that matched another operation meanwhile finds that we left.
                seeker.claim.map(Claim::leave);
                return Ok((at, Token::Disconnected));
            }
            let wakeup = match look(self.entries, seeker) {
                Look::Found(found) => return Ok(found),
                Look::Busy => {
                    busy += 1;
                    park.pause(busy)
                }
                Look::Nothing | Look::Called | Look::Taken => self.rest(seeker, park, &mut patience),
            };
            match wakeup {
                Wakeup::Woken => {}
                Wakeup::TimedOut => return Err(ParkError::TimedOut),
                Wakeup::Interrupted => return Err(ParkError::Interrupted),
            }
        }
    }

    /// Sleeps until there is news of one of the places. None is that one was woken while a peer who has matched us is in the
    /// middle of it: nobody else can have us then, and places that are offered again would only have us and others call each
    /// other in vain. (Should he leave, he wakes us after he has opened the choice again.)
    fn rest(&self, seeker: Seeker<'_>, park: &impl Park, patience: &mut Patience) -> Wakeup {
        let is_news = |entry: &Entry<'_>| match entry.phase() {
            Phase::Waiting => false,
            Phase::Woken => !seeker.is_matched(),
            Phase::Done | Phase::Ended => true,
        };
        loop {
            if self.entries.iter().any(is_news) {
                return Wakeup::Woken;
            }
            if patience.wait_in_place() {
                continue;
            }
            match park.park() {
                Wakeup::Woken => {}
                other => return other,
            }
        }
    }

    /// The operation that a peer has matched, and moved its message into.
    fn matched(&mut self) -> Option<Found> {
        let at = self.entries.iter().position(|entry| entry.phase() == Phase::Done)?;
        let entry = &mut self.entries[at];
        let registration = entry.registration.take().expect("it has a phase");
        Some((at, entry.operation.received(registration)))
    }

    fn give_up(self) -> &'s mut [Entry<'a>] {
        let mut this = core::mem::ManuallyDrop::new(self);
        leave(this.entries);
        core::mem::take(&mut this.entries)
    }
}

fn leave(entries: &mut [Entry<'_>]) {
    for entry in entries {
        if let Some(registration) = entry.registration.take() {
            entry.operation.unregister(registration);
        }
    }
}

impl Drop for Registered<'_, '_> {
    fn drop(&mut self) {
        leave(self.entries);
    }
}

/// As `look`, in the order that is due; that is the order of later looks too.
#[inline]
fn first_look(entries: &mut [Entry<'_>], manner: Manner) -> Look {
    let seeker = Seeker::passing(manner.watches);
    if manner.biased {
        return look(entries, seeker);
    }
    let mut order = Order::new();
    let mut result = Look::Nothing;
    for at in 0..entries.len() {
        order.draw(entries, at);
        if result.is_settled_by(at, &entries[at], seeker) {
            break;
        }
    }
    result
}

/// Tries each, until one can happen.
fn look(entries: &[Entry<'_>], seeker: Seeker<'_>) -> Look {
    let mut result = Look::Nothing;
    for (at, entry) in entries.iter().enumerate() {
        if result.is_settled_by(at, entry, seeker) {
            break;
        }
    }
    result
}

impl Look {
    /// Adds what comes of a look at that entry. `true`: no other is to be looked at.
    #[inline]
    fn is_settled_by(&mut self, at: usize, entry: &Entry<'_>, seeker: Seeker<'_>) -> bool {
        if seeker.watches {
            if !entry.operation.is_ready(seeker) {
                return false;
            }
            *self = Self::Found((at, Token::Nothing));
            return true;
        }
        match entry.operation.attempt(seeker) {
            Tried::Done(token) => *self = Self::Found((at, token)),
            Tried::Taken => *self = Self::Taken,
            tried => {
                match tried {
                    Tried::Busy => *self = Self::Busy,
                    Tried::Called if matches!(self, Self::Nothing) => *self = Self::Called,
                    _ => {}
                }
                return false;
            }
        }
        true
    }
}
