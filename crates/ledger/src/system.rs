//! System transactions: time and chain epochs. Only the ledger makes them.

use std::{collections::BTreeMap, sync::Arc};

use floe_core::{ObjectId, onchain};
use serde::{Deserialize, Serialize};
use sui_sdk_types::{
    Address, ChangeEpoch, ConsensusCommitPrologue, Digest, EndOfEpochTransactionKind,
    GasCostSummary, GasPayment, Transaction, TransactionExpiration, TransactionKind,
};

use crate::{
    admission::{Context, InputObject, PROTOCOL_VERSION, Rejection},
    execute::{Before, Changes, EffectsParts, Outcome, Settled},
    modules::sui::clock::{CLOCK_ID, Clock},
    object::{StateView, StoreError},
    ptb::Access,
};

/// The id of the chain state.
pub const SYSTEM_STATE_ID: ObjectId = ObjectId::from_suffix(5);

/// Facts about the chain, in the shared object `0x5`: `0x3::chain_state::ChainState`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainState {
    /// Always [`SYSTEM_STATE_ID`].
    pub id: ObjectId,
    /// Which rules apply; gates behaviour.
    pub protocol_version: u64,
    /// Chain epoch (not the Walrus epoch).
    pub epoch: u64,
    /// When it started, ms since the Unix epoch.
    pub epoch_start_ms: u64,
    /// Lowest gas price, MIST per unit.
    pub reference_gas_price: u64,
    /// Key of the only validator, 96 bytes.
    pub validator_key: Vec<u8>,
    /// Gas fees of past epochs, MIST: computation, and storage that is not refunded.
    pub fees: u64,
}

impl onchain::MoveType for ChainState {
    fn move_type() -> String {
        "sui_system::chain_state::ChainState".to_owned()
    }
}

impl Context {
    /// Reads the context of the current epoch.
    ///
    /// # Errors
    /// [`Rejection::Store`]; [`Rejection::ProtocolVersion`] for a state of rules unknown here;
    /// [`Rejection::ObjectNotFound`] for a state without genesis.
    pub fn read(state: &dyn StateView, chain_id: Digest) -> Result<Self, Rejection> {
        let chain: ChainState = read(state, SYSTEM_STATE_ID)?.1;
        if chain.protocol_version != PROTOCOL_VERSION {
            return Err(Rejection::ProtocolVersion {
                version: chain.protocol_version,
            });
        }
        Ok(Self {
            chain_id,
            epoch: chain.epoch,
            epoch_start_ms: chain.epoch_start_ms,
            reference_gas_price: chain.reference_gas_price,
            protocol_version: chain.protocol_version,
        })
    }
}

/// The transaction that sets the clock; `round` makes it unique.
pub fn clock_transaction(ctx: &Context, round: u64, time_ms: u64) -> Transaction {
    system_transaction(TransactionKind::ConsensusCommitPrologue(
        ConsensusCommitPrologue {
            epoch: ctx.epoch,
            round,
            commit_timestamp_ms: time_ms,
        },
    ))
}

/// The transaction that ends the current chain epoch. `gas` is what the epoch's transactions paid:
/// [`ChainHead::epoch_gas`](crate::ChainHead).
pub fn change_epoch_transaction(ctx: &Context, gas: &GasCostSummary, time_ms: u64) -> Transaction {
    let change = ChangeEpoch {
        epoch: ctx.epoch.saturating_add(1),
        protocol_version: ctx.protocol_version,
        storage_charge: gas.storage_cost,
        computation_charge: gas.computation_cost,
        storage_rebate: gas.storage_rebate,
        non_refundable_storage_fee: gas.non_refundable_storage_fee,
        epoch_start_timestamp_ms: time_ms,
        system_packages: Vec::new(),
    };
    system_transaction(TransactionKind::EndOfEpoch(vec![
        EndOfEpochTransactionKind::ChangeEpoch(change),
    ]))
}

/// Executes a transaction of [`clock_transaction`] or [`change_epoch_transaction`].
///
/// # Errors
/// [`Rejection`] for anything else, time that goes back, or an epoch out of order.
pub fn execute_system(
    state: &dyn StateView,
    tx: &Transaction,
    ctx: &Context,
) -> Result<Outcome, Rejection> {
    match &tx.kind {
        TransactionKind::ConsensusCommitPrologue(prologue) => {
            set_clock(state, tx, ctx, prologue.commit_timestamp_ms)
        }
        TransactionKind::EndOfEpoch(kinds) => match kinds.as_slice() {
            [EndOfEpochTransactionKind::ChangeEpoch(change)] => {
                change_epoch(state, tx, ctx, change)
            }
            _ => Err(Rejection::Unsupported {
                what: "this end-of-epoch transaction".to_owned(),
            }),
        },
        _ => Err(Rejection::Unsupported {
            what: "this system transaction".to_owned(),
        }),
    }
}

