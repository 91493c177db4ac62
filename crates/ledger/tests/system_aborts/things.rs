//! What the cases need: objects in every state.

use floe_core::{
    BlobId, ObjectId, SuiAddress,
    onchain::{
        blob::{Storage, StoragePool},
        subsidies, wal_exchange, walrus_subsidies,
    },
};
use floe_ledger::MoveType;
use sui_sdk_types::Argument;

use crate::network::{
    Network, Options, Tx, WAL, created,
    storage::{MIB, Spec},
};

/// The node outside of the committee.
pub(crate) const OUTSIDER: usize = 13;

pub(crate) const EXPIRED: Spec = spec(1, false);
pub(crate) const EXPIRED_DELETABLE: Spec = spec(2, true);
pub(crate) const EXPIRED_UNCERTIFIED: Spec = spec(3, false);
pub(crate) const EXPIRED_POOLED: Spec = spec(4, true);
pub(crate) const PERMANENT: Spec = spec(5, false);
pub(crate) const CERTIFIED: Spec = spec(6, false);
pub(crate) const DELETABLE: Spec = spec(7, true);
pub(crate) const NEW: Spec = spec(8, false);
pub(crate) const POOLED: Spec = spec(9, false);
pub(crate) const POOLED_DELETABLE: Spec = spec(10, true);
pub(crate) const POOLED_CERTIFIED: Spec = spec(11, false);
pub(crate) const EVENTS: Spec = spec(12, false);

const fn spec(seed: u8, deletable: bool) -> Spec {
    Spec {
        root: [seed; 32],
        size: 1000,
        encoding_type: 1,
        deletable,
    }
}

/// Objects of the first user in epoch 2. All that has not expired ends in epoch 12.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Things {
    pub(crate) expired: ObjectId,
    pub(crate) expired_deletable: ObjectId,
    pub(crate) expired_uncertified: ObjectId,
    pub(crate) expired_pool: ObjectId,
    pub(crate) permanent: ObjectId,
    pub(crate) certified: ObjectId,
    pub(crate) deletable: ObjectId,
    /// As much as a blob takes up.
    pub(crate) storage: ObjectId,
    /// Of the epochs 4 to 6.
    pub(crate) future: ObjectId,
    /// Room for four blobs, of which three are there.
    pub(crate) pool: ObjectId,
    pub(crate) exchange: (ObjectId, ObjectId),
    pub(crate) other_exchange_cap: ObjectId,
    pub(crate) subsidies: (ObjectId, ObjectId),
    pub(crate) other_subsidies_cap: ObjectId,
    pub(crate) walrus_subsidies: (ObjectId, ObjectId),
    pub(crate) other_walrus_subsidies_cap: ObjectId,
    /// Without funds since epoch 1, for whose nodes payment is due.
    pub(crate) indebted_subsidies: ObjectId,
}

/// Encoded bytes of each blob.
pub(crate) fn size(tx: &Tx<'_>) -> u64 {
    tx.network().encoded(1000)
}

impl Things {
    pub(crate) fn new() -> (Network, Self) {
        let mut stakes = vec![1000; 13];
        stakes.push(0);
        let mut network = Network::new(&Options {
            stakes,
            ..Options::default()
        });
        let net = &mut network;
        let user = net.users[0];
        let (expired, expired_deletable, expired_uncertified) = (
            net.store(user, &EXPIRED, 1),
            net.register(user, &EXPIRED_DELETABLE, 1),
            net.register(user, &EXPIRED_UNCERTIFIED, 1),
        );
        let expired_pool = pool(net, user, 1, &[EXPIRED_POOLED]);
        let (indebted_subsidies, _) = pair::<
            walrus_subsidies::WalrusSubsidies,
            walrus_subsidies::AdminCap,
        >(net, user, walrus_subsidies);
        net.next_epoch();

        let size = net.encoded(1000);
        let things = Self {
            expired,
            expired_deletable,
            expired_uncertified,
            expired_pool,
            permanent: net.register(user, &PERMANENT, 10),
            certified: net.store(user, &CERTIFIED, 10),
            deletable: net.register(user, &DELETABLE, 10),
            storage: make::<Storage>(net, user, |tx| tx.reserve(size, 10)),
            future: make::<Storage>(net, user, |tx| tx.reserve_for(size, 4, 6)),
            pool: pool(net, user, 10, &[POOLED, POOLED_DELETABLE, POOLED_CERTIFIED]),
            exchange: pair::<wal_exchange::Exchange, wal_exchange::AdminCap>(net, user, exchange),
            other_exchange_cap: pair::<wal_exchange::Exchange, wal_exchange::AdminCap>(
                net, user, exchange,
            )
            .1,
            subsidies: pair::<subsidies::Subsidies, subsidies::AdminCap>(net, user, subsidies),
            other_subsidies_cap: pair::<subsidies::Subsidies, subsidies::AdminCap>(
                net, user, subsidies,
            )
            .1,
            walrus_subsidies: pair::<walrus_subsidies::WalrusSubsidies, walrus_subsidies::AdminCap>(
                net,
                user,
                walrus_subsidies,
            ),
            other_walrus_subsidies_cap: pair::<
                walrus_subsidies::WalrusSubsidies,
                walrus_subsidies::AdminCap,
            >(net, user, walrus_subsidies)
            .1,
            indebted_subsidies,
        };
        things.finish(net, user);
        (network, things)
    }

