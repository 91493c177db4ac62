//! What is kept of hashed columns: their roots, and the lower levels of the trees of rows.
//!
//! Rows' trees run across all columns, and a million leaf digests are more than the caches hold.
//! Columns are therefore hashed in tiles that begin and end at multiples of a power of two, `2^g`: the
//! nodes of level `g` above a tile follow from its leaves alone and are computed while these are in
//! cache. Only where systematic and recovery columns meet may a tile end elsewhere; there leaves are
//! kept until both sides are known.

use std::ops::Range;

use floe_kernels::{Digest, HashScratch, Hasher, Layout, Symbols, SymbolsMut};

use super::{FITS, Job};
use crate::shape::Shape;

const DIGEST_BYTES: usize = size_of::<Digest>();

/// Neighbouring columns of which all symbols are hashed.
#[derive(Debug)]
pub(super) struct HashedColumns {
    columns: Range<usize>,
    /// Hashes of the secondary slivers.
    roots: Vec<Digest>,
    /// Nodes of the rows' trees, row by row.
    nodes: Vec<Digest>,
    /// The level of the nodes.
    level: u32,
}

/// Working memory for tiles.
#[derive(Debug, Default)]
pub(super) struct TreeScratch {
    leaves: Vec<Digest>,
    parents: Vec<Digest>,
    hash: HashScratch,
}

impl TreeScratch {
    /// Room for the leaf digests of so many columns, row by row.
    pub(super) fn leaves(&mut self, shape: &Shape, columns: usize) -> SymbolsMut<'_> {
        self.leaves.resize(shape.n * columns, Digest::default());
        let layout = layout(shape, columns);
        SymbolsMut::new(self.leaves.as_flattened_mut(), layout).expect(FITS)
    }
}

const fn layout(shape: &Shape, columns: usize) -> Layout {
    Layout::columns(DIGEST_BYTES, shape.n, columns * DIGEST_BYTES, columns)
}

impl HashedColumns {
    /// Columns whose leaf digests are in the working memory.
    pub(super) fn new(job: &Job<'_>, columns: Range<usize>, scratch: &mut TreeScratch) -> Self {
        let (shape, hasher) = (&job.shape, job.codec.hasher());
        let mut roots = vec![Digest::default(); columns.len()];
        let leaves = layout(shape, columns.len());
        let leaves = Symbols::new(scratch.leaves.as_flattened(), leaves).expect(FITS);
        hasher
            .roots(leaves, &mut roots, &mut scratch.hash)
            .expect(FITS);
        let step = 1 << job.plan.tile_levels;
        let ends = columns.end.is_multiple_of(step) || columns.end == shape.n;
        let is_tile = columns.start.is_multiple_of(step) && ends;
        let level = if is_tile { job.plan.tile_levels } else { 0 };
        climb(hasher, columns.len(), level, scratch);
        let nodes = scratch.leaves.clone();
        Self {
            columns,
            roots,
            nodes,
            level,
        }
    }

    /// All columns in order, with tiles that end in the middle of a tree joined, so that all nodes
    /// are of one level.
    pub(super) fn join(job: &Job<'_>, mut tiles: Vec<Self>) -> Vec<Self> {
        tiles.sort_unstable_by_key(|tile| tile.columns.start);
        let mut joined: Vec<Self> = Vec::with_capacity(tiles.len());
        for tile in tiles {
            match joined.last_mut() {
                Some(last) if last.level < job.plan.tile_levels && tile.level == last.level => {
                    last.append(job, &tile);
                }
                _ => joined.push(tile),
            }
        }
        joined
    }

    /// Adds the columns to the right, which complete the tile.
    fn append(&mut self, job: &Job<'_>, next: &Self) {
        let mut scratch = TreeScratch::default();
        for row in 0..job.shape.n {
            for part in [&*self, next] {
                scratch.leaves.extend_from_slice(part.row(row, job.shape.n));
            }
        }
        self.columns.end = next.columns.end;
        self.roots.extend_from_slice(&next.roots);
        self.level = job.plan.tile_levels;
        climb(
            job.codec.hasher(),
            self.columns.len(),
            self.level,
            &mut scratch,
        );
        self.nodes = scratch.leaves;
    }

    /// The nodes of one of `rows` rows.
    pub(super) fn row(&self, row: usize, rows: usize) -> &[Digest] {
        let width = self.nodes.len() / rows;
        self.nodes.get(row * width..(row + 1) * width).expect(FITS)
    }

    /// Hashes of the secondary slivers.
    pub(super) fn roots(&self) -> &[Digest] {
        &self.roots
    }
}

/// Replaces leaves, row by row, by the nodes so many levels up.
fn climb(hasher: Hasher, columns: usize, levels: u32, scratch: &mut TreeScratch) {
    let TreeScratch {
        leaves: nodes,
        parents,
        ..
    } = scratch;
    let mut width = columns;
    for _ in 0..levels {
        if width % 2 == 1 {
            // The last tile, of a level that is odd altogether (`docs/spec/encoding.md` §4).
            parents.clear();
            for row in nodes.chunks_exact(width) {
                parents.extend_from_slice(row);
                parents.push(Digest::default());
            }
            std::mem::swap(nodes, parents);
            width += 1;
        }
        width /= 2;
        parents.resize(nodes.len() / 2, Digest::default());
        hasher.parents(nodes, parents).expect(FITS);
        std::mem::swap(nodes, parents);
    }
}
