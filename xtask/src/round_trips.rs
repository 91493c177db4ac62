//! `cargo xtask soak round-trips`: what goes into a network comes out of it, byte for byte.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic, Result, bail, miette};
use serde_json::Value;

use crate::show::{bytes, heading, monotonic, say};
use crate::{network::Network, process};

/// Networks: nodes and shards.
const NETWORKS: [(usize, u16); 4] = [(4, 100), (7, 100), (13, 100), (30, 100)];
const SIZES: [u64; 9] = [
    0,
    1,
    1_000,
    4_556,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];
/// Networks and sizes that take minutes.
const LARGE: [(usize, u16, u64); 2] = [(13, 301, 1_000_000_000), (13, 1000, 4_000_000_000)];
/// Shards of the network that keeps the repository, and files of it in a quilt: with n shards,
/// n - f - 1 at most.
const REPOSITORY_SHARDS: u16 = 1000;
const QUILT_FILES: usize = 500;
/// Bytes of a file written or compared at a time.
const PIECE: usize = 1 << 20;
/// A name that a careless program stumbles over.
const NAME: &str = "ünïcödé 名前 'quoted' --out.bin";

/// Runs the campaign with a `floe` of its own, or the one given.
///
/// # Errors
/// The build or a command fails, or bytes that come back differ.
pub(crate) fn run(program: Option<&Path>, large: bool) -> Result<()> {
    let floe = match program {
        Some(program) => program.to_owned(),
        None => build()?,
    };
    let work = process::root().join("target/round-trips");
    if work.exists() {
        fs::remove_dir_all(&work).into_diagnostic()?;
    }
    fs::create_dir_all(&work).into_diagnostic()?;
    let campaign = Campaign { floe, work };
    for (nodes, shards) in NETWORKS {
        campaign.on(nodes, shards, |network| {
            SIZES
                .iter()
                .try_for_each(|size| campaign.file(network, *size, Content::Noise))?;
            campaign.file(network, 50_000_000, Content::Holes)
        })?;
    }
    campaign.on(13, REPOSITORY_SHARDS, |network| {
        campaign.repository(network)
    })?;
    for (nodes, shards, size) in LARGE.into_iter().filter(|_| large) {
        campaign.on(nodes, shards, |network| {
            campaign.file(network, size, Content::Noise)
        })?;
    }
    fs::remove_dir_all(&campaign.work).into_diagnostic()?;
    println!("\neverything came back");
    Ok(())
}

fn build() -> Result<PathBuf> {
    process::run(
        "cargo",
        ["build", "--release", "--locked", "--package", "floe-cli"],
    )?;
    Ok(process::root().join("target/release/floe"))
}

/// What a file is filled with.
#[derive(Clone, Copy)]
enum Content {
    /// Bytes that look random.
    Noise,
    /// Nothing but a few bytes here and there.
    Holes,
}

struct Campaign {
    floe: PathBuf,
    work: PathBuf,
}

impl Campaign {
    /// Starts a network, does something on it, and stops it.
    fn on(
        &self,
        nodes: usize,
        shards: u16,
        body: impl FnOnce(&Network) -> Result<()>,
    ) -> Result<()> {
        heading(&format!("{nodes} nodes, {shards} shards"));
        let (nodes, shards) = (nodes.to_string(), shards.to_string());
        let args = [
            "devnet",
            "--ephemeral",
            "--nodes",
            &nodes,
            "--shards",
            &shards,
        ];
        let args: Vec<_> = args.map(str::to_owned).into();
        let network = Network::start(&self.floe, &args)?;
        let outcome = body(&network);
        let stopped = network.stop();
        outcome.and(stopped)
    }

