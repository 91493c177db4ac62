//! From a [`Ptb`] to its effects.

use std::{collections::BTreeMap, sync::PoisonError, time::Duration};

use floe_core::{ObjectId, wire};
use floe_env::BoxFuture;
use sui_sdk_types::{
    Digest, ExecutionError, GasCostSummary, ObjectReference, Owner, Transaction, UserSignature,
};
use tonic::Code;

use super::{
    Executed, Wallet,
    outcome::check,
    purse::{Held, LAG_PAUSE, LAG_PAUSES, Need, TakeError},
};
use crate::{
    Deployment, Ptb, ReadError, RpcError, Simulation, TransactionError, ptb::Completion, ptb::Token,
};

/// The least budget, in units of the gas price.
const BUDGET_MIN_UNITS: u64 = 1000;
/// The greatest budget, in MIST.
const BUDGET_MAX: u64 = 50_000_000_000;
/// MIST a transaction is likely to need, and for each of its commands.
const BUDGET_GUESS: u64 = 20_000_000;
const BUDGET_GUESS_COMMAND: u64 = 5_000_000;
/// By how many MIST budgets of equal transactions differ at random; less than the margin.
const BUDGET_SPREAD: u64 = 500_000;
/// For how long a gas price is taken as known.
const GAS_PRICE_AGE_MAX: Duration = Duration::from_secs(60);

type Resolved = BTreeMap<ObjectId, (Owner, ObjectReference)>;

/// A transaction ready to be submitted.
struct Prepared {
    transaction: Transaction,
    held: Held,
}

/// Why an attempt did not work.
enum Failure {
    /// For good.
    Final(TransactionError),
    /// The inputs may have been stale: the transaction, if it was built, and the node's refusal.
    Stale(Option<Digest>, TransactionError),
    /// The gas was too little, and there is more.
    MoreGas,
    /// The money is in more coins than a transaction takes.
    Scattered(Token),
}

impl<E: Into<TransactionError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Final(error.into())
    }
}

impl From<TakeError> for Failure {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Scattered { token, .. } => Self::Scattered(token),
            TakeError::Final(error) => Self::Final(error),
        }
    }
}

