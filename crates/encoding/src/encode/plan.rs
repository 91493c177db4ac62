//! How a blob is cut up so that encoding it fits a memory budget.

use std::ops::Range;

use floe_kernels::Digest;

use super::{EncodeError, Options};
use crate::shape::Shape;

/// Working memory of kernels per thread, with room to spare.
const SCRATCH_BYTES: u64 = 3 << 20;
/// What a tile should fit in if nothing speaks against it: a share of the caches.
const TILE_BYTES: u64 = 2 << 20;
/// Runs read from or written to a file should have this length if the budget allows it.
const RUN_BYTES: u64 = 16 << 10;
/// Blobs up to this length are held in memory if the budget allows it, rather than read twice.
const RESIDENT_BYTES_MAX: u64 = 160 << 20;
/// Passes cut symbols at multiples of the blocks of the hash function and of the code.
const POSITIONS_STEP: usize = 128;
/// State of a leaf hash that is suspended between passes.
const LEAF_STATE_BYTES: u64 = 80;
/// Levels of rows' trees that are built tile by tile, at most.
const TILE_LEVELS_MAX: u32 = 4;
/// Tasks per thread, so that the last ones do not leave threads idle for long.
const TASKS_PER_THREAD: usize = 4;

/// The cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// The blob is held in memory as a whole.
    pub(super) resident: bool,
    /// Systematic columns that are expanded together; a multiple of two to the `tile_levels`.
    group_columns: usize,
    /// Rows whose recovery symbols are computed together.
    pub(super) tile_rows: usize,
    /// Recovery columns that are expanded together; a multiple of two to the `tile_levels`.
    tile_columns: usize,
    /// Levels of rows' trees that are built with the columns.
    pub(super) tile_levels: u32,
    /// Byte positions of every symbol that a pass over the recovery columns covers.
    pub(super) pass_positions: usize,
}

impl Plan {
    pub(super) fn new(shape: Shape, options: &Options<'_>) -> Result<Self, EncodeError> {
        let costs = Costs::new(shape, options.executor.threads().get());
        let budget = options.memory_bytes as u64;
        let needed = costs.stored(1, POSITIONS_STEP.min(shape.symbol));
        if needed > budget {
            let budget = options.memory_bytes;
            return Err(EncodeError::BudgetTooSmall { needed, budget });
        }
        let resident = shape.blob_bytes() <= RESIDENT_BYTES_MAX && costs.resident() <= budget;
        let (pass_positions, group_columns) = if resident {
            (shape.symbol, TILE_BYTES / costs.per_column)
        } else {
            let run = RUN_BYTES.div_ceil(shape.symbol as u64);
            let wanted = run.max(TILE_BYTES / costs.per_column);
            (
                costs.positions_within(budget),
                wanted.min(costs.columns_within(budget)),
            )
        };
        let group_columns = costs.share(group_columns, shape.columns);
        let per_tile_column = (shape.rows * pass_positions + costs.tree_bytes()) as u64;
        let tile_columns = costs.share(TILE_BYTES / per_tile_column, shape.n - shape.columns);
        let per_tile_row = (shape.columns * pass_positions) as u64;
        let tile_levels = group_columns
            .ilog2()
            .min(tile_columns.ilog2())
            .min(shape.n.ilog2() - 1)
            .min(TILE_LEVELS_MAX);
        let whole = |columns: usize| columns >> tile_levels << tile_levels;
        Ok(Self {
            resident,
            group_columns: whole(group_columns),
            tile_rows: costs.share(TILE_BYTES / per_tile_row, shape.rows),
            tile_columns: whole(tile_columns),
            tile_levels,
            pass_positions,
        })
    }

    /// Passes over the recovery columns.
    pub(super) const fn passes(&self, shape: &Shape) -> usize {
        shape.symbol.div_ceil(self.pass_positions)
    }

    /// The systematic columns, cut.
    pub(super) fn systematic_tiles(&self, shape: &Shape) -> impl Iterator<Item = Range<usize>> {
        tiles(0..shape.columns, self.group_columns)
    }

