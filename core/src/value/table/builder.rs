//! Filling a map, once.

use core::fmt;
use core::mem::{self, ManuallyDrop};

use static_assertions::const_assert;

use super::{Entry, Head, KeyError, Place, Seed, index_word, map_ref, places_for, probe};
use crate::object::{Kind, Object};
use crate::refs::AllocError;
use crate::value::key::Keying;
use crate::value::{Value, equal, release, sequence};

/// An entry that could not be inserted, and why.
///
/// ```
/// use crossinterp_core::{KeyError, MapBuilder, Value};
///
/// let error = MapBuilder::new().insert(Value::list([]).unwrap(), Value::from(1)).unwrap_err();
/// assert_eq!((error.reason, error.value), (KeyError::Unhashable, Value::from(1)));
/// ```
#[derive(Debug)]
pub struct InsertError {
    /// The key that was to be inserted.
    pub key: Value,
    /// Its value.
    pub value: Value,
    /// Why not.
    pub reason: KeyError,
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl core::error::Error for InsertError {}

/// A map that is being filled, with the semantics of Python's `dict`.
///
/// It grows when it must. One that was made with the right capacity is the map's own block from the beginning, and
/// finishing copies nothing. Dropping it releases what is in it.
///
/// ```
/// use crossinterp_core::{MapBuilder, Value};
///
/// let mut builder = MapBuilder::with_capacity(2)?;
/// builder.insert(Value::text("b")?, Value::from(1))?;
/// builder.insert(Value::text("a")?, Value::from(2))?;
/// builder.insert(Value::text("b")?, Value::from(3))?;
/// let map = builder.finish().map_err(|(_, error)| error)?;
/// assert_eq!(format!("{map:?}"), r#"{"b": 3, "a": 2}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct MapBuilder {
    seed: Seed,
    /// Room for entries, or nothing where none is needed yet. It has one reference, this one.
    object: Option<Object>,
}

// SAFETY: the builder is the only user of its object, which holds values, and they are `Send`.
unsafe impl Send for MapBuilder {}
// SAFETY: a `&MapBuilder` only tells how many entries there are.
unsafe impl Sync for MapBuilder {}

const_assert!(places_for(MapBuilder::MAX_LEN) <= 1 << 31);
const_assert!(places_for(MapBuilder::MAX_LEN + 1) > 1 << 31);

impl MapBuilder {
    /// No map has more entries.
    ///
    /// ```
    /// use crossinterp_core::{AllocError, MapBuilder};
    ///
    /// assert_eq!(MapBuilder::with_capacity(MapBuilder::MAX_LEN + 1).err(), Some(AllocError));
    /// ```
    pub const MAX_LEN: usize = 1_431_655_765; // the index has 2³¹ places at most

    /// An empty map.
    ///
    /// ```
    /// use crossinterp_core::MapBuilder;
    ///
    /// assert!(MapBuilder::new().is_empty());
    /// ```
    #[cfg(feature = "std")]
    pub fn new() -> Self {
        Self { seed: Seed::random(), object: None }
    }

    /// An empty map with room for that many entries.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: there is no memory for so many, or they are more than [`MapBuilder::MAX_LEN`].
    ///
    /// ```
    /// use crossinterp_core::MapBuilder;
    ///
    /// assert!(MapBuilder::with_capacity(100).is_ok());
    /// assert!(MapBuilder::with_capacity(usize::MAX).is_err());
    /// ```
    #[cfg(feature = "std")]
    pub fn with_capacity(capacity: usize) -> Result<Self, AllocError> {
        Self::with_seed(Seed::random(), capacity)
    }

    /// As `MapBuilder::with_capacity` (feature `std`), with a seed of the caller's own.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// ```
    /// use crossinterp_core::{MapBuilder, Seed};
    ///
    /// assert_eq!(MapBuilder::with_seed(Seed::new([1, 2]), 8)?.len(), 0);
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn with_seed(seed: Seed, capacity: usize) -> Result<Self, AllocError> {
        let object = match capacity {
            0 => None,
            _ => Some(Head::allocate(capacity, Head::bits_for(capacity).ok_or(AllocError)?, seed)?),
        };
        Ok(Self { seed, object })
    }

    /// How many entries there are.
    ///
    /// ```
    /// use crossinterp_core::{MapBuilder, Value};
    ///
    /// let mut builder = MapBuilder::new();
    /// builder.insert(Value::NONE, Value::NONE)?;
    /// assert_eq!(builder.len(), 1);
    /// # Ok::<(), crossinterp_core::InsertError>(())
    /// ```
    pub fn len(&self) -> usize {
        // SAFETY: the builder keeps its object alive, and it is a map.
        self.object.map_or(0, |object| unsafe { object.payload::<Head>().as_ref() }.len)
    }

