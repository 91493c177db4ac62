//! The command line.

use std::{num::NonZeroU16, path::PathBuf};

use bytesize::ByteSize;
use clap::{Parser, Subcommand};
use floe_encoding::RedStuff;

use crate::{commands, error::Failure, network::NetworkArgs};

const EXIT_CODES: &str = "\
Exit codes:
    0  done, or whoever read the output had enough of it
    1  a bug in floe
    2  wrong arguments
    3  the input is refused: too large, not of the right kind, no legal quilt
    4  a file or port is missing, taken, or may not be used
    5  the disk is full or failed
    6  the input changed while it was read
    7  data is damaged, lost, or inconsistent
    8  a server does not answer, or too few storage nodes do
    9  the wallet has too little, or a transaction failed
  130  interrupted by a signal; it is said what may have been left

Data goes to stdout and everything else to stderr. With --json an error is one JSON
document on stderr: {\"error\": {\"reason\", \"fault\", \"retryable\", \"message\", …}}.";

/// Walrus blobs: store and read them on a network, or encode, decode and verify them at home.
///
/// Blob ids and slivers are those of the live network, bit for bit.
#[derive(Debug, Parser)]
#[command(name = "floe", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// Settings of all commands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Settings of all commands.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Print the outcome as one JSON document
    #[arg(long, global = true)]
    pub json: bool,
    /// Show no progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Threads that compute [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = thread_count)]
    pub threads: Option<NonZeroU16>,
    /// Working memory, like 512MiB or 2GB; larger blobs take more passes
    #[arg(long, global = true, value_name = "SIZE", default_value = "384MiB")]
    pub memory: ByteSize,
    /// Folder for temporary files, for input from pipes [default: the system's]
    #[arg(long, global = true, value_name = "DIR")]
    pub tmp_dir: Option<PathBuf>,
    /// Write what commands on a network do to a file: file=PATH
    #[arg(long, global = true, value_name = "file=PATH", value_parser = trace_file)]
    pub trace_cli: Option<PathBuf>,
    /// Which network, and whose wallet.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print the blob ids that the network would give to files
    BlobId(commands::blob_id::Args),
    /// Encode a file into a folder of slivers
    Encode(commands::encode::Args),
    /// Decode a file from a folder of slivers, as long as enough are left
    Decode(commands::decode::Args),
    /// Check every sliver in a folder against the blob's metadata
    Verify(commands::verify::Args),
    /// Recover lost slivers from symbols of others
    Recover(commands::recover::Args),
    /// Pack many small files into one blob, and unpack them
    #[command(subcommand)]
    Quilt(commands::quilt::Command),
    /// Run a whole network on this machine, and steer it
    Devnet(commands::devnet::Args),
    /// Run a Sui full node with the Walrus contracts, and look into its chain
    #[command(subcommand)]
    Fullnode(commands::fullnode::Command),
    /// Store and read blobs on a network, and look after them
    #[command(flatten)]
    Network(commands::network::Command),
    /// Stake WAL, get it, and act on chain for storage nodes
    #[command(flatten)]
    Staking(commands::staking::Command),
    /// Set up, register, run and look at a storage node
    #[command(subcommand)]
    Node(commands::node::Command),
    /// Convert a blob id between base64url, decimal and hexadecimal
    ConvertBlobId(commands::convert::Args),
    /// Make a wallet: a new key, as Sui's own tools keep it
    GenerateSuiWallet(commands::wallet::Args),
    /// Run a command that is given as a JSON document
    Json(commands::json::Args),
    /// Print a script that completes commands in a shell
    #[command(alias = "completion")]
    Completions(commands::completions::Args),
}

/// Reads `file=PATH`.
fn trace_file(text: &str) -> Result<PathBuf, String> {
    match text.strip_prefix("file=").filter(|path| !path.is_empty()) {
        Some(path) => Ok(path.into()),
        None => Err("expected file=PATH; nothing is sent to collectors of traces".to_owned()),
    }
}

/// For how many shards.
#[derive(Debug, clap::Args)]
pub struct Shards {
    /// Number of shards; the live network has 1000
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub n_shards: u16,
}

impl Shards {
    /// The code.
    ///
    /// # Errors
    /// [`Failure`] that there is none.
    pub fn code(&self) -> Result<RedStuff, Failure> {
        RedStuff::new(self.n_shards).map_err(|error| Failure::code(&error))
    }
}

/// More threads than any machine has cores would only stand in each other's way.
const THREADS_MAX: u16 = 1024;

fn thread_count(text: &str) -> Result<NonZeroU16, String> {
    let count = text
        .parse()
        .ok()
        .filter(|n: &NonZeroU16| n.get() <= THREADS_MAX);
    count.ok_or_else(|| format!("expected a number from 1 to {THREADS_MAX}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn ids_may_begin_with_a_hyphen() {
        let id = "-cU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2kY";
        for line in [
            format!("read {id} --json"),
            format!("read --out file {id}"),
            format!("blob-status --blob-id {id} --json"),
            format!("delete --blob-ids {id} --yes"),
            format!("read-quilt --quilt-id {id} --identifiers a"),
            format!("list-patches-in-quilt {id} --quiet"),
            format!("convert-blob-id {id} --to hex"),
        ] {
            let words = ["floe"].into_iter().chain(line.split(' '));
            let parsed = Cli::try_parse_from(words);
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
        let unknown = Cli::try_parse_from(["floe", "read", id, "--unknown"]);
        assert!(unknown.is_err(), "{unknown:?}");
    }

    #[test]
    fn more_threads_than_a_machine_runs_are_refused() {
        for (count, good) in [
            ("0", false),
            ("1", true),
            ("1024", true),
            ("1025", false),
            ("-1", false),
        ] {
            let parsed = Cli::try_parse_from(["floe", "blob-id", "file", "--threads", count]);
            assert_eq!(parsed.is_ok(), good, "{count}: {parsed:?}");
        }
    }
}
