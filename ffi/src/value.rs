//! Values: making, reading, comparing, cloning and releasing them.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;

use crossinterp_core::{AllocError, EncodingError, Integer, Kind, Text, TextForm, Units, Value};

use crate::handle;
use crate::status::{Status, XI_ERR_ENCODING, XI_ERR_KIND, XI_ERR_MOVED, XI_ERR_NOMEM, XI_ERR_RANGE, answer};

/// Python's `None`.
#[unsafe(no_mangle)]
pub extern "C" fn xi_value_none() -> Value {
    Value::NONE
}

/// Python's `...`.
#[unsafe(no_mangle)]
pub extern "C" fn xi_value_ellipsis() -> Value {
    Value::ELLIPSIS
}

/// A truth value.
#[unsafe(no_mangle)]
pub extern "C" fn xi_value_bool(truth: c_int) -> Value {
    Value::from(truth != 0)
}

/// An int of 64 bits.
#[unsafe(no_mangle)]
pub extern "C" fn xi_value_int(number: i64) -> Value {
    Value::from(number)
}

/// An unsigned int of 64 bits.
#[unsafe(no_mangle)]
pub extern "C" fn xi_value_uint(number: u64) -> Value {
    match Value::try_from(number) {
        Ok(value) => value,
        Err(AllocError) => std::process::abort(),
    }
}

/// A float.
#[unsafe(no_mangle)]
pub extern "C" fn xi_value_float(number: f64) -> Value {
    Value::from(number)
}

/// An int of any size.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_int_from_bytes(bytes: *const u8, len: usize, out: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (bytes, out) = unsafe { (handle::lent_slice(bytes, len)?, handle::place(out)?) };
        out.write(Value::from_int_bytes(bytes).map_err(|AllocError| XI_ERR_NOMEM)?);
        Ok(())
    })
}

/// Bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_bytes(bytes: *const c_void, len: usize, out: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (bytes, out) = unsafe { (handle::lent_slice(bytes.cast(), len)?, handle::place(out)?) };
        out.write(Value::bytes(bytes).map_err(|AllocError| XI_ERR_NOMEM)?);
        Ok(())
    })
}

/// Text, checked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_text(
    form: i32,
    units: *const c_void,
    len: usize,
    out: *mut Value,
) -> Status {
    // SAFETY: the contract of the header.
    answer(|| unsafe { give_text(form, units, len, true, out) })
}

/// Text whose units are known to be of their form.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_text_unchecked(
    form: i32,
    units: *const c_void,
    len: usize,
    out: *mut Value,
) -> Status {
    // SAFETY: the contract of the header.
    answer(|| unsafe { give_text(form, units, len, false, out) })
}

/// # Safety
/// As [`with_text`]; `out` as [`handle::place`].
unsafe fn give_text(
    form: i32,
    units: *const c_void,
    len: usize,
    check: bool,
    out: *mut Value,
) -> Result<(), Status> {
    // SAFETY: the caller's promise.
    unsafe {
        let out = handle::place(out)?;
        with_text(form, units, len, check, |text| {
            out.write(Value::from_text(text).map_err(|AllocError| XI_ERR_NOMEM)?);
            Ok(())
        })
    }
}

