//! What polls futures: one poll at a time, or an executor of a few lines.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// A waker that counts its calls.
#[derive(Debug, Default)]
pub(crate) struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Bell {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How often it rang.
    pub(crate) fn rings(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Polls, with this as the waker.
    pub(crate) fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The tasks that are to be polled, and the thread that does so.
struct Ready {
    tasks: Mutex<VecDeque<usize>>,
    thread: Thread,
}

struct TaskWaker {
    ready: Arc<Ready>,
    task: usize,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.ready.tasks.lock().unwrap().push_back(self.task);
        self.ready.thread.unpark();
    }
}

/// Runs all of them on this thread, until the last is over. What it polls was woken, so a lost wake-up is a test that hangs.
pub(crate) fn run_all<'a>(futures: impl IntoIterator<Item = Pin<Box<dyn Future<Output = ()> + 'a>>>) {
    let mut tasks: Vec<_> = futures.into_iter().map(Some).collect();
    let ready = Arc::new(Ready { tasks: Mutex::new((0..tasks.len()).collect()), thread: thread::current() });
    let wakers: Vec<Waker> = (0..tasks.len())
        .map(|task| Waker::from(Arc::new(TaskWaker { ready: Arc::clone(&ready), task })))
        .collect();
    let mut left = tasks.len();
    while left > 0 {
        let Some(task) = ready.tasks.lock().unwrap().pop_front() else {
            thread::park();
            continue;
        };
        // (One that is over may still have been woken.)
        if let Some(future) = &mut tasks[task]
            && future.as_mut().poll(&mut Context::from_waker(&wakers[task])).is_ready()
        {
            tasks[task] = None;
            left -= 1;
        }
    }
}

/// Runs one.
pub(crate) fn run<R>(future: impl Future<Output = R>) -> R {
    let mut future = pin!(future);
    let mut result = None;
    run_all([
        Box::pin(async { result = Some(future.as_mut().await) }) as Pin<Box<dyn Future<Output = ()> + '_>>
    ]);
    result.expect("it is over")
}
