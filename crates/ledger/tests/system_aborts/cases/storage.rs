//! Storage, sold and traded.

use super::*;
use crate::{network::Tx, things::size};

pub(super) const CASES: &[Case] = &[
    case(
        "walrus::storage_resource::EInvalidEpoch",
        "split_by_epoch",
        |t, tx| {
            let arguments = [tx.object(t.future), tx.pure(&4_u32)];
            let storage = tx.walrus("storage_resource::split_by_epoch", &arguments);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::storage_resource::EIncompatibleAmount",
        "split_by_size",
        |t, tx| {
            let arguments = [tx.object(t.storage), tx.pure(&(size(tx) + 1))];
            let storage = tx.walrus("storage_resource::split_by_size", &arguments);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::storage_resource::EIncompatibleAmount",
        "fuse_periods",
        |t, tx| {
            let arguments = [tx.object(t.storage), tx.reserve(1, 1)];
            tx.walrus("storage_resource::fuse_periods", &arguments);
        },
    ),
    case(
        "walrus::storage_resource::EIncompatibleEpochs",
        "fuse_periods",
        |t, tx| {
            let arguments = [tx.object(t.storage), tx.object(t.future)];
            tx.walrus("storage_resource::fuse", &arguments);
        },
    ),
    case(
        "walrus::storage_resource::EIncompatibleEpochs",
        "fuse_amount",
        |t, tx| {
            let arguments = [tx.object(t.storage), tx.object(t.future)];
            tx.walrus("storage_resource::fuse_amount", &arguments);
        },
    ),
    case("sui::balance::ENotEnough", "split", |_, tx| {
        let (bytes, epochs) = (tx.pure(&1_u64), tx.pure(&1_u32));
        let (system, coin) = (tx.system(), tx.wal(99_999));
        let storage = tx.walrus("system::reserve_space", &[system, bytes, epochs, coin]);
        tx.keep(storage);
        tx.keep(coin);
    }),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "reserve_space",
        |_, tx| {
            let storage = tx.reserve(1, 0);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "reserve_space",
        |_, tx| {
            let storage = tx.reserve(1, 54);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "reserve_space_for_epochs",
        |_, tx| {
            let storage = tx.reserve_for(1, 1, 2);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "reserve_space_for_epochs",
        |_, tx| {
            let storage = tx.reserve_for(1, 54, 56);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "extend_blob",
        |t, tx| {
            let blob = tx.object(t.certified);
            tx.extend(blob, 0);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "extend_blob",
        |t, tx| {
            let blob = tx.object(t.certified);
            tx.extend(blob, 44);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidResourceSize",
        "reserve_space_without_payment",
        |_, tx| {
            let storage = tx.reserve(0, 1);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::system_state_inner::EStorageExceeded",
        "reserve_space_without_payment",
        |_, tx| {
            let capacity = tx.network().system().total_capacity_size;
            let storage = tx.reserve(capacity, 1);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::system_state_inner::EStorageExceeded",
        "extend_blob",
        |t, tx| {
            sell_out(tx, 12);
            let blob = tx.object(t.certified);
            tx.extend(blob, 1);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "add_subsidy",
        |_, tx| {
            let arguments = [tx.system(), tx.wal(1), tx.pure(&0_u32)];
            tx.walrus("system::add_subsidy", &arguments);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "add_subsidy",
        |_, tx| {
            let arguments = [tx.system(), tx.wal(1), tx.pure(&54_u32)];
            tx.walrus("system::add_subsidy", &arguments);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "add_per_epoch_subsidies",
        |_, tx| {
            let wal = tx.network().ids.wal_type.clone();
            let zero = |tx: &mut Tx<'_>| {
                tx.ptb.call(
                    "0x2::balance::zero",
                    &[tx.network().ids.wal_type.clone()],
                    &[],
                )
            };
            let elements = (0..54).map(|_| zero(tx)).collect();
            let type_ = format!("0x2::balance::Balance<{wal}>").parse().ok();
            let vector = sui_sdk_types::MakeMoveVector { type_, elements };
            let vector = tx
                .ptb
                .command(sui_sdk_types::Command::MakeMoveVector(vector));
            let system = tx.system();
            tx.walrus("system::add_per_epoch_subsidies", &[system, vector]);
        },
    ),
];
