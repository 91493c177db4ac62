//! Events under a field mask.

use sui_rpc::{field::FieldMaskTree, merge::Merge, proto::sui::rpc::v2 as proto};
use sui_sdk_types::{Digest, Event, TransactionEvents};

use super::json;

/// Where in the ledger an event was emitted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventPlace {
    pub(crate) transaction: Digest,
    pub(crate) checkpoint: Option<u64>,
    pub(crate) transaction_index: Option<u64>,
    pub(crate) event_index: u32,
}

/// All events of a transaction.
pub(crate) fn events(
    source: &TransactionEvents,
    transaction: Digest,
    checkpoint: Option<u64>,
    transaction_index: Option<u64>,
    mask: &FieldMaskTree,
) -> proto::TransactionEvents {
    let mut message = proto::TransactionEvents::default();
    if mask.contains(proto::TransactionEvents::BCS_FIELD.name) {
        message.bcs = super::bcs("TransactionEvents", source);
    }
    if mask.contains(proto::TransactionEvents::DIGEST_FIELD.name) {
        message.digest = Some(source.digest().to_string());
    }
    if let Some(mask) = mask.subtree(proto::TransactionEvents::EVENTS_FIELD.name) {
        message.events = (0..)
            .zip(&source.0)
            .map(|(event_index, source)| {
                let place = EventPlace {
                    transaction,
                    checkpoint,
                    transaction_index,
                    event_index,
                };
                event(source, place, &mask)
            })
            .collect();
    }
    message
}

/// One event.
pub(crate) fn event(source: &Event, place: EventPlace, mask: &FieldMaskTree) -> proto::Event {
    let mut message = proto::Event::merge_from(source.clone(), mask);
    if mask.contains(proto::Event::JSON_FIELD.name) {
        message.json = json::struct_value(&source.type_, &source.contents).map(Box::new);
    }
    if mask.contains(proto::Event::CHECKPOINT_FIELD.name) {
        message.checkpoint = place.checkpoint;
    }
    if mask.contains(proto::Event::TRANSACTION_DIGEST_FIELD.name) {
        message.transaction_digest = Some(place.transaction.to_string());
    }
    if mask.contains(proto::Event::TRANSACTION_INDEX_FIELD.name) {
        message.transaction_index = place.transaction_index;
    }
    if mask.contains(proto::Event::EVENT_INDEX_FIELD.name) {
        message.event_index = Some(place.event_index);
    }
    message
}
