//! Everything that may be written in `select!` and `select_biased!`.

// What one need not write may be written.
#![allow(unused_braces, unused_parens)]

use std::error::Error;
use std::ops::{Add, Deref};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use super::channel::{
    self, Receiver, RecvError, SendError, Sender, bounded, never, select, select_biased, unbounded,
};
use crate::support::{Seen, ms, see};

/// A channel with these numbers in it, and connected.
fn with(numbers: impl IntoIterator<Item = i32>) -> (Sender<i32>, Receiver<i32>) {
    let (sender, receiver) = unbounded();
    numbers.into_iter().for_each(|number| sender.send(number).unwrap());
    (sender, receiver)
}

pub(crate) fn commas_and_blocks() -> Seen {
    let mut seen = Seen::default();
    let (_kept, numbers) = with(1..100);
    let silent = never::<i32>();
    select! { recv(numbers) -> message => see!(seen, message) }
    select! { recv(numbers) -> message => see!(seen, message), }
    select! { recv(numbers,) -> message => { see!(seen, message) } }
    select! { recv(numbers) -> message => { see!(seen, message); }, }
    select! {
        recv(silent) -> _ => {}
        recv(numbers) -> message => { see!(seen, message) }
        recv(silent) -> _ => (),
        recv(silent) -> _ => {},
        recv(silent) -> _ => unreachable!()
    }
    select! {
        recv(silent) -> _ => { see!(seen, "silent") }
        recv(numbers) -> message => see!(seen, message),
        default => see!(seen, "default"),
    }
    select!(recv(numbers) -> message => see!(seen, message), recv(silent) -> _ => ());
    select![recv(silent) -> _ => (), default => see!(seen, "brackets")];
    select! {
        recv(numbers) -> message
            => if message.is_ok() { see!(seen, message) } else { see!(seen, "error") },
        recv(silent) -> _ => match seen { _ if true => {} _ => {} },
    }
    let value = select! {
        recv(silent) -> _ => { 1 }.add(2),
        recv(numbers) -> message => { message.unwrap() }.add(5),
        default => 0,
    };
    see!(seen, value);
    channel::select! { recv(numbers) -> message => see!(seen, message) }
    channel::select_biased! { recv(numbers) -> message => see!(seen, message), recv(silent) -> _ => {} }
    super::channel::select! { recv(silent) -> _ => (), default => see!(seen, "by path") }
    seen
}

pub(crate) fn defaults() -> Seen {
    let mut seen = Seen::default();
    let silent = never::<i32>();
    select! { default => see!(seen, "alone") }
    select! { default() => see!(seen, "alone, parentheses"), }
    select! { default => { see!(seen, "alone, block") } }
    select! { default(ms(1)) => see!(seen, "alone, limit") }
    select! { default(ms(1),) => { see!(seen, "alone, limit, block") } }
    select! { default => see!(seen, "first"), recv(silent) -> _ => unreachable!() }
    select! { recv(silent) -> _ => unreachable!(), default() => see!(seen, "last") }
    select! {
        recv(silent) -> _ => unreachable!(),
        default => { see!(seen, "middle") }
        recv(silent) -> _ => unreachable!(),
    }
    select! { recv(silent) -> _ => unreachable!(), default(ms(1)) => see!(seen, "limit") }
    select! {
        default({ let limit = ms(1); limit + limit }) => see!(seen, "limit first"),
        recv(silent) -> _ => unreachable!(),
        recv(silent) -> _ => unreachable!(),
    }
    select_biased! { recv(silent) -> _ => unreachable!(), default => see!(seen, "biased") }
    select_biased! {
        recv(silent) -> _ => unreachable!(),
        recv(silent) -> _ => unreachable!(),
        default(std::time::Duration::ZERO) => see!(seen, "biased, no time"),
    }
    // `default` is no keyword.
    let default = with([1]);
    select! { recv(default.1) -> message => see!(seen, message), default => unreachable!() }
    seen
}

pub(crate) fn values() -> Seen {
    let mut seen = Seen::default();
    let (sender, numbers) = with(1..100);
    let silent = never::<i32>();
    let one = select! { recv(numbers) -> message => message.unwrap() };
    let two = select! { recv(numbers) -> message => message.unwrap(), recv(silent) -> _ => 0 };
    let three = 1 + select!(recv(silent) -> _ => 0, default => 2);
    let text: &str =
        select! { recv(silent) -> _ => "no", recv(silent) -> _ => unreachable!(), default => "yes" };
    let sent = select! { send(sender, 100) -> result => result, recv(silent) -> _ => Err(SendError(0)) };
    see!(seen, one, two, three, text, sent.is_ok());
    let received: Result<i32, RecvError> = select! { recv(numbers) -> message => message };
    see!(seen, received, (select! { recv(numbers) -> message => message }).ok());
    see!(seen, select! { recv(numbers) -> message => Some(message), default(ms(1)) => None });
    fn tail(numbers: &Receiver<i32>) -> Option<i32> {
        select! {
            recv(numbers) -> message => message.ok(),
            default => None,
        }
    }
    see!(seen, tail(&numbers), tail(&silent));
    seen
}

