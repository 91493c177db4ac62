//! What is measured, in a process of its own.

use std::{fs, hint::black_box, num::NonZeroUsize, path::PathBuf};

use floe_core::{
    Axis, SliverData, SliverIndex, SymbolSize, UnverifiedMetadata, VerifiedMetadata, merkle::Node,
    wire,
};
use floe_encoding::{
    Check, Options, RecoverySource, RedStuff, SliverReader, SliverVerifier, SpilledSlivers,
    read_sliver,
};
use rand::{SeedableRng as _, rngs::SmallRng, seq::SliceRandom as _};

use crate::{
    files::{AnyFile, ChecksumSink, checksum},
    measure::Measurement,
    plain::{self, Shape},
    pool::Threads,
};

/// Slivers that a row about slivers or symbols goes through at most.
const SLIVERS: usize = 64;

/// One row of a table, by us or the plain way.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) what: String,
    pub(crate) n: u16,
    pub(crate) threads: usize,
    pub(crate) plain: bool,
    pub(crate) blob: PathBuf,
}

/// The rows of a table.
pub(crate) fn rows(table: &str) -> &'static [&'static str] {
    match table {
        "encode" => &["encode", "metadata"],
        "decode" => &[
            "primary",
            "primary strict",
            "primary systematic default",
            "secondary",
            "secondary strict",
        ],
        "verify" => &["primary slivers", "secondary slivers"],
        _ => &[
            "symbol from primary",
            "symbol from secondary",
            "check symbols for primary",
            "check symbols for secondary",
            "recover primary",
            "recover secondary",
        ],
    }
}

impl Case {
    pub(crate) fn args(&self) -> [String; 5] {
        let blob = self.blob.to_str().unwrap().into();
        let (n, threads) = (self.n.to_string(), self.threads.to_string());
        [self.what.clone(), n, threads, self.plain.to_string(), blob]
    }

    pub(crate) fn parse(args: &[String]) -> Self {
        Self {
            what: args[0].clone(),
            n: args[1].parse().unwrap(),
            threads: args[2].parse().unwrap(),
            plain: args[3].parse().unwrap(),
            blob: args[4].clone().into(),
        }
    }
}

/// Measures a case.
pub(crate) fn run(case: &Case) -> Measurement {
    let length = fs::metadata(&case.blob).unwrap().len();
    let shape = Shape::new(case.n.into(), usize::try_from(length).unwrap());
    let words: Vec<_> = case.what.split(' ').collect();
    match words[..] {
        ["encode" | "metadata"] if case.plain => plain_encode(case, shape, words[0] == "encode"),
        ["encode"] => encode(case),
        ["metadata"] => {
            let (codec, threads) = (RedStuff::new(case.n).unwrap(), threads(case));
            let blob = AnyFile::open(&case.blob);
            let options = Options {
                executor: &threads,
                ..Options::default()
            };
            Measurement::of(length, 1, || {
                black_box(codec.metadata(&blob, &options).unwrap());
            })
        }
        ["symbol", "from", axis] => Slivers::new(case).serve_symbols(case, shape, self::axis(axis)),
        ["check", "symbols", "for", axis] => {
            Slivers::new(case).check_symbols(case, shape, self::axis(axis))
        }
        ["recover", axis] => Slivers::new(case).recover(case, shape, self::axis(axis)),
        [axis, "slivers"] => Slivers::new(case).verify(case, shape, self::axis(axis)),
        [axis, ref check @ ..] => {
            let systematic = check.first() == Some(&"systematic");
            let check = match check.last() {
                Some(&"strict") => Check::Strict,
                Some(&"default") => Check::Default,
                _ => Check::Skip,
            };
            Slivers::new(case).decode(case, shape, self::axis(axis), systematic, check)
        }
        [] => panic!("no case"),
    }
}

fn axis(name: &str) -> Axis {
    name.parse().unwrap()
}

fn threads(case: &Case) -> Threads {
    Threads(NonZeroUsize::new(case.threads).unwrap())
}

fn encode(case: &Case) -> Measurement {
    let (codec, threads) = (RedStuff::new(case.n).unwrap(), threads(case));
    let blob = AnyFile::open(&case.blob);
    let length = fs::metadata(&case.blob).unwrap().len();
    let options = Options {
        executor: &threads,
        ..Options::default()
    };
    Measurement::of(length, 1, || {
        let sink = ChecksumSink::default();
        black_box(codec.encode(&blob, &sink, &options).unwrap());
        assert_eq!(
            sink.bytes.into_inner(),
            codec.params().slivers_len(length).unwrap()
        );
        black_box(sink.sum.into_inner());
    })
}

