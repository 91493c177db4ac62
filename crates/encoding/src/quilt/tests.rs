use std::{collections::BTreeMap, num::NonZeroU16};

use floe_core::{CodeParams, QuiltPatchInternalId, SliverIndex, wire};
use proptest::prelude::*;

use super::{
    BuildError, Columns, Geometry, IndexError, Patch, PatchError, PatchHeader, PatchIdentifier,
    PatchPart, PatchReader, Quilt, QuiltBlob, ReadError, SliverColumns, Tags, read_index,
};
use crate::Source;

fn params(n_shards: u16) -> CodeParams {
    CodeParams::new(NonZeroU16::new(n_shards).unwrap())
}

fn patch(identifier: &str, content: Vec<u8>) -> Patch<Vec<u8>> {
    Patch {
        identifier: identifier.parse().unwrap(),
        tags: Tags::new(),
        content,
    }
}

fn all_of(source: &dyn Source) -> Vec<u8> {
    let mut bytes = vec![0xee; usize::try_from(source.length()).unwrap()];
    source.read_at(0, &mut bytes).unwrap();
    bytes
}

fn pack(n_shards: u16, patches: Vec<Patch<Vec<u8>>>) -> Vec<u8> {
    all_of(&Quilt::build(params(n_shards), patches).unwrap())
}

/// A quilt to be damaged: the index and each of four patches fill one of the five columns.
fn small() -> (Geometry, Vec<u8>) {
    let mut first = patch("name", b"data".to_vec());
    first.tags.insert("key".into(), "value".into());
    let others = ["x", "y", "z"].map(|name| patch(name, vec![]));
    let patches = std::iter::once(first).chain(others).collect();
    let quilt = Quilt::build(params(7), patches).unwrap();
    (quilt.geometry(), all_of(&quilt))
}

fn write(geometry: Geometry, quilt: &mut [u8], column: u16, at: usize, bytes: &[u8]) {
    for (i, byte) in bytes.iter().enumerate() {
        let (place, _) = geometry.locate(column, at + i);
        quilt[usize::try_from(place).unwrap()] = *byte;
    }
}

fn damaged(column: u16, at: usize, bytes: &[u8]) -> ReadError {
    let (geometry, mut quilt) = small();
    write(geometry, &mut quilt, column, at, bytes);
    let quilt = QuiltBlob::new(params(7), &quilt).unwrap();
    let index = match read_index(&quilt) {
        Ok(index) => index,
        Err(error) => return error,
    };
    PatchReader::open(&quilt, index.patches()[0].columns).unwrap_err()
}

#[test]
fn a_damaged_index_is_refused() {
    use IndexError as E;
    let index = |bytes: &[u8], at| match damaged(0, at, bytes) {
        ReadError::Index(error) => error,
        other => panic!("{other}"),
    };
    assert_eq!(index(&[2], 0), E::Version { got: 2 });
    assert_eq!(index(&[0], 0), E::Version { got: 0 });
    assert!(matches!(
        index(&[255; 4], 1),
        E::TooLong { got: u32::MAX, .. }
    ));
    // One byte short, one byte long, and a count of patches that no memory holds.
    assert!(matches!(index(&[33], 1), E::Malformed(_)));
    assert!(matches!(index(&[35], 1), E::Malformed(_)));
    assert!(matches!(
        index(&[255, 255, 255, 255, 7], 5),
        E::Malformed(_)
    ));
    // A name longer than what is left.
    assert!(matches!(index(&[127], 8), E::Malformed(_)));
    let (patch, columns) = (0, 5);
    for (end, bytes) in [(0, [0, 0]), (1, [1, 0]), (6, [6, 0]), (65_535, [255, 255])] {
        let start = 1;
        assert_eq!(
            index(&bytes, 6),
            E::Columns {
                patch,
                start,
                end,
                columns
            }
        );
    }
}

#[test]
fn a_damaged_patch_is_refused() {
    use PatchError as E;
    let refused = |bytes: &[u8], at| match damaged(1, at, bytes) {
        ReadError::Patch { column: 1, source } => source,
        other => panic!("{other}"),
    };
    assert_eq!(refused(&[0], 0), E::Version { got: 0 });
    assert_eq!(refused(&[3], 5), E::Mask { got: 3 });
    let too_long = |error, part| matches!(error, E::TooLong { part: p, .. } if p == part);
    assert!(too_long(refused(&[255; 4], 1), PatchPart::Whole));
    assert!(too_long(refused(&[1, 0, 0, 0], 1), PatchPart::Header));
    assert!(too_long(refused(&[4, 0, 0, 0], 1), PatchPart::Identifier));
    // The identifier fits, but the length of the tags doesn't; then the tags don't.
    assert!(too_long(refused(&[8, 0, 0, 0], 1), PatchPart::Header));
    assert!(too_long(refused(&[12, 0, 0, 0], 1), PatchPart::Tags));
    assert!(too_long(refused(&[255, 255], 6), PatchPart::Identifier));
    let malformed = |error, part| matches!(error, E::Malformed { part: p, .. } if p == part);
    assert!(malformed(refused(&[4], 6), PatchPart::Identifier));
    assert!(malformed(refused(&[255], 9), PatchPart::Identifier));
    assert!(malformed(refused(&[2], 15), PatchPart::Tags));
    assert!(matches!(refused(b"\n", 9), E::Identifier(_)));
    assert!(matches!(refused(b" ", 12), E::Identifier(_)));
}

