//! `floe recover`: lost slivers from recovery symbols of others.

use std::{collections::BTreeSet, fmt, path::PathBuf};

use floe_core::{Axis, BlobId, SliverIndex};
use floe_encoding::{ProvenSymbol, RecoverySource};
use serde::Serialize;

use super::{BadSliver, SliverName, decode::Verifiers, list_bad};
use crate::{
    error::{Failure, Reason},
    output::{Facts, Output},
    sieve::sieve,
    sliver_dir::{SliverDir, SliverProblem},
    world::World,
};

/// Arguments of `floe recover`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of slivers, as `floe encode` makes it
    dir: PathBuf,
    /// The sliver to recover, like primary:17 or secondary:3; may be repeated
    #[arg(long, value_name = "AXIS:INDEX", required_unless_present = "all")]
    sliver: Vec<SliverName>,
    /// Recover every sliver that is missing or corrupt
    #[arg(long, conflicts_with = "sliver")]
    all: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    blob_id: BlobId,
    dir: String,
    n_shards: u16,
    recovered: Vec<Recovered>,
    /// Slivers asked for that are there and good.
    intact: Vec<SliverName>,
    /// Slivers found to be no good while looking for symbols.
    corrupt: Vec<BadSliver>,
}

#[derive(Debug, Serialize)]
struct Recovered {
    sliver: SliverName,
    /// Symbols used, each from another sliver of the other axis.
    symbols: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        Facts::default()
            .add("blob id", self.blob_id)
            .add("recovered", self.recovered.len())
            .fmt(f)?;
        for Recovered { sliver, symbols } in self.recovered.iter().take(SHOWN) {
            let from = sliver.axis.orthogonal();
            write!(f, "\n  {sliver} from symbols of {symbols} {from} slivers")?;
        }
        if let Some(more) = self
            .recovered
            .len()
            .checked_sub(SHOWN)
            .filter(|more| *more > 0)
        {
            write!(f, "\n  … and {more} more (--json lists all)")?;
        }
        for sliver in &self.intact {
            write!(f, "\n  {sliver} is intact and was left alone")?;
        }
        if !self.corrupt.is_empty() {
            write!(f, "\ncorrupt    {}", self.corrupt.len())?;
        }
        list_bad(f, &self.corrupt)
    }
}

/// Recovers slivers.
///
/// # Errors
/// [`Failure`]; slivers recovered until then are in the folder.
pub fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let dir = SliverDir::open(world, &args.dir)?;
    let mut job = Job {
        world,
        dir: &dir,
        bad: BTreeSet::new(),
        corrupt: Vec::new(),
        recovered: Vec::new(),
    };
    let wanted = if args.all {
        job.all()?
    } else {
        args.sliver.clone()
    };
    for name in &wanted {
        let checked = dir.params().check_index(name.index);
        checked.map_err(|error| no_such_sliver(*name, &error))?;
    }
    let (intact, wanted) = job.split_intact(&wanted)?;
    job.recover(&wanted)?;
    output.print(&Report {
        blob_id: *dir.metadata().blob_id(),
        dir: dir.name(),
        n_shards: dir.params().n_shards(),
        recovered: job.recovered,
        intact: if args.all { Vec::new() } else { intact },
        corrupt: job.corrupt,
    })
}

fn no_such_sliver(name: SliverName, error: &floe_core::IndexOutOfRange) -> Failure {
    Failure::new(
        Reason::InvalidArgument,
        format!("there is no sliver {name}"),
    )
    .caused_by(error.to_string())
}

struct Job<'a> {
    world: &'a World,
    dir: &'a SliverDir,
    bad: BTreeSet<SliverName>,
    corrupt: Vec<BadSliver>,
    recovered: Vec<Recovered>,
}

