//! `floe fullnode inspect`.

use std::{path::PathBuf, str::FromStr, sync::Arc};

use floe_env::{Env, OsRng, SystemClock, TcpNet, TokioSpawn};
use sui_sdk_types::{Address, Digest};

use super::{
    report::{AddressReport, ObjectReport, TransactionReport},
    source::Source,
};
use crate::{
    error::{Failure, Reason},
    output::Output,
    world::World,
};

/// Arguments of `floe fullnode inspect`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An object id or address (0x…), or the digest of a transaction (base58)
    #[arg(value_name = "OBJECT|TX|ADDRESS")]
    what: What,
    /// URL of a running node [env: SUI_GRPC_URL] [default: http://127.0.0.1:9000]
    #[arg(long, value_name = "URL", conflicts_with = "dir")]
    rpc: Option<String>,
    /// Folder of a node that is not running
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Debug, Clone)]
enum What {
    /// An object, or an address if there is no such object.
    Id(Address),
    Transaction(Digest),
}

impl FromStr for What {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("0x") {
            return text
                .parse()
                .map(What::Id)
                .map_err(|error| format!("no id or address: {error}"));
        }
        // The parser takes shorter texts, too; a digest is written in one way only.
        Digest::from_base58(text)
            .ok()
            .filter(|digest| digest.to_string() == text)
            .map(What::Transaction)
            .ok_or_else(|| {
                "expected an id or address (0x…), or the base58 digest of a transaction".to_owned()
            })
    }
}

/// Prints an object, a transaction, or what an address owns.
///
/// # Errors
/// [`Failure`] if there is no such thing, or no node answers.
pub(super) fn run(args: &Args, world: &World, output: Output) -> Result<(), Failure> {
    crate::commands::service::runtime()?.block_on(async {
        let mut source = source(args, world).await?;
        match &args.what {
            What::Id(id) => {
                let id = id.to_string();
                match source.object(&id).await? {
                    Some(object) => output.print(&ObjectReport(object)),
                    None => output.print(&AddressReport(source.address(&id).await?)),
                }
            }
            What::Transaction(digest) => {
                let digest = digest.to_string();
                let found = source.transaction(&digest).await?;
                let transaction = found.ok_or_else(|| {
                    Failure::new(Reason::NotFound, format!("no transaction {digest}"))
                        .help("it was not executed, or is no longer kept")
                })?;
                output.print(&TransactionReport(transaction))
            }
        }
    })
}

async fn source(args: &Args, world: &World) -> Result<Source, Failure> {
    if let Some(dir) = &args.dir {
        let env = Env {
            clock: Arc::new(SystemClock::new()),
            rng: Arc::new(OsRng),
            spawn: Arc::new(TokioSpawn::current()),
            compute: crate::run::pool()?,
            net: Arc::new(TcpNet::new()),
            disk: Arc::clone(&world.disk),
        };
        return Source::open(&env, dir).await;
    }
    let from_env = || std::env::var("SUI_GRPC_URL").ok();
    let url = args.rpc.clone().or_else(from_env);
    Source::connect(url.as_deref().unwrap_or("http://127.0.0.1:9000"))
}
