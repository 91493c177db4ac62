//! What storage costs (`docs/spec/economics.md` §2.1).
//!
//! Payments are exact, so the ledger, the clients and the commands all compute them here.

use crate::storage_units;

/// The prices of a moment, in FROST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prices {
    /// For one storage unit and epoch.
    pub storage_frost: u64,
    /// For one storage unit written.
    pub write_frost: u64,
}

impl Prices {
    /// FROST for keeping `encoded_bytes` for one epoch; `None` if that does not fit 64 bits.
    pub const fn storage_per_epoch(self, encoded_bytes: u64) -> Option<u64> {
        self.storage_frost.checked_mul(storage_units(encoded_bytes))
    }

    /// FROST for keeping `encoded_bytes` for some epochs; `None` if that does not fit 64 bits.
    pub const fn storage(self, encoded_bytes: u64, epochs: u32) -> Option<u64> {
        match self.storage_per_epoch(encoded_bytes) {
            // Lossless: there is no `From` in constant functions.
            Some(frost) => frost.checked_mul(epochs as u64),
            None => None,
        }
    }

    /// FROST for writing a blob of `encoded_bytes`; `None` if that does not fit 64 bits.
    pub const fn write(self, encoded_bytes: u64) -> Option<u64> {
        self.write_frost.checked_mul(storage_units(encoded_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_begun_unit_is_paid_in_every_epoch() {
        let prices = Prices {
            storage_frost: 100,
            write_frost: 7,
        };
        // 63 units: the encoded size of a blob of one byte with 1000 shards.
        assert_eq!(prices.storage(66_034_000, 5), Some(31_500));
        assert_eq!(prices.write(66_034_000), Some(441));
        assert_eq!(prices.storage(1 << 20, 1), Some(100));
        assert_eq!(prices.storage((1 << 20) + 1, 1), Some(200));
        assert_eq!((prices.storage(0, 9), prices.write(0)), (Some(0), Some(0)));
    }

    #[test]
    fn sums_beyond_64_bits_are_none() {
        let prices = Prices {
            storage_frost: u64::MAX / 2,
            write_frost: u64::MAX,
        };
        assert_eq!(prices.storage(1, 2), Some(u64::MAX - 1));
        assert_eq!(prices.storage(1, 3), None);
        assert_eq!(prices.storage(3 << 20, 1), None);
        assert_eq!(prices.write((1 << 20) + 1), None);
    }
}
