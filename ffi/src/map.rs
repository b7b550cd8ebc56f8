//! Maps: filling one, and looking things up.

use core::ffi::c_void;
use core::ptr;

use crossinterp_core::{AllocError, KeyError, MapBuilder, MapRef, Value};

use crate::handle::{self, Handle, Vacant};
use crate::status::{
    Status, XI_ERR_MISSING, XI_ERR_MOVED, XI_ERR_NOMEM, XI_ERR_RANGE, XI_ERR_UNHASHABLE, answer,
};
use crate::value::{not_of_kind, read, with_text};

/// `xi_map_builder`.
pub type MapHandle = Handle<MapBuilder>;

fn status(error: KeyError) -> Status {
    match error {
        KeyError::Moved => XI_ERR_MOVED,
        KeyError::OutOfMemory => XI_ERR_NOMEM,
        _ => XI_ERR_UNHASHABLE,
    }
}

/// A map to be filled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_map_new(capacity: usize, out: *mut *mut MapHandle) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let out = unsafe { handle::place(out) }?;
        if capacity > MapBuilder::MAX_LEN {
            return Err(XI_ERR_RANGE);
        }
        let vacant = Vacant::new()?;
        let builder = MapBuilder::with_capacity(capacity).map_err(|AllocError| XI_ERR_NOMEM)?;
        out.write(vacant.fill(builder));
        Ok(())
    })
}

/// Inserts an entry, or gives an equal key its new value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_map_insert(
    builder: *mut MapHandle,
    key: *mut Value,
    value: *mut Value,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let builder = unsafe { handle::borrow_mut(builder) }?;
        if ptr::eq(key, value) && !key.is_null() {
            return Err(XI_ERR_MOVED); // the one is gone when the other is taken
        }
        // SAFETY: as above; they are two values.
        let (key, value) = unsafe { (handle::lent_mut(key)?, handle::lent_mut(value)?) };
        match builder.insert(key.take(), value.take()) {
            Ok(_replaced) => Ok(()),
            Err(error) => {
                *key = error.key;
                *value = error.value;
                Err(status(error.reason))
            }
        }
    })
}

/// Makes a value of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_map_finish(builder: *mut MapHandle, out: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (map, out) = unsafe { (handle::borrow_mut(builder)?, handle::place(out)?) };
        map.compact().map_err(|AllocError| XI_ERR_NOMEM)?;
        // SAFETY: the borrow above has ended; from here on the handle is not the caller's any more.
        let map = unsafe { handle::take(builder) }?;
        // What is compact needs no memory to be finished.
        out.write(map.finish().map_err(|(_, AllocError)| XI_ERR_NOMEM)?);
        Ok(())
    })
}

/// Lets the builder go, with what is in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_map_release(builder: *mut MapHandle) {
    // SAFETY: the contract of the header.
    unsafe { handle::release(builder) };
}

/// How many entries the map has.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_map_len(map: *const Value, out: *mut usize) -> Status {
    // SAFETY: the contract of the header.
    unsafe { read(map, out, Value::as_map, |map: MapRef<'_>| Ok(map.len())) }
}

/// One entry, by its place in the order of insertion.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_map_entry(
    map: *const Value,
    index: usize,
    key: *mut *const Value,
    value: *mut *const Value,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (map, key_out, value_out) =
            unsafe { (handle::lent(map)?, handle::place(key)?, handle::place(value)?) };
        let entries = map.as_map().ok_or_else(|| not_of_kind(map))?;
        let (key, value) = entries.entry(index).ok_or(XI_ERR_RANGE)?;
        key_out.write(key);
        value_out.write(value);
        Ok(())
    })
}

/// The value of a key, in place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_map_get(
    map: *const Value,
    key: *const Value,
    out: *mut *const Value,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (map, key, out) = unsafe { (handle::lent(map)?, handle::lent(key)?, handle::place(out)?) };
        let entries = map.as_map().ok_or_else(|| not_of_kind(map))?;
        out.write(entries.get(key).map_err(status)?.ok_or(XI_ERR_MISSING)?);
        Ok(())
    })
}

/// The value of a text key that need not be a value, in place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_map_get_text(
    map: *const Value,
    form: i32,
    units: *const c_void,
    len: usize,
    out: *mut *const Value,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (map, out) = unsafe { (handle::lent(map)?, handle::place(out)?) };
        let entries = map.as_map().ok_or_else(|| not_of_kind(map))?;
        // SAFETY: as above.
        let found = unsafe { with_text(form, units, len, false, |key| Ok(entries.get_text(key))) }?;
        out.write(found.ok_or(XI_ERR_MISSING)?);
        Ok(())
    })
}