impl Wallet {
    /// Pays for, signs and executes a transaction.
    ///
    /// Dropping the future leaves it open whether the transaction runs.
    ///
    /// # Errors
    /// [`TransactionError`]. Nothing was paid except where the error names a transaction.
    pub fn execute<'a>(
        &'a self,
        ptb: &'a Ptb,
    ) -> BoxFuture<'a, Result<Executed, TransactionError>> {
        Box::pin(async move {
            let deployment = self.contracts().deployment().await?;
            let mut gas_factor = 1;
            let mut rebuilds = 0;
            let mut refused = None;
            loop {
                // On the heap: every operation of the wallet has this future in its own.
                match Box::pin(self.attempt(ptb, &deployment, gas_factor)).await {
                    Ok(executed) => return Ok(executed),
                    Err(Failure::Final(error)) => return Err(error),
                    Err(Failure::MoreGas) => gas_factor *= 4,
                    Err(Failure::Scattered(token)) => Box::pin(self.gather(token)).await?,
                    Err(Failure::Stale(digest, error)) => {
                        // The same transaction would be refused again.
                        if rebuilds >= self.0.options.rebuilds
                            || (digest.is_some() && digest == refused)
                        {
                            return Err(error);
                        }
                        tracing::debug!(%error, rebuilds, "building the transaction anew");
                        self.forget_gas_price();
                        rebuilds += 1;
                        refused = digest;
                        let chain = self.contracts().chain();
                        chain
                            .clock()
                            .sleep(chain.jittered(LAG_PAUSE * rebuilds))
                            .await;
                    }
                }
            }
        })
    }

    /// Runs a transaction without consequences, as this wallet would.
    ///
    /// # Errors
    /// [`TransactionError`], also if the transaction would fail.
    pub fn simulate<'a>(
        &'a self,
        ptb: &'a Ptb,
    ) -> BoxFuture<'a, Result<Simulation, TransactionError>> {
        Box::pin(async move {
            let deployment = self.contracts().deployment().await?;
            let held = self.hold(ptb, &deployment, 1).await;
            let (held, objects) = held.map_err(|error| match error {
                TakeError::Final(error) => error,
                TakeError::Scattered { most, .. } => TransactionError::InsufficientSui {
                    needed_mist: self.wanted_sui(ptb, 1),
                    available_mist: most,
                    address: self.address(),
                },
            })?;
            let budget = self.budget_limit(ptb, &held);
            let transaction = self
                .complete(ptb, &deployment, &objects, &held, budget)
                .await?;
            let simulation = self.contracts().chain().simulate(&transaction).await?;
            check(&simulation.executed.effects, None)?;
            Ok(simulation)
        })
    }

    /// Puts as many coins together as a transaction takes. Smaller ones are a payment's last resort,
    /// and the storage they free is worth more than the gas.
    async fn gather(&self, token: Token) -> Result<(), TransactionError> {
        tracing::debug!(?token, "putting coins together");
        let mut ptb = Ptb::new();
        match token {
            // What is paid and not used up goes back.
            Token::Wal => drop(ptb.pay_wal(1)),
            Token::Sui => ptb.transfer(vec![crate::Arg::Gas], self.address()),
        }
        ptb.gathers = Some(token);
        self.execute(&ptb).await.map(drop)
    }

    async fn attempt(
        &self,
        ptb: &Ptb,
        deployment: &Deployment,
        gas_factor: u64,
    ) -> Result<Executed, Failure> {
        let prepared = self.prepare(ptb, deployment, gas_factor).await?;
        let signature = self.0.signer.sign(&prepared.transaction);
        let signature = signature.map_err(TransactionError::from)?;
        let executed = self.submit(&prepared.transaction, signature).await?;
        let (ids, version) = written(&executed.effects);
        self.0.purse.note_versions(ids.into_iter(), version);
        drop(prepared.held);
        Ok(Executed::new(executed, deployment)?)
    }

    /// Takes what is needed, and builds the transaction with a budget from its simulation.
    async fn prepare(
        &self,
        ptb: &Ptb,
        deployment: &Deployment,
        gas_factor: u64,
    ) -> Result<Prepared, Failure> {
        let (held, objects) = self.hold(ptb, deployment, gas_factor).await?;
        let limit = self.budget_limit(ptb, &held);
        let draft = self
            .complete(ptb, deployment, &objects, &held, limit)
            .await?;
        if self.0.options.gas_budget.is_some() {
            let transaction = draft;
            return Ok(Prepared { transaction, held });
        }
        let simulation = self.contracts().chain().simulate(&draft).await;
        let simulation = simulation.map_err(|error| stale_or_final(Some(draft.digest()), error))?;
        let effects = &simulation.executed.effects;
        if let Err(error) = check(effects, None) {
            let is_gas = matches!(&error, TransactionError::Failed { error, .. }
                if **error == ExecutionError::InsufficientGas);
            let wanted = self.wanted_sui(ptb, gas_factor);
            return Err(match error {
                _ if is_gas && held.sui() >= wanted && wanted < BUDGET_MAX => Failure::MoreGas,
                _ if is_gas => Failure::Final(TransactionError::InsufficientSui {
                    needed_mist: held.sui().saturating_add(1),
                    available_mist: held.sui(),
                    address: self.address(),
                }),
                error => Failure::Final(error),
            });
        }
        let random = self.contracts().chain().random_below(BUDGET_SPREAD);
        let budget = budget(
            effects.gas_summary(),
            draft.gas_payment.price,
            limit,
            random,
        );
        let transaction = self
            .complete(ptb, deployment, &objects, &held, budget)
            .await?;
        Ok(Prepared { transaction, held })
    }

    /// Submits a transaction until it is known whether it ran.
    async fn submit(
        &self,
        transaction: &Transaction,
        signature: UserSignature,
    ) -> Result<crate::ExecutedTransaction, Failure> {
        let chain = self.contracts().chain();
        let digest = transaction.digest();
        let error = match chain.execute(transaction, &[signature]).await {
            Ok(executed) => return Ok(executed),
            Err(error) => error,
        };
        // An earlier submission of ours may have run although this one was refused.
        match chain.transaction(digest).await {
            Ok(Some(executed)) => Ok(executed),
            Ok(None) if !error.is_retryable() => Err(stale_or_final(Some(digest), error)),
            _ => Err(Failure::Final(TransactionError::Unknown {
                digest,
                source: error,
            })),
        }
    }

    /// Takes the coins and objects needed, and finds out the objects' versions.
    async fn hold(
        &self,
        ptb: &Ptb,
        deployment: &Deployment,
        gas_factor: u64,
    ) -> Result<(Held, Resolved), TakeError> {
        let wal_coin = deployment.wal_coin();
        let wal = ptb.wal_needed().map_err(argument)?;
        let price = self.gas_price().await?;
        let least = price.saturating_mul(BUDGET_MIN_UNITS);
        let min = self.0.options.gas_budget.unwrap_or(least);
        if !(least..=BUDGET_MAX).contains(&min) {
            let what = format!("a gas budget has {least} to {BUDGET_MAX} MIST, not {min}");
            return Err(TransactionError::Argument(what).into());
        }
        let ids = ptb.object_ids();
        let resolved = self.resolve(&ids).await?;
        self.ensure_owned(&resolved)?;
        let is_owned = |id: &ObjectId| {
            !matches!(
                resolved.get(id),
                Some((Owner::Shared(_) | Owner::Immutable, _))
            )
        };
        let need = Need {
            objects: ids.iter().copied().filter(is_owned).collect(),
            wal: wal.map(|frost| (frost, &wal_coin)),
            sui_min: ptb.sui_needed().saturating_add(min),
            sui: match ptb.gathers {
                Some(Token::Sui) => u64::MAX,
                _ => self.wanted_sui(ptb, gas_factor),
            },
            gathers: ptb.gathers,
        };
        let purse = &self.0.purse;
        let held = purse.take(self.contracts().chain(), &need).await?;
        // Another transaction of ours may have used them before they could be taken.
        let is_recent = |id: &ObjectId| {
            let version = resolved.get(id).map(|(_, reference)| reference.version());
            version.is_some_and(|version| purse.is_recent(id, version))
        };
        if need.objects.iter().all(is_recent) {
            return Ok((held, resolved));
        }
        let resolved = self.resolve(&ids).await?;
        Ok((held, resolved))
    }

    /// Objects of other accounts are of no use to this one.
    fn ensure_owned(&self, objects: &Resolved) -> Result<(), TransactionError> {
        let mut owners = objects.iter().map(|(id, (owner, _))| (id, owner));
        let me = crate::address::address(self.address());
        let foreign = owners.find_map(|(id, owner)| match owner {
            Owner::Address(owner) if *owner != me => Some((id, owner)),
            _ => None,
        });
        foreign.map_or(Ok(()), |(id, owner)| {
            Err(TransactionError::Argument(format!(
                "object {id} belongs to {owner}, not to this wallet, {}",
                self.address()
            )))
        })
    }

    fn wanted_sui(&self, ptb: &Ptb, gas_factor: u64) -> u64 {
        let commands = u64::try_from(ptb.command_count()).unwrap_or(u64::MAX);
        let guess = BUDGET_GUESS.saturating_add(BUDGET_GUESS_COMMAND.saturating_mul(commands));
        let gas = self.0.options.gas_budget;
        let gas = gas.unwrap_or_else(|| guess.saturating_mul(gas_factor).min(BUDGET_MAX));
        ptb.sui_needed().saturating_add(gas)
    }

    /// What can be spent on gas.
    fn budget_limit(&self, ptb: &Ptb, held: &Held) -> u64 {
        let left = held.sui().saturating_sub(ptb.sui_needed());
        let configured = self.0.options.gas_budget;
        configured.unwrap_or_else(|| left.min(BUDGET_MAX))
    }

    async fn complete(
        &self,
        ptb: &Ptb,
        deployment: &Deployment,
        objects: &Resolved,
        held: &Held,
        budget: u64,
    ) -> Result<Transaction, TransactionError> {
        let references = |coins: &[super::purse::HeldCoin]| {
            let references = coins.iter().map(|coin| coin.reference.clone());
            references.collect::<Vec<_>>()
        };
        let completion = Completion {
            sender: self.address(),
            objects,
            wal_type: &deployment.wal_type,
            wal_coins: &references(&held.wal),
            gas: &references(&held.gas),
            gas_price: self.gas_price().await?,
            gas_budget: budget,
        };
        ptb.complete(&completion).map_err(argument)
    }

    /// Owners and versions of objects; those of shared ones are known once and for all.
    async fn resolve(&self, ids: &[ObjectId]) -> Result<Resolved, ReadError> {
        let mut resolved = Resolved::new();
        let mut unknown = Vec::new();
        {
            let shared = self.0.shared.lock().unwrap_or_else(PoisonError::into_inner);
            for id in ids {
                match shared.get(id) {
                    Some(known) => drop(resolved.insert(*id, known.clone())),
                    None => unknown.push(*id),
                }
            }
        }
        let chain = self.contracts().chain();
        for pause in 0..=LAG_PAUSES {
            let objects = chain.objects(&unknown).await?;
            let lags = objects.iter().flatten().any(|object| {
                let shared = matches!(object.owner, Owner::Shared(_));
                !shared && !self.0.purse.is_recent(&object.id, object.version)
            });
            if lags && pause < LAG_PAUSES {
                chain.clock().sleep(LAG_PAUSE).await;
                continue;
            }
            let mut shared = self.0.shared.lock().unwrap_or_else(PoisonError::into_inner);
            for object in objects.into_iter().flatten() {
                let known = (object.owner, object.reference());
                if matches!(object.owner, Owner::Shared(_) | Owner::Immutable) {
                    shared.insert(object.id, known.clone());
                }
                resolved.insert(object.id, known);
            }
            break;
        }
        Ok(resolved)
    }

    async fn gas_price(&self) -> Result<u64, RpcError> {
        let chain = self.contracts().chain();
        let now = chain.clock().monotonic();
        let known = *self
            .0
            .gas_price
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((price, at)) = known
            && now.since(at) < GAS_PRICE_AGE_MAX
        {
            return Ok(price);
        }
        let price = chain.gas_price().await?;
        *self
            .0
            .gas_price
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some((price, now));
        Ok(price)
    }

    /// The price may have changed with the chain's epoch.
    fn forget_gas_price(&self) {
        *self
            .0
            .gas_price
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The value of a BCS result of a simulation's command.
    pub(super) fn returned<T: serde::de::DeserializeOwned>(
        simulation: &Simulation,
        command: usize,
    ) -> Option<T> {
        let value = simulation.returns.get(command)?.first()?;
        wire::from_bcs(value).ok()
    }
}

