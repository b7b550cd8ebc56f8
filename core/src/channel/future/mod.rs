//! Futures of sends and receives; streams and sinks (feature `futures`).
//!
//! They are [`Sender::poll_send`](crate::Sender::poll_send) and [`Receiver::poll_recv`](crate::Receiver::poll_recv) with
//! the waiting operation kept beside the end, so any executor can run them, and whoever else uses the channel, by
//! sleeping, selecting or from C, stands in the same row with them.
//!
//! # Dropping one
//!
//! A message is in one place at a time, so dropping a future loses none and doubles none:
//!
//! | the future was | a send that is dropped | a receive that is dropped |
//! | --- | --- | --- |
//! | never polled | drops its message | did nothing |
//! | waiting | drops its message, which nobody has got | leaves the row |
//! | woken, and not polled since | the same; the next send is woken for the room | the next receive is woken |
//! | settled, and not polled since | has sent its message | gives the message back: the next receive gets it, before what was sent later |
//! | over | has sent or returned its message | gave its message to who polled |
//!
//! A future that is forgotten keeps its place: what it was handed or woken for stays with it.

mod recv;
mod send;
#[cfg(feature = "futures")]
mod sink;
#[cfg(feature = "futures")]
mod stream;

pub use recv::RecvFuture;
pub use send::SendFuture;
#[cfg(feature = "futures")]
pub use sink::SendSink;
#[cfg(feature = "futures")]
pub use stream::RecvStream;
