//! What nodes know about a blob (`docs/spec/node-api.md` §10).

use std::cmp::{Ordering, Reverse};

use floe_core::{Epoch, EventId};
use serde::{Deserialize, Serialize};

/// What a node knows about a blob.
///
/// Ordered from the earliest to the latest in a blob's life, so that of several answers the greatest
/// is the most recent. Members in JSON keep their order: some clients group answers by their text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum BlobStatus {
    /// No registration that still counts.
    Nonexistent,
    /// Deletable registrations only.
    Deletable {
        /// The epoch since which some registration has been certified without a break.
        initial_certified_epoch: Option<Epoch>,
        /// How many there are.
        deletable_counts: DeletableCounts,
    },
    /// A permanent registration, maybe deletable ones too.
    Permanent {
        /// The latest end epoch, exclusive.
        end_epoch: Epoch,
        /// Whether it is certified.
        is_certified: bool,
        /// The event that says so.
        status_event: EventId,
        /// How many deletable registrations there are.
        deletable_counts: DeletableCounts,
        /// The epoch since which some registration has been certified without a break.
        initial_certified_epoch: Option<Epoch>,
    },
    /// Found inconsistent, for good.
    Invalid {
        /// The event that says so.
        event: EventId,
    },
}

/// Numbers of deletable registrations. Their names in JSON are snake case, unlike all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeletableCounts {
    /// All.
    pub count_deletable_total: u32,
    /// The certified ones.
    pub count_deletable_certified: u32,
}

impl BlobStatus {
    /// The epoch since which the blob has been certified, if it is.
    pub const fn initial_certified_epoch(&self) -> Option<Epoch> {
        match self {
            Self::Deletable {
                initial_certified_epoch,
                ..
            }
            | Self::Permanent {
                initial_certified_epoch,
                ..
            } => *initial_certified_epoch,
            Self::Nonexistent | Self::Invalid { .. } => None,
        }
    }

    /// The event on chain that proves the status, if one can.
    pub const fn event(&self) -> Option<&EventId> {
        match self {
            Self::Permanent { status_event, .. } => Some(status_event),
            Self::Invalid { event } => Some(event),
            Self::Nonexistent | Self::Deletable { .. } => None,
        }
    }

    /// Whether some registration counts.
    pub const fn is_registered(&self) -> bool {
        matches!(self, Self::Deletable { .. } | Self::Permanent { .. })
    }

    /// The place in a blob's life, then what decides between equal ones.
    fn rank(
        &self,
    ) -> (
        u8,
        bool,
        Option<Epoch>,
        DeletableCounts,
        Option<Reverse<Epoch>>,
    ) {
        let none = DeletableCounts::default();
        match *self {
            Self::Nonexistent => (0, false, None, none, None),
            Self::Deletable {
                initial_certified_epoch,
                deletable_counts,
            } => {
                let since = initial_certified_epoch.map(Reverse);
                (1, false, None, deletable_counts, since)
            }
            Self::Permanent {
                end_epoch,
                is_certified,
                deletable_counts,
                initial_certified_epoch,
                ..
            } => {
                let since = initial_certified_epoch.map(Reverse);
                (2, is_certified, Some(end_epoch), deletable_counts, since)
            }
            Self::Invalid { .. } => (3, false, None, none, None),
        }
    }
}

impl PartialOrd for DeletableCounts {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DeletableCounts {
    /// By certified ones, then all.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |c: &Self| (c.count_deletable_certified, c.count_deletable_total);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for BlobStatus {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BlobStatus {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_rank = self.rank().cmp(&other.rank());
        by_rank.then_with(|| self.event().cmp(&other.event()))
    }
}

#[cfg(test)]
mod tests {
    use floe_core::TxDigest;

    use super::*;

    const EVENT: EventId = EventId {
        tx_digest: TxDigest([0; 32]),
        event_seq: 0,
    };

    fn deletable(certified: u32, total: u32, since: Option<u32>) -> BlobStatus {
        BlobStatus::Deletable {
            initial_certified_epoch: since.map(Epoch),
            deletable_counts: DeletableCounts {
                count_deletable_total: total,
                count_deletable_certified: certified,
            },
        }
    }

    fn permanent(is_certified: bool, end: u32, since: Option<u32>) -> BlobStatus {
        BlobStatus::Permanent {
            end_epoch: Epoch(end),
            is_certified,
            status_event: EVENT,
            deletable_counts: DeletableCounts::default(),
            initial_certified_epoch: since.map(Epoch),
        }
    }

    #[test]
    fn statuses_have_the_forms_of_the_network() {
        let digest = "1".repeat(32);
        let cases = [
            (BlobStatus::Nonexistent, r#""nonexistent""#.to_owned()),
            (
                BlobStatus::Invalid { event: EVENT },
                format!(r#"{{"invalid":{{"event":{{"txDigest":"{digest}","eventSeq":"0"}}}}}}"#),
            ),
            (
                permanent(true, 12, Some(3)),
                format!(
                    concat!(
                        r#"{{"permanent":{{"endEpoch":12,"isCertified":true,"#,
                        r#""statusEvent":{{"txDigest":"{}","eventSeq":"0"}},"#,
                        r#""deletableCounts":{{"count_deletable_total":0,"#,
                        r#""count_deletable_certified":0}},"initialCertifiedEpoch":3}}}}"#
                    ),
                    digest
                ),
            ),
            (
                deletable(0, 1, None),
                concat!(
                    r#"{"deletable":{"initialCertifiedEpoch":null,"#,
                    r#""deletableCounts":{"count_deletable_total":1,"#,
                    r#""count_deletable_certified":0}}}"#
                )
                .to_owned(),
            ),
        ];
        for (status, json) in cases {
            assert_eq!(serde_json::to_string(&status).unwrap(), json);
            assert_eq!(serde_json::from_str::<BlobStatus>(&json).unwrap(), status);
        }
    }

    #[test]
    fn the_latest_status_is_the_greatest() {
        let ascending = [
            BlobStatus::Nonexistent,
            deletable(0, 1, None),
            deletable(0, 2, None),
            deletable(1, 1, None),
            deletable(1, 1, Some(5)),
            deletable(1, 1, Some(3)),
            permanent(false, 9, None),
            permanent(false, 10, None),
            permanent(true, 5, None),
            permanent(true, 6, Some(5)),
            permanent(true, 6, Some(4)),
            BlobStatus::Invalid { event: EVENT },
        ];
        for [a, b] in ascending.array_windows() {
            assert!(a < b, "{a:?} {b:?}");
        }
    }
}
