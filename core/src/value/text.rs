//! Text: kept in the form it came in, compared and hashed by code point.
//!
//! A text's object holds how many units it has, their form and the largest code point of their class, then the units.
//! Small text is inside the value: up to 14 bytes of ASCII, UTF-8 and Latin-1, 7 units of UCS-2, 3 of UCS-4.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write};
use core::slice;

use super::{SMALL, SMALL_START, Value};
use crate::object::{Kind, Object, Payload, Vtable};
use crate::refs::AllocError;

/// The forms in which text is kept. The numbers are those of the C interface.
///
/// ```
/// use crossinterp_core::{TextForm, Value};
///
/// assert_eq!(Value::text("plain")?.as_text().unwrap().form(), TextForm::Utf8);
/// assert_eq!(TextForm::Ucs4 as i32, 4);
/// # Ok::<(), crossinterp_core::AllocError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TextForm {
    /// One byte a code point, below 128.
    Ascii = 0,
    /// Well-formed UTF-8.
    Utf8 = 1,
    /// One byte a code point.
    Latin1 = 2,
    /// One `u16` a code point, never a pair; lone surrogates are kept.
    Ucs2 = 3,
    /// One `u32` a code point, up to 0x10FFFF; lone surrogates are kept.
    Ucs4 = 4,
}

impl TextForm {
    const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Ascii,
            1 => Self::Utf8,
            2 => Self::Latin1,
            3 => Self::Ucs2,
            _ => Self::Ucs4,
        }
    }

    /// The size of a code unit, and its alignment.
    const fn unit_size(self) -> usize {
        match self {
            Self::Ascii | Self::Utf8 | Self::Latin1 => 1,
            Self::Ucs2 => 2,
            Self::Ucs4 => 4,
        }
    }

    /// Where small text of the form starts in a value: so that its units are aligned.
    const fn small_start(self) -> usize {
        match self {
            Self::Ucs4 => 4,
            _ => SMALL_START,
        }
    }
}

/// The code units of text, by form.
///
/// ```
/// use crossinterp_core::{Text, Units};
///
/// let latin = Text::new(Units::Latin1(b"caf\xE9"))?;
/// assert_eq!(latin, Text::from("café"));
/// # Ok::<(), crossinterp_core::EncodingError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Units<'a> {
    /// One byte a code point, below 128.
    Ascii(&'a [u8]),
    /// UTF-8.
    Utf8(&'a str),
    /// One byte a code point.
    Latin1(&'a [u8]),
    /// One unit a code point.
    Ucs2(&'a [u16]),
    /// One unit a code point, up to 0x10FFFF.
    Ucs4(&'a [u32]),
}

/// Units that are not text of the form they are said to be.
///
/// ```
/// use crossinterp_core::{EncodingError, Text, Units};
///
/// assert_eq!(Text::new(Units::Ascii(b"\x80")), Err(EncodingError));
/// assert_eq!(Text::new(Units::Ucs4(&[0x110000])), Err(EncodingError));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EncodingError;

impl fmt::Display for EncodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not text of the form it is said to be")
    }
}

impl core::error::Error for EncodingError {}

/// Borrowed text of any form. Two texts are equal when they have the same code points.
///
/// ```
/// use crossinterp_core::{Text, Units};
///
/// let wide = Text::new(Units::Ucs2(&[0x68, 0x69]))?;
/// assert_eq!(wide, Text::from("hi"));
/// assert_eq!(wide.max_point(), 127);
/// # Ok::<(), crossinterp_core::EncodingError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Text<'a> {
    units: Units<'a>,
    /// The answer of [`Text::max_point`]; 0 while it is not known.
    max_point: u32,
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self { units: Units::Utf8(text), max_point: 0 }
    }
}

impl<'a> Text<'a> {
    /// Text of those units.
    ///
    /// # Errors
    ///
    /// [`EncodingError`]: an ASCII unit of 128 or more, or a UCS-4 unit beyond 0x10FFFF.
    ///
    /// ```
    /// use crossinterp_core::{Text, Units};
    ///
    /// assert!(Text::new(Units::Ucs2(&[0xD800])).is_ok(), "lone surrogates are text");
    /// assert!(Text::new(Units::Ascii(b"\xFF")).is_err());
    /// ```
    pub fn new(units: Units<'a>) -> Result<Self, EncodingError> {
        let valid = match units {
            Units::Ascii(bytes) => bytes.is_ascii(),
            Units::Ucs4(points) => points.iter().all(|&point| point <= 0x10_FFFF),
            Units::Utf8(_) | Units::Latin1(_) | Units::Ucs2(_) => true,
        };
        if valid { Ok(Self { units, max_point: 0 }) } else { Err(EncodingError) }
    }

