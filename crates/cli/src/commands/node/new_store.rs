//! `floe node new-store`.

use std::{fmt, path::PathBuf};

use floe_env::OsRng;
use floe_node::{CreateError, Node};
use serde::Serialize;

use crate::{
    error::{Failure, Reason},
    output::Output,
    world::World,
};

/// Arguments of `floe node new-store`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The configuration of the node, which must not run
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// What was made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    #[serde(serialize_with = "crate::output::lossy")]
    database: PathBuf,
    #[serde(serialize_with = "crate::output::lossy_option")]
    put_aside: Option<PathBuf>,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "empty database   {}", self.database.display())?;
        if let Some(aside) = &self.put_aside {
            let aside = aside.display();
            write!(
                f,
                "\nwhat was there   {aside}\nit is of no use once the node has all its shards again"
            )?;
        }
        Ok(())
    }
}

/// Makes an empty database for a node, and puts aside what there is of its old one. Nothing is deleted.
///
/// # Errors
/// [`Failure`]: the node runs, or the disk fails.
pub(super) fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    let config = super::config(&args.config, world)?;
    let keys = super::keys(&config, world)?;
    let dir = config.storage_path;
    let failed = |error: CreateError| match error {
        CreateError::Disk(error) => Failure::disk(&error),
        CreateError::InUse { .. } => Failure::new(Reason::InUse, error.to_string())
            .help("stop the node first: `floe node run` has its database open"),
        error => Failure::new(Reason::Io, "cannot make the database").caused_by(error.to_string()),
    };
    let put_aside = Node::put_store_aside(&world.disk, &dir).map_err(failed)?;
    Node::create_store(&world.disk, &OsRng, &dir, &keys).map_err(failed)?;
    output.print(&Made {
        database: dir,
        put_aside,
    })
}
