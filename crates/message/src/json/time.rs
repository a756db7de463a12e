//! `google.protobuf.Timestamp` and `Duration` in JSON.

const NANOS_PER_SECOND: i32 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z.
const TIMESTAMP_MIN: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const TIMESTAMP_MAX: i64 = 253_402_300_799;
/// About 10,000 years.
const DURATION_MAX: i64 = 315_576_000_000;
/// How Python writes the form of a timestamp, for errors.
const FORMAT: &str = "%Y-%m-%dT%H:%M:%S";

/// The days from 1970-01-01 to a day of the Gregorian calendar. Years are counted from March, so that the leap day is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The day of the Gregorian calendar so many days after 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The shortest of 0, 3, 6 and 9 digits that shows all nanoseconds, with the point.
fn fraction(nanos: u32) -> String {
    if nanos == 0 {
        String::new()
    } else if nanos.is_multiple_of(1_000_000) {
        format!(".{:03}", nanos / 1_000_000)
    } else if nanos.is_multiple_of(1_000) {
        format!(".{:06}", nanos / 1_000)
    } else {
        format!(".{nanos:09}")
    }
}

fn check_timestamp(seconds: i64, nanos: i32) -> Result<(), String> {
    if !(TIMESTAMP_MIN..=TIMESTAMP_MAX).contains(&seconds) {
        return Err(format!(
            "Timestamp is not valid: Seconds {seconds} must be in range [{TIMESTAMP_MIN}, {TIMESTAMP_MAX}]."
        ));
    }
    if !(0..NANOS_PER_SECOND).contains(&nanos) {
        return Err(format!(
            "Timestamp is not valid: Nanos {nanos} must be in a range [0, 999999]."
        ));
    }
    Ok(())
}

fn check_duration(seconds: i64, nanos: i32) -> Result<(), String> {
    if !(-DURATION_MAX..=DURATION_MAX).contains(&seconds) {
        return Err(format!(
            "Duration is not valid: Seconds {seconds} must be in range [-{DURATION_MAX}, {DURATION_MAX}]."
        ));
    }
    if !(1 - NANOS_PER_SECOND..NANOS_PER_SECOND).contains(&nanos) {
        return Err(format!(
            "Duration is not valid: Nanos {nanos} must be in range [-999999999, 999999999]."
        ));
    }
    if (nanos < 0 && seconds > 0) || (nanos > 0 && seconds < 0) {
        return Err("Duration is not valid: Sign mismatch.".to_owned());
    }
    Ok(())
}

/// RFC 3339, in UTC.
pub(super) fn print_timestamp(seconds: i64, nanos: i32) -> Result<String, String> {
    check_timestamp(seconds, nanos)?;
    let (year, month, day) = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let second = seconds.rem_euclid(SECONDS_PER_DAY);
    Ok(format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{}Z",
        second / 3600,
        second / 60 % 60,
        second % 60,
        fraction(nanos.unsigned_abs())
    ))
}

/// Seconds with their fraction, then `s`.
pub(super) fn print_duration(seconds: i64, nanos: i32) -> Result<String, String> {
    check_duration(seconds, nanos)?;
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    Ok(format!(
        "{sign}{}{}s",
        seconds.unsigned_abs(),
        fraction(nanos.unsigned_abs())
    ))
}

/// The nanoseconds of at most nine digits behind the point.
fn nanoseconds(digits: &str) -> Option<i32> {
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    format!("{digits:0<9}").parse().ok()
}

/// A date and time without its offset, in seconds from 1970.
fn moment(text: &str) -> Result<i64, String> {
    let form = || format!("time data '{text}' does not match format '{FORMAT}'");
    let (date, time) = text.split_once('T').ok_or_else(form)?;
    let mut numbers = date.splitn(3, '-').chain(time.splitn(3, ':')).enumerate();
    let mut next = |least: i64, most: i64| {
        let (place, digits) = numbers.next()?;
        let wide = if place == 0 { 4..=4 } else { 1..=2 };
        if !wide.contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = digits.parse().ok()?;
        (least..=most).contains(&number).then_some(number)
    };
    // A year of four zeros and a leap second are of the form, and of no moment.
    let mut next = |least, most| next(least, most).ok_or_else(form);
    let (year, month, day) = (next(0, 9999)?, next(1, 12)?, next(1, 31)?);
    let (hour, minute, second) = (next(0, 23)?, next(0, 59)?, next(0, 61)?);
    if year == 0 {
        return Err("year 0 is out of range".to_owned());
    }
    let days = days_from_civil(year, month, day);
    // A day that its month does not have comes back as another.
    if civil_from_days(days) != (year, month, day) {
        return Err("day is out of range for month".to_owned());
    }
    if second > 59 {
        return Err("second must be in 0..59".to_owned());
    }
    Ok(days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second)
}

