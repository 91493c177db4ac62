//! Makes fuzzing seeds of the test vectors: every hexadecimal string as bytes, every other string as
//! text, every object as JSON. Serves all targets; each keeps what it learns from.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example seeds` fills `fuzz/seeds/`.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::Path;

use serde_json::Value;

const VECTORS: [&str; 2] = ["encoding.json", "recovery.json"];

/// Longer inputs slow a fuzzer down more than they teach it.
const SEED_BYTES_MAX: usize = 4096;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let seeds = root.join("seeds");
    fs::create_dir_all(&seeds)?;
    for name in VECTORS {
        let text = fs::read(root.join("../crates/testkit/vectors").join(name))?;
        plant(&serde_json::from_slice(&text)?, &seeds)?;
    }
    println!(
        "{} seeds in {}",
        fs::read_dir(&seeds)?.count(),
        seeds.display()
    );
    Ok(())
}

fn plant(value: &Value, seeds: &Path) -> io::Result<()> {
    match value {
        Value::String(text) => keep(&hex(text).unwrap_or_else(|| text.clone().into()), seeds),
        Value::Array(items) => items.iter().try_for_each(|item| plant(item, seeds)),
        Value::Object(fields) => {
            keep(value.to_string().as_bytes(), seeds)?;
            if let Some(quilt) = quilt(value) {
                keep(&quilt, seeds)?;
            }
            fields.values().try_for_each(|field| plant(field, seeds))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// A quilt as the target of quilts reads it: the number of shards beyond four, then the blob.
fn quilt(value: &Value) -> Option<Vec<u8>> {
    let blob = hex(value.get("quilt_hex")?.as_str()?)?;
    let shards = value.get("n_shards")?.as_u64()?.checked_sub(4)?;
    Some([vec![u8::try_from(shards).ok()?], blob].concat())
}

fn keep(seed: &[u8], seeds: &Path) -> io::Result<()> {
    if seed.len() > SEED_BYTES_MAX {
        return Ok(());
    }
    let mut hasher = DefaultHasher::new();
    seed.hash(&mut hasher);
    fs::write(seeds.join(format!("{:016x}", hasher.finish())), seed)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.len().is_multiple_of(2) && !text.is_empty();
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    digits.then(|| (0..text.len()).step_by(2).map(byte).collect())?
}
