//! What every transaction on a network must keep.

use floe_core::{
    ShardIndex,
    onchain::{
        framework::{Field, TreasuryCap, Wal},
        staking::{Committee, StakingInnerV1, StakingPool},
    },
};
use floe_ledger::{FieldKey, Outcome, token_total, type_tag};
use sui_sdk_types::{Object, TypeTag};

use super::{Network, VERSION};
use crate::support::sui;

impl Network {
    /// Conservation of tokens, full assignment of shards, share prices that never fall.
    pub fn check_invariants(&self, outcome: &Outcome) {
        let before: Vec<&Object> = outcome.before.values().map(|o| o.object()).collect();
        let after = outcome.writes.objects.values().flatten();
        let after: Vec<&Object> = after.map(|o| o.object()).collect();
        self.check_conservation(outcome, &before, &after);
        check_share_prices(&before, &after);
        let inner = FieldKey::new(self.ids.staking_object, &VERSION).unwrap();
        if let Some(Some(object)) = outcome.writes.objects.get(&inner.id()) {
            let contents = object.as_struct().unwrap().contents();
            let inner: Field<u64, StakingInnerV1> = bcs::from_bytes(contents).unwrap();
            check_shards(&inner.value);
        }
    }

    /// SUI and WAL only go where the effects say.
    fn check_conservation(&self, outcome: &Outcome, before: &[&Object], after: &[&Object]) {
        let total = |objects: &[&Object], token: &TypeTag| {
            token_total(objects.iter().copied(), token).unwrap()
        };
        let rebates = |objects: &[&Object]| -> u128 {
            objects.iter().map(|o| u128::from(o.storage_rebate())).sum()
        };
        let gas = outcome.effects.gas_summary();
        let fees = u128::from(gas.computation_cost + gas.non_refundable_storage_fee);
        assert_eq!(
            total(before, &sui()) + rebates(before),
            total(after, &sui()) + rebates(after) + fees,
            "SUI is conserved"
        );
        let burned = supply(before).zip(supply(after)).map_or(0, |(b, a)| {
            assert!(a <= b, "nobody mints WAL");
            u128::from(b - a)
        });
        assert_eq!(
            total(before, &self.ids.wal_type),
            total(after, &self.ids.wal_type) + burned,
            "WAL is conserved"
        );
    }

    /// All WAL in existence is the treasury's supply.
    pub fn check_supply(&self) {
        let objects = || self.ledger.state.iter().map(|(_, object)| object.object());
        let total = token_total(objects(), &self.ids.wal_type).unwrap();
        assert_eq!(total, u128::from(self.supply()), "WAL supply");
    }

    pub fn supply(&self) -> u64 {
        let objects = self.ledger.state.iter().map(|(_, object)| object.object());
        supply(&objects.collect::<Vec<_>>()).unwrap()
    }
}

fn check_shards(staking: &StakingInnerV1) {
    let all: Vec<ShardIndex> = (0..staking.n_shards).map(ShardIndex).collect();
    let check = |committee: &Committee| {
        let nodes = committee.0.iter().map(|(node, _)| node);
        assert!(nodes.is_sorted(), "members are sorted");
        let shards = committee.0.iter().flat_map(|(_, shards)| shards.clone());
        let mut shards: Vec<ShardIndex> = shards.collect();
        shards.sort();
        assert_eq!(shards, all, "all shards are assigned once");
    };
    check(&staking.committee);
    staking.next_committee.iter().for_each(check);
    if staking.epoch.0 > 1 {
        check(&staking.previous_committee);
    }
}

/// FROST per share, unless there are no shares before or after.
fn check_share_prices(before: &[&Object], after: &[&Object]) {
    let pools = |objects: &[&Object]| -> Vec<StakingPool> {
        let tag = type_tag::<StakingPool>();
        let contents = objects.iter().filter_map(|object| object.as_struct());
        contents
            .filter(|content| TypeTag::from(content.object_type().clone()) == tag)
            .map(|content| bcs::from_bytes(content.contents()).unwrap())
            .collect()
    };
    let after = pools(after);
    for old in pools(before) {
        let new = after.iter().find(|new| new.id == old.id).unwrap();
        if old.num_shares > 0 && new.num_shares > 0 {
            assert!(
                u128::from(new.wal_balance) * u128::from(old.num_shares)
                    >= u128::from(old.wal_balance) * u128::from(new.num_shares),
                "a share of {} is worth less: {old:?} {new:?}",
                old.id.0
            );
        }
        assert!(
            new.num_shares <= new.wal_balance,
            "a share is worth 1 FROST or more"
        );
    }
}

fn supply(objects: &[&Object]) -> Option<u64> {
    let tag = type_tag::<TreasuryCap<Wal>>();
    objects
        .iter()
        .filter_map(|object| object.as_struct())
        .find(|content| TypeTag::from(content.object_type().clone()) == tag)
        .map(|content| {
            bcs::from_bytes::<TreasuryCap<Wal>>(content.contents())
                .unwrap()
                .total_supply
        })
}
