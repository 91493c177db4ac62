//! Ids of the packages that come with the ledger.

use sui_sdk_types::{Address, hash::Hasher};

use super::RegistryError;

/// Packages of the interface tables that are not part of the Sui framework.
const CONTRACTS: [&str; 6] = [
    "wal",
    "wal_exchange",
    "walrus",
    "subsidies",
    "walrus_subsidies",
    "blob_bucket",
];

/// The id of a built-in package: `0x1` to `0x3` for the framework; for the contracts a hash of
/// the name, the same on every embedded ledger.
pub(crate) fn package_id(name: &str) -> Result<Address, RegistryError> {
    match name {
        "std" => Ok(Address::from_static("0x1")),
        "sui" => Ok(Address::TWO),
        "sui_system" => Ok(Address::THREE),
        name if CONTRACTS.contains(&name) => {
            let mut hasher = Hasher::new();
            hasher.update("floe embedded package::");
            hasher.update(name);
            Ok(Address::new(hasher.finalize().into_inner()))
        }
        name => Err(RegistryError::UnknownPackage {
            name: name.to_owned(),
        }),
    }
}
