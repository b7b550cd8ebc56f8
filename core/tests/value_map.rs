//! Maps against a list that is searched from its beginning, with keys that are equal across kinds.
#![cfg(all(feature = "std", not(loom)))]

use crossinterp_core::{KeyError, Kind, MapBuilder, Seed, Text, Units, Value};
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Key {
    None,
    Ellipsis,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    Latin1(Vec<u8>),
    Bytes(Vec<u8>),
    Tuple(Vec<Key>),
}

impl Key {
    fn value(&self) -> Value {
        match self {
            Self::None => Value::NONE,
            Self::Ellipsis => Value::ELLIPSIS,
            Self::Bool(truth) => Value::from(*truth),
            Self::Int(number) => Value::from_int_bytes(&number.to_le_bytes()).unwrap(),
            Self::Float(number) => Value::from(*number),
            Self::Text(text) => Value::text(text).unwrap(),
            Self::Latin1(units) => Value::from_text(Text::new(Units::Latin1(units)).unwrap()).unwrap(),
            Self::Bytes(bytes) => Value::bytes(bytes).unwrap(),
            Self::Tuple(items) => Value::tuple(items.iter().map(Self::value)).unwrap(),
        }
    }

    fn number(&self) -> Option<Result<i128, f64>> {
        match self {
            Self::Bool(truth) => Some(Ok(i128::from(*truth))),
            Self::Int(number) => Some(Ok(*number)),
            Self::Float(number) => Some(match *number as i128 {
                int if number.fract() == 0.0 && number.abs() < 2f64.powi(126) => Ok(int),
                _ => Err(*number),
            }),
            _ => None,
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Latin1(units) => Some(units.iter().map(|&unit| char::from(unit)).collect()),
            _ => None,
        }
    }

    fn equals(&self, other: &Self) -> bool {
        if let (Some(left), Some(right)) = (self.number(), other.number()) {
            return left == right;
        }
        if let (Some(left), Some(right)) = (self.text(), other.text()) {
            return left == right;
        }
        match (self, other) {
            (Self::None, Self::None) | (Self::Ellipsis, Self::Ellipsis) => true,
            (Self::Bytes(left), Self::Bytes(right)) => left == right,
            (Self::Tuple(left), Self::Tuple(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| left.equals(right))
            }
            _ => false,
        }
    }
}

/// Few different keys, and many ways to write each.
fn keys() -> impl Strategy<Value = Key> {
    let big = || {
        prop_oneof![Just(1i128 << 63), Just(1 << 64), Just((1 << 64) + 1), Just(-(1 << 70)), Just(i128::MAX)]
    };
    let scalar = prop_oneof![
        Just(Key::None),
        Just(Key::Ellipsis),
        any::<bool>().prop_map(Key::Bool),
        (-3..6i128).prop_map(Key::Int),
        big().prop_map(Key::Int),
        (-3..6i8).prop_map(|number| Key::Float(f64::from(number))),
        (-6..12i8).prop_map(|number| Key::Float(f64::from(number) / 2.0)),
        big().prop_map(|number| Key::Float(number as f64)),
        prop_oneof![Just(-0.0), Just(f64::NAN), Just(f64::INFINITY), Just(1e300)].prop_map(Key::Float),
        "[aé€]{0,2}".prop_map(Key::Text),
        Just(Key::Text("a long text that needs an object".into())),
        prop::collection::vec(prop_oneof![Just(b'a'), Just(0xE9)], 0..3).prop_map(Key::Latin1),
        prop::collection::vec(Just(b'a'), 0..3).prop_map(Key::Bytes),
    ];
    scalar.prop_recursive(3, 8, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Key::Tuple))
}

