//! Tuples, lists and records: values in a row, in one block, filled in place.

use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

use super::{Value, release};
use crate::object::{Kind, Object, Payload, Vtable};
use crate::refs::AllocError;

/// Why a sequence could not be made.
///
/// ```
/// use crossinterp_core::{SequenceError, Value};
///
/// assert_eq!(Value::tuple([Value::MOVED]), Err(SequenceError::Moved));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SequenceError {
    /// There is no memory for it.
    OutOfMemory,
    /// The kind is none of tuple, list and record.
    Kind,
    /// A record has no place for its name.
    Nameless,
    /// A place holds a moved value.
    Moved,
    /// The first place of a record holds something else than text.
    Name,
}

impl fmt::Display for SequenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutOfMemory => "out of memory",
            Self::Kind => "not the kind of a sequence",
            Self::Nameless => "a record needs a place for its name",
            Self::Moved => "a place holds a moved value",
            Self::Name => "the name of a record must be text",
        })
    }
}

impl core::error::Error for SequenceError {}

impl From<AllocError> for SequenceError {
    fn from(AllocError: AllocError) -> Self {
        Self::OutOfMemory
    }
}

/// The payload of a sequence; its values are the tail.
struct Length(usize);

// SAFETY: the length is never changed.
unsafe impl Payload for Length {
    fn tail(&self) -> usize {
        self.0 * size_of::<Value>() // `SequenceBuilder::new` saw that this is a size
    }
}

static TUPLE: Vtable = Vtable::new::<Length>(Kind::Tuple);
static LIST: Vtable = Vtable::new::<Length>(Kind::List);
static RECORD: Vtable = Vtable::new::<Length>(Kind::Record);

/// The places of a sequence.
///
/// # Safety
///
/// The object is a living tuple, list or record. Who writes to the places is alone with the object.
pub(super) unsafe fn slots(object: Object) -> NonNull<[Value]> {
    // SAFETY: the caller's promise: the payload is a `Length`, and as many values are the tail.
    unsafe {
        let len = object.payload::<Length>().as_ref().0;
        NonNull::slice_from_raw_parts(object.tail::<Length>().cast(), len)
    }
}

/// A tuple, list or record that is being filled.
///
/// It is the sequence's own block from the beginning: values are moved into their places, and finishing copies nothing.
/// Dropping it releases what is in it.
///
/// ```
/// use crossinterp_core::{Kind, SequenceBuilder, Value};
///
/// let mut builder = SequenceBuilder::new(Kind::List, 2)?;
/// for (number, slot) in builder.slots().iter_mut().enumerate() {
///     *slot = Value::from(number as i64);
/// }
/// let list = builder.finish().map_err(|(_, error)| error)?;
/// assert_eq!(list.items(), Some(&[Value::from(0), Value::from(1)][..]));
/// # Ok::<(), crossinterp_core::SequenceError>(())
/// ```
pub struct SequenceBuilder {
    /// Has one reference, this one.
    object: Object,
}

// SAFETY: the builder is the only user of its object, which holds values, and they are `Send`.
unsafe impl Send for SequenceBuilder {}
// SAFETY: a `&SequenceBuilder` gives no access to anything.
unsafe impl Sync for SequenceBuilder {}

impl SequenceBuilder {
    /// A sequence of that kind with `len` places, all of them moved.
    ///
    /// # Errors
    ///
    /// [`SequenceError::Kind`]: none of tuple, list and record. [`SequenceError::Nameless`]: a record with no places.
    /// [`SequenceError::OutOfMemory`].
    ///
    /// ```
    /// use crossinterp_core::{Kind, SequenceBuilder, SequenceError};
    ///
    /// assert_eq!(SequenceBuilder::new(Kind::Map, 1).err(), Some(SequenceError::Kind));
    /// assert_eq!(SequenceBuilder::new(Kind::Record, 0).err(), Some(SequenceError::Nameless));
    /// assert_eq!(SequenceBuilder::new(Kind::List, usize::MAX).err(), Some(SequenceError::OutOfMemory));
    /// ```
    pub fn new(kind: Kind, len: usize) -> Result<Self, SequenceError> {
        let vtable = match kind {
            Kind::Tuple => &TUPLE,
            Kind::List => &LIST,
            Kind::Record if len == 0 => return Err(SequenceError::Nameless),
            Kind::Record => &RECORD,
            _ => return Err(SequenceError::Kind),
        };
        len.checked_mul(size_of::<Value>()).ok_or(SequenceError::OutOfMemory)?;
        // SAFETY: the tables are made for this payload. All zero is a moved value, so the places are initialised.
        unsafe {
            let object = Object::new(Length(len), vtable)?;
            object.tail::<Length>().cast::<Value>().write_bytes(0, len);
            Ok(Self { object })
        }
    }