fn plain_encode(case: &Case, shape: Shape, keep_slivers: bool) -> Measurement {
    let length = fs::metadata(&case.blob).unwrap().len();
    let measurement = Measurement::of(length, 1, || {
        let blob = fs::read(&case.blob).unwrap();
        let encoded = plain::encode(shape, &blob, keep_slivers);
        let slivers = encoded.primary.iter().chain(&encoded.secondary);
        black_box(
            slivers
                .map(|sliver| checksum(sliver))
                .fold(0, u64::wrapping_add),
        );
        black_box(encoded.blob_id);
    });
    if length <= 16 << 20 {
        let codec = RedStuff::new(case.n).unwrap();
        let metadata = codec
            .metadata(&AnyFile::open(&case.blob), &Options::default())
            .unwrap();
        let encoded = plain::encode(shape, &fs::read(&case.blob).unwrap(), false);
        assert_eq!(
            encoded.blob_id,
            metadata.blob_id().0,
            "the baseline does the same work"
        );
    }
    measurement
}

/// An encoded blob, its slivers in a file.
struct Slivers {
    codec: RedStuff,
    metadata: VerifiedMetadata,
    slivers: SpilledSlivers<AnyFile>,
    length: u64,
}

impl Slivers {
    fn new(case: &Case) -> Self {
        let codec = RedStuff::new(case.n).unwrap();
        let blob = AnyFile::open(&case.blob);
        let length = fs::metadata(&case.blob).unwrap().len();
        let symbol_size = codec.params().symbol_size(length).unwrap();
        let beside = |what| case.blob.with_extension(format!("{}.{what}", case.n));
        let file = AnyFile::keep(&beside("slivers"), length);
        let slivers = SpilledSlivers::new(file, codec.params(), symbol_size).unwrap();
        // Processes of the same table share them.
        let metadata = match fs::read(beside("metadata")) {
            Ok(bytes) => {
                let metadata: UnverifiedMetadata = wire::from_bcs(&bytes).unwrap();
                metadata.verify(codec.params()).unwrap()
            }
            Err(_) => {
                let options = Options::default();
                let metadata = codec.encode(&blob, &slivers, &options).unwrap();
                fs::write(beside("metadata"), wire::to_bcs(&metadata)).unwrap();
                metadata
            }
        };
        Self {
            codec,
            metadata,
            slivers,
            length,
        }
    }

    fn symbol_size(&self) -> SymbolSize {
        self.metadata.symbol_size()
    }

    fn sliver(&self, axis: Axis, index: u16) -> SliverData {
        let index = SliverIndex(index);
        read_sliver(
            &self.slivers,
            self.codec.params(),
            self.symbol_size(),
            axis,
            index,
        )
        .unwrap()
    }

    fn digest(&self, axis: Axis, index: u16) -> [u8; 32] {
        match self.metadata.sliver_hash(axis, SliverIndex(index)).unwrap() {
            Node::Digest(digest) => digest,
            Node::Empty => panic!("a sliver has symbols"),
        }
    }

    /// `count` different indices below `n`, the same each time.
    fn some(&self, count: usize) -> Vec<u16> {
        let mut indices: Vec<_> = (0..self.codec.params().n_shards()).collect();
        indices.shuffle(&mut SmallRng::seed_from_u64(1));
        indices.truncate(count);
        indices
    }

    fn decode(
        &self,
        case: &Case,
        shape: Shape,
        axis: Axis,
        systematic: bool,
        check: Check,
    ) -> Measurement {
        let needed = usize::from(self.codec.params().source_symbols(axis));
        let mut indices = self.some(needed);
        if systematic {
            indices = (0..u16::try_from(needed).unwrap()).collect();
        }
        let length = usize::try_from(self.length).unwrap();
        if case.plain {
            return Measurement::of(self.length, 1, || {
                let slivers: Vec<_> = indices.iter().map(|i| self.sliver(axis, *i)).collect();
                let slivers: Vec<_> = slivers
                    .iter()
                    .map(|sliver| (sliver.index.as_usize(), sliver.data.as_slice()))
                    .collect();
                let blob = plain::decode(shape, axis == Axis::Primary, &slivers, length);
                if check == Check::Strict {
                    let again = plain::encode(shape, &blob, false);
                    assert_eq!(again.blob_id, self.metadata.blob_id().0);
                }
                black_box(blob);
            });
        }
        let indices: Vec<_> = indices.into_iter().map(SliverIndex).collect();
        let threads = threads(case);
        let options = Options {
            executor: &threads,
            ..Options::default()
        };
        Measurement::of(self.length, 1, || {
            let output = AnyFile::create(case.blob.parent().unwrap(), self.length);
            let Self {
                codec,
                metadata,
                slivers,
                ..
            } = self;
            codec
                .decode_to(metadata, axis, &indices, slivers, &output, check, &options)
                .unwrap();
        })
    }

