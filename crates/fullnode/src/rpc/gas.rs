//! Gas selection: a budget from a trial run, and coins that cover it (`docs/spec/sui-rpc.md` §3).

use std::{collections::BTreeSet, sync::Arc};

use floe_core::SuiAddress;
use floe_ledger::{
    Checks, Context, LiveObject, Outcome, PriceList, SimulateOptions, StateView, TransactionLimits,
    mock_gas_coin, simulate,
};
use sui_sdk_types::{
    Address, Argument, Command, GasCostSummary, Input, ObjectReference, ProgrammableTransaction,
    Transaction, TransactionKind,
};
use tonic::Code;

use super::{
    error::{RpcError, RpcResult},
    resolve::Draft,
};

/// What to simulate, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Whether the protecting rules apply.
    pub(crate) checks: Checks,
    /// Whether to choose coins and a budget; only with checks.
    pub(crate) select_gas: bool,
    /// Whether to collect the outputs of commands.
    pub(crate) collect_outputs: bool,
}

/// Pays for a draft as `plan` says and runs it without writing.
///
/// `coins` lists the SUI coins of an address, largest first.
///
/// # Errors
/// What the ledger rejects; `FAILED_PRECONDITION` without enough coins.
pub(crate) fn run(
    draft: Draft,
    state: &dyn StateView,
    ctx: &Context,
    plan: Plan,
    coins: impl FnOnce(Address) -> RpcResult<Vec<Arc<LiveObject>>>,
) -> RpcResult<(Transaction, Outcome)> {
    let Draft {
        mut transaction,
        has_budget,
    } = draft;
    let select = plan.select_gas && plan.checks == Checks::Enabled;
    let pays = !transaction.gas_payment.objects.is_empty() || select;
    if !has_budget {
        transaction.gas_payment.budget = if pays && plan.checks == Checks::Enabled {
            estimate(&transaction, state, ctx)?
        } else {
            PriceList::BUDGET_MAX
        };
    }
    if select && transaction.gas_payment.objects.is_empty() {
        let coins = coins(transaction.gas_payment.owner)?;
        transaction.gas_payment.objects = select_coins(&transaction, &coins)?;
    }
    let mock_gas = transaction
        .gas_payment
        .objects
        .is_empty()
        .then(|| mock(&transaction));
    let options = SimulateOptions {
        checks: plan.checks,
        mock_gas,
        collect_outputs: plan.collect_outputs,
    };
    let outcome = simulate(state, &transaction, ctx, &options)?;
    Ok((transaction, outcome))
}

fn mock(transaction: &Transaction) -> Arc<LiveObject> {
    mock_gas_coin(SuiAddress(transaction.gas_payment.owner.into_inner()))
}

/// The budget for what a trial run costs, paid by a coin that exists nowhere.
fn estimate(transaction: &Transaction, state: &dyn StateView, ctx: &Context) -> RpcResult<u64> {
    let mut trial = transaction.clone();
    trial.gas_payment.budget = PriceList::BUDGET_MAX;
    trial.gas_payment.objects.clear();
    let options = SimulateOptions {
        mock_gas: Some(mock(transaction)),
        ..SimulateOptions::default()
    };
    let outcome = simulate(state, &trial, ctx, &options)?;
    Ok(budget(
        outcome.effects.gas_summary(),
        transaction.gas_payment.price,
    ))
}

/// Computation with a margin of the smallest charge, and what storage takes on balance.
fn budget(used: &GasCostSummary, price: u64) -> u64 {
    let margin = PriceList::UNITS_MIN.saturating_mul(price);
    let computation = used.computation_cost.saturating_add(margin);
    let net = computation
        .saturating_add(used.storage_cost)
        .saturating_sub(used.storage_rebate);
    net.max(computation).min(PriceList::BUDGET_MAX)
}

/// The largest coins that cover the budget; all of them if commands use the gas coin, which then is
/// worth as much as it can be.
fn select_coins(
    transaction: &Transaction,
    coins: &[Arc<LiveObject>],
) -> RpcResult<Vec<ObjectReference>> {
    let TransactionKind::ProgrammableTransaction(ptb) = &transaction.kind else {
        return Err(RpcError::invalid("transaction.kind", "not programmable"));
    };
    let (budget, owner) = (
        transaction.gas_payment.budget,
        transaction.gas_payment.owner,
    );
    let used: BTreeSet<Address> = ptb.inputs.iter().filter_map(object_of).collect();
    let all = uses_gas_coin(ptb);
    let mut sum = 0_u64;
    let mut selected = Vec::new();
    let free = coins
        .iter()
        .filter(|coin| !used.contains(&coin.object_id()))
        .take(TransactionLimits::GAS_COINS_MAX);
    for coin in free {
        if sum >= budget && !all {
            break;
        }
        sum = sum.saturating_add(balance(coin));
        let reference = ObjectReference::new(coin.object_id(), coin.version(), coin.digest());
        selected.push(reference);
    }
    if selected.is_empty() {
        return Err(RpcError::new(
            Code::FailedPrecondition,
            format!("no valid gas coins: {owner} has no SUI coins but the inputs"),
        ));
    }
    if sum < budget {
        return Err(RpcError::new(
            Code::FailedPrecondition,
            format!(
                "insufficient gas: the SUI coins of {owner} hold {sum} MIST, the budget is {budget}"
            ),
        ));
    }
    Ok(selected)
}

fn object_of(input: &Input) -> Option<Address> {
    match input {
        Input::ImmutableOrOwned(reference) | Input::Receiving(reference) => {
            Some(*reference.object_id())
        }
        Input::Shared(shared) => Some(shared.object_id()),
        _ => None,
    }
}

fn uses_gas_coin(ptb: &ProgrammableTransaction) -> bool {
    let gas = |argument: &Argument| *argument == Argument::Gas;
    ptb.commands.iter().any(|command| match command {
        Command::MoveCall(call) => call.arguments.iter().any(gas),
        Command::TransferObjects(c) => c.objects.iter().chain([&c.address]).any(gas),
        Command::SplitCoins(c) => c.amounts.iter().chain([&c.coin]).any(gas),
        Command::MergeCoins(c) => c.coins_to_merge.iter().chain([&c.coin]).any(gas),
        Command::MakeMoveVector(c) => c.elements.iter().any(gas),
        Command::Upgrade(c) => gas(&c.ticket),
        _ => false,
    })
}

/// What a coin holds; 0 for anything else.
pub(crate) fn balance(coin: &LiveObject) -> u64 {
    coin.as_struct()
        .and_then(|content| content.contents().split_first_chunk::<32>())
        .and_then(|(_, balance)| balance.first_chunk())
        .map_or(0, |balance| u64::from_le_bytes(*balance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_covers_the_trial_with_a_margin() {
        let used = GasCostSummary::new(1_000_000, 2_000_000, 500_000, 5_000);
        assert_eq!(budget(&used, 1000), 3_500_000);
        let frees = GasCostSummary::new(1_000_000, 0, 5_000_000, 50_000);
        assert_eq!(budget(&frees, 1000), 2_000_000);
        let huge = GasCostSummary::new(u64::MAX, u64::MAX, 0, 0);
        assert_eq!(budget(&huge, 1000), PriceList::BUDGET_MAX);
    }
}
