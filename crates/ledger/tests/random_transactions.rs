//! Transactions at random from the whole interface: they execute or fail with a name, never panic,
//! and SUI is conserved.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

mod network;
mod support;

use std::sync::LazyLock;

use floe_core::{
    ObjectId, SuiAddress,
    onchain::{
        blob::Blob,
        framework::{Balance, Coin, Wal},
        node::StorageNodeCap,
    },
};
use floe_ledger::{
    AbilitySet, Coverage, Function, Param, Passing, Registry, SimulateOptions, address, type_tag,
};
use network::{
    Network, Options, WAL,
    storage::{MIB, Spec},
};
use proptest::{prelude::*, sample::Index};
use sui_sdk_types::{
    Argument, Command, ExecutionError, ExecutionStatus, Input, MakeMoveVector, MergeCoins,
    MoveCall, Object, Owner, Publish, SplitCoins, Transaction, TransactionKind, TransferObjects,
    TypeTag, Upgrade,
};
use support::*;

#[derive(Clone, Debug)]
enum Step {
    /// Arguments as they come.
    Wild {
        function: Index,
        types: Vec<Index>,
        arguments: Vec<Argument>,
    },
    /// Arguments of the right types where there are any.
    Fitting {
        function: Index,
        types: Vec<Index>,
        picks: Vec<Index>,
    },
    Other(Command),
}

fn argument() -> impl Strategy<Value = Argument> {
    prop_oneof![
        1 => Just(Argument::Gas),
        4 => (0..20_u16).prop_map(Argument::Input),
        4 => (0..6_u16).prop_map(Argument::Result),
        2 => (0..6_u16, 0..3_u16).prop_map(|(i, j)| Argument::NestedResult(i, j)),
    ]
}

fn indices() -> impl Strategy<Value = Vec<Index>> {
    prop::collection::vec(any::<Index>(), 3)
}

fn step() -> impl Strategy<Value = Step> {
    let arguments = || prop::collection::vec(argument(), 0..4);
    let other = prop_oneof![
        (arguments(), argument()).prop_map(|(objects, address)| {
            Command::TransferObjects(TransferObjects { objects, address })
        }),
        (argument(), arguments())
            .prop_map(|(coin, amounts)| Command::SplitCoins(SplitCoins { coin, amounts })),
        (argument(), arguments()).prop_map(|(coin, coins_to_merge)| {
            Command::MergeCoins(MergeCoins {
                coin,
                coins_to_merge,
            })
        }),
        (prop::option::of(0..TYPES.len()), arguments()).prop_map(|(type_, elements)| {
            let type_ = type_.map(|index| TYPES[index].clone());
            Command::MakeMoveVector(MakeMoveVector { type_, elements })
        }),
        Just(Command::Publish(Publish {
            modules: vec![vec![0; 9]],
            dependencies: vec![]
        })),
        argument().prop_map(|ticket| Command::Upgrade(Upgrade {
            modules: vec![vec![0; 9]],
            dependencies: vec![],
            package: sui_sdk_types::Address::TWO,
            ticket,
        })),
    ];
    prop_oneof![
        2 => (any::<Index>(), indices(), prop::collection::vec(argument(), 9))
            .prop_map(|(function, types, arguments)| Step::Wild { function, types, arguments }),
        8 => (any::<Index>(), indices(), prop::collection::vec(any::<Index>(), 9))
            .prop_map(|(function, types, picks)| Step::Fitting { function, types, picks }),
        2 => other.prop_map(Step::Other),
    ]
}

static TYPES: LazyLock<Vec<TypeTag>> = LazyLock::new(|| {
    [
        "u64",
        "0x2::sui::SUI",
        "0x2::coin::Coin<0x2::sui::SUI>",
        "0x1::string::String",
        "vector<u8>",
        "0x2::object::ID",
        "0x2::table::Table<u64, u64>",
        "0x1::option::Option<u64>",
        "0x2::coin::Missing",
        "0x2::package::Publisher",
        "bool",
    ]
    .map(|text| text.parse().unwrap())
    .into_iter()
    .chain([
        type_tag::<Wal>(),
        type_tag::<Balance<Wal>>(),
        type_tag::<Coin<Wal>>(),
        type_tag::<Blob>(),
        type_tag::<StorageNodeCap>(),
    ])
    .collect()
});

