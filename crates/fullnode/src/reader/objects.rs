//! Objects by id and version.

use std::sync::Arc;

use floe_core::ObjectId;
use floe_ledger::{LiveObject, StateView, StoreError, object_id};
use sui_sdk_types::{ObjectIn, ObjectOut, StructTag, TransactionEffects, TypeTag};

use super::Reader;
use crate::{
    ReadError,
    executed::Executed,
    store::{
        delta, is_catalogued,
        rows::{self, Row},
        tables,
    },
};

/// An object before and after a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedObject {
    /// As it was; `None` if it did not live.
    pub before: Option<Arc<LiveObject>>,
    /// As it became; `None` if it does not live any more.
    pub after: Option<Arc<LiveObject>>,
}

impl Reader {
    /// The live version of an object.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn object(&self, id: &ObjectId) -> Result<Option<Arc<LiveObject>>, ReadError> {
        let (first, last) = (tables::object_key(id, 0), tables::object_key(id, u64::MAX));
        match self.objects.range::<&[u8; 40]>(&first..=&last)?.next_back() {
            Some(row) => whole(row?.1.value()),
            None => Ok(None),
        }
    }

    /// An object at one of its versions; `None` if it had none, did not live, or the version is no
    /// longer kept.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn object_at(
        &self,
        id: &ObjectId,
        version: u64,
    ) -> Result<Option<Arc<LiveObject>>, ReadError> {
        let Some(row) = self.objects.get(&tables::object_key(id, version))? else {
            return Ok(None);
        };
        let Row::Delta {
            digest,
            base_version,
            patch,
        } = rows::parse(row.value())?
        else {
            return whole(row.value());
        };
        let base = self.objects.get(&tables::object_key(id, base_version))?;
        let base = base.ok_or_else(|| ReadError::damaged("what an object differs from"))?;
        let Row::Object { bytes, .. } = rows::parse(base.value())? else {
            return Err(ReadError::damaged("what an object differs from"));
        };
        rows::read_object(digest, &delta::apply(bytes, patch)?).map(Some)
    }

    /// Shows every live object, by id: for audits, as it reads the whole store.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn for_each_live(&self, see: &mut dyn FnMut(Arc<LiveObject>)) -> Result<(), ReadError> {
        let mut last: Option<([u8; 40], Vec<u8>)> = None;
        let mut show = |row: &[u8]| -> Result<(), ReadError> {
            whole(row)?.into_iter().for_each(&mut *see);
            Ok(())
        };
        for row in self.objects.range::<&[u8; 40]>(..)? {
            let (key, value) = row?;
            let key = *key.value();
            if let Some((old_key, old)) = &last
                && old_key.first_chunk::<32>() != key.first_chunk::<32>()
            {
                show(old)?;
            }
            last = Some((key, value.value().to_vec()));
        }
        match last {
            Some((_, row)) => show(&row),
            None => Ok(()),
        }
    }

    /// The objects that a transaction changed, in the order of the effects' `changed_objects`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn changed_objects(&self, executed: &Executed) -> Result<Vec<ChangedObject>, ReadError> {
        let TransactionEffects::V2(effects) = &executed.effects else {
            return Ok(Vec::new());
        };
        let changes = effects.changed_objects.iter().map(|change| {
            let id = object_id(&change.object_id);
            let before = match change.input_state {
                ObjectIn::Exist { version, .. } => self.object_at(&id, version)?,
                _ => None,
            };
            let after = match change.output_state {
                ObjectOut::ObjectWrite { .. } => self.object_at(&id, effects.lamport_version)?,
                ObjectOut::PackageWrite { version, .. } => self.object_at(&id, version)?,
                _ => None,
            };
            Ok(ChangedObject { before, after })
        });
        changes.collect()
    }

    /// The live objects of a type, at most `limit`, by id. Only for types that are looked up so:
    /// `0x2::coin::{CoinMetadata, RegulatedCoinMetadata, TreasuryCap}` and `0x2::display::Display`
    /// with their parameters; none for others.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn catalogued(
        &self,
        tag: &StructTag,
        limit: usize,
    ) -> Result<Vec<Arc<LiveObject>>, ReadError> {
        if !is_catalogued(tag) {
            return Ok(Vec::new());
        }
        let Some(number) = self.type_number(&TypeTag::from(tag.clone()))? else {
            return Ok(Vec::new());
        };
        let (first, last) = (
            tables::catalog_key(number, &[0; 32]),
            tables::catalog_key(number, &[0xff; 32]),
        );
        let mut found = Vec::new();
        for row in self.catalog.range::<&[u8; 36]>(&first..=&last)?.take(limit) {
            let (_, id) = tables::catalog_parts(row?.0.value());
            found.extend(self.object(&id)?);
        }
        Ok(found)
    }

    /// The number of a type; `None` if there never was an object of it.
    pub(super) fn type_number(&self, tag: &TypeTag) -> Result<Option<u32>, ReadError> {
        let row = self.type_numbers.get(rows::write(tag).as_slice())?;
        Ok(row.map(|row| row.value()))
    }

    /// The type of a number.
    pub(super) fn type_tag(&self, number: u32) -> Result<TypeTag, ReadError> {
        let row = self.types.get(number)?;
        let row = row.ok_or_else(|| ReadError::damaged(format!("no type has number {number}")))?;
        rows::read(row.value(), "a type")
    }
}

/// The object in the last row of its id, which is written whole.
fn whole(row: &[u8]) -> Result<Option<Arc<LiveObject>>, ReadError> {
    match rows::parse(row)? {
        Row::Gone => Ok(None),
        Row::Object { digest, bytes } => rows::read_object(digest, bytes).map(Some),
        Row::Delta { .. } => Err(ReadError::damaged("a live object that is not whole")),
    }
}

impl StateView for Reader {
    fn object(&self, id: &ObjectId) -> Result<Option<Arc<LiveObject>>, StoreError> {
        Ok(Self::object(self, id)?)
    }
}
