//! Recovery symbols and inconsistency proofs agree with the vectors made by the original
//! implementation (`docs/spec/encoding.md` §9, §14), and slivers are recovered from them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use floe_core::{
    Axis, BlobMetadata, CodeParams, GeneralRecoverySymbol, InconsistencyProof, RecoverySymbol,
    Sliver, SliverData, SliverIndex, SliverPairIndex, SymbolId, TaggedInconsistencyProof,
    TaggedRecoverySymbol, VerifiedMetadata,
    merkle::{MerkleProof, Node, ProofError},
    wire,
};
use floe_encoding::{
    InvalidInconsistencyProof, MemorySlivers, Options, ProvenSymbol, RecoverError, RecoverySource,
    RedStuff, Source, SymbolError,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    recovery: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    n_shards: u16,
    size: usize,
    seed: usize,
    blob_id: String,
    symbols: Vec<Symbols>,
    falsified_pair: u16,
    inconsistency_proof_primary_bcs: String,
    inconsistency_proof_secondary_bcs: String,
    sliver_tagged_primary_0_bcs: String,
    sliver_tagged_secondary_0_bcs: String,
}

#[derive(Deserialize)]
struct Symbols {
    source_pair: u16,
    target_pair: u16,
    from_primary: Forms,
    from_secondary: Forms,
}

#[derive(Deserialize)]
struct Forms {
    general_bcs: String,
    recovery_symbol_bcs: String,
    symbol_id: String,
    symbol_id_bcs: String,
    tagged_bcs: String,
}

/// The content rule of the vectors.
fn content(size: usize, seed: usize) -> Vec<u8> {
    let byte = |i: usize| {
        let mixed = (i * 167 + 13 + seed * 101) ^ ((i >> 8) * 59) ^ ((i >> 16) * 197);
        mixed.to_le_bytes()[0]
    };
    (0..size).map(byte).collect()
}

/// An encoded blob.
struct Encoded {
    codec: RedStuff,
    metadata: VerifiedMetadata,
    slivers: [Vec<SliverData>; 2],
}

impl Encoded {
    fn new(n_shards: u16, blob: &impl Source) -> Self {
        let codec = RedStuff::new(n_shards).unwrap();
        let symbol_size = codec.params().symbol_size(blob.length()).unwrap();
        let slivers = MemorySlivers::new(codec.params(), symbol_size);
        let metadata = codec.encode(blob, &slivers, &Options::default()).unwrap();
        let slivers = slivers.into_slivers();
        Self {
            codec,
            metadata,
            slivers,
        }
    }

    fn params(&self) -> CodeParams {
        self.codec.params()
    }

    fn sliver(&self, axis: Axis, index: SliverIndex) -> &SliverData {
        &self.slivers[usize::from(axis == Axis::Secondary)][index.as_usize()]
    }

    fn of_pair(&self, axis: Axis, pair: u16) -> SliverIndex {
        self.params()
            .sliver_of_pair(axis, SliverPairIndex(pair))
            .unwrap()
    }

    fn source(&self, axis: Axis, index: SliverIndex) -> RecoverySource {
        let sliver = self.sliver(axis, index);
        RecoverySource::new(&self.codec, &self.metadata, axis, sliver).unwrap()
    }

    /// The symbols that the other axis' slivers of `pairs` have for a target, checked.
    fn symbols(
        &self,
        axis: Axis,
        target: SliverIndex,
        pairs: impl IntoIterator<Item = u16>,
    ) -> Vec<RecoverySymbol> {
        let symbol = |pair| {
            let index = self.of_pair(axis.orthogonal(), pair);
            self.source(axis.orthogonal(), index)
                .recovery_symbol(target)
                .unwrap()
        };
        pairs.into_iter().map(symbol).collect()
    }

    fn prove(
        &self,
        axis: Axis,
        target: SliverIndex,
        symbols: Vec<RecoverySymbol>,
    ) -> Vec<ProvenSymbol> {
        prove(&self.codec, &self.metadata, axis, target, symbols)
    }

    /// The same blob under metadata with another hash for the sliver of `pair` on `axis`.
    fn falsified(&self, axis: Axis, pair: u16) -> VerifiedMetadata {
        let mut hashes = self.metadata.metadata().hashes().to_vec();
        let hash = &mut hashes[usize::from(pair)];
        match axis {
            Axis::Primary => hash.primary_hash = Node::Digest([0; 32]),
            Axis::Secondary => hash.secondary_hash = Node::Digest([0; 32]),
        }
        let metadata = BlobMetadata::new(self.metadata.unencoded_length(), hashes);
        VerifiedMetadata::compute(metadata, self.params()).unwrap()
    }
}

