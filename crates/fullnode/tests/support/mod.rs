//! A node on a disk in memory, in virtual time, and users with coins.

#![allow(
    dead_code,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions, of which each test uses a part"
)]

pub mod audit;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use floe_core::SuiAddress;
use floe_env::{
    Disk, Env, Inline, TcpNet, TokioSpawn, UnixMillis,
    testing::{CrashDisk, RuntimeClock, SeededRng},
};
use floe_fullnode::{
    Executed, FirstCheckpoint, Handle, Options, ReadError, Service, StartError, SubmitError,
};
use floe_ledger::{Genesis, GenesisBuilder, GenesisConfig, PriceList, object_id};
use sui_crypto::{SuiSigner, bls12381::Bls12381PrivateKey, ed25519::Ed25519PrivateKey};
use sui_sdk_types::{
    Address, Argument, Command, ExecutionStatus, GasPayment, Input, ObjectReference,
    ProgrammableTransaction, SignedTransaction, SplitCoins, Transaction, TransactionExpiration,
    TransactionKind, TransferObjects,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub const GENESIS_MS: u64 = 1_700_000_000_000;
pub const SUI: u64 = 1_000_000_000;
pub const BUDGET: u64 = 100_000_000;

pub fn validator() -> Arc<Bls12381PrivateKey> {
    Arc::new(Bls12381PrivateKey::new([5; 32]).unwrap())
}

/// An environment on this disk, whose clock says `wall_ms` now.
pub fn env(disk: Arc<dyn Disk>, wall_ms: u64) -> Env {
    Env {
        clock: Arc::new(RuntimeClock::new(UnixMillis(wall_ms))),
        rng: Arc::new(SeededRng::new(1)),
        spawn: Arc::new(TokioSpawn::current()),
        compute: Arc::new(Inline),
        net: Arc::new(TcpNet::new()),
        disk,
    }
}

pub fn options() -> Options {
    Options {
        store_cache_bytes: 1 << 20,
        ..Options::new("/")
    }
}

/// A user with an ed25519 key.
pub struct User {
    key: Ed25519PrivateKey,
}

impl User {
    pub fn new(seed: u8) -> Self {
        Self {
            key: Ed25519PrivateKey::new([seed; 32]),
        }
    }

    pub fn key(&self) -> &Ed25519PrivateKey {
        &self.key
    }

    pub fn address(&self) -> Address {
        self.key.public_key().derive_address()
    }

    pub fn sui_address(&self) -> SuiAddress {
        SuiAddress(self.address().into_inner())
    }

    pub fn sign(&self, transaction: Transaction) -> SignedTransaction {
        SignedTransaction {
            signatures: vec![self.key.sign_transaction(&transaction).unwrap()],
            transaction,
        }
    }

    /// A transaction that splits `amount` off its gas coin for `to`.
    pub fn payment(&self, gas: ObjectReference, to: Address, amount: u64) -> SignedTransaction {
        let commands = vec![
            Command::SplitCoins(SplitCoins {
                coin: Argument::Gas,
                amounts: vec![Argument::Input(0)],
            }),
            Command::TransferObjects(TransferObjects {
                objects: vec![Argument::Result(0)],
                address: Argument::Input(1),
            }),
        ];
        let inputs = vec![
            Input::Pure(bcs::to_bytes(&amount).unwrap()),
            Input::Pure(to.inner().to_vec()),
        ];
        self.sign(Transaction {
            kind: TransactionKind::ProgrammableTransaction(ProgrammableTransaction {
                inputs,
                commands,
            }),
            sender: self.address(),
            gas_payment: GasPayment {
                objects: vec![gas],
                owner: self.address(),
                price: PriceList::REFERENCE_GAS_PRICE,
                budget: BUDGET,
            },
            expiration: TransactionExpiration::None,
        })
    }
}

/// A genesis in which each user has `coins` coins of 100 SUI.
pub fn genesis(users: &[User], coins: usize) -> Genesis {
    let config = GenesisConfig {
        time_ms: GENESIS_MS,
        validator_key: validator().public_key().inner().to_vec(),
    };
    let mut builder = GenesisBuilder::new(&config).unwrap();
    for user in users {
        for _ in 0..coins {
            builder.fund(user.sui_address(), 100 * SUI).unwrap();
        }
    }
    builder.finish()
}

/// The first checkpoint of [`genesis`] with five coins each; made once for the usual two users.
pub fn first_checkpoint(users: &[User]) -> FirstCheckpoint {
    static USUAL: OnceLock<FirstCheckpoint> = OnceLock::new();
    let make =
        |users| Service::first_checkpoint(&genesis(users, 5), GENESIS_MS, &validator()).unwrap();
    let addresses: Vec<_> = users.iter().map(User::address).collect();
    if addresses == [User::new(1).address(), User::new(2).address()] {
        return USUAL.get_or_init(|| make(users)).clone();
    }
    make(users)
}

/// A running node.
pub struct Node {
    pub handle: Handle,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), ReadError>>,
}

impl Node {
    /// Starts a chain on the disk if there is none, and runs it.
    pub fn start(disk: &Arc<dyn Disk>, users: &[User]) -> Result<Self, StartError> {
        Self::start_at(disk, users, &options(), GENESIS_MS)
    }

    pub fn start_at(
        disk: &Arc<dyn Disk>,
        users: &[User],
        options: &Options,
        wall_ms: u64,
    ) -> Result<Self, StartError> {
        let env = env(Arc::clone(disk), wall_ms);
        if !Service::exists(&env, options)? {
            Service::create(&env, options, &first_checkpoint(users))?;
        }
        Ok(Self::run(Service::open(env, options, validator())?))
    }

    pub fn run(service: Service) -> Self {
        let handle = service.handle();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(service.run(shutdown.clone()));
        Self {
            handle,
            shutdown,
            running,
        }
    }

    /// Stops it and waits for the end.
    pub async fn stop(self) -> Result<(), ReadError> {
        self.shutdown.cancel();
        self.running.await.unwrap()
    }

    /// The SUI coins of a user, by id.
    pub fn coins(&self, user: &User) -> Vec<ObjectReference> {
        let reader = self.handle.reader().unwrap();
        let owner = floe_fullnode::OwnerKey::Address(user.sui_address());
        let page = reader.owned(&owner, None, None, 1000).unwrap();
        assert!(page.next.is_none());
        page.items
            .iter()
            .map(|coin| ObjectReference::new(coin.object_id(), coin.version(), coin.digest()))
            .collect()
    }

    /// Submits, and it must succeed.
    pub async fn ok(&self, signed: SignedTransaction) -> Arc<Executed> {
        let executed = self.handle.submit(signed).await.unwrap();
        assert_eq!(*executed.effects.status(), ExecutionStatus::Success);
        executed
    }

    pub async fn submit(&self, signed: SignedTransaction) -> Result<Arc<Executed>, SubmitError> {
        self.handle.submit(signed).await
    }

    /// The live version of an object.
    pub fn reference(&self, id: &Address) -> ObjectReference {
        let reader = self.handle.reader().unwrap();
        let object = reader.object(&object_id(id)).unwrap().unwrap();
        ObjectReference::new(object.object_id(), object.version(), object.digest())
    }
}

pub fn crash_disk() -> (CrashDisk, Arc<dyn Disk>) {
    let disk = CrashDisk::new();
    (disk.clone(), Arc::new(disk))
}

pub async fn pass(duration: Duration) {
    tokio::time::sleep(duration).await;
}
