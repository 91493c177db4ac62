//! `walrus::pool_exchange_rate`: what shares of a pool are worth (`docs/spec/economics.md` §5.2).

use floe_core::onchain::staking::PoolExchangeRate;

use crate::{error::Failure, modules::ModuleRef};

const MODULE: ModuleRef = ModuleRef::new("walrus", "pool_exchange_rate");
const E_INVALID_RATE: u64 = 0;

/// The rate at which `share_amount` shares are worth `wal_amount` FROST.
///
/// # Errors
/// Aborts with `pool_exchange_rate` 0 if a share were worth less than 1 FROST: the model has no
/// falling price.
pub(crate) fn new(wal_amount: u64, share_amount: u64) -> Result<PoolExchangeRate, Failure> {
    if wal_amount == 0 || share_amount == 0 {
        return Ok(PoolExchangeRate::Flat);
    }
    MODULE.ensure(share_amount <= wal_amount, "new", E_INVALID_RATE)?;
    Ok(PoolExchangeRate::Variable {
        wal_amount: wal_amount.into(),
        share_amount: share_amount.into(),
    })
}

/// FROST for shares, rounded down.
///
/// # Errors
/// Arithmetic fault if the amount leaves `u64`.
pub(crate) fn to_wal(rate: &PoolExchangeRate, shares: u64) -> Result<u64, Failure> {
    match rate {
        PoolExchangeRate::Flat => Ok(shares),
        PoolExchangeRate::Variable {
            wal_amount,
            share_amount,
        } => mul_div(shares, *wal_amount, *share_amount)
            .ok_or_else(|| MODULE.arithmetic("convert_to_wal_amount")),
    }
}

/// Shares for FROST, rounded down.
///
/// # Errors
/// Arithmetic fault if the number leaves `u64`.
pub(crate) fn to_shares(rate: &PoolExchangeRate, wal: u64) -> Result<u64, Failure> {
    match rate {
        PoolExchangeRate::Flat => Ok(wal),
        PoolExchangeRate::Variable {
            wal_amount,
            share_amount,
        } => mul_div(wal, *share_amount, *wal_amount)
            .ok_or_else(|| MODULE.arithmetic("convert_to_share_amount")),
    }
}

fn mul_div(amount: u64, factor: u128, divisor: u128) -> Option<u64> {
    let product = u128::from(amount).checked_mul(factor)?;
    product.checked_div(divisor)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_round_down() {
        let rate = new(1_590_000_000_007, 1_500_000_000_000).unwrap();
        assert_eq!(to_shares(&rate, 300_000_000_000).unwrap(), 283_018_867_923);
        assert_eq!(to_wal(&rate, 283_018_867_923).unwrap(), 299_999_999_999);
        assert_eq!(to_wal(&rate, 0).unwrap(), 0);
    }

    #[test]
    fn an_empty_side_is_flat_and_a_falling_price_impossible() {
        assert_eq!(new(0, 7).unwrap(), PoolExchangeRate::Flat);
        assert_eq!(new(7, 0).unwrap(), PoolExchangeRate::Flat);
        assert_eq!(to_wal(&PoolExchangeRate::Flat, 9).unwrap(), 9);
        assert!(matches!(
            new(6, 7).unwrap_err(),
            Failure::Abort {
                code: E_INVALID_RATE,
                ..
            }
        ));
    }

    #[test]
    fn an_amount_beyond_u64_is_a_fault() {
        let rate = new(u64::MAX, 1).unwrap();
        assert!(matches!(
            to_wal(&rate, 2).unwrap_err(),
            Failure::Fault { .. }
        ));
    }
}
