//! What a node counts.

use std::sync::atomic::AtomicU64;

use floe_api::Route;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper ends of the buckets of durations, in seconds.
const DURATION_BUCKETS: [f64; 10] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// Counters of a node; clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// Requests served, by route and status.
    requests: Family<RequestLabels, Counter>,
    duration: Family<RouteLabels, Histogram>,
    /// Bytes of bodies received.
    pub received: Counter,
    /// Bytes of bodies sent.
    pub sent: Counter,
    /// Requests refused for lack of room.
    pub refused: Counter,
    /// Confirmations signed.
    pub confirmations: Counter,
    /// Slivers stored, whether uploaded or recovered.
    pub slivers_stored: Counter,
    /// Metadata stored.
    pub metadata_stored: Counter,
    /// Slivers recovered from symbols.
    pub slivers_recovered: Counter,
    /// Blobs of which something was recovered.
    pub blobs_recovered: Counter,
    /// Attempts to recover a blob that failed, and are repeated.
    pub recoveries_failed: Counter,
    /// Symbols received for that, proven.
    pub symbols_received: Counter,
    /// Blobs found inconsistent.
    pub inconsistent_blobs: Counter,
    /// Events handled.
    pub events: Counter,
    /// Blobs of which something may be missing.
    pub recoveries_pending: Gauge<u64, AtomicU64>,
    /// Shards gained that are not filled yet.
    pub shards_filling: Gauge<u64, AtomicU64>,
    /// The next event.
    pub next_event: Gauge<u64, AtomicU64>,
    /// The epoch.
    pub epoch: Gauge<u64, AtomicU64>,
    /// Bytes of bodies in memory.
    pub in_flight: Gauge<u64, AtomicU64>,
    /// Bytes of records in the store.
    pub stored: Gauge<u64, AtomicU64>,
    /// Records in the store: slivers and metadata.
    pub records: Gauge<u64, AtomicU64>,
    /// Bytes that the store takes before the disk counts as full.
    pub free: Gauge<u64, AtomicU64>,
    /// Requests to other nodes.
    pub peers: floe_node_client::Metrics,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    status: u16,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            received: Counter::default(),
            sent: Counter::default(),
            refused: Counter::default(),
            confirmations: Counter::default(),
            slivers_stored: Counter::default(),
            metadata_stored: Counter::default(),
            slivers_recovered: Counter::default(),
            blobs_recovered: Counter::default(),
            recoveries_failed: Counter::default(),
            symbols_received: Counter::default(),
            inconsistent_blobs: Counter::default(),
            events: Counter::default(),
            recoveries_pending: Gauge::default(),
            shards_filling: Gauge::default(),
            next_event: Gauge::default(),
            epoch: Gauge::default(),
            in_flight: Gauge::default(),
            stored: Gauge::default(),
            records: Gauge::default(),
            free: Gauge::default(),
            peers: floe_node_client::Metrics::default(),
        }
    }
}

impl Metrics {
    /// Adds everything to a registry.
    pub fn register(&self, registry: &mut Registry) {
        self.peers.register(registry);
        let registry = registry.sub_registry_with_prefix("floe_node");
        registry.register(
            "requests",
            "Requests served, by route and status",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "From the head of a request to that of its answer",
            Unit::Seconds,
            self.duration.clone(),
        );
        for (name, help, counter) in [
            ("received", "Bytes of bodies received", &self.received),
            ("sent", "Bytes of bodies sent", &self.sent),
        ] {
            registry.register_with_unit(name, help, Unit::Bytes, counter.clone());
        }
        for (name, help, counter) in [
            (
                "refused",
                "Requests refused for lack of room",
                &self.refused,
            ),
            ("confirmations", "Confirmations signed", &self.confirmations),
            ("slivers_stored", "Slivers stored", &self.slivers_stored),
            ("metadata_stored", "Metadata stored", &self.metadata_stored),
            (
                "slivers_recovered",
                "Slivers recovered from symbols",
                &self.slivers_recovered,
            ),
            (
                "blobs_recovered",
                "Blobs of which something was recovered",
                &self.blobs_recovered,
            ),
            (
                "recoveries_failed",
                "Attempts to recover a blob that failed, and are repeated",
                &self.recoveries_failed,
            ),
            (
                "symbols_received",
                "Symbols received for recovery, and proven",
                &self.symbols_received,
            ),
            (
                "inconsistent_blobs",
                "Blobs found inconsistent",
                &self.inconsistent_blobs,
            ),
            ("events", "Events handled", &self.events),
        ] {
            registry.register(name, help, counter.clone());
        }
        for (name, help, gauge) in [
            (
                "recoveries_pending",
                "Blobs of which something may be missing",
                &self.recoveries_pending,
            ),
            (
                "shards_filling",
                "Shards gained that are not filled yet",
                &self.shards_filling,
            ),
            (
                "next_event",
                "The next event of the chain",
                &self.next_event,
            ),
            ("epoch", "The epoch", &self.epoch),
            (
                "in_flight_bytes",
                "Bytes of bodies in memory",
                &self.in_flight,
            ),
            (
                "stored_bytes",
                "Bytes of records in the store",
                &self.stored,
            ),
            (
                "stored_records",
                "Records in the store: slivers and metadata",
                &self.records,
            ),
            (
                "free_bytes",
                "Bytes that can be stored before the disk counts as full",
                &self.free,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
    }

    pub(crate) fn served(&self, route: Route, status: u16, seconds: f64) {
        let route = route.name();
        let labels = RequestLabels { route, status };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels { route };
        self.duration.get_or_create(&labels).observe(seconds);
    }

    /// Bytes received from other nodes so far to recover slivers: symbols and their proofs.
    #[must_use]
    pub fn recovery_bytes(&self) -> u64 {
        self.peers.received_bytes(Route::RecoverySymbols)
    }

    /// Requests of a route that were answered with a status.
    #[must_use]
    pub fn requests(&self, route: Route, status: u16) -> u64 {
        let route = route.name();
        self.requests
            .get_or_create(&RequestLabels { route, status })
            .get()
    }
}
