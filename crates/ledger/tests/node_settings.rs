//! What nodes change about themselves, and what anybody can ask the staking side.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod network;
mod support;

use floe_core::{
    Epoch, ObjectId,
    onchain::{
        framework::{Coin, Element, VecMap, Wal},
        node::{Authorized, ExtendedFieldKey, NodeMetadata},
        staking::{Committee, StakedWal},
    },
};
use floe_ledger::{SimulateOptions, simulate};
use network::{Network, Options, Tx, WAL, created, node_key, nodes::proof};
use serde::de::DeserializeOwned;
use sui_sdk_types::{Argument, TypeTag};

fn network() -> Network {
    Network::new(&Options {
        stakes: vec![1000; 4],
        n_shards: 10,
        users: 2,
        ..Options::default()
    })
}

/// What the last command returns; nothing is written.
fn ask<T: DeserializeOwned>(network: &Network, write: impl FnOnce(&mut Tx<'_>)) -> T {
    let tx = network.transaction(network.users[0], write);
    let options = SimulateOptions {
        collect_outputs: true,
        ..SimulateOptions::default()
    };
    let outcome = simulate(&network.ledger.state, &tx, &network.ledger.ctx, &options).unwrap();
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    let output = outcome.command_outputs.last().unwrap();
    bcs::from_bytes(&output.returned[0].bytes).unwrap()
}

#[test]
fn a_node_changes_what_it_says_of_itself() {
    let mut network = network();
    let node = network.nodes[1].clone();
    let capacity = 7_u64 << 40;
    network.ok(node.owner, |tx| {
        tx.by_cap("set_name", node.cap, &"n".repeat(100));
        tx.by_cap("set_network_address", node.cap, &"a".repeat(259));
        tx.by_cap("set_network_public_key", node.cap, &vec![3_u8; 33]);
        tx.by_cap("set_storage_price_vote", node.cap, &11_u64);
        tx.by_cap("set_write_price_vote", node.cap, &12_u64);
        tx.by_cap("set_node_capacity_vote", node.cap, &capacity);
        let texts = ["image", "project", "old"].map(|text| tx.pure(&text));
        let metadata = tx.walrus("node_metadata::new", &texts);
        let new = tx.pure(&"new");
        tx.walrus("node_metadata::set_description", &[metadata, new]);
        let arguments = [tx.staking(), tx.object(node.cap), metadata];
        tx.walrus("staking::set_node_metadata", &arguments);
    });
    let pool = network.pool(&node.node_id);
    let votes = &pool.voting_params;
    assert_eq!(
        (votes.storage_price, votes.write_price, votes.node_capacity),
        (11, 12, capacity)
    );
    let info = &pool.node_info;
    assert_eq!((info.name.len(), info.network_address.len()), (100, 259));
    assert_eq!(info.network_public_key, [3; 33]);
    let metadata: NodeMetadata = ask(&network, |tx| {
        let arguments = [tx.staking(), tx.pure(&node.node_id)];
        tx.walrus("staking::node_metadata", &arguments);
    });
    let expected = NodeMetadata {
        image_url: "image".to_owned(),
        project_url: "project".to_owned(),
        description: "new".to_owned(),
        extra_fields: VecMap::default(),
    };
    assert_eq!(metadata, expected);
    assert_eq!(
        metadata,
        network.field(info.metadata.id.0, &ExtendedFieldKey)
    );
}

/// A key set before the vote ends is the next committee's; one set after it comes an epoch late
/// there, though the pool has it at once (`docs/spec/contracts.md` §7, 17).
#[test]
fn keys_rotate_with_the_committee_that_was_chosen_with_them() {
    let mut network = network();
    let node = network.nodes[0].clone();
    let keys = |network: &Network| {
        let members = network.system().committee.members;
        let member = members
            .into_iter()
            .find(|member| member.node_id == node.node_id);
        let info = network.pool(&node.node_id).node_info;
        (
            member.unwrap().public_key,
            info.public_key,
            info.next_epoch_public_key,
        )
    };
    let [old, second, third] =
        [0, 40, 41].map(|index| Element::from_public_key(&node_key(index).public_key()));
    let set = |network: &mut Network, index: usize| {
        let key = node_key(index);
        let proof = proof(&key, network.epoch(), node.owner);
        network.ok(node.owner, |tx| {
            tx.set_key(node.cap, &key.public_key().to_bytes(), &proof)
        });
    };
    set(&mut network, 40);
    assert_eq!(keys(&network), (old.clone(), old, Some(second.clone())));
    network.voting_end();
    set(&mut network, 41);
    network.change_epoch();
    assert_eq!(keys(&network), (second, third.clone(), None));
    network.sync_all();
    network.next_epoch();
    assert_eq!(keys(&network), (third.clone(), third, None));
}

#[test]
fn rights_are_handed_over_by_those_who_have_them() {
    let mut network = network();
    let node = network.nodes[2].clone();
    let (user, other) = (network.users[0], network.users[1]);
    network.ok(user, |tx| tx.add_commission(node.node_id, 5 * WAL));
    // Through the cap to a user, who collects once the block is over.
    network.ok(node.owner, |tx| {
        let auth = tx.object_auth::<floe_core::onchain::node::StorageNodeCap>(node.cap);
        let user = tx.pure(&user);
        let receiver = tx.walrus("auth::authorized_address", &[user]);
        let arguments = [tx.staking(), tx.pure(&node.node_id), auth, receiver];
        tx.walrus("staking::set_commission_receiver", &arguments);
    });
    network.next_epoch();
    network.voting_end();
    let outcome = network.ok(user, |tx| {
        let auth = tx.sender_auth();
        let arguments = [tx.staking(), tx.pure(&node.node_id), auth];
        let coin = tx.walrus("staking::collect_commission", &arguments);
        tx.keep(coin);
    });
    let coin: Coin<Wal> = network.read(&created::<Coin<Wal>>(&outcome)[0]);
    assert_eq!(coin.balance, 5 * WAL);
    // From the owner to whoever can use an object; here a shared one, so everybody.
    let anchor = network.ids.staking_object;
    network.ok(node.owner, |tx| {
        let auth = tx.sender_auth();
        let anchor = tx.pure(&anchor);
        let authorized = tx.walrus("auth::authorized_object", &[anchor]);
        let arguments = [tx.staking(), tx.pure(&node.node_id), auth, authorized];
        tx.walrus("staking::set_governance_authorized", &arguments);
    });
    let pool = network.pool(&node.node_id);
    assert_eq!(pool.commission_receiver, Authorized::Address(user));
    assert_eq!(pool.governance_authorized, Authorized::ObjectID(anchor));
    network.ok(other, |tx| {
        let auth = tx.staking_auth();
        let arguments = [
            tx.object(tx.network.ids.slashing_manager),
            tx.staking(),
            auth,
            tx.pure(&node.node_id),
            tx.pure(&node.node_id),
        ];
        tx.walrus("slashing::vote_for_slashing", &arguments);
    });
}

#[test]
fn questions_are_answered_before_the_fact() {
    let mut network = network();
    let (user, node) = (network.users[0], network.nodes[3].node_id);
    let stake = network.stake(user, node, 500 * WAL);
    let early = |network: &Network| -> bool {
        ask(network, |tx| {
            let arguments = [tx.staking(), tx.object(stake)];
            tx.walrus("staking::can_withdraw_staked_wal_early", &arguments);
        })
    };
    let next: Committee = ask(&network, |tx| {
        let staking = tx.staking();
        tx.walrus("staking::compute_next_committee", &[staking]);
    });
    let size: u64 = ask(&network, |tx| {
        let staking = tx.staking();
        let next = tx.walrus("staking::compute_next_committee", &[staking]);
        tx.walrus("committee::size", &[next]);
    });
    assert_eq!(size, 4);
    assert!(early(&network));
    network.voting_end();
    assert!(!early(&network));
    assert_eq!(network.staking().next_committee, Some(next));
    network.change_epoch();
    network.sync_all();
    network.ok(user, |tx| {
        let storage = tx.reserve(100 << 20, 5);
        tx.keep(storage);
    });
    network.next_epoch();
    network.ok(user, |tx| tx.request_withdraw(stake));
    network.next_epoch();
    let epoch = network.epoch();
    let rewards: u64 = ask(&network, |tx| {
        let arguments = [
            tx.staking(),
            tx.pure(&node),
            tx.pure(&(500 * WAL)),
            tx.pure(&2_u32),
            tx.pure(&epoch),
        ];
        tx.walrus("staking::calculate_rewards", &arguments);
    });
    let asked: Epoch = ask(&network, |tx| {
        let staking = tx.staking();
        tx.walrus("staking::epoch", &[staking]);
    });
    assert_eq!(asked, Epoch(epoch));
    let state: StakedWal = network.read(&stake);
    assert_eq!(state.activation_epoch, Epoch(2));
    let outcome = network.ok(user, |tx| tx.withdraw(stake));
    let coin: Coin<Wal> = network.read(&created::<Coin<Wal>>(&outcome)[0]);
    assert!(rewards > 0);
    assert_eq!(coin.balance, 500 * WAL + rewards);
}

/// A public helper like any other: a value of any type in a field of its own.
#[test]
fn extended_fields_hold_values_of_any_type() {
    let mut network = network();
    let user = network.users[0];
    let call = |tx: &mut Tx<'_>, function: &str, arguments: &[Argument]| {
        let package = floe_ledger::address(tx.network.ids.walrus_package);
        let path = format!("{package}::extended_field::{function}");
        tx.ptb.call(&path, &[TypeTag::U64], arguments)
    };
    let outcome = network.ok(user, |tx| {
        let value = tx.pure(&5_u64);
        let field = call(tx, "new", &[value]);
        tx.keep(field);
    });
    type Field = floe_core::onchain::node::ExtendedField<u64>;
    let field: ObjectId = created::<Field>(&outcome)[0];
    assert_eq!(network.field::<_, u64>(field, &ExtendedFieldKey), 5);
    let objects = network.ledger.state.iter().count();
    network.ok(user, |tx| {
        let (field, value) = (tx.object(field), tx.pure(&6_u64));
        call(tx, "swap", &[field, value]);
    });
    assert_eq!(network.field::<_, u64>(field, &ExtendedFieldKey), 6);
    assert_eq!(network.ledger.state.iter().count(), objects);
    let last: u64 = ask(&network, |tx| {
        let field = tx.object(field);
        call(tx, "destroy", &[field]);
    });
    assert_eq!(last, 6);
    network.ok(user, |tx| {
        let field = tx.object(field);
        call(tx, "destroy", &[field]);
    });
    assert_eq!(network.ledger.state.iter().count(), objects - 2);
}
