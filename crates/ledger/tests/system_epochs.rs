//! What becomes of payments, pools, reports and subsidies over epochs
//! (`docs/spec/economics.md` §4, §8; `docs/spec/contracts.md` §4.8, §4.10).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod network;
mod support;

use floe_core::{
    BlobId, Epoch, ObjectId,
    messages::{self, BlobPersistence},
    onchain::{
        U256,
        blob::{PooledBlob, Storage, StoragePool, StoragePoolInnerV1},
        events::{
            BlobCertified, BlobRegistered, DenyListBlobDeleted, DenyListUpdate, InvalidBlobID,
            PooledBlobCertified, PooledBlobDeleted, PooledBlobRegistered, ProtocolVersionUpdated,
            RegisterDenyListUpdate, StoragePoolCreated, StoragePoolExtended,
        },
        framework::{Coin, Wal},
        node::{ExtendedFieldKey, StorageNodeCap},
        subsidies, wal_exchange, walrus_subsidies,
    },
    storage_units,
};
use network::{
    Network, Options, WAL, abort_of, created, events,
    storage::{MIB, Spec},
};
use sui_sdk_types::Argument;
use support::balance;

const STORAGE_PRICE: u64 = 100_000;
const WRITE_PRICE: u64 = 20_000;

fn wal_of(network: &Network) -> u64 {
    balance(&network.object(&network.wal_coin(network.users[0])))
}

/// Payments of the first user, exactly.
fn reward_of_slot(network: &Network, ahead: u32) -> u64 {
    let system = network.system();
    let account = system.future_accounting.slot(ahead).unwrap();
    account.rewards_to_distribute.value
}

fn commission_and_rewards(network: &Network, node: &ObjectId) -> u64 {
    let pool = network.pool(node);
    pool.commission.value + pool.rewards_pool.value
}

/// `docs/spec/economics.md` §4, first vector: with nothing denied, by shards; 3 % burned.
#[test]
fn an_epoch_s_payments_are_burned_in_part_and_shared_by_shards() {
    let mut network = Network::new(&Options {
        stakes: vec![4000, 3500, 2500],
        n_shards: 1000,
        ..Options::default()
    });
    let user = network.users[0];
    let members = network.system().committee.members;
    let weight = |member: &floe_core::onchain::system::BlsCommitteeMember| member.weight;
    let mut weights: Vec<u16> = members.iter().map(weight).collect();
    weights.sort_unstable();
    assert_eq!(weights, [250, 350, 400]);
    // One byte of storage, and a subsidy so that the epoch's rewards are 1000 WAL.
    network.ok(user, |tx| {
        let storage = tx.reserve(1, 1);
        tx.keep(storage);
        let subsidy = tx.wal(1000 * WAL - STORAGE_PRICE);
        let (system, epochs) = (tx.system(), tx.pure(&1_u32));
        tx.walrus("system::add_subsidy", &[system, subsidy, epochs]);
    });
    assert_eq!(reward_of_slot(&network, 0), 1000 * WAL);
    let supply = network.supply();
    network.next_epoch();
    assert_eq!(supply - network.supply(), 30 * WAL);
    for member in &members {
        let reward = 970 * WAL * u64::from(member.weight) / 1000;
        assert_eq!(commission_and_rewards(&network, &member.node_id), reward);
    }
    assert_eq!(reward_of_slot(&network, 0), 0);
    network.check_supply();
}

