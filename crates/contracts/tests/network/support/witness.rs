//! Sees every transaction, and that it keeps what all must keep.

use std::collections::BTreeMap;

use floe_contracts::Executed;
use floe_core::{
    Epoch, ObjectId, ShardIndex,
    onchain::{
        framework::{Field, TreasuryCap, Wal},
        staking::{
            Committee, PoolExchangeRate, StakedWal, StakedWalState, StakingInnerV1, StakingPool,
        },
        system::SystemStateInnerV1,
    },
};
use floe_fullnode::{Handle, Reader};
use floe_ledger::{FieldKey, LiveObject, MoveType, object_id, token_total, type_tag};
use serde::de::DeserializeOwned;
use sui_sdk_types::{ObjectOut, TransactionEffects, TypeTag};

use super::Network;

/// The version of the contracts, and the name of their content.
const VERSION: u64 = 4;

/// What was seen of the chain's state so far.
pub(crate) struct Witness {
    handle: Handle,
    wal_type: TypeTag,
    staking: ObjectId,
    system: ObjectId,
    /// FROST in each object that has any.
    wal: BTreeMap<ObjectId, u128>,
    total: u128,
    supply: u128,
    pools: BTreeMap<ObjectId, StakingPool>,
    /// Transactions.
    pub(crate) seen: usize,
}

fn content<T: DeserializeOwned>(object: &LiveObject) -> T {
    bcs::from_bytes(object.as_struct().unwrap().contents()).unwrap()
}

fn is<T: MoveType>(object: &LiveObject) -> bool {
    let own = object.as_struct().map(|own| own.object_type().clone());
    own.is_some_and(|own| TypeTag::from(own) == type_tag::<T>())
}

impl Witness {
    pub(crate) fn new(network: &Network) -> Self {
        let field = |object| FieldKey::new(object, &VERSION).unwrap().id();
        let mut witness = Self {
            handle: network.handle.clone(),
            wal_type: network.walrus.wal_type.clone(),
            staking: field(network.walrus.staking_object),
            system: field(network.walrus.system_object),
            wal: BTreeMap::new(),
            total: 0,
            supply: u128::MAX,
            pools: BTreeMap::new(),
            seen: 0,
        };
        for object in witness.live() {
            witness.object(&object);
        }
        assert_eq!(witness.total, witness.supply);
        witness
    }

    fn reader(&self) -> Reader {
        self.handle.reader().unwrap()
    }

    fn live(&self) -> Vec<std::sync::Arc<LiveObject>> {
        let mut objects = Vec::new();
        self.reader()
            .for_each_live(&mut |object| objects.push(object))
            .unwrap();
        objects
    }

    /// What a transaction has changed: WAL only moves or is burned, shards are all assigned, no
    /// share is worth less than before.
    pub(crate) fn see(&mut self, executed: &Executed) {
        let TransactionEffects::V2(effects) = &executed.effects else {
            panic!("effects of another version");
        };
        let reader = self.reader();
        for change in &effects.changed_objects {
            let id = object_id(&change.object_id);
            match change.output_state {
                ObjectOut::ObjectWrite { .. } => {
                    let object = reader.object(&id).unwrap().unwrap();
                    self.object(&object);
                }
                _ => self.note_wal(id, 0),
            }
        }
        assert_eq!(self.total, self.supply, "WAL is conserved");
        self.seen += 1;
    }

    fn note_wal(&mut self, id: ObjectId, frost: u128) {
        self.total -= self.wal.insert(id, frost).unwrap_or(0);
        self.total += frost;
    }

    fn object(&mut self, object: &LiveObject) {
        let id = object_id(&object.object_id());
        let frost = token_total([object.object()], &self.wal_type).unwrap();
        self.note_wal(id, frost);
        if is::<TreasuryCap<Wal>>(object) {
            let supply = content::<TreasuryCap<Wal>>(object).total_supply.into();
            assert!(supply <= self.supply, "nobody mints WAL");
            self.supply = supply;
        } else if is::<StakingPool>(object) {
            self.pool(content(object));
        } else if id == self.staking {
            check_shards(&content::<Field<u64, StakingInnerV1>>(object).value);
        } else if id == self.system {
            check_system(&content::<Field<u64, SystemStateInnerV1>>(object).value);
        }
    }

