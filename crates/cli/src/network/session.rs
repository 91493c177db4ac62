//! A command's connection to a network.

use std::{pin::Pin, sync::Arc, time::Duration};

use floe_client::{Client, ClientConfig};
use floe_contracts::{Contracts, KeyError, SecretKey, Signer, Wallet, WalletOptions};
use floe_core::SuiAddress;
use floe_env::{Env, OsRng, SystemClock, TcpNet, TokioSpawn};

use sui_sdk_types::{Transaction, UserSignature};

use super::{
    config::{self, Found, NetworkArgs},
    failure::read_failure,
};
use crate::{
    error::{Failure, Reason},
    interrupt::{Interrupt, Left},
    world::World,
};

/// How long slow nodes are served after all is done.
const FINISH_MAX: Duration = Duration::from_secs(60);
/// How often it is looked whether a signal came.
const INTERRUPT_POLL: Duration = Duration::from_millis(100);
/// The client's part of the memory that commands may use.
const MEMORY_SHARE: usize = 2;

/// A network, and what a command may do there.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) env: Env,
    args: NetworkArgs,
    found: Found,
    interrupt: Interrupt,
}

/// Runs a command on a network to its end, or until a signal comes.
///
/// # Errors
/// [`Failure`] of the command, or that there is no network.
pub(crate) fn run<'a, F>(
    world: &World,
    args: &NetworkArgs,
    command: impl FnOnce(Session) -> F + 'a,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>> + 'a,
{
    run_boxed(world, args, Box::new(|session| Box::pin(command(session))))
}

type Outcome<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

fn run_boxed<'a>(
    world: &World,
    args: &NetworkArgs,
    command: Box<dyn FnOnce(Session) -> Outcome<'a> + 'a>,
) -> Result<(), Failure> {
    let found = config::find(args, world.disk.as_ref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io_of("start threads", &error))?;
    for remark in found.tuning.remarks.iter().filter(|_| world.progress) {
        eprintln!("note: {remark}");
    }
    let finish_max = match found.tuning.leaves_slow_nodes() {
        true => Duration::ZERO,
        false => FINISH_MAX,
    };
    let caught = world.interrupt.catch();
    caught.map_err(|error| Failure::io_of("catch signals", &error))?;
    let outcome = runtime.block_on(async {
        let session = Session::open(world, args, found)?;
        let client = session.client.clone();
        tokio::select! {
            outcome = command(session) => outcome?,
            () = raised(&world.interrupt) => {
                return Err(Failure::interrupted_leaving(world.interrupt.left()));
            }
        }
        // All is done; who does not want to wait for slow nodes does no harm.
        tokio::select! {
            () = client.finish(finish_max) => {}
            () = raised(&world.interrupt) => {}
        }
        Ok(())
    });
    // Blocking reads of a terminal would hold it up.
    runtime.shutdown_background();
    outcome
}

async fn raised(interrupt: &Interrupt) {
    while !interrupt.raised() {
        tokio::time::sleep(INTERRUPT_POLL).await;
    }
}

/// Runs what may block for long (terminals, pipes) where it holds nothing up.
pub(crate) async fn aside<T: Send + 'static>(
    body: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let outcome = tokio::task::spawn_blocking(body).await;
    outcome.unwrap_or_else(|error| {
        Err(Failure::new(Reason::Internal, "a thread ended early").caused_by(error))
    })
}

/// A key that notes what may be left on chain from the moment on at which it is used.
#[derive(Debug)]
struct NotingKey {
    key: SecretKey,
    interrupt: Interrupt,
    left: Left,
}

impl Signer for NotingKey {
    fn address(&self) -> SuiAddress {
        self.key.address()
    }

    fn sign(&self, transaction: &Transaction) -> Result<UserSignature, KeyError> {
        self.interrupt.leaves(self.left);
        self.key.sign(transaction)
    }
}

impl Session {
    fn open(world: &World, args: &NetworkArgs, found: Found) -> Result<Self, Failure> {
        let env = Env {
            clock: Arc::new(SystemClock::new()),
            rng: Arc::new(OsRng),
            spawn: Arc::new(TokioSpawn::current()),
            compute: crate::run::pool()?,
            net: Arc::new(TcpNet::new()),
            disk: Arc::clone(&world.disk),
        };
        let chain = floe_contracts::Chain::new(&env, &found.network.rpc_urls, found.tuning.rpc());
        let chain = chain.map_err(|error| read_failure(&error.into()))?;
        let contracts = Contracts::new(chain, found.network.clone());
        let mut config = ClientConfig {
            memory_bytes: world.memory_bytes / MEMORY_SHARE,
            tmp_dir: world.tmp_dir.clone(),
            ..ClientConfig::default()
        };
        found.tuning.apply(&mut config);
        Ok(Self {
            client: Client::new(env.clone(), contracts, config),
            env,
            args: args.clone(),
            found,
            interrupt: world.interrupt.clone(),
        })
    }

    /// The contracts.
    pub(crate) fn contracts(&self) -> &Contracts {
        self.client.contracts()
    }

    /// The wallet.
    ///
    /// # Errors
    /// [`Failure`] if there is none.
    pub(crate) fn wallet(&self) -> Result<Wallet, Failure> {
        self.wallet_that_leaves(Left::Transaction)
    }

    /// The wallet, for commands that store.
    ///
    /// # Errors
    /// [`Failure`] if there is none.
    pub(crate) fn storing_wallet(&self) -> Result<Wallet, Failure> {
        self.wallet_that_leaves(Left::Registrations)
    }

    fn wallet_that_leaves(&self, left: Left) -> Result<Wallet, Failure> {
        let key = config::key(&self.args, &self.found, self.env.disk.as_ref())?;
        Ok(self.make_wallet(key, left))
    }

    /// The wallet of a key.
    pub(crate) fn wallet_of(&self, key: SecretKey) -> Wallet {
        self.make_wallet(key, Left::Transaction)
    }

    fn make_wallet(&self, key: SecretKey, left: Left) -> Wallet {
        let interrupt = self.interrupt.clone();
        let key = NotingKey {
            key,
            interrupt,
            left,
        };
        let options = WalletOptions {
            gas_budget: self.args.gas_budget,
            ..WalletOptions::default()
        };
        Wallet::new(self.contracts().clone(), Arc::new(key), options)
    }
}
