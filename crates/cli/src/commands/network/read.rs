//! `floe read`.

use std::{
    fmt,
    io::{self, Write as _},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use floe_client::{Check, OpenBlob};
use floe_core::BlobId;
use floe_encoding::BlobOutput as _;
use serde::Serialize;

use crate::{
    commands::decode::{Printed, copy_to_stdout, printed},
    error::Failure,
    network::{self, NetworkArgs, Session, aside, phases},
    output::{Facts, Output, bytes},
    staging::{Existing, ScratchFile, StagedFile},
    world::World,
};

/// Arguments of `floe read`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The blob's id
    #[arg(value_name = "BLOB_ID", allow_hyphen_values = true)]
    blob_id: BlobId,
    /// The file to write [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Encode the blob again and compare its id: all readers get the same bytes, or this error
    #[arg(long, conflicts_with = "skip_consistency_check")]
    strict_consistency_check: bool,
    /// Do not check whether the writer has encoded the blob rightly
    #[arg(long)]
    skip_consistency_check: bool,
    /// Read only these bytes: the first one, and how many
    #[arg(long, num_args = 2, value_names = ["START", "LENGTH"], conflicts_with_all = ["strict_consistency_check", "skip_consistency_check"])]
    range: Vec<u64>,
    /// Replace a file that exists already
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "crate::output::lossy_option"
    )]
    out: Option<PathBuf>,
    blob_id: BlobId,
    #[serde(skip_serializing_if = "Option::is_none")]
    blob: Option<String>,
    #[serde(skip)]
    length: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let out = self.out.as_deref().unwrap_or_else(|| Path::new("stdout"));
        Facts::default()
            .add("blob id", self.blob_id)
            .add(
                "written",
                format_args!("{}, {}", out.display(), bytes(self.length)),
            )
            .fmt(f)
    }
}

impl Args {
    const fn check(&self) -> Check {
        match (self.strict_consistency_check, self.skip_consistency_check) {
            (true, _) => Check::Strict,
            (false, true) => Check::Skip,
            (false, false) => Check::Default,
        }
    }
}

/// Reads a blob.
///
/// # Errors
/// [`Failure`]; nothing is left under the file's name then.
pub fn run(
    args: &Args,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| read(args, world, output, session))
}

async fn read(args: &Args, world: &World, output: Output, session: Session) -> Result<(), Failure> {
    let blob = session.client.open(args.blob_id).await?;
    let range = match args.range[..] {
        [start, length] => start..start.saturating_add(length),
        _ => 0..blob.length(),
    };
    let part = !args.range.is_empty();
    match &args.out {
        Some(path) if path != Path::new("-") => {
            let length = range.end.saturating_sub(range.start);
            if part {
                part_to_file(args, world, &blob, path, range).await?;
            } else {
                to_file(args, world, &blob, path).await?;
            }
            output.print(&Report {
                out: Some(path.clone()),
                blob_id: args.blob_id,
                blob: None,
                length,
            })
        }
        _ if output.is_json() => {
            let data = match part {
                true => blob.read_range(range).await?,
                false => blob.read(args.check()).await?,
            };
            output.print(&Report {
                out: None,
                blob_id: args.blob_id,
                blob: (!data.is_empty()).then(|| BASE64_STANDARD.encode(&data)),
                length: data.len() as u64,
            })
        }
        _ if args.check() == Check::Strict => strictly_to_stdout(world, &blob).await,
        _ => to_stdout(&blob, range).await,
    }
}

async fn to_file(args: &Args, world: &World, blob: &OpenBlob, path: &Path) -> Result<(), Failure> {
    let existing = Existing::from_force(args.force);
    let staged = StagedFile::begin(world, path, blob.length(), existing)?;
    let progress = phases(world, vec![path.display().to_string()]);
    // What fails may leave others writing for a moment; the file does not wait for them.
    let content = Arc::clone(staged.content());
    blob.read_to(content, args.check(), &*progress).await?;
    drop(progress);
    staged.commit()
}

async fn part_to_file(
    args: &Args,
    world: &World,
    blob: &OpenBlob,
    path: &Path,
    range: Range<u64>,
) -> Result<(), Failure> {
    let length = range.end.saturating_sub(range.start);
    let mut stream = blob.stream(range).await?;
    let staged = StagedFile::begin(world, path, length, Existing::from_force(args.force))?;
    let mut offset = 0;
    while let Some(piece) = stream.next().await? {
        let content = staged.content();
        content
            .write_at(offset, &piece)
            .map_err(|error| Failure::io_of("write the file", &error))?;
        offset += piece.len() as u64;
    }
    staged.commit()
}

/// Nothing is printed before all has been checked, so a temporary file holds it until then.
async fn strictly_to_stdout(world: &World, blob: &OpenBlob) -> Result<(), Failure> {
    let scratch = Arc::new(ScratchFile::new(world, blob.length())?);
    let progress = phases(world, vec![blob.blob_id().to_string()]);
    blob.read_to(Arc::clone(&scratch) as _, Check::Strict, &*progress)
        .await?;
    drop(progress);
    aside(move || copy_to_stdout(&*scratch)).await.map(drop)
}

async fn to_stdout(blob: &OpenBlob, range: Range<u64>) -> Result<(), Failure> {
    let mut stream = blob.stream(range).await?;
    while let Some(piece) = stream.next().await? {
        if aside(move || print(&piece)).await? == Printed::Unread {
            break;
        }
    }
    Ok(())
}

/// Prints bytes on stdout. That nobody reads them is no error.
pub(super) fn print(data: &[u8]) -> Result<Printed, Failure> {
    let mut out = io::stdout().lock();
    printed(out.write_all(data).and_then(|()| out.flush()))
}
