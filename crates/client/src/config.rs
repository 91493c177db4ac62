//! How the client behaves.

use std::{path::PathBuf, time::Duration};

use floe_protocol::{FetchOptions, UploadOptions};

/// How nodes are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NodeScheme {
    /// Plain HTTP to nodes on this machine, TLS to all others.
    #[default]
    Auto,
    /// TLS to all nodes, with their keys on chain pinned.
    Tls,
    /// Plain HTTP to all nodes: for networks in one's own hands, or simulated ones.
    Plain,
}

/// How a [`Client`](crate::Client) behaves.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// How nodes are spoken to.
    pub node_scheme: NodeScheme,
    /// Bytes of memory for blobs and slivers, roughly. Default 192 MiB.
    pub memory_bytes: usize,
    /// Where slivers go that don't fit in memory. Default: the system's folder for temporary files.
    pub tmp_dir: PathBuf,
    /// How uploads go about it; the budget of bytes is derived from `memory_bytes`.
    pub upload: UploadOptions,
    /// How fetches go about it; the budget of bytes is derived from `memory_bytes`.
    pub fetch: FetchOptions,
    /// How long to wait for enough nodes to show that they are there. Default 1.9 s.
    pub survey_deadline: Duration,
    /// The largest blob that is read into memory whole. Default 1 GiB.
    pub read_bytes_max: u64,
    /// Uploads under way at once, those included that only serve slow nodes. Default 4.
    pub uploads_max: usize,
    /// How often an operation is tried again when the epoch changed meanwhile. Default 5.
    pub epoch_retries: u32,
    /// Requests under way to one node. Default 16.
    pub node_requests_max: usize,
    /// How long a request to a node may take. Default 5 min.
    pub node_total_timeout: Duration,
    /// How long an idle connection to a node is kept. Default 30 s.
    pub node_idle_timeout: Duration,
    /// Bytes of slivers under way, if less than `memory_bytes` allows.
    pub in_flight_bytes_max: Option<u64>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            node_scheme: NodeScheme::default(),
            memory_bytes: 192 << 20,
            tmp_dir: std::env::temp_dir(),
            upload: UploadOptions::default(),
            fetch: FetchOptions::default(),
            survey_deadline: Duration::from_millis(1900),
            read_bytes_max: 1 << 30,
            uploads_max: 4,
            epoch_retries: 5,
            node_requests_max: 16,
            node_total_timeout: Duration::from_mins(5),
            node_idle_timeout: Duration::from_secs(30),
            in_flight_bytes_max: None,
        }
    }
}

impl ClientConfig {
    /// Slivers up to that many bytes stay in memory.
    pub(crate) const fn memory_slivers_max(&self) -> u64 {
        self.memory_bytes as u64 / 3
    }

    /// Bytes of slivers under way.
    pub(crate) fn in_flight_bytes_max(&self) -> u64 {
        let most = self.memory_bytes as u64 / 4;
        self.in_flight_bytes_max
            .map_or(most, |wanted| wanted.min(most))
    }
}
