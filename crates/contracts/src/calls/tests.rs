//! The builders against the contracts' interface (`docs/spec/contracts_abi.json`): each function has
//! one or a reason to have none, and each call fits its signature.

use std::collections::{BTreeMap, BTreeSet};

use floe_core::{
    BlobId, Epoch, SuiAddress,
    keys::{BlsSecretKey, NetworkSecretKey},
    messages::ProofOfPossession,
    onchain::{MoveDatatype as _, node::StorageNodeCap, staking::VotingParams},
};
use serde_json::Value;
use sui_sdk_types::{
    Argument, Command, Digest, Input, MoveCall, ObjectReference, Owner, ProgrammableTransaction,
    TransactionKind,
};

use super::*;
use crate::{address::address, deployment::struct_tag, ptb::Completion};

const WALRUS: ObjectId = ObjectId::from_suffix(0x11);
const WAL: ObjectId = ObjectId::from_suffix(0x12);
const EXCHANGE: ObjectId = ObjectId::from_suffix(0x13);
const CREDITS: ObjectId = ObjectId::from_suffix(0x14);
const SUBSIDIES: ObjectId = ObjectId::from_suffix(0x15);
const PACKAGES: [(&str, ObjectId); 5] = [
    ("walrus", WALRUS),
    ("wal", WAL),
    ("wal_exchange", EXCHANGE),
    ("subsidies", CREDITS),
    ("walrus_subsidies", SUBSIDIES),
];

/// Read from the objects, which are public, instead of being called.
const READ: &str = "the value is a field of an object that is read";
const HELPER: &str = "a helper of other packages";
const CALCULATED: &str = "calculated without the chain";
const OLD: &str = "always refuses: replaced by a later version";

/// Functions without a builder.
const UNBUILT: &[(&str, &[&str], &str)] = &[
    (
        "walrus::init",
        &["initialize_walrus"],
        "part of a deployment, which publishes packages",
    ),
    ("walrus::init", &["migrate"], OLD),
    ("walrus::staking", &["initiate_epoch_change"], OLD),
    (
        "walrus::staking",
        &["set_migration_epoch"],
        "belongs to a migration that is over",
    ),
    ("walrus::staking", &["epoch", "node_metadata"], READ),
    (
        "walrus::apportionment_queue",
        &["new", "pop_max", "insert"],
        HELPER,
    ),
    ("walrus::committee", &["size", "to_inner"], READ),
    (
        "walrus::node_metadata",
        &[
            "set_image_url",
            "set_project_url",
            "set_description",
            "set_extra_fields",
        ],
        "metadata is made anew and set whole",
    ),
    (
        "walrus::node_metadata",
        &["image_url", "project_url", "description"],
        READ,
    ),
    (
        "walrus::staked_wal",
        &[
            "node_id",
            "value",
            "activation_epoch",
            "is_staked",
            "is_withdrawing",
            "withdraw_epoch",
        ],
        READ,
    ),
    (
        "walrus::storage_node",
        &[
            "id",
            "node_id",
            "last_epoch_sync_done",
            "last_event_blob_attestation",
            "deny_list_root",
            "deny_list_sequence",
        ],
        READ,
    ),
    (
        "walrus::system",
        &[
            "epoch",
            "total_capacity_size",
            "used_capacity_size",
            "n_shards",
            "version",
        ],
        READ,
    ),
    (
        "walrus::blob",
        &[
            "object_id",
            "registered_epoch",
            "blob_id",
            "size",
            "encoding_type",
            "is_deletable",
            "encoded_size",
            "end_epoch",
        ],
        READ,
    ),
    ("walrus::blob", &["derive_blob_id"], CALCULATED),
    ("walrus::encoding", &["encoded_blob_length"], CALCULATED),
    (
        "walrus::metadata",
        &["remove", "remove_if_exists"],
        "attributes are put together before they are given to a blob",
    ),
    (
        "walrus::storage_accounting",
        &["max_epochs_ahead", "epoch", "used_capacity", "rewards"],
        READ,
    ),
    (
        "walrus::storage_pool",
        &[
            "start_epoch",
            "end_epoch",
            "reserved_encoded_capacity_bytes",
            "used_encoded_bytes",
            "available_encoded_bytes",
            "blob_count",
            "contains_blob",
            "blob_object_id",
            "object_id",
        ],
        READ,
    ),
    (
        "walrus::storage_resource",
        &["start_epoch", "end_epoch", "size"],
        READ,
    ),
    (
        "walrus::extended_field",
        &["new", "swap", "destroy"],
        HELPER,
    ),
    ("wal::wal", &["total_supply"], READ),
    ("wal_exchange::wal_exchange", &["new_exchange_rate"], HELPER),
    (
        "wal_exchange::wal_exchange",
        &["add_wal", "add_sui"],
        "a coin of the amount is added whole",
    ),
    (
        "subsidies::subsidies",
        &["new"],
        "made with rates and funds at once",
    ),
    (
        "subsidies::subsidies",
        &["migrate"],
        "needs a version of the system that is gone",
    ),
    (
        "subsidies::subsidies",
        &[
            "admin_cap_subsidies_id",
            "subsidy_pool_value",
            "buyer_subsidy_rate",
            "system_subsidy_rate",
        ],
        READ,
    ),
    (
        "walrus_subsidies::walrus_subsidies",
        &["add_balance"],
        "coins are added",
    ),
];

