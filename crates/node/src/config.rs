//! What an operator can set.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use floe_env::places;
use serde::{Deserialize, Serialize};

/// A request on whose connection nothing moves for so long does not keep it from making way.
const STALLED_MAX: Duration = Duration::from_secs(15);

/// Settings of a node, apart from its keys and its place in the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What the node is called in logs.
    pub name: String,
    /// Whether the node makes the calls that end and begin epochs, as all nodes with a wallet do.
    /// Default true.
    pub drive_epochs: bool,
    /// How others reach it.
    pub transport: Transport,
    /// Limits that bound memory and work.
    pub limits: Limits,
    /// Recovery of what was missed.
    pub recovery: RecoveryOptions,
    /// The database.
    pub storage: floe_storage::Options,
}

/// How others reach the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mode", deny_unknown_fields)]
pub enum Transport {
    /// TLS with a certificate that the node makes for its network key.
    SelfSigned {
        /// The host name or address under which the node is registered.
        public_host: String,
    },
    /// TLS with a certificate for the network key from a file (PEM).
    Certificate {
        /// The file.
        path: PathBuf,
    },
    /// Plain HTTP, on loopback only.
    PlainOnLoopback,
    /// Plain HTTP anywhere: TLS ends in a proxy in front of the node. Other nodes are spoken to by TLS.
    PlainBehindProxy,
    /// Plain HTTP anywhere, to other nodes as well: for simulated networks.
    PlainEverywhere,
}

/// Limits that bound memory and work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of bodies, coming and going, that are in memory at once. Default 256 MiB.
    pub in_flight_bytes: usize,
    /// Milliseconds that a request waits for room before it is refused. Default 10000.
    pub admission_wait_ms: u64,
    /// Requests that wait for room. Default 1024.
    pub admission_queue: usize,
    /// Connections open at once; one more takes the place of one on which no request is worked on,
    /// see [`floe_env::places`]. Default 1024.
    pub connections: usize,
    /// Milliseconds that a new connection has for its first byte. Default 5000.
    pub first_byte_ms: u64,
    /// Streams open at once in one HTTP/2 connection. Default 256.
    pub streams: u32,
    /// Milliseconds without a byte after which a connection is closed; also, whatever else moves on
    /// it, when no request came for so long at first, or an answer was not read on. Default 60000.
    pub idle_timeout_ms: u64,
    /// Bytes per second that a body has to come with on average, after `idle_timeout_ms` of grace.
    /// Default 8192.
    pub body_bytes_per_second_min: u64,
    /// Milliseconds that running requests have to end when the node stops. Default 10000.
    pub shutdown_ms: u64,
    /// Milliseconds that an upload waits for the registration of its blob to arrive from the chain.
    /// Default 1500.
    pub registration_wait_ms: u64,
    /// Uploads that wait for a registration at once. Default 256.
    pub registration_waiters: usize,
    /// Requests for symbols with proofs answered at once. Default 8.
    pub symbol_requests: usize,
    /// Symbols given in one answer. Default 65536.
    pub symbols_per_request: usize,
    /// Bytes of expanded slivers kept for the next request of symbols. Default 32 MiB.
    pub symbol_cache_bytes: usize,
    /// Bytes of metadata kept in memory. Default 16 MiB.
    pub metadata_cache_bytes: usize,
}

/// Recovery of what was missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecoveryOptions {
    /// Milliseconds after a certification before a node asks others for what it misses: the client
    /// may still bring it. Default 15000.
    pub deferral_ms: u64,
    /// Blobs recovered at once. Default 4.
    pub blobs: usize,
    /// Bytes of symbols that are asked for at once. Default 16 MiB.
    pub in_flight_bytes: u64,
    /// Bytes of slivers of a blob that are recovered at once; one is, however large. Default 32 MiB.
    pub batch_bytes: usize,
    /// Milliseconds before a failed recovery is tried again, doubled each time. Default 1000.
    pub retry_min_ms: u64,
    /// The longest such time. Default 300000.
    pub retry_max_ms: u64,
    /// Milliseconds between two looks for what else has to be done: checkpoint of the index,
    /// compaction, stale recoveries. Default 10000.
    pub maintenance_ms: u64,
    /// Percent of a segment that may count when it is compacted. Default 50.
    pub compact_below_percent: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "floe".into(),
            drive_epochs: true,
            transport: Transport::PlainOnLoopback,
            limits: Limits::default(),
            recovery: RecoveryOptions::default(),
            storage: floe_storage::Options::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight_bytes: 256 << 20,
            admission_wait_ms: 10_000,
            admission_queue: 1024,
            connections: 1024,
            first_byte_ms: 5_000,
            streams: 256,
            idle_timeout_ms: 60_000,
            body_bytes_per_second_min: 8 << 10,
            shutdown_ms: 10_000,
            registration_wait_ms: 1_500,
            registration_waiters: 256,
            symbol_requests: 8,
            symbols_per_request: 1 << 16,
            symbol_cache_bytes: 32 << 20,
            metadata_cache_bytes: 16 << 20,
        }
    }
}

