//! `floe decode`: the file back from whatever slivers are left.

use std::{
    fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use clap::ArgGroup;
use floe_core::{Axis, BlobId, SliverIndex};
use floe_encoding::{BlobOutput, Check, SliverVerifier, Source};
use serde::Serialize;

use super::{BadSliver, PerAxis, list_bad};
use crate::{
    error::{Failure, Reason},
    output::{Facts, Output, bytes},
    sieve::sieve,
    sliver_dir::{Inventory, SliverDir, SliverProblem},
    staging::{Existing, ScratchFile, StagedFile},
    world::World,
};

/// Bytes that are copied to stdout at a time.
const COPY_BYTES: usize = 1 << 20;

/// Arguments of `floe decode`.
#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("check"))]
pub struct Args {
    /// Folder of slivers, as `floe encode` makes it
    dir: PathBuf,
    /// The file to write; `-` is stdout
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,
    /// Replace a file that exists already
    #[arg(long)]
    force: bool,
    /// Refuse the folder if it holds another blob
    #[arg(long, value_name = "ID")]
    blob_id: Option<BlobId>,
    /// Encode the blob again to prove that its writer encoded it rightly
    #[arg(long, group = "check")]
    strict_consistency_check: bool,
    /// Do not check that the blob's writer encoded it rightly
    #[arg(long, group = "check")]
    skip_consistency_check: bool,
}

impl Args {
    const fn check(&self) -> Check {
        match (self.strict_consistency_check, self.skip_consistency_check) {
            (true, _) => Check::Strict,
            (_, true) => Check::Skip,
            _ => Check::Default,
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    blob_id: BlobId,
    out: String,
    unencoded_length: u64,
    n_shards: u16,
    /// Slivers that have a file.
    present: PerAxis,
    /// The axis that was decoded from.
    axis: Axis,
    needed: usize,
    used: usize,
    /// Slivers found to be no good, on either axis.
    corrupt: Vec<BadSliver>,
    /// Slivers that were not needed, and of which the content was not looked at.
    unchecked: usize,
    consistency_check: &'static str,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = 2 * usize::from(self.n_shards);
        Facts::default()
            .add("blob id", self.blob_id)
            .add(
                "had",
                format_args!(
                    "{} of {all} slivers ({})",
                    self.present.total(),
                    self.present
                ),
            )
            .add("needed", format_args!("{} {}", self.needed, self.axis))
            .add("used", format_args!("{} {}", self.used, self.axis))
            .add(
                "unchecked",
                format_args!("{} that were not needed", self.unchecked),
            )
            .add("corrupt", self.corrupt.len())
            .fmt(f)?;
        list_bad(f, &self.corrupt)?;
        write!(
            f,
            "\nwritten    {}, {}",
            self.out,
            bytes(self.unencoded_length)
        )
    }
}

/// Decodes a blob.
///
/// # Errors
/// [`Failure`]; nothing is left under the file's name then.
pub fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let dir = SliverDir::open(world, &args.dir)?;
    let metadata = dir.metadata();
    if let Some(expected) = args.blob_id.filter(|id| id != metadata.blob_id()) {
        return Err(Failure::new(
            Reason::InvalidInput,
            format!("{} holds another blob", dir.name()),
        )
        .caused_by(format!("expected {expected}, got {}", metadata.blob_id())));
    }
    let length = metadata.unencoded_length();
    let to_stdout = args.out == Path::new("-");
    // Before the work, so that a file that exists costs no time.
    let target = if to_stdout {
        Target::Stdout(ScratchFile::new(world, length)?)
    } else {
        let existing = Existing::from_force(args.force);
        Target::File(StagedFile::begin(world, &args.out, length, existing)?)
    };
    let inventory = dir.inventory()?;
    let found = find(world, &dir, &inventory)?;
    {
        let bar = world.bytes_bar("decoding", &dir.name(), length);
        let threads = world.threads();
        let options = world.options(&threads, &bar);
        dir.code()
            .decode_to(
                metadata,
                found.axis,
                &found.slivers,
                &dir,
                target.blob(),
                args.check(),
                &options,
            )
            .map_err(|error| Failure::decode(&dir.name(), &error))?;
    }
    if target.finish()? == Printed::Unread {
        return Ok(());
    }
    output.beside(to_stdout).print(&Report {
        blob_id: *metadata.blob_id(),
        out: args.out.display().to_string(),
        unencoded_length: length,
        n_shards: dir.params().n_shards(),
        present: PerAxis::count(|axis| inventory.get(axis).len()),
        axis: found.axis,
        needed: found.slivers.len(),
        used: found.slivers.len(),
        corrupt: found.corrupt,
        unchecked: found.unchecked,
        consistency_check: match args.check() {
            Check::Skip => "skip",
            Check::Default => "default",
            Check::Strict => "strict",
        },
    })
}

/// Enough verified slivers of one axis.
struct Found {
    axis: Axis,
    slivers: Vec<SliverIndex>,
    corrupt: Vec<BadSliver>,
    unchecked: usize,
}

/// Looks at the shape of all slivers there are, and at the content of as many as it takes.
fn find(world: &World, dir: &SliverDir, inventory: &Inventory) -> Result<Found, Failure> {
    let mut corrupt = Vec::new();
    let shapely = Axis::BOTH.map(|axis| {
        let mut shapely = inventory.get(axis).to_vec();
        shapely.retain(|index| match dir.probe(axis, *index) {
            Ok(()) => true,
            Err(problem) => {
                corrupt.push(BadSliver::new(axis, *index, &problem));
                false
            }
        });
        (axis, shapely)
    });
    let verifiers = Verifiers::new(dir);
    let mut best = String::new();
    let mut unchecked = 0;
    let mut found = None;
    for (axis, candidates) in &shapely {
        let needed = usize::from(dir.params().source_symbols(*axis));
        if found.is_some() || candidates.len() < needed {
            unchecked += candidates.len();
            best += &shortage(*axis, candidates.len(), needed);
            continue;
        }
        let bar = world.count_bar("verifying", &format!("{axis} slivers"), needed as u64);
        let sieved = sieve(world, &bar, candidates, needed, |index| {
            verifiers.check(*axis, index)
        })?;
        unchecked += sieved.untried;
        for (index, problem) in &sieved.bad {
            corrupt.push(BadSliver::new(*axis, *index, problem));
        }
        if sieved.good.len() < needed {
            best += &shortage(*axis, sieved.good.len(), needed);
        } else {
            let slivers = sieved.good.into_iter().map(|(index, ())| index);
            found = Some((*axis, slivers.collect()));
        }
    }
    corrupt.sort_by_key(|bad| bad.sliver);
    match found {
        Some((axis, slivers)) => Ok(Found {
            axis,
            slivers,
            corrupt,
            unchecked,
        }),
        None => Err(not_enough(dir, best.trim_end_matches("; "), &corrupt)),
    }
}

fn shortage(axis: Axis, good: usize, needed: usize) -> String {
    format!("{good} of the {needed} {axis} slivers it takes; ")
}

fn not_enough(dir: &SliverDir, best: &str, corrupt: &[BadSliver]) -> Failure {
    let mut cause = format!("good are {best}");
    if !corrupt.is_empty() {
        let names: Vec<_> = corrupt.iter().map(|bad| bad.sliver.to_string()).collect();
        let shown = names
            .get(..names.len().min(10))
            .unwrap_or_default()
            .join(", ");
        let more = if names.len() > 10 { ", …" } else { "" };
        cause += &format!("; corrupt are {} ({shown}{more})", names.len());
    }
    let message = format!("too few slivers are left in {}", dir.name());
    Failure::new(Reason::NotEnoughSlivers, message)
        .caused_by(cause)
        .help("add slivers of this blob from elsewhere; floe verify says what is wrong with those here")
}

/// Verifies slivers from several threads, with memory reused.
pub(crate) struct Verifiers<'a> {
    dir: &'a SliverDir,
    idle: Mutex<Vec<SliverVerifier>>,
}