/// Second vector: the bytes that a node denies are not rewarded; what is left over goes on.
#[test]
fn denied_bytes_are_not_rewarded() {
    let mut network = Network::new(&Options {
        stakes: vec![4000, 3500, 2500],
        n_shards: 1000,
        ..Options::default()
    });
    let user = network.users[0];
    let members = network.system().committee.members;
    let least = members.iter().find(|member| member.weight == 250).unwrap();
    let node = network
        .nodes
        .iter()
        .find(|node| node.node_id == least.node_id);
    let node = node.unwrap().clone();
    let used = 1_000_000_000_000;
    network.ok(user, |tx| {
        let storage = tx.reserve(used, 1);
        tx.keep(storage);
    });
    let paid = reward_of_slot(&network, 0);
    let rewards = 1_000_000_000_000;
    assert_eq!(paid, storage_units(used) * STORAGE_PRICE);
    let cert = network.sign_bytes(
        &[0, 1, 2],
        messages::Message::new(
            Epoch(1),
            messages::DenyListUpdate {
                node_id: node.node_id,
                sequence_number: 1,
                size: used / 5,
                root: [3; 32],
            },
        )
        .to_bytes(),
    );
    let outcome = network.ok(node.owner, |tx| {
        let [signature, bitmap, message] = tx.certificate(&cert);
        let arguments = [tx.system(), tx.object(node.cap), signature, bitmap, message];
        tx.walrus("system::update_deny_list", &arguments);
    });
    let update = DenyListUpdate {
        epoch: Epoch(1),
        root: U256([3; 32]),
        sequence_number: 1,
        node_id: node.node_id,
    };
    assert_eq!(events::<DenyListUpdate>(&outcome), [update]);
    let cap: StorageNodeCap = network.read(&node.cap);
    assert_eq!((cap.deny_list_sequence, cap.deny_list_size), (1, used / 5));
    let parent = network.system().deny_list_sizes.id.0;
    let sizes: floe_core::onchain::framework::VecMap<ObjectId, u64> =
        network.field(parent, &ExtendedFieldKey);
    assert_eq!(sizes.contents, [(node.node_id, used / 5)]);

    network.ok(user, |tx| {
        let subsidy = tx.wal(rewards - paid);
        let (system, epochs) = (tx.system(), tx.pure(&1_u32));
        tx.walrus("system::add_subsidy", &[system, subsidy, epochs]);
    });
    let supply = network.supply();
    network.next_epoch();
    assert_eq!(supply - network.supply(), 30_000_000_000);
    let expected = |weight| match weight {
        400 => 408_421_052_631,
        350 => 357_368_421_052,
        _ => 204_210_526_315,
    };
    for member in &members {
        assert_eq!(
            commission_and_rewards(&network, &member.node_id),
            expected(member.weight)
        );
    }
    assert_eq!(reward_of_slot(&network, 0), 2, "what is left over");
    network.check_supply();
}

#[test]
fn subsidies_spread_over_epochs_with_the_remainder_first() {
    let mut network = Network::new(&Options::default());
    let user = network.users[0];
    network.ok(user, |tx| {
        let (system, subsidy, epochs) = (tx.system(), tx.wal(103), tx.pure(&5_u32));
        tx.walrus("system::add_subsidy", &[system, subsidy, epochs]);
    });
    let slots: Vec<u64> = (0..6)
        .map(|ahead| reward_of_slot(&network, ahead))
        .collect();
    assert_eq!(slots, [23, 20, 20, 20, 20, 0]);
    // Nothing is used in this epoch: all but what is burned goes on.
    network.next_epoch();
    assert_eq!(reward_of_slot(&network, 0), 20 + 23);
}

