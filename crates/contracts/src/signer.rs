//! Who signs transactions: keys, and the files that Sui's own tools keep them in.

use std::{fmt, path::PathBuf};

use floe_core::SuiAddress;
use floe_env::Rng;
use serde::Deserialize;
use sui_crypto::{SuiSigner as _, ed25519::Ed25519PrivateKey, simple::SimpleKeypair};
use sui_sdk_types::{Transaction, UserSignature};
use zeroize::Zeroizing;

use crate::address::sui_address;

/// A key or a file of keys is of no use. None of these errors shows a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not a secret key.
    #[error("not a secret key (expected suiprivkey1…): {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// The key can't be used to sign.
    #[error("the key can't sign: {reason}")]
    Sign {
        /// What is wrong.
        reason: String,
    },
    /// The keystore is no list of keys.
    #[error("malformed keystore (expected a JSON list of base64 keys): {reason}")]
    Keystore {
        /// What is wrong.
        reason: String,
    },
    /// The keystore has no key of the account.
    #[error("the keystore has no key of {address}")]
    NoKey {
        /// The account.
        address: SuiAddress,
    },
    /// The wallet's configuration is malformed.
    #[error("malformed wallet configuration: {0}")]
    Wallet(#[from] serde_yaml_ng::Error),
    /// The wallet names no account.
    #[error("the wallet has no active_address")]
    NoAddress,
}

/// Signs the transactions of one account.
pub trait Signer: fmt::Debug + Send + Sync {
    /// The account.
    fn address(&self) -> SuiAddress;

    /// Signs a transaction.
    ///
    /// # Errors
    /// [`KeyError::Sign`] if the key can't.
    fn sign(&self, transaction: &Transaction) -> Result<UserSignature, KeyError>;
}

/// A secret key of one of Sui's simple schemes: ed25519, secp256k1, secp256r1.
///
/// Its text form (`suiprivkey1…`) comes from [`to_suiprivkey`](Self::to_suiprivkey) alone; `Debug`
/// shows the account.
pub struct SecretKey {
    keypair: SimpleKeypair,
    address: SuiAddress,
}

impl SecretKey {
    /// A new ed25519 key.
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill(&mut *seed);
        Ed25519PrivateKey::new(*seed).into()
    }

    /// Reads `suiprivkey1…`, or base64 of flag and key as in keystores.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let keypair = if text.starts_with("suiprivkey") {
            SimpleKeypair::from_suiprivkey(text)
        } else {
            SimpleKeypair::from_base64(text)
        };
        let keypair = keypair.map_err(|error| KeyError::Malformed {
            reason: error.to_string(),
        })?;
        Ok(keypair.into())
    }

    /// The account of the key.
    pub const fn address(&self) -> SuiAddress {
        self.address
    }

    /// The key as `suiprivkey1…`.
    ///
    /// # Errors
    /// [`KeyError::Malformed`] in theory only.
    pub fn to_suiprivkey(&self) -> Result<Zeroizing<String>, KeyError> {
        let text = self.keypair.to_suiprivkey();
        text.map(Zeroizing::new)
            .map_err(|error| KeyError::Malformed {
                reason: error.to_string(),
            })
    }

    /// The key as keystores have it: base64 of flag and key.
    pub fn to_keystore_entry(&self) -> Zeroizing<String> {
        Zeroizing::new(self.keypair.to_base64())
    }
}

impl From<SimpleKeypair> for SecretKey {
    fn from(keypair: SimpleKeypair) -> Self {
        let address = sui_address(&keypair.verifying_key().derive_address());
        Self { keypair, address }
    }
}

impl From<Ed25519PrivateKey> for SecretKey {
    fn from(key: Ed25519PrivateKey) -> Self {
        SimpleKeypair::from(key).into()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.address)
    }
}

impl Signer for SecretKey {
    fn address(&self) -> SuiAddress {
        self.address
    }

    fn sign(&self, transaction: &Transaction) -> Result<UserSignature, KeyError> {
        let signature = self.keypair.sign_transaction(transaction);
        signature.map_err(|error| KeyError::Sign {
            reason: error.to_string(),
        })
    }
}

/// The configuration file of Sui's wallet (`client.yaml`): where its keys are, and which of them to
/// use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiWalletFile {
    /// The file with the keys.
    pub keystore: PathBuf,
    /// The account to use.
    pub active_address: Option<SuiAddress>,
    /// The full node to use.
    pub rpc_url: Option<String>,
}

#[derive(Deserialize)]
struct RawWallet {
    keystore: RawKeystore,
    #[serde(default)]
    envs: Vec<RawEnv>,
    #[serde(default)]
    active_env: Option<String>,
    #[serde(default)]
    active_address: Option<SuiAddress>,
}

#[derive(Deserialize)]
struct RawKeystore {
    #[serde(rename = "File")]
    file: PathBuf,
}

#[derive(Deserialize)]
struct RawEnv {
    alias: String,
    rpc: String,
}

impl SuiWalletFile {
    /// Reads the file's text. `env` and `address` choose others than the active ones.
    ///
    /// # Errors
    /// [`KeyError::Wallet`] if it is not a wallet's configuration.
    pub fn parse(
        text: &str,
        env: Option<&str>,
        address: Option<SuiAddress>,
    ) -> Result<Self, KeyError> {
        // `keystore: !File path` and `keystore: {File: path}` are both in use.
        let raw: RawWallet = serde_yaml_ng::from_str(&text.replace("!File", "\n  File:"))?;
        let active = env.or(raw.active_env.as_deref());
        let chosen = raw.envs.iter().find(|env| Some(&*env.alias) == active);
        Ok(Self {
            keystore: raw.keystore.file,
            active_address: address.or(raw.active_address),
            rpc_url: chosen.map(|env| env.rpc.clone()),
        })
    }

    /// The active account's key out of the text of the keystore.
    ///
    /// # Errors
    /// [`KeyError`] if the keystore is malformed or has no such key.
    pub fn key(&self, keystore: &str) -> Result<SecretKey, KeyError> {
        let address = self.active_address.ok_or(KeyError::NoAddress)?;
        let keys: Vec<String> =
            serde_yaml_ng::from_str(keystore).map_err(|_| KeyError::Keystore {
                reason: "not a list of strings".to_owned(),
            })?;
        for key in keys.into_iter().map(Zeroizing::new) {
            let key = SecretKey::parse(&key)?;
            if key.address == address {
                return Ok(key);
            }
        }
        Err(KeyError::NoKey { address })
    }
}

#[cfg(test)]
mod tests;
