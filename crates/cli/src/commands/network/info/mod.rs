//! `floe info`.

mod committee;

use std::{fmt, time::Duration};

use clap::Subcommand;
use floe_contracts::NetworkState;
use floe_core::{Axis, CodeParams, Epoch, STORAGE_UNIT_BYTES, SymbolSize};
use floe_fullnode::genesis::Span;
use serde::Serialize;

use self::committee::{CommitteeInfo, Sort};
use super::{time, wal};
use crate::{
    error::Failure,
    network::{self, NetworkArgs, Session},
    output::{Facts, Output, bytes},
    world::World,
};

/// Arguments of `floe info`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// By what to sort nodes [default: as they are on chain]
    #[arg(long, value_enum, value_name = "KEY", global = true, alias = "sort-by")]
    sort: Option<Sort>,
    /// Do not list nodes
    #[arg(long, global = true)]
    hide_details: bool,
    /// Tell who gets the commission of each node
    #[arg(long, global = true)]
    commission_receivers: bool,
    /// What to print [default: epoch, storage, size and price]
    #[command(subcommand)]
    topic: Option<Topic>,
}

/// What there is to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
enum Topic {
    /// Everything
    All,
    /// The epoch, and how long epochs are
    Epoch,
    /// Numbers of shards and nodes
    Storage,
    /// How large blobs may be
    Size,
    /// What storage costs
    Price,
    /// How much may fail
    Bft,
    /// The type of WAL
    Coin,
    /// The nodes and their shards
    Committee,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EpochInfo {
    current_epoch: Epoch,
    start_of_current_epoch: StartOfEpoch,
    epoch_duration: Duration,
    max_epochs_ahead: u32,
}

#[derive(Debug, Serialize)]
enum StartOfEpoch {
    DateTime(String),
    Message(String),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StorageInfo {
    n_shards: u16,
    n_nodes: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SizeInfo {
    storage_unit_size: u64,
    max_blob_size: u64,
    max_blob_size_in_quilt: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PriceInfo {
    storage_price_per_unit_size: u64,
    write_price_per_unit_size: u64,
    encoding_dependent_price_info: Vec<EncodingPrice>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EncodingPrice {
    marginal_size: u64,
    metadata_price: u64,
    marginal_price: u64,
    example_blobs: Vec<ExampleBlob>,
    encoding_type: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExampleBlob {
    unencoded_size: u64,
    encoded_size: u64,
    price: u64,
    encoding_type: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BftInfo {
    max_faulty_shards: u16,
    min_correct_shards: u16,
    quorum_threshold: u16,
    min_nodes_above: usize,
    shards_above: u16,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CoinInfo {
    coin_type: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    epoch_info: EpochInfo,
    storage_info: StorageInfo,
    size_info: SizeInfo,
    price_info: PriceInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    committee_info: Option<CommitteeInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bft_info: Option<BftInfo>,
}

/// Length of a blob that shows what the next byte costs.
const MARGINAL_BYTES: u64 = 1 << 20;

/// Prints facts about the network.
///
/// # Errors
/// [`Failure`] if the chain can't be read.
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| info(args, output, session))
}

async fn info(args: &Args, output: Output, session: Session) -> Result<(), Failure> {
    let state = session.contracts().state().await?;
    let report = |all: bool| -> Result<Report, Failure> {
        Ok(Report {
            epoch_info: epoch_info(&state),
            storage_info: storage_info(&state),
            size_info: size_info(state.params()),
            price_info: price_info(&state)?,
            committee_info: if all {
                Some(CommitteeInfo::new(&state, args)?)
            } else {
                None
            },
            bft_info: if all { Some(bft_info(&state)?) } else { None },
        })
    };
    match args.topic {
        None => output.print(&report(false)?),
        Some(Topic::All) => output.print(&report(true)?),
        Some(Topic::Epoch) => output.print(&epoch_info(&state)),
        Some(Topic::Storage) => output.print(&storage_info(&state)),
        Some(Topic::Size) => output.print(&size_info(state.params())),
        Some(Topic::Price) => output.print(&price_info(&state)?),
        Some(Topic::Bft) => output.print(&bft_info(&state)?),
        Some(Topic::Committee) => output.print(&CommitteeInfo::new(&state, args)?),
        Some(Topic::Coin) => output.print(&CoinInfo {
            coin_type: state.deployment.wal_type.to_string(),
        }),
    }
}

fn epoch_info(state: &NetworkState) -> EpochInfo {
    let start = state.epoch_change_done().and_then(time::format);
    let changing = || StartOfEpoch::Message("the epoch change is under way".to_owned());
    EpochInfo {
        current_epoch: state.epoch,
        start_of_current_epoch: start.map_or_else(changing, StartOfEpoch::DateTime),
        epoch_duration: Duration::from_millis(state.epoch_duration_ms()),
        max_epochs_ahead: state.max_epochs_ahead(),
    }
}

fn storage_info(state: &NetworkState) -> StorageInfo {
    let nodes = state
        .committees
        .current
        .as_ref()
        .map_or(0, |shards| shards.nodes.len());
    StorageInfo {
        n_shards: state.n_shards.get(),
        n_nodes: nodes,
    }
}

fn size_info(params: CodeParams) -> SizeInfo {
    // One column at least belongs to the index.
    let columns = u64::from(params.secondary_source_symbols()) - 1;
    let column = params.sliver_bytes(Axis::Secondary, SymbolSize::MAX) as u64;
    SizeInfo {
        storage_unit_size: STORAGE_UNIT_BYTES,
        max_blob_size: params.max_blob_size(),
        max_blob_size_in_quilt: columns * column,
    }
}

fn price_info(state: &NetworkState) -> Result<PriceInfo, Failure> {
    let (params, prices) = (state.params(), state.prices);
    let price = |encoded: u64| prices.storage_per_epoch(encoded).unwrap_or(u64::MAX);
    let encoded = |length: u64| {
        let encoded = params.encoded_length(length);
        encoded.map_err(|error| Failure::too_large("an example", &error))
    };
    let metadata = u64::from(params.n_shards()) * params.metadata_len();
    let marginal = MARGINAL_BYTES.min(params.max_blob_size());
    let mut examples = Vec::new();
    for length in [16 << 20, 512 << 20, params.max_blob_size()] {
        if length <= params.max_blob_size() {
            let encoded_size = encoded(length)?;
            examples.push(ExampleBlob {
                unencoded_size: length,
                encoded_size,
                price: price(encoded_size),
                encoding_type: "RS2",
            });
        }
    }
    Ok(PriceInfo {
        storage_price_per_unit_size: prices.storage_frost,
        write_price_per_unit_size: prices.write_frost,
        encoding_dependent_price_info: vec![EncodingPrice {
            marginal_size: marginal,
            metadata_price: price(metadata),
            marginal_price: price(encoded(marginal)? - metadata),
            example_blobs: examples,
            encoding_type: "RS2",
        }],
    })
}

fn bft_info(state: &NetworkState) -> Result<BftInfo, Failure> {
    let params = state.params();
    let current = state
        .committees
        .for_writes()
        .map_err(floe_client::ClientError::from)?;
    let mut weights: Vec<_> = current
        .committee
        .members()
        .iter()
        .map(|m| m.weight())
        .collect();
    weights.sort_unstable_by(|a, b| b.cmp(a));
    let (mut nodes, mut shards) = (0, 0);
    for weight in weights {
        if shards >= params.min_correct() {
            break;
        }
        nodes += 1;
        shards += weight;
    }
    Ok(BftInfo {
        max_faulty_shards: params.max_faulty(),
        min_correct_shards: params.min_correct(),
        quorum_threshold: params.quorum(),
        min_nodes_above: nodes,
        shards_above: shards,
    })
}

impl fmt::Display for EpochInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (StartOfEpoch::DateTime(start) | StartOfEpoch::Message(start)) =
            &self.start_of_current_epoch;
        Facts::default()
            .add("epoch", self.current_epoch)
            .add("since", start)
            .add("lasts", Span(self.epoch_duration))
            .add(
                "epochs ahead",
                format_args!("at most {}", self.max_epochs_ahead),
            )
            .fmt(f)
    }
}

impl fmt::Display for StorageInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Facts::default()
            .add("shards", self.n_shards)
            .add("nodes", self.n_nodes)
            .fmt(f)
    }
}

impl fmt::Display for SizeInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Facts::default()
            .add("storage unit", bytes(self.storage_unit_size))
            .add("largest blob", bytes(self.max_blob_size))
            .add(
                "largest file in a quilt",
                bytes(self.max_blob_size_in_quilt),
            )
            .fmt(f)
    }
}

