//! `floe store`.

use std::{fmt, path::PathBuf, str::FromStr, sync::Arc};

use floe_client::{
    BlobInput, BlobStoreResult, Cost, Expiry, Persistence, PostStore, ResourceOperation,
    StoreOptions,
};
use floe_contracts::NetworkState;
use floe_core::Epoch;
use floe_encoding::Source as _;
use floe_env::UnixMillis;
use serde::Serialize;

use super::{time, wal};
use crate::{
    error::{Failure, Reason},
    input::Input,
    network::{self, NetworkArgs, Session, phases},
    output::{Facts, Output, bytes, count},
    world::World,
};

/// Arguments of `floe store`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files; `-` is stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    how: HowArgs,
}

/// How blobs are stored.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("expiry").required(true).multiple(false).args(["epochs", "earliest_expiry_time", "end_epoch"]))]
pub struct HowArgs {
    /// Epochs to keep them, the current one included, or `max`
    #[arg(long, value_name = "N|max")]
    epochs: Option<Epochs>,
    /// Keep them at least until that time, as epochs are expected to go
    #[arg(long, value_name = "RFC3339", value_parser = time::parse)]
    earliest_expiry_time: Option<UnixMillis>,
    /// Keep them until the beginning of that epoch
    #[arg(long, value_name = "EPOCH")]
    end_epoch: Option<u32>,
    /// Only tell what it would cost
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Store them even if they are stored already
    #[arg(long)]
    force: bool,
    /// Buy storage even if the wallet has some
    #[arg(long)]
    ignore_resources: bool,
    /// Nobody can delete them before they expire
    #[arg(long, conflicts_with = "deletable")]
    permanent: bool,
    /// Their owner can delete them; that is the default
    #[arg(long)]
    deletable: bool,
    /// Make them shared objects, which everybody can extend
    #[arg(long)]
    share: bool,
    /// The encoding; there is no other
    #[arg(long, value_enum, hide = true, default_value_t = EncodingType::Rs2)]
    encoding_type: EncodingType,
}

/// How blobs are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum EncodingType {
    #[value(name = "RS2")]
    Rs2,
}

/// A number of epochs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Epochs {
    Number(u32),
    Max,
}

impl FromStr for Epochs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "max" => Ok(Self::Max),
            _ => match text.parse() {
                Ok(number) if number > 0 => Ok(Self::Number(number)),
                _ => Err(format!(
                    "expected a number of epochs from 1 to {}, or max",
                    u32::MAX
                )),
            },
        }
    }
}

impl HowArgs {
    pub(super) fn options(&self) -> StoreOptions {
        let EncodingType::Rs2 = self.encoding_type;
        let expiry = match (self.epochs, self.earliest_expiry_time, self.end_epoch) {
            (Some(Epochs::Number(number)), ..) => Expiry::Epochs(number),
            (_, Some(time), _) => Expiry::Earliest(time),
            (_, _, Some(end)) => Expiry::EndEpoch(Epoch(end)),
            (Some(Epochs::Max), ..) | (None, None, None) => Expiry::Max,
        };
        StoreOptions {
            persistence: if self.permanent {
                Persistence::Permanent
            } else {
                Persistence::Deletable
            },
            expiry,
            force: self.force,
            ignore_resources: self.ignore_resources,
            post_store: if self.share {
                PostStore::Share
            } else {
                PostStore::Keep
            },
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoredFile {
    blob_store_result: BlobStoreResult,
    #[serde(serialize_with = "crate::output::lossy")]
    path: PathBuf,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Report(Vec<StoredFile>);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, file) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n\n" };
            write!(
                f,
                "{end}{}",
                describe(&file.path.display().to_string(), &file.blob_store_result)
            )?;
        }
        Ok(())
    }
}

#[derive(Debug, Serialize)]
struct DryRun {
    #[serde(serialize_with = "crate::output::lossy")]
    path: PathBuf,
    #[serde(flatten)]
    cost: Cost,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct DryRuns(Vec<DryRun>);

impl fmt::Display for DryRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for DryRun { path, cost } in &self.0 {
            writeln!(f, "{}\n", cost_facts(&path.display().to_string(), cost))?;
        }
        let total = self.0.iter().map(|run| run.cost.storage_cost).sum();
        write!(f, "total  {}; nothing was stored or paid", wal(total))
    }
}

/// What storing a blob would cost, for people.
pub(super) fn cost_facts(name: &str, cost: &Cost) -> impl fmt::Display + use<> {
    Facts::default()
        .add("file", name)
        .add("blob id", cost.blob_id)
        .add("size", bytes(cost.unencoded_size))
        .add("encoded", bytes(cost.encoded_size))
        .add("cost", wal(cost.storage_cost))
}

