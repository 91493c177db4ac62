//! Who gained and who lost coins.

use std::collections::BTreeMap;

use floe_core::SuiAddress;
use sui_sdk_types::{BalanceChange, Object, Owner, TypeTag};

use super::Outcome;
use crate::object::address;

impl Outcome {
    /// Changes of the coins that addresses own, gas included; by address, then coin type. Coins
    /// inside other objects count for nobody.
    pub fn balance_changes(&self) -> Vec<BalanceChange> {
        let mut sums: BTreeMap<(SuiAddress, TypeTag), i128> = BTreeMap::new();
        let mut add = |object: &Object, sign: i128| {
            if let Some((owner, token, amount)) = coin(object) {
                *sums.entry((owner, token)).or_default() += sign * i128::from(amount);
            }
        };
        self.before.values().for_each(|object| add(object, -1));
        self.writes
            .objects
            .values()
            .flatten()
            .for_each(|object| add(object, 1));
        sums.into_iter()
            .filter(|(_, amount)| *amount != 0)
            .map(|((owner, coin_type), amount)| BalanceChange {
                address: address(owner),
                coin_type,
                amount,
            })
            .collect()
    }
}

fn coin(object: &Object) -> Option<(SuiAddress, TypeTag, u64)> {
    let Owner::Address(owner) = object.owner() else {
        return None;
    };
    let content = object.as_struct()?;
    let token = content.object_type().is_coin()?.clone();
    let (_, balance) = content.contents().split_first_chunk::<32>()?;
    let amount = u64::from_le_bytes(*balance.first_chunk()?);
    Some((SuiAddress(owner.into_inner()), token, amount))
}
