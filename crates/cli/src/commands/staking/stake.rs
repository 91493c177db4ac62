//! `floe stake`.

use std::fmt;

use floe_core::ObjectId;
use serde::Serialize;

use super::{Frost, Stake, UNIT, announce};
use crate::{
    error::{Failure, Reason},
    network::{self, NetworkArgs, Session},
    output::Output,
    world::World,
};

/// Arguments of `floe stake`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Nodes to stake with
    #[arg(long, required = true, num_args = 1.., value_name = "ID", alias = "node-id")]
    node_ids: Vec<ObjectId>,
    /// FROST for each of them, or one amount for all [default: 1 WAL]
    #[arg(long, num_args = 1.., value_name = "FROST", alias = "amount")]
    amounts: Vec<u64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    staked_wal: Vec<Stake>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("staked:")?;
        self.staked_wal
            .iter()
            .try_for_each(|stake| write!(f, "\n  {stake}"))
    }
}

/// Stakes WAL with nodes.
///
/// # Errors
/// [`Failure`].
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    let amounts = match args.amounts[..] {
        [] => vec![UNIT; args.node_ids.len()],
        [one] => vec![one; args.node_ids.len()],
        ref many if many.len() == args.node_ids.len() => many.to_vec(),
        ref many => {
            let (nodes, amounts) = (args.node_ids.len(), many.len());
            let message = format!("{amounts} amounts for {nodes} nodes");
            return Err(Failure::new(Reason::InvalidArgument, message)
                .help("give one amount for each node, or one for all"));
        }
    };
    let stakes: Vec<_> = args.node_ids.iter().copied().zip(amounts).collect();
    network::run(world, network, async |session: Session| {
        let wallet = session.wallet()?;
        let nodes = session.contracts().pools(&args.node_ids).await?;
        for ((_, frost), node) in stakes.iter().zip(&nodes) {
            let (name, rate) = (
                &node.node_info.name,
                f64::from(node.commission_rate) / 100.0,
            );
            announce(
                output.is_json(),
                format_args!(
                    "staking {} with {name} (commission {rate} %)",
                    Frost(*frost)
                ),
            );
        }
        let (staked, _) = wallet.stake(&stakes).await?;
        output.print(&Report {
            staked_wal: staked.iter().map(Stake::from).collect(),
        })
    })
}