    /// Text of units that the caller knows to be of their form. Nothing is looked at: the largest code point is taken
    /// to be the largest of the form (of UTF-8 it is looked up).
    ///
    /// # Safety
    ///
    /// ASCII units are below 128, UCS-4 units not beyond 0x10FFFF.
    ///
    /// ```
    /// use crossinterp_core::{Text, Units};
    ///
    /// // SAFETY: every Latin-1 unit is text.
    /// let text = unsafe { Text::new_unchecked(Units::Latin1(b"plain")) };
    /// assert_eq!(text.max_point(), 255);
    /// ```
    pub unsafe fn new_unchecked(units: Units<'a>) -> Self {
        let max_point = match units {
            Units::Ascii(_) => 127,
            Units::Utf8(_) => 0,
            Units::Latin1(_) => 255,
            Units::Ucs2(_) => 65535,
            Units::Ucs4(_) => 0x10_FFFF,
        };
        Self { units, max_point }
    }

    /// The units, in their form.
    ///
    /// ```
    /// use crossinterp_core::{Text, Units};
    ///
    /// assert!(matches!(Text::from("hi").units(), Units::Utf8("hi")));
    /// ```
    #[inline]
    pub fn units(&self) -> Units<'a> {
        self.units
    }

    /// The form.
    ///
    /// ```
    /// use crossinterp_core::{Text, TextForm};
    ///
    /// assert_eq!(Text::from("hi").form(), TextForm::Utf8);
    /// ```
    #[inline]
    pub fn form(&self) -> TextForm {
        match self.units {
            Units::Ascii(_) => TextForm::Ascii,
            Units::Utf8(_) => TextForm::Utf8,
            Units::Latin1(_) => TextForm::Latin1,
            Units::Ucs2(_) => TextForm::Ucs2,
            Units::Ucs4(_) => TextForm::Ucs4,
        }
    }

    /// How many units it has.
    ///
    /// ```
    /// use crossinterp_core::Text;
    ///
    /// assert_eq!(Text::from("é").len(), 2);
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        match self.units {
            Units::Ascii(units) | Units::Latin1(units) => units.len(),
            Units::Utf8(text) => text.len(),
            Units::Ucs2(units) => units.len(),
            Units::Ucs4(units) => units.len(),
        }
    }

    /// Whether it has none.
    ///
    /// ```
    /// use crossinterp_core::Text;
    ///
    /// assert!(Text::from("").is_empty());
    /// ```
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Where the units are: aligned for them.
    ///
    /// ```
    /// use crossinterp_core::Text;
    ///
    /// let text = "hi";
    /// assert_eq!(Text::from(text).as_ptr(), text.as_ptr());
    /// ```
    #[inline]
    pub fn as_ptr(&self) -> *const u8 {
        match self.units {
            Units::Ascii(units) | Units::Latin1(units) => units.as_ptr(),
            Units::Utf8(text) => text.as_ptr(),
            Units::Ucs2(units) => units.as_ptr().cast(),
            Units::Ucs4(units) => units.as_ptr().cast(),
        }
    }

    /// The largest code point of the class that the text's largest code point is in: 127, 255, 65535 or 1114111. Text
    /// that was made without a check may answer with a larger one, that of its form.
    ///
    /// ```
    /// use crossinterp_core::Text;
    ///
    /// let classes = ["a", "é", "€", "🙂"].map(|text| Text::from(text).max_point());
    /// assert_eq!(classes, [127, 255, 65535, 1114111]);
    /// ```
    pub fn max_point(&self) -> u32 {
        if self.max_point != 0 {
            return self.max_point;
        }
        let largest = match self.units {
            Units::Ascii(_) => 0,
            Units::Latin1(units) => u32::from(units.iter().copied().max().unwrap_or(0)),
            // The first byte of a code point tells its class, and is larger than the bytes that follow it.
            Units::Utf8(text) => match text.bytes().max().unwrap_or(0) {
                0..0x80 => 0,
                0x80..0xC4 => 255,
                0xC4..0xF0 => 65535,
                0xF0.. => 0x10_FFFF,
            },
            Units::Ucs2(units) => u32::from(units.iter().copied().max().unwrap_or(0)),
            Units::Ucs4(units) => units.iter().copied().max().unwrap_or(0),
        };
        match largest {
            0..128 => 127,
            128..256 => 255,
            256..65536 => 65535,
            65536.. => 0x10_FFFF,
        }
    }

    /// The text as `&str`, if it is in ASCII or UTF-8.
    ///
    /// ```
    /// use crossinterp_core::{Text, Units};
    ///
    /// assert_eq!(Text::new(Units::Ascii(b"hi"))?.as_str(), Some("hi"));
    /// assert_eq!(Text::new(Units::Latin1(b"hi"))?.as_str(), None);
    /// # Ok::<(), crossinterp_core::EncodingError>(())
    /// ```
    #[inline]
    pub fn as_str(&self) -> Option<&'a str> {
        match self.units {
            // SAFETY: ASCII units are below 128 (`new` looked, `new_unchecked` was promised), which is UTF-8.
            Units::Ascii(units) => Some(unsafe { str::from_utf8_unchecked(units) }),
            Units::Utf8(text) => Some(text),
            _ => None,
        }
    }

    /// The text as a string, with U+FFFD where it has a lone surrogate; copied only when it is in another form.
    ///
    /// ```
    /// use crossinterp_core::{Text, Units};
    ///
    /// let text = Text::new(Units::Ucs2(&[0x20AC, 0xD800]))?;
    /// assert_eq!(text.to_string_lossy(), "€\u{FFFD}");
    /// # Ok::<(), crossinterp_core::EncodingError>(())
    /// ```
    pub fn to_string_lossy(&self) -> Cow<'a, str> {
        match self.as_str() {
            Some(text) => Cow::Borrowed(text),
            None => {
                let points = self.points().map(|point| char::from_u32(point).unwrap_or('\u{FFFD}'));
                Cow::Owned(points.collect::<String>())
            }
        }
    }

    /// Its code points, one after the other.
    ///
    /// ```
    /// use crossinterp_core::Text;
    ///
    /// assert!(Text::from("a€").points().eq([0x61, 0x20AC]));
    /// ```
    pub fn points(&self) -> impl Iterator<Item = u32> + use<'a> {
        match self.units {
            Units::Ascii(units) | Units::Latin1(units) => Points::Bytes(units.iter()),
            Units::Utf8(text) => Points::Chars(text.chars()),
            Units::Ucs2(units) => Points::Ucs2(units.iter()),
            Units::Ucs4(units) => Points::Ucs4(units.iter()),
        }
    }

    /// The text of `len` units of that form at `units`.
    ///
    /// # Safety
    ///
    /// So many units are there, aligned, for all of `'a`, and they are text of that form.
    unsafe fn at(form: TextForm, units: *const u8, len: usize, max_point: u32) -> Self {
        // SAFETY: the caller's promise.
        let units = unsafe {
            match form {
                TextForm::Ascii => Units::Ascii(slice::from_raw_parts(units, len)),
                TextForm::Utf8 => Units::Utf8(str::from_utf8_unchecked(slice::from_raw_parts(units, len))),
                TextForm::Latin1 => Units::Latin1(slice::from_raw_parts(units, len)),
                TextForm::Ucs2 => Units::Ucs2(slice::from_raw_parts(units.cast(), len)),
                TextForm::Ucs4 => Units::Ucs4(slice::from_raw_parts(units.cast(), len)),
            }
        };
        Self { units, max_point }
    }
}

