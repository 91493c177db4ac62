//! The published price list and the arithmetic of gas (`docs/spec/sui-rpc.md` §8.4).

use sui_sdk_types::{GasCostSummary, StructTag, TypeTag};

/// Prices and bounds.
#[derive(Clone, Copy, Debug)]
pub struct PriceList;

impl PriceList {
    /// Smallest number of computation units a transaction pays for.
    pub const UNITS_MIN: u64 = 1000;
    /// Computation is rounded up to one of these.
    pub const UNIT_BUCKETS: [u64; 8] = [
        1000, 5000, 10_000, 20_000, 50_000, 200_000, 1_000_000, 5_000_000,
    ];
    /// Reference gas price of a new chain, MIST per unit.
    pub const REFERENCE_GAS_PRICE: u64 = 1000;
    /// Highest gas price, MIST per unit.
    pub const GAS_PRICE_MAX: u64 = 100_000;
    /// Highest budget, MIST: 50 SUI.
    pub const BUDGET_MAX: u64 = 50_000_000_000;
    /// Storage units per byte.
    pub const STORAGE_UNITS_PER_BYTE: u64 = 100;
    /// Price of a storage unit, MIST.
    pub const STORAGE_PRICE: u64 = 76;
    /// Bytes charged per object on top of type and contents: its version and public-transfer flag,
    /// owner, previous transaction and rebate.
    pub const OBJECT_OVERHEAD_BYTES: u64 = 9 + 80;
    /// Refunded part of an object's storage cost, in basis points; the rest is kept by the system.
    pub const REBATE_BASIS_POINTS: u64 = 9900;
}

/// Computation units to pay for `used` ones.
pub fn charged_units(used: u64) -> u64 {
    PriceList::UNIT_BUCKETS
        .into_iter()
        .find(|bucket| used <= *bucket)
        .unwrap_or(used)
}

/// Units that a budget can pay for: the largest number whose bucket it covers.
pub fn affordable_units(budget: u64, price: u64) -> u64 {
    let units = budget.checked_div(price).unwrap_or(u64::MAX);
    PriceList::UNIT_BUCKETS
        .into_iter()
        .rev()
        .find(|bucket| *bucket <= units)
        .unwrap_or(0)
}

/// What it costs to keep an object, MIST.
pub fn storage_cost(tag: &StructTag, contents_len: usize) -> u64 {
    let contents = u64::try_from(contents_len).unwrap_or(u64::MAX);
    compact_type_bytes(tag)
        .saturating_add(contents)
        .saturating_add(PriceList::OBJECT_OVERHEAD_BYTES)
        .saturating_mul(PriceList::STORAGE_UNITS_PER_BYTE * PriceList::STORAGE_PRICE)
}

/// Bytes of a type in an object's encoding, where coins have a short form.
fn compact_type_bytes(tag: &StructTag) -> u64 {
    let inner = match tag.is_coin() {
        Some(TypeTag::Struct(token)) if **token == StructTag::sui() => Ok(0),
        Some(token) => bcs::serialized_size(token),
        None => bcs::serialized_size(tag),
    };
    // A type without BCS cannot come out of the registry; it would cost more than anyone can pay.
    1_u64.saturating_add(
        inner
            .ok()
            .and_then(|len| u64::try_from(len).ok())
            .unwrap_or(u64::MAX),
    )
}

/// Storage side of a transaction: new costs, and what the old objects had paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StorageTally {
    /// Cost of all written objects.
    pub(crate) cost: u64,
    /// What the written, deleted and wrapped objects had paid before.
    pub(crate) paid_before: u64,
}

impl StorageTally {
    /// The part of what was paid before that goes back to the payer, rounded half up.
    pub(crate) fn rebate(self) -> u64 {
        let share = u128::from(self.paid_before) * u128::from(PriceList::REBATE_BASIS_POINTS);
        u64::try_from((share + 5_000) / 10_000)
            .unwrap_or(self.paid_before)
            .min(self.paid_before)
    }

    /// The cost summary with this computation cost.
    pub(crate) fn summary(self, computation_cost: u64) -> GasCostSummary {
        let rebate = self.rebate();
        GasCostSummary::new(
            computation_cost,
            self.cost,
            rebate,
            self.paid_before - rebate,
        )
    }

    /// What storage takes from the payer on balance; 0 if it gives.
    pub(crate) fn net(self) -> u64 {
        self.cost.saturating_sub(self.rebate())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sui_coin_costs_what_every_sui_coin_on_mainnet_shows() {
        assert_eq!(storage_cost(&StructTag::gas_coin(), 40), 988_000);
        let tally = StorageTally {
            cost: 988_000,
            paid_before: 988_000,
        };
        let summary = tally.summary(1_000_000);
        assert_eq!(
            (summary.storage_rebate, summary.non_refundable_storage_fee),
            (978_120, 9_880)
        );
        assert_eq!(summary.net_gas_usage(), 1_009_880);
    }

    #[test]
    fn computation_is_paid_by_the_bucket() {
        assert_eq!(charged_units(0), 1000);
        assert_eq!(charged_units(1000), 1000);
        assert_eq!(charged_units(1001), 5000);
        assert_eq!(affordable_units(999_999, 1000), 0);
        assert_eq!(affordable_units(4_999_999, 1000), 1000);
        assert_eq!(affordable_units(5_000_000, 1000), 5000);
        assert_eq!(affordable_units(u64::MAX, 1000), 5_000_000);
    }
}
