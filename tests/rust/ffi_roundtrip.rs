//! The C functions called from Rust, where threads are cheap to write and values can be looked into from both sides.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossinterp::channel::{ChannelOptions, ReceiverHandle, SenderHandle, XI_UNBOUNDED, xi_channel_new};
use crossinterp::receiver::{
    xi_receiver_clone, xi_receiver_recv_begin, xi_receiver_recv_wait, xi_receiver_release,
    xi_receiver_try_recv,
};
use crossinterp::sender::{xi_sender_clone, xi_sender_release, xi_sender_send_wait, xi_sender_try_send};
use crossinterp::status::{Status, XI_ERR_CLOSED, XI_ERR_EMPTY, XI_ERR_FULL, XI_ERR_TIMEOUT, XI_OK};
use crossinterp::wait::{WaitHandle, xi_wait_finish, xi_wait_is_settled, xi_wait_release, xi_wait_sleep};
use crossinterp_core::{Kind, Value};

const SECOND: u64 = 1_000_000_000;

/// A sender that is released when it is dropped.
#[derive(Debug)]
struct Tx(*mut SenderHandle);
/// A receiver that is released when it is dropped.
#[derive(Debug)]
struct Rx(*mut ReceiverHandle);
/// A wait that has not been finished.
#[derive(Debug)]
struct Waiting(*mut WaitHandle);

// SAFETY: the header allows any handle on any thread, the same one from several threads at once.
unsafe impl Send for Tx {}
// SAFETY: as above.
unsafe impl Sync for Tx {}
// SAFETY: as above.
unsafe impl Send for Rx {}
// SAFETY: as above.
unsafe impl Sync for Rx {}
// SAFETY: a wait is used by one thread at a time, whichever it is.
unsafe impl Send for Waiting {}

fn channel(capacity: usize) -> (Tx, Rx) {
    let options = ChannelOptions { struct_size: size_of::<ChannelOptions>(), capacity, domain: null_mut() };
    let (mut tx, mut rx) = (null_mut(), null_mut());
    // SAFETY: the places and the options live through the call.
    assert_eq!(unsafe { xi_channel_new(&raw const options, &raw mut tx, &raw mut rx) }, XI_OK);
    (Tx(tx), Rx(rx))
}

impl Tx {
    fn try_send(&self, value: &mut Value) -> Status {
        // SAFETY: a live handle and a value of ours, here and below.
        unsafe { xi_sender_try_send(self.0, value) }
    }

    fn send(&self, value: &mut Value) -> Status {
        // SAFETY: as above.
        unsafe { xi_sender_send_wait(self.0, value, 20 * SECOND) }
    }

    fn another(&self) -> Self {
        let mut other = null_mut();
        // SAFETY: as above.
        assert_eq!(unsafe { xi_sender_clone(self.0, &raw mut other) }, XI_OK);
        Self(other)
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        // SAFETY: released once, here.
        unsafe { xi_sender_release(self.0) }
    }
}

impl Rx {
    fn take(&self, recv: impl FnOnce(*const ReceiverHandle, *mut Value) -> Status) -> Result<Value, Status> {
        let mut value = MaybeUninit::uninit();
        match recv(self.0, value.as_mut_ptr()) {
            // SAFETY: `*out` is set on XI_OK.
            XI_OK => Ok(unsafe { value.assume_init() }),
            status => Err(status),
        }
    }

    fn try_recv(&self) -> Result<Value, Status> {
        // SAFETY: a live handle and a place of ours, here and below.
        self.take(|receiver, out| unsafe { xi_receiver_try_recv(receiver, out) })
    }

    fn recv(&self, timeout_ns: u64) -> Result<Value, Status> {
        // SAFETY: as above.
        self.take(|receiver, out| unsafe { xi_receiver_recv_wait(receiver, timeout_ns, out) })
    }

    fn begin(&self) -> Waiting {
        let mut wait = null_mut();
        // SAFETY: as above.
        assert_eq!(unsafe { xi_receiver_recv_begin(self.0, None, null_mut(), &raw mut wait) }, XI_OK);
        Waiting(wait)
    }

    fn another(&self) -> Self {
        let mut other = null_mut();
        // SAFETY: as above.
        assert_eq!(unsafe { xi_receiver_clone(self.0, &raw mut other) }, XI_OK);
        Self(other)
    }
}

