//! The table of waiting operations: who claims, who leaves, and what each of them sees.

use std::sync::Arc;
use std::task::Waker;

use crossinterp_core::internals::{End, Phase, Place, Table};
use loom::thread;

use super::outcomes::explore;

fn waker() -> Waker {
    Waker::noop().clone()
}

/// A table and one receive of it, which several threads know.
fn shared() -> (Arc<Table<u32>>, Place<u32>) {
    let table = Arc::new(Table::of_receives());
    let place = table.take().unwrap();
    (table, place)
}

/// The same with a send of 7.
fn shared_send() -> (Arc<Table<u32>>, Place<u32>) {
    let table = Arc::new(Table::of_sends());
    let mut place = table.take().unwrap();
    place.load(7);
    (table, place)
}

/// Who claims finds the wake function in the node.
#[test]
fn a_claim_sees_the_waker() {
    explore([false, true], || {
        let (table, place) = shared();
        let claimer = {
            let table = Arc::clone(&table);
            thread::spawn(move || table.wake_one().is_some())
        };
        assert!(place.offer(waker()));
        let woken = claimer.join().unwrap();
        let phase = place.phase();
        assert_eq!(phase, if woken { Phase::Woken } else { Phase::Waiting });
        assert_eq!(place.leave().woken, woken);
        woken
    });
}

/// After it was woken an operation may use its node again.
#[test]
fn a_woken_node_is_its_owners() {
    explore([false, true], || {
        let (table, place) = shared();
        assert!(place.offer(waker()));
        let owner = thread::spawn(move || {
            let mut looks = 0;
            while place.phase() != Phase::Woken {
                looks += 1;
                thread::yield_now();
            }
            assert!(place.offer(waker()));
            assert!(!place.leave().woken);
            looks
        });
        assert!(table.wake_one().is_some());
        owner.join().unwrap() > 0
    });
}

/// An operation that leaves while it is claimed takes its message, and the claimer frees the node, for another one.
#[test]
fn who_leaves_in_the_middle_is_done() {
    explore([false, true], || {
        let (table, place) = shared_send();
        assert!(place.offer(waker()));
        let claimer = {
            let table = Arc::clone(&table);
            thread::spawn(move || {
                let woken = table.wake_one().is_some();
                let mut next = table.take().unwrap();
                next.load(2);
                assert_eq!(next.leave().message, Some(2));
                woken
            })
        };
        let left = place.leave();
        assert_eq!(left.message, Some(7));
        let woken = claimer.join().unwrap();
        assert_eq!(left.woken, woken);
        woken
    });
}

/// A node goes from one operation to the next only when the first is done with it.
#[test]
fn a_node_is_used_again() {
    explore([2, 4], || {
        let (table, kept) = shared();
        let wait = |table: &Table<u32>| {
            let place = table.take().unwrap();
            assert!(place.offer(waker()));
            assert!(!place.leave().done);
        };
        let other = {
            let table = Arc::clone(&table);
            thread::spawn(move || wait(&table))
        };
        wait(&table);
        other.join().unwrap();
        assert!(!kept.leave().woken);
        table.size()
    });
}

/// Nodes are found when they were made, by those who look for waiting ones and by those who make some themselves.
#[test]
fn a_new_node_is_seen_whole() {
    explore([(false, 2), (true, 2), (false, 4), (true, 4)], || {
        let table = Arc::new(Table::<u32>::of_receives());
        let other = {
            let table = Arc::clone(&table);
            thread::spawn(move || {
                let place = table.take().unwrap();
                assert!(place.offer(waker()));
                place
            })
        };
        let mine = table.take().unwrap();
        let woken = table.wake_one().is_some();
        let theirs = other.join().unwrap();
        assert_eq!(theirs.leave().woken, woken);
        assert!(!mine.leave().woken);
        (woken, table.size())
    });
}

/// A message that was handed to a receive is there when it is done, or back with who handed it, never both.
#[test]
fn a_message_is_seen_whole() {
    explore([false, true], || {
        let (table, place) = shared();
        assert!(place.offer(waker()));
        let sender = {
            let table = Arc::clone(&table);
            thread::spawn(move || table.hand(7, false, || true).message.is_none())
        };
        let left = place.leave();
        let handed = sender.join().unwrap();
        assert_eq!((left.done, left.message), (handed, handed.then_some(7)));
        handed
    });
}

/// A message that waits in a send is whole for who takes it, and taken once.
#[test]
fn a_peer_sees_the_message() {
    explore([false, true], || {
        let (table, place) = shared_send();
        let receiver = {
            let table = Arc::clone(&table);
            thread::spawn(move || table.fetch().message)
        };
        assert!(place.offer(waker()));
        let left = place.leave();
        let fetched = receiver.join().unwrap();
        assert_eq!((left.done, left.message.or(fetched)), (fetched.is_some(), Some(7)));
        assert!(left.message.is_none() || fetched.is_none());
        fetched.is_some()
    });
}

