//! Threads that sleep and are woken by means of their own: the library without its feature `std`.
//!
//! ```sh
//! cargo run -p crossinterp-core --no-default-features --example without_std
//! ```
//!
//! What a program without the standard library brings along is a [`Park`], here a futex of Linux; a kernel would have its
//! scheduler there, a microcontroller `wfe` and an interrupt. `main` is what stands for the rest of such a program: it
//! starts the threads, and prints.
#![no_std]

extern crate alloc;
// For `main` alone.
extern crate std;

/// A futex to sleep on.
#[cfg(target_os = "linux")]
mod sleeper {
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use core::sync::atomic::{AtomicU32, Ordering};
    use core::task::Waker;

    use crossinterp_core::{Park, Wakeup};

    /// A wake-up that has not ended a sleep yet.
    const WOKEN: u32 = 1;
    const NONE: u32 = 0;

    #[derive(Default)]
    struct Futex {
        word: AtomicU32,
        /// How often its thread went to sleep.
        sleeps: AtomicU32,
    }

    impl Wake for Futex {
        fn wake(self: Arc<Self>) {
            // Release: what was done before the wake-up is seen after the sleep. Only the first of several has somebody to wake.
            if self.word.swap(WOKEN, Ordering::Release) == NONE {
                // SAFETY: FUTEX_WAKE reads nothing but the word's address, and `self` keeps the word.
                unsafe {
                    libc::syscall(
                        libc::SYS_futex,
                        self.word.as_ptr(),
                        libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                        1,
                    );
                }
            }
        }
    }

    /// One thread's way to sleep.
    #[derive(Clone, Default)]
    pub(crate) struct Sleeper(Arc<Futex>);

    impl Sleeper {
        /// How often the thread went to sleep.
        pub(crate) fn sleeps(&self) -> u32 {
            self.0.sleeps.load(Ordering::Relaxed)
        }
    }

    impl Park for Sleeper {
        fn waker(&self) -> Waker {
            Waker::from(self.0.clone())
        }

        fn park(&self) -> Wakeup {
            self.0.sleeps.fetch_add(1, Ordering::Relaxed);
            // Acquire: the other end of the wake-up.
            if self.0.word.swap(NONE, Ordering::Acquire) == NONE {
                // SAFETY: the word outlives the call; without a time limit nothing else is read. The kernel sleeps only if
                // the word still is NONE, so a wake-up since the swap is not missed.
                unsafe {
                    libc::syscall(
                        libc::SYS_futex,
                        self.0.word.as_ptr(),
                        libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
                        NONE,
                        core::ptr::null::<libc::timespec>(),
                    );
                }
                self.0.word.swap(NONE, Ordering::Acquire);
            }
            // A signal may have ended it as well: the operation looks again, and sleeps again.
            Wakeup::Woken
        }
    }
}

#[cfg(target_os = "linux")]
fn main() {
    use crossinterp_core::{Select, bounded, rendezvous, unbounded};
    use sleeper::Sleeper;
    use std::{println, thread};

    /// Until that thread has gone to sleep.
    fn asleep(sleeper: &Sleeper) {
        while sleeper.sleeps() == 0 {
            thread::yield_now();
        }
    }

    println!("feature std: {}", if cfg!(feature = "std") { "on" } else { "off" });

    let (tx, rx) = unbounded();
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let receiver = scope.spawn(|| rx.recv_parking(&sleeper));
        asleep(&sleeper);
        tx.try_send("hello").unwrap();
        assert_eq!(receiver.join().unwrap(), Ok("hello"));
    });
    println!("a receive slept until there was a message");

    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let sender = scope.spawn(|| tx.send_parking(2, &sleeper));
        asleep(&sleeper);
        assert_eq!(rx.try_recv(), Ok(1));
        assert_eq!(sender.join().unwrap(), Ok(()));
        assert_eq!(rx.try_recv(), Ok(2));
    });
    println!("a send slept until there was room");

    let (meet, met) = rendezvous();
    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let selector = scope.spawn(|| {
            let mut select = Select::new();
            let (first, _second) = (select.recv(&met), select.recv(&rx));
            let chosen = select.select_parking(&sleeper).unwrap();
            assert_eq!(chosen.index(), first);
            chosen.recv(&met)
        });
        asleep(&sleeper);
        meet.send_parking("met", &Sleeper::default()).unwrap();
        assert_eq!(selector.join().unwrap(), Ok("met"));
    });
    println!("a select slept until somebody met it");

    let sleeper = Sleeper::default();
    thread::scope(|scope| {
        let receiver = scope.spawn(|| rx.recv_parking(&sleeper));
        asleep(&sleeper);
        drop(tx);
        assert!(receiver.join().unwrap().is_err());
    });
    println!("a receive slept until the last sender went");

    let (tx, rx) = bounded(1);
    let (giver, taker) = (Sleeper::default(), Sleeper::default());
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..10_000_u64 {
                tx.send_parking(number, &giver).unwrap();
            }
            tx.close();
        });
        let mut sum = 0;
        while let Ok(number) = rx.recv_parking(&taker) {
            sum += number;
        }
        assert_eq!(sum, 49_995_000);
    });
    println!("10000 messages went from one thread to another");
}

#[cfg(not(target_os = "linux"))]
fn main() {
    std::println!("this example sleeps by a futex, which only Linux has");
}