    /// Attributes, the certificate of a pooled blob, a node's attestation.
    fn finish(&self, network: &mut Network, user: SuiAddress) {
        let cert = network.quorum(POOLED_CERTIFIED.confirmation(ObjectId::ZERO));
        network.ok(user, |tx| {
            let (pool, blob) = (tx.object(self.pool), tx.object(self.permanent));
            tx.certify_pooled(pool, POOLED_CERTIFIED.id(), &cert);
            let metadata = tx.metadata(&[("key", "value")]);
            tx.walrus("blob::add_metadata", &[blob, metadata]);
            let (metadata, id) = (tx.metadata(&[("key", "value")]), tx.pure(&POOLED.id()));
            tx.walrus("storage_pool::add_blob_metadata", &[pool, id, metadata]);
        });
        let node = network.nodes[0].clone();
        network.ok(node.owner, |tx| tx.attest(node.cap, &EVENTS, 100, 2));
    }
}

fn make<T: MoveType>(
    network: &mut Network,
    user: SuiAddress,
    write: impl FnOnce(&mut Tx<'_>) -> Argument,
) -> ObjectId {
    let outcome = network.ok(user, |tx| {
        let object = write(tx);
        tx.keep(object);
    });
    created::<T>(&outcome)[0]
}

fn pair<T: MoveType, Cap: MoveType>(
    network: &mut Network,
    user: SuiAddress,
    write: impl FnOnce(&mut Tx<'_>) -> Argument,
) -> (ObjectId, ObjectId) {
    let outcome = network.ok(user, |tx| {
        let cap = write(tx);
        tx.keep(cap);
    });
    (created::<T>(&outcome)[0], created::<Cap>(&outcome)[0])
}

fn pool(network: &mut Network, user: SuiAddress, epochs: u32, specs: &[Spec]) -> ObjectId {
    let size = network.encoded(1000);
    make::<StoragePool>(network, user, |tx| {
        let pool = tx.create_pool(4 * size, epochs);
        for spec in specs {
            tx.register_pooled(pool, spec);
        }
        pool
    })
}

fn exchange(tx: &mut Tx<'_>) -> Argument {
    let arguments = [tx.wal_coin(), tx.pure(&(10 * WAL))];
    tx.contract("wal_exchange", "wal_exchange::new_funded", &arguments)
}

fn subsidies(tx: &mut Tx<'_>) -> Argument {
    let arguments = [
        tx.pure(&BlobId::ZERO.0),
        tx.pure(&1000_u16),
        tx.pure(&500_u16),
        tx.wal(WAL),
    ];
    tx.contract(
        "subsidies",
        "subsidies::new_with_initial_rates_and_funds",
        &arguments,
    )
}

fn walrus_subsidies(tx: &mut Tx<'_>) -> Argument {
    let arguments = [
        tx.system(),
        tx.staking(),
        tx.pure(&5000_u32),
        tx.pure(&WAL),
        tx.pure(&MIB),
    ];
    tx.contract("walrus_subsidies", "walrus_subsidies::new", &arguments)
}
