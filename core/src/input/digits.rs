//! Bytes into machine integers: numbers, dates, instants.
//!
//! Each reader gives nothing where it cannot tell, which is no mistake: the slow way says then what the text means.

use chrono::{Datelike, NaiveDate};

use crate::value::Rounding;

/// The most digits of a number: each of that many fits in 64 bits.
const DIGITS: usize = 18;
/// The most decimals of a number with an exponent that surely stand exactly.
const DECIMALS: i32 = 18;
const MICROS: i64 = 1_000_000;

/// How the text of a number becomes a whole number of a power of ten.
#[derive(Clone, Debug)]
pub(super) struct Digits {
    /// The decimals that are kept.
    pub(super) places: u32,
    /// Ten to the power of that.
    pub(super) power: i64,
    /// The decimal mark; nothing where numbers are whole.
    pub(super) mark: Option<u8>,
    /// Whether it may be written with an exponent.
    pub(super) is_float: bool,
    /// How digits beyond those that are kept are rounded off.
    pub(super) rounding: Option<Rounding>,
    /// Whether a percent sign may follow.
    pub(super) is_percent: bool,
}

impl Digits {
    /// How whole numbers are read, that are kept with so many decimals; nothing where the power of ten is too large.
    pub(super) fn new(places: u32) -> Option<Digits> {
        let power = 10_i64.checked_pow(places)?;
        Some(Digits { places, power, mark: None, is_float: false, rounding: None, is_percent: false })
    }

    /// The number of the cell that begins at `start` and is the end of these bytes.
    #[inline]
    pub(super) fn read(&self, up_to: &[u8], start: usize) -> Option<i64> {
        let is_negative = up_to.get(start) == Some(&b'-');
        let start = start + usize::from(is_negative);
        let digits = up_to.get(start..)?;
        let number = match up_to.last_chunk::<8>() {
            Some(last) if matches!(digits.len(), 1..=8) => eight(*last, digits.len()),
            _ => whole(digits),
        };
        let number = match number {
            Some(number) => number.checked_mul(self.power)?,
            None => self.read_other(digits)?,
        };
        Some(if is_negative { -number } else { number })
    }

    /// The number that a text says with a point and no more decimals than are kept; nothing for what else there may be.
    #[inline]
    pub(super) fn read_point(&self, text: &[u8]) -> Option<i64> {
        let (is_negative, digits) = match text {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        if digits.len() > DIGITS {
            return None;
        }
        let (mut number, mut point) = (0_i64, None);
        for (index, byte) in digits.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                // INVARIANT: at most 18 digits, which fit.
                number = number.wrapping_mul(10).wrapping_add(i64::from(digit));
            } else if *byte == b'.' && point.is_none() && index > 0 {
                point = Some(index);
            } else {
                return None;
            }
        }
        let decimals = digits.len().checked_sub(point?)?.checked_sub(1).filter(|decimals| *decimals > 0)?;
        let missing = self.places.checked_sub(u32::try_from(decimals).ok()?)?;
        let number = if missing == 0 { number } else { number.checked_mul(10_i64.checked_pow(missing)?)? };
        Some(if is_negative { -number } else { number })
    }

    /// The magnitude of a number that is not only digits.
    fn read_other(&self, text: &[u8]) -> Option<i64> {
        let (whole_digits, mut rest) = split_digits(text);
        let mut fraction: &[u8] = &[];
        if let Some(mark) = self.mark
            && let Some(after) = rest.strip_prefix(&[mark])
        {
            (fraction, rest) = split_digits(after);
            if fraction.is_empty() {
                return None;
            }
        }
        if whole_digits.is_empty() || whole_digits.len() + fraction.len() > DIGITS {
            return None;
        }
        let mut decimals = i32::try_from(fraction.len()).ok()?;
        if let Some((b'e' | b'E', power)) = rest.split_first()
            && self.is_float
        {
            decimals -= exponent(power)?;
            rest = &[];
        }
        let is_end = rest.is_empty() || self.is_percent && rest == b"%";
        if !is_end || decimals.abs() > DECIMALS {
            return None;
        }
        let number = whole_digits
            .iter()
            .chain(fraction)
            .fold(0_i64, |number, digit| number.wrapping_mul(10).wrapping_add(i64::from(digit.wrapping_sub(b'0'))));
        let surplus = decimals - i32::try_from(self.places).ok()?;
        let power = 10_i64.checked_pow(surplus.unsigned_abs())?;
        if surplus <= 0 {
            return number.checked_mul(power);
        }
        let (quotient, rest) = (number / power, number % power);
        if rest == 0 {
            return Some(quotient);
        }
        // Half of a power of ten is whole.
        let half = power / 2;
        let is_up = match self.rounding? {
            Rounding::HalfUp => rest >= half,
            Rounding::HalfEven => rest > half || rest == half && quotient % 2 == 1,
            Rounding::Up => true,
            Rounding::Down => false,
        };
        Some(quotient + i64::from(is_up))
    }
}