#[test]
fn a_pool_lives_through_all_its_states() {
    let mut network = Network::new(&Options::default());
    let user = network.users[0];
    let size = network.encoded(1000);
    let (permanent, deletable) = (Spec::permanent(1), Spec::deletable(2));
    let wal = wal_of(&network);
    let outcome = network.ok(user, |tx| {
        let pool = tx.create_pool(3 * size, 2);
        tx.register_pooled(pool, &permanent);
        tx.register_pooled(pool, &deletable);
        tx.keep(pool);
    });
    let price = 2 * storage_units(3 * size) * STORAGE_PRICE + 2 * storage_units(size) * WRITE_PRICE;
    assert_eq!(wal - wal_of(&network), price);
    let pool = created::<StoragePool>(&outcome)[0];
    let created_event = StoragePoolCreated {
        epoch: Epoch(1),
        storage_pool_id: pool,
        reserved_encoded_capacity_bytes: 3 * size,
        start_epoch: Epoch(1),
        end_epoch: Epoch(3),
    };
    assert_eq!(events::<StoragePoolCreated>(&outcome), [created_event]);
    let registered = events::<PooledBlobRegistered>(&outcome);
    let blobs: Vec<ObjectId> = registered.iter().map(|event| event.object_id).collect();
    let inner = |network: &Network| network.field::<u64, StoragePoolInnerV1>(pool, &1);
    let counts = |network: &Network| {
        let inner = inner(network);
        (inner.blob_count, inner.used_encoded_bytes, inner.blobs.size)
    };
    assert_eq!(counts(&network), (2, 2 * size, 2));

    let (first, second) = (
        network.quorum(permanent.confirmation(ObjectId::ZERO)),
        network.quorum(deletable.confirmation(blobs[1])),
    );
    let outcome = network.ok(user, |tx| {
        let pool = tx.object(pool);
        tx.certify_pooled(pool, permanent.id(), &first);
        tx.certify_pooled(pool, deletable.id(), &second);
        tx.delete_pooled(pool, deletable.id());
    });
    let certified = events::<PooledBlobCertified>(&outcome);
    assert_eq!(certified.len(), 2);
    let deleted = events::<PooledBlobDeleted>(&outcome);
    assert!(deleted[0].was_certified && deleted[0].object_id == blobs[1]);
    assert_eq!(counts(&network), (1, size, 1));
    assert_eq!(
        network.read::<PooledBlob>(&blobs[0]).certified_epoch,
        Some(Epoch(1))
    );

    let wal = wal_of(&network);
    let outcome = network.ok(user, |tx| {
        let (pool, system, coin) = (tx.object(pool), tx.system(), tx.wal_coin());
        let (epochs, bytes) = (tx.pure(&1_u32), tx.pure(&MIB));
        tx.walrus("system::extend_storage_pool", &[system, pool, epochs, coin]);
        tx.walrus(
            "system::increase_storage_pool_capacity",
            &[system, pool, bytes, coin],
        );
        let storage = tx.reserve(2 * MIB, 3);
        tx.walrus(
            "system::increase_storage_pool_capacity_with_storage",
            &[system, pool, storage],
        );
        let rest = tx.walrus(
            "system::decrease_storage_pool_capacity_by_size",
            &[system, pool, bytes],
        );
        tx.keep(rest);
        let percent = tx.pure(&50_u8);
        let rest = tx.walrus(
            "system::decrease_storage_pool_unused_capacity_by_percent",
            &[system, pool, percent],
        );
        tx.keep(rest);
    });
    let units = storage_units(3 * size) + 3 + 3 * 2;
    assert_eq!(wal - wal_of(&network), units * STORAGE_PRICE);
    assert_eq!(
        events::<StoragePoolExtended>(&outcome)[0].new_end_epoch,
        Epoch(4)
    );
    // Of 2 · size + 2 MiB unused bytes, half has gone.
    assert_eq!(inner(&network).storage.storage_size, 2 * size + MIB);
    assert_eq!(created::<Storage>(&outcome).len(), 2);

    for _ in 0..3 {
        network.next_epoch();
    }
    let outcome = network.ok(user, |tx| {
        let arguments = [tx.system(), tx.object(pool), tx.pure(&permanent.id())];
        tx.walrus("system::burn_expired_pooled_blob", &arguments);
        let storage = tx.walrus("storage_pool::destroy", &[arguments[1]]);
        tx.keep(storage);
    });
    assert!(outcome.events.is_none(), "expired blobs go without a word");
    assert!(network.ledger.state.get(&pool).is_none());
    network.check_supply();
}

