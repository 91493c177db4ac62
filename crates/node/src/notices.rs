//! What an operator is told of a node's life, at level INFO.

use std::net::SocketAddr;

use floe_core::{Epoch, ShardIndex};

use crate::chain::Peer;
use crate::config::Transport;
use crate::shared::Shared;

/// The node takes requests from now on.
pub(crate) fn running(shared: &Shared, address: SocketAddr) {
    let (member, shards) = shared.owned();
    let view = shared.view();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"), node = shared.options.name, %address,
        network = shared.chain.network(), epoch = %view.epoch, shards = shards.len(),
        events = shared.next_event(),
        "running"
    );
    if member.is_none() {
        let key = shared.keys.protocol.public_key();
        tracing::info!(
            %key,
            "no member of the committee: a node gets shards with the epoch after enough was staked with it"
        );
    }
    for problem in registration_problems(shared, address) {
        tracing::warn!("{problem}");
    }
}

/// An epoch began, before which the node owned these shards.
pub(crate) fn epoch_began(shared: &Shared, epoch: Epoch, before: &[ShardIndex]) {
    if epoch < shared.epoch() {
        // What is caught up with is no news, and its committee is not known any more.
        return;
    }
    let (_, now) = shared.owned();
    let gained = now.iter().filter(|shard| !before.contains(shard)).count();
    let lost = before.iter().filter(|shard| !now.contains(shard)).count();
    let shards = now.len();
    tracing::info!(%epoch, shards, gained, lost, "an epoch has begun");
}

/// What the chain says of the node that is not what it is, so that others don't find it.
fn registration_problems(shared: &Shared, address: SocketAddr) -> Vec<String> {
    let view = shared.view();
    let (Some(index), _) = view.owned(&shared.keys.protocol.public_key()) else {
        return Vec::new();
    };
    let peers = view.current.as_ref().map(|members| &members.peers);
    let peer = peers.and_then(|peers| peers.get(index.as_usize()));
    peer.map_or_else(Vec::new, |peer| problems(shared, peer, address))
}

fn problems(shared: &Shared, peer: &Peer, address: SocketAddr) -> Vec<String> {
    let mut problems = Vec::new();
    let transport = &shared.options.transport;
    let key = shared.keys.network.public_key();
    let has_tls = !matches!(
        transport,
        Transport::PlainOnLoopback | Transport::PlainEverywhere
    );
    if has_tls && peer.key != Some(key) {
        problems.push(format!(
            "the network key of this node is {key}, and it is registered with {}: nobody will talk to it",
            peer.key.map_or_else(|| "none".to_owned(), |key| key.to_string())
        ));
    }
    let expected = match transport {
        Transport::SelfSigned { public_host } => format!("{public_host}:{}", address.port()),
        Transport::PlainOnLoopback => address.to_string(),
        // Only who runs the proxy knows.
        _ => return problems,
    };
    let is_same_host = |host: &str| peer.address.rsplit_once(':').is_some_and(|it| it.0 == host);
    let is_right = match transport {
        // The port may be another one outside.
        Transport::SelfSigned { public_host } => is_same_host(public_host),
        _ => peer.address == expected,
    };
    if !is_right {
        problems.push(format!(
            "this node is registered at {}, where others look for it, and serves {expected}",
            peer.address
        ));
    }
    problems
}
