//! Shards for stake: D'Hondt with a Hagenbach-Bischoff start and a cap per node
//! (`docs/spec/economics.md` §6).

use floe_core::{ObjectId, onchain::staking::ActiveSetEntry};

use super::{E_NO_STAKE, MODULE};
use crate::{error::Failure, modules::walrus::apportionment_queue::ApportionmentQueue};

/// From this many nodes on, no node holds more than a tenth of the shards.
const MIN_NODES_FOR_SHARDS_LIMIT: usize = 20;
const SHARDS_LIMIT_DENOMINATOR: usize = 10;
const FUNCTION: &str = "dhondt";

/// The number of shards of each node that gets any, in the order of the active set.
///
/// # Errors
/// Aborts with `staking_inner` 3 if there is no stake, `apportionment_queue` 0 if the cap leaves
/// shards over.
pub(super) fn apportion(
    nodes: &[ActiveSetEntry],
    n_shards: u16,
) -> Result<Vec<(ObjectId, u16)>, Failure> {
    let stakes: Vec<u64> = nodes.iter().map(|entry| entry.staked_amount).collect();
    let shards = dhondt(&stakes, n_shards)?;
    let all = nodes.iter().zip(shards);
    Ok(all
        .filter(|(_, shards)| *shards > 0)
        .map(|(entry, shards)| (entry.node_id, shards))
        .collect())
}

fn dhondt(stakes: &[u64], n_shards: u16) -> Result<Vec<u16>, Failure> {
    let fault = || MODULE.arithmetic(FUNCTION);
    let total = stakes
        .iter()
        .try_fold(0_u64, |sum, stake| sum.checked_add(*stake))
        .ok_or_else(fault)?;
    MODULE.ensure(total > 0, FUNCTION, E_NO_STAKE)?;
    let cap = shards_max(stakes.len(), n_shards).ok_or_else(fault)?;
    // What a shard costs, rounded up beyond any that could hand out too many.
    let price = total / (u64::from(n_shards) + 1) + 1;
    let mut shards: Vec<u16> = stakes
        .iter()
        .map(|stake| u16::try_from((stake / price).min(cap.into())))
        .collect::<Result<_, _>>()
        .map_err(|_| fault())?;

    let mut queue = ApportionmentQueue::new();
    for (index, (stake, own)) in stakes.iter().zip(&shards).enumerate() {
        if *own < cap {
            // The earlier entry wins ties.
            let priority = u64::try_from(stakes.len() - index).map_err(|_| fault())?;
            queue.insert(quotient(*stake, *own), priority, index);
        }
    }
    let assigned: u64 = shards.iter().copied().map(u64::from).sum();
    for _ in assigned..u64::from(n_shards) {
        let (priority, index) = queue.pop_max()?;
        let (Some(own), Some(stake)) = (shards.get_mut(index), stakes.get(index)) else {
            return Err(MODULE.vector(FUNCTION));
        };
        *own = own.checked_add(1).ok_or_else(fault)?;
        if *own < cap {
            queue.insert(quotient(*stake, *own), priority, index);
        }
    }
    Ok(shards)
}

/// The most shards of one node. `None` if there are no nodes.
fn shards_max(nodes: usize, n_shards: u16) -> Option<u16> {
    let n_shards = usize::from(n_shards);
    let cap = if nodes >= MIN_NODES_FOR_SHARDS_LIMIT {
        n_shards / SHARDS_LIMIT_DENOMINATOR
    } else {
        let divisor = SHARDS_LIMIT_DENOMINATOR
            .checked_mul(nodes)
            .filter(|d| *d > 0)?;
        (MIN_NODES_FOR_SHARDS_LIMIT * n_shards).div_ceil(divisor)
    };
    // 20 n / 10 may exceed a u16, but no node ever holds more than there are.
    Some(u16::try_from(cap).unwrap_or(u16::MAX))
}

/// Stake per shard if one more were given, in 64.64 fixed point.
fn quotient(stake: u64, shards: u16) -> u128 {
    (u128::from(stake) << 64) / (u128::from(shards) + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shards(n_shards: u16, stakes: &[u64]) -> Vec<u16> {
        dhondt(stakes, n_shards).unwrap()
    }

    #[test]
    fn apportionment_equals_the_vectors_of_the_specification() {
        assert_eq!(shards(10, &[4000, 2000, 1000]), [6, 3, 1]);
        assert_eq!(shards(7, &[25_000; 4]), [2, 2, 2, 1]);
        assert_eq!(
            shards(18, &[780_000, 650_000, 520_000, 390_000, 260_000]),
            [6, 5, 4, 2, 1]
        );
        assert_eq!(
            shards(777, &[50_000, 50_000, 30_000, 15_000, 15_000, 5_000]),
            [236, 236, 142, 70, 70, 23]
        );
        assert_eq!(shards(1000, &[600, 100, 200, 100]), [500, 125, 250, 125]);
        assert_eq!(shards(3, &[1_000_000, 999_999]), [2, 1]);

        let mut stakes = [20; 21];
        stakes[5] = 200;
        let mut expected = [45; 21];
        expected[5] = 100;
        assert_eq!(shards(1000, &stakes), expected);

        let mut stakes = [1_000_000_000_000; 30];
        stakes[0] = 1_000_000_000_000_000;
        let mut expected = [31; 30];
        (expected[0], expected[1]) = (100, 32);
        assert_eq!(shards(1000, &stakes), expected);
    }

    #[test]
    fn the_cap_depends_on_the_number_of_nodes() {
        let caps = [
            (1, 2000),
            (3, 667),
            (4, 500),
            (10, 200),
            (19, 106),
            (20, 100),
            (150, 100),
        ];
        for (nodes, cap) in caps {
            assert_eq!(shards_max(nodes, 1000), Some(cap), "{nodes} nodes");
        }
    }

    #[test]
    fn no_stake_and_a_cap_of_nothing_abort() {
        for stakes in [&[][..], &[0, 0]] {
            assert!(matches!(
                dhondt(stakes, 10).unwrap_err(),
                Failure::Abort {
                    code: E_NO_STAKE,
                    ..
                }
            ));
        }
        let error = dhondt(&[5; 20], 9).unwrap_err();
        assert!(
            error.to_string().contains("pop_max aborts with code 0"),
            "{error}"
        );
    }

    /// Gives out one shard after the other, from the first.
    fn by_hand(stakes: &[u64], n_shards: u16) -> Vec<u16> {
        let cap = shards_max(stakes.len(), n_shards).unwrap();
        let mut shards = vec![0_u16; stakes.len()];
        for _ in 0..n_shards {
            let open = (0..stakes.len()).filter(|i| shards[*i] < cap);
            let best = open
                .max_by_key(|i| (quotient(stakes[*i], shards[*i]), usize::MAX - i))
                .unwrap();
            shards[best] += 1;
        }
        shards
    }

    proptest! {
        #[test]
        fn the_start_changes_nothing_but_the_time(
            stakes in proptest::collection::vec(1_u64..5_000, 1..40),
            n_shards in 10_u16..200,
        ) {
            let shards = shards(n_shards, &stakes);
            prop_assert_eq!(shards.iter().sum::<u16>(), n_shards);
            prop_assert_eq!(shards, by_hand(&stakes, n_shards));
        }
    }
}