#[test]
fn an_event_blob_is_certified_by_the_quorum_and_lives_in_events_only() {
    let mut network = Network::new(&Options::default());
    let spec = Spec::permanent(5);
    let other = Spec::permanent(6);
    let nodes = network.nodes.clone();
    let mut weight = 0;
    let mut done = false;
    for node in &nodes {
        let members = network.system().committee.members;
        let own = members.iter().find(|member| member.node_id == node.node_id);
        let outcome = network.ok(node.owner, |tx| tx.attest(node.cap, &spec, 100, 1));
        let registered = events::<BlobRegistered>(&outcome);
        let certified = events::<BlobCertified>(&outcome);
        weight += own.unwrap().weight;
        if done || 3 * weight < 201 {
            assert!(registered.is_empty() && certified.is_empty());
            continue;
        }
        done = true;
        assert_eq!(registered[0].end_epoch, Epoch(54));
        assert_eq!(certified[0].epoch, Epoch(1));
        assert!(created::<floe_core::onchain::blob::Blob>(&outcome).is_empty());
    }
    assert!(done);
    let system = network.system();
    let state = &system.event_blob_certification_state;
    let latest = state.latest_certified_blob.as_ref().unwrap();
    assert_eq!(
        (latest.blob_id, latest.ending_checkpoint_sequence_number),
        (spec.id(), 100)
    );
    assert!(state.aggregate_weight_per_blob.is_empty());
    // Free of charge, but counted in every epoch that is sold.
    let size = network.encoded(1000);
    assert_eq!(system.used_capacity_size, size);
    assert_eq!(reward_of_slot(&network, 0), 0);
    let last = system.future_accounting.slot(52).unwrap();
    assert_eq!(last.used_capacity, size);

    // The next one waits for a quorum; an epoch change forgets it.
    network.ok(nodes[0].owner, |tx| tx.attest(nodes[0].cap, &other, 200, 1));
    let waiting = |network: &Network| {
        let state = network.system().event_blob_certification_state;
        state.aggregate_weight_per_blob.len()
    };
    assert_eq!(waiting(&network), 1);
    network.next_epoch();
    assert_eq!(waiting(&network), 0);
    // The attestation of another epoch does not stand in the way.
    network.ok(nodes[0].owner, |tx| tx.attest(nodes[0].cap, &other, 200, 2));
    assert_eq!(waiting(&network), 1);
}

#[test]
fn a_wrong_event_blob_is_noticed_by_the_last_attester_only() {
    let mut network = Network::new(&Options::default());
    let spec = Spec {
        encoding_type: 7,
        ..Spec::permanent(5)
    };
    let nodes = network.nodes.clone();
    let aborts: Vec<_> = nodes
        .iter()
        .map(|node| network.run(node.owner, |tx| tx.attest(node.cap, &spec, 1, 1)))
        .filter_map(|outcome| abort_of(&outcome))
        .collect();
    // As long as the quorum is open, every further attester fails.
    assert!(!aborts.is_empty() && aborts.len() < nodes.len());
    assert!(aborts.iter().all(|abort| abort.module == "encoding"));
}

#[test]
fn nodes_tell_of_bad_blobs_lists_and_protocols() {
    let mut network = Network::new(&Options::default());
    let user = network.users[0];
    let node = network.nodes[0].clone();
    let blob_id = BlobId([7; 32]);
    // 38 or more of 100 shards, of which one node is correct; missing bytes of a bitmap are zero.
    let few = |network: &Network, bytes| {
        let mut cert = network.sign_bytes(&[0, 1, 2, 3, 4], bytes);
        cert.bitmap.truncate(1);
        cert
    };
    let bytes = messages::Message::new(Epoch(1), messages::InvalidBlobId { blob_id }).to_bytes();
    let cert = few(&network, bytes);
    let outcome = network.ok(user, |tx| {
        let [signature, bitmap, message] = tx.certificate(&cert);
        let system = tx.system();
        tx.walrus(
            "system::invalidate_blob_id",
            &[system, signature, bitmap, message],
        );
    });
    let epoch = Epoch(1);
    assert_eq!(
        events::<InvalidBlobID>(&outcome),
        [InvalidBlobID { epoch, blob_id }]
    );

    let body = messages::DenyListBlobDeleted { blob_id };
    let cert = few(&network, messages::Message::new(Epoch(1), body).to_bytes());
    let outcome = network.ok(user, |tx| {
        let [signature, bitmap, message] = tx.certificate(&cert);
        let arguments = [tx.system(), signature, bitmap, message];
        tx.walrus("system::delete_deny_listed_blob", &arguments);
    });
    assert_eq!(
        events::<DenyListBlobDeleted>(&outcome),
        [DenyListBlobDeleted { epoch, blob_id }]
    );

    let cert = network.quorum(messages::ProtocolVersion {
        start_epoch: Epoch(3),
        protocol_version: 9,
    });
    let outcome = network.ok(node.owner, |tx| {
        let [signature, bitmap, message] = tx.certificate(&cert);
        let (system, cap) = (tx.system(), tx.object(node.cap));
        tx.walrus(
            "system::update_protocol_version",
            &[system, cap, signature, bitmap, message],
        );
        let (root, sequence) = (tx.pure(&[1_u8; 32]), tx.pure(&4_u64));
        tx.walrus(
            "system::register_deny_list_update",
            &[system, cap, root, sequence],
        );
    });
    let updated = ProtocolVersionUpdated {
        epoch,
        start_epoch: Epoch(3),
        protocol_version: 9,
    };
    assert_eq!(events::<ProtocolVersionUpdated>(&outcome), [updated]);
    assert_eq!(
        events::<RegisterDenyListUpdate>(&outcome)[0].sequence_number,
        4
    );
}

