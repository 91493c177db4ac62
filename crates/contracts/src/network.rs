//! Which network: the part of the client's configuration file that names the contracts
//! (`docs/spec/client.md` §8).

use std::{collections::BTreeMap, path::PathBuf};

use floe_core::ObjectId;
use serde::{Deserialize, Serialize};
use serde_yaml_ng::Value;
use sui_sdk_types::{Digest, ValidatorCommittee, ValidatorCommitteeMember};

/// Keys of the same file that concern others: the client's, and the wallet's.
const FOREIGN_KEYS: &[&str] = &[
    "communication_config",
    "refresh_config",
    "quilt_client_config",
    "byte_range_read_client_config",
    "streaming_config",
    "gas_budget",
    "wallet_config",
];

/// The contracts of a network, and where to reach the chain they are on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkConfig {
    /// The shared object that sells storage.
    pub system_object: ObjectId,
    /// The shared object that holds the staking pools.
    pub staking_object: ObjectId,
    /// Objects that exchange SUI for WAL; test networks have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exchange_objects: Vec<ObjectId>,
    /// The object that subsidizes buyers of storage, if there is one.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        alias = "subsidies_object"
    )]
    pub credits_object: Option<ObjectId>,
    /// The object that supplements nodes' rewards, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walrus_subsidies_object: Option<ObjectId>,
    /// The treasury of WAL; epoch changes need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treasury_object: Option<ObjectId>,
    /// The object that counts votes on upgrades.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade_manager_object: Option<ObjectId>,
    /// The object that counts votes on slashing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slashing_manager_object: Option<ObjectId>,
    /// The number of shards; checked against the chain if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n_shards: Option<u16>,
    /// For how many epochs storage can be bought; checked against the chain if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_epochs_ahead: Option<u32>,
    /// Sui full nodes, the preferred one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rpc_urls: Vec<String>,
    /// What is known of the chain beforehand. Following events needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Trust>,
}

/// What is known of the chain beforehand: everything read from a full node is judged by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// The digest of checkpoint 0.
    pub chain_id: Digest,
    /// An epoch of the chain whose validators are known.
    #[serde(default)]
    pub epoch: u64,
    /// The first checkpoint of that epoch.
    #[serde(default)]
    pub first_checkpoint: u64,
    /// The validators of that epoch.
    pub validators: Vec<ValidatorCommitteeMember>,
    /// The packages that define the contracts' events. Upgrades add to them by their own events.
    pub event_packages: Vec<ObjectId>,
}

impl Trust {
    /// The validators with their epoch.
    pub fn committee(&self) -> ValidatorCommittee {
        ValidatorCommittee {
            epoch: self.epoch,
            members: self.validators.clone(),
        }
    }
}

