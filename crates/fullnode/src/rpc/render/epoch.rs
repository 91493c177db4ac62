//! Chain epochs under a field mask.

use std::collections::BTreeMap;

use floe_ledger::{PriceList, TransactionLimits, committee};
use sui_rpc::{
    field::FieldMaskTree,
    merge::Merge,
    proto::{sui::rpc::v2 as proto, timestamp_ms_to_proto},
};
use sui_sdk_types::Bls12381PublicKey;

use crate::EpochRecord;

/// What else a message about the current epoch tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemFacts {
    /// Version of the object `0x5`.
    pub(crate) version: u64,
    /// Gas fees of past epochs, MIST.
    pub(crate) fees: u64,
    /// Milliseconds of an epoch.
    pub(crate) epoch_duration_ms: u64,
}

/// An epoch; `facts` only of the current one.
pub(crate) fn epoch(
    record: &EpochRecord,
    facts: Option<SystemFacts>,
    mask: &FieldMaskTree,
) -> proto::Epoch {
    let mut message = proto::Epoch::default();
    message.epoch = Some(record.epoch);
    message.first_checkpoint = Some(record.first_checkpoint);
    message.last_checkpoint = record.last_checkpoint;
    message.start = Some(timestamp_ms_to_proto(record.start_ms));
    message.end = record.end_ms.map(timestamp_ms_to_proto);
    message.reference_gas_price = Some(record.reference_gas_price);
    message.committee = key(record).map(|key| committee(record.epoch, key).into());
    message.protocol_config = Some(protocol_config(record));
    message.system_state = facts.map(|facts| Box::new(system_state(record, facts)));
    proto::Epoch::merge_from(&message, mask)
}

fn key(record: &EpochRecord) -> Option<Bls12381PublicKey> {
    let bytes = record.validator_key.as_slice().try_into().ok()?;
    Some(Bls12381PublicKey::new(bytes))
}

fn system_state(record: &EpochRecord, facts: SystemFacts) -> proto::SystemState {
    let mut fund = proto::StorageFund::default();
    fund.total_object_storage_rebates = Some(0);
    fund.non_refundable_balance = Some(facts.fees);
    let mut message = proto::SystemState::default();
    message.version = Some(facts.version);
    message.epoch = Some(record.epoch);
    message.protocol_version = Some(record.protocol_version);
    message.reference_gas_price = Some(record.reference_gas_price);
    message.epoch_start_timestamp_ms = Some(record.start_ms);
    message.safe_mode = Some(false);
    message.safe_mode_storage_rewards = Some(0);
    message.safe_mode_computation_rewards = Some(0);
    message.safe_mode_storage_rebates = Some(0);
    message.safe_mode_non_refundable_storage_fee = Some(0);
    message.parameters = Some(parameters(facts));
    message.storage_fund = Some(fund);
    message.stake_subsidy = Some(stake_subsidy());
    message
}

/// One validator, whose stake nobody counts. Clients expect all these numbers to be there
/// (docs/spec/sui-rpc.md §2.1).
fn parameters(facts: SystemFacts) -> proto::SystemParameters {
    let mut message = proto::SystemParameters::default();
    message.epoch_duration_ms = Some(facts.epoch_duration_ms);
    message.stake_subsidy_start_epoch = Some(0);
    message.min_validator_count = Some(1);
    message.max_validator_count = Some(1);
    message.min_validator_joining_stake = Some(0);
    message.validator_low_stake_threshold = Some(0);
    message.validator_very_low_stake_threshold = Some(0);
    message.validator_low_stake_grace_period = Some(0);
    message
}

/// Stakes of the chain itself are not subsidized: there are none.
fn stake_subsidy() -> proto::StakeSubsidy {
    let mut message = proto::StakeSubsidy::default();
    message.balance = Some(0);
    message.distribution_counter = Some(0);
    message.current_distribution_amount = Some(0);
    message.stake_subsidy_period_length = Some(0);
    message.stake_subsidy_decrease_rate = Some(0);
    message
}

/// The limits of the ledger, under the names that Sui gives them.
fn protocol_config(record: &EpochRecord) -> proto::ProtocolConfig {
    let number = |value: usize| value.to_string();
    let attributes = [
        ("max_tx_size_bytes", number(TransactionLimits::BYTES_MAX)),
        (
            "max_programmable_tx_commands",
            number(TransactionLimits::COMMANDS_MAX),
        ),
        ("max_input_objects", number(TransactionLimits::INPUTS_MAX)),
        (
            "max_gas_payment_objects",
            number(TransactionLimits::GAS_COINS_MAX),
        ),
        ("max_arguments", number(TransactionLimits::ARGUMENTS_MAX)),
        (
            "max_type_arguments",
            number(TransactionLimits::TYPE_ARGUMENTS_MAX),
        ),
        (
            "max_pure_argument_size",
            number(TransactionLimits::PURE_BYTES_MAX),
        ),
        ("max_tx_gas", PriceList::BUDGET_MAX.to_string()),
        ("max_gas_price", PriceList::GAS_PRICE_MAX.to_string()),
        ("base_tx_cost_fixed", PriceList::UNITS_MIN.to_string()),
        (
            "obj_data_cost_refundable",
            PriceList::STORAGE_UNITS_PER_BYTE.to_string(),
        ),
        ("storage_gas_price", PriceList::STORAGE_PRICE.to_string()),
        (
            "storage_rebate_rate",
            PriceList::REBATE_BASIS_POINTS.to_string(),
        ),
    ];
    let mut message = proto::ProtocolConfig::default();
    message.protocol_version = Some(record.protocol_version);
    message.attributes = attributes
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    message.feature_flags = BTreeMap::from([("enable_address_balances".to_owned(), false)]);
    message
}
