//! Checkpoints under a field mask.

use std::sync::Arc;

use sui_rpc::{field::FieldMaskTree, merge::Merge, proto::sui::rpc::v2 as proto};

use super::{
    effects::ObjectVersions,
    transaction::{View, object_set},
};
use crate::{CheckpointData, CheckpointRecord, Executed};

/// Whether `mask`, of a checkpoint, asks for anything about single transactions.
pub(crate) fn needs_transactions(mask: &FieldMaskTree) -> bool {
    ["contents", "transactions", "objects"]
        .iter()
        .any(|path| mask.contains(path))
}

/// Whether `mask`, of a checkpoint, asks for anything that needs [`ObjectVersions`].
pub(crate) fn needs_objects(mask: &FieldMaskTree) -> bool {
    mask.contains("objects")
        || mask
            .subtree("transactions")
            .is_some_and(|mask| super::effects::needs_objects(&mask))
}

/// The header of a checkpoint.
pub(crate) fn header(record: &CheckpointRecord, mask: &FieldMaskTree) -> proto::Checkpoint {
    let summary = &record.summary.checkpoint;
    let mut message = proto::Checkpoint::default();
    if mask.contains(proto::Checkpoint::SEQUENCE_NUMBER_FIELD.name) {
        message.sequence_number = Some(summary.sequence_number);
    }
    if mask.contains(proto::Checkpoint::DIGEST_FIELD.name) {
        message.digest = Some(record.digest.to_string());
    }
    if let Some(mask) = mask.subtree(proto::Checkpoint::SUMMARY_FIELD.name) {
        message.summary = Some(proto::CheckpointSummary::merge_from(summary.clone(), &mask));
    }
    message.merge(record.summary.signature.clone(), mask);
    message
}

/// A checkpoint with its transactions and, if `mask` [needs them](needs_objects), their objects.
pub(crate) fn checkpoint(
    data: &CheckpointData,
    objects: &[ObjectVersions],
    mask: &FieldMaskTree,
) -> proto::Checkpoint {
    let mut message = header(&data.record, mask);
    if mask.contains(proto::Checkpoint::CONTENTS_FIELD.name) {
        message.merge(data.contents(), mask);
    }
    if let Some(mask) = mask.subtree(proto::Checkpoint::TRANSACTIONS_FIELD.name) {
        let none = ObjectVersions::new();
        let render = |(index, executed): (usize, &Arc<Executed>)| {
            let objects = objects.get(index).unwrap_or(&none).clone();
            View::of(executed, data.record.first_transaction, objects).render(&mask)
        };
        message.transactions = data.transactions.iter().enumerate().map(render).collect();
    }
    if let Some(mask) = mask.subtree(proto::Checkpoint::OBJECTS_FIELD.name) {
        let all = objects.iter().flat_map(Clone::clone).collect();
        message.objects = Some(object_set(&all, &mask));
    }
    message
}
