//! Objects and balances by owner.

use std::sync::Arc;

use floe_core::{ObjectId, SuiAddress};
use floe_ledger::LiveObject;
use sui_sdk_types::{Address, Identifier, StructTag, TypeTag};

use super::{Page, Reader};
use crate::{
    ReadError,
    store::tables::{self, OwnerKind},
};

/// Whose objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnerKey {
    /// Those of an address.
    Address(SuiAddress),
    /// The children of an object: its dynamic fields, or, of such a field, the object in it.
    Object(ObjectId),
}

impl OwnerKey {
    const fn parts(&self) -> (OwnerKind, &[u8; 32]) {
        match self {
            Self::Address(address) => (OwnerKind::Address, &address.0),
            Self::Object(id) => (OwnerKind::Object, &id.0),
        }
    }
}

/// Which types: a package, perhaps a module of it, perhaps a struct, perhaps its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFilter {
    /// The package.
    pub package: Address,
    /// The module; any if `None`.
    pub module: Option<Identifier>,
    /// The struct; any if `None`.
    pub name: Option<Identifier>,
    /// The type parameters; any if empty.
    pub type_params: Vec<TypeTag>,
}

impl From<StructTag> for TypeFilter {
    /// All structs of the name if `tag` has no parameters, else exactly this type.
    fn from(tag: StructTag) -> Self {
        Self {
            package: *tag.address(),
            module: Some(tag.module().clone()),
            name: Some(tag.name().clone()),
            type_params: tag.type_params().to_vec(),
        }
    }
}

impl TypeFilter {
    /// Whether a type passes.
    pub fn matches(&self, tag: &StructTag) -> bool {
        *tag.address() == self.package
            && self
                .module
                .as_ref()
                .is_none_or(|module| tag.module() == module)
            && self.name.as_ref().is_none_or(|name| tag.name() == name)
            && (self.type_params.is_empty() || tag.type_params() == self.type_params)
    }
}

/// A place in the list of an owner's objects, before an object. Lists are ordered by type (in the
/// order types first appeared on this chain), then id, so that places stay valid whatever changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnedCursor {
    type_number: u32,
    id: ObjectId,
}

impl OwnedCursor {
    /// Length of [`Self::to_bytes`].
    pub const LEN: usize = 36;

    /// The place as bytes, for page tokens.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        tables::catalog_key(self.type_number, &self.id.0)
    }

    /// The place of [`Self::to_bytes`]. Any bytes are a place; at worst the list is empty there.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let (type_number, id) = tables::catalog_parts(bytes);
        Self { type_number, id }
    }
}

/// A place in the list of an owner's balances, before a coin type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceCursor(pub u32);

/// The coins of one type that an address owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The token, such as `0x2::sui::SUI`.
    pub coin_type: TypeTag,
    /// Sum, in the token's smallest unit.
    pub amount: u64,
    /// Number of coins.
    pub coins: u64,
}

