//! Values: small things themselves, or counted references to immutable objects.
//!
//! A [`Value`] is 16 bytes. The first two say what it is, the other 14 hold a small thing, or their last word a pointer:
//!
//! | byte 0 | byte 1 | bytes 2 to 7 | bytes 8 to 15 |
//! | --- | --- | --- | --- |
//! | kind, [`HEAP`], [`FROZEN`] | of small text: its form and length; of small bytes: their length | the small thing (UCS-4 text starts at byte 4) | the small thing, a number, or the object |
//!
//! An empty tuple, list or map has no object. All other containers, ints beyond 64 bits and long text and bytes do.

mod bytes;
mod equal;
mod hash;
mod key;
mod number;
mod opaque;
mod print;
mod release;
mod seen;
mod sequence;
mod table;
mod text;

use core::mem;

use static_assertions::{assert_impl_all, const_assert_eq};

use crate::object::{Kind, Object};
use crate::refs::AllocError;

pub use number::{Integer, RangeError};
#[allow(unused_imports)] // for the kinds to the right
pub(crate) use opaque::Opaque;
pub use sequence::{SequenceBuilder, SequenceError};
pub use table::{InsertError, KeyError, MapBuilder, MapIter, MapRef, Seed};
pub use text::{EncodingError, Text, TextForm, Units};

/// The bits of byte 0 that hold the kind.
const KIND: u8 = 0x3F;
/// In byte 0: this reference is to be shown as it stands.
const FROZEN: u8 = 0x40;
/// In byte 0: the last word is a pointer to an object, and this value is one of its references.
const HEAP: u8 = 0x80;
/// How many bytes of small text and small bytes there is room for.
const SMALL: usize = 14;
/// Where they start.
const SMALL_START: usize = 2;

/// The second word of a value.
#[derive(Clone, Copy)]
#[repr(C)]
union Word {
    zero: u64,
    int: i64,
    float: f64,
    object: Object,
    link: Option<Object>,
}

/// A small thing, or one reference to an immutable object that threads, interpreters and languages share.
///
/// A value is moved, not copied: [`Value::take`] leaves [`Kind::Moved`] behind, and cloning, which counts, is explicit.
/// It can be sent to and used by any thread. Dropping the last reference to an object frees it on the spot, however deep
/// what it holds is nested, without recursion and without allocating.
///
/// Values compare as Python compares: `1 == 1.0 == True`, text by code point whatever its form, maps whatever their
/// order; a list never equals a tuple, and a NaN equals nothing, not even itself.
///
/// The layout is that of `xi_value` in the C interface: 16 bytes, aligned as a `u64`, all zero when moved.
///
/// ```
/// use crossinterp_core::{Kind, Value};
///
/// let mut pair = Value::tuple([Value::from(1), Value::text("one")?])?;
/// assert_eq!(format!("{pair:?}"), r#"(1, "one")"#);
/// let moved = pair.take();
/// assert_eq!((pair.kind(), moved.kind()), (Kind::Moved, Kind::Tuple));
/// # Ok::<(), crossinterp_core::SequenceError>(())
/// ```
#[repr(C)]
pub struct Value {
    tag: u8,
    info: u8,
    low: [u8; 6],
    word: Word,
}

const_assert_eq!(size_of::<Value>(), 16);
const_assert_eq!(align_of::<Value>(), align_of::<u64>());
assert_impl_all!(Value: Send, Sync);

// SAFETY: every object is immutable and `Send + Sync` (`Payload` asks for it), and its count is atomic.
unsafe impl Send for Value {}
// SAFETY: as above; a `&Value` can be cloned into a `Value`.
unsafe impl Sync for Value {}

impl Value {
    /// Nothing: the value that taking leaves behind, of the kind [`Kind::Moved`]. It is not `None`.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert!(Value::MOVED.is_moved());
    /// assert_ne!(Value::MOVED, Value::NONE);
    /// ```
    pub const MOVED: Self = Self::small(Kind::Moved, Word { zero: 0 });

    /// Python's `None`.
    ///
    /// ```
    /// use crossinterp_core::{Kind, Value};
    ///
    /// assert_eq!(Value::NONE.kind(), Kind::None);
    /// ```
    pub const NONE: Self = Self::small(Kind::None, Word { zero: 0 });

