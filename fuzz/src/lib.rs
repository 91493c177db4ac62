//! What the fuzz targets check of every parser: what it takes, it can write, and it takes that back.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use floe_core::wire;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Reads `bytes` as the BCS of a `T`. There is one form of each value, so writing it must give the
/// same bytes.
pub fn bcs<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let value = wire::from_bcs::<T>(bytes).ok()?;
    assert_eq!(
        wire::to_bcs(&value),
        bytes,
        "another form of the same value"
    );
    Some(value)
}

/// Reads `bytes` as the JSON of a `T`, of which there are many forms, and reads back its own.
pub fn json<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let value = serde_json::from_slice::<T>(bytes).ok()?;
    let own = serde_json::to_vec(&value).expect("what was read can be written");
    assert_eq!(
        serde_json::from_slice::<T>(&own).expect("our own form"),
        value
    );
    Some(value)
}

/// Reads `text`, and reads back the value's own text.
pub fn text<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Option<T> {
    let value = text.parse::<T>().ok()?;
    let own = value.to_string().parse::<T>().ok();
    assert_eq!(own.as_ref(), Some(&value));
    Some(value)
}
