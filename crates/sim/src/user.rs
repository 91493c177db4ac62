//! Whoever uses a network, and checks what it promises (the invariants of `ARCHITECTURE.md`).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use floe_client::{BlobInput, BlobStoreResult, Check, Client, NoProgress, Progress, StoreOptions};
use floe_contracts::Wallet;
use floe_core::{BlobId, ShardIndex};
use floe_env::Env;
use floe_env::testing::CrashDisk;

use crate::Error;
use crate::cluster::{Cluster, node_host};
use crate::host::Host;
use crate::plan::Plan;
use crate::sample::Sample;
use crate::stage::{Progressed, Stage};

/// How long a network may take until it does what it is asked for, after all that it need not bear:
/// ten seconds until a connection that died without a word is replaced (`docs/spec/client.md` §4.6;
/// the simulator's TCP sends nothing twice, so that nobody hears that the other side is back), and
/// as long again for the work itself.
const GRACE: Duration = Duration::from_secs(20);
/// How long it may take until nothing is missing any more.
const HEAL_MAX: Duration = Duration::from_mins(3);
/// Pauses of the user.
const AGAIN: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(250);

/// Whoever uses a network.
pub(crate) struct User {
    pub(crate) cluster: Cluster,
    pub(crate) seed: u64,
    pub(crate) plan: Arc<Plan>,
    pub(crate) progress: Arc<Progressed>,
}

/// The user with what it works with.
struct Session<'u> {
    user: &'u User,
    env: Env,
    client: Client,
    wallet: Wallet,
    certified: BTreeMap<BlobId, &'u Sample>,
}

impl User {
    /// Stores the blobs of the plan, and reads them again and again.
    pub(crate) async fn run(self) -> Result<(), Error> {
        let env = Host::new(CrashDisk::new(), self.seed).start();
        let (client, wallet) = self.cluster.client(&env)?;
        let mut session = Session {
            user: &self,
            env,
            client,
            wallet,
            certified: BTreeMap::new(),
        };
        for (sample, (wait, _)) in self.cluster.samples().iter().zip(&self.plan.blobs) {
            session.env.clock.sleep(*wait).await;
            session.store(sample).await?;
            session.read_all().await?;
        }
        let calm = self.plan.over();
        while now() < calm {
            session.env.clock.sleep(AGAIN).await;
            session.read_all().await?;
        }
        session.heal(calm).await?;
        session.audit().await?;
        self.progress.reach(Stage::Healed);
        while self.progress.stage() != Stage::Gone {
            session.env.clock.sleep(LOOK).await;
        }
        session.read_all().await
    }
}

fn now() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

impl<'u> Session<'u> {
    /// A failure: one that a network has to explain, unless it had to bear too much.
    async fn excuse(&self, failure: String) -> Result<(), Error> {
        let excused = self.user.plan.excused_until();
        if excused.is_none_or(|until| now() > until + GRACE) {
            return Err(failure.into());
        }
        tracing::debug!(failure, "excused");
        self.user.progress.report().refused += 1;
        self.env.clock.sleep(AGAIN).await;
        Ok(())
    }

    async fn store(&mut self, sample: &'u Sample) -> Result<(), Error> {
        let options = StoreOptions::for_epochs(5);
        let progress: Arc<dyn Progress> = Arc::new(NoProgress);
        loop {
            let inputs = vec![BlobInput::bytes(sample.bytes.clone())];
            let stored = self
                .client
                .store(&self.wallet, inputs, &options, &progress)
                .await;
            let failure = match stored {
                Ok(mut results) => match results.pop() {
                    Some(BlobStoreResult::Error { error_msg, .. }) => error_msg,
                    Some(result) if result.blob_id() == Some(sample.id) => break,
                    result => return Err(format!("storing {sample:?} gave {result:?}").into()),
                },
                Err(error) => error.to_string(),
            };
            let failure = format!("{sample:?} can't be stored: {failure}");
            self.excuse(failure).await?;
        }
        self.certified.insert(sample.id, sample);
        self.user.progress.report().stored += 1;
        self.check_certified(sample).await
    }

    /// Invariant 2: what is confirmed is durable. A certificate says that n − f shards have all of it.
    async fn check_certified(&self, sample: &Sample) -> Result<(), Error> {
        let mut holding = 0;
        let owners = self.owners().await?;
        for (node, shards) in self.user.cluster.nodes().iter().zip(&owners) {
            if node.witness.has_or_had(sample, shards) {
                holding += shards.len();
            }
        }
        let shape = self.user.cluster.shape();
        let needed = usize::from(shape.n_shards) - shape.faulty_shards();
        if holding < needed {
            let text = format!("{sample:?} is certified, and {holding} shards have it");
            return Err(text.into());
        }
        Ok(())
    }

