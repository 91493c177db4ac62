//! The commands on a blob's attributes.

use std::{collections::BTreeMap, fmt};

use floe_core::ObjectId;
use serde::Serialize;

use crate::{
    error::{Failure, Reason},
    network::{self, NetworkArgs},
    output::Output,
    world::World,
};

/// Arguments of `floe get-blob-attribute`.
#[derive(Debug, clap::Args)]
pub struct GetArgs {
    /// The object id of the blob
    #[arg(value_name = "OBJECT_ID")]
    blob_obj_id: ObjectId,
}

/// Arguments of `floe set-blob-attribute`.
#[derive(Debug, clap::Args)]
pub struct SetArgs {
    /// The object id of the blob
    #[arg(value_name = "OBJECT_ID")]
    blob_obj_id: ObjectId,
    /// A name and a value; may be repeated
    #[arg(long = "attr", num_args = 2, value_names = ["KEY", "VALUE"], required = true)]
    attributes: Vec<String>,
}

/// Arguments of `floe remove-blob-attribute-fields`.
#[derive(Debug, clap::Args)]
pub struct RemoveArgs {
    /// The object id of the blob
    #[arg(value_name = "OBJECT_ID")]
    blob_obj_id: ObjectId,
    /// Names of attributes
    #[arg(long, value_name = "KEY", num_args = 1.., required = true)]
    keys: Vec<String>,
}

/// Arguments of `floe remove-blob-attribute`.
#[derive(Debug, clap::Args)]
pub struct ClearArgs {
    /// The object id of the blob
    #[arg(value_name = "OBJECT_ID")]
    blob_obj_id: ObjectId,
}

#[derive(Debug, Serialize)]
struct Attributes {
    attribute: Option<BTreeMap<String, String>>,
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.attribute {
            None => f.write_str("the blob has no attributes"),
            Some(pairs) => {
                let lines: Vec<_> = pairs.iter().map(|(k, v)| format!("{k}: {v}")).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

#[derive(Debug, Serialize)]
struct Done {}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("done")
    }
}

/// Prints the attributes of a blob.
///
/// # Errors
/// [`Failure`] if the chain can't be read.
pub fn get(
    args: &GetArgs,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| async move {
        let contracts = session.contracts();
        let attributes = contracts.attributes(args.blob_obj_id).await?;
        if attributes.is_none() && contracts.blob(args.blob_obj_id).await?.is_none() {
            let message = format!("there is no blob object {}", args.blob_obj_id);
            return Err(Failure::new(Reason::NotFound, message)
                .help("floe list-blobs shows the wallet's blobs with their object ids"));
        }
        let attribute = attributes.map(|found| found.metadata.iter().cloned().collect());
        output.print(&Attributes { attribute })
    })
}

/// Sets attributes of a blob.
///
/// # Errors
/// [`Failure`] of the transaction.
pub fn set(
    args: &SetArgs,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    let pairs = args
        .attributes
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [key, value] => Some((key.clone(), value.clone())),
            _ => None,
        });
    let pairs: Vec<_> = pairs.collect();
    network::run(world, network, |session| async move {
        session
            .wallet()?
            .set_attributes(args.blob_obj_id, &pairs)
            .await?;
        output.print(&Done {})
    })
}

/// Removes attributes of a blob.
///
/// # Errors
/// [`Failure`] of the transaction.
pub fn remove(
    args: &RemoveArgs,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| async move {
        session
            .wallet()?
            .remove_attributes(args.blob_obj_id, &args.keys)
            .await?;
        output.print(&Done {})
    })
}

/// Removes all attributes of a blob.
///
/// # Errors
/// [`Failure`] of the transaction.
pub fn clear(
    args: &ClearArgs,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    network::run(world, network, |session| async move {
        session.wallet()?.clear_attributes(args.blob_obj_id).await?;
        output.print(&Done {})
    })
}