/// Calls `then` with the text that C lends.
///
/// # Safety
/// `units` is NULL or points to `len` units, in memory at any alignment; unless `check` they are of the form.
pub(crate) unsafe fn with_text<R>(
    form: i32,
    units: *const c_void,
    len: usize,
    check: bool,
    then: impl FnOnce(Text<'_>) -> Result<R, Status>,
) -> Result<R, Status> {
    const ASCII: i32 = TextForm::Ascii as i32;
    const UTF8: i32 = TextForm::Utf8 as i32;
    const LATIN1: i32 = TextForm::Latin1 as i32;
    const UCS2: i32 = TextForm::Ucs2 as i32;
    const UCS4: i32 = TextForm::Ucs4 as i32;

    let (mut moved_2, mut moved_4) = (Vec::new(), Vec::new());
    // SAFETY: the caller's promise; `aligned` sees to the alignment.
    let units = unsafe {
        match form {
            ASCII => Units::Ascii(handle::lent_slice(units.cast(), len)?),
            LATIN1 => Units::Latin1(handle::lent_slice(units.cast(), len)?),
            UCS2 => Units::Ucs2(aligned(units.cast(), len, &mut moved_2)?),
            UCS4 => Units::Ucs4(aligned(units.cast(), len, &mut moved_4)?),
            UTF8 => {
                let bytes = handle::lent_slice(units.cast(), len)?;
                Units::Utf8(if check {
                    str::from_utf8(bytes).map_err(|_| XI_ERR_ENCODING)?
                } else {
                    str::from_utf8_unchecked(bytes)
                })
            }
            _ => return Err(XI_ERR_KIND),
        }
    };
    then(if check {
        Text::new(units).map_err(|EncodingError| XI_ERR_ENCODING)?
    } else {
        // SAFETY: the caller's promise.
        unsafe { Text::new_unchecked(units) }
    })
}

/// The units that C lends, or a copy of them where they are not aligned.
///
/// # Safety
/// `units` is NULL or points to `len` units, at any alignment, that nobody writes while the result is used.
unsafe fn aligned<T: Copy>(units: *const T, len: usize, moved: &mut Vec<T>) -> Result<&[T], Status> {
    if units.is_null() || units.is_aligned() {
        // SAFETY: the caller's promise.
        return unsafe { handle::lent_slice(units, len) };
    }
    moved.try_reserve_exact(len).map_err(|_| XI_ERR_NOMEM)?;
    let size = size_of::<T>().saturating_mul(len); // there is room for so many: it is exact
    // SAFETY: there is room for `len` units, and bytes can be copied from any address.
    unsafe {
        moved.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(units.cast(), size);
        moved.set_len(len);
    }
    Ok(moved)
}

/// What a value is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_kind(value: *const Value) -> i32 {
    // SAFETY: the contract of the header.
    unsafe { handle::lent(value) }.map_or(Kind::Moved, Value::kind) as i32
}

/// One more reference to the same thing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_clone(value: *const Value) -> Value {
    // SAFETY: the contract of the header.
    unsafe { handle::lent(value) }.map_or(Value::MOVED, Value::clone)
}

/// Lets the value go.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_release(value: *mut Value) {
    // SAFETY: the contract of the header.
    drop(unsafe { handle::lent_mut(value) }.map(Value::take));
}

/// Marks the reference as one to be shown as it stands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_mark_frozen(value: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let value = unsafe { handle::lent_mut(value) }?;
        match value.mark_frozen() {
            true => Ok(()),
            false => Err(not_of_kind(value)),
        }
    })
}

/// Whether the reference is so marked.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_is_frozen(value: *const Value) -> c_int {
    // SAFETY: the contract of the header.
    unsafe { handle::lent(value) }.is_ok_and(Value::is_frozen).into()
}

/// Whether other references lead to the same thing, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_is_shared(value: *const Value) -> c_int {
    // SAFETY: the contract of the header.
    unsafe { handle::lent(value) }.is_ok_and(Value::is_shared).into()
}

/// Why a value cannot be read as another kind.
pub(crate) fn not_of_kind(value: &Value) -> Status {
    if value.is_moved() { XI_ERR_MOVED } else { XI_ERR_KIND }
}

/// Reads one thing out of a value, if it is of that kind, into the caller's place.
///
/// # Safety
/// `value` as [`handle::lent`], `out` as [`handle::place`].
pub(crate) unsafe fn read<'a, T, R>(
    value: *const Value,
    out: *mut R,
    as_kind: impl FnOnce(&'a Value) -> Option<T>,
    read: impl FnOnce(T) -> Result<R, Status>,
) -> Status {
    answer(|| {
        // SAFETY: the caller's promise.
        let (value, out): (&'a Value, &mut MaybeUninit<R>) =
            unsafe { (handle::lent(value)?, handle::place(out)?) };
        out.write(read(as_kind(value).ok_or_else(|| not_of_kind(value))?)?);
        Ok(())
    })
}

/// The truth value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_as_bool(value: *const Value, out: *mut c_int) -> Status {
    // SAFETY: the contract of the header.
    unsafe { read(value, out, Value::as_bool, |truth| Ok(truth.into())) }
}

/// The int, if it fits 64 bits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_as_int(value: *const Value, out: *mut i64) -> Status {
    // SAFETY: the contract of the header.
    unsafe { read(value, out, Value::as_integer, |integer| integer.to_i64().ok_or(XI_ERR_RANGE)) }
}

/// The float.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_as_float(value: *const Value, out: *mut f64) -> Status {
    // SAFETY: the contract of the header.
    unsafe { read(value, out, Value::as_float, Ok) }
}

