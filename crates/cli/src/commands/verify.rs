//! `floe verify`: every sliver of a folder against the blob's metadata.

use std::{fmt, path::PathBuf};

use floe_core::{Axis, BlobId};
use serde::Serialize;

use super::{BadSliver, PerAxis, decode::Verifiers, list_bad};
use crate::{
    error::{Failure, Reason},
    output::{Facts, Output, bytes, count},
    sieve::sieve,
    sliver_dir::SliverDir,
    world::World,
};

/// Arguments of `floe verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of slivers, as `floe encode` makes it
    dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// Every sliver is there and good.
    Complete,
    /// Some are not, but enough are.
    Decodable,
    /// Too few are good.
    Lost,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    blob_id: BlobId,
    dir: String,
    unencoded_length: u64,
    n_shards: u16,
    status: Status,
    needed: PerAxis,
    good: PerAxis,
    missing: PerAxis,
    corrupt: Vec<BadSliver>,
    /// Files that have no place in the folder.
    #[serde(serialize_with = "crate::output::lossy_all")]
    unexpected: Vec<PathBuf>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.status {
            Status::Complete => "complete: every sliver is there and good",
            Status::Decodable => "damaged, but the blob can be decoded",
            Status::Lost => "lost: too few slivers are good",
        };
        Facts::default()
            .add("blob id", self.blob_id)
            .add(
                "blob",
                format_args!(
                    "{} for {} shards",
                    bytes(self.unencoded_length),
                    self.n_shards
                ),
            )
            .add("good", self.good)
            .add(
                "needed",
                format_args!(
                    "{} primary or {} secondary",
                    self.needed.primary, self.needed.secondary
                ),
            )
            .add("missing", self.missing)
            .add("status", verdict)
            .add("corrupt", self.corrupt.len())
            .fmt(f)?;
        list_bad(f, &self.corrupt)?;
        if !self.unexpected.is_empty() {
            write!(f, "\nunexpected files")?;
        }
        for path in &self.unexpected {
            write!(f, "\n  {}", path.display())?;
        }
        Ok(())
    }
}

/// Verifies a folder.
///
/// # Errors
/// [`Failure`]: it can't be read, or slivers are missing or corrupt; the report is printed then, too.
pub fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let dir = SliverDir::open(world, &args.dir)?;
    let inventory = dir.inventory()?;
    let n = usize::from(dir.params().n_shards());
    let present = PerAxis::count(|axis| inventory.get(axis).len());
    let mut corrupt = Vec::new();
    {
        let bar = world.count_bar("verifying", &dir.name(), present.total() as u64);
        let verifiers = Verifiers::new(&dir);
        for axis in Axis::BOTH {
            let sieved = sieve(world, &bar, inventory.get(axis), usize::MAX, |index| {
                verifiers.check(axis, index)
            })?;
            let bad = sieved.bad.iter();
            corrupt.extend(bad.map(|(index, problem)| BadSliver::new(axis, *index, problem)));
        }
    }
    let bad = PerAxis::count(|axis| corrupt.iter().filter(|bad| bad.sliver.axis == axis).count());
    let good = PerAxis {
        primary: present.primary - bad.primary,
        secondary: present.secondary - bad.secondary,
    };
    let needed = PerAxis::count(|axis| dir.params().source_symbols(axis).into());
    let status = if good.total() == 2 * n {
        Status::Complete
    } else if good.primary >= needed.primary || good.secondary >= needed.secondary {
        Status::Decodable
    } else {
        Status::Lost
    };
    let report = Report {
        blob_id: *dir.metadata().blob_id(),
        dir: dir.name(),
        unencoded_length: dir.metadata().unencoded_length(),
        n_shards: dir.params().n_shards(),
        status,
        needed,
        good,
        missing: PerAxis::count(|axis| n - inventory.get(axis).len()),
        corrupt,
        unexpected: inventory.unexpected,
    };
    output.print(&report)?;
    verdict(&report)
}

fn verdict(report: &Report) -> Result<(), Failure> {
    let Report {
        dir,
        missing,
        corrupt,
        ..
    } = report;
    let wrong = format!(
        "{} missing and {} corrupt",
        count(missing.total(), "sliver"),
        corrupt.len()
    );
    match report.status {
        Status::Complete => Ok(()),
        Status::Decodable => Err(Failure::new(Reason::Damaged, format!("{dir} is damaged"))
            .caused_by(wrong)
            .help("floe recover --all makes the slivers again, floe decode gives the blob back")),
        Status::Lost => Err(Failure::new(
            Reason::NotEnoughSlivers,
            format!("too few slivers are left in {dir}"),
        )
        .caused_by(wrong)
        .help("add slivers of this blob from elsewhere")),
    }
}
