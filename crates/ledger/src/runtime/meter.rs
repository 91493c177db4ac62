//! The computation meter.

use crate::error::Failure;

/// Units that the frame charges. Modules charge their own heavy work (signature checks, hashing)
/// on top.
pub mod units {
    /// One command.
    pub const COMMAND: u64 = 1;
    /// Bytes that a value passed or returned may have for nothing; every
    /// [`VALUE_BYTES_PER_UNIT`] more cost a unit. Together with the largest budget this bounds what
    /// a transaction can make the ledger hold.
    pub const VALUE_BYTES_FREE: usize = 1024;
    /// See [`VALUE_BYTES_FREE`].
    pub const VALUE_BYTES_PER_UNIT: usize = 8;
    /// Loading one object from the store.
    pub const LOAD: u64 = 1;
    /// One event.
    pub const EVENT: u64 = 1;
    /// One verification of an aggregate BLS signature.
    pub const BLS_VERIFY: u64 = 100;
}

/// Counts computation units against what the budget pays for.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    used: u64,
    available: u64,
}

impl Meter {
    /// A meter that runs out after `available` units.
    pub fn new(available: u64) -> Self {
        Self { used: 0, available }
    }

    /// A meter that never runs out, for system transactions.
    pub fn unlimited() -> Self {
        Self::new(u64::MAX)
    }

    /// Counts `units`.
    ///
    /// # Errors
    /// [`Failure::OutOfGas`] beyond the available units; everything available counts as used then.
    pub fn charge(&mut self, units: u64) -> Result<(), Failure> {
        let needed = self.used.saturating_add(units);
        self.used = needed.min(self.available);
        if needed > self.available {
            return Err(Failure::OutOfGas {
                needed,
                available: self.available,
            });
        }
        Ok(())
    }

    /// Units counted so far.
    pub fn used(&self) -> u64 {
        self.used
    }
}
