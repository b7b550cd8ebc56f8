//! Bytes: inside the value when they are few, else in an object's tail.

use super::{SMALL, SMALL_START, Value};
use crate::object::{Kind, Object, Payload, Vtable};
use crate::refs::AllocError;

struct Length(usize);

// SAFETY: the length is never changed.
unsafe impl Payload for Length {
    fn tail(&self) -> usize {
        self.0
    }
}

static BYTES: Vtable = Vtable::new::<Length>(Kind::Bytes);

impl Value {
    /// Bytes, copied.
    ///
    /// # Errors
    ///
    /// [`AllocError`]: there are more than 14, and there is no memory for them.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::bytes(b"abc")?.as_bytes(), Some(&b"abc"[..]));
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn bytes(bytes: &[u8]) -> Result<Self, AllocError> {
        let len = bytes.len();
        if len <= SMALL {
            // SAFETY: 14 bytes from byte 2 on are inside the value.
            return Ok(unsafe { Self::from_small(Kind::Bytes, len as u8, SMALL_START, bytes.as_ptr(), len) });
        }
        // SAFETY: the table is the one of this payload. The tail is as long as `bytes`, and written before the object is
        // seen by anybody; its reference goes into the value.
        unsafe {
            let object = Object::new(Length(len), &BYTES)?;
            object.tail::<Length>().as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), len);
            Ok(Self::from_object(Kind::Bytes, object))
        }
    }

    /// The bytes, if that is what it is; where they are.
    ///
    /// ```
    /// use crossinterp_core::Value;
    ///
    /// assert_eq!(Value::bytes(&[7; 100])?.as_bytes(), Some(&[7; 100][..]));
    /// assert_eq!(Value::text("no")?.as_bytes(), None);
    /// # Ok::<(), crossinterp_core::AllocError>(())
    /// ```
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if self.kind() != Kind::Bytes {
            return None;
        }
        // SAFETY: the payload of bytes is their length, and the tail is as long; without an object the length is in byte
        // 1, and as many bytes follow. Both stay while `self` is borrowed.
        Some(unsafe {
            match self.object() {
                Some(object) => {
                    let len = object.payload::<Length>().as_ref().0;
                    core::slice::from_raw_parts(object.tail::<Length>().as_ptr(), len)
                }
                None => core::slice::from_raw_parts(self.small_at(SMALL_START), usize::from(self.info)),
            }
        })
    }
}
