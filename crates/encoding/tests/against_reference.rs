//! Encoding, decoding and verification agree with the obvious way of doing it, whatever the number of
//! shards, the length, the memory budget and the number of threads.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod reference;

use std::{
    num::NonZeroUsize,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use floe_core::{Axis, SliverData, SliverIndex, VerifiedMetadata, merkle::Node};
use floe_encoding::{
    Check, DecodeError, EncodeError, Executor, Inline, MemorySlivers, Options, Progress, RedStuff,
    SliverVerifier, Source, SourceVersion,
};
use proptest::{prelude::*, sample::Index};
use rand::{Rng as _, SeedableRng as _, rngs::SmallRng, seq::SliceRandom as _};
use reference::Reference;

/// Two threads that share out the tasks.
#[derive(Debug)]
struct TwoThreads;

impl Executor for TwoThreads {
    fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::new(2).unwrap()
    }

    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                match next.fetch_add(1, Ordering::Relaxed) {
                    task if task < tasks => body(task),
                    _ => break,
                }
            }
        };
        thread::scope(|scope| {
            scope.spawn(work);
            work();
        });
    }
}

/// Adds up what it is told.
#[derive(Debug, Default)]
struct Sum(Mutex<(u64, u64)>);

impl Progress for Sum {
    fn advance(&self, units: u64, total: u64) {
        let mut sum = self.0.lock().unwrap();
        *sum = (sum.0 + units, total);
    }
}

/// A blob that can't be taken to be unchanging, so that it is read like a file.
#[derive(Debug)]
struct LikeAFile(Vec<u8>);

impl Source for LikeAFile {
    fn length(&self) -> u64 {
        self.0.length()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.0.read_at(offset, buffer)
    }

    fn version(&self) -> std::io::Result<Option<SourceVersion>> {
        Ok(Some(SourceVersion {
            length: self.length(),
            modified_ns: None,
        }))
    }
}

fn random_bytes(length: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; length];
    SmallRng::seed_from_u64(seed).fill(&mut bytes[..]);
    bytes
}

/// Lengths around everything that changes with the length.
fn lengths(n: u16) -> impl Strategy<Value = usize> {
    let codec = RedStuff::new(n).unwrap();
    let symbols = codec.params().blob_symbols() as usize;
    let boundaries = prop::sample::select(vec![2, 4, 62, 64, 66, 126, 128, 130, 256, 258, 386]);
    prop_oneof![
        Just(0),
        Just(1),
        (boundaries, -1_isize..=1)
            .prop_map(move |(symbol, off)| { (symbols * symbol).saturating_add_signed(off) }),
        0..symbols * 300,
    ]
}

fn cases() -> impl Strategy<Value = (u16, usize, u64)> {
    let n = prop_oneof![4 => 4_u16..=31, 1 => 32_u16..=100];
    n.prop_flat_map(|n| {
        // The reference is slow.
        lengths(n).prop_map(move |length| (n, length.min(600_000)))
    })
    .prop_flat_map(|(n, length)| (Just(n), Just(length), any::<u64>()))
}

/// The budgets that matter: plenty, the least, and little more than that.
fn budgets(codec: &RedStuff, blob: &LikeAFile, executor: &dyn Executor) -> Vec<usize> {
    let options = Options {
        executor,
        memory_bytes: 0,
        ..Options::default()
    };
    match codec.metadata(blob, &options) {
        Err(EncodeError::BudgetTooSmall { needed, budget: 0 }) => {
            let needed = usize::try_from(needed).unwrap();
            vec![1 << 30, needed, needed + blob.0.len() / 3]
        }
        other => panic!("{other:?}"),
    }
}

