//! Letting go: how the last reference to a graph of any depth frees it without recursion and without allocating.
//!
//! A container that nobody refers to any more waits in a list until its values are dropped. The list is threaded through
//! the containers themselves: the value in a container's first place is taken out early, and the place holds the link.

use super::{Value, Word, sequence, table};
use crate::object::{Kind, Object, OpaqueVtable};
use core::mem;
use core::ptr::NonNull;

/// Gives one reference up, and frees the object if it was the last.
///
/// # Safety
///
/// The reference is the caller's and is not used again.
#[inline]
pub(super) unsafe fn retire(object: Object) {
    // SAFETY: the caller's reference keeps the object alive up to here.
    if unsafe { object.count() }.retire() {
        // SAFETY: that was the last reference.
        unsafe { free_all(object) };
    }
}

/// Frees the object, and all that only it kept alive.
///
/// # Safety
///
/// No reference to the object is left.
#[cold]
unsafe fn free_all(object: Object) {
    let mut waiting = None;
    // SAFETY: the caller's promise.
    unsafe { bury(object, &mut waiting) };
    while let Some(container) = waiting {
        // SAFETY: `bury` put it there: it is dead, has at least one place, and the first one holds the link.
        unsafe {
            let slots = &mut *slots(container).as_ptr();
            waiting = slots[0].word.link;
            for slot in &mut slots[1..] {
                if let Some(dead) = last_reference(slot.take()) {
                    bury(dead, &mut waiting);
                }
            }
            (container.vtable().free)(container);
        }
    }
}

/// Frees a dead object that holds no values, or puts it into the list; and so on with the value of its first place.
///
/// # Safety
///
/// No reference to the object is left, and it is in no list.
unsafe fn bury(mut object: Object, waiting: &mut Option<Object>) {
    loop {
        // SAFETY: the object is dead, so this is the only use of its places; it is not used after `free`.
        let first = unsafe {
            let Some(first) = (*slots(object).as_ptr()).first_mut() else {
                let vtable = object.vtable();
                return match &vtable.opaque {
                    None => (vtable.free)(object),
                    Some(opaque) => free_opaque(object, vtable.free, opaque),
                };
            };
            let mut link = Value::MOVED;
            link.word = Word { link: waiting.replace(object) };
            mem::replace(first, link)
        };
        match last_reference(first) {
            Some(dead) => object = dead,
            None => return,
        }
    }
}

/// Drops a value, but for an object of which it was the last reference: that one is the caller's to free.
fn last_reference(value: Value) -> Option<Object> {
    let value = mem::ManuallyDrop::new(value);
    // SAFETY: the value is a reference to the object, and is not dropped a second time.
    value.object().filter(|object| unsafe { object.count() }.retire())
}

/// The values in a container; none for an object of another kind.
///
/// # Safety
///
/// The object lives.
unsafe fn slots(object: Object) -> NonNull<[Value]> {
    // SAFETY: the caller's promise; the kind says how the object was made.
    unsafe {
        match object.vtable().kind {
            Kind::Tuple | Kind::List | Kind::Record => sequence::slots(object),
            Kind::Map => table::slots(object),
            _ => NonNull::slice_from_raw_parts(NonNull::dangling(), 0),
        }
    }
}

/// Frees an object whose drop can run into further values (a channel that goes with its last end drops what is queued
/// in it): one that is met while another is being dropped waits until that is done, so that no chain of such objects
/// becomes a recursion.
///
/// # Safety
///
/// No reference to the object is left; the functions are those of its kind.
#[cfg(all(feature = "std", not(loom)))]
unsafe fn free_opaque(object: Object, free: unsafe fn(Object), opaque: &'static OpaqueVtable) {
    use core::cell::Cell;

    std::thread_local! {
        /// Whether this thread is dropping such an object, and the first of those that wait.
        static WAITING: Cell<(bool, Option<Object>)> = const { Cell::new((false, None)) };
    }

    /// Drops those that wait, also when a drop panics.
    struct Rest;
    impl Drop for Rest {
        fn drop(&mut self) {
            while let (_, Some(next)) = WAITING.get() {
                // SAFETY: an object in the list is dead, and its link was set when it was put there.
                unsafe {
                    let vtable = next.vtable();
                    let after = vtable.opaque.as_ref().and_then(|opaque| (opaque.link)(next).as_ref().get());
                    WAITING.set((true, after));
                    (vtable.free)(next);
                }
            }
            WAITING.set((false, None));
        }
    }

    match WAITING.get() {
        (true, first) => {
            // SAFETY: the object is dead, so nobody else uses its link.
            unsafe { (opaque.link)(object).as_ref() }.set(first);
            WAITING.set((true, Some(object)));
        }
        (false, _) => {
            WAITING.set((true, None));
            let _rest = Rest;
            // SAFETY: the caller's promise.
            unsafe { free(object) };
        }
    }
}

/// Without threads that can keep a list there is only the recursion: chains of such objects must be short. (Loom's
/// threads share one thread of the machine, so its models go this way too.)
///
/// # Safety
///
/// No reference to the object is left; the functions are those of its kind.
#[cfg(not(all(feature = "std", not(loom))))]
unsafe fn free_opaque(object: Object, free: unsafe fn(Object), _opaque: &'static OpaqueVtable) {
    // SAFETY: the caller's promise.
    unsafe { free(object) };
}
