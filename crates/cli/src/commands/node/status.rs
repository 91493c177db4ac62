//! `floe node status`.

use std::{fmt, path::PathBuf};

use bytesize::ByteSize;
use floe_api::{Health, query::HealthQuery};
use floe_node::{NodeConfig, Transport};
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
pub(super) struct Report {
    #[serde(flatten)]
    health: Health,
    /// What only this machine knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk: Option<Room>,
}

/// The room for a node's database.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Room {
    available_bytes: u64,
    /// Of those, what the node leaves alone.
    reserve_bytes: u64,
}

impl Room {
    /// Of the disk that the configuration names, if it can be asked.
    fn of(config: &NodeConfig, world: &World) -> Option<Self> {
        let space = world.disk.space(&config.storage_path).ok()?;
        Some(Self {
            available_bytes: space.available_bytes,
            reserve_bytes: config.node.storage.reserve_bytes,
        })
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let free = self.available_bytes.saturating_sub(self.reserve_bytes);
        if free == 0 {
            return f.write_str("FULL: the node stores nothing");
        }
        let [free, reserve] =
            [free, self.reserve_bytes].map(|bytes| ByteSize::b(bytes).display().iec().to_string());
        write!(f, "room for {free}, and {reserve} to be kept free")
    }
}

impl Report {
    /// What a node says of itself.
    pub(super) const fn of(health: Health) -> Self {
        Self { health, disk: None }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { health, disk } = self;
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
        if let Some(disk) = disk {
            writeln!(f, "disk         {disk}")?;
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
    let config = match &args.config {
        Some(path) => Some(super::config(path, world)?),
        None => None,
    };
    let (address, security) = target(args, config.as_ref(), world)?;
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
    let disk = config.and_then(|config| Room::of(&config, world));
    output.print(&Report { health, disk })
}

fn target(
    args: &Args,
    config: Option<&NodeConfig>,
    world: &World,
) -> Result<(String, Security), Failure> {
    let plain = Security::PlainOnLoopback;
    let Some(config) = config else {
        return Ok((args.address.clone().unwrap_or_default(), plain));
    };
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
            let keys = super::keys(config, world)?;
            Security::Pinned(keys.network.public_key())
        }
    };
    Ok((listen.to_string(), security))
}
