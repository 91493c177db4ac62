//! Objects and events of the contracts, as a full node sends them. The first byte says which.
#![no_main]

use floe_core::onchain::blob::{Blob, Metadata, SharedBlob, StoragePoolInnerV1};
use floe_core::onchain::blob_bucket::BlobBucketInnerV1;
use floe_core::onchain::events::ContractEvent;
use floe_core::onchain::node::{NodeMetadata, StorageNodeCap};
use floe_core::onchain::staking::{StakedWal, Staking, StakingInnerV1, StakingPool};
use floe_core::onchain::system::{EventBlobCertificationState, System, SystemStateInnerV1};
use floe_core::wire;
use floe_fuzz::bcs;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else {
        return;
    };
    match which {
        0 => drop(bcs::<Blob>(bytes)),
        1 => drop(bcs::<SharedBlob>(bytes)),
        2 => drop(bcs::<Metadata>(bytes)),
        3 => drop(bcs::<StoragePoolInnerV1>(bytes)),
        4 => drop(bcs::<BlobBucketInnerV1>(bytes)),
        5 => drop(bcs::<NodeMetadata>(bytes)),
        6 => drop(bcs::<StorageNodeCap>(bytes)),
        7 => drop(bcs::<Staking>(bytes)),
        8 => drop(bcs::<StakingInnerV1>(bytes)),
        9 => drop(bcs::<StakingPool>(bytes)),
        10 => drop(bcs::<StakedWal>(bytes)),
        11 => drop(bcs::<System>(bytes)),
        12 => drop(bcs::<SystemStateInnerV1>(bytes)),
        13 => drop(bcs::<EventBlobCertificationState>(bytes)),
        14 => {
            if let Ok(prefix) = wire::from_bcs_prefix::<StakingInnerV1>(bytes) {
                assert!(bytes.starts_with(&wire::to_bcs(&prefix)));
            }
        }
        other => {
            let names = ContractEvent::NAMES;
            let name = names[usize::from(*other) % names.len()];
            if let Ok(event) = ContractEvent::from_bcs(name, bytes) {
                assert_eq!((event.name(), event.to_bcs().as_slice()), (name, bytes));
            }
        }
    }
});
