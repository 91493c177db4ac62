//! What can go wrong.

use floe_core::{CommitteeError, ObjectId, keys, wire::DecodeError};
use sui_sdk_types::{Digest, ExecutionError};

use crate::{Abort, RpcError, chain::RpcFailure, signer::KeyError};

/// State can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The full node can't be reached, or fails.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// There is no such object. The configuration or the caller is at fault, or the object is gone.
    #[error("no {what} with id {id} on this chain")]
    NotFound {
        /// What was expected.
        what: &'static str,
        /// The id asked for.
        id: ObjectId,
    },
    /// The object is something else. The configuration or the caller is at fault.
    #[error("expected {id} to be a {expected}, it is a {got}")]
    WrongType {
        /// The object.
        id: ObjectId,
        /// `module::Name` expected.
        expected: String,
        /// Its type.
        got: String,
    },
    /// The object's content does not parse. The contracts are newer than this program, or the node
    /// is at fault.
    #[error("object {id}: {source}")]
    Decode {
        /// The object.
        id: ObjectId,
        /// What is wrong.
        source: DecodeError,
    },
    /// The committee in the contracts' state makes no sense. The node is at fault.
    #[error("committee: {0}")]
    Committee(#[from] CommitteeError),
    /// A key in the contracts' state is invalid.
    #[error("node {node_id}: {source}")]
    NodeKey {
        /// The node.
        node_id: ObjectId,
        /// What is wrong.
        source: keys::KeyError,
    },
    /// The state changed while it was read, again and again.
    #[error("the epoch changed {attempts} times while the state was read")]
    Moving {
        /// How often it was read.
        attempts: u32,
    },
}

impl ReadError {
    /// Whether the same read may succeed a little later, or with another node.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Rpc(error) => error.is_retryable(),
            Self::Moving { .. } => true,
            _ => false,
        }
    }
}

/// A transaction has not had its effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// State that the transaction depends on can't be read. Nothing was paid.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A contract refused. If it was noticed before submission, nothing was paid.
    #[error("{abort}{}", paid(*.digest))]
    Aborted {
        /// Who refused, and why.
        abort: Box<Abort>,
        /// The transaction, if it was submitted: it has cost gas.
        digest: Option<Digest>,
    },
    /// The transaction failed in another way.
    #[error("the transaction failed{}: {}{}", in_command(*.command), explain(.error), paid(*.digest))]
    Failed {
        /// How.
        error: Box<ExecutionError>,
        /// In which command.
        command: Option<u64>,
        /// The transaction, if it was submitted: it has cost gas.
        digest: Option<Digest>,
    },
    /// Not enough SUI. The owner of the wallet can help.
    #[error(
        "gas: {needed_mist} MIST needed, {available_mist} MIST available to {address}; send SUI to that address"
    )]
    InsufficientSui {
        /// What the transaction needs.
        needed_mist: u64,
        /// What the wallet has.
        available_mist: u64,
        /// The wallet.
        address: floe_core::SuiAddress,
    },
    /// Not enough WAL. The owner of the wallet can help.
    #[error(
        "payment: {needed_frost} FROST needed, {available_frost} FROST available to {address}; get WAL for that address"
    )]
    InsufficientWal {
        /// What the transaction needs.
        needed_frost: u64,
        /// What the wallet has.
        available_frost: u64,
        /// The wallet.
        address: floe_core::SuiAddress,
    },
    /// An amount does not fit 64 bits. The caller is at fault.
    #[error("{what} does not fit 64 bits")]
    Overflow {
        /// What was computed.
        what: &'static str,
    },
    /// An argument is out of range. The caller is at fault.
    #[error("{0}")]
    Argument(String),
    /// The full node refused the transaction before running it. Nothing was paid.
    #[error("refused: {0}")]
    Refused(RpcError),
    /// It is not known whether the transaction has run. Ask for its digest later.
    #[error("no answer to transaction {digest}, which may have run: {source}")]
    Unknown {
        /// The transaction.
        digest: Digest,
        /// The last failure.
        source: RpcError,
    },
    /// The wallet can't sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The transaction ran, but the node shows something else than what it should have done.
    #[error("transaction {digest} ran, but {what}")]
    Surprise {
        /// The transaction.
        digest: Digest,
        /// What is odd.
        what: String,
    },
}