fn set_clock(
    state: &dyn StateView,
    tx: &Transaction,
    ctx: &Context,
    time_ms: u64,
) -> Result<Outcome, Rejection> {
    let (input, mut clock): (_, Clock) = read(state, CLOCK_ID)?;
    if time_ms < clock.timestamp_ms {
        let reason = format!("time goes back from {} to {time_ms}", clock.timestamp_ms);
        return Err(Rejection::Malformed { reason });
    }
    clock.timestamp_ms = time_ms;
    write(tx, ctx, CLOCK_ID, input, &clock)
}

fn change_epoch(
    state: &dyn StateView,
    tx: &Transaction,
    ctx: &Context,
    change: &ChangeEpoch,
) -> Result<Outcome, Rejection> {
    let (input, mut chain): (_, ChainState) = read(state, SYSTEM_STATE_ID)?;
    let malformed = |reason: &str| Rejection::Malformed {
        reason: reason.to_owned(),
    };
    if Some(change.epoch) != chain.epoch.checked_add(1) {
        return Err(malformed("epoch out of order"));
    }
    if change.protocol_version != PROTOCOL_VERSION {
        return Err(Rejection::ProtocolVersion {
            version: change.protocol_version,
        });
    }
    chain.epoch = change.epoch;
    chain.epoch_start_ms = change.epoch_start_timestamp_ms;
    chain.fees = chain
        .fees
        .checked_add(change.computation_charge)
        .and_then(|fees| fees.checked_add(change.non_refundable_storage_fee))
        .ok_or_else(|| malformed("more fees than there is SUI"))?;
    write(tx, ctx, SYSTEM_STATE_ID, input, &chain)
}

fn read<T: for<'de> Deserialize<'de>>(
    state: &dyn StateView,
    id: ObjectId,
) -> Result<(InputObject, T), Rejection> {
    let broken = |message: String| Rejection::Store(Arc::new(StoreError { message }));
    let object = state
        .object(&id)
        .map_err(Arc::new)?
        .ok_or(Rejection::ObjectNotFound { id })?;
    let content = object
        .as_struct()
        .ok_or_else(|| broken(format!("system object {id} is a package")))?;
    let value = bcs::from_bytes(content.contents())
        .map_err(|error| broken(format!("system object {id}: {error}")))?;
    Ok((
        InputObject {
            object,
            access: Access::SharedMutable,
        },
        value,
    ))
}

/// Effects of writing one system object, free of charge.
fn write(
    tx: &Transaction,
    ctx: &Context,
    id: ObjectId,
    input: InputObject,
    value: &impl Serialize,
) -> Result<Outcome, Rejection> {
    let rebate = input.object.storage_rebate();
    let before = Before {
        objects: BTreeMap::from([(id, input)]),
        ..Before::default()
    };
    let mut changes = Changes::of_failure(&before);
    let contents = bcs::to_bytes(value).map_err(|error| Rejection::Malformed {
        reason: error.to_string(),
    })?;
    if let Some(new) = changes.after.get_mut(&id) {
        new.set_contents(contents);
    }
    let parts = EffectsParts {
        digest: tx.digest(),
        epoch: ctx.epoch,
        lamport: before.lamport([].into_iter()),
        gas_id: None,
        read_only: Vec::new(),
        dependencies: before.dependencies([].into_iter()),
        settled: Settled {
            changes,
            gas_used: GasCostSummary::default(),
            costs: BTreeMap::from([(id, rebate)]),
            failed: None,
        },
    };
    Ok(parts.assemble())
}

/// A transaction of nobody, free of charge.
pub(crate) fn system_transaction(kind: TransactionKind) -> Transaction {
    let gas_payment = GasPayment {
        objects: Vec::new(),
        owner: Address::ZERO,
        price: 1,
        budget: 0,
    };
    Transaction {
        kind,
        sender: Address::ZERO,
        gas_payment,
        expiration: TransactionExpiration::None,
    }
}