/// What calls are made of.
static FRAMEWORK_AND_CONTRACTS: LazyLock<Vec<&Function>> = LazyLock::new(|| functions(|_| true));
static CONTRACTS: LazyLock<Vec<&Function>> =
    LazyLock::new(|| functions(|package| !["std", "sui", "sui_system"].contains(&package)));

fn functions(is_wanted: fn(&str) -> bool) -> Vec<&'static Function> {
    Registry::embedded()
        .packages()
        .filter(|package| is_wanted(&package.name))
        .flat_map(|package| package.modules.values())
        .flat_map(|module| module.functions.values())
        .collect()
}

/// A transaction in the making that knows the types of its values.
struct Builder<'l> {
    ledger: &'l Ledger,
    sender: SuiAddress,
    functions: &'l [&'static Function],
    ptb: Ptb,
    values: Vec<(Argument, TypeTag)>,
}

impl Builder<'_> {
    fn object(&mut self, argument: Argument, object: &Object) {
        let tag = object.as_struct().unwrap().object_type().clone().into();
        self.values.push((argument, tag));
    }

    /// All shared objects, and what the sender owns but for the coin that pays.
    fn inputs(&mut self) {
        let clock = self.ptb.shared(ObjectId::from_suffix(6), 1, false);
        self.object(
            clock,
            self.ledger.state.get(&ObjectId::from_suffix(6)).unwrap(),
        );
        let gas = self
            .ledger
            .transaction(self.sender, Ptb::default())
            .gas_payment;
        let objects = self.ledger.state.iter().filter(|(id, object)| {
            let is_package = object.as_struct().is_none();
            id.0[0] != 0 && !is_package && object.object_id() != *gas.objects[0].object_id()
        });
        for (id, object) in objects {
            let argument = match object.owner() {
                Owner::Address(owner) if *owner == address(self.sender) => self.ptb.owned(object),
                Owner::Shared(initial) => self.ptb.shared(*id, *initial, true),
                Owner::Immutable => self.ptb.owned(object),
                _ => continue,
            };
            self.object(argument, object);
            if self.values.len() > 40 {
                break;
            }
        }
    }

    fn is_feasible(&self, function: &Function, picks: &[Index]) -> bool {
        let types = type_arguments(function, picks);
        function.arguments().iter().all(|param| {
            self.values
                .iter()
                .any(|(_, tag)| param.ty.matches(tag, &types))
                || param
                    .ty
                    .instantiate(&types)
                    .is_some_and(|tag| pure(&tag, &picks[0]).is_some())
        })
    }

    fn argument(&mut self, param: &Param, types: &[TypeTag], pick: &Index) -> Argument {
        let fitting: Vec<_> = self
            .values
            .iter()
            .filter(|(_, tag)| param.ty.matches(tag, types))
            .map(|(argument, _)| *argument)
            .collect();
        let pure = param.ty.instantiate(types).and_then(|tag| pure(&tag, pick));
        match pure {
            Some(bytes) if fitting.is_empty() || pick.index(3) > 0 => {
                self.ptb.input(Input::Pure(bytes))
            }
            _ if fitting.is_empty() => Argument::Gas,
            _ => *pick.get(&fitting),
        }
    }

    fn add(&mut self, step: &Step) {
        let with_body: Vec<_> = self
            .functions
            .iter()
            .filter(|function| function.coverage() == Coverage::Implemented)
            .copied()
            .collect();
        // Half of the picks have a body for sure.
        let functions = [with_body.as_slice(), self.functions].concat();
        let (function, picks, arguments) = match step {
            Step::Other(command) => {
                self.ptb.command(command.clone());
                return;
            }
            Step::Wild {
                function,
                types,
                arguments,
            } => {
                let function = *function.get(&functions);
                let count = function.arguments().len().min(arguments.len());
                (function, types, arguments[..count].to_vec())
            }
            Step::Fitting {
                function,
                types: picks_of_types,
                picks,
            } => {
                let feasible: Vec<_> = with_body
                    .iter()
                    .filter(|function| self.is_feasible(function, picks_of_types))
                    .copied()
                    .collect();
                let function = *function.get(&feasible);
                let types = type_arguments(function, picks_of_types);
                let params = function.arguments().iter().zip(picks.iter().cycle());
                let arguments: Vec<_> = params
                    .map(|(param, pick)| self.argument(param, &types, pick))
                    .collect();
                for (argument, param) in arguments.iter().zip(function.arguments()) {
                    if param.passing == Passing::Value {
                        self.values.retain(|(own, _)| own != argument);
                    }
                }
                (function, picks_of_types, arguments)
            }
        };
        let types = type_arguments(function, picks);
        let result = self.ptb.command(Command::MoveCall(MoveCall {
            package: function.package,
            module: function.module.clone(),
            function: function.name.clone(),
            type_arguments: types.clone(),
            arguments,
        }));
        for (index, ret) in (0..).zip(&function.returns) {
            if let (Some(argument), Some(tag)) = (result.nested(index), ret.ty.instantiate(&types))
            {
                self.values.push((argument, tag));
            }
        }
    }
}

