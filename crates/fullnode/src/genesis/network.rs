//! Where things are: for those who connect to a chain.

use std::{path::Path, sync::Arc};

use floe_core::ObjectId;
use floe_env::{Access, Disk, replace};
use floe_ledger::WalrusNetwork;
use serde::{Deserialize, Serialize};
use sui_sdk_types::{Address, Digest};

use super::keys::Wallet;
use crate::StartError;

/// Name of the file in a chain's folder.
const FILE: &str = "network.json";
/// Longest such file: a thousand nodes fit.
const FILE_BYTES_MAX: usize = 1 << 20;

/// The chain and the Walrus network on it, as noted in `network.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Digest of checkpoint 0.
    pub chain_id: Digest,
    /// The objects of Walrus.
    pub walrus: WalrusNetwork,
}

impl Network {
    /// Reads the file in a chain's folder.
    ///
    /// # Errors
    /// [`StartError::Disk`], [`StartError::Network`].
    pub fn read(disk: &dyn Disk, dir: &Path) -> Result<Self, StartError> {
        let bytes = disk.read(&dir.join(FILE), FILE_BYTES_MAX)?;
        serde_json::from_slice(&bytes).map_err(|error| StartError::Network {
            reason: error.to_string(),
        })
    }

    pub(super) fn write(&self, disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), StartError> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| StartError::Network {
            reason: error.to_string(),
        })?;
        text.push('\n');
        replace(disk, &dir.join(FILE), text.as_bytes(), Access::Shared)?;
        Ok(())
    }
}

/// What a user of the chain puts into the environment: names and values.
///
/// # Errors
/// [`StartError::Key`].
pub fn env_lines(
    network: &Network,
    account: &Wallet,
    grpc_url: &str,
    faucet_url: Option<&str>,
) -> Result<Vec<(&'static str, String)>, StartError> {
    let walrus = &network.walrus;
    let secret = account.0.to_suiprivkey().map_err(|error| StartError::Key {
        name: "account".to_owned(),
        reason: error.to_string(),
    })?;
    let long = |id: &ObjectId| Address::new(id.0).to_string();
    let mut lines = vec![("SUI_GRPC_URL", grpc_url.to_owned())];
    lines.extend(faucet_url.map(|url| ("SUI_FAUCET_URL", url.to_owned())));
    lines.extend([
        ("SYSTEM_OBJECT_ID", long(&walrus.system_object)),
        ("STAKING_OBJECT_ID", long(&walrus.staking_object)),
        ("WALRUS_PACKAGE_ID", long(&walrus.walrus_package)),
        ("WAL_PACKAGE_ID", long(&walrus.wal_package)),
        ("WAL_TYPE", walrus.wal_type.to_string()),
    ]);
    lines.extend(walrus.exchange_object.map(|id| ("EXCHANGE_ID", long(&id))));
    lines.push(("SUI_ADDRESS", Address::new(account.address().0).to_string()));
    lines.push(("SUI_SECRET_KEY", secret));
    Ok(lines)
}

/// Writes such lines into a file for a shell to read, whole or not at all, for its owner alone.
///
/// # Errors
/// [`StartError::Disk`].
pub fn write_env_file(
    disk: &Arc<dyn Disk>,
    path: &Path,
    lines: &[(&'static str, String)],
) -> Result<(), StartError> {
    let text: String = lines
        .iter()
        .map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''")))
        .collect();
    replace(disk, path, text.as_bytes(), Access::Private)?;
    Ok(())
}
