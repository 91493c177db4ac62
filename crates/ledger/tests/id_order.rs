//! Objects get their ids in the order in which the contracts make them
//! (`docs/spec/contracts.md` §1.5): replays of real transactions give the real ids.

mod network;
mod support;

use floe_core::{
    ObjectId,
    onchain::{
        blob::{Blob, PooledBlob, SharedBlob, StoragePool, StoragePoolInnerV1},
        framework::{Coin, Sui, Wal},
        subsidies, wal_exchange,
        walrus_subsidies::{self, SubsidiesInnerKey, WalrusSubsidiesInnerV1},
    },
};
use floe_ledger::{Outcome, object_id};
use network::{Network, Options, WAL, created, storage::Spec};
use sui_sdk_types::{Address, Argument};

/// The id made by the `counter`-th creation of a transaction.
fn nth(outcome: &Outcome, counter: u64) -> ObjectId {
    object_id(&Address::derive_id(outcome.transaction_digest, counter))
}

#[test]
fn storage_pools_and_blobs() {
    let mut network = Network::new(&Options::default());
    let (user, size) = (network.users[0], network.encoded(1000));
    let outcome = network.ok(user, |tx| {
        let pool = tx.create_pool(size, 2);
        tx.register_pooled(pool, &Spec::permanent(1));
        tx.keep(pool);
    });
    let pool = nth(&outcome, 1);
    assert_eq!(created::<StoragePool>(&outcome), [pool]);
    let inner: StoragePoolInnerV1 = network.field(pool, &1_u64);
    assert_eq!(inner.storage.id.0, nth(&outcome, 0));
    assert_eq!(inner.blobs.id.0, nth(&outcome, 2));
    assert_eq!(created::<PooledBlob>(&outcome), [nth(&outcome, 3)]);

    let outcome = network.ok(user, |tx| {
        let storage = tx.reserve(size, 1);
        let blob = tx.register(storage, &Spec::permanent(2));
        tx.walrus("shared_blob::new", &[blob]);
    });
    let shared: SharedBlob = network.read(&created::<SharedBlob>(&outcome)[0]);
    let ids = [shared.blob.storage.id.0, shared.blob.id.0, shared.id.0];
    assert_eq!(ids, [0, 1, 2].map(|counter| nth(&outcome, counter)));
}

#[test]
fn a_shared_blob_s_extension_uses_up_an_id() {
    let mut network = Network::new(&Options::default());
    let user = network.users[0];
    let blob = network.store(user, &Spec::permanent(3), 2);
    let outcome = network.ok(user, |tx| {
        let (blob, funds) = (tx.object(blob), tx.wal(WAL));
        tx.walrus("shared_blob::new_funded", &[blob, funds]);
    });
    // The split coin is the first.
    let shared = nth(&outcome, 1);
    assert_eq!(created::<SharedBlob>(&outcome), [shared]);
    let outcome = network.ok(user, |tx| {
        let arguments = [tx.object(shared), tx.system(), tx.pure(&1_u32)];
        tx.walrus("shared_blob::extend", &arguments);
        let size = tx.network().encoded(1000);
        let storage = tx.reserve(size, 1);
        let blob = tx.register(storage, &Spec::permanent(4));
        tx.keep(blob);
    });
    assert_eq!(created::<Blob>(&outcome), [nth(&outcome, 2)]);
}

#[test]
fn exchanges_and_subsidies() {
    let mut network = Network::new(&Options::default());
    let user = network.users[0];
    let outcome = network.ok(user, |tx| {
        let arguments = [tx.wal_coin(), tx.pure(&WAL)];
        let cap = tx.contract("wal_exchange", "wal_exchange::new_funded", &arguments);
        tx.keep(cap);
    });
    let exchange = nth(&outcome, 1);
    assert_eq!(
        created::<wal_exchange::AdminCap>(&outcome),
        [nth(&outcome, 0)]
    );
    assert_eq!(created::<wal_exchange::Exchange>(&outcome), [exchange]);
    let outcome = network.ok(user, |tx| {
        let arguments = [tx.object(exchange), Argument::Gas, tx.pure(&5_u64)];
        let coin = tx.contract("wal_exchange", "wal_exchange::exchange_for_wal", &arguments);
        tx.keep(coin);
    });
    // What is exchanged is split off as a coin first.
    assert_eq!(created::<Coin<Wal>>(&outcome), [nth(&outcome, 1)]);
    assert!(created::<Coin<Sui>>(&outcome).is_empty());

    let outcome = network.ok(user, |tx| {
        let id = tx.pure(&[0_u8; 32]);
        let cap = tx.contract("subsidies", "subsidies::new", &[id]);
        tx.keep(cap);
    });
    assert_eq!(
        created::<subsidies::Subsidies>(&outcome),
        [nth(&outcome, 0)]
    );
    assert_eq!(created::<subsidies::AdminCap>(&outcome), [nth(&outcome, 1)]);

    let outcome = network.ok(user, |tx| {
        let (rate, zero) = (tx.pure(&1_u32), tx.pure(&0_u64));
        let arguments = [tx.system(), tx.staking(), rate, zero, zero];
        let cap = tx.contract("walrus_subsidies", "walrus_subsidies::new", &arguments);
        tx.keep(cap);
    });
    let object = nth(&outcome, 0);
    assert_eq!(
        created::<walrus_subsidies::WalrusSubsidies>(&outcome),
        [object]
    );
    let inner: WalrusSubsidiesInnerV1 = network.field(object, &SubsidiesInnerKey);
    assert_eq!(inner.extra_fields.id.0, nth(&outcome, 1));
    assert_eq!(
        created::<walrus_subsidies::AdminCap>(&outcome),
        [nth(&outcome, 2)]
    );
}
