//! The digest of a compiled Move package: what nodes vote on in upgrades.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use floe_env::Kind;
use serde::Deserialize;

use crate::{
    error::{Failure, Reason},
    world::World,
};

/// Longest output of the compiler that is read.
const OUTPUT_BYTES_MAX: usize = 64 << 20;
const COMPILER: &str = "sui";
const COMPILE: [&str; 4] = ["move", "build", "--dump-bytecode-as-base64", "--path"];

/// Which package.
#[derive(Debug, Clone, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct PackageArgs {
    /// Folder of a Move package, which the `sui` program compiles, or a file with what
    /// `sui move build --dump-bytecode-as-base64` has printed
    #[arg(long, value_name = "PATH")]
    package_path: Option<PathBuf>,
    /// Its digest, 64 hexadecimal digits
    #[arg(long, value_name = "HEX")]
    package_digest: Option<String>,
}

/// What the compiler prints.
#[derive(Deserialize)]
struct Compiled {
    digest: [u8; 32],
}

impl PackageArgs {
    /// The digest of the package.
    ///
    /// # Errors
    /// [`Failure`]: no digest, no such package, no compiler, or it refuses the package.
    pub(super) fn digest(&self, world: &World) -> Result<[u8; 32], Failure> {
        match (&self.package_path, &self.package_digest) {
            (Some(path), _) => of_path(path, world),
            (None, Some(text)) => {
                let digest = hex::decode(text.trim_start_matches("0x")).ok();
                let digest = digest.and_then(|bytes| bytes.try_into().ok());
                digest.ok_or_else(|| {
                    let message = "a package digest has 64 hexadecimal digits";
                    Failure::new(Reason::InvalidArgument, message)
                })
            }
            (None, None) => Err(Failure::new(Reason::InvalidArgument, "no package is named")),
        }
    }
}

/// The digest of the package in a folder or file.
///
/// # Errors
/// As [`PackageArgs::digest`].
pub(super) fn of_path(path: &Path, world: &World) -> Result<[u8; 32], Failure> {
    let printed = match world.disk.metadata(path)?.kind {
        Kind::Dir => compile(path)?,
        _ => world.disk.read(path, OUTPUT_BYTES_MAX)?,
    };
    let compiled = serde_json::from_slice::<Compiled>(&printed).map_err(|error| {
        let message = format!("{} is no compiled package", path.display());
        Failure::new(Reason::InvalidInput, message)
            .caused_by(error)
            .help("expected what `sui move build --dump-bytecode-as-base64` prints")
    })?;
    Ok(compiled.digest)
}

fn compile(path: &Path) -> Result<Vec<u8>, Failure> {
    let output = Command::new(COMPILER).args(COMPILE).arg(path).output();
    let output = output.map_err(|error| {
        Failure::io_of(
            format_args!("run `{COMPILER}`, which compiles packages"),
            &error,
        )
        .help("install it, or name a file with what it printed elsewhere")
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let message = format!("`{COMPILER}` can't compile {}", path.display());
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(Reason::InvalidInput, message).caused_by(said.trim()))
}
