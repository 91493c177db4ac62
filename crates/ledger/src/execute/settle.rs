//! Settles the bill: computation, storage, rebates; what happens when the budget is too small.

use std::collections::BTreeMap;

use floe_core::ObjectId;
use sui_sdk_types::{ExecutionError, GasCostSummary};

use super::{Before, Changes, Payment};
use crate::{
    error::Failure,
    gas::{self, StorageTally},
    ptb::Failed,
};

/// A paid run.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) changes: Changes,
    pub(crate) gas_used: GasCostSummary,
    /// Storage cost of each written object, which becomes its rebate.
    pub(crate) costs: BTreeMap<ObjectId, u64>,
    pub(crate) failed: Option<Failed>,
}

/// Charges the gas coin. A run that cannot pay for its storage fails and keeps nothing; what then
/// is left of the budget goes to computation.
pub(crate) fn settle(
    before: &Before,
    result: Result<Changes, Failed>,
    units: u64,
    payment: Payment,
) -> Settled {
    let Payment::Gas { price, budget } = payment else {
        let (changes, failed) = unpack(before, result);
        let costs = BTreeMap::new();
        return Settled {
            changes,
            gas_used: GasCostSummary::default(),
            costs,
            failed,
        };
    };
    let computation = gas::charged_units(units).saturating_mul(price).min(budget);
    let result = result.and_then(|changes| {
        let (tally, costs) = tally(&changes);
        let needed = computation.saturating_add(tally.net());
        if needed > budget {
            let text =
                format!("computation and storage cost {needed} MIST, the budget is {budget}");
            let failure = Failure::execution(ExecutionError::InsufficientGas, text);
            return Err(Failed {
                failure,
                command: None,
            });
        }
        Ok((changes, tally.summary(computation), costs))
    });
    let (mut changes, gas_used, costs, failed) = match result {
        Ok((changes, gas_used, costs)) => (changes, gas_used, costs, None),
        Err(failed) => {
            let (changes, gas_used, costs) = failure_bill(before, computation, budget);
            (changes, gas_used, costs, Some(failed))
        }
    };
    charge(before, &mut changes, &gas_used);
    Settled {
        changes,
        gas_used,
        costs,
        failed,
    }
}

fn unpack(before: &Before, result: Result<Changes, Failed>) -> (Changes, Option<Failed>) {
    match result {
        Ok(changes) => (changes, None),
        Err(failed) => (Changes::of_failure(before), Some(failed)),
    }
}

/// The bill of a failed run. Its storage is that of the unchanged inputs; if even that exceeds the
/// budget with the computation, computation gives way; if it exceeds the budget alone, the whole
/// budget goes to computation and the inputs keep what they had paid.
fn failure_bill(
    before: &Before,
    computation: u64,
    budget: u64,
) -> (Changes, GasCostSummary, BTreeMap<ObjectId, u64>) {
    let changes = Changes::of_failure(before);
    let (tally, costs) = tally(&changes);
    if let Some(rest) = budget.checked_sub(tally.net()) {
        let summary = tally.summary(computation.min(rest));
        return (changes, summary, costs);
    }
    let costs = changes
        .after
        .keys()
        .map(|id| {
            (
                *id,
                changes
                    .before
                    .get(id)
                    .map_or(0, |object| object.storage_rebate()),
            )
        })
        .collect();
    let smashed = before
        .smashed()
        .map(|(_, coin)| coin.storage_rebate())
        .sum();
    let summary = StorageTally {
        cost: 0,
        paid_before: smashed,
    }
    .summary(budget);
    (changes, summary, costs)
}

fn tally(changes: &Changes) -> (StorageTally, BTreeMap<ObjectId, u64>) {
    let costs: BTreeMap<ObjectId, u64> = changes
        .after
        .iter()
        .map(|(id, object)| (*id, gas::storage_cost(&object.tag, object.contents.len())))
        .collect();
    let paid = changes
        .before
        .values()
        .map(|object| object.storage_rebate());
    let tally = StorageTally {
        cost: costs
            .values()
            .fold(0, |sum, cost| sum.saturating_add(*cost)),
        paid_before: paid.fold(0, u64::saturating_add),
    };
    (tally, costs)
}

/// Takes the charge out of the gas coin, or puts the refund in.
fn charge(before: &Before, changes: &mut Changes, gas_used: &GasCostSummary) {
    let Some(id) = before.gas_id() else { return };
    let balance = changes.gas_balance(id).ok().and_then(|balance| {
        balance
            .checked_add(gas_used.storage_rebate)?
            .checked_sub(gas_used.computation_cost)?
            .checked_sub(gas_used.storage_cost)
    });
    // The budget was held back and the bill is no larger.
    let balance = balance.expect("the gas coin holds the budget");
    changes
        .set_gas_balance(id, balance)
        .expect("the gas coin is among the written objects");
}
