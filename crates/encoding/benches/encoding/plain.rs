//! The work done the plain way: one thread, the whole matrix in memory, `reed-solomon-simd` a
//! codeword at a time, `blake2` a hash at a time, every symbol hashed once, trees built level by
//! level.

use blake2::{Blake2b, Digest as _, digest::consts::U32};
use reed_solomon_simd::{ReedSolomonDecoder, ReedSolomonEncoder};

type Digest = [u8; 32];

/// The numbers of a blob's matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) n: usize,
    pub(crate) k1: usize,
    pub(crate) k2: usize,
    pub(crate) symbol: usize,
}

impl Shape {
    pub(crate) fn new(n: usize, length: usize) -> Self {
        let f = (n - 1) / 3;
        let (k1, k2) = (n - 2 * f, n - f);
        let symbol = length.max(1).div_ceil(k1 * k2).next_multiple_of(2);
        Self { n, k1, k2, symbol }
    }
}

/// All slivers, with their hashes.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) primary: Vec<Vec<u8>>,
    pub(crate) secondary: Vec<Vec<u8>>,
    pub(crate) blob_id: Digest,
}

/// Encodes a blob, keeping all slivers or, for metadata alone, only those of recovery columns.
pub(crate) fn encode(shape: Shape, blob: &[u8], keep_slivers: bool) -> Encoded {
    let Shape { n, k1, k2, symbol } = shape;
    let mut padded = vec![0; k1 * k2 * symbol];
    padded[..blob.len()].copy_from_slice(blob);
    let zeros = |from, to, length: usize| -> Vec<Vec<u8>> {
        (0..n)
            .map(|i| vec![0; if (from..to).contains(&i) { length } else { 0 }])
            .collect()
    };
    let mut primary = zeros(0, if keep_slivers { n } else { 0 }, k2 * symbol);
    let mut secondary = zeros(if keep_slivers { 0 } else { k2 }, n, k1 * symbol);

    let mut rows = ReedSolomonEncoder::new(k2, n - k2, symbol).unwrap();
    for (row, bytes) in padded.chunks(k2 * symbol).enumerate() {
        let at = row * symbol..(row + 1) * symbol;
        for (column, bytes) in bytes.chunks(symbol).enumerate() {
            rows.add_original_shard(bytes).unwrap();
            if keep_slivers {
                secondary[column][at.clone()].copy_from_slice(bytes);
            }
        }
        if keep_slivers {
            primary[row].copy_from_slice(bytes);
        }
        let recovery = rows.encode().unwrap();
        for (column, bytes) in recovery.recovery_iter().enumerate() {
            secondary[k2 + column][at.clone()].copy_from_slice(bytes);
        }
    }

    let mut leaves = vec![[0; 32]; n * n];
    let mut columns = ReedSolomonEncoder::new(k1, n - k1, symbol).unwrap();
    let mut column_roots = Vec::with_capacity(n);
    for column in 0..n {
        for row in 0..k1 {
            let start = (row * k2 + column) * symbol;
            let bytes = if column < k2 {
                &padded[start..start + symbol]
            } else {
                &secondary[column][row * symbol..(row + 1) * symbol]
            };
            columns.add_original_shard(bytes).unwrap();
            leaves[row * n + column] = leaf(bytes);
        }
        let recovery = columns.encode().unwrap();
        for (row, bytes) in recovery.recovery_iter().enumerate() {
            leaves[(k1 + row) * n + column] = leaf(bytes);
            if keep_slivers && column < k2 {
                primary[k1 + row][column * symbol..(column + 1) * symbol].copy_from_slice(bytes);
            }
        }
        column_roots.push(root((0..n).map(|row| leaves[row * n + column]).collect()));
    }
    let row_roots = leaves.chunks(n).map(|row| root(row.to_vec()));
    let pairs = row_roots.zip(column_roots.into_iter().rev());
    let pairs = pairs.map(|(primary, secondary)| leaf(&[primary, secondary].concat()));
    let length = (blob.len() as u64).to_le_bytes();
    let blob_id = hash(&[&[1], &length, &root(pairs.collect())]);
    Encoded {
        primary,
        secondary,
        blob_id,
    }
}

