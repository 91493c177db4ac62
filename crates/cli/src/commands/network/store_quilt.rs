//! `floe store-quilt`.

use std::{fmt, path::PathBuf, sync::Arc};

use floe_client::{BlobStoreResult, Cost, QuiltPatch, StoredPatch};
use floe_encoding::quilt::QuiltIndex;
use serde::Serialize;

use super::store::{self, HowArgs};
use crate::{
    commands::quilt::pack::{Spec, collect},
    error::{Failure, Reason},
    input::Input,
    network::{self, NetworkArgs, Session, phases},
    output::Output,
    world::World,
};

/// Arguments of `floe store-quilt`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("content").required(true).multiple(false).args(["paths", "blobs"]))]
pub struct Args {
    /// Files, named by their file name, and folders, whose files are named by their path in there
    #[arg(long, value_name = "PATH", num_args = 1..)]
    paths: Vec<PathBuf>,
    /// Files with names and tags of your choice:
    /// {"path": "a.txt", "identifier": "greeting", "tags": {"lang": "en"}}
    #[arg(long, value_name = "JSON", num_args = 1..)]
    blobs: Vec<Spec>,
    #[command(flatten)]
    how: HowArgs,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    blob_store_result: BlobStoreResult,
    stored_quilt_blobs: Vec<StoredPatch>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!(
            "quilt of {}",
            crate::output::count(self.stored_quilt_blobs.len(), "file")
        );
        store::describe(&name, &self.blob_store_result).fmt(f)?;
        for patch in &self.stored_quilt_blobs {
            write!(f, "\n{}  {}", patch.quilt_patch_id, patch.identifier)?;
        }
        Ok(())
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DryRun {
    quilt_blob_output: QuiltCost,
    quilt_index: VersionedIndex,
}

#[derive(Debug, Serialize)]
struct QuiltCost {
    path: PathBuf,
    #[serde(flatten)]
    cost: Cost,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum VersionedIndex {
    V1(QuiltIndex),
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let VersionedIndex::V1(index) = &self.quilt_index;
        let name = format!(
            "quilt of {}",
            crate::output::count(index.patches().len(), "file")
        );
        let facts = store::cost_facts(&name, &self.quilt_blob_output.cost);
        write!(f, "{facts}\nnothing was stored or paid")
    }
}

/// Stores many small files as one blob.
///
/// # Errors
/// [`Failure`]; what became of the quilt has been printed if it may be stored.
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

async fn store(
    args: &Args,
    world: &World,
    output: Output,
    session: Session,
) -> Result<(), Failure> {
    let (_, max) = store::blob_bytes_max(&session).await?;
    let mut patches = Vec::new();
    for (identifier, spec) in collect(&args.paths, &args.blobs, world)? {
        patches.push(QuiltPatch {
            identifier,
            tags: spec.tags,
            content: Arc::new(Input::open_aside(world, &spec.path, max).await?),
        });
    }
    if patches.is_empty() {
        return Err(Failure::new(
            Reason::InvalidInput,
            "there are no files to store",
        ));
    }
    let name = crate::output::count(patches.len(), "file");
    let progress = phases(world, vec![name]);
    let options = args.how.options();
    if args.how.dry_run {
        let (input, index) = session.client.build_quilt(patches).await?;
        let costs = session.client.cost(&[input], &options, &progress).await?;
        drop(progress);
        let cost = costs.into_iter().next();
        let cost = cost.ok_or_else(|| Failure::new(Reason::Internal, "no cost"))?;
        return output.print(&DryRun {
            quilt_blob_output: QuiltCost {
                path: PathBuf::from("n/a"),
                cost,
            },
            quilt_index: VersionedIndex::V1(index),
        });
    }
    let wallet = session.storing_wallet()?;
    let stored = session
        .client
        .store_quilt(&wallet, patches, &options, &progress)
        .await;
    drop(progress);
    let (blob_store_result, stored_quilt_blobs) = stored?;
    let report = Report {
        blob_store_result,
        stored_quilt_blobs,
    };
    output.print(&report)?;
    store::all_stored(std::iter::once(&report.blob_store_result))
}
