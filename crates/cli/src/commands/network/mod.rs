//! The commands on a network: those of the official program, with its flags and its JSON
//! (`docs/spec/client.md` §7).

pub mod attributes;
pub mod blob_status;
pub mod delete;
pub mod extend;
pub mod health;
pub mod info;
pub mod list_blobs;
pub mod list_patches;
pub mod read;
pub mod read_quilt;
pub mod share;
pub mod store;
pub mod store_quilt;
mod time;

use clap::Subcommand;

use crate::{
    error::Failure,
    network::{NetworkArgs, aside},
    output::Output,
    world::World,
};

/// The commands on a network.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Store files
    #[command(alias = "write")]
    Store(store::Args),
    /// Read a blob
    Read(read::Args),
    /// Tell what the nodes know about a blob
    BlobStatus(blob_status::Args),
    /// List the wallet's blobs
    ListBlobs(list_blobs::Args),
    /// Store many small files as one blob
    #[command(alias = "write-quilt")]
    StoreQuilt(store_quilt::Args),
    /// Read files out of a quilt
    ReadQuilt(read_quilt::Args),
    /// List the files in a quilt
    #[command(alias = "resolve-quilt")]
    ListPatchesInQuilt(list_patches::Args),
    /// Keep a blob for longer
    Extend(extend::Args),
    /// Delete blobs, and get their storage back
    Delete(delete::Args),
    /// Make a blob a shared object, which everybody can extend
    Share(share::ShareArgs),
    /// Add WAL to a shared blob, to pay for extensions
    FundSharedBlob(share::FundArgs),
    /// Destroy blob objects; the blobs stay, and nothing is refunded
    BurnBlobs(share::BurnArgs),
    /// Print the attributes of a blob
    GetBlobAttribute(attributes::GetArgs),
    /// Set attributes of a blob
    SetBlobAttribute(attributes::SetArgs),
    /// Remove attributes of a blob
    RemoveBlobAttributeFields(attributes::RemoveArgs),
    /// Remove all attributes of a blob
    RemoveBlobAttribute(attributes::ClearArgs),
    /// Print facts about the network: epoch, sizes, prices, committee
    Info(info::Args),
    /// Ask nodes how they are
    Health(health::Args),
}

/// Runs a command on a network.
///
/// # Errors
/// [`Failure`] of the command.
pub fn run(
    command: Command,
    network: &NetworkArgs,
    world: &World,
    output: Output,
) -> Result<(), Failure> {
    match command {
        Command::Store(args) => store::run(&args, network, world, output),
        Command::Read(args) => read::run(&args, network, world, output),
        Command::BlobStatus(args) => blob_status::run(&args, network, world, output),
        Command::ListBlobs(args) => list_blobs::run(&args, network, world, output),
        Command::StoreQuilt(args) => store_quilt::run(&args, network, world, output),
        Command::ReadQuilt(args) => read_quilt::run(&args, network, world, output),
        Command::ListPatchesInQuilt(args) => list_patches::run(&args, network, world, output),
        Command::Extend(args) => extend::run(&args, network, world, output),
        Command::Delete(args) => delete::run(&args, network, world, output),
        Command::Share(args) => share::share(&args, network, world, output),
        Command::FundSharedBlob(args) => share::fund(&args, network, world, output),
        Command::BurnBlobs(args) => share::burn(&args, network, world, output),
        Command::GetBlobAttribute(args) => attributes::get(&args, network, world, output),
        Command::SetBlobAttribute(args) => attributes::set(&args, network, world, output),
        Command::RemoveBlobAttributeFields(args) => {
            attributes::remove(&args, network, world, output)
        }
        Command::RemoveBlobAttribute(args) => attributes::clear(&args, network, world, output),
        Command::Info(args) => info::run(&args, network, world, output),
        Command::Health(args) => health::run(&args, network, world, output),
    }
}

/// FROST, for people.
pub(crate) fn wal(frost: u64) -> String {
    const FROST_PER_WAL: u64 = 1_000_000_000;
    if frost < FROST_PER_WAL / 1000 {
        return format!("{frost} FROST");
    }
    let (whole, part) = (frost / FROST_PER_WAL, frost % FROST_PER_WAL);
    let part = format!("{part:09}");
    let part = part.trim_end_matches('0');
    let point = if part.is_empty() { "" } else { "." };
    format!("{whole}{point}{part} WAL")
}

/// Asks a person at the terminal; whoever does not answer says no.
pub(crate) async fn confirm(question: String) -> Result<bool, Failure> {
    aside(move || ask(&question)).await
}

fn ask(question: &str) -> Result<bool, Failure> {
    use std::io::{BufRead as _, IsTerminal as _, Write as _};
    let (input, mut talk) = (std::io::stdin(), std::io::stderr());
    if !input.is_terminal() {
        return Ok(false);
    }
    let asked = write!(talk, "{question} [y/N] ").and_then(|()| talk.flush());
    asked.map_err(|error| Failure::io_of("ask on the terminal", &error))?;
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    read.map_err(|error| Failure::io_of("read from the terminal", &error))?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::wal;

    #[test]
    fn amounts_are_written_as_people_count_them() {
        assert_eq!(wal(0), "0 FROST");
        assert_eq!(wal(999_999), "999999 FROST");
        assert_eq!(wal(1_000_000), "0.001 WAL");
        assert_eq!(wal(2_000_000_000), "2 WAL");
        assert_eq!(wal(2_500_000_001), "2.500000001 WAL");
    }
}
