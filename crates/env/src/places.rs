//! The places of a server: how many connections it has, which of them have to end, and which one
//! makes way for a newcomer.
//!
//! Peers may be slow, silent or hostile. A server takes connections from its [`Places`], runs what
//! serves each of them in [`Place::serve`], and tells its [`Activity`] what the peer asks for and
//! gets. In return
//!
//! - a connection ends once nothing came at first, no request began, nothing moves, or an answer is
//!   left unread, each for longer than the [`Limits`] have it, whatever else moves on it;
//! - there are never more connections than places. Where all are taken, one makes way for the
//!   newcomer, unless a request is being worked on on each of them. Who has an answer that goes on by
//!   itself makes way last. Of the others, those who got an answer already and those who never did
//!   are two groups: the larger one pays, with whoever was of no use for longest. So silent peers
//!   don't push out those who are served, and newcomers don't push out each other before they could
//!   ask.
//!
//! What to do is decided in `usage`, apart from sockets and clocks.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::Response;
use http_body::Body;
use tokio::sync::Notify;
use tokio_util::{
    io::{InspectReader, InspectWriter},
    sync::CancellationToken,
};

use self::usage::Usage;
use crate::{Clock, Listener, Stream};

mod answer;
mod usage;

pub use self::answer::Answer;

/// How long to wait when the system accepts nothing, and how often to look for somebody to make way
/// while all are at work.
const PAUSE: Duration = Duration::from_millis(50);

/// What connections may do. What is not limited is [`Duration::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most connections at once.
    pub connections_max: usize,
    /// How long the first byte may take.
    pub first_byte_max: Duration,
    /// How long it may take until the first request begins.
    pub first_request_max: Duration,
    /// How long nothing need move, in either direction.
    pub idle_max: Duration,
    /// How long the peer may leave the next part of an answer unread.
    pub unread_max: Duration,
    /// How long nothing need move while a request is worked on until that does not keep the place any
    /// more: the peer may be what it waits for.
    pub stalled_max: Duration,
}

/// The places of a server.
#[derive(Debug)]
pub struct Places {
    limits: Limits,
    clock: Arc<dyn Clock>,
    open: Mutex<Open>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    by_id: BTreeMap<u64, Activity>,
}

/// A place; free again when dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    activity: Activity,
}

/// What happens on a connection. Clones are of the same one.
#[derive(Debug, Clone)]
pub struct Activity(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: u64,
    clock: Arc<dyn Clock>,
    usage: Mutex<Usage>,
    closing: CancellationToken,
}

/// Something that goes on on a connection, for as long as the value lives.
#[derive(Debug)]
pub struct Busy {
    activity: Activity,
    end: fn(&mut Usage),
}

impl Places {
    /// The places that `limits` allow, all of them free.
    #[must_use]
    pub fn new(limits: Limits, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            limits,
            clock,
            open: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Waits for the next connection, and for a place, for which another connection may have to make
    /// way. For one caller at a time. Dropping the future may hang up on a newcomer.
    pub async fn accept(self: &Arc<Self>, listener: &mut Listener) -> (Stream, SocketAddr, Place) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let place = self.place().await;
                    return (place.activity.watch(stream), peer, place);
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    self.clock.sleep(PAUSE).await;
                }
            }
        }
    }

    /// Waits for a place, as [`Places::accept`] does.
    pub async fn place(self: &Arc<Self>) -> Place {
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
        if open.by_id.len() >= self.limits.connections_max {
            return None;
        }
        let id = open.next_id;
        open.next_id += 1;
        let activity = Activity(Arc::new(Inner {
            id,
            clock: Arc::clone(&self.clock),
            usage: Mutex::new(Usage::new(self.clock.monotonic())),
            closing: CancellationToken::new(),
        }));
        open.by_id.insert(id, activity.clone());
        let places = Arc::clone(self);
        Some(Place { places, activity })
    }

    /// Has a connection make way, unless one does already.
    fn make_room(&self) {
        let open = self.open();
        if open.by_id.values().any(Activity::is_closing) {
            return;
        }
        let (now, stalled_max) = (self.clock.monotonic(), self.limits.stalled_max);
        let may_go = open.by_id.iter().filter_map(|(id, activity)| {
            let rest = activity.usage().rest(now, stalled_max)?;
            Some((*id, rest))
        });
        let may_go: Vec<_> = may_go.collect();
        let id = usage::makes_way(&may_go);
        if let Some(activity) = id.and_then(|id| open.by_id.get(&id)) {
            activity.close();
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// What happens on the connection that has the place.
    #[must_use]
    pub const fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Runs what serves the connection, until it is done or the connection has to end, and frees the
    /// place.
    pub async fn serve(self, serving: impl Future<Output = ()>) {
        tokio::select! {
            biased;
            () = serving => {}
            () = self.over() => {}
        }
    }

    /// Completes when the connection has to end.
    async fn over(&self) {
        let (limits, clock) = (&self.places.limits, &*self.places.clock);
        loop {
            let (due_at, why) = self.activity.usage().due(limits);
            let now = clock.monotonic();
            if now >= due_at {
                tracing::debug!(%why, "connection closed");
                return;
            }
            // Whatever comes to be due sooner is an answer that was taken up after now.
            let look_at = due_at.min(now.after(limits.unread_max));
            tokio::select! {
                biased;
                () = self.activity.0.closing.cancelled() => {
                    tracing::debug!("connection closed for others");
                    return;
                }
                () = clock.sleep_until(look_at) => {}
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.open().by_id.remove(&self.activity.id());
        self.places.freed.notify_one();
    }
}

impl Activity {
    /// Number of the connection, which no other one of its [`Places`] has.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// The clock of the server.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Has the connection end.
    pub fn close(&self) {
        self.0.closing.cancel();
    }

    fn is_closing(&self) -> bool {
        self.0.closing.is_cancelled()
    }

    /// The stream, whose bytes are seen to move.
    fn watch(&self, stream: Stream) -> Stream {
        let (read, written) = (self.clone(), self.clone());
        let stream = InspectReader::new(stream, move |bytes: &[u8]| read.moved(bytes));
        let stream = InspectWriter::new(stream, move |bytes: &[u8]| written.moved(bytes));
        Stream::new(stream)
    }

    fn moved(&self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let now = self.clock().monotonic();
            self.usage().moved(now);
        }
    }

    /// Runs what answers a request, and returns the answer in a body that sees whether it is read.
    ///
    /// # Errors
    /// As `answering` does.
    pub async fn answer<B: Body, E>(
        &self,
        answering: impl Future<Output = Result<Response<B>, E>>,
    ) -> Result<Response<Answer<B>>, E> {
        self.usage().asked();
        let answer = answering.await?;
        let now = self.clock().monotonic();
        self.usage().answered(now);
        Ok(answer.map(|body| Answer::new(body, self)))
    }

    /// While the result lives, a request is worked on: the connection keeps its place.
    #[must_use]
    pub fn working(&self) -> Busy {
        self.usage().working += 1;
        Busy {
            activity: self.clone(),
            end: |usage| usage.working -= 1,
        }
    }

    /// While the result lives, an answer goes on by itself: others lose their places first.
    #[must_use]
    pub fn streaming(&self) -> Busy {
        self.usage().streaming += 1;
        Busy {
            activity: self.clone(),
            end: |usage| usage.streaming -= 1,
        }
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        let usage = self.0.usage.lock();
        usage.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        (self.end)(&mut self.activity.usage());
    }
}

#[cfg(test)]
mod tests;
