//! The inputs as they were before the transaction.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use floe_core::ObjectId;
use sui_sdk_types::{Digest, Owner, UnchangedConsensusKind, UnchangedConsensusObject, Version};

use crate::{
    admission::InputObject,
    object::{LiveObject, address, object_id},
    ptb::Access,
    runtime::Receiving,
};

/// Inputs, gas coins and receivable objects of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Before {
    pub(crate) objects: BTreeMap<ObjectId, InputObject>,
    pub(crate) receiving: Vec<(Receiving, Arc<LiveObject>)>,
    pub(crate) gas: Vec<Arc<LiveObject>>,
    pub(crate) gas_balance: u64,
}

impl Before {
    /// The coin that all gas coins are merged into; `None` for system transactions.
    pub(crate) fn gas_id(&self) -> Option<ObjectId> {
        self.gas.first().map(|coin| object_id(&coin.object_id()))
    }

    /// Gas coins that cease to exist because they are merged into the first.
    pub(crate) fn smashed(&self) -> impl Iterator<Item = (ObjectId, &Arc<LiveObject>)> {
        self.gas
            .iter()
            .skip(1)
            .map(|coin| (object_id(&coin.object_id()), coin))
    }

    /// Input objects that the transaction may write: these get a new version in any case.
    pub(crate) fn writable(&self) -> impl Iterator<Item = (ObjectId, &Arc<LiveObject>)> {
        self.objects
            .iter()
            .filter(|(_, input)| input.access != Access::ReadOnly)
            .map(|(id, input)| (*id, &input.object))
    }

    /// The version that everything written gets: one above all inputs.
    pub(crate) fn lamport<'o>(
        &'o self,
        loaded: impl Iterator<Item = &'o Arc<LiveObject>>,
    ) -> Version {
        self.all()
            .chain(loaded)
            .map(|object| object.version())
            .max()
            .unwrap_or(0)
            .saturating_add(1)
    }

    /// Shared inputs that were only read.
    pub(crate) fn read_only_shared(&self) -> Vec<UnchangedConsensusObject> {
        self.objects
            .iter()
            .filter(|(_, input)| input.access == Access::ReadOnly)
            .filter(|(_, input)| matches!(input.object.owner(), Owner::Shared(_)))
            .map(
                |(id, InputObject { object, .. })| UnchangedConsensusObject {
                    object_id: address(*id),
                    kind: UnchangedConsensusKind::ReadOnlyRoot {
                        version: object.version(),
                        digest: object.digest(),
                    },
                },
            )
            .collect()
    }

    /// The transactions that this one depends on, sorted.
    pub(crate) fn dependencies<'o>(
        &'o self,
        loaded: impl Iterator<Item = &'o Arc<LiveObject>>,
    ) -> Vec<Digest> {
        let set: BTreeSet<Digest> = self
            .all()
            .chain(loaded)
            .map(|object| object.previous_transaction())
            .collect();
        set.into_iter().collect()
    }

    fn all(&self) -> impl Iterator<Item = &Arc<LiveObject>> {
        let inputs = self.objects.values().map(|input| &input.object);
        inputs
            .chain(self.receiving.iter().map(|(_, object)| object))
            .chain(&self.gas)
    }
}