/// What was used and a margin, so that a price or a size that changes does not matter; not more than
/// there is.
///
/// Equal transactions have equal digests and would run once: another process with the same wallet
/// might take our payment for its own. So some of the margin, and nothing else, is left out at
/// `random` (MIST, below [`BUDGET_SPREAD`]).
fn budget(gas: &GasCostSummary, price: u64, limit: u64, random: u64) -> u64 {
    let used = gas.computation_cost.saturating_add(gas.storage_cost);
    let least = used.max(price.saturating_mul(BUDGET_MIN_UNITS)).min(limit);
    let margin = (used / 5).saturating_add(price.saturating_mul(BUDGET_MIN_UNITS));
    let most = used.saturating_add(margin).min(BUDGET_MAX).min(limit);
    let room = most.saturating_sub(least).min(BUDGET_SPREAD);
    most - random.checked_rem(room).unwrap_or(0)
}

fn argument(error: crate::ptb::PtbError) -> TransactionError {
    match error {
        crate::ptb::PtbError::Missing { id } => {
            let what = "object";
            TransactionError::Read(ReadError::NotFound { what, id })
        }
        error => TransactionError::Argument(error.to_string()),
    }
}

fn stale_or_final(digest: Option<Digest>, error: RpcError) -> Failure {
    let code = error.code();
    let error = TransactionError::from(error);
    match code {
        Some(Code::InvalidArgument | Code::FailedPrecondition | Code::Aborted | Code::NotFound) => {
            Failure::Stale(digest, error)
        }
        _ => Failure::Final(error),
    }
}