#[test]
fn trailing_bytes_of_a_message_are_signed_but_not_read() {
    let mut network = Network::new(&Options::default());
    let user = network.users[0];
    let spec = Spec::permanent(1);
    let blob = network.register(user, &spec, 1);
    let body = messages::StorageConfirmation {
        blob_id: spec.id(),
        persistence: BlobPersistence::Permanent,
    };
    let mut bytes = messages::Message::new(Epoch(1), body).to_bytes();
    bytes.extend([1, 2, 3]);
    let cert = network.quorum_bytes(bytes);
    network.ok(user, |tx| {
        let blob = tx.object(blob);
        tx.certify(blob, &cert);
    });
}

#[test]
fn walrus_subsidies_supplement_usage_and_pay_nodes_once_per_epoch() {
    let mut network = Network::new(&Options::default());
    let user = network.users[0];
    let new = |tx: &mut network::Tx<'_>| {
        let (rate, base, shard) = (tx.pure(&5000_u32), tx.pure(&WAL), tx.pure(&100_u64));
        let arguments = [tx.system(), tx.staking(), rate, base, shard];
        tx.contract("walrus_subsidies", "walrus_subsidies::new", &arguments)
    };
    let outcome = network.ok(user, |tx| {
        let cap = new(tx);
        tx.keep(cap);
    });
    let subsidies = created::<walrus_subsidies::WalrusSubsidies>(&outcome)[0];
    let process = |tx: &mut network::Tx<'_>| {
        let (own, staking) = (tx.object(subsidies), tx.staking());
        let arguments = [own, staking, tx.system(), tx.clock()];
        let path = "walrus_subsidies::process_subsidies";
        tx.contract("walrus_subsidies", path, &arguments);
    };
    network.ok(user, |tx| {
        let (own, funds) = (tx.object(subsidies), tx.wal(100 * WAL));
        tx.contract(
            "walrus_subsidies",
            "walrus_subsidies::add_coin",
            &[own, funds],
        );
        let storage = tx.reserve(10 * MIB, 2);
        tx.keep(storage);
        process(tx);
        process(tx);
    });
    // Half as much again, and only once.
    let paid = 10 * STORAGE_PRICE;
    let slots: Vec<u64> = (0..3)
        .map(|ahead| reward_of_slot(&network, ahead))
        .collect();
    assert_eq!(slots, [paid * 3 / 2, paid * 3 / 2, 0]);

    network.next_epoch();
    network.next_epoch();
    let commissions = |network: &Network| -> Vec<u64> {
        let nodes = network.nodes.iter();
        nodes
            .map(|node| network.pool(&node.node_id).commission.value)
            .collect()
    };
    let (shards, before) = (network.staking().previous_committee, commissions(&network));
    network.ok(user, |tx| {
        process(tx);
        process(tx);
    });
    for ((node, old), new) in network.nodes.iter().zip(before).zip(commissions(&network)) {
        let shards = shards.0.get(&node.node_id).unwrap().len() as u64;
        assert_eq!(new - old, WAL + 100 * shards);
    }
    network.check_supply();

    // An empty pool pays nobody.
    let outcome = network.ok(user, |tx| {
        let cap = new(tx);
        tx.keep(cap);
    });
    let empty = created::<walrus_subsidies::WalrusSubsidies>(&outcome)[0];
    network.next_epoch();
    let abort = network.abort(user, |tx| {
        let (own, staking) = (tx.object(empty), tx.staking());
        let arguments = [own, staking, tx.system(), tx.clock()];
        let path = "walrus_subsidies::process_subsidies";
        tx.contract("walrus_subsidies", path, &arguments);
    });
    assert_eq!(
        (abort.function.as_str(), abort.code),
        ("process_fixed_rate_subsidies", 1)
    );
}

