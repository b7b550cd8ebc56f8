//! Domains: what may end while its threads wait.

use crossinterp_core::{Domain, DomainState};

use crate::handle::{self, Handle, Vacant};
use crate::status::{Status, XI_ERR_NOMEM, answer};

/// `xi_domain`.
pub type DomainHandle = Handle<Domain>;

/// `XI_DOMAIN_OPEN`.
pub const XI_DOMAIN_OPEN: i32 = 0;
/// `XI_DOMAIN_ENDING`.
pub const XI_DOMAIN_ENDING: i32 = 1;
/// `XI_DOMAIN_CLOSED`.
pub const XI_DOMAIN_CLOSED: i32 = 2;

/// A new domain.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_domain_open(out: *mut *mut DomainHandle) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        let out = unsafe { handle::place(out) }?;
        let vacant = Vacant::new()?;
        let domain = Domain::try_open().map_err(|_| XI_ERR_NOMEM)?;
        out.write(vacant.fill(domain));
        Ok(())
    })
}

/// Ends every wait of the domain and refuses new ones.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_domain_end_waits(domain: *mut DomainHandle) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        unsafe { handle::borrow(domain) }?.end_waits();
        Ok(())
    })
}

/// Ends the waits and releases every end that the domain holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_domain_close(domain: *mut DomainHandle) -> Status {
    answer(|| {
        // SAFETY: the contract of the header.
        unsafe { handle::borrow(domain) }?.close();
        Ok(())
    })
}

/// How far the domain has come, or a status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_domain_state(domain: *const DomainHandle) -> i32 {
    // SAFETY: the contract of the header.
    match unsafe { handle::borrow(domain) } {
        Ok(domain) => match domain.state() {
            DomainState::Open => XI_DOMAIN_OPEN,
            DomainState::Ending => XI_DOMAIN_ENDING,
            DomainState::Closed => XI_DOMAIN_CLOSED,
        },
        Err(status) => status,
    }
}

/// Lets the handle go; the domain goes on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn xi_domain_release(domain: *mut DomainHandle) {
    // SAFETY: the contract of the header.
    unsafe { handle::release(domain) };
}
