//! A node with a Walrus network of 13 on a real disk, and a wallet with many coins.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use floe_core::{
    BlobId, Epoch, ObjectId, SuiAddress,
    keys::{BlsSecretKey, BlsSignature},
    messages::{BlobPersistence, Message, StorageConfirmation},
    onchain::system::SystemStateInnerV1,
};
use floe_env::{Env, PoolSize, tcp_listener};
use floe_fullnode::{
    Executed, Handle, Options, OwnerKey, Server, ServerLimits,
    genesis::{AccountEntry, Chain as Started, GenesisFile, NodeKeys, start_chain},
    router,
};
use floe_ledger::{FieldValue, field_parts};
use sui_crypto::{SuiSigner as _, ed25519::Ed25519PrivateKey};
use sui_rpc::{
    Client,
    field::{FieldMask, FieldMaskUtil as _},
    proto::sui::rpc::v2::ExecuteTransactionRequest,
};
use sui_sdk_types::{
    Address, IdOperation, ObjectOut, ObjectReference, SignedTransaction, Transaction,
    TransactionEffects, TransactionEffectsV2,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{
    measure::{Meter, computing_time},
    transactions,
};

/// Transactions in flight.
const LANES: usize = 256;

/// Coins that one transaction at a time uses, and the blob it made last.
#[derive(Clone, Debug)]
pub struct Lane {
    pub gas: ObjectReference,
    pub wal: ObjectReference,
    pub blob: Option<(ObjectReference, BlobId)>,
}

/// What transactions are made of.
#[derive(Debug)]
pub struct Chain {
    pub sender: Address,
    pub system: ObjectId,
    pub walrus: ObjectId,
    pub encoded_length: u64,
    /// Keys in the order of the committee.
    pub committee: Vec<BlsSecretKey>,
    /// Makes every blob another one.
    pub counter: u64,
}

impl Chain {
    /// The message that certifies a blob, the sum of all signatures, and the bitmap of signers.
    pub fn certificate(&self, blob_id: BlobId) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let body = StorageConfirmation {
            blob_id,
            persistence: BlobPersistence::Permanent,
        };
        let message = Message::new(Epoch(1), body).to_bytes();
        let signatures: Vec<BlsSignature> = self
            .committee
            .iter()
            .map(|key| key.sign(&message))
            .collect();
        let signature = BlsSignature::aggregate(&signatures).unwrap();
        let mut bitmap = vec![0_u8; self.committee.len().div_ceil(8)];
        for member in 0..self.committee.len() {
            bitmap[member / 8] |= 1 << (member % 8);
        }
        (message, signature.to_bytes().to_vec(), bitmap)
    }
}

/// The running node.
pub struct Bench {
    pub chain: Chain,
    pub lanes: Vec<Lane>,
    pub live_blobs: u64,
    key: Ed25519PrivateKey,
    handle: Handle,
    client: Client,
    dir: TempDir,
    shutdown: CancellationToken,
    running: tokio::task::JoinHandle<Result<(), floe_fullnode::ReadError>>,
}

impl Bench {
    pub async fn start() -> Self {
        // Beside the build, as the system's temporary folder may be memory.
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let env = Env::production(PoolSize::default()).unwrap();
        let key = Ed25519PrivateKey::new([0x42; 32]);
        let sender = key.public_key().derive_address();
        let mut file = GenesisFile::default();
        file.nodes
            .iter_mut()
            .for_each(|node| node.capacity_bytes = 1 << 50);
        file.accounts.push(AccountEntry {
            address: SuiAddress(sender.into_inner()),
            sui_mist: 1_000_000_000_000_000_000,
            wal_frost: 100_000_000_000_000_000,
        });
        let options = Options::new(dir.path());
        let Started {
            service, network, ..
        } = start_chain(&env, &options, Some(&file)).unwrap();
        let handle = service.handle();
        let keys: BTreeMap<ObjectId, BlsSecretKey> = file
            .nodes
            .iter()
            .zip(&network.walrus.nodes)
            .map(|(node, ids)| {
                let keys = NodeKeys::ensure(&env.disk, &*env.rng, dir.path(), &node.name).unwrap();
                (ids.node_id, keys.protocol)
            })
            .collect();
        let chain = Chain {
            sender,
            system: network.walrus.system_object,
            walrus: network.walrus.walrus_package,
            encoded_length: transactions::encoded_length(file.n_shards),
            committee: committee(&handle, network.walrus.system_object, keys),
            counter: 0,
        };
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(service.run(shutdown.clone()));
        let listener = tcp_listener("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Server {
            env,
            router: router(&handle, None),
            limits: ServerLimits::default(),
            metrics: Arc::clone(handle.metrics()),
        };
        tokio::spawn(server.serve(listener, shutdown.clone()));
        let mut bench = Self {
            chain,
            lanes: Vec::new(),
            live_blobs: 0,
            key,
            handle,
            client: Client::new(url).unwrap(),
            dir,
            shutdown,
            running,
        };
        bench.split_coins().await;
        bench
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }

    pub fn database_mib(&self) -> u64 {
        let file = self.dir.path().join("ledger.redb");
        std::fs::metadata(file).unwrap().len() >> 20
    }

    fn sign(&self, transaction: Transaction) -> SignedTransaction {
        SignedTransaction {
            signatures: vec![self.key.sign_transaction(&transaction).unwrap()],
            transaction,
        }
    }

    async fn submit(&self, transaction: Transaction) -> Arc<Executed> {
        let executed = self.handle.submit(self.sign(transaction)).await.unwrap();
        assert!(executed.failure.is_none(), "{:?}", executed.failure);
        executed
    }

