//! Keys that are made for a chain, one file each, readable by their owner alone.
//!
//! ```text
//! keys/validator.key          signs checkpoints; base64 of flag and secret
//! keys/faucet.key             wallet of the faucet; suiprivkey1…
//! keys/account.key            wallet of whoever uses the chain; suiprivkey1…
//! nodes/NAME/protocol.key     a storage node signs messages with it
//! nodes/NAME/network.key      key of its TLS server
//! nodes/NAME/wallet.key       suiprivkey1…
//! ```

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use floe_core::{
    SuiAddress,
    keys::{BlsSecretKey, NetworkSecretKey},
};
use floe_env::{Access, Disk, Rng, replace};
use sui_crypto::{bls12381::Bls12381PrivateKey, ed25519::Ed25519PrivateKey};

use crate::StartError;

/// Longest key file.
const KEY_FILE_BYTES_MAX: usize = 4096;

/// The keys of a chain's folder.
#[derive(Debug)]
pub struct ChainKeys {
    /// Signs checkpoints.
    pub validator: Arc<Bls12381PrivateKey>,
    /// The faucet's wallet.
    pub faucet: Wallet,
    /// The user's wallet.
    pub account: Wallet,
}

/// The keys of a storage node.
#[derive(Debug)]
pub struct NodeKeys {
    /// Signs messages.
    pub protocol: BlsSecretKey,
    /// The key of its TLS server.
    pub network: NetworkSecretKey,
    /// Its wallet.
    pub wallet: Wallet,
}

/// A key that owns coins.
#[derive(Clone, Debug)]
pub struct Wallet(pub Ed25519PrivateKey);

impl Wallet {
    /// The secret key.
    pub const fn key(&self) -> &Ed25519PrivateKey {
        &self.0
    }

    /// Its address.
    pub fn address(&self) -> SuiAddress {
        SuiAddress(self.0.public_key().derive_address().into_inner())
    }
}

/// A folder that keys are read from, or made in.
struct KeyFolder<'k> {
    disk: &'k Arc<dyn Disk>,
    /// Of what missing keys are made; `None` if none may be missing.
    rng: Option<&'k dyn Rng>,
    dir: PathBuf,
}

impl ChainKeys {
    /// Reads the keys in the folder of a chain, and makes those that are missing.
    ///
    /// # Errors
    /// [`StartError::Disk`], [`StartError::Key`].
    pub fn ensure(disk: &Arc<dyn Disk>, rng: &dyn Rng, dir: &Path) -> Result<Self, StartError> {
        Self::in_folder(&KeyFolder::new(disk, rng, dir.join("keys"))?)
    }

    /// Reads the keys of a chain that exists. Others in their place would be keys to nothing.
    ///
    /// # Errors
    /// [`StartError::Disk`], [`StartError::Key`], also if one is missing.
    pub fn read(disk: &Arc<dyn Disk>, dir: &Path) -> Result<Self, StartError> {
        Self::in_folder(&KeyFolder {
            disk,
            rng: None,
            dir: dir.join("keys"),
        })
    }

    fn in_folder(folder: &KeyFolder<'_>) -> Result<Self, StartError> {
        let validator = folder.key("validator.key", BlsFile::new, BlsFile::parse, BlsFile::text)?;
        Ok(Self {
            validator: validator.validator()?,
            faucet: folder.wallet("faucet.key")?,
            account: folder.wallet("account.key")?,
        })
    }
}

impl NodeKeys {
    /// Reads the keys of a node in the folder of a chain, and makes those that are missing.
    ///
    /// # Errors
    /// [`StartError::Disk`], [`StartError::Key`].
    pub fn ensure(
        disk: &Arc<dyn Disk>,
        rng: &dyn Rng,
        dir: &Path,
        name: &str,
    ) -> Result<Self, StartError> {
        let folder = KeyFolder::new(disk, rng, dir.join("nodes").join(name))?;
        let protocol = folder.key("protocol.key", BlsFile::new, BlsFile::parse, BlsFile::text)?;
        let network = folder.key(
            "network.key",
            |entropy| NetworkSecretKey::from_bytes(&entropy).ok(),
            |text| NetworkSecretKey::from_key_file(text).map_err(|error| error.to_string()),
            |key| Ok(key.to_key_file().to_string()),
        )?;
        Ok(Self {
            protocol: protocol.0,
            network,
            wallet: folder.wallet("wallet.key")?,
        })
    }
}

impl<'k> KeyFolder<'k> {
    fn new(disk: &'k Arc<dyn Disk>, rng: &'k dyn Rng, dir: PathBuf) -> Result<Self, StartError> {
        disk.create_dir_all(&dir)?;
        let rng = Some(rng);
        Ok(Self { disk, rng, dir })
    }

    fn wallet(&self, name: &str) -> Result<Wallet, StartError> {
        self.key(
            name,
            |entropy| Some(Wallet(Ed25519PrivateKey::new(entropy))),
            |text| {
                Ed25519PrivateKey::from_suiprivkey(text)
                    .map(Wallet)
                    .map_err(|error| error.to_string())
            },
            |wallet| wallet.0.to_suiprivkey().map_err(|error| error.to_string()),
        )
    }

    /// Reads a key, or makes one out of entropy. Not all entropy makes a key.
    fn key<K>(
        &self,
        name: &str,
        make: impl Fn([u8; 32]) -> Option<K>,
        parse: impl Fn(&str) -> Result<K, String>,
        text: impl Fn(&K) -> Result<String, String>,
    ) -> Result<K, StartError> {
        let path = self.dir.join(name);
        let bad = |reason| StartError::Key {
            name: path.display().to_string(),
            reason,
        };
        match self.disk.read(&path, KEY_FILE_BYTES_MAX) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes).map_err(|error| bad(error.to_string()))?;
                return parse(text.trim()).map_err(bad);
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let rng = self.rng.ok_or_else(|| {
            bad("the file is missing. It was made with the chain: put it back from a backup".into())
        })?;
        let key = loop {
            let mut entropy = [0; 32];
            rng.fill(&mut entropy);
            if let Some(key) = make(entropy) {
                break key;
            }
        };
        let line = format!("{}\n", text(&key).map_err(bad)?);
        replace(self.disk, &path, line.as_bytes(), Access::Private)?;
        Ok(key)
    }
}

/// A BLS12-381 scalar in a key file. Validators and storage nodes use it with swapped groups.
struct BlsFile(BlsSecretKey);

impl BlsFile {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "other keys are not made of all entropy"
    )]
    fn new(entropy: [u8; 32]) -> Option<Self> {
        Some(Self(BlsSecretKey::from_entropy(&entropy)))
    }

    fn parse(text: &str) -> Result<Self, String> {
        BlsSecretKey::from_key_file(text)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    #[expect(clippy::unnecessary_wraps, reason = "other keys may have no text")]
    fn text(&self) -> Result<String, String> {
        Ok(self.0.to_key_file().to_string())
    }

    fn validator(&self) -> Result<Arc<Bls12381PrivateKey>, StartError> {
        let key = Bls12381PrivateKey::new(*self.0.to_bytes());
        key.map(Arc::new).map_err(|error| StartError::Key {
            name: "validator".to_owned(),
            reason: error.to_string(),
        })
    }
}
