//! Numbers: round trips of every size, and exact equality between ints, floats and truth values.
#![cfg(all(feature = "std", not(loom)))]

use crossinterp_core::{Kind, RangeError, Value};
use proptest::prelude::*;

fn int(number: i128) -> Value {
    Value::from_int_bytes(&number.to_le_bytes()).unwrap()
}

/// 2 to the power of `exponent`, plus `more`.
fn power(exponent: usize, more: u8) -> Value {
    let mut bytes = vec![0; exponent / 8 + 2];
    bytes[exponent / 8] = 1 << (exponent % 8);
    bytes[0] |= more;
    Value::from_int_bytes(&bytes).unwrap()
}

/// The number with the other sign.
fn negated(value: &Value) -> Value {
    let integer = value.as_integer().unwrap();
    let mut bytes = vec![0; integer.size() + 1];
    integer.write_le_bytes(&mut bytes).unwrap();
    let mut carry = true;
    for byte in &mut bytes {
        (*byte, carry) = (!*byte).overflowing_add(carry.into());
    }
    Value::from_int_bytes(&bytes).unwrap()
}

/// Whether the float is exactly that int.
fn is_exactly(float: f64, int: i128) -> bool {
    float.is_finite() && float.fract() == 0.0 && float.abs() < 2f64.powi(126) && float as i128 == int
}

#[test]
fn ints_of_64_bits_need_no_object_and_others_do() {
    for number in [0, 1, -1, i64::MAX.into(), i64::MIN.into()] {
        let value = int(number);
        assert_eq!((value.kind(), value.as_int().map(i128::from)), (Kind::Int, Some(number)));
    }
    for number in [i128::from(i64::MAX) + 1, i128::from(i64::MIN) - 1, i128::MAX, i128::MIN] {
        let value = int(number);
        assert_eq!((value.kind(), value.as_int()), (Kind::Int, None));
        assert_eq!(value.as_integer().unwrap().to_i64(), None);
    }
}

#[test]
fn sizes_are_the_shortest_that_hold_the_sign() {
    for (number, size) in [
        (0, 1),
        (-1, 1),
        (127, 1),
        (128, 2),
        (-128, 1),
        (-129, 2),
        (i64::MAX.into(), 8),
        (i64::MIN.into(), 8),
        (i128::from(i64::MAX) + 1, 9),
        (i128::from(u64::MAX), 9),
        (i128::from(u64::MAX) + 1, 9),
        (i128::MIN, 16),
    ] {
        assert_eq!(int(number).as_integer().unwrap().size(), size, "{number}");
    }
}

#[test]
fn too_few_bytes_are_an_error_and_are_left_alone() {
    let mut bytes = [7; 8];
    assert_eq!(int(1 << 64).as_integer().unwrap().write_le_bytes(&mut bytes), Err(RangeError));
    assert_eq!(bytes, [7; 8]);
}

#[test]
fn powers_of_two_equal_their_floats_up_to_the_largest() {
    for exponent in 0..1024 {
        let (value, float) = (power(exponent, 0), 2f64.powi(exponent as i32));
        assert_eq!(value, Value::from(float), "2^{exponent}");
        assert_eq!(negated(&value), Value::from(-float), "-2^{exponent}");
        if exponent > 53 {
            assert_ne!(power(exponent, 1), Value::from(float), "2^{exponent} + 1");
            assert_ne!(negated(&power(exponent, 1)), Value::from(-float), "-(2^{exponent} + 1)");
        }
    }
    for exponent in [1024, 1025, 1031, 1032, 5000] {
        assert_ne!(power(exponent, 0), Value::from(f64::INFINITY), "2^{exponent}");
        assert_ne!(negated(&power(exponent, 0)), Value::from(f64::NEG_INFINITY), "-2^{exponent}");
    }
}