impl Job<'_> {
    /// Every sliver there should be.
    fn all(&self) -> Result<Vec<SliverName>, Failure> {
        let names = Axis::BOTH.into_iter().flat_map(|axis| {
            let indices = 0..self.dir.params().n_shards();
            indices.map(move |index| SliverName {
                axis,
                index: SliverIndex(index),
            })
        });
        Ok(names.collect())
    }

    /// Splits slivers into those that are good and those that are missing or corrupt.
    fn split_intact(
        &mut self,
        names: &[SliverName],
    ) -> Result<(Vec<SliverName>, Vec<SliverName>), Failure> {
        let verifiers = Verifiers::new(self.dir);
        let bar = self
            .world
            .count_bar("listing", "slivers", names.len() as u64);
        let mut intact = Vec::new();
        let mut broken = Vec::new();
        for axis in Axis::BOTH {
            let of_axis = names.iter().filter(|name| name.axis == axis);
            let mut indices: Vec<_> = of_axis.map(|name| name.index).collect();
            indices.sort_unstable();
            indices.dedup();
            let sieved = sieve(self.world, &bar, &indices, usize::MAX, |index| {
                verifiers.check(axis, index)
            })?;
            let name = |index| SliverName { axis, index };
            intact.extend(sieved.good.iter().map(|(index, ())| name(*index)));
            for (index, problem) in &sieved.bad {
                broken.push(name(*index));
                self.note(name(*index), problem);
            }
        }
        Ok((intact, broken))
    }

    /// Remembers that a sliver is no good; one that has no file is only missing.
    fn note(&mut self, name: SliverName, problem: &SliverProblem) {
        let missing = matches!(problem, SliverProblem::Unreadable(error)
            if error.kind() == std::io::ErrorKind::NotFound);
        if self.bad.insert(name) && !missing {
            self.corrupt
                .push(BadSliver::new(name.axis, name.index, problem));
        }
    }

    /// Recovers slivers, those of the axis first that more sources are there for.
    fn recover(&mut self, names: &[SliverName]) -> Result<(), Failure> {
        let inventory = self.dir.inventory()?;
        let params = self.dir.params();
        let feasible = |axis: Axis| {
            inventory.get(axis.orthogonal()).len() >= usize::from(params.sliver_symbols(axis))
        };
        let mut axes = Axis::BOTH;
        if !feasible(Axis::Primary) {
            axes.reverse();
        }
        for axis in axes {
            let targets: Vec<_> = names
                .iter()
                .filter(|name| name.axis == axis)
                .map(|name| name.index)
                .collect();
            for batch in targets.chunks(self.batch(axis)) {
                self.recover_batch(axis, batch)?;
            }
        }
        Ok(())
    }

    /// How many slivers of `axis` may be recovered at once: all symbols of all of them are held.
    fn batch(&self, axis: Axis) -> usize {
        let symbol_size = self.dir.metadata().symbol_size();
        let symbols = usize::from(self.dir.params().sliver_symbols(axis));
        // A symbol comes with a proof of at most 16 nodes, and there is a copy of both.
        let per_symbol = 2 * symbol_size.as_usize() + 2 * 16 * 40;
        (self.world.memory_bytes / 2 / (symbols * per_symbol)).max(1)
    }

    /// Recovers some slivers of `axis` from the same sources.
    fn recover_batch(&mut self, axis: Axis, targets: &[SliverIndex]) -> Result<(), Failure> {
        let source_axis = axis.orthogonal();
        let needed = usize::from(self.dir.params().sliver_symbols(axis));
        let inventory = self.dir.inventory()?;
        let candidates: Vec<_> = inventory
            .get(source_axis)
            .iter()
            .filter(|index| {
                let (axis, index) = (source_axis, **index);
                !self.bad.contains(&SliverName { axis, index })
            })
            .copied()
            .collect();
        let sieved = {
            let bar = self.world.count_bar(
                "collecting",
                &format!("{source_axis} symbols"),
                needed as u64,
            );
            sieve(self.world, &bar, &candidates, needed, |index| {
                symbols(self.dir, axis, targets, index)
            })?
        };
        for (index, problem) in &sieved.bad {
            let (axis, index) = (source_axis, *index);
            self.note(SliverName { axis, index }, problem);
        }
        let got = sieved.good.len();
        if got < needed {
            return Err(self.too_few(axis, targets, needed, got));
        }
        let mut per_target: Vec<Vec<ProvenSymbol>> = targets.iter().map(|_| Vec::new()).collect();
        for (_, symbols) in sieved.good {
            for (target, symbol) in per_target.iter_mut().zip(symbols) {
                target.push(symbol);
            }
        }
        for (index, symbols) in targets.iter().zip(per_target) {
            let recovered =
                self.dir
                    .code()
                    .recover_sliver(self.dir.metadata(), axis, *index, symbols);
            let sliver = recovered.map_err(|error| Failure::recover(&self.dir.name(), &error))?;
            self.dir.store(axis, &sliver)?;
            let sliver = SliverName {
                axis,
                index: *index,
            };
            self.bad.remove(&sliver);
            self.recovered.push(Recovered {
                sliver,
                symbols: needed,
            });
        }
        Ok(())
    }

    fn too_few(&self, axis: Axis, targets: &[SliverIndex], needed: usize, got: usize) -> Failure {
        let source_axis = axis.orthogonal();
        let first = targets.first().copied().unwrap_or_default();
        let name = SliverName { axis, index: first };
        let corrupt = self.corrupt.iter();
        let corrupt = corrupt.filter(|bad| bad.sliver.axis == source_axis).count();
        Failure::new(
            Reason::NotEnoughSlivers,
            format!("too few slivers are left in {} to recover {name}", self.dir.name()),
        )
        .caused_by(format!(
            "expected {needed} good {source_axis} slivers, got {got} ({corrupt} are corrupt)"
        ))
        .help(format!(
            "if enough {axis} slivers are left, floe decode gives the blob back, and floe encode all slivers"
        ))
    }
}

/// The symbols that a sliver of the other axis has for slivers of `axis`, each with its proof
/// checked against the metadata.
fn symbols(
    dir: &SliverDir,
    axis: Axis,
    targets: &[SliverIndex],
    index: SliverIndex,
) -> Result<Vec<ProvenSymbol>, SliverProblem> {
    let (code, metadata) = (dir.code(), dir.metadata());
    let source_axis = axis.orthogonal();
    let sliver = dir.load(source_axis, index)?;
    let source = RecoverySource::new(code, metadata, source_axis, &sliver)?;
    let symbol = |target: &SliverIndex| {
        let symbol = source
            .recovery_symbol(*target)
            .map_err(floe_encoding::SliverError::from)?;
        let results = code.check_recovery_symbols(metadata, axis, *target, vec![symbol]);
        let proven = results.into_iter().find_map(Result::ok);
        proven.ok_or(SliverProblem::Content)
    };
    targets.iter().map(symbol).collect()
}
