//! Blobs and their attributes.

use super::*;
use crate::{
    network::storage::Spec,
    things::{self, size},
};

pub(super) const CASES: &[Case] = &[
    case(
        "walrus::blob::ENotCertified",
        "assert_certified_not_expired",
        |t, tx| {
            let blob = tx.object(t.permanent);
            tx.extend(blob, 1);
        },
    ),
    case("walrus::blob::EBlobNotDeletable", "delete", |t, tx| {
        let blob = tx.object(t.permanent);
        let storage = tx.delete(blob);
        tx.keep(storage);
    }),
    case("walrus::blob::EResourceBounds", "new", |t, tx| {
        register(tx, t.future, &things::NEW);
    }),
    case(
        "walrus::blob::EResourceBounds",
        "assert_certified_not_expired",
        |t, tx| {
            let blob = tx.object(t.expired);
            tx.extend(blob, 1);
        },
    ),
    case(
        "walrus::blob::EResourceBounds",
        "certify_with_certified_msg",
        |t, tx| {
            let body = things::EXPIRED_UNCERTIFIED.confirmation(t.expired_uncertified);
            certify_by(tx, t.expired_uncertified, body);
        },
    ),
    case("walrus::blob::EResourceBounds", "delete", |t, tx| {
        let blob = tx.object(t.expired_deletable);
        let storage = tx.delete(blob);
        tx.keep(storage);
    }),
    case(
        "walrus::blob::EResourceBounds",
        "extend_with_resource",
        |t, tx| {
            let arguments = [tx.system(), tx.object(t.certified), tx.object(t.future)];
            tx.walrus("system::extend_blob_with_resource", &arguments);
        },
    ),
    case("walrus::blob::EResourceSize", "new", |t, tx| {
        let (storage, bytes) = (tx.object(t.storage), tx.pure(&(size(tx) - 1)));
        let rest = tx.walrus("storage_resource::split_by_size", &[storage, bytes]);
        tx.keep(rest);
        let blob = tx.register(storage, &things::NEW);
        tx.keep(blob);
    }),
    case(
        "walrus::blob::EAlreadyCertified",
        "certify_with_certified_msg",
        |t, tx| {
            certify_by(tx, t.certified, things::CERTIFIED.confirmation(t.certified));
        },
    ),
    case("walrus::blob::EInvalidBlobId", "new", |t, tx| {
        let arguments = [
            tx.system(),
            tx.object(t.storage),
            tx.pure(&[1_u8; 32]),
            tx.pure(&[2_u8; 32]),
            tx.pure(&1000_u64),
            tx.pure(&1_u8),
            tx.pure(&false),
            tx.wal_coin(),
        ];
        let blob = tx.walrus("system::register_blob", &arguments);
        tx.keep(blob);
    }),
    case(
        "walrus::blob::EInvalidBlobId",
        "certify_with_certified_msg",
        |t, tx| {
            certify_by(tx, t.permanent, things::NEW.confirmation(t.permanent));
        },
    ),
    case(
        "walrus::blob::EDuplicateMetadata",
        "add_metadata",
        |t, tx| {
            let (blob, metadata) = (tx.object(t.permanent), tx.metadata(&[]));
            tx.walrus("blob::add_metadata", &[blob, metadata]);
        },
    ),
    case(
        "walrus::blob::EMissingMetadata",
        "take_metadata",
        |t, tx| {
            let blob = tx.object(t.certified);
            tx.walrus("blob::take_metadata", &[blob]);
        },
    ),
    case("walrus::blob::EMissingMetadata", "metadata", |t, tx| {
        let (blob, key) = (tx.object(t.certified), tx.pure(&"key"));
        tx.walrus("blob::remove_metadata_pair", &[blob, key]);
    }),
    case(
        "walrus::blob::EInvalidBlobPersistenceType",
        "certify_with_certified_msg",
        |t, tx| {
            let deletable = Spec {
                deletable: true,
                ..things::PERMANENT
            };
            certify_by(tx, t.permanent, deletable.confirmation(t.permanent));
        },
    ),
    case(
        "walrus::blob::EInvalidBlobPersistenceType",
        "certify_with_certified_msg",
        |t, tx| {
            let permanent = Spec {
                deletable: false,
                ..things::DELETABLE
            };
            certify_by(tx, t.deletable, permanent.confirmation(t.deletable));
        },
    ),
    case(
        "walrus::blob::EInvalidBlobObject",
        "certify_with_certified_msg",
        |t, tx| {
            certify_by(tx, t.deletable, things::DELETABLE.confirmation(t.permanent));
        },
    ),
    case(
        "walrus::encoding::EInvalidEncodingType",
        "encoded_blob_length",
        |t, tx| {
            let spec = Spec {
                encoding_type: 0,
                ..things::NEW
            };
            register(tx, t.storage, &spec);
        },
    ),
    case("sui::vec_map::EKeyDoesNotExist", "get_idx", |t, tx| {
        let (blob, key) = (tx.object(t.permanent), tx.pure(&"no such key"));
        tx.walrus("blob::remove_metadata_pair", &[blob, key]);
    }),
];
