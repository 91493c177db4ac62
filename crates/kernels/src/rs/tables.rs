//! Constants of GF(2^16) (`docs/spec/encoding.md` §3.2), from the library's tables.

use reed_solomon_simd::engine::{
    GF_MODULUS,
    tables::{ExpLog, Multiply128lutT, get_exp_log, get_mul128, get_skew, mul},
};

/// Multiplication of labels by a constant: four 8×8 bit matrices in the form of `GF2P8AFFINEQB` (row
/// `i`, which makes output bit `i`, is byte `7 - i`), from low byte to low byte, high to high, high to
/// low, low to high.
pub(super) type Matrix = [u64; 4];

/// A constant to multiply labels with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor {
    /// Its discrete logarithm; 65535 stands for one, as 0 does.
    pub(super) log: u16,
    /// What it does to bits.
    pub(super) matrix: Matrix,
}

impl Factor {
    pub(super) fn new(log: u16) -> Self {
        Self {
            log,
            matrix: matrix(log, get_exp_log()),
        }
    }
}

/// The constants of all butterflies of transforms over the first `points` points. The butterfly of
/// rows at a distance of `d`, in the group of `2d` rows that starts at the point `p`, has the
/// constant at `p + d - 1`.
pub(super) fn twiddles(points: usize) -> Vec<Matrix> {
    let tables = get_exp_log();
    let logs = get_skew().iter().take(points);
    // The library's tables say 65535 for the logarithm of zero here.
    let twiddle = |&log: &u16| {
        if log == GF_MODULUS {
            [0; 4]
        } else {
            matrix(log, tables)
        }
    };
    logs.map(twiddle).collect()
}

#[cfg(target_arch = "x86_64")]
/// The same constants as products of nibbles; `None` stands for zero.
pub(super) fn nibble_twiddles(points: usize) -> Vec<Option<Multiply128lutT>> {
    let logs = get_skew().iter().take(points);
    logs.map(|&log| {
        (log != GF_MODULUS)
            .then(|| get_mul128().get(usize::from(log)).cloned())
            .flatten()
    })
    .collect()
}

/// `log(label)` for every label below `count`, and 0 for the label 0, which has none.
pub(super) fn logarithms(count: usize) -> impl Iterator<Item = u16> {
    get_exp_log()
        .log
        .iter()
        .take(count)
        .enumerate()
        .map(|(i, &log)| if i == 0 { 0 } else { log })
}

fn matrix(log: u16, tables: &ExpLog) -> Matrix {
    let columns = |first: u32| {
        let mut columns = [0; 8];
        for (bit, column) in (first..).zip(&mut columns) {
            *column = mul(1 << bit, log, &tables.exp, &tables.log);
        }
        columns
    };
    let (low, high) = (columns(0), columns(8));
    let to_low = |columns: [u16; 8]| rows(columns.map(|column| column.to_le_bytes()[0]));
    let to_high = |columns: [u16; 8]| rows(columns.map(|column| column.to_le_bytes()[1]));
    [to_low(low), to_high(high), to_low(high), to_high(low)]
}

/// The rows of the 8×8 bit matrix with these columns, the last row in the first byte.
const fn rows(columns: [u8; 8]) -> u64 {
    // Bit 8i + j is bit i of column j after transposing 1×1, 2×2 and 4×4 squares.
    let mut bits = u64::from_le_bytes(columns);
    let swap = (bits ^ (bits >> 7)) & 0x00AA_00AA_00AA_00AA;
    bits ^= swap ^ (swap << 7);
    let swap = (bits ^ (bits >> 14)) & 0x0000_CCCC_0000_CCCC;
    bits ^= swap ^ (swap << 14);
    let swap = (bits ^ (bits >> 28)) & 0x0000_0000_F0F0_F0F0;
    bits ^= swap ^ (swap << 28);
    bits.swap_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_transposed_columns() {
        let columns = [0x01, 0x80, 0xFF, 0x10, 0x55, 0x00, 0xC3, 0x7E];
        let transposed = rows(columns).to_le_bytes();
        for row in 0..8 {
            for (j, column) in columns.iter().enumerate() {
                assert_eq!(transposed[7 - row] >> j & 1, column >> row & 1);
            }
        }
    }
}
