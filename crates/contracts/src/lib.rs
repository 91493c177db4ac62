//! The Walrus contracts as Rust sees them, over the gRPC API of any Sui full node.
//!
//! - [`Chain`] speaks to full nodes: objects, coins, simulation, execution, checkpoints.
//! - [`Contracts`] reads the contracts' state: [`NetworkState`] with its committees and prices,
//!   pools, blobs, storage, stakes.
//! - [`Wallet`] pays for, signs and executes [`Ptb`]s, and has a method for each of the contracts'
//!   operations.
//! - [`EventFollower`] yields the contracts' events in the order of checkpoints, each verified
//!   against the validators' committee.
//!
//! Nothing here knows a deployment: packages, versions and the type of WAL come from the two
//! shared objects named in a [`NetworkConfig`] (`docs/spec/contracts.md` §2.5).

mod abort;
mod address;
pub mod calls;
mod chain;
mod deployment;
mod error;
pub mod events;
mod network;
mod ptb;
mod signer;
mod state;
mod wallet;

pub use self::{
    abort::{Abort, AbortName},
    address::{address, object_id, sui_address},
    chain::{
        Chain, ExecutedTransaction, ObjectPage, PageToken, RawObject, RpcError, RpcFailure,
        RpcOptions, ServiceInfo, Simulation,
    },
    deployment::Deployment,
    error::{ReadError, TransactionError},
    events::{
        EventCursor, EventFollower, FollowError, Position, VerifiedCheckpoint, VerifiedEvent,
    },
    network::{ConfigError, NetworkConfig, Trust, WalletReference},
    ptb::{Arg, ObjectUse, Ptb, PtbError},
    signer::{KeyError, SecretKey, Signer, SuiWalletFile},
    state::{
        Balances, Committees, Contracts, NetworkState, NoCommittee, NodeInfo, Owned, Page,
        ShardMap, Since,
    },
    wallet::{CertifyBlob, Executed, NewBlob, Registered, StorageSource, Wallet, WalletOptions},
};
