//! The two axes of the encoded matrix.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The axis a sliver lies on (`docs/spec/encoding.md` §3.1): rows are primary, columns secondary.
///
/// Text is `primary` or `secondary`; BCS is the enum index 0 or 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// Rows.
    Primary,
    /// Columns.
    Secondary,
}

impl Axis {
    /// Both axes, in the order of their enum indices.
    pub const BOTH: [Self; 2] = [Self::Primary, Self::Secondary];

    /// The other axis.
    pub const fn orthogonal(self) -> Self {
        match self {
            Self::Primary => Self::Secondary,
            Self::Secondary => Self::Primary,
        }
    }

    /// The text form.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text names no axis. The caller is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected \"primary\" or \"secondary\"")]
pub struct ParseAxisError;

impl FromStr for Axis {
    type Err = ParseAxisError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "primary" => Ok(Self::Primary),
            "secondary" => Ok(Self::Secondary),
            _ => Err(ParseAxisError),
        }
    }
}
