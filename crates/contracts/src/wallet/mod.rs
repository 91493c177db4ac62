//! A wallet: pays for transactions, signs and executes them.
//!
//! Many transactions can be under way at once. Each holds the coins and owned objects it uses until
//! it is over; others wait or take other coins. A transaction is first simulated: one that would
//! fail costs nothing, and its gas budget is what the simulation used and a margin. If an answer is
//! lost, the same transaction is submitted again, which can't run it twice. If versions turn out to
//! be stale, it is built anew from the present ones, after making sure that it did not run.

mod blobs;
mod execute;
mod outcome;
mod purse;
mod staking;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use floe_core::{ObjectId, SuiAddress};
use floe_env::Moment;
use sui_sdk_types::{ObjectReference, Owner};

use self::purse::Purse;
pub use self::{
    blobs::{CertifyBlob, NewBlob, Registered, StorageSource},
    outcome::Executed,
};
use crate::{Contracts, Signer};

/// How a wallet behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletOptions {
    /// MIST a transaction may use at most; by default what a simulation says, and a margin.
    pub gas_budget: Option<u64>,
    /// How often a transaction is built anew because its inputs were stale.
    pub rebuilds: u32,
}

impl Default for WalletOptions {
    fn default() -> Self {
        Self {
            gas_budget: None,
            rebuilds: 5,
        }
    }
}

/// A wallet of one account. Clones share the coins, and know which are in use.
///
/// Two wallets of the same account, in one process or several, get in each other's way: the second
/// transaction to use a coin is refused and built anew.
#[derive(Clone)]
pub struct Wallet(Arc<Inner>);

struct Inner {
    contracts: Contracts,
    signer: Arc<dyn Signer>,
    purse: Arc<Purse>,
    options: WalletOptions,
    /// Objects that are shared or immutable, and stay so.
    shared: Mutex<BTreeMap<ObjectId, (Owner, ObjectReference)>>,
    gas_price: Mutex<Option<(u64, Moment)>>,
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wallet")
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

impl Wallet {
    /// The wallet of the signer's account.
    pub fn new(contracts: Contracts, signer: Arc<dyn Signer>, options: WalletOptions) -> Self {
        Self(Arc::new(Inner {
            purse: Arc::new(Purse::new(signer.address())),
            contracts,
            signer,
            options,
            shared: Mutex::default(),
            gas_price: Mutex::default(),
        }))
    }

    /// The account.
    pub fn address(&self) -> SuiAddress {
        self.0.signer.address()
    }

    /// The contracts.
    pub fn contracts(&self) -> &Contracts {
        &self.0.contracts
    }
}
