//! The hash of a key: keyed, and the same for keys that are equal.
//!
//! A hash is that of the key's canonical form and a byte that tells the kinds apart. A number hashes as an int where it
//! is one, text in the narrowest of the forms with one width for all code points; the nested tuples of a tuple count
//! with their hashes.

use alloc::vec::Vec;
use core::{mem, slice};

use super::Value;
use super::hash::Hasher;
use super::number::Number;
use super::seen::Seen;
use super::table::{KeyError, Seed};
use super::text::{Text, Units};
use crate::object::Kind;
use crate::refs::AllocError;

// What the canonical forms end with, so that no two of them are the same bytes.
const NONE: u8 = 1;
const ELLIPSIS: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const BIG: u8 = 5;
const BYTES: u8 = 6;
const TUPLE: u8 = 7;
const TEXT_1: u8 = 8;
const TEXT_2: u8 = 9;
const TEXT_4: u8 = 10;

/// With what one hash is made.
#[derive(Clone, Copy)]
pub(super) struct Keying {
    pub(super) seed: Seed,
    /// Part of the hash of a NaN. It equals nothing, so it need not hash the same twice; but as many NaNs as somebody
    /// likes to send must not end up in one place, so each entry of a map has its own number here.
    pub(super) nan: u64,
}

impl Keying {
    /// The hash of a key.
    #[inline]
    pub(super) fn hash(self, key: &Value) -> Result<u64, KeyError> {
        match self.part(key)? {
            Part::Hash(hash) => Ok(hash),
            Part::Tuple(items) => self.tuple(items),
        }
    }

    /// The hash of a text.
    #[inline]
    pub(super) fn text(self, text: Text<'_>) -> u64 {
        let mut hasher = Hasher::new(self.seed.0);
        let tag = match text.units() {
            Units::Ascii(units) | Units::Latin1(units) => {
                hasher.write(units);
                TEXT_1
            }
            Units::Utf8(text) if text.is_ascii() => {
                hasher.write(text.as_bytes());
                TEXT_1
            }
            _ => canonical_text(&mut hasher, text),
        };
        hasher.write(&[tag]);
        hasher.finish()
    }

    #[inline]
    fn part(self, value: &Value) -> Result<Part<'_>, KeyError> {
        let mut hasher = Hasher::new(self.seed.0);
        let tag = match value.kind() {
            Kind::Text => {
                return value.as_text().map(|text| Part::Hash(self.text(text))).ok_or(KeyError::Unhashable);
            }
            Kind::None => NONE,
            Kind::Ellipsis => ELLIPSIS,
            Kind::Bytes => {
                hasher.write(value.as_bytes().unwrap_or_default());
                BYTES
            }
            Kind::Tuple => return Ok(Part::Tuple(value.items().unwrap_or_default())),
            Kind::Moved => return Err(KeyError::Moved),
            _ => match value.number().ok_or(KeyError::Unhashable)?.canonical() {
                Number::Int(number) => {
                    hasher.write_u64(number as u64);
                    INT
                }
                Number::Float(number) => {
                    hasher.write_u64(if number.is_nan() { self.nan } else { number.to_bits() });
                    FLOAT
                }
                Number::Big(digits) => {
                    hasher.write(digits);
                    BIG
                }
            },
        };
        hasher.write(&[tag]);
        Ok(Part::Hash(hasher.finish()))
    }

    /// The hash of a tuple. The walk's own stack takes the place of recursion; when there are many tuples it remembers
    /// the hashes of those it has seen, so that a shared one is walked once.
    fn tuple(self, items: &[Value]) -> Result<u64, KeyError> {
        let mut stack = Vec::new();
        let mut seen = Seen::new();
        let mut level = Level::new(items, self.seed);
        loop {
            let Some(item) = level.rest.next() else {
                level.hasher.write(&[TUPLE]);
                let hash = level.hasher.clone().finish();
                let Some(outer) = stack.pop() else { return Ok(hash) };
                if !level.items.is_empty() {
                    seen.put((level.items.as_ptr().addr(), 0), hash)?;
                }
                level = outer;
                level.hasher.write_u64(hash);
                continue;
            };
            match self.part(item)? {
                Part::Hash(hash) => level.hasher.write_u64(hash),
                Part::Tuple(items) => match seen.get((items.as_ptr().addr(), 0)) {
                    Some(hash) if !items.is_empty() => level.hasher.write_u64(hash),
                    _ => {
                        stack.try_reserve(1).map_err(|_| AllocError)?;
                        stack.push(mem::replace(&mut level, Level::new(items, self.seed)));
                    }
                },
            }
        }
    }
}

/// A part of a key: its hash, or the tuple whose hash is yet to be found.
enum Part<'a> {
    Hash(u64),
    Tuple(&'a [Value]),
}

/// A tuple on the way through its items.
struct Level<'a> {
    items: &'a [Value],
    rest: slice::Iter<'a, Value>,
    hasher: Hasher,
}

impl<'a> Level<'a> {
    fn new(items: &'a [Value], seed: Seed) -> Self {
        Self { items, rest: items.iter(), hasher: Hasher::new(seed.0) }
    }
}

/// Feeds text in the narrowest form that has it, and tells which that is.
fn canonical_text(hasher: &mut Hasher, text: Text<'_>) -> u8 {
    let narrow = match text.units() {
        Units::Ucs2(units) => units.iter().all(|&unit| unit < 0x100),
        Units::Ucs4(units) => units.iter().all(|&unit| unit < 0x100),
        _ => text.max_point() < 0x100,
    };
    if narrow {
        feed(hasher, text, |point| [point as u8]);
        return TEXT_1;
    }
    let middle = match text.units() {
        Units::Ucs2(_) => true,
        Units::Ucs4(units) => units.iter().all(|&unit| unit < 0x1_0000),
        _ => text.max_point() < 0x1_0000,
    };
    if middle {
        feed(hasher, text, |point| (point as u16).to_le_bytes());
        TEXT_2
    } else {
        feed(hasher, text, u32::to_le_bytes);
        TEXT_4
    }
}

/// Feeds the code points as units of `N` bytes, many at a time.
fn feed<const N: usize>(hasher: &mut Hasher, text: Text<'_>, unit: impl Fn(u32) -> [u8; N]) {
    let mut buffer = [0; 128];
    let mut points = text.points();
    loop {
        let mut len = 0;
        for (place, point) in buffer.chunks_exact_mut(N).zip(&mut points) {
            place.copy_from_slice(&unit(point));
            len += N;
        }
        hasher.write(&buffer[..len]);
        if len < buffer.len() {
            return;
        }
    }
}