    fn pool(&mut self, new: StakingPool) {
        assert!(new.num_shares <= new.wal_balance, "{new:?}");
        if let Some(old) = self.pools.get(&new.id.0)
            && old.num_shares > 0
            && new.num_shares > 0
        {
            let worth = |a: &StakingPool, b: &StakingPool| {
                u128::from(a.wal_balance) * u128::from(b.num_shares)
            };
            assert!(
                worth(&new, old) >= worth(old, &new),
                "a share is worth less: {old:?} {new:?}"
            );
        }
        self.pools.insert(new.id.0, new);
    }

    /// Looks at the whole state: what was seen of it is all there is, and every pool has what its
    /// stakes have been promised.
    pub(crate) fn check_whole(&self) {
        let live = self.live();
        let all = live.iter().map(|object| object.object());
        let total = token_total(all, &self.wal_type).unwrap();
        assert_eq!(total, self.total, "all WAL was seen");
        let reader = self.reader();
        let staking = reader.object(&self.staking).unwrap().unwrap();
        let now = content::<Field<u64, StakingInnerV1>>(&staking).value.epoch;
        let mut promised: BTreeMap<ObjectId, (u64, u64)> = BTreeMap::new();
        for object in live.iter().filter(|object| is::<StakedWal>(object)) {
            let stake: StakedWal = content(object);
            let pool = &self.pools[&stake.node_id];
            let (rewards, stakes) = promised.entry(stake.node_id).or_default();
            *rewards += earned(&reader, pool, &stake, now);
            *stakes += 1;
        }
        for (node, (rewards, stakes)) in promised {
            let held = self.pools[&node].rewards_pool.value;
            // Each promise may be rounded.
            assert!(rewards <= held + stakes, "{node}: {rewards} of {held}");
        }
    }
}

/// What a stake has earned (`docs/spec/economics.md` §5.2).
fn earned(reader: &Reader, pool: &StakingPool, stake: &StakedWal, now: Epoch) -> u64 {
    let until = match stake.state {
        StakedWalState::Staked => now,
        StakedWalState::Withdrawing { withdraw_epoch } => withdraw_epoch.min(now),
    };
    let rate = |from: Epoch| {
        (pool.activation_epoch.0..=from.0).rev().find_map(|epoch| {
            let key = FieldKey::new(pool.exchange_rates.id.0, &Epoch(epoch)).unwrap();
            let object = reader.object(&key.id()).unwrap()?;
            match content::<Field<Epoch, PoolExchangeRate>>(&object).value {
                PoolExchangeRate::Flat => Some((1, 1)),
                PoolExchangeRate::Variable {
                    wal_amount,
                    share_amount,
                } => Some((wal_amount, share_amount)),
            }
        })
    };
    let principal = u128::from(stake.principal.value);
    let (wal, shares) = rate(stake.activation_epoch).unwrap_or((1, 1));
    let own = principal * shares / wal;
    let (wal, shares) = rate(until).unwrap_or((1, 1));
    u64::try_from((own * wal / shares).saturating_sub(principal)).unwrap()
}

fn check_shards(staking: &StakingInnerV1) {
    let all: Vec<ShardIndex> = (0..staking.n_shards).map(ShardIndex).collect();
    let check = |committee: &Committee| {
        assert!(committee.0.iter().map(|(node, _)| node).is_sorted());
        let shards = committee.0.iter().flat_map(|(_, shards)| shards.clone());
        let mut shards: Vec<ShardIndex> = shards.collect();
        shards.sort();
        assert_eq!(shards, all, "all shards are assigned once");
    };
    check(&staking.committee);
    staking.next_committee.iter().for_each(check);
    if staking.epoch > Epoch(1) {
        check(&staking.previous_committee);
    }
}

fn check_system(system: &SystemStateInnerV1) {
    let members = &system.committee.members;
    let weight: u16 = members.iter().map(|member| member.weight).sum();
    assert_eq!(weight, system.committee.n_shards);
    let ring = &system.future_accounting;
    for ahead in 0..ring.length {
        let slot = ring.slot(ahead).unwrap();
        assert_eq!(slot.epoch.0, system.committee.epoch.0 + ahead);
        assert!(slot.used_capacity <= system.total_capacity_size);
    }
    assert_eq!(
        ring.slot(0).unwrap().used_capacity,
        system.used_capacity_size
    );
}
