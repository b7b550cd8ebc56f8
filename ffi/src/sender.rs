//! Senders.

use core::ffi::c_void;

use crossinterp_core::{OfferError, Sender, Value};

use crate::channel::{SenderHandle, refused};
use crate::clock::Deadline;
use crate::domain::DomainHandle;
use crate::handle::{self, Vacant};
use crate::park::Berth;
use crate::status::{
    Status, XI_ERR_CLOSED, XI_ERR_ENDED, XI_ERR_FORKED, XI_ERR_FULL, XI_ERR_KIND, XI_ERR_MOVED, XI_ERR_NOMEM,
    XI_ERR_TIMEOUT, answer,
};
use crate::wait::{Wait, WaitHandle, Wake, gave_up};

/// One more sender of the same channel, held by the same domain.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sender_clone(sender: *const SenderHandle, out: *mut *mut SenderHandle) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (sender, out) = unsafe { (handle::borrow(sender)?, handle::place(out)?) };
        let vacant = Vacant::new()?;
        out.write(vacant.fill(sender.try_clone().map_err(refused)?));
        Ok(())
    })
}

/// Lets the sender go.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sender_release(sender: *mut SenderHandle) {
    // SAFETY: the contract of the header.
    unsafe { handle::release(sender) };
}

/// A value that is one more sender of the same channel, held by no domain.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sender_to_value(sender: *const SenderHandle, out: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (sender, out) = unsafe { (handle::borrow(sender)?, handle::place(out)?) };
        let free = sender.free_clone().map_err(refused)?;
        out.write(Value::from_sender(free).map_err(|_| XI_ERR_NOMEM)?);
        Ok(())
    })
}

/// One more sender of the channel whose sender the value is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_value_as_sender(
    value: *const Value,
    domain: *mut DomainHandle,
    out: *mut *mut SenderHandle,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (value, out) = unsafe { (handle::lent(value)?, handle::place(out)?) };
        if value.is_moved() {
            return Err(XI_ERR_MOVED);
        }
        let end = value.as_sender().ok_or(XI_ERR_KIND)?;
        if end.is_stale() {
            return Err(XI_ERR_FORKED);
        }
        // SAFETY: as above.
        let domain = unsafe { handle::borrow_or_none(domain) }?;
        let vacant = Vacant::new()?;
        let sender = domain.map_or_else(|| end.free_clone(), |domain| end.held_by(domain));
        out.write(vacant.fill(sender.map_err(refused)?));
        Ok(())
    })
}

/// Gives an unsent message back to the caller and says why it was not sent.
fn unsent(place: &mut Value, error: OfferError<Value>) -> Status {
    let status = match &error {
        OfferError::Full(_) => XI_ERR_FULL,
        OfferError::Disconnected(_) => XI_ERR_CLOSED,
        OfferError::Ended(_) => XI_ERR_ENDED,
        OfferError::NoMemory(_) => XI_ERR_NOMEM,
    };
    *place = error.into_inner();
    status
}

/// The caller's value, taken from where it stands.
///
/// # Safety
/// `value` is NULL or points to a value that nobody else uses during `'a`.
unsafe fn take_value<'a>(value: *mut Value) -> Result<(&'a mut Value, Value), Status> {
    // SAFETY: the caller's promise.
    let place = unsafe { handle::lent_mut(value) }?;
    if place.is_moved() {
        return Err(XI_ERR_MOVED);
    }
    let message = place.take();
    Ok((place, message))
}

/// Sends if that can be done at once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sender_try_send(sender: *const SenderHandle, value: *mut Value) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (sender, (place, message)) = unsafe { (handle::borrow(sender)?, take_value(value)?) };
        sender.offer(message).map_err(|error| unsent(place, error))
    })
}

/// Sends, and sleeps while there is no room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sender_send_wait(
    sender: *const SenderHandle,
    value: *mut Value,
    timeout_ns: u64,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (sender, (place, message)) = unsafe { (handle::borrow(sender)?, take_value(value)?) };
        match sender.offer(message) {
            Err(OfferError::Full(message)) => {
                send_sleeping(sender, message, timeout_ns).map_err(|(message, status)| {
                    *place = message;
                    status
                })
            }
            result => result.map_err(|error| unsent(place, error)),
        }
    })
}

/// The part of a send that found no room.
fn send_sleeping(sender: &Sender<Value>, message: Value, timeout_ns: u64) -> Result<(), (Value, Status)> {
    if timeout_ns == 0 {
        return Err((message, XI_ERR_TIMEOUT));
    }
    let deadline = Deadline::after(timeout_ns);
    let berth = match Berth::new() {
        Ok(berth) => berth,
        Err(status) => return Err((message, status)),
    };
    sender.send_parking(message, &berth.sleep(deadline)).map_err(|(message, error)| (message, gave_up(error)))
}

/// Closes the channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sender_close(sender: *const SenderHandle) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let sender = unsafe { handle::borrow(sender) }?;
        if sender.is_ended() {
            return Err(XI_ERR_ENDED);
        }
        sender.close();
        Ok(())
    })
}

/// Begins a send that waits.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sender_send_begin(
    sender: *const SenderHandle,
    value: *mut Value,
    wake: Option<unsafe extern "C" fn(data: *mut c_void)>,
    data: *mut c_void,
    out: *mut *mut WaitHandle,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (sender, out) = unsafe { (handle::borrow(sender)?, handle::place(out)?) };
        let vacant = Vacant::new()?;
        let wake = Wake::new(wake, data)?;
        // SAFETY: as above.
        let (place, message) = unsafe { take_value(value) }?;
        match sender.begin_send(message, wake.waker()) {
            Ok(wait) => {
                out.write(vacant.fill(Wait::send(wait, wake)));
                Ok(())
            }
            Err((message, error)) => {
                *place = message;
                Err(refused(error))
            }
        }
    })
}
