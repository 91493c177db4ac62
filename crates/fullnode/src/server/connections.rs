//! What each open connection holds, and which of them goes when there is no room.
//!
//! A slow peer must hurt itself alone. So nothing that one peer can hold back is shared without a
//! bound of that peer's own, and where a bound of all is reached, whoever holds most pays:
//!
//! - a connection without a request, or whose peer leaves an answer unread, is overdue after a while
//!   ([`Connection::overdue`]), whatever else moves on it;
//! - bytes that wait, of requests that are arriving and of answers, are counted for each connection
//!   and for all: beyond the one bound the request fails, beyond the other the connection that holds
//!   most is closed ([`Connection::hold`]);
//! - when there are as many connections as may be, a new one takes the place of the one that was
//!   useful longest ago ([`Connections::open`]).

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use floe_env::{Clock, Moment};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::ServerLimits;

/// All open connections.
pub(super) struct Connections {
    limits: ServerLimits,
    clock: Arc<dyn Clock>,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    open: BTreeMap<u64, Entry>,
    /// Sum over `open`.
    held_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    opened_at: Moment,
    /// Whether the headers of a request came.
    asked: bool,
    /// Whether a request was answered.
    answered: bool,
    /// When it was last of use: opened, answered, or when an answer was read on.
    moved_at: Moment,
    /// Requests that came in whole and are being answered.
    working: usize,
    /// Answers that go on by themselves.
    streaming: usize,
    held_bytes: usize,
    /// Since when the peer leaves which answer unread.
    unread: BTreeMap<u64, Moment>,
    closed: CancellationToken,
}

/// The right to be open; ends with the value.
#[derive(Debug)]
pub(super) struct Opened(pub(super) Connection);

impl Drop for Opened {
    fn drop(&mut self) {
        let connections = &self.0.0.connections;
        connections.table().close(self.0.0.id);
    }
}

