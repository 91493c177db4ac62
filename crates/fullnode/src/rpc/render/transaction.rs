//! Executed and simulated transactions under a field mask.

use sui_rpc::{
    field::FieldMaskTree,
    merge::Merge,
    proto::{sui::rpc::v2 as proto, timestamp_ms_to_proto},
};
use sui_sdk_types::{
    BalanceChange, Digest, Transaction, TransactionEffects, TransactionEvents, UserSignature,
};

use super::{
    effects::{self, ObjectVersions},
    events, object,
};
use crate::Executed;

/// A transaction to render, in the ledger or simulated.
#[derive(Debug)]
pub(crate) struct View<'e> {
    pub(crate) digest: Digest,
    pub(crate) transaction: &'e Transaction,
    pub(crate) signatures: &'e [UserSignature],
    pub(crate) effects: &'e TransactionEffects,
    pub(crate) events: Option<&'e TransactionEvents>,
    pub(crate) balance_changes: &'e [BalanceChange],
    pub(crate) failure: Option<&'e str>,
    pub(crate) place: Option<Place>,
    /// What [`effects::needs_objects`] says is needed, else empty.
    pub(crate) objects: ObjectVersions,
}

/// Where in the ledger a transaction is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) checkpoint: u64,
    pub(crate) timestamp_ms: u64,
    /// Position in the checkpoint.
    pub(crate) index: u64,
}

impl<'e> View<'e> {
    /// A transaction in the ledger; its checkpoint starts at `first_transaction`.
    pub(crate) fn of(
        executed: &'e Executed,
        first_transaction: u64,
        objects: ObjectVersions,
    ) -> Self {
        Self {
            digest: executed.digest,
            transaction: &executed.transaction,
            signatures: &executed.signatures,
            effects: &executed.effects,
            events: executed.events.as_ref(),
            balance_changes: &executed.balance_changes,
            failure: executed.failure.as_deref(),
            place: Some(Place {
                checkpoint: executed.checkpoint,
                timestamp_ms: executed.timestamp_ms,
                index: executed.sequence.saturating_sub(first_transaction),
            }),
            objects,
        }
    }

    /// The message with the fields of `mask`.
    pub(crate) fn render(&self, mask: &FieldMaskTree) -> proto::ExecutedTransaction {
        let mut message = proto::ExecutedTransaction::default();
        let (checkpoint, index) = (
            self.place.map(|place| place.checkpoint),
            self.place.map(|place| place.index),
        );
        if mask.contains(proto::ExecutedTransaction::DIGEST_FIELD.name) {
            message.digest = Some(self.digest.to_string());
        }
        if let Some(mask) = mask.subtree(proto::ExecutedTransaction::TRANSACTION_FIELD.name) {
            message.transaction = Some(self.transaction(&mask));
        }
        if let Some(mask) = mask.subtree(proto::ExecutedTransaction::SIGNATURES_FIELD.name) {
            message.signatures = self
                .signatures
                .iter()
                .map(|signature| proto::UserSignature::merge_from(signature.clone(), &mask))
                .collect();
        }
        if let Some(mask) = mask.subtree(proto::ExecutedTransaction::EFFECTS_FIELD.name) {
            let effects = effects::effects(self.effects, self.failure, &self.objects, &mask);
            message.effects = Some(effects);
        }
        if let Some(mask) = mask.subtree(proto::ExecutedTransaction::EVENTS_FIELD.name) {
            message.events = self
                .events
                .map(|source| events::events(source, self.digest, checkpoint, index, &mask));
        }
        if mask.contains(proto::ExecutedTransaction::CHECKPOINT_FIELD.name) {
            message.checkpoint = checkpoint;
        }
        if mask.contains(proto::ExecutedTransaction::TIMESTAMP_FIELD.name) {
            message.timestamp = self
                .place
                .map(|place| timestamp_ms_to_proto(place.timestamp_ms));
        }
        if mask.contains(proto::ExecutedTransaction::BALANCE_CHANGES_FIELD.name) {
            message.balance_changes = self.balance_changes.iter().map(balance_change).collect();
        }
        if let Some(mask) = mask.subtree(proto::ExecutedTransaction::OBJECTS_FIELD.name) {
            message.objects = Some(object_set(&self.objects, &mask));
        }
        if mask.contains(proto::ExecutedTransaction::TRANSACTION_INDEX_FIELD.name) {
            message.transaction_index = index;
        }
        message
    }

    fn transaction(&self, mask: &FieldMaskTree) -> proto::Transaction {
        // The digest is known; hashing again costs more than the rest.
        let own = [
            "bcs",
            "version",
            "kind",
            "sender",
            "gas_payment",
            "expiration",
        ];
        let mut message = if own.iter().any(|field| mask.contains(field)) {
            proto::Transaction::merge_from(self.transaction.clone(), mask)
        } else {
            proto::Transaction::default()
        };
        if mask.contains(proto::Transaction::DIGEST_FIELD.name) {
            message.digest = Some(self.digest.to_string());
        }
        message
    }
}

/// Objects, sorted by id and version.
pub(crate) fn object_set(objects: &ObjectVersions, mask: &FieldMaskTree) -> proto::ObjectSet {
    let mut set = proto::ObjectSet::default();
    if let Some(mask) = mask.subtree(proto::ObjectSet::OBJECTS_FIELD.name) {
        set.objects = objects
            .values()
            .map(|source| object::object(source, &mask))
            .collect();
    }
    set
}

fn balance_change(change: &BalanceChange) -> proto::BalanceChange {
    let mut message = proto::BalanceChange::default();
    message.address = Some(change.address.to_string());
    message.coin_type = Some(change.coin_type.to_string());
    message.amount = Some(change.amount.to_string());
    message
}
