//! The genesis file: TOML.

use std::{collections::BTreeSet, time::Duration};

use floe_core::{
    SuiAddress,
    keys::{BlsPublicKey, BlsSignature, NetworkPublicKey},
};
use serde::{Deserialize, Serialize};

use super::Span;

/// FROST in one WAL, and MIST in one SUI.
const UNIT: u64 = 1_000_000_000;
/// Most nodes in a file.
const NODES_MAX: usize = 1000;
/// Longest name of a node, which is also the name of a folder.
const NAME_BYTES_MAX: usize = 64;

/// What a chain with a Walrus network on it starts from. Whatever is left out has a default, so that
/// an empty file is a network of 13 nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenesisFile {
    /// Number of shards. Default 100.
    pub n_shards: u16,
    /// How long a Walrus epoch lasts. Default `1d`.
    pub epoch_duration: Span,
    /// For how many epochs storage can be bought in advance, 1 to 1000. Default 53.
    pub max_epochs_ahead: u32,
    /// Time of genesis, ms since the Unix epoch. Default: when the chain is made.
    pub time_ms: Option<u64>,
    /// What the exchange of SUI for WAL holds. Default: a million of each.
    pub exchange: ExchangeEntry,
    /// Who has something to begin with, besides the wallets that are made for the chain.
    pub accounts: Vec<AccountEntry>,
    /// The storage nodes. Default: 13 with one stake each.
    pub nodes: Vec<NodeEntry>,
}

/// What the exchange holds at the start. It changes 1 SUI for 1 WAL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExchangeEntry {
    /// WAL to give out, FROST. With 0 there is no exchange.
    pub wal_frost: u64,
    /// SUI to give out, MIST.
    pub sui_mist: u64,
}

/// An address with something to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// The address.
    pub address: SuiAddress,
    /// One coin of SUI, MIST. Default: none.
    #[serde(default)]
    pub sui_mist: u64,
    /// One coin of WAL, FROST. Default: none.
    #[serde(default)]
    pub wal_frost: u64,
}

/// A storage node of the first committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeEntry {
    /// Its name, also that of the folder with its keys: letters, digits, `-` and `_`.
    pub name: String,
    /// Host and port of its API.
    pub network_address: String,
    /// What is staked with it, FROST. Default: 1000 WAL.
    #[serde(default = "NodeEntry::default_stake")]
    pub stake_frost: u64,
    /// Its part of the rewards, in basis points. Default 1000.
    #[serde(default = "NodeEntry::default_commission")]
    pub commission_rate: u16,
    /// Its vote on the price of storage, FROST per MiB and epoch. Default 11000.
    #[serde(default = "NodeEntry::default_storage_price")]
    pub storage_price: u64,
    /// Its vote on the price of writing, FROST per MiB. Default 20000.
    #[serde(default = "NodeEntry::default_write_price")]
    pub write_price: u64,
    /// Its vote on the capacity of the system, bytes. Default 1 TiB.
    #[serde(default = "NodeEntry::default_capacity")]
    pub capacity_bytes: u64,
    /// Public keys of a node whose secret ones are elsewhere. Default: keys are made in the chain's
    /// folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<NodeKeysEntry>,
}

/// Public keys of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeKeysEntry {
    /// The key it signs messages with.
    pub public_key: BlsPublicKey,
    /// The proof that `owner` may register that key, signed for epoch 0.
    pub proof_of_possession: BlsSignature,
    /// The key of its TLS server.
    pub network_public_key: NetworkPublicKey,
    /// Its wallet.
    pub owner: SuiAddress,
}

/// Why a genesis file is not usable, with all reasons. Its author is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisFileError {
    /// Not TOML, or not of this form.
    #[error("{0}")]
    Form(String),
    /// Values that make no network.
    #[error("{}", .0.join("; "))]
    Values(Vec<String>),
}

impl NodeEntry {
    /// A node with the usual votes and stake.
    pub fn new(name: impl Into<String>, network_address: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            network_address: network_address.into(),
            stake_frost: Self::default_stake(),
            commission_rate: Self::default_commission(),
            storage_price: Self::default_storage_price(),
            write_price: Self::default_write_price(),
            capacity_bytes: Self::default_capacity(),
            keys: None,
        }
    }

    const fn default_stake() -> u64 {
        1000 * UNIT
    }

    const fn default_commission() -> u16 {
        1000
    }

    const fn default_storage_price() -> u64 {
        11_000
    }

    const fn default_write_price() -> u64 {
        20_000
    }

    const fn default_capacity() -> u64 {
        1 << 40
    }
}

