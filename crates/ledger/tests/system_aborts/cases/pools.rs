//! Storage pools.

use floe_core::ObjectId;

use super::*;
use crate::{
    network::storage::Spec,
    things::{self, size},
};

pub(super) const CASES: &[Case] = &[
    case(
        "walrus::system_state_inner::EInvalidResourceSize",
        "create_storage_pool_with_storage",
        |t, tx| {
            let (storage, bytes) = (tx.object(t.storage), tx.pure(&size(tx)));
            let empty = tx.walrus("storage_resource::split_by_size", &[storage, bytes]);
            let system = tx.system();
            let pool = tx.walrus("system::create_storage_pool_with_storage", &[system, empty]);
            tx.keep(pool);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "create_storage_pool_with_storage",
        |t, tx| {
            let arguments = [tx.system(), tx.object(t.future)];
            let pool = tx.walrus("system::create_storage_pool_with_storage", &arguments);
            tx.keep(pool);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "register_pooled_blob",
        |t, tx| {
            let pool = tx.object(t.expired_pool);
            tx.register_pooled(pool, &things::NEW);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "delete_pooled_blob",
        |t, tx| {
            let pool = tx.object(t.expired_pool);
            tx.delete_pooled(pool, things::EXPIRED_POOLED.id());
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "burn_expired_pooled_blob",
        |t, tx| {
            let id = tx.pure(&things::POOLED.id());
            on_pool(tx, t.pool, "system::burn_expired_pooled_blob", id);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "extend_storage_pool",
        |t, tx| {
            let epochs = tx.pure(&0_u32);
            buy_for_pool(tx, t.pool, "system::extend_storage_pool", epochs);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "extend_storage_pool",
        |t, tx| {
            let epochs = tx.pure(&1_u32);
            buy_for_pool(tx, t.expired_pool, "system::extend_storage_pool", epochs);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "extend_storage_pool",
        |t, tx| {
            let epochs = tx.pure(&44_u32);
            buy_for_pool(tx, t.pool, "system::extend_storage_pool", epochs);
        },
    ),
    case(
        "walrus::system_state_inner::EStorageExceeded",
        "account_capacity",
        |t, tx| {
            sell_out(tx, 12);
            let epochs = tx.pure(&1_u32);
            buy_for_pool(tx, t.pool, "system::extend_storage_pool", epochs);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidResourceSize",
        "increase_storage_pool_capacity",
        |t, tx| {
            let bytes = tx.pure(&0_u64);
            buy_for_pool(tx, t.pool, "system::increase_storage_pool_capacity", bytes);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "increase_storage_pool_capacity",
        |t, tx| {
            let bytes = tx.pure(&1_u64);
            buy_for_pool(
                tx,
                t.expired_pool,
                "system::increase_storage_pool_capacity",
                bytes,
            );
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "increase_storage_pool_capacity_with_storage",
        |t, tx| {
            let storage = tx.object(t.storage);
            on_pool(
                tx,
                t.expired_pool,
                "system::increase_storage_pool_capacity_with_storage",
                storage,
            );
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "decrease_storage_pool_capacity_by_size",
        |t, tx| {
            let bytes = tx.pure(&1_u64);
            let storage = on_pool(
                tx,
                t.expired_pool,
                "system::decrease_storage_pool_capacity_by_size",
                bytes,
            );
            tx.keep(storage);
        },
    ),
    case(
        "walrus::system_state_inner::EInvalidEpochsAhead",
        "decrease_storage_pool_unused_capacity_by_percent",
        |t, tx| {
            let percent = tx.pure(&1_u8);
            let path = "system::decrease_storage_pool_unused_capacity_by_percent";
            let storage = on_pool(tx, t.expired_pool, path, percent);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::system::EZeroExtractSize",
        "decrease_storage_pool_capacity_by_size",
        |t, tx| {
            let bytes = tx.pure(&0_u64);
            let storage = on_pool(
                tx,
                t.pool,
                "system::decrease_storage_pool_capacity_by_size",
                bytes,
            );
            tx.keep(storage);
        },
    ),
    case(
        "walrus::system::EZeroExtractSize",
        "decrease_storage_pool_unused_capacity_by_percent",
        |t, tx| {
            let percent = tx.pure(&0_u8);
            let path = "system::decrease_storage_pool_unused_capacity_by_percent";
            let storage = on_pool(tx, t.pool, path, percent);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::storage_pool::EInvalidPercent",
        "decrease_unused_capacity_by_percent",
        |t, tx| {
            let percent = tx.pure(&101_u8);
            let path = "system::decrease_storage_pool_unused_capacity_by_percent";
            let storage = on_pool(tx, t.pool, path, percent);
            tx.keep(storage);
        },
    ),
    case(
        "walrus::storage_pool::EInsufficientCapacity",
        "decrease_capacity_by_size",
        |t, tx| {
            let bytes = tx.pure(&(size(tx) + 1));
            let storage = on_pool(
                tx,
                t.pool,
                "system::decrease_storage_pool_capacity_by_size",
                bytes,
            );
            tx.keep(storage);
        },
    ),
    case(
        "walrus::storage_pool::EInsufficientCapacity",
        "add_blob",
        |t, tx| {
            register_pooled(t, tx, &things::NEW);
            register_pooled(t, tx, &things::DELETABLE);
        },
    ),
    case(
        "walrus::storage_pool::EInvalidBlobId",
        "new_pooled_blob",
        |t, tx| {
            let arguments = [
                tx.system(),
                tx.object(t.pool),
                tx.pure(&[1_u8; 32]),
                tx.pure(&[2_u8; 32]),
                tx.pure(&1000_u64),
                tx.pure(&1_u8),
                tx.pure(&false),
                tx.wal_coin(),
            ];
            tx.walrus("system::register_pooled_blob", &arguments);
        },
    ),
    case("sui::dynamic_field::EFieldAlreadyExists", "add", |t, tx| {
        register_pooled(t, tx, &things::POOLED);
    }),
    case(
        "sui::dynamic_field::EFieldDoesNotExist",
        "borrow_child_object",
        |t, tx| {
            certify_pooled(
                t,
                tx,
                &things::NEW,
                things::NEW.confirmation(ObjectId::ZERO),
            );
        },
    ),
    case(
        "walrus::storage_pool::EInvalidBlobId",
        "certify",
        |t, tx| {
            certify_pooled(
                t,
                tx,
                &things::POOLED,
                things::NEW.confirmation(ObjectId::ZERO),
            );
        },
    ),
    case(
        "walrus::storage_pool::EResourceBounds",
        "certify",
        |t, tx| {
            let body = things::EXPIRED_POOLED.confirmation(ObjectId::ZERO);
            let cert = tx.network().quorum(body);
            let pool = tx.object(t.expired_pool);
            tx.certify_pooled(pool, things::EXPIRED_POOLED.id(), &cert);
        },
    ),
    case(
        "walrus::storage_pool::EAlreadyCertified",
        "certify",
        |t, tx| {
            let body = things::POOLED_CERTIFIED.confirmation(ObjectId::ZERO);
            certify_pooled(t, tx, &things::POOLED_CERTIFIED, body);
        },
    ),
    case(
        "walrus::storage_pool::EInvalidBlobPersistenceType",
        "certify",
        |t, tx| {
            let deletable = Spec {
                deletable: true,
                ..things::POOLED
            };
            certify_pooled(
                t,
                tx,
                &things::POOLED,
                deletable.confirmation(ObjectId::ZERO),
            );
        },
    ),
    case(
        "walrus::storage_pool::EInvalidBlobObject",
        "certify",
        |t, tx| {
            let body = things::POOLED_DELETABLE.confirmation(ObjectId::ZERO);
            certify_pooled(t, tx, &things::POOLED_DELETABLE, body);
        },
    ),
    case(
        "walrus::storage_pool::EBlobNotDeletable",
        "delete_blob_object",
        |t, tx| {
            let pool = tx.object(t.pool);
            tx.delete_pooled(pool, things::POOLED.id());
        },
    ),
    case("walrus::storage_pool::EPoolNotEmpty", "destroy", |t, tx| {
        let pool = tx.object(t.pool);
        let storage = tx.walrus("storage_pool::destroy", &[pool]);
        tx.keep(storage);
    }),
    case(
        "walrus::storage_pool::EResourceBounds",
        "increase_capacity_with_storage",
        |t, tx| {
            let storage = tx.object(t.future);
            on_pool(
                tx,
                t.pool,
                "system::increase_storage_pool_capacity_with_storage",
                storage,
            );
        },
    ),
    case(
        "walrus::storage_pool::EIncompatibleEndEpoch",
        "increase_capacity_with_storage",
        |t, tx| {
            let storage = tx.reserve(1, 9);
            on_pool(
                tx,
                t.pool,
                "system::increase_storage_pool_capacity_with_storage",
                storage,
            );
        },
    ),
    case(
        "walrus::storage_pool::EDuplicateMetadata",
        "add_metadata",
        |t, tx| {
            let arguments = [
                tx.object(t.pool),
                tx.pure(&things::POOLED.id()),
                tx.metadata(&[]),
            ];
            tx.walrus("storage_pool::add_blob_metadata", &arguments);
        },
    ),
    case(
        "walrus::storage_pool::EMissingMetadata",
        "take_metadata",
        |t, tx| {
            let arguments = [tx.object(t.pool), tx.pure(&things::POOLED_DELETABLE.id())];
            tx.walrus("storage_pool::take_blob_metadata", &arguments);
        },
    ),
    case(
        "walrus::storage_pool::EMissingMetadata",
        "metadata",
        |t, tx| {
            let id = tx.pure(&things::POOLED_DELETABLE.id());
            let arguments = [tx.object(t.pool), id, tx.pure(&"key")];
            tx.walrus("storage_pool::remove_blob_metadata_pair", &arguments);
        },
    ),
];