impl Drop for Rx {
    fn drop(&mut self) {
        // SAFETY: released once, here.
        unsafe { xi_receiver_release(self.0) }
    }
}

impl Waiting {
    fn sleep(&self, timeout_ns: u64) -> Status {
        // SAFETY: a wait that is alive, used by this thread alone, here and below.
        unsafe { xi_wait_sleep(self.0, timeout_ns) }
    }

    fn is_settled(&self) -> bool {
        // SAFETY: as above.
        unsafe { xi_wait_is_settled(self.0) == 1 }
    }

    fn finish(self) -> Result<Value, Status> {
        let mut value = MaybeUninit::uninit();
        // SAFETY: as above; the wait is gone after it.
        match unsafe { xi_wait_finish(self.0, value.as_mut_ptr()) } {
            // SAFETY: a receive sets `*value` on XI_OK.
            XI_OK => Ok(unsafe { value.assume_init() }),
            status => Err(status),
        }
    }
}

fn number(value: &Value) -> i64 {
    value.as_int().expect("an int of 64 bits")
}

#[test]
fn values_of_rust_go_through_the_c_interface() {
    let (tx, rx) = channel(XI_UNBOUNDED);
    let long = "a text that is too long to lie within the value itself";
    let sent = Value::tuple([
        Value::from(1),
        Value::text(long).expect("memory"),
        Value::list([Value::NONE, Value::from(2.5)]).expect("memory"),
    ])
    .expect("memory");
    let mut value = sent.clone();
    assert_eq!(tx.try_send(&mut value), XI_OK);
    assert_eq!(value.kind(), Kind::Moved);
    let received = rx.try_recv().expect("a message");
    assert_eq!(received, sent);
    assert_eq!(rx.try_recv().unwrap_err(), XI_ERR_EMPTY);
}

#[test]
fn a_full_channel_leaves_the_value() {
    let (tx, _rx) = channel(1);
    assert_eq!(tx.try_send(&mut Value::from(1)), XI_OK);
    let mut value = Value::text("a text that is too long to lie within the value itself").expect("memory");
    let same = value.clone();
    assert_eq!(tx.try_send(&mut value), XI_ERR_FULL);
    assert_eq!(value, same);
}

/// Two threads wake each other in turn; a wake-up that is lost would be waited for to the end of the limit. Each wait
/// uses the parker that the thread's last one left, sometimes with a late wake-up in it.
#[test]
fn no_wake_up_is_lost() {
    const ROUNDS: i64 = 10_000;
    let (there, there_out) = channel(1);
    let (back, back_out) = channel(0);
    thread::scope(|scope| {
        scope.spawn(move || {
            for round in 0..ROUNDS {
                let mut value = there_out.recv(20 * SECOND).expect("the round's message");
                assert_eq!(number(&value), round);
                if round % 16 == 0 {
                    thread::sleep(Duration::from_micros(50)); // until the other one really sleeps
                }
                assert_eq!(back.send(&mut value), XI_OK);
            }
        });
        for round in 0..ROUNDS {
            assert_eq!(there.send(&mut Value::from(round)), XI_OK);
            let short = back_out.recv(round.unsigned_abs() % 30 * 1000);
            let value = match short {
                Err(XI_ERR_TIMEOUT) => back_out.recv(20 * SECOND),
                other => other,
            };
            assert_eq!(number(&value.expect("the round's message")), round);
        }
    });
}

/// Waits of one thread, slept on by another: each has a parker of its own.
#[test]
fn waits_move_between_threads() {
    let (tx, rx) = channel(0);
    let waits: Vec<Waiting> = (0..8).map(|_| rx.begin()).collect();
    thread::scope(|scope| {
        let sleepers: Vec<_> = waits
            .into_iter()
            .map(|wait| {
                scope.spawn(move || {
                    assert_eq!(wait.sleep(20 * SECOND), XI_OK);
                    number(&wait.finish().expect("a message"))
                })
            })
            .collect();
        for message in 0..8 {
            assert_eq!(tx.send(&mut Value::from(message)), XI_OK);
        }
        let got: Vec<i64> = sleepers.into_iter().map(|sleeper| sleeper.join().expect("no panic")).collect();
        assert_eq!(got, (0..8).collect::<Vec<i64>>(), "in the order of beginning");
    });
}

