//! The bodies of the fuzz targets, which ordinary tests run too, with bytes of their own.

mod channel;
mod ledger;
mod model;

pub use channel::channel;
