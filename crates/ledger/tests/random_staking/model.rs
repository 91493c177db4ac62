//! Pools and stakes as `docs/spec/economics.md` §4 and §5 word them, in plain numbers.

use std::collections::{BTreeMap, BTreeSet};

use floe_core::{
    ObjectId,
    onchain::staking::{PendingValues, StakingPool},
};

/// FROST and the shares they are divided into; `None` is one to one.
type Rate = Option<(u128, u128)>;
type Pending = BTreeMap<u32, u64>;
/// The module and the code of an abort.
pub(crate) type Refusal = &'static str;

pub(crate) const MISSING: Refusal = "dynamic_field 1";
/// A number below zero or beyond `u64`, which is no abort of the contracts' own.
pub(crate) const ARITHMETIC: Refusal = "arithmetic";
const WAL: u64 = 1_000_000_000;

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) epoch: u32,
    pub(crate) selected: bool,
    pub(crate) members: BTreeSet<ObjectId>,
    pub(crate) next_members: BTreeSet<ObjectId>,
    pub(crate) pools: BTreeMap<ObjectId, Pool>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    pub(crate) activation: u32,
    pub(crate) latest: u32,
    pub(crate) wal: u64,
    pub(crate) shares: u64,
    pub(crate) rates: BTreeMap<u32, Rate>,
    pub(crate) stake: Pending,
    pub(crate) pre_active: Pending,
    pub(crate) leaving: Pending,
    pub(crate) rewards: u64,
    pub(crate) commission: u64,
    pub(crate) blocked: Option<u64>,
    pub(crate) rate: u16,
    pub(crate) next_rates: Pending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stake {
    pub(crate) node: ObjectId,
    pub(crate) principal: u64,
    pub(crate) activation: u32,
    pub(crate) withdraw: Option<u32>,
}

fn to_wal(rate: Rate, shares: u64) -> u64 {
    rate.map_or(shares, |(wal, all)| {
        u64::try_from(u128::from(shares) * wal / all).unwrap()
    })
}

fn to_shares(rate: Rate, frost: u64) -> u64 {
    rate.map_or(frost, |(wal, all)| {
        u64::try_from(u128::from(frost) * all / wal).unwrap()
    })
}

fn until(pending: &Pending, epoch: u32) -> u64 {
    pending.range(..=epoch).map(|(_, amount)| amount).sum()
}

fn flush(pending: &mut Pending, epoch: u32) -> u64 {
    let sum = until(pending, epoch);
    pending.retain(|key, _| *key > epoch);
    sum
}

impl Pool {
    pub(crate) fn new(epoch: u32, activation: u32, rate: u16) -> Self {
        Self {
            activation,
            latest: epoch,
            rates: [(activation, None)].into(),
            rate,
            ..Self::default()
        }
    }

    fn current_rate(&self) -> Rate {
        (self.wal > 0 && self.shares > 0).then_some((self.wal.into(), self.shares.into()))
    }

    fn rate_at(&self, epoch: u32) -> Rate {
        if epoch < self.activation {
            return None;
        }
        self.rates
            .range(..=epoch)
            .next_back()
            .and_then(|(_, rate)| *rate)
    }

    fn pre_active_shares(&self, epoch: u32) -> u64 {
        let going = self.pre_active.range(..=epoch);
        going
            .map(|(key, frost)| to_shares(self.rate_at(key - 1), *frost))
            .sum()
    }

    fn earned(&self, principal: u64, from: u32, to: u32) -> u64 {
        let shares = to_shares(self.rate_at(from), principal);
        to_wal(self.rate_at(to), shares).saturating_sub(principal)
    }

    /// The stake that counts for an epoch. What was left by rounding can make shares dearer than
    /// all stake (`docs/spec/contracts.md` §7).
    fn balance_at(&self, epoch: u32) -> Result<u64, Refusal> {
        let going = until(&self.leaving, epoch) + self.pre_active_shares(epoch);
        let staked = self.wal + until(&self.stake, epoch);
        let going = to_wal(self.current_rate(), going);
        staked.checked_sub(going).ok_or(ARITHMETIC)
    }

    pub(crate) fn add_commission(&mut self, frost: u64, block: bool) {
        self.commission += frost;
        if block {
            *self.blocked.get_or_insert(0) += frost;
        }
    }

