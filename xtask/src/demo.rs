//! `cargo xtask demo`: a whole network stores a real file, loses nodes, gives the file back, heals.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use clap::Args;
use miette::{IntoDiagnostic, Result, bail, miette};
use serde_json::Value;

use crate::show::{bytes, heading, monotonic, relative, say};
use crate::{files_demo, http, network::Network, process};

/// Storage nodes of the demo, and how many of them are killed: a third of the shards may be lost.
const NODES: usize = 13;
const KILLED: [usize; 4] = [1, 4, 8, 11];
/// How long healing may take: a second of deferral, and the recovery itself.
const HEAL_TIME_MAX: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);
/// Largest program that the demo stores: 100 shards take 149 MB.
const FILE_BYTES_MAX: u64 = 100_000_000;

/// Options of `cargo xtask demo`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The file to store; the `floe` program itself when absent.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Run each storage node in a process of its own, and kill them with `kill -9`.
    #[arg(long)]
    processes: bool,
    /// Without a network: encode a file, lose two thirds of its slivers, decode the rest.
    #[arg(long, conflicts_with = "processes")]
    files: bool,
}

/// Runs the demo.
///
/// # Errors
/// The build or a step fails, or bytes that come back differ.
pub(crate) fn run(options: &Options) -> Result<()> {
    process::run(
        "cargo",
        ["build", "--release", "--locked", "--package", "floe-cli"],
    )?;
    let floe = process::root()
        .join("target/release")
        .join(format!("floe{}", std::env::consts::EXE_SUFFIX));
    let file = match &options.file {
        Some(file) => file.clone(),
        None => default_file(&floe)?,
    };
    let work = process::root().join("target/demo");
    if work.exists() {
        fs::remove_dir_all(&work).into_diagnostic()?;
    }
    fs::create_dir_all(&work).into_diagnostic()?;
    if options.files {
        return files_demo::run(&floe, &file, &work);
    }

    heading("A network on this machine");
    let mut args = vec!["devnet".to_owned(), "--ephemeral".to_owned()];
    if options.processes {
        args.push("--processes".to_owned());
    }
    say(&format!("$ floe {}", args.join(" ")));
    let begun = monotonic();
    let network = Network::start(&floe, &args)?;
    let took = (monotonic() - begun).as_secs_f64();
    let demo = Demo {
        floe: &floe,
        file: &file,
        work: &work,
        network: &network,
        processes: options.processes,
    };
    demo.show_network(took)?;
    let outcome = demo.run();
    let stopped = network.stop();
    outcome.and(stopped)?;
    heading("Try next");
    let program = relative(&floe);
    for line in [
        "devnet                      a network to play with; it prints what a shell and the official SDK need",
        "store README.md --epochs 2  in another shell, with the lines it printed",
        "devnet stop-node 3          then read again",
        "devnet advance 2d           epochs pass, blobs expire",
        "--help                      everything else",
    ] {
        say(&format!("{program} {line}"));
    }
    println!();
    Ok(())
}

/// The program itself, unless it was built with so much information for debuggers that a small
/// network has no room for it.
fn default_file(floe: &Path) -> Result<PathBuf> {
    if fs::metadata(floe).into_diagnostic()?.len() <= FILE_BYTES_MAX {
        return Ok(floe.to_owned());
    }
    Ok(process::root().join("Cargo.lock"))
}

struct Demo<'a> {
    floe: &'a Path,
    file: &'a Path,
    work: &'a Path,
    network: &'a Network,
    processes: bool,
}

/// A blob that was stored.
struct Stored {
    blob_id: String,
    object: String,
}

