//! Time that does what a test says.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::sleep_from;
use crate::{BoxFuture, Clock, Moment, UnixMillis};

/// A clock that stands still until [`advance`](Self::advance)d. Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    wall_at_origin: UnixMillis,
    now: Arc<watch::Sender<Moment>>,
}

impl ManualClock {
    /// A clock at its origin, where the calendar says `wall`.
    #[must_use]
    pub fn new(wall: UnixMillis) -> Self {
        let (now, _) = watch::channel(Moment::new(Duration::ZERO));
        Self {
            wall_at_origin: wall,
            now: Arc::new(now),
        }
    }

    /// Lets `duration` pass, and wakes whoever slept until then.
    pub fn advance(&self, duration: Duration) {
        self.now.send_modify(|now| *now = now.after(duration));
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> UnixMillis {
        later(self.wall_at_origin, self.monotonic())
    }

    fn monotonic(&self) -> Moment {
        *self.now.borrow()
    }

    fn sleep_until(&self, deadline: Moment) -> BoxFuture<'static, ()> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // A clock that no longer exists will never get there.
            if now.wait_for(|now| *now >= deadline).await.is_err() {
                std::future::pending().await
            }
        })
    }
}

/// A clock that follows the time of the tokio runtime it is used in, for runtimes whose time is
/// virtual: paused, or driven by a network simulator. Unlike [`SystemClock`](crate::SystemClock)'s,
/// its calendar is virtual as well.
#[derive(Debug, Clone)]
pub struct RuntimeClock {
    wall_at_origin: UnixMillis,
    origin: tokio::time::Instant,
}

impl RuntimeClock {
    /// A clock whose origin is now, where the calendar says `wall`.
    #[must_use]
    pub fn new(wall: UnixMillis) -> Self {
        Self {
            wall_at_origin: wall,
            origin: tokio::time::Instant::now(),
        }
    }
}

impl Clock for RuntimeClock {
    fn wall(&self) -> UnixMillis {
        later(self.wall_at_origin, self.monotonic())
    }

    fn monotonic(&self) -> Moment {
        Moment::new(self.origin.elapsed())
    }

    fn sleep_until(&self, deadline: Moment) -> BoxFuture<'static, ()> {
        sleep_from(self.origin, deadline)
    }
}

fn later(origin: UnixMillis, now: Moment) -> UnixMillis {
    let passed = u64::try_from(now.since_origin().as_millis()).unwrap_or(u64::MAX);
    UnixMillis(origin.0.saturating_add(passed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Elapsed;

    #[tokio::test]
    async fn sleepers_wake_when_time_is_advanced_past_them() {
        let clock = ManualClock::new(UnixMillis(1_000));
        let shared: &dyn Clock = &clock;
        let short = tokio::spawn(shared.sleep(Duration::from_secs(1)));
        let long = tokio::spawn(shared.sleep(Duration::from_secs(3)));
        clock.advance(Duration::from_secs(2));
        short.await.unwrap();
        assert!(!long.is_finished());
        assert_eq!(clock.wall(), UnixMillis(3_000));
        clock.advance(Duration::from_secs(1));
        long.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_runtime_clock_follows_virtual_time() {
        let clock = RuntimeClock::new(UnixMillis(5));
        let shared: &dyn Clock = &clock;
        shared.sleep(Duration::from_hours(48)).await;
        assert_eq!(clock.monotonic(), Moment::new(Duration::from_hours(48)));
        assert_eq!(clock.wall(), UnixMillis(5 + 48 * 3_600_000));
    }

    #[tokio::test(start_paused = true)]
    async fn timeouts_favour_what_is_ready() {
        let clock = RuntimeClock::new(UnixMillis(0));
        let clock: &dyn Clock = &clock;
        let limit = Duration::from_secs(1);
        assert_eq!(clock.timeout(limit, clock.sleep(limit)).await, Ok(()));
        let never = std::future::pending::<()>();
        assert_eq!(clock.timeout(limit, never).await, Err(Elapsed { limit }));
        assert_eq!(clock.timeout(Duration::ZERO, async { 7 }).await, Ok(7));
        clock
            .timeout(Duration::MAX, clock.sleep(limit))
            .await
            .unwrap();
    }
}
