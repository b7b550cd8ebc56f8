//! Waiting operations in three steps, and the functions of C that they wake.

use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Waker;

use crossinterp_core::{Park, ParkError, RecvWait, SendWait, Value, WaitError, Wakeup};

use crate::clock::Deadline;
use crate::handle::{self, Handle};
use crate::park::{Berth, Parker};
use crate::status::{
    Status, XI_ERR_CLOSED, XI_ERR_EMPTY, XI_ERR_ENDED, XI_ERR_FULL, XI_ERR_INTERRUPTED, XI_ERR_NOMEM,
    XI_ERR_OPTION, XI_ERR_TIMEOUT, answer,
};
use crate::waker::{Counted, Target};

/// `xi_wait`.
pub type WaitHandle = Handle<Wait>;

/// One waiting operation and what it wakes. Dropped in this order: once the operation is over, no wake-up begins.
#[derive(Debug)]
pub struct Wait {
    operation: Operation,
    wake: Wake,
}

#[derive(Debug)]
enum Operation {
    Recv(RecvWait<Value>),
    Send(SendWait<Value>),
}

impl Wait {
    pub(crate) fn recv(wait: RecvWait<Value>, wake: Wake) -> Self {
        Self { operation: Operation::Recv(wait), wake }
    }

    pub(crate) fn send(wait: SendWait<Value>, wake: Wake) -> Self {
        Self { operation: Operation::Send(wait), wake }
    }

    fn is_settled(&self) -> bool {
        match &self.operation {
            Operation::Recv(wait) => wait.is_settled(),
            Operation::Send(wait) => wait.is_settled(),
        }
    }
}

/// Whom a wait wakes.
#[derive(Debug)]
pub(crate) enum Wake {
    /// The thread that sleeps in `xi_wait_sleep`.
    Sleeper(Berth),
    /// A function of the caller.
    Function(Call),
}

impl Wake {
    pub(crate) fn new(
        function: Option<unsafe extern "C" fn(data: *mut c_void)>,
        data: *mut c_void,
    ) -> Result<Self, Status> {
        match function {
            None => Berth::new().map(Self::Sleeper),
            Some(function) => Call::new(function, data).map(Self::Function),
        }
    }

    pub(crate) fn waker(&self) -> Waker {
        match self {
            Self::Sleeper(berth) => berth.waker(),
            Self::Function(call) => call.0.waker(),
        }
    }

    /// Can be woken once more. A call that is running has returned then.
    fn renew(&mut self) -> Result<(), Status> {
        if let Self::Function(call) = self {
            *call = Call::new(call.0.function, call.0.data)?;
        }
        Ok(())
    }
}

/// A function of C with its data, called at most once. (A wait that goes on has a new one.) Dropping this is the end of its use: the function is not called
/// after it, and a call that runs on another thread at that moment has returned. The core calls wakers without a lock,
/// so that one may come when the operation is long over, and the data freed.
#[derive(Debug)]
pub(crate) struct Call(Counted<Gate>);

#[derive(Debug)]
struct Gate {
    function: unsafe extern "C" fn(data: *mut c_void),
    data: *mut c_void,
    phase: AtomicU32,
    /// Where the owner sleeps while the call runs.
    returned: Parker,
}

/// Phases of a gate: OPEN, then RUNNING, then SHUT; or SHUT at once.
const OPEN: u32 = 0;
const RUNNING: u32 = 1;
const SHUT: u32 = 2;

// SAFETY: the data pointer is only ever handed to the function, which the header requires to be callable with it on any
// thread.
unsafe impl Send for Gate {}
// SAFETY: as above; the rest is atomic.
unsafe impl Sync for Gate {}

impl Call {
    fn new(function: unsafe extern "C" fn(data: *mut c_void), data: *mut c_void) -> Result<Self, Status> {
        let gate = Gate { function, data, phase: AtomicU32::new(OPEN), returned: Parker::new() };
        Counted::try_new(gate).map(Self)
    }
}