#[test]
fn columns_that_do_not_exist_are_refused() {
    let (_, quilt) = small();
    let quilt = QuiltBlob::new(params(7), &quilt).unwrap();
    let id = QuiltPatchInternalId::new(4, 6).unwrap();
    assert!(matches!(
        PatchReader::open(&quilt, id).unwrap_err(),
        ReadError::OutOfRange {
            start: 4,
            end: 6,
            columns: 5
        }
    ));
    let mut byte = [0];
    assert!(quilt.read_column(5, 0, &mut byte).is_err());
    assert!(quilt.read_column(0, usize::MAX, &mut byte).is_err());
}

#[test]
fn a_blob_of_zeros_is_no_quilt() {
    let zeros = vec![0; 15 * 20];
    let quilt = QuiltBlob::new(params(7), &zeros).unwrap();
    let error = read_index(&quilt).unwrap_err().to_string();
    assert_eq!(error, "no quilt index: expected quilt version 1, got 0");
    let id = QuiltPatchInternalId::new(4, 5).unwrap();
    let error = PatchReader::open(&quilt, id).unwrap_err().to_string();
    assert_eq!(
        error,
        "no patch at column 4: expected patch version 1, got 0"
    );
}

#[test]
fn patches_are_read_from_single_slivers() {
    let contents = |i: u8| vec![i; 100 * usize::from(i)];
    let patches = (1..4).map(|i| patch(&format!("p{i}"), contents(i)));
    let quilt = Quilt::build(params(10), patches.collect()).unwrap();
    let geometry = quilt.geometry();
    let found = quilt.index().by_identifier("p3").unwrap().columns;
    let mut slivers = SliverColumns::new(geometry);
    let blob = all_of(&quilt);
    let blob = QuiltBlob::new(params(10), &blob).unwrap();
    for column in found.start()..found.end() {
        let mut data = vec![0; geometry.column_bytes()];
        blob.read_column(column, 0, &mut data).unwrap();
        slivers.insert(SliverIndex(column), data).unwrap();
    }
    let reader = PatchReader::open(&slivers, found).unwrap();
    assert_eq!(reader.header().identifier.as_str(), "p3");
    assert_eq!(all_of(&reader), contents(3));
    let mut tail = [0; 2];
    assert!(reader.read_at(299, &mut tail).is_err());
    let error = read_index(&slivers).unwrap_err();
    assert_eq!(error.to_string(), "read 5 bytes of column 0 and on");
    let wrong = slivers.insert(SliverIndex(0), vec![0; 3]).unwrap_err();
    assert_eq!(wrong.got, 3);
}

#[test]
fn what_does_not_fit_is_refused() {
    let refused = |n, patches| Quilt::<Vec<u8>>::build(params(n), patches).unwrap_err();
    let twice = vec![patch("b", vec![]), patch("a", vec![1]), patch("b", vec![2])];
    assert_eq!(
        refused(7, twice),
        BuildError::DuplicateIdentifier {
            identifier: "b".into()
        }
    );
    let many = (0..5).map(|i| patch(&i.to_string(), vec![])).collect();
    assert_eq!(
        refused(7, many),
        BuildError::TooManyPatches { got: 5, max: 4 }
    );
    let large = vec![patch("a", vec![0; 4 * 65_534 - 10]), patch("b", vec![])];
    assert!(matches!(
        refused(4, large),
        BuildError::TooLarge { max: 393_204, .. }
    ));
    let part = |patch| match refused(1000, vec![patch]) {
        BuildError::PartTooLong { part, got, max, .. } => (part, got, max),
        other => panic!("{other}"),
    };
    let long = patch(&"x".repeat(65_532), vec![]);
    assert_eq!(part(long), (PatchPart::Identifier, 65_532, 65_531));
    let mut tagged = patch("a", vec![]);
    tagged.tags.insert(String::new(), "x".repeat(65_531));
    assert_eq!(part(tagged), (PatchPart::Tags, 65_536, 65_535));
}

