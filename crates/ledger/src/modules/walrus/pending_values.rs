//! `walrus::pending_values`: amounts that take effect in epochs to come
//! (`docs/spec/economics.md` §5.2).
//!
//! Entries are in insertion order and never sorted.

use floe_core::{
    Epoch,
    onchain::{framework::VecMap, staking::PendingValues},
};

use crate::{error::Failure, modules::ModuleRef};

const MODULE: ModuleRef = ModuleRef::new("walrus", "pending_values");
const E_MISSING_EPOCH_VALUE: u64 = 0;
const E_REDUCE_VALUE_TOO_LARGE: u64 = 1;

/// Nothing pending.
pub(crate) fn empty() -> PendingValues {
    PendingValues(VecMap::default())
}

/// Adds to the amount of an epoch.
///
/// # Errors
/// Arithmetic fault on overflow.
pub(crate) fn insert_or_add(
    values: &mut PendingValues,
    epoch: Epoch,
    amount: u64,
) -> Result<(), Failure> {
    match values.0.get_mut(&epoch) {
        Some(own) => {
            *own = own
                .checked_add(amount)
                .ok_or_else(|| MODULE.arithmetic("insert_or_add"))?;
        }
        None => values.0.contents.push((epoch, amount)),
    }
    Ok(())
}

/// Sets the amount of an epoch.
pub(crate) fn insert_or_replace(values: &mut PendingValues, epoch: Epoch, amount: u64) {
    match values.0.get_mut(&epoch) {
        Some(own) => *own = amount,
        None => values.0.contents.push((epoch, amount)),
    }
}

/// Takes from the amount of an epoch; an entry that reaches 0 stays.
///
/// # Errors
/// Aborts with `pending_values` 0 if the epoch has no amount, 1 if it has less.
pub(crate) fn reduce(values: &mut PendingValues, epoch: Epoch, amount: u64) -> Result<(), Failure> {
    let own = values
        .0
        .get_mut(&epoch)
        .ok_or_else(|| MODULE.abort("reduce", E_MISSING_EPOCH_VALUE))?;
    *own = own
        .checked_sub(amount)
        .ok_or_else(|| MODULE.abort("reduce", E_REDUCE_VALUE_TOO_LARGE))?;
    Ok(())
}

/// The sum of the amounts up to and including an epoch.
///
/// # Errors
/// Arithmetic fault on overflow.
pub(crate) fn value_at(values: &PendingValues, epoch: Epoch) -> Result<u64, Failure> {
    until(values, epoch)
        .try_fold(0_u64, |sum, (_, amount)| sum.checked_add(amount))
        .ok_or_else(|| MODULE.arithmetic("value_at"))
}

/// The amount of the latest epoch up to and including `epoch`.
pub(crate) fn latest(values: &PendingValues, epoch: Epoch) -> Option<u64> {
    until(values, epoch)
        .max_by_key(|(key, _)| *key)
        .map(|(_, amount)| amount)
}

/// Removes the amounts up to and including an epoch; their sum.
///
/// # Errors
/// Arithmetic fault on overflow.
pub(crate) fn flush(values: &mut PendingValues, epoch: Epoch) -> Result<u64, Failure> {
    let sum = value_at(values, epoch)?;
    discard(values, epoch);
    Ok(sum)
}

/// Removes the amounts up to and including an epoch.
pub(crate) fn discard(values: &mut PendingValues, epoch: Epoch) {
    values.0.contents.retain(|(key, _)| *key > epoch);
}

/// The amounts up to and including an epoch, in insertion order.
pub(crate) fn until(
    values: &PendingValues,
    epoch: Epoch,
) -> impl Iterator<Item = (Epoch, u64)> + '_ {
    values
        .0
        .iter()
        .copied()
        .filter(move |(key, _)| *key <= epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<(), Failure>) -> u64 {
        match result.unwrap_err() {
            Failure::Abort { code, .. } => code,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn amounts_add_up_until_flushed_and_keep_their_order() {
        let mut values = empty();
        for (epoch, amount) in [(5, 10), (2, 1), (5, 5), (3, 7)] {
            insert_or_add(&mut values, Epoch(epoch), amount).unwrap();
        }
        assert_eq!(value_at(&values, Epoch(1)).unwrap(), 0);
        assert_eq!(value_at(&values, Epoch(3)).unwrap(), 8);
        assert_eq!(latest(&values, Epoch(4)), Some(7));
        assert_eq!(flush(&mut values, Epoch(2)).unwrap(), 1);
        assert_eq!(values.0.contents, [(Epoch(5), 15), (Epoch(3), 7)]);
        insert_or_replace(&mut values, Epoch(5), 1);
        insert_or_replace(&mut values, Epoch(9), 2);
        assert_eq!(flush(&mut values, Epoch(9)).unwrap(), 10);
        assert!(values.0.is_empty());
    }

    #[test]
    fn a_reduction_needs_an_amount_that_is_large_enough() {
        let mut values = empty();
        insert_or_add(&mut values, Epoch(1), 3).unwrap();
        assert_eq!(
            code(reduce(&mut values, Epoch(2), 0)),
            E_MISSING_EPOCH_VALUE
        );
        assert_eq!(
            code(reduce(&mut values, Epoch(1), 4)),
            E_REDUCE_VALUE_TOO_LARGE
        );
        reduce(&mut values, Epoch(1), 3).unwrap();
        assert_eq!(values.0.contents, [(Epoch(1), 0)]);
    }
}
