//! Kinds of objects that other modules add: what values of them must know is stated in a trait.

use core::cell::Cell;
use core::fmt;
use core::ptr::NonNull;

use super::Value;
use crate::object::{Kind, Link, Object, OpaqueVtable, Payload, Vtable};
use crate::refs::AllocError;

/// A thing that can stand in a value although `value` does not know it: the end of a channel, for one.
///
/// It is dropped once, by the thread that lets the last reference go; with feature `std` drops of such things that are
/// reached from within another one's drop come after it, on the same thread. It cannot be a key.
///
/// An implementation states the kind, when two are the same and how one is shown; [`Value::from_opaque`] moves a thing
/// in, [`Value::as_opaque`] looks at it. The tests of this module have a complete example.
///
/// # Safety
///
/// No other type has this `KIND`, and no kind that `value` knows.
pub(crate) unsafe trait Opaque: Send + Sync + Sized + 'static {
    /// The kind of such values.
    const KIND: Kind;

    /// What `==` of two such values says.
    fn same(&self, other: &Self) -> bool;

    /// What `Debug` shows.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

struct Holder<T> {
    /// Used by the thread that drops the object, when nobody else has it any more.
    link: Cell<Option<Object>>,
    thing: T,
}

// SAFETY: the thing is `Sync`, and the link is only touched when the object has one user left.
unsafe impl<T: Opaque> Sync for Holder<T> {}
// SAFETY: the thing is `Send`; the link is empty, or points to a dead object that belongs to the same thread.
unsafe impl<T: Opaque> Send for Holder<T> {}

// SAFETY: there is no tail.
unsafe impl<T: Opaque> Payload for Holder<T> {
    fn tail(&self) -> usize {
        0
    }
}

impl<T: Opaque> Holder<T> {
    const VTABLE: &'static Vtable = &Vtable {
        kind: T::KIND,
        free: Object::free::<Self>,
        opaque: Some(OpaqueVtable { same: Self::same, print: Self::print, link: Self::link }),
    };

    /// # Safety
    ///
    /// The object lives for all of `'a`, and its payload is of this type.
    unsafe fn of<'a>(object: Object) -> &'a Self {
        // SAFETY: the caller's promise.
        unsafe { object.payload::<Self>().as_ref() }
    }

    /// # Safety
    ///
    /// Both objects live and have payloads of this type.
    unsafe fn same(left: Object, right: Object) -> bool {
        // SAFETY: the caller's promise.
        let (left, right) = unsafe { (Self::of(left), Self::of(right)) };
        left.thing.same(&right.thing)
    }

    /// # Safety
    ///
    /// The object lives and has a payload of this type.
    unsafe fn print(object: Object, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the caller's promise.
        unsafe { Self::of(object) }.thing.print(f)
    }

    /// # Safety
    ///
    /// The object lives and has a payload of this type.
    unsafe fn link(object: Object) -> Link {
        // SAFETY: the caller's promise.
        NonNull::from(unsafe { &Self::of(object).link })
    }
}

impl Value {
    /// Moves a thing into an object; without memory it is dropped.
    pub(crate) fn from_opaque<T: Opaque>(thing: T) -> Result<Self, AllocError> {
        let holder = Holder { link: Cell::new(None), thing };
        // SAFETY: the table is the one of this payload; the new object's reference goes into the value.
        unsafe { Ok(Self::from_object(T::KIND, Object::new(holder, Holder::<T>::VTABLE)?)) }
    }

    /// The thing in the value, if it is of that kind.
    pub(crate) fn as_opaque<T: Opaque>(&self) -> Option<&T> {
        let object = self.object().filter(|_| self.kind() == T::KIND)?;
        // SAFETY: only `from_opaque::<T>` makes objects of this kind, and the value keeps it alive while borrowed.
        Some(&unsafe { Holder::<T>::of(object) }.thing)
    }
}

#[cfg(all(test, feature = "std", not(loom)))]
mod tests {
    use super::*;
    use std::format;
    use std::sync::{Arc, Mutex, Weak};