impl<'a> Verifiers<'a> {
    pub(crate) fn new(dir: &'a SliverDir) -> Self {
        let idle = Mutex::default();
        Self { dir, idle }
    }

    /// Reads and verifies a sliver.
    pub(crate) fn check(&self, axis: Axis, index: SliverIndex) -> Result<(), SliverProblem> {
        let sliver = self.dir.load(axis, index)?;
        let lock = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = lock().pop();
        let mut verifier = idle.unwrap_or_else(|| SliverVerifier::new(self.dir.code()));
        let verified = verifier.verify(self.dir.metadata(), axis, &sliver);
        lock().push(verifier);
        Ok(verified?)
    }
}

/// Where the blob goes.
enum Target {
    File(StagedFile),
    Stdout(ScratchFile),
}

impl Target {
    fn blob(&self) -> &dyn BlobOutput {
        match self {
            Self::File(file) => &**file.content(),
            Self::Stdout(scratch) => scratch,
        }
    }

    fn finish(self) -> Result<Printed, Failure> {
        match self {
            Self::File(file) => file.commit().map(|()| Printed::All),
            Self::Stdout(scratch) => copy_to_stdout(&scratch),
        }
    }
}

/// Copies all of a source to stdout.
pub(crate) fn copy_to_stdout(source: &dyn Source) -> Result<Printed, Failure> {
    let mut out = io::stdout().lock();
    printed(copy(source, |_, bytes| out.write_all(bytes)).and_then(|()| out.flush()))
}

/// How much of what was written to stdout somebody may have read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printed {
    /// All of it.
    All,
    /// The reader has gone: the command is over, and there is nobody to tell.
    Unread,
}

/// The outcome of printing. That nobody reads any more is the reader's choice, not an error.
pub(crate) fn printed(written: io::Result<()>) -> Result<Printed, Failure> {
    match written {
        Ok(()) => Ok(Printed::All),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Printed::Unread),
        Err(error) => Err(Failure::io_of("write to stdout", &error)),
    }
}

/// Hands all of a source to `take`, piece by piece.
pub(crate) fn copy(
    source: &dyn Source,
    mut take: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    let mut offset = 0;
    while let left = source.length() - offset
        && left > 0
    {
        let piece = usize::try_from(left).map_or(COPY_BYTES, |left| left.min(COPY_BYTES));
        buffer.resize(piece, 0);
        source.read_at(offset, &mut buffer)?;
        take(offset, &buffer)?;
        offset += piece as u64;
    }
    Ok(())
}
