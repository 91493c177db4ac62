//! The folder of a devnet.
//!
//! ```text
//! devnet.json            what it was made of (magic, version)
//! devnet.begun           empty, until there is that: what is here is an unfinished devnet's
//! chain/                 the full node: database, genesis.toml, network.json, keys/, nodes/NAME/*.key
//! nodes/NAME/            the database of a storage node, and its configuration
//! client_config.yaml     for clients: the network, and the wallet below
//! sui/client.yaml        the funded wallet, as Sui's own tools keep it
//! sui/sui.keystore
//! env                    the same for a shell
//! logs/NAME.log
//! control.sock           while it runs
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use floe_env::{Access, Disk, DiskError, Open, replace};
use serde::{Deserialize, Serialize};

/// Longest record of what a devnet was made of.
const RECORD_BYTES_MAX: usize = 64 << 10;
const MAGIC: &str = "floe-devnet";
const VERSION: u32 = 1;
/// Says that what is in the folder belongs to a devnet that is being made.
const BEGUN: &str = "devnet.begun";
/// What file systems have in their topmost folder.
const LOST_AND_FOUND: &str = "lost+found";

/// What a devnet was made of: fixed for its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    magic: String,
    version: u32,
    /// The port of the full node.
    pub full_node_port: u16,
    /// The ports of the storage nodes.
    pub node_ports: Vec<u16>,
    /// The number of shards.
    pub n_shards: u16,
    /// How long an epoch lasts, in ms.
    pub epoch_duration_ms: u64,
}

/// A devnet's folder can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The disk failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// It is no devnet's, or that of a newer program.
    #[error("{}: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The folder has files of somebody else.
    #[error("{} has other files in it, among them {found}", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
        /// One of them.
        found: String,
    },
}

/// Makes sure that a folder is a devnet's, or may become one: it is made if it is missing, and marked
/// if it is empty. Nothing else of it is changed.
///
/// # Errors
/// [`LayoutError::NotEmpty`] if there is anything in it, but no devnet; else what the disk reports, or
/// is wrong with the devnet's record.
pub fn claim(disk: &dyn Disk, dir: &Path) -> Result<(), LayoutError> {
    disk.create_dir_all(dir)?;
    if Record::read(disk, dir)?.is_some() {
        return Ok(());
    }
    let entries = disk.list(dir)?;
    let names = || entries.iter().map(|entry| entry.name.to_string_lossy());
    if names().any(|name| name == BEGUN) {
        return Ok(());
    }
    if let Some(found) = names().find(|name| name != LOST_AND_FOUND) {
        return Err(LayoutError::NotEmpty {
            dir: dir.to_owned(),
            found: found.into_owned(),
        });
    }
    disk.open(&dir.join(BEGUN), Open::Ensure(Access::Shared))?;
    Ok(())
}

impl Record {
    /// A record of these ports and parameters.
    pub fn new(
        full_node_port: u16,
        node_ports: Vec<u16>,
        n_shards: u16,
        epoch_duration_ms: u64,
    ) -> Self {
        Self {
            magic: MAGIC.to_owned(),
            version: VERSION,
            full_node_port,
            node_ports,
            n_shards,
            epoch_duration_ms,
        }
    }

    /// The same on other ports.
    #[must_use]
    pub fn on_ports(self, full_node_port: u16, node_ports: Vec<u16>) -> Self {
        Self {
            full_node_port,
            node_ports,
            ..self
        }
    }

    /// The record in the folder `dir`, or `None` if there is no devnet yet.
    ///
    /// # Errors
    /// [`LayoutError`].
    pub fn read(disk: &dyn Disk, dir: &Path) -> Result<Option<Self>, LayoutError> {
        let path = record(dir);
        let bytes = match disk.read(&path, RECORD_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let bad = |reason: String| LayoutError::Record {
            path: path.clone(),
            reason,
        };
        let record: Self =
            serde_json::from_slice(&bytes).map_err(|error| bad(error.to_string()))?;
        if record.magic != MAGIC {
            return Err(bad("not the record of a devnet".to_owned()));
        }
        if record.version != VERSION {
            return Err(bad(format!(
                "made by another version of floe: expected format {VERSION}, got {}",
                record.version
            )));
        }
        Ok(Some(record))
    }

    /// Writes the record, durably; a devnet exists from then on.
    ///
    /// # Errors
    /// [`LayoutError::Disk`].
    pub fn write(&self, disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), LayoutError> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| LayoutError::Record {
            path: record(dir),
            reason: error.to_string(),
        })?;
        replace(disk, &record(dir), &text, Access::Shared)?;
        match disk.remove_file(&dir.join(BEGUN)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

fn record(dir: &Path) -> PathBuf {
    dir.join("devnet.json")
}

/// The folder of the full node.
pub fn chain(dir: &Path) -> PathBuf {
    dir.join("chain")
}

/// The name of storage node `index`.
pub fn node_name(index: usize) -> String {
    format!("node-{index:02}")
}

/// The folder of a storage node.
pub fn node(dir: &Path, name: &str) -> PathBuf {
    dir.join("nodes").join(name)
}

/// The configuration of clients.
pub fn client_config(dir: &Path) -> PathBuf {
    dir.join("client_config.yaml")
}

/// The wallet's configuration.
pub fn wallet_config(dir: &Path) -> PathBuf {
    dir.join("sui").join("client.yaml")
}

/// The wallet's keys.
pub fn keystore(dir: &Path) -> PathBuf {
    dir.join("sui").join("sui.keystore")
}

/// The devnet for a shell.
pub fn env_file(dir: &Path) -> PathBuf {
    dir.join("env")
}

#[cfg(test)]
mod tests {
    use floe_env::OsDisk;

    use super::*;

    #[test]
    fn a_folder_with_other_files_does_not_become_a_devnet() {
        let disk = OsDisk;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("env"), "mine").unwrap();
        let error = claim(&disk, dir.path()).unwrap_err();
        assert!(
            matches!(&error, LayoutError::NotEmpty { found, .. } if found == "env"),
            "{error}"
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unfinished_devnet_is_gone_on_with() {
        let disk: Arc<dyn Disk> = Arc::new(OsDisk);
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("net");
        claim(&*disk, &dir).unwrap();
        std::fs::write(dir.join("env"), "half").unwrap();
        claim(&*disk, &dir).unwrap();
        Record::new(1, vec![2], 4, 1).write(&disk, &dir).unwrap();
        assert!(!dir.join(BEGUN).exists());
        claim(&*disk, &dir).unwrap();
    }

    #[test]
    fn records_are_kept_and_strangers_refused() {
        let dir = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(OsDisk);
        assert_eq!(Record::read(&*disk, dir.path()).unwrap(), None);
        let record = Record::new(9000, vec![9001, 9002], 100, 86_400_000);
        record.write(&disk, dir.path()).unwrap();
        assert_eq!(
            Record::read(&*disk, dir.path()).unwrap(),
            Some(record.clone())
        );

        let newer = Record {
            version: 2,
            ..record
        };
        newer.write(&disk, dir.path()).unwrap();
        let error = Record::read(&*disk, dir.path()).unwrap_err().to_string();
        assert!(error.contains("expected format 1, got 2"), "{error}");
    }
}
