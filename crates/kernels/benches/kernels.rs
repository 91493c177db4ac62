//! `cargo bench -p floe-kernels`: rates of every path, per second of CPU time, next to the plain
//! libraries. Arguments select tables (`hash`, `code`, `decode`, `column`)
//! and paths (`portable`, `avx2`, `avx512`).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a benchmark"
)]

use std::{hint::black_box, time::Duration};

use blake2::{Blake2b, Digest as _, digest::consts::U32};
use floe_kernels::{
    CodeScratch, FusedEncoder, FusedScratch, HashScratch, KernelPath, Kernels, Layout, Symbols,
    SymbolsMut,
};
use rustix::time::{ClockId, clock_gettime};

/// CPU seconds of this process.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time)
        .expect("CPU time is positive")
        .as_secs_f64()
}

/// CPU seconds of one run, the best of several rounds: other load only ever adds to it.
fn measure(mut run: impl FnMut()) -> f64 {
    run();
    let mut best = f64::INFINITY;
    let rounds = if std::env::args().any(|a| a == "quick") {
        2
    } else {
        7
    };
    for _ in 0..rounds {
        let (start, mut runs) = (cpu_seconds(), 0_u32);
        let elapsed = loop {
            run();
            runs += 1;
            let elapsed = cpu_seconds() - start;
            if elapsed > 0.03 {
                break elapsed;
            }
        };
        best = best.min(elapsed / f64::from(runs));
    }
    best
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length)
        .map(|i| (i.wrapping_mul(0x9E37_79B9) >> 16).to_le_bytes()[0])
        .collect()
}

fn header(title: &str, columns: &[&str]) {
    print!("\n{title:<28}");
    for column in columns {
        print!("{column:>12}");
    }
    println!();
}

fn row(name: &str, cells: &[f64]) {
    print!("{name:<28}");
    for cell in cells {
        print!("{cell:>12.1}");
    }
    println!();
}

/// The supported paths that the arguments name, or all.
fn paths() -> impl Iterator<Item = Kernels> {
    let wanted: Vec<KernelPath> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    Kernels::supported().filter(move |k| wanted.is_empty() || wanted.contains(&k.path()))
}