fn abi() -> BTreeMap<String, Value> {
    let text = include_str!("../../../../docs/spec/contracts_abi.json");
    let abi: Value = serde_json::from_str(text).unwrap();
    let mut functions = BTreeMap::new();
    for (module, content) in abi["modules"].as_object().unwrap() {
        // On no network.
        if module.starts_with("blob_bucket::") {
            continue;
        }
        for (name, function) in content["functions"].as_object().into_iter().flatten() {
            functions.insert(format!("{module}::{name}"), function.clone());
        }
    }
    functions
}

fn deployment() -> Deployment {
    Deployment {
        system_object: ObjectId::from_suffix(0x21),
        staking_object: ObjectId::from_suffix(0x22),
        version: 4,
        package: WALRUS,
        type_package: WALRUS,
        wal_type: struct_tag(WAL, "wal", "WAL"),
        origins: Default::default(),
    }
}

/// Every builder once; the transaction with all objects shared, so that it says which are changed.
fn built() -> ProgrammableTransaction {
    let deployment = deployment();
    let mut ptb = Ptb::new();
    let calls = &mut Calls::new(&mut ptb, &deployment);
    system(calls);
    storage(calls);
    blobs(calls);
    pools(calls);
    nodes(calls);
    stakes(calls);
    governance(calls);
    money(calls);
    let shared = |id| {
        let reference = ObjectReference::new(address(id), 1, Digest::ZERO);
        (id, (Owner::Shared(1), reference))
    };
    let objects = ptb.object_ids().into_iter().map(shared).collect();
    let coin = ObjectReference::new(address(ObjectId::from_suffix(0x33)), 1, Digest::ZERO);
    let transaction = ptb
        .complete(&Completion {
            sender: SuiAddress::ZERO,
            objects: &objects,
            wal_type: &deployment.wal_type,
            wal_coins: std::slice::from_ref(&coin),
            gas: std::slice::from_ref(&coin),
            gas_price: 1000,
            gas_budget: 1,
        })
        .unwrap();
    match transaction.kind {
        TransactionKind::ProgrammableTransaction(ptb) => ptb,
        other => panic!("{other:?}"),
    }
}

const ID: ObjectId = ObjectId::from_suffix(0x44);
const BLOB: BlobId = BlobId([7; 32]);

fn facts() -> BlobFacts {
    BlobFacts {
        blob_id: BLOB,
        root_hash: [1; 32],
        unencoded_length: 5,
        encoding_type: 1,
        deletable: true,
    }
}

fn certificate() -> CertificateArgs {
    CertificateArgs {
        signature: vec![1; 96],
        signers: vec![1],
        message: vec![1; 40],
    }
}

fn system(calls: &mut Calls<'_>) {
    let certificate = certificate();
    let payment = calls.ptb.pay_wal(100);
    calls.reserve_space(1, 1, payment);
    let storage = calls.reserve_space_for_epochs(1, Epoch(1), Epoch(2), payment);
    let blob = calls.register_blob(storage, &facts(), payment);
    calls.certify_blob(blob, &certificate);
    calls.extend_blob(blob, 1, payment);
    calls.extend_blob_with_resource(blob, storage);
    calls.delete_blob(blob);
    calls.invalidate_blob_id(&certificate);
    let event_blob = EventBlobFacts {
        blob_id: BLOB,
        root_hash: [1; 32],
        unencoded_length: 5,
        encoding_type: 1,
        ending_checkpoint: 9,
        epoch: Epoch(1),
    };
    calls.certify_event_blob(ID, &event_blob);
    let coin = calls.ptb.wal_coin(5);
    calls.add_subsidy(coin, 2);
    calls.add_per_epoch_subsidies(vec![coin]);
    calls.update_protocol_version(ID, &certificate);
    calls.register_deny_list_update(ID, [1; 32], 1);
    calls.update_deny_list(ID, &certificate);
    calls.delete_deny_listed_blob(&certificate);
}

