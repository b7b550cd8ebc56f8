//! Tasks on several executors, and threads that block, on one channel.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use crossinterp_core::{Receiver, RecvError, SendError, Sender};
use futures_executor::{ThreadPool, block_on};

use crate::Flavour;
use crate::tasks::{run, run_all};

const EACH: usize = if cfg!(miri) { 20 } else { 2_000 };
const PRODUCERS: usize = 6;

/// One poll, whatever comes of it.
async fn polled_once<R>(mut future: impl Future<Output = R> + Unpin) -> Option<R> {
    poll_fn(|context| match Pin::new(&mut future).poll(context) {
        Poll::Ready(result) => Poll::Ready(Some(result)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// The numbers of one producer; every third is first sent by a future that is polled once, and gives its message back.
async fn produce(tx: Sender<usize>, producer: usize) {
    for number in producer * EACH..(producer + 1) * EACH {
        let mut future = tx.send_async(number);
        if number % 3 == 0 {
            match polled_once(&mut future).await {
                Some(sent) => {
                    sent.unwrap();
                    continue;
                }
                None => match future.into_inner() {
                    Some(message) => tx.send_async(message).await.unwrap(),
                    None => continue, // it was taken in this moment
                },
            }
        } else {
            future.await.unwrap();
        }
    }
}

/// Everything until the end; before every third message a receive is polled once, and dropped if nothing comes.
async fn consume(rx: Receiver<usize>, seen: &[AtomicUsize]) {
    let note = |number: usize| seen[number].fetch_add(1, Ordering::Relaxed);
    for round in 0.. {
        let received = match round % 3 {
            0 => polled_once(rx.recv_async()).await,
            _ => Some(rx.recv_async().await),
        };
        match received {
            Some(Ok(number)) => _ = note(number),
            Some(Err(RecvError)) => return,
            None => {}
        }
    }
}

#[cfg(feature = "std")]
fn send_blocking(tx: &Sender<usize>, number: usize) -> Result<(), SendError<usize>> {
    tx.send(number)
}

#[cfg(feature = "std")]
fn recv_blocking(rx: &Receiver<usize>) -> Result<usize, RecvError> {
    rx.recv()
}

#[cfg(not(feature = "std"))]
fn send_blocking(tx: &Sender<usize>, number: usize) -> Result<(), SendError<usize>> {
    block_on(tx.send_async(number))
}

#[cfg(not(feature = "std"))]
fn recv_blocking(rx: &Receiver<usize>) -> Result<usize, RecvError> {
    block_on(rx.recv_async())
}

fn boxed<'a>(future: impl Future<Output = ()> + 'a) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    Box::pin(future)
}

#[test]
fn tasks_and_threads_share_a_channel() {
    let pool = ThreadPool::builder().pool_size(2).create().unwrap();
    for flavour in Flavour::ALL {
        let (tx, rx) = flavour.make();
        let seen: Vec<AtomicUsize> = (0..PRODUCERS * EACH).map(|_| AtomicUsize::new(0)).collect();
        for producer in 0..2 {
            pool.spawn_ok(produce(tx.clone(), producer));
        }
        thread::scope(|scope| {
            scope.spawn({
                let tx = tx.clone();
                move || run_all((2..4).map(|producer| boxed(produce(tx.clone(), producer))))
            });
            for producer in 4..6 {
                let tx = tx.clone();
                scope.spawn(move || {
                    for number in producer * EACH..(producer + 1) * EACH {
                        send_blocking(&tx, number).unwrap();
                    }
                });
            }
            drop(tx);
            scope.spawn(|| run_all((0..3).map(|_| boxed(consume(rx.clone(), &seen)))));
            scope.spawn(|| block_on(consume(rx.clone(), &seen)));
            scope.spawn(|| {
                while let Ok(number) = recv_blocking(&rx) {
                    seen[number].fetch_add(1, Ordering::Relaxed);
                }
            });
        });
        // What a dropped receive gave back after the others had found the closed channel empty.
        rx.try_iter().for_each(|number| _ = seen[number].fetch_add(1, Ordering::Relaxed));
        assert!(seen.iter().all(|count| count.load(Ordering::Relaxed) == 1), "{flavour:?}");
    }
}

/// A task that sends and a task that receives on one thread, with nobody else to run.
#[test]
fn two_tasks_on_one_thread_take_turns() {
    for flavour in Flavour::ALL {
        let (tx, rx) = flavour.make();
        let mut sum = 0;
        run_all([
            boxed(async {
                for number in 0..100 {
                    tx.send_async(number).await.unwrap();
                }
                tx.close();
            }),
            boxed(async {
                while let Ok(number) = rx.recv_async().await {
                    sum += number;
                }
            }),
        ]);
        assert_eq!(sum, 4950, "{flavour:?}");
    }
}

/// A question on one channel and the answer on another, so that each side sleeps for each message.
#[test]
fn a_task_and_a_thread_answer_each_other() {
    for flavour in Flavour::ALL {
        let (ask, asked) = flavour.make();
        let (answer, answered) = flavour.make();
        thread::scope(|scope| {
            scope.spawn(|| {
                while let Ok(number) = recv_blocking(&asked) {
                    send_blocking(&answer, number + 1).unwrap();
                }
            });
            run(async {
                for number in 0..EACH {
                    ask.send_async(number).await.unwrap();
                    assert_eq!(answered.recv_async().await, Ok(number + 1), "{flavour:?}");
                }
            });
            ask.close();
        });
    }
}

/// A receive that waits is moved from executor to executor, while a thread sends.
#[test]
fn a_future_moves_between_executors_while_a_message_comes() {
    for flavour in Flavour::ALL {
        for _ in 0..EACH / 20 {
            let (tx, rx) = flavour.make();
            let sender = thread::spawn(move || send_blocking(&tx, 7));
            let mut future = rx.into_recv_async();
            let received = match run(polled_once(&mut future)) {
                Some(received) => received,
                None => match block_on(polled_once(&mut future)) {
                    Some(received) => received,
                    None => run(pin!(future)),
                },
            };
            assert_eq!(received, Ok(7), "{flavour:?}");
            assert_eq!(sender.join().unwrap(), Ok(()), "{flavour:?}");
        }
    }
}

#[cfg(feature = "std")]
#[test]
fn a_select_meets_a_future() {
    use crossinterp_core::{never, rendezvous, select};

    let (tx, rx) = rendezvous();
    for number in 0..EACH {
        thread::scope(|scope| {
            scope.spawn(
                || select! { send(tx, number) -> sent => sent.unwrap(), recv(never::<()>()) -> _ => {} },
            );
            assert_eq!(run(rx.recv_async()), Ok(number));
        });
        thread::scope(|scope| {
            scope.spawn(
                || select! { recv(rx) -> got => assert_eq!(got, Ok(number)), recv(never::<()>()) -> _ => {} },
            );
            assert_eq!(run(tx.send_async(number)), Ok(()));
        });
    }
}
