//! Maps: immutable hash tables that keep the order of insertion.
//!
//! A map's object holds the entries in their order, then an index: a power of two of 32-bit places, probed one after the
//! other. A place is 0, or in its low bits the number of an entry plus one; what is left of the word is taken from the
//! entry's hash, so that most places that belong to other keys are passed without a look at those. The index has at
//! least half as many places again as the map has entries. The seed of the hash stands in the object.

mod builder;

use alloc::alloc::Layout;
use core::fmt;
use core::iter::FusedIterator;
use core::ptr::NonNull;
use core::slice;

use super::key::Keying;
use super::text::Text;
use super::{Value, equal};
use crate::object::{Kind, Object, Payload, Vtable};
use crate::refs::AllocError;

pub use builder::{InsertError, MapBuilder};

/// What cannot be a key, and why a lookup has no answer.
///
/// ```
/// use crossinterp_core::{KeyError, Value};
///
/// let map = Value::map([])?;
/// assert_eq!(map.as_map().unwrap().get(&Value::list([]).unwrap()), Err(KeyError::Unhashable));
/// # Ok::<(), KeyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The key is, or has in it, something that cannot be a key: a list, a map, a record, the end of a channel.
    Unhashable,
    /// The key (when inserting: or the value) is moved, or has something moved in it.
    Moved,
    /// There is no memory for the entry, or for the walk through a key of tuples that are nested very deep.
    OutOfMemory,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unhashable => "this cannot be a key",
            Self::Moved => "a moved value",
            Self::OutOfMemory => "out of memory",
        })
    }
}

impl core::error::Error for KeyError {}

impl From<AllocError> for KeyError {
    fn from(AllocError: AllocError) -> Self {
        Self::OutOfMemory
    }
}

/// With what a map hashes its keys: who does not know it cannot choose keys that get into each other's way.
///
/// ```
/// use crossinterp_core::{MapBuilder, Seed};
///
/// // Without the standard library the embedder brings 16 bytes that nobody else knows.
/// let entropy = [0x243F_6A88_85A3_08D3, 0x1319_8A2E_0370_7344];
/// assert!(MapBuilder::with_seed(Seed::new(entropy), 0)?.is_empty());
/// # Ok::<(), crossinterp_core::AllocError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Seed(pub(super) [u64; 2]);

impl Seed {
    /// A seed of the embedder's own.
    ///
    /// ```
    /// use crossinterp_core::Seed;
    ///
    /// assert_eq!(format!("{:?}", Seed::new([1, 2])), "Seed(..)");
    /// ```
    pub const fn new(entropy: [u64; 2]) -> Self {
        Self(entropy)
    }

    /// A seed of the standard library's making: another one at each call.
    ///
    /// ```
    /// use crossinterp_core::{MapBuilder, Seed};
    ///
    /// assert!(MapBuilder::with_seed(Seed::random(), 10).is_ok());
    /// ```
    #[cfg(feature = "std")]
    pub fn random() -> Self {
        use std::hash::{BuildHasher, RandomState};

        let state = RandomState::new();
        Self([state.hash_one(0), state.hash_one(1)])
    }
}

impl fmt::Debug for Seed {
    /// Not the seed itself: it is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

#[repr(C)]
struct Entry {
    key: Value,
    value: Value,
}

/// The payload of a map's object; the tail is room for `capacity` entries, then the index.
struct Head {
    /// How many entries there are. Only a builder changes it.
    len: usize,
    capacity: usize,
    /// The index has two to the power of so many places.
    bits: u32,
    seed: Seed,
}

// SAFETY: what the tail's size depends on is never changed.
unsafe impl Payload for Head {
    fn tail(&self) -> usize {
        // `Head::new` looked that this is a size.
        self.capacity * size_of::<Entry>() + (size_of::<u32>() << self.bits)
    }
}

static MAP: Vtable = Vtable::new::<Head>(Kind::Map);

impl Head {
    /// An empty map with room for `capacity` entries, all of its index free.
    fn allocate(capacity: usize, bits: u32, seed: Seed) -> Result<Object, AllocError> {
        let entries = Layout::array::<Entry>(capacity).map_err(|_| AllocError)?;
        let index = Layout::array::<u32>(1 << bits).map_err(|_| AllocError)?;
        entries.extend(index).map_err(|_| AllocError)?;
        // SAFETY: the table is the one of this payload; the index is inside the tail, and 0 is a free place.
        unsafe {
            let object = Object::new(Self { len: 0, capacity, bits, seed }, &MAP)?;
            Self::index(object).as_ptr().cast::<u32>().write_bytes(0, 1 << bits);
            Ok(object)
        }
    }

    /// How large an index is that `capacity` entries can be found through: `None` when there are too many.
    fn bits_for(capacity: usize) -> Option<u32> {
        (capacity <= MapBuilder::MAX_LEN)
            .then(|| places_for(capacity).max(4).next_power_of_two().trailing_zeros())
    }

