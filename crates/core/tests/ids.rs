//! Text and binary forms of identifiers, and what is said about wrong ones.

use floe_core::{
    Axis, BlobId, CodeParams, EncodingType, ObjectId, ParseIdError, QuiltPatchId,
    QuiltPatchInternalId, ShardIndex, SliverIndex, SliverPairIndex, SuiAddress, SymbolId,
    SymbolSize, wire,
};
use proptest::prelude::*;

const ID: &str = "RcU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2kY";

#[test]
fn wrong_blob_ids_are_refused_with_the_reason() {
    let message = |text: &str| text.parse::<BlobId>().unwrap_err().to_string();
    assert_eq!(message(&ID[..41]), "expected 43 characters, got 41");
    assert_eq!(message(&format!("{ID}=")), "expected 43 characters, got 44");
    assert_eq!(message(""), "expected 43 characters, got 0");
    // The last character carries two bits that must be zero.
    for bad in [
        ID.replace('-', "+"),
        ID.replace("2kY", "2kZ"),
        ID.replace("2kY", "2k="),
        ID.replace("2kY", "2ké"),
    ] {
        assert!(
            message(&bad).starts_with("not URL-safe base64 without padding"),
            "{bad}"
        );
    }
}

#[test]
fn blob_ids_are_text_in_json_and_raw_in_bcs() {
    let id: BlobId = ID.parse().unwrap();
    assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{ID}\""));
    assert_eq!(
        serde_json::from_str::<BlobId>(&format!("\"{ID}\"")).unwrap(),
        id
    );
    assert_eq!(wire::to_bcs(&id), id.0);
    assert_eq!(wire::from_bcs::<BlobId>(&id.0), Ok(id));
    assert!(serde_json::from_str::<BlobId>("[1,2]").is_err());
}

#[test]
fn object_ids_take_short_forms_and_print_long_ones() {
    let clock: ObjectId = "0x6".parse().unwrap();
    assert_eq!(clock, ObjectId::from_suffix(6));
    let long = format!("0x{}6", "0".repeat(63));
    assert_eq!(clock.to_string(), long);
    assert_eq!(long.parse(), Ok(clock));
    assert_eq!(long[2..].to_uppercase().parse(), Ok(clock));
    assert_eq!("0xaBc".parse::<ObjectId>().unwrap().0[30..], [0x0a, 0xbc]);

    let message = |text: &str| text.parse::<SuiAddress>().unwrap_err().to_string();
    assert_eq!(message("6"), "expected 0x and 64 characters, got 1");
    assert_eq!(
        message("0x"),
        "expected 0x and at most 64 characters, got 2"
    );
    assert_eq!(
        message(&format!("{long}0")),
        "expected 0x and at most 64 characters, got 67"
    );
    assert_eq!(
        message("0xno"),
        "expected hexadecimal digits after 0x, got 'n'"
    );
    assert_eq!(
        message("0xé"),
        "expected hexadecimal digits after 0x, got 'é'"
    );
}

#[test]
fn rotation_follows_the_big_endian_value() {
    let mut id = BlobId::ZERO;
    id.0[31] = 15;
    let params = CodeParams::for_encoding(7).unwrap();
    let shard = |pair| {
        params
            .shard_of_pair(&id, SliverPairIndex(pair))
            .unwrap()
            .get()
    };
    assert_eq!([shard(0), shard(5), shard(6)], [1, 6, 0]);
    assert!(params.shard_of_pair(&id, SliverPairIndex(7)).is_err());
    id.0[31] = 16;
    let pair = |shard| params.pair_of_shard(&id, ShardIndex(shard)).unwrap().get();
    assert_eq!([pair(0), pair(1), pair(6)], [5, 6, 4]);
    assert!(params.pair_of_shard(&id, ShardIndex(7)).is_err());
}

#[test]
fn slivers_and_pairs_convert_both_ways() {
    let params = CodeParams::for_encoding(10).unwrap();
    let sliver = |axis, pair| params.sliver_of_pair(axis, SliverPairIndex(pair));
    assert_eq!(sliver(Axis::Primary, 3), Ok(SliverIndex(3)));
    assert_eq!(sliver(Axis::Secondary, 3), Ok(SliverIndex(6)));
    assert_eq!(
        params.pair_of_sliver(Axis::Secondary, SliverIndex(6)),
        Ok(SliverPairIndex(3))
    );
    let error = sliver(Axis::Secondary, 10).unwrap_err();
    assert_eq!(error.to_string(), "expected an index below 10, got 10");
}

