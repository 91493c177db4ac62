//! How many transactions one core verifies and executes in memory:
//! `cargo run --release -p floe-ledger --example throughput [transfer|register|certify] [count]`.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measuring program reads the clock and stops at the first surprise"
)]

use std::time::{Duration, Instant};

use floe_core::{
    Epoch, ObjectId, SuiAddress,
    keys::{BlsSecretKey, BlsSignature, NetworkSecretKey},
    messages::{BlobPersistence, Message, ProofOfPossession, StorageConfirmation},
    onchain::{U256, blob::Blob},
};
use floe_ledger::{
    Context, GenesisAccount, GenesisBuilder, GenesisConfig, GenesisNode, MemoryState, Outcome,
    PriceList, VerifiedTransaction, WalrusGenesis, WalrusNetwork, address, execute,
    modules::walrus::blob::derive_blob_id, object_id, type_tag,
};
use sui_crypto::{SuiSigner, UserSignatureVerifier, ed25519::Ed25519PrivateKey};
use sui_sdk_types::{
    Address, Argument, Command, Digest, GasPayment, Identifier, Input, MoveCall, ObjectReference,
    ProgrammableTransaction, SharedInput, SignedTransaction, SplitCoins, Transaction,
    TransactionExpiration, TransactionKind, TransferObjects, TypeTag,
};

const NODES: usize = 13;
const BLOB_BYTES: u64 = 1000;

