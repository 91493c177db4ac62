//! The code the obvious way, straight from `docs/spec/encoding.md` §1–§6: the whole expanded matrix
//! in memory, one symbol at a time, one hash at a time, nothing shared with the crate under test.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use blake2::{Blake2b, Digest as _, digest::consts::U32};

pub(crate) type Digest = [u8; 32];

/// A blob, expanded.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) n: usize,
    pub(crate) k1: usize,
    pub(crate) k2: usize,
    /// Rows of symbols.
    matrix: Vec<Vec<Vec<u8>>>,
}

impl Reference {
    pub(crate) fn new(n: usize, blob: &[u8]) -> Self {
        let f = (n - 1) / 3;
        let (k1, k2) = (n - 2 * f, n - f);
        let symbol_size = blob.len().max(1).div_ceil(k1 * k2).next_multiple_of(2);
        let mut padded = blob.to_vec();
        padded.resize(k1 * k2 * symbol_size, 0);
        let rows = padded.chunks(k2 * symbol_size);
        let rows = rows.map(|row| row.chunks(symbol_size).map(<[u8]>::to_vec).collect());
        let mut matrix: Vec<Vec<Vec<u8>>> = rows.collect();
        for row in &mut matrix {
            let recovery = reed_solomon_simd::encode(k2, n - k2, &*row).unwrap();
            row.extend(recovery);
        }
        matrix.resize(n, Vec::new());
        for column in 0..n {
            let originals: Vec<_> = matrix[..k1].iter().map(|row| row[column].clone()).collect();
            let recovery = reed_solomon_simd::encode(k1, n - k1, originals).unwrap();
            for (row, symbol) in matrix[k1..].iter_mut().zip(recovery) {
                row.push(symbol);
            }
        }
        Self { n, k1, k2, matrix }
    }

    pub(crate) fn primary(&self, row: usize) -> Vec<u8> {
        self.matrix[row][..self.k2].concat()
    }

    pub(crate) fn secondary(&self, column: usize) -> Vec<u8> {
        let rows = self.matrix[..self.k1].iter();
        rows.flat_map(|row| row[column].clone()).collect()
    }

    pub(crate) fn primary_hash(&self, row: usize) -> Digest {
        merkle_root(self.matrix[row].iter().map(|symbol| leaf(symbol)).collect())
    }

    pub(crate) fn secondary_hash(&self, column: usize) -> Digest {
        merkle_root(self.matrix.iter().map(|row| leaf(&row[column])).collect())
    }

    pub(crate) fn blob_id(&self, length: usize) -> Digest {
        let pair = |pair| {
            leaf(
                &[
                    self.primary_hash(pair),
                    self.secondary_hash(self.n - 1 - pair),
                ]
                .concat(),
            )
        };
        let root = merkle_root((0..self.n).map(pair).collect());
        hash(&[&[1], &(length as u64).to_le_bytes(), &root])
    }
}

fn hash(parts: &[&[u8]]) -> Digest {
    let mut hasher = Blake2b::<U32>::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

fn leaf(data: &[u8]) -> Digest {
    hash(&[&[0], data])
}

fn merkle_root(mut level: Vec<Digest>) -> Digest {
    while level.len() > 1 {
        if level.len() % 2 == 1 {
            level.push([0; 32]);
        }
        level = level
            .chunks(2)
            .map(|pair| hash(&[&[1], &pair[0], &pair[1]]))
            .collect();
    }
    level[0]
}
