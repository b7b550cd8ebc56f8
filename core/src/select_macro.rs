//! `select!` and `select_biased!`.
//!
//! Three passes over the list of arms: `@arms` and `@body` read it, `@add` puts each arm into a normal form
//! `[kind channel index (end) (message) (pattern) (body)]`, with a name for its channel that no other arm has (each step
//! of the recursion has names of its own); `@bind` evaluates the ends, one `match` inside the other, so that temporaries
//! live as long as the arms do; `@run` chooses and goes to the arm.

/// Waits for one of several operations, and does it.
///
/// The arms are `recv(receiver) -> result => body`, `send(sender, message) -> result => body`, and at most one of `default =>
/// body` (nothing is ready) and `default(timeout) => body` (nothing was ready in time, a `Duration`). Ends may be any
/// expressions that give one or a reference to one; they are evaluated once, in the order of the arms, before anything is
/// tried. A message is evaluated only when its arm was chosen: until it is there, others may wait for it. The results are
/// `Result<T, RecvError>` and `Result<(), SendError<T>>`: an operation on a disconnected channel is ready, and fails.
///
/// If several are ready, each is as likely to be chosen as the others; [`select_biased!`](crate::select_biased!) prefers
/// the first.
///
/// # Panics
/// When the message expression of the chosen arm leaves instead of giving a message.
///
/// ```
/// use crossinterp_core::{select, unbounded, rendezvous};
/// use std::time::Duration;
///
/// let (tx, rx) = unbounded();
/// let (meet, _other) = rendezvous::<u8>();
/// tx.send(1).unwrap();
/// let got = select! {
///     recv(rx) -> message => message.unwrap(),
///     send(meet, 7) -> _ => unreachable!("nobody receives"),
///     default(Duration::from_secs(1)) => 0,
/// };
/// assert_eq!(got, 1);
/// ```
#[macro_export]
macro_rules! select {
    () => { ::core::compile_error!("empty `select!` block") };
    ($($arms:tt)+) => { $crate::__select!(@arms false [(0usize)] [] $($arms)+) };
}

/// As [`select!`](crate::select!); of the arms that are ready the first is chosen.
///
/// ```
/// use crossinterp_core::{select_biased, unbounded};
///
/// let (tx, rx) = unbounded();
/// tx.send(1).unwrap();
/// let (other_tx, other_rx) = unbounded();
/// other_tx.send(2).unwrap();
/// let got = select_biased! {
///     recv(rx) -> message => message,
///     recv(other_rx) -> message => message,
/// };
/// assert_eq!(got, Ok(1));
/// ```
#[macro_export]
macro_rules! select_biased {
    () => { ::core::compile_error!("empty `select_biased!` block") };
    ($($arms:tt)+) => { $crate::__select!(@arms true [(0usize)] [] $($arms)+) };
}