enum Points<'a> {
    Bytes(slice::Iter<'a, u8>),
    Chars(core::str::Chars<'a>),
    Ucs2(slice::Iter<'a, u16>),
    Ucs4(slice::Iter<'a, u32>),
}

impl Iterator for Points<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Bytes(units) => units.next().map(|&unit| u32::from(unit)),
            Self::Chars(chars) => chars.next().map(u32::from),
            Self::Ucs2(units) => units.next().map(|&unit| u32::from(unit)),
            Self::Ucs4(units) => units.next().copied(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Bytes(units) => units.size_hint(),
            Self::Chars(chars) => chars.size_hint(),
            Self::Ucs2(units) => units.size_hint(),
            Self::Ucs4(units) => units.size_hint(),
        }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.units, other.units) {
            (Units::Ascii(left) | Units::Latin1(left), Units::Ascii(right) | Units::Latin1(right)) => {
                left == right
            }
            (Units::Ascii(ascii), Units::Utf8(text)) | (Units::Utf8(text), Units::Ascii(ascii)) => {
                ascii == text.as_bytes()
            }
            (Units::Utf8(left), Units::Utf8(right)) => left == right,
            (Units::Ucs2(left), Units::Ucs2(right)) => left == right,
            (Units::Ucs4(left), Units::Ucs4(right)) => left == right,
            _ => self.points().eq(other.points()),
        }
    }
}

