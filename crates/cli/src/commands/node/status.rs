//! `floe node status`.

use std::{fmt, path::PathBuf};

use floe_api::{Health, query::HealthQuery};
use floe_node::{Keys, Transport};
use floe_node_client::{NodeClient, Options, Security};
use serde::Serialize;

use crate::{
    commands::service::runtime,
    error::{Failure, Reason},
    output::Output,
    world::World,
};

/// Arguments of `floe node status`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration of a node on this machine
    #[arg(long, value_name = "FILE", required_unless_present = "address")]
    config: Option<PathBuf>,
    /// Address of a node on this machine that speaks plain HTTP
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "config")]
    address: Option<String>,
}

/// How a node is.
#[derive(Debug, Serialize)]
pub(super) struct Report(pub(super) Health);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(health) = self;
        let shards = &health.shard_summary;
        writeln!(f, "status       {}", health.node_status)?;
        writeln!(f, "epoch        {}", health.epoch)?;
        writeln!(
            f,
            "shards       {} owned, {} ready, {} read-only",
            shards.owned, shards.owned_shard_status.ready, shards.read_only
        )?;
        writeln!(
            f,
            "events       {} handled",
            health.event_progress.persisted
        )?;
        if let Some(checkpoint) = health.latest_checkpoint_sequence_number {
            writeln!(f, "checkpoint   {checkpoint}")?;
        }
        writeln!(f, "up           {} s", health.uptime.as_secs())?;
        write!(f, "public key   {}", health.public_key)
    }
}

/// Asks a node how it is.
///
/// # Errors
/// [`Failure`] if it does not answer.
pub(super) fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let (address, security) = target(args, world)?;
    let invalid = |error: String| {
        Failure::new(Reason::InvalidArgument, format!("{address} can't be asked")).caused_by(error)
    };
    let parsed = address.parse();
    let parsed =
        parsed.map_err(|error: floe_node_client::AddressError| invalid(error.to_string()))?;
    let health = runtime()?.block_on(async {
        let env = super::env(world)?;
        let client = NodeClient::new(&env, parsed, security, Options::default());
        let client = client.map_err(|error| invalid(error.to_string()))?;
        let health = client.health(HealthQuery { detailed: true }).await;
        health.map_err(|error| {
            Failure::new(
                Reason::Unreachable,
                format!("{address} does not say how it is"),
            )
            .caused_by(error)
        })
    })?;
    output.print(&Report(health))
}

fn target(args: &Args, world: &World) -> Result<(String, Security), Failure> {
    let plain = Security::PlainOnLoopback;
    let Some(path) = &args.config else {
        return Ok((args.address.clone().unwrap_or_default(), plain));
    };
    let config = super::config(path, world)?;
    // A node that listens everywhere is also there for those on this machine.
    let mut listen = config.listen;
    if listen.ip().is_unspecified() {
        listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let security = match config.node.transport {
        Transport::PlainOnLoopback | Transport::PlainBehindProxy | Transport::PlainEverywhere => {
            plain
        }
        Transport::SelfSigned { .. } | Transport::Certificate { .. } => {
            let (protocol, network) = (&config.protocol_key_path, &config.network_key_path);
            let keys = Keys::read(&*world.disk, protocol, network).map_err(|error| {
                Failure::new(Reason::InvalidInput, "cannot read the keys of the node")
                    .caused_by(error.to_string())
            })?;
            Security::Pinned(keys.network.public_key())
        }
    };
    Ok((listen.to_string(), security))
}
