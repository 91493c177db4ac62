//! Decimal text of the 256-bit integers by which the chain's JSON renders blob ids and hashes.

/// The decimal form of a little-endian 256-bit integer.
pub(super) fn to_decimal(le_bytes: &[u8; 32]) -> String {
    let mut number = *le_bytes;
    let mut digits = Vec::with_capacity(78);
    loop {
        let mut remainder = 0_u16;
        for byte in number.iter_mut().rev() {
            let value = remainder << 8 | u16::from(*byte);
            // The quotient is below 256 because the remainder carried in is below 10.
            *byte = (value / 10).to_le_bytes()[0];
            remainder = value % 10;
        }
        digits.push(char::from(b'0' + remainder.to_le_bytes()[0]));
        if number.iter().all(|byte| *byte == 0) {
            break;
        }
    }
    digits.iter().rev().collect()
}

/// The little-endian bytes of a decimal integer, or `None` if it isn't one below 2^256.
pub(super) fn from_decimal(text: &str) -> Option<[u8; 32]> {
    if text.is_empty() {
        return None;
    }
    let mut number = [0_u8; 32];
    for digit in text.chars() {
        let mut carry = u16::try_from(digit.to_digit(10)?).ok()?;
        for byte in &mut number {
            let [low, high] = (u16::from(*byte) * 10 + carry).to_le_bytes();
            *byte = low;
            carry = u16::from(high);
        }
        if carry != 0 {
            return None;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_covers_the_whole_range_and_nothing_more() {
        let max = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
        assert_eq!(to_decimal(&[0; 32]), "0");
        assert_eq!(to_decimal(&[255; 32]), max);
        assert_eq!(from_decimal(max), Some([255; 32]));
        assert_eq!(from_decimal(&max.replace("9935", "9936")), None);
        assert_eq!(from_decimal(""), None);
        assert_eq!(from_decimal("-1"), None);
        assert_eq!(from_decimal("1_0"), None);
        let mut two_fifty_six = [0; 32];
        two_fifty_six[1] = 1;
        assert_eq!(from_decimal("256"), Some(two_fifty_six));
    }
}