/// How many bytes the int needs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_int_size(value: *const Value, out: *mut usize) -> Status {
    // SAFETY: the contract of the header.
    unsafe { read(value, out, Value::as_integer, |integer: Integer<'_>| Ok(integer.size())) }
}

/// The int's two's complement.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_int_to_bytes(value: *const Value, bytes: *mut u8, len: usize) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let value = unsafe { handle::lent(value) }?;
        let integer = value.as_integer().ok_or_else(|| not_of_kind(value))?;
        if integer.size() > len {
            return Err(XI_ERR_RANGE);
        }
        // SAFETY: as above.
        let bytes = unsafe { handle::lent_bytes_mut(bytes, len) }?;
        integer.write_le_bytes(bytes).map_err(|_| XI_ERR_RANGE)
    })
}

/// The bytes, where they are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_as_bytes(
    value: *const Value,
    bytes: *mut *const c_void,
    len: *mut usize,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (value, start, len) =
            unsafe { (handle::lent(value)?, handle::place(bytes)?, handle::place(len)?) };
        let bytes = value.as_bytes().ok_or_else(|| not_of_kind(value))?;
        start.write(bytes.as_ptr().cast());
        len.write(bytes.len());
        Ok(())
    })
}

/// `xi_text`.
#[repr(C)]
#[derive(Debug)]
pub struct LentText {
    /// Where the units are.
    pub units: *const c_void,
    /// How many there are.
    pub len: usize,
    /// `XI_TEXT_...`.
    pub form: i32,
    /// The largest code point of their class.
    pub max_point: u32,
}

/// The text, where it is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_as_text(value: *const Value, out: *mut LentText) -> Status {
    // SAFETY: the contract of the header.
    unsafe {
        read(value, out, Value::as_text, |text: Text<'_>| {
            Ok(LentText {
                units: text.as_ptr().cast(),
                len: text.len(),
                form: text.form() as i32,
                max_point: text.max_point(),
            })
        })
    }
}

/// Whether both are equal as Python has it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_equal(left: *const Value, right: *const Value, out: *mut c_int) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (left, right, out) = unsafe { (handle::lent(left)?, handle::lent(right)?, handle::place(out)?) };
        if left.is_moved() || right.is_moved() {
            return Err(XI_ERR_MOVED);
        }
        out.write(left.try_eq(right).map_err(|AllocError| XI_ERR_NOMEM)?.into());
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The code points of the text that `len` units at an odd address are.
    fn points_at_an_odd_address(form: i32, units: &[u8], len: usize) -> Vec<u32> {
        let mut memory = vec![0u32; units.len()];
        let start = memory.as_mut_ptr().cast::<u8>().wrapping_add(1);
        // SAFETY: the memory has room for the units after its first byte.
        unsafe { start.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
        let mut value = Value::MOVED;
        // SAFETY: so many units are there; the value is this function's own.
        assert_eq!(unsafe { xi_value_text(form, start.cast(), len, &mut value) }, crate::status::XI_OK);
        value.as_text().map(|text| text.points().collect()).unwrap_or_default()
    }

    #[test]
    fn units_may_stand_anywhere() {
        for len in [1, 3, 7, 8, 50] {
            let (narrow, wide) = (vec![0x20ACu16; len], vec![0x1F642u32; len]);
            let narrow_bytes: Vec<u8> = narrow.iter().flat_map(|unit| unit.to_ne_bytes()).collect();
            let wide_bytes: Vec<u8> = wide.iter().flat_map(|unit| unit.to_ne_bytes()).collect();
            assert_eq!(
                points_at_an_odd_address(TextForm::Ucs2 as i32, &narrow_bytes, len),
                vec![0x20AC; len]
            );
            assert_eq!(points_at_an_odd_address(TextForm::Ucs4 as i32, &wide_bytes, len), wide);
        }
    }

    #[test]
    fn lengths_that_no_memory_has_are_refused() {
        let mut value = Value::MOVED;
        let unit = [0u16; 2];
        for start in [unit.as_ptr().cast::<u8>(), unit.as_ptr().cast::<u8>().wrapping_add(1)] {
            // SAFETY: the length is refused before anything is read.
            let status = unsafe { xi_value_text(3, start.cast(), usize::MAX, &mut value) };
            assert!(status == XI_ERR_RANGE || status == XI_ERR_NOMEM);
            assert!(value.is_moved());
        }
    }
}