impl Target for Gate {
    fn wake(&self) {
        if self.phase.compare_exchange(OPEN, RUNNING, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        // SAFETY: the owner has not dropped its `Call`, and will wait for RUNNING to be over: the data is in use still.
        unsafe { (self.function)(self.data) };
        // ORDERING [wait.gate]: Release, pairs with the Acquire of `Call::drop`: the call happens before the data goes.
        // Shown by tests/c/waits.c under the address sanitizer; loom cannot call C.
        self.phase.store(SHUT, Ordering::Release);
        self.returned.wake();
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let gate = &*self.0;
        // ORDERING [wait.gate]: Acquire, pairs with the Release in `Gate::wake`, here and in the load below.
        if gate.phase.compare_exchange(OPEN, SHUT, Ordering::Relaxed, Ordering::Acquire) != Err(RUNNING) {
            return;
        }
        while gate.phase.load(Ordering::Acquire) != SHUT {
            gate.returned.park(Deadline::Never);
        }
    }
}

/// The status of an operation that slept and has to say why nothing came of it.
pub(crate) fn gave_up(error: ParkError) -> Status {
    match error {
        ParkError::TimedOut => XI_ERR_TIMEOUT,
        ParkError::Interrupted => XI_ERR_INTERRUPTED,
        ParkError::Disconnected => XI_ERR_CLOSED,
        ParkError::Ended => XI_ERR_ENDED,
        ParkError::NoMemory => XI_ERR_NOMEM,
    }
}

fn unfinished(error: WaitError) -> Status {
    match error {
        WaitError::Pending => XI_ERR_TIMEOUT,
        WaitError::Disconnected => XI_ERR_CLOSED,
        WaitError::Ended => XI_ERR_ENDED,
    }
}

/// Sleeps until the wait is settled, the time is over, or a signal came.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_wait_sleep(wait: *mut WaitHandle, timeout_ns: u64) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let wait = unsafe { handle::borrow(wait) }?;
        let Wake::Sleeper(berth) = &wait.wake else { return Err(XI_ERR_OPTION) };
        if wait.is_settled() {
            return Ok(());
        }
        let sleep = berth.sleep(Deadline::after(timeout_ns));
        loop {
            let wakeup = if timeout_ns == 0 { Wakeup::TimedOut } else { sleep.park() };
            if wait.is_settled() {
                return Ok(());
            }
            match wakeup {
                Wakeup::Woken => {}
                Wakeup::TimedOut => return Err(XI_ERR_TIMEOUT),
                Wakeup::Interrupted => return Err(XI_ERR_INTERRUPTED),
            }
        }
    })
}

/// 1 when the wait is settled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_wait_is_settled(wait: *const WaitHandle) -> c_int {
    // SAFETY: the contract of the header.
    unsafe { handle::borrow(wait) }.is_ok_and(Wait::is_settled).into()
}

/// Ends the wait if something came of it; else it waits on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_wait_try(wait: *mut WaitHandle, value: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (place, borrowed) = unsafe { (handle::place(value)?, handle::borrow_mut(wait)?) };
        let nothing = match &borrowed.operation {
            Operation::Recv(_) => XI_ERR_EMPTY,
            Operation::Send(_) => XI_ERR_FULL,
        };
        if !borrowed.is_settled() {
            return Err(nothing);
        }
        borrowed.wake.renew()?;
        let waker = borrowed.wake.waker();
        let (message, result) = match &mut borrowed.operation {
            Operation::Recv(operation) => match operation.try_finish(waker).ok_or(nothing)? {
                Ok(message) => (Some(message), Ok(())),
                Err(error) => (None, Err(unfinished(error))),
            },
            Operation::Send(operation) => match operation.try_finish(waker).ok_or(nothing)? {
                Ok(()) => (None, Ok(())),
                Err((message, error)) => (Some(message), Err(unfinished(error))),
            },
        };
        if let Some(message) = message {
            place.write(message);
        }
        // SAFETY: the contract of the header: with this answer the wait is gone.
        unsafe { handle::release(wait) };
        result
    })
}

/// Ends the wait and says what came of it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_wait_finish(wait: *mut WaitHandle, value: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (place, wait) = unsafe { (handle::place(value)?, handle::take(wait)?) };
        let Wait { operation, wake } = wait;
        let finished = match operation {
            Operation::Recv(operation) => operation.finish().map(Some).map_err(|error| (None, error)),
            Operation::Send(operation) => {
                operation.finish().map(|()| None).map_err(|(message, error)| (Some(message), error))
            }
        };
        drop(wake);
        let (message, result) = match finished {
            Ok(message) => (message, Ok(())),
            Err((message, error)) => (message, Err(unfinished(error))),
        };
        if let Some(message) = message {
            place.write(message);
        }
        result
    })
}

/// Ends the wait; what is in it goes on, or is released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_wait_release(wait: *mut WaitHandle) {
    // SAFETY: the contract of the header.
    unsafe { handle::release(wait) };
}
