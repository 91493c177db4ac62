//! How a blob is cut up so that encoding it fits a memory budget.

use floe_kernels::Digest;

use super::{EncodeError, Options};
use crate::shape::Shape;

/// Working memory of kernels per thread, with room to spare.
const SCRATCH_BYTES: u64 = 3 << 20;
/// What a group of columns should fit in if nothing speaks against it: a share of the third-level
/// cache.
const GROUP_BYTES: u64 = 4 << 20;
/// Runs read from or written to a file should have this length if the budget allows it.
const RUN_BYTES: u64 = 128 << 10;
/// Passes cut symbols at multiples of the blocks of the hash function and of the code.
const POSITIONS_STEP: usize = 128;
/// State of a leaf hash that is suspended between passes.
const LEAF_STATE_BYTES: u64 = 80;
/// Tasks per thread, so that the last ones do not leave threads idle for long.
const TASKS_PER_THREAD: usize = 4;

/// The cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// The blob is held in memory as a whole.
    pub(super) resident: bool,
    /// Systematic columns that are expanded together.
    pub(super) group_columns: usize,
    /// Rows whose recovery symbols are computed together.
    pub(super) tile_rows: usize,
    /// Recovery columns that are expanded together.
    pub(super) tile_columns: usize,
    /// Byte positions of every symbol that a pass over the recovery columns covers.
    pub(super) pass_positions: usize,
}

impl Plan {
    pub(super) fn new(shape: Shape, options: &Options<'_>) -> Result<Self, EncodeError> {
        let costs = Costs::new(shape, options.executor.threads().get());
        let budget = options.memory_bytes as u64;
        let least = costs.stored(1, POSITIONS_STEP.min(shape.symbol));
        if least > budget {
            return Err(EncodeError::BudgetTooSmall {
                needed: least,
                budget: options.memory_bytes,
            });
        }
        let resident = costs.resident() <= budget;
        let pass_positions = if resident {
            shape.symbol
        } else {
            costs.positions_within(budget)
        };
        let cached = GROUP_BYTES / costs.per_column;
        let wanted = if resident {
            cached
        } else {
            cached.max(RUN_BYTES.div_ceil(shape.symbol as u64))
        };
        let group_columns = if resident {
            wanted
        } else {
            wanted.min(costs.columns_within(budget))
        };
        let tile = |bytes: usize, of: usize| {
            let cached = usize::try_from(GROUP_BYTES / 4).unwrap_or(usize::MAX) / bytes.max(1);
            cached.clamp(1, of).min(costs.fair_share(of))
        };
        Ok(Self {
            resident,
            group_columns: usize::try_from(group_columns)
                .unwrap_or(usize::MAX)
                .clamp(1, shape.columns)
                .min(costs.fair_share(shape.columns)),
            tile_rows: tile(shape.columns * pass_positions, shape.rows),
            tile_columns: tile(shape.rows * pass_positions, shape.n - shape.columns),
            pass_positions,
        })
    }

    /// Passes over the recovery columns.
    pub(super) const fn passes(&self, shape: &Shape) -> usize {
        shape.symbol.div_ceil(self.pass_positions)
    }
}

/// What the cuts cost in bytes of memory.
struct Costs {
    shape: Shape,
    threads: usize,
    /// Leaf digests of the whole matrix.
    leaves: u64,
    /// An expanded column, with the sliver cut out of it.
    per_column: u64,
    /// A position of all recovery symbols of the systematic rows, with what threads hold of it.
    per_position: u64,
    /// Leaf hashes suspended between passes.
    states: u64,
}

impl Costs {
    const fn new(shape: Shape, threads: usize) -> Self {
        let recovery_columns = shape.n - shape.columns;
        Self {
            shape,
            threads,
            leaves: (shape.n * shape.n) as u64 * size_of::<Digest>() as u64,
            per_column: ((shape.n + shape.rows) * shape.symbol) as u64,
            per_position: (shape.rows * recovery_columns + threads * (shape.n + shape.rows)) as u64,
            states: (shape.n * recovery_columns) as u64 * LEAF_STATE_BYTES,
        }
    }

    const fn fixed(&self) -> u64 {
        self.leaves + self.threads as u64 * SCRATCH_BYTES
    }

    /// At least so many tasks that all threads stay busy.
    fn fair_share(&self, of: usize) -> usize {
        match self.threads {
            1 => of,
            threads => of.div_ceil(threads * TASKS_PER_THREAD),
        }
    }

    fn resident(&self) -> u64 {
        let groups = self.threads as u64 * GROUP_BYTES.max(self.per_column);
        let recovery =
            self.per_position * self.shape.symbol as u64 + self.threads as u64 * GROUP_BYTES;
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
        states + self.per_position * positions as u64 + self.threads as u64 * GROUP_BYTES
    }

    fn columns_within(&self, budget: u64) -> u64 {
        (budget - self.fixed()) / (self.threads as u64 * self.per_column)
    }

    fn positions_within(&self, budget: u64) -> usize {
        let budget = budget - self.fixed();
        if self.pass(self.shape.symbol) <= budget {
            return self.shape.symbol;
        }
        let fixed = self.pass(0);
        let most = budget.saturating_sub(fixed) / self.per_position;
        let most = usize::try_from(most)
            .unwrap_or(usize::MAX)
            .min(self.shape.symbol);
        // Passes of about equal width, so that none is left with a sliver of work.
        let passes = self
            .shape
            .symbol
            .div_ceil((most / POSITIONS_STEP * POSITIONS_STEP).max(POSITIONS_STEP));
        self.shape
            .symbol
            .div_ceil(passes)
            .next_multiple_of(POSITIONS_STEP)
    }
}
