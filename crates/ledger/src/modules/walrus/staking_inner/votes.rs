//! Votes weighed by shards (`docs/spec/economics.md` §3).

use floe_core::{RequiredWeight, onchain::system::EpochParams};

/// Votes with the shards behind them.
pub(super) type Votes = Vec<(u64, u16)>;

/// Prices in FROST per storage unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prices {
    /// Per epoch.
    pub(crate) storage: u64,
    /// For writing.
    pub(crate) write: u64,
}

/// The smallest vote such that a quorum votes for it or less; `u64::MAX` without votes.
pub(super) fn quorum_below(mut votes: Votes, n_shards: u16) -> u64 {
    votes.sort_unstable_by_key(|(vote, _)| std::cmp::Reverse(*vote));
    let mut rest = n_shards;
    let mut price = u64::MAX;
    for (vote, weight) in votes {
        price = vote;
        rest = rest.saturating_sub(weight);
        if !RequiredWeight::Quorum.is_reached(rest, n_shards) {
            break;
        }
    }
    price
}

/// The largest vote such that a quorum votes for it or more; `u64::MAX` without votes.
pub(super) fn quorum_above(mut votes: Votes, n_shards: u16) -> u64 {
    votes.sort_unstable_by_key(|(vote, _)| std::cmp::Reverse(*vote));
    let mut weight = 0_u16;
    let mut value = u64::MAX;
    for (vote, own) in votes {
        value = vote;
        weight = weight.saturating_add(own);
        if RequiredWeight::Quorum.is_reached(weight, n_shards) {
            break;
        }
    }
    value
}

/// What a node's capacity of `node_capacity` bytes means for the whole system, if its `weight` of
/// the shards holds its part. `None` for a node without shards.
pub(super) fn capacity_vote(node_capacity: u64, weight: u16, n_shards: u16) -> Option<u64> {
    let scaled = u128::from(node_capacity) * u128::from(n_shards);
    let vote = scaled.checked_div(weight.into())?;
    Some(u64::try_from(vote).unwrap_or(u64::MAX))
}

/// What the next committee has agreed on: only the capacity, since prices are voted on their own.
pub(super) const fn params(total_capacity_size: u64) -> EpochParams {
    EpochParams {
        total_capacity_size,
        storage_price_per_unit_size: u64::MAX,
        write_price_per_unit_size: u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(weights: [u16; 10]) -> Votes {
        (1..).zip(weights).collect()
    }

    #[test]
    fn quorums_equal_the_vectors_of_the_specification() {
        assert_eq!(quorum_below(votes([5, 5, 4, 6, 3, 7, 4, 6, 1, 9]), 50), 7);
        assert_eq!(quorum_below(votes([5, 5, 4, 6, 3, 7, 1, 1, 1, 17]), 50), 10);
        assert_eq!(quorum_above(votes([5, 5, 4, 6, 3, 7, 2, 8, 1, 9]), 50), 4);
        assert_eq!(quorum_below(Votes::new(), 50), u64::MAX);
    }

    /// The price as economics words it: the smallest P such that voters of at most P have a quorum.
    #[test]
    fn the_price_is_the_smallest_that_a_quorum_does_not_exceed() {
        let votes: Votes = vec![(9, 10), (3, 4), (3, 9), (7, 11), (1, 6), (4, 10)];
        let price = quorum_below(votes.clone(), 50);
        let below = |price| {
            let voters = votes.iter().filter(|(vote, _)| *vote <= price);
            voters.map(|(_, weight)| weight).sum::<u16>()
        };
        assert!(RequiredWeight::Quorum.is_reached(below(price), 50));
        assert!(!RequiredWeight::Quorum.is_reached(below(price - 1), 50));
    }

    #[test]
    fn capacity_scales_with_shards_and_saturates() {
        assert_eq!(capacity_vote(1_000, 3, 100), Some(33_333));
        assert_eq!(capacity_vote(u64::MAX, 1, 1000), Some(u64::MAX));
        assert_eq!(capacity_vote(1, 0, 1000), None);
    }
}
