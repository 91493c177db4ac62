//! Certificates and signer bitmaps, against a committee whose keys the fuzzer does not have.
#![no_main]

use std::sync::LazyLock;

use floe_core::certificate::{Certificate, SignerBitmap};
use floe_core::keys::BlsSecretKey;
use floe_core::messages::StorageConfirmation;
use floe_core::{Committee, CommitteeMember, Epoch, ObjectId, RequiredWeight, ShardIndex};
use floe_fuzz::{bcs, json};
use libfuzzer_sys::fuzz_target;

/// Four members, of one, two, three and four shards, in epoch 1.
static COMMITTEE: LazyLock<Committee> = LazyLock::new(|| {
    let mut shards = (0..10).map(ShardIndex);
    let member = |number: u8| CommitteeMember {
        node_id: ObjectId::from_suffix(number),
        public_key: BlsSecretKey::from_entropy(&[number; 32]).public_key(),
        shards: shards.by_ref().take(number.into()).collect(),
    };
    let members = (1..=4).map(member).collect();
    Committee::new(Epoch(1), 10, members).expect("every shard has one holder")
});

fuzz_target!(|bytes: &[u8]| {
    for certificate in [bcs::<Certificate>(bytes), json::<Certificate>(bytes)]
        .into_iter()
        .flatten()
    {
        for required in [RequiredWeight::Quorum, RequiredWeight::OneCorrectNode] {
            let verified = certificate.verify::<StorageConfirmation>(&COMMITTEE, required);
            assert!(verified.is_err(), "forged");
        }
    }
    if let Some((n_members, bytes)) = bytes.split_first() {
        let n_members = usize::from(*n_members);
        if let Ok(bitmap) = SignerBitmap::from_bytes(bytes, n_members) {
            let members = bitmap.members();
            assert!(members.iter().all(|member| member.as_usize() < n_members));
            assert_eq!(SignerBitmap::from_members(members, n_members), Ok(bitmap));
        }
    }
});