#[test]
fn the_largest_float_equals_its_int() {
    // 2^1024 - 2^971
    let mut bytes = vec![0; 129];
    bytes[121] = 0xF8;
    bytes[122..128].fill(0xFF);
    assert_eq!(Value::from_int_bytes(&bytes).unwrap(), Value::from(f64::MAX));
    bytes[0] = 1;
    assert_ne!(Value::from_int_bytes(&bytes).unwrap(), Value::from(f64::MAX));
}

#[test]
fn a_nan_equals_nothing() {
    let nan = Value::from(f64::NAN);
    assert_ne!(nan, nan);
    assert_ne!(nan, nan.clone());
    assert_ne!(nan, Value::from(0));
}

#[test]
fn large_ints_are_shown_in_hexadecimal() {
    assert_eq!(format!("{:?}", int(1 << 64)), "0x10000000000000000");
    assert_eq!(format!("{:?}", int(-(1 << 64))), "-0x10000000000000000");
    assert_eq!(format!("{:?}", int(-((1 << 64) + 0xAB))), "-0x100000000000000ab");
    assert_eq!(format!("{:?}", int(i128::MIN)), "-0x80000000000000000000000000000000");
    assert_eq!(format!("{:?}", int(-5)), "-5");
}

/// Ints near the borders of 8-byte words and of what a float holds, and any others.
fn ints() -> impl Strategy<Value = i128> {
    prop_oneof![
        any::<i128>(),
        any::<i64>().prop_map(i128::from),
        (0..126u32, -2..=2i128, any::<bool>())
            .prop_map(|(exponent, near, negative)| ((1 << exponent) + near) * if negative { -1 } else { 1 }),
        (any::<u64>(), 0..64u32).prop_map(|(bits, shift)| i128::from(bits) << shift >> 1),
    ]
}

fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        any::<i64>().prop_map(|number| number as f64),
        ints().prop_map(|number| number as f64),
        Just(f64::INFINITY),
        Just(-0.0),
    ]
}

proptest! {
    #[test]
    fn ints_come_back_as_they_went_in(number in ints(), more in 0..9usize) {
        let value = int(number);
        let integer = value.as_integer().unwrap();
        let mut bytes = vec![0xA5; integer.size() + more];
        integer.write_le_bytes(&mut bytes).unwrap();
        prop_assert_eq!(&Value::from_int_bytes(&bytes).unwrap(), &value);
        bytes.resize(16.max(bytes.len()), if number < 0 { 0xFF } else { 0 });
        prop_assert_eq!(i128::from_le_bytes(bytes[..16].try_into().unwrap()), number);
        prop_assert_eq!(value.as_int(), i64::try_from(number).ok());
        if let Ok(number) = u64::try_from(number) {
            prop_assert_eq!(Value::try_from(number).unwrap(), value);
        }
    }

    #[test]
    fn any_bytes_come_back(bytes: Vec<u8>) {
        let value = Value::from_int_bytes(&bytes).unwrap();
        let mut back = vec![0; bytes.len().max(1)];
        value.as_integer().unwrap().write_le_bytes(&mut back).unwrap();
        prop_assert_eq!(&back[..bytes.len()], &bytes[..]);
    }

    #[test]
    fn ints_equal_ints_as_numbers_do(left in ints(), right in ints()) {
        prop_assert_eq!(int(left) == int(right), left == right);
        prop_assert!(int(left) == int(left));
        prop_assert!(negated(&negated(&int(left))) == int(left));
    }

    #[test]
    fn ints_equal_floats_exactly(number in ints(), float in floats()) {
        prop_assert_eq!(int(number) == Value::from(float), is_exactly(float, number));
        let near = number as f64;
        prop_assert_eq!(int(number) == Value::from(near), is_exactly(near, number));
        prop_assert_eq!(Value::from(near) == int(number), is_exactly(near, number));
    }

    #[test]
    fn truth_values_are_numbers(truth: bool, number in -1..3i64) {
        prop_assert_eq!(Value::from(truth) == Value::from(number), i64::from(truth) == number);
        prop_assert_eq!(Value::from(number as f64) == Value::from(truth), i64::from(truth) == number);
    }
}