/// An open connection, among the extensions of its requests. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Connection(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    connections: Arc<Connections>,
    closed: CancellationToken,
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Overdue {
    #[error("no request came")]
    Silent,
    #[error("an answer was not read")]
    Unread,
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

impl Connections {
    pub(super) fn new(limits: ServerLimits, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            clock,
            table: Mutex::default(),
        })
    }

    /// Makes room for a connection, by closing another one if need be. `None` while requests are
    /// being answered on all of them.
    pub(super) fn open(self: &Arc<Self>) -> Option<Opened> {
        let mut table = self.table();
        while table.open.len() >= self.limits.connections_max {
            let victim = table.least_useful()?;
            table.close(victim);
            tracing::debug!("a connection made room for another");
        }
        let (now, id, closed) = (self.clock.monotonic(), table.next, CancellationToken::new());
        table.next += 1;
        let entry = Entry {
            opened_at: now,
            asked: false,
            answered: false,
            moved_at: now,
            working: 0,
            streaming: 0,
            held_bytes: 0,
            unread: BTreeMap::new(),
            closed: closed.clone(),
        };
        table.open.insert(id, entry);
        Some(Opened(Connection(Arc::new(Inner {
            id,
            connections: Arc::clone(self),
            closed,
            calls: Arc::new(Semaphore::new(self.limits.calls_max)),
            streams: Arc::new(Semaphore::new(self.limits.streaming_max)),
        }))))
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Table {
    /// Those that never got an answer go first, those with an answer that goes on last; among equals
    /// the one that was of no use for longest.
    fn least_useful(&self) -> Option<u64> {
        self.open
            .iter()
            .filter(|(_, entry)| entry.working == 0)
            .min_by_key(|(_, entry)| (entry.streaming > 0, entry.answered, entry.moved_at))
            .map(|(id, _)| *id)
    }

    fn greediest(&self) -> Option<u64> {
        self.open
            .iter()
            .max_by_key(|(_, entry)| entry.held_bytes)
            .map(|(id, _)| *id)
    }

    fn close(&mut self, id: u64) {
        if let Some(entry) = self.open.remove(&id) {
            self.held_bytes = self.held_bytes.saturating_sub(entry.held_bytes);
            entry.closed.cancel();
        }
    }
}

impl Connection {
    /// Completes when the connection has to go.
    pub(super) async fn closed(&self) {
        self.0.closed.cancelled().await;
    }

    /// Why the connection should be closed now, if it should.
    pub(super) fn overdue(&self) -> Option<Overdue> {
        let (limits, now) = (&self.0.connections.limits, self.clock().monotonic());
        self.with(|entry| {
            if !entry.asked && now.since(entry.opened_at) >= limits.first_request_max {
                return Some(Overdue::Silent);
            }
            let mut unread = entry.unread.values();
            unread
                .any(|since| now.since(*since) >= limits.unread_max)
                .then_some(Overdue::Unread)
        })
        .flatten()
    }

    /// The clock of the server.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.connections.clock
    }

    /// Places for requests of this connection that are worked on.
    pub(crate) fn calls(&self) -> &Arc<Semaphore> {
        &self.0.calls
    }

    /// Places for answers of this connection that go on by themselves.
    pub(crate) fn streams(&self) -> &Arc<Semaphore> {
        &self.0.streams
    }

    /// Notes that the headers of a request came.
    pub(super) fn asked(&self) {
        self.with(|entry| entry.asked = true);
    }

    /// Notes that a request was answered.
    pub(super) fn answered(&self) {
        let now = self.clock().monotonic();
        self.with(|entry| {
            entry.answered = true;
            entry.moved_at = now;
        });
    }

    /// While the result lives, a request that came in whole is being answered: the connection keeps
    /// its place.
    pub(crate) fn working(&self) -> Busy {
        self.with(|entry| entry.working += 1);
        Busy {
            connection: self.clone(),
            end: |entry| entry.working -= 1,
        }
    }

    /// While the result lives, an answer goes on by itself: others lose their places first.
    pub(crate) fn streaming(&self) -> Busy {
        self.with(|entry| entry.streaming += 1);
        Busy {
            connection: self.clone(),
            end: |entry| entry.streaming -= 1,
        }
    }

    /// Starts to count bytes that wait on this connection.
    pub(crate) fn hold(&self) -> Held {
        Held {
            connection: self.clone(),
            bytes: 0,
        }
    }

    /// An answer that the peer has to read now.
    pub(super) fn unread(&self) -> Unread {
        let mut unread = Unread {
            connection: self.clone(),
            id: None,
        };
        unread.since_now();
        unread
    }

    /// Nothing happens once the connection was closed.
    fn with<T>(&self, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let mut table = self.0.connections.table();
        table.open.get_mut(&self.0.id).map(change)
    }
}

/// Something that goes on on a connection.
#[derive(Debug)]
pub(crate) struct Busy {
    connection: Connection,
    end: fn(&mut Entry),
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.connection.with(self.end);
    }
}

/// Bytes that wait on a connection, for as long as the value lives.
#[derive(Debug)]
pub(crate) struct Held {
    connection: Connection,
    bytes: usize,
}

impl Held {
    /// Counts more bytes. If those of all connections become too many, the connection with most of
    /// them is closed.
    ///
    /// # Errors
    /// [`Full`] if this connection has too many, or was closed.
    pub(crate) fn add(&mut self, bytes: usize) -> Result<(), Full> {
        let inner = &self.connection.0;
        let limits = &inner.connections.limits;
        let full = Full {
            max: limits.held_bytes_max,
        };
        let mut table = inner.connections.table();
        let entry = table.open.get_mut(&inner.id).ok_or(full)?;
        let held = entry.held_bytes.saturating_add(bytes);
        if held > limits.held_bytes_max {
            return Err(full);
        }
        entry.held_bytes = held;
        self.bytes = self.bytes.saturating_add(bytes);
        table.held_bytes = table.held_bytes.saturating_add(bytes);
        while table.held_bytes > limits.held_bytes_total_max {
            let greediest = table.greediest().ok_or(full)?;
            table.close(greediest);
            tracing::debug!("a connection with many unread bytes was closed");
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let inner = &self.connection.0;
        let mut table = inner.connections.table();
        // A closed connection's bytes were taken off when it was closed.
        if let Some(entry) = table.open.get_mut(&inner.id) {
            entry.held_bytes = entry.held_bytes.saturating_sub(self.bytes);
            table.held_bytes = table.held_bytes.saturating_sub(self.bytes);
        }
    }
}

/// An answer, and whether it waits for the peer.
#[derive(Debug)]
pub(super) struct Unread {
    connection: Connection,
    id: Option<u64>,
}

impl Unread {
    /// A part was taken, and the next one is to be.
    pub(super) fn since_now(&mut self) {
        let now = self.connection.clock().monotonic();
        let mut id = self.id;
        self.connection.with(|entry| {
            entry.moved_at = now;
            let own =
                id.unwrap_or_else(|| entry.unread.keys().next_back().map_or(0, |last| last + 1));
            entry.unread.insert(own, now);
            id = Some(own);
        });
        self.id = id;
    }

