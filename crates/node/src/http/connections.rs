//! Places for connections: a newcomer gets that of whoever was of no use for longest.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use floe_env::{Clock, Moment};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How often it is looked for somebody to make room while all are at work.
const PAUSE: Duration = Duration::from_millis(50);
/// A connection with a request in progress on which nothing moved for so long may have to go, too.
const STALLED: Duration = Duration::from_secs(15);

/// The places of a server.
#[derive(Debug)]
pub(super) struct Connections {
    max: usize,
    clock: Arc<dyn Clock>,
    open: Mutex<Open>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    by_id: BTreeMap<u64, Arc<Activity>>,
}

/// What happens on a connection.
#[derive(Debug)]
pub(super) struct Activity {
    clock: Arc<dyn Clock>,
    /// When something moved last, milliseconds on the clock.
    moved_at_ms: AtomicU64,
    /// Bytes that moved, in either direction.
    moved_bytes: AtomicU64,
    /// Requests in progress.
    requests: AtomicUsize,
    /// Fires when it has to make room.
    closing: CancellationToken,
}

/// A place; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    id: u64,
    pub(super) activity: Arc<Activity>,
}

/// A request in progress.
#[derive(Debug)]
pub(super) struct InProgress(Arc<Activity>);

impl Connections {
    pub(super) fn new(max: usize, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            max,
            clock,
            open: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Waits for a place, for which somebody else may have to go. For one caller at a time.
    pub(super) async fn place(self: &Arc<Self>) -> Place {
        loop {
            if let Some(place) = self.free_place() {
                return place;
            }
            self.make_room();
            tokio::select! {
                biased;
                () = self.freed.notified() => {}
                () = self.clock.sleep(PAUSE) => {}
            }
        }
    }

    fn free_place(self: &Arc<Self>) -> Option<Place> {
        let mut open = self.open();
        if open.by_id.len() >= self.max {
            return None;
        }
        let id = open.next_id;
        open.next_id += 1;
        let activity = Arc::new(Activity {
            clock: Arc::clone(&self.clock),
            moved_at_ms: AtomicU64::new(millis(self.clock.monotonic())),
            moved_bytes: AtomicU64::new(0),
            requests: AtomicUsize::new(0),
            closing: CancellationToken::new(),
        });
        open.by_id.insert(id, Arc::clone(&activity));
        let connections = Arc::clone(self);
        Some(Place {
            connections,
            id,
            activity,
        })
    }

    /// Closes the connection that was idle for longest, unless one is closing already.
    fn make_room(&self) {
        let open = self.open();
        if open.by_id.values().any(|one| one.closing.is_cancelled()) {
            return;
        }
        let now_ms = millis(self.clock.monotonic());
        let is_idle = |one: &&Arc<Activity>| {
            let silent_ms = now_ms.saturating_sub(one.moved_at_ms.load(Ordering::Relaxed));
            let is_stalled = u128::from(silent_ms) >= STALLED.as_millis();
            one.requests.load(Ordering::Relaxed) == 0 || is_stalled
        };
        let idle = open.by_id.values().filter(is_idle);
        let longest = idle.min_by_key(|one| one.moved_at_ms.load(Ordering::Relaxed));
        if let Some(longest) = longest {
            longest.closing.cancel();
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().by_id.remove(&self.id);
        self.connections.freed.notify_one();
    }
}

impl Activity {
    /// Notes that bytes have moved.
    pub(super) fn moved(&self, bytes: usize) {
        self.moved_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let now_ms = millis(self.clock.monotonic());
        self.moved_at_ms.store(now_ms, Ordering::Relaxed);
    }

    pub(super) fn moved_bytes(&self) -> u64 {
        self.moved_bytes.load(Ordering::Relaxed)
    }

    /// Notes that a request is in progress, for as long as what it returns lives.
    pub(super) fn begin(self: &Arc<Self>) -> InProgress {
        self.requests.fetch_add(1, Ordering::Relaxed);
        InProgress(Arc::clone(self))
    }

    /// Yields when the connection has to make room.
    pub(super) async fn closing(&self) {
        self.closing.cancelled().await;
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

fn millis(moment: Moment) -> u64 {
    u64::try_from(moment.since_origin().as_millis()).unwrap_or(u64::MAX)
}
