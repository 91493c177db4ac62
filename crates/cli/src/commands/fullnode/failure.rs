//! What goes wrong with full nodes, in the one table.

use floe_fullnode::StartError;

use crate::error::{Failure, Reason};

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::starting(error, "the full node cannot start")
    }
}

impl Failure {
    /// A full node's folder is of no use; `message` says for what.
    pub(super) fn starting(error: StartError, message: &str) -> Self {
        let (reason, help) = match &error {
            StartError::Disk(error) => return Self::disk(error),
            StartError::InUse { .. } => (
                Reason::InUse,
                Some("stop the other process, or name another folder with --dir"),
            ),
            StartError::NoGenesis { .. } => (
                Reason::NotFound,
                Some("start a chain with --genesis FILE; an empty file has all defaults"),
            ),
            StartError::GenesisFile(_) | StartError::Genesis(_) => (Reason::InvalidInput, None),
            StartError::Format { .. } | StartError::OtherChain { .. } => {
                (Reason::InvalidInput, None)
            }
            StartError::Clock { .. } => (Reason::InvalidInput, Some("set the machine's clock")),
            StartError::Key { .. } | StartError::Network { .. } | StartError::State(_) => {
                (Reason::Corrupt, None)
            }
            StartError::Read(_) => (
                Reason::Corrupt,
                Some("the folder cannot be used any more; start a new chain in another one"),
            ),
            _ => (Reason::Internal, None),
        };
        let failure = Self::new(reason, message).caused_by(error);
        match help {
            Some(help) => failure.help(help),
            None => failure,
        }
    }
}