    /// Whether there are none.
    ///
    /// ```
    /// use crossinterp_core::MapBuilder;
    ///
    /// assert!(MapBuilder::new().is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Inserts an entry. When an equal key is there already, that one stays where it is and gets the new value; the old
    /// value is returned, and the new key dropped. A key with a NaN in it equals none.
    ///
    /// # Errors
    ///
    /// [`InsertError`] with the key and the value: the key cannot be one, one of the two is moved, or there is no memory.
    /// The map is as before.
    ///
    /// ```
    /// use crossinterp_core::{MapBuilder, Value};
    ///
    /// let mut builder = MapBuilder::new();
    /// assert_eq!(builder.insert(Value::from(1), Value::from(10))?, None);
    /// assert_eq!(builder.insert(Value::from(1.0), Value::from(20))?, Some(Value::from(10)));
    /// # Ok::<(), crossinterp_core::InsertError>(())
    /// ```
    pub fn insert(&mut self, key: Value, value: Value) -> Result<Option<Value>, InsertError> {
        match self.place(&key, &value) {
            Err(reason) => Err(InsertError { key, value, reason }),
            // SAFETY: `place` found the entry in the map, which is there.
            Ok((object, _, Place::Entry(number))) => Ok(Some(unsafe {
                mem::replace(&mut Head::entries(object).add(number).as_mut().value, value)
            })),
            Ok((object, hash, Place::Free(place))) => {
                // SAFETY: `place` made room for one more entry, and found that place of the index free. The builder is
                // the only user of the object, and is borrowed exclusively.
                unsafe {
                    let head = object.payload::<Head>().as_mut();
                    Head::entries(object).add(head.len).write(Entry { key, value });
                    enter(Head::index(object).as_mut(), place, hash, head.len);
                    head.len += 1;
                }
                Ok(None)
            }
        }
    }

    /// Where the key is in the map or can be entered: then there is room for its entry.
    fn place(&mut self, key: &Value, value: &Value) -> Result<(Object, u64, Place), KeyError> {
        if key.is_moved() || value.is_moved() {
            return Err(KeyError::Moved);
        }
        let len = self.len();
        let hash = Keying { seed: self.seed, nan: len as u64 }.hash(key)?;
        if let Some(object) = self.object {
            // SAFETY: the object is a map, and nobody writes to it while this lasts.
            let (map, capacity) = unsafe { (map_ref(object), object.payload::<Head>().as_ref().capacity) };
            let place = probe(map.index, map.entries, hash, |other| equal::equal(key, other))?;
            if matches!(place, Place::Entry(_)) || len < capacity {
                return Ok((object, hash, place));
            }
        }
        let capacity = len.checked_mul(2).ok_or(AllocError)?.clamp(4, Self::MAX_LEN.max(len + 1));
        let object = self.grow(capacity)?;
        // SAFETY: the object is a map, and nobody writes to it while this lasts.
        let map = unsafe { map_ref(object) };
        Ok((object, hash, probe(map.index, map.entries, hash, |_| Ok(false))?))
    }

    /// Moves the entries into a map with room for `capacity`.
    fn grow(&mut self, capacity: usize) -> Result<Object, AllocError> {
        let larger = Self::with_seed(self.seed, capacity)?;
        // SAFETY: the builder keeps its object alive, and it is a map.
        let entries = self.object.map_or(&[][..], |object| unsafe { map_ref(object) }.entries);
        larger.enter_all(entries)?;
        self.adopt(larger)
    }

    /// Enters keys that differ from each other into the index, which has none yet.
    fn enter_all(&self, entries: &[Entry]) -> Result<(), AllocError> {
        let Some(object) = self.object else { return Ok(()) };
        // SAFETY: the object is a map, and this builder its only user: it was made by the caller just now.
        let index = unsafe { Head::index(object).as_mut() };
        for (number, entry) in entries.iter().enumerate() {
            // They were keys before: walking them can only fail for lack of memory.
            let hash =
                Keying { seed: self.seed, nan: number as u64 }.hash(&entry.key).map_err(|_| AllocError)?;
            if let Place::Free(place) = probe(index, entries, hash, |_| Ok(false))? {
                enter(index, place, hash, number);
            }
        }
        Ok(())
    }

    /// Moves the entries into another builder, whose index has them already, and becomes that one.
    fn adopt(&mut self, other: Self) -> Result<Object, AllocError> {
        let object = other.object.ok_or(AllocError)?;
        if let Some(old) = self.object {
            // SAFETY: both are maps with no other user than these builders, and `other` has room for the entries. They
            // are moved: the old map has none afterwards.
            unsafe {
                let len = mem::take(&mut old.payload::<Head>().as_mut().len);
                Head::entries(object).copy_from_nonoverlapping(Head::entries(old), len);
                object.payload::<Head>().as_mut().len = len;
            }
        }
        *self = other;
        Ok(object)
    }

