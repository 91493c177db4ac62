//! A full node with Walrus on it, on a disk in memory, behind a real socket.

pub(crate) mod proxy;
pub(crate) mod witness;

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use floe_contracts::{
    Contracts, NetworkConfig, NetworkState, RpcOptions, SecretKey, Trust, Wallet, WalletOptions,
    calls::{BlobFacts, CertificateArgs, NodeMetadataText, NodeRegistration},
};
use floe_core::{
    BlobId, CodeParams, EncodingType, Epoch, ObjectId, SuiAddress,
    keys::{BlsSecretKey, BlsSignature, NetworkSecretKey},
    messages::{BlobPersistence, Message, ProofOfPossession, StorageConfirmation},
    onchain::{blob::Blob, staking::VotingParams},
};
use floe_env::{
    Env, Inline, OsRng, Rng as _, SystemClock, TcpNet, TokioSpawn, tcp_listener, testing::CrashDisk,
};
use floe_fullnode::{Handle, Options, Server, ServerLimits, Service, rpc};
use floe_ledger::{
    GenesisAccount, GenesisBuilder, GenesisConfig, GenesisExchange, GenesisNode, WalrusGenesis,
    WalrusNetwork,
};
use sui_crypto::{bls12381::Bls12381PrivateKey, ed25519::Ed25519PrivateKey};
use sui_sdk_types::ValidatorCommitteeMember;
use tokio_util::sync::CancellationToken;

pub(crate) const SUI: u64 = 1_000_000_000;
pub(crate) const WAL: u64 = 1_000_000_000;
pub(crate) const SHARDS: u16 = 13;
pub(crate) const NODES: u8 = 5;
pub(crate) const EPOCH: Duration = Duration::from_secs(86_400);
pub(crate) const STORAGE_PRICE: u64 = 1000;
pub(crate) const WRITE_PRICE: u64 = 200;
const CLOCK: ObjectId = ObjectId::from_suffix(6);

/// A running chain with Walrus in epoch 1.
pub(crate) struct Network {
    pub(crate) handle: Handle,
    pub(crate) url: String,
    pub(crate) walrus: WalrusNetwork,
    pub(crate) trust: Trust,
    shutdown: CancellationToken,
}

