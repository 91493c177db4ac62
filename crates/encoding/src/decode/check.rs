//! Whether what was decoded is what the metadata commits to (`docs/spec/encoding.md` §8.2).

use floe_core::{Axis, SliverIndex, merkle::Node};

use super::{DecodeError, Job};
use crate::{executor::try_run, sliver::SliverHasher, source::read_padded};

/// Primary slivers hashed together should fill this much, so that short ones are hashed side by side.
const TILE_BYTES: usize = 256 << 10;

#[derive(Debug, Default)]
struct Scratch {
    rows: Vec<u8>,
    hasher: SliverHasher,
}

/// The default check: the blob's own primary slivers, but for those it was decoded from.
pub(super) fn systematic_slivers(job: &Job<'_>) -> Result<(), DecodeError> {
    let Job {
        codec,
        shape,
        metadata,
        axis,
        given,
        ..
    } = *job;
    let mut used = vec![false; shape.n];
    for index in given.iter().filter(|_| axis == Axis::Primary) {
        if let Some(used) = used.get_mut(index.as_usize()) {
            *used = true;
        }
    }
    let unchecked: Vec<_> = job
        .codec
        .params()
        .shards()
        .map(|shard| SliverIndex(shard.get()))
        .zip(used)
        .take(shape.rows)
        .filter_map(|(index, used)| (!used).then_some(index))
        .collect();
    let step = (TILE_BYTES / shape.row_bytes()).max(1);
    let tiles: Vec<_> = unchecked.chunks(step).collect();
    try_run(
        job.options.executor,
        tiles.len(),
        |tile, scratch: &mut Scratch| {
            let indices = *tiles.get(tile).expect("there is a task per tile");
            scratch.rows.resize(indices.len() * shape.row_bytes(), 0);
            let rows = scratch.rows.chunks_exact_mut(shape.row_bytes());
            for (index, row) in indices.iter().zip(rows) {
                let offset = job.row_start(index.as_usize());
                let read = read_padded(job.output, offset, row);
                read.map_err(|source| DecodeError::Output { offset, source })?;
            }
            let symbol_size = metadata.symbol_size();
            let hashes = scratch
                .hasher
                .hash_all(codec, Axis::Primary, symbol_size, &scratch.rows);
            for (index, hash) in indices.iter().zip(hashes) {
                if metadata.sliver_hash(Axis::Primary, *index)? != Node::Digest(*hash) {
                    return Err(DecodeError::InconsistentSliver { index: *index });
                }
            }
            Ok(())
        },
    )
}

/// The strict check: the blob's id.
pub(super) fn blob_id(job: &Job<'_>) -> Result<(), DecodeError> {
    let again = job
        .codec
        .metadata(job.output, job.options)
        .map_err(DecodeError::Encode)?;
    if again.blob_id() == job.metadata.blob_id() {
        return Ok(());
    }
    Err(DecodeError::InconsistentBlob {
        expected: *job.metadata.blob_id(),
        got: *again.blob_id(),
    })
}
