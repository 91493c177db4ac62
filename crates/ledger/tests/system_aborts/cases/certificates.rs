//! Certificates, in the order of their checks; and what nodes report with them.

use floe_core::{
    Epoch,
    messages::{InvalidBlobId, Message, MessageHeader, ProtocolVersion},
};

use super::*;
use crate::things;

pub(super) const CASES: &[Case] = &[
    case(
        "walrus::bls_aggregate::EInvalidBitmap",
        "verify_certificate_and_weight",
        |t, tx| {
            certify_forged(t, tx, |cert| cert.bitmap.push(0));
        },
    ),
    case(
        "walrus::bls_aggregate::EInvalidBitmap",
        "verify_certificate_and_weight",
        |t, tx| {
            certify_forged(t, tx, |cert| cert.bitmap[1] |= 0x20);
        },
    ),
    case(
        "walrus::bls_aggregate::ENotEnoughStake",
        "verify_certificate_and_weight",
        |t, tx| {
            // Eight of thirteen nodes: at most 64 of 100 shards; 67 are needed.
            let body = things::PERMANENT.confirmation(t.permanent);
            let message = Message::new(Epoch(2), body).to_bytes();
            let cert = tx.network().sign_bytes(&[0, 1, 2, 3, 4, 5, 6, 7], message);
            certify(tx, t.permanent, &cert);
        },
    ),
    case(
        "walrus::bls_aggregate::ENotEnoughStake",
        "verify_certificate_and_weight",
        |t, tx| {
            certify_forged(t, tx, |cert| cert.bitmap.clear());
        },
    ),
    case(
        "walrus::bls_aggregate::ESigVerification",
        "verify_certificate_and_weight",
        |t, tx| {
            certify_forged(t, tx, |cert| cert.bitmap[1] |= 0x10);
        },
    ),
    case(
        "walrus::bls_aggregate::ESigVerification",
        "verify_certificate_and_weight",
        |t, tx| {
            certify_forged(t, tx, |cert| cert.message[10] ^= 1);
        },
    ),
    case(
        "walrus::bls_aggregate::ESigVerification",
        "verify_certificate_and_weight",
        |t, tx| {
            certify_forged(t, tx, |cert| cert.signature.truncate(95));
        },
    ),
    case(
        "walrus::bls_aggregate::ESigVerification",
        "verify_certificate_and_weight",
        |t, tx| {
            certify_forged(t, tx, |cert| cert.signature[50] ^= 1);
        },
    ),
    case(
        "walrus::messages::EIncorrectIntentVersion",
        "new_certified_message",
        |t, tx| {
            certify_changed(t, tx, |bytes| bytes[1] = 1);
        },
    ),
    case(
        "walrus::messages::EIncorrectAppId",
        "new_certified_message",
        |t, tx| {
            certify_changed(t, tx, |bytes| bytes[2] = 4);
        },
    ),
    case(
        "walrus::messages::EIncorrectEpoch",
        "new_certified_message",
        |t, tx| {
            // Stale: of the epoch before.
            certify_changed(t, tx, |bytes| bytes[3] = 1);
        },
    ),
    case("sui::bcs::EOutOfRange", "peel_u32", |t, tx| {
        certify_changed(t, tx, |bytes| bytes.truncate(MessageHeader::LEN - 1));
    }),
    case("sui::bcs::EOutOfRange", "peel_u8", |t, tx| {
        certify_changed(t, tx, |bytes| bytes.truncate(MessageHeader::LEN + 32));
    }),
    case(
        "walrus::messages::EInvalidMsgType",
        "certify_blob_message",
        |t, tx| {
            let blob_id = things::PERMANENT.id();
            let cert = tx.network().quorum(InvalidBlobId { blob_id });
            certify(tx, t.permanent, &cert);
        },
    ),
    case(
        "walrus::messages::EInvalidMsgType",
        "invalid_blob_id_message",
        |t, tx| {
            let body = things::PERMANENT.confirmation(t.permanent);
            let cert = tx.network().quorum(body);
            let [signature, bitmap, message] = tx.certificate(&cert);
            let arguments = [tx.system(), signature, bitmap, message];
            tx.walrus("system::invalidate_blob_id", &arguments);
        },
    ),
    case(
        "walrus::messages::EInvalidMsgType",
        "deny_list_blob_deleted_message",
        |_, tx| {
            let cert = deny_list(tx, 0, 1);
            let [signature, bitmap, message] = tx.certificate(&cert);
            let arguments = [tx.system(), signature, bitmap, message];
            tx.walrus("system::delete_deny_listed_blob", &arguments);
        },
    ),
    node_case(
        "walrus::messages::EInvalidMsgType",
        "protocol_version_message",
        |_, tx| {
            let cert = deny_list(tx, 0, 1);
            report(tx, 0, "system::update_protocol_version", &cert);
        },
    ),
    node_case(
        "walrus::messages::EInvalidMsgType",
        "deny_list_update_message",
        |_, tx| {
            let cert = tx.network().quorum(InvalidBlobId {
                blob_id: things::NEW.id(),
            });
            report(tx, 0, "system::update_deny_list", &cert);
        },
    ),
    case(
        "walrus::messages::EInvalidBlobPersistenceType",
        "peel_blob_persistence_type",
        |t, tx| {
            certify_changed(t, tx, |bytes| bytes[MessageHeader::LEN + 32] = 2);
        },
    ),
    case(
        "walrus::messages::EInvalidKeyLength",
        "new_proof_of_possession_msg",
        |_, tx| {
            let text = tx.pure(&"");
            let extra_fields = tx.ptb.call(
                "0x2::vec_map::empty",
                &[
                    "0x1::string::String".parse().unwrap(),
                    "0x1::string::String".parse().unwrap(),
                ],
                &[],
            );
            let metadata = tx.walrus("node_metadata::new", &[text, text, text]);
            tx.walrus("node_metadata::set_extra_fields", &[metadata, extra_fields]);
            let arguments = [
                tx.staking(),
                text,
                text,
                metadata,
                tx.pure(&vec![1_u8; 47]),
                tx.pure(&vec![1_u8; 33]),
                tx.pure(&vec![1_u8; 96]),
                tx.pure(&0_u16),
                tx.pure(&0_u64),
                tx.pure(&0_u64),
                tx.pure(&0_u64),
            ];
            let cap = tx.walrus("staking::register_candidate", &arguments);
            tx.keep(cap);
        },
    ),
    node_case(
        "walrus::system_state_inner::EInvalidIdEpoch",
        "certify_event_blob",
        |_, tx| {
            tx.attest(tx.network().nodes[0].cap, &things::EVENTS, 101, 1);
        },
    ),
    node_case(
        "walrus::system_state_inner::ERepeatedAttestation",
        "certify_event_blob",
        |_, tx| {
            tx.attest(tx.network().nodes[0].cap, &things::EVENTS, 100, 2);
        },
    ),
    node_case(
        "walrus::system_state_inner::EIncorrectAttestation",
        "certify_event_blob",
        |_, tx| {
            tx.attest(tx.network().nodes[0].cap, &things::EVENTS, 101, 2);
        },
    ),
    outsider_case(
        "walrus::system_state_inner::ENotCommitteeMember",
        "certify_event_blob",
        |_, tx| {
            tx.attest(
                tx.network().nodes[things::OUTSIDER].cap,
                &things::EVENTS,
                100,
                2,
            );
        },
    ),
    outsider_case(
        "walrus::system_state_inner::ENotCommitteeMember",
        "update_protocol_version",
        |_, tx| {
            let cert = deny_list(tx, things::OUTSIDER, 1);
            report(
                tx,
                things::OUTSIDER,
                "system::update_protocol_version",
                &cert,
            );
        },
    ),
    outsider_case(
        "walrus::system_state_inner::ENotCommitteeMember",
        "update_deny_list",
        |_, tx| {
            let cert = deny_list(tx, things::OUTSIDER, 1);
            report(tx, things::OUTSIDER, "system::update_deny_list", &cert);
        },
    ),
    outsider_case(
        "walrus::system_state_inner::ENotCommitteeMember",
        "register_deny_list_update",
        |_, tx| {
            let arguments = [
                tx.system(),
                cap(tx, things::OUTSIDER),
                tx.pure(&[1_u8; 32]),
                tx.pure(&1_u64),
            ];
            tx.walrus("system::register_deny_list_update", &arguments);
        },
    ),
    node_case(
        "walrus::system_state_inner::EIncorrectDenyListSequence",
        "register_deny_list_update",
        |_, tx| {
            let arguments = [
                tx.system(),
                cap(tx, 0),
                tx.pure(&[1_u8; 32]),
                tx.pure(&0_u64),
            ];
            tx.walrus("system::register_deny_list_update", &arguments);
        },
    ),
    node_case(
        "walrus::system_state_inner::EIncorrectDenyListSequence",
        "update_deny_list",
        |_, tx| {
            let cert = deny_list(tx, 0, 0);
            report(tx, 0, "system::update_deny_list", &cert);
        },
    ),
    node_case(
        "walrus::system_state_inner::EIncorrectDenyListNode",
        "update_deny_list",
        |_, tx| {
            let cert = deny_list(tx, 1, 1);
            report(tx, 0, "system::update_deny_list", &cert);
        },
    ),
    node_case(
        "walrus::system_state_inner::EInvalidStartEpoch",
        "update_protocol_version",
        |_, tx| {
            let cert = tx.network().quorum(ProtocolVersion {
                start_epoch: Epoch(1),
                protocol_version: 9,
            });
            report(tx, 0, "system::update_protocol_version", &cert);
        },
    ),
];
