//! Equality as Python has it, of graphs of any depth.
//!
//! The walk keeps its own stack, so that depth costs memory and not the thread's stack. When there are many containers
//! it remembers the pairs it has begun to compare: a pair that comes again need not be walked again, because the first
//! difference anywhere ends the whole walk.

use alloc::vec::Vec;
use core::{mem, slice};

use super::Value;
use super::seen::Seen;
use super::table::{KeyError, MapRef};
use crate::object::Kind;
use crate::refs::AllocError;

/// What is known of two values without looking into them.
enum Verdict<'a> {
    Equal,
    Different,
    /// Equal when these are.
    Inside(Pairs<'a>),
}

/// The pairs of values that two containers consist of.
enum Pairs<'a> {
    Items(slice::Iter<'a, Value>, slice::Iter<'a, Value>),
    /// What is left of the one map, and the other.
    Maps(MapRef<'a>, usize, MapRef<'a>),
}

impl<'a> Pairs<'a> {
    /// The next pair: `None` when there is none left, `Some(None)` when the second container has nothing to compare.
    fn next(&mut self) -> Result<Option<Option<(&'a Value, &'a Value)>>, AllocError> {
        match self {
            Self::Items(left, right) => Ok(left.next().map(|left| right.next().map(|right| (left, right)))),
            Self::Maps(left, index, right) => {
                let Some((key, value)) = left.entry(*index) else { return Ok(None) };
                *index += 1;
                match right.get(key) {
                    Ok(other) => Ok(Some(other.map(|other| (value, other)))),
                    Err(KeyError::OutOfMemory) => Err(AllocError),
                    Err(KeyError::Unhashable | KeyError::Moved) => Ok(Some(None)), // no map has such a key
                }
            }
        }
    }
}

/// Whether both are equal.
#[inline]
pub(super) fn equal(left: &Value, right: &Value) -> Result<bool, AllocError> {
    match verdict(left, right) {
        Verdict::Equal => Ok(true),
        Verdict::Different => Ok(false),
        Verdict::Inside(pairs) => walk(pairs),
    }
}

fn walk(mut pairs: Pairs<'_>) -> Result<bool, AllocError> {
    let mut stack = Vec::new();
    let mut seen = Seen::new();
    loop {
        let (left, right) = match pairs.next()? {
            Some(Some(pair)) => pair,
            Some(None) => return Ok(false),
            None => match stack.pop() {
                Some(outer) => {
                    pairs = outer;
                    continue;
                }
                None => return Ok(true),
            },
        };
        match verdict(left, right) {
            Verdict::Equal => {}
            Verdict::Different => return Ok(false),
            Verdict::Inside(inner) => {
                let objects = (address(left), address(right));
                if seen.get(objects).is_none() {
                    seen.put(objects, 0)?;
                    stack.try_reserve(1).map_err(|_| AllocError)?;
                    stack.push(mem::replace(&mut pairs, inner));
                }
            }
        }
    }
}

fn address(value: &Value) -> usize {
    value.object().map_or(0, |object| object.address())
}

#[inline]
fn verdict<'a>(left: &'a Value, right: &'a Value) -> Verdict<'a> {
    if left.is_identical(right) || left.is_same_object(right) {
        return Verdict::Equal;
    }
    let answer = |equal| if equal { Verdict::Equal } else { Verdict::Different };
    if let Some(number) = left.number() {
        return answer(right.number().is_some_and(|other| number.equals(other)));
    }
    let kind = left.kind();
    if kind != right.kind() {
        return Verdict::Different;
    }
    match kind {
        Kind::Text => answer(left.as_text() == right.as_text()),
        Kind::Bytes => answer(left.as_bytes() == right.as_bytes()),
        Kind::Tuple | Kind::List | Kind::Record => match (left.items(), right.items()) {
            (Some(left), Some(right)) if left.len() == right.len() => {
                if left.is_empty() {
                    Verdict::Equal
                } else {
                    Verdict::Inside(Pairs::Items(left.iter(), right.iter()))
                }
            }
            _ => Verdict::Different,
        },
        Kind::Map => match (left.as_map(), right.as_map()) {
            (Some(left), Some(right)) if left.len() == right.len() => {
                if left.is_empty() {
                    Verdict::Equal
                } else {
                    Verdict::Inside(Pairs::Maps(left, 0, right))
                }
            }
            _ => Verdict::Different,
        },
        _ => match (left.object(), right.object()) {
            // Nothing inside, and of the same kind: none, ellipsis, moved.
            (None, None) => Verdict::Equal,
            (Some(left), Some(right)) => {
                // SAFETY: both values keep their objects alive, and both are of the kind whose function this is.
                let same = unsafe { left.vtable().opaque.as_ref().map(|opaque| (opaque.same)(left, right)) };
                answer(same.unwrap_or(false))
            }
            _ => Verdict::Different,
        },
    }
}