/// A configuration file is of no use. Whoever wrote it is at fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not YAML, or a value of the wrong kind.
    #[error("malformed configuration: {0}")]
    Yaml(#[from] serde_yaml_ng::Error),
    /// A key nobody knows.
    #[error("unknown key {key:?}; known are {known}")]
    UnknownKey {
        /// The key.
        key: String,
        /// All that are known.
        known: String,
    },
    /// Several networks in one file, and none chosen.
    #[error("several contexts ({known}) and no default_context: choose one with --context")]
    NoContext {
        /// Those in the file.
        known: String,
    },
    /// The chosen network is not in the file.
    #[error("no context {context:?}; there are {known}")]
    UnknownContext {
        /// The one asked for.
        context: String,
        /// Those in the file.
        known: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contexts {
    contexts: BTreeMap<String, Value>,
    #[serde(default)]
    default_context: Option<String>,
}

impl NetworkConfig {
    /// A network of these objects, reached through these full nodes.
    pub fn new(
        system_object: ObjectId,
        staking_object: ObjectId,
        rpc_urls: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            system_object,
            staking_object,
            exchange_objects: Vec::new(),
            credits_object: None,
            walrus_subsidies_object: None,
            treasury_object: None,
            upgrade_manager_object: None,
            slashing_manager_object: None,
            n_shards: None,
            max_epochs_ahead: None,
            rpc_urls: rpc_urls.into_iter().map(Into::into).collect(),
            trust: None,
        }
    }

    /// Reads a configuration file of one or several contexts. Keys of the client are left to it.
    ///
    /// # Errors
    /// [`ConfigError`] says what is wrong with the file, or that the context is not in it.
    pub fn from_yaml(text: &str, context: Option<&str>) -> Result<Self, ConfigError> {
        Self::from_value(Self::select_context(text, context)?)
    }

    /// The section of a configuration file for a context: the whole file if it has no contexts.
    ///
    /// # Errors
    /// [`ConfigError`] if it is no YAML, or the context is not in it.
    pub fn select_context(text: &str, context: Option<&str>) -> Result<Value, ConfigError> {
        let value: Value = serde_yaml_ng::from_str(text)?;
        if value.get("contexts").is_none() {
            return match context {
                None => Ok(value),
                Some(context) => Err(ConfigError::UnknownContext {
                    context: context.to_owned(),
                    known: "no contexts in the file".to_owned(),
                }),
            };
        }
        let mut file: Contexts = serde_yaml_ng::from_value(value)?;
        let known = file.contexts.keys().cloned().collect::<Vec<_>>().join(", ");
        let chosen = context.map(str::to_owned).or(file.default_context);
        match chosen {
            Some(context) => file
                .contexts
                .remove(&context)
                .ok_or(ConfigError::UnknownContext { context, known }),
            None if file.contexts.len() == 1 => {
                Ok(file.contexts.pop_first().map_or(Value::Null, |(_, v)| v))
            }
            None => Err(ConfigError::NoContext { known }),
        }
    }

    /// The wallet that the section of a context names, if it does.
    ///
    /// # Errors
    /// [`ConfigError`] if it names it in an unknown way.
    pub fn wallet_of(section: &Value) -> Result<Option<WalletReference>, ConfigError> {
        let wallet = section
            .get("wallet_config")
            .filter(|wallet| !wallet.is_null());
        let wallet = wallet.map(|wallet| serde_yaml_ng::from_value(wallet.clone()));
        Ok(wallet.transpose()?)
    }

    /// Reads the section of one context.
    ///
    /// # Errors
    /// [`ConfigError`] if a required key is missing, unknown, or has a malformed value.
    pub fn from_value(value: Value) -> Result<Self, ConfigError> {
        const KEYS: &[&str] = &[
            "system_object",
            "staking_object",
            "exchange_objects",
            "credits_object",
            "subsidies_object",
            "walrus_subsidies_object",
            "treasury_object",
            "upgrade_manager_object",
            "slashing_manager_object",
            "n_shards",
            "max_epochs_ahead",
            "rpc_urls",
            "trust",
        ];
        let keys = value.as_mapping().into_iter().flat_map(|map| map.keys());
        for key in keys.filter_map(Value::as_str) {
            if !KEYS.contains(&key) && !FOREIGN_KEYS.contains(&key) {
                return Err(ConfigError::UnknownKey {
                    key: key.to_owned(),
                    known: [KEYS, FOREIGN_KEYS].concat().join(", "),
                });
            }
        }
        Ok(serde_yaml_ng::from_value(value)?)
    }

    /// The file that [`from_yaml`](Self::from_yaml) reads.
    ///
    /// # Errors
    /// [`ConfigError`] in theory only.
    pub fn to_yaml(&self) -> Result<String, ConfigError> {
        Ok(serde_yaml_ng::to_string(self)?)
    }
}

/// The wallet a configuration file names: a file, possibly with another account than its active one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum WalletReference {
    /// Just the file.
    Path(PathBuf),
    /// The file and what to choose from it.
    Choice {
        /// The file.
        path: PathBuf,
        /// The environment to use instead of the active one.
        #[serde(default)]
        active_env: Option<String>,
        /// The account to use instead of the active one.
        #[serde(default)]
        active_address: Option<floe_core::SuiAddress>,
    },
}

#[cfg(test)]
mod tests;
