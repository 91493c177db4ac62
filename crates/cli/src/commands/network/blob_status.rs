//! `floe blob-status`.

use std::{fmt, path::PathBuf, time::Duration};

use floe_api::BlobStatus;
use floe_core::BlobId;
use serde::Serialize;

use super::{store::blob_bytes_max, time};
use crate::{
    commands::blob_id::metadata,
    error::Failure,
    input::Input,
    network::{self, NetworkArgs, Session},
    output::{Facts, Output},
    world::World,
};

/// Arguments of `floe blob-status`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(false).args(["file", "blob_id"]))]
pub struct Args {
    /// A file with the blob
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The blob's id
    #[arg(long, value_name = "BLOB_ID", allow_hyphen_values = true)]
    blob_id: Option<BlobId>,
    /// Seconds to wait for the nodes
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    timeout: Duration,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text);
    let seconds = number.parse::<f64>().ok().filter(|seconds| *seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a number of seconds above 0, like 2.5s".to_owned())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    blob_id: BlobId,
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::output::lossy_option"
    )]
    file: Option<PathBuf>,
    status: BlobStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_expiry_timestamp: Option<String>,
    #[serde(skip)]
    weight: u16,
    #[serde(skip)]
    n_shards: u16,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = Facts::default().add("blob id", self.blob_id);
        let facts = match &self.status {
            BlobStatus::Nonexistent => facts.add("status", "not stored, or expired"),
            BlobStatus::Invalid { .. } => facts.add("status", "marked invalid"),
            BlobStatus::Deletable {
                deletable_counts, ..
            } => facts.add(
                "status",
                format_args!(
                    "deletable, {} of {} registrations certified",
                    deletable_counts.count_deletable_certified,
                    deletable_counts.count_deletable_total
                ),
            ),
            BlobStatus::Permanent {
                end_epoch,
                is_certified,
                ..
            } => {
                let certified = if *is_certified {
                    "certified"
                } else {
                    "registered only"
                };
                facts.add(
                    "status",
                    format_args!("permanent, {certified}, until epoch {end_epoch}"),
                )
            }
        };
        let facts = match &self.estimated_expiry_timestamp {
            Some(time) => facts.add("expires", format_args!("about {time}")),
            None => facts,
        };
        facts
            .add(
                "said by",
                format_args!("nodes with {} of {} shards", self.weight, self.n_shards),
            )
            .fmt(f)
    }
}

/// Tells what the nodes know about a blob.
///
/// # Errors
/// [`Failure`] if too few answer.
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| {
        status(args, world, output, session)
    })
}

async fn status(
    args: &Args,
    world: &World,
    output: Output,
    session: Session,
) -> Result<(), Failure> {
    let (state, max) = blob_bytes_max(&session).await?;
    let blob_id = match (&args.blob_id, &args.file) {
        (Some(blob_id), _) => *blob_id,
        (None, file) => {
            let file = file.clone().unwrap_or_else(|| PathBuf::from("-"));
            let input = Input::open_aside(world, &file, max).await?;
            let code = floe_encoding::RedStuff::new(state.n_shards.get());
            let code = code.map_err(|error| Failure::code(&error))?;
            let metadata = metadata(&code, &input, input.name(), world)?;
            input.ensure_unchanged()?;
            *metadata.blob_id()
        }
    };
    let report = session.client.blob_status(blob_id, args.timeout).await?;
    let expiry = match &report.status {
        BlobStatus::Permanent { end_epoch, .. } => state.estimated_start(*end_epoch),
        _ => None,
    };
    output.print(&Report {
        blob_id,
        file: args.file.clone(),
        status: report.status,
        estimated_expiry_timestamp: expiry.and_then(time::format),
        weight: report.weight,
        n_shards: report.n_shards,
    })
}
