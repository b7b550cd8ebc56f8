//! What a walk through a graph has seen: so that it goes through a shared part once, however many ways lead there.

use alloc::vec::Vec;

use crate::refs::AllocError;

/// So many entries are not written down: most walks are short, and these stay as cheap as they are.
const FREE: usize = 128;

/// A table from pairs of addresses to words, that starts to fill after [`FREE`] entries.
pub(super) struct Seen {
    skipped: usize,
    len: usize,
    /// A power of two of places, at most half of them taken; a key of zeros is a free place.
    places: Vec<((usize, usize), u64)>,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self { skipped: 0, len: 0, places: Vec::new() }
    }

    /// Writes an entry down that is not there yet. Its first address is not 0.
    pub(super) fn put(&mut self, key: (usize, usize), word: u64) -> Result<(), AllocError> {
        if self.skipped < FREE {
            self.skipped += 1;
            return Ok(());
        }
        if self.len * 2 >= self.places.len() {
            self.grow()?;
        }
        let place = self.place(key);
        self.places[place] = (key, word);
        self.len += 1;
        Ok(())
    }

    /// The word of an entry that was written down.
    pub(super) fn get(&self, key: (usize, usize)) -> Option<u64> {
        if self.places.is_empty() {
            return None;
        }
        let (found, word) = self.places[self.place(key)];
        (found == key).then_some(word)
    }

    /// The place where the key is, or would be.
    fn place(&self, key: (usize, usize)) -> usize {
        let mixed = (key.0 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (key.1 as u64).rotate_left(32);
        let mixed = mixed.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let mask = self.places.len() - 1;
        let mut place = (mixed >> 32) as usize & mask;
        while self.places[place].0 != key && self.places[place].0 != (0, 0) {
            place = (place + 1) & mask;
        }
        place
    }

    fn grow(&mut self) -> Result<(), AllocError> {
        let len = (self.places.len() * 2).max(64);
        let mut places = Vec::new();
        places.try_reserve_exact(len).map_err(|_| AllocError)?;
        places.resize(len, ((0, 0), 0));
        for (key, word) in core::mem::replace(&mut self.places, places) {
            if key != (0, 0) {
                let place = self.place(key);
                self.places[place] = (key, word);
            }
        }
        Ok(())
    }
}
