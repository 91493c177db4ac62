//! A ledger in memory with two funded users, and short forms for transactions.

#![allow(
    dead_code,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions, of which each test uses a part"
)]

use std::sync::Arc;

use floe_core::{ObjectId, SuiAddress};
use floe_ledger::{
    Context, GenesisBuilder, GenesisConfig, LiveObject, MemoryState, Outcome, PriceList, Rejection,
    SimulateOptions, address, mock_gas_coin, object_id, simulate, token_total,
};
use sui_sdk_types::{
    Address, Argument, Command, CommandArgumentError, Digest, ExecutionError, ExecutionStatus,
    GasPayment, Identifier, Input, MoveCall, Object, ObjectReference, Owner,
    ProgrammableTransaction, SharedInput, Transaction, TransactionEffects, TransactionEffectsV2,
    TransactionExpiration, TransactionKind, TransferObjects, TypeTag,
};

pub const ALICE: SuiAddress = SuiAddress([0xa; 32]);
pub const BOB: SuiAddress = SuiAddress([0xb; 32]);
pub const BUDGET: u64 = 100_000_000;
pub const SUI: u64 = 1_000_000_000;

/// The state, and what its transactions paid.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub state: MemoryState,
    pub ctx: Context,
    pub fees: u64,
}

/// Inputs and commands in the making.
#[derive(Clone, Debug, Default)]
pub struct Ptb(pub Parts);

#[derive(Clone, Debug, Default)]
pub struct Parts {
    pub inputs: Vec<Input>,
    pub commands: Vec<Command>,
}

impl Ptb {
    pub fn input(&mut self, input: Input) -> Argument {
        self.0.inputs.push(input);
        Argument::Input(u16::try_from(self.0.inputs.len() - 1).unwrap())
    }

    pub fn pure<T: serde::Serialize>(&mut self, value: &T) -> Argument {
        self.input(Input::Pure(bcs::to_bytes(value).unwrap()))
    }

    pub fn owned(&mut self, object: &Object) -> Argument {
        self.input(Input::ImmutableOrOwned(reference(object)))
    }

    pub fn shared(&mut self, id: ObjectId, initial: u64, mutable: bool) -> Argument {
        self.input(Input::Shared(SharedInput::new(
            address(id),
            initial,
            mutable,
        )))
    }

    pub fn command(&mut self, command: Command) -> Argument {
        self.0.commands.push(command);
        Argument::Result(u16::try_from(self.0.commands.len() - 1).unwrap())
    }

    pub fn call(&mut self, path: &str, types: &[TypeTag], arguments: &[Argument]) -> Argument {
        let mut parts = path.split("::");
        let package = Address::from_hex(parts.next().unwrap()).unwrap();
        let module = Identifier::new(parts.next().unwrap()).unwrap();
        let function = Identifier::new(parts.next().unwrap()).unwrap();
        self.command(Command::MoveCall(MoveCall {
            package,
            module,
            function,
            type_arguments: types.to_vec(),
            arguments: arguments.to_vec(),
        }))
    }

    pub fn transfer(&mut self, objects: &[Argument], to: SuiAddress) -> Argument {
        let to = self.pure(&to);
        self.command(Command::TransferObjects(TransferObjects {
            objects: objects.to_vec(),
            address: to,
        }))
    }

    pub fn build(self) -> ProgrammableTransaction {
        ProgrammableTransaction {
            inputs: self.0.inputs,
            commands: self.0.commands,
        }
    }
}

pub fn sui() -> TypeTag {
    "0x2::sui::SUI".parse().unwrap()
}

pub fn reference(object: &Object) -> ObjectReference {
    ObjectReference::new(object.object_id(), object.version(), object.digest())
}

pub fn balance(coin: &Object) -> u64 {
    u64::from_le_bytes(
        coin.as_struct().unwrap().contents()[32..40]
            .try_into()
            .unwrap(),
    )
}

pub fn v2(outcome: &Outcome) -> &TransactionEffectsV2 {
    match &outcome.effects {
        TransactionEffects::V2(effects) => effects,
        other => panic!("not V2: {other:?}"),
    }
}

pub fn sui_coin() -> TypeTag {
    sui_sdk_types::StructTag::gas_coin().into()
}

/// The argument that failed a command, and why.
pub fn argument_error(outcome: &Outcome) -> (u16, CommandArgumentError) {
    match error(outcome).0 {
        ExecutionError::CommandArgumentError { argument, kind } => (*argument, kind.clone()),
        other => panic!("{other:?}"),
    }
}

/// The error of a failed transaction and its command.
pub fn error(outcome: &Outcome) -> (&ExecutionError, Option<u64>) {
    match outcome.effects.status() {
        ExecutionStatus::Failure { error, command } => (error, *command),
        ExecutionStatus::Success => panic!("succeeded"),
    }
}

impl Ledger {
    pub fn new() -> Self {
        let config = GenesisConfig {
            time_ms: 1_700_000_000_000,
            validator_key: vec![7; 96],
        };
        let mut builder = GenesisBuilder::new(&config).unwrap();
        for user in [ALICE, BOB] {
            for _ in 0..5 {
                builder.fund(user, 100 * SUI).unwrap();
            }
        }
        Self::from_genesis(builder)
    }