    fn verify(&self, case: &Case, shape: Shape, axis: Axis) -> Measurement {
        let indices = self.some(SLIVERS);
        let slivers: Vec<_> = indices.iter().map(|i| self.sliver(axis, *i)).collect();
        let bytes = slivers[0].data.len() as u64;
        if case.plain {
            return Measurement::of(bytes, slivers.len(), || {
                for sliver in &slivers {
                    let hash = plain::sliver_hash(shape.n, shape.symbol, &sliver.data);
                    assert_eq!(hash, self.digest(axis, sliver.index.get()));
                }
            });
        }
        let mut verifier = SliverVerifier::new(&self.codec);
        Measurement::of(bytes, slivers.len(), || {
            for sliver in &slivers {
                verifier.verify(&self.metadata, axis, sliver).unwrap();
            }
        })
    }

    /// A helper that serves a symbol, with its proof, to each of `n` who miss a sliver.
    fn serve_symbols(&self, case: &Case, shape: Shape, axis: Axis) -> Measurement {
        let sliver = self.sliver(axis, 1);
        let bytes = shape.symbol as u64;
        if case.plain {
            return Measurement::of(bytes, SLIVERS.min(shape.n), || {
                for target in 0..SLIVERS.min(shape.n) {
                    black_box(plain::recovery_symbol(
                        shape.n,
                        shape.symbol,
                        &sliver.data,
                        target,
                    ));
                }
            });
        }
        Measurement::of(bytes, shape.n, || {
            let source = RecoverySource::new(&self.codec, &self.metadata, axis, &sliver).unwrap();
            for target in 0..case.n {
                black_box(source.recovery_symbol(SliverIndex(target)).unwrap());
            }
        })
    }

    /// The indices of the slivers that give symbols for a sliver of `axis`, and the target's.
    fn helpers(&self, axis: Axis) -> (Vec<u16>, u16) {
        let needed = usize::from(self.codec.params().sliver_symbols(axis));
        (self.some(needed), self.codec.params().n_shards() - 2)
    }

    fn check_symbols(&self, case: &Case, shape: Shape, axis: Axis) -> Measurement {
        let (helpers, target) = self.helpers(axis);
        let source_axis = axis.orthogonal();
        let bytes = (helpers.len() * shape.symbol) as u64;
        let slivers = helpers
            .iter()
            .map(|helper| self.sliver(source_axis, *helper));
        if case.plain {
            let at = usize::from(target);
            let symbols: Vec<_> = slivers
                .map(|sliver| plain::recovery_symbol(shape.n, shape.symbol, &sliver.data, at))
                .collect();
            return Measurement::of(bytes, 1, || {
                // The other side takes symbols by value, too.
                let symbols = black_box(symbols.clone());
                for (helper, (symbol, path)) in helpers.iter().zip(&symbols) {
                    let root = self.digest(source_axis, *helper);
                    assert!(plain::proves(root, symbol, at, path));
                }
            });
        }
        let target = SliverIndex(target);
        let symbols: Vec<_> = slivers
            .map(|sliver| {
                RecoverySource::new(&self.codec, &self.metadata, source_axis, &sliver)
                    .unwrap()
                    .recovery_symbol(target)
                    .unwrap()
            })
            .collect();
        Measurement::of(bytes, 1, || {
            let symbols = symbols.clone();
            let (codec, metadata) = (&self.codec, &self.metadata);
            let results = codec.check_recovery_symbols(metadata, axis, target, symbols);
            assert!(results.iter().all(Result::is_ok));
        })
    }

    /// Decoding a sliver from symbols and verifying it.
    fn recover(&self, case: &Case, shape: Shape, axis: Axis) -> Measurement {
        let (helpers, target) = self.helpers(axis);
        let (codec, metadata) = (&self.codec, &self.metadata);
        let symbols: Vec<_> = helpers
            .iter()
            .map(|helper| {
                let sliver = self.sliver(axis.orthogonal(), *helper);
                let target = SliverIndex(target);
                codec
                    .decoding_symbol(metadata, axis.orthogonal(), &sliver, target)
                    .unwrap()
            })
            .collect();
        let bytes = (helpers.len() * shape.symbol) as u64;
        if case.plain {
            let symbols: Vec<_> = symbols
                .into_iter()
                .map(|symbol| (symbol.index.as_usize(), symbol.data))
                .collect();
            return Measurement::of(bytes, 1, || {
                let sliver = plain::recover(shape.n, shape.symbol, &symbols);
                let hash = plain::sliver_hash(shape.n, shape.symbol, &sliver);
                assert_eq!(hash, self.digest(axis, target));
            });
        }
        let target = SliverIndex(target);
        Measurement::of(bytes, 1, || {
            let symbols = symbols.iter().cloned();
            black_box(
                codec
                    .recover_sliver_unproven(metadata, axis, target, symbols)
                    .unwrap(),
            );
        })
    }
}

/// Slivers are read through the trait, as a client reads them.
const _: fn(&SpilledSlivers<AnyFile>) -> &dyn SliverReader = |slivers| slivers;
