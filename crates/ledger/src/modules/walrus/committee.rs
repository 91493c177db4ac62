//! `walrus::committee`: which node holds which shards, and how they move between committees
//! (`docs/spec/economics.md` §7).
//!
//! The package's `sort` module has only macros; Rust's own sort takes their place here.

use std::collections::BTreeMap;

use floe_core::{
    ObjectId, ShardIndex,
    onchain::{framework::VecMap, staking::Committee},
};

use crate::{
    call::Call,
    error::Failure,
    modules::{ModuleBodies, ModuleRef},
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "committee");
const E_INVALID_SHARD_ASSIGNMENT: u64 = 0;

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[("size", size_fn), ("to_inner", to_inner)],
);

/// No members.
pub(crate) fn empty() -> Committee {
    Committee(VecMap::default())
}

/// The first committee: nodes in order of their ids get consecutive shards.
///
/// # Errors
/// Arithmetic fault beyond 65 535 shards.
pub(crate) fn initialize(wanted: &[(ObjectId, u16)]) -> Result<Committee, Failure> {
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable_by_key(|(node, _)| *node);
    let mut next = 0_u16;
    let mut members = Vec::with_capacity(wanted.len());
    for (node, weight) in wanted {
        let end = next
            .checked_add(weight)
            .ok_or_else(|| MODULE.arithmetic("initialize"))?;
        members.push((node, (next..end).map(ShardIndex).collect()));
        next = end;
    }
    Ok(Committee(VecMap { contents: members }))
}

/// The committee with these weights that moves the fewest shards. `wanted` is in the order of the
/// active set, which decides who gets which of the shards that become free.
///
/// # Errors
/// Aborts with `committee` 0 unless the weights add up to the number of shards.
pub(crate) fn transition(
    old: &Committee,
    wanted: &[(ObjectId, u16)],
) -> Result<Committee, Failure> {
    let shards: usize = old.0.iter().map(|(_, shards)| shards.len()).sum();
    let total: usize = wanted.iter().map(|(_, n)| usize::from(*n)).sum();
    MODULE.ensure(shards == total, "transition", E_INVALID_SHARD_ASSIGNMENT)?;

    let counts: BTreeMap<_, _> = wanted.iter().copied().collect();
    let mut free = Vec::new();
    let mut members = BTreeMap::new();
    let mut growing = Vec::new();
    for (node, own) in &old.0 {
        let count = usize::from(counts.get(node).copied().unwrap_or(0));
        if count == 0 {
            free.extend_from_slice(own);
            continue;
        }
        let kept = own.get(..count).unwrap_or(own);
        let surplus = own.get(count..).unwrap_or(&[]);
        free.extend(surplus.iter().rev());
        members.insert(*node, kept.to_vec());
        if count > own.len() {
            growing.push((*node, count));
        }
    }
    let joining = wanted
        .iter()
        .filter(|(node, _)| old.0.get(node).is_none())
        .map(|(node, count)| (*node, usize::from(*count)));
    for (node, count) in joining.chain(growing) {
        let own: &mut Vec<ShardIndex> = members.entry(node).or_default();
        let missing = count.saturating_sub(own.len());
        let start = free
            .len()
            .checked_sub(missing)
            .ok_or_else(|| MODULE.vector("transition"))?;
        own.extend(free.drain(start..).rev());
    }
    let contents = members.into_iter().collect();
    Ok(Committee(VecMap { contents }))
}

/// The shards of a member.
pub(crate) fn shards<'a>(committee: &'a Committee, node: &ObjectId) -> Option<&'a [ShardIndex]> {
    let members = &committee.0.contents;
    let index = members.binary_search_by_key(node, |(id, _)| *id).ok()?;
    members.get(index).map(|(_, shards)| shards.as_slice())
}

/// Whether a node is a member.
pub(crate) fn contains(committee: &Committee, node: &ObjectId) -> bool {
    shards(committee, node).is_some()
}

fn size_fn(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let size = call.args.read::<Committee>(0)?.0.len() as u64;
    call.ret(size);
    Ok(())
}