fn encode(
    codec: &RedStuff,
    blob: &dyn Source,
    options: &Options<'_>,
) -> (VerifiedMetadata, [Vec<SliverData>; 2]) {
    let symbol_size = codec.params().symbol_size(blob.length()).unwrap();
    let slivers = MemorySlivers::new(codec.params(), symbol_size);
    let metadata = codec.encode(blob, &slivers, options).unwrap();
    (metadata, slivers.into_slivers())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn encoding_agrees((n, length, seed) in cases()) {
        let blob = LikeAFile(random_bytes(length, seed));
        let reference = Reference::new(n.into(), &blob.0);
        let codec = RedStuff::new(n).unwrap();
        for executor in [&Inline as &dyn Executor, &TwoThreads] {
            for memory_bytes in budgets(&codec, &blob, executor) {
                let progress = Sum::default();
                let options = Options { executor, memory_bytes, progress: &progress };
                let (metadata, [primary, secondary]) = encode(&codec, &blob, &options);
                let (done, total) = *progress.0.lock().unwrap();
                prop_assert_eq!(done, total);
                prop_assert_eq!(metadata.blob_id().0, reference.blob_id(length));
                for index in 0..usize::from(n) {
                    prop_assert_eq!(&primary[index].data, &reference.primary(index));
                    prop_assert_eq!(&secondary[index].data, &reference.secondary(index));
                    let at = SliverIndex(u16::try_from(index).unwrap());
                    let hash = |axis| metadata.sliver_hash(axis, at).unwrap();
                    prop_assert_eq!(hash(Axis::Primary), Node::Digest(reference.primary_hash(index)));
                    prop_assert_eq!(
                        hash(Axis::Secondary),
                        Node::Digest(reference.secondary_hash(index))
                    );
                }
                prop_assert_eq!(&codec.metadata(&blob, &options).unwrap(), &metadata);
            }
        }
    }

    #[test]
    fn any_enough_slivers_decode((n, length, seed) in cases(), keep_systematic: bool) {
        let blob = random_bytes(length, seed);
        let codec = RedStuff::new(n).unwrap();
        let (metadata, slivers) = encode(&codec, &blob, &Options::default());
        let mut rng = SmallRng::seed_from_u64(seed);
        for (axis, mut slivers) in Axis::BOTH.into_iter().zip(slivers) {
            let needed = usize::from(codec.params().source_symbols(axis));
            if keep_systematic {
                slivers.truncate(needed);
            }
            slivers.shuffle(&mut rng);
            slivers.truncate(needed);
            for executor in [&Inline as &dyn Executor, &TwoThreads] {
                let least = Options { executor, memory_bytes: 0, ..Options::default() };
                let error = codec.decode(&metadata, axis, &slivers, Check::Skip, &least);
                let Err(DecodeError::BudgetTooSmall { needed, .. }) = error else {
                    panic!("{error:?}");
                };
                let tight = Options { memory_bytes: usize::try_from(needed).unwrap(), ..least };
                let options = Options { executor, ..Options::default() };
                for (check, options) in
                    [(Check::Skip, tight), (Check::Default, options), (Check::Strict, options)]
                {
                    let decoded = codec.decode(&metadata, axis, &slivers, check, &options);
                    prop_assert_eq!(decoded.unwrap(), &blob[..]);
                }
            }
        }
    }

    #[test]
    fn damaged_slivers_are_told_apart((n, length, seed) in cases(), at: Index, to: Index) {
        let blob = random_bytes(length, seed);
        let codec = RedStuff::new(n).unwrap();
        let (metadata, slivers) = encode(&codec, &blob, &Options::default());
        let mut verifier = SliverVerifier::new(&codec);
        for (axis, slivers) in Axis::BOTH.into_iter().zip(slivers) {
            let sliver = &slivers[at.index(slivers.len())];
            prop_assert_eq!(verifier.verify(&metadata, axis, sliver), Ok(()));

            let mut flipped = sliver.clone();
            flipped.data[to.index(sliver.data.len())] ^= 1;
            let mut moved = sliver.clone();
            moved.index = SliverIndex((sliver.index.get() + 1) % n);
            let moved_is_same = slivers[moved.index.as_usize()].data == moved.data;
            for damaged in [Some(flipped), (!moved_is_same).then_some(moved)].into_iter().flatten() {
                let message = verifier.verify(&metadata, axis, &damaged).unwrap_err().to_string();
                prop_assert_eq!(message, format!(
                    "the content of {axis} sliver {} does not match the blob's metadata",
                    damaged.index
                ));
            }
        }
    }
}
