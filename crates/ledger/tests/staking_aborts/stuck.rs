//! A network whose epoch no call can end.

use floe_core::{
    Epoch, ObjectId,
    onchain::{
        framework::Field,
        staking::{PoolExchangeRate, StakedWal},
    },
};
use floe_ledger::FieldKey;

use crate::network::{DAY_MS, Network, WAL, storage::MIB};

/// Brings a network to where no call can end its epoch (`docs/spec/contracts.md` §7, number 23).
pub(super) fn make_stakes_worth_more_than_their_pool(network: &mut Network) {
    let (user, node) = (network.users[0], network.register_next().node_id);
    let mut stakes = vec![network.stake(user, node, 600 * WAL)];
    network.next_epoch();
    network.ok(user, |tx| {
        let storage = tx.reserve(MIB, 20);
        tx.keep(storage);
    });
    subsidize(network, 10_000 * WAL);
    network.next_epoch();
    // Shares bought at an odd rate: when all are sold, some FROST and fewer shares are left.
    stakes.extend((0..6).map(|odd| network.stake(user, node, WAL + 123_456_789 * odd)));
    network.next_epoch();
    subsidize(network, 10_000 * WAL);
    for stake in &stakes {
        network.ok(user, |tx| tx.request_withdraw(*stake));
    }
    network.next_epoch();
    for stake in &stakes {
        network.ok(user, |tx| tx.withdraw(*stake));
    }
    let left = network.pool(&node);
    assert!(left.wal_balance > left.num_shares && left.num_shares > 0);
    assert_eq!(network.staking().committee.0.get(&node), None);

    // Bought at the rate that the table has, counted at that of what is left.
    let bought = network.stake(user, node, 150 * WAL);
    network.next_epoch();
    let late = network.stake(user, node, 3000 * WAL);
    network.ok(user, |tx| tx.withdraw(bought));
    network.next_epoch();
    // The late stake's shares are worth more than all of the pool. Another stake just covers that,
    // until the epoch's rewards.
    let missing = missing(network, node, late);
    network.stake(user, node, missing);
    network.ok(user, |tx| tx.request_withdraw(late));
    subsidize(network, 1000 * WAL);
    network.voting_end();
    network.advance_clock(DAY_MS);
}

fn subsidize(network: &mut Network, frost: u64) {
    network.ok(network.users[0], |tx| {
        let (system, coin, epochs) = (tx.system(), tx.wal(frost), tx.pure(&1_u32));
        tx.walrus("system::add_subsidy", &[system, coin, epochs]);
    });
}

/// FROST by which a stake's shares are worth more than their pool.
fn missing(network: &Network, node: ObjectId, stake: ObjectId) -> u64 {
    let (pool, stake): (_, StakedWal) = (network.pool(&node), network.read(&stake));
    let key = FieldKey::new(pool.exchange_rates.id.0, &stake.activation_epoch).unwrap();
    let rate: Field<Epoch, PoolExchangeRate> = network.read(&key.id());
    let PoolExchangeRate::Variable {
        wal_amount,
        share_amount,
    } = rate.value
    else {
        panic!("flat");
    };
    let shares = u128::from(stake.principal.value) * share_amount / wal_amount;
    let worth = shares * u128::from(pool.wal_balance) / u128::from(pool.num_shares);
    u64::try_from(worth).unwrap() - pool.wal_balance
}