impl Default for RecoveryOptions {
    fn default() -> Self {
        Self {
            deferral_ms: 15_000,
            blobs: 4,
            in_flight_bytes: 16 << 20,
            batch_bytes: 32 << 20,
            retry_min_ms: 1_000,
            retry_max_ms: 300_000,
            maintenance_ms: 10_000,
            compact_below_percent: 50,
        }
    }
}

impl Options {
    /// What a node of a network on one machine has: little memory, and no patience.
    #[must_use]
    pub fn devnet(name: String) -> Self {
        let defaults = Self::default();
        Self {
            name,
            // Somebody there lets time jump.
            drive_epochs: false,
            transport: Transport::PlainOnLoopback,
            limits: Limits {
                in_flight_bytes: 64 << 20,
                symbol_cache_bytes: 4 << 20,
                metadata_cache_bytes: 2 << 20,
                symbol_requests: 4,
                ..defaults.limits
            },
            recovery: RecoveryOptions {
                deferral_ms: 1_000,
                blobs: 2,
                in_flight_bytes: 8 << 20,
                batch_bytes: 8 << 20,
                retry_max_ms: 10_000,
                ..defaults.recovery
            },
            storage: floe_storage::Options {
                segment_bytes: 128 << 20,
                reserve_bytes: 256 << 20,
                index_cache_bytes: 2 << 20,
                checkpoint_bytes: 32 << 20,
                queue_bytes: 64 << 20,
            },
        }
    }
}

impl Limits {
    pub(crate) const fn admission_wait(&self) -> Duration {
        Duration::from_millis(self.admission_wait_ms)
    }

    pub(crate) const fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }

    /// What connections may do.
    pub(crate) const fn places(&self) -> places::Limits {
        let idle_max = self.idle_timeout();
        places::Limits {
            connections_max: self.connections,
            first_byte_max: Duration::from_millis(self.first_byte_ms),
            first_request_max: idle_max,
            idle_max,
            unread_max: idle_max,
            stalled_max: STALLED_MAX,
        }
    }

    /// How long a body of so many bytes may take.
    pub(crate) fn body_time(&self, bytes: usize) -> Duration {
        let pace = self.body_bytes_per_second_min.max(1);
        let seconds = u64::try_from(bytes).unwrap_or(u64::MAX) / pace;
        self.idle_timeout()
            .saturating_add(Duration::from_secs(seconds))
    }

    pub(crate) const fn shutdown(&self) -> Duration {
        Duration::from_millis(self.shutdown_ms)
    }

    pub(crate) const fn registration_wait(&self) -> Duration {
        Duration::from_millis(self.registration_wait_ms)
    }
}

impl RecoveryOptions {
    pub(crate) const fn deferral(&self) -> Duration {
        Duration::from_millis(self.deferral_ms)
    }

    pub(crate) const fn maintenance(&self) -> Duration {
        Duration::from_millis(self.maintenance_ms)
    }

    /// The pause before attempt number `attempt`, the second of which is 1.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        let doubled = self
            .retry_min_ms
            .saturating_mul(1 << attempt.saturating_sub(1).min(20));
        Duration::from_millis(doubled.min(self.retry_max_ms))
    }
}

/// The configuration file of `floe node run`, in TOML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Folder of the database.
    pub storage_path: PathBuf,
    /// File of the key that signs confirmations.
    pub protocol_key_path: PathBuf,
    /// File of the key of the TLS server.
    pub network_key_path: PathBuf,
    /// File that describes the network, as clients have it (YAML).
    pub network_config_path: PathBuf,
    /// Address the node listens on, e.g. `0.0.0.0:9185`.
    pub listen: SocketAddr,
    /// Address that metrics are served on, on loopback; none if it is missing.
    #[serde(default)]
    pub metrics_listen: Option<SocketAddr>,
    /// File of the Sui key that pays for transactions of the node; it sends none if it is missing.
    #[serde(default)]
    pub wallet_key_path: Option<PathBuf>,
    /// Everything else.
    #[serde(default)]
    pub node: Options,
    /// What the node is registered with; only `floe node register` looks at it.
    #[serde(default, skip_serializing_if = "RegistrationTerms::is_empty")]
    pub registration: RegistrationTerms,
}

/// What a node is registered with, apart from its keys. What is missing is said, or not needed, when it
/// is registered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RegistrationTerms {
    /// Bytes the node can store: its vote on the network's capacity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_capacity_bytes: Option<u64>,
    /// Its vote on the price of storage, FROST per MiB and epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_price_frost: Option<u64>,
    /// Its vote on the price of writing, FROST per MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_price_frost: Option<u64>,
    /// Its part of the rewards, in hundredths of a percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commission_rate: Option<u16>,
    /// Host and port under which others reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_address: Option<String>,
    /// Address of a picture, for explorers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// Address of a page, for explorers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_url: Option<String>,
    /// A text, for explorers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl RegistrationTerms {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A configuration is of no use. The operator is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It can't be read.
    #[error("{0}")]
    Syntax(String),
    /// It makes no sense: all problems at once.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
}