    /// # Safety
    ///
    /// The object is a living map.
    unsafe fn entries(object: Object) -> NonNull<Entry> {
        // SAFETY: the caller's promise: that is where the tail starts, and it is aligned for values.
        unsafe { object.tail::<Self>().cast() }
    }

    /// # Safety
    ///
    /// The object is a living map.
    unsafe fn index(object: Object) -> NonNull<[u32]> {
        // SAFETY: the caller's promise: the index follows the room for the entries.
        unsafe {
            let head = object.payload::<Self>().as_ref();
            NonNull::slice_from_raw_parts(Self::entries(object).add(head.capacity).cast(), 1 << head.bits)
        }
    }
}

/// How many places an index needs at least so that probing stays short, and always ends at a free one.
const fn places_for(capacity: usize) -> u64 {
    capacity as u64 + capacity as u64 / 2 + 1
}

/// The keys and values in a map, in turn.
///
/// # Safety
///
/// The object is a living map. Who writes to the values is alone with the object.
pub(super) unsafe fn slots(object: Object) -> NonNull<[Value]> {
    // SAFETY: the caller's promise; an entry is two values.
    unsafe {
        let len = object.payload::<Head>().as_ref().len;
        NonNull::slice_from_raw_parts(Head::entries(object).cast(), 2 * len)
    }
}

/// Where a key is, or would be.
enum Place {
    Entry(usize),
    /// The free place of the index at which it would be entered.
    Free(usize),
}

/// Follows a hash through the index, which has a free place.
#[inline]
fn probe(
    index: &[u32],
    entries: &[Entry],
    hash: u64,
    mut is_key: impl FnMut(&Value) -> Result<bool, AllocError>,
) -> Result<Place, AllocError> {
    let mask = index.len() - 1;
    let word = index_word(hash, mask);
    let mut place = hash as usize & mask;
    loop {
        let found = index[place];
        if found == 0 {
            return Ok(Place::Free(place));
        }
        if (found ^ word) & !(mask as u32) == 0 {
            let number = (found as usize & mask) - 1;
            if is_key(&entries[number].key)? {
                return Ok(Place::Entry(number));
            }
        }
        place = (place + 1) & mask;
    }
}

/// What of the hash stands in a place of the index; the low bits are free.
#[inline]
fn index_word(hash: u64, mask: usize) -> u32 {
    (hash >> 32) as u32 & !(mask as u32)
}

/// A borrowed map.
///
/// ```
/// use crossinterp_core::Value;
///
/// let ages = Value::map([
///     (Value::text("Ada")?, Value::from(36)),
///     (Value::text("Grace")?, Value::from(85)),
/// ])?;
/// let ages = ages.as_map().unwrap();
/// assert_eq!(ages.get_str("Grace"), Some(&Value::from(85)));
/// assert_eq!(ages.iter().next(), Some((&Value::text("Ada")?, &Value::from(36))));
/// # Ok::<(), crossinterp_core::KeyError>(())
/// ```
#[derive(Clone, Copy)]
pub struct MapRef<'a> {
    entries: &'a [Entry],
    index: &'a [u32],
    seed: Seed,
}

impl<'a> MapRef<'a> {
    /// How many entries it has.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::map([(Value::NONE, Value::NONE)])?.as_map().unwrap().len(), 1);
    /// # Ok::<(), crossinterp_core::KeyError>(())
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert!(Value::map([])?.as_map().unwrap().is_empty());
    /// # Ok::<(), crossinterp_core::KeyError>(())
    /// ```
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of a key. A key with a NaN in it is never found.
    ///
    /// # Errors
    ///
    /// [`KeyError`]: the thing cannot be a key, is moved, or is nested so deep that there is no memory to walk it.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let names = Value::map([(Value::from(1), Value::text("one")?)])?;
    /// let names = names.as_map().unwrap();
    /// assert_eq!(names.get(&Value::from(1.0))?, Some(&Value::text("one")?));
    /// assert_eq!(names.get(&Value::from(2))?, None);
    /// # Ok::<(), crossinterp_core::KeyError>(())
    /// ```
    #[inline]
    pub fn get(&self, key: &Value) -> Result<Option<&'a Value>, KeyError> {
        let hash = Keying { seed: self.seed, nan: u64::MAX }.hash(key)?;
        Ok(self.find(hash, |other| equal::equal(key, other))?)
    }

    /// The value of a text key.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let map = Value::map([(Value::text("key")?, Value::from(1))])?;
    /// assert_eq!(map.as_map().unwrap().get_str("key"), Some(&Value::from(1)));
    /// # Ok::<(), crossinterp_core::KeyError>(())
    /// ```
    #[inline]
    pub fn get_str(&self, key: &str) -> Option<&'a Value> {
        self.get_text(Text::from(key))
    }

    /// The value of a text key of any form.
    ///
    /// ```
    /// use crossinterp_core::{Text, Units, Value};
    ///
    /// let map = Value::map([(Value::text("é")?, Value::from(1))])?;
    /// let key = Text::new(Units::Latin1(b"\xE9"))?;
    /// assert_eq!(map.as_map().unwrap().get_text(key), Some(&Value::from(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn get_text(&self, key: Text<'_>) -> Option<&'a Value> {
        let hash = Keying { seed: self.seed, nan: u64::MAX }.text(key);
        self.find(hash, |other| Ok(other.as_text() == Some(key))).ok().flatten() // comparing text cannot fail
    }

    #[inline]
    fn find(
        &self,
        hash: u64,
        is_key: impl FnMut(&Value) -> Result<bool, AllocError>,
    ) -> Result<Option<&'a Value>, AllocError> {
        if self.entries.is_empty() {
            return Ok(None);
        }
        Ok(match probe(self.index, self.entries, hash, is_key)? {
            Place::Entry(number) => Some(&self.entries[number].value),
            Place::Free(_) => None,
        })
    }

    /// The key and value at a place in the order of insertion.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let map = Value::map([(Value::from(5), Value::NONE)])?;
    /// let map = map.as_map().unwrap();
    /// assert_eq!(map.entry(0), Some((&Value::from(5), &Value::NONE)));
    /// assert_eq!(map.entry(1), None);
    /// # Ok::<(), crossinterp_core::KeyError>(())
    /// ```
    #[inline]
    pub fn entry(&self, index: usize) -> Option<(&'a Value, &'a Value)> {
        self.entries.get(index).map(|entry| (&entry.key, &entry.value))
    }

    /// The keys and values, in the order of insertion.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let map = Value::map((0..3).map(|number| (Value::from(number), Value::NONE)))?;
    /// assert!(map.as_map().unwrap().iter().map(|(key, _)| key.as_int().unwrap()).eq(0..3));
    /// # Ok::<(), crossinterp_core::KeyError>(())
    /// ```
    #[inline]
    pub fn iter(&self) -> MapIter<'a> {
        MapIter(self.entries.iter())
    }
}