#[test]
fn symbol_sizes_are_even_and_positive() {
    for bad in [0, 1, 3, 65_535] {
        assert!(SymbolSize::new(bad).is_err());
        assert!(wire::from_bcs::<SymbolSize>(&bad.to_le_bytes()).is_err());
    }
    assert_eq!(
        wire::from_bcs::<SymbolSize>(&[2, 0]),
        Ok(SymbolSize::new(2).unwrap())
    );
}

#[test]
fn the_retired_encoding_type_is_refused() {
    assert_eq!(wire::to_bcs(&EncodingType::Rs2), [1]);
    assert_eq!(wire::from_bcs(&[1]), Ok(EncodingType::Rs2));
    for bad in [0, 2] {
        assert!(wire::from_bcs::<EncodingType>(&[bad]).is_err());
        assert!(EncodingType::try_from(bad).is_err());
    }
    assert_eq!(
        serde_json::to_string(&EncodingType::Rs2).unwrap(),
        "\"RS2\""
    );
    assert!(serde_json::from_str::<EncodingType>("\"RedStuffRaptorQ\"").is_err());
    for name in ["RS2", " redstuff/Reed-Solomon", "reed-solomon"] {
        assert_eq!(name.parse(), Ok(EncodingType::Rs2));
    }
    let error = "raptorq".parse::<EncodingType>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected encoding type 1 (RS2), got \"raptorq\""
    );
}

#[test]
fn symbol_ids_are_two_numbers() {
    let id: SymbolId = "17-21".parse().unwrap();
    assert_eq!(
        (id.primary, id.secondary),
        (SliverIndex(17), SliverIndex(21))
    );
    assert_eq!(id.to_string(), "17-21");
    assert_eq!(wire::to_bcs(&id), [17, 0, 21, 0]);
    assert_eq!(
        SymbolId::crossing(Axis::Secondary, SliverIndex(21), SliverIndex(17)),
        id
    );
    for bad in ["", "17", "17-", "-21", "17-21-3", "17-65536", "a-b"] {
        assert!(bad.parse::<SymbolId>().is_err(), "{bad}");
    }
}

#[test]
fn wrong_patch_ids_are_refused_with_the_reason() {
    let good = format!("{ID}BAQACAA");
    let message = |text: &str| text.parse::<QuiltPatchId>().unwrap_err().to_string();
    assert_eq!(message(ID), "expected 50 characters, got 43");
    assert_eq!(message(&good[..49]), "expected 50 characters, got 49");
    let internal = |bytes| QuiltPatchInternalId::from_bytes(bytes);
    let id = internal([1, 2, 0, 0, 1]).unwrap();
    assert_eq!((id.start(), id.end()), (2, 256));
    assert_eq!(id.to_bytes(), [1, 2, 0, 0, 1]);
    assert_eq!(
        internal([2, 2, 0, 0, 1]),
        Err(ParseIdError::Version { got: 2 })
    );
    let (start, end) = (2, 2);
    assert_eq!(
        internal([1, 2, 0, 2, 0]),
        Err(ParseIdError::EmptyRange { start, end })
    );
}

proptest! {
    #[test]
    fn parsers_never_panic_on_text(text in "\\PC{0,70}") {
        let _ = text.parse::<BlobId>();
        let _ = text.parse::<ObjectId>();
        let _ = text.parse::<QuiltPatchId>();
        let _ = text.parse::<SymbolId>();
        let _ = text.parse::<Axis>();
        let _ = text.parse::<ShardIndex>();
        let _ = text.parse::<EncodingType>();
        let _ = BlobId::from_u256_decimal(&text);
    }

    #[test]
    fn ids_round_trip_through_text(bytes: [u8; 32], start in 0_u16..u16::MAX, len in 1_u16..9) {
        let id = BlobId(bytes);
        prop_assert_eq!(id.to_string().parse(), Ok(id));
        prop_assert_eq!(BlobId::from_u256_decimal(&id.to_u256_decimal()), Ok(id));
        let object = ObjectId(bytes);
        prop_assert_eq!(object.to_string().parse(), Ok(object));
        let end = start.saturating_add(len);
        let internal_id = QuiltPatchInternalId::new(start, end).unwrap();
        let patch = QuiltPatchId { quilt_id: id, internal_id };
        prop_assert_eq!(patch.to_string().parse(), Ok(patch));
    }

    #[test]
    fn shards_hold_each_pair_once(bytes: [u8; 32], n in 1_u16..300) {
        let params = CodeParams::new(n.try_into().unwrap());
        let id = BlobId(bytes);
        let mut seen = vec![false; usize::from(n)];
        for pair in params.pairs() {
            let shard = params.shard_of_pair(&id, pair).unwrap();
            prop_assert_eq!(params.pair_of_shard(&id, shard), Ok(pair));
            seen[shard.as_usize()] = true;
        }
        prop_assert!(seen.iter().all(|seen| *seen));
    }
}
