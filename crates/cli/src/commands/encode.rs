//! `floe encode`: a folder of slivers from a file.

use std::{fmt, path::PathBuf};

use floe_encoding::Source as _;
use serde::Serialize;

use super::blob_id::BlobFacts;
use crate::{
    args::Shards,
    error::Failure,
    input::Input,
    output::{Facts, Output, bytes},
    sliver_dir::{SliverFiles, is_member},
    staging::{Existing, StagedDir, ensure_space},
    world::{World, parent},
};

/// Arguments of `floe encode`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file; `-` is stdin
    file: PathBuf,
    /// Folder for metadata and slivers, created when all are there
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// Replace a folder of slivers that exists already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    shards: Shards,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    #[serde(flatten)]
    blob: BlobFacts,
    out: String,
    slivers: u32,
    bytes_written: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Facts::default()
            .add("blob id", self.blob.blob_id)
            .add(
                "file",
                format_args!("{}, {}", self.blob.file, bytes(self.blob.unencoded_length)),
            )
            .add(
                "slivers",
                format_args!(
                    "{} for {} shards, with symbols of {} bytes",
                    self.slivers, self.blob.n_shards, self.blob.symbol_size
                ),
            )
            .add(
                "written",
                format_args!("{}, {}", self.out, bytes(self.bytes_written)),
            )
            .fmt(f)
    }
}

/// Encodes a file.
///
/// # Errors
/// [`Failure`]; nothing is left under the folder's name then.
pub fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let code = args.shards.code()?;
    let params = code.params();
    let input = Input::open(world, &args.file, params.max_blob_size())?;
    let name = input.name();
    let symbol_size = params
        .symbol_size(input.length())
        .map_err(|error| Failure::too_large(name, &error))?;
    let bytes_written = SliverFiles::total_bytes(params, symbol_size);

    let existing = Existing::from_force(args.force);
    let staged = StagedDir::begin(world, &args.out, existing, is_member)?;
    ensure_space(world, parent(&args.out), bytes_written)?;
    let files = SliverFiles::create(world, staged.path(), params, symbol_size)?;
    let metadata = {
        let bar = world.bytes_bar("encoding", name, input.length());
        let threads = world.threads();
        let encoded = code.encode(&input, &files, &world.options(&threads, &bar));
        encoded.map_err(|error| Failure::encode(name, &error))?
    };
    input.ensure_unchanged()?;
    let slivers = 2 * u32::from(params.n_shards());
    {
        let bar = world.count_bar("syncing", "slivers", slivers.into());
        files.finish(world, &metadata, &|| bar.add(1))?;
    }
    staged.commit()?;
    output.print(&Report {
        blob: BlobFacts::new(args.file.display().to_string(), &metadata)?,
        out: args.out.display().to_string(),
        slivers,
        bytes_written,
    })
}