#[test]
fn the_longest_names_and_tags_survive() {
    let mut longest = patch(&"x".repeat(65_531), vec![7; 3]);
    longest.tags.insert(String::new(), "x".repeat(65_530));
    let blob = pack(1000, vec![longest.clone()]);
    let quilt = QuiltBlob::new(params(1000), &blob).unwrap();
    let index = read_index(&quilt).unwrap();
    let reader = PatchReader::open(&quilt, index.patches()[0].columns).unwrap();
    assert_eq!(reader.header().identifier, longest.identifier);
    assert_eq!(reader.header().tags, longest.tags);
    assert_eq!(all_of(&reader), [7; 3]);
}

#[test]
fn no_patches_are_a_quilt() {
    let blob = pack(4, vec![]);
    let quilt = QuiltBlob::new(params(4), &blob).unwrap();
    assert_eq!(read_index(&quilt).unwrap().patches(), []);
}

#[test]
fn of_duplicates_in_an_index_the_first_is_found() {
    let patches = ["a", "b", "c", "d"].map(|name| patch(name, vec![]));
    let mut quilt = pack(7, patches.into());
    let geometry = Geometry::of_quilt(params(7), quilt.len() as u64).unwrap();
    write(geometry, &mut quilt, 0, 5 + 9, b"a");
    let quilt = QuiltBlob::new(params(7), &quilt).unwrap();
    let index = read_index(&quilt).unwrap();
    assert_eq!(index.patches()[1].identifier, "a");
    assert_eq!(index.by_identifier("a").unwrap().columns.start(), 1);
}

#[test]
fn the_index_has_the_json_of_the_protocol() {
    let mut tagged = patch("a", vec![1; 50]);
    tagged.tags.insert("key".into(), "value".into());
    let quilt = Quilt::build(params(4), vec![patch("b", vec![]), tagged]).unwrap();
    let json = serde_json::to_value(quilt.index()).unwrap();
    let expected = serde_json::json!({"quiltPatches": [
        {"endIndex": 2, "identifier": "a", "tags": {"key": "value"}},
        {"endIndex": 3, "identifier": "b", "tags": {}},
    ]});
    assert_eq!(json, expected);
}

#[test]
fn a_change_of_any_content_is_noticed() {
    #[derive(Debug, Clone, Copy)]
    struct Dated(i128);
    impl Source for Dated {
        fn length(&self) -> u64 {
            4
        }
        fn read_at(&self, _: u64, buffer: &mut [u8]) -> std::io::Result<()> {
            buffer.fill(1);
            Ok(())
        }
        fn version(&self) -> std::io::Result<Option<crate::SourceVersion>> {
            Ok(Some(crate::SourceVersion {
                length: 4,
                modified_ns: Some(self.0),
            }))
        }
    }
    let version = |times: [i128; 2]| {
        let dated = |(name, time): (&str, _)| Patch {
            identifier: name.parse().unwrap(),
            tags: Tags::new(),
            content: Dated(time),
        };
        let patches = ["a", "b"].into_iter().zip(times).map(dated).collect();
        let quilt = Quilt::build(params(7), patches).unwrap();
        quilt.version().unwrap()
    };
    assert_eq!(version([1, 2]), version([1, 2]));
    assert_ne!(version([1, 2]), version([2, 2]));
    assert_ne!(version([1, 2]), version([1, 3]));
    assert_ne!(version([1, 2]), version([2, 1]));
    let fixed = Quilt::build(params(7), vec![patch("a", vec![])]).unwrap();
    assert_eq!(fixed.version().unwrap(), None);
}

/// The quilt of these patches, made as the specification words it: column by column, in memory.
fn naive(
    params: CodeParams,
    geometry: Geometry,
    patches: &BTreeMap<String, (Tags, Vec<u8>)>,
) -> Vec<u8> {
    let column_bytes = geometry.column_bytes();
    let items = patches.iter().map(|(identifier, (tags, content))| {
        let mut payload = Vec::new();
        let bcs = wire::to_bcs(identifier);
        payload.extend(u16::try_from(bcs.len()).unwrap().to_le_bytes());
        payload.extend(bcs);
        if !tags.is_empty() {
            let bcs = wire::to_bcs(tags);
            payload.extend(u16::try_from(bcs.len()).unwrap().to_le_bytes());
            payload.extend(bcs);
        }
        payload.extend(content);
        let mut item = vec![1];
        item.extend(u32::try_from(payload.len()).unwrap().to_le_bytes());
        item.push(u8::from(!tags.is_empty()));
        item.extend(payload);
        item.resize(item.len().next_multiple_of(column_bytes), 0);
        item
    });
    let items = items.collect::<Vec<_>>();
    let index_of = |first: usize| {
        let ends = items.iter().scan(first, |end, item| {
            *end += item.len() / column_bytes;
            Some(u16::try_from(*end).unwrap())
        });
        let entries = ends
            .zip(patches)
            .map(|(end, (name, (tags, _)))| (end, name, tags));
        let bcs = wire::to_bcs(&entries.collect::<Vec<_>>());
        let mut index = vec![1];
        index.extend(u32::try_from(bcs.len()).unwrap().to_le_bytes());
        index.extend(bcs);
        index
    };
    let index_columns = index_of(0).len().div_ceil(column_bytes);
    let mut space = index_of(index_columns);
    space.resize(index_columns * column_bytes, 0);
    space.extend(items.concat());
    let (rows, columns) = (
        usize::from(params.primary_source_symbols()),
        usize::from(params.secondary_source_symbols()),
    );
    space.resize(columns * column_bytes, 0);
    let symbol = geometry.symbol_size().as_usize();
    let mut quilt = Vec::new();
    for row in 0..rows {
        for column in 0..columns {
            let start = column * column_bytes + row * symbol;
            quilt.extend(&space[start..start + symbol]);
        }
    }
    quilt
}

