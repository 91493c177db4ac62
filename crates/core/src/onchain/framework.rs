//! Types of the Sui framework that occur in the contracts (`docs/spec/contracts.md` §1.1, §1.2).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::MoveType;
use crate::{
    ObjectId, hash,
    keys::{BlsPublicKey, KeyError},
};

/// The identity of an object, as its first field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(pub ObjectId);

impl From<ObjectId> for Uid {
    fn from(id: ObjectId) -> Self {
        Self(id)
    }
}

impl From<Uid> for ObjectId {
    fn from(uid: Uid) -> Self {
        uid.0
    }
}

/// The SUI token, a type parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sui;

/// The WAL token, a type parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wal;

/// The group of compressed G1 points (48 bytes), a type parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct G1;

/// The group of uncompressed G1 points (96 bytes), a type parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UncompressedG1;

/// Defines a struct with type parameters that occur in no field.
macro_rules! phantom {
    (
        $(#[$meta:meta])*
        $name:ident<$($param:ident),*> { $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Serialize, Deserialize)]
        #[serde(bound = "")]
        pub struct $name<$($param),*> {
            $($(#[$field_meta])* pub $field: $type,)*
            #[serde(skip)]
            params: std::marker::PhantomData<fn() -> ($($param,)*)>,
        }

        impl<$($param),*> $name<$($param),*> {
            /// A value of these fields.
            pub const fn new($($field: $type),*) -> Self {
                Self { $($field,)* params: std::marker::PhantomData }
            }
        }

        // Derives would demand the traits of the parameters, too.
        impl<$($param),*> fmt::Debug for $name<$($param),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))$(.field(stringify!($field), &self.$field))*.finish()
            }
        }

        impl<$($param),*> Clone for $name<$($param),*> {
            fn clone(&self) -> Self {
                Self { $($field: self.$field.clone(),)* params: std::marker::PhantomData }
            }
        }

        impl<$($param),*> PartialEq for $name<$($param),*> {
            fn eq(&self, other: &Self) -> bool {
                true $(&& self.$field == other.$field)*
            }
        }

        impl<$($param),*> Eq for $name<$($param),*> {}
    };
}
pub(super) use phantom;

phantom! {
    /// An amount of a token inside another object, in its smallest unit (FROST or MIST).
    Balance<T> {
        /// The amount.
        value: u64,
    }
}

phantom! {
    /// A coin of a token.
    Coin<T> {
        /// The object's id.
        id: Uid,
        /// The amount in the token's smallest unit.
        balance: u64,
    }
}

phantom! {
    /// The right to mint and burn a token.
    TreasuryCap<T> {
        /// The object's id.
        id: Uid,
        /// Units in existence.
        total_supply: u64,
    }
}

phantom! {
    /// How explorers show objects of a type.
    Display<T> {
        /// The object's id.
        id: Uid,
        /// Templates by name.
        fields: VecMap<String, String>,
        /// Counts up with every change.
        version: u16,
    }
}

phantom! {
    /// A map whose entries are dynamic fields of `id`.
    Table<K, V> {
        /// The parent of the entries.
        id: Uid,
        /// The number of entries.
        size: u64,
    }
}

phantom! {
    /// A map whose values are objects of their own.
    ObjectTable<K, V> {
        /// The parent of the entries.
        id: Uid,
        /// The number of entries.
        size: u64,
    }
}

phantom! {
    /// A point of a group, as the bytes of its canonical form.
    Element<G> {
        /// The bytes.
        bytes: Vec<u8>,
    }
}

impl Element<UncompressedG1> {
    /// The point of a public key.
    pub fn from_public_key(key: &BlsPublicKey) -> Self {
        Self::new(key.to_uncompressed().to_vec())
    }

    /// The public key at this point.
    ///
    /// # Errors
    /// [`KeyError`] if it is not a valid one. Elements on chain are on the curve, and keys of
    /// registered nodes were valid when they were registered.
    pub fn to_public_key(&self) -> Result<BlsPublicKey, KeyError> {
        BlsPublicKey::from_uncompressed(&self.bytes)
    }
}

/// A heterogeneous map whose entries are dynamic fields of `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bag {
    /// The parent of the entries.
    pub id: Uid,
    /// The number of entries.
    pub size: u64,
}

/// A heterogeneous map whose values are objects of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectBag {
    /// The parent of the entries.
    pub id: Uid,
    /// The number of entries.
    pub size: u64,
}

/// The right to upgrade a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpgradeCap {
    /// The object's id.
    pub id: Uid,
    /// The package's latest id; zero while an upgrade is under way.
    pub package: ObjectId,
    /// The package's latest version.
    pub version: u64,
    /// Which changes are allowed: 0 compatible, 128 additive, 192 dependencies only.
    pub policy: u8,
}

/// Proof that its holder published a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publisher {
    /// The object's id.
    pub id: Uid,
    /// The package's address, 64 hexadecimal digits without `0x`.
    pub package: String,
    /// The module that claimed the proof.
    pub module_name: String,
}

