//! What a node counts.

use std::{fmt, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// The metrics of a node.
pub struct Metrics {
    registry: Registry,
    transactions: Family<TransactionLabels, Counter>,
    checkpoint: Gauge,
    waiting: Gauge,
    connections: Gauge,
    grants: Counter,
    execute_seconds: Histogram,
    commit_seconds: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransactionLabels {
    outcome: TransactionOutcome,
}

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the names are the values of the label")]
pub(crate) enum TransactionOutcome {
    success,
    failure,
    rejected,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        // From 0.1 ms to 3.3 s.
        let seconds = || Histogram::new(exponential_buckets(0.0001, 2.0, 16));
        let mut metrics = Self {
            registry: Registry::with_prefix("floe_fullnode"),
            transactions: Family::default(),
            checkpoint: Gauge::default(),
            waiting: Gauge::default(),
            connections: Gauge::default(),
            grants: Counter::default(),
            execute_seconds: seconds(),
            commit_seconds: seconds(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "transactions",
            "Transactions of users by what became of them",
            self.transactions.clone(),
        );
        registry.register(
            "checkpoint",
            "Number of the latest checkpoint",
            self.checkpoint.clone(),
        );
        registry.register(
            "waiting_transactions",
            "Transactions that were submitted and not answered",
            self.waiting.clone(),
        );
        registry.register(
            "http_connections",
            "Open connections",
            self.connections.clone(),
        );
        registry.register("faucet_grants", "Grants of the faucet", self.grants.clone());
        registry.register_with_unit(
            "block_execute",
            "Time to execute a block and sign its checkpoint",
            Unit::Seconds,
            self.execute_seconds.clone(),
        );
        registry.register_with_unit(
            "block_commit",
            "Time to make a block durable",
            Unit::Seconds,
            self.commit_seconds.clone(),
        );
    }

    /// All values in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut out = String::new();
        match text::encode(&mut out, &self.registry) {
            Ok(()) => out,
            Err(fmt::Error) => String::new(),
        }
    }

    pub(crate) fn executed(&self, time: Duration) {
        self.execute_seconds.observe(time.as_secs_f64());
    }

    pub(crate) fn committed(&self, checkpoint: u64, time: Duration) {
        self.commit_seconds.observe(time.as_secs_f64());
        self.checkpoint
            .set(i64::try_from(checkpoint).unwrap_or(i64::MAX));
    }

    pub(crate) fn transaction(&self, outcome: TransactionOutcome) {
        self.transactions
            .get_or_create(&TransactionLabels { outcome })
            .inc();
    }

    pub(crate) fn set_waiting(&self, waiting: usize) {
        self.waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    pub(crate) fn granted(&self) {
        self.grants.inc();
    }

    /// Counts a connection for as long as the result lives.
    pub(crate) fn connection(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}