fn prove(
    codec: &RedStuff,
    metadata: &VerifiedMetadata,
    axis: Axis,
    target: SliverIndex,
    symbols: Vec<RecoverySymbol>,
) -> Vec<ProvenSymbol> {
    let results = codec.check_recovery_symbols(metadata, axis, target, symbols);
    results.into_iter().map(Result::unwrap).collect()
}

fn cases() -> Vec<(Case, Encoded)> {
    let text = include_str!("../../testkit/vectors/recovery.json");
    let vectors: Vectors = serde_json::from_str(text).unwrap();
    let encode = |case: Case| {
        let encoded = Encoded::new(case.n_shards, &content(case.size, case.seed));
        assert_eq!(encoded.metadata.blob_id().to_string(), case.blob_id);
        (case, encoded)
    };
    vectors.recovery.into_iter().map(encode).collect()
}

fn bcs_hex<T: serde::Serialize>(value: &T) -> String {
    hex::encode(wire::to_bcs(value))
}

#[test]
fn symbols_serialize_as_the_originals_do() {
    for (case, encoded) in cases() {
        for symbols in &case.symbols {
            for (source_axis, forms) in [
                (Axis::Primary, &symbols.from_primary),
                (Axis::Secondary, &symbols.from_secondary),
            ] {
                let index = encoded.of_pair(source_axis, symbols.source_pair);
                let axis = source_axis.orthogonal();
                let target = encoded.of_pair(axis, symbols.target_pair);
                let source = encoded.source(source_axis, index);
                assert_eq!(
                    source.root(),
                    encoded.metadata.sliver_hash(source_axis, index).unwrap()
                );

                let symbol = source.recovery_symbol(target).unwrap();
                assert_eq!(bcs_hex(&symbol), forms.recovery_symbol_bcs);
                let tagged = match axis {
                    Axis::Primary => TaggedRecoverySymbol::Primary(symbol.clone()),
                    Axis::Secondary => TaggedRecoverySymbol::Secondary(symbol.clone()),
                };
                assert_eq!(bcs_hex(&tagged), forms.tagged_bcs);
                let general = source.general_symbol(target).unwrap();
                assert_eq!(bcs_hex(&general), forms.general_bcs);
                let id = SymbolId::crossing(axis, target, index);
                assert_eq!(general.id(), id);
                assert_eq!(id.to_string(), forms.symbol_id);
                assert_eq!(bcs_hex(&id), forms.symbol_id_bcs);

                let sliver = encoded.sliver(source_axis, index);
                let (codec, metadata) = (&encoded.codec, &encoded.metadata);
                let plain = codec
                    .decoding_symbol(metadata, source_axis, sliver, target)
                    .unwrap();
                assert_eq!(plain, symbol.symbol);
            }
        }
    }
}

#[test]
fn slivers_serialize_as_the_originals_do() {
    // The last case is too large to have them in the vectors.
    for (case, encoded) in cases().into_iter().take(3) {
        for (axis, expected) in [
            (Axis::Primary, &case.sliver_tagged_primary_0_bcs),
            (Axis::Secondary, &case.sliver_tagged_secondary_0_bcs),
        ] {
            let sliver = encoded.sliver(axis, SliverIndex(0)).clone();
            assert_eq!(&bcs_hex(&Sliver::new(axis, sliver)), expected);
        }
    }
}

#[test]
fn inconsistency_proofs_are_made_and_verified_as_the_original_does() {
    for (case, encoded) in cases() {
        for (axis, expected) in [
            (Axis::Primary, &case.inconsistency_proof_primary_bcs),
            (Axis::Secondary, &case.inconsistency_proof_secondary_bcs),
        ] {
            let target = encoded.of_pair(axis, case.falsified_pair);
            let falsified = encoded.falsified(axis, case.falsified_pair);
            let needed = usize::from(encoded.params().sliver_symbols(axis));
            let symbols = encoded.symbols(axis, target, (0..case.n_shards).rev().take(needed));

            let codec = &encoded.codec;
            let proven = prove(codec, &falsified, axis, target, symbols);
            let error = codec
                .recover_sliver(&falsified, axis, target, proven)
                .unwrap_err();
            let RecoverError::Inconsistent {
                proof: Some(proof), ..
            } = error
            else {
                panic!("{error}");
            };
            assert_eq!(&bcs_hex(&*proof), expected);
            assert_eq!(codec.verify_inconsistency(&falsified, &proof), Ok(()));
            assert_eq!(
                codec.verify_inconsistency(&encoded.metadata, &proof),
                Err(InvalidInconsistencyProof::Consistent)
            );
            refuses_bad_proofs(codec, &falsified, &proof);
        }
    }
}