fn storage(calls: &mut Calls<'_>) {
    let storage = calls.own(ID);
    let other = calls.split_storage_by_epoch(storage, Epoch(2));
    calls.split_storage_by_size(storage, 5);
    calls.fuse_storage_periods(storage, other);
    calls.fuse_storage_amount(storage, other);
    calls.fuse_storage(storage, other);
    calls.destroy_storage(storage);
}

fn blobs(calls: &mut Calls<'_>) {
    let blob = calls.own(ID);
    let attributes = calls.attributes([("key", "value")]);
    calls.add_attributes(blob, attributes);
    calls.replace_attributes(blob, attributes);
    calls.take_attributes(blob);
    calls.set_attribute(blob, "key", "value");
    calls.remove_attribute(blob, "key");
    calls.remove_attribute_if_exists(blob, "key");
    calls.share_blob(blob);
    let coin = calls.ptb.wal_coin(5);
    calls.share_blob_funded(blob, coin);
    calls.fund_shared_blob(ID, coin);
    calls.extend_shared_blob(ID, 1);
    calls.burn_blob(blob);
}

fn pools(calls: &mut Calls<'_>) {
    let (payment, storage) = (calls.ptb.pay_wal(100), calls.own(ID));
    let pool = calls.create_storage_pool(5, 1, payment);
    calls.create_storage_pool_with_storage(storage);
    calls.register_pooled_blob(pool, &facts(), payment);
    calls.certify_pooled_blob(pool, BLOB, &certificate());
    let attributes = calls.attributes([]);
    calls.add_pooled_attributes(pool, BLOB, attributes);
    calls.replace_pooled_attributes(pool, BLOB, attributes);
    calls.set_pooled_attribute(pool, BLOB, "key", "value");
    calls.remove_pooled_attribute(pool, BLOB, "key");
    calls.remove_pooled_attribute_if_exists(pool, BLOB, "key");
    calls.take_pooled_attributes(pool, BLOB);
    calls.extend_storage_pool(pool, 1, payment);
    calls.increase_storage_pool_capacity(pool, 5, payment);
    calls.increase_storage_pool_capacity_with_storage(pool, storage);
    calls.decrease_storage_pool_capacity_by_size(pool, 5);
    calls.decrease_storage_pool_unused_capacity_by_percent(pool, 5);
    calls.delete_pooled_blob(pool, BLOB);
    calls.burn_expired_pooled_blob(pool, BLOB);
    calls.destroy_storage_pool(pool);
}

fn nodes(calls: &mut Calls<'_>) {
    let secret = BlsSecretKey::from_entropy(&[7; 32]);
    let network = NetworkSecretKey::from_bytes(&[3; 32]).unwrap().public_key();
    let proof = ProofOfPossession::sign(&secret, Epoch(1), SuiAddress::ZERO);
    calls.register_candidate(&NodeRegistration {
        name: "node".to_owned(),
        network_address: "node:1".to_owned(),
        metadata: NodeMetadataText::default(),
        public_key: secret.public_key(),
        network_public_key: network,
        proof_of_possession: proof,
        commission_rate: 1,
        votes: VotingParams {
            storage_price: 1,
            write_price: 2,
            node_capacity: 3,
        },
    });
    calls.set_next_commission(ID, 1);
    let cap = struct_tag(WALRUS, StorageNodeCap::MODULE, StorageNodeCap::NAME);
    let by_cap = Identity::Object(ID, cap);
    let by_sender = Identity::Address(SuiAddress::ZERO);
    calls.collect_commission(ID, by_cap.clone());
    calls.set_commission_receiver(ID, by_sender.clone(), by_cap.clone());
    calls.set_governance_authorized(ID, by_cap, by_sender);
    for vote in [
        Vote::StoragePrice(1),
        Vote::WritePrice(1),
        Vote::NodeCapacity(1),
    ] {
        calls.vote(ID, vote);
    }
    calls.update_prices();
    calls.set_next_public_key(ID, &secret.public_key(), &proof);
    calls.set_name(ID, "name");
    calls.set_network_address(ID, "node:1");
    calls.set_network_public_key(ID, &network);
    calls.set_node_metadata(ID, &NodeMetadataText::default());
    calls.voting_end();
    calls.initiate_epoch_change(ID);
    calls.epoch_sync_done(ID, Epoch(1));
    calls.try_join_active_set(ID);
    let coin = calls.ptb.wal_coin(5);
    calls.add_commission_to_pools(vec![(ID, coin)]);
    calls.compute_next_committee();
}

