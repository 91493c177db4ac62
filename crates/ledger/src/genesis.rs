//! The genesis of a chain: a state built by the modules' own functions, then frozen into one
//! transaction.
//!
//! Steps run as ordinary executions on a state in memory, free of charge: [`GenesisBuilder::init`]
//! for a module's initializer, [`GenesisBuilder::execute`] for what an operator would do with
//! commands. [`GenesisBuilder::finish`] turns what lives at the end into objects of version 1 of a
//! genesis transaction, as checkpoint 0 of a Sui network has it. Ids derive from the
//! configuration, so equal configurations give equal chains.

mod script;
mod walrus;

use std::{collections::BTreeMap, sync::Arc};

use floe_core::{
    ObjectId, SuiAddress,
    onchain::framework::{Coin, Sui},
};
use serde::{Deserialize, Serialize};
use sui_sdk_types::{
    ChangedObject, Digest, Event, ExecutionStatus, GasCostSummary, GenesisObject,
    GenesisTransaction, IdOperation, MovePackage, MoveStruct, Object, ObjectData, ObjectIn,
    ObjectOut, Owner, ProgrammableTransaction, Transaction, TransactionEffects,
    TransactionEffectsV2, TransactionEvents, TransactionKind, TypeOrigin, hash::Hasher,
};

pub use self::walrus::{
    GenesisAccount, GenesisExchange, GenesisNode, GenesisNodeIds, WalrusGenesis, WalrusNetwork,
};
use crate::{
    admission::{Checks, Context, GasSource, PROTOCOL_VERSION, Rejection, admit_inputs},
    error::Failure,
    execute::{Before, Changes, EffectsParts, Outcome, Payment, Run, Settled, Writes},
    gas::PriceList,
    modules::{
        ModuleRef, generic_tag,
        sui::{
            clock::{CLOCK_ID, Clock},
            coin::CoinMetadata,
        },
    },
    object::{LiveObject, MemoryState, address, object_id},
    ptb::{Failed, Locals},
    registry::Registry,
    runtime::{Destination, Meter, Runtime, TxInfo},
    system::{ChainState, SYSTEM_STATE_ID, system_transaction},
    value::{Slot, type_tag},
};

/// What a chain starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesisConfig {
    /// Time of genesis, ms since the Unix epoch.
    pub time_ms: u64,
    /// Key of the only validator, 96 bytes; also what makes one chain differ from another.
    pub validator_key: Vec<u8>,
}

/// Why a genesis step fails. The operator's configuration is at fault, or the program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// A step was turned away.
    #[error("genesis step {step}: {source}")]
    Rejected {
        /// Number of the step.
        step: u64,
        /// Why.
        source: Box<Rejection>,
    },
    /// A step failed.
    #[error("genesis step {step}, command {command:?}: {source}")]
    Failed {
        /// Number of the step.
        step: u64,
        /// The command, if it was one.
        command: Option<usize>,
        /// Why.
        source: Failure,
    },
    /// A part of a Walrus network can't be.
    #[error("walrus, {place}: {source}")]
    Walrus {
        /// Which part.
        place: String,
        /// Why.
        source: Box<Self>,
    },
}

/// Builds a genesis.
#[derive(Debug)]
pub struct GenesisBuilder {
    state: MemoryState,
    ctx: Context,
    seed: Digest,
    steps: u64,
    events: Vec<Event>,
}

/// A chain's first transaction with its outcome. Checkpoint 0 holds it alone.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// The genesis transaction; nobody signs it.
    pub transaction: Transaction,
    /// What it does.
    pub outcome: Outcome,
}

impl GenesisBuilder {
    /// A state with the packages, the clock and the chain state.
    ///
    /// # Errors
    /// [`GenesisError`] if the program is broken.
    pub fn new(config: &GenesisConfig) -> Result<Self, GenesisError> {
        let mut hasher = Hasher::new();
        hasher.update("floe genesis::");
        hasher.update(config.time_ms.to_le_bytes());
        hasher.update(&config.validator_key);
        let ctx = Context {
            chain_id: Digest::ZERO,
            epoch: 0,
            epoch_start_ms: config.time_ms,
            reference_gas_price: PriceList::REFERENCE_GAS_PRICE,
            protocol_version: PROTOCOL_VERSION,
        };
        let mut builder = Self {
            state: MemoryState::default(),
            ctx,
            seed: hasher.finalize(),
            steps: 0,
            events: Vec::new(),
        };
        builder.add_packages();
        let clock = Clock {
            id: CLOCK_ID,
            timestamp_ms: config.time_ms,
        };
        let chain = ChainState {
            id: SYSTEM_STATE_ID,
            protocol_version: PROTOCOL_VERSION,
            epoch: 0,
            epoch_start_ms: config.time_ms,
            reference_gas_price: PriceList::REFERENCE_GAS_PRICE,
            validator_key: config.validator_key.clone(),
            fees: 0,
        };
        builder.init(ModuleRef::new("sui", "clock"), SuiAddress::ZERO, |rt| {
            rt.adopt_id(CLOCK_ID);
            rt.adopt_id(SYSTEM_STATE_ID);
            rt.share(clock)?;
            rt.share(chain)?;
            describe_sui(rt)
        })?;
        Ok(builder)
    }