fn type_arguments(function: &Function, picks: &[Index]) -> Vec<TypeTag> {
    let params = function.type_params.iter().zip(picks);
    params
        .map(|(param, pick)| {
            let fitting: Vec<_> = TYPES
                .iter()
                .filter(|tag| {
                    Registry::embedded()
                        .abilities(tag)
                        .contains(param.constraints)
                })
                .collect();
            TypeTag::clone(pick.get::<&TypeTag>(&fitting))
        })
        .collect()
}

fn pure(tag: &TypeTag, pick: &Index) -> Option<Vec<u8>> {
    let number = [0_u64, 1, 2, 1000, SUI, u64::MAX][pick.index(6)];
    let bytes = |len: usize| number.to_le_bytes().into_iter().cycle().take(len).collect();
    Some(match tag {
        TypeTag::U8 => bytes(1),
        TypeTag::Bool => vec![u8::from(number > 1)],
        TypeTag::U16 => bytes(2),
        TypeTag::U32 => bytes(4),
        TypeTag::U64 => bytes(8),
        TypeTag::U128 => bytes(16),
        TypeTag::U256 => bytes(32),
        TypeTag::Address => BOB.0.to_vec(),
        TypeTag::Vector(element) if **element == TypeTag::U8 => vec![3, 1, 2, 3],
        TypeTag::Struct(tag) if *tag.name() == *"String" => vec![2, b'o', b'k'],
        TypeTag::Struct(tag) if *tag.name() == *"ID" => ALICE.0.to_vec(),
        _ => return None,
    })
}

