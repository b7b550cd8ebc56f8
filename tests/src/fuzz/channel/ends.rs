//! Ends and weak ends of a channel, and what holds them.

use crossinterp_core::{Domain, DomainError, DomainState, Receiver, Sender, WeakReceiver, WeakSender};

use super::super::ledger::Message;
use super::super::model::{Model, Side};
use super::{Setting, pick};

/// More ends of one side than this only make a schedule slow.
const MOST_ENDS: usize = 6;
const MOST_WEAK: usize = 3;

/// One end, and what holds it.
#[derive(Debug)]
pub(super) struct Handle<E> {
    pub(super) end: E,
    pub(super) domain: Option<usize>,
    pub(super) ended: bool,
}

/// A weak end, and what holds the ends that it makes.
pub(super) struct WeakHandle<W> {
    weak: W,
    domain: Option<usize>,
}

/// The ends of one side.
pub(super) struct Ends<E: End> {
    pub(super) strong: Vec<Handle<E>>,
    weak: Vec<WeakHandle<E::Weak>>,
}

/// What an end of either side can be asked.
pub(super) trait End: Clone {
    const SIDE: Side;
    type Weak: Clone;

    /// (is_ended, is_closed, len, is_empty, is_full, sender_count, receiver_count)
    fn look(&self) -> (bool, bool, usize, bool, bool, usize, usize);
    fn try_clone(&self) -> Result<Self, DomainError>;
    fn free_clone(&self) -> Result<Self, DomainError>;
    fn held_by(&self, domain: &Domain) -> Result<Self, DomainError>;
    fn downgrade(&self) -> Self::Weak;
    fn upgrade(weak: &Self::Weak) -> Option<Self>;
}

macro_rules! end {
    ($end:ident, $weak:ident) => {
        impl End for $end<Message> {
            const SIDE: Side = Side::$end;
            type Weak = $weak<Message>;

            fn look(&self) -> (bool, bool, usize, bool, bool, usize, usize) {
                (
                    self.is_ended(),
                    self.is_closed(),
                    self.len(),
                    self.is_empty(),
                    self.is_full(),
                    self.sender_count(),
                    self.receiver_count(),
                )
            }
            fn try_clone(&self) -> Result<Self, DomainError> {
                $end::try_clone(self)
            }
            fn free_clone(&self) -> Result<Self, DomainError> {
                $end::free_clone(self)
            }
            fn held_by(&self, domain: &Domain) -> Result<Self, DomainError> {
                $end::held_by(self, domain)
            }
            fn downgrade(&self) -> Self::Weak {
                $end::downgrade(self)
            }
            fn upgrade(weak: &Self::Weak) -> Option<Self> {
                weak.upgrade()
            }
        }
    };
}
end!(Sender, WeakSender);
end!(Receiver, WeakReceiver);

impl<E: End> Ends<E> {
    pub(super) fn new(end: E) -> Self {
        Self { strong: vec![Handle { end, domain: None, ended: false }], weak: Vec::new() }
    }

    pub(super) fn pick(&self, choice: usize) -> Option<&Handle<E>> {
        pick(&self.strong, choice).map(|index| &self.strong[index])
    }

    /// All go but the weak ones.
    pub(super) fn into_weak(self) -> impl Sized {
        self.weak
    }

    /// What each end says of the channel is what the model says.
    pub(super) fn compare(&self, model: &Model) {
        let len = model.len();
        for Handle { end, ended, .. } in &self.strong {
            let closed = *ended || model.is_closed();
            let (senders, receivers) = (model.ends(Side::Sender), model.ends(Side::Receiver));
            assert_eq!(
                end.look(),
                (*ended, closed, len, len == 0, model.is_full(), senders, receivers),
                "(is_ended, is_closed, len, is_empty, is_full, sender_count, receiver_count)"
            );
        }
    }

    /// One more end, by one of the ways to make one.
    pub(super) fn copy(&mut self, model: &mut Model, setting: &Setting, choice: usize) {
        let Some(index) = pick(&self.strong, choice / 8).filter(|_| self.strong.len() < MOST_ENDS) else {
            return;
        };
        let Handle { end, domain: holder, ended } = &self.strong[index];
        let domain = choice % 3;
        let (copy, holder) = match choice % 8 {
            0 | 1 => (end.try_clone(), *holder),
            2 => (end.free_clone(), None),
            3 => (Ok(end.clone()), *holder),
            _ => (end.held_by(&setting.domains[domain]), Some(domain)),
        };
        let cloned_anyway = choice % 8 == 3;
        let refused = *ended || setting.has_closed(holder);
        match copy {
            Ok(_) if refused && !cloned_anyway => panic!("an end was made where the domain has closed"),
            Ok(end) => {
                if !refused {
                    model.enter(E::SIDE);
                }
                self.strong.push(Handle { end, domain: holder, ended: refused });
            }
            Err(error) => {
                assert_eq!(error, DomainError::Ended);
                assert!(refused, "an end was refused for no reason");
            }
        }
    }

    /// An end goes; one that has ended was taken out of the count before.
    pub(super) fn drop_one(&mut self, model: &mut Model, choice: usize) {
        let Some(index) = pick(&self.strong, choice) else { return };
        if !self.strong.swap_remove(index).ended {
            model.leave(E::SIDE);
        }
    }

    /// The domain has closed: the ends that it holds end.
    pub(super) fn end_held(&mut self, model: &mut Model, domain: usize) {
        let held = |handle: &&mut Handle<E>| handle.domain == Some(domain) && !handle.ended;
        for handle in self.strong.iter_mut().filter(held) {
            handle.ended = true;
            model.leave(E::SIDE);
        }
    }

    /// Weak ends come and go; nothing else changes by that.
    pub(super) fn change_weak(&mut self, choice: usize) {
        let (what, choice) = (choice % 4, choice / 4);
        let at = pick(&self.weak, choice);
        match (what, at) {
            (0, Some(at)) => drop(self.weak.swap_remove(at)),
            _ if self.weak.len() == MOST_WEAK => {}
            (1, Some(at)) => {
                let WeakHandle { weak, domain } = &self.weak[at];
                let copy = WeakHandle { weak: weak.clone(), domain: *domain };
                self.weak.push(copy);
            }
            _ => {
                let Some(Handle { end, domain, .. }) = self.pick(choice) else { return };
                let weak = WeakHandle { weak: end.downgrade(), domain: *domain };
                self.weak.push(weak);
            }
        }
    }

    /// A weak end makes an end while there are others, and its domain has not closed.
    pub(super) fn upgrade(&mut self, model: &mut Model, setting: &Setting, choice: usize) {
        let Some(at) = pick(&self.weak, choice) else { return };
        let WeakHandle { weak, domain } = &self.weak[at];
        let upgraded = E::upgrade(weak);
        let expected = model.ends(E::SIDE) > 0 && !model.is_single(E::SIDE) && !setting.has_closed(*domain);
        assert_eq!(upgraded.is_some(), expected, "a weak end makes one");
        let Some(end) = upgraded else { return };
        model.enter(E::SIDE);
        if self.strong.len() < MOST_ENDS {
            self.strong.push(Handle { end, domain: *domain, ended: false });
        } else {
            drop(end);
            model.leave(E::SIDE);
        }
    }
}

impl Setting {
    fn has_closed(&self, domain: Option<usize>) -> bool {
        domain.is_some_and(|domain| self.states[domain] == DomainState::Closed)
    }
}
