//! `floe blob-id`: the ids that the network would give to files.

use std::{fmt, path::PathBuf};

use floe_core::{BlobId, CodeParams, EncodingType, VerifiedMetadata};
use floe_encoding::{RedStuff, Source};
use serde::Serialize;

use crate::{args::Shards, error::Failure, input::Input, output::Output, world::World};

/// Arguments of `floe blob-id`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files; `-` is stdin
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    shards: Shards,
}

/// What there is to know of a blob without its slivers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BlobFacts {
    pub(crate) blob_id: BlobId,
    pub(crate) file: String,
    pub(crate) unencoded_length: u64,
    encoding_type: EncodingType,
    pub(crate) n_shards: u16,
    encoded_length: u64,
    pub(crate) symbol_size: u16,
    root_hash: String,
}

impl BlobFacts {
    pub(crate) fn new(file: String, metadata: &VerifiedMetadata) -> Result<Self, Failure> {
        let params: CodeParams = metadata.params();
        let length = metadata.unencoded_length();
        Ok(Self {
            blob_id: *metadata.blob_id(),
            unencoded_length: length,
            encoding_type: metadata.metadata().encoding_type(),
            n_shards: params.n_shards(),
            encoded_length: params
                .encoded_length(length)
                .map_err(|error| Failure::too_large(&file, &error))?,
            symbol_size: metadata.symbol_size().get(),
            root_hash: hex::encode(metadata.metadata().root_hash().bytes()),
            file,
        })
    }
}

impl fmt::Display for BlobFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.blob_id, self.file)
    }
}

/// An object for one file, a list for several.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Report {
    One(BlobFacts),
    Several(Vec<BlobFacts>),
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(facts) => facts.fmt(f),
            Self::Several(all) => {
                let lines: Vec<_> = all.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

/// Prints the ids of files.
///
/// # Errors
/// [`Failure`] of the first file that has none; nothing is printed then.
pub fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let code = args.shards.code()?;
    let mut facts = Vec::with_capacity(args.files.len());
    for file in &args.files {
        let input = Input::open(world, file, code.params().max_blob_size())?;
        let metadata = metadata(&code, &input, input.name(), world)?;
        input.ensure_unchanged()?;
        let name = file.display().to_string();
        facts.push(BlobFacts::new(name, &metadata)?);
    }
    output.print(&match facts.pop() {
        Some(one) if facts.is_empty() => Report::One(one),
        last => Report::Several(facts.into_iter().chain(last).collect()),
    })
}

/// Computes the metadata of a blob, with a progress bar.
pub(crate) fn metadata(
    code: &RedStuff,
    source: &dyn Source,
    name: &str,
    world: &World,
) -> Result<VerifiedMetadata, Failure> {
    let bar = world.bytes_bar("hashing", name, source.length());
    let threads = world.threads();
    code.metadata(source, &world.options(&threads, &bar))
        .map_err(|error| Failure::encode(name, &error))
}
