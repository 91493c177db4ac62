//! A Sui-compatible state machine that executes the Walrus contracts natively.
//!
//! Transactions in, effects, events and object writes out: same objects, versions, digests, gas and
//! errors as a Sui network with the Walrus packages deployed. Deterministic: no I/O, no clock, no
//! entropy; same transactions on the same state give the same bytes.
//!
//! The programmable-transaction interpreter knows no module. Modules are Rust functions behind one
//! registry ([`Registry`]), reached through one call path ([`Call`]) and seeing the world through
//! one object runtime ([`Runtime`]). How to add one: [`modules`].

mod admission;
mod audit;
mod call;
mod checkpoint;
mod error;
mod execute;
mod gas;
mod genesis;
pub mod modules;
mod object;
mod ptb;
mod registry;
mod runtime;
mod signature;
mod system;
mod value;

pub use self::{
    admission::{Checks, Context, PROTOCOL_VERSION, Rejection, TransactionLimits},
    audit::token_total,
    call::{Args, Call, NativeFn},
    checkpoint::{ChainHead, Checkpoint, CheckpointEntry, committee, sign},
    error::{Failure, Fault, Location},
    execute::{Outcome, SimulateOptions, Writes, execute, mock_gas_coin, simulate},
    gas::{PriceList, affordable_units, charged_units, storage_cost},
    genesis::{
        Genesis, GenesisAccount, GenesisBuilder, GenesisConfig, GenesisError, GenesisExchange,
        GenesisNode, GenesisNodeIds, WalrusGenesis, WalrusNetwork,
    },
    object::{
        FieldParts, FieldValue, LiveObject, MemoryState, StateView, StoreError, address,
        field_parts, object_id,
    },
    ptb::{CommandOutput, InputUse, OutputValue, input_uses},
    registry::{
        AbilitySet, Body, Coverage, Datatype, DatatypeName, DefiningId, Function, Layout, Module,
        OriginalId, Package, Param, Passing, Registry, RegistryError, SigType, StorageId,
        TypeError, TypeLimits, TypeParam, Variant, Visibility,
    },
    runtime::{Destination, FieldKey, Meter, Receiving, Runtime, TxInfo, units},
    signature::{SignatureRejection, VerifiedTransaction},
    system::{
        ChainState, SYSTEM_STATE_ID, change_epoch_transaction, clock_transaction, execute_system,
    },
    value::{Lease, MoveType, MoveValue, Slot, type_tag},
};
