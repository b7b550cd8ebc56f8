//! Ends that are not shared.

use super::{Model, Phase, Side};

impl Model {
    /// The one end of that side is not shared from now on. `false`: there are others, or operations that are not over.
    pub(crate) fn make_single(&mut self, side: Side) -> bool {
        let is_alone = self.ends(side) == 1
            && !self.is_single(side)
            && !self
                .waits()
                .iter()
                .any(|(_, wait)| wait.side == side && wait.placed && wait.phase != Phase::Over);
        self.single[side as usize] |= is_alone;
        is_alone
    }

    pub(crate) fn end_single(&mut self, side: Side) {
        self.single[side as usize] = false;
    }

    pub(crate) fn is_single(&self, side: Side) -> bool {
        self.single[side as usize]
    }

    /// Whether nobody but the one receiver may come to what is queued, if he is alone with it at this moment.
    pub(crate) fn may_be_kept(&self) -> bool {
        self.is_single(Side::Receiver) && self.has_slots()
    }

    /// How many were given back, which are in no queue.
    pub(crate) fn returned(&self) -> usize {
        self.returned.len()
    }
}
