//! Ends as values: an end can be sent through a channel, its own even.

use core::fmt;

use super::{Receiver, Sender};
use crate::object::Kind;
use crate::refs::AllocError;
use crate::value::{Opaque, Value};

/// Writes what ends of both sides have as values.
macro_rules! end_value {
    ($end:ident, $from:ident, $get:ident) => {
        // SAFETY: no other type is of this kind, and `value` itself makes no such objects.
        unsafe impl Opaque for $end<Value> {
            const KIND: Kind = Kind::$end;

            fn same(&self, other: &Self) -> bool {
                self.same_channel(other)
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }

        impl Value {
            /// A value that is that end. Held by no domain it can go anywhere: [`Sender::free_clone`].
            ///
            /// # Errors
            /// [`AllocError`]; the end is dropped.
            ///
            /// ```
            /// use crossinterp_core::{Kind, Value, unbounded};
            ///
            /// let (tx, rx) = unbounded::<Value>();
            /// let (answer, question) = unbounded::<Value>();
            #[doc = concat!("let end = ", end_value!(@doc $end), ".clone();")]
            #[doc = concat!("tx.try_send(Value::", stringify!($from), "(end)?).unwrap();")]
            /// let received = rx.try_recv().unwrap();
            #[doc = concat!("assert_eq!(received.kind(), Kind::", stringify!($end), ");")]
            #[doc = concat!("let end = received.", stringify!($get), "().unwrap();")]
            #[doc = concat!("assert!(end.same_channel(&", end_value!(@doc $end), "));")]
            /// # Ok::<(), crossinterp_core::AllocError>(())
            /// ```
            pub fn $from(end: $end<Value>) -> Result<Self, AllocError> {
                Self::from_opaque(end)
            }

            /// The end that the value is, if it is one of that side.
            ///
            /// ```
            /// use crossinterp_core::{Value, unbounded};
            ///
            /// let (tx, rx) = unbounded::<Value>();
            #[doc = concat!("let value = Value::", stringify!($from), "(", end_value!(@variable $end), ".clone())?;")]
            #[doc = concat!("assert!(value.", stringify!($get), "().unwrap().same_channel(&", end_value!(@variable $end), "));")]
            #[doc = concat!("assert!(Value::from(7_i64).", stringify!($get), "().is_none());")]
            /// # drop((tx, rx));
            /// # Ok::<(), crossinterp_core::AllocError>(())
            /// ```
            pub fn $get(&self) -> Option<&$end<Value>> {
                self.as_opaque()
            }
        }
    };
    (@doc Sender) => {
        "answer"
    };
    (@doc Receiver) => {
        "question"
    };
    (@variable Sender) => {
        "tx"
    };
    (@variable Receiver) => {
        "rx"
    };
}

end_value!(Sender, from_sender, as_sender);
end_value!(Receiver, from_receiver, as_receiver);