/// The number that the last one to eight of these bytes say, where they are digits: all at once.
#[inline]
fn eight(bytes: [u8; 8], count: usize) -> Option<i64> {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    const HIGH: u64 = 0xf0f0_f0f0_f0f0_f0f0;
    // The first byte is the lowest. What stands before the digits becomes zeros.
    let before = (1_u64 << (8 * (8 - count.clamp(1, 8)))) - 1;
    let word = u64::from_le_bytes(bytes) & !before | ZEROS & before;
    // Digits are 0x30 to 0x39: the upper half is 3, with 6 added too.
    if word & HIGH | (word.wrapping_add(0x0606_0606_0606_0606) & HIGH) >> 4 != 0x3333_3333_3333_3333 {
        return None;
    }
    // Neighbours come together: pairs of digits, then fours, then all eight.
    let word = word - ZEROS;
    let pairs = word.wrapping_mul(10).wrapping_add(word >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100).wrapping_add(pairs >> 16) & 0x0000_ffff_0000_ffff;
    let all = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    i64::try_from(all).ok()
}

/// A number of a few digits, and nothing else.
#[inline]
fn whole(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > DIGITS {
        return None;
    }
    let mut number = 0_i64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // INVARIANT: at most 18 digits, which fit.
        number = number.wrapping_mul(10).wrapping_add(i64::from(digit));
    }
    Some(number)
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

/// The power of ten of a float: `+05`.
fn exponent(text: &[u8]) -> Option<i32> {
    let (is_negative, digits) = match text.split_first()? {
        (b'-', digits) => (true, digits),
        (b'+', digits) => (false, digits),
        _ => (false, text),
    };
    let power = i32::try_from(whole(digits.get(..digits.len().min(4))?)?).ok()?;
    (digits.len() <= 3).then_some(if is_negative { -power } else { power })
}

/// The day of a text such as `2026-11-21`, counted from the year 1.
#[inline]
pub(super) fn day(text: &[u8]) -> Option<i64> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = whole(&[*y1, *y2, *y3, *y4])?;
    let month = pair(*m1, *m2)?;
    let day = pair(*d1, *d2)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    (year >= 1).then(|| i64::from(date.num_days_from_ce()))
}