    /// The state so far.
    pub fn state(&self) -> &MemoryState {
        &self.state
    }

    /// Gives an address a new SUI coin out of nothing.
    ///
    /// # Errors
    /// [`GenesisError`] if the program is broken.
    pub fn fund(&mut self, owner: SuiAddress, mist: u64) -> Result<ObjectId, GenesisError> {
        self.init(ModuleRef::new("sui", "sui"), SuiAddress::ZERO, |rt| {
            let id = rt.fresh_id()?;
            rt.transfer(Coin::<Sui>::new(id.into(), mist), owner)?;
            Ok(id)
        })
    }

    /// Runs code of a module as `sender`, as a package's initializer would.
    ///
    /// # Errors
    /// [`GenesisError::Failed`]; nothing changes then.
    pub fn init<R>(
        &mut self,
        module: ModuleRef,
        sender: SuiAddress,
        code: impl FnOnce(&mut Runtime<'_>) -> Result<R, Failure>,
    ) -> Result<R, GenesisError> {
        let digest = self.next_digest();
        let step = self.steps;
        let failed = |source| failed_step(step, source);
        let tx = TxInfo {
            digest,
            sender,
            epoch: self.ctx.epoch,
            epoch_start_ms: self.ctx.epoch_start_ms,
            gas_price: self.ctx.reference_gas_price,
            reference_gas_price: self.ctx.reference_gas_price,
            protocol_version: self.ctx.protocol_version,
        };
        let mut rt = Runtime::new(&self.state, tx, Meter::unlimited());
        rt.set_caller(
            crate::modules::package_id(module.package),
            module.identifier(),
        );
        let result = code(&mut rt).map_err(failed)?;
        let before = Before::default();
        let finished = rt.finish();
        let lamport = before.lamport(finished.loaded.values());
        let locals = Locals::new(Vec::new(), None);
        let changes = Changes::of_success(&before, &locals, finished, 0).map_err(failed)?;
        let parts = EffectsParts {
            digest,
            epoch: self.ctx.epoch,
            lamport,
            gas_id: None,
            read_only: Vec::new(),
            dependencies: Vec::new(),
            settled: Settled {
                changes,
                gas_used: GasCostSummary::default(),
                costs: BTreeMap::new(),
                failed: None,
            },
        };
        self.apply(parts.assemble());
        Ok(result)
    }

    /// Runs commands as `sender`, with inputs taken from [`GenesisBuilder::state`].
    ///
    /// # Errors
    /// [`GenesisError`]; nothing changes then.
    pub fn execute(
        &mut self,
        sender: SuiAddress,
        ptb: ProgrammableTransaction,
    ) -> Result<(), GenesisError> {
        self.run(sender, ptb).map(|_| ())
    }

    fn run(
        &mut self,
        sender: SuiAddress,
        ptb: ProgrammableTransaction,
    ) -> Result<Outcome, GenesisError> {
        let digest = self.next_digest();
        let step = self.steps;
        let rejected = |source| GenesisError::Rejected {
            step,
            source: Box::new(source),
        };
        let mut tx =
            system_transaction(TransactionKind::ProgrammableSystemTransaction(ptb.clone()));
        tx.sender = address(sender);
        let admitted = admit_inputs(&self.state, &tx, &ptb, Checks::Enabled, GasSource::None)
            .map_err(rejected)?;
        let run = Run {
            state: &self.state,
            ctx: &self.ctx,
            digest,
            sender,
            payment: Payment::Free,
            checks: Checks::Enabled,
            collect_outputs: false,
        };
        let outcome = run.execute(&ptb, admitted).map_err(rejected)?;
        if let Some(Failed { failure, command }) = outcome.failed() {
            return Err(GenesisError::Failed {
                step,
                command,
                source: failure,
            });
        }
        self.apply(outcome.clone());
        Ok(outcome)
    }

    /// A failure of the step under way.
    fn failed(&self, source: Failure) -> GenesisError {
        failed_step(self.steps, source)
    }

    /// Freezes the state into the genesis transaction.
    pub fn finish(self) -> Genesis {
        let objects: Vec<(ObjectId, ObjectData, Owner)> = self
            .state
            .iter()
            .map(|(id, object)| (*id, at_version_one(object), initial_owner(object.owner())))
            .collect();
        let list = objects
            .iter()
            .map(|(_, data, owner)| GenesisObject::new(data.clone(), *owner))
            .collect();
        let kind = TransactionKind::Genesis(GenesisTransaction { objects: list });
        let transaction = system_transaction(kind);
        let digest = transaction.digest();

        let mut writes = Writes::default();
        let mut changed_objects = Vec::with_capacity(objects.len());
        for (id, data, owner) in objects {
            let object = Object::new(data, owner, digest, 0);
            let output_state = match object.data() {
                ObjectData::Struct(_) => ObjectOut::ObjectWrite {
                    digest: object.digest(),
                    owner,
                },
                ObjectData::Package(package) => ObjectOut::PackageWrite {
                    version: package.version,
                    digest: object.digest(),
                },
            };
            changed_objects.push(ChangedObject {
                object_id: address(id),
                input_state: ObjectIn::NotExist,
                output_state,
                id_operation: IdOperation::Created,
            });
            writes
                .objects
                .insert(id, Some(Arc::new(LiveObject::new(object))));
        }
        let events = (!self.events.is_empty()).then_some(TransactionEvents(self.events));
        let effects = TransactionEffects::V2(Box::new(TransactionEffectsV2 {
            status: ExecutionStatus::Success,
            epoch: 0,
            gas_used: GasCostSummary::default(),
            transaction_digest: digest,
            gas_object_index: None,
            events_digest: events.as_ref().map(TransactionEvents::digest),
            dependencies: Vec::new(),
            lamport_version: 1,
            changed_objects,
            unchanged_consensus_objects: Vec::new(),
            auxiliary_data_digest: None,
        }));
        let outcome = Outcome {
            transaction_digest: digest,
            effects_digest: effects.digest(),
            effects,
            events,
            writes,
            before: BTreeMap::new(),
            failure: None,
            command_outputs: Vec::new(),
        };
        Genesis {
            transaction,
            outcome,
        }
    }

    fn apply(&mut self, outcome: Outcome) {
        self.state.apply(&outcome.writes);
        self.events
            .extend(outcome.events.into_iter().flat_map(|events| events.0));
    }

    fn next_digest(&mut self) -> Digest {
        self.steps = self.steps.saturating_add(1);
        let mut hasher = Hasher::new();
        hasher.update("floe genesis step::");
        hasher.update(self.seed);
        hasher.update(self.steps.to_le_bytes());
        hasher.finalize()
    }

    /// Package objects carry names and type origins; there is no bytecode.
    fn add_packages(&mut self) {
        let mut writes = Writes::default();
        for package in Registry::embedded().packages() {
            let id = package.storage_id.0;
            let modules = package.modules.values();
            let content = MovePackage {
                id,
                version: 1,
                modules: modules
                    .clone()
                    .map(|module| (module.name.clone(), Vec::new()))
                    .collect(),
                type_origin_table: modules
                    .flat_map(|module| module.datatypes.values())
                    .map(|datatype| TypeOrigin {
                        module_name: datatype.module.clone(),
                        struct_name: datatype.name.clone(),
                        package: datatype.defining_id.0,
                    })
                    .collect(),
                linkage_table: BTreeMap::new(),
            };
            let data = ObjectData::Package(content);
            let object = Object::new(data, Owner::Immutable, Digest::ZERO, 0);
            writes
                .objects
                .insert(object_id(&id), Some(Arc::new(LiveObject::new(object))));
        }
        self.state.apply(&writes);
    }
}

fn failed_step(step: u64, source: Failure) -> GenesisError {
    GenesisError::Failed {
        step,
        command: None,
        source,
    }
}

fn at_version_one(object: &Object) -> ObjectData {
    match object.data() {
        ObjectData::Struct(content) => ObjectData::Struct(
            MoveStruct::new(
                content.object_type().clone(),
                content.has_public_transfer(),
                1,
                content.contents().to_vec(),
            )
            .expect("the object had an id before"),
        ),
        ObjectData::Package(package) => ObjectData::Package(package.clone()),
    }
}

fn initial_owner(owner: &Owner) -> Owner {
    match owner {
        Owner::Shared(_) => Owner::Shared(1),
        owner => *owner,
    }
}

/// Name and decimals of SUI, as an object like that of any other coin (`docs/spec/sui-rpc.md` §8.6).
fn describe_sui(rt: &mut Runtime<'_>) -> Result<(), Failure> {
    let metadata = CoinMetadata {
        id: rt.fresh_id()?,
        decimals: 9,
        name: "Sui".to_owned(),
        symbol: "SUI".to_owned(),
        description: String::new(),
        icon_url: None,
    };
    let tag = generic_tag("sui", "coin", "CoinMetadata", vec![type_tag::<Sui>()]);
    rt.send(tag, Slot::new(metadata), Destination::Immutable)
}
