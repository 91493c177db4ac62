//! Storage is bought, blobs are registered, certified, extended, deleted, and every FROST goes
//! where it should (`docs/spec/economics.md` §2).

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod network;
mod support;

use floe_core::{
    Epoch,
    onchain::{
        blob::{Blob, Metadata, SharedBlob, Storage},
        events::{BlobCertified, BlobDeleted, BlobRegistered},
        framework::VecMap,
        system::SystemStateInnerV1,
    },
    storage_units,
};
use floe_ledger::Outcome;
use network::{
    Network, Options, WAL, created, events,
    storage::{MIB, Spec},
};
use sui_sdk_types::{ObjectIn, ObjectOut};
use support::{balance, v2};

/// FROST per MiB: what genesis nodes vote for.
const STORAGE_PRICE: u64 = 100_000;
const WRITE_PRICE: u64 = 20_000;

fn network() -> Network {
    Network::new(&Options {
        n_shards: 1000,
        ..Options::default()
    })
}

fn rewards(system: &SystemStateInnerV1) -> Vec<u64> {
    let accounts = (0..system.future_accounting.length)
        .map(|ahead| system.future_accounting.slot(ahead).unwrap());
    accounts
        .map(|account| account.rewards_to_distribute.value)
        .collect()
}

fn wal_of(network: &Network) -> u64 {
    balance(&network.object(&network.wal_coin(network.users[0])))
}

/// Encoded sizes and units of `docs/spec/economics.md` §2.1.
#[test]
fn prices_are_those_of_the_specification() {
    const UNITS: [(u64, u64, u64); 7] = [
        (0, 66_034_000, 63),
        (1, 66_034_000, 63),
        (1_000_000, 70_038_000, 67),
        (MIB, 70_038_000, 67),
        (10 * MIB, 112_080_000, 107),
        (100 * MIB, 536_504_000, 512),
        (1 << 30, 4_888_852_000, 4663),
    ];
    let mut network = network();
    let user = network.users[0];
    for (seed, (size, encoded, units)) in (0_u8..).zip(UNITS) {
        assert_eq!(network.encoded(size), encoded);
        let spec = Spec {
            size,
            ..Spec::permanent(seed)
        };
        let (wal, before) = (wal_of(&network), network.system());
        network.register(user, &spec, 3);
        let system = network.system();
        assert_eq!(
            wal - wal_of(&network),
            3 * units * STORAGE_PRICE + units * WRITE_PRICE
        );
        let (old, new) = (rewards(&before), rewards(&system));
        assert_eq!(new[0] - old[0], units * (STORAGE_PRICE + WRITE_PRICE));
        assert_eq!(new[1] - old[1], units * STORAGE_PRICE);
        assert_eq!(new[2] - old[2], units * STORAGE_PRICE);
        assert_eq!(new[3..], old[3..]);
        assert_eq!(
            system.used_capacity_size - before.used_capacity_size,
            encoded
        );
        let slot = |ahead| system.future_accounting.slot(ahead).unwrap().used_capacity;
        assert_eq!((slot(0), slot(3)), (system.used_capacity_size, 0));
    }
    network.check_supply();
}

