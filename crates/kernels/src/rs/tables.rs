//! Constants of GF(2^16) (`docs/spec/encoding.md` §3.2), from the library's tables.

use reed_solomon_simd::engine::tables::{ExpLog, get_exp_log, mul};

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
            matrix: matrix_of(&columns(log)),
        }
    }
}

/// Where the transforms of this crate do their arithmetic.
///
/// Labels below 256 are the field's subfield GF(2^8), and with `θ`, the element of label 256, every
/// element is `low + high · θ` for two of them. In these coordinates a constant of the subfield
/// multiplies both bytes of a label alike and by themselves, which is half of the work and leaves half
/// of the tables out. Such are most constants of the transforms: at the butterflies of rows at a distance
/// of `d` it is the element of label `point / d`. A label's high byte is `high` already, so only the low
/// bytes change, by a linear function of the high ones, which is its own inverse: the *shear*.
#[derive(Debug)]
pub(super) struct Tower {
    /// What each bit of the high byte adds to the low byte.
    shear: [u8; 8],
}

/// Elements of the subfield have labels below this.
pub(super) const SUBFIELD: usize = 256;

impl Tower {
    pub(super) fn new() -> Self {
        let mut shear = [0; 8];
        for (bit, column) in shear.iter_mut().enumerate() {
            *column = multiply(1 << 8, 1 << bit).to_le_bytes()[0];
        }
        Self { shear }
    }

    /// The shear as a bit matrix, in the form of [`Matrix`].
    pub(super) const fn shear_matrix(&self) -> u64 {
        rows(self.shear)
    }

    /// The shear as sums over nibbles of the high byte.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn shear_nibbles(&self) -> [u128; 2] {
        let (low, high) = self.shear.split_at(4);
        [low, high].map(|columns| nibble_sums(|nibble| combine(columns, nibble)))
    }

    /// Multiplication by the element of a label, between coordinates of the tower.
    pub(super) fn matrix(&self, label: u16) -> Matrix {
        let columns = self.columns(label);
        matrix_of(&columns)
    }

    /// The same as products of the four nibbles of a label: of low bytes, then of high ones.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn nibbles(&self, label: u16) -> Nibbles {
        let columns = self.columns(label);
        let mut nibbles = Nibbles::default();
        let of = columns.as_chunks::<4>().0.iter();
        for (columns, (low, high)) in of.zip(nibbles.low.iter_mut().zip(&mut nibbles.high)) {
            let low_bytes = columns.map(|column| column.to_le_bytes()[0]);
            let high_bytes = columns.map(|column| column.to_le_bytes()[1]);
            *low = nibble_sums(|nibble| combine(&low_bytes, nibble));
            *high = nibble_sums(|nibble| combine(&high_bytes, nibble));
        }
        nibbles
    }

    /// The products of all bits, in coordinates of the tower.
    fn columns(&self, label: u16) -> [u16; 16] {
        let mut bit = 0_u32;
        [(); 16].map(|()| {
            let product = multiply(self.sheared(1 << bit), label);
            bit += 1;
            self.sheared(product)
        })
    }

    /// A label's coordinates, and the label of coordinates.
    fn sheared(&self, label: u16) -> u16 {
        let [low, high] = label.to_le_bytes();
        u16::from_le_bytes([low ^ combine(&self.shear, high), high])
    }
}

/// The product of two labels' elements.
fn multiply(x: u16, y: u16) -> u16 {
    let ExpLog { exp, log } = get_exp_log();
    match log.get(usize::from(y)) {
        Some(&log_y) if y != 0 => mul(x, log_y, exp, log),
        _ => 0,
    }
}

/// Products of the nibbles of a label from low to high, the 16 of each as the bytes of a number.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Debug, Default)]
pub(super) struct Nibbles {
    /// Low bytes of products.
    pub(super) low: [u128; 4],
    /// High bytes.
    pub(super) high: [u128; 4],
}

/// The sum of the columns that `bits` selects.
fn combine(columns: &[u8], bits: u8) -> u8 {
    let selected = (0..8).zip(columns).filter(|(bit, _)| bits >> bit & 1 == 1);
    selected.fold(0, |sum, (_, column)| sum ^ column)
}

#[cfg(target_arch = "x86_64")]
fn nibble_sums(sum: impl Fn(u8) -> u8) -> u128 {
    let mut nibble = 0;
    u128::from_le_bytes([(); 16].map(|()| {
        let byte = sum(nibble);
        nibble += 1;
        byte
    }))
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

/// The products of all bits of a label.
fn columns(log: u16) -> [u16; 16] {
    let ExpLog { exp, log: logs } = get_exp_log();
    let mut bit = 0_u32;
    [(); 16].map(|()| {
        let product = mul(1 << bit, log, exp, logs);
        bit += 1;
        product
    })
}

fn matrix_of(columns: &[u16; 16]) -> Matrix {
    let halves = columns.as_chunks::<8>().0;
    let [low, high] = [0, 1].map(|half| halves.get(half).copied().unwrap_or_default());
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
    use reed_solomon_simd::engine::{GF_MODULUS, tables::get_skew};

    use super::*;

    #[test]
    fn the_subfield_multiplies_bytes_alike() {
        let tower = Tower::new();
        for label in [1, 2, 3, 77, 255] {
            let [low, high, to_low, to_high] = tower.matrix(label);
            assert_eq!((low, to_low, to_high), (high, 0, 0));
        }
        assert_ne!(tower.matrix(256)[3], 0);
        assert_eq!(tower.matrix(0), [0; 4]);
    }

    #[test]
    #[cfg_attr(
        miri,
        ignore = "only reads the library's tables, of which Miri takes minutes to fill one"
    )]
    fn butterflies_have_the_constants_of_the_library() {
        let (skew, tables) = (get_skew(), get_exp_log());
        for distance in [1, 2, 64, 1024] {
            for point in (0..4096).step_by(2 * distance) {
                let log = skew[point + distance - 1];
                let label = match log {
                    GF_MODULUS => 0,
                    log => tables.exp[usize::from(log)],
                };
                assert_eq!(usize::from(label), point / distance);
            }
        }
    }

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
