//! Numbers: truth values, ints of any size, floats, and the one equality that they share.
//!
//! An int that fits 64 bits is always kept inside the value, so an object holds a number that does not. It holds the
//! shortest two's complement, in little-endian order.

use core::cmp::Ordering;
use core::fmt;

use super::{Value, Word};
use crate::object::{Kind, Object, Payload, Vtable};
use crate::refs::AllocError;

/// A number that does not fit where it is asked to go.
///
/// ```
/// use crossinterp_core::Value;
///
/// let integer = Value::from(1000);
/// let error = integer.as_integer().unwrap().write_le_bytes(&mut [0; 1]).unwrap_err();
/// assert_eq!(error.to_string(), "the number needs more bytes");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeError;

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number needs more bytes")
    }
}

impl core::error::Error for RangeError {}

/// The payload of an int's object; its digits are the tail.
struct Digits {
    len: usize,
}

// SAFETY: the length is never changed.
unsafe impl Payload for Digits {
    fn tail(&self) -> usize {
        self.len
    }
}

static INT: Vtable = Vtable::new::<Digits>(Kind::Int);

impl From<i64> for Value {
    /// An int.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::from(-5).as_int(), Some(-5));
    /// ```
    #[inline]
    fn from(number: i64) -> Self {
        Self::small(Kind::Int, Word { int: number })
    }
}

impl From<bool> for Value {
    /// A truth value.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::from(true).as_bool(), Some(true));
    /// ```
    #[inline]
    fn from(truth: bool) -> Self {
        Self::small(Kind::Bool, Word { int: truth as i64 })
    }
}

impl From<f64> for Value {
    /// A float.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::from(0.5).as_float(), Some(0.5));
    /// ```
    #[inline]
    fn from(number: f64) -> Self {
        Self::small(Kind::Float, Word { float: number })
    }
}

impl TryFrom<u64> for Value {
    type Error = AllocError;

    /// An int; from 2⁶³ on it needs an object.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let large = Value::try_from(u64::MAX)?;
    /// assert_eq!(large.as_int(), None);
    /// assert_eq!(large, Value::from_int_bytes(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0])?);
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    fn try_from(number: u64) -> Result<Self, AllocError> {
        let mut bytes = [0; 9];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Self::from_int_bytes(&bytes)
    }
}

impl Value {
    /// An int of any size, from its two's complement in little-endian order; no bytes are the number 0.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: the number needs more than 64 bits, and there is no memory for them.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::from_int_bytes(&[0xFE])?, Value::from(-2));
    /// assert_eq!(Value::from_int_bytes(&[])?, Value::from(0));
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn from_int_bytes(bytes: &[u8]) -> Result<Self, AllocError> {
        let bytes = shortest(bytes);
        if bytes.len() <= 8 {
            let mut word = [sign_byte(bytes); 8];
            word[..bytes.len()].copy_from_slice(bytes);
            return Ok(Self::from(i64::from_le_bytes(word)));
        }
        // SAFETY: the table is the one of this payload. The tail is as long as `bytes`, and written before the object is
        // seen by anybody; its reference goes into the value.
        unsafe {
            let object = Object::new(Digits { len: bytes.len() }, &INT)?;
            object.tail::<Digits>().as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            Ok(Self::from_object(Kind::Int, object))
        }
    }

    /// The truth value, if it is one.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::from(false).as_bool(), Some(false));
    /// assert_eq!(Value::from(0).as_bool(), None);
    /// ```
    #[inline]
    pub fn as_bool(&self) -> Option<bool> {
        match self.kind() {
            // SAFETY: a truth value is kept in the last word as 0 or 1.
            Kind::Bool => Some(unsafe { self.word.int } != 0),
            _ => None,
        }
    }

    /// The int, if it is one and fits 64 bits.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::from(i64::MIN).as_int(), Some(i64::MIN));
    /// assert_eq!(Value::from(1.0).as_int(), None);
    /// ```
    #[inline]
    pub fn as_int(&self) -> Option<i64> {
        match self.object() {
            // SAFETY: an int that is no object is kept in the last word.
            None if self.kind() == Kind::Int => Some(unsafe { self.word.int }),
            _ => None,
        }
    }

    /// The float, if it is one.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::from(2.5).as_float(), Some(2.5));
    /// assert_eq!(Value::from(2).as_float(), None);
    /// ```
    #[inline]
    pub fn as_float(&self) -> Option<f64> {
        match self.kind() {
            // SAFETY: a float is kept in the last word.
            Kind::Float => Some(unsafe { self.word.float }),
            _ => None,
        }
    }

