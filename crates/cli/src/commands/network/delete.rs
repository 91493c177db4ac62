//! `floe delete`.

use std::{fmt, io::IsTerminal as _, path::PathBuf, time::Duration};

use floe_api::BlobStatus;
use floe_client::BlobObject;
use floe_core::{BlobId, ObjectId, onchain::blob::Blob};
use serde::Serialize;

use super::{confirm, store::blob_bytes_max};
use crate::{
    commands::blob_id::metadata,
    error::{Failure, Reason},
    input::Input,
    network::{self, NetworkArgs, Session},
    output::{Output, bytes},
    world::World,
};

/// Arguments of `floe delete`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true).args(["files", "blob_ids", "object_ids"]))]
pub struct Args {
    /// Files with the blobs
    #[arg(long, value_name = "FILE", num_args = 1.., alias = "file")]
    files: Vec<PathBuf>,
    /// Ids of blobs: all of the wallet's objects for them
    #[arg(
        long,
        value_name = "BLOB_ID",
        alias = "blob-id",
        allow_hyphen_values = true
    )]
    blob_ids: Vec<BlobId>,
    /// Ids of blob objects
    #[arg(long, value_name = "OBJECT_ID", num_args = 1.., alias = "object-id")]
    object_ids: Vec<ObjectId>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Do not ask the nodes for the status afterwards
    #[arg(long)]
    no_status_check: bool,
}

/// What a blob to be deleted was named by.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    blob_id: Option<BlobId>,
    #[serde(serialize_with = "crate::output::lossy_option")]
    file: Option<PathBuf>,
    object_id: Option<ObjectId>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Deleted {
    blob_identity: Identity,
    deleted_blobs: Vec<BlobObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_deletion_status: Option<BlobStatus>,
    no_blob_found: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    aborted: bool,
}

#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Report(Vec<Deleted>);

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self {
                file: Some(file), ..
            } => write!(f, "{}", file.display()),
            Self {
                blob_id: Some(id), ..
            } => id.fmt(f),
            Self {
                object_id: Some(id),
                ..
            } => id.fmt(f),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, one) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            let name = &one.blob_identity;
            match one {
                Deleted {
                    error: Some(error), ..
                } => write!(f, "{end}{name}: failed: {error}")?,
                Deleted { aborted: true, .. } => write!(f, "{end}{name}: kept")?,
                Deleted {
                    no_blob_found: true,
                    ..
                } => {
                    write!(
                        f,
                        "{end}{name}: the wallet has no deletable blob of that kind"
                    )?;
                }
                _ => {
                    let count = crate::output::count(one.deleted_blobs.len(), "object");
                    write!(
                        f,
                        "{end}{name}: {count} deleted, the storage is back in the wallet"
                    )?;
                }
            }
        }
        Ok(())
    }
}

/// Deletes blobs.
///
/// # Errors
/// [`Failure`]; what became of each blob has been printed if some may be deleted.
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| {
        delete(args, world, output, session)
    })
}

async fn identities(
    args: &Args,
    world: &World,
    session: &Session,
) -> Result<Vec<Identity>, Failure> {
    let mut all = Vec::new();
    if !args.files.is_empty() {
        let (state, max) = blob_bytes_max(session).await?;
        let code = floe_encoding::RedStuff::new(state.n_shards.get());
        let code = code.map_err(|error| Failure::code(&error))?;
        for file in &args.files {
            let input = Input::open_aside(world, file, max).await?;
            let metadata = metadata(&code, &input, input.name(), world)?;
            all.push(Identity {
                blob_id: Some(*metadata.blob_id()),
                file: Some(file.clone()),
                object_id: None,
            });
        }
    }
    all.extend(args.blob_ids.iter().map(|id| Identity {
        blob_id: Some(*id),
        ..Identity::default()
    }));
    all.extend(args.object_ids.iter().map(|id| Identity {
        object_id: Some(*id),
        ..Identity::default()
    }));
    Ok(all)
}

async fn delete(
    args: &Args,
    world: &World,
    output: Output,
    session: Session,
) -> Result<(), Failure> {
    let wallet = session.wallet()?;
    let contracts = session.contracts();
    let state = contracts.state().await?;
    let owned = contracts.all_blobs(wallet.address()).await?;
    let mut reports = Vec::new();
    for identity in identities(args, world, &session).await? {
        let matches = |blob: &&Blob| {
            let named = match identity {
                Identity {
                    object_id: Some(id),
                    ..
                } => blob.id.0 == id,
                _ => Some(blob.blob_id) == identity.blob_id,
            };
            named && blob.deletable && blob.storage.end_epoch > state.epoch
        };
        let found: Vec<_> = owned
            .iter()
            .map(|owned| &owned.value)
            .filter(matches)
            .cloned()
            .collect();
        reports.push(delete_one(args, &session, &wallet, identity, &found).await?);
    }
    let kept = reports.iter().filter(|one| one.aborted).count();
    let failed = reports
        .iter()
        .filter(|one| one.deleted_blobs.is_empty())
        .count();
    let all = reports.len();
    output.print(&Report(reports))?;
    if failed > 0 && kept == failed {
        let message = format!("{kept} of {all} blobs were kept");
        return Err(Failure::new(Reason::InvalidArgument, message).help("confirm it with --yes"));
    }
    if failed > 0 {
        let message = format!("{failed} of {all} blobs were not deleted");
        return Err(Failure::new(Reason::NotFound, message)
            .help("floe list-blobs shows the wallet's blobs; only deletable ones can be deleted"));
    }
    Ok(())
}

async fn delete_one(
    args: &Args,
    session: &Session,
    wallet: &floe_contracts::Wallet,
    identity: Identity,
    found: &[Blob],
) -> Result<Deleted, Failure> {
    let mut report = Deleted {
        blob_identity: identity,
        deleted_blobs: Vec::new(),
        post_deletion_status: None,
        no_blob_found: found.is_empty(),
        error: None,
        aborted: false,
    };
    let Some(first) = found.first() else {
        return Ok(report);
    };
    if !args.yes && !std::io::stdin().is_terminal() {
        return Err(
            Failure::new(Reason::InvalidArgument, "there is no terminal to ask on")
                .help("confirm it with --yes"),
        );
    }
    let question = format!(
        "delete {} of blob {}, {}?",
        crate::output::count(found.len(), "object"),
        first.blob_id,
        bytes(first.size)
    );
    if !args.yes && !confirm(question).await? {
        report.aborted = true;
        return Ok(report);
    }
    let ids: Vec<_> = found.iter().map(|blob| blob.id.0).collect();
    match wallet.delete(&ids).await {
        Ok(_) => report.deleted_blobs = found.iter().map(BlobObject::from).collect(),
        Err(error) => report.error = Some(error.to_string()),
    }
    if report.error.is_none() && !args.no_status_check {
        let status = session
            .client
            .blob_status(first.blob_id, Duration::from_secs(2))
            .await;
        report.post_deletion_status = status.ok().map(|report| report.status);
    }
    Ok(report)
}
