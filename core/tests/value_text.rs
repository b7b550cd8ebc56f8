//! Text and bytes: kept as they came, equal by code point whatever their form.
#![cfg(all(feature = "std", not(loom)))]

use crossinterp_core::{EncodingError, Text, TextForm, Units, Value};
use proptest::prelude::*;

/// Text as somebody holds it before it becomes a value.
#[derive(Debug, Clone)]
enum Held {
    Ascii(Vec<u8>),
    Utf8(String),
    Latin1(Vec<u8>),
    Ucs2(Vec<u16>),
    Ucs4(Vec<u32>),
}

impl Held {
    fn text(&self) -> Text<'_> {
        Text::new(match self {
            Self::Ascii(units) => Units::Ascii(units),
            Self::Utf8(text) => Units::Utf8(text),
            Self::Latin1(units) => Units::Latin1(units),
            Self::Ucs2(units) => Units::Ucs2(units),
            Self::Ucs4(units) => Units::Ucs4(units),
        })
        .unwrap()
    }
}

/// The same code points in every form that can have them.
fn forms(points: &[u32]) -> Vec<Held> {
    let largest = points.iter().copied().max().unwrap_or(0);
    let mut forms = vec![Held::Ucs4(points.to_vec())];
    if let Some(text) = points.iter().map(|&point| char::from_u32(point)).collect() {
        forms.push(Held::Utf8(text));
    }
    if largest < 0x80 {
        forms.push(Held::Ascii(points.iter().map(|&point| point as u8).collect()));
    }
    if largest < 0x100 {
        forms.push(Held::Latin1(points.iter().map(|&point| point as u8).collect()));
    }
    if largest < 0x1_0000 {
        forms.push(Held::Ucs2(points.iter().map(|&point| point as u16).collect()));
    }
    forms
}

/// Code points of one class at most, with many that are alike.
fn points() -> impl Strategy<Value = Vec<u32>> {
    let point = |largest: u32| prop_oneof![Just(0), Just(largest), 0x60..0x64u32, 0..=largest];
    prop_oneof![Just(0x7Fu32), Just(0xFF), Just(0xFFFF), Just(0x10_FFFF)]
        .prop_flat_map(move |largest| prop::collection::vec(point(largest), 0..40))
}

#[test]
fn small_text_and_bytes_are_inside_the_value() {
    let inside = |value: &Value, start: *const u8| {
        let value = std::ptr::from_ref(value).addr();
        (value..value + 16).contains(&start.addr())
    };
    for (points, fits) in [
        (Held::Ascii(vec![b'a'; 14]), true),
        (Held::Ascii(vec![b'a'; 15]), false),
        (Held::Utf8("é".repeat(7)), true),
        (Held::Utf8("é".repeat(8)), false),
        (Held::Ucs2(vec![0x20AC; 7]), true),
        (Held::Ucs2(vec![0x20AC; 8]), false),
        (Held::Ucs4(vec![0x1F642; 3]), true),
        (Held::Ucs4(vec![0x1F642; 4]), false),
    ] {
        let value = Value::from_text(points.text()).unwrap();
        assert_eq!(inside(&value, value.as_text().unwrap().as_ptr()), fits, "{points:?}");
    }
    for len in [0, 14, 15] {
        let value = Value::bytes(&vec![1; len]).unwrap();
        assert_eq!(inside(&value, value.as_bytes().unwrap().as_ptr()), len < 15);
    }
}

#[test]
fn units_that_are_no_text_are_refused() {
    assert_eq!(Text::new(Units::Ascii(b"ok\x80")), Err(EncodingError));
    assert_eq!(Text::new(Units::Ucs4(&[0x61, 0x11_0000])), Err(EncodingError));
    assert!(Text::new(Units::Ucs4(&[0xD800, 0xDFFF, 0x10_FFFF])).is_ok());
}

