//! `floe read-quilt`.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use floe_client::QuiltContent;
use floe_core::{BlobId, QuiltPatchId};
use floe_encoding::{Source, quilt::Tags};
use serde::Serialize;

use super::read::print;
use crate::{
    commands::quilt::unpack::unpack,
    error::{Failure, Reason},
    network::{self, NetworkArgs, Session, aside},
    output::{Facts, Output, bytes, count},
    staging::Existing,
    world::World,
};

/// Arguments of `floe read-quilt`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(false).args(["quilt_id", "quilt_patch_ids"]))]
pub struct Args {
    /// The quilt's blob id
    #[arg(long, value_name = "BLOB_ID", allow_hyphen_values = true)]
    quilt_id: Option<BlobId>,
    /// Only the files of these names
    #[arg(long, value_name = "NAME", num_args = 1.., alias = "identifier", requires = "quilt_id")]
    identifiers: Vec<String>,
    /// Only files with this tag
    #[arg(long, num_args = 2, value_names = ["KEY", "VALUE"], requires = "quilt_id", conflicts_with = "identifiers")]
    tag: Vec<String>,
    /// The files with these ids
    #[arg(long, value_name = "ID", num_args = 1.., aliases = ["quilt-patch-id", "patch-ids"])]
    quilt_patch_ids: Vec<QuiltPatchId>,
    /// Folder for the files, created when all are there; `-` writes the one file to stdout, which is
    /// the default
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an empty folder that exists already
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Report {
    #[serde(rename_all = "camelCase")]
    Contents { retrieved_blobs: Vec<Retrieved> },
    Written {
        #[serde(serialize_with = "crate::output::lossy")]
        out: PathBuf,
        #[serde(skip)]
        files: usize,
        #[serde(skip)]
        bytes: u64,
    },
}

#[derive(Debug, Serialize)]
struct Retrieved {
    blob: Vec<u8>,
    identifier: String,
    tags: Tags,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contents { retrieved_blobs } => {
                f.write_str(&count(retrieved_blobs.len(), "file"))
            }
            Self::Written {
                out,
                files,
                bytes: size,
            } => Facts::default()
                .add("files", format_args!("{files}, {}", bytes(*size)))
                .add("written", out.display())
                .fmt(f),
        }
    }
}

/// Reads files out of a quilt.
///
/// # Errors
/// [`Failure`]; nothing is left under the folder's name then.
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| read(args, world, output, session))
}

async fn fetch(args: &Args, session: &Session) -> Result<Vec<QuiltContent>, Failure> {
    let client = &session.client;
    let Some(quilt_id) = args.quilt_id else {
        return Ok(client.read_patches_by_id(&args.quilt_patch_ids).await?);
    };
    Ok(match (&args.identifiers[..], &args.tag[..]) {
        (_, [key, value]) => client.read_patches_with_tag(quilt_id, key, value).await?,
        ([], _) => client.read_all_patches(quilt_id).await?,
        (identifiers, _) => client.read_patches(quilt_id, identifiers).await?,
    })
}

async fn read(args: &Args, world: &World, output: Output, session: Session) -> Result<(), Failure> {
    let contents = fetch(args, &session).await?;
    if let Some(out) = args.out.as_ref().filter(|out| *out != Path::new("-")) {
        let files: Vec<(&str, &dyn Source)> = contents
            .iter()
            .map(|content| (content.identifier.as_str(), &content.bytes as &dyn Source))
            .collect();
        unpack(world, out, Existing::from_force(args.force), &files)?;
        return output.print(&Report::Written {
            out: out.clone(),
            files: contents.len(),
            bytes: contents
                .iter()
                .map(|content| content.bytes.len() as u64)
                .sum(),
        });
    }
    if output.is_json() {
        let retrieved = contents.into_iter().map(|content| Retrieved {
            blob: content.bytes,
            identifier: content.identifier,
            tags: content.tags,
        });
        return output.print(&Report::Contents {
            retrieved_blobs: retrieved.collect(),
        });
    }
    match <[QuiltContent; 1]>::try_from(contents) {
        Ok([content]) => aside(move || print(&content.bytes)).await.map(drop),
        // No file has the tag.
        Err(none) if none.is_empty() => Ok(()),
        Err(several) => {
            let message = format!("{} files don't go to stdout", several.len());
            Err(Failure::new(Reason::InvalidArgument, message)
                .help("choose one with --identifiers, or name a folder with --out"))
        }
    }
}
