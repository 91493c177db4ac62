//! `walrus::active_set`: the nodes with the most stake, from which committees are made
//! (`docs/spec/economics.md` §6).
//!
//! Entries keep their place: the order of the list decides ties of the apportionment.

use floe_core::{
    ObjectId,
    onchain::staking::{ActiveSet, ActiveSetEntry},
};

use crate::{error::Failure, modules::ModuleRef};

const MODULE: ModuleRef = ModuleRef::new("walrus", "active_set");
const E_ZERO_MAX_SIZE: u64 = 0;
const E_DUPLICATE_INSERTION: u64 = 1;

/// An empty set of at most `max_size` nodes, each with at least `threshold_stake` FROST.
///
/// # Errors
/// Aborts with `active_set` 0 if `max_size` is 0.
pub(crate) fn new(max_size: u16, threshold_stake: u64) -> Result<ActiveSet, Failure> {
    MODULE.ensure(max_size > 0, "new", E_ZERO_MAX_SIZE)?;
    Ok(ActiveSet {
        max_size,
        threshold_stake,
        nodes: Vec::new(),
        total_stake: 0,
    })
}

/// Tells the set what a node's stake is now, in FROST. A stake of nothing, or below the threshold,
/// removes the node; a node that has no place yet gets one if there is room, or if it has more than
/// the poorest member, whose place it takes then. Whether the node is a member afterwards.
///
/// # Errors
/// Arithmetic fault if the sum of all stakes leaves `u64`.
pub(crate) fn insert_or_update(
    set: &mut ActiveSet,
    node_id: ObjectId,
    staked_amount: u64,
) -> Result<bool, Failure> {
    if staked_amount == 0 || staked_amount < set.threshold_stake {
        remove(set, &node_id)?;
        return Ok(false);
    }
    if update(set, &node_id, staked_amount)? {
        return Ok(true);
    }
    insert(set, node_id, staked_amount)
}

/// Whether [`insert_or_update`] writes anything: what it leaves alone does not count as changed in
/// the effects of a transaction.
pub(crate) fn is_affected(set: &ActiveSet, node_id: &ObjectId, staked_amount: u64) -> bool {
    if position(set, node_id).is_some() {
        return true;
    }
    let enough = staked_amount > 0 && staked_amount >= set.threshold_stake;
    enough && (has_room(set) || poorest(set).is_some_and(|(_, least)| least < staked_amount))
}

/// Removes a node; the last one takes its place.
///
/// # Errors
/// Arithmetic fault if the sum of stakes was wrong.
pub(crate) fn remove(set: &mut ActiveSet, node_id: &ObjectId) -> Result<(), Failure> {
    if let Some(index) = position(set, node_id) {
        let removed = set.nodes.swap_remove(index);
        set.total_stake =
            replaced(set, removed.staked_amount, 0).ok_or_else(|| MODULE.arithmetic("remove"))?;
    }
    Ok(())
}

fn update(set: &mut ActiveSet, node_id: &ObjectId, stake: u64) -> Result<bool, Failure> {
    let Some(index) = position(set, node_id) else {
        return Ok(false);
    };
    replace(set, index, *node_id, stake, "update")?;
    Ok(true)
}

fn insert(set: &mut ActiveSet, node_id: ObjectId, stake: u64) -> Result<bool, Failure> {
    MODULE.ensure(
        position(set, &node_id).is_none(),
        "insert",
        E_DUPLICATE_INSERTION,
    )?;
    if has_room(set) {
        set.total_stake = replaced(set, 0, stake).ok_or_else(|| MODULE.arithmetic("insert"))?;
        set.nodes.push(ActiveSetEntry {
            node_id,
            staked_amount: stake,
        });
        return Ok(true);
    }
    match poorest(set).filter(|(_, least)| *least < stake) {
        Some((index, _)) => replace(set, index, node_id, stake, "insert").map(|()| true),
        None => Ok(false),
    }
}

fn has_room(set: &ActiveSet) -> bool {
    set.nodes.len() < usize::from(set.max_size)
}

/// The first of several poorest: only a strictly smaller one displaces it in the scan.
fn poorest(set: &ActiveSet) -> Option<(usize, u64)> {
    let entries = set.nodes.iter().map(|entry| entry.staked_amount);
    entries.enumerate().min_by_key(|(_, stake)| *stake)
}

fn replace(
    set: &mut ActiveSet,
    index: usize,
    node_id: ObjectId,
    stake: u64,
    function: &'static str,
) -> Result<(), Failure> {
    let before = set.nodes.get(index).map_or(0, |entry| entry.staked_amount);
    set.total_stake = replaced(set, before, stake).ok_or_else(|| MODULE.arithmetic(function))?;
    if let Some(entry) = set.nodes.get_mut(index) {
        *entry = ActiveSetEntry {
            node_id,
            staked_amount: stake,
        };
    }
    Ok(())
}

fn replaced(set: &ActiveSet, before: u64, after: u64) -> Option<u64> {
    set.total_stake.checked_sub(before)?.checked_add(after)
}

fn position(set: &ActiveSet, node_id: &ObjectId) -> Option<usize> {
    set.nodes.iter().position(|entry| entry.node_id == *node_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> ObjectId {
        ObjectId::from_suffix(number)
    }

    fn filled(max_size: u16, stakes: &[u64]) -> ActiveSet {
        let mut set = new(max_size, 0).unwrap();
        for (number, stake) in (1..).zip(stakes) {
            insert_or_update(&mut set, id(number), *stake).unwrap();
        }
        set
    }

    fn entries(set: &ActiveSet) -> Vec<(u8, u64)> {
        let sum: u64 = set.nodes.iter().map(|entry| entry.staked_amount).sum();
        assert_eq!(set.total_stake, sum);
        set.nodes
            .iter()
            .map(|entry| (entry.node_id.0[31], entry.staked_amount))
            .collect()
    }

    #[test]
    fn the_poorest_gives_way_only_to_more_and_leaves_its_place() {
        let mut set = filled(3, &[20, 10, 10]);
        assert!(!is_affected(&set, &id(9), 10));
        assert!(is_affected(&set, &id(9), 11));
        assert!(!insert_or_update(&mut set, id(9), 10).unwrap());
        assert!(insert_or_update(&mut set, id(9), 11).unwrap());
        assert_eq!(entries(&set), [(1, 20), (9, 11), (3, 10)]);
    }

    #[test]
    fn the_last_takes_the_place_of_a_removed_node() {
        let mut set = filled(4, &[1, 2, 3, 4]);
        assert!(!is_affected(&set, &id(9), 0));
        assert!(is_affected(&set, &id(2), 0));
        assert!(!insert_or_update(&mut set, id(2), 0).unwrap());
        assert_eq!(entries(&set), [(1, 1), (4, 4), (3, 3)]);
        assert!(!insert_or_update(&mut set, id(2), 0).unwrap());
        assert!(insert_or_update(&mut set, id(3), 30).unwrap());
        assert_eq!(entries(&set), [(1, 1), (4, 4), (3, 30)]);
    }

    #[test]
    fn a_threshold_keeps_small_stakes_out_and_a_set_has_room() {
        let mut set = new(2, 5).unwrap();
        assert!(!insert_or_update(&mut set, id(1), 4).unwrap());
        assert!(insert_or_update(&mut set, id(1), 5).unwrap());
        assert!(!insert_or_update(&mut set, id(1), 4).unwrap());
        assert_eq!(entries(&set), []);
        let error = new(0, 0).unwrap_err();
        assert!(matches!(
            error,
            Failure::Abort {
                code: E_ZERO_MAX_SIZE,
                ..
            }
        ));
    }
}