    /// The recovery columns, cut.
    pub(super) fn recovery_tiles(&self, shape: &Shape) -> impl Iterator<Item = Range<usize>> {
        tiles(shape.columns..shape.n, self.tile_columns)
    }
}

/// Cuts a range at multiples of `step`.
fn tiles(range: Range<usize>, step: usize) -> impl Iterator<Item = Range<usize>> {
    let numbers = range.start / step..range.end.div_ceil(step);
    numbers.map(move |tile| (tile * step).max(range.start)..((tile + 1) * step).min(range.end))
}

/// What the cuts cost in bytes of memory.
struct Costs {
    shape: Shape,
    threads: usize,
    /// Nodes of the rows' trees, of all leaves at worst.
    nodes: u64,
    /// An expanded column, the sliver cut out of it, and its trees.
    per_column: u64,
    /// A position of all recovery symbols of the systematic rows, with what threads hold of it.
    per_position: u64,
    /// Leaf hashes suspended between passes.
    states: u64,
}

impl Costs {
    const fn new(shape: Shape, threads: usize) -> Self {
        let recovery_columns = shape.n - shape.columns;
        let tree_bytes = 3 * shape.n * size_of::<Digest>();
        Self {
            shape,
            threads,
            nodes: (shape.n * shape.n) as u64 * size_of::<Digest>() as u64,
            per_column: ((shape.n + shape.rows) * shape.symbol + tree_bytes) as u64,
            per_position: (shape.rows * recovery_columns + threads * (shape.n + shape.rows)) as u64,
            states: (shape.n * recovery_columns) as u64 * LEAF_STATE_BYTES,
        }
    }

    /// Digests of a column while its trees are built.
    const fn tree_bytes(&self) -> usize {
        3 * self.shape.n * size_of::<Digest>()
    }

    const fn fixed(&self) -> u64 {
        self.nodes + self.threads as u64 * SCRATCH_BYTES
    }

    /// How many of `of` lines a task takes if so many are wanted: at least one, and not so many that
    /// threads run out of tasks.
    fn share(&self, wanted: u64, of: usize) -> usize {
        let fair = match self.threads {
            1 => of,
            threads => of.div_ceil(threads * TASKS_PER_THREAD),
        };
        usize::try_from(wanted).unwrap_or(usize::MAX).clamp(1, fair)
    }

    /// What threads hold while they go over the recovery columns, but for what is per position.
    fn tiles(&self) -> u64 {
        2 * self.threads as u64 * TILE_BYTES
    }

    fn resident(&self) -> u64 {
        let groups = self.threads as u64 * TILE_BYTES.max(self.per_column);
        let recovery = self.per_position * self.shape.symbol as u64 + self.tiles();
        self.fixed() + self.shape.blob_bytes() + groups.max(recovery)
    }

    fn stored(&self, columns: u64, positions: usize) -> u64 {
        let groups = self.threads as u64 * columns * self.per_column;
        self.fixed() + groups.max(self.pass(positions))
    }

    fn pass(&self, positions: usize) -> u64 {
        let states = if positions < self.shape.symbol {
            self.states
        } else {
            0
        };
        states + self.per_position * positions as u64 + self.tiles()
    }

    fn columns_within(&self, budget: u64) -> u64 {
        (budget - self.fixed()) / (self.threads as u64 * self.per_column)
    }

    fn positions_within(&self, budget: u64) -> usize {
        let (symbol, budget) = (self.shape.symbol, budget - self.fixed());
        if self.pass(symbol) <= budget {
            return symbol;
        }
        let most = budget.saturating_sub(self.pass(0)) / self.per_position;
        let most = usize::try_from(most).unwrap_or(usize::MAX) / POSITIONS_STEP * POSITIONS_STEP;
        // Passes of about equal width, so that the last one is not left with next to nothing.
        let passes = symbol.div_ceil(most.clamp(POSITIONS_STEP, symbol.max(POSITIONS_STEP)));
        symbol.div_ceil(passes).next_multiple_of(POSITIONS_STEP)
    }
}
