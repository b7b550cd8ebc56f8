//! Ends of channels as values: what hangs on them is let go without recursion, too.
#![cfg(all(feature = "std", not(loom)))]

use std::thread;

use crossinterp_core::{KeyError, Kind, TrySendError, Value, unbounded};

#[test]
fn ends_are_equal_when_they_are_the_same_side_of_the_same_channel() {
    let (tx, rx) = unbounded::<Value>();
    let (other, _other) = unbounded::<Value>();
    let sender = Value::from_sender(tx.clone()).unwrap();
    let receiver = Value::from_receiver(rx).unwrap();
    assert_eq!((sender.kind(), receiver.kind()), (Kind::Sender, Kind::Receiver));
    assert_eq!(sender, Value::from_sender(tx).unwrap());
    assert_ne!(sender, Value::from_sender(other).unwrap());
    assert_ne!(sender, receiver);
    assert_eq!(Value::map([(sender, Value::NONE)]), Err(KeyError::Unhashable));
}

/// Each channel has the receiver of the one before in its queue, in a tuple in every other: letting the last one go
/// lets all go.
#[test]
fn a_long_chain_of_queued_ends_is_dropped_without_recursion() {
    let run = || {
        let (first, mut rx) = unbounded::<Value>();
        for number in 0..50_000 {
            let mut message = Value::from_receiver(rx).unwrap();
            if number % 2 == 0 {
                message = Value::tuple([message, Value::from(number)]).unwrap();
            }
            let (tx, next) = unbounded::<Value>();
            tx.try_send(message).unwrap();
            rx = next;
        }
        first.try_send(Value::NONE).unwrap();
        drop(rx);
        assert!(matches!(first.try_send(Value::NONE), Err(TrySendError::Disconnected(_))));
    };
    thread::Builder::new().stack_size(512 << 10).spawn(run).unwrap().join().unwrap();
}
