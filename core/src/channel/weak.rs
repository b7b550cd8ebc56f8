//! Weak ends: they know a channel without keeping it open.

use core::fmt;

use super::end::WeakEnd;
use super::{Receiver, Sender};

/// Writes a weak end of either side.
macro_rules! weak_end {
    ($weak:ident, $end:ident, $variable:literal, $other:literal) => {
        #[doc = concat!("Knows a channel as a [`", stringify!($end), "`] does, but is none: it keeps nothing open, and")]
        /// can be made one while there are others of that side.
        ///
        /// ```
        /// let (tx, rx) = crossinterp_core::unbounded::<u8>();
        #[doc = concat!("let weak = ", $variable, ".downgrade();")]
        #[doc = concat!("let one_more = weak.upgrade().unwrap();")]
        #[doc = concat!("assert!(one_more.same_channel(&", $variable, "));")]
        #[doc = concat!("drop((one_more, ", $variable, "));")]
        /// assert!(weak.upgrade().is_none());
        /// ```
        pub struct $weak<T>(WeakEnd<T>);

        impl<T> $end<T> {
            /// An end that does not keep the channel open. One of an end that a domain holds makes ends that the same domain
            /// holds.
            ///
            /// ```
            /// let (tx, rx) = crossinterp_core::unbounded::<u8>();
            #[doc = concat!("let weak = ", $variable, ".downgrade();")]
            #[doc = concat!("drop(", $variable, ");")]
            #[doc = concat!("assert!(", $other, ".is_closed()); // the weak one keeps nothing open")]
            /// # drop(weak);
            /// ```
            pub fn downgrade(&self) -> $weak<T> {
                $weak(self.0.downgrade())
            }
        }

        impl<T> $weak<T> {
            /// An end; `None` when the last one of that side is gone or is a single one, the domain that holds it has closed, or there is no
            /// memory for that domain to hold one more. (A channel that was closed while it had ends still gives one.)
            ///
            /// ```
            /// let (tx, rx) = crossinterp_core::bounded::<u8>(1);
            #[doc = concat!("let weak = ", $variable, ".downgrade();")]
            /// assert!(weak.upgrade().is_some());
            #[doc = concat!("let single = ", $variable, ".try_into_single().unwrap();")]
            /// assert!(weak.upgrade().is_none()); // a single end stays the only one
            #[doc = concat!("let ", $variable, " = single.into_shared();")]
            /// assert!(weak.upgrade().is_some());
            /// # drop((tx, rx));
            /// ```
            pub fn upgrade(&self) -> Option<$end<T>> {
                self.0.upgrade().map($end)
            }

            /// Whether both know the same channel.
            ///
            /// ```
            /// use crossinterp_core::unbounded;
            ///
            /// let ((tx, rx), (other_tx, other_rx)) = (unbounded::<u8>(), unbounded::<u8>());
            #[doc = concat!("let (weak, other) = (", $variable, ".downgrade(), other_", $variable, ".downgrade());")]
            /// assert!(weak.same_channel(&weak.clone()) && !weak.same_channel(&other));
            /// # drop((tx, rx, other_tx, other_rx));
            /// ```
            pub fn same_channel(&self, other: &Self) -> bool {
                self.0.same_channel(&other.0)
            }
        }

        impl<T> Clone for $weak<T> {
            fn clone(&self) -> Self {
                Self(self.0.clone())
            }
        }

        impl<T> fmt::Debug for $weak<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($weak)).finish_non_exhaustive()
            }
        }
    };
}

weak_end!(WeakSender, Sender, "tx", "rx");
weak_end!(WeakReceiver, Receiver, "rx", "tx");
