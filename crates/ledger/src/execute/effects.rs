//! Effects V2 and the write batch.

use std::{collections::BTreeMap, sync::Arc};

use floe_core::ObjectId;
use sui_sdk_types::{
    ChangedObject, Digest, ExecutionStatus, IdOperation, ObjectIn, ObjectOut, TransactionEffects,
    TransactionEffectsV2, TransactionEvents, UnchangedConsensusObject, Version,
};

use super::{Changes, Outcome, Writes, settle::Settled};
use crate::{
    object::{LiveObject, address},
    ptb::Failed,
};

/// All that effects are made of.
#[derive(Debug)]
pub(crate) struct EffectsParts {
    pub(crate) digest: Digest,
    pub(crate) epoch: u64,
    pub(crate) lamport: Version,
    pub(crate) gas_id: Option<ObjectId>,
    pub(crate) read_only: Vec<UnchangedConsensusObject>,
    pub(crate) dependencies: Vec<Digest>,
    pub(crate) settled: Settled,
}

impl EffectsParts {
    /// Builds objects, effects and digests.
    pub(crate) fn assemble(self) -> Outcome {
        let Settled {
            mut changes,
            gas_used,
            costs,
            failed,
        } = self.settled;
        let events = std::mem::take(&mut changes.events);
        let events = (failed.is_none() && !events.is_empty()).then_some(TransactionEvents(events));
        let before = std::mem::take(&mut changes.before);
        let after = std::mem::take(&mut changes.after);

        let mut changed = BTreeMap::new();
        let mut writes = Writes::default();
        for id in changes.deleted.iter().filter(|id| !after.contains_key(id)) {
            changed.insert(*id, (ObjectOut::NotExist, IdOperation::Deleted));
        }
        for id in before.keys().filter(|id| !after.contains_key(id)) {
            changed
                .entry(*id)
                .or_insert((ObjectOut::NotExist, IdOperation::None));
            writes.objects.insert(*id, None);
        }
        for (id, new) in after {
            let cost = costs.get(&id).copied().unwrap_or(0);
            let object = new.into_object(self.lamport, self.digest, cost);
            let out = ObjectOut::ObjectWrite {
                digest: object.digest(),
                owner: *object.owner(),
            };
            changed.insert(id, (out, created(&changes, &id)));
            writes.objects.insert(id, Some(Arc::new(object)));
        }

        let gas_object_index = self
            .gas_id
            .and_then(|gas| changed.keys().position(|id| *id == gas))
            .and_then(|index| u32::try_from(index).ok());
        let changed_objects = changed
            .into_iter()
            .map(|(id, (output_state, id_operation))| ChangedObject {
                object_id: address(id),
                input_state: input_state(before.get(&id)),
                output_state,
                id_operation,
            })
            .collect();
        let effects = TransactionEffects::V2(Box::new(TransactionEffectsV2 {
            status: status(failed.as_ref()),
            epoch: self.epoch,
            gas_used,
            transaction_digest: self.digest,
            gas_object_index,
            events_digest: events.as_ref().map(TransactionEvents::digest),
            dependencies: self.dependencies,
            lamport_version: self.lamport,
            changed_objects,
            unchanged_consensus_objects: self.read_only,
            auxiliary_data_digest: None,
        }));
        Outcome {
            transaction_digest: self.digest,
            effects_digest: effects.digest(),
            effects,
            events,
            writes,
            before,
            failure: failed.map(|failed| failed.failure),
            command_outputs: Vec::new(),
        }
    }
}

fn created(changes: &Changes, id: &ObjectId) -> IdOperation {
    if changes.created.contains(id) {
        IdOperation::Created
    } else {
        IdOperation::None
    }
}

fn input_state(object: Option<&Arc<LiveObject>>) -> ObjectIn {
    object.map_or(ObjectIn::NotExist, |object| ObjectIn::Exist {
        version: object.version(),
        digest: object.digest(),
        owner: *object.owner(),
    })
}

fn status(failed: Option<&Failed>) -> ExecutionStatus {
    match failed {
        None => ExecutionStatus::Success,
        Some(Failed { failure, command }) => ExecutionStatus::Failure {
            error: failure.to_execution_error(),
            command: command.and_then(|index| u64::try_from(index).ok()),
        },
    }
}
