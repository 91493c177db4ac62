//! `floe request-withdraw-stake` and `floe withdraw-stake`.

use std::fmt;

use floe_contracts::Wallet;
use floe_core::{
    ObjectId,
    onchain::staking::{StakedWal, StakedWalState},
};
use serde::Serialize;

use super::{Frost, Stake, announce, owner};
use crate::{
    error::{Failure, Reason},
    network::{self, NetworkArgs, Session},
    output::Output,
    world::World,
};

/// Arguments of `floe request-withdraw-stake`.
#[derive(Debug, clap::Args)]
pub struct RequestArgs {
    /// The node
    #[arg(value_name = "NODE")]
    node_id: ObjectId,
    /// Stakes with that node [default: all of the wallet's]
    #[arg(value_name = "STAKE")]
    stakes: Vec<ObjectId>,
    /// Only say which stakes would be asked back
    #[arg(long)]
    dry_run: bool,
}

/// Arguments of `floe withdraw-stake`.
#[derive(Debug, clap::Args)]
pub struct WithdrawArgs {
    /// The stakes
    #[arg(required = true, value_name = "STAKE")]
    stakes: Vec<ObjectId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Requested {
    staked_wals: Vec<Stake>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tx_digest: Option<String>,
}

impl fmt::Display for Requested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.tx_digest {
            Some(_) => "asked back:",
            None => "would be asked back:",
        })?;
        self.staked_wals
            .iter()
            .try_for_each(|stake| write!(f, "\n  {stake}"))
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Withdrawn {
    staked_wal_ids: Vec<ObjectId>,
    tx_digest: String,
    /// For people only.
    #[serde(skip)]
    received: u64,
}

impl fmt::Display for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stakes = crate::output::count(self.staked_wal_ids.len(), "stake");
        let received = Frost(self.received);
        write!(f, "withdrew {stakes}: {received} with rewards")
    }
}

/// Asks stakes back; they can be withdrawn an epoch or two later.
///
/// # Errors
/// [`Failure`].
pub fn request(
    args: &RequestArgs,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, async |session: Session| {
        let wallet = session.wallet()?;
        let chosen = choose(args, &wallet).await?;
        let ids: Vec<_> = chosen.iter().map(|stake| stake.id.0).collect();
        if args.dry_run {
            return output.print(&Requested {
                staked_wals: chosen.iter().map(Stake::from).collect(),
                tx_digest: None,
            });
        }
        let executed = wallet.request_withdraw(&ids).await?;
        let mut staked_wals = Vec::with_capacity(ids.len());
        for id in ids {
            let stake = session.contracts().staked_wal(id).await?;
            staked_wals.push(Stake::from(&stake));
        }
        output.print(&Requested {
            staked_wals,
            tx_digest: Some(executed.digest.to_string()),
        })
    })
}

/// The stakes to ask back.
async fn choose(args: &RequestArgs, wallet: &Wallet) -> Result<Vec<StakedWal>, Failure> {
    let owned = wallet.contracts().all_stakes(wallet.address()).await?;
    let mut mine = owned.into_iter().map(|owned| owned.value);
    if args.stakes.is_empty() {
        let is_staked = |stake: &StakedWal| {
            stake.node_id == args.node_id && stake.state == StakedWalState::Staked
        };
        let chosen: Vec<_> = mine.filter(is_staked).collect();
        if chosen.is_empty() {
            let message = format!("{} has no stake with node {}", owner(wallet), args.node_id);
            return Err(Failure::new(Reason::NotFound, message).help("see `floe list-staked-wal`"));
        }
        return Ok(chosen);
    }
    let mine: Vec<_> = mine.by_ref().collect();
    let find = |id: &ObjectId| {
        let stake = mine.iter().find(|stake| stake.id.0 == *id);
        let stake = stake.ok_or_else(|| {
            let message = format!("{} has no stake {id}", owner(wallet));
            Failure::new(Reason::NotFound, message).help("see `floe list-staked-wal`")
        })?;
        if stake.node_id != args.node_id {
            let message = format!("stake {id} is with node {}", stake.node_id);
            return Err(Failure::new(Reason::InvalidArgument, message));
        }
        Ok(stake.clone())
    };
    args.stakes.iter().map(find).collect()
}

/// Takes stakes out.
///
/// # Errors
/// [`Failure`].
pub fn withdraw(
    args: &WithdrawArgs,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, async |session: Session| {
        let wallet = session.wallet()?;
        for id in &args.stakes {
            let stake = session.contracts().staked_wal(*id).await?;
            announce(
                output.is_json(),
                format_args!("withdrawing {}", Stake::from(&stake)),
            );
        }
        let before = wallet.wal_balance().await?;
        let executed = wallet.withdraw(&args.stakes).await?;
        let after = wallet.wal_balance().await?;
        output.print(&Withdrawn {
            staked_wal_ids: args.stakes.clone(),
            tx_digest: executed.digest.to_string(),
            received: after.saturating_sub(before),
        })
    })
}