fn columns(first: &[&'static str]) -> Vec<&'static str> {
    first
        .iter()
        .copied()
        .chain(paths().map(|k| k.path().name()))
        .collect()
}

/// Nanoseconds per hash, all input in the second-level cache.
fn hash() {
    header(
        "ns per leaf of bytes",
        &columns(&["blake2", "blake2b_simd"]),
    );
    for symbol_bytes in [6, 32, 76, 127, 128, 256, 604, 2410, 4820] {
        let count = (200_000 / symbol_bytes).clamp(8, 2000) / 8 * 8;
        let data = bytes(symbol_bytes * count);
        let per_hash = |seconds: f64| seconds / count as f64 * 1e9;
        let mut digests = vec![[0; 32]; count];
        let mut cells = vec![per_hash(measure(|| {
            for (symbol, digest) in data.chunks(symbol_bytes).zip(&mut digests) {
                *digest = Blake2b::<U32>::new()
                    .chain_update([0])
                    .chain_update(symbol)
                    .finalize()
                    .into();
            }
        }))];
        let params = blake2b_simd::Params::new().hash_length(32).clone();
        let prefixed: Vec<Vec<u8>> = data
            .chunks(symbol_bytes)
            .map(|symbol| [&[0], symbol].concat())
            .collect();
        cells.push(per_hash(measure(|| {
            let jobs = prefixed
                .iter()
                .map(|message| blake2b_simd::many::HashManyJob::new(&params, message));
            let mut jobs: Vec<_> = jobs.collect();
            blake2b_simd::many::hash_many(&mut jobs);
            black_box(jobs);
        })));
        let symbols = Symbols::new(&data, Layout::contiguous(symbol_bytes, count, 1)).unwrap();
        for kernels in paths() {
            let hasher = kernels.hasher();
            cells.push(per_hash(measure(|| {
                let out = SymbolsMut::digests(&mut digests, count).unwrap();
                hasher.leaves(symbols, out).unwrap();
            })));
        }
        row(&symbol_bytes.to_string(), &cells);
    }
    header("ns per inner node", &columns(&[]));
    for (leaves, trees) in [(1000, 1), (1000, 16), (100, 64), (10, 64)] {
        let data = bytes(leaves * trees * 32);
        let symbols = Symbols::new(&data, Layout::contiguous(32, leaves, trees)).unwrap();
        let mut roots = vec![[0; 32]; trees];
        let mut scratch = HashScratch::default();
        let cells: Vec<f64> = paths()
            .map(|kernels| {
                let hasher = kernels.hasher();
                let seconds = measure(|| hasher.roots(symbols, &mut roots, &mut scratch).unwrap());
                seconds / (leaves * trees) as f64 * 1e9
            })
            .collect();
        row(&format!("{trees} trees of {leaves} leaves"), &cells);
    }
}

const CODES: [(usize, usize); 3] = [(334, 666), (667, 333), (34, 66)];
const SYMBOL_BYTES: [usize; 4] = [6, 76, 604, 4820];

/// Codewords of a call: about 2 MiB of originals.
fn words(originals: usize, symbol_bytes: usize) -> usize {
    ((2 << 20) / originals / symbol_bytes).clamp(1, 100)
}

/// MB of originals per second.
fn code() {
    header("encode MB/s", &columns(&["crate"]));
    for (k, r) in CODES {
        for symbol_bytes in SYMBOL_BYTES {
            let words = words(k, symbol_bytes);
            let data = bytes(k * symbol_bytes * words);
            let rate = |seconds: f64| data.len() as f64 / seconds / 1e6;
            let layout = Layout::contiguous(symbol_bytes, r, words);
            let mut recovery = vec![0; layout.symbols() * symbol_bytes];
            let mut encoder =
                reed_solomon_simd::ReedSolomonEncoder::new(k, r, symbol_bytes).unwrap();
            let mut cells = vec![rate(measure(|| {
                let outs = recovery.chunks_mut(r * symbol_bytes);
                for (word, out) in data.chunks(k * symbol_bytes).zip(outs) {
                    for symbol in word.chunks(symbol_bytes) {
                        encoder.add_original_shard(symbol).unwrap();
                    }
                    let result = encoder.encode().unwrap();
                    for (symbol, out) in result.recovery_iter().zip(out.chunks_mut(symbol_bytes)) {
                        out.copy_from_slice(symbol);
                    }
                }
            }))];
            let originals =
                Symbols::new(&data, Layout::contiguous(symbol_bytes, k, words)).unwrap();
            let mut scratch = CodeScratch::default();
            for kernels in paths() {
                let code = kernels.reed_solomon(k, r).unwrap();
                cells.push(rate(measure(|| {
                    let out = SymbolsMut::new(&mut recovery, layout).unwrap();
                    code.encode(originals, out, &mut scratch).unwrap();
                })));
            }
            row(&format!("{k}->{r} {symbol_bytes} B x {words}"), &cells);
        }
    }
}

/// MB of originals per second, a third of the originals given.
fn decode() {
    header("decode MB/s", &columns(&["crate"]));
    for (k, r) in CODES {
        for symbol_bytes in SYMBOL_BYTES {
            let words = words(k, symbol_bytes);
            let layout = Layout::contiguous(symbol_bytes, k, words);
            let data = bytes(layout.symbols() * symbol_bytes);
            let rate = |seconds: f64| data.len() as f64 / seconds / 1e6;
            let indices: Vec<usize> = (0..k).map(|i| i * (k + r) / k).collect();
            let mut originals = vec![0; data.len()];
            let mut cells = vec![rate(measure(|| {
                let outs = originals.chunks_mut(k * symbol_bytes);
                for (word, out) in data.chunks(k * symbol_bytes).zip(outs) {
                    let mut decoder =
                        reed_solomon_simd::ReedSolomonDecoder::new(k, r, symbol_bytes).unwrap();
                    for (&index, symbol) in indices.iter().zip(word.chunks(symbol_bytes)) {
                        match index.checked_sub(k) {
                            None => decoder.add_original_shard(index, symbol).unwrap(),
                            Some(index) => decoder.add_recovery_shard(index, symbol).unwrap(),
                        }
                    }
                    let result = decoder.decode().unwrap();
                    for (index, symbol) in result.restored_original_iter() {
                        out[index * symbol_bytes..][..symbol_bytes].copy_from_slice(symbol);
                    }
                }
            }))];
            let given = Symbols::new(&data, layout).unwrap();
            let mut scratch = CodeScratch::default();
            for kernels in paths() {
                let code = kernels.reed_solomon(k, r).unwrap();
                let decoder = code.decoder(&indices).unwrap();
                cells.push(rate(measure(|| {
                    let out = SymbolsMut::new(&mut originals, layout).unwrap();
                    decoder.decode(given, out, &mut scratch).unwrap();
                })));
            }
            row(&format!("{k}->{r} {symbol_bytes} B x {words}"), &cells);
        }
    }
    header("us per decoder", &columns(&[]));
    for (k, r) in CODES {
        let indices: Vec<usize> = (0..k).map(|i| i * (k + r) / k).collect();
        let cells: Vec<f64> = paths()
            .map(|kernels| {
                let code = kernels.reed_solomon(k, r).unwrap();
                measure(|| {
                    black_box(code.decoder(&indices).unwrap());
                }) * 1e6
            })
            .collect();
        row(&format!("{k}->{r}"), &cells);
    }
}

/// Columns of a matrix in memory, expanded and hashed: MB of originals per second.
fn column() {
    header("column MB/s", &columns(&["separate"]));
    for symbol_bytes in SYMBOL_BYTES {
        let (k, r) = (334, 666);
        let total = ((48 << 20) / k / symbol_bytes).clamp(1, 334);
        let data = bytes(k * total * symbol_bytes);
        let rate = |seconds: f64| data.len() as f64 / seconds / 1e6;
        let layout = |count| Layout::columns(symbol_bytes, count, total * symbol_bytes, total);
        let originals = Symbols::new(&data, layout(k)).unwrap();
        let mut recovery = vec![0; r * total * symbol_bytes];
        let mut leaves = vec![[0; 32]; (k + r) * total];
        let mut cells = Vec::new();
        {
            let kernels = Kernels::fastest();
            let (code, hasher) = (kernels.reed_solomon(k, r).unwrap(), kernels.hasher());
            let mut scratch = CodeScratch::default();
            cells.push(rate(measure(|| {
                let mut out = SymbolsMut::new(&mut recovery, layout(r)).unwrap();
                code.encode(originals, out.reborrow(), &mut scratch)
                    .unwrap();
                let mut digests = SymbolsMut::digests(&mut leaves, k + r).unwrap();
                hasher
                    .leaves(originals, digests.reborrow().indices(0..k).unwrap())
                    .unwrap();
                hasher
                    .leaves(out.as_symbols(), digests.indices(k..k + r).unwrap())
                    .unwrap();
            })));
        }
        for kernels in paths() {
            let fused = FusedEncoder::new(kernels.reed_solomon(k, r).unwrap(), kernels.hasher());
            let mut scratch = FusedScratch::default();
            cells.push(rate(measure(|| {
                let out = SymbolsMut::new(&mut recovery, layout(r)).unwrap();
                let digests = SymbolsMut::digests(&mut leaves, k + r).unwrap();
                fused
                    .encode_and_hash(originals, Some(out), digests, &mut scratch)
                    .unwrap();
            })));
        }
        row(&format!("{k}->{r} {symbol_bytes} B x {total}"), &cells);
    }
}

fn main() {
    let tables: [(&str, fn()); 4] = [
        ("hash", hash),
        ("code", code),
        ("decode", decode),
        ("column", column),
    ];
    let wanted: Vec<String> = std::env::args().collect();
    let all = tables
        .iter()
        .all(|(name, _)| wanted.iter().all(|argument| argument != name));
    for (name, table) in tables {
        if all || wanted.iter().any(|argument| argument == name) {
            table();
        }
    }
}
