//! One transaction's object runtime: the only way modules reach the world
//! (`docs/spec/move-seam.md` rule 5).
//!
//! Fresh and deleted ids, dynamic (object) fields, transfers, received objects, events and the
//! meter live here, behind methods that every module shares. Nothing reaches the store before the
//! transaction is over: the executor turns the runtime into writes, or drops it on failure.

mod events;
mod fields;
mod ids;
mod meter;
mod object_fields;
mod transfers;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use floe_core::{ObjectId, SuiAddress};
use sui_sdk_types::{Address, Digest, Event, Identifier, Object, Owner};

pub(crate) use self::{fields::Field, object_fields::Child, transfers::Output};
pub use self::{
    fields::FieldKey,
    meter::{Meter, units},
    transfers::{Destination, Receiving},
};
use crate::{
    error::Failure,
    object::{LiveObject, StateView, object_id},
};

/// Facts about the transaction that modules may ask for.
#[derive(Clone, Debug)]
pub struct TxInfo {
    /// Digest of the transaction.
    pub digest: Digest,
    /// Who sent it.
    pub sender: SuiAddress,
    /// Chain epoch (not the Walrus epoch).
    pub epoch: u64,
    /// When the chain epoch started, ms since the Unix epoch.
    pub epoch_start_ms: u64,
    /// Gas price the transaction pays, MIST per unit.
    pub gas_price: u64,
    /// Reference gas price of the epoch.
    pub reference_gas_price: u64,
    /// Gates behaviour changes.
    pub protocol_version: u64,
}

/// The object runtime of one transaction.
pub struct Runtime<'s> {
    state: &'s dyn StateView,
    tx: TxInfo,
    meter: Meter,
    ids: ids::Ids,
    /// Owners of the input objects before the transaction.
    input_owners: BTreeMap<ObjectId, Owner>,
    /// Objects that this transaction may receive: id → version.
    receivable: BTreeMap<ObjectId, u64>,
    /// Objects loaded during the run, as they were before the transaction.
    loaded: BTreeMap<ObjectId, Arc<LiveObject>>,
    fields: BTreeMap<ObjectId, Field>,
    children: BTreeMap<ObjectId, Child>,
    outputs: BTreeMap<ObjectId, Output>,
    events: Vec<Event>,
    events_bytes: usize,
    /// Module that the current command calls.
    caller: (Address, Identifier),
}

/// What a finished run leaves behind, for the executor to turn into effects.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) created: BTreeSet<ObjectId>,
    pub(crate) deleted: BTreeSet<ObjectId>,
    pub(crate) loaded: BTreeMap<ObjectId, Arc<LiveObject>>,
    pub(crate) fields: BTreeMap<ObjectId, Field>,
    pub(crate) children: BTreeMap<ObjectId, Child>,
    pub(crate) outputs: BTreeMap<ObjectId, Output>,
    pub(crate) events: Vec<Event>,
}

impl<'s> Runtime<'s> {
    pub(crate) fn new(state: &'s dyn StateView, tx: TxInfo, meter: Meter) -> Self {
        Self {
            state,
            tx,
            meter,
            ids: ids::Ids::default(),
            input_owners: BTreeMap::new(),
            receivable: BTreeMap::new(),
            loaded: BTreeMap::new(),
            fields: BTreeMap::new(),
            children: BTreeMap::new(),
            outputs: BTreeMap::new(),
            events: Vec::new(),
            events_bytes: 0,
            caller: (Address::ZERO, Identifier::from_static("none")),
        }
    }

    /// Facts about the transaction.
    pub fn tx(&self) -> &TxInfo {
        &self.tx
    }

    /// Who sent the transaction.
    pub fn sender(&self) -> SuiAddress {
        self.tx.sender
    }

    /// Charges computation.
    ///
    /// # Errors
    /// [`Failure::OutOfGas`] when the budget cannot pay for the sum.
    pub fn charge(&mut self, units: u64) -> Result<(), Failure> {
        self.meter.charge(units)
    }

    /// Computation charged so far.
    pub fn units_used(&self) -> u64 {
        self.meter.used()
    }

    pub(crate) fn set_caller(&mut self, package: Address, module: Identifier) {
        self.caller = (package, module);
    }

    pub(crate) fn add_input(&mut self, object: &Object) {
        self.input_owners
            .insert(object_id(&object.object_id()), *object.owner());
    }

    pub(crate) fn add_receivable(&mut self, id: ObjectId, version: u64) {
        self.receivable.insert(id, version);
    }

    /// Loads an object that is not an input, and remembers it for the effects.
    fn load(&mut self, id: &ObjectId) -> Result<Option<Arc<LiveObject>>, Failure> {
        let object = self.state.object(id).map_err(Arc::new)?;
        if let Some(object) = &object {
            self.meter.charge(units::LOAD)?;
            self.loaded.insert(*id, Arc::clone(object));
        }
        Ok(object)
    }

    pub(crate) fn finish(self) -> Finished {
        let (created, deleted) = self.ids.into_parts();
        Finished {
            created,
            deleted,
            loaded: self.loaded,
            fields: self.fields,
            children: self.children,
            outputs: self.outputs,
            events: self.events,
        }
    }
}

impl fmt::Debug for Runtime<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("tx", &self.tx)
            .field("fields", &self.fields)
            .field("children", &self.children)
            .field("outputs", &self.outputs)
            .finish_non_exhaustive()
    }
}
