//! What became of a transaction.

use floe_core::{ObjectId, onchain::events::ContractEvent};
use sui_sdk_types::{
    Digest, ExecutionError, ExecutionStatus, GasCostSummary, IdOperation, StructTag,
    TransactionEffects,
};

use crate::{Abort, Deployment, ExecutedTransaction, TransactionError, address::object_id};

/// A transaction that has had its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// Its digest.
    pub digest: Digest,
    /// The events of the contracts, in order.
    pub events: Vec<ContractEvent>,
    /// The objects it created, and their types as far as the node tells.
    pub created: Vec<(ObjectId, Option<StructTag>)>,
    /// What it has cost in MIST.
    pub gas: GasCostSummary,
    /// The checkpoint it is in, once that exists and the node tells.
    pub checkpoint: Option<u64>,
    /// All that it did.
    pub effects: TransactionEffects,
}

impl Executed {
    pub(super) fn new(
        executed: ExecutedTransaction,
        deployment: &Deployment,
    ) -> Result<Self, TransactionError> {
        check(&executed.effects, Some(executed.digest))?;
        let packages = deployment.event_packages();
        let ours = executed.events.0.iter().filter(|event| {
            event.type_.module().as_str() == "events"
                && packages.contains(&object_id(event.type_.address()))
        });
        let events = ours
            .filter_map(|event| {
                ContractEvent::from_bcs(event.type_.name().as_str(), &event.contents).ok()
            })
            .collect();
        Ok(Self {
            digest: executed.digest,
            events,
            created: created(&executed),
            gas: executed.effects.gas_summary().clone(),
            checkpoint: executed.checkpoint,
            effects: executed.effects,
        })
    }

    /// What it has cost in MIST, rebates deducted; negative if the rebates were more.
    pub fn gas_net(&self) -> i64 {
        self.gas.net_gas_usage()
    }

    /// The first created object of a type.
    pub fn created_of(&self, object_type: &StructTag) -> Option<ObjectId> {
        let mut created = self.created.iter();
        created.find_map(|(id, tag)| (tag.as_ref() == Some(object_type)).then_some(*id))
    }
}

/// The objects that exist since, in the order of their ids.
fn created(executed: &ExecutedTransaction) -> Vec<(ObjectId, Option<StructTag>)> {
    let type_of = |id: &ObjectId| {
        let mut types = executed.changed_types.iter();
        types.find_map(|(other, tag)| (other == id).then(|| tag.clone()))
    };
    let TransactionEffects::V2(effects) = &executed.effects else {
        return Vec::new();
    };
    effects
        .changed_objects
        .iter()
        .filter(|change| change.id_operation == IdOperation::Created)
        .map(|change| object_id(&change.object_id))
        .map(|id| (id, type_of(&id)))
        .collect()
}

/// An error unless the transaction succeeded.
pub(super) fn check(
    effects: &TransactionEffects,
    digest: Option<Digest>,
) -> Result<(), TransactionError> {
    let ExecutionStatus::Failure { error, command } = effects.status() else {
        return Ok(());
    };
    Err(match error {
        ExecutionError::MoveAbort { location, code } => TransactionError::Aborted {
            abort: Box::new(Abort::new(location, *code, *command)),
            digest,
        },
        error => TransactionError::Failed {
            error: Box::new(error.clone()),
            command: *command,
            digest,
        },
    })
}