impl Demo<'_> {
    fn run(&self) -> Result<()> {
        heading("A file is stored");
        let size = fs::metadata(self.file).into_diagnostic()?.len();
        say(&format!("{} ({})", self.file.display(), bytes(size)));
        let first = self.store(self.file, size)?;
        let healthy = self.read_back(&first, self.file)?;
        say(&took(size, healthy, "every byte is the same"));

        heading(&format!("{} of {NODES} nodes die", KILLED.len()));
        for node in KILLED {
            let said = self.floe_json(&["devnet", "stop-node", &node.to_string()], true)?;
            say(message(&said));
        }
        if self.processes {
            say("(each was a process, killed with kill -9)");
        }

        heading("The file is read all the same");
        let seconds = self.read_back(&first, self.file)?;
        let left = format!("from the {} nodes that are left", NODES - KILLED.len());
        say(&took(size, seconds, &left));
        say(&format!(
            "          every byte is the same; it took {healthy:.2} s with all of them"
        ));

        heading("Another file is stored while they are gone");
        let second_file = process::root().join("Cargo.lock");
        let size = fs::metadata(&second_file).into_diagnostic()?.len();
        let second = self.store(&second_file, size)?;

        heading("They come back, and heal what they missed");
        for node in KILLED {
            self.floe_json(&["devnet", "start-node", &node.to_string()], true)?;
        }
        self.watch_healing(&second)?;
        let seconds = self.read_back(&second, &second_file)?;
        say(&took(size, seconds, "every byte is the same"));

        heading("The first file is deleted");
        let deleted = self.floe_json(&["delete", "--object-ids", &first.object, "--yes"], false)?;
        let count = deleted.as_array().map_or(0, Vec::len);
        say(&format!(
            "{count} blob deleted; its storage is the wallet's again"
        ));
        Ok(())
    }

    fn show_network(&self, took: f64) -> Result<()> {
        let status = self.status()?;
        let shards = number(&status, "/shards")?;
        say(&format!(
            "ready after {took:.1} s: a Sui full node, {NODES} storage nodes, {shards} shards, epoch {}",
            number(&status, "/epoch")?
        ));
        say(&format!(
            "a blob survives the loss of any {} shards when it is certified, of {} once all hold it",
            (shards - 1) / 3,
            2 * ((shards - 1) / 3)
        ));
        Ok(())
    }

    fn store(&self, file: &Path, size: u64) -> Result<Stored> {
        let path = file.display().to_string();
        let begun = monotonic();
        let stored = self.floe_json(&["store", &path, "--epochs", "2"], false)?;
        let seconds = (monotonic() - begun).as_secs_f64();
        let created = "/0/blobStoreResult/newlyCreated";
        let blob_id = text(&stored, &format!("{created}/blobObject/blobId"))?;
        let object = text(&stored, &format!("{created}/blobObject/id"))?;
        let encoded = number(
            &stored,
            &format!("{created}/blobObject/storage/storageSize"),
        )?;
        let cost = number(&stored, &format!("{created}/cost"))?;
        say(&format!("blob id   {blob_id}"));
        say(&format!(
            "encoded   {} in slivers over all shards, each signed for by its node",
            bytes(encoded)
        ));
        say(&format!("paid      {} for 2 epochs", wal(cost)));
        say(&took(
            size,
            seconds,
            "until enough nodes had signed and the chain knew",
        ));
        Ok(Stored { blob_id, object })
    }

    /// Reads a file and compares it. The seconds it took.
    fn read_back(&self, stored: &Stored, original: &Path) -> Result<f64> {
        let out = self.work.join("back");
        let begun = monotonic();
        self.floe_json(
            &["read", &stored.blob_id, "--out", &out.display().to_string()],
            false,
        )?;
        let seconds = (monotonic() - begun).as_secs_f64();
        let (back, original) = (fs::read(&out), fs::read(original));
        let (back, original) = (back.into_diagnostic()?, original.into_diagnostic()?);
        if back != original {
            bail!("the file that came back differs from the original");
        }
        fs::remove_file(&out).into_diagnostic()?;
        Ok(seconds)
    }

    /// A node confirms a blob only if it holds everything of it: waits until all that were dead do.
    fn watch_healing(&self, stored: &Stored) -> Result<()> {
        let status = self.status()?;
        let path = format!(
            "/v1/blobs/{}/confirmation/deletable/{}",
            stored.blob_id, stored.object
        );
        let begun = monotonic();
        for node in KILLED {
            let address = text(&status, &format!("/nodes/{node}/address"))?;
            while http::get_status(&address, &path)? != 200 {
                if monotonic() - begun > HEAL_TIME_MAX {
                    bail!("node {node} does not hold the blob after {HEAL_TIME_MAX:?}");
                }
                thread::sleep(POLL);
            }
            say(&format!(
                "node-{node:02} holds its slivers after {:.1} s, made of single symbols of the others",
                (monotonic() - begun).as_secs_f64()
            ));
        }
        Ok(())
    }

    fn status(&self) -> Result<Value> {
        self.floe_json(&["devnet", "status"], true)
    }

    /// Runs `floe ARGS --json` on the network and returns what it printed.
    fn floe_json(&self, args: &[&str], quietly: bool) -> Result<Value> {
        if !quietly {
            let here = format!("{}/", process::root().display());
            println!(
                "  \x1b[1m$ floe {}\x1b[0m",
                args.join(" ").replace(&here, "")
            );
        }
        self.network.floe(self.floe, args)
    }
}

fn text(json: &Value, pointer: &str) -> Result<String> {
    json.pointer(pointer)
        .and_then(Value::as_str)
        .map(ToOwned::to_owned)
        .ok_or_else(|| miette!("floe's answer has no `{pointer}`: {json}"))
}

fn number(json: &Value, pointer: &str) -> Result<u64> {
    json.pointer(pointer)
        .and_then(Value::as_u64)
        .ok_or_else(|| miette!("floe's answer has no number `{pointer}`: {json}"))
}

fn message(json: &Value) -> &str {
    json.get("message")
        .and_then(Value::as_str)
        .unwrap_or("done")
}

/// How long something took for so many bytes, and what there is to say about it.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn took(size: u64, seconds: f64, remark: &str) -> String {
    // Of less than that, no rate is of interest.
    let rate = match size {
        0..1_000_000 => String::new(),
        _ => format!(" {:.1} MB/s,", size as f64 / 1e6 / seconds),
    };
    format!("took      {seconds:.2} s,{rate} {remark}")
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn wal(frost: u64) -> String {
    format!("{:.6} WAL", frost as f64 / 1e9)
}
