//! Tuples, lists and records: filling one in place, and reading it.
//!
//! A builder in C's hands is the block of the sequence itself, not a [`handle::Handle`]: containers are made by the
//! thousand, and a builder that came through `fork()` is as good as any other memory of one thread.

use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use crossinterp_core::{Kind, SequenceBuilder, SequenceError, Value};

use crate::handle;
use crate::status::{Status, XI_ERR_KIND, XI_ERR_MOVED, XI_ERR_NOMEM, XI_ERR_NULL, XI_ERR_RANGE, answer};
use crate::value::not_of_kind;

/// What `xi_sequence_builder` points to: nothing that can be looked at from here.
#[repr(C)]
pub struct SequenceBlock {
    _private: [u8; 0],
}

/// The builder that C holds; it stays C's.
///
/// # Safety
/// `builder` is NULL or a builder given out by [`xi_sequence_new`] that no other call uses meanwhile.
unsafe fn borrow(builder: *mut SequenceBlock) -> Result<ManuallyDrop<SequenceBuilder>, Status> {
    let block = NonNull::new(builder).ok_or(XI_ERR_NULL)?.cast();
    // SAFETY: the caller's promise: it came out of `into_raw`.
    Ok(ManuallyDrop::new(unsafe { SequenceBuilder::from_raw(block) }))
}

fn status(error: SequenceError) -> Status {
    match error {
        SequenceError::OutOfMemory => XI_ERR_NOMEM,
        SequenceError::Nameless => XI_ERR_RANGE,
        SequenceError::Moved => XI_ERR_MOVED,
        _ => XI_ERR_KIND,
    }
}

/// A sequence with places to be filled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sequence_new(kind: i32, len: usize, out: *mut *mut SequenceBlock) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let out = unsafe { handle::place(out) }?;
        let kind = u8::try_from(kind).ok().and_then(Kind::from_number).ok_or(XI_ERR_KIND)?;
        let builder = SequenceBuilder::new(kind, len).map_err(status)?;
        out.write(builder.into_raw().as_ptr().cast());
        Ok(())
    })
}

/// The places.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sequence_slots(builder: *mut SequenceBlock) -> *mut Value {
    // SAFETY: the contract of the header.
    unsafe { borrow(builder) }.map_or(ptr::null_mut(), |mut builder| builder.slots().as_mut_ptr())
}

/// Makes a value of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sequence_finish(builder: *mut SequenceBlock, out: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (builder, out) = unsafe { (borrow(builder)?, handle::place(out)?) };
        match ManuallyDrop::into_inner(builder).finish() {
            Ok(value) => {
                out.write(value);
                Ok(())
            }
            Err((builder, error)) => {
                // It is still the caller's, at the same place.
                let _ = ManuallyDrop::new(builder);
                Err(status(error))
            }
        }
    })
}

/// Lets the builder go, with what is in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sequence_release(builder: *mut SequenceBlock) {
    // SAFETY: the contract of the header.
    drop(unsafe { borrow(builder) }.map(ManuallyDrop::into_inner));
}

/// The items of a sequence, in place.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_items(
    value: *const Value,
    items: *mut *const Value,
    len: *mut usize,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (value, start, len) =
            unsafe { (handle::lent(value)?, handle::place(items)?, handle::place(len)?) };
        let items = value.items().ok_or_else(|| not_of_kind(value))?;
        start.write(items.as_ptr());
        len.write(items.len());
        Ok(())
    })
}