#[test]
fn a_blob_is_registered_certified_extended_and_deleted() {
    let mut network = network();
    let user = network.users[0];
    let spec = Spec::deletable(7);
    let size = network.encoded(spec.size);
    let outcome = network.ok(user, |tx| {
        let storage = tx.reserve(size + MIB, 5);
        let blob = tx.register(storage, &spec);
        tx.keep(blob);
    });
    let id = created::<Blob>(&outcome)[0];
    assert!(
        created::<Storage>(&outcome).is_empty(),
        "made and wrapped in one transaction, the storage shows nowhere"
    );
    let registered = BlobRegistered {
        epoch: Epoch(1),
        blob_id: spec.id(),
        size: spec.size,
        encoding_type: 1,
        end_epoch: Epoch(6),
        deletable: true,
        object_id: id,
    };
    assert_eq!(events::<BlobRegistered>(&outcome), [registered]);

    let cert = network.quorum(spec.confirmation(id));
    let outcome = network.ok(user, |tx| {
        let blob = tx.object(id);
        tx.certify(blob, &cert);
    });
    let certified = BlobCertified {
        epoch: Epoch(1),
        blob_id: spec.id(),
        end_epoch: Epoch(6),
        deletable: true,
        object_id: id,
        is_extension: false,
    };
    assert_eq!(
        events::<BlobCertified>(&outcome),
        std::slice::from_ref(&certified)
    );
    assert_eq!(network.read::<Blob>(&id).certified_epoch, Some(Epoch(1)));

    network.next_epoch();
    let (wal, before) = (wal_of(&network), network.system());
    let outcome = network.ok(user, |tx| {
        let blob = tx.object(id);
        tx.extend(blob, 2);
    });
    // The whole storage is paid for, not only what the blob takes up.
    let units = storage_units(size + MIB);
    assert_eq!(wal - wal_of(&network), 2 * units * STORAGE_PRICE);
    let slots: Vec<u64> = rewards(&network.system())
        .iter()
        .zip(rewards(&before))
        .map(|(new, old)| new - old)
        .collect();
    let price = units * STORAGE_PRICE;
    assert_eq!(slots[..7], [0, 0, 0, 0, price, price, 0]);
    let extended = BlobCertified {
        end_epoch: Epoch(8),
        is_extension: true,
        ..certified
    };
    assert_eq!(events::<BlobCertified>(&outcome), [extended]);

    let storage = network.read::<Blob>(&id).storage;
    let outcome = network.ok(user, |tx| {
        let blob = tx.object(id);
        let storage = tx.delete(blob);
        tx.keep(storage);
    });
    let deleted = BlobDeleted {
        epoch: Epoch(2),
        blob_id: spec.id(),
        end_epoch: Epoch(8),
        object_id: id,
        was_certified: true,
    };
    assert_eq!(events::<BlobDeleted>(&outcome), [deleted]);
    // The storage comes out under its own id, never seen in the store before.
    assert_eq!(network.read::<Storage>(&storage.id.0), storage);
    assert!(network.ledger.state.get(&id).is_none());
    network.check_supply();
}

#[test]
fn storage_wrapped_and_unwrapped_keeps_its_id() {
    let mut network = network();
    let user = network.users[0];
    let spec = Spec::deletable(8);
    let size = network.encoded(spec.size);
    let outcome = network.ok(user, |tx| {
        let storage = tx.reserve(size, 2);
        tx.keep(storage);
    });
    let storage = created::<Storage>(&outcome)[0];
    let change = |outcome: &Outcome| {
        let changes = &v2(outcome).changed_objects;
        let change = changes
            .iter()
            .find(|change| change.object_id.into_inner() == storage.0);
        let change = change.unwrap();
        (
            matches!(change.input_state, ObjectIn::Exist { .. }),
            matches!(change.output_state, ObjectOut::ObjectWrite { .. }),
        )
    };
    let outcome = network.ok(user, |tx| {
        let storage = tx.object(storage);
        let blob = tx.register(storage, &spec);
        tx.keep(blob);
    });
    assert_eq!(change(&outcome), (true, false), "wrapped");
    let blob = created::<Blob>(&outcome)[0];
    let outcome = network.ok(user, |tx| {
        let blob = tx.object(blob);
        let storage = tx.delete(blob);
        tx.keep(storage);
    });
    assert_eq!(change(&outcome), (false, true), "unwrapped");
}

#[test]
fn storage_is_split_and_fused() {
    let mut network = network();
    let user = network.users[0];
    let outcome = network.ok(user, |tx| {
        let storage = tx.reserve_for(100 * MIB, 0, 11);
        let epoch = tx.pure(&4_u32);
        let late = tx.walrus("storage_resource::split_by_epoch", &[storage, epoch]);
        let bytes = tx.pure(&(30 * MIB));
        let rest = tx.walrus("storage_resource::split_by_size", &[storage, bytes]);
        tx.walrus("storage_resource::fuse", &[storage, rest]);
        tx.walrus("storage_resource::fuse", &[late, storage]);
        let bytes = tx.pure(&(100 * MIB));
        let nothing = tx.walrus("storage_resource::split_by_size", &[late, bytes]);
        tx.walrus("storage_resource::fuse_amount", &[late, nothing]);
        let epoch = tx.pure(&10_u32);
        let last = tx.walrus("storage_resource::split_by_epoch", &[late, epoch]);
        tx.walrus("storage_resource::fuse_periods", &[late, last]);
        tx.keep(late);
    });
    let storage: Storage = network.read(&created::<Storage>(&outcome)[0]);
    assert_eq!(
        (storage.start_epoch, storage.end_epoch),
        (Epoch(1), Epoch(11))
    );
    assert_eq!(storage.storage_size, 100 * MIB);
    let outcome = network.ok(user, |tx| {
        let storage = tx.object(storage.id.0);
        tx.walrus("storage_resource::destroy", &[storage]);
    });
    assert_eq!(created::<Storage>(&outcome), []);
    // Given up, but not given back.
    assert_eq!(network.system().used_capacity_size, 100 * MIB);
}