    /// Gives room that was not used back: after this, finishing cannot fail.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: there is no memory for the smaller map; nothing was changed.
    ///
    /// ```
    /// use crossinterp_core::{MapBuilder, Value};
    ///
    /// let mut builder = MapBuilder::with_capacity(100)?;
    /// builder.insert(Value::NONE, Value::NONE).unwrap();
    /// builder.compact()?;
    /// assert!(builder.finish().is_ok());
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn compact(&mut self) -> Result<(), AllocError> {
        let Some(object) = self.object else { return Ok(()) };
        // SAFETY: the builder keeps its object alive, and it is a map.
        let (len, capacity) = unsafe {
            let head = object.payload::<Head>().as_ref();
            (head.len, head.capacity)
        };
        if 0 < len && len < capacity {
            self.shrink(object)?;
        }
        Ok(())
    }

    /// Makes a value of the map, in one block without room to spare.
    ///
    /// # Errors
    ///
    /// The builder comes back, unchanged, with [`AllocError`]: the map must be made smaller, and there is no memory.
    ///
    /// ```
    /// use crossinterp_core::{Kind, MapBuilder};
    ///
    /// let map = MapBuilder::new().finish().map_err(|(_, error)| error)?;
    /// assert_eq!(map.kind(), Kind::Map);
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn finish(mut self) -> Result<Value, (Self, AllocError)> {
        if let Err(error) = self.compact() {
            return Err((self, error));
        }
        let Some(object) = self.object.filter(|_| !self.is_empty()) else {
            return Ok(sequence::empty(Kind::Map));
        };
        let _ = ManuallyDrop::new(self);
        // SAFETY: the object is a map, and its reference goes from the builder into the value.
        Ok(unsafe { Value::from_object(Kind::Map, object) })
    }

    /// Moves the entries into a map without room to spare. The index is taken over as it is unless it is too large.
    fn shrink(&mut self, object: Object) -> Result<Object, AllocError> {
        // SAFETY: the object is this builder's, and a map.
        let (map, bits) = unsafe { (map_ref(object), object.payload::<Head>().as_ref().bits) };
        let needed = Head::bits_for(map.len()).ok_or(AllocError)?;
        let keep = bits - needed < 2;
        let smaller = Head::allocate(map.len(), if keep { bits } else { needed }, self.seed)?;
        let other = Self { seed: self.seed, object: Some(smaller) };
        if keep {
            // SAFETY: the new map has no other user, and its index is as large.
            unsafe { Head::index(smaller).as_mut() }.copy_from_slice(map.index);
        } else {
            other.enter_all(map.entries)?;
        }
        self.adopt(other)
    }
}

/// Writes an entry's number, and what of its hash there is room for, into a place of the index.
fn enter(index: &mut [u32], place: usize, hash: u64, number: usize) {
    index[place] = index_word(hash, index.len() - 1) | (number + 1) as u32;
}

#[cfg(feature = "std")]
impl Default for MapBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for MapBuilder {
    fn drop(&mut self) {
        if let Some(object) = self.object {
            // SAFETY: the builder's reference is the only one, and is not used again.
            unsafe { release::retire(object) };
        }
    }
}

impl fmt::Debug for MapBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapBuilder").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use super::*;

    /// The most places of the index that are taken in a row: the most steps that a lookup takes.
    fn longest_run(keys: impl Iterator<Item = Value>) -> usize {
        let mut builder = MapBuilder::with_seed(Seed::new([3, 5]), 0).unwrap();
        for key in keys {
            builder.insert(key, Value::NONE).unwrap();
        }
        // SAFETY: the builder keeps its object alive, and it is a map.
        let index = unsafe { map_ref(builder.object.unwrap()) }.index;
        index.split(|&place| place == 0).map(<[u32]>::len).max().unwrap()
    }

    /// With a hash that keeps low bits the multiples would meet in one place, and the NaNs with one that is the same
    /// for all of them.
    #[test]
    fn many_alike_keys_are_spread() {
        const MANY: i64 = 20_000;
        let runs = [
            longest_run((0..MANY).map(|number| Value::from(number << 40))),
            longest_run((0..MANY).map(|number| Value::from((number << 40) as f64 + 0.5))),
            longest_run((0..MANY).map(|number| Value::text(&format!("{number:020}")).unwrap())),
            longest_run((0..MANY).map(|_| Value::from(f64::NAN))),
            longest_run((0..MANY).map(|_| Value::tuple([Value::from(f64::NAN)]).unwrap())),
        ];
        assert!(runs.iter().all(|&run| run < 300), "{runs:?}");
    }
}