    /// Python's `...`.
    ///
    /// ```
    /// use crossinterp_core::{Kind, Value};
    ///
    /// assert_eq!(Value::ELLIPSIS.kind(), Kind::Ellipsis);
    /// ```
    pub const ELLIPSIS: Self = Self::small(Kind::Ellipsis, Word { zero: 0 });

    const fn small(kind: Kind, word: Word) -> Self {
        Self { tag: kind as u8, info: 0, low: [0; 6], word }
    }

    /// A value that owns the reference with which an object is born.
    ///
    /// # Safety
    ///
    /// The object is of that kind, and one of its references is the caller's and goes over to the value.
    unsafe fn from_object(kind: Kind, object: Object) -> Self {
        let mut word = Word { zero: 0 };
        word.object = object;
        Self { tag: kind as u8 | HEAP, info: 0, low: [0; 6], word }
    }

    /// What the value is.
    ///
    /// ```
    /// use crossinterp_core::{Kind, Value};
    ///
    /// assert_eq!(Value::from(true).kind(), Kind::Bool);
    /// ```
    #[inline]
    pub const fn kind(&self) -> Kind {
        match Kind::from_number(self.tag & KIND) {
            Some(kind) => kind,
            None => Kind::Moved,
        }
    }

    /// Whether the value was taken.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let mut value = Value::from(1);
    /// value.take();
    /// assert!(value.is_moved());
    /// ```
    #[inline]
    pub const fn is_moved(&self) -> bool {
        self.tag & KIND == Kind::Moved as u8
    }

    /// Moves the value out and leaves [`Value::MOVED`] behind.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let mut value = Value::from(1);
    /// assert_eq!(value.take(), Value::from(1));
    /// assert!(value.take().is_moved());
    /// ```
    #[inline]
    pub const fn take(&mut self) -> Self {
        mem::replace(self, Self::MOVED)
    }

    /// The object that this value is a reference to, if it is one.
    #[inline]
    fn object(&self) -> Option<Object> {
        if self.tag & HEAP == 0 {
            return None;
        }
        // SAFETY: `HEAP` says that the last word is a pointer to an object; only `from_object` sets it.
        Some(unsafe { self.word.object })
    }

    /// Whether both are the same 16 bytes, and no float: a NaN does not equal itself.
    #[inline]
    fn is_identical(&self, other: &Self) -> bool {
        // SAFETY: all 16 bytes of a value are initialised: it begins as zeros, of which the parts that are used are
        // written over.
        let words = |value: &Self| unsafe { core::ptr::from_ref(value).cast::<[u64; 2]>().read() };
        words(self) == words(other) && self.kind() != Kind::Float
    }

    /// Whether both are references to one object.
    #[inline]
    fn is_same_object(&self, other: &Self) -> bool {
        self.object().is_some_and(|object| other.object() == Some(object))
    }

