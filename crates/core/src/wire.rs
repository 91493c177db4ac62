//! BCS, read strictly and with memory bounded by the input.
//!
//! Byte strings are length-checked against the remaining input before they are copied, and lists
//! carry their greatest sensible length in the type that holds them.

use std::{any::type_name, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, DeserializeSeed, Error as _, SeqAccess, Visitor},
};

/// Bytes are not the BCS of the expected type. Whoever sent them is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid BCS of {expected}: {source}")]
pub struct DecodeError {
    expected: &'static str,
    source: bcs::Error,
}

/// Reads a value that must take up all of `bytes`.
///
/// # Errors
/// [`DecodeError`] if `bytes` is not exactly the canonical form of a value.
pub fn from_bcs<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    bcs::from_bytes(bytes).map_err(|source| DecodeError {
        expected: short_name::<T>(),
        source,
    })
}

/// Reads a value from the start of `bytes`, ignoring what follows.
///
/// For objects on chain, to which later versions of the contracts may append fields.
///
/// # Errors
/// [`DecodeError`] if `bytes` does not begin with the canonical form of a value.
pub fn from_bcs_prefix<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let mut value = None;
    let result = bcs::from_bytes_seed(Capture(&mut value), bytes);
    match (value, result) {
        (Some(value), Ok(()) | Err(bcs::Error::RemainingInput)) => Ok(value),
        (_, Err(source)) => Err(DecodeError {
            expected: short_name::<T>(),
            source,
        }),
        (None, Ok(())) => unreachable!("the seed succeeds only after it has set the value"),
    }
}

/// The canonical form of a value.
///
/// # Panics
/// If a byte string or list in it is longer than 2^31 − 1, the limit of BCS. The protocol's own
/// limits are below that for every practical number of shards.
pub fn to_bcs<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    bcs::to_bytes(value).expect("lengths are below 2^31 and the types have a BCS form")
}

/// The name of a type without where it is defined, unless it is made of others.
fn short_name<T>() -> &'static str {
    let name = type_name::<T>();
    match name.rsplit_once("::") {
        Some((_, short)) if !name.contains(['<', '(', '[']) => short,
        _ => name,
    }
}

/// Deserializes into a slot, so that the value survives the complaint about trailing bytes.
struct Capture<'a, T>(&'a mut Option<T>);

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Capture<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        *self.0 = Some(T::deserialize(deserializer)?);
        Ok(())
    }
}

/// Deserializes a list of at most `MAX` items; for `#[serde(deserialize_with)]`.
pub fn vec_at_most<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct AtMost<T, const MAX: usize>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for AtMost<T, MAX> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MAX} items")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            if let Some(len) = seq.size_hint().filter(|len| *len > MAX) {
                return Err(A::Error::invalid_length(len, &self));
            }
            let mut items = Vec::new();
            while let Some(item) = seq.next_element()? {
                if items.len() == MAX {
                    return Err(A::Error::invalid_length(MAX + 1, &self));
                }
                items.push(item);
            }
            Ok(items)
        }
    }

    deserializer.deserialize_seq(AtMost::<T, MAX>(PhantomData))
}

/// Byte strings that are base64 text (standard alphabet, padded) in human-readable formats and
/// length-prefixed bytes in BCS; for `#[serde(with)]`.
pub(crate) mod base64_bytes {
    use std::borrow::Cow;

    use base64::{Engine as _, prelude::BASE64_STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
        } else {
            serializer.serialize_bytes(bytes)
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<u8>, D::Error> {
        if d.is_human_readable() {
            let text = Cow::<'de, str>::deserialize(d)?;
            BASE64_STANDARD
                .decode(text.as_ref())
                .map_err(D::Error::custom)
        } else {
            serde_bytes::ByteBuf::deserialize(d).map(serde_bytes::ByteBuf::into_vec)
        }
    }
}

/// As [`base64_bytes`], for `N` bytes that have no length prefix in BCS.
pub(crate) mod base64_array {
    use serde::{Deserializer, Serializer, de::Error as _, ser::SerializeTuple as _};

    use super::{ArrayVisitor, base64_bytes};

    pub(crate) fn serialize<S: Serializer, const N: usize>(
        bytes: &[u8; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return base64_bytes::serialize(bytes, serializer);
        }
        let mut tuple = serializer.serialize_tuple(N)?;
        for byte in bytes {
            tuple.serialize_element(byte)?;
        }
        tuple.end()
    }

    pub(crate) fn deserialize<'de, D, const N: usize>(deserializer: D) -> Result<[u8; N], D::Error>
    where
        D: Deserializer<'de>,
    {
        if deserializer.is_human_readable() {
            let bytes = base64_bytes::deserialize(deserializer)?;
            let got = bytes.len();
            return bytes
                .try_into()
                .map_err(|_| D::Error::custom(format_args!("expected {N} bytes, got {got}")));
        }
        deserializer.deserialize_tuple(N, ArrayVisitor::<N>)
    }
}

struct ArrayVisitor<const N: usize>;

impl<'de, const N: usize> Visitor<'de> for ArrayVisitor<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<[u8; N], A::Error> {
        let mut bytes = [0; N];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = seq
                .next_element()?
                .ok_or_else(|| A::Error::invalid_length(i, &self))?;
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_read_and_the_rest_ignored() {
        let bytes = [1, 2, 3, 0, 0, 9, 9];
        assert_eq!(from_bcs_prefix::<(u8, u32)>(&bytes), Ok((1, 770)));
        assert_eq!(from_bcs_prefix::<(u8, u32)>(&bytes[..5]), Ok((1, 770)));
        assert!(from_bcs_prefix::<(u8, u32)>(&bytes[..4]).is_err());
        let error = from_bcs::<(u8, u32)>(&bytes).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid BCS of (u8, u32): remaining input"
        );
    }

    #[test]
    fn lists_longer_than_their_limit_are_refused() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Short(#[serde(deserialize_with = "vec_at_most::<_, _, 2>")] Vec<u8>);

        assert_eq!(from_bcs(&[2, 7, 8]), Ok(Short(vec![7, 8])));
        assert!(from_bcs::<Short>(&[3, 7, 8, 9]).is_err());
        assert!(serde_json::from_str::<Short>("[7,8,9]").is_err());
    }
}