    /// The places.
    ///
    /// ```
    /// use crossinterp_core::{Kind, SequenceBuilder};
    ///
    /// let mut builder = SequenceBuilder::new(Kind::Tuple, 3)?;
    /// assert!(builder.slots().iter().all(|slot| slot.is_moved()));
    /// # Ok::<(), crossinterp_core::SequenceError>(())
    /// ```
    #[inline]
    pub fn slots(&mut self) -> &mut [Value] {
        // SAFETY: the object is a sequence (`new`), this builder has its only reference, and it is borrowed exclusively.
        unsafe { slots(self.object).as_mut() }
    }

    /// Makes a value of it.
    ///
    /// # Errors
    ///
    /// The builder comes back, unchanged, with [`SequenceError::Moved`]: a place was not filled;
    /// [`SequenceError::Name`]: the first place of a record does not hold text.
    ///
    /// ```
    /// use crossinterp_core::{Kind, SequenceBuilder, SequenceError, Value};
    ///
    /// let (mut builder, error) = SequenceBuilder::new(Kind::Tuple, 1)?.finish().unwrap_err();
    /// assert_eq!(error, SequenceError::Moved);
    /// builder.slots()[0] = Value::NONE;
    /// assert!(builder.finish().is_ok());
    /// # Ok::<(), crossinterp_core::SequenceError>(())
    /// ```
    pub fn finish(mut self) -> Result<Value, (Self, SequenceError)> {
        // SAFETY: the builder keeps its object alive.
        let kind = unsafe { self.object.vtable() }.kind;
        let slots = self.slots();
        if slots.iter().any(Value::is_moved) {
            return Err((self, SequenceError::Moved));
        }
        match slots.first() {
            None => return Ok(empty(kind)),
            Some(name) if kind == Kind::Record && name.kind() != Kind::Text => {
                return Err((self, SequenceError::Name));
            }
            Some(_) => {}
        }
        let object = ManuallyDrop::new(self).object;
        // SAFETY: the kind is the object's own, and its reference goes from the builder into the value.
        Ok(unsafe { Value::from_object(kind, object) })
    }

    /// Gives the builder up as a pointer, for C.
    ///
    /// ```
    /// use crossinterp_core::{Kind, SequenceBuilder};
    ///
    /// let pointer = SequenceBuilder::new(Kind::Tuple, 1)?.into_raw();
    /// // SAFETY: it came out of `into_raw` just now.
    /// let mut builder = unsafe { SequenceBuilder::from_raw(pointer) };
    /// assert_eq!(builder.slots().len(), 1);
    /// # Ok::<(), crossinterp_core::SequenceError>(())
    /// ```
    pub fn into_raw(self) -> NonNull<()> {
        ManuallyDrop::new(self).object.into_raw()
    }

    /// The builder that [`SequenceBuilder::into_raw`] made a pointer of.
    ///
    /// # Safety
    ///
    /// The pointer came out of `into_raw`, and is not used as a builder by anybody else.
    ///
    /// ```
    /// use crossinterp_core::{Kind, SequenceBuilder};
    ///
    /// let pointer = SequenceBuilder::new(Kind::List, 0)?.into_raw();
    /// // SAFETY: it came out of `into_raw` just now.
    /// assert!(unsafe { SequenceBuilder::from_raw(pointer) }.finish().is_ok());
    /// # Ok::<(), crossinterp_core::SequenceError>(())
    /// ```
    pub unsafe fn from_raw(pointer: NonNull<()>) -> Self {
        Self { object: Object::from_raw(pointer) }
    }
}

impl Drop for SequenceBuilder {
    fn drop(&mut self) {
        // SAFETY: the builder's reference is the only one, and is not used again.
        unsafe { release::retire(self.object) };
    }
}

