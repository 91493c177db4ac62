//! `floe list-staked-wal`.

use std::fmt;

use floe_core::onchain::staking::StakedWalState;
use serde::Serialize;

use super::{Frost, Stake};
use crate::{
    error::Failure,
    network::{self, NetworkArgs, Session},
    output::Output,
    world::World,
};

/// Arguments of `floe list-staked-wal`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only stakes that have not been asked back
    #[arg(long, conflicts_with = "withdrawing_only")]
    staked_only: bool,
    /// Only stakes that have been asked back
    #[arg(long)]
    withdrawing_only: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    staked_wals: Vec<Stake>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amounts = self.staked_wals.iter().map(|stake| stake.principal);
        let total = amounts.fold(0, u64::saturating_add);
        let stakes = crate::output::count(self.staked_wals.len(), "stake");
        write!(f, "{stakes} of {}", Frost(total))?;
        self.staked_wals
            .iter()
            .try_for_each(|stake| write!(f, "\n  {stake}"))
    }
}

/// Lists the wallet's stakes.
///
/// # Errors
/// [`Failure`].
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, async |session: Session| {
        let address = session.wallet()?.address();
        let stakes = session.contracts().all_stakes(address).await?;
        let wanted = stakes
            .iter()
            .map(|owned| &owned.value)
            .filter(|stake| match stake.state {
                StakedWalState::Staked => !args.withdrawing_only,
                StakedWalState::Withdrawing { .. } => !args.staked_only,
            });
        output.print(&Report {
            staked_wals: wanted.map(Stake::from).collect(),
        })
    })
}
