//! Time: what the calendar says, what has passed, and waiting.

use std::fmt;
use std::pin::pin;
use std::time::{Duration, UNIX_EPOCH};

use crate::BoxFuture;

/// Milliseconds since 1970-01-01 00:00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

/// A point on a clock's monotonic axis; only comparable with others of the same clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The moment that lies `since_origin` after the clock's origin.
    #[must_use]
    pub const fn new(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// Time passed since the clock's origin.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// The moment `duration` later; the end of time when that overflows.
    #[must_use]
    pub const fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// Time from `earlier` to here; zero when `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// The deadline passed before the future was ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not done after {limit:?}")]
pub struct Elapsed {
    /// How long was waited.
    pub limit: Duration,
}

/// The time of a process. Everything that waits or measures does it through the one clock it was
/// given, so that a simulation can run on virtual time.
///
/// Deadlines of the protocol derive from checkpoint time, not from here.
pub trait Clock: fmt::Debug + Send + Sync {
    /// What the calendar says. May jump, in both directions.
    fn wall(&self) -> UnixMillis;

    /// What has passed since the clock's origin. Never goes back.
    fn monotonic(&self) -> Moment;

    /// Completes once `deadline` has been reached; at once when it lies in the past.
    /// Cancellation-safe.
    fn sleep_until(&self, deadline: Moment) -> BoxFuture<'static, ()>;
}

impl dyn Clock + '_ {
    /// Completes after `duration`. Cancellation-safe.
    pub fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sleep_until(self.monotonic().after(duration))
    }

    /// Runs `future` for at most `limit`; what is ready at the deadline counts as in time.
    ///
    /// # Errors
    /// [`Elapsed`] when it was not done by then; the future is dropped.
    pub async fn timeout<F: Future>(
        &self,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        let expiry = self.sleep(limit);
        tokio::select! {
            biased;
            output = pin!(future) => Ok(output),
            () = expiry => Err(Elapsed { limit }),
        }
    }
}

/// The clock of the machine. Sleeping needs a tokio runtime with its time driver on.
#[derive(Debug, Clone)]
pub struct SystemClock {
    origin: tokio::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic origin is now.
    #[must_use]
    pub fn new() -> Self {
        Self {
            origin: tokio::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that all others come from"
    )]
    fn wall(&self) -> UnixMillis {
        let since_epoch = std::time::SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since_epoch.unwrap_or(Duration::ZERO).as_millis();
        UnixMillis(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    fn monotonic(&self) -> Moment {
        Moment::new(self.origin.elapsed())
    }

    fn sleep_until(&self, deadline: Moment) -> BoxFuture<'static, ()> {
        sleep_from(self.origin, deadline)
    }
}

/// Sleeps on the runtime's timer until `deadline`, counted from `origin`.
pub(crate) fn sleep_from(origin: tokio::time::Instant, deadline: Moment) -> BoxFuture<'static, ()> {
    match origin.checked_add(deadline.since_origin()) {
        Some(instant) => Box::pin(tokio::time::sleep_until(instant)),
        None => Box::pin(std::future::pending()),
    }
}
