//! `floe quilt unpack`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, io,
    path::{Path, PathBuf},
};

use floe_encoding::{
    Source,
    quilt::{IndexedPatch, PatchReader, QuiltIndex, Tags},
};
use floe_env::{Access, Open};
use serde::Serialize;

use super::open::Opened;
use crate::{
    args::Shards,
    commands::decode::{Printed, copy, copy_to_stdout},
    error::{Failure, Reason},
    output::{Facts, Output, bytes},
    staging::{Existing, StagedDir, ensure_space},
    world::{World, parent},
};

/// Arguments of `floe quilt unpack`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The quilt: a file, or a folder of its slivers; `-` is stdin
    quilt: PathBuf,
    /// Folder for the files, created when all are there; `-` writes the one patch to stdout
    #[arg(long, short, value_name = "DIR")]
    out: PathBuf,
    /// Only the patch of this name; may be repeated
    #[arg(long, value_name = "NAME")]
    identifier: Vec<String>,
    /// Only patches with this tag
    #[arg(long, num_args = 2, value_names = ["KEY", "VALUE"], conflicts_with = "identifier")]
    tag: Vec<String>,
    /// Replace an empty folder that exists already
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    shards: Shards,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    out: String,
    n_shards: u16,
    patches: Vec<PatchReport>,
}

#[derive(Debug, Serialize)]
struct PatchReport {
    identifier: String,
    size: u64,
    tags: Tags,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.patches.iter().map(|patch| patch.size).sum();
        Facts::default()
            .add(
                "patches",
                format_args!("{}, {}", self.patches.len(), bytes(size)),
            )
            .add("written", &self.out)
            .fmt(f)
    }
}

/// Unpacks a quilt.
///
/// # Errors
/// [`Failure`]; nothing is left under the folder's name then.
pub(super) fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let quilt = Opened::open(world, &args.quilt, &args.shards)?;
    let columns = quilt.columns()?;
    let index = quilt.index(columns.as_ref())?;
    let chosen = choose(args, &quilt, &index)?;
    let open = |patch: &&IndexedPatch| {
        PatchReader::open(columns.as_ref(), patch.columns)
            .map_err(|error| quilt.read_failure(&error))
    };
    let patches = chosen.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let to_stdout = args.out == Path::new("-");
    match (&patches[..], to_stdout) {
        ([patch], true) => {
            if copy_to_stdout(patch)? == Printed::Unread {
                return Ok(());
            }
        }
        (several, true) => {
            let message = format!("{} patches don't go to stdout", several.len());
            return Err(Failure::new(Reason::InvalidArgument, message)
                .help("choose one with --identifier, or name a folder"));
        }
        (_, false) => write(args, world, &quilt, &patches)?,
    }
    quilt.ensure_unchanged()?;
    output.beside(to_stdout).print(&Report {
        out: args.out.display().to_string(),
        n_shards: columns.geometry().params().n_shards(),
        patches: patches.iter().map(report).collect(),
    })
}

fn report(patch: &PatchReader<'_>) -> PatchReport {
    let header = patch.header();
    PatchReport {
        identifier: header.identifier.as_str().to_owned(),
        size: header.data_bytes,
        tags: header.tags.clone(),
    }
}

/// The patches that the arguments ask for.
fn choose<'a>(
    args: &Args,
    quilt: &Opened,
    index: &'a QuiltIndex,
) -> Result<Vec<&'a IndexedPatch>, Failure> {
    let none = |what: String| {
        let message = format!("{} has no patch {what}", quilt.name());
        Failure::new(Reason::NotFound, message).help("floe quilt list shows those it has")
    };
    if let [key, value] = &args.tag[..] {
        let tagged: Vec<_> = index.by_tag(key, value).collect();
        return match tagged.is_empty() {
            true => Err(none(format!("with the tag {key}={value}"))),
            false => Ok(tagged),
        };
    }
    if args.identifier.is_empty() {
        return Ok(index.patches().iter().collect());
    }
    let wanted: BTreeSet<_> = args.identifier.iter().collect();
    let find = |name: &String| {
        let found = index.by_identifier(name);
        found.ok_or_else(|| none(format!("named {name:?}")))
    };
    wanted.into_iter().map(find).collect()
}