/// The microseconds since 1970 of a text such as `2026-09-07T18:00:00-04:00`, or with a `Z`.
pub(super) fn micros(text: &[u8]) -> Option<i64> {
    const DAY_OF_1970: i64 = 719_163;
    let (date, time) = text.split_at_checked(10)?;
    let [b'T' | b' ', h1, h2, b':', m1, m2, b':', s1, s2, zone @ ..] = time else { return None };
    let (hour, minute, second) = (pair(*h1, *h2)?, pair(*m1, *m2)?, pair(*s1, *s2)?);
    let offset = match zone {
        b"Z" => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (pair(*h1, *h2)?, pair(*m1, *m2)?);
            if hours > 23 || minutes > 59 || (*sign == b'-' && hours + minutes == 0) {
                return None;
            }
            let seconds = i64::from(hours * 3600 + minutes * 60);
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    // The first and the last year may be left behind by the offset.
    if hour > 23
        || minute > 59
        || second > 59
        || matches!(date, [b'0', b'0', b'0', b'1', ..] | [b'9', b'9', b'9', b'9', ..])
    {
        return None;
    }
    let days = day(date)? - DAY_OF_1970;
    Some((days * 86_400 + i64::from(hour * 3600 + minute * 60 + second) - offset) * MICROS)
}

fn pair(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| u32::from(tens) * 10 + u32::from(ones))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(digits: &Digits, texts: &[(&str, Option<i64>)]) {
        for (text, wanted) in texts {
            assert_eq!(digits.read(text.as_bytes(), 0), *wanted, "{text}");
            assert_eq!(digits.read(format!("123,-{text}").as_bytes(), 5), *wanted, "{text}");
        }
    }

    #[test]
    fn plain_numbers_are_read_at_once() {
        let cents = Digits { mark: Some(b'.'), ..Digits::new(2).expect("a power") };
        check(
            &cents,
            &[
                ("12", Some(1200)),
                ("-12.5", Some(-1250)),
                ("12.500", Some(1250)),
                ("0.05", Some(5)),
                ("12.505", None),
                ("1e3", None),
                ("12.", None),
                (".5", None),
                ("", None),
                ("-", None),
                ("999999999999999999", None),
                ("9999999999999999.99", Some(999_999_999_999_999_999)),
            ],
        );
        for (text, wanted) in [
            ("12.5", Some(1250)),
            ("-12.05", Some(-1205)),
            ("-0.00", Some(0)),
            ("999999999999999.99", Some(99_999_999_999_999_999)),
        ] {
            assert_eq!(cents.read_point(text.as_bytes()), wanted, "{text}");
            assert_eq!(cents.read(text.as_bytes(), 0), wanted, "{text}");
        }
        for text in ["", "-", "12", ".5", "-.5", "12.", "1.2.3", "1e3", "12.345", "+1.5", "1.5 ", "9999999999999999.99"]
        {
            assert_eq!(cents.read_point(text.as_bytes()), None, "{text}");
        }
        let whole = Digits::new(0).expect("a power");
        check(&whole, &[("007", Some(7)), ("-0", Some(0)), ("999999999999999999", Some(999_999_999_999_999_999))]);
        check(&whole, &[("1.0", None), ("+1", None), ("1000000000000000000", None)]);
        for count in 1..=18 {
            let text: String = "123456789012345678".chars().take(count).collect();
            check(&whole, &[(&text, text.parse().ok())]);
            for wrong in ["/", ":", "x", "-"] {
                for at in 0..count {
                    let text = format!("{}{wrong}{}", &text[..at], &text[at + 1..]);
                    if !(wrong == "-" && at == 0 && count > 1) {
                        check(&whole, &[(&text, None)]);
                    }
                }
            }
        }
        let percent = Digits { is_percent: true, ..cents };
        check(&percent, &[("12.5%", Some(1250)), ("12.5 %", None), ("%", None)]);
    }

    #[test]
    fn floats_are_rounded_at_once() {
        let whole = Digits::new(0).expect("a power");
        let float = |rounding| Digits { mark: Some(b'.'), is_float: true, rounding, ..whole.clone() };
        let all = [Rounding::HalfUp, Rounding::HalfEven, Rounding::Up, Rounding::Down];
        for (text, wanted) in [
            ("1.00E+05", [100_000; 4]),
            ("2.5", [3, 2, 3, 2]),
            ("-3.5", [-4, -4, -4, -3]),
            ("2.4", [2, 2, 3, 2]),
            ("25e-1", [3, 2, 3, 2]),
            ("12.3000000000000007", [12, 12, 13, 12]),
        ] {
            for (rounding, wanted) in all.into_iter().zip(wanted) {
                check(&float(Some(rounding)), &[(text, Some(wanted))]);
            }
        }
        check(&float(None), &[("2.5", None), ("2.0", Some(2)), ("1e", None), ("1e19", None)]);
    }

    #[test]
    fn days_and_instants_are_read_at_once() {
        assert_eq!(day(b"0001-01-01"), Some(1));
        assert_eq!([day(b"2026-02-30"), day(b"2026-2-3"), day(b"0000-01-01")], [None; 3]);
        assert_eq!(micros(b"1970-01-02T00:00:01Z"), Some(86_401_000_000));
        assert_eq!(micros(b"1970-01-01 02:00:00+02:00"), Some(0));
        assert_eq!(
            [micros(b"1970-01-01T24:00:00Z"), micros(b"1970-01-01"), micros(b"0001-01-01T00:00:00Z")],
            [None; 3]
        );
    }
}
