//! A network's state in the words of a trace.

use floe_core::{
    Epoch, ObjectId,
    onchain::{
        framework::Field,
        staking::{
            ActiveSet, Committee, EpochState, NewEpochCommissionBlockedForCollection as BlockedKey,
            PendingValues, PoolExchangeRate, StakingPool,
        },
        subsidies::Subsidies,
        walrus_subsidies::{SubsidiesInnerKey, WalrusSubsidiesInnerV1},
    },
};
use floe_ledger::{FieldKey, MoveType};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Replay;

impl Replay {
    /// Panics at the first part of the state that differs.
    pub(super) fn compare(&self, expected: &Value) {
        let got = self.state();
        for (part, expected) in expected.as_object().unwrap() {
            if part == "pools" {
                let pools = got[part].as_array().unwrap().iter();
                for (got, expected) in pools.zip(expected.as_array().unwrap()) {
                    assert_eq!(got, expected, "pool");
                }
            }
            assert_eq!(&got[part], expected, "{part}");
        }
    }

    fn state(&self) -> Value {
        let (staking, system) = (self.net.staking(), self.net.system());
        let slots: Vec<Value> = (0..system.future_accounting.length)
            .map(|ahead| {
                let slot = system.future_accounting.slot(ahead).unwrap();
                json!([
                    slot.epoch,
                    slot.used_capacity,
                    slot.rewards_to_distribute.value
                ])
            })
            .collect();
        let since = |ms: u64| ms - self.start_ms;
        let phase = match staking.epoch_state {
            EpochState::EpochChangeSync(weight) => json!(["sync", weight]),
            EpochState::EpochChangeDone(ms) => json!(["done", since(ms)]),
            EpochState::NextParamsSelected(ms) => json!(["selected", since(ms)]),
        };
        let pools = self.nodes.iter().map(|(number, node)| {
            let pool = self.net.pool(&node.node_id);
            json!([number, self.pool(&pool)])
        });
        assert_eq!(staking.epoch, system.committee.epoch);
        assert_eq!(system.committee.n_shards, staking.n_shards);
        json!({
            "epoch": staking.epoch,
            "phase": phase,
            "supply": self.net.supply(),
            "prices": [
                system.storage_price_per_unit_size,
                system.write_price_per_unit_size
            ],
            "capacity": system.total_capacity_size,
            "used": system.used_capacity_size,
            "slots": slots,
            "active": self.active(&self.net.active_set()),
            "committee": self.committee(&staking.committee),
            "previous": self.committee(&staking.previous_committee),
            "next": staking.next_committee.as_ref().map(|next| self.committee(next)),
            "pools": pools.collect::<Vec<_>>(),
            "subsidies": self.subsidies.map(|id| self.subsidies(id)),
            "credits": self.credits.map(|id| self.net.read::<Subsidies>(&id).subsidy_pool.value),
        })
    }

    fn active(&self, set: &ActiveSet) -> Value {
        let sum: u64 = set.nodes.iter().map(|entry| entry.staked_amount).sum();
        assert_eq!(set.total_stake, sum);
        let entries = set.nodes.iter();
        entries
            .map(|entry| json!([self.number_of(&entry.node_id), entry.staked_amount]))
            .collect()
    }

    fn committee(&self, committee: &Committee) -> Value {
        let members = committee.0.iter();
        members
            .map(|(node, shards)| json!([self.number_of(node), shards]))
            .collect()
    }

    fn pool(&self, pool: &StakingPool) -> Value {
        let blocked: Option<u64> = self.entry(pool.extra_fields.id.0, &BlockedKey);
        let rates: Vec<Value> = (0..=pool.latest_epoch.0.max(pool.activation_epoch.0))
            .filter_map(|epoch| {
                let rate = self.entry(pool.exchange_rates.id.0, &Epoch(epoch))?;
                Some(match rate {
                    PoolExchangeRate::Flat => json!([epoch, null]),
                    PoolExchangeRate::Variable {
                        wal_amount,
                        share_amount,
                    } => json!([epoch, [wal_amount, share_amount]]),
                })
            })
            .collect();
        assert_eq!(
            u64::try_from(rates.len()).unwrap(),
            pool.exchange_rates.size
        );
        json!({
            "activation": pool.activation_epoch,
            "latest": pool.latest_epoch,
            "wal": pool.wal_balance,
            "shares": pool.num_shares,
            "rewards": pool.rewards_pool.value,
            "commission": pool.commission.value,
            "blocked": blocked,
            "rate": pool.commission_rate,
            "rates": rates,
            "stake": pending(&pool.pending_stake),
            "leaving": pending(&pool.pending_shares_withdraw),
            "pre_active": pending(&pool.pre_active_withdrawals),
            "next_rates": pending(&pool.pending_commission_rate),
        })
    }

    fn subsidies(&self, id: ObjectId) -> Value {
        let inner: WalrusSubsidiesInnerV1 = self.net.field(id, &SubsidiesInnerKey);
        let ring = inner.already_subsidized_balances;
        let (before, from) = ring
            .ring_buffer
            .split_at(ring.current_index.try_into().unwrap());
        let already = from.iter().chain(before);
        json!({
            "pool": inner.subsidy_pool.value,
            "latest": inner.latest_epoch,
            "already": already.map(|entry| json!([entry.epoch, entry.balance])).collect::<Vec<_>>(),
        })
    }

    /// An entry of a table or bag, if it is there.
    fn entry<K, V>(&self, parent: ObjectId, key: &K) -> Option<V>
    where
        K: MoveType + DeserializeOwned,
        V: DeserializeOwned,
    {
        let id = FieldKey::new(parent, key).unwrap().id();
        self.net.ledger.state.get(&id)?;
        Some(self.net.read::<Field<K, V>>(&id).value)
    }
}

fn pending(values: &PendingValues) -> Value {
    let entries = values.0.iter();
    entries
        .map(|(epoch, amount)| json!([epoch, amount]))
        .collect()
}
