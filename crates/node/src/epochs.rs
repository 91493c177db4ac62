//! The calls that end and begin epochs, which some node has to make (`docs/spec/node.md` §6.1).
//!
//! Every node that sends transactions makes them, each a random while after the time has come on the
//! chain, so that mostly one does and the others find it done.

use std::sync::Arc;
use std::time::Duration;

use floe_core::Epoch;
use floe_env::{Rng, UnixMillis};
use tokio_util::sync::CancellationToken;

use crate::chain::{ChainError, EpochCall, EpochStep};
use crate::seldom::Seldom;
use crate::shared::Shared;

/// Until it is looked again while nodes have to report their shards.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Pauses after a call that failed.
const RETRY_MIN: Duration = Duration::from_secs(5);
const RETRY_MAX: Duration = Duration::from_mins(5);

/// When to look, and what to do then.
#[derive(Debug)]
struct Schedule {
    /// The next look at the chain.
    wake: UnixMillis,
    /// What comes next in which epoch, and from when on this node does it.
    planned: Option<(Epoch, EpochCall, UnixMillis)>,
    /// Failures of that in a row.
    failures: u32,
}

impl Schedule {
    /// Looks at once.
    const fn new() -> Self {
        Self {
            wake: UnixMillis(0),
            planned: None,
            failures: 0,
        }
    }

    /// What is to be done now that the chain is at `step`, if anything.
    fn plan(&mut self, now: UnixMillis, step: &EpochStep, rng: &dyn Rng) -> Option<EpochCall> {
        let Some(call) = step.call else {
            self.planned = None;
            self.wake = later(now, LOOK_AGAIN.min(step.spread));
            return None;
        };
        let due = match self.planned {
            Some((epoch, planned, due)) if (epoch, planned) == (step.epoch, call) => due,
            _ => {
                let spread_ms = u64::try_from(step.spread.as_millis()).unwrap_or(u64::MAX);
                let wait = Duration::from_millis(rng.u64() % spread_ms.max(1));
                let due = later(step.from.max(now), wait);
                self.planned = Some((step.epoch, call, due));
                self.failures = 0;
                due
            }
        };
        self.wake = due;
        (due <= now).then_some(call)
    }

    /// The call was made, or failed: whether it is done is seen at the next look.
    fn made(&mut self, now: UnixMillis, is_done: bool) {
        let pause = RETRY_MIN.saturating_mul(1 << self.failures.min(10));
        let pause = if is_done { LOOK_AGAIN } else { pause };
        self.failures += u32::from(!is_done);
        let next = later(now, pause.min(RETRY_MAX));
        // What comes next is looked at right away; the same is not done again right away.
        self.wake = if is_done { now } else { next };
        if let Some((_, _, due)) = &mut self.planned {
            *due = next;
        }
    }
}

fn later(time: UnixMillis, by: Duration) -> UnixMillis {
    let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
    UnixMillis(time.0.saturating_add(by))
}

/// Makes the calls until shutdown.
pub(crate) async fn run(shared: Arc<Shared>, shutdown: CancellationToken) {
    if !shared.options.drive_epochs {
        return;
    }
    let mut blocks = shared.next_event.subscribe();
    let mut schedule = Schedule::new();
    let trouble = Seldom::default();
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            moved = blocks.changed() => if moved.is_err() { return },
        }
        let now = shared.chain_time();
        if now < schedule.wake {
            continue;
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            looked = look(&shared, &mut schedule, now) => match looked {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let is_stubborn = schedule.failures > 2;
                    schedule.made(now, false);
                    if is_stubborn && trouble.is_due(shared.env.clock.monotonic()) {
                        tracing::warn!(%error, "the epoch can't be turned: trying on");
                    } else {
                        // Mostly another node was first.
                        tracing::debug!(%error, "a call for the epoch failed");
                    }
                }
            }
        }
    }
}

/// Looks at the chain, and makes the call whose time has come. `false` if this node makes none.
async fn look(
    shared: &Shared,
    schedule: &mut Schedule,
    now: UnixMillis,
) -> Result<bool, ChainError> {
    let step = shared.chain.epoch_step().await?;
    let Some(call) = schedule.plan(now, &step, &*shared.env.rng) else {
        return Ok(true);
    };
    let Some(made) = shared.chain.turn_epoch(call) else {
        return Ok(false);
    };
    made.await?;
    schedule.made(now, true);
    match call {
        EpochCall::VotingEnd => {
            tracing::info!(epoch = %step.epoch, "had the next committee selected");
        }
        EpochCall::EpochChange => tracing::info!(epoch = %step.epoch, "ended the epoch"),
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use floe_env::testing::SeededRng;

    use super::*;

    fn step(epoch: u32, call: Option<EpochCall>, from: u64) -> EpochStep {
        EpochStep {
            epoch: Epoch(epoch),
            call,
            from: UnixMillis(from),
            spread: Duration::from_secs(10),
        }
    }

    #[test]
    fn a_call_is_made_once_its_time_has_come_and_a_random_while_has_passed() {
        let rng = SeededRng::new(1);
        let mut schedule = Schedule::new();
        let voting = step(3, Some(EpochCall::VotingEnd), 100_000);
        assert_eq!(schedule.plan(UnixMillis(1_000), &voting, &rng), None);
        let due = schedule.wake;
        assert!((100_000..110_000).contains(&due.0), "{due:?}");
        assert_eq!(schedule.plan(UnixMillis(due.0 - 1), &voting, &rng), None);
        assert_eq!(schedule.wake, due, "looking does not put it off");
        assert_eq!(
            schedule.plan(due, &voting, &rng),
            Some(EpochCall::VotingEnd)
        );
        schedule.made(due, true);
        // Somebody has to report shards first.
        assert_eq!(schedule.plan(schedule.wake, &step(4, None, 0), &rng), None);
    }

    #[test]
    fn failures_are_repeated_ever_less_often() {
        let rng = SeededRng::new(2);
        let mut schedule = Schedule::new();
        let change = step(3, Some(EpochCall::EpochChange), 0);
        let mut now = UnixMillis(1_000_000);
        schedule.plan(now, &change, &rng);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            now = schedule.wake;
            assert_eq!(
                schedule.plan(now, &change, &rng),
                Some(EpochCall::EpochChange)
            );
            schedule.made(now, false);
            pauses.push((schedule.wake.0 - now.0) / 1000);
        }
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    }
}
