//! Status codes and their names: the whole error of every function.

use core::ffi::c_char;

/// `xi_status`: a plain 32-bit number, because the size of a C enum is the compiler's choice.
pub type Status = i32;

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        $($(#[$doc])* pub const $name: Status = $number;)*

        /// Every status there is, by name.
        pub const ALL: &[(&str, Status)] = &[$((stringify!($name), $name)),*];

        /// The name with the NUL that ends it for C.
        const fn name(status: Status) -> &'static str {
            match status {
                $($name => concat!(stringify!($name), "\0"),)*
                _ => "XI_ERR_UNKNOWN\0",
            }
        }
    };
}

statuses! {
    /// It was done.
    XI_OK = 0,
    /// A pointer that must not be NULL is.
    XI_ERR_NULL = -1,
    /// No room now; later there may be.
    XI_ERR_FULL = -2,
    /// No message now; later there may be.
    XI_ERR_EMPTY = -3,
    /// The channel is closed, or its other side is gone: never again.
    XI_ERR_CLOSED = -4,
    /// Out of memory; nothing was changed.
    XI_ERR_NOMEM = -5,
    /// The time is over; nothing was sent or received.
    XI_ERR_TIMEOUT = -6,
    /// A signal handler ran on this thread during the sleep; nothing was sent or received.
    XI_ERR_INTERRUPTED = -7,
    /// The value was taken before.
    XI_ERR_MOVED = -8,
    /// The value is of another kind than the function reads, or the kind is unknown.
    XI_ERR_KIND = -9,
    /// A number, size, index or capacity beyond what can be had.
    XI_ERR_RANGE = -10,
    /// The domain of this end ends or has closed; nothing was sent or received.
    XI_ERR_ENDED = -11,
    /// The handle was made before `fork()`, and this is the child.
    XI_ERR_FORKED = -12,
    /// The value, or a part of it, cannot be a key.
    XI_ERR_UNHASHABLE = -13,
    /// The map has no such key.
    XI_ERR_MISSING = -14,
    /// The bytes are not text of the form they are said to be.
    XI_ERR_ENCODING = -15,
    /// An options struct or a flag that this version does not know.
    XI_ERR_OPTION = -16,
}

/// The name of a status as static text, also for numbers that are none.
#[unsafe(no_mangle)]
pub extern "C" fn xi_status_name(status: Status) -> *const c_char {
    name(status).as_ptr().cast()
}

/// Runs the body of a C function, which leaves early with `?` and a status.
pub(crate) fn answer(body: impl FnOnce() -> Result<(), Status>) -> Status {
    match body() {
        Ok(()) => XI_OK,
        Err(status) => status,
    }
}
