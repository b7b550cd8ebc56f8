//! How values are shown: much as Python shows them, and never longer than somebody wants to read.

use core::cell::Cell;
use core::fmt::{self, Write};

use super::Value;
use super::number::Number;
use crate::object::Kind;

/// Containers inside each other deeper than this are shown as `...`.
const DEPTH: usize = 16;
/// So many values are shown in all, then `...`: this bounds what a graph with shared parts can grow to.
const VALUES: usize = 1000;

impl fmt::Debug for Value {
    /// Much as Python shows it; what is nested too deep, and what is too much, is `...`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, f, 0, &Cell::new(VALUES))
    }
}

fn show(value: &Value, f: &mut fmt::Formatter<'_>, depth: usize, left: &Cell<usize>) -> fmt::Result {
    if left.get() == 0 {
        return f.write_str("...");
    }
    left.set(left.get() - 1);
    if let Some(text) = value.as_text() {
        return fmt::Debug::fmt(&text, f);
    }
    if let Some(bytes) = value.as_bytes() {
        return write!(f, "b\"{}\"", bytes.escape_ascii());
    }
    let row = |f: &mut fmt::Formatter<'_>, items: &[Value], open, close| {
        f.write_str(open)?;
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            if depth == DEPTH || left.get() == 0 {
                f.write_str("...")?;
                break;
            }
            show(item, f, depth + 1, left)?;
        }
        f.write_str(close)
    };
    let items = value.items().unwrap_or_default();
    match value.kind() {
        Kind::Moved => f.write_str("<moved>"),
        Kind::None => f.write_str("None"),
        Kind::Ellipsis => f.write_str("Ellipsis"),
        Kind::Bool => f.write_str(if value.as_bool() == Some(true) { "True" } else { "False" }),
        Kind::Tuple => row(f, items, "(", if items.len() == 1 { ",)" } else { ")" }),
        Kind::List => row(f, items, "[", "]"),
        Kind::Record => {
            let Some((name, parts)) = items.split_first() else { return f.write_str("<record>") };
            if let Some(name) = name.as_text() {
                f.write_str(&name.to_string_lossy())?;
            }
            row(f, parts, "(", ")")
        }
        Kind::Map => {
            f.write_char('{')?;
            for (index, (key, item)) in value.as_map().into_iter().flatten().enumerate() {
                if index > 0 {
                    f.write_str(", ")?;
                }
                if depth == DEPTH || left.get() == 0 {
                    f.write_str("...")?;
                    break;
                }
                show(key, f, depth + 1, left)?;
                f.write_str(": ")?;
                show(item, f, depth + 1, left)?;
            }
            f.write_char('}')
        }
        _ => match (value.number(), value.object()) {
            (Some(Number::Float(float)), _) => write!(f, "{float:?}"),
            (Some(_), _) => value.as_integer().map_or(Ok(()), |integer| fmt::Debug::fmt(&integer, f)),
            (None, Some(object)) => {
                // SAFETY: the value keeps the object alive, and the function is the one of its kind.
                unsafe {
                    match &object.vtable().opaque {
                        Some(opaque) => (opaque.print)(object, f),
                        None => f.write_str("<unknown>"),
                    }
                }
            }
            (None, None) => f.write_str("<unknown>"),
        },
    }
}