proptest! {
    #[test]
    fn a_map_is_a_list_without_doubles(
        inserted in prop::collection::vec((keys(), any::<i64>()), 0..120),
        asked in prop::collection::vec(keys(), 20),
        capacity in 0..150usize,
        seed: [u64; 2],
    ) {
        let mut model: Vec<(&Key, i64)> = Vec::new();
        let mut builder = MapBuilder::with_seed(Seed::new(seed), capacity).unwrap();
        for (key, number) in &inserted {
            let replaced = builder.insert(key.value(), Value::from(*number)).unwrap();
            match model.iter_mut().find(|(other, _)| other.equals(key)) {
                Some((_, old)) => {
                    prop_assert_eq!(replaced, Some(Value::from(*old)));
                    *old = *number;
                }
                None => {
                    prop_assert_eq!(replaced, None);
                    model.push((key, *number));
                }
            }
            prop_assert_eq!(builder.len(), model.len());
        }
        let value = builder.finish().map_err(|(_, error)| error).unwrap();
        let map = value.as_map().unwrap();
        prop_assert_eq!(map.len(), model.len());
        for (index, ((key, number), (found, value))) in model.iter().zip(map).enumerate() {
            prop_assert_eq!(found.kind(), key.value().kind(), "the first form of a key stays");
            prop_assert_eq!(format!("{found:?}"), format!("{:?}", key.value()));
            prop_assert_eq!(value, &Value::from(*number));
            prop_assert_eq!(map.entry(index).unwrap().1, value);
        }
        prop_assert!(map.entry(map.len()).is_none());
        for key in asked.iter().chain(inserted.iter().map(|(key, _)| key)) {
            let expected = model.iter().find(|(other, _)| other.equals(key)).map(|(_, number)| Value::from(*number));
            prop_assert_eq!(map.get(&key.value()), Ok(expected.as_ref()), "{:?}", key);
            if let Some(text) = key.text() {
                prop_assert_eq!(map.get_str(&text), expected.as_ref());
            }
        }
    }

    #[test]
    fn keys_are_equal_as_the_model_says(left in keys(), right in keys()) {
        prop_assert_eq!(left.value() == right.value(), left.equals(&right));
    }

    #[test]
    fn maps_are_equal_whatever_their_order(
        entries in prop::collection::vec((-20..20i64, 0..3i64), 0..30),
        seed: u64,
    ) {
        let map = |entries: &mut dyn Iterator<Item = &(i64, i64)>| {
            Value::map(entries.map(|(key, value)| (Value::from(*key), Value::from(*value)))).unwrap()
        };
        let mut unique: Vec<(i64, i64)> = Vec::new();
        for entry in &entries {
            if unique.iter().all(|(key, _)| *key != entry.0) {
                unique.push(*entry);
            }
        }
        let first = map(&mut unique.iter());
        let mut turned = unique.clone();
        turned.rotate_left(seed as usize % unique.len().max(1));
        prop_assert_eq!(&first, &map(&mut turned.iter()));
        prop_assert_eq!(&first, &map(&mut unique.iter().rev()));
        if !turned.is_empty() {
            turned[0].1 += 1;
            prop_assert_ne!(&first, &map(&mut turned.iter()));
            turned[0].0 += 100;
            prop_assert_ne!(&first, &map(&mut turned.iter()));
            prop_assert_ne!(&first, &map(&mut turned[1..].iter()));
        }
    }
}

#[test]
fn containers_and_moved_values_are_no_keys() {
    let list = Value::list([]).unwrap();
    let map = Value::map([]).unwrap();
    let record = Value::record("Point", []).unwrap();
    for key in
        [list.clone(), map, record, Value::tuple([Value::from(1), Value::tuple([list]).unwrap()]).unwrap()]
    {
        let mut builder = MapBuilder::new();
        builder.insert(Value::from(1), Value::from(1)).unwrap();
        let error = builder.insert(key.clone(), Value::from(2)).unwrap_err();
        assert_eq!(
            (error.reason, error.key, error.value),
            (KeyError::Unhashable, key.clone(), Value::from(2))
        );
        let map = builder.finish().unwrap();
        assert_eq!(map.as_map().unwrap().get(&key), Err(KeyError::Unhashable));
        assert_eq!(map.as_map().unwrap().len(), 1);
    }
    let mut builder = MapBuilder::new();
    assert_eq!(builder.insert(Value::MOVED, Value::NONE).unwrap_err().reason, KeyError::Moved);
    let error = builder.insert(Value::NONE, Value::MOVED).unwrap_err();
    assert_eq!((error.reason, error.key), (KeyError::Moved, Value::NONE));
    assert_eq!(builder.finish().unwrap().as_map().unwrap().get(&Value::MOVED), Err(KeyError::Moved));
}

#[test]
fn keys_with_a_nan_in_them_are_never_found_and_never_replaced() {
    let nan = Value::from(f64::NAN);
    let nested = Value::tuple([nan.clone()]).unwrap();
    let mut builder = MapBuilder::new();
    for number in 0..100 {
        assert_eq!(builder.insert(nan.clone(), Value::from(number)).unwrap(), None);
    }
    builder.insert(Value::from(1), nested.clone()).unwrap();
    let map = builder.finish().unwrap();
    let map = map.as_map().unwrap();
    assert_eq!(map.len(), 101);
    assert_eq!(map.get(&nan), Ok(None));
    assert_eq!(map.get(&nested), Ok(None));
    assert_eq!(map.get(&Value::from(true)), Ok(Some(&nested)));
}

#[test]
fn a_large_map_finds_all_its_keys_and_no_others() {
    let map = Value::map((0..100_000).map(|number| (Value::from(number * 2), Value::from(number)))).unwrap();
    assert_eq!(map.kind(), Kind::Map);
    let map = map.as_map().unwrap();
    for number in 0..100_000 {
        assert_eq!(map.get(&Value::from(number * 2)), Ok(Some(&Value::from(number))));
        assert_eq!(map.get(&Value::from(number * 2 + 1)), Ok(None));
    }
    assert!(map.iter().rev().map(|(_, value)| value.as_int().unwrap()).eq((0..100_000).rev()));
}

#[test]
fn sizes_beyond_memory_are_errors() {
    for capacity in [MapBuilder::MAX_LEN + 1, usize::MAX / 2, usize::MAX] {
        assert!(MapBuilder::with_capacity(capacity).is_err());
    }
}