impl Eq for Text<'_> {}

impl fmt::Debug for Text<'_> {
    /// As a string literal; a lone surrogate as `\u{d800}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for point in self.points() {
            match char::from_u32(point) {
                Some('\'') => f.write_char('\'')?,
                Some(character) => character.escape_debug().try_for_each(|part| f.write_char(part))?,
                None => write!(f, "\\u{{{point:x}}}")?,
            }
        }
        f.write_char('"')
    }
}

/// The payload of a text's object; its units are the tail.
struct Head {
    len: usize,
    max_point: u32,
    form: TextForm,
}

// SAFETY: length and form are never changed.
unsafe impl Payload for Head {
    fn tail(&self) -> usize {
        self.len * self.form.unit_size() // it is the size of the slice that was copied
    }
}

static TEXT: Vtable = Vtable::new::<Head>(Kind::Text);

impl Value {
    /// Text, copied as UTF-8.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: it does not fit into the value, and there is no memory for it.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::text("grün")?.as_text().unwrap().as_str(), Some("grün"));
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn text(text: &str) -> Result<Self, AllocError> {
        Self::from_text(Text::from(text))
    }

    /// Text of any form, copied in that form.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: it does not fit into the value, and there is no memory for it.
    ///
    /// ```
    /// use crossinterp_core::{Text, Units, Value};
    ///
    /// let wide = Value::from_text(Text::new(Units::Ucs4(&[0x1F642]))?)?;
    /// assert_eq!(wide, Value::text("🙂")?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_text(text: Text<'_>) -> Result<Self, AllocError> {
        let (form, len) = (text.form(), text.len());
        let (size, start) = (len * form.unit_size(), form.small_start());
        if start + size <= SMALL_START + SMALL {
            let info = (form as u8) << 4 | len as u8;
            // SAFETY: the condition above.
            return Ok(unsafe { Self::from_small(Kind::Text, info, start, text.as_ptr(), size) });
        }
        // SAFETY: the table is the one of this payload. The tail is as large as the units, and written before the object
        // is seen by anybody; its reference goes into the value.
        unsafe {
            let object = Object::new(Head { len, max_point: text.max_point(), form }, &TEXT)?;
            object.tail::<Head>().as_ptr().copy_from_nonoverlapping(text.as_ptr(), size);
            Ok(Self::from_object(Kind::Text, object))
        }
    }

    /// The text, if that is what it is; where it is.
    ///
    /// ```
    /// use crossinterp_core::{Text, Value};
    ///
    /// assert_eq!(Value::text("a")?.as_text(), Some(Text::from("a")));
    /// assert_eq!(Value::bytes(b"a")?.as_text(), None);
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn as_text(&self) -> Option<Text<'_>> {
        if self.kind() != Kind::Text {
            return None;
        }
        // SAFETY: `from_text` wrote the units and their form and number, into the object's tail and payload, or into the
        // value and its byte 1. Both stay while `self` is borrowed.
        Some(unsafe {
            match self.object() {
                Some(object) => {
                    let head = object.payload::<Head>().as_ref();
                    Text::at(head.form, object.tail::<Head>().as_ptr(), head.len, head.max_point)
                }
                None => {
                    let form = TextForm::from_number(self.info >> 4);
                    Text::at(form, self.small_at(form.small_start()), usize::from(self.info & 0xF), 0)
                }
            }
        })
    }
}