fn stakes(calls: &mut Calls<'_>) {
    let coin = calls.ptb.wal_coin(5);
    let stake = calls.stake(coin, ID);
    let part = calls.split_stake(stake, 5);
    calls.join_stakes(stake, part);
    calls.can_withdraw_early(stake);
    calls.request_withdraw(stake);
    calls.withdraw(stake);
    calls.calculate_rewards(ID, 5, Epoch(1), Epoch(2));
}

fn governance(calls: &mut Calls<'_>) {
    let sender = Identity::Address(SuiAddress::ZERO);
    calls.vote_for_upgrade(ID, ID, sender.clone(), &[1; 32]);
    let ticket = calls.authorize_upgrade(ID, &[1; 32]);
    calls.authorize_emergency_upgrade(ID, ID, &[1; 32]);
    // Between the two comes the upgrade itself.
    let _ = ticket;
    let receipt = calls.own(ID);
    calls.commit_upgrade(ID, receipt);
    calls.cleanup_upgrade_proposals(ID, &[vec![1; 32]]);
    calls.burn_emergency_upgrade_cap(ID);
    calls.migrate(WALRUS);
    calls.vote_for_slashing(ID, ID, sender, ID);
    calls.execute_slashing(ID, ID, ID);
    calls.cleanup_slashing_proposals(ID, &[ID]);
}

fn money(calls: &mut Calls<'_>) {
    let (wal, sui) = (calls.ptb.wal_coin(5), calls.ptb.sui_coin(5));
    let payment = calls.ptb.pay_wal(5);
    calls.burn_wal(ID, wal);
    calls.new_exchange(EXCHANGE);
    calls.new_funded_exchange(EXCHANGE, payment, 5);
    calls.exchange_all_for_wal(EXCHANGE, ID, sui);
    calls.exchange_all_for_sui(EXCHANGE, ID, wal);
    calls.exchange_for_wal(EXCHANGE, ID, Arg::Gas, 5);
    calls.exchange_for_sui(EXCHANGE, ID, payment, 5);
    calls.fund_exchange(EXCHANGE, ID, wal);
    calls.fund_exchange_with_sui(EXCHANGE, ID, sui);
    calls.withdraw_wal_from_exchange(EXCHANGE, ID, 5, ID);
    calls.withdraw_sui_from_exchange(EXCHANGE, ID, 5, ID);
    calls.set_exchange_rate(EXCHANGE, ID, (1, 2), ID);

    let rates = CreditRates {
        buyer: 1,
        system: 2,
    };
    calls.new_credits(CREDITS, rates, wal);
    calls.fund_credits(CREDITS, ID, wal);
    calls.set_credit_rates(CREDITS, ID, ID, rates);
    calls.withdraw_credits(CREDITS, ID, ID);
    let storage = calls.reserve_space_with_credits(CREDITS, ID, 5, 1, payment);
    let blob = calls.register_blob_with_credits(CREDITS, ID, storage, &facts(), payment);
    calls.extend_blob_with_credits(CREDITS, ID, blob, 1, payment);

    let rates = SupplementRates {
        usage_rate: 1,
        per_node_frost: 2,
        per_shard_frost: 3,
    };
    calls.new_walrus_subsidies(SUBSIDIES, rates);
    calls.set_supplement_rates(SUBSIDIES, ID, ID, rates);
    calls.fund_walrus_subsidies(SUBSIDIES, ID, wal);
    calls.process_subsidies(SUBSIDIES, ID);
    calls.migrate_walrus_subsidies(SUBSIDIES, ID);
}

