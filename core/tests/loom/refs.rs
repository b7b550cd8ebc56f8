//! Counts: who frees, and what that one sees.

use crossinterp_core::internals::{Count, Shared};
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::outcomes::Outcomes;

/// Three holders use a thing, each in a place of its own, and retire; the last one reads all places, as a free does.
#[test]
fn last_release_sees_every_use() {
    struct Thing {
        count: Count,
        places: [UnsafeCell<u32>; 3],
    }

    fn use_and_retire(thing: &Thing, holder: usize, freed_by: &Outcomes<usize>) {
        // SAFETY: each holder has its own place, and only the last one reads the others', after `retire` said so; loom
        // reports the model if the accesses are not ordered.
        thing.places[holder].with_mut(|place| unsafe { *place = 1 });
        if thing.count.retire() {
            for place in &thing.places {
                // SAFETY: as above.
                place.with_mut(|place| assert_eq!(unsafe { *place }, 1, "the use is not visible"));
            }
            freed_by.seen(holder);
        }
    }

    let freed_by = Outcomes::new();
    let outcomes = freed_by.clone();
    loom::model(move || {
        let thing = Arc::new(Thing { count: Count::new(3), places: Default::default() });
        let others: Vec<_> = [1, 2]
            .map(|holder| {
                let (thing, freed_by) = (Arc::clone(&thing), freed_by.clone());
                thread::spawn(move || use_and_retire(&thing, holder, &freed_by))
            })
            .into();
        use_and_retire(&thing, 0, &freed_by);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
    outcomes.require([0, 1, 2]);
}

/// A handle is cloned in one thread while another thread lets its own go: the value lives until the last of the three,
/// in whichever thread that is.
#[test]
fn a_clone_keeps_the_value() {
    struct Thing {
        place: UnsafeCell<u32>,
        maker: thread::ThreadId,
        dropped_by_maker: Outcomes<bool>,
    }
    impl Drop for Thing {
        fn drop(&mut self) {
            // SAFETY: this is the drop: nobody else has the thing; loom reports the model if a use is not ordered.
            self.place.with_mut(|place| assert_eq!(unsafe { *place }, 1, "the use is not visible"));
            self.dropped_by_maker.seen(thread::current().id() == self.maker);
        }
    }

    let dropped_by_maker = Outcomes::new();
    let outcomes = dropped_by_maker.clone();
    loom::model(move || {
        let first = Shared::new(Thing {
            place: UnsafeCell::new(0),
            maker: thread::current().id(),
            dropped_by_maker: dropped_by_maker.clone(),
        });
        let second = first.clone();
        let other = thread::spawn(move || drop(second));
        let third = first.clone();
        drop(first);
        // SAFETY: nobody but this thread writes to the place, and nobody reads it before the drop.
        third.place.with_mut(|place| unsafe { *place = 1 });
        drop(third);
        other.join().unwrap();
    });
    outcomes.require([false, true]);
}
