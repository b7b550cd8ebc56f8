//! The clock that timeouts are measured with, and moments on it.

/// A moment on the clock until which an operation may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// Nanoseconds of the clock.
    At(u64),
    /// There is none.
    Never,
}

impl Deadline {
    /// So long from now; `u64::MAX`, and what the clock cannot count, is for ever.
    pub(crate) fn after(timeout_ns: u64) -> Self {
        match xi_clock_ns().checked_add(timeout_ns) {
            Some(at) if timeout_ns != u64::MAX => Self::At(at),
            _ => Self::Never,
        }
    }

    pub(crate) fn has_passed(self) -> bool {
        match self {
            Self::At(at) => xi_clock_ns() >= at,
            Self::Never => false,
        }
    }
}

/// Nanoseconds of the monotonic clock.
#[cfg(unix)]
#[unsafe(no_mangle)]
pub extern "C" fn xi_clock_ns() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a place for a timespec. The call cannot fail: the clock exists wherever this compiles.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    (now.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(now.tv_nsec as u64)
}

/// Nanoseconds since this was first asked.
#[cfg(not(unix))]
#[unsafe(no_mangle)]
pub extern "C" fn xi_clock_ns() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed().as_nanos() as u64
}
