//! Indices of shards, sliver pairs and slivers, all `u16` (`docs/spec/encoding.md` §11).
//!
//! The three count different things: pair `p` consists of primary sliver `p` and secondary sliver
//! `n − 1 − p`, and which shard holds it depends on the blob id. Conversions are in
//! [`CodeParams`](crate::CodeParams), which knows `n`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A text is not an index. The caller is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a {what} between 0 and 65535")]
pub struct ParseIndexError {
    what: &'static str,
}

macro_rules! index {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u16);

        impl $name {
            /// The index as a `u16`.
            pub const fn get(self) -> u16 {
                self.0
            }

            /// The index as a position in a slice.
            pub const fn as_usize(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIndexError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self).map_err(|_| ParseIndexError { what: $what })
            }
        }

        impl From<u16> for $name {
            fn from(index: u16) -> Self {
                Self(index)
            }
        }

        impl From<$name> for u16 {
            fn from(index: $name) -> Self {
                index.0
            }
        }

        impl From<$name> for usize {
            fn from(index: $name) -> Self {
                index.as_usize()
            }
        }
    };
}

index!(
    /// Position of a shard, `0 .. n`.
    ShardIndex,
    "shard index"
);
index!(
    /// Position of a sliver pair in the encoded matrix, `0 .. n` (`docs/spec/encoding.md` §3.3).
    SliverPairIndex,
    "sliver pair index"
);
index!(
    /// Position of a sliver on its own axis: a row for primary, a column for secondary slivers.
    SliverIndex,
    "sliver index"
);
