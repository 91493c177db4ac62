//! Failures inside a transaction, and their one mapping to Sui's execution errors
//! (`docs/spec/move-seam.md` rule 8).

use std::sync::Arc;

use sui_sdk_types::{Address, ExecutionError, Identifier, MoveLocation};

use crate::object::StoreError;

/// Why a transaction fails.
///
/// All but [`Failure::Store`] end in a failed transaction whose gas is charged;
/// [`Failure::Store`] means that the ledger itself cannot go on.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A Move abort.
    #[error("{location} aborts with code {code}")]
    Abort {
        /// Where.
        location: Box<Location>,
        /// The code, as on the wire.
        code: u64,
    },
    /// A fault of the virtual machine: arithmetic, failed cast, vector bounds.
    #[error("{fault} in {location}")]
    Fault {
        /// Where.
        location: Box<Location>,
        /// What.
        fault: Fault,
    },
    /// A listed function that has no body here.
    #[error("{location} is not supported on the embedded ledger")]
    Unsupported {
        /// The function.
        location: Box<Location>,
    },
    /// Computation exceeds what the budget pays for.
    #[error("computation of {needed} units exceeds the {available} units that the budget pays for")]
    OutOfGas {
        /// Units charged so far.
        needed: u64,
        /// Units available.
        available: u64,
    },
    /// Any other error that Sui has a name for.
    #[error("{error:?}{}", .detail.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    Execution {
        /// Sui's error.
        error: Box<ExecutionError>,
        /// What a person should know.
        detail: Option<String>,
    },
    /// A rule of the ledger's own code is broken. Our fault.
    #[error("invariant violation: {0}")]
    Invariant(String),
    /// The object store failed. Not an outcome of the transaction.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
}

/// Faults of the virtual machine, reported as `MovePrimitiveRuntimeError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Overflow, underflow, division by zero, failed cast.
    #[error("arithmetic error")]
    Arithmetic,
    /// Vector index out of bounds, pop of an empty vector, destruction of a full one.
    #[error("vector error")]
    Vector,
}

/// A place in a module. The function is the innermost one that holds the assertion, listed in the
/// interface or not (`docs/spec/contracts.md` §1.3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{package}::{module}::{function}")]
pub struct Location {
    /// Package id.
    pub package: Address,
    /// Module name.
    pub module: Identifier,
    /// Function name.
    pub function: Identifier,
    /// Index of the function in the module's table; 0 for private functions.
    pub index: u16,
}

impl Failure {
    /// Sui's error with a person's words.
    pub fn execution(error: ExecutionError, detail: impl Into<String>) -> Self {
        Self::Execution {
            error: Box::new(error),
            detail: Some(detail.into()),
        }
    }

    /// Broken rule of our own.
    pub fn invariant(message: impl Into<String>) -> Self {
        Self::Invariant(message.into())
    }

    /// The error as effects carry it.
    pub fn to_execution_error(&self) -> ExecutionError {
        match self {
            Self::Abort { location, code } => ExecutionError::MoveAbort {
                location: location.to_move(),
                code: *code,
            },
            Self::Fault { location, .. } => ExecutionError::MovePrimitiveRuntimeError {
                location: Some(location.to_move()),
            },
            Self::Unsupported { .. } => ExecutionError::FeatureNotYetSupported,
            Self::OutOfGas { .. } => ExecutionError::InsufficientGas,
            Self::Execution { error, .. } => (**error).clone(),
            Self::Invariant(_) | Self::Store(_) => ExecutionError::InvariantViolation,
        }
    }
}

impl From<ExecutionError> for Failure {
    fn from(error: ExecutionError) -> Self {
        Self::Execution {
            error: Box::new(error),
            detail: None,
        }
    }
}

impl Location {
    fn to_move(&self) -> MoveLocation {
        MoveLocation {
            package: self.package,
            module: self.module.clone(),
            function: self.index,
            instruction: 0,
            function_name: Some(self.function.clone()),
        }
    }
}
