//! Memory: every block is freed exactly once, running out of it is an error that leaves nothing behind, and depth costs
//! neither stack nor memory.
#![cfg(all(feature = "std", not(loom)))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::thread;

use crossinterp_core::{
    AllocError, InsertError, KeyError, Kind, MapBuilder, SequenceBuilder, SequenceError, Text, Units, Value,
};

/// Counts what each thread allocates and frees, and fails when it is told to.
struct Counting;

thread_local! {
    static BLOCKS: Cell<isize> = const { Cell::new(0) };
    static BYTES: Cell<isize> = const { Cell::new(0) };
    /// How many allocations succeed before one fails; after that one they succeed again.
    static UNTIL_FAILURE: Cell<usize> = const { Cell::new(usize::MAX) };
    /// Whether all allocations fail.
    static NO_MEMORY: Cell<bool> = const { Cell::new(false) };
}

fn fails() -> bool {
    let left = UNTIL_FAILURE.get();
    UNTIL_FAILURE.set(left.wrapping_sub(1));
    left == 0 || NO_MEMORY.get()
}

// SAFETY: every call goes on to the system's allocator as it is, or is answered with null.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return std::ptr::null_mut();
        }
        BLOCKS.set(BLOCKS.get() + 1);
        BYTES.set(BYTES.get() + layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        BLOCKS.set(BLOCKS.get() - 1);
        BYTES.set(BYTES.get() - layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if fails() {
            return std::ptr::null_mut();
        }
        BYTES.set(BYTES.get() + size as isize - layout.size() as isize);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs something and requires that this thread then has as many blocks and bytes as before.
fn balanced<R>(run: impl FnOnce() -> R) -> R {
    let before = (BLOCKS.get(), BYTES.get());
    let result = run();
    assert_eq!((BLOCKS.get(), BYTES.get()), before, "blocks and bytes that are left over");
    result
}

/// Runs something, with one allocation after the other failing once, until it gets through; each time nothing may be
/// left over. Answers how many allocations it takes.
fn with_every_failure<E: PartialEq + std::fmt::Debug>(
    run: impl Fn() -> Result<(), E>,
    out_of_memory: &E,
) -> usize {
    for failing in 0.. {
        let result = balanced(|| {
            UNTIL_FAILURE.set(failing);
            let result = run();
            UNTIL_FAILURE.set(usize::MAX);
            result
        });
        match result {
            Ok(()) => return failing,
            Err(error) => assert_eq!(&error, out_of_memory, "when allocation {failing} fails"),
        }
    }
    unreachable!("a run without a failure gets through")
}

/// Why something in a test ended.
#[derive(Debug, PartialEq)]
enum Failed {
    OutOfMemory,
    Otherwise(&'static str),
}

impl From<AllocError> for Failed {
    fn from(AllocError: AllocError) -> Self {
        Self::OutOfMemory
    }
}

impl From<KeyError> for Failed {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::OutOfMemory => Self::OutOfMemory,
            _ => Self::Otherwise("a key"),
        }
    }
}

impl From<SequenceError> for Failed {
    fn from(error: SequenceError) -> Self {
        match error {
            SequenceError::OutOfMemory => Self::OutOfMemory,
            _ => Self::Otherwise("a sequence"),
        }
    }
}

impl From<InsertError> for Failed {
    fn from(error: InsertError) -> Self {
        error.reason.into()
    }
}

const LONG: &str = "a text that is too long to be inside a value";

/// A graph with every kind of value, with shared parts.
fn graph() -> Result<Value, Failed> {
    let big = Value::from_int_bytes(&[1; 20])?;
    let text = Value::text(LONG)?;
    let wide = Value::from_text(Text::new(Units::Ucs4(&[0x1F642; 10])).unwrap())?;
    let bytes = Value::bytes(&[7; 100])?;
    let mut builder = SequenceBuilder::new(Kind::List, 3)?;
    for slot in builder.slots() {
        *slot = text.clone();
    }
    let list = builder.finish().map_err(|(_, error)| error)?;
    let key = Value::tuple([big.clone(), Value::tuple([text.clone(), Value::tuple([bytes.clone()])?])?])?;
    let mut builder = MapBuilder::new(); // it grows
    for number in 0..20 {
        builder.insert(Value::from(number), list.clone())?;
        builder.insert(key.clone(), bytes.clone())?;
    }
    let map = builder.finish().map_err(|(_, error)| error)?;
    let found = map.as_map().unwrap().get(&key)?;
    if found != Some(&bytes) {
        return Err(Failed::Otherwise("the entry is not there"));
    }
    let record = Value::record(LONG, [map.clone(), wide])?;
    Ok(Value::tuple([record, list, map, Value::NONE, Value::from(1.5), Value::tuple([])?])?)
}

#[test]
fn all_is_freed_once() {
    balanced(|| {
        let graph = graph().unwrap();
        let copies: Vec<Value> = graph.clone_many(10).collect();
        drop(graph);
        assert_eq!(copies[0], copies[9]);
    });
}

#[test]
fn every_allocation_can_fail() {
    let allocations = with_every_failure(|| graph().map(drop), &Failed::OutOfMemory);
    assert!(allocations > 15, "only {allocations}");
}

#[test]
fn comparing_reports_that_there_is_no_memory() {
    let build = || nested(Kind::Tuple, 1000, Value::from(1));
    let (left, right) = (build(), build());
    let compare = || match left.try_eq(&right)? {
        true => Ok(()),
        false => Err(Failed::Otherwise("they are equal")),
    };
    assert!(with_every_failure(compare, &Failed::OutOfMemory) > 5);
    let map = Value::map([(left.clone(), Value::NONE)]).unwrap();
    let find = || match map.as_map().unwrap().get(&right)? {
        Some(_) => Ok(()),
        None => Err(Failed::Otherwise("the key is there")),
    };
    assert!(with_every_failure(find, &Failed::OutOfMemory) > 10);
}

#[test]
fn builders_survive_a_failure() {
    let fail_next = || UNTIL_FAILURE.set(0);
    balanced(|| {
        let mut builder = MapBuilder::with_capacity(4).unwrap();
        for number in 0..4 {
            builder.insert(Value::from(number), Value::text(LONG).unwrap()).unwrap();
        }
        let value = Value::text(LONG).unwrap();
        fail_next();
        let error = builder.insert(Value::from(4), value).unwrap_err();
        assert_eq!((error.reason, &error.key), (KeyError::OutOfMemory, &Value::from(4)));
        builder.insert(error.key, error.value).unwrap();
        fail_next();
        let (mut builder, AllocError) = builder.finish().unwrap_err();
        assert_eq!(builder.len(), 5);
        fail_next();
        assert_eq!(builder.compact(), Err(AllocError));
        builder.compact().unwrap();
        NO_MEMORY.set(true);
        let map = builder.finish();
        NO_MEMORY.set(false);
        let map = map.unwrap();
        for number in 0..5 {
            assert_eq!(
                map.as_map().unwrap().get(&Value::from(number)),
                Ok(Some(&Value::text(LONG).unwrap()))
            );
        }
    });
    balanced(|| {
        let mut builder = SequenceBuilder::new(Kind::Record, 2).unwrap();
        builder.slots()[0] = Value::bytes(LONG.as_bytes()).unwrap();
        let (mut builder, error) = builder.finish().unwrap_err();
        assert_eq!(error, SequenceError::Moved);
        builder.slots()[1] = Value::text(LONG).unwrap();
        let (mut builder, error) = builder.finish().unwrap_err();
        assert_eq!(error, SequenceError::Name);
        builder.slots().swap(0, 1);
        assert_eq!(builder.finish().unwrap().items().unwrap().len(), 2);
    });
    balanced(|| {
        let mut builder = SequenceBuilder::new(Kind::Tuple, 3).unwrap();
        builder.slots()[1] = Value::text(LONG).unwrap();
    });
}

/// What is refused is dropped, and the items that came before it.
#[test]
fn what_is_refused_is_dropped() {
    let long = || Value::text(LONG).unwrap();
    balanced(|| assert_eq!(Value::tuple([long(), Value::MOVED, long()]), Err(SequenceError::Moved)));
    balanced(|| assert_eq!(Value::map([(long(), long()), (long(), Value::MOVED)]), Err(KeyError::Moved)));
    balanced(|| drop(long().clone_many(5).nth(1)));
}

/// A map that was made with the right capacity is one block, and finishing it allocates nothing.
#[test]
fn the_right_capacity_makes_one_block() {
    balanced(|| {
        let before = BLOCKS.get();
        let mut builder = MapBuilder::with_capacity(1000).unwrap();
        NO_MEMORY.set(true);
        for number in 0..1000 {
            builder.insert(Value::from(number), Value::NONE).unwrap();
        }
        let map = builder.finish();
        NO_MEMORY.set(false);
        assert_eq!(map.unwrap().as_map().unwrap().len(), 1000);
        assert_eq!(BLOCKS.get(), before);
    });
}

#[test]
fn empty_containers_need_no_memory() {
    NO_MEMORY.set(true);
    let values = [Value::tuple([]), Value::list([]), Value::map([]).map_err(|_| SequenceError::OutOfMemory)];
    NO_MEMORY.set(false);
    for (value, kind) in values.into_iter().zip([Kind::Tuple, Kind::List, Kind::Map]) {
        let value = value.unwrap();
        assert_eq!(value.kind(), kind);
        assert_eq!(value, value.clone());
        assert_ne!(value, Value::NONE);
    }
}

/// A container in a container, and so on, with another value beside each.
fn nested(kind: Kind, depth: usize, inmost: Value) -> Value {
    let mut value = inmost;
    for level in 0..depth {
        let beside = if level % 2 == 0 { Value::NONE } else { Value::from(level as i64) };
        value = match (kind, level % 4) {
            (Kind::List, _) => Value::list([value, beside]).unwrap(),
            (Kind::Tuple, _) => Value::tuple([beside, value]).unwrap(),
            (Kind::Map, _) | (_, 0) => Value::map([(beside, Value::NONE), (Value::from(-1), value)]).unwrap(),
            (_, 1) => Value::record("Level", [beside, value]).unwrap(),
            (_, 2) => Value::list([value.clone(), value]).unwrap(),
            _ => Value::tuple([value]).unwrap(),
        };
    }
    value
}

/// On a thread whose stack has no room for a frame a level.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}

const DEEP: usize = if cfg!(miri) { 1000 } else { 1_000_000 };

#[test]
fn a_deep_graph_is_dropped_without_stack_or_memory() {
    for kind in [Kind::Tuple, Kind::List, Kind::Map, Kind::Record] {
        on_a_small_stack(move || {
            balanced(|| {
                let value = nested(kind, DEEP, Value::text(LONG).unwrap());
                NO_MEMORY.set(true);
                drop(value);
                NO_MEMORY.set(false);
            });
        });
    }
}

#[test]
fn deep_graphs_are_compared_without_stack() {
    for kind in [Kind::Tuple, Kind::List, Kind::Map, Kind::Record] {
        on_a_small_stack(move || {
            let build = |inmost| nested(kind, DEEP / 10, Value::from(inmost));
            let (one, same, other) = (build(1), build(1), build(2));
            assert_eq!(one.try_eq(&same), Ok(true));
            assert_eq!(one.try_eq(&other), Ok(false));
        });
    }
}

#[test]
fn a_deep_key_is_hashed_without_stack() {
    on_a_small_stack(|| {
        let build = |inmost| nested(Kind::Tuple, DEEP / 10, Value::from(inmost));
        let map = Value::map([(build(1), Value::from(10))]).unwrap();
        assert_eq!(map.as_map().unwrap().get(&build(1)), Ok(Some(&Value::from(10))));
        assert_eq!(map.as_map().unwrap().get(&build(2)), Ok(None));
    });
}

#[test]
fn a_deep_graph_is_shown_shortly() {
    on_a_small_stack(|| {
        for kind in [Kind::Tuple, Kind::List, Kind::Map, Kind::Record] {
            let shown = format!("{:?}", nested(kind, 1000, Value::NONE));
            assert!(shown.contains("...") && shown.len() < 20_000, "{shown}");
        }
        let wide = Value::list((0..100_000).map(Value::from).collect::<Vec<_>>()).unwrap();
        let shown = format!("{wide:?}");
        assert!(shown.starts_with("[0, 1, 2,") && shown.ends_with(", ...]") && shown.len() < 10_000);
    });
}

/// Each level refers twice to the one below: 2¹⁰⁰ ways lead to the inmost value.
#[test]
fn shared_parts_are_walked_once() {
    let build = |inmost: i64| {
        (0..100).fold(Value::from(inmost), |value, _| Value::tuple([value.clone(), value]).unwrap())
    };
    let (one, same, other) = (build(1), build(1), build(2));
    assert_eq!(one, same);
    assert_ne!(one, other);
    let map = Value::map([(one, Value::from(1))]).unwrap();
    assert_eq!(map.as_map().unwrap().get(&same), Ok(Some(&Value::from(1))));
    assert_eq!(map.as_map().unwrap().get(&other), Ok(None));
    assert!(format!("{same:?}").len() < 20_000);

    let maps = |inmost: i64| {
        (0..100).fold(Value::from(inmost), |value, _| {
            Value::map([(Value::from(1), value.clone()), (Value::from(2), value)]).unwrap()
        })
    };
    assert_eq!(maps(1), maps(1));
    assert_ne!(maps(1), maps(2));
}

/// References to one graph are cloned, read, compared and dropped by many threads; the last one frees it.
#[test]
fn threads_share_a_graph() {
    let graph = graph().unwrap();
    let expected = graph.clone();
    let threads: Vec<_> = graph
        .clone_many(4)
        .map(|mut mine| {
            thread::spawn(move || {
                for _ in 0..2000 {
                    let other = mine.clone();
                    assert_eq!(other.items().unwrap().len(), 6);
                    mine = std::mem::replace(&mut mine, other).take();
                }
                mine
            })
        })
        .collect();
    drop(graph);
    for thread in threads {
        assert_eq!(thread.join().unwrap(), expected);
    }
}