impl TransactionError {
    /// Whether the same operation may succeed a little later. Not so if it may have run.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Read(error) => error.is_retryable(),
            Self::Refused(error) => error.is_retryable(),
            Self::Aborted { abort, .. } => abort.is_retryable(),
            _ => false,
        }
    }

    /// The contract's refusal, if it is one.
    pub fn abort(&self) -> Option<&Abort> {
        match self {
            Self::Aborted { abort, .. } => Some(abort),
            _ => None,
        }
    }
}

impl From<RpcError> for TransactionError {
    fn from(error: RpcError) -> Self {
        match error.failure {
            RpcFailure::Status { .. } if !error.is_retryable() => Self::Refused(error),
            _ => Self::Read(ReadError::Rpc(error)),
        }
    }
}

fn in_command(command: Option<u64>) -> String {
    command.map_or_else(String::new, |number| format!(" in command {number}"))
}

/// A failure in words.
fn explain(error: &ExecutionError) -> String {
    match error {
        ExecutionError::CommandArgumentError { argument, kind } => format!(
            "argument {argument} is not what the contract takes: {}",
            words(&format!("{kind:?}"))
        ),
        ExecutionError::MovePrimitiveRuntimeError {
            location: Some(location),
        } => {
            let function = match &location.function_name {
                Some(name) => name.to_string(),
                None => format!("function {}", location.function),
            };
            let module = &location.module;
            format!("a number is out of range in {module}::{function}")
        }
        ExecutionError::ObjectTooBig {
            object_size,
            max_object_size,
        }
        | ExecutionError::WrittenObjectsTooLarge {
            object_size,
            max_object_size,
        } => format!("objects of {object_size} bytes, at most {max_object_size} can be written"),
        other => words(&format!("{other:?}")),
    }
}

/// `InsufficientCoinBalance { … }` → `insufficient coin balance`.
fn words(variant: &str) -> String {
    let name = variant.split(|letter: char| !letter.is_alphanumeric());
    let mut words = String::with_capacity(variant.len() + 8);
    for letter in name.take(1).flat_map(str::chars) {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

fn paid(digest: Option<Digest>) -> String {
    digest.map_or_else(String::new, |digest| format!(" (transaction {digest})"))
}

#[cfg(test)]
mod tests {
    use sui_sdk_types::{CommandArgumentError, Identifier, MoveLocation};

    use super::*;

    fn shown(error: ExecutionError) -> String {
        TransactionError::Failed {
            error: Box::new(error),
            command: Some(0),
            digest: None,
        }
        .to_string()
    }

    #[test]
    fn failures_are_told_in_words() {
        let kind = CommandArgumentError::TypeMismatch;
        let error = ExecutionError::CommandArgumentError { argument: 0, kind };
        assert_eq!(
            shown(error),
            "the transaction failed in command 0: argument 0 is not what the contract takes: \
             type mismatch"
        );
        let location = MoveLocation {
            package: sui_sdk_types::Address::ZERO,
            module: Identifier::new("system").unwrap(),
            function: 3,
            instruction: 7,
            function_name: Some(Identifier::new("extend_blob").unwrap()),
        };
        let error = ExecutionError::MovePrimitiveRuntimeError {
            location: Some(location),
        };
        assert!(shown(error).ends_with("a number is out of range in system::extend_blob"),);
        let error = ExecutionError::InsufficientCoinBalance;
        assert!(shown(error).ends_with("insufficient coin balance"));
    }
}