    /// Stores a file, reads it, compares it, deletes it.
    fn file(&self, network: &Network, size: u64, content: Content) -> Result<()> {
        let (file, back) = (self.work.join(NAME), self.work.join("back"));
        write(&file, size, content).into_diagnostic()?;
        let begun = monotonic();
        let path = file.display().to_string();
        let stored = network.floe(&self.floe, &["store", &path, "--epochs", "1"])?;
        let took = (monotonic() - begun).as_secs_f64();
        let object = object(&stored, "/0/blobStoreResult/newlyCreated/blobObject")?;
        let begun = monotonic();
        let out = back.display().to_string();
        network.floe(&self.floe, &["read", object.blob_id, "--out", &out])?;
        let read = (monotonic() - begun).as_secs_f64();
        if !same(&file, &back).into_diagnostic()? {
            bail!("a file of {size} bytes came back as other bytes");
        }
        let kind = match content {
            Content::Noise => "",
            Content::Holes => ", sparse",
        };
        say(&format!(
            "{:>10}{kind}: stored in {took:.2} s ({}), read in {read:.2} s ({})",
            bytes(size),
            rate(size, took),
            rate(size, read)
        ));
        network.floe(&self.floe, &["delete", "--object-ids", object.id, "--yes"])?;
        fs::remove_file(&file).into_diagnostic()?;
        fs::remove_file(&back).into_diagnostic()
    }

    /// Stores all files of the repository as quilts, and reads them.
    fn repository(&self, network: &Network) -> Result<()> {
        let list = process::output("git", ["ls-files", "-z"])?;
        let names: Vec<_> = list.split('\0').filter(|name| !name.is_empty()).collect();
        for (number, part) in names.chunks(QUILT_FILES).enumerate() {
            let folder = self.work.join(format!("repository-{number}"));
            for name in part {
                let copy = folder.join(name);
                fs::create_dir_all(copy.parent().unwrap_or(&folder)).into_diagnostic()?;
                fs::copy(process::root().join(name), &copy).into_diagnostic()?;
            }
            let path = folder.display().to_string();
            let args = ["store-quilt", "--epochs", "1", "--paths", &path];
            let stored = network.floe(&self.floe, &args)?;
            let quilt = object(&stored, "/blobStoreResult/newlyCreated/blobObject")?;
            let out = self
                .work
                .join(format!("back-{number}"))
                .display()
                .to_string();
            let args = ["read-quilt", "--quilt-id", quilt.blob_id, "--out", &out];
            network.floe(&self.floe, &args)?;
            for name in part {
                if !same(&folder.join(name), &Path::new(&out).join(name)).into_diagnostic()? {
                    bail!("{name} came back as other bytes");
                }
            }
            say(&format!("a quilt of {} files", part.len()));
        }
        Ok(())
    }
}

/// A stored blob.
struct Stored<'a> {
    blob_id: &'a str,
    id: &'a str,
}

fn object<'a>(answer: &'a Value, pointer: &str) -> Result<Stored<'a>> {
    let text = |key: &str| {
        let value = answer.pointer(&format!("{pointer}/{key}"));
        let value = value.and_then(Value::as_str);
        value.ok_or_else(|| miette!("floe's answer has no {pointer}/{key}: {answer}"))
    };
    Ok(Stored {
        blob_id: text("blobId")?,
        id: text("id")?,
    })
}

/// Makes a file; equal sizes have equal bytes.
fn write(path: &Path, size: u64, content: Content) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    if matches!(content, Content::Holes) {
        file.set_len(size)?;
        for place in (0..size).step_by(10_000_000) {
            file.seek(SeekFrom::Start(place))?;
            file.write_all(b"here")?;
        }
        return file.set_len(size);
    }
    let mut file = BufWriter::with_capacity(PIECE, file);
    let mut state = size | 1;
    let mut left = size;
    while left > 0 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let word = state.to_le_bytes();
        let part = usize::try_from(left).unwrap_or(usize::MAX).min(word.len());
        file.write_all(word.get(..part).unwrap_or_default())?;
        left -= part as u64;
    }
    file.flush()
}

/// Whether two files have the same bytes.
fn same(one: &Path, other: &Path) -> std::io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let mut one = BufReader::with_capacity(PIECE, one);
    let mut other = BufReader::with_capacity(PIECE, other);
    let (mut left, mut right) = (vec![0; PIECE], vec![0; PIECE]);
    loop {
        let read = one.read(&mut left)?;
        if read == 0 {
            return Ok(true);
        }
        let right = right.get_mut(..read).unwrap_or_default();
        other.read_exact(right)?;
        if left.get(..read) != Some(&*right) {
            return Ok(false);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(size: u64, seconds: f64) -> String {
    format!("{:.1} MB/s", size as f64 / 1e6 / seconds)
}