fn to_inner(call: &mut Call<'_, '_>) -> Result<(), Failure> {
    let inner = call.args.read::<Committee>(0)?.0.clone();
    call.ret(inner);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn committee(members: &[(u8, &[u16])]) -> Committee {
        let contents = members
            .iter()
            .map(|(node, shards)| {
                let shards = shards.iter().copied().map(ShardIndex).collect();
                (ObjectId::from_suffix(*node), shards)
            })
            .collect();
        Committee(VecMap { contents })
    }

    fn wanted(weights: &[(u8, u16)]) -> Vec<(ObjectId, u16)> {
        weights
            .iter()
            .map(|(node, weight)| (ObjectId::from_suffix(*node), *weight))
            .collect()
    }

    #[test]
    fn shards_move_as_in_the_specification() {
        let first = initialize(&wanted(&[(3, 3), (1, 4), (2, 3)])).unwrap();
        assert_eq!(
            first,
            committee(&[(1, &[0, 1, 2, 3]), (2, &[4, 5, 6]), (3, &[7, 8, 9])])
        );
        let second = transition(&first, &wanted(&[(3, 2), (2, 4), (4, 4)])).unwrap();
        assert_eq!(
            second,
            committee(&[(2, &[4, 5, 6, 0]), (3, &[7, 8]), (4, &[9, 3, 2, 1])])
        );
        let third = transition(&second, &wanted(&[(2, 3), (1, 3), (3, 4)])).unwrap();
        assert_eq!(
            third,
            committee(&[(1, &[1, 2, 3]), (2, &[4, 5, 6]), (3, &[7, 8, 9, 0])])
        );
        let four = committee(&[(0, &[0, 1]), (1, &[2, 3]), (2, &[4, 5]), (3, &[6, 7])]);
        assert_eq!(
            transition(&four, &wanted(&[(3, 4), (2, 4)])).unwrap(),
            committee(&[(2, &[4, 5, 3, 2]), (3, &[6, 7, 1, 0])])
        );
    }

    #[test]
    fn weights_must_add_up() {
        let old = committee(&[(1, &[0, 1])]);
        assert!(matches!(
            transition(&old, &wanted(&[(1, 1)])).unwrap_err(),
            Failure::Abort {
                code: E_INVALID_SHARD_ASSIGNMENT,
                ..
            }
        ));
    }

    /// The rule as the specification words it, with a map whose entries are removed and appended.
    fn by_the_letter(old: &Committee, wanted: &[(ObjectId, u16)]) -> Committee {
        let mut map = wanted.to_vec();
        let mut pool = Vec::new();
        let mut result = Vec::new();
        for (node, shards) in &old.0 {
            let mut shards = shards.clone();
            let position = map.iter().position(|(id, _)| id == node);
            let count = position.map_or(0, |at| usize::from(map.remove(at).1));
            if count == 0 {
                pool.extend(shards);
            } else if count > shards.len() {
                map.push((*node, u16::try_from(count).unwrap()));
            } else {
                while shards.len() > count {
                    pool.push(shards.pop().unwrap());
                }
                result.push((*node, shards));
            }
        }
        for (node, count) in map {
            let mut shards = old.0.get(&node).cloned().unwrap_or_default();
            while shards.len() < usize::from(count) {
                shards.push(pool.pop().unwrap());
            }
            result.push((node, shards));
        }
        result.sort_by_key(|(node, _)| *node);
        Committee(VecMap { contents: result })
    }

    fn weights() -> impl Strategy<Value = Vec<(u8, u16)>> {
        proptest::collection::btree_map(0_u8..12, 1_u16..9, 1..10)
            .prop_map(|map| map.into_iter().collect::<Vec<_>>())
            .prop_shuffle()
    }

    proptest! {
        #[test]
        fn transitions_follow_the_letter_of_the_rule(old in weights(), mut new in weights()) {
            let total: u16 = old.iter().map(|(_, n)| n).sum();
            let mut excess = new.iter().map(|(_, n)| *n).sum::<u16>();
            // Bring the sum of the new weights to that of the old ones.
            if excess < total {
                new[0].1 += total - excess;
            }
            while excess > total {
                let (_, last) = new.last_mut().unwrap();
                let cut = (*last).min(excess - total);
                *last -= cut;
                excess -= cut;
                if *last == 0 {
                    new.pop();
                }
            }
            let first = initialize(&wanted(&old)).unwrap();
            let second = transition(&first, &wanted(&new)).unwrap();
            prop_assert_eq!(&second, &by_the_letter(&first, &wanted(&new)));
            let back = transition(&second, &wanted(&old)).unwrap();
            prop_assert_eq!(&back, &by_the_letter(&second, &wanted(&old)));
            let mut all: Vec<_> = back.0.iter().flat_map(|(_, shards)| shards).map(|s| s.0).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..total).collect::<Vec<_>>());
        }
    }
}