/// The objects that effects have written, and the version they have since.
fn written(effects: &sui_sdk_types::TransactionEffects) -> (Vec<ObjectId>, u64) {
    let sui_sdk_types::TransactionEffects::V2(effects) = effects else {
        return (Vec::new(), 0);
    };
    let ids = effects.changed_objects.iter();
    let ids = ids
        .map(|change| crate::object_id(&change.object_id))
        .collect();
    (ids, effects.lamport_version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(computation_cost: u64, storage_cost: u64) -> GasCostSummary {
        GasCostSummary {
            computation_cost,
            storage_cost,
            ..GasCostSummary::default()
        }
    }

    /// Whoever has only just enough can still pay, whatever is drawn at random.
    #[test]
    fn a_budget_covers_what_is_used_even_if_that_is_all_there_is() {
        for limit in [20_000_000, 20_000_001, 20_100_000, 20_600_000, 90_000_000] {
            for random in [0, 1, 99_999, BUDGET_SPREAD - 1] {
                let budget = budget(&used(1_000_000, 19_000_000), 1000, limit, random);
                assert!(
                    (20_000_000..=limit).contains(&budget),
                    "{budget} of {limit} with {random}"
                );
            }
        }
        let twice = [1, 2].map(|random| budget(&used(1_000_000, 0), 1000, 50_000_000, random));
        assert_ne!(twice[0], twice[1]);
        assert_eq!(budget(&used(0, 0), 1000, 5_000_000, 0), 1_000_000);
    }
}
