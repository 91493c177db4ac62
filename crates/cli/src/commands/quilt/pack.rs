//! `floe quilt pack`.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use floe_core::{BlobId, QuiltPatchId};
use floe_encoding::{
    BlobOutput as _, Source as _,
    quilt::{BuildError, IdentifierError, Patch, PatchIdentifier, Quilt, Tags},
};
use floe_env::Kind;
use serde::{Deserialize, Serialize};

use crate::{
    args::Shards,
    commands::{
        blob_id::metadata,
        decode::{Printed, copy, copy_to_stdout},
    },
    error::{Failure, Reason},
    input::Input,
    output::{Facts, Output, bytes, count},
    staging::{Existing, StagedFile},
    world::World,
};

/// Arguments of `floe quilt pack`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files, named by their file name, and folders, whose files are named by their path in there
    #[arg(value_name = "PATH", required_unless_present = "blobs")]
    paths: Vec<PathBuf>,
    /// A file with a name and tags of your choice:
    /// {"path": "a.txt", "identifier": "greeting", "tags": {"lang": "en"}}; may be repeated
    #[arg(long, value_name = "JSON")]
    blobs: Vec<Spec>,
    /// The quilt to write; `-` is stdout
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that exists already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    shards: Shards,
}

/// A file to pack, with its name and tags.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spec {
    pub(crate) path: PathBuf,
    identifier: Option<String>,
    #[serde(default)]
    pub(crate) tags: Tags,
}

impl FromStr for Spec {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    blob_id: BlobId,
    out: String,
    n_shards: u16,
    symbol_size: u16,
    unencoded_length: u64,
    patches: Vec<PatchReport>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PatchReport {
    identifier: String,
    patch_id: QuiltPatchId,
    size: u64,
    tags: Tags,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = self.patches.iter().map(|patch| patch.size).sum();
        Facts::default()
            .add("quilt", self.blob_id)
            .add(
                "patches",
                format_args!("{}, {}", self.patches.len(), bytes(payload)),
            )
            .add(
                "written",
                format_args!("{}, {}", self.out, bytes(self.unencoded_length)),
            )
            .fmt(f)?;
        for patch in &self.patches {
            write!(f, "\n{}  {}", patch.patch_id, patch.identifier)?;
        }
        Ok(())
    }
}

/// Packs files.
///
/// # Errors
/// [`Failure`]; nothing is left under the quilt's name then.
pub(super) fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let code = args.shards.code()?;
    let specs = collect(&args.paths, &args.blobs, world)?;
    let max = usize::from(code.params().secondary_source_symbols()) - 1;
    // Before as many files are opened.
    if specs.len() > max {
        return Err(refused(&BuildError::TooManyPatches {
            got: specs.len(),
            max: max as u64,
        }));
    }
    if specs.is_empty() {
        return Err(Failure::new(
            Reason::InvalidInput,
            "there are no files to pack",
        ));
    }
    let patches = specs.into_iter().map(|(identifier, spec)| {
        let content = Input::open(world, &spec.path, code.params().max_blob_size())?;
        Ok(Patch {
            identifier,
            tags: spec.tags,
            content,
        })
    });
    let patches = patches.collect::<Result<Vec<_>, Failure>>()?;
    let quilt = Quilt::build(code.params(), patches).map_err(|error| refused(&error))?;

    let what = count(quilt.index().patches().len(), "file");
    let metadata = metadata(&code, &quilt, &what, world).or_else(|error| blame(&quilt, error))?;
    let to_stdout = args.out == Path::new("-");
    if to_stdout {
        let printed = copy_to_stdout(&quilt).or_else(|error| blame(&quilt, error))?;
        if printed == Printed::Unread {
            return Ok(());
        }
        unchanged(&quilt)?;
    } else {
        let existing = Existing::from_force(args.force);
        let staged = StagedFile::begin(world, &args.out, quilt.length(), existing)?;
        let bar = world.bytes_bar("writing", &args.out.display().to_string(), quilt.length());
        let written = copy(&quilt, |offset, bytes| {
            bar.add(bytes.len() as u64);
            staged.content().write_at(offset, bytes)
        });
        drop(bar);
        let what = format_args!("pack the files into {}", args.out.display());
        written.or_else(|error| blame(&quilt, Failure::io_of(what, &error)))?;
        unchanged(&quilt)?;
        staged.commit()?;
    }
    let blob_id = *metadata.blob_id();
    let patches = quilt.index().patches().iter().zip(quilt.contents());
    let patches = patches.map(|(patch, content)| PatchReport {
        identifier: patch.identifier.clone(),
        patch_id: QuiltPatchId {
            quilt_id: blob_id,
            internal_id: patch.columns,
        },
        size: content.length(),
        tags: patch.tags.clone(),
    });
    output.beside(to_stdout).print(&Report {
        blob_id,
        out: args.out.display().to_string(),
        n_shards: code.params().n_shards(),
        symbol_size: quilt.geometry().symbol_size().get(),
        unencoded_length: quilt.length(),
        patches: patches.collect(),
    })
}