#[test]
fn lone_surrogates_are_kept_and_shown() {
    let units = [0x61, 0xD83D, 0xDE42];
    let value = Value::from_text(Text::new(Units::Ucs2(&units)).unwrap()).unwrap();
    let text = value.as_text().unwrap();
    assert!(text.points().eq([0x61, 0xD83D, 0xDE42]));
    assert_ne!(value, Value::text("a🙂").unwrap(), "a pair of surrogates is two code points");
    assert_eq!(text.to_string_lossy(), "a\u{FFFD}\u{FFFD}");
    assert_eq!(format!("{text:?}"), r#""a\u{d83d}\u{de42}""#);
    assert_eq!(text.as_str(), None);
}

#[test]
fn what_is_not_looked_at_has_the_largest_point_of_its_form() {
    let units = [0x61; 20];
    // SAFETY: every UCS-2 unit is text.
    let text = unsafe { Text::new_unchecked(Units::Ucs2(&units)) };
    let value = Value::from_text(text).unwrap();
    assert_eq!(value.as_text().unwrap().max_point(), 65535);
    assert_eq!(value, Value::text(&"a".repeat(20)).unwrap());
}

#[test]
fn text_is_shown_as_a_literal() {
    assert_eq!(format!("{:?}", Value::text("it's\n\"é\"").unwrap()), r#""it's\n\"é\"""#);
    assert_eq!(format!("{:?}", Value::bytes(b"a\x00\"").unwrap()), r#"b"a\x00\"""#);
}

proptest! {
    #[test]
    fn every_form_has_the_same_code_points(points in points()) {
        for held in forms(&points) {
            let value = Value::from_text(held.text()).unwrap();
            let text = value.as_text().unwrap();
            prop_assert_eq!(text.form(), held.text().form());
            prop_assert_eq!(text.len(), held.text().len());
            prop_assert!(text.points().eq(points.iter().copied()));
            prop_assert_eq!(text.as_ptr().addr() % match text.form() {
                TextForm::Ucs2 => 2,
                TextForm::Ucs4 => 4,
                _ => 1,
            }, 0);
            let largest = points.iter().copied().max().unwrap_or(0);
            let class = [127, 255, 65535, 0x10_FFFF].into_iter().find(|&class| largest <= class);
            prop_assert_eq!(Some(text.max_point()), class);
            let lossy: String = points.iter().map(|&p| char::from_u32(p).unwrap_or('\u{FFFD}')).collect();
            prop_assert_eq!(text.to_string_lossy(), lossy.as_str());
            prop_assert!(text.as_str().is_none_or(|text| text == lossy));
        }
    }

    #[test]
    fn texts_are_equal_when_their_code_points_are(left in points(), change in 0..80usize, to in 0..0x100u32) {
        let mut right = left.clone();
        match right.get_mut(change) {
            Some(point) => *point = to,
            None if change % 2 == 0 => right.push(to),
            None => {}
        }
        for a in forms(&left) {
            for b in forms(&right) {
                let equal = left == right;
                prop_assert_eq!(a.text() == b.text(), equal);
                let (a, b) = (Value::from_text(a.text()).unwrap(), Value::from_text(b.text()).unwrap());
                prop_assert_eq!(a == b, equal);
                prop_assert_ne!(a, Value::bytes(b"").unwrap());
            }
        }
    }

    #[test]
    fn a_key_is_found_in_every_form(keys in prop::collection::vec(points(), 1..20), other in points()) {
        let key_in = |index: usize| {
            let forms = forms(&keys[index]);
            Value::from_text(forms[index % forms.len()].text()).unwrap()
        };
        let map = Value::map((0..keys.len()).map(|index| (key_in(index), Value::from(index as i64)))).unwrap();
        let map = map.as_map().unwrap();
        for key in keys.iter().chain([&other]) {
            let last = keys.iter().rposition(|other| other == key).map(|index| Value::from(index as i64));
            for held in forms(key) {
                prop_assert_eq!(map.get_text(held.text()), last.as_ref());
                prop_assert_eq!(map.get(&Value::from_text(held.text()).unwrap()), Ok(last.as_ref()));
                if let Held::Utf8(text) = &held {
                    prop_assert_eq!(map.get_str(text), last.as_ref());
                }
            }
        }
    }

    #[test]
    fn bytes_come_back(left: Vec<u8>, right: Vec<u8>) {
        let value = Value::bytes(&left).unwrap();
        prop_assert_eq!(value.as_bytes(), Some(&left[..]));
        prop_assert_eq!(value == Value::bytes(&right).unwrap(), left == right);
    }
}
