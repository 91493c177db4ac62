//! Why a transaction is turned away, and the limits it must keep.

use std::sync::Arc;

use floe_core::{ObjectId, SuiAddress};
use sui_sdk_types::Digest;

use crate::object::StoreError;

/// Bounds on one transaction (`docs/spec/sui-rpc.md` §8.3).
#[derive(Clone, Copy, Debug)]
pub struct TransactionLimits;

impl TransactionLimits {
    /// BCS bytes.
    pub const BYTES_MAX: usize = 128 * 1024;
    /// Commands.
    pub const COMMANDS_MAX: usize = 1024;
    /// Inputs.
    pub const INPUTS_MAX: usize = 2048;
    /// Gas coins.
    pub const GAS_COINS_MAX: usize = 256;
    /// Arguments of one command.
    pub const ARGUMENTS_MAX: usize = 512;
    /// Type arguments of one call.
    pub const TYPE_ARGUMENTS_MAX: usize = 16;
    /// Bytes of one pure input.
    pub const PURE_BYTES_MAX: usize = 16 * 1024;
}

/// A transaction that is not executed: nothing is written, nothing charged. The sender's fault,
/// except for [`Rejection::Store`] and [`Rejection::ProtocolVersion`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The state is of a version that this program does not know.
    #[error(
        "state has protocol version {version}, this program implements {}",
        super::PROTOCOL_VERSION
    )]
    ProtocolVersion {
        /// The state's version.
        version: u64,
    },
    /// Only the ledger itself makes system transactions.
    #[error("system transactions cannot be submitted")]
    SystemTransaction,
    /// Over a limit.
    #[error("too many {what}: {got}, at most {max}")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many there may be.
        max: usize,
    },
    /// Not a well-formed transaction.
    #[error("malformed transaction: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// A feature of Sui that the embedded ledger does not have.
    #[error("{what} is not supported on the embedded ledger")]
    Unsupported {
        /// The feature.
        what: String,
    },
    /// Outside its epochs.
    #[error("transaction is valid in epochs {min:?} to {max:?}, now is {epoch}")]
    Expired {
        /// Current chain epoch.
        epoch: u64,
        /// First valid epoch.
        min: Option<u64>,
        /// Last valid epoch.
        max: Option<u64>,
    },
    /// Made for another chain.
    #[error("transaction is for chain {got}, this is {expected}")]
    WrongChain {
        /// This chain.
        expected: Digest,
        /// Its chain.
        got: Digest,
    },
    /// Gas price below the reference price.
    #[error("gas price {price} is below the reference price {min}")]
    GasPriceTooLow {
        /// Offered.
        price: u64,
        /// Reference price.
        min: u64,
    },
    /// Gas price above the limit.
    #[error("gas price {price} is above the limit {max}")]
    GasPriceTooHigh {
        /// Offered.
        price: u64,
        /// Limit.
        max: u64,
    },
    /// Budget below the smallest charge.
    #[error("gas budget {budget} is below the minimum {min}")]
    GasBudgetTooLow {
        /// Offered, MIST.
        budget: u64,
        /// Smallest, MIST.
        min: u64,
    },
    /// Budget above the limit.
    #[error("gas budget {budget} is above the limit {max}")]
    GasBudgetTooHigh {
        /// Offered, MIST.
        budget: u64,
        /// Limit, MIST.
        max: u64,
    },
    /// No gas coin given.
    #[error("no gas coin: a transaction pays with at least one SUI coin of the gas owner")]
    NoGasCoin,
    /// A gas coin that is no SUI coin, or not owned by an address.
    #[error("gas object {id} is not a SUI coin owned by the gas owner")]
    InvalidGasCoin {
        /// The object.
        id: ObjectId,
    },
    /// The gas coins hold less than the budget.
    #[error("gas coins hold {balance} MIST, the budget is {budget}")]
    InsufficientGasBalance {
        /// Sum of the coins, MIST.
        balance: u64,
        /// Budget, MIST.
        budget: u64,
    },
    /// The same object twice among inputs and gas coins.
    #[error("object {id} is an input more than once")]
    DuplicateObject {
        /// The object.
        id: ObjectId,
    },
    /// No such live object.
    #[error("object {id} does not exist (never created, wrapped, or deleted)")]
    ObjectNotFound {
        /// The object.
        id: ObjectId,
    },
    /// No such package.
    #[error("package {id} does not exist")]
    PackageNotFound {
        /// The package.
        id: ObjectId,
    },
    /// The reference names another version or digest than the live one. Also what the loser of two
    /// transactions over one object gets.
    #[error(
        "object {id} is at version {live_version} ({live_digest}), the transaction names version {version} ({digest})"
    )]
    StaleObject {
        /// The object.
        id: ObjectId,
        /// Named version.
        version: u64,
        /// Named digest.
        digest: Digest,
        /// Live version.
        live_version: u64,
        /// Live digest.
        live_digest: Digest,
    },
    /// Somebody else's object.
    #[error("object {id} belongs to {owner}, not to {user}")]
    WrongOwner {
        /// The object.
        id: ObjectId,
        /// Its owner.
        owner: SuiAddress,
        /// Who wants to use it.
        user: SuiAddress,
    },
    /// An object of another kind of ownership than the input says.
    #[error("object {id} is {actual}, the input takes it as {expected}")]
    WrongKind {
        /// The object.
        id: ObjectId,
        /// How it is owned.
        actual: &'static str,
        /// How the input takes it.
        expected: &'static str,
    },
    /// A shared input with another version than the one it was shared at.
    #[error("object {id} was shared at version {expected}, the input says {got}")]
    WrongSharedVersion {
        /// The object.
        id: ObjectId,
        /// True initial version.
        expected: u64,
        /// Quoted one.
        got: u64,
    },
    /// A system object as a mutable input.
    #[error("system object {id} can only be a read-only input")]
    SystemObjectMutable {
        /// The object.
        id: ObjectId,
    },
    /// The store cannot answer. Ours.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
}
