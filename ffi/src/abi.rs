//! Versions: of the binary interface, and of the library.

use core::ffi::c_char;

/// `XI_ABI_VERSION` of the header: 0 until the first release, then raised when a compiled caller could break.
pub const XI_ABI_VERSION: u32 = 0;

/// The binary interface that this library has.
#[unsafe(no_mangle)]
pub extern "C" fn xi_abi_version() -> u32 {
    XI_ABI_VERSION
}

/// The library's version as static text.
#[unsafe(no_mangle)]
pub extern "C" fn xi_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
