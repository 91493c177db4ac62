use std::sync::Arc;

use floe_core::ObjectId;

use super::*;
use crate::error::Failure;

#[test]
fn reads_share_one_parse_and_keep_the_bytes() {
    let slot = Slot::from_bytes(bcs::to_bytes(&7_u64).unwrap());
    let (one, two) = (slot.read::<u64>().unwrap(), slot.read::<u64>().unwrap());
    assert!(Arc::ptr_eq(&one, &two));
    assert!(!slot.is_written());
    assert_eq!(slot.to_bytes().unwrap(), 7_u64.to_le_bytes());
}

#[test]
fn a_lease_writes_back_and_marks_only_when_written() {
    let slot = Slot::new(vec![1_u64]);
    drop(slot.update::<Vec<u64>>().unwrap());
    assert!(!slot.is_written());
    slot.update::<Vec<u64>>().unwrap().push(2);
    assert!(slot.is_written());
    assert_eq!(*slot.read::<Vec<u64>>().unwrap(), [1, 2]);
}

#[test]
fn a_leased_or_moved_value_is_out_of_reach() {
    let slot = Slot::new(1_u64);
    let lease = slot.update::<u64>().unwrap();
    assert!(matches!(slot.read::<u64>(), Err(Failure::Invariant(_))));
    assert!(matches!(slot.move_out(), Err(Failure::Invariant(_))));
    drop(lease);
    assert_eq!(slot.take::<u64>().unwrap(), 1);
    assert!(matches!(slot.take::<u64>(), Err(Failure::Invariant(_))));
}

#[test]
fn another_view_of_the_same_bytes_is_allowed() {
    let slot = Slot::new((ObjectId::from_suffix(9), 5_u64));
    slot.update::<(ObjectId, u64)>().unwrap().1 = 6;
    assert_eq!(slot.object_id().unwrap(), ObjectId::from_suffix(9));
    assert_eq!(slot.read::<([u8; 32], u64)>().unwrap().1, 6);
    assert!(slot.read::<u8>().is_err());
}