    fn advance(&mut self, reward: u64, epoch: u32) -> Result<(), Refusal> {
        if reward > 0 && self.wal == 0 {
            return Err("staking_pool 2");
        }
        let commission = u128::from(reward) * u128::from(self.rate) / 10_000;
        let commission = u64::try_from(commission).unwrap();
        self.add_commission(commission, true);
        if let Some((_, rate)) = self.next_rates.range(..=epoch).next_back() {
            self.rate = u16::try_from(*rate).unwrap();
        }
        flush(&mut self.next_rates, epoch);
        self.rewards += reward - commission;
        self.wal += reward - commission;
        self.latest = epoch;
        let rate = self.current_rate();
        self.rates.insert(epoch, rate);
        self.wal += flush(&mut self.stake, epoch);
        let going = self.pre_active_shares(epoch) + flush(&mut self.leaving, epoch);
        flush(&mut self.pre_active, epoch);
        let going = to_wal(rate, going);
        self.wal = self.wal.checked_sub(going).ok_or("staking_pool 1")?;
        self.shares = to_shares(rate, self.wal);
        Ok(())
    }

    pub(crate) fn collect(&mut self) -> u64 {
        let free = self.commission.saturating_sub(self.blocked.unwrap_or(0));
        self.commission -= free;
        free
    }

    pub(crate) fn assert_equals(&self, pool: &StakingPool) {
        let pending = |values: &PendingValues| -> Pending {
            values
                .0
                .iter()
                .map(|(epoch, amount)| (epoch.0, *amount))
                .collect()
        };
        assert_eq!(
            [self.wal, self.shares, self.rewards, self.commission],
            [
                pool.wal_balance,
                pool.num_shares,
                pool.rewards_pool.value,
                pool.commission.value
            ]
        );
        assert_eq!(
            [
                &self.stake,
                &self.pre_active,
                &self.leaving,
                &self.next_rates
            ],
            [
                &pending(&pool.pending_stake),
                &pending(&pool.pre_active_withdrawals),
                &pending(&pool.pending_shares_withdraw),
                &pending(&pool.pending_commission_rate),
            ]
        );
        assert_eq!(
            (
                self.latest,
                self.rate,
                self.rates.len(),
                self.blocked.is_some()
            ),
            (
                pool.latest_epoch.0,
                pool.commission_rate,
                usize::try_from(pool.exchange_rates.size).unwrap(),
                pool.extra_fields.size == 1,
            )
        );
    }
}

impl Model {
    fn open_epoch(&self) -> u32 {
        self.epoch + if self.selected { 2 } else { 1 }
    }

    pub(crate) fn register(&mut self, node: ObjectId, rate: u16) {
        let activation = self.epoch + u32::from(self.selected);
        self.pools
            .insert(node, Pool::new(self.epoch, activation, rate));
    }

    /// What counts for the first committee that is not chosen yet.
    pub(crate) fn counted(&self, node: &ObjectId) -> Result<u64, Refusal> {
        self.pools[node].balance_at(self.open_epoch())
    }

    /// Does something with a node's pool, or nothing at all if it can't be counted afterwards.
    fn with_pool<T>(
        &mut self,
        node: &ObjectId,
        change: impl FnOnce(&mut Pool) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let open = self.open_epoch();
        let pool = self.pools.get_mut(node).ok_or(MISSING)?;
        let before = pool.clone();
        let changed = change(pool).and_then(|result| pool.balance_at(open).map(|_| result));
        if changed.is_err() {
            *pool = before;
        }
        changed
    }

    pub(crate) fn stake(&mut self, node: ObjectId, frost: u64) -> Result<Stake, Refusal> {
        let activation = self.open_epoch();
        self.with_pool(&node, |pool| {
            match frost {
                0 => return Err("staking_pool 7"),
                1..WAL => return Err("staked_wal 7"),
                _ => {}
            }
            *pool.stake.entry(activation).or_default() += frost;
            Ok(Stake {
                node,
                principal: frost,
                activation,
                withdraw: None,
            })
        })
    }