fn refuses_bad_proofs(
    codec: &RedStuff,
    metadata: &VerifiedMetadata,
    proof: &TaggedInconsistencyProof,
) {
    let verify = |change: &dyn Fn(&mut InconsistencyProof)| {
        let mut proof = proof.clone();
        let (TaggedInconsistencyProof::Primary(inner) | TaggedInconsistencyProof::Secondary(inner)) =
            &mut proof;
        change(inner);
        codec.verify_inconsistency(metadata, &proof).unwrap_err()
    };
    let expected = proof.proof().symbols.len();
    assert_eq!(
        verify(&|proof| drop(proof.symbols.pop())),
        InvalidInconsistencyProof::SymbolCount {
            expected,
            got: expected - 1
        }
    );
    assert_eq!(
        verify(&|proof| proof.symbols[1] = proof.symbols[0].clone()),
        InvalidInconsistencyProof::Duplicates {
            expected,
            got: expected - 1
        }
    );
    assert!(matches!(
        verify(&|proof| proof.symbols[1].symbol.data[0] ^= 1),
        InvalidInconsistencyProof::Symbol {
            position: 1,
            source: SymbolError::Proof { .. }
        }
    ));
    assert!(matches!(
        verify(&|proof| proof.target_index = SliverIndex(u16::MAX)),
        InvalidInconsistencyProof::Index(_)
    ));
}

#[test]
fn every_sliver_is_recovered_from_any_enough_others() {
    for (case, encoded) in cases().into_iter().take(3) {
        for axis in Axis::BOTH {
            let needed = usize::from(encoded.params().sliver_symbols(axis));
            for target in (0..case.n_shards).map(SliverIndex) {
                let pairs = (0..case.n_shards).map(|pair| (pair + target.get()) % case.n_shards);
                let symbols = encoded.symbols(axis, target, pairs.take(needed));
                let expected = encoded.sliver(axis, target);
                let plain = symbols.iter().map(|symbol| symbol.symbol.clone());
                let (codec, metadata) = (&encoded.codec, &encoded.metadata);
                let recovered = codec.recover_sliver_unproven(metadata, axis, target, plain);
                assert_eq!(recovered.as_ref(), Ok(expected));
                let proven = encoded.prove(axis, target, symbols);
                let recovered = codec.recover_sliver(metadata, axis, target, proven);
                assert_eq!(recovered.as_ref(), Ok(expected));
            }
        }
    }
}

#[test]
fn general_symbols_serve_both_their_slivers() {
    let (_, encoded) = &cases()[1];
    let (codec, metadata) = (&encoded.codec, &encoded.metadata);
    // A helper that holds the wanted primary sliver itself serves any of its symbols, too.
    let wanted = SliverIndex(3);
    let own = encoded.source(Axis::Primary, wanted);
    let check = |symbol: GeneralRecoverySymbol| {
        codec
            .check_general_symbols(metadata, Axis::Primary, wanted, vec![symbol])
            .remove(0)
    };
    let mixed: Vec<_> = (0..5)
        .map(|j| {
            if j % 2 == 0 {
                own.general_symbol(SliverIndex(j)).unwrap()
            } else {
                encoded
                    .source(Axis::Secondary, SliverIndex(j))
                    .general_symbol(wanted)
                    .unwrap()
            }
        })
        .map(|symbol| check(symbol).unwrap())
        .collect();
    let recovered = codec.recover_sliver(metadata, Axis::Primary, wanted, mixed);
    assert_eq!(
        recovered.as_ref(),
        Ok(encoded.sliver(Axis::Primary, wanted))
    );

    let other = encoded
        .source(Axis::Secondary, SliverIndex(3))
        .general_symbol(SliverIndex(2));
    assert_eq!(
        check(other.unwrap()),
        Err(SymbolError::OtherSliver {
            axis: Axis::Primary,
            index: wanted
        })
    );
}

