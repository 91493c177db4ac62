//! Running what machines ask for: many requests at once in one task, each under a ticket.

use std::{collections::BTreeMap, future::pending, sync::Arc};

use floe_env::{BoxFuture, Clock};
use floe_node_client::Moved;
use floe_protocol::{Ticket, Timestamp};
use futures::{
    StreamExt as _,
    future::{AbortHandle, Abortable},
    stream::FuturesUnordered,
};

/// Requests under way. Dropped, all of them end.
pub(crate) struct Requests<T> {
    clock: Arc<dyn Clock>,
    running: FuturesUnordered<Abortable<BoxFuture<'static, (Ticket, T)>>>,
    watched: BTreeMap<Ticket, Watched>,
}

struct Watched {
    abort: AbortHandle,
    moved: Moved,
    seen: u64,
}

/// Why [`Requests::next`] returned.
pub(crate) enum Next<T> {
    /// A request is over.
    Done(Ticket, T),
    /// The deadline has come; bytes of these requests have moved since the last time.
    Deadline(Vec<Ticket>),
}

impl<T> Requests<T> {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            running: FuturesUnordered::new(),
            watched: BTreeMap::new(),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        now(&*self.clock)
    }

    /// Starts a request, which is to tell `moved` about its bytes.
    pub(crate) fn start(
        &mut self,
        ticket: Ticket,
        moved: Moved,
        request: impl Future<Output = T> + Send + 'static,
    ) {
        let request: BoxFuture<'static, _> = Box::pin(async move { (ticket, request.await) });
        let (abort, registration) = AbortHandle::new_pair();
        self.running.push(Abortable::new(request, registration));
        let seen = moved.get();
        self.watched.insert(ticket, Watched { abort, moved, seen });
    }

    /// Ends a request.
    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        if let Some(watched) = self.watched.remove(&ticket) {
            watched.abort.abort();
        }
    }

    /// Waits until a request is over, but no longer than until `deadline`.
    pub(crate) async fn next(&mut self, deadline: Timestamp) -> Next<T> {
        let moment = floe_env::Moment::new(deadline.since_origin());
        let mut timer = self.clock.sleep_until(moment);
        loop {
            let running = &mut self.running;
            let over = async {
                match running.next().await {
                    Some(over) => over,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                over = over => if let Ok((ticket, outcome)) = over {
                    self.watched.remove(&ticket);
                    return Next::Done(ticket, outcome);
                },
                () = &mut timer => return Next::Deadline(self.alive()),
            }
        }
    }

    fn alive(&mut self) -> Vec<Ticket> {
        let moved = self.watched.iter_mut().filter_map(|(ticket, watched)| {
            let seen = watched.moved.get();
            (std::mem::replace(&mut watched.seen, seen) != seen).then_some(*ticket)
        });
        moved.collect()
    }
}

/// The time as machines take it.
pub(crate) fn now(clock: &dyn Clock) -> Timestamp {
    Timestamp::new(clock.monotonic().since_origin())
}