impl fmt::Debug for MapRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(*self).finish()
    }
}

impl<'a> IntoIterator for MapRef<'a> {
    type Item = (&'a Value, &'a Value);
    type IntoIter = MapIter<'a>;

    fn into_iter(self) -> MapIter<'a> {
        self.iter()
    }
}

/// The keys and values of a map, in the order of insertion.
///
/// ```
/// use crossinterp_core::Value;
///
/// let map = Value::map([(Value::from(1), Value::from(2))])?;
/// assert_eq!(map.as_map().unwrap().iter().len(), 1);
/// # Ok::<(), crossinterp_core::KeyError>(())
/// ```
#[derive(Clone)]
pub struct MapIter<'a>(slice::Iter<'a, Entry>);

impl<'a> Iterator for MapIter<'a> {
    type Item = (&'a Value, &'a Value);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|entry| (&entry.key, &entry.value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl DoubleEndedIterator for MapIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|entry| (&entry.key, &entry.value))
    }
}

impl ExactSizeIterator for MapIter<'_> {}

impl FusedIterator for MapIter<'_> {}

impl fmt::Debug for MapIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.clone()).finish()
    }
}

impl Value {
    /// A map of those keys and values, in that order; of a key that comes again the first place and the last value
    /// remain.
    ///
    /// # Errors
    ///
    /// [`KeyError`]: a key cannot be one, a key or value is moved, or there is no memory.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let map = Value::map([(Value::from(1), Value::from(10)), (Value::from(true), Value::from(20))])?;
    /// assert_eq!(format!("{map:?}"), "{1: 20}");
    /// # Ok::<(), crossinterp_core::KeyError>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn map(entries: impl IntoIterator<Item = (Self, Self)>) -> Result<Self, KeyError> {
        let entries = entries.into_iter();
        let mut builder = MapBuilder::with_capacity(entries.size_hint().0)?;
        for (key, value) in entries {
            builder.insert(key, value).map_err(|error| error.reason)?;
        }
        Ok(builder.finish().map_err(|(_, error)| error)?)
    }

    /// The map, if it is one.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert!(Value::map([])?.as_map().is_some());
    /// assert!(Value::NONE.as_map().is_none());
    /// # Ok::<(), crossinterp_core::KeyError>(())
    /// ```
    #[inline]
    pub fn as_map(&self) -> Option<MapRef<'_>> {
        if self.kind() != Kind::Map {
            return None;
        }
        Some(match self.object() {
            None => MapRef { entries: &[], index: &[], seed: Seed([0; 2]) },
            // SAFETY: the kind says what the object is, it lives while `self` is borrowed, and never changes.
            Some(object) => unsafe { map_ref(object) },
        })
    }
}

/// What a map's object holds.
///
/// # Safety
///
/// The object is a map, and for all of `'a` it lives and nobody writes to it.
#[inline]
unsafe fn map_ref<'a>(object: Object) -> MapRef<'a> {
    // SAFETY: the caller's promise; as many entries are initialised as `len` says, and all of the index.
    unsafe {
        let head = object.payload::<Head>().as_ref();
        let entries = slice::from_raw_parts(Head::entries(object).as_ptr(), head.len);
        MapRef { entries, index: Head::index(object).as_ref(), seed: head.seed }
    }
}
