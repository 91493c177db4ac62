//! Names on the Sui chain: object ids and addresses.

use std::{fmt, str::FromStr};

use super::{ParseIdError, serde_as_text_or};

macro_rules! chain_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Text is `0x` and 64 lowercase hexadecimal digits. Parsing also takes short forms
        /// (`0x6`), uppercase digits, and all 64 digits without the `0x`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 32]);

        impl $name {
            /// All bytes zero.
            pub const ZERO: Self = Self([0; 32]);

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The name whose big-endian value is `number`, such as `0x2` or `0x6`.
            pub const fn from_suffix(number: u8) -> Self {
                let mut bytes = [0; 32];
                bytes[31] = number;
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&format!("0x{}", hex::encode(self.0)))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse_hex(text).map(Self)
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl From<$name> for [u8; 32] {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        serde_as_text_or!($name, [u8; 32]);
    };
}

chain_name!(
    /// The id of a Sui object, 32 bytes. Storage nodes are named by the id of their staking pool.
    ObjectId
);
chain_name!(
    /// The address of a Sui account, 32 bytes.
    SuiAddress
);

impl From<ObjectId> for SuiAddress {
    /// An object id used as an address, as for objects owned by objects.
    fn from(id: ObjectId) -> Self {
        Self(id.0)
    }
}

fn parse_hex(text: &str) -> Result<[u8; 32], ParseIdError> {
    let (digits, may_be_short) = match text.strip_prefix("0x") {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    if let Some(got) = digits.chars().find(|digit| !digit.is_ascii_hexdigit()) {
        return Err(ParseIdError::Hex { got });
    }
    match (digits.len(), may_be_short) {
        (64, _) | (1..64, true) => {}
        (_, true) => {
            let expected = "0x and at most 64";
            return Err(ParseIdError::Length {
                expected,
                got: text.len(),
            });
        }
        (_, false) => {
            let expected = "0x and 64";
            return Err(ParseIdError::Length {
                expected,
                got: text.len(),
            });
        }
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().rev().zip(digits.as_bytes().rchunks(2)) {
        *byte = pair.iter().fold(0, |acc, digit| {
            let value = char::from(*digit).to_digit(16).unwrap_or_default();
            acc << 4 | value.to_le_bytes()[0]
        });
    }
    Ok(bytes)
}
