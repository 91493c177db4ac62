//! Rust types that say which Move type they are.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{BlobId, Epoch, ObjectId, ShardIndex, SuiAddress};

/// A type with the BCS of a Move type.
pub trait MoveType {
    /// The Move type with package names for addresses, such as `vector<sui::object::ID>`.
    fn move_type() -> String;
}

/// A struct or enum of a Move module.
pub trait MoveDatatype: MoveType {
    /// The package's name, such as `walrus`.
    const PACKAGE: &'static str;
    /// The module's name.
    const MODULE: &'static str;
    /// The type's name.
    const NAME: &'static str;

    /// The fields or variants.
    fn layout() -> Layout;
}

/// What a datatype consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Fields in BCS order. Without any, BCS is one byte `00`.
    Struct(Vec<FieldLayout>),
    /// Variants in index order.
    Enum(Vec<VariantLayout>),
}

/// A field of a struct or variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldLayout {
    /// The field's compiled name; `pos0` for a positional one.
    pub name: &'static str,
    /// The field's Move type.
    pub move_type: String,
}

/// A variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantLayout {
    /// The variant's name.
    pub name: &'static str,
    /// Its fields in BCS order.
    pub fields: Vec<FieldLayout>,
}

impl FieldLayout {
    /// A field of a Rust type.
    pub fn of<T: MoveType>(name: &'static str) -> Self {
        Self {
            name,
            move_type: T::move_type(),
        }
    }
}

/// A 256-bit integer, by its little-endian bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct U256(pub [u8; 32]);

impl fmt::Debug for U256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "U256(le {})", hex::encode(self.0))
    }
}

macro_rules! primitive {
    ($($rust:ty => $move_type:literal,)*) => {$(
        impl MoveType for $rust {
            fn move_type() -> String {
                $move_type.to_owned()
            }
        }
    )*};
}

primitive! {
    bool => "bool",
    u8 => "u8",
    u16 => "u16",
    u32 => "u32",
    u64 => "u64",
    u128 => "u128",
    U256 => "u256",
    BlobId => "u256",
    Epoch => "u32",
    ShardIndex => "u16",
    SuiAddress => "address",
    ObjectId => "sui::object::ID",
    String => "std::string::String",
}

impl<T: MoveType> MoveType for Vec<T> {
    fn move_type() -> String {
        format!("vector<{}>", T::move_type())
    }
}

impl<T: MoveType> MoveType for Option<T> {
    fn move_type() -> String {
        format!("std::option::Option<{}>", T::move_type())
    }
}

/// Defines the datatypes of one Move module, in Move's own form: structs with named fields, with one
/// positional field, or without fields; and enums.
macro_rules! move_types {
    ($package:ident::$module:ident;) => {};

    (
        $package:ident::$module:ident;
        $(#[$meta:meta])*
        struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type),*
        }

        move_types!(@datatype $package::$module $name $crate::onchain::Layout::Struct(vec![
            $($crate::onchain::FieldLayout::of::<$type>(stringify!($field))),*
        ]));
        move_types! { $package::$module; $($rest)* }
    };

    (
        $package:ident::$module:ident;
        $(#[$meta:meta])*
        struct $name:ident($type:ty);
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $name(pub $type);

        move_types!(@datatype $package::$module $name $crate::onchain::Layout::Struct(vec![
            $crate::onchain::FieldLayout::of::<$type>("pos0"),
        ]));
        move_types! { $package::$module; $($rest)* }
    };

    (
        $package:ident::$module:ident;
        $(#[$meta:meta])*
        struct $name:ident;
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        ///
        /// BCS is one byte `00`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name;

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_bool(false)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                match bool::deserialize(deserializer)? {
                    false => Ok(Self),
                    true => Err(serde::de::Error::custom(concat!(
                        "expected 00 for the empty struct ", stringify!($name), ", got 01",
                    ))),
                }
            }
        }

        move_types!(@datatype $package::$module $name
            $crate::onchain::Layout::Struct(vec![]));
        move_types! { $package::$module; $($rest)* }
    };

    (
        $package:ident::$module:ident;
        $(#[$meta:meta])*
        enum $name:ident {
            $(
                $(#[$variant_meta:meta])*
                $variant:ident
                $(($position:ty))?
                $({ $($(#[$field_meta:meta])* $field:ident: $type:ty),* $(,)? })?
            ),* $(,)?
        }
        $($rest:tt)*
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $($(#[$variant_meta])* $variant $(($position))? $({ $($(#[$field_meta])* $field: $type),* })?),*
        }

        move_types!(@datatype $package::$module $name $crate::onchain::Layout::Enum(vec![
            $($crate::onchain::VariantLayout {
                name: stringify!($variant),
                fields: vec![
                    $($crate::onchain::FieldLayout::of::<$position>("pos0"))?
                    $($($crate::onchain::FieldLayout::of::<$type>(stringify!($field))),*)?
                ],
            }),*
        ]));
        move_types! { $package::$module; $($rest)* }
    };

    (@datatype $package:ident::$module:ident $name:ident $layout:expr) => {
        impl $crate::onchain::MoveType for $name {
            fn move_type() -> String {
                concat!(
                    stringify!($package), "::", stringify!($module), "::", stringify!($name),
                ).to_owned()
            }
        }

        impl $crate::onchain::MoveDatatype for $name {
            const PACKAGE: &'static str = stringify!($package);
            const MODULE: &'static str = stringify!($module);
            const NAME: &'static str = stringify!($name);

            fn layout() -> $crate::onchain::Layout {
                $layout
            }
        }
    };
}