impl NodeConfig {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let config: Self =
            toml::from_str(text).map_err(|error| ConfigError::Syntax(error.to_string()))?;
        config.validate()?;
        Ok(config)
    }

    /// The file that [`from_toml`](Self::from_toml) reads.
    ///
    /// # Panics
    /// If a path is not UTF-8, which no path read from a configuration is.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("numbers, text and tables have a form in TOML")
    }

    /// The same with paths that count from `folder`, the one that the configuration is in.
    #[must_use]
    pub fn in_folder(self, folder: &Path) -> Self {
        let mut config = self;
        config.storage_path = folder.join(config.storage_path);
        config.protocol_key_path = folder.join(config.protocol_key_path);
        config.network_key_path = folder.join(config.network_key_path);
        config.network_config_path = folder.join(config.network_config_path);
        config.wallet_key_path = config.wallet_key_path.map(|path| folder.join(path));
        if let Transport::Certificate { path } = &mut config.node.transport {
            *path = folder.join(&*path);
        }
        config
    }

    /// Checks what the types don't say.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] names all problems.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let mut problems = self.node.problems();
        let plain = self.node.transport == Transport::PlainOnLoopback;
        if plain && !self.listen.ip().is_loopback() {
            problems.push(format!(
                "listen: {} is not loopback, where plain HTTP is refused; set node.transport, mode \
                 \"plain_behind_proxy\" if TLS ends in a proxy",
                self.listen
            ));
        }
        if let Some(address) = self.metrics_listen
            && !address.ip().is_loopback()
        {
            problems.push(format!(
                "metrics_listen: {address} is not loopback: metrics are for this machine, or a proxy on it"
            ));
        }
        if self.registration.commission_rate > Some(10_000) {
            problems.push("registration.commission_rate is above 10000, which is all".into());
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::Invalid(problems))
        }
    }
}

impl Options {
    /// What is wrong with the options, in words.
    pub(crate) fn problems(&self) -> Vec<String> {
        let limits = &self.limits;
        let positive = [
            ("limits.in_flight_bytes", limits.in_flight_bytes),
            ("limits.connections", limits.connections),
            ("limits.symbol_requests", limits.symbol_requests),
            ("limits.symbols_per_request", limits.symbols_per_request),
            ("recovery.blobs", self.recovery.blobs),
            ("recovery.batch_bytes", self.recovery.batch_bytes),
        ];
        let zero = positive.iter().filter(|(_, value)| *value == 0);
        let mut problems: Vec<_> = zero.map(|(name, _)| format!("{name} is zero")).collect();
        if u32::try_from(limits.in_flight_bytes).is_err() {
            problems.push("limits.in_flight_bytes is 4 GiB or more".into());
        }
        if self.recovery.maintenance_ms == 0 {
            problems.push("recovery.maintenance_ms is zero".into());
        }
        if self.recovery.compact_below_percent > 90 {
            problems.push(
                "recovery.compact_below_percent is above 90: all is moved all the time".into(),
            );
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> NodeConfig {
        NodeConfig {
            storage_path: "/var/lib/floe".into(),
            protocol_key_path: "/etc/floe/protocol.key".into(),
            network_key_path: "/etc/floe/network.key".into(),
            network_config_path: "/etc/floe/client_config.yaml".into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 9185)),
            metrics_listen: None,
            wallet_key_path: None,
            node: Options::default(),
            registration: RegistrationTerms::default(),
        }
    }

    #[test]
    fn configurations_survive_their_file() {
        let mut config = config();
        assert_eq!(NodeConfig::from_toml(&config.to_toml()), Ok(config.clone()));
        config.node = Options::devnet("one".into());
        config.node.transport = Transport::SelfSigned {
            public_host: "node.example.com".into(),
        };
        config.registration.node_capacity_bytes = Some(1 << 40);
        assert_eq!(NodeConfig::from_toml(&config.to_toml()), Ok(config));
    }

    #[test]
    fn paths_count_from_the_folder_of_the_configuration() {
        let mut config = config();
        config.storage_path = "db".into();
        config.wallet_key_path = Some("wallet.key".into());
        let config = config.in_folder(Path::new("/etc/floe"));
        assert_eq!(config.storage_path, Path::new("/etc/floe/db"));
        let wallet = config.wallet_key_path.as_deref();
        assert_eq!(wallet, Some(Path::new("/etc/floe/wallet.key")));
        assert_eq!(
            config.protocol_key_path,
            Path::new("/etc/floe/protocol.key")
        );
    }

    #[test]
    fn unknown_keys_and_impossible_values_are_refused() {
        let text = config().to_toml();
        let unknown = text.replace("listen =", "lissen =");
        assert!(matches!(
            NodeConfig::from_toml(&unknown),
            Err(ConfigError::Syntax(_))
        ));
        let mut config = config();
        config.listen = SocketAddr::from(([0, 0, 0, 0], 1));
        config.metrics_listen = Some(config.listen);
        config.node.limits.connections = 0;
        let Err(ConfigError::Invalid(problems)) = config.validate() else {
            panic!("three problems");
        };
        assert_eq!(problems.len(), 3, "{problems:?}");
    }
}
