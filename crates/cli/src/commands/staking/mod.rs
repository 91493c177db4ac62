//! Staking WAL, getting WAL, and what operators of nodes do on chain
//! (`docs/spec/client.md` §7).

pub mod get_wal;
pub mod list;
pub mod node_admin;
mod package;
pub mod stake;
pub mod withdraw;

use std::fmt;

use clap::Subcommand;
use floe_contracts::Wallet;
use floe_core::{
    ObjectId,
    onchain::staking::{StakedWal, StakedWalState},
};
use serde::Serialize;

use crate::{error::Failure, network::NetworkArgs, output::Output, world::World};

/// The commands of stakers and operators.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Stake WAL with storage nodes
    Stake(stake::Args),
    /// Ask stakes back; they can be withdrawn an epoch or two later
    RequestWithdrawStake(withdraw::RequestArgs),
    /// Take stakes out, with their rewards
    WithdrawStake(withdraw::WithdrawArgs),
    /// List the wallet's stakes
    ListStakedWal(list::Args),
    /// Exchange SUI for WAL, on test networks
    GetWal(get_wal::Args),
    /// Act on chain for a storage node: commission, votes, rights
    NodeAdmin(node_admin::Args),
}

/// Runs a command of stakers and operators.
///
/// # Errors
/// [`Failure`] of the command.
pub fn run(
    command: &Command,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    match command {
        Command::Stake(args) => stake::run(args, network, world, output),
        Command::RequestWithdrawStake(args) => withdraw::request(args, network, world, output),
        Command::WithdrawStake(args) => withdraw::withdraw(args, network, world, output),
        Command::ListStakedWal(args) => list::run(args, network, world, output),
        Command::GetWal(args) => get_wal::run(args, network, world, output),
        Command::NodeAdmin(args) => node_admin::run(args, network, world, output),
    }
}

/// FROST of one WAL, and MIST of one SUI.
pub(super) const UNIT: u64 = 1_000_000_000;

/// An amount of WAL.
pub(super) struct Frost(pub(super) u64);

impl fmt::Display for Frost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, self.0, "WAL")
    }
}

/// An amount of SUI.
pub(super) struct Mist(pub(super) u64);

impl fmt::Display for Mist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal(f, self.0, "SUI")
    }
}

fn decimal(f: &mut fmt::Formatter<'_>, amount: u64, unit: &str) -> fmt::Result {
    let (whole, rest) = (amount / UNIT, amount % UNIT);
    if rest == 0 {
        return write!(f, "{whole} {unit}");
    }
    let rest = format!("{rest:09}");
    write!(f, "{whole}.{} {unit}", rest.trim_end_matches('0'))
}

/// A stake as JSON has it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stake {
    id: ObjectId,
    node_id: ObjectId,
    principal: u64,
    activation_epoch: u32,
    state: State,
}

#[derive(Debug, Clone, Serialize)]
enum State {
    Staked,
    #[serde(rename_all = "camelCase")]
    Withdrawing {
        withdraw_epoch: u32,
    },
}

impl From<&StakedWal> for Stake {
    fn from(stake: &StakedWal) -> Self {
        Self {
            id: stake.id.0,
            node_id: stake.node_id,
            principal: stake.principal.value,
            activation_epoch: stake.activation_epoch.0,
            state: match stake.state {
                StakedWalState::Staked => State::Staked,
                StakedWalState::Withdrawing { withdraw_epoch } => State::Withdrawing {
                    withdraw_epoch: withdraw_epoch.0,
                },
            },
        }
    }
}

impl fmt::Display for Stake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} with node {}, ",
            self.id,
            Frost(self.principal),
            self.node_id
        )?;
        match self.state {
            State::Staked => write!(f, "staked, active from epoch {}", self.activation_epoch),
            State::Withdrawing { withdraw_epoch } => {
                write!(f, "can be withdrawn from epoch {withdraw_epoch}")
            }
        }
    }
}

/// Says on stderr what is about to happen.
pub(super) fn announce(quiet: bool, what: impl fmt::Display) {
    if !quiet {
        eprintln!("{what}");
    }
}

/// Whose stakes to look at, for messages.
pub(super) fn owner(wallet: &Wallet) -> String {
    wallet.address().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_in_whole_tokens() {
        let text = |amount| Frost(amount).to_string();
        assert_eq!(text(0), "0 WAL");
        assert_eq!(text(UNIT), "1 WAL");
        assert_eq!(text(1), "0.000000001 WAL");
        assert_eq!(text(2_500_000_000), "2.5 WAL");
        assert_eq!(Mist(10).to_string(), "0.00000001 SUI");
    }
}
