//! SipHash: a hash that whoever does not know the seed cannot steer.
//!
//! Maps use one compression round and three finishing rounds, as the standard library's map and CPython do.

/// The state of SipHash with `C` rounds a word and `D` rounds at the end, fed piece by piece.
#[derive(Clone)]
pub(super) struct Sip<const C: usize, const D: usize> {
    state: [u64; 4],
    /// The bytes since the last whole word, in the low end.
    tail: u64,
    /// How many bytes came in.
    len: usize,
}

/// What maps use.
pub(super) type Hasher = Sip<1, 3>;

impl<const C: usize, const D: usize> Sip<C, D> {
    #[inline]
    pub(super) fn new([low, high]: [u64; 2]) -> Self {
        let state = [
            low ^ 0x736f_6d65_7073_6575,
            high ^ 0x646f_7261_6e64_6f6d,
            low ^ 0x6c79_6765_6e65_7261,
            high ^ 0x7465_6462_7974_6573,
        ];
        Self { state, tail: 0, len: 0 }
    }

    #[inline]
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        if self.len.is_multiple_of(8) {
            for word in words {
                self.compress(u64::from_le_bytes(*word));
            }
            self.tail = short_word(rest);
            self.len = self.len.wrapping_add(bytes.len());
            return;
        }
        for word in words {
            self.write_word(u64::from_le_bytes(*word), 8);
        }
        if !rest.is_empty() {
            self.write_word(short_word(rest), rest.len());
        }
    }

    #[inline]
    pub(super) fn write_u64(&mut self, word: u64) {
        self.write_word(word, 8);
    }

    /// Feeds the lowest `size` bytes of a word, at least one; those above are 0.
    #[inline]
    fn write_word(&mut self, word: u64, size: usize) {
        let held = self.len % 8;
        self.len = self.len.wrapping_add(size);
        self.tail |= word << (8 * held);
        if held + size >= 8 {
            self.compress(self.tail);
            self.tail = if held == 0 { 0 } else { word >> (8 * (8 - held)) };
        }
    }

    #[inline]
    pub(super) fn finish(mut self) -> u64 {
        self.compress(self.tail | (self.len as u64) << 56);
        self.state[2] ^= 0xFF;
        self.rounds::<D>();
        self.state.iter().fold(0, |hash, word| hash ^ word)
    }

    #[inline]
    fn compress(&mut self, word: u64) {
        self.state[3] ^= word;
        self.rounds::<C>();
        self.state[0] ^= word;
    }

    #[inline]
    fn rounds<const N: usize>(&mut self) {
        let [mut a, mut b, mut c, mut d] = self.state;
        for _ in 0..N {
            a = a.wrapping_add(b);
            b = b.rotate_left(13) ^ a;
            a = a.rotate_left(32);
            c = c.wrapping_add(d);
            d = d.rotate_left(16) ^ c;
            a = a.wrapping_add(d);
            d = d.rotate_left(21) ^ a;
            c = c.wrapping_add(b);
            b = b.rotate_left(17) ^ c;
            c = c.rotate_left(32);
        }
        self.state = [a, b, c, d];
    }
}

/// Fewer than 8 bytes in the low end of a word. Reads of 4 or 2 bytes that overlap see the same bytes twice.
#[inline]
fn short_word(bytes: &[u8]) -> u64 {
    let last = |size: usize| 8 * (bytes.len() - size);
    if let (Some(low), Some(high)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u32::from_le_bytes(*low)) | u64::from(u32::from_le_bytes(*high)) << last(4)
    } else if let (Some(low), Some(high)) = (bytes.first_chunk(), bytes.last_chunk()) {
        u64::from(u16::from_le_bytes(*low)) | u64::from(u16::from_le_bytes(*high)) << last(2)
    } else {
        bytes.first().map_or(0, |&byte| byte.into())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::hash::{DefaultHasher, Hasher as _};

    /// The example that the paper works through (appendix A), and outputs of its reference program.
    #[test]
    fn agrees_with_the_paper() {
        let seed = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let expected = [
            (0, 0x726f_db47_dd0e_0e31),
            (1, 0x74f8_39c5_93dc_67fd),
            (2, 0x0d6c_8009_d9a9_4f5a),
            (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462),
            (15, 0xa129_ca61_49be_45e5),
        ];
        for (len, hash) in expected {
            let message: Vec<u8> = (0..len).collect();
            let mut sip = Sip::<2, 4>::new(seed);
            sip.write(&message);
            assert_eq!(sip.finish(), hash, "of {len} bytes");
        }
    }

    proptest! {
        /// The standard library's hasher is SipHash-1-3 with the seed 0.
        #[test]
        fn agrees_with_the_standard_library(pieces: Vec<Vec<u8>>) {
            let mut ours = Sip::<1, 3>::new([0, 0]);
            let mut theirs = DefaultHasher::new();
            for piece in &pieces {
                ours.write(piece);
                theirs.write(piece);
            }
            prop_assert_eq!(ours.finish(), theirs.finish());
        }
    }
}