impl Drop for Network {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

pub(crate) fn env() -> Env {
    Env {
        clock: Arc::new(SystemClock::new()),
        rng: Arc::new(OsRng),
        spawn: Arc::new(TokioSpawn::current()),
        compute: Arc::new(Inline),
        net: Arc::new(TcpNet::new()),
        disk: Arc::new(CrashDisk::new()),
    }
}

pub(crate) fn user(seed: u8) -> SecretKey {
    Ed25519PrivateKey::new([seed; 32]).into()
}

pub(crate) fn bls_key(node: u8) -> BlsSecretKey {
    BlsSecretKey::from_entropy(&[node + 1; 32])
}

pub(crate) fn network_key(node: u8) -> NetworkSecretKey {
    NetworkSecretKey::from_bytes(&[node + 1; 32]).unwrap()
}

/// The owner of all genesis nodes.
pub(crate) fn operator() -> SecretKey {
    user(200)
}

fn genesis_node(number: u8) -> GenesisNode {
    let owner = operator().address();
    let secret = bls_key(number);
    GenesisNode {
        name: format!("node-{number}"),
        network_address: format!("127.0.0.1:{}", 10_000 + u16::from(number)),
        public_key: secret.public_key(),
        proof_of_possession: ProofOfPossession::sign(&secret, Epoch(0), owner),
        network_public_key: network_key(number).public_key(),
        commission_rate: 1000,
        storage_price: STORAGE_PRICE,
        write_price: WRITE_PRICE,
        node_capacity: 1 << 40,
        owner,
        stake_frost: 100 * WAL,
    }
}

pub(crate) fn account(address: SuiAddress, sui_mist: u64, wal_frost: u64) -> GenesisAccount {
    GenesisAccount {
        address,
        sui_mist,
        wal_frost,
    }
}

/// What a network starts from.
pub(crate) struct Setup {
    pub(crate) n_shards: u16,
    /// Nodes of the first committee, all of the operator's.
    pub(crate) nodes: u8,
    /// Accounts besides the operator's.
    pub(crate) accounts: Vec<GenesisAccount>,
}

impl Default for Setup {
    fn default() -> Self {
        let mut accounts = vec![
            account(user(1).address(), 1000 * SUI, 1000 * WAL),
            account(user(3).address(), SUI / 100, 0),
        ];
        for _ in 0..10 {
            accounts.push(account(user(2).address(), 10 * SUI, 10 * WAL));
        }
        Self {
            n_shards: SHARDS,
            nodes: NODES,
            accounts,
        }
    }
}

impl Network {
    /// A network in which user 1 has one coin of each kind, user 2 has ten, and user 3 has nothing
    /// but a little SUI.
    pub(crate) async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    /// A network in epoch 1.
    pub(crate) async fn start_with(setup: Setup) -> Self {
        let now = env().clock.wall().0;
        let validator = Bls12381PrivateKey::new([5; 32]).unwrap();
        let mut builder = GenesisBuilder::new(&GenesisConfig {
            time_ms: now,
            validator_key: validator.public_key().inner().to_vec(),
        })
        .unwrap();
        let mut accounts = setup.accounts;
        accounts.push(account(operator().address(), 1000 * SUI, 1000 * WAL));
        let walrus = builder
            .walrus(&WalrusGenesis {
                publisher: user(100).address(),
                n_shards: setup.n_shards,
                epoch_duration_ms: u64::try_from(EPOCH.as_millis()).unwrap(),
                max_epochs_ahead: 53,
                nodes: (0..setup.nodes).map(genesis_node).collect(),
                exchange: Some(GenesisExchange {
                    wal_frost: 1000 * WAL,
                    sui_mist: 0,
                }),
                accounts,
            })
            .unwrap();
        let genesis = builder.finish();
        let env = env();
        let options = Options {
            store_cache_bytes: 1 << 20,
            ..Options::new("/")
        };
        let first = Service::first_checkpoint(&genesis, now, &validator).unwrap();
        Service::create(&env, &options, &first).unwrap();
        let member = ValidatorCommitteeMember {
            public_key: validator.public_key(),
            stake: 10_000,
        };
        let service = Service::open(env, &options, Arc::new(validator)).unwrap();
        let handle = service.handle();
        let shutdown = CancellationToken::new();
        tokio::spawn(service.run(shutdown.clone()));
        let url = serve(&handle, rpc::router(&handle), shutdown.clone()).await;
        Self {
            trust: Trust {
                chain_id: first.chain_id(),
                epoch: 0,
                first_checkpoint: 0,
                validators: vec![member],
                event_packages: vec![walrus.walrus_package],
            },
            handle,
            url,
            walrus,
            shutdown,
        }
    }

    pub(crate) fn config(&self) -> NetworkConfig {
        let walrus = &self.walrus;
        let mut config =
            NetworkConfig::new(walrus.system_object, walrus.staking_object, [&self.url]);
        config.treasury_object = Some(walrus.treasury_object);
        config.upgrade_manager_object = Some(walrus.upgrade_manager);
        config.slashing_manager_object = Some(walrus.slashing_manager);
        config.exchange_objects = walrus.exchange_object.into_iter().collect();
        config.trust = Some(self.trust.clone());
        config
    }

    pub(crate) async fn contracts(&self) -> Contracts {
        let options = RpcOptions::default();
        Contracts::connect(&env(), self.config(), options)
            .await
            .unwrap()
    }

    pub(crate) async fn wallet(&self, key: SecretKey) -> Wallet {
        let options = WalletOptions::default();
        Wallet::new(self.contracts().await, Arc::new(key), options)
    }

    /// Another full node's server in front of this one.
    pub(crate) async fn serve(&self, router: axum::Router) -> String {
        serve(&self.handle, router, self.shutdown.clone()).await
    }

    /// Moves the chain's clock and waits until that can be seen.
    pub(crate) async fn advance(&self, by: Duration) {
        let target = self.chain_time_ms() + u64::try_from(by.as_millis()).unwrap();
        let mut chain = self.handle.subscribe_from(self.handle.latest_checkpoint());
        assert!(self.handle.advance_time(by));
        while self.chain_time_ms() < target {
            chain.next().await.unwrap().unwrap();
        }
    }

