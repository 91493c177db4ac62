//! The tables of the database (`docs/formats/ledger-store.md`).

use floe_core::ObjectId;
use redb::TableDefinition;

/// `object id ‖ version`, big-endian → [`rows::ObjectRow`](super::rows): every version still kept,
/// and a mark for the version at which the object ceased to live. The last one is what is now.
pub(crate) const OBJECTS: TableDefinition<'_, &[u8; 40], &[u8]> = TableDefinition::new("objects");

/// `kind ‖ owner ‖ type number ‖ object id` → nothing: live objects by owner.
pub(crate) const OWNED: TableDefinition<'_, &[u8; 69], ()> = TableDefinition::new("owned");

/// `owner ‖ type number` of the coin's token → sum and number of the coins.
pub(crate) const BALANCES: TableDefinition<'_, &[u8; 36], (u64, u64)> =
    TableDefinition::new("balances");

/// BCS of a type tag → its number.
pub(crate) const TYPE_NUMBERS: TableDefinition<'_, &[u8], u32> =
    TableDefinition::new("type numbers");

/// Number of a type → BCS of its tag.
pub(crate) const TYPES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("types");

/// `type number ‖ object id` → nothing: live objects of the few types that are looked up by type.
pub(crate) const CATALOG: TableDefinition<'_, &[u8; 36], ()> = TableDefinition::new("catalog");

/// Position in the chain → [`rows::TransactionRow`](super::rows).
pub(crate) const TRANSACTIONS: TableDefinition<'_, u64, &[u8]> =
    TableDefinition::new("transactions");

/// Digest of a transaction → its position in the chain.
pub(crate) const DIGESTS: TableDefinition<'_, &[u8; 32], u64> = TableDefinition::new("digests");

/// Sequence number → BCS of a [`CheckpointRecord`](crate::CheckpointRecord).
pub(crate) const CHECKPOINTS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("checkpoints");

/// Digest of a checkpoint → its sequence number.
pub(crate) const CHECKPOINT_DIGESTS: TableDefinition<'_, &[u8; 32], u64> =
    TableDefinition::new("checkpoint digests");

/// Chain epoch → BCS of an [`EpochRecord`](crate::EpochRecord).
pub(crate) const EPOCHS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("epochs");

/// Single facts: [`meta`].
pub(crate) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// Keys of [`META`].
pub(crate) mod meta {
    /// Magic and format number; written first and checked first.
    pub(crate) const FORMAT: &str = "format";
    /// BCS of a [`ChainHead`](floe_ledger::ChainHead).
    pub(crate) const HEAD: &str = "head";
    /// Digest of checkpoint 0.
    pub(crate) const CHAIN_ID: &str = "chain id";
    /// First checkpoint and first transaction still kept.
    pub(crate) const LOWEST: &str = "lowest";
    /// How far the chain's time is ahead of the clock, ms.
    pub(crate) const TIME_OFFSET_MS: &str = "time offset ms";
}

/// Who owns an object, in the first byte of a key of [`OWNED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OwnerKind {
    /// An address.
    Address = 0,
    /// Another object.
    Object = 1,
}

/// Key of a version of an object.
pub(crate) fn object_key(id: &ObjectId, version: u64) -> [u8; 40] {
    join(&[&id.0, &version.to_be_bytes()])
}

/// Key of an owned object.
pub(crate) fn owned_key(
    kind: OwnerKind,
    owner: &[u8; 32],
    type_number: u32,
    id: &[u8; 32],
) -> [u8; 69] {
    join(&[&[kind as u8], owner, &type_number.to_be_bytes(), id])
}

/// Type number and object id in a key of [`OWNED`].
pub(crate) fn owned_parts(key: &[u8; 69]) -> (u32, ObjectId) {
    let rest: [u8; 36] = tail(key);
    catalog_parts(&rest)
}

/// Key of a balance.
pub(crate) fn balance_key(owner: &[u8; 32], type_number: u32) -> [u8; 36] {
    join(&[owner, &type_number.to_be_bytes()])
}

/// Type number in a key of [`BALANCES`].
pub(crate) fn balance_type(key: &[u8; 36]) -> u32 {
    u32::from_be_bytes(tail(key))
}

/// Key of a catalogued object.
pub(crate) fn catalog_key(type_number: u32, id: &[u8; 32]) -> [u8; 36] {
    join(&[&type_number.to_be_bytes(), id])
}

/// Type number and object id in a key of [`CATALOG`].
pub(crate) fn catalog_parts(key: &[u8; 36]) -> (u32, ObjectId) {
    let mut number = [0; 4];
    number.copy_from_slice(key.first_chunk::<4>().unwrap_or(&[0; 4]));
    (u32::from_be_bytes(number), ObjectId(tail(key)))
}

/// Joins parts whose lengths add up to `N`.
fn join<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut key = [0; N];
    let bytes = parts.iter().flat_map(|part| part.iter());
    for (to, from) in key.iter_mut().zip(bytes) {
        *to = *from;
    }
    key
}

fn tail<const N: usize, const M: usize>(key: &[u8; N]) -> [u8; M] {
    *key.last_chunk().expect("keys are longer than their parts")
}