#[test]
fn bad_symbols_are_refused_with_their_fault() {
    let (_, encoded) = &cases()[1];
    let target = SliverIndex(2);
    let good = &encoded.symbols(Axis::Primary, target, [0])[0];
    let check = |change: &dyn Fn(&mut RecoverySymbol)| {
        let mut symbol = good.clone();
        change(&mut symbol);
        let (codec, metadata) = (&encoded.codec, &encoded.metadata);
        codec
            .check_recovery_symbols(metadata, Axis::Primary, target, vec![symbol])
            .remove(0)
            .unwrap_err()
    };
    let size = encoded.metadata.symbol_size().as_usize();
    assert_eq!(
        check(&|symbol| symbol.symbol.data.push(0)),
        SymbolError::Length {
            expected: size,
            got: size + 1
        }
    );
    assert!(matches!(
        check(&|symbol| symbol.symbol.index = SliverIndex(7)),
        SymbolError::Index(_)
    ));
    let proof = |source| SymbolError::Proof {
        axis: Axis::Secondary,
        index: good.symbol.index,
        source,
    };
    assert_eq!(
        check(&|symbol| symbol.symbol.data[0] ^= 1),
        proof(ProofError::RootMismatch)
    );
    let longer = |symbol: &mut RecoverySymbol| {
        let path = [symbol.proof.path(), &[Node::Empty]].concat();
        symbol.proof = MerkleProof::new(path);
    };
    assert_eq!(
        check(&longer),
        proof(ProofError::PathTooLong { max: 3, got: 4 })
    );
}

#[test]
fn symbols_checked_together_are_judged_one_by_one() {
    let (case, encoded) = &cases()[3];
    let (axis, target) = (Axis::Primary, SliverIndex(1));
    let mut symbols = encoded.symbols(axis, target, 0..case.n_shards);
    symbols[0].symbol.data[0] ^= 1;
    symbols[2].symbol.data.push(0);
    symbols[3].proof = symbols[4].proof.clone();
    symbols[5].symbol.index = SliverIndex(case.n_shards);
    // A path may be shorter than the tree is high, which must not disturb its neighbours.
    symbols[6].proof = MerkleProof::new(symbols[6].proof.path()[..1].to_vec());
    symbols[8].proof = MerkleProof::new(Vec::new());
    let bad = [0, 2, 3, 5, 6, 8];
    let results =
        encoded
            .codec
            .check_recovery_symbols(&encoded.metadata, axis, target, symbols.clone());
    assert_eq!(results.len(), symbols.len());
    for (position, result) in results.into_iter().enumerate() {
        let alone = encoded.codec.check_recovery_symbols(
            &encoded.metadata,
            axis,
            target,
            vec![symbols[position].clone()],
        );
        assert_eq!(vec![result.clone()], alone);
        assert_eq!(result.is_err(), bad.contains(&position), "{position}");
    }
    let none = encoded
        .codec
        .check_recovery_symbols(&encoded.metadata, axis, target, Vec::new());
    assert!(none.is_empty());
}

#[test]
fn too_few_or_wrong_symbols_recover_nothing() {
    let (case, encoded) = &cases()[2];
    let (codec, metadata) = (&encoded.codec, &encoded.metadata);
    let (axis, target) = (Axis::Secondary, SliverIndex(8));
    let symbols = encoded.symbols(axis, target, 0..case.n_shards);
    let too_few = RecoverError::TooFewSymbols {
        axis,
        needed: 4,
        got: 3,
    };
    let proven = encoded.prove(axis, target, [&symbols[..3], &symbols[..3]].concat());
    assert_eq!(
        codec.recover_sliver(metadata, axis, target, proven),
        Err(too_few.clone())
    );
    let plain = symbols[..3].iter().map(|symbol| symbol.symbol.clone());
    assert_eq!(
        codec.recover_sliver_unproven(metadata, axis, target, plain.clone().chain(plain)),
        Err(too_few.clone())
    );
    // Symbols that were checked for another sliver don't count.
    let elsewhere = SliverIndex(7);
    let proven = encoded.prove(axis, elsewhere, encoded.symbols(axis, elsewhere, [5, 6]));
    let proven = proven
        .into_iter()
        .chain(encoded.prove(axis, target, symbols[..3].to_vec()));
    assert_eq!(
        codec.recover_sliver(metadata, axis, target, proven),
        Err(too_few)
    );

    let mut plain: Vec<_> = symbols.into_iter().map(|symbol| symbol.symbol).collect();
    plain[0].data[0] ^= 1;
    assert_eq!(
        codec.recover_sliver_unproven(metadata, axis, target, plain),
        Err(RecoverError::WrongSymbols {
            axis,
            index: target
        })
    );
}