    /// Invariant 1: a certified blob is readable, byte for byte, whatever has happened.
    async fn read_all(&self) -> Result<(), Error> {
        for (id, sample) in &self.certified {
            let read = loop {
                match self.client.read(*id, Check::Strict).await {
                    Ok(read) => break read,
                    Err(error) => {
                        let failure = format!("certified {sample:?} can't be read: {error}");
                        self.excuse(failure).await?;
                    }
                }
            };
            if read != sample.bytes {
                return Err(format!("{sample:?} was read with wrong bytes").into());
            }
            self.user.progress.report().reads += 1;
        }
        Ok(())
    }

    /// Waits until every node has all that it should have.
    async fn heal(&self, calm: Duration) -> Result<(), Error> {
        let owners = self.owners().await?;
        loop {
            let lacks = self.lacks(&owners)?;
            if lacks.is_empty() {
                break;
            }
            if now() > calm + HEAL_MAX {
                return Err(format!("the network does not heal: {}", lacks.join("; ")).into());
            }
            self.env.clock.sleep(LOOK).await;
        }
        let healed = now().saturating_sub(calm);
        self.user.progress.report().healed_ms = healed.as_millis();
        Ok(())
    }

    fn lacks(&self, owners: &[Vec<ShardIndex>]) -> Result<Vec<String>, Error> {
        let mut lacks = Vec::new();
        for (index, (node, shards)) in self.user.cluster.nodes().iter().zip(owners).enumerate() {
            for sample in self.certified.values() {
                let of_node = node.witness.lacks(sample, shards)?;
                lacks.extend(of_node.first().map(|first| {
                    let count = of_node.len();
                    format!("{}: {first} ({count} in all)", node_host(index))
                }));
            }
            if !node.witness.is_idle()? {
                lacks.push(format!("{} is not done", node_host(index)));
            }
        }
        Ok(lacks)
    }

    /// The shards of each node.
    async fn owners(&self) -> Result<Vec<Vec<ShardIndex>>, Error> {
        let state = loop {
            match self.client.contracts().state().await {
                Ok(state) => break state,
                Err(error) => self.excuse(error.to_string()).await?,
            }
        };
        let current = state.committees.current.as_ref().ok_or("no committee")?;
        let of_node = |index| {
            let host = format!("{}:", node_host(index));
            let node = current.nodes.iter();
            let node = node.filter(|node| node.network_address.starts_with(&host));
            let shards = node.flat_map(|node| current.shards_of(&node.id));
            shards.copied().collect()
        };
        let owners: Vec<Vec<_>> = (0..self.user.cluster.nodes().len()).map(of_node).collect();
        let all: usize = owners.iter().map(Vec::len).sum();
        if all != usize::from(self.user.cluster.shape().n_shards) {
            return Err(format!("the nodes have {all} shards").into());
        }
        Ok(owners)
    }

    /// Invariant 3: WAL is conserved; and every blob was paid for once, whatever was tried.
    async fn audit(&self) -> Result<(), Error> {
        let paid = self.user.cluster.wal_paid()?;
        let options = StoreOptions::for_epochs(5);
        let progress: Arc<dyn Progress> = Arc::new(NoProgress);
        let stored = self.certified.values();
        let inputs = stored.map(|sample| BlobInput::bytes(sample.bytes.clone()));
        let inputs: Vec<_> = inputs.collect();
        let costs = self.client.cost(&inputs, &options, &progress).await?;
        let due: u64 = costs.iter().map(|cost| cost.storage_cost).sum();
        if paid != due {
            return Err(format!("the user paid {paid} FROST for what costs {due}").into());
        }
        let owner = self.wallet.address();
        let owned = self.wallet.contracts().all_blobs(owner).await?;
        let certified = owned.iter();
        let certified = certified.filter(|blob| blob.value.certified_epoch.is_some());
        let mut ids: Vec<_> = certified.map(|blob| blob.value.blob_id).collect();
        ids.sort_unstable();
        if owned.len() != ids.len() || !ids.iter().eq(self.certified.keys()) {
            let count = owned.len();
            return Err(format!("{count} blob objects, of which are certified: {ids:?}").into());
        }
        Ok(())
    }
}
