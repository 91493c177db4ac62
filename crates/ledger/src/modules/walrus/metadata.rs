//! `walrus::metadata`: the attributes of blobs (`docs/spec/contracts.md` §4.3).

use floe_core::{
    ObjectId,
    onchain::{blob::Metadata, framework::VecMap},
};

use crate::{
    call::Call,
    error::Failure,
    modules::{
        ModuleBodies, ModuleRef,
        sui::vec_map::{self, E_KEY_DOES_NOT_EXIST},
    },
    runtime::Runtime,
    value::Lease,
};

const MODULE: ModuleRef = ModuleRef::new("walrus", "metadata");

pub(super) const BODIES: ModuleBodies = (
    MODULE.package,
    MODULE.name,
    &[
        ("new", natives::new),
        ("insert_or_update", natives::insert_or_update),
        ("remove", natives::remove),
        ("remove_if_exists", natives::remove_if_exists),
    ],
);

/// No attributes.
pub fn new() -> Metadata {
    Metadata {
        metadata: VecMap::default(),
    }
}

/// Sets an attribute, which becomes the last one.
pub fn insert_or_update(metadata: &mut Metadata, key: String, value: String) {
    metadata.metadata.remove(&key);
    metadata.metadata.contents.push((key, value));
}

/// Removes an attribute.
///
/// # Errors
/// Aborts with `vec_map` 1 if there is none of this name.
pub fn remove(metadata: &mut Metadata, key: &String) -> Result<(String, String), Failure> {
    metadata
        .metadata
        .remove(key)
        .ok_or_else(|| vec_map::MODULE.abort("get_idx", E_KEY_DOES_NOT_EXIST))
}

/// Removes an attribute, if there is one of this name; its value.
pub fn remove_if_exists(metadata: &mut Metadata, key: &String) -> Option<String> {
    metadata.metadata.remove(key).map(|(_, value)| value)
}

/// The attributes of an object, in a dynamic field, with the aborts of the object's module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes {
    pub(super) module: ModuleRef,
    pub(super) duplicate: u64,
    pub(super) missing: u64,
}

impl Attributes {
    pub(super) fn add(
        self,
        rt: &mut Runtime<'_>,
        object: ObjectId,
        metadata: Metadata,
    ) -> Result<(), Failure> {
        let exists = rt.has_field(object, &name())?;
        self.module
            .ensure(!exists, "add_metadata", self.duplicate)?;
        rt.add_field(object, &name(), metadata)
    }

    pub(super) fn add_or_replace(
        self,
        rt: &mut Runtime<'_>,
        object: ObjectId,
        metadata: Metadata,
    ) -> Result<Option<Metadata>, Failure> {
        let old = take_if_exists(rt, object)?;
        self.add(rt, object, metadata)?;
        Ok(old)
    }

    pub(super) fn take(self, rt: &mut Runtime<'_>, object: ObjectId) -> Result<Metadata, Failure> {
        take_if_exists(rt, object)?.ok_or_else(|| self.module.abort("take_metadata", self.missing))
    }

    pub(super) fn insert_or_update(
        self,
        rt: &mut Runtime<'_>,
        object: ObjectId,
        (key, value): (String, String),
    ) -> Result<(), Failure> {
        if !rt.has_field(object, &name())? {
            self.add(rt, object, new())?;
        }
        insert_or_update(&mut *self.borrow_mut(rt, object)?, key, value);
        Ok(())
    }

    pub(super) fn remove(
        self,
        rt: &mut Runtime<'_>,
        object: ObjectId,
        key: &String,
    ) -> Result<(String, String), Failure> {
        remove(&mut *self.borrow_mut(rt, object)?, key)
    }

    pub(super) fn remove_if_exists(
        self,
        rt: &mut Runtime<'_>,
        object: ObjectId,
        key: &String,
    ) -> Result<Option<String>, Failure> {
        if !rt.has_field(object, &name())? {
            return Ok(None);
        }
        Ok(remove_if_exists(&mut *self.borrow_mut(rt, object)?, key))
    }

    fn borrow_mut(
        self,
        rt: &mut Runtime<'_>,
        object: ObjectId,
    ) -> Result<Lease<Metadata>, Failure> {
        let exists = rt.has_field(object, &name())?;
        self.module.ensure(exists, "metadata", self.missing)?;
        rt.field_mut(object, &name())
    }
}

/// Removes an object's attributes, if it has any.
///
/// # Errors
/// [`Failure::Store`].
pub(super) fn take_if_exists(
    rt: &mut Runtime<'_>,
    object: ObjectId,
) -> Result<Option<Metadata>, Failure> {
    if rt.has_field(object, &name())? {
        rt.remove_field(object, &name()).map(Some)
    } else {
        Ok(None)
    }
}

fn name() -> Vec<u8> {
    Metadata::FIELD_NAME.to_vec()
}

mod natives {
    use super::{Call, Failure};

    pub(super) fn new(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        call.ret(super::new());
        Ok(())
    }

    pub(super) fn insert_or_update(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let (key, value) = (call.args.take(1)?, call.args.take(2)?);
        super::insert_or_update(&mut *call.args.update(0)?, key, value);
        Ok(())
    }

    pub(super) fn remove(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let key = call.args.read(1)?;
        let (key, value) = super::remove(&mut *call.args.update(0)?, &key)?;
        call.ret(key);
        call.ret(value);
        Ok(())
    }

    pub(super) fn remove_if_exists(call: &mut Call<'_, '_>) -> Result<(), Failure> {
        let key = call.args.read(1)?;
        let value = super::remove_if_exists(&mut *call.args.update(0)?, &key);
        call.ret(value);
        Ok(())
    }
}