    pub(crate) fn can_leave_early(&self, stake: &Stake) -> bool {
        let counted = self.next_members.contains(&stake.node);
        stake.withdraw.is_none()
            && (stake.activation == self.epoch + 2
                || (stake.activation == self.epoch + 1 && !counted))
    }

    pub(crate) fn request(&mut self, stake: &mut Stake) -> Result<(), Refusal> {
        let early = self.can_leave_early(stake);
        let (next, current) = (
            self.next_members.contains(&stake.node),
            self.members.contains(&stake.node),
        );
        let (epoch, own) = (self.epoch, *stake);
        let withdraw = self.with_pool(&own.node, |pool| {
            if own.withdraw.is_some() {
                return Err("staking_pool 8");
            }
            if early {
                return Err("staking_pool 13");
            }
            if own.activation == epoch + 1 {
                *pool.pre_active.entry(epoch + 2).or_default() += own.principal;
                return Ok(epoch + 2);
            }
            let withdraw = match (next, current) {
                (true, _) => epoch + 2,
                (false, true) => epoch + 1,
                (false, false) => return Err("staking_pool 13"),
            };
            let shares = to_shares(pool.rate_at(own.activation), own.principal);
            if shares == 0 {
                return Err("staking_pool 18");
            }
            *pool.leaving.entry(withdraw).or_default() += shares;
            Ok(withdraw)
        })?;
        stake.withdraw = Some(withdraw);
        Ok(())
    }

    /// The payout.
    pub(crate) fn withdraw(&mut self, stake: &Stake) -> Result<u64, Refusal> {
        let early = self.can_leave_early(stake);
        let nowhere =
            !self.members.contains(&stake.node) && !self.next_members.contains(&stake.node);
        let epoch = self.epoch;
        self.with_pool(&stake.node, |pool| {
            if early {
                *pool.stake.get_mut(&stake.activation).unwrap() -= stake.principal;
                return Ok(stake.principal);
            }
            let until = match stake.withdraw {
                None if nowhere => {
                    let shares = to_shares(pool.rate_at(stake.activation), stake.principal);
                    *pool.leaving.entry(epoch).or_default() += shares;
                    epoch
                }
                None => return Err("staking_pool 10"),
                Some(withdraw) if withdraw > epoch => return Err("staking_pool 11"),
                Some(withdraw) => withdraw,
            };
            let earned = pool.earned(stake.principal, stake.activation, until);
            let paid = earned.min(pool.rewards);
            pool.rewards -= paid;
            Ok(stake.principal + paid)
        })
    }

    /// The rewards of the old committee; then whoever joined. Nothing at all if one is refused.
    pub(crate) fn change_epoch(
        &mut self,
        rewards: &BTreeMap<ObjectId, u64>,
    ) -> Result<(), Refusal> {
        let before = self.clone();
        let changed = self.try_change_epoch(rewards);
        if changed.is_err() {
            *self = before;
        }
        changed
    }

    fn try_change_epoch(&mut self, rewards: &BTreeMap<ObjectId, u64>) -> Result<(), Refusal> {
        self.epoch += 1;
        self.selected = false;
        let epoch = self.epoch;
        let old = std::mem::replace(&mut self.members, std::mem::take(&mut self.next_members));
        let advanced = old.iter().map(|node| (node, rewards[node]));
        let joined = self.members.difference(&old).map(|node| (node, 0));
        for (node, reward) in advanced.chain(joined) {
            let pool = self.pools.get_mut(node).unwrap();
            pool.advance(reward, epoch)?;
            pool.balance_at(epoch + 1)?;
        }
        Ok(())
    }
}

pub(crate) fn split(stake: &mut Stake, amount: u64) -> Result<Stake, Refusal> {
    if stake.principal <= amount {
        return Err("staked_wal 2");
    }
    if amount < WAL || stake.principal - amount < WAL {
        return Err("staked_wal 7");
    }
    stake.principal -= amount;
    Ok(Stake {
        principal: amount,
        ..*stake
    })
}

pub(crate) fn join(stake: &mut Stake, other: &Stake) -> Result<(), Refusal> {
    let key = |stake: &Stake| (stake.node, stake.activation, stake.withdraw);
    if key(stake) != key(other) {
        return Err("staked_wal 1");
    }
    stake.principal += other.principal;
    Ok(())
}
