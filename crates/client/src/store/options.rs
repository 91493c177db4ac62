//! What is stored, and how.

use std::sync::Arc;

use bytes::Bytes;
use floe_contracts::NetworkState;
use floe_core::{Epoch, SuiAddress};
use floe_encoding::Source;
use floe_env::UnixMillis;

use crate::{compute::BytesSource, error::ClientError};

/// A blob to be stored.
#[derive(Debug, Clone)]
pub struct BlobInput {
    /// Its bytes; they are read while it is encoded, and not after that.
    pub source: Arc<dyn Source + Send + Sync>,
    /// Its attributes on chain, if it is registered now.
    pub attributes: Vec<(String, String)>,
}

impl BlobInput {
    /// A blob in memory, without attributes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::new(Arc::new(BytesSource(bytes.into())))
    }

    /// A blob without attributes.
    pub fn new(source: Arc<dyn Source + Send + Sync>) -> Self {
        Self {
            source,
            attributes: Vec::new(),
        }
    }
}

/// Whether a blob can be deleted before it expires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Persistence {
    /// By its owner.
    #[default]
    Deletable,
    /// By nobody.
    Permanent,
}

/// How long a blob is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// For this many epochs, the current one included.
    Epochs(u32),
    /// For as many epochs as can be bought.
    Max,
    /// Until the beginning of that epoch.
    EndEpoch(Epoch),
    /// At least until that time, as epochs are expected to go.
    Earliest(UnixMillis),
}

impl Expiry {
    /// The epoch after the last one.
    pub(crate) fn end_epoch(
        self,
        state: &NetworkState,
        now: UnixMillis,
    ) -> Result<Epoch, ClientError> {
        let begun = state.estimated_start(state.epoch).unwrap_or(UnixMillis(0));
        if let Self::Earliest(time) = self
            && (time <= now || time <= begun)
        {
            return Err(ClientError::Argument(
                "the earliest expiry time is in the past".to_owned(),
            ));
        }
        let max = state.max_epochs_ahead();
        let epochs = match self {
            Self::Epochs(epochs) => epochs,
            Self::Max => max,
            Self::EndEpoch(end) => end.0.saturating_sub(state.epoch.0),
            Self::Earliest(time) => (1..=max)
                .find(|epochs| {
                    let end = state.epoch.checked_add(*epochs);
                    end.and_then(|end| state.estimated_start(end))
                        .is_some_and(|end| end >= time)
                })
                .unwrap_or(0),
        };
        if epochs == 0 || epochs > max {
            let current = state.epoch;
            return Err(ClientError::Argument(format!(
                "blobs can be stored for 1 to {max} epochs from the current epoch {current} on"
            )));
        }
        let beyond = || ClientError::Argument("that is beyond the last epoch".to_owned());
        state.epoch.checked_add(epochs).ok_or_else(beyond)
    }
}

/// What becomes of the `Blob` object in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PostStore {
    /// The wallet keeps it.
    #[default]
    Keep,
    /// It is given to an account.
    TransferTo(SuiAddress),
    /// It is made a shared object, which anybody can extend.
    Share,
    /// It is destroyed; the blob stays.
    Burn,
}

/// How blobs are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreOptions {
    /// Whether they can be deleted.
    pub persistence: Persistence,
    /// How long they are kept.
    pub expiry: Expiry,
    /// Store them even if they are stored already.
    pub force: bool,
    /// Buy storage even if the wallet has some.
    pub ignore_resources: bool,
    /// What becomes of the objects.
    pub post_store: PostStore,
}

impl StoreOptions {
    /// Whether a blob is bought although it is there.
    pub(crate) const fn buys_again(&self) -> bool {
        self.force || self.ignore_resources
    }

    /// Deletable blobs that are kept for some epochs.
    pub const fn for_epochs(epochs: u32) -> Self {
        Self {
            persistence: Persistence::Deletable,
            expiry: Expiry::Epochs(epochs),
            force: false,
            ignore_resources: false,
            post_store: PostStore::Keep,
        }
    }
}
