//! The commands, one module each.

pub mod blob_id;
pub mod completions;
pub mod convert;
pub mod decode;
pub mod devnet;
pub mod encode;
pub mod fullnode;
pub mod json;
pub mod network;
pub mod node;
pub mod quilt;
pub mod recover;
pub(crate) mod service;
pub mod staking;
pub mod verify;
pub mod wallet;

use std::{fmt, str::FromStr};

use floe_core::{Axis, SliverIndex};
use serde::Serialize;

use crate::sliver_dir::SliverProblem;

/// A sliver as users name it: `primary:17`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SliverName {
    /// Its axis.
    pub axis: Axis,
    /// Its index on that axis.
    pub index: SliverIndex,
}

impl FromStr for SliverName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || String::from("expected an axis and an index, like primary:17");
        let (axis, index) = text.split_once(':').ok_or_else(expected)?;
        Ok(Self {
            axis: axis.parse().map_err(|_| expected())?,
            index: index.parse().map_err(|_| expected())?,
        })
    }
}

impl fmt::Display for SliverName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.axis, self.index)
    }
}

impl Serialize for SliverName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A sliver that is there and no good.
#[derive(Debug, Serialize)]
pub(crate) struct BadSliver {
    sliver: SliverName,
    problem: String,
}

impl BadSliver {
    pub(crate) fn new(axis: Axis, index: SliverIndex, problem: &SliverProblem) -> Self {
        Self {
            sliver: SliverName { axis, index },
            problem: problem.to_string(),
        }
    }
}

/// Slivers of both axes, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PerAxis {
    primary: usize,
    secondary: usize,
}

impl PerAxis {
    pub(crate) fn count(mut of: impl FnMut(Axis) -> usize) -> Self {
        Self {
            primary: of(Axis::Primary),
            secondary: of(Axis::Secondary),
        }
    }

    pub(crate) const fn total(self) -> usize {
        self.primary + self.secondary
    }
}

impl fmt::Display for PerAxis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} primary, {} secondary", self.primary, self.secondary)
    }
}

/// Lists bad slivers, one a line, and no more than people read.
pub(crate) fn list_bad(f: &mut fmt::Formatter<'_>, bad: &[BadSliver]) -> fmt::Result {
    const SHOWN: usize = 20;
    for BadSliver { sliver, problem } in bad.iter().take(SHOWN) {
        write!(f, "\n  {sliver}: {problem}")?;
    }
    if let Some(more) = bad.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        write!(f, "\n  … and {more} more (--json lists all)")?;
    }
    Ok(())
}