/// The function's name in the interface; `None` for the framework's.
fn path(call: &MoveCall) -> Option<String> {
    let (package, _) = PACKAGES
        .iter()
        .find(|(_, id)| address(*id) == call.package)?;
    Some(format!("{package}::{}::{}", call.module, call.function))
}

#[test]
fn every_function_has_a_builder_or_a_reason() {
    let callable: BTreeSet<String> = abi()
        .into_iter()
        // No transaction can do anything with a reference.
        .filter(|(_, function)| !function["returns"].as_str().unwrap().starts_with('&'))
        .map(|(path, _)| path)
        .collect();
    let commands = built().commands;
    let calls = commands.iter().filter_map(|command| match command {
        Command::MoveCall(call) => path(call),
        _ => None,
    });
    let built: BTreeSet<String> = calls.collect();
    let reasons = UNBUILT.iter().flat_map(|(module, functions, _)| {
        let functions = functions.iter();
        functions.map(move |function| format!("{module}::{function}"))
    });
    let unbuilt: BTreeSet<String> = reasons.collect();
    let both: Vec<_> = built.intersection(&unbuilt).collect();
    assert!(both.is_empty(), "built after all: {both:?}");
    let known: BTreeSet<String> = built.union(&unbuilt).cloned().collect();
    let (missing, gone) = (callable.difference(&known), known.difference(&callable));
    let (missing, gone): (Vec<_>, Vec<_>) = (missing.collect(), gone.collect());
    assert!(missing.is_empty(), "no builder, no reason: {missing:?}");
    assert!(gone.is_empty(), "not in the interface: {gone:?}");
    assert!(built.len() > 110, "{} functions are built", built.len());
}

#[test]
fn every_call_fits_its_signature() {
    let (abi, ptb) = (abi(), built());
    for command in &ptb.commands {
        let Command::MoveCall(call) = command else {
            continue;
        };
        let Some(path) = path(call) else {
            continue;
        };
        let function = &abi[&path];
        let type_params = function["type_params"].as_str().unwrap();
        assert_eq!(
            call.type_arguments.len(),
            type_params
                .split(',')
                .filter(|name| !name.is_empty())
                .count(),
            "types of {path}"
        );
        let params: Vec<&str> = function["params"]
            .as_array()
            .unwrap()
            .iter()
            .map(|param| param[1].as_str().unwrap())
            .filter(|param| !param.ends_with("TxContext"))
            .collect();
        assert_eq!(call.arguments.len(), params.len(), "arguments of {path}");
        for (argument, param) in call.arguments.iter().zip(params) {
            check_argument(&abi, &ptb, *argument, param, &path);
        }
    }
}

fn check_argument(
    abi: &BTreeMap<String, Value>,
    ptb: &ProgrammableTransaction,
    argument: Argument,
    param: &str,
    path: &str,
) {
    match argument {
        Argument::Input(index) => match &ptb.inputs[usize::from(index)] {
            Input::Pure(bytes) => {
                let size = plain_size(param);
                assert!(
                    size.is_some_and(|size| size == 0 || size == bytes.len()),
                    "{path}: {} bytes for {param}",
                    bytes.len()
                );
            }
            Input::Shared(shared) => {
                assert_eq!(plain_size(param), None, "{path}: an object for {param}");
                let reads = param.starts_with('&') && !param.starts_with("&mut ");
                assert!(
                    reads || shared.mutability().is_mutable(),
                    "{path}: {param} is changed"
                );
            }
            other => panic!("{path}: {other:?}"),
        },
        Argument::Result(index) => {
            let Command::MoveCall(from) = &ptb.commands[usize::from(index)] else {
                return;
            };
            if let Some(from) = self::path(from) {
                let param = param.trim_start_matches("&mut ").trim_start_matches('&');
                assert_eq!(
                    abi[&from]["returns"], param,
                    "{path} gets what {from} returns"
                );
            }
        }
        _ => {}
    }
}

/// Bytes of a plain value's type, 0 if they vary; `None` for objects.
fn plain_size(param: &str) -> Option<usize> {
    match param.trim_start_matches('&') {
        "u8" | "bool" => Some(1),
        "u16" => Some(2),
        "u32" => Some(4),
        "u64" => Some(8),
        "u128" => Some(16),
        "u256" | "address" | "sui::object::ID" => Some(32),
        "std::string::String" => Some(0),
        vector if vector.starts_with("vector<") && !vector.contains("Balance") => Some(0),
        _ => None,
    }
}
