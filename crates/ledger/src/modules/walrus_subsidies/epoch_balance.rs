//! `walrus_subsidies::epoch_balance`: amounts of consecutive epochs
//! (`docs/spec/contracts.md` §3.8).

use floe_core::{
    Epoch,
    onchain::walrus_subsidies::{EpochBalance, EpochBalanceRingBuffer},
};

use crate::{error::Failure, modules::ModuleRef};

const MODULE: ModuleRef = ModuleRef::new("walrus_subsidies", "epoch_balance");
const E_INDEX_OUT_OF_BOUNDS: u64 = 0;

/// Amounts of the epochs from `start` on.
///
/// # Errors
/// Arithmetic fault beyond the last epoch there is.
pub fn ring_new(start: Epoch, balances: &[u64]) -> Result<EpochBalanceRingBuffer, Failure> {
    let ring_buffer = (0_u32..)
        .zip(balances)
        .map(|(ahead, balance)| {
            let epoch = start
                .checked_add(ahead)
                .ok_or_else(|| MODULE.arithmetic("ring_new"))?;
            let balance = *balance;
            Ok(EpochBalance { epoch, balance })
        })
        .collect::<Result<_, Failure>>()?;
    Ok(EpochBalanceRingBuffer {
        current_index: 0,
        ring_buffer,
    })
}

/// The amount of the epoch `ahead` of the first.
///
/// # Errors
/// Aborts with `epoch_balance` 0 beyond the last.
pub fn ring_lookup_mut(
    ring: &mut EpochBalanceRingBuffer,
    ahead: u32,
) -> Result<&mut EpochBalance, Failure> {
    let index = position(ring, ahead);
    index
        .and_then(|index| ring.ring_buffer.get_mut(index))
        .ok_or_else(|| MODULE.abort("ring_lookup_mut", E_INDEX_OUT_OF_BOUNDS))
}

/// Forgets the first epoch, and appends one after the last.
///
/// # Errors
/// Aborts with `epoch_balance` 0 if there are no epochs; arithmetic fault beyond the last there is.
pub fn ring_pop_expand(ring: &mut EpochBalanceRingBuffer) -> Result<(), Failure> {
    let function = "ring_pop_expand";
    let arithmetic = || MODULE.arithmetic(function);
    let length = u32::try_from(ring.ring_buffer.len()).map_err(|_| arithmetic())?;
    let first = ring_lookup_mut(ring, 0)?;
    first.epoch = first.epoch.checked_add(length).ok_or_else(arithmetic)?;
    first.balance = 0;
    ring.current_index = ring
        .current_index
        .checked_add(1)
        .and_then(|next| next.checked_rem(length))
        .ok_or_else(arithmetic)?;
    Ok(())
}

fn position(ring: &EpochBalanceRingBuffer, ahead: u32) -> Option<usize> {
    let length = u64::try_from(ring.ring_buffer.len()).ok()?;
    if u64::from(ahead) >= length {
        return None;
    }
    let sum = u64::from(ring.current_index) + u64::from(ahead);
    usize::try_from(sum % length).ok()
}