pub(crate) fn patterns() -> Seen {
    let mut seen = Seen::default();
    let (sender, numbers) = with(1..100);
    let silent = never::<i32>();
    select! { recv(numbers) -> _ => see!(seen, "_") }
    select! { recv(numbers) -> _message => see!(seen, "_message") }
    select! {
        recv(numbers) -> mut message => {
            message = message.map(|number| number * 100);
            see!(seen, message)
        }
        recv(silent) -> _ => {}
    }
    select! { recv(numbers) -> ref message => see!(seen, message), recv(silent) -> _ => {} }
    select! { recv(numbers) -> message @ (Ok(_) | Err(_)) => see!(seen, message), default => {} }
    select! { recv(numbers) -> (Ok(_) | Err(RecvError)) => see!(seen, "either"), default(ms(1)) => {} }
    select! { send(sender, 1) -> _ => see!(seen, "sent") }
    select! { send(sender, 1) -> mut result => { see!(seen, result.is_ok()); result = Ok(()); result.unwrap() } }
    select! { send(sender, 2,) -> result => result.unwrap(), recv(silent) -> _ => {} }
    // A name of the surroundings is shadowed, in the arm alone.
    let message = "outside";
    select! { recv(numbers) -> message => see!(seen, message), default => {} }
    see!(seen, message);
    select! { recv(numbers) -> numbers => see!(seen, numbers), recv(silent) -> silent => assert!(silent.is_ok()) }
    see!(seen, numbers.len());
    seen
}

pub(crate) fn leaving() -> Seen {
    fn returns(numbers: &Receiver<i32>) -> &'static str {
        select! {
            recv(numbers) -> message => {
                if message == Ok(1) {
                    return "returned";
                }
            }
            recv(never::<()>()) -> _ => return "never",
        }
        "fell through"
    }
    fn asks(numbers: &Receiver<i32>, sender: &Sender<i32>) -> Result<i32, Box<dyn Error>> {
        let number = select! {
            recv(numbers) -> message => message?,
            recv(never::<i32>()) -> message => message?,
        };
        select! { send(sender, number) -> result => result?, default => return Ok(-1) }
        Ok(select! { recv(numbers) -> message => message?, default => Err("nothing")? })
    }

    let mut seen = Seen::default();
    let (_kept, numbers) = with(1..=10);
    see!(seen, returns(&numbers), returns(&numbers));
    let mut odd = Vec::new();
    let result = 'outer: loop {
        loop {
            select! {
                recv(numbers) -> message => match message {
                    Ok(number) if number % 2 == 0 => continue,
                    Ok(5) => continue 'outer,
                    Ok(9) => break 'outer "nine",
                    Ok(number) => odd.push(number),
                    Err(_) => break,
                },
                default => break 'outer "empty",
            }
            odd.push(0);
        }
    };
    see!(seen, result, odd, numbers.len());
    while let Ok(number) = select! { recv(numbers) -> message => message, default => Err(RecvError) } {
        see!(seen, number);
    }
    let (out, outgoing) = bounded(1);
    let (kept, numbers) = with([1]);
    see!(seen, asks(&numbers, &out).map_err(|error| error.to_string()));
    kept.send(2).unwrap();
    see!(seen, asks(&numbers, &out).map_err(|error| error.to_string()));
    drop(outgoing);
    kept.send(3).unwrap();
    see!(seen, asks(&numbers, &out).map_err(|error| error.to_string()));
    drop(kept);
    see!(seen, asks(&numbers, &out).map_err(|error| error.to_string()));
    let all = [1, 2, 3].map(|number| select! { recv(numbers) -> _ => number, recv(never::<()>()) -> _ => 0 });
    see!(seen, all);
    seen
}