impl fmt::Debug for SequenceBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the builder keeps its object alive.
        f.debug_struct("SequenceBuilder")
            .field("kind", &unsafe { self.object.vtable() }.kind)
            .finish_non_exhaustive()
    }
}

/// An empty sequence or map: it has no object.
pub(super) fn empty(kind: Kind) -> Value {
    Value::small(kind, super::Word { zero: 0 })
}

impl Value {
    /// A tuple of those values.
    ///
    /// # Errors
    ///
    /// [`SequenceError::OutOfMemory`]; [`SequenceError::Moved`]: one of them was moved, or there are fewer than the
    /// iterator said. Then those that were taken are dropped.
    ///
    /// ```
    /// use crossinterp_core::{Kind, Value};
    ///
    /// let pair = Value::tuple([Value::from(1), Value::from(2)])?;
    /// assert_eq!((pair.kind(), pair.items().unwrap().len()), (Kind::Tuple, 2));
    /// # Ok::<(), crossinterp_core::SequenceError>(())
    /// ```
    pub fn tuple<I>(items: I) -> Result<Self, SequenceError>
    where
        I: IntoIterator<Item = Self, IntoIter: ExactSizeIterator>,
    {
        sequence(Kind::Tuple, items.into_iter())
    }

    /// A list of those values.
    ///
    /// # Errors
    ///
    /// As of [`Value::tuple`].
    ///
    /// ```
    /// use crossinterp_core::{Kind, Value};
    ///
    /// let list = Value::list(vec![Value::from(1)])?;
    /// assert_eq!(list.kind(), Kind::List);
    /// assert_ne!(list, Value::tuple([Value::from(1)])?);
    /// # Ok::<(), crossinterp_core::SequenceError>(())
    /// ```
    pub fn list<I>(items: I) -> Result<Self, SequenceError>
    where
        I: IntoIterator<Item = Self, IntoIter: ExactSizeIterator>,
    {
        sequence(Kind::List, items.into_iter())
    }

    /// A record: the name of a type, then the parts of one thing of that type.
    ///
    /// # Errors
    ///
    /// As of [`Value::tuple`].
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let point = Value::record("Point", [Value::from(1), Value::from(2)])?;
    /// assert_eq!(point.items().unwrap()[0], Value::text("Point")?);
    /// # Ok::<(), crossinterp_core::SequenceError>(())
    /// ```
    pub fn record<I>(name: &str, parts: I) -> Result<Self, SequenceError>
    where
        I: IntoIterator<Item = Self, IntoIter: ExactSizeIterator>,
    {
        let parts = parts.into_iter();
        let len = parts.len().checked_add(1).ok_or(SequenceError::OutOfMemory)?;
        let mut builder = SequenceBuilder::new(Kind::Record, len)?;
        fill(builder.slots(), core::iter::once(Self::text(name)?).chain(parts));
        builder.finish().map_err(|(_, error)| error)
    }

    /// The values in a tuple, list or record, in place.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::tuple([])?.items(), Some(&[][..]));
    /// assert_eq!(Value::NONE.items(), None);
    /// # Ok::<(), crossinterp_core::SequenceError>(())
    /// ```
    #[inline]
    pub fn items(&self) -> Option<&[Self]> {
        match (self.kind(), self.object()) {
            (Kind::Tuple | Kind::List | Kind::Record, None) => Some(&[]),
            (Kind::Tuple | Kind::List | Kind::Record, Some(object)) => {
                // SAFETY: the kind says what the object is, it lives while `self` is borrowed, and never changes.
                Some(unsafe { slots(object).as_ref() })
            }
            _ => None,
        }
    }
}

fn sequence(kind: Kind, items: impl ExactSizeIterator<Item = Value>) -> Result<Value, SequenceError> {
    if items.len() == 0 {
        return Ok(empty(kind));
    }
    let mut builder = SequenceBuilder::new(kind, items.len())?;
    fill(builder.slots(), items);
    builder.finish().map_err(|(_, error)| error)
}

fn fill(slots: &mut [Value], items: impl Iterator<Item = Value>) {
    for (slot, item) in slots.iter_mut().zip(items) {
        *slot = item;
    }
}
