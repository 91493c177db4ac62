//! The exchange (10 WAL, no SUI, one for one) and subsidies.

use sui_sdk_types::Argument;

use super::*;

pub(super) const CASES: &[Case] = &[
    case(
        "wal_exchange::wal_exchange::EInsufficientFundsInExchange",
        "withdraw_wal",
        |t, tx| {
            let (amount, cap) = (tx.pure(&u64::MAX), tx.object(t.exchange.1));
            let arguments = [tx.object(t.exchange.0), amount, cap];
            let coin = exchange(tx, "withdraw_wal", &arguments);
            tx.keep(coin);
        },
    ),
    case(
        "wal_exchange::wal_exchange::EInsufficientFundsInExchange",
        "withdraw_sui",
        |t, tx| {
            let (amount, cap) = (tx.pure(&1_u64), tx.object(t.exchange.1));
            let arguments = [tx.object(t.exchange.0), amount, cap];
            let coin = exchange(tx, "withdraw_sui", &arguments);
            tx.keep(coin);
        },
    ),
    case(
        "wal_exchange::wal_exchange::EInsufficientFundsInExchange",
        "exchange_all_for_wal",
        |t, tx| {
            let amount = tx.pure(&20_000_000_000_u64);
            let arguments = [tx.object(t.exchange.0), Argument::Gas, amount];
            let coin = exchange(tx, "exchange_for_wal", &arguments);
            tx.keep(coin);
        },
    ),
    case(
        "wal_exchange::wal_exchange::EInsufficientFundsInExchange",
        "exchange_all_for_sui",
        |t, tx| {
            let arguments = [tx.object(t.exchange.0), tx.wal(1)];
            let coin = exchange(tx, "exchange_all_for_sui", &arguments);
            tx.keep(coin);
        },
    ),
    case(
        "wal_exchange::wal_exchange::EInsufficientInputBalance",
        "exchange_for_wal",
        |t, tx| {
            let arguments = [tx.object(t.exchange.0), Argument::Gas, tx.pure(&u64::MAX)];
            let coin = exchange(tx, "exchange_for_wal", &arguments);
            tx.keep(coin);
        },
    ),
    case(
        "wal_exchange::wal_exchange::EInsufficientInputBalance",
        "exchange_for_sui",
        |t, tx| {
            let arguments = [tx.object(t.exchange.0), tx.wal_coin(), tx.pure(&u64::MAX)];
            let coin = exchange(tx, "exchange_for_sui", &arguments);
            tx.keep(coin);
        },
    ),
    case(
        "wal_exchange::wal_exchange::EUnauthorizedAdminCap",
        "check_admin",
        |t, tx| {
            let (amount, cap) = (tx.pure(&1_u64), tx.object(t.other_exchange_cap));
            let arguments = [tx.object(t.exchange.0), amount, cap];
            let coin = exchange(tx, "withdraw_wal", &arguments);
            tx.keep(coin);
        },
    ),
    case(
        "wal_exchange::wal_exchange::EInvalidExchangeRate",
        "new_exchange_rate",
        |t, tx| {
            let (wal, sui, cap) = (tx.pure(&1_u64), tx.pure(&0_u64), tx.object(t.exchange.1));
            let arguments = [tx.object(t.exchange.0), wal, sui, cap];
            exchange(tx, "set_exchange_rate", &arguments);
        },
    ),
    case(
        "subsidies::subsidies::EInvalidSubsidyRate",
        "new_with_initial_rates_and_funds",
        |_, tx| {
            let (id, rate) = (tx.pure(&[0_u8; 32]), tx.pure(&10_001_u16));
            let funds = tx.wal(1);
            let cap = subsidies(
                tx,
                "new_with_initial_rates_and_funds",
                &[id, rate, rate, funds],
            );
            tx.keep(cap);
        },
    ),
    case(
        "subsidies::subsidies::EInvalidSubsidyRate",
        "set_buyer_subsidy_rate",
        |t, tx| {
            let (own, cap) = (tx.object(t.subsidies.0), tx.object(t.subsidies.1));
            let rate = tx.pure(&10_001_u16);
            subsidies(tx, "set_buyer_subsidy_rate", &[own, cap, rate]);
        },
    ),
    case(
        "subsidies::subsidies::EInvalidSubsidyRate",
        "set_system_subsidy_rate",
        |t, tx| {
            let (own, cap) = (tx.object(t.subsidies.0), tx.object(t.subsidies.1));
            let rate = tx.pure(&10_001_u16);
            subsidies(tx, "set_system_subsidy_rate", &[own, cap, rate]);
        },
    ),
    case(
        "subsidies::subsidies::EUnauthorizedAdminCap",
        "check_admin",
        |t, tx| {
            let (own, cap) = (tx.object(t.subsidies.0), tx.object(t.other_subsidies_cap));
            let rate = tx.pure(&1_u16);
            subsidies(tx, "set_system_subsidy_rate", &[own, cap, rate]);
        },
    ),
    case(
        "subsidies::subsidies::EWrongVersion",
        "check_version_upgrade",
        |t, tx| {
            let arguments = [tx.object(t.subsidies.0), tx.system()];
            subsidies(tx, "migrate", &arguments);
        },
    ),
    case(
        "walrus_subsidies::walrus_subsidies::EUnauthorizedAdminCap",
        "check_admin",
        |t, tx| {
            let own = tx.object(t.walrus_subsidies.0);
            let (cap, rate) = (tx.object(t.other_walrus_subsidies_cap), tx.pure(&1_u32));
            walrus_subsidies(tx, "set_system_subsidy_rate", &[own, cap, rate]);
        },
    ),
    case(
        "walrus_subsidies::walrus_subsidies::EInvalidMigration",
        "migrate",
        |t, tx| {
            let own = tx.object(t.walrus_subsidies.0);
            walrus_subsidies(tx, "migrate", &[own]);
        },
    ),
    case(
        "walrus_subsidies::walrus_subsidies_inner::EInvalidSubsidyRate",
        "set_system_subsidy_rate",
        |t, tx| {
            let own = tx.object(t.walrus_subsidies.0);
            let (cap, rate) = (tx.object(t.walrus_subsidies.1), tx.pure(&1_000_001_u32));
            walrus_subsidies(tx, "set_system_subsidy_rate", &[own, cap, rate]);
        },
    ),
    case(
        "walrus_subsidies::walrus_subsidies_inner::EInvalidSubsidyRate",
        "set_base_subsidy",
        |t, tx| {
            let own = tx.object(t.walrus_subsidies.0);
            let (cap, base) = (tx.object(t.walrus_subsidies.1), tx.pure(&u64::MAX));
            walrus_subsidies(tx, "set_base_subsidy", &[own, cap, base]);
        },
    ),
    case(
        "walrus_subsidies::walrus_subsidies_inner::EInvalidSubsidyRate",
        "set_per_shard_subsidy",
        |t, tx| {
            let own = tx.object(t.walrus_subsidies.0);
            let (cap, rate) = (tx.object(t.walrus_subsidies.1), tx.pure(&(u64::MAX / 1000)));
            walrus_subsidies(tx, "set_per_shard_subsidy", &[own, cap, rate]);
        },
    ),
    case(
        "walrus_subsidies::walrus_subsidies_inner::EInsufficientFundsInPool",
        "process_usage_subsidies",
        |t, tx| {
            let storage = tx.reserve(1, 1);
            tx.keep(storage);
            let (own, staking) = (tx.object(t.walrus_subsidies.0), tx.staking());
            let (system, clock) = (tx.system(), tx.clock());
            walrus_subsidies(tx, "process_subsidies", &[own, staking, system, clock]);
        },
    ),
    case(
        "walrus_subsidies::walrus_subsidies_inner::EInsufficientFundsInPool",
        "process_fixed_rate_subsidies",
        |t, tx| {
            let (own, staking) = (tx.object(t.indebted_subsidies), tx.staking());
            let (system, clock) = (tx.system(), tx.clock());
            walrus_subsidies(tx, "process_subsidies", &[own, staking, system, clock]);
        },
    ),
];
