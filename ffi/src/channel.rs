//! Channels: making them, and what is known of them. Their ends are in [`crate::sender`] and [`crate::receiver`].

use crossinterp_core::{CapacityError, DomainError, Receiver, Sender, Value, try_bounded, try_unbounded};

use crate::domain::DomainHandle;
use crate::handle::{self, Handle, Vacant};
use crate::status::{Status, XI_ERR_ENDED, XI_ERR_NOMEM, XI_ERR_OPTION, XI_ERR_RANGE, answer};

/// `xi_sender`.
pub type SenderHandle = Handle<Sender<Value>>;
/// `xi_receiver`.
pub type ReceiverHandle = Handle<Receiver<Value>>;

/// `XI_UNBOUNDED`.
pub const XI_UNBOUNDED: usize = usize::MAX;

/// `xi_channel_options`.
#[derive(Debug)]
#[repr(C)]
pub struct ChannelOptions {
    /// The size of the struct as the caller knows it.
    pub struct_size: usize,
    /// [`XI_UNBOUNDED`], 0 for a rendezvous, or how many messages may be queued.
    pub capacity: usize,
    /// What holds the two ends, or NULL.
    pub domain: *mut DomainHandle,
}

/// `xi_channel_info`.
#[derive(Debug)]
#[repr(C)]
pub struct ChannelInfo {
    /// The size of the struct as the caller knows it.
    pub struct_size: usize,
    /// Messages queued.
    pub len: usize,
    /// As in the options.
    pub capacity: usize,
    /// Ends there are.
    pub senders: usize,
    /// Ends there are.
    pub receivers: usize,
    /// The channel's own number while it lives.
    pub id: u64,
    /// 1: closed, or one side is gone.
    pub closed: i32,
}

/// A struct of the caller that begins with its size, if it is one that this version knows.
///
/// # Safety
/// `sized` is NULL or points to a struct that is as long as the number at its beginning says.
unsafe fn known<T>(sized: *mut T) -> Result<*mut T, Status> {
    // SAFETY: the size comes first in every version of the struct, so it may be read whatever follows.
    let size = *unsafe { handle::lent(sized.cast::<usize>()) }?;
    if size == size_of::<T>() { Ok(sized) } else { Err(XI_ERR_OPTION) }
}

/// Fills the caller's struct with what is known through either end.
macro_rules! fill_info {
    ($end:expr, $out:expr) => {{
        let end = $end;
        // SAFETY: the contract of the header: the struct is as long as its size says.
        let out = unsafe { handle::place(known($out)?) }?;
        out.write(ChannelInfo {
            struct_size: size_of::<ChannelInfo>(),
            len: end.len(),
            capacity: end.capacity().unwrap_or(XI_UNBOUNDED),
            senders: end.sender_count(),
            receivers: end.receiver_count(),
            id: end.channel_id() as u64,
            closed: i32::from(end.is_closed()),
        });
        Ok(())
    }};
}

/// What is known through a sender.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_sender_info(sender: *const SenderHandle, out: *mut ChannelInfo) -> Status {
    // SAFETY: the contract of the header.
    answer(|| fill_info!(unsafe { handle::borrow(sender) }?, out))
}

/// What is known through a receiver.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_receiver_info(receiver: *const ReceiverHandle, out: *mut ChannelInfo) -> Status {
    // SAFETY: the contract of the header.
    answer(|| fill_info!(unsafe { handle::borrow(receiver) }?, out))
}

/// The status of a domain's refusal.
pub(crate) fn refused(error: DomainError) -> Status {
    match error {
        DomainError::Ended => XI_ERR_ENDED,
        DomainError::NoMemory => XI_ERR_NOMEM,
    }
}

/// A new channel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_channel_new(
    options: *const ChannelOptions,
    sender: *mut *mut SenderHandle,
    receiver: *mut *mut ReceiverHandle,
) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let (sender, receiver) = unsafe { (handle::place(sender)?, handle::place(receiver)?) };
        let mut capacity = XI_UNBOUNDED;
        let mut domain = None;
        if !options.is_null() {
            // SAFETY: as above; the struct is as long as its size says.
            let options = unsafe { handle::lent(known(options.cast_mut())?) }?;
            capacity = options.capacity;
            // SAFETY: as above.
            domain = unsafe { handle::borrow_or_none(options.domain) }?;
        }
        let (vacant_sender, vacant_receiver) = (Vacant::new()?, Vacant::new()?);
        let made = if capacity == XI_UNBOUNDED { try_unbounded() } else { try_bounded(capacity) };
        let (mut tx, mut rx) = made.map_err(|error| match error {
            CapacityError::TooLarge => XI_ERR_RANGE,
            CapacityError::NoMemory => XI_ERR_NOMEM,
        })?;
        if let Some(domain) = domain {
            tx = tx.held_by(domain).map_err(refused)?;
            rx = rx.held_by(domain).map_err(refused)?;
        }
        sender.write(vacant_sender.fill(tx));
        receiver.write(vacant_receiver.fill(rx));
        Ok(())
    })
}