/// A send that was told that it may try itself has its message until it has taken it back; until then a receiver can take
/// it, and then says that it had been told.
#[test]
fn a_told_send_is_taken_once() {
    explore([(true, false), (false, true), (false, false)], || {
        let (table, mut place) = shared_send();
        assert!(place.offer(waker()));
        let receiver = {
            let table = Arc::clone(&table);
            thread::spawn(move || (table.wake_one().is_some(), table.fetch_if(|| true)))
        };
        thread::yield_now();
        let mine = if place.phase() == Phase::Woken && place.reclaim() { place.unload() } else { None };
        let left = place.leave();
        let (told, theirs) = receiver.join().unwrap();
        let messages = [mine, left.message, theirs.message];
        assert_eq!(messages.into_iter().flatten().collect::<Vec<_>>(), [7]);
        assert_eq!(left.done, theirs.message.is_some());
        assert_eq!(
            (left.woken, theirs.told),
            (told && !theirs.told, told && !left.woken),
            "one has the baton"
        );
        (mine.is_some(), theirs.message.is_some())
    });
}

/// A send that was told, and told once more, by one who left its message where it is, has its node for itself when it has
/// reclaimed it.
#[test]
fn a_told_send_has_its_node_back() {
    explore([false, true], || {
        let (table, mut place) = shared_send();
        assert!(place.offer(waker()));
        let receiver = {
            let table = Arc::clone(&table);
            thread::spawn(move || {
                assert!(table.wake_one().is_some());
                assert_eq!(table.fetch_if(|| false).message, None);
            })
        };
        thread::yield_now();
        let mine = place.phase() == Phase::Woken && place.reclaim();
        if mine {
            assert_eq!(place.unload(), Some(7));
            place.load(8);
            assert!(place.offer(waker()));
        }
        receiver.join().unwrap();
        assert_eq!(place.leave().message, Some(if mine { 8 } else { 7 }));
        mine
    });
}

/// A message handed to a receive that goes without it is received by somebody else, once.
#[test]
fn a_returned_message_is_taken_once() {
    explore([false, true], || {
        let (table, place) = shared();
        assert!(place.offer(waker()));
        let sender = {
            let table = Arc::clone(&table);
            thread::spawn(move || table.hand(7, false, || true).message.is_none())
        };
        let left = table.give_back(place);
        assert_eq!(left.message, None);
        let taken = table.fetch_returned().map(|(message, _)| message);
        let handed = sender.join().unwrap();
        assert_eq!((left.done, taken), (handed, handed.then_some(7)));
        handed
    });
}

/// A domain that ends an operation finds its wake function.
#[test]
fn an_end_sees_the_waker() {
    explore([false, true], || {
        let (table, place) = shared();
        let ticket = place.ticket();
        let domain = thread::spawn(move || matches!(table.end(&ticket, false), End::Waiting(_)));
        let offered = place.offer(waker());
        let woken = domain.join().unwrap();
        assert_eq!(place.phase(), Phase::Ended);
        assert!(offered || !woken);
        assert!(!offered || woken, "nobody would wake it");
        let _ = place.leave();
        offered
    });
}

/// Ending against waking: the baton is not lost. Either the end passes it on, or the waker found that it was to go on.
#[test]
fn an_end_against_a_claim() {
    explore(["it was waiting", "it had the baton", "it is being woken"], || {
        let (table, place) = shared();
        assert!(place.offer(waker()));
        let ticket = place.ticket();
        let claimer = {
            let table = Arc::clone(&table);
            thread::spawn(move || table.wake_one().is_some())
        };
        let end = match table.end(&ticket, false) {
            End::Waiting(_) => "it was waiting",
            End::Baton | End::Returned => "it had the baton",
            End::Nothing => "it is being woken",
        };
        let claimed = claimer.join().unwrap();
        assert_eq!(claimed, end == "it had the baton");
        let left = place.leave();
        assert!(left.woken);
        end
    });
}

/// A message that is being handed to a receive that its domain ends is returned, by one of the two.
#[test]
fn an_end_returns_a_message_on_its_way() {
    explore([(false, false), (true, false), (true, true)], || {
        let (table, place) = shared();
        assert!(place.offer(waker()));
        let ticket = place.ticket();
        let sender = {
            let table = Arc::clone(&table);
            thread::spawn(move || table.hand(7, false, || true))
        };
        let end = matches!(table.end(&ticket, false), End::Returned);
        let handed = sender.join().unwrap();
        assert_eq!(place.phase(), Phase::Ended);
        let sent = handed.message.is_none();
        assert_eq!(end || handed.returned, sent, "nobody wakes the next");
        assert_eq!(table.fetch_returned().map(|(message, _)| message), sent.then_some(7));
        let left = place.leave();
        assert_eq!(left.message, None);
        (sent, handed.returned)
    });
}
