//! In which order operations are looked at.

use crate::primitive::next_random;

/// So many choices are made by one random number, whose 32 bits tell 12! orders apart.
const BY_ONE: u32 = 12;

/// Any order is as likely as any other, as far as a small generator can tell (Fisher and Yates); one after the other is
/// drawn, as most often the first one is all that is needed.
pub(super) struct Order {
    random: u32,
    drawn: u32,
}

impl Order {
    pub(super) fn new() -> Self {
        // (What models have in place of a random number leaves things in their order.)
        Self { random: !(next_random() as u32), drawn: 0 }
    }

    /// Puts one of those from that place on there.
    #[inline]
    pub(super) fn draw<T>(&mut self, things: &mut [T], place: usize) {
        if self.drawn == BY_ONE {
            *self = Self::new();
        }
        self.drawn += 1;
        // As a fraction of 2^32 it is divided evenly, and what is left over is the next one (Lemire 2019).
        let product = u64::from(self.random) * (things.len() - place) as u64;
        self.random = product as u32;
        let drawn = place + (product >> 32) as usize;
        if drawn != place {
            things.swap(place, drawn);
        }
    }
}