    /// A box that holds a value and can be shut with itself inside: as a channel can, in which its own end is queued.
    struct Door {
        number: u32,
        behind: Mutex<Value>,
        open: Arc<()>,
    }

    // SAFETY: no other type of this build of the tests is of this kind.
    unsafe impl Opaque for Door {
        const KIND: Kind = Kind::Sender;

        fn same(&self, other: &Self) -> bool {
            self.number == other.number
        }

        fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "Door({})", self.number)
        }
    }

    fn door(number: u32, behind: Value, open: &Arc<()>) -> Value {
        Value::from_opaque(Door { number, behind: Mutex::new(behind), open: Arc::clone(open) }).unwrap()
    }

    #[test]
    fn a_thing_is_reached_compared_and_shown() {
        let open = Arc::new(());
        let first = door(1, Value::NONE, &open);
        assert_eq!(first.as_opaque::<Door>().map(|door| door.number), Some(1));
        assert!(Value::from(1).as_opaque::<Door>().is_none());
        assert_eq!(first, door(1, Value::from(5), &open));
        assert_ne!(first, door(2, Value::NONE, &open));
        assert_ne!(first, Value::NONE);
        assert_eq!(format!("{:?}", Value::tuple([first]).unwrap()), "(Door(1),)");
        assert_eq!(Arc::strong_count(&open), 1, "all doors are gone");
    }

    #[test]
    fn a_thing_is_no_key() {
        let key = door(1, Value::NONE, &Arc::new(()));
        let map = Value::map([]).unwrap();
        assert_eq!(map.as_map().unwrap().get(&key), Err(crate::KeyError::Unhashable));
        let nested = Value::tuple([key]).unwrap();
        assert_eq!(map.as_map().unwrap().get(&nested), Err(crate::KeyError::Unhashable));
    }

    /// Each holds the next in its own memory, so that dropping it drops the next: with tuples between them, and
    /// without.
    #[test]
    fn a_long_chain_of_things_is_dropped_without_recursion() {
        let open = Arc::new(());
        let mut chain = Value::NONE;
        for number in 0..200_000 {
            chain = door(number, chain, &open);
            if number % 3 == 0 {
                chain = Value::tuple([chain, Value::from(0)]).unwrap();
            }
        }
        assert_eq!(Arc::strong_count(&open), 200_001);
        drop(chain);
        assert_eq!(Arc::strong_count(&open), 1);
    }

    #[test]
    fn a_thing_is_dropped_by_the_last_reference() {
        let open = Arc::new(());
        let first = door(1, Value::NONE, &open);
        let copies: std::vec::Vec<_> = first.clone_many(10).take(7).collect();
        drop(first);
        let weak: Weak<()> = Arc::downgrade(&open);
        assert_eq!(weak.strong_count(), 2);
        drop(copies);
        assert_eq!(weak.strong_count(), 1);
    }

    #[test]
    fn a_drop_that_panics_leaves_the_next_ones_working() {
        struct Trap(Mutex<Value>);
        // SAFETY: no other type of this build of the tests is of this kind.
        unsafe impl Opaque for Trap {
            const KIND: Kind = Kind::Receiver;
            fn same(&self, _: &Self) -> bool {
                false
            }
            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("Trap")
            }
        }
        impl Drop for Trap {
            fn drop(&mut self) {
                drop(self.0.lock().unwrap().take());
                panic!("a trap");
            }
        }

        let open = Arc::new(());
        let trap = Value::from_opaque(Trap(Mutex::new(door(1, Value::NONE, &open)))).unwrap();
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(trap))).is_err());
        drop(door(2, Value::NONE, &open));
        assert_eq!(Arc::strong_count(&open), 1, "the door behind the trap and the one after it are gone");
    }

    #[test]
    fn what_is_behind_can_be_taken_through_a_borrow() {
        let door = door(1, Value::from(3), &Arc::new(()));
        let door = door.as_opaque::<Door>().unwrap();
        assert_eq!(door.behind.lock().unwrap().take(), Value::from(3));
        assert_eq!(Arc::strong_count(&door.open), 1);
    }
}