/// Writes patches to files named like them.
fn write(
    args: &Args,
    world: &World,
    quilt: &Opened,
    patches: &[PatchReader<'_>],
) -> Result<(), Failure> {
    let named = |patch: &'_ PatchReader<'_>| patch.header().identifier.as_str().to_owned();
    let names: Vec<_> = patches.iter().map(named).collect();
    let files = names.iter().map(String::as_str).zip(patches);
    let files: Vec<(&str, &dyn Source)> = files.map(|(name, patch)| (name, patch as _)).collect();
    write_files(
        world,
        &args.out,
        Existing::from_force(args.force),
        &files,
        |name, error| quilt.column_failure(format_args!("unpack {name:?}"), error),
    )
}

/// Writes contents to files named like them, in a folder that appears when all are there.
///
/// # Errors
/// [`Failure`]: a name that is no safe file name, or of the disk.
pub(crate) fn unpack(
    world: &World,
    out: &Path,
    existing: Existing,
    files: &[(&str, &dyn Source)],
) -> Result<(), Failure> {
    write_files(world, out, existing, files, |name, error| {
        Failure::io_of(format_args!("unpack {name:?}"), error)
    })
}

fn write_files(
    world: &World,
    out: &Path,
    existing: Existing,
    files: &[(&str, &dyn Source)],
    blame: impl Fn(&str, &io::Error) -> Failure,
) -> Result<(), Failure> {
    let placed = place(files)?;
    let staged = StagedDir::begin(world, out, existing, |_| false)?;
    let total = files.iter().map(|(_, content)| content.length()).sum();
    ensure_space(world, parent(out), total)?;
    let bar = world.bytes_bar("unpacking", "", total);
    let mut folders = BTreeSet::new();
    for (path, (name, content)) in placed {
        let path = staged.path().join(path);
        let folder = parent(&path).to_owned();
        world.disk.create_dir_all(&folder)?;
        folders.insert(folder);
        let file = world.disk.open(&path, Open::CreateNew(Access::Shared))?;
        copy(content, |offset, bytes| {
            world.interrupt.check()?;
            bar.add(bytes.len() as u64);
            Ok(file.write_at(bytes, offset)?)
        })
        .map_err(|error| blame(name, &error))?;
        file.sync_all()?;
    }
    for folder in &folders {
        world.disk.sync_dir(folder)?;
    }
    staged.commit()
}

/// A name and what belongs to it.
type Named<'a> = (&'a str, &'a dyn Source);

/// A file for every patch, none of them outside of the folder or in another's place.
fn place<'a>(files: &[Named<'a>]) -> Result<BTreeMap<PathBuf, Named<'a>>, Failure> {
    let mut placed = BTreeMap::new();
    for &(name, content) in files {
        let path = safe_path(name).ok_or_else(|| {
            unsafe_name(
                name,
                "as a path it would leave the folder, or is no proper one",
            )
        })?;
        if placed.insert(path, (name, content)).is_some() {
            return Err(unsafe_name(name, "more than one patch has this name"));
        }
    }
    for path in placed.keys() {
        let above = path
            .ancestors()
            .skip(1)
            .find(|above| placed.contains_key(*above));
        if let Some(above) = above {
            let cause = format!("{:?} is a file as well as a folder", above.display());
            return Err(unsafe_name(&path.display().to_string(), &cause));
        }
    }
    Ok(placed)
}

fn unsafe_name(name: &str, cause: &str) -> Failure {
    let message = format!("the patch {name:?} can't be unpacked as a file");
    Failure::new(Reason::Corrupt, message)
        .caused_by(cause.to_owned())
        .help("write it to a file of your choice: --identifier NAME --out - > FILE")
}

/// The path within a folder that a patch's name stands for, if it stands for one. Names are chosen
/// by whoever packed the quilt.
fn safe_path(name: &str) -> Option<PathBuf> {
    let proper = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0']);
    name.split('/').all(proper).then(|| PathBuf::from(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_no_paths() {
        for name in ["a", "a b/c.txt", "...", ".hidden", "a/..b"] {
            assert_eq!(safe_path(name), Some(PathBuf::from(name)));
        }
        for name in [
            "",
            "/etc/passwd",
            "../a",
            "a/../../b",
            "a//b",
            "a/",
            ".",
            "a\\b",
        ] {
            assert_eq!(safe_path(name), None, "{name}");
        }
    }
}
