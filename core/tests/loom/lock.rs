//! The word lock.

use crossinterp_core::internals::Lock;
use loom::sync::Arc;
use loom::thread;

use super::outcomes::explore;

/// Two threads add to one number: loom reports sections that are not ordered, and none of the additions may get lost.
#[test]
fn sections_do_not_overlap() {
    explore([[0, 1], [1, 0]], || {
        let lock = Arc::new(Lock::new((0, [0; 2])));
        let add = |lock: &Lock<(usize, [usize; 2])>, who: usize| {
            lock.with(|(number, came)| {
                came[who] = *number;
                *number += 1;
            });
        };
        let other = Arc::clone(&lock);
        let thread = thread::spawn(move || add(&other, 1));
        add(&lock, 0);
        thread.join().unwrap();
        lock.with(|(number, came)| {
            assert_eq!(*number, 2);
            *came
        })
    });
}
