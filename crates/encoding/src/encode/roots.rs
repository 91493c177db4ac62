//! From leaf digests of columns to the hashes of rows, and to metadata.

use std::sync::Mutex;

use floe_core::{BlobMetadata, CodeParams, SliverPairHashes, VerifiedMetadata, merkle::Node};
use floe_kernels::{Digest, HashScratch, Layout, Symbols};

use super::{EncodeError, FITS, Job, hashed::HashedColumns};
use crate::executor::{lock, try_run};

/// Rows whose trees are built side by side.
const TILE_ROWS: usize = 16;

#[derive(Debug, Default)]
struct Scratch {
    nodes: Vec<Digest>,
    hash: HashScratch,
}

/// The hashes of all sliver pairs, given the leaf digests of all columns.
pub(super) fn pair_hashes(
    job: &Job<'_>,
    tiles: Vec<HashedColumns>,
) -> Result<Vec<SliverPairHashes>, EncodeError> {
    let (n, hasher) = (job.shape.n, job.codec.hasher());
    let tiles = HashedColumns::join(job, tiles);
    let mut rows = vec![Digest::default(); n];
    let row_tiles: Vec<_> = rows.chunks_mut(TILE_ROWS).map(Mutex::new).collect();
    try_run(
        job.options.executor,
        row_tiles.len(),
        |tile, scratch: &mut Scratch| {
            let mut roots = lock(row_tiles.get(tile).expect(FITS));
            scratch.nodes.clear();
            for row in (tile * TILE_ROWS..).take(roots.len()) {
                for tile in &tiles {
                    scratch.nodes.extend_from_slice(tile.row(row, n));
                }
            }
            let width = scratch.nodes.len() / roots.len();
            let layout = Layout::contiguous(size_of::<Digest>(), width, roots.len());
            let nodes = Symbols::new(scratch.nodes.as_flattened(), layout).expect(FITS);
            hasher
                .roots(nodes, &mut roots, &mut scratch.hash)
                .expect(FITS);
            Ok::<(), EncodeError>(())
        },
    )?;
    drop(row_tiles);
    // Pair p is primary sliver p and secondary sliver n − 1 − p.
    let columns: Vec<_> = tiles.iter().flat_map(HashedColumns::roots).collect();
    let pairs = rows.iter().zip(columns.into_iter().rev());
    let pairs = pairs.map(|(primary, secondary)| SliverPairHashes {
        primary_hash: Node::Digest(*primary),
        secondary_hash: Node::Digest(*secondary),
    });
    Ok(pairs.collect())
}

/// Metadata with its blob id.
pub(super) fn metadata(
    params: CodeParams,
    length: u64,
    hashes: Vec<SliverPairHashes>,
) -> VerifiedMetadata {
    let metadata = BlobMetadata::new(length, hashes);
    VerifiedMetadata::compute(metadata, params)
        .expect("there are n pairs and the length was checked")
}