/// What became of a blob, for people.
pub(super) fn describe(name: &str, result: &BlobStoreResult) -> impl fmt::Display + use<> {
    let facts = Facts::default();
    match result {
        BlobStoreResult::NewlyCreated {
            blob_object,
            resource_operation,
            cost,
            shared_blob_object,
        } => {
            let persistence = if blob_object.deletable {
                "deletable"
            } else {
                "permanent"
            };
            let facts = facts
                .add("stored", name)
                .add("blob id", blob_object.blob_id)
                .add("object id", blob_object.id);
            let facts = match shared_blob_object {
                Some(shared) => facts.add("shared as", shared),
                None => facts,
            };
            facts
                .add("size", bytes(blob_object.size))
                .add(
                    "kept",
                    format_args!(
                        "until epoch {}, {persistence}",
                        blob_object.storage.end_epoch
                    ),
                )
                .add(
                    "cost",
                    format_args!("{}, {}", wal(*cost), operation(*resource_operation)),
                )
        }
        BlobStoreResult::AlreadyCertified {
            blob_id,
            object,
            end_epoch,
            ..
        } => {
            let facts = facts.add("stored before", name).add("blob id", blob_id);
            let facts = match object {
                Some(object) => facts.add("object id", object),
                None => facts,
            };
            facts.add("kept", format_args!("until epoch {end_epoch}"))
        }
        BlobStoreResult::MarkedInvalid { blob_id, .. } => facts
            .add("refused", name)
            .add("blob id", blob_id)
            .add("because", "the network has marked it invalid"),
        BlobStoreResult::Error {
            blob_id,
            failure_phase,
            error_msg,
        } => {
            let facts = facts.add("failed", name);
            let facts = match blob_id {
                Some(blob_id) => facts.add("blob id", blob_id),
                None => facts,
            };
            facts.add("because", format_args!("{failure_phase}: {error_msg}"))
        }
    }
}

fn operation(operation: ResourceOperation) -> String {
    match operation {
        ResourceOperation::RegisterFromScratch { encoded_length, .. } => {
            format!("storage bought for {}", bytes(encoded_length))
        }
        ResourceOperation::ReuseStorage { .. } => "with storage the wallet had".to_owned(),
        ResourceOperation::ReuseRegistration { .. } => "was registered before".to_owned(),
        ResourceOperation::ReuseAndExtend {
            epochs_extended, ..
        }
        | ResourceOperation::ReuseAndExtendNonCertified {
            epochs_extended, ..
        } => {
            let epochs = usize::try_from(epochs_extended).unwrap_or(usize::MAX);
            format!("extended by {}", count(epochs, "epoch"))
        }
    }
}

/// Fails if something was not stored.
pub(super) fn all_stored<'a>(
    results: impl Iterator<Item = &'a BlobStoreResult>,
) -> Result<(), Failure> {
    let (mut all, mut failed, mut cause) = (0_usize, 0_usize, String::new());
    for result in results {
        all += 1;
        failed += usize::from(!result.is_stored());
        if let BlobStoreResult::Error {
            failure_phase,
            error_msg,
            ..
        } = result
        {
            cause = format!("{failure_phase}: {error_msg}");
        }
    }
    if failed == 0 {
        return Ok(());
    }
    Err(Failure::new(
        Reason::NotConfirmed,
        format!("{failed} of {all} files were not stored"),
    )
    .caused_by(cause)
    .help("store the same files again: what was paid for is used"))
}

/// Stores files.
///
/// # Errors
/// [`Failure`]; what became of each file has been printed if some may be stored.
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| {
        store(args, world, output, session)
    })
}

/// The largest blob that the network takes.
pub(super) async fn blob_bytes_max(session: &Session) -> Result<(Arc<NetworkState>, u64), Failure> {
    let state = session.contracts().state().await?;
    let max = state.params().max_blob_size();
    Ok((state, max))
}

async fn store(
    args: &Args,
    world: &World,
    output: Output,
    session: Session,
) -> Result<(), Failure> {
    let (state, max) = blob_bytes_max(&session).await?;
    let mut inputs = Vec::with_capacity(args.files.len());
    for file in &args.files {
        let input = Input::open_aside(world, file, max).await?;
        if input.length() > max {
            let (name, n_shards) = (input.name(), state.n_shards);
            let got = input.length();
            return Err(
                Failure::new(Reason::BlobTooLarge, format!("{name} is too large"))
                    .caused_by(format!(
                        "the network's {n_shards} shards take at most {max} bytes, got {got}"
                    ))
                    .help("split the file; nothing was stored or paid"),
            );
        }
        inputs.push(BlobInput::new(Arc::new(input)));
    }
    let names = args
        .files
        .iter()
        .map(|file| file.display().to_string())
        .collect();
    let progress = phases(world, names);
    let options = args.how.options();
    if args.how.dry_run {
        let costs = session.client.cost(&inputs, &options, &progress).await?;
        drop(progress);
        let runs = args.files.iter().cloned().zip(costs);
        return output.print(&DryRuns(
            runs.map(|(path, cost)| DryRun { path, cost }).collect(),
        ));
    }
    let wallet = session.storing_wallet()?;
    let results = session
        .client
        .store(&wallet, inputs, &options, &progress)
        .await?;
    drop(progress);
    if world.interrupt.raised() && !results.iter().any(BlobStoreResult::is_stored) {
        return Err(Failure::interrupted_leaving(world.interrupt.left()));
    }
    let files = args.files.iter().cloned().zip(results);
    let report = Report(
        files
            .map(|(path, blob_store_result)| StoredFile {
                blob_store_result,
                path,
            })
            .collect(),
    );
    output.print(&report)?;
    all_stored(report.0.iter().map(|file| &file.blob_store_result))
}