/// The passes; see the file.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    // @arms BIASED [(NEXT INDEX) ARM...] [DEFAULT] REST: the head of the next arm.
    (@arms $biased:tt [$next:tt $($arms:tt)*] [$($default:tt)*]) => {
        $crate::__select!(@bind $biased [$($arms)*] [$($default)*] $($arms)*)
    };
    (@arms $biased:tt $arms:tt $default:tt recv($end:expr $(,)?) -> $result:pat => $($rest:tt)+) => {
        $crate::__select!(@body $biased $arms $default (recv ($end) () ($result)) $($rest)+)
    };
    (@arms $biased:tt $arms:tt $default:tt send($end:expr, $message:expr $(,)?) -> $result:pat => $($rest:tt)+) => {
        $crate::__select!(@body $biased $arms $default (send ($end) ($message) ($result)) $($rest)+)
    };
    (@arms $biased:tt $arms:tt [] default $(())? => $($rest:tt)+) => {
        $crate::__select!(@body $biased $arms [] (default ()) $($rest)+)
    };
    (@arms $biased:tt $arms:tt [] default($timeout:expr $(,)?) => $($rest:tt)+) => {
        $crate::__select!(@body $biased $arms [] (default ($timeout)) $($rest)+)
    };
    (@arms $biased:tt $arms:tt [$($default:tt)+] default $($rest:tt)*) => {
        ::core::compile_error!("there can be only one `default` case in a `select!` block")
    };
    (@arms $biased:tt $arms:tt $default:tt $($rest:tt)*) => {
        ::core::compile_error!(concat!(
            "expected `recv(receiver) -> result => body`, `send(sender, message) -> result => body`, ",
            "`default => body` or `default(timeout) => body`, found `", stringify!($($rest)*), "`"
        ))
    };

    // @body BIASED ARMS DEFAULT (HEAD) BODY REST: where its body ends.
    (@body $biased:tt $arms:tt $default:tt $head:tt $body:expr, $($rest:tt)*) => {
        $crate::__select!(@add $biased $arms $default $head ($body) $($rest)*)
    };
    (@body $biased:tt $arms:tt $default:tt $head:tt $body:expr) => {
        $crate::__select!(@add $biased $arms $default $head ($body))
    };
    (@body $biased:tt $arms:tt $default:tt $head:tt $body:block $($rest:tt)*) => {
        $crate::__select!(@add $biased $arms $default $head ($body) $($rest)*)
    };

    (@add $biased:tt $arms:tt [] (default $timeout:tt) $body:tt $($rest:tt)*) => {
        $crate::__select!(@arms $biased $arms [$timeout $body] $($rest)*)
    };
    (@add $biased:tt [$index:tt $($arms:tt)*] $default:tt ($kind:ident $end:tt $message:tt $result:tt) $body:tt $($rest:tt)*) => {
        $crate::__select!(
            @arms $biased
            [($index + 1usize) $($arms)* [$kind channel $index $end $message $result $body]]
            $default $($rest)*
        )
    };

    // @bind BIASED [ARMS] [DEFAULT] ARMS THAT ARE LEFT: evaluates the ends.
    (@bind $biased:tt $arms:tt $default:tt [recv $channel:ident $index:tt ($end:expr) $($rest:tt)*] $($left:tt)*) => {
        match $end {
            ref $channel => {
                let $channel: &$crate::Receiver<_> = $channel;
                $crate::__select!(@bind $biased $arms $default $($left)*)
            }
        }
    };
    (@bind $biased:tt $arms:tt $default:tt [send $channel:ident $index:tt ($end:expr) $($rest:tt)*] $($left:tt)*) => {
        match $end {
            ref $channel => {
                let $channel: &$crate::Sender<_> = $channel;
                $crate::__select!(@bind $biased $arms $default $($left)*)
            }
        }
    };
    (@bind $biased:tt $arms:tt $default:tt) => {
        $crate::__select!(@run $biased $arms $default)
    };

    (@run $biased:tt [$([$kind:ident $channel:ident $($rest:tt)*])+] []) => {{
        let operation = $crate::select_internals::select(
            [$($crate::select_internals::$kind($channel)),+],
            $biased,
        );
        $crate::__select!(@chosen operation [$([$kind $channel $($rest)*])+])
    }};
    (@run $biased:tt [$([$kind:ident $channel:ident $($rest:tt)*])*] [() ($default:expr)]) => {{
        let operation = $crate::select_internals::try_select(
            [$($crate::select_internals::$kind($channel)),*],
            $biased,
        );
        match operation {
            ::core::option::Option::Some(operation) => {
                $crate::__select!(@chosen operation [$([$kind $channel $($rest)*])*])
            }
            ::core::option::Option::None => $default,
        }
    }};
    (@run $biased:tt [$([$kind:ident $channel:ident $($rest:tt)*])*] [($timeout:expr) ($default:expr)]) => {{
        let operation = $crate::select_internals::select_timeout(
            [$($crate::select_internals::$kind($channel)),*],
            $biased,
            $timeout,
        );
        match operation {
            ::core::option::Option::Some(operation) => {
                $crate::__select!(@chosen operation [$([$kind $channel $($rest)*])*])
            }
            ::core::option::Option::None => $default,
        }
    }};

    (@chosen $operation:ident [$([$kind:ident $channel:ident $index:tt $end:tt $message:tt ($result:pat) ($body:expr)])*]) => {{
        let index = $operation.index();
        $(if index == $index {
            let $result = $crate::__select!(@complete $kind $operation $channel $message);
            $body
        } else)* {
            ::core::unreachable!("it is one of the arms")
        }
    }};

    (@complete recv $operation:ident $channel:ident ()) => {
        $operation.resume_recv($channel).recv($channel)
    };
    (@complete send $operation:ident $channel:ident ($message:expr)) => {{
        // If the message does not come, dropping this gives back what is held.
        let operation = $operation.resume_send($channel);
        match $message {
            message => operation.send($channel, message),
        }
    }};
}
