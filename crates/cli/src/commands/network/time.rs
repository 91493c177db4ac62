//! Points in time, as text.

use floe_env::UnixMillis;
use jiff::Timestamp;

/// Reads RFC 3339.
pub(super) fn parse(text: &str) -> Result<UnixMillis, String> {
    let time: Timestamp = text
        .parse()
        .map_err(|error: jiff::Error| error.to_string())?;
    let millis = u64::try_from(time.as_millisecond());
    millis
        .map(UnixMillis)
        .map_err(|_| "expected a time after 1970".to_owned())
}

/// Writes RFC 3339 in UTC; nothing if the year has more than four digits.
pub(super) fn format(time: UnixMillis) -> Option<String> {
    let millis = i64::try_from(time.0).ok()?;
    Some(Timestamp::from_millisecond(millis).ok()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339() {
        assert_eq!(parse("1970-01-01T00:00:01Z"), Ok(UnixMillis(1000)));
        assert_eq!(parse("1970-01-01T01:00:01+01:00"), Ok(UnixMillis(1000)));
        assert!(parse("1969-01-01T00:00:00Z").is_err());
        assert!(parse("tomorrow").is_err());
        assert_eq!(format(UnixMillis(1000)).unwrap(), "1970-01-01T00:00:01Z");
    }
}