/// Several waits on one thread, settled out of order.
#[test]
fn one_thread_sleeps_on_many_waits() {
    let channels: Vec<_> = (0..4).map(|_| channel(1)).collect();
    let waits: Vec<Waiting> = channels.iter().map(|(_, rx)| rx.begin()).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            for (place, (tx, _)) in channels.iter().enumerate().rev() {
                thread::sleep(Duration::from_millis(2));
                assert_eq!(tx.send(&mut Value::from(place as i64)), XI_OK);
            }
        });
        for (place, wait) in waits.into_iter().enumerate() {
            assert_eq!(wait.sleep(20 * SECOND), XI_OK);
            assert!(wait.is_settled());
            assert_eq!(number(&wait.finish().expect("a message")), place as i64);
        }
    });
}

#[test]
fn the_last_end_of_a_side_is_seen() {
    let (tx, rx) = channel(XI_UNBOUNDED);
    let (other_tx, other_rx) = (tx.another(), rx.another());
    drop(rx);
    assert_eq!(tx.try_send(&mut Value::from(1)), XI_OK);
    drop(tx);
    drop(other_tx);
    assert_eq!(other_rx.recv(u64::MAX).map(|value| number(&value)), Ok(1));
    assert_eq!(other_rx.recv(u64::MAX).unwrap_err(), XI_ERR_CLOSED);
}

#[test]
fn a_timeout_is_at_least_as_long_as_asked() {
    let (_tx, rx) = channel(1);
    for nanoseconds in [1, 1000, 3_000_000] {
        let start = Instant::now();
        assert_eq!(rx.recv(nanoseconds).unwrap_err(), XI_ERR_TIMEOUT);
        assert!(start.elapsed() >= Duration::from_nanos(nanoseconds));
    }
}

/// The last thing that a thread does is a wait: what it keeps for the next one goes with it.
#[test]
fn threads_come_and_go() {
    let (tx, rx) = channel(XI_UNBOUNDED);
    for round in 0..200 {
        thread::scope(|scope| {
            let receiver = scope.spawn(|| number(&rx.recv(20 * SECOND).expect("a message")));
            assert_eq!(tx.try_send(&mut Value::from(round)), XI_OK);
            assert_eq!(receiver.join().expect("no panic"), round);
        });
    }
}

unsafe extern "C" fn count(data: *mut c_void) {
    // SAFETY: the data of these waits is a counter that outlives them.
    unsafe { &*data.cast::<AtomicU32>() }.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn a_wake_function_is_called_once_or_not_at_all() {
    let (tx, rx) = channel(1);
    let calls = AtomicU32::new(0);
    let begin = || {
        let mut wait = null_mut();
        let data = (&raw const calls).cast_mut().cast();
        // SAFETY: the counter outlives the wait.
        assert_eq!(unsafe { xi_receiver_recv_begin(rx.0, Some(count), data, &raw mut wait) }, XI_OK);
        Waiting(wait)
    };
    let wait = begin();
    assert_eq!(wait.finish().unwrap_err(), XI_ERR_TIMEOUT);
    let wait = begin();
    // SAFETY: released once, here.
    unsafe { xi_wait_release(wait.0) };
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let wait = begin();
    assert_eq!(tx.try_send(&mut Value::from(1)), XI_OK);
    assert_eq!(tx.try_send(&mut Value::from(2)), XI_OK);
    assert_eq!(number(&wait.finish().expect("a message")), 1);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_eq!(number(&rx.try_recv().expect("a message")), 2);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn null_stands_for_the_default_options() {
    let (mut tx, mut rx) = (null_mut(), null_mut());
    // SAFETY: the places live through the call, and NULL is allowed.
    assert_eq!(unsafe { xi_channel_new(null(), &raw mut tx, &raw mut rx) }, XI_OK);
    let (tx, rx) = (Tx(tx), Rx(rx));
    for message in 0..10_000 {
        assert_eq!(tx.try_send(&mut Value::from(message)), XI_OK);
    }
    for message in 0..10_000 {
        assert_eq!(rx.try_recv().map(|value| number(&value)), Ok(message));
    }
}
