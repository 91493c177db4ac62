//! Effects under a field mask, with types of objects and sentences for errors.

use std::{collections::BTreeMap, sync::Arc};

use floe_ledger::{LiveObject, Registry};
use sui_rpc::{field::FieldMaskTree, merge::Merge, proto::sui::rpc::v2 as proto};
use sui_sdk_types::{
    Address, ExecutionError, ExecutionStatus, MoveLocation, ObjectIn, ObjectOut,
    TransactionEffects, UnchangedConsensusKind,
};

use super::object;

/// Versions of objects that a transaction met, by id and version.
pub(crate) type ObjectVersions = BTreeMap<(Address, u64), Arc<LiveObject>>;

/// Every object version that effects name: before, after, and read only.
pub(crate) fn versions(effects: &TransactionEffects) -> Vec<(Address, u64)> {
    let TransactionEffects::V2(effects) = effects else {
        return Vec::new();
    };
    let mut versions = Vec::new();
    for change in &effects.changed_objects {
        if let ObjectIn::Exist { version, .. } = change.input_state {
            versions.push((change.object_id, version));
        }
        match change.output_state {
            ObjectOut::ObjectWrite { .. } => {
                versions.push((change.object_id, effects.lamport_version));
            }
            ObjectOut::PackageWrite { version, .. } => versions.push((change.object_id, version)),
            _ => {}
        }
    }
    for unchanged in &effects.unchanged_consensus_objects {
        if let UnchangedConsensusKind::ReadOnlyRoot { version, .. } = unchanged.kind {
            versions.push((unchanged.object_id, version));
        }
    }
    versions
}

/// Whether `mask`, of a transaction, asks for anything that needs [`ObjectVersions`].
pub(crate) fn needs_objects(mask: &FieldMaskTree) -> bool {
    [
        "objects",
        "effects.changed_objects",
        "effects.gas_object",
        "effects.unchanged_consensus_objects",
    ]
    .iter()
    .any(|path| mask.contains(path))
}

/// Effects with the fields of `mask`.
pub(crate) fn effects(
    source: &TransactionEffects,
    failure: Option<&str>,
    objects: &ObjectVersions,
    mask: &FieldMaskTree,
) -> proto::TransactionEffects {
    let mut message = proto::TransactionEffects::merge_from(source, mask);
    if let Some(error) = message
        .status
        .as_mut()
        .and_then(|status| status.error.as_mut())
    {
        error.description = describe(source.status(), failure);
    }
    for change in message
        .changed_objects
        .iter_mut()
        .chain(message.gas_object.iter_mut())
    {
        let id = change.object_id().parse::<Address>().ok();
        change.object_type = [change.output_version, change.input_version]
            .into_iter()
            .flatten()
            .find_map(|version| type_at(objects, id?, version));
    }
    for unchanged in &mut message.unchanged_consensus_objects {
        let id = unchanged.object_id().parse::<Address>().ok();
        unchanged.object_type = id
            .zip(unchanged.version)
            .and_then(|(id, version)| type_at(objects, id, version));
    }
    message
}

fn type_at(objects: &ObjectVersions, id: Address, version: u64) -> Option<String> {
    objects
        .get(&(id, version))
        .map(|found| object::type_name(found.object()))
}

/// A sentence about a failed status: the failure's own words where they are known.
fn describe(status: &ExecutionStatus, failure: Option<&str>) -> Option<String> {
    let ExecutionStatus::Failure { error, command } = status else {
        return None;
    };
    let mut text = match (error, failure) {
        (ExecutionError::MoveAbort { location, code }, _) => abort(location, *code),
        (_, Some(failure)) => failure.to_owned(),
        (error, None) => format!("{error:?}"),
    };
    if let Some(command) = command {
        text.push_str(&format!(" (command {command})"));
    }
    Some(text)
}

/// An abort with the constant's name where the interface lists one.
fn abort(location: &MoveLocation, code: u64) -> String {
    let module = Registry::embedded()
        .package(&location.package)
        .and_then(|package| package.modules.get(location.module.as_str()));
    let name = module.and_then(|module| {
        let mut names = module
            .errors
            .iter()
            .filter(|(_, own)| **own == code)
            .map(|(name, _)| name.as_str());
        // Two constants of one value tell nothing.
        names.next().filter(|_| names.next().is_none())
    });
    let function = location
        .function_name
        .as_ref()
        .map_or("?", |name| name.as_str());
    let mut text = format!(
        "{}::{}::{function} aborts with code {code}",
        location.package, location.module
    );
    if let Some(name) = name {
        text.push_str(&format!(", {name}"));
    }
    text
}