    /// What the chain's clock shows.
    fn chain_time_ms(&self) -> u64 {
        let clock = self.handle.reader().unwrap().object(&CLOCK).unwrap();
        let clock = clock.unwrap();
        let (_, time_ms) = clock.as_struct().unwrap().contents().split_at(32);
        u64::from_le_bytes(time_ms.try_into().unwrap())
    }

    /// A certificate of the nodes of these numbers.
    pub(crate) async fn certificate(&self, blob: &Blob, nodes: &[u8]) -> CertificateArgs {
        let contracts = self.contracts().await;
        let state = contracts.state().await.unwrap();
        let message = confirmation(blob, state.epoch);
        certificate(&state, nodes, message)
    }
}

/// A message signed by the nodes of these numbers.
pub(crate) fn certificate(state: &NetworkState, nodes: &[u8], message: Vec<u8>) -> CertificateArgs {
    let map = state.committees.for_writes().unwrap();
    let mut signers = vec![0_u8; map.nodes.len().div_ceil(8)];
    let mut signatures = Vec::new();
    for node in nodes {
        let key = bls_key(*node).public_key();
        let (index, _) = map.committee.find_key(&key).unwrap();
        signers[index.as_usize() / 8] |= 1 << (index.as_usize() % 8);
        signatures.push(bls_key(*node).sign(&message));
    }
    let signature = BlsSignature::aggregate(&signatures).unwrap();
    CertificateArgs {
        signature: signature.to_bytes().to_vec(),
        signers,
        message,
    }
}

/// What a node registers with, for the current epoch.
pub(crate) fn registration(number: u8, owner: &Wallet, epoch: Epoch) -> NodeRegistration {
    let secret = bls_key(number);
    NodeRegistration {
        name: format!("new-{number}"),
        network_address: "node.example:9185".to_owned(),
        metadata: NodeMetadataText {
            description: "a node".to_owned(),
            ..NodeMetadataText::default()
        },
        public_key: secret.public_key(),
        network_public_key: network_key(number).public_key(),
        proof_of_possession: ProofOfPossession::sign(&secret, epoch, owner.address()),
        commission_rate: 500,
        votes: VotingParams {
            storage_price: 2000,
            write_price: 300,
            node_capacity: 1 << 40,
        },
    }
}

/// The message that nodes confirm a blob with.
pub(crate) fn confirmation(blob: &Blob, epoch: Epoch) -> Vec<u8> {
    let persistence = match blob.deletable {
        true => BlobPersistence::Deletable {
            object_id: blob.id.0,
        },
        false => BlobPersistence::Permanent,
    };
    let body = StorageConfirmation {
        blob_id: blob.blob_id,
        persistence,
    };
    Message::new(epoch, body).to_bytes()
}

/// A blob that nobody has; its id fits its root hash.
pub(crate) fn facts(seed: u8, length: u64, deletable: bool) -> BlobFacts {
    let root_hash = [seed; 32];
    BlobFacts {
        blob_id: BlobId::derive(EncodingType::Rs2, length, &root_hash),
        root_hash,
        unencoded_length: length,
        encoding_type: EncodingType::Rs2.number(),
        deletable,
    }
}

pub(crate) fn encoded(length: u64) -> u64 {
    let params = CodeParams::for_encoding(SHARDS).unwrap();
    params.encoded_length(length).unwrap()
}

/// Serves as a full node does.
async fn serve(handle: &Handle, router: axum::Router, shutdown: CancellationToken) -> String {
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let listener = tcp_listener(address).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server {
        env: env(),
        router,
        limits: ServerLimits::default(),
        metrics: Arc::clone(handle.metrics()),
    };
    tokio::spawn(server.serve(listener, shutdown));
    format!("http://127.0.0.1:{port}")
}

/// An id that no object has.
pub(crate) fn nowhere() -> ObjectId {
    let mut bytes = [0; 32];
    OsRng.fill(&mut bytes);
    ObjectId(bytes)
}