    /// The int of any size, if it is one.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let integer = Value::from(-2);
    /// assert_eq!(integer.as_integer().unwrap().size(), 1);
    /// assert!(Value::from(true).as_integer().is_none());
    /// ```
    pub fn as_integer(&self) -> Option<Integer<'_>> {
        match self.number()? {
            Number::Int(number) if self.kind() == Kind::Int => Some(Integer(Form::Word(number))),
            Number::Big(digits) => Some(Integer(Form::Digits(digits))),
            _ => None,
        }
    }

    /// The number, for comparing, hashing and printing.
    #[inline]
    pub(super) fn number(&self) -> Option<Number<'_>> {
        // SAFETY: without an object the last word is the number, as the kind says; with one the payload is `Digits`, the
        // tail is as long as it says, and the object lives while `self` is borrowed.
        unsafe {
            Some(match (self.kind(), self.object()) {
                (Kind::Int | Kind::Bool, None) => Number::Int(self.word.int),
                (Kind::Int, Some(object)) => {
                    let len = object.payload::<Digits>().as_ref().len;
                    Number::Big(core::slice::from_raw_parts(object.tail::<Digits>().as_ptr(), len))
                }
                (Kind::Float, None) => Number::Float(self.word.float),
                _ => return None,
            })
        }
    }
}

/// An int of any size, in place.
///
/// ```
/// use crossinterp_core::Value;
///
/// let large = Value::from_int_bytes(&[0, 0, 0, 0, 0, 0, 0, 0, 1])?; // 2 to the 64
/// let integer = large.as_integer().unwrap();
/// let mut bytes = [0xAA; 10];
/// integer.write_le_bytes(&mut bytes).unwrap();
/// assert_eq!(bytes, [0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
/// assert_eq!(format!("{integer:?}"), "0x10000000000000000");
/// # Ok::<(), crossinterp_core::AllocError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Integer<'a>(Form<'a>);

#[derive(Clone, Copy)]
enum Form<'a> {
    Word(i64),
    Digits(&'a [u8]),
}

impl Integer<'_> {
    /// How many bytes its two's complement needs; at least 1.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let sizes = [127, 128, -128, -129].map(|number| Value::from(number).as_integer().unwrap().size());
    /// assert_eq!(sizes, [1, 2, 1, 2]);
    /// ```
    pub fn size(&self) -> usize {
        match self.0 {
            Form::Word(number) => {
                let magnitude_bits = 64 - (number ^ (number >> 63)).leading_zeros();
                (magnitude_bits / 8 + 1) as usize
            }
            Form::Digits(digits) => digits.len(),
        }
    }

    /// Writes its two's complement in little-endian order and fills what remains of `bytes` with its sign.
    ///
    /// # Errors
    ///
    /// [`RangeError`]: `bytes` is shorter than [`Integer::size`]; nothing was written.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// let mut bytes = [0; 3];
    /// Value::from(-2).as_integer().unwrap().write_le_bytes(&mut bytes).unwrap();
    /// assert_eq!(bytes, [0xFE, 0xFF, 0xFF]);
    /// ```
    pub fn write_le_bytes(&self, bytes: &mut [u8]) -> Result<(), RangeError> {
        let word;
        let digits = match self.0 {
            Form::Word(number) => {
                word = number.to_le_bytes();
                shortest(&word)
            }
            Form::Digits(digits) => digits,
        };
        let (start, rest) = bytes.split_at_mut_checked(digits.len()).ok_or(RangeError)?;
        start.copy_from_slice(digits);
        rest.fill(sign_byte(digits));
        Ok(())
    }

    /// The number, if it fits 64 bits.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::from(7).as_integer().unwrap().to_i64(), Some(7));
    /// ```
    pub fn to_i64(&self) -> Option<i64> {
        match self.0 {
            Form::Word(number) => Some(number),
            Form::Digits(_) => None,
        }
    }
}

impl fmt::Debug for Integer<'_> {
    /// Decimal when it fits 64 bits, else hexadecimal: that takes no time beyond its length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = match self.0 {
            Form::Word(number) => return write!(f, "{number}"),
            Form::Digits(digits) => digits,
        };
        let magnitude = Magnitude::of(digits);
        f.write_str(if magnitude.negative { "-0x" } else { "0x" })?;
        let mut significant = false;
        for index in (0..digits.len()).rev() {
            match (magnitude.byte(index), significant) {
                (0, false) => {}
                (byte, false) => write!(f, "{byte:x}")?,
                (byte, true) => write!(f, "{byte:02x}")?,
            }
            significant |= magnitude.byte(index) != 0;
        }
        Ok(())
    }
}

