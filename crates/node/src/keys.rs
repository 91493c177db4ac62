//! The keys of a node.

use std::fmt;

use floe_core::keys::{BlsSecretKey, KeyError, KeyFileError, NetworkSecretKey};
use floe_env::{Disk, DiskError, Rng};
use zeroize::Zeroizing;

/// Longest file of a key, in bytes.
const KEY_FILE_BYTES_MAX: usize = 4096;

/// The keys of a node.
pub struct Keys {
    /// Signs confirmations; its public half is what the chain knows the node by.
    pub protocol: BlsSecretKey,
    /// The key of the TLS server.
    pub network: NetworkSecretKey,
}

/// A key can't be read. The operator is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file can't be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The file holds no key of the kind.
    #[error("{path}: {source}")]
    Key {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: KeyFileError,
    },
}

impl Keys {
    /// New keys, which nobody can guess if `rng` can't be.
    ///
    /// # Errors
    /// [`KeyError`] once in 2^32 times: not every number is a key.
    pub fn generate(rng: &dyn Rng) -> Result<Self, KeyError> {
        let mut entropy = Zeroizing::new([0; 32]);
        rng.fill(&mut *entropy);
        let protocol = BlsSecretKey::from_entropy(&entropy);
        rng.fill(&mut *entropy);
        let network = NetworkSecretKey::from_bytes(&entropy)?;
        Ok(Self { protocol, network })
    }

    /// Reads the keys from their files.
    ///
    /// # Errors
    /// [`KeysError`].
    pub fn read(
        disk: &dyn Disk,
        protocol: &std::path::Path,
        network: &std::path::Path,
    ) -> Result<Self, KeysError> {
        let text = |path| {
            let bytes = disk.read(path, KEY_FILE_BYTES_MAX)?;
            Ok::<_, KeysError>(String::from_utf8_lossy(&bytes).into_owned())
        };
        let wrong = |path: &std::path::Path, source| KeysError::Key {
            path: path.display().to_string(),
            source,
        };
        let bls = BlsSecretKey::from_key_file(&text(protocol)?);
        let p256 = NetworkSecretKey::from_key_file(&text(network)?);
        Ok(Self {
            protocol: bls.map_err(|error| wrong(protocol, error))?,
            network: p256.map_err(|error| wrong(network, error))?,
        })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("protocol", &self.protocol.public_key())
            .field("network", &self.network.public_key())
            .finish()
    }
}
