//! One node's part of an upload.

use std::{collections::VecDeque, time::Duration};

use floe_core::{Axis, SliverPairIndex};

use crate::{failure::Failure, time::Timestamp};

/// What became of a part that was uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploaded {
    /// The node has it now.
    New,
    /// The node had it before.
    Before,
}

/// A sliver that a node is to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) pair: SliverPairIndex,
    pub(super) axis: Axis,
    /// Ask whether it is there before sending it.
    pub(super) check: bool,
}

/// How far a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Metadata,
    /// The node had the metadata before, and may have everything.
    ConfirmFirst,
    Slivers,
    Confirm,
    Confirmed,
    Failed,
}

/// One node's part of an upload.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) weight: u16,
    pub(super) step: Step,
    /// Slivers not under way.
    pub(super) queue: VecDeque<Part>,
    /// Requests under way.
    pub(super) requests: usize,
    /// Bytes of slivers under way.
    pub(super) bytes: u64,
    /// Failures in a row.
    pub(super) failures: u32,
    /// Answers in a row that it can't take anything now.
    pub(super) unavailable: u32,
    /// Not before that time.
    pub(super) not_before: Timestamp,
    /// How long a transfer may show no sign of life while others wait.
    pub(super) patience: Duration,
    pub(super) last_failure: Option<Failure>,
}

impl Node {
    pub(super) fn new(
        parts: VecDeque<Part>,
        weight: u16,
        now: Timestamp,
        patience: Duration,
    ) -> Self {
        Self {
            weight,
            step: Step::Metadata,
            queue: parts,
            requests: 0,
            bytes: 0,
            failures: 0,
            unavailable: 0,
            not_before: now,
            patience,
            last_failure: None,
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.step, Step::Confirmed | Step::Failed)
    }

    /// Something succeeded.
    pub(super) const fn succeeded(&mut self) {
        self.failures = 0;
        self.unavailable = 0;
    }
}