    /// There is nothing to read yet, or no more.
    pub(super) fn nothing(&mut self) {
        if let Some(id) = self.id.take() {
            self.connection.with(|entry| entry.unread.remove(&id));
        }
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        self.nothing();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use floe_env::SystemClock;

    use super::*;

    fn connections(limits: ServerLimits) -> Arc<Connections> {
        Connections::new(limits, Arc::new(SystemClock::new()))
    }

    fn is_closed(opened: &Opened) -> bool {
        opened.0.0.closed.is_cancelled()
    }

    async fn pass(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_least_useful_makes_room() {
        let connections = connections(ServerLimits {
            connections_max: 5,
            ..ServerLimits::default()
        });
        let mut opened = Vec::new();
        for _ in 0..5 {
            opened.push(connections.open().unwrap());
            pass(1).await;
        }
        // 0 works, 1 follows, 2 had an answer long ago, 3 only now, 4 never.
        let working = opened[0].0.working();
        let _following = opened[1].0.streaming();
        for index in [1, 2, 3] {
            opened[index].0.answered();
            pass(1).await;
        }
        let mut newcomers = Vec::new();
        for victim in [4, 2, 3, 1] {
            assert!(!is_closed(&opened[victim]));
            let newcomer = connections.open().unwrap();
            newcomers.push((newcomer.0.working(), newcomer));
            assert!(is_closed(&opened[victim]), "{victim}");
        }
        assert!(connections.open().is_none(), "all are at work");
        drop(working);
        assert!(connections.open().is_some());
        assert!(is_closed(&opened[0]));
    }

    #[tokio::test(start_paused = true)]
    async fn who_holds_most_pays() {
        let connections = connections(ServerLimits {
            held_bytes_max: 100,
            held_bytes_total_max: 200,
            ..ServerLimits::default()
        });
        let opened: Vec<_> = (0..4).map(|_| connections.open().unwrap()).collect();
        let mut held: Vec<_> = opened.iter().map(|opened| opened.0.hold()).collect();
        held[0].add(100).unwrap();
        assert_eq!(held[0].add(1), Err(Full { max: 100 }));
        assert_eq!(opened[0].0.hold().add(1), Err(Full { max: 100 }));
        held[1].add(90).unwrap();
        held[2].add(10).unwrap();
        held[3].add(10).unwrap();
        let closed: Vec<_> = opened.iter().map(is_closed).collect();
        assert_eq!(closed, [true, false, false, false]);
        assert!(held[0].add(1).is_err(), "it is closed");
        assert_eq!(connections.table().held_bytes, 110);
        drop(held);
        assert_eq!(connections.table().held_bytes, 0);
        let mut again = opened[1].0.hold();
        again.add(100).unwrap();
        drop(opened);
        assert_eq!(connections.table().held_bytes, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_read_on_is_overdue() {
        let connections = connections(ServerLimits::default());
        let opened = connections.open().unwrap();
        assert_eq!(opened.0.overdue(), None);
        pass(10).await;
        assert_eq!(opened.0.overdue(), Some(Overdue::Silent));
        opened.0.asked();
        assert_eq!(opened.0.overdue(), None);
        let mut slow = opened.0.unread();
        let mut quiet = opened.0.unread();
        quiet.nothing();
        for _ in 0..10 {
            pass(59).await;
            assert_eq!(opened.0.overdue(), None);
            slow.since_now();
        }
        pass(60).await;
        assert_eq!(opened.0.overdue(), Some(Overdue::Unread));
        drop(slow);
        assert_eq!(opened.0.overdue(), None);
    }
}
