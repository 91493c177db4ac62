//! The transactions that are measured.

use std::num::NonZeroU16;

use floe_core::{BlobId, CodeParams, EncodingType, ObjectId};
use floe_ledger::{PriceList, address};
use sui_sdk_types::{
    Address, Argument, Command, GasPayment, Identifier, Input, MoveCall, ObjectReference,
    ProgrammableTransaction, SharedInput, SplitCoins, Transaction, TransactionExpiration,
    TransactionKind, TransferObjects,
};

use super::chain::{Chain, Lane};

/// Bytes of every blob.
const BLOB_BYTES: u64 = 1000;
const BUDGET: u64 = 50_000_000_000;

pub fn encoded_length(n_shards: u16) -> u64 {
    let params = CodeParams::new(NonZeroU16::new(n_shards).unwrap());
    params.encoded_length(BLOB_BYTES).unwrap()
}

/// Inputs and commands in the making.
#[derive(Default)]
struct Ptb {
    inputs: Vec<Input>,
    commands: Vec<Command>,
}

impl Ptb {
    fn input(&mut self, input: Input) -> Argument {
        self.inputs.push(input);
        Argument::Input(u16::try_from(self.inputs.len() - 1).unwrap())
    }

    fn pure<T: serde::Serialize>(&mut self, value: &T) -> Argument {
        self.input(Input::Pure(bcs::to_bytes(value).unwrap()))
    }

    fn owned(&mut self, reference: &ObjectReference) -> Argument {
        self.input(Input::ImmutableOrOwned(reference.clone()))
    }

    fn system(&mut self, chain: &Chain, mutable: bool) -> Argument {
        let id = address(chain.system);
        self.input(Input::Shared(SharedInput::new(id, 1, mutable)))
    }

    fn command(&mut self, command: Command) -> Argument {
        self.commands.push(command);
        Argument::Result(u16::try_from(self.commands.len() - 1).unwrap())
    }

    fn split(&mut self, coin: Argument, amount: u64, count: usize) -> Argument {
        let amount = self.pure(&amount);
        self.command(Command::SplitCoins(SplitCoins {
            coin,
            amounts: vec![amount; count],
        }))
    }

    fn transfer(&mut self, objects: Vec<Argument>, to: Address) {
        let address = self.pure(&to);
        self.command(Command::TransferObjects(TransferObjects {
            objects,
            address,
        }));
    }

    fn call(&mut self, package: ObjectId, function: &str, arguments: Vec<Argument>) -> Argument {
        self.command(Command::MoveCall(MoveCall {
            package: address(package),
            module: Identifier::from_static("system"),
            function: Identifier::new(function).unwrap(),
            type_arguments: Vec::new(),
            arguments,
        }))
    }

    fn paid_by(self, sender: Address, gas: &ObjectReference) -> Transaction {
        Transaction {
            kind: TransactionKind::ProgrammableTransaction(ProgrammableTransaction {
                inputs: self.inputs,
                commands: self.commands,
            }),
            sender,
            gas_payment: GasPayment {
                objects: vec![gas.clone()],
                owner: sender,
                price: PriceList::REFERENCE_GAS_PRICE,
                budget: BUDGET,
            },
            expiration: TransactionExpiration::None,
        }
    }
}

fn results(of: Argument, count: usize) -> Vec<Argument> {
    let Argument::Result(index) = of else {
        panic!("not a result");
    };
    (0..count)
        .map(|nested| Argument::NestedResult(index, u16::try_from(nested).unwrap()))
        .collect()
}

/// A coin of SUI and one of WAL for each of `count` lanes.
pub fn split_coins(
    chain: &Chain,
    gas: ObjectReference,
    wal: ObjectReference,
    count: usize,
) -> Transaction {
    let mut ptb = Ptb::default();
    let sui = ptb.split(Argument::Gas, 1_000_000_000_000_000, count);
    let wal = ptb.owned(&wal);
    let wal = ptb.split(wal, 100_000_000_000_000, count);
    ptb.transfer(results(sui, count), chain.sender);
    ptb.transfer(results(wal, count), chain.sender);
    ptb.paid_by(chain.sender, &gas)
}

/// A payment.
pub fn transfer(chain: &mut Chain, lane: &Lane) -> Transaction {
    let mut ptb = Ptb::default();
    let coin = ptb.split(Argument::Gas, 1, 1);
    ptb.transfer(results(coin, 1), Address::new([9; 32]));
    ptb.paid_by(chain.sender, &lane.gas)
}

/// Buys storage for five epochs and registers a permanent blob, `count` times.
pub fn register(chain: &mut Chain, lane: &Lane, count: u64) -> Transaction {
    let mut ptb = Ptb::default();
    let system = ptb.system(chain, true);
    let coin = ptb.owned(&lane.wal);
    let length = ptb.pure(&chain.encoded_length);
    let epochs = ptb.pure(&5_u32);
    let size = ptb.pure(&BLOB_BYTES);
    let encoding = ptb.pure(&EncodingType::Rs2.number());
    let deletable = ptb.pure(&false);
    let mut blobs = Vec::new();
    for _ in 0..count {
        chain.counter += 1;
        let root = root(chain.counter);
        let blob_id = BlobId::derive(EncodingType::Rs2, BLOB_BYTES, &root);
        let storage = ptb.call(
            chain.walrus,
            "reserve_space",
            vec![system, length, epochs, coin],
        );
        let blob_id = ptb.pure(&blob_id.0);
        let root = ptb.pure(&root);
        let arguments = vec![
            system, storage, blob_id, root, size, encoding, deletable, coin,
        ];
        blobs.push(ptb.call(chain.walrus, "register_blob", arguments));
    }
    ptb.transfer(blobs, chain.sender);
    ptb.paid_by(chain.sender, &lane.gas)
}

/// Certifies the lane's blob with the signatures of all nodes.
pub fn certify(chain: &mut Chain, lane: &Lane) -> Transaction {
    let (blob, blob_id) = lane.blob.as_ref().unwrap();
    let (message, signature, signers) = chain.certificate(*blob_id);
    let mut ptb = Ptb::default();
    let system = ptb.system(chain, false);
    let blob = ptb.owned(blob);
    let signature = ptb.pure(&signature);
    let signers = ptb.pure(&signers);
    let message = ptb.pure(&message);
    ptb.call(
        chain.walrus,
        "certify_blob",
        vec![system, blob, signature, signers, message],
    );
    ptb.paid_by(chain.sender, &lane.gas)
}

/// The blob that a transaction of [`register`] registers, if it is one.
pub fn registered(transaction: &Transaction) -> Option<BlobId> {
    let TransactionKind::ProgrammableTransaction(ptb) = &transaction.kind else {
        return None;
    };
    let register = ptb.commands.iter().find_map(|command| match command {
        Command::MoveCall(call) if call.function.as_str() == "register_blob" => Some(call),
        _ => None,
    })?;
    let Argument::Input(index) = register.arguments[2] else {
        return None;
    };
    match &ptb.inputs[usize::from(index)] {
        Input::Pure(bytes) => Some(BlobId(bytes.as_slice().try_into().ok()?)),
        _ => None,
    }
}

fn root(counter: u64) -> [u8; 32] {
    let mut root = [0x5a; 32];
    root[..8].copy_from_slice(&counter.to_le_bytes());
    root
}