/// Decodes a blob from slivers of one axis, given with their indices.
pub(crate) fn decode(
    shape: Shape,
    primary: bool,
    slivers: &[(usize, &[u8])],
    length: usize,
) -> Vec<u8> {
    let Shape { n, k1, k2, symbol } = shape;
    let (k, lines) = if primary { (k1, k2) } else { (k2, k1) };
    let mut blob = vec![0; k1 * k2 * symbol];
    let place = |line, index| {
        symbol
            * if primary {
                index * k2 + line
            } else {
                line * k2 + index
            }
    };
    let mut decoder = ReedSolomonDecoder::new(k, n - k, symbol).unwrap();
    for line in 0..lines {
        for (index, sliver) in slivers {
            let bytes = sliver[line * symbol..(line + 1) * symbol].to_vec();
            if *index < k {
                decoder.add_original_shard(*index, &bytes).unwrap();
                blob[place(line, *index)..][..symbol].copy_from_slice(&bytes);
            } else {
                decoder.add_recovery_shard(*index - k, &bytes).unwrap();
            }
        }
        for (index, bytes) in decoder.decode().unwrap().restored_original_iter() {
            blob[place(line, index)..][..symbol].copy_from_slice(bytes);
        }
    }
    blob.truncate(length);
    blob
}

/// The hash of a sliver of so many symbols, expanded to `n`.
pub(crate) fn sliver_hash(n: usize, symbol: usize, sliver: &[u8]) -> Digest {
    *tree(expanded_leaves(n, symbol, sliver))
        .last()
        .unwrap()
        .last()
        .unwrap()
}

/// A symbol of an expanded sliver, and the siblings that prove it.
pub(crate) fn recovery_symbol(
    n: usize,
    symbol: usize,
    sliver: &[u8],
    target: usize,
) -> (Vec<u8>, Vec<Digest>) {
    let expanded = expand(n, symbol, sliver);
    let levels = tree(expanded.iter().map(|symbol| leaf(symbol)).collect());
    let path = levels.iter().enumerate().take(levels.len() - 1);
    let path = path
        .map(|(height, level)| level[(target >> height) ^ 1])
        .collect();
    (expanded[target].clone(), path)
}

/// Whether a symbol is a leaf of the tree with this root.
pub(crate) fn proves(root: Digest, symbol: &[u8], target: usize, path: &[Digest]) -> bool {
    let fold = |(hash, at): (Digest, usize), sibling: &Digest| {
        let (left, right) = if at % 2 == 0 {
            (&hash, sibling)
        } else {
            (sibling, &hash)
        };
        (inner(left, right), at / 2)
    };
    path.iter().fold((leaf(symbol), target), fold).0 == root
}

/// Decodes a sliver of `k` symbols from as many of its codeword.
pub(crate) fn recover(n: usize, symbol: usize, symbols: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let k = symbols.len();
    let mut sliver = vec![0; k * symbol];
    let mut decoder = ReedSolomonDecoder::new(k, n - k, symbol).unwrap();
    for (index, bytes) in symbols {
        if *index < k {
            decoder.add_original_shard(*index, bytes).unwrap();
            sliver[index * symbol..][..symbol].copy_from_slice(bytes);
        } else {
            decoder.add_recovery_shard(*index - k, bytes).unwrap();
        }
    }
    for (index, bytes) in decoder.decode().unwrap().restored_original_iter() {
        sliver[index * symbol..][..symbol].copy_from_slice(bytes);
    }
    sliver
}

fn expand(n: usize, symbol: usize, sliver: &[u8]) -> Vec<Vec<u8>> {
    let mut symbols: Vec<_> = sliver.chunks(symbol).map(<[u8]>::to_vec).collect();
    let recovery = reed_solomon_simd::encode(symbols.len(), n - symbols.len(), &symbols).unwrap();
    symbols.extend(recovery);
    symbols
}

fn expanded_leaves(n: usize, symbol: usize, sliver: &[u8]) -> Vec<Digest> {
    expand(n, symbol, sliver)
        .iter()
        .map(|symbol| leaf(symbol))
        .collect()
}

fn root(leaves: Vec<Digest>) -> Digest {
    *tree(leaves).last().unwrap().last().unwrap()
}

/// All levels, leaves first, padded to even lengths.
fn tree(leaves: Vec<Digest>) -> Vec<Vec<Digest>> {
    let mut levels = vec![leaves];
    loop {
        let level = levels.last_mut().unwrap();
        if level.len() == 1 {
            return levels;
        }
        if level.len() % 2 == 1 {
            level.push([0; 32]);
        }
        let parents = level
            .chunks(2)
            .map(|pair| inner(&pair[0], &pair[1]))
            .collect();
        levels.push(parents);
    }
}

fn leaf(data: &[u8]) -> Digest {
    hash(&[&[0], data])
}

fn inner(left: &Digest, right: &Digest) -> Digest {
    hash(&[&[1], left, right])
}

fn hash(parts: &[&[u8]]) -> Digest {
    let mut hasher = Blake2b::<U32>::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}
