//! Channels of the clock, where they are more than crossbeam-channel's: tasks, closing, ends that go. (What both have is
//! compared in the tests crate.)

use std::pin::pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use crossinterp_core::{
    Domain, RecvError, RecvTimeoutError, TryRecvError, after, at, never, select, tick, unbounded,
};

const SHORT: Duration = Duration::from_millis(20);

/// Tells that it was called, and when.
struct Tell(mpsc::Sender<Instant>);

impl Wake for Tell {
    fn wake(self: Arc<Self>) {
        // Nobody may be listening any more.
        _ = self.0.send(Instant::now());
    }
}

fn teller() -> (Waker, mpsc::Receiver<Instant>) {
    let (calls, called) = mpsc::channel();
    (Waker::from(Arc::new(Tell(calls))), called)
}

#[test]
fn a_task_is_woken_when_it_is_time() {
    let (waker, called) = teller();
    let context = Context::from_waker(&waker);
    let due = Instant::now() + SHORT;
    let (alarm, later) = (at(due), after(Duration::from_secs(3600)));
    let (mut wait, mut wait_later) = (None, None);
    assert_eq!(later.poll_recv(&context, &mut wait_later), Poll::Pending);
    assert_eq!(alarm.poll_recv(&context, &mut wait), Poll::Pending);
    assert!(called.recv_timeout(Duration::from_secs(20)).expect("it is called") >= due);
    assert_eq!(alarm.poll_recv(&context, &mut wait), Poll::Ready(Ok(due)));
    assert_eq!(later.poll_recv(&context, &mut wait_later), Poll::Pending);
}

#[test]
fn a_task_that_asks_again_and_again_is_kept_once() {
    let (calls, _called) = mpsc::channel();
    let tell = Arc::new(Tell(calls));
    let waker = Waker::from(Arc::clone(&tell));
    let alarm = after(Duration::from_secs(3600));
    let mut future = alarm.recv_async();
    for _ in 0..1000 {
        assert_eq!(pin!(&mut future).poll(&mut Context::from_waker(&waker)), Poll::Pending);
    }
    drop(future);
    // Here, as the task's waker, and where the clock keeps it until it is time.
    assert_eq!(Arc::strong_count(&tell), 3);
}

#[test]
fn a_task_gets_tick_after_tick() {
    let (waker, called) = teller();
    let context = Context::from_waker(&waker);
    let ticks = tick(Duration::from_millis(2));
    let mut last = Instant::now();
    for _ in 0..5 {
        let mut wait = None;
        loop {
            if let Poll::Ready(moment) = ticks.poll_recv(&context, &mut wait) {
                assert!(moment.unwrap() > last);
                last = moment.unwrap();
                break;
            }
            called.recv_timeout(Duration::from_secs(20)).expect("it is called");
        }
    }
}

#[test]
fn a_closed_clock_is_silent() {
    let alarm = after(Duration::ZERO);
    alarm.close();
    assert_eq!(alarm.recv(), Err(RecvError));
    let ticks = tick(Duration::ZERO);
    assert!(ticks.close_and_drain().next().is_none());
    assert_eq!(ticks.try_recv(), Err(TryRecvError::Disconnected));
    assert!(select! { recv(ticks) -> moment => moment.is_err() });
}

#[test]
fn what_never_has_a_message_waits_for_ever() {
    let silent = never::<u8>();
    assert_eq!(silent.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    let wait = silent.begin_recv(Waker::noop().clone()).unwrap();
    assert!(!wait.is_settled());
    assert!(wait.finish().is_err());
    silent.close();
    assert_eq!(silent.try_recv(), Err(TryRecvError::Empty));
    assert!(silent.downgrade().upgrade().unwrap().same_channel(&silent));
    assert_eq!((silent.sender_count(), silent.receiver_count(), silent.is_closed()), (0, 0, false));
}

/// Also one that never has a message, and so has no memory, ends with its domain.
#[test]
fn clocks_end_with_their_domain() {
    let domain = Domain::try_open().unwrap();
    let (alarm, silent) = (after(Duration::from_secs(3600)), never::<Instant>());
    let (alarm, silent) = (alarm.held_by(&domain).unwrap(), silent.held_by(&domain).unwrap());
    let (waker, called) = teller();
    let waits = [&alarm, &silent].map(|rx| rx.begin_recv(waker.clone()).unwrap());
    domain.close();
    for wait in waits {
        called.recv_timeout(Duration::from_secs(20)).expect("it is called");
        assert!(wait.finish().is_err());
    }
    assert_eq!(alarm.recv(), Err(RecvError));
    assert_eq!(silent.recv(), Err(RecvError));
}

#[test]
fn a_select_waits_for_the_first_of_its_clocks() {
    let (_tx, rx) = unbounded::<u8>();
    let due = Instant::now() + SHORT;
    let got = select! {
        recv(rx) -> _ => None,
        recv(after(Duration::from_secs(3600))) -> _ => None,
        recv(at(due)) -> moment => moment.ok(),
        default(Duration::from_secs(3600)) => None,
    };
    assert_eq!(got, Some(due));
    assert!(Instant::now() >= due);
}
