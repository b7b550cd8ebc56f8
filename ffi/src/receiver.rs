//! Receivers.

use core::ffi::c_void;

use crossinterp_core::{TakeError, Value};

use crate::channel::{ReceiverHandle, refused};
use crate::clock::Deadline;
use crate::domain::DomainHandle;
use crate::handle::{self, Vacant};
use crate::park::Berth;
use crate::status::{
    Status, XI_ERR_CLOSED, XI_ERR_EMPTY, XI_ERR_ENDED, XI_ERR_FORKED, XI_ERR_KIND, XI_ERR_MOVED,
    XI_ERR_NOMEM, XI_ERR_TIMEOUT, answer,
};
use crate::wait::{Wait, WaitHandle, Wake, gave_up};

/// One more receiver of the same channel, held by the same domain.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_receiver_clone(
    receiver: *const ReceiverHandle,
    out: *mut *mut ReceiverHandle,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (receiver, out) = unsafe { (handle::borrow(receiver)?, handle::place(out)?) };
        let vacant = Vacant::new()?;
        out.write(vacant.fill(receiver.try_clone().map_err(refused)?));
        Ok(())
    })
}

/// Lets the receiver go.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_receiver_release(receiver: *mut ReceiverHandle) {
    // SAFETY: the contract of the header.
    unsafe { handle::release(receiver) };
}

/// A value that is one more receiver of the same channel, held by no domain.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_receiver_to_value(receiver: *const ReceiverHandle, out: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (receiver, out) = unsafe { (handle::borrow(receiver)?, handle::place(out)?) };
        let free = receiver.free_clone().map_err(refused)?;
        out.write(Value::from_receiver(free).map_err(|_| XI_ERR_NOMEM)?);
        Ok(())
    })
}

/// One more receiver of the channel whose receiver the value is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_as_receiver(
    value: *const Value,
    domain: *mut DomainHandle,
    out: *mut *mut ReceiverHandle,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (value, out) = unsafe { (handle::lent(value)?, handle::place(out)?) };
        if value.is_moved() {
            return Err(XI_ERR_MOVED);
        }
        let end = value.as_receiver().ok_or(XI_ERR_KIND)?;
        if end.is_stale() {
            return Err(XI_ERR_FORKED);
        }
        // SAFETY: as above.
        let domain = unsafe { handle::borrow_or_none(domain) }?;
        let vacant = Vacant::new()?;
        let receiver = domain.map_or_else(|| end.free_clone(), |domain| end.held_by(domain));
        out.write(vacant.fill(receiver.map_err(refused)?));
        Ok(())
    })
}

fn nothing_taken(error: TakeError) -> Status {
    match error {
        TakeError::Empty => XI_ERR_EMPTY,
        TakeError::Disconnected => XI_ERR_CLOSED,
        TakeError::Ended => XI_ERR_ENDED,
    }
}

/// Receives if that can be done at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_receiver_try_recv(receiver: *const ReceiverHandle, out: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (receiver, out) = unsafe { (handle::borrow(receiver)?, handle::place(out)?) };
        out.write(receiver.take().map_err(nothing_taken)?);
        Ok(())
    })
}

/// Receives, and sleeps while there is nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_receiver_recv_wait(
    receiver: *const ReceiverHandle,
    timeout_ns: u64,
    out: *mut Value,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (receiver, out) = unsafe { (handle::borrow(receiver)?, handle::place(out)?) };
        let message = match receiver.take() {
            Err(TakeError::Empty) if timeout_ns == 0 => return Err(XI_ERR_TIMEOUT),
            Err(TakeError::Empty) => {
                let deadline = Deadline::after(timeout_ns);
                let berth = Berth::new()?;
                receiver.recv_parking(&berth.sleep(deadline)).map_err(gave_up)?
            }
            result => result.map_err(nothing_taken)?,
        };
        out.write(message);
        Ok(())
    })
}

/// Closes the channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_receiver_close(receiver: *const ReceiverHandle) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let receiver = unsafe { handle::borrow(receiver) }?;
        if receiver.is_ended() {
            return Err(XI_ERR_ENDED);
        }
        receiver.close();
        Ok(())
    })
}

/// Begins a receive that waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_receiver_recv_begin(
    receiver: *const ReceiverHandle,
    wake: Option<unsafe extern "C" fn(data: *mut c_void)>,
    data: *mut c_void,
    out: *mut *mut WaitHandle,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (receiver, out) = unsafe { (handle::borrow(receiver)?, handle::place(out)?) };
        let vacant = Vacant::new()?;
        let wake = Wake::new(wake, data)?;
        let wait = receiver.begin_recv(wake.waker()).map_err(refused)?;
        out.write(vacant.fill(Wait::recv(wait, wake)));
        Ok(())
    })
}
