//! Threads that are stopped for good in the middle of what they do alone: they keep one message, and nobody hangs.

use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use crossinterp_core::{
    Receiver, RecvError, RecvTimeoutError, SendTimeoutError, Sender, TryRecvError, TrySendError, bounded,
    stop,
};

use crate::{LONG, SHORT};

/// The producer of a channel for four messages is stopped there while it sends the second one; the first was received.
fn stopped_producer(point: &'static str) -> Receiver<u32> {
    let (tx, rx) = bounded(4);
    let (report, reports) = mpsc::channel();
    let mut tx = tx.try_into_single().unwrap();
    thread::spawn(move || {
        tx.send(1).unwrap();
        stop::at(point, move || report.send(()).unwrap());
        tx.send(2).unwrap();
        unreachable!("it stops before this");
    });
    reports.recv_timeout(LONG).expect("it comes to the point");
    assert_eq!(rx.recv_timeout(LONG), Ok(1));
    rx
}

#[test]
fn a_producer_that_stops_keeps_one_message() {
    let start = Instant::now();
    for closes in [false, true] {
        let rx = stopped_producer("ring.pushing");
        if closes {
            rx.close();
        }
        assert!(rx.try_recv().is_err());
        assert_eq!(rx.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    }
    assert!(start.elapsed() < LONG, "it took {:?}", start.elapsed());
}

#[test]
fn what_a_producer_has_put_in_is_received_though_it_stops() {
    for closes in [false, true] {
        let rx = stopped_producer("ring.pushed");
        if closes {
            rx.close();
        }
        assert_eq!(rx.try_recv(), Ok(2));
        if closes {
            assert_eq!((rx.try_recv(), rx.recv()), (Err(TryRecvError::Disconnected), Err(RecvError)));
        } else {
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        }
    }
}

/// The consumer of a channel for two messages is stopped there while it takes the first of two.
fn stopped_consumer(point: &'static str) -> Sender<u32> {
    let (tx, rx) = bounded(2);
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    let (report, reports) = mpsc::channel();
    let mut rx = rx.try_into_single().unwrap();
    thread::spawn(move || {
        stop::at(point, move || report.send(()).unwrap());
        rx.recv().unwrap();
        unreachable!("it stops before this");
    });
    reports.recv_timeout(LONG).expect("it comes to the point");
    tx
}

#[test]
fn a_consumer_that_stops_keeps_one_place() {
    let start = Instant::now();
    let tx = stopped_consumer("ring.popping");
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(tx.send_timeout(3, SHORT), Err(SendTimeoutError::Timeout(3)));
    tx.close();
    assert_eq!(tx.try_send(3), Err(TrySendError::Disconnected(3)));
    assert_eq!(tx.close_and_drain().count(), 0);
    let tx = stopped_consumer("ring.popped");
    assert_eq!((tx.try_send(3), tx.try_send(4)), (Ok(()), Err(TrySendError::Full(4))));
    assert_eq!(tx.send_timeout(4, SHORT), Err(SendTimeoutError::Timeout(4)));
    assert!(start.elapsed() < LONG, "it took {:?}", start.elapsed());
}