fn build(
    ledger: &Ledger,
    sender: SuiAddress,
    functions: &[&'static Function],
    steps: &[Step],
) -> Ptb {
    let mut builder = Builder {
        ledger,
        sender,
        functions,
        ptb: Ptb::default(),
        values: Vec::new(),
    };
    builder.inputs();
    for step in steps {
        builder.add(step);
    }
    // Give away what would be left over.
    let left: Vec<_> = builder
        .values
        .iter()
        .filter(|(argument, tag)| {
            let abilities = Registry::embedded().abilities(tag);
            matches!(argument, Argument::NestedResult(..))
                && abilities.contains(AbilitySet::KEY.union(AbilitySet::STORE))
        })
        .map(|(argument, _)| *argument)
        .collect();
    if steps.len().is_multiple_of(2) && !left.is_empty() {
        builder.ptb.transfer(&left, sender);
    }
    builder.ptb
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn execute_or_fail_by_name(scripts in prop::collection::vec(prop::collection::vec(step(), 1..7), 1..4)) {
        let mut ledger = Ledger::new();
        for steps in scripts {
            let ptb = build(&ledger, ALICE, &FRAMEWORK_AND_CONTRACTS, &steps);
            let tx = ledger.transaction(ALICE, ptb);
            let before = ledger.state.clone();
            let twin = floe_ledger::simulate(&ledger.state, &tx, &ledger.ctx, &SimulateOptions::default());
            let (Ok(twin), outcome) = (twin, ledger.submit(&tx)) else {
                prop_assert_eq!(&ledger.state, &before, "a rejection changes nothing");
                continue;
            };
            let outcome = outcome.unwrap();
            prop_assert_eq!(twin.effects_digest, outcome.effects_digest);
            if let ExecutionStatus::Failure { error, .. } = outcome.effects.status() {
                prop_assert!(
                    !matches!(error, ExecutionError::InvariantViolation),
                    "{:?}: {:?}", steps, outcome.failure
                );
                let paid = outcome.effects.gas_summary().net_gas_usage();
                prop_assert!(paid <= i64::try_from(BUDGET).unwrap());
            }
        }
    }
}

/// The functions that a transaction calls.
fn calls(tx: &Transaction) -> Vec<String> {
    let TransactionKind::ProgrammableTransaction(ptb) = &tx.kind else {
        return Vec::new();
    };
    let calls = ptb.commands.iter().filter_map(|command| match command {
        Command::MoveCall(call) => Some(format!("{}::{}", call.module, call.function)),
        _ => None,
    });
    calls.collect()
}

/// A network whose first node owns something of each kind.
static NETWORK: LazyLock<Network> = LazyLock::new(|| {
    let mut network = Network::new(&Options {
        stakes: vec![1000; 4],
        n_shards: 10,
        users: 1,
        ..Options::default()
    });
    let (owner, size) = (network.nodes[0].owner, network.encoded(1000));
    network.store(owner, &Spec::permanent(1), 3);
    network.register(owner, &Spec::deletable(2), 3);
    network.ok(owner, |tx| {
        let storage = tx.reserve(size, 2);
        tx.keep(storage);
        let pool = tx.create_pool(MIB, 2);
        tx.register_pooled(pool, &Spec::deletable(3));
        tx.keep(pool);
        let coin = tx.wal(1000 * WAL);
        tx.keep(coin);
        let exchange = tx.wal(WAL);
        let amount = tx.pure(&WAL);
        let cap = tx.contract(
            "wal_exchange",
            "wal_exchange::new_funded",
            &[exchange, amount],
        );
        tx.keep(cap);
        tx.keep(exchange);
        let (rate, zero) = (tx.pure(&5000_u32), tx.pure(&0_u64));
        let arguments = [tx.system(), tx.staking(), rate, zero, zero];
        let cap = tx.contract("walrus_subsidies", "walrus_subsidies::new", &arguments);
        tx.keep(cap);
        let arguments = [tx.pure(&[0_u8; 32])];
        let cap = tx.contract("subsidies", "subsidies::new", &arguments);
        tx.keep(cap);
    });
    network
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn contracts_execute_or_fail_by_name(scripts in prop::collection::vec(prop::collection::vec(step(), 1..7), 1..4)) {
        let mut network = NETWORK.clone();
        let sender = network.nodes[0].owner;
        for steps in scripts {
            let ptb = build(&network.ledger, sender, &CONTRACTS, &steps);
            let tx = network.ledger.transaction(sender, ptb);
            let Ok(outcome) = network.ledger.submit(&tx) else {
                continue;
            };
            network.check_invariants(&outcome);
            if let ExecutionStatus::Failure { error, .. } = outcome.effects.status() {
                prop_assert!(
                    !matches!(error, ExecutionError::InvariantViolation),
                    "{:?}: {:?}", calls(&tx), outcome.failure
                );
            }
        }
        network.check_supply();
    }
}
