//! `cargo xtask demo --files`: the code alone on a real file, told as it happens.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic, Result, WrapErr, bail, miette};
use serde_json::Value;

use crate::process;
use crate::show::{bytes, heading, monotonic, relative, say};

/// Shards of the code: as many as the live network has.
const N_SHARDS: u16 = 1000;
/// Which shards are lost follows from this number.
const SEED: u64 = 42;

/// Encodes a file, loses two thirds of its shards, decodes the rest and rebuilds a lost sliver.
///
/// # Errors
/// A step fails, or the bytes that come back differ.
pub(crate) fn run(floe: &Path, file: &Path, work: &Path) -> Result<()> {
    Demo {
        floe: floe.to_owned(),
        file: file.to_owned(),
        work: work.to_owned(),
        n_shards: N_SHARDS,
        seed: SEED,
    }
    .run()
}

struct Demo {
    floe: PathBuf,
    file: PathBuf,
    work: PathBuf,
    n_shards: u16,
    seed: u64,
}

impl Demo {
    fn run(&self) -> Result<()> {
        let size = fs::metadata(&self.file).into_diagnostic()?.len();
        heading("A file");
        say(&format!("{} ({})", self.file.display(), bytes(size)));

        heading("Encoded");
        let slivers = self.work.join("slivers");
        let n_shards = self.n_shards.to_string();
        let encoded = self.floe(
            &["encode", "--n-shards", &n_shards],
            &self.file,
            Some(&slivers),
        )?;
        let blob_id = text(&encoded, "blobId")?;
        let on_disk = folder_size(&slivers)?;
        say(&format!("blob id        {blob_id}"));
        say(&format!(
            "shards         {n_shards}, each holds one primary and one secondary sliver"
        ));
        say(&format!(
            "on disk        {} in {}",
            bytes(on_disk),
            slivers.display()
        ));

        heading("Two thirds of the shards are lost");
        let lost = self.lose_shards(&slivers)?;
        let left = folder_size(&slivers)?;
        say(&format!(
            "lost           {} of {n_shards} shards: {}",
            lost.len(),
            sample(&lost)
        ));
        say(&format!("left           {}", bytes(left)));

        heading("Decoded from what is left");
        let back = self.work.join("back");
        let decoded = self.floe(&["decode"], &slivers, Some(&back))?;
        say(&format!("report         {}", one_line(&decoded)));
        if fs::read(&self.file).into_diagnostic()? != fs::read(&back).into_diagnostic()? {
            bail!("the decoded file differs from the original");
        }
        say("compared       every byte is the same");

        heading("A lost sliver, rebuilt from single symbols of the others");
        let index = lost.first().ok_or_else(|| miette!("no shard was lost"))?;
        let sliver = format!("secondary:{}", self.n_shards - 1 - index);
        let recovered = self.floe(&["recover", "--sliver", &sliver], &slivers, None)?;
        say(&format!("report         {}", one_line(&recovered)));

        heading("Try next");
        say(&format!(
            "{} decode {} --out again",
            relative(&self.floe),
            relative(&slivers)
        ));
        say(&format!(
            "{} verify {}",
            relative(&self.floe),
            relative(&slivers)
        ));
        say(&format!(
            "{} quilt pack docs/spec/*.md --out spec.quilt",
            relative(&self.floe)
        ));
        println!();
        Ok(())
    }

    /// Runs `floe ARGS INPUT [--out OUT] --json` and returns what it printed.
    fn floe(&self, args: &[&str], input: &Path, out: Option<&Path>) -> Result<Value> {
        let mut all: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        all.push(input.display().to_string());
        if let Some(out) = out {
            all.extend(["--out".to_owned(), out.display().to_string()]);
        }
        println!("  \x1b[1m$ floe {}\x1b[0m", all.join(" "));
        all.push("--json".to_owned());
        let started = monotonic();
        let json = process::output(&self.floe.display().to_string(), &all)?;
        say(&format!(
            "took           {:.2} s",
            (monotonic() - started).as_secs_f64()
        ));
        serde_json::from_str(&json)
            .into_diagnostic()
            .wrap_err("floe did not print JSON")
    }

    /// Removes both slivers of `2f` shards chosen by the seed; returns the lost pair indices.
    fn lose_shards(&self, slivers: &Path) -> Result<BTreeSet<u16>> {
        let faulty = (self.n_shards - 1) / 3;
        let mut lost = BTreeSet::new();
        let mut state = self.seed;
        while lost.len() < usize::from(2 * faulty) {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let pick = (state >> 33) % u64::from(self.n_shards);
            let pair = u16::try_from(pick).into_diagnostic()?;
            if lost.insert(pair) {
                remove_sliver(slivers, "primary", pair)?;
                remove_sliver(slivers, "secondary", self.n_shards - 1 - pair)?;
            }
        }
        Ok(lost)
    }
}

fn remove_sliver(slivers: &Path, axis: &str, index: u16) -> Result<()> {
    let path = slivers.join(axis).join(format!("{index:05}.sliver"));
    fs::remove_file(&path)
        .into_diagnostic()
        .wrap_err_with(|| path.display().to_string())
}

fn folder_size(folder: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder).into_diagnostic()? {
        let entry = entry.into_diagnostic()?;
        let metadata = entry.metadata().into_diagnostic()?;
        total += if metadata.is_dir() {
            folder_size(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(total)
}

fn text(json: &Value, key: &str) -> Result<String> {
    json.get(key)
        .and_then(Value::as_str)
        .map(ToOwned::to_owned)
        .ok_or_else(|| miette!("floe's answer has no `{key}`: {json}"))
}

fn one_line(json: &Value) -> String {
    json.to_string()
}

fn sample(pairs: &BTreeSet<u16>) -> String {
    let first: Vec<String> = pairs.iter().take(8).map(ToString::to_string).collect();
    format!("{} …", first.join(", "))
}
