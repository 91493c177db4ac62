//! Bytes that wait on connections, of requests that are arriving and of answers: who holds too many
//! for one connection is refused, and where all hold too many, whoever holds most is closed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use floe_env::places::Activity;

use super::ServerLimits;

/// The bytes that wait on all connections.
#[derive(Debug)]
pub(super) struct Holdings {
    one_max: usize,
    total_max: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    open: BTreeMap<u64, Holding>,
    /// Sum over `open`.
    total_bytes: usize,
}

#[derive(Debug)]
struct Holding {
    activity: Activity,
    bytes: usize,
}

/// The bytes that wait on one connection, until the value is dropped or the connection had to pay.
#[derive(Debug)]
pub(crate) struct Account {
    holdings: Arc<Holdings>,
    id: u64,
}

/// Bytes that wait on a connection, for as long as the value lives.
#[derive(Debug)]
pub(crate) struct Held {
    account: Arc<Account>,
    bytes: usize,
}

/// The bytes of a connection's requests and answers reach their limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "more than {max} bytes of requests and answers wait on this connection: read answers, or use \
     several connections"
)]
pub(crate) struct Full {
    max: usize,
}

impl Holdings {
    pub(super) fn new(limits: &ServerLimits) -> Arc<Self> {
        Arc::new(Self {
            one_max: limits.held_bytes_max,
            total_max: limits.held_bytes_total_max,
            table: Mutex::default(),
        })
    }

    /// Starts to count for a connection.
    pub(super) fn open(self: &Arc<Self>, activity: &Activity) -> Arc<Account> {
        let (holdings, id) = (Arc::clone(self), activity.id());
        let holding = Holding {
            activity: activity.clone(),
            bytes: 0,
        };
        self.table().open.insert(id, holding);
        Arc::new(Account { holdings, id })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn greediest(&self) -> Option<u64> {
        let most = self.open.iter().max_by_key(|(_, holding)| holding.bytes);
        most.map(|(id, _)| *id)
    }

    fn remove(&mut self, id: u64) -> Option<Activity> {
        let holding = self.open.remove(&id)?;
        self.total_bytes = self.total_bytes.saturating_sub(holding.bytes);
        Some(holding.activity)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.holdings.table().remove(self.id);
    }
}

impl Held {
    /// Nothing yet, on the connection of this account.
    pub(crate) fn new(account: &Arc<Account>) -> Self {
        let account = Arc::clone(account);
        Self { account, bytes: 0 }
    }

    /// Counts more bytes. If those of all connections become too many, the connection with most of
    /// them is closed.
    ///
    /// # Errors
    /// [`Full`] if this connection has too many, or had to pay.
    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), Full> {
        let holdings = &self.account.holdings;
        let max = holdings.one_max;
        let full = Full { max };
        let mut table = holdings.table();
        let own = table.open.get_mut(&self.account.id).ok_or(full)?;
        let held = own.bytes.saturating_add(bytes);
        if held > max {
            return Err(full);
        }
        own.bytes = held;
        self.bytes = self.bytes.saturating_add(bytes);
        table.total_bytes = table.total_bytes.saturating_add(bytes);
        while table.total_bytes > holdings.total_max {
            let greediest = table.greediest().ok_or(full)?;
            if let Some(activity) = table.remove(greediest) {
                activity.close();
                tracing::debug!("a connection with many unread bytes was closed");
            }
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut table = self.account.holdings.table();
        // The bytes of one that had to pay were taken off then.
        if let Some(own) = table.open.get_mut(&self.account.id) {
            own.bytes = own.bytes.saturating_sub(self.bytes);
            table.total_bytes = table.total_bytes.saturating_sub(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use floe_env::{SystemClock, places::Places};
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_holds_most_pays() {
        let limits = ServerLimits {
            held_bytes_max: 100,
            held_bytes_total_max: 200,
            ..ServerLimits::default()
        };
        let places = Places::new(limits.places(), Arc::new(SystemClock::new()));
        let holdings = Holdings::new(&limits);
        let total = || holdings.table().total_bytes;
        let (mut open, mut accounts) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let place = places.place().await;
            accounts.push(holdings.open(place.activity()));
            open.push(place);
        }
        let mut held: Vec<_> = accounts.iter().map(Held::new).collect();
        held[0].add(100).unwrap();
        assert_eq!(held[0].add(1), Err(Full { max: 100 }));
        assert_eq!(Held::new(&accounts[0]).add(1), Err(Full { max: 100 }));
        held[1].add(90).unwrap();
        held[2].add(10).unwrap();
        held[3].add(10).unwrap();
        assert!(held[0].add(1).is_err(), "it had to pay");
        assert_eq!(total(), 110);
        drop(held);
        assert_eq!(total(), 0);
        Held::new(&accounts[1]).add(100).unwrap();
        assert_eq!(total(), 0);
        drop(accounts);
        assert!(holdings.table().open.is_empty());
        let ends = |place: floe_env::places::Place| place.serve(std::future::pending());
        let closed = open
            .into_iter()
            .map(|one| ends(one).now_or_never().is_some());
        assert_eq!(closed.collect::<Vec<_>>(), [true, false, false, false]);
    }
}
