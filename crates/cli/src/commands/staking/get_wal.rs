//! `floe get-wal`.

use std::fmt;

use floe_core::ObjectId;
use serde::Serialize;

use super::{Frost, Mist, UNIT, announce};
use crate::{
    error::{Failure, Reason},
    network::{self, NetworkArgs, Session},
    output::Output,
    world::World,
};

/// Arguments of `floe get-wal`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The exchange [default: the first one configured]
    #[arg(long, value_name = "ID")]
    exchange_id: Option<ObjectId>,
    /// MIST to exchange
    #[arg(long, value_name = "MIST", default_value_t = UNIT / 2, value_parser = clap::value_parser!(u64).range(1..))]
    amount: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    amount_sui: u64,
    /// For people only.
    #[serde(skip)]
    received: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sui, wal) = (Mist(self.amount_sui), Frost(self.received));
        write!(f, "exchanged {sui} for {wal}")
    }
}

/// Exchanges SUI for WAL on a test network.
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
        let wallet = session.wallet()?;
        let configured = session
            .contracts()
            .network()
            .exchange_objects
            .first()
            .copied();
        let exchange = args.exchange_id.or(configured).ok_or_else(|| {
            Failure::new(Reason::InvalidArgument, "no exchange is configured")
                .help("name one with --exchange-id; the main network has none")
        })?;
        let rate = session.contracts().exchange(exchange).await?.rate;
        let amount = u128::from(args.amount) * u128::from(rate.wal);
        let expected = amount.checked_div(u128::from(rate.sui)).unwrap_or(0);
        let expected = u64::try_from(expected).unwrap_or(u64::MAX);
        announce(
            output.is_json(),
            format_args!("exchanging {} for {}", Mist(args.amount), Frost(expected)),
        );
        wallet.exchange_sui_for_wal(exchange, args.amount).await?;
        output.print(&Report {
            amount_sui: args.amount,
            received: expected,
        })
    })
}
