use floe_core::{Epoch, EventId, TxDigest};
use proptest::prelude::*;

use super::*;

fn event(number: u8) -> EventId {
    EventId {
        tx_digest: TxDigest([number; 32]),
        event_seq: number.into(),
    }
}

fn term(end_epoch: u32, number: u8) -> Term {
    Term {
        end_epoch: Epoch(end_epoch),
        event: event(number),
    }
}

fn remove(part: Part, was_certified: bool) -> Change {
    Change::Remove {
        part,
        was_certified,
    }
}

fn info(changes: &[Change]) -> BlobInfo {
    let mut info = BlobInfo::default();
    for change in changes {
        info.apply(*change).unwrap();
    }
    info
}

fn counts(total: u32, certified: u32) -> BlobCounts {
    BlobCounts { total, certified }
}

fn permanent(status: BlobStatus) -> PermanentStatus {
    match status {
        BlobStatus::Permanent(status) => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_permanent_object_is_registered_certified_and_expires() {
    let mut info = info(&[Change::Register(Part::Permanent, term(5, 1))]);
    assert!(info.is_registered(Epoch(4)) && !info.is_registered(Epoch(5)));
    assert!(!info.is_certified(Epoch(4)));
    let certify = Change::Certify(Part::Permanent, term(5, 2), Epoch(3));
    info.apply(certify).unwrap();
    assert!(info.is_certified(Epoch(3)) && !info.is_certified(Epoch(2)));
    assert_eq!(
        info.status(Epoch(3)),
        BlobStatus::Permanent(PermanentStatus {
            end_epoch: Epoch(5),
            is_certified: true,
            event: event(2),
            deletable: counts(0, 0),
            initial_certified_epoch: Some(Epoch(3)),
        })
    );
    info.apply(remove(Part::Permanent, true)).unwrap();
    assert!(info.is_empty());
    assert_eq!(info.initial_certified_epoch(), None);
    assert_eq!(info.status(Epoch(3)), BlobStatus::Nonexistent);
}

#[test]
fn the_event_is_the_first_that_reached_the_latest_end() {
    let mut info = info(&[
        Change::Register(Part::Permanent, term(5, 1)),
        Change::Register(Part::Permanent, term(5, 2)),
        Change::Register(Part::Permanent, term(7, 3)),
        Change::Register(Part::Permanent, term(6, 4)),
    ]);
    let uncertified = permanent(info.status(Epoch(1)));
    assert_eq!(
        (uncertified.end_epoch, uncertified.event),
        (Epoch(7), event(3))
    );
    // Fewer objects never lower the end.
    info.apply(remove(Part::Permanent, false)).unwrap();
    assert_eq!(permanent(info.status(Epoch(1))), uncertified);
    // The certified ones have an end of their own, and go before.
    info.apply(Change::Certify(Part::Permanent, term(5, 5), Epoch(1)))
        .unwrap();
    let certified = permanent(info.status(Epoch(1)));
    assert!(certified.is_certified);
    assert_eq!((certified.end_epoch, certified.event), (Epoch(5), event(5)));
    // An extension raises both, and says when it came to that.
    info.apply(Change::Extend(Part::Permanent, term(9, 6)))
        .unwrap();
    let extended = permanent(info.status(Epoch(1)));
    assert_eq!((extended.end_epoch, extended.event), (Epoch(9), event(6)));
}

#[test]
fn deletable_objects_count_until_the_latest_end_seen() {
    let mut info = info(&[
        Change::Register(Part::Deletable, term(5, 1)),
        Change::Register(Part::Deletable, term(3, 2)),
        Change::Certify(Part::Deletable, term(3, 3), Epoch(1)),
    ]);
    let deletable = |initial: Option<u32>, counts| BlobStatus::Deletable {
        initial_certified_epoch: initial.map(Epoch),
        counts,
    };
    assert_eq!(info.status(Epoch(2)), deletable(Some(1), counts(2, 1)));
    assert_eq!(info.status(Epoch(3)), deletable(Some(1), counts(2, 0)));
    assert!(!info.is_certified(Epoch(3)) && info.is_registered(Epoch(4)));
    assert_eq!(info.status(Epoch(5)), BlobStatus::Nonexistent);
    info.apply(remove(Part::Deletable, true)).unwrap();
    assert_eq!(info.status(Epoch(2)), deletable(None, counts(1, 0)));
    info.apply(remove(Part::Deletable, false)).unwrap();
    assert!(info.is_empty());
}

#[test]
fn the_first_certified_epoch_is_that_of_the_present_certification() {
    let mut info = info(&[
        Change::Register(Part::Permanent, term(9, 1)),
        Change::Register(Part::Permanent, term(9, 2)),
        Change::Register(Part::Permanent, term(9, 3)),
        Change::Certify(Part::Permanent, term(4, 4), Epoch(3)),
    ]);
    // Certified at the time: the earlier one stays, and an earlier one is taken.
    info.apply(Change::Certify(Part::Permanent, term(4, 5), Epoch(3)))
        .unwrap();
    assert_eq!(info.initial_certified_epoch(), Some(Epoch(3)));
    // That certification has lapsed in epoch 6: a new one begins.
    info.apply(Change::Certify(Part::Permanent, term(9, 6), Epoch(6)))
        .unwrap();
    assert_eq!(info.initial_certified_epoch(), Some(Epoch(6)));
}

#[test]
fn certifications_and_extensions_of_nothing_are_ignored_as_a_whole() {
    for part in [Part::Permanent, Part::Deletable, Part::Pooled] {
        let mut info = BlobInfo::default();
        let certify = |end| Change::Certify(part, term(end, 9), Epoch(1));
        assert_eq!(info.apply(certify(5)), Err(Unmatched));
        info.apply(Change::Register(part, term(5, 1))).unwrap();
        let before = info.clone();
        if part != Part::Pooled {
            assert_eq!(
                info.apply(certify(6)),
                Err(Unmatched),
                "beyond what is registered"
            );
            assert_eq!(info.apply(Change::Extend(part, term(7, 2))), Err(Unmatched));
            assert_eq!(info, before);
        }
        info.apply(certify(5)).unwrap();
        let before = info.clone();
        assert_eq!(
            info.apply(certify(5)),
            Err(Unmatched),
            "more than are registered"
        );
        assert_eq!(info, before);
    }
}

#[test]
fn a_pooled_object_turns_off_the_ends_of_deletable_ones() {
    let mut info = info(&[
        Change::Register(Part::Deletable, term(3, 1)),
        Change::Register(Part::Pooled, term(u32::MAX, 2)),
        Change::Certify(Part::Pooled, term(u32::MAX, 3), Epoch(2)),
    ]);
    let status = BlobStatus::Deletable {
        initial_certified_epoch: Some(Epoch(2)),
        counts: counts(2, 1),
    };
    assert_eq!(info.status(Epoch(8)), status);
    assert!(info.is_certified(Epoch(8)));
    info.apply(remove(Part::Pooled, true)).unwrap();
    assert!(!info.is_certified(Epoch(8)) && info.is_registered(Epoch(8)));
    info.apply(remove(Part::Deletable, false)).unwrap();
    assert!(info.is_empty() && !info.is_registered(Epoch(1)));
}

#[test]
fn invalid_is_final() {
    let mut info = BlobInfo::Invalid {
        epoch: Epoch(2),
        event: event(7),
    };
    info.apply(Change::Register(Part::Permanent, term(9, 1)))
        .unwrap();
    assert!(info.is_invalid() && !info.is_registered(Epoch(3)) && !info.is_empty());
    assert_eq!(
        info.status(Epoch(3)),
        BlobStatus::Invalid { event: event(7) }
    );
}

/// Rows are on disks out there.
#[test]
fn the_form_of_rows_is_frozen() {
    let info = info(&[
        Change::Register(Part::Deletable, term(5, 1)),
        Change::Register(Part::Permanent, term(6, 2)),
        Change::Certify(Part::Permanent, term(6, 3), Epoch(4)),
    ]);
    let hash = xxhash_rust::xxh3::xxh3_64(&floe_core::wire::to_bcs(&info));
    assert_eq!(hash, FROZEN_ROW);
}

const FROZEN_ROW: u64 = 7_887_160_268_210_810_309;

proptest! {
    /// While no object outlives its end, the sums say what a list of the objects says.
    #[test]
    fn sums_agree_with_a_list_of_the_objects(
        steps in proptest::collection::vec((0..4u8, any::<bool>(), any::<prop::sample::Index>()), 0..40),
    ) {
        let mut sums = BlobInfo::default();
        let mut objects: Vec<(Part, bool)> = Vec::new();
        for (action, deletable, which) in steps {
            let part = if deletable { Part::Deletable } else { Part::Permanent };
            match action {
                0 | 1 => {
                    sums.apply(Change::Register(part, term(10, 1))).unwrap();
                    objects.push((part, false));
                }
                _ if objects.is_empty() => {}
                2 => {
                    let index = which.index(objects.len());
                    let object = &mut objects[index];
                    if !std::mem::replace(&mut object.1, true) {
                        sums.apply(Change::Certify(object.0, term(10, 2), Epoch(1))).unwrap();
                    }
                }
                _ => {
                    let (part, was_certified) = objects.swap_remove(which.index(objects.len()));
                    sums.apply(remove(part, was_certified)).unwrap();
                }
            }
            prop_assert_eq!(sums.is_registered(Epoch(5)), !objects.is_empty());
            prop_assert_eq!(sums.is_certified(Epoch(5)), objects.iter().any(|object| object.1));
            prop_assert_eq!(sums.is_empty(), objects.is_empty());
            prop_assert!(!sums.is_registered(Epoch(10)));
        }
    }
}
