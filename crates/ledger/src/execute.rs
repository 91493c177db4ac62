//! From an admitted transaction to effects and writes.

mod balances;
mod before;
mod changes;
mod effects;
mod run;
mod settle;

use std::{collections::BTreeMap, sync::Arc};

use floe_core::{ObjectId, SuiAddress};
use sui_sdk_types::{
    Address, Digest, ExecutionStatus, Owner, StructTag, Transaction, TransactionEffects,
    TransactionEvents,
};

pub(crate) use self::{
    before::Before,
    changes::{Changes, NewObject},
    effects::EffectsParts,
    run::{Payment, Run},
    settle::Settled,
};
use crate::{
    admission::{Checks, Context, GasSource, Rejection, admit_inputs, check_form},
    error::Failure,
    object::{LiveObject, StateView, address, object_id},
    ptb::{CommandOutput, Failed},
    signature::VerifiedTransaction,
};

/// What a transaction did.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Digest of the transaction.
    pub transaction_digest: Digest,
    /// The effects.
    pub effects: TransactionEffects,
    /// Their digest.
    pub effects_digest: Digest,
    /// Events, in order of emission; `None` if there are none.
    pub events: Option<TransactionEvents>,
    /// What changes in the object store.
    pub writes: Writes,
    /// The objects that changed, as they were before, by id.
    pub before: BTreeMap<ObjectId, Arc<LiveObject>>,
    /// Why the transaction failed, with more detail than the effects carry.
    pub failure: Option<Failure>,
    /// Outputs of every command, if they were asked for; cut short at a failure.
    pub command_outputs: Vec<CommandOutput>,
}

/// The new live objects and those that ceased to live, by id. Apply all or nothing.
#[derive(Clone, Debug, Default)]
pub struct Writes {
    /// `None`: the object was deleted or wrapped.
    pub objects: BTreeMap<ObjectId, Option<Arc<LiveObject>>>,
}

impl Outcome {
    /// The failure and the command it happened in.
    pub(crate) fn failed(&self) -> Option<Failed> {
        let command = match self.effects.status() {
            ExecutionStatus::Failure { command, .. } => *command,
            ExecutionStatus::Success => None,
        };
        let command = command.and_then(|index| usize::try_from(index).ok());
        self.failure
            .clone()
            .map(|failure| Failed { failure, command })
    }
}

/// How to simulate.
#[derive(Clone, Debug, Default)]
pub struct SimulateOptions {
    /// Whether the protecting rules apply.
    pub checks: Checks,
    /// Stands in for the gas payment, for simulations ([`mock_gas_coin`]).
    pub mock_gas: Option<Arc<LiveObject>>,
    /// Whether to collect the outputs of commands.
    pub collect_outputs: bool,
}

/// Executes a user transaction whose signatures were checked.
///
/// Nothing is written: the caller applies [`Outcome::writes`], atomically and before the next
/// transaction executes.
///
/// # Errors
/// [`Rejection`] if the transaction must not be executed at all. A transaction that runs and fails
/// is an [`Outcome`] with a failed status.
pub fn execute(
    state: &dyn StateView,
    tx: &VerifiedTransaction,
    ctx: &Context,
) -> Result<Outcome, Rejection> {
    run(
        state,
        tx.transaction(),
        tx.digest(),
        ctx,
        &SimulateOptions::default(),
    )
}

/// As [`execute`], without signatures and with options; for simulations and inspections, whose
/// writes are thrown away.
///
/// # Errors
/// As [`execute`].
pub fn simulate(
    state: &dyn StateView,
    tx: &Transaction,
    ctx: &Context,
    options: &SimulateOptions,
) -> Result<Outcome, Rejection> {
    run(state, tx, tx.digest(), ctx, options)
}

fn run(
    state: &dyn StateView,
    tx: &Transaction,
    digest: Digest,
    ctx: &Context,
    options: &SimulateOptions,
) -> Result<Outcome, Rejection> {
    let ptb = check_form(tx, ctx, options.checks)?;
    let gas = options
        .mock_gas
        .clone()
        .map_or(GasSource::Payment, GasSource::Mock);
    let admitted = admit_inputs(state, tx, ptb, options.checks, gas)?;
    let gas = &tx.gas_payment;
    let budget = match options.checks {
        Checks::Enabled => gas.budget,
        // What is set aside for gas is missing in the coin: an inspection gets no more of it than it
        // asks for, and without a wish the most a transaction may have.
        Checks::Disabled => match gas.budget {
            0 => crate::PriceList::BUDGET_MAX,
            budget => budget.min(crate::PriceList::BUDGET_MAX),
        }
        .min(admitted.gas_balance),
    };
    let run = Run {
        state,
        ctx,
        digest,
        sender: SuiAddress(tx.sender.into_inner()),
        payment: Payment::Gas {
            price: gas.price,
            budget,
        },
        checks: options.checks,
        collect_outputs: options.collect_outputs,
    };
    run.execute(ptb, admitted)
}

/// A SUI coin that exists nowhere, to pay for a simulation.
pub fn mock_gas_coin(owner: SuiAddress) -> Arc<LiveObject> {
    // One billion SUI.
    const BALANCE: u64 = 1_000_000_000_000_000_000;
    let id = object_id(&Address::derive_id(Digest::new(owner.0), u64::MAX));
    let new = NewObject {
        tag: StructTag::gas_coin(),
        contents: coin_bytes(id, BALANCE),
        owner: Owner::Address(address(owner)),
        parsed: None,
    };
    Arc::new(new.into_object(1, Digest::ZERO, 0))
}

/// BCS of a coin.
pub(crate) fn coin_bytes(id: ObjectId, balance: u64) -> Vec<u8> {
    let mut bytes = id.0.to_vec();
    bytes.extend(balance.to_le_bytes());
    bytes
}