    /// Whether other references lead to the same thing, too. `false` for what is no object: small things are copied.
    ///
    /// Who walks what is nested must remember only those parts of which this is true: each other one is met once.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let part = Value::list([Value::from(1)])?;
    /// assert!(!part.is_shared());
    /// let pair = Value::tuple([part.clone(), Value::text("only here, and long")?])?;
    /// let shared: Vec<bool> = pair.items().unwrap().iter().map(Value::is_shared).collect();
    /// assert_eq!(shared, [true, false]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn is_shared(&self) -> bool {
        // SAFETY: this value is one of the references that keep the object alive.
        self.object().is_some_and(|object| unsafe { object.count() }.is_shared())
    }

    /// `more` further references to the same thing, counted with one operation: for handing it to many.
    ///
    /// Those that the iterator was not asked for are let go when it is dropped.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let message = Value::text("to every one of the workers")?;
    /// let copies: Vec<Value> = message.clone_many(3).collect();
    /// assert!(copies.iter().all(|copy| *copy == message));
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn clone_many(&self, more: usize) -> impl ExactSizeIterator<Item = Self> + use<> {
        if let Some(object) = self.object() {
            // SAFETY: this value is one of the references that keep the object alive.
            unsafe { object.count() }.retain_many(more);
        }
        Clones { value: self.bits(), left: more }
    }

    /// A second set of the same 16 bytes.
    #[inline]
    const fn bits(&self) -> mem::ManuallyDrop<Self> {
        mem::ManuallyDrop::new(Self { tag: self.tag, info: self.info, low: self.low, word: self.word })
    }

    /// Marks this reference, not the thing: a container that carries the mark is to be shown as it stands, read in
    /// place, instead of being copied out by whoever receives it. `false`, and no mark, for what is no tuple, list, map
    /// or record. The mark goes along with moves and clones, and has no part in comparing.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let plain = Value::tuple([Value::from(1)])?;
    /// let mut frozen = plain.clone();
    /// assert!(frozen.mark_frozen());
    /// assert!(frozen.is_frozen() && !plain.is_frozen());
    /// assert_eq!(frozen, plain);
    /// assert!(!Value::from(1).mark_frozen());
    /// # Ok::<(), crossinterp_core::SequenceError>(())
    /// ```
    pub fn mark_frozen(&mut self) -> bool {
        let container = matches!(self.kind(), Kind::Tuple | Kind::List | Kind::Map | Kind::Record);
        if container {
            self.tag |= FROZEN;
        }
        container
    }

    /// Whether this reference carries the mark of [`Value::mark_frozen`].
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert!(!Value::tuple([])?.is_frozen());
    /// # Ok::<(), crossinterp_core::SequenceError>(())
    /// ```
    #[inline]
    pub const fn is_frozen(&self) -> bool {
        self.tag & FROZEN != 0
    }

    /// Compares as `==` does, and reports it when there is no memory to walk what is nested very deep.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: the two are nested, and the walk's stack found no memory.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert!(Value::from(2).try_eq(&Value::from(2.0))?);
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn try_eq(&self, other: &Self) -> Result<bool, AllocError> {
        equal::equal(self, other)
    }

    /// A small text or small bytes: `units` starts at byte `start` of the value.
    ///
    /// # Safety
    ///
    /// `start` is at least 2, and `start + len` at most 16.
    #[inline]
    unsafe fn from_small(kind: Kind, info: u8, start: usize, units: *const u8, len: usize) -> Self {
        let mut value = Self::small(kind, Word { zero: 0 });
        value.info = info;
        // SAFETY: the caller's promise keeps the copy inside the value, and the bytes it writes may hold anything.
        unsafe { (&raw mut value).cast::<u8>().add(start).copy_from_nonoverlapping(units, len) };
        value
    }

    /// Where a small thing is that starts at byte `start`.
    #[inline]
    fn small_at(&self, start: usize) -> *const u8 {
        (&raw const *self).cast::<u8>().wrapping_add(start)
    }
}

impl Default for Value {
    /// [`Value::MOVED`].
    fn default() -> Self {
        Self::MOVED
    }
}

impl Clone for Value {
    /// One more reference to the same thing. A moved value stays moved.
    #[inline]
    fn clone(&self) -> Self {
        if let Some(object) = self.object() {
            // SAFETY: this value is one of the references that keep the object alive.
            unsafe { object.count() }.retain();
        }
        mem::ManuallyDrop::into_inner(self.bits())
    }
}

impl Drop for Value {
    #[inline]
    fn drop(&mut self) {
        if let Some(object) = self.object() {
            // SAFETY: this value is a reference, and is not used again.
            unsafe { release::retire(object) };
        }
    }
}

impl PartialEq for Value {
    /// Equal as Python has it.
    ///
    /// Two values that are nested very deep are walked with a stack on the heap; without memory for it the process
    /// ends, as it does when a `Vec` cannot grow. [`Value::try_eq`] says so instead.
    fn eq(&self, other: &Self) -> bool {
        match self.try_eq(other) {
            Ok(equal) => equal,
            Err(AllocError) => alloc::alloc::handle_alloc_error(core::alloc::Layout::new::<Self>()),
        }
    }
}

/// What [`Value::clone_many`] gives out: references that are counted already.
struct Clones {
    value: mem::ManuallyDrop<Value>,
    left: usize,
}

impl Iterator for Clones {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.left = self.left.checked_sub(1)?;
        Some(mem::ManuallyDrop::into_inner(self.value.bits()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Clones {}

impl Drop for Clones {
    fn drop(&mut self) {
        self.for_each(drop);
    }
}
