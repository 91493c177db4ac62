//! `floe quilt list`.

use std::{fmt, path::PathBuf};

use floe_core::{BlobId, QuiltPatchId};
use floe_encoding::quilt::{Columns, IndexedPatch, PatchReader, ReadError, Tags};
use serde::Serialize;

use super::open::Opened;
use crate::{
    args::Shards,
    error::{Failure, Reason},
    output::{Output, count},
    world::World,
};

/// Arguments of `floe quilt list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The quilt: a file, or a folder of its slivers; `-` is stdin
    quilt: PathBuf,
    /// Compute the ids of the patches, which takes reading all of the quilt
    #[arg(long)]
    ids: bool,
    #[command(flatten)]
    shards: Shards,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    blob_id: Option<BlobId>,
    n_shards: u16,
    symbol_size: u16,
    patches: Vec<PatchReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PatchReport {
    identifier: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    patch_id: Option<QuiltPatchId>,
    start_index: u16,
    end_index: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    tags: Tags,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(blob_id) = self.blob_id {
            writeln!(f, "quilt {blob_id}")?;
        }
        let rows = self
            .patches
            .iter()
            .map(PatchReport::row)
            .collect::<Vec<_>>();
        let widest = |column: fn(&[String; 3]) -> &String, title: &str| {
            let cells = rows.iter().map(|row| column(row).chars().count());
            cells.max().unwrap_or(0).max(title.len())
        };
        let size = widest(|row| &row[0], "bytes");
        let columns = widest(|row| &row[1], "columns");
        write!(f, "{:>size$}  {:>columns$}  patch", "bytes", "columns")?;
        for ([bytes, range, name], patch) in rows.iter().zip(&self.patches) {
            write!(f, "\n{bytes:>size$}  {range:>columns$}  {name}")?;
            for (key, value) in &patch.tags {
                write!(f, "  {}={}", visible(key), visible(value))?;
            }
            if let Some(id) = patch.patch_id {
                write!(f, "\n{:>size$}  {:>columns$}  {id}", "", "")?;
            }
            if let Some(problem) = &patch.problem {
                write!(f, "\n{:>size$}  {:>columns$}  {}", "", "", visible(problem))?;
            }
        }
        Ok(())
    }
}

impl PatchReport {
    fn row(&self) -> [String; 3] {
        let size = self
            .size
            .map_or_else(|| "corrupt".to_owned(), |size| size.to_string());
        let range = match (self.start_index, self.end_index - 1) {
            (first, last) if first == last => first.to_string(),
            (first, last) => format!("{first}–{last}"),
        };
        [size, range, visible(&self.identifier)]
    }
}

/// Text that somebody else chose, without what would play tricks on a terminal.
fn visible(text: &str) -> String {
    let replace = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(replace).collect()
}

/// Lists a quilt.
///
/// # Errors
/// [`Failure`]: it can't be read or has no index, or patches are corrupt; the list is printed in the
/// last case, too.
pub(super) fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let quilt = Opened::open(world, &args.quilt, &args.shards)?;
    let columns = quilt.columns()?;
    let index = quilt.index(columns.as_ref())?;
    let blob_id = match (&quilt, args.ids) {
        (Opened::Blob(..), false) => None,
        _ => Some(quilt.blob_id(world)?),
    };
    let patches = index.patches().iter();
    let patches = patches.map(|patch| describe(columns.as_ref(), patch, blob_id));
    let patches: Vec<_> = patches.collect();
    quilt.ensure_unchanged()?;
    let corrupt = patches
        .iter()
        .filter(|patch| patch.problem.is_some())
        .count();
    output.print(&Report {
        blob_id,
        n_shards: columns.geometry().params().n_shards(),
        symbol_size: columns.geometry().symbol_size().get(),
        patches,
    })?;
    match corrupt {
        0 => Ok(()),
        _ => {
            let message = format!(
                "{} in {} cannot be read",
                count(corrupt, "patch"),
                quilt.name()
            );
            Err(Failure::new(Reason::Corrupt, message))
        }
    }
}

fn describe(columns: &dyn Columns, patch: &IndexedPatch, blob_id: Option<BlobId>) -> PatchReport {
    let opened = PatchReader::open(columns, patch.columns);
    PatchReport {
        identifier: patch.identifier.clone(),
        patch_id: blob_id.map(|quilt_id| QuiltPatchId {
            quilt_id,
            internal_id: patch.columns,
        }),
        start_index: patch.columns.start(),
        end_index: patch.columns.end(),
        size: opened
            .as_ref()
            .ok()
            .map(|reader| reader.header().data_bytes),
        tags: patch.tags.clone(),
        problem: opened.err().map(|error| match &error {
            ReadError::Columns { source, .. } => format!("{error}: {source}"),
            // These say their cause.
            _ => error.to_string(),
        }),
    }
}