    /// Coins of both kinds for every lane.
    async fn split_coins(&mut self) {
        let reader = self.handle.reader().unwrap();
        let owner = OwnerKey::Address(SuiAddress(self.chain.sender.into_inner()));
        let coins = reader.owned(&owner, None, None, 10).unwrap().items;
        let is_sui = |coin: &floe_ledger::LiveObject| {
            let content = coin.as_struct().unwrap();
            *content.object_type() == sui_sdk_types::StructTag::gas_coin()
        };
        let (sui, wal): (Vec<_>, Vec<_>) = coins.into_iter().partition(|coin| is_sui(coin));
        let reference = |coin: &floe_ledger::LiveObject| {
            ObjectReference::new(coin.object_id(), coin.version(), coin.digest())
        };
        let (gas, wal) = (reference(&sui[0]), reference(&wal[0]));
        let split = transactions::split_coins(&self.chain, gas, wal.clone(), LANES);
        let executed = self.submit(split).await;
        let reader = self.handle.reader().unwrap();
        let created = reader
            .changed_objects(&executed)
            .unwrap()
            .into_iter()
            .filter(|change| change.before.is_none())
            .map(|change| change.after.unwrap());
        let (sui, wal): (Vec<_>, Vec<_>) = created.partition(|coin| is_sui(coin));
        self.lanes = sui
            .iter()
            .zip(&wal)
            .map(|(sui, wal)| Lane {
                gas: reference(sui),
                wal: reference(wal),
                blob: None,
            })
            .collect();
        assert_eq!(self.lanes.len(), LANES);
    }

    /// Submits a transaction of each of the first lanes at once; what is measured begins when all
    /// are signed and ends with the last effects.
    pub async fn round(
        &mut self,
        lanes: usize,
        make: impl Fn(&mut Chain, &Lane) -> Transaction,
    ) -> Meter {
        let mut signed = Vec::with_capacity(lanes);
        for lane in &self.lanes[..lanes] {
            let transaction = make(&mut self.chain, lane);
            signed.push(self.sign(transaction));
        }
        let computed_before = computing_time();
        let submissions = signed.into_iter().map(|signed| self.handle.submit(signed));
        let (mut meter, executed) = Meter::of(futures::future::join_all(submissions)).await;
        meter.executing = computing_time() - computed_before;
        for (lane, executed) in self.lanes.iter_mut().zip(executed) {
            let executed = executed.unwrap();
            assert!(executed.failure.is_none(), "{:?}", executed.failure);
            lane.follow(effects(&executed.effects), &executed.transaction);
        }
        meter
    }

    /// One transaction of the first lane over gRPC; how long it took.
    pub async fn over_grpc(&mut self, make: impl Fn(&mut Chain, &Lane) -> Transaction) -> Duration {
        let transaction = make(&mut self.chain, &self.lanes[0]);
        let signed = self.sign(transaction.clone());
        let mut request = ExecuteTransactionRequest::default();
        request.transaction = Some(signed.transaction.into());
        request.signatures = signed.signatures.into_iter().map(Into::into).collect();
        request.read_mask = Some(FieldMask::from_paths(["effects.bcs"]));
        let began = std::time::Instant::now();
        let answer = self
            .client
            .execution_client()
            .execute_transaction(request)
            .await
            .unwrap();
        let took = began.elapsed();
        let bytes = answer.into_inner().transaction.unwrap().effects.unwrap();
        let bytes = bytes.bcs.unwrap().value.unwrap();
        let executed: TransactionEffects = bcs::from_bytes(&bytes).unwrap();
        self.lanes[0].follow(effects(&executed), &transaction);
        took
    }
}

impl Lane {
    /// Takes the new versions from the effects.
    fn follow(&mut self, effects: &TransactionEffectsV2, transaction: &Transaction) {
        for change in &effects.changed_objects {
            let ObjectOut::ObjectWrite { digest, .. } = &change.output_state else {
                continue;
            };
            let new = ObjectReference::new(change.object_id, effects.lamport_version, *digest);
            if change.object_id == *self.gas.object_id() {
                self.gas = new;
            } else if change.object_id == *self.wal.object_id() {
                self.wal = new;
            } else if let Some((blob, _)) = &mut self.blob
                && change.object_id == *blob.object_id()
            {
                *blob = new;
            } else if change.id_operation == IdOperation::Created
                && let Some(blob_id) = transactions::registered(transaction)
            {
                self.blob = Some((new, blob_id));
            }
        }
    }
}

fn effects(effects: &TransactionEffects) -> &TransactionEffectsV2 {
    match effects {
        TransactionEffects::V2(effects) => effects,
        other => panic!("not V2: {other:?}"),
    }
}

/// The keys in the order of the system's committee.
fn committee(
    handle: &Handle,
    system: ObjectId,
    mut keys: BTreeMap<ObjectId, BlsSecretKey>,
) -> Vec<BlsSecretKey> {
    let reader = handle.reader().unwrap();
    let fields = reader.fields(&system, None, 10).unwrap().items;
    let inner = fields
        .iter()
        .find_map(|field| match field_parts(field)?.value {
            FieldValue::Inside { bytes, .. } => bcs::from_bytes::<SystemStateInnerV1>(bytes).ok(),
            FieldValue::Child(_) => None,
        })
        .unwrap();
    inner
        .committee
        .members
        .iter()
        .map(|member| keys.remove(&member.node_id).unwrap())
        .collect()
}