#[test]
fn a_blob_is_extended_by_storage() {
    let mut network = network();
    let user = network.users[0];
    let spec = Spec::permanent(9);
    let blob = network.store(user, &spec, 2);
    let (size, before) = (network.encoded(spec.size), network.system());
    let outcome = network.ok(user, |tx| {
        let extension = tx.reserve_for(size, 3, 6);
        let (system, blob) = (tx.system(), tx.object(blob));
        tx.walrus(
            "system::extend_blob_with_resource",
            &[system, blob, extension],
        );
    });
    assert_eq!(events::<BlobCertified>(&outcome)[0].end_epoch, Epoch(6));
    assert_eq!(network.read::<Blob>(&blob).storage.end_epoch, Epoch(6));
    assert_eq!(
        before.used_capacity_size,
        network.system().used_capacity_size
    );
}

#[test]
fn a_shared_blob_is_funded_and_extended_by_anybody() {
    let mut network = network();
    let (owner, stranger) = (network.users[0], network.users[1]);
    let spec = Spec::permanent(10);
    let blob = network.store(owner, &spec, 2);
    let outcome = network.ok(owner, |tx| {
        let (blob, funds) = (tx.object(blob), tx.wal(WAL));
        tx.walrus("shared_blob::new_funded", &[blob, funds]);
    });
    let shared = created::<SharedBlob>(&outcome)[0];
    network.ok(stranger, |tx| {
        let (shared, funds) = (tx.object(shared), tx.wal(WAL));
        tx.walrus("shared_blob::fund", &[shared, funds]);
        let (system, epochs) = (tx.system(), tx.pure(&3_u32));
        tx.walrus("shared_blob::extend", &[shared, system, epochs]);
    });
    let shared: SharedBlob = network.read(&shared);
    let price = 3 * storage_units(network.encoded(spec.size)) * STORAGE_PRICE;
    assert_eq!(shared.funds.value, 2 * WAL - price);
    assert_eq!(shared.blob.storage.end_epoch, Epoch(6));
    network.check_supply();
}

#[test]
fn attributes_are_kept_in_order_and_die_with_the_blob() {
    let mut network = network();
    let user = network.users[0];
    let blob = network.register(user, &Spec::deletable(11), 2);
    network.ok(user, |tx| {
        let blob = tx.object(blob);
        let metadata = tx.metadata(&[("a", "1"), ("b", "2"), ("a", "3")]);
        tx.walrus("blob::add_metadata", &[blob, metadata]);
        let pair = [blob, tx.pure(&"c"), tx.pure(&"4")];
        tx.walrus("blob::insert_or_update_metadata_pair", &pair);
        let key = tx.pure(&"b");
        tx.walrus("blob::remove_metadata_pair", &[blob, key]);
        tx.walrus("blob::remove_metadata_pair_if_exists", &[blob, key]);
    });
    let pairs = |network: &Network| {
        let name = Metadata::FIELD_NAME.to_vec();
        let metadata: Metadata = network.field(blob, &name);
        let VecMap { contents } = metadata.metadata;
        contents
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(pairs(&network), [pair("a", "3"), pair("c", "4")]);
    network.ok(user, |tx| {
        let blob = tx.object(blob);
        let metadata = tx.metadata(&[("d", "5")]);
        tx.walrus("blob::add_or_replace_metadata", &[blob, metadata]);
    });
    assert_eq!(pairs(&network), [pair("d", "5")]);
    let before = network.ledger.state.iter().count();
    network.ok(user, |tx| {
        let blob = tx.object(blob);
        tx.walrus("blob::burn", &[blob]);
    });
    let after = network.ledger.state.iter().count();
    assert_eq!(before - after, 2, "the blob and its attributes");
}

#[test]
fn many_blobs_are_stored_in_one_transaction() {
    let mut network = network();
    let user = network.users[0];
    let specs: Vec<Spec> = (0..20).map(Spec::permanent).collect();
    let size = network.encoded(1000);
    let wal = wal_of(&network);
    let outcome = network.ok(user, |tx| {
        let all = tx.reserve(20 * size, 1);
        for (left, spec) in (1..20).rev().zip(&specs) {
            let kept = tx.pure(&(left * size));
            let own = tx.walrus("storage_resource::split_by_size", &[all, kept]);
            let blob = tx.register(own, spec);
            tx.keep(blob);
        }
        let blob = tx.register(all, &specs[19]);
        tx.keep(blob);
    });
    assert_eq!(created::<Blob>(&outcome).len(), 20);
    // Storage is rounded up once, writing for each blob.
    assert_eq!(
        wal - wal_of(&network),
        storage_units(20 * size) * STORAGE_PRICE + 20 * storage_units(size) * WRITE_PRICE
    );
}
