//! The bodies of the fuzz targets, which ordinary tests run too, with bytes of their own.

mod channel;
#[cfg(xi_stop)]
mod history;
mod ledger;
mod model;
#[cfg(xi_stop)]
mod stage;
#[cfg(xi_stop)]
mod stepped;

pub use channel::channel;
#[cfg(xi_stop)]
pub use stepped::stepped;