#[test]
fn legacy_subsidies_pay_part_of_the_price() {
    let mut network = Network::new(&Options::default());
    let user = network.users[0];
    let new = |network: &mut Network, pool: u64| {
        let outcome = network.ok(user, |tx| {
            let arguments = [
                tx.pure(&[0_u8; 32]),
                tx.pure(&1000_u16),
                tx.pure(&500_u16),
                tx.wal(pool),
            ];
            let path = "subsidies::new_with_initial_rates_and_funds";
            let cap = tx.contract("subsidies", path, &arguments);
            tx.keep(cap);
        });
        created::<subsidies::Subsidies>(&outcome)[0]
    };
    let buy = |network: &mut Network, subsidies: ObjectId| {
        let before = (wal_of(network), reward_of_slot(network, 1));
        network.ok(user, |tx| {
            let arguments = [
                tx.object(subsidies),
                tx.system(),
                tx.pure(&(10 * MIB)),
                tx.pure(&2_u32),
                tx.wal_coin(),
            ];
            let storage = tx.contract("subsidies", "subsidies::reserve_space", &arguments);
            tx.keep(storage);
        });
        let own: subsidies::Subsidies = network.read(&subsidies);
        (
            before.0 - wal_of(network),
            reward_of_slot(network, 1) - before.1,
            own.subsidy_pool.value,
        )
    };
    // 20 units: 2 000 000 FROST. Ten percent off for the buyer, five percent more for the nodes.
    let rich = new(&mut network, WAL);
    assert_eq!(
        buy(&mut network, rich),
        (1_800_000, 1_000_000 + 50_000, WAL - 300_000)
    );
    // A pool of less than that is shared out two to one.
    let poor = new(&mut network, 3000);
    assert_eq!(buy(&mut network, poor), (1_998_000, 1_000_000 + 500, 0));
    // An empty one changes nothing.
    assert_eq!(buy(&mut network, poor), (2_000_000, 1_000_000, 0));
    network.check_supply();
}

#[test]
fn wal_is_exchanged_at_the_rate() {
    let mut network = Network::new(&Options::default());
    let user = network.users[0];
    let outcome = network.ok(user, |tx| {
        let arguments = [tx.wal_coin(), tx.pure(&(100 * WAL))];
        let cap = tx.contract("wal_exchange", "wal_exchange::new_funded", &arguments);
        tx.keep(cap);
    });
    let exchange = created::<wal_exchange::Exchange>(&outcome)[0];
    let cap = created::<wal_exchange::AdminCap>(&outcome)[0];
    let outcome = network.ok(user, |tx| {
        let own = tx.object(exchange);
        let (wal, sui, cap) = (tx.pure(&2_u64), tx.pure(&3_u64), tx.object(cap));
        let path = "wal_exchange::set_exchange_rate";
        tx.contract("wal_exchange", path, &[own, wal, sui, cap]);
        let amount = tx.pure(&1000_u64);
        let path = "wal_exchange::exchange_for_wal";
        let coin = tx.contract("wal_exchange", path, &[own, Argument::Gas, amount]);
        tx.keep(coin);
    });
    // 1000 · 2 / 3, rounded down.
    let wal: Coin<Wal> = network.read(&created::<Coin<Wal>>(&outcome)[0]);
    assert_eq!(wal.balance, 666);
    let held: wal_exchange::Exchange = network.read(&exchange);
    assert_eq!((held.wal.value, held.sui.value), (100 * WAL - 666, 1000));
    network.ok(user, |tx| {
        let (own, wal) = (tx.object(exchange), tx.wal(100));
        let path = "wal_exchange::exchange_all_for_sui";
        let coin = tx.contract("wal_exchange", path, &[own, wal]);
        tx.keep(coin);
    });
    assert_eq!(
        network.read::<wal_exchange::Exchange>(&exchange).sui.value,
        1000 - 150
    );
}