/// A number as comparing and hashing see it.
#[derive(Clone, Copy)]
pub(super) enum Number<'a> {
    /// A truth value, or an int of 64 bits.
    Int(i64),
    /// The shortest two's complement of an int that does not fit 64 bits.
    Big(&'a [u8]),
    Float(f64),
}

impl Number<'_> {
    /// Whether both are the same number, exactly: no rounding on either side.
    #[inline]
    pub(super) fn equals(self, other: Number<'_>) -> bool {
        match (self, other) {
            (Number::Int(left), Number::Int(right)) => left == right,
            (Number::Big(left), Number::Big(right)) => left == right,
            (Number::Float(left), Number::Float(right)) => left == right,
            (Number::Int(int), Number::Float(float)) | (Number::Float(float), Number::Int(int)) => {
                float_as_int(float) == Some(int)
            }
            (Number::Big(digits), Number::Float(float)) | (Number::Float(float), Number::Big(digits)) => {
                digits_as_float(digits) == Some(float)
            }
            (Number::Int(_), Number::Big(_)) | (Number::Big(_), Number::Int(_)) => false,
        }
    }

    /// The same number in the form in which all numbers that are equal to it hash: an int where it fits 64 bits, else a
    /// float where a float is exactly that number.
    #[inline]
    pub(super) fn canonical(self) -> Self {
        match self {
            Number::Float(float) => float_as_int(float).map_or(self, Number::Int),
            Number::Big(digits) => digits_as_float(digits).map_or(self, Number::Float),
            Number::Int(_) => self,
        }
    }
}

/// The int of 64 bits that a float is, if it is one.
#[inline]
fn float_as_int(float: f64) -> Option<i64> {
    // Both bounds are exact: -2⁶³ and 2⁶³. Within them the cast drops nothing but a fraction, and the second cast is
    // exact where there was none.
    let in_range = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float);
    (in_range && (float as i64) as f64 == float).then_some(float as i64)
}

/// The float that is exactly the number with that two's complement, if there is one.
fn digits_as_float(digits: &[u8]) -> Option<f64> {
    // No float is as large as 2¹⁰²⁴, which takes 129 bytes.
    if digits.len() > 129 {
        return None;
    }
    let magnitude = Magnitude::of(digits);
    let lowest = magnitude.lowest;
    let highest = (lowest..digits.len()).rev().find(|&index| magnitude.byte(index) != 0)?;
    // A float has 53 bits: they span 8 bytes at most when they do not start at a byte's lowest bit.
    if highest - lowest >= 8 {
        return None;
    }
    let bits = (lowest..=highest).rev().fold(0, |bits, index| bits << 8 | u64::from(magnitude.byte(index)));
    let zeros = bits.trailing_zeros();
    let (bits, exponent) = (bits >> zeros, lowest as u32 * 8 + zeros);
    let length = 64 - bits.leading_zeros();
    if length > 53 || exponent + length > 1024 {
        return None;
    }
    // The value is bits · 2^exponent with both factors exact, and the product is in range; it is put together from its
    // parts because `core` has no powers.
    let fraction = (bits << (53 - length)) & ((1 << 52) - 1);
    let biased = u64::from(exponent + length - 1 + 1023);
    let sign = u64::from(magnitude.negative) << 63;
    Some(f64::from_bits(sign | biased << 52 | fraction))
}

/// The absolute value of the number with that two's complement, byte by byte.
struct Magnitude<'a> {
    digits: &'a [u8],
    negative: bool,
    /// The first byte that is not 0.
    lowest: usize,
}

impl<'a> Magnitude<'a> {
    fn of(digits: &'a [u8]) -> Self {
        let lowest = digits.iter().position(|&byte| byte != 0).unwrap_or(digits.len());
        Self { digits, negative: sign_byte(digits) != 0, lowest }
    }

    fn byte(&self, index: usize) -> u8 {
        let byte = self.digits[index];
        match (self.negative, index.cmp(&self.lowest)) {
            (false, _) | (true, Ordering::Less) => byte,
            (true, Ordering::Equal) => byte.wrapping_neg(),
            (true, Ordering::Greater) => !byte,
        }
    }
}

/// What a two's complement goes on with above its last byte.
fn sign_byte(digits: &[u8]) -> u8 {
    match digits.last() {
        Some(&last) if last >= 0x80 => 0xFF,
        _ => 0,
    }
}

/// The same two's complement without the bytes that only repeat the sign.
fn shortest(mut bytes: &[u8]) -> &[u8] {
    let sign = sign_byte(bytes);
    while let [rest @ .., last] = bytes {
        if *last != sign || rest.is_empty() || sign_byte(rest) != sign {
            break;
        }
        bytes = rest;
    }
    bytes
}
