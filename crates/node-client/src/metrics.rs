//! What goes over the wire, counted.

use floe_api::Route;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Counters of all requests to nodes; clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    sent_bytes: Family<RouteLabels, Counter>,
    received_bytes: Family<RouteLabels, Counter>,
    duration: Family<RouteLabels, Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    outcome: &'static str,
}

/// Upper ends of the buckets of durations, in seconds.
const DURATION_BUCKETS: [f64; 12] = [
    0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0,
];

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            sent_bytes: Family::default(),
            received_bytes: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
        }
    }
}

impl Metrics {
    /// Adds the counters to a registry.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("floe_node_client");
        registry.register(
            "requests",
            "Requests to storage nodes, by route and outcome",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "sent",
            "Bytes of request bodies",
            Unit::Bytes,
            self.sent_bytes.clone(),
        );
        registry.register_with_unit(
            "received",
            "Bytes of answers' bodies",
            Unit::Bytes,
            self.received_bytes.clone(),
        );
        registry.register_with_unit(
            "request_duration",
            "From request to the end of the answer",
            Unit::Seconds,
            self.duration.clone(),
        );
    }

    /// Bytes of request bodies handed to the network so far, on one route.
    pub fn sent_bytes(&self, route: Route) -> u64 {
        let route = route.name();
        self.sent_bytes.get_or_create(&RouteLabels { route }).get()
    }

    /// Bytes of answers' bodies received so far, on one route.
    pub fn received_bytes(&self, route: Route) -> u64 {
        let route = route.name();
        self.received_bytes
            .get_or_create(&RouteLabels { route })
            .get()
    }

    pub(crate) fn sent(&self, route: Route) -> Counter {
        let route = route.name();
        self.sent_bytes
            .get_or_create(&RouteLabels { route })
            .clone()
    }

    pub(crate) fn received(&self, route: Route) -> Counter {
        let route = route.name();
        self.received_bytes
            .get_or_create(&RouteLabels { route })
            .clone()
    }

    pub(crate) fn ended(&self, route: Route, outcome: &'static str, after: std::time::Duration) {
        let route = route.name();
        self.requests
            .get_or_create(&RequestLabels { route, outcome })
            .inc();
        self.duration
            .get_or_create(&RouteLabels { route })
            .observe(after.as_secs_f64());
    }
}
