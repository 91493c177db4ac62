//! Checks of a whole ledger.

use std::collections::BTreeMap;

use floe_fullnode::Reader;
use floe_ledger::{LiveObject, token_total};
use sui_sdk_types::{Owner, TypeTag};

use super::SUI;

/// SUI that [`genesis`](super::genesis) makes per user.
pub const GENESIS_SUI_PER_USER: u128 = 500 * SUI as u128;

fn live(reader: &Reader) -> Vec<std::sync::Arc<LiveObject>> {
    let mut objects = Vec::new();
    reader
        .for_each_live(&mut |object| objects.push(object))
        .unwrap();
    objects
}

/// All SUI there is: in objects, in storage rebates and in fees.
pub fn total_sui(reader: &Reader) -> u128 {
    let objects = live(reader);
    let sui = "0x2::sui::SUI".parse().unwrap();
    let in_objects = token_total(objects.iter().map(|object| object.object()), &sui).unwrap();
    let rebates: u128 = objects
        .iter()
        .map(|object| u128::from(object.storage_rebate()))
        .sum();
    let gas = &reader.head().epoch_gas;
    let fees =
        reader.chain_state().unwrap().fees + gas.computation_cost + gas.non_refundable_storage_fee;
    in_objects + rebates + u128::from(fees)
}

/// The chain hangs together, and every index says the same as the objects.
pub fn check_whole(reader: &Reader) {
    check_chain(reader);
    check_indices(reader);
    let total = total_sui(reader);
    assert_eq!(total % GENESIS_SUI_PER_USER, 0, "SUI is conserved: {total}");
}

fn check_chain(reader: &Reader) {
    let head = reader.head();
    let mut previous = None;
    let mut transactions = 0;
    for number in 0..=head.sequence_number {
        let record = reader.checkpoint(number).unwrap().unwrap();
        let summary = &record.summary.checkpoint;
        assert_eq!(summary.previous_digest, previous);
        assert_eq!(record.first_transaction, transactions);
        assert_eq!(summary.digest(), record.digest);
        let contents = reader.checkpoint_contents(&record).unwrap();
        assert_eq!(summary.content_digest, contents.digest());
        assert_eq!(
            reader.checkpoint_by_digest(&record.digest).unwrap(),
            Some(record.clone())
        );
        for executed in reader.checkpoint_transactions(&record).unwrap() {
            assert_eq!(
                reader.transaction(&executed.digest).unwrap().as_ref(),
                Some(&executed)
            );
        }
        transactions = record.transactions_end();
        previous = Some(record.digest);
    }
    assert_eq!(previous, Some(head.digest));
    assert_eq!(transactions, head.total_transactions);
    assert!(reader.transaction_at(transactions).unwrap().is_none());
}

fn check_indices(reader: &Reader) {
    let mut owned: BTreeMap<floe_fullnode::OwnerKey, u64> = BTreeMap::new();
    let mut balances: BTreeMap<(floe_core::SuiAddress, TypeTag), (u64, u64)> = BTreeMap::new();
    for object in live(reader) {
        let key = match object.owner() {
            Owner::Address(owner) => {
                let owner = floe_core::SuiAddress(owner.into_inner());
                if let Some(content) = object.as_struct()
                    && let Some(token) = content.object_type().is_coin()
                {
                    let amount = content.contents()[32..40].try_into().unwrap();
                    let sum = balances.entry((owner, token.clone())).or_default();
                    sum.0 += u64::from_le_bytes(amount);
                    sum.1 += 1;
                }
                floe_fullnode::OwnerKey::Address(owner)
            }
            Owner::Object(owner) => floe_fullnode::OwnerKey::Object(floe_ledger::object_id(owner)),
            _ => continue,
        };
        *owned.entry(key).or_default() += 1;
    }
    for (owner, count) in owned {
        let page = reader.owned(&owner, None, None, usize::MAX).unwrap();
        assert_eq!(page.items.len() as u64, count, "{owner:?}");
    }
    for ((owner, token), (amount, coins)) in balances {
        let balance = reader.balance(&owner, &token).unwrap();
        assert_eq!((balance.amount, balance.coins), (amount, coins));
    }
}