/// No file may have changed since it was opened: its bytes were read twice.
fn unchanged(quilt: &Quilt<Input>) -> Result<(), Failure> {
    quilt.contents().try_for_each(Input::ensure_unchanged)
}

/// Says which file changed if that is why packing failed.
fn blame<T>(quilt: &Quilt<Input>, failure: Failure) -> Result<T, Failure> {
    unchanged(quilt).and(Err(failure))
}

pub(crate) fn refused(error: &BuildError) -> Failure {
    let failure = Failure::new(Reason::InvalidPatches, "these files make no quilt")
        .caused_by(error.to_string());
    match error {
        BuildError::DuplicateIdentifier { .. } => {
            failure.help("give one of them another name with --blobs")
        }
        BuildError::TooManyPatches { .. } | BuildError::TooLarge { .. } => {
            failure.help("make several quilts")
        }
        _ => failure,
    }
}

/// All files to pack, with their names.
pub(crate) fn collect(
    paths: &[PathBuf],
    blobs: &[Spec],
    world: &World,
) -> Result<Vec<(PatchIdentifier, Spec)>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let is_dir = path != Path::new("-") && world.disk.metadata(path)?.kind == Kind::Dir;
        if is_dir {
            walk(world, path, "", &mut found)?;
        } else {
            found.push(Spec {
                path: path.clone(),
                identifier: None,
                tags: Tags::new(),
            });
        }
    }
    found.extend(blobs.iter().cloned());
    let name = |spec: Spec| {
        let identifier = match &spec.identifier {
            Some(identifier) => identifier.clone(),
            None => file_name(&spec.path)?,
        };
        let identifier = PatchIdentifier::new(identifier);
        Ok((
            identifier.map_err(|error| illegal(&spec.path, &error))?,
            spec,
        ))
    };
    found.into_iter().map(name).collect()
}

fn file_name(path: &Path) -> Result<String, Failure> {
    let name = path.file_name().filter(|_| path != Path::new("-"));
    name.and_then(|name| name.to_str())
        .map(str::to_owned)
        .ok_or_else(|| {
            let message = format!("{} has no name that a patch can have", path.display());
            Failure::new(Reason::InvalidPatches, message)
                .caused_by("expected a file name in UTF-8")
                .help("give it a name: --blobs '{\"path\": \"…\", \"identifier\": \"…\"}'")
        })
}

fn illegal(path: &Path, error: &IdentifierError) -> Failure {
    let message = format!("{} has no name that a patch can have", path.display());
    Failure::new(Reason::InvalidPatches, message)
        .caused_by(error.to_string())
        .help("give it a name: --blobs '{\"path\": \"…\", \"identifier\": \"…\"}'")
}

/// Finds all files below a folder, in the order of their names. Links to files are followed.
fn walk(world: &World, dir: &Path, prefix: &str, found: &mut Vec<Spec>) -> Result<(), Failure> {
    for entry in world.disk.list(dir)? {
        let path = dir.join(&entry.name);
        let identifier = format!("{prefix}{}", file_name(&path)?);
        match entry.kind {
            Kind::Dir => walk(world, &path, &format!("{identifier}/"), found)?,
            Kind::Other if world.disk.metadata(&path)?.kind != Kind::File => {
                let message = format!("{} is neither a file nor a folder", path.display());
                return Err(Failure::new(Reason::InvalidInput, message)
                    .help("name the files to pack one by one"));
            }
            Kind::File | Kind::Other => found.push(Spec {
                path,
                identifier: Some(identifier),
                tags: Tags::new(),
            }),
        }
    }
    Ok(())
}