/// The name of a type: 64 hexadecimal digits of its package, `::module::Name`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeName {
    /// The text.
    pub name: String,
}

/// The object that a dynamic field is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field<N, V> {
    /// The object's id, made from the parent's id and the name.
    pub id: Uid,
    /// The name, unique under its parent.
    pub name: N,
    /// The value; for a dynamic *object* field, the id of the value.
    pub value: V,
}

/// What surrounds the name of a dynamic *object* field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrapper<N> {
    /// The name.
    pub name: N,
}

/// The id of the dynamic field of `parent` with this name: BCS of the name, and of its type tag.
pub fn dynamic_field_id(parent: &ObjectId, name_bcs: &[u8], type_tag_bcs: &[u8]) -> ObjectId {
    let name_len = u64::try_from(name_bcs.len()).expect("a length in memory fits 64 bits");
    ObjectId(hash::blake2b256(&[
        &[0xf0],
        parent.as_bytes(),
        &name_len.to_le_bytes(),
        name_bcs,
        type_tag_bcs,
    ]))
}

/// A map as a list of entries in insertion order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VecMap<K, V> {
    /// The entries.
    pub contents: Vec<(K, V)>,
}

impl<K, V> Default for VecMap<K, V> {
    fn default() -> Self {
        Self {
            contents: Vec::new(),
        }
    }
}

impl<K: PartialEq, V> VecMap<K, V> {
    /// The value under a key.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.iter()
            .find_map(|(k, value)| (k == key).then_some(value))
    }

    /// The value under a key.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.contents
            .iter_mut()
            .find_map(|(k, value)| (k == key).then_some(value))
    }

    /// Appends an entry, or gives it back if the key is taken.
    pub fn insert(&mut self, key: K, value: V) -> Result<(), (K, V)> {
        if self.get(&key).is_some() {
            return Err((key, value));
        }
        self.contents.push((key, value));
        Ok(())
    }

    /// Removes an entry; those behind it move up.
    pub fn remove(&mut self, key: &K) -> Option<(K, V)> {
        let position = self.iter().position(|(k, _)| k == key)?;
        Some(self.contents.remove(position))
    }

    /// The entries in insertion order.
    pub fn iter(&self) -> std::slice::Iter<'_, (K, V)> {
        self.contents.iter()
    }

    /// The number of entries.
    pub const fn len(&self) -> usize {
        self.contents.len()
    }

    /// Whether there are no entries.
    pub const fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }
}

impl<'a, K: PartialEq, V> IntoIterator for &'a VecMap<K, V> {
    type Item = &'a (K, V);
    type IntoIter = std::slice::Iter<'a, (K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A set as a list in insertion order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VecSet<K> {
    /// The members.
    pub contents: Vec<K>,
}

impl<K> Default for VecSet<K> {
    fn default() -> Self {
        Self {
            contents: Vec::new(),
        }
    }
}

impl<K: PartialEq> VecSet<K> {
    /// Whether a value is a member.
    pub fn contains(&self, key: &K) -> bool {
        self.contents.contains(key)
    }

    /// Appends a member, or gives it back if it is one already.
    pub fn insert(&mut self, key: K) -> Result<(), K> {
        if self.contains(&key) {
            return Err(key);
        }
        self.contents.push(key);
        Ok(())
    }
}

macro_rules! framework {
    ($($rust:ident $(<$($param:ident),*>)? => $move_type:literal,)*) => {$(
        impl $(<$($param: MoveType),*>)? MoveType for $rust $(<$($param),*>)? {
            fn move_type() -> String {
                let params: &[String] = &[$($($param::move_type()),*)?];
                if params.is_empty() {
                    $move_type.to_owned()
                } else {
                    format!(concat!($move_type, "<{}>"), params.join(", "))
                }
            }
        }
    )*};
}

framework! {
    Uid => "sui::object::UID",
    Sui => "sui::sui::SUI",
    Wal => "wal::wal::WAL",
    G1 => "sui::bls12381::G1",
    UncompressedG1 => "sui::bls12381::UncompressedG1",
    Balance<T> => "sui::balance::Balance",
    Coin<T> => "sui::coin::Coin",
    TreasuryCap<T> => "sui::coin::TreasuryCap",
    Display<T> => "sui::display::Display",
    Table<K, V> => "sui::table::Table",
    ObjectTable<K, V> => "sui::object_table::ObjectTable",
    Element<G> => "sui::group_ops::Element",
    Bag => "sui::bag::Bag",
    ObjectBag => "sui::object_bag::ObjectBag",
    UpgradeCap => "sui::package::UpgradeCap",
    Publisher => "sui::package::Publisher",
    TypeName => "std::type_name::TypeName",
    Field<N, V> => "sui::dynamic_field::Field",
    Wrapper<N> => "sui::dynamic_object_field::Wrapper",
    VecMap<K, V> => "sui::vec_map::VecMap",
    VecSet<K> => "sui::vec_set::VecSet",
}