    pub fn from_genesis(builder: GenesisBuilder) -> Self {
        let genesis = builder.finish();
        let mut state = MemoryState::default();
        state.apply(&genesis.outcome.writes);
        let ctx = Context::read(&state, Digest::ZERO).unwrap();
        Self {
            state,
            ctx,
            fees: 0,
        }
    }

    /// SUI coins of a user, by id.
    pub fn coins(&self, owner: SuiAddress) -> Vec<Arc<LiveObject>> {
        let mut coins = self.all_coins(owner);
        coins.retain(|coin| {
            let token = coin.as_struct().unwrap().object_type().is_coin();
            token == Some(&sui())
        });
        coins
    }

    /// Coins of any token of a user, by id.
    pub fn all_coins(&self, owner: SuiAddress) -> Vec<Arc<LiveObject>> {
        self.state
            .iter()
            .map(|(_, object)| object)
            .filter(|object| *object.owner() == Owner::Address(address(owner)))
            .filter(|object| {
                object
                    .as_struct()
                    .is_some_and(|s| s.object_type().is_coin().is_some())
            })
            .cloned()
            .collect()
    }

    pub fn object(&self, id: &Address) -> Arc<LiveObject> {
        Arc::clone(self.state.get(&object_id(id)).unwrap())
    }

    /// A transaction that pays with the user's richest coin that is no input, the first of equals.
    pub fn transaction(&self, sender: SuiAddress, ptb: Ptb) -> Transaction {
        let is_input = |coin: &Object| {
            let wanted = Input::ImmutableOrOwned(reference(coin));
            ptb.0.inputs.contains(&wanted)
        };
        let coins = self.coins(sender);
        let payment = coins.iter().rev().filter(|coin| !is_input(coin));
        let coin = reference(payment.max_by_key(|coin| balance(coin)).unwrap());
        self.paid_with(sender, ptb, vec![coin], BUDGET)
    }

    pub fn paid_with(
        &self,
        sender: SuiAddress,
        ptb: Ptb,
        objects: Vec<ObjectReference>,
        budget: u64,
    ) -> Transaction {
        Transaction {
            kind: TransactionKind::ProgrammableTransaction(ptb.build()),
            sender: address(sender),
            gas_payment: GasPayment {
                objects,
                owner: address(sender),
                price: PriceList::REFERENCE_GAS_PRICE,
                budget,
            },
            expiration: TransactionExpiration::None,
        }
    }

    /// Executes and applies; checks that no SUI came or went.
    pub fn submit(&mut self, tx: &Transaction) -> Result<Outcome, Rejection> {
        let sui_before = self.total_sui();
        let outcome = simulate(&self.state, tx, &self.ctx, &SimulateOptions::default())?;
        self.state.apply(&outcome.writes);
        let gas = outcome.effects.gas_summary();
        self.fees += gas.computation_cost + gas.non_refundable_storage_fee;
        assert_eq!(
            self.total_sui(),
            sui_before,
            "SUI is conserved: {:?}",
            outcome.effects
        );
        self.check_effects(&outcome);
        Ok(outcome)
    }

    pub fn run(&mut self, sender: SuiAddress, ptb: Ptb) -> Outcome {
        let tx = self.transaction(sender, ptb);
        self.submit(&tx).unwrap()
    }

    /// As [`Self::run`], and it must succeed.
    pub fn ok(&mut self, sender: SuiAddress, ptb: Ptb) -> Outcome {
        let outcome = self.run(sender, ptb);
        assert!(outcome.failure.is_none(), "{}", outcome.failure.unwrap());
        outcome
    }

    pub fn inspect(&self, sender: SuiAddress, ptb: Ptb) -> Outcome {
        let tx = self.paid_with(sender, ptb, Vec::new(), BUDGET);
        let options = SimulateOptions {
            mock_gas: Some(mock_gas_coin(sender)),
            collect_outputs: true,
            ..SimulateOptions::default()
        };
        simulate(&self.state, &tx, &self.ctx, &options).unwrap()
    }

    /// Coins, storage rebates of all objects, and fees, in MIST.
    pub fn total_sui(&self) -> u128 {
        let objects = || self.state.iter().map(|(_, object)| object.object());
        let rebates: u128 = objects()
            .map(|object| u128::from(object.storage_rebate()))
            .sum();
        let in_objects = token_total(objects(), &sui()).unwrap() + rebates;
        in_objects + u128::from(self.fees)
    }

    /// The effects tell the truth about the store.
    fn check_effects(&self, outcome: &Outcome) {
        let effects = v2(outcome);
        assert!(
            effects
                .changed_objects
                .windows(2)
                .all(|w| w[0].object_id < w[1].object_id)
        );
        for change in &effects.changed_objects {
            let live = self.state.get(&object_id(&change.object_id));
            match &change.output_state {
                sui_sdk_types::ObjectOut::ObjectWrite { digest, owner } => {
                    let live = live.expect("a written object is live");
                    assert_eq!((live.digest(), live.owner()), (*digest, owner));
                    assert_eq!(live.version(), effects.lamport_version);
                    assert_eq!(live.previous_transaction(), outcome.transaction_digest);
                }
                _ => assert!(live.is_none(), "{} is gone", change.object_id),
            }
        }
    }
}
