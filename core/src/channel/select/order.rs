//! In which order operations are looked at.

use crate::primitive::next_random;

/// Any order is as likely as any other, as far as a small generator can tell (Fisher and Yates).
pub(super) fn shuffle<T>(things: &mut [T]) {
    for last in (1..things.len()).rev() {
        things.swap(last, next_random() % (last + 1));
    }
}
