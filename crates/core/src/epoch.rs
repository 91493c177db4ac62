//! Epochs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A Walrus epoch: the number of committee changes so far. Not the epoch of the Sui chain.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u32);

impl Epoch {
    /// The epoch as a `u32`.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The epoch `epochs` later, or `None` beyond the last one.
    pub const fn checked_add(self, epochs: u32) -> Option<Self> {
        match self.0.checked_add(epochs) {
            Some(epoch) => Some(Self(epoch)),
            None => None,
        }
    }

    /// The epoch `epochs` earlier, or `None` before epoch 0.
    pub const fn checked_sub(self, epochs: u32) -> Option<Self> {
        match self.0.checked_sub(epochs) {
            Some(epoch) => Some(Self(epoch)),
            None => None,
        }
    }

    /// The following epoch; the last one follows itself.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Epoch {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl From<u32> for Epoch {
    fn from(epoch: u32) -> Self {
        Self(epoch)
    }
}

impl From<Epoch> for u32 {
    fn from(epoch: Epoch) -> Self {
        epoch.0
    }
}