/// Whatever gives a receiver or a sender.
pub(crate) fn channel_expressions() -> Seen {
    struct Holder {
        numbers: Receiver<i32>,
        list: Vec<(Sender<i32>, Receiver<i32>)>,
    }
    impl Holder {
        fn numbers(&self) -> &Receiver<i32> {
            &self.numbers
        }
        fn receive(&self) -> i32 {
            select! { recv(self.numbers) -> message => message.unwrap(), recv(self.list[0].1) -> _ => -1 }
        }
    }
    struct Wrapper<T>(T);
    impl<T> Deref for Wrapper<T> {
        type Target = T;
        fn deref(&self) -> &T {
            &self.0
        }
    }

    let mut seen = Seen::default();
    let (sender, numbers) = with(1..100);
    let silent = never::<i32>();
    for listen in [true, false] {
        select! {
            recv(if listen { &numbers } else { &silent }) -> message => see!(seen, message),
            recv(silent) -> _ => {}
            default => see!(seen, "not listening"),
        }
        let listened = listen.then_some(&numbers);
        select! {
            recv(listened.unwrap_or(&never())) -> message => see!(seen, message),
            default(ms(1)) => see!(seen, "no receiver"),
        }
        select! {
            recv(listened.unwrap_or(&never())) -> message => see!(seen, message),
            recv(never::<()>()) -> _ => {}
            default(ms(1)) => see!(seen, "no receiver"),
        }
    }
    select! { recv(&numbers) -> message => see!(seen, message), recv(&&silent) -> _ => {} }
    select! { recv(&&numbers) -> message => see!(seen, message) }
    select! { recv(numbers.clone()) -> message => see!(seen, message), recv(silent.clone()) -> _ => {} }
    select! { recv({ let clone = &numbers; clone.clone() }) -> message => see!(seen, message), default => {} }
    select! { recv(*Box::new(&numbers)) -> message => see!(seen, message), recv((silent)) -> _ => {} }
    let mut exclusive = numbers.clone();
    select! { recv(&mut exclusive) -> message => see!(seen, message), recv(silent) -> _ => {} }
    let reference = &exclusive;
    select! { recv(reference) -> message => see!(seen, message), recv(&reference) -> message => see!(seen, message) }
    let (arc, rc, boxed) = (Arc::new(numbers.clone()), Rc::new(numbers.clone()), Box::new(numbers.clone()));
    select! { recv(arc) -> message => see!(seen, message.is_ok()), recv(silent) -> _ => {} }
    select! { recv(rc) -> message => see!(seen, message.is_ok()), recv(*rc) -> message => see!(seen, message.is_ok()) }
    select! { recv(boxed) -> message => see!(seen, message.is_ok()) }
    select! { recv(arc) -> message => see!(seen, message.is_ok()), default => {} }
    select! { recv(boxed) -> message => see!(seen, message.is_ok()), default(ms(1)) => {} }
    select! { recv(&*arc) -> message => see!(seen, message.is_ok()), recv(silent) -> _ => {} }
    let (locked, wrapped) = (Mutex::new(numbers.clone()), Wrapper(Wrapper(numbers.clone())));
    select! { recv(locked.lock().unwrap()) -> message => see!(seen, message.is_ok()), recv(silent) -> _ => {} }
    select! { recv(wrapped) -> message => see!(seen, message.is_ok()), recv(silent) -> _ => {} }
    let holder = Holder { numbers: numbers.clone(), list: vec![with([]), with([7])] };
    see!(seen, holder.receive() > 0);
    select! {
        recv(holder.numbers()) -> message => see!(seen, message.is_ok()),
        recv(holder.list[0].1) -> _ => see!(seen, "the empty one"),
    }
    select! { recv(holder.list[1].1) -> message => see!(seen, message), recv(holder.list[0].1) -> _ => {} }
    let (array, name) = ([with([8])], "a");
    select! {
        recv(match name { "a" => &array[0].1, _ => &silent }) -> message => see!(seen, message),
        recv(silent) -> _ => {}
    }
    select! { send(&sender, 1) -> result => see!(seen, result), recv(silent) -> _ => {} }
    select! { send(Box::new(sender.clone()), 1) -> result => see!(seen, result), recv(silent) -> _ => {} }
    select! { send(Arc::new(sender.clone()), 1) -> result => see!(seen, result), default => {} }
    select! { send(holder.list[0].0, 1) -> result => see!(seen, result), recv(silent) -> _ => {} }
    select! { send(if name == "b" { &sender } else { &array[0].0 }, 1) -> result => see!(seen, result) }
    see!(seen, array[0].1.len(), holder.list[0].1.len());
    seen
}

