//! One-shot channels beside a simple model, one step at a time: what each step says, and which wakers it calls.
#![cfg(not(loom))]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crossinterp_core::oneshot::{Receiver, Sender, channel};
use crossinterp_core::{Park, ParkError, RecvError, SendError, TryRecvError, Wakeup};
use proptest::prelude::*;

const WAKERS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    Send,
    DropSender,
    PollClosed(usize),
    TryRecv,
    Poll(usize),
    GiveUp(usize),
    Close,
    DropReceiver,
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Send),
        1 => Just(Step::DropSender),
        3 => (0..WAKERS).prop_map(Step::PollClosed),
        3 => Just(Step::TryRecv),
        4 => (0..WAKERS).prop_map(Step::Poll),
        2 => (0..WAKERS).prop_map(Step::GiveUp),
        1 => Just(Step::Close),
        1 => Just(Step::DropReceiver),
    ]
}

#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct GivesUp(Waker);

impl Park for GivesUp {
    fn waker(&self) -> Waker {
        self.0.clone()
    }

    fn park(&self) -> Wakeup {
        Wakeup::TimedOut
    }
}

/// What a channel is, and both ends of a real one.
struct Model {
    tx: Option<Sender<Arc<()>>>,
    rx: Option<Receiver<Arc<()>>>,
    sent: bool,
    /// The receiver takes no message any more.
    over: bool,
    /// By which waker each side is to be called.
    tx_waits: Option<usize>,
    rx_waits: Option<usize>,
    called: [usize; WAKERS],
}

impl Model {
    /// What there is to receive; the receiver is terminated if that is a message, or that there will be none.
    fn receive(&mut self) -> Result<(), TryRecvError> {
        if self.over || (self.tx.is_none() && !self.sent) {
            self.over = true;
            return Err(TryRecvError::Disconnected);
        }
        if !self.sent {
            return Err(TryRecvError::Empty);
        }
        self.over = true;
        self.sent = false;
        Ok(())
    }

    fn call(&mut self, waker: Option<usize>) {
        waker.into_iter().for_each(|waker| self.called[waker] += 1);
    }

    /// The receiver is closed.
    fn close(&mut self) {
        if !self.over && self.tx.is_some() {
            self.over = true;
            self.rx_waits = None;
            let waits = self.tx_waits.take();
            self.call(waits);
        }
    }

    fn step(&mut self, step: Step, wakers: &[Waker], message: &Arc<()>) {
        let context = |waker: usize| Context::from_waker(&wakers[waker]);
        match step {
            Step::Send => {
                let Some(tx) = self.tx.take() else { return };
                let sent = tx.send(Arc::clone(message)).map_err(|SendError(_)| ());
                assert_eq!(sent.is_ok(), !self.over);
                self.sent = !self.over;
                self.tx_waits = None;
                let waits = self.rx_waits.take();
                self.call(waits);
            }
            Step::DropSender => {
                if self.tx.take().is_some() {
                    self.tx_waits = None;
                    let waits = self.rx_waits.take();
                    self.call(waits);
                }
            }
            Step::PollClosed(waker) => {
                let Some(tx) = &mut self.tx else { return };
                assert_eq!(tx.is_closed(), self.over);
                assert_eq!(tx.poll_closed(&context(waker)).is_ready(), self.over);
                self.tx_waits = (!self.over).then_some(waker);
            }
            Step::TryRecv => {
                let Some(mut rx) = self.rx.take() else { return };
                assert_eq!(rx.try_recv().map(drop), self.receive());
                assert_eq!(rx.is_terminated(), self.over);
                self.rx = Some(rx);
            }
            Step::Poll(waker) => {
                let Some(mut rx) = self.rx.take() else { return };
                let polled = rx.poll_recv(&context(waker)).map_ok(drop);
                let expected = self.receive();
                assert_eq!(
                    polled,
                    match expected {
                        Ok(()) => Poll::Ready(Ok(())),
                        Err(TryRecvError::Disconnected) => Poll::Ready(Err(RecvError)),
                        Err(TryRecvError::Empty) => Poll::Pending,
                    }
                );
                self.rx_waits = (expected == Err(TryRecvError::Empty)).then_some(waker);
                self.rx = Some(rx);
            }
            Step::GiveUp(waker) => {
                let Some(mut rx) = self.rx.take() else { return };
                let received = rx.recv_parking(&GivesUp(wakers[waker].clone())).map(drop);
                assert_eq!(
                    received,
                    self.receive().map_err(|error| match error {
                        TryRecvError::Disconnected => ParkError::Disconnected,
                        TryRecvError::Empty => ParkError::TimedOut,
                    })
                );
                self.rx_waits = None;
                self.rx = Some(rx);
            }
            Step::Close => {
                let Some(mut rx) = self.rx.take() else { return };
                rx.close();
                self.close();
                assert_eq!(rx.is_terminated(), self.over);
                self.rx = Some(rx);
            }
            Step::DropReceiver => {
                if self.rx.take().is_some() {
                    self.close();
                    (self.over, self.sent) = (true, false);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_channel_does_what_the_model_does(steps in proptest::collection::vec(steps(), 0..24)) {
        let calls: [Arc<Calls>; WAKERS] = Default::default();
        let wakers = calls.clone().map(Waker::from);
        let message = Arc::new(());
        let (tx, rx) = channel();
        let mut model = Model {
            tx: Some(tx),
            rx: Some(rx),
            sent: false,
            over: false,
            tx_waits: None,
            rx_waits: None,
            called: [0; WAKERS],
        };
        for step in steps {
            model.step(step, &wakers, &message);
            prop_assert_eq!(calls.each_ref().map(|calls| calls.0.load(Ordering::Relaxed)), model.called);
            prop_assert_eq!(Arc::strong_count(&message), 1 + usize::from(model.sent));
            for (waker, calls) in calls.iter().enumerate() {
                let waits = [model.tx_waits, model.rx_waits];
                let kept = waits.iter().filter(|&&waits| waits == Some(waker)).count();
                prop_assert_eq!(Arc::strong_count(calls), 2 + kept, "waker {} is kept too long, or not", waker);
            }
        }
    }
}
