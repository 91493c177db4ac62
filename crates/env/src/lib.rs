//! The world as our services see it: time, entropy, tasks, processors, network and disk.
//!
//! Every service is handed an [`Env`] and touches the world through nothing else. In production it
//! is the machine's; in tests and simulations it is one that runs on virtual time, replays a seed,
//! and loses, tears and reorders what was not made durable ([`testing`]).
//!
//! What all servers need on top of a [`Listener`], so that no peer is in the way of others, is in
//! [`places`].
//!
//! Features: `redb` adds `RedbFile`, which lets the redb database run on a [`File`].

use std::pin::Pin;

mod clock;
mod compute;
mod disk;
mod env;
mod net;
pub mod places;
#[cfg(feature = "redb")]
mod redb;
mod renewable;
mod rng;
mod spawn;
pub mod testing;

pub use clock::{Clock, Elapsed, Moment, SystemClock, UnixMillis};
pub use compute::{Compute, Inline, Job, Lane, PoolError, PoolSize, ThreadPool};
pub use disk::{
    Access, Disk, DiskError, Entry, File, Kind, Metadata, Open, Operation, OsDisk, Replacement,
    Space, is_temporary, replace,
};
pub use env::Env;
pub use net::{Accept, ConnectError, Connector, Listener, Net, Stream, TcpNet, tcp_listener};
#[cfg(feature = "redb")]
pub use redb::RedbFile;
pub use renewable::Renewable;
pub use rng::{OsRng, Rng};
pub use spawn::{Spawn, Task, TaskError, Tasks, TokioSpawn};

/// A future that can be handed around without naming its type.
/// What other crates call returns one, for then it is compiled here and not there (`docs/adr/0030`).
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