/// Types come from wherever they are known.
pub(crate) fn inference() -> Seen {
    let mut seen = Seen::default();
    let (sender, receiver) = unbounded();
    select! { send(sender, Default::default()) -> _ => {}, recv(never::<()>()) -> _ => {} }
    select! { recv(receiver) -> message => { let text: String = message.unwrap(); see!(seen, text) } }
    let (_kept, receiver) = unbounded();
    select! {
        recv(receiver) -> message => if let Ok(number) = message { see!(seen, u64::leading_zeros(number)) },
        default => see!(seen, "nothing"),
    }
    let (sender, receiver) = bounded(1);
    select! { send(sender, None) -> result => see!(seen, result.is_ok()), recv(receiver) -> _ => {} }
    select! { recv(receiver) -> message => see!(seen, message == Ok(None::<u8>)) }
    seen
}

pub(crate) fn one_inside_another() -> Seen {
    let mut seen = Seen::default();
    let (sender, numbers) = with(1..100);
    let silent = never::<i32>();
    select! {
        recv(numbers) -> first => select! {
            recv(numbers) -> second => select_biased! {
                recv(numbers) -> third => see!(seen, first, second, third),
                recv(silent) -> _ => unreachable!(),
            },
            recv(silent) -> _ => unreachable!(),
        },
        recv(silent) -> _ => unreachable!(),
    }
    select_biased! {
        recv(silent) -> _ => unreachable!(),
        recv(select! { recv(numbers) -> message => if message.is_ok() { &numbers } else { &silent } }) -> message => {
            see!(seen, message)
        }
        default => unreachable!(),
    }
    select! {
        send(sender, select!(recv(numbers) -> message => message.unwrap(), default => -1)) -> result => {
            see!(seen, result)
        }
        recv(silent) -> _ => unreachable!(),
    }
    select! {
        recv(silent) -> _ => unreachable!(),
        default(select! { recv(numbers) -> message => ms(message.unwrap() as u64), default => ms(0) }) => {
            see!(seen, numbers.len())
        }
    }
    let closure =
        |receiver: &Receiver<i32>| select! { recv(receiver) -> message => message.ok(), default => None };
    see!(seen, closure(&numbers), closure(&silent), numbers.try_iter().last());
    seen
}

/// A macro of the program's own may make the arms.
pub(crate) fn from_macros() -> Seen {
    macro_rules! first_of {
        ($($receiver:expr),+ ; $pattern:pat => $body:expr) => {
            channel::select! { $(recv($receiver) -> $pattern => $body,)+ }
        };
    }
    macro_rules! receive {
        ($receiver:ident else $other:expr) => {
            channel::select! {
                recv($receiver) -> message => message.unwrap(),
                default => $other,
            }
        };
    }
    let mut seen = Seen::default();
    let ((_one, one), two) = (with([1]), never::<i32>());
    first_of!(two, &one, two.clone(); message => see!(seen, message));
    see!(seen, receive!(one else 7), receive!(two else 8));
    seen
}

/// As many arms as the compiler's default limits allow.
pub(crate) fn many_arms() -> Seen {
    let mut seen = Seen::default();
    let (_kept, numbers) = with(1..100);
    let s = never::<i32>();
    let number = select! {
        recv(s) -> _ => 0, recv(s) -> _ => 1, recv(s) -> _ => 2, recv(s) -> _ => 3, recv(s) -> _ => 4,
        recv(s) -> _ => 5, recv(s) -> _ => 6, recv(s) -> _ => 7, recv(s) -> _ => 8, recv(s) -> _ => 9,
        recv(s) -> _ => 10, recv(s) -> _ => 11, recv(s) -> _ => 12, recv(s) -> _ => 13, recv(s) -> _ => 14,
        recv(s) -> _ => 15, recv(s) -> _ => 16, recv(s) -> _ => 17, recv(s) -> _ => 18, recv(s) -> _ => 19,
        recv(s) -> _ => 20, recv(s) -> _ => 21, recv(s) -> _ => 22, recv(s) -> _ => 23, recv(s) -> _ => 24,
        recv(s) -> _ => 25, recv(s) -> _ => 26, recv(numbers) -> message => 27 + message.unwrap(),
        default(ms(60_000)) => 28,
    };
    see!(seen, number);
    let number = select_biased! {
        recv(s) -> _ => { 0 } recv(s) -> _ => { 1 } recv(s) -> _ => { 2 } recv(s) -> _ => { 3 }
        recv(s) -> _ => { 4 } recv(s) -> _ => { 5 } recv(s) -> _ => { 6 } recv(s) -> _ => { 7 }
        recv(s) -> _ => { 8 } recv(s) -> _ => { 9 } recv(s) -> _ => { 10 } recv(s) -> _ => { 11 }
        recv(numbers) -> message => { 12 + message.unwrap() } recv(numbers) -> message => { message.unwrap() }
    };
    see!(seen, number);
    seen
}
