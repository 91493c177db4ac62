//! What the client's errors mean for users.

use std::error::Error;

use floe_client::ClientError;
use floe_contracts::{ReadError, RpcFailure, TransactionError};

use crate::error::{Failure, Reason};

/// Nodes listed in a message.
const NODES_SHOWN: usize = 8;

/// An error of the chain.
pub(crate) fn read_failure(error: &ReadError) -> Failure {
    match error {
        ReadError::NotFound { .. } | ReadError::WrongType { .. } => {
            Failure::new(Reason::NotFound, error.to_string())
                .help("check the id, and that the configuration is for this network")
        }
        ReadError::Rpc(rpc) if matches!(rpc.failure, RpcFailure::Url { .. }) => Failure::new(
            Reason::InvalidArgument,
            "the Sui full node has no usable URL",
        )
        .caused_by(causes(error))
        .help("name it like http://127.0.0.1:9000, with --rpc-url or in the configuration"),
        ReadError::Rpc(_) => Failure::new(Reason::Unreachable, "the Sui full node does not answer")
            .caused_by(causes(error))
            .help("check that it runs, or name another one with --rpc-url"),
        _ => Failure::new(Reason::Corrupt, "the chain's state cannot be read")
            .caused_by(causes(error)),
    }
}

/// A transaction that failed.
pub(crate) fn transaction_failure(error: &TransactionError) -> Failure {
    match error {
        TransactionError::Read(error) => read_failure(error),
        TransactionError::InsufficientSui { address, .. } => {
            Failure::new(Reason::InsufficientFunds, "the wallet has too little SUI")
                .caused_by(error.to_string())
                .help(format!(
                    "send SUI to that address; on a devnet its faucet does:\n\
                     curl -H 'content-type: application/json' $SUI_FAUCET_URL/v2/gas \
                     -d '{{\"FixedAmountRequest\":{{\"recipient\":\"{address}\"}}}}'"
                ))
        }
        TransactionError::InsufficientWal { .. } => {
            Failure::new(Reason::InsufficientFunds, "the wallet has too little WAL")
                .caused_by(error.to_string())
                .help(
                    "send WAL to that address, or exchange SUI for it with `floe get-wal`, where \
                     the network has an exchange",
                )
        }
        TransactionError::Argument(_) | TransactionError::Overflow { .. } => {
            Failure::new(Reason::InvalidArgument, error.to_string())
        }
        TransactionError::Refused(_) => {
            let message = "the Sui full node refused the transaction";
            Failure::new(Reason::TransactionFailed, message)
                .caused_by(causes(error))
                .help("nothing was paid")
        }
        TransactionError::Unknown { .. } => {
            let message = "it is not known whether the transaction has run";
            Failure::new(Reason::Unreachable, message)
                .caused_by(causes(error))
                .help("look it up before trying again")
        }
        TransactionError::Aborted { digest: None, .. }
        | TransactionError::Failed { digest: None, .. } => {
            let message = "the transaction would fail, and was not submitted";
            Failure::new(Reason::TransactionFailed, message)
                .caused_by(causes(error))
                .help("nothing was paid")
        }
        _ => Failure::new(Reason::TransactionFailed, "the transaction failed")
            .caused_by(causes(error)),
    }
}

/// An error of the client.
pub(crate) fn client_failure(error: &ClientError) -> Failure {
    let new = |reason| Failure::new(reason, error.to_string());
    match error {
        ClientError::Chain(error) => read_failure(error),
        ClientError::Transaction(error) => transaction_failure(error),
        ClientError::NoCommittee(_) => {
            new(Reason::Unreachable).help("wait until the network starts")
        }
        ClientError::NodesDown { source, .. } => new(Reason::NodesDown)
            .caused_by(with_nodes(source.to_string(), error))
            .help("try again when more nodes are up; floe health --committee shows them"),
        ClientError::NotConfirmed { source, .. } => new(Reason::NotConfirmed)
            .caused_by(with_nodes(source.to_string(), error))
            .help("store the same blob again: what was paid for is used"),
        ClientError::NotFound { .. } => new(Reason::NotFound)
            .help("check the blob id; floe blob-status tells what the nodes know of it"),
        ClientError::Blocked { .. } => new(Reason::Blocked),
        ClientError::Invalid { .. } | ClientError::Inconsistent { .. } => {
            new(Reason::InconsistentBlob)
                .beneath(error)
                .help("every reader of the blob gets this error; nothing was written")
        }
        ClientError::Unavailable { source, .. } if error.is_of_silent_nodes() => {
            new(Reason::NodesDown)
                .caused_by(with_nodes(source.to_string(), error))
                .help("try again when more nodes are up; floe health --committee shows them")
        }
        ClientError::Unavailable { source, .. } => new(Reason::NotEnoughSlivers)
            .caused_by(with_nodes(source.to_string(), error))
            .help("try again when more nodes are up; floe health --committee shows them"),
        ClientError::Encode(error) => Failure::encode("the blob", error),
        ClientError::TooLarge(error) => Failure::new(Reason::BlobTooLarge, "the blob is too large")
            .caused_by(error.to_string())
            .help("split it: that is all the network's number of shards can take"),
        ClientError::TooLargeForMemory { .. } => new(Reason::InvalidArgument),
        ClientError::Range { .. } => new(Reason::InvalidArgument)
            .help("a range has a first byte and a number of bytes, one at least"),
        ClientError::Argument(_) => new(Reason::InvalidArgument),
        ClientError::Disk(error) => Failure::disk(error),
        ClientError::Io { what, source } => Failure::io_of(what, source),
        ClientError::Quilt { .. } => new(Reason::Corrupt).beneath(error),
        ClientError::NoQuilt { reason, .. } => new(Reason::InvalidInput)
            .caused_by(reason.clone())
            .help("floe read gives it as it is"),
        ClientError::BuildQuilt(error) => crate::commands::quilt::pack::refused(error),
        ClientError::NoPatch { .. } | ClientError::NoPatchId { .. } => {
            new(Reason::NotFound).help("floe list-patches-in-quilt shows those it has")
        }
        ClientError::Decode { source, .. } => Failure::decode("the network", source),
        _ => new(Reason::Internal).beneath(error),
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        client_failure(&error)
    }
}

impl From<TransactionError> for Failure {
    fn from(error: TransactionError) -> Self {
        transaction_failure(&error)
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        read_failure(&error)
    }
}

impl Failure {
    /// Adds the causes below an error whose own words are the message.
    fn beneath(self, error: &(dyn Error + 'static)) -> Self {
        match error.source() {
            Some(cause) => self.caused_by(causes(cause)),
            None => self,
        }
    }
}

/// A summary, and the nodes to blame.
fn with_nodes(mut text: String, error: &ClientError) -> String {
    let nodes = error.nodes();
    for node in nodes.iter().take(NODES_SHOWN) {
        text.push_str(&format!("\n{node}"));
    }
    if let Some(more) = nodes
        .len()
        .checked_sub(NODES_SHOWN)
        .filter(|more| *more > 0)
    {
        text.push_str(&format!("\n… and {more} more"));
    }
    text
}

/// The causes of an error in one line.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
