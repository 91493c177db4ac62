//! The other nodes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use floe_core::MemberIndex;
use floe_node_client::{NodeAddress, NodeClient, NodeError, Options, Security};
use floe_protocol::{Failure, Fault};

use crate::chain::{Members, Peer};
use crate::config::Transport;
use crate::shared::Shared;

/// Requests to one node at once.
const REQUESTS_MAX: usize = 4;
/// Clients kept; more than there are nodes in a committee.
const CLIENTS_MAX: usize = 2048;

/// Clients of the other nodes, made as needed.
#[derive(Debug)]
pub(crate) struct Peers {
    pub(crate) shared: Arc<Shared>,
    clients: Mutex<BTreeMap<(String, [u8; 33]), NodeClient>>,
}

impl Peers {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            clients: Mutex::new(BTreeMap::new()),
        }
    }

    /// A client of a member.
    pub(crate) fn client(
        &self,
        members: &Members,
        index: MemberIndex,
    ) -> Result<NodeClient, Failure> {
        let refused = |reason: String| Failure::new(Fault::Refused, reason);
        let peer = members.peers.get(index.as_usize());
        let peer = peer.ok_or_else(|| refused(format!("nothing is known of member {index}")))?;
        let name = (
            peer.address.clone(),
            peer.key.map_or([0; 33], |key| key.to_bytes()),
        );
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&name) {
            return Ok(client.clone());
        }
        let client = self.connect(peer).map_err(refused)?;
        if clients.len() >= CLIENTS_MAX {
            clients.clear();
        }
        clients.insert(name, client.clone());
        Ok(client)
    }

    fn connect(&self, peer: &Peer) -> Result<NodeClient, String> {
        let address: NodeAddress = peer.address.parse().map_err(|error| format!("{error}"))?;
        let security = match (&self.shared.options.transport, peer.key) {
            (Transport::PlainEverywhere, _) => Security::Plain,
            (Transport::PlainOnLoopback, _) if address.is_loopback() => Security::PlainOnLoopback,
            (_, Some(key)) => Security::Pinned(key),
            (_, None) => return Err(format!("{address} registered no usable network key")),
        };
        let options = Options {
            requests_max: REQUESTS_MAX,
            metrics: self.shared.metrics.peers.clone(),
            ..Options::default()
        };
        let client = NodeClient::new(&self.shared.env, address, security, options);
        client.map_err(|error| error.to_string())
    }
}

/// What a failed request means.
pub(crate) fn failure(error: &NodeError) -> Failure {
    let fault = if error.is_misbehaviour() {
        Fault::Lied
    } else if error.is_not_found() {
        Fault::NotFound
    } else if error.is_blocked() {
        Fault::Blocked
    } else if error.is_retryable() {
        Fault::Transient
    } else {
        Fault::Refused
    };
    Failure::new(fault, error.to_string())
}
