//! `floe health`.

use std::{fmt, time::Duration};

use floe_api::Health;
use floe_client::NodeHealth;
use floe_contracts::{Contracts, NodeInfo};
use floe_core::ObjectId;
use serde::Serialize;

use crate::{
    error::{Failure, Reason},
    network::{self, NetworkArgs, Session},
    output::Output,
    world::World,
};

/// Arguments of `floe health`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(false).multiple(false).args(["node_ids", "node_urls", "committee", "active_set"]))]
pub struct Args {
    /// Nodes, by their ids
    #[arg(long, value_name = "NODE_ID", num_args = 1..)]
    node_ids: Vec<ObjectId>,
    /// Nodes, by their network addresses
    #[arg(long, value_name = "HOST:PORT", num_args = 1..)]
    node_urls: Vec<String>,
    /// All nodes of the committee; that is the default
    #[arg(long)]
    committee: bool,
    /// All nodes that can be in the next committee
    #[arg(long)]
    active_set: bool,
    /// List every shard
    #[arg(long)]
    detail: bool,
    /// By what to sort
    #[arg(long, value_enum, default_value_t = SortBy::Status)]
    sort_by: SortBy,
    /// Sort downwards
    #[arg(long)]
    desc: bool,
    /// Nodes to ask at once
    #[arg(long, value_name = "N", default_value_t = 60)]
    concurrent_requests: usize,
    /// Seconds to wait for a node
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    timeout: u64,
}

/// By what nodes are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SortBy {
    /// Those that don't answer last
    Status,
    /// By name
    Name,
    /// By node id
    Id,
    /// By network address
    Url,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    health_info: Vec<NodeReport>,
    latest_seq: Option<u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeReport {
    node_id: ObjectId,
    node_url: String,
    node_name: String,
    network_public_key: Option<String>,
    health_info: Outcome,
}

#[derive(Debug, Serialize)]
enum Outcome {
    Ok(Box<Health>),
    Err(String),
}

impl From<NodeHealth> for NodeReport {
    fn from(asked: NodeHealth) -> Self {
        let NodeInfo {
            id,
            name,
            network_address,
            network_public_key,
            ..
        } = asked.node;
        Self {
            node_id: id,
            node_url: network_address,
            node_name: name,
            network_public_key: network_public_key.map(|key| key.to_string()),
            health_info: match asked.health {
                Ok(health) => Outcome::Ok(Box::new(health)),
                Err(reason) => Outcome::Err(reason),
            },
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let up = self
            .health_info
            .iter()
            .filter(|n| matches!(n.health_info, Outcome::Ok(_)));
        write!(
            f,
            "{} of {} nodes answer",
            up.count(),
            self.health_info.len()
        )?;
        for node in &self.health_info {
            write!(f, "\n{}  {}  ", node.node_name, node.node_url)?;
            match &node.health_info {
                Outcome::Err(reason) => write!(f, "down: {reason}")?,
                Outcome::Ok(health) => {
                    let shards = &health.shard_summary;
                    let events = &health.event_progress;
                    write!(
                        f,
                        "{}, epoch {}, {} of {} shards ready, {} events ({} pending), up {:?}",
                        health.node_status,
                        health.epoch,
                        shards.owned_shard_status.ready,
                        shards.owned,
                        events.persisted,
                        events.pending,
                        Duration::from_secs(health.uptime.as_secs())
                    )?;
                    for shard in health.shard_detail.iter().flat_map(|detail| &detail.owned) {
                        write!(f, "\n  shard {}: {:?}", shard.shard, shard.status)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Asks nodes how they are.
///
/// # Errors
/// [`Failure`] if the chain can't be read, or there is no such node. That a node is down is none.
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| health(args, output, session))
}

async fn health(args: &Args, output: Output, session: Session) -> Result<(), Failure> {
    let nodes = choose(args, session.contracts()).await?;
    let limit = Duration::from_secs(args.timeout);
    let asked = session
        .client
        .health(nodes, args.detail, args.concurrent_requests, limit)
        .await;
    let mut reports: Vec<_> = asked.into_iter().map(NodeReport::from).collect();
    match args.sort_by {
        SortBy::Status => reports.sort_by_key(|n| matches!(n.health_info, Outcome::Err(_))),
        SortBy::Name => reports.sort_by(|a, b| a.node_name.cmp(&b.node_name)),
        SortBy::Id => reports.sort_by_key(|node| node.node_id),
        SortBy::Url => reports.sort_by(|a, b| a.node_url.cmp(&b.node_url)),
    }
    if args.desc {
        reports.reverse();
    }
    let seen = reports.iter().filter_map(|node| match &node.health_info {
        Outcome::Ok(health) => health.latest_checkpoint_sequence_number,
        Outcome::Err(_) => None,
    });
    output.print(&Report {
        latest_seq: seen.max(),
        health_info: reports,
    })
}

async fn choose(args: &Args, contracts: &Contracts) -> Result<Vec<NodeInfo>, Failure> {
    if !args.node_ids.is_empty() {
        return nodes(contracts, &args.node_ids).await;
    }
    if args.active_set {
        return active_set(contracts).await;
    }
    let state = contracts.state().await?;
    let committee = state.committees.for_writes();
    let committee = committee
        .map_err(floe_client::ClientError::from)?
        .nodes
        .to_vec();
    if args.node_urls.is_empty() {
        return Ok(committee);
    }
    let mut known = committee;
    known.extend(active_set(contracts).await?);
    let find = |url: &String| {
        let bare = url
            .trim_start_matches("https://")
            .trim_start_matches("http://")
            .trim_end_matches('/');
        let node = known.iter().find(|node| node.network_address == bare);
        node.cloned().ok_or_else(|| {
            Failure::new(
                Reason::NotFound,
                format!("no node is registered with the address {url}"),
            )
            .help("floe info committee lists those of the committee")
        })
    };
    args.node_urls.iter().map(find).collect()
}

async fn active_set(contracts: &Contracts) -> Result<Vec<NodeInfo>, Failure> {
    let set = contracts.active_set().await?;
    let ids: Vec<_> = set.nodes.iter().map(|node| node.node_id).collect();
    nodes(contracts, &ids).await
}

async fn nodes(contracts: &Contracts, ids: &[ObjectId]) -> Result<Vec<NodeInfo>, Failure> {
    let pools = contracts.pools(ids).await?;
    Ok(pools.into_iter().map(NodeInfo::new).collect())
}