impl Default for ExchangeEntry {
    fn default() -> Self {
        Self {
            wal_frost: 1_000_000 * UNIT,
            sui_mist: 1_000_000 * UNIT,
        }
    }
}

impl Default for GenesisFile {
    fn default() -> Self {
        const FIRST_PORT: u32 = 9185;
        let node = |index: u32| {
            let address = format!("127.0.0.1:{}", FIRST_PORT + index);
            NodeEntry::new(format!("node-{index:02}"), address)
        };
        Self {
            n_shards: 100,
            epoch_duration: Span(Duration::from_hours(24)),
            max_epochs_ahead: 53,
            time_ms: None,
            exchange: ExchangeEntry::default(),
            accounts: Vec::new(),
            nodes: (0..13).map(node).collect(),
        }
    }
}

impl GenesisFile {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`GenesisFileError`], with the line for errors of form.
    pub fn parse(text: &str) -> Result<Self, GenesisFileError> {
        let file: Self = toml::from_str(text)
            .map_err(|error| GenesisFileError::Form(error.to_string().trim_end().to_owned()))?;
        file.validate()?;
        Ok(file)
    }

    /// The file as text, with every value.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a genesis file has no map with keys that are not text")
    }

    /// Checks what the form does not say.
    ///
    /// # Errors
    /// [`GenesisFileError::Values`] with all that is wrong.
    pub fn validate(&self) -> Result<(), GenesisFileError> {
        let mut wrong = Vec::new();
        let mut check = |good: bool, message: String| {
            if !good {
                wrong.push(message);
            }
        };
        check(self.n_shards > 0, "n_shards is 0".to_owned());
        check(
            self.epoch_duration.as_ms() > 0,
            "epoch_duration is 0".to_owned(),
        );
        check(
            (1..=1000).contains(&self.max_epochs_ahead),
            format!(
                "max_epochs_ahead is {}, expected 1 to 1000",
                self.max_epochs_ahead
            ),
        );
        let count = self.nodes.len();
        check(
            (1..=NODES_MAX).contains(&count),
            format!("{count} nodes, expected 1 to {NODES_MAX}"),
        );
        let mut names = BTreeSet::new();
        for node in &self.nodes {
            let name = &node.name;
            check(
                is_name(name),
                format!("node name {name:?}: expected letters, digits, - and _"),
            );
            check(names.insert(name), format!("two nodes named {name:?}"));
            check(
                node.commission_rate <= 10_000,
                format!("node {name}: commission_rate is above 10000 basis points"),
            );
            check(
                node.network_address.contains(':'),
                format!("node {name}: network_address needs a port, like example.org:9185"),
            );
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(GenesisFileError::Values(wrong))
        }
    }
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default() {
        let file = GenesisFile::parse("").unwrap();
        assert_eq!(file, GenesisFile::default());
        assert_eq!((file.n_shards, file.nodes.len()), (100, 13));
    }

    #[test]
    fn a_file_survives_the_round_trip() {
        let mut file = GenesisFile::default();
        file.accounts.push(AccountEntry {
            address: SuiAddress([7; 32]),
            sui_mist: 1,
            wal_frost: 0,
        });
        assert_eq!(GenesisFile::parse(&file.to_toml()), Ok(file));
    }

    #[test]
    fn all_problems_are_told_at_once() {
        let text = "n_shards = 0\nmax_epochs_ahead = 0\n\
            [[nodes]]\nname = \"../x\"\nnetwork_address = \"here\"\n";
        let GenesisFileError::Values(problems) = GenesisFile::parse(text).unwrap_err() else {
            panic!("the form is good");
        };
        assert_eq!(problems.len(), 4, "{problems:?}");
    }

    #[test]
    fn unknown_settings_are_refused_by_name() {
        let error = GenesisFile::parse("shards = 5").unwrap_err().to_string();
        assert!(
            error.contains("shards") && error.contains("line 1"),
            "{error}"
        );
    }
}