impl Reader {
    /// The live objects of an owner whose type passes the filter, from a place on, at most `limit`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn owned(
        &self,
        owner: &OwnerKey,
        filter: Option<&TypeFilter>,
        from: Option<OwnedCursor>,
        limit: usize,
    ) -> Result<Page<Arc<LiveObject>, OwnedCursor>, ReadError> {
        let mut items = Vec::new();
        let start = OwnedCursor {
            type_number: 0,
            id: ObjectId([0; 32]),
        };
        let mut place = Some(from.unwrap_or(start));
        while let Some(from) = place {
            // One type at a time, so that types that do not pass are skipped as a whole.
            let Some((type_number, rows_from)) = self.next_owned_type(owner, from)? else {
                break;
            };
            if self.passes(filter, type_number)? {
                let next = self.owned_of_type(owner, rows_from, limit, &mut items)?;
                if next.is_some() {
                    return Ok(Page { items, next });
                }
            }
            place = type_number.checked_add(1).map(|type_number| OwnedCursor {
                type_number,
                id: ObjectId([0; 32]),
            });
        }
        Ok(Page { items, next: None })
    }

    /// The dynamic fields of an object (the field objects, for [`field_parts`]), from a place on, at
    /// most `limit`.
    ///
    /// [`field_parts`]: floe_ledger::field_parts
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn fields(
        &self,
        parent: &ObjectId,
        from: Option<OwnedCursor>,
        limit: usize,
    ) -> Result<Page<Arc<LiveObject>, OwnedCursor>, ReadError> {
        let filter = TypeFilter {
            package: Address::TWO,
            module: Some(Identifier::from_static("dynamic_field")),
            name: Some(Identifier::from_static("Field")),
            type_params: Vec::new(),
        };
        self.owned(&OwnerKey::Object(*parent), Some(&filter), from, limit)
    }

    fn next_owned_type(
        &self,
        owner: &OwnerKey,
        from: OwnedCursor,
    ) -> Result<Option<(u32, OwnedCursor)>, ReadError> {
        let (kind, owner) = owner.parts();
        let first = tables::owned_key(kind, owner, from.type_number, &from.id.0);
        let last = tables::owned_key(kind, owner, u32::MAX, &[0xff; 32]);
        let Some(row) = self.owned.range::<&[u8; 69]>(&first..=&last)?.next() else {
            return Ok(None);
        };
        let (type_number, id) = tables::owned_parts(row?.0.value());
        Ok(Some((type_number, OwnedCursor { type_number, id })))
    }

    fn passes(&self, filter: Option<&TypeFilter>, number: u32) -> Result<bool, ReadError> {
        let Some(filter) = filter else {
            return Ok(true);
        };
        let tag = self.type_tag(number)?;
        Ok(matches!(&tag, TypeTag::Struct(tag) if filter.matches(tag)))
    }

    /// Adds objects of one type until there are `limit`; then returns the place after them.
    fn owned_of_type(
        &self,
        owner: &OwnerKey,
        from: OwnedCursor,
        limit: usize,
        items: &mut Vec<Arc<LiveObject>>,
    ) -> Result<Option<OwnedCursor>, ReadError> {
        let (kind, owner) = owner.parts();
        let first = tables::owned_key(kind, owner, from.type_number, &from.id.0);
        let last = tables::owned_key(kind, owner, from.type_number, &[0xff; 32]);
        for row in self.owned.range::<&[u8; 69]>(&first..=&last)? {
            let (type_number, id) = tables::owned_parts(row?.0.value());
            if items.len() >= limit {
                return Ok(Some(OwnedCursor { type_number, id }));
            }
            let object = self.object(&id)?;
            items.push(object.ok_or_else(|| {
                ReadError::damaged(format!("object {id} has an owner and does not live"))
            })?);
        }
        Ok(None)
    }

    /// What an address owns of a token.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn balance(&self, owner: &SuiAddress, coin_type: &TypeTag) -> Result<Balance, ReadError> {
        let row = match self.type_number(coin_type)? {
            Some(number) => self.balances.get(&tables::balance_key(&owner.0, number))?,
            None => None,
        };
        let (amount, coins) = row.map_or((0, 0), |row| row.value());
        Ok(Balance {
            coin_type: coin_type.clone(),
            amount,
            coins,
        })
    }

    /// What an address owns of all tokens, from a place on, at most `limit`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn balances(
        &self,
        owner: &SuiAddress,
        from: Option<BalanceCursor>,
        limit: usize,
    ) -> Result<Page<Balance, BalanceCursor>, ReadError> {
        let from = from.map_or(0, |from| from.0);
        let first = tables::balance_key(&owner.0, from);
        let last = tables::balance_key(&owner.0, u32::MAX);
        let mut items = Vec::new();
        for row in self.balances.range::<&[u8; 36]>(&first..=&last)? {
            let (key, value) = row?;
            let number = tables::balance_type(key.value());
            if items.len() >= limit {
                let next = Some(BalanceCursor(number));
                return Ok(Page { items, next });
            }
            let (amount, coins) = value.value();
            items.push(Balance {
                coin_type: self.type_tag(number)?,
                amount,
                coins,
            });
        }
        Ok(Page { items, next: None })
    }
}