fn main() {
    let mut args = std::env::args().skip(1);
    let kind = args.next().unwrap_or_else(|| "transfer".to_owned());
    let count = args.next().map_or(10_000, |text| text.parse().unwrap());
    let mut bench = Bench::new();
    match kind.as_str() {
        "register" => {
            for seed in 0..count {
                let ptb = bench.registration(seed);
                bench.execute(ptb);
            }
        }
        "certify" => {
            let blobs: Vec<ObjectId> = (0..count)
                .map(|seed| {
                    let ptb = bench.registration(seed);
                    bench.execute(ptb)[0]
                })
                .collect();
            bench.verifying.clear();
            bench.executing.clear();
            for (seed, blob) in (0..).zip(blobs) {
                let ptb = bench.certification(seed, blob);
                bench.execute(ptb);
            }
        }
        _ => {
            for amount in 0..count {
                bench.execute(payment(amount));
            }
        }
    }
    // The median does not mind what else the machine does.
    let (verifying, executing) = (median(bench.verifying), median(bench.executing));
    println!(
        "{count} × {kind}: {verifying:.1} µs to verify, {executing:.1} µs to execute; {:.0} per second",
        1e6 / (verifying + executing),
    );
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

struct Bench {
    state: MemoryState,
    ctx: Context,
    network: WalrusNetwork,
    key: Ed25519PrivateKey,
    sender: Address,
    gas: ObjectId,
    wal: ObjectId,
    verifier: UserSignatureVerifier,
    verifying: Vec<Duration>,
    executing: Vec<Duration>,
}

impl Bench {
    fn new() -> Self {
        let key = Ed25519PrivateKey::new([1; 32]);
        let sender = key.public_key().derive_address();
        let config = GenesisConfig {
            time_ms: 1_700_000_000_000,
            validator_key: vec![7; 96],
        };
        let mut builder = GenesisBuilder::new(&config).unwrap();
        let network = builder.walrus(&genesis(sender)).unwrap();
        let mut state = MemoryState::default();
        state.apply(&builder.finish().outcome.writes);
        let ctx = Context::read(&state, Digest::ZERO).unwrap();
        let coin = |token: &TypeTag| {
            let mut objects = state.iter().filter(|(_, object)| {
                let is_own = *object.owner() == sui_sdk_types::Owner::Address(sender);
                let content = object.as_struct();
                is_own && content.is_some_and(|c| c.object_type().is_coin() == Some(token))
            });
            *objects.next().unwrap().0
        };
        let gas = coin(&"0x2::sui::SUI".parse().unwrap());
        let wal = coin(&network.wal_type);
        Self {
            ctx,
            network,
            key,
            sender,
            gas,
            wal,
            state,
            verifier: UserSignatureVerifier::new(),
            verifying: Vec::new(),
            executing: Vec::new(),
        }
    }

    /// Signs, verifies and executes; the blobs it makes.
    fn execute(&mut self, ptb: ProgrammableTransaction) -> Vec<ObjectId> {
        let gas_payment = GasPayment {
            objects: vec![self.reference(self.gas)],
            owner: self.sender,
            price: PriceList::REFERENCE_GAS_PRICE,
            budget: 1_000_000_000,
        };
        let transaction = Transaction {
            kind: TransactionKind::ProgrammableTransaction(ptb),
            sender: self.sender,
            gas_payment,
            expiration: TransactionExpiration::None,
        };
        let signatures = vec![self.key.sign_transaction(&transaction).unwrap()];
        let signed = SignedTransaction {
            transaction,
            signatures,
        };

        let start = Instant::now();
        let verified = VerifiedTransaction::verify(signed, &self.verifier).unwrap();
        self.verifying.push(start.elapsed());

        let start = Instant::now();
        let outcome = execute(&self.state, &verified, &self.ctx).unwrap();
        self.state.apply(&outcome.writes);
        self.executing.push(start.elapsed());
        assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
        new_blobs(&outcome)
    }

    fn reference(&self, id: ObjectId) -> ObjectReference {
        let object = self.state.get(&id).unwrap();
        ObjectReference::new(object.object_id(), object.version(), object.digest())
    }

    fn system(&self, mutable: bool) -> Input {
        let id = address(self.network.system_object);
        Input::Shared(SharedInput::new(id, 1, mutable))
    }

    fn call(&self, function: &'static str, arguments: Vec<Argument>) -> Command {
        Command::MoveCall(MoveCall {
            package: address(self.network.walrus_package),
            module: Identifier::from_static("system"),
            function: Identifier::from_static(function),
            type_arguments: Vec::new(),
            arguments,
        })
    }

    /// Buys storage for a blob and registers it.
    fn registration(&self, seed: u32) -> ProgrammableTransaction {
        let root = root(seed);
        let blob_id = derive_blob_id(&root, 1, BLOB_BYTES);
        let inputs = vec![
            self.system(true),
            Input::ImmutableOrOwned(self.reference(self.wal)),
            pure(&70_000_000_u64),
            pure(&5_u32),
            pure(&blob_id),
            pure(&root),
            pure(&BLOB_BYTES),
            pure(&1_u8),
            pure(&false),
            pure(&self.sender),
        ];
        let input = Argument::Input;
        let reserve = [0, 2, 3, 1].map(input).to_vec();
        let mut register = vec![input(0), Argument::Result(0)];
        register.extend([4, 5, 6, 7, 8, 1].map(input));
        let commands = vec![
            self.call("reserve_space", reserve),
            self.call("register_blob", register),
            Command::TransferObjects(TransferObjects {
                objects: vec![Argument::Result(1)],
                address: input(9),
            }),
        ];
        ProgrammableTransaction { inputs, commands }
    }

    /// Certifies a blob by all nodes.
    fn certification(&self, seed: u32, blob: ObjectId) -> ProgrammableTransaction {
        let body = StorageConfirmation {
            blob_id: derive_blob_id(&root(seed), 1, BLOB_BYTES),
            persistence: BlobPersistence::Permanent,
        };
        let message = Message::new(Epoch(1), body).to_bytes();
        let signatures: Vec<_> = (0..NODES)
            .map(|node| node_key(node).sign(&message))
            .collect();
        let signature = BlsSignature::aggregate(&signatures).unwrap();
        let inputs = vec![
            self.system(false),
            Input::ImmutableOrOwned(self.reference(blob)),
            pure(&signature.to_bytes().to_vec()),
            pure(&vec![0xff_u8, 0x1f]),
            pure(&message),
        ];
        let arguments = (0..5).map(Argument::Input).collect();
        let commands = vec![self.call("certify_blob", arguments)];
        ProgrammableTransaction { inputs, commands }
    }
}

fn root(seed: u32) -> U256 {
    let mut root = [0; 32];
    root[..4].copy_from_slice(&seed.to_le_bytes());
    U256(root)
}

fn pure<T: serde::Serialize>(value: &T) -> Input {
    Input::Pure(bcs::to_bytes(value).unwrap())
}

fn node_key(index: usize) -> BlsSecretKey {
    BlsSecretKey::from_entropy(&[u8::try_from(index).unwrap(); 32])
}

fn new_blobs(outcome: &Outcome) -> Vec<ObjectId> {
    let tag = type_tag::<Blob>();
    let objects = outcome.writes.objects.values().flatten();
    objects
        .filter(|object| {
            let content = object.as_struct();
            content.is_some_and(|c| TypeTag::from(c.object_type().clone()) == tag)
        })
        .map(|object| object_id(&object.object_id()))
        .collect()
}

fn genesis(sender: Address) -> WalrusGenesis {
    let owner = SuiAddress(sender.into_inner());
    let nodes = (0..NODES).map(|index| {
        let key = node_key(index);
        GenesisNode {
            name: format!("node {index}"),
            network_address: "127.0.0.1:1".to_owned(),
            public_key: key.public_key(),
            proof_of_possession: ProofOfPossession::sign(&key, Epoch(0), owner),
            network_public_key: NetworkSecretKey::from_bytes(&[3; 32]).unwrap().public_key(),
            commission_rate: 0,
            storage_price: 10,
            write_price: 2,
            node_capacity: 1 << 50,
            owner,
            stake_frost: 1_000_000_000_000,
        }
    });
    WalrusGenesis {
        publisher: SuiAddress([9; 32]),
        n_shards: 1000,
        epoch_duration_ms: 86_400_000,
        max_epochs_ahead: 53,
        nodes: nodes.collect(),
        exchange: None,
        accounts: vec![GenesisAccount {
            address: owner,
            sui_mist: 1_000_000_000_000_000_000,
            wal_frost: 1_000_000_000_000_000_000,
        }],
    }
}

/// Splits `amount` off the gas coin for somebody.
fn payment(amount: u32) -> ProgrammableTransaction {
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
    let inputs = vec![pure(&u64::from(amount)), Input::Pure(vec![9; 32])];
    ProgrammableTransaction { inputs, commands }
}
