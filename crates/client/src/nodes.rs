//! Clients of the nodes, made once and kept, and what their errors mean for machines.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use floe_api::Reason;
use floe_contracts::{NodeInfo, ShardMap};
use floe_core::{MemberIndex, ObjectId};
use floe_env::Env;
use floe_node_client::{Metrics, NodeAddress, NodeClient, NodeError, Options, Security};
use floe_protocol::{Failure, Fault};

use crate::config::{ClientConfig, NodeScheme};

/// Clients of nodes, by node; made anew when a node's address or key changes.
#[derive(Debug)]
pub(crate) struct NodePool {
    env: Env,
    scheme: NodeScheme,
    options: Options,
    known: Mutex<BTreeMap<ObjectId, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    address: String,
    key: Option<floe_core::keys::NetworkPublicKey>,
    client: Result<NodeClient, String>,
}

/// Clients of the members of one committee, by index; what keeps one from being spoken to instead.
#[derive(Debug, Clone)]
pub(crate) struct Members(Arc<[Result<NodeClient, String>]>);

impl NodePool {
    pub(crate) fn new(env: &Env, config: &ClientConfig, metrics: Metrics) -> Self {
        Self {
            env: env.clone(),
            scheme: config.node_scheme,
            options: Options {
                requests_max: config.node_requests_max,
                total_timeout: config.node_total_timeout,
                idle_timeout: config.node_idle_timeout,
                metrics,
                ..Options::default()
            },
            known: Mutex::default(),
        }
    }

    /// Where requests are counted.
    pub(crate) const fn metrics(&self) -> &Metrics {
        &self.options.metrics
    }

    /// Clients of all members of a committee.
    pub(crate) fn members(&self, shards: &ShardMap) -> Members {
        Members(shards.nodes.iter().map(|node| self.client(node)).collect())
    }

    /// The client of a node.
    pub(crate) fn client(&self, node: &NodeInfo) -> Result<NodeClient, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&node.id)
            && known.address == node.network_address
            && known.key == node.network_public_key
        {
            return known.client.clone();
        }
        let client = self.make(node);
        known.insert(
            node.id,
            Known {
                address: node.network_address.clone(),
                key: node.network_public_key,
                client: client.clone(),
            },
        );
        client
    }

    fn make(&self, node: &NodeInfo) -> Result<NodeClient, String> {
        let address: NodeAddress = node
            .network_address
            .parse()
            .map_err(|e: floe_node_client::AddressError| e.to_string())?;
        let pinned = || {
            let key = node
                .network_public_key
                .ok_or("its network key on chain is no key")?;
            Ok::<_, String>(Security::Pinned(key))
        };
        let security = match self.scheme {
            NodeScheme::Plain => Security::Plain,
            NodeScheme::Auto if address.is_loopback() => Security::PlainOnLoopback,
            NodeScheme::Auto | NodeScheme::Tls => pinned()?,
        };
        NodeClient::new(&self.env, address, security, self.options.clone())
            .map_err(|error| error.to_string())
    }
}

impl Members {
    /// The client of a member.
    pub(crate) fn get(&self, node: MemberIndex) -> Result<NodeClient, Failure> {
        match self.0.get(node.as_usize()) {
            Some(Ok(client)) => Ok(client.clone()),
            Some(Err(reason)) => Err(Failure::new(Fault::Refused, reason.as_str())),
            None => Err(Failure::new(Fault::Refused, "not in the committee")),
        }
    }
}

/// What an error means for a machine.
pub(crate) fn failure(error: &NodeError) -> Failure {
    let fault = if error.is_misbehaviour() {
        Fault::Lied
    } else if error.is_not_found() {
        Fault::NotFound
    } else if error.is_blocked() {
        Fault::Blocked
    } else if error.reason() == Some(Reason::ShardNotAssigned) {
        Fault::OtherEpoch
    } else if error.is_retryable() && matches!(error.status(), Some(429 | 503)) {
        Fault::Unavailable
    } else if error.is_retryable() {
        Fault::Transient
    } else {
        Fault::Refused
    };
    Failure::new(fault, describe(error))
}

/// An error with its causes.
pub(crate) fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
