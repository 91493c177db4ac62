//! What all services share: the node, and reads of what transactions met.

use std::sync::Arc;

use floe_env::Lane;
use floe_ledger::{LiveObject, object_id};
use sui_rpc::{field::FieldMaskTree, proto::sui::rpc::v2 as proto};
use tokio::sync::Semaphore;

use super::{
    error::RpcResult,
    headers::HeaderCache,
    limits::Limits,
    render::{
        self, checkpoint, display,
        effects::{self, ObjectVersions},
        transaction::View,
    },
};
use crate::{CheckpointData, Executed, Handle, Reader};

/// The gRPC services of a node.
#[derive(Clone, Debug)]
pub(crate) struct Rpc {
    pub(crate) handle: Handle,
    /// Subscriptions that may still be opened.
    pub(crate) subscriptions: Arc<Semaphore>,
    pub(crate) headers: Arc<HeaderCache>,
}

impl Rpc {
    pub(crate) fn new(handle: Handle) -> Self {
        Self {
            handle,
            subscriptions: Arc::new(Semaphore::new(Limits::SUBSCRIPTIONS_MAX)),
            headers: Arc::default(),
        }
    }

    /// Runs `work` on a snapshot, where it may wait for the disk.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> RpcResult<T> + Send + 'static,
    ) -> RpcResult<T> {
        self.handle.read(work).await
    }

    /// As [`Self::read`], for work that takes the processor rather than the disk.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader) -> RpcResult<T> + Send + 'static,
    ) -> RpcResult<T> {
        let handle = self.handle.clone();
        let run = move || work(&handle.reader()?);
        let compute = &self.handle.shared().compute;
        compute.offload(Lane::Cpu, run).await
    }
}

/// An object as a message, with its display if `mask` asks for that.
pub(crate) fn object(
    reader: &Reader,
    source: &LiveObject,
    mask: &FieldMaskTree,
) -> RpcResult<proto::Object> {
    let mut message = render::object(source, mask);
    if mask.contains(proto::Object::DISPLAY_FIELD.name) {
        message.display = display::display(reader, source)?.map(Box::new);
    }
    Ok(message)
}

/// The versions of objects that a transaction met; those that are no longer kept are left out.
pub(crate) fn objects_of(reader: &Reader, executed: &Executed) -> RpcResult<ObjectVersions> {
    let mut objects = ObjectVersions::new();
    for (id, version) in effects::versions(&executed.effects) {
        if let Some(object) = reader.object_at(&object_id(&id), version)? {
            objects.insert((id, version), object);
        }
    }
    Ok(objects)
}

/// An executed transaction as a message, if `mask` asks for nothing but what it carries itself.
pub(crate) fn transaction_alone(
    executed: &Executed,
    mask: &FieldMaskTree,
) -> Option<proto::ExecutedTransaction> {
    if effects::needs_objects(mask) || needs_index(mask) {
        return None;
    }
    let view = View::of(executed, executed.sequence, ObjectVersions::new());
    Some(view.render(mask))
}

/// An executed transaction as a message.
pub(crate) fn transaction(
    reader: &Reader,
    executed: &Executed,
    mask: &FieldMaskTree,
) -> RpcResult<proto::ExecutedTransaction> {
    if let Some(message) = transaction_alone(executed, mask) {
        return Ok(message);
    }
    let objects = if effects::needs_objects(mask) {
        objects_of(reader, executed)?
    } else {
        ObjectVersions::new()
    };
    let first = first_transaction(reader, executed)?;
    Ok(View::of(executed, first, objects).render(mask))
}

/// Whether `mask` asks for a position in the checkpoint.
fn needs_index(mask: &FieldMaskTree) -> bool {
    ["transaction_index", "events.events.transaction_index"]
        .iter()
        .any(|path| mask.contains(path))
}

/// Sequence of the first transaction in the checkpoint of this one.
fn first_transaction(reader: &Reader, executed: &Executed) -> RpcResult<u64> {
    let record = reader.checkpoint(executed.checkpoint)?;
    Ok(record.map_or(executed.sequence, |record| record.first_transaction))
}

/// A checkpoint as a message.
pub(crate) fn checkpoint_message(
    reader: &Reader,
    data: &CheckpointData,
    mask: &FieldMaskTree,
) -> RpcResult<proto::Checkpoint> {
    let objects = if checkpoint::needs_objects(mask) {
        data.transactions
            .iter()
            .map(|executed| objects_of(reader, executed))
            .collect::<RpcResult<Vec<_>>>()?
    } else {
        Vec::new()
    };
    Ok(checkpoint::checkpoint(data, &objects, mask))
}