impl fmt::Display for PriceInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = Facts::default()
            .add(
                "storage unit and epoch",
                wal(self.storage_price_per_unit_size),
            )
            .add("storage unit written", wal(self.write_price_per_unit_size));
        facts.fmt(f)?;
        for example in self
            .encoding_dependent_price_info
            .iter()
            .flat_map(|p| &p.example_blobs)
        {
            let (size, price) = (bytes(example.unencoded_size), wal(example.price));
            write!(f, "\n  {size}: {price} per epoch")?;
        }
        Ok(())
    }
}

impl fmt::Display for BftInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Facts::default()
            .add(
                "may fail",
                format_args!("{} shards", self.max_faulty_shards),
            )
            .add(
                "must store a blob",
                format_args!(
                    "{} shards, {} nodes at least",
                    self.min_correct_shards, self.min_nodes_above
                ),
            )
            .fmt(f)
    }
}

impl fmt::Display for CoinInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.coin_type)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\n\n{}\n\n{}\n\n{}",
            self.epoch_info, self.storage_info, self.size_info, self.price_info
        )?;
        if let Some(bft) = &self.bft_info {
            write!(f, "\n\n{bft}")?;
        }
        if let Some(committee) = &self.committee_info {
            write!(f, "\n\n{committee}")?;
        }
        Ok(())
    }
}