fn any_patches() -> impl Strategy<Value = (u16, BTreeMap<String, (Tags, Vec<u8>)>)> {
    let tags = prop::collection::btree_map("[a-z]{0,3}", "\\PC{0,4}", 0..3);
    let content = prop::collection::vec(any::<u8>(), 0..400);
    let patches = prop::collection::btree_map("\\PC{0,20}[a-z]", (tags, content), 0..4);
    (7_u16..60, patches)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn quilts_are_the_naive_ones_and_unpack((n_shards, patches) in any_patches(), cut in any::<[u16; 2]>()) {
        let params = params(n_shards);
        let packed = patches.iter().rev().map(|(identifier, (tags, content))| Patch {
            identifier: identifier.parse().unwrap(),
            tags: tags.clone(),
            content: content.clone(),
        });
        let quilt = Quilt::build(params, packed.collect()).unwrap();
        let bytes = all_of(&quilt);
        prop_assert_eq!(&bytes, &naive(params, quilt.geometry(), &patches));
        prop_assert_eq!(params.symbol_size(quilt.length()).unwrap(), quilt.geometry().symbol_size());

        let [start, end] = cut.map(|at| usize::from(at) % (bytes.len() + 1));
        let (start, end) = (start.min(end), start.max(end));
        let mut part = vec![0xee; end - start];
        quilt.read_at(start as u64, &mut part).unwrap();
        prop_assert_eq!(&part[..], &bytes[start..end]);

        let blob = QuiltBlob::new(params, &bytes).unwrap();
        let index = read_index(&blob).unwrap();
        prop_assert_eq!(&index, quilt.index());
        for ((identifier, (tags, content)), indexed) in patches.iter().zip(index.patches()) {
            prop_assert_eq!(&indexed.identifier, identifier);
            let reader = PatchReader::open(&blob, indexed.columns).unwrap();
            prop_assert_eq!(reader.header().identifier.as_str(), identifier);
            prop_assert_eq!(&reader.header().tags, tags);
            prop_assert_eq!(&all_of(&reader), content);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(n_shards in 1_u16..20, seed in prop::collection::vec(any::<u8>(), 1..600), head in prop::collection::vec(0_u8..4, 0..12)) {
        let params = params(n_shards);
        let symbols = usize::try_from(params.blob_symbols()).unwrap();
        let mut bytes = head;
        bytes.extend(seed);
        let symbol = bytes.len().div_ceil(symbols).next_multiple_of(2);
        bytes.resize(symbols * symbol, 0);
        let blob = QuiltBlob::new(params, &bytes).unwrap();
        if let Ok(index) = read_index(&blob) {
            for patch in index.patches() {
                if let Ok(reader) = PatchReader::open(&blob, patch.columns) {
                    all_of(&reader);
                }
            }
        }
    }

    #[test]
    fn a_flipped_bit_is_no_panic(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let (_, mut quilt) = small();
        let at = at.index(quilt.len());
        quilt[at] ^= 1 << bit;
        let blob = QuiltBlob::new(params(7), &quilt).unwrap();
        if let Ok(index) = read_index(&blob) {
            for patch in index.patches() {
                if let Ok(reader) = PatchReader::open(&blob, patch.columns) {
                    all_of(&reader);
                }
            }
        }
    }

    #[test]
    fn headers_of_any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80), available in any::<u32>()) {
        if let Ok(header) = PatchHeader::parse(&bytes, available.into()) {
            prop_assert!(header.header_bytes + header.data_bytes <= available.into());
            prop_assert!(PatchIdentifier::new(header.identifier.as_str()).is_ok());
        }
    }
}