/// The distance from UTC that an offset such as `+01:30` says, in seconds.
fn offset(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |digits: &str| {
        let right = matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit());
        right.then(|| digits.parse::<i64>().ok()).flatten()
    };
    Some(sign * (number(hours)? * 60 + number(minutes)?) * 60)
}

/// Seconds and nanoseconds of RFC 3339 text, with any offset and up to nine digits behind the point.
pub(super) fn parse_timestamp(text: &str) -> Result<(i64, i32), String> {
    let at = text
        .find('Z')
        .or_else(|| text.find('+'))
        .or_else(|| text.rfind('-'))
        .ok_or("Failed to parse timestamp: missing valid timezone offset.")?;
    let (time, zone) = text.split_at(at);
    let (whole, digits) = time.split_once('.').unwrap_or((time, ""));
    if whole.contains('t') {
        return Err(format!(
            "time data '{whole}' does not match format '{FORMAT}', lowercase 't' is not accepted"
        ));
    }
    let seconds = moment(whole)?;
    if digits.len() > 9 {
        return Err(format!(
            "Failed to parse Timestamp: nanos {digits} more than 9 fractional digits."
        ));
    }
    let nanos = nanoseconds(digits).ok_or_else(|| {
        format!("Failed to parse Timestamp: '{digits}' is no fraction of a second.")
    })?;
    let seconds = if zone == "Z" {
        seconds
    } else if zone.starts_with('Z') {
        return Err(format!(
            "Failed to parse timestamp: invalid trailing data {text}."
        ));
    } else {
        let distance =
            offset(zone).ok_or_else(|| format!("Invalid timezone offset value: {zone}."))?;
        seconds - distance
    };
    check_timestamp(seconds, nanos)?;
    Ok((seconds, nanos))
}

/// Seconds and nanoseconds of text such as `-1.5s`.
pub(super) fn parse_duration(text: &str) -> Result<(i64, i32), String> {
    let Some(number) = text.strip_suffix('s') else {
        return Err(format!("Duration must end with letter \"s\": {text}."));
    };
    let parsed = || {
        let (whole, digits) = number.split_once('.').unwrap_or((number, ""));
        let digits_of = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        if digits_of.is_empty() || !digits_of.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("invalid literal for int() with base 10: '{whole}'"));
        }
        let seconds: i64 = whole
            .parse()
            .map_err(|_| format!("Duration is not valid: Seconds {whole} must be in range [-{DURATION_MAX}, {DURATION_MAX}]."))?;
        if digits.len() > 9 {
            return Err(format!("{digits} are more than 9 fractional digits"));
        }
        let nanos = nanoseconds(digits)
            .ok_or_else(|| format!("could not convert string to float: '0.{digits}'"))?;
        let nanos = if whole.starts_with('-') {
            -nanos
        } else {
            nanos
        };
        check_duration(seconds, nanos)?;
        Ok((seconds, nanos))
    };
    parsed().map_err(|error| format!("Couldn't parse duration: {text} : {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_comes_back() {
        for days in (-719_162..2_932_896).step_by(13) {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
        assert_eq!(civil_from_days(0), (1970, 1, 1));
        assert_eq!(civil_from_days(-719_162), (1, 1, 1));
        assert_eq!(civil_from_days(11_016), (2000, 2, 29));
    }

    #[test]
    fn timestamps_come_back() {
        for (seconds, nanos, text) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (63_108_020, 21_000_000, "1972-01-01T10:00:20.021Z"),
            (TIMESTAMP_MIN, 0, "0001-01-01T00:00:00Z"),
            (TIMESTAMP_MAX, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
            (-1, 1_000, "1969-12-31T23:59:59.000001Z"),
        ] {
            assert_eq!(print_timestamp(seconds, nanos).as_deref(), Ok(text));
            assert_eq!(parse_timestamp(text), Ok((seconds, nanos)));
        }
        let offset = "1972-01-01T10:00:20.021-05:00";
        assert_eq!(parse_timestamp(offset), Ok((63_126_020, 21_000_000)));
        for wrong in [
            "",
            "Z",
            "1970-01-01T00:00:00",
            "1970-01-01t00:00:00Z",
            "1970-02-30T00:00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:00.1234567891Z",
            "1970-01-01T00:00:00+0100",
            "0001-01-01T00:00:00+01:00",
            "1970-01-01T00:00:00Zx",
            "1970-01-01T00:00:00.xZ",
        ] {
            assert!(parse_timestamp(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_come_back() {
        for (seconds, nanos, text) in [
            (0, 0, "0s"),
            (1, 500_000_000, "1.500s"),
            (0, -500_000_000, "-0.500s"),
            (-3, -1_000, "-3.000001s"),
            (3, 1, "3.000000001s"),
            (DURATION_MAX, 0, "315576000000s"),
        ] {
            assert_eq!(print_duration(seconds, nanos).as_deref(), Ok(text));
            assert_eq!(parse_duration(text), Ok((seconds, nanos)));
        }
        for wrong in ["", "1", "s", "xs", "1.xs", "315576000001s", "- 1s", "1s "] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
