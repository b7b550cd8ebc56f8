//! What an object is: the kinds, and the functions that each kind's objects carry.

use core::fmt;

use super::layout::{Link, Object};

/// What a value is. The numbers are those of the C interface, and never used again for something else.
///
/// ```
/// use crossinterp_core::{Kind, Value};
///
/// assert_eq!(Value::from(3).kind(), Kind::Int);
/// assert_eq!(Value::default().kind(), Kind::Moved);
/// assert_eq!(Kind::Receiver as u8, 13);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// Nothing: what taking a value leaves behind.
    Moved = 0,
    /// Python's `None`.
    None = 1,
    /// A truth value.
    Bool = 2,
    /// Python's `...`.
    Ellipsis = 3,
    /// A whole number of any size.
    Int = 4,
    /// A 64-bit floating-point number.
    Float = 5,
    /// Text: a sequence of code points.
    Text = 6,
    /// A sequence of bytes.
    Bytes = 7,
    /// A sequence of values that can be a key when they can.
    Tuple = 8,
    /// A sequence of values that cannot be a key.
    List = 9,
    /// A table from keys to values, in the order in which they came.
    Map = 10,
    /// The name of a type, then the parts of one thing of that type.
    Record = 11,
    /// The sending end of a channel.
    Sender = 12,
    /// The receiving end of a channel.
    Receiver = 13,
}

impl Kind {
    /// The kind of that number.
    ///
    /// ```
    /// use crossinterp_core::Kind;
    ///
    /// assert_eq!(Kind::from_number(7), Some(Kind::Bytes));
    /// assert_eq!(Kind::from_number(14), None);
    /// ```
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Moved,
            1 => Self::None,
            2 => Self::Bool,
            3 => Self::Ellipsis,
            4 => Self::Int,
            5 => Self::Float,
            6 => Self::Text,
            7 => Self::Bytes,
            8 => Self::Tuple,
            9 => Self::List,
            10 => Self::Map,
            11 => Self::Record,
            12 => Self::Sender,
            13 => Self::Receiver,
            _ => return None,
        })
    }
}

/// The functions of one kind of object.
pub(crate) struct Vtable {
    /// The kind of the objects that carry this table.
    pub(crate) kind: Kind,
    /// Drops the payload and frees the block. Values in the tail are not dropped: they were taken out before.
    pub(crate) free: unsafe fn(Object),
    /// What `value` must be told of kinds that it does not know.
    pub(crate) opaque: Option<OpaqueVtable>,
}

impl Vtable {
    /// The table of a kind that `value` knows, with payloads of type `P`.
    pub(crate) const fn new<P: Payload>(kind: Kind) -> Self {
        Self { kind, free: Object::free::<P>, opaque: None }
    }
}

/// The functions of a kind that `value` does not know. All take live objects of that kind.
pub(crate) struct OpaqueVtable {
    /// Whether two objects are the same thing.
    pub(crate) same: unsafe fn(Object, Object) -> bool,
    /// The text that `Debug` shows.
    pub(crate) print: unsafe fn(Object, &mut fmt::Formatter<'_>) -> fmt::Result,
    /// The place of the link by which an object waits for its turn to be dropped.
    #[cfg_attr(any(not(feature = "std"), loom), allow(dead_code))]
    pub(crate) link: unsafe fn(Object) -> Link,
}

/// The part of fixed size of an object.
///
/// # Safety
///
/// [`Payload::tail`] gives the same answer for as long as the object lives.
pub(crate) unsafe trait Payload: Send + Sync + Sized + 'static {
    /// How many bytes follow the payload.
    fn tail(&self) -> usize;
}
