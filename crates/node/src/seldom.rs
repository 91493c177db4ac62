//! Saying something once in a while, however often it happens.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use floe_env::Moment;

/// Between two lines of one kind in the log.
pub(crate) const GAP: Duration = Duration::from_mins(1);

/// Lets one through at once, and then one per [`GAP`].
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<Option<Moment>>);

impl Seldom {
    /// Whether it is time to say it.
    pub(crate) fn is_due(&self, now: Moment) -> bool {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = next.is_none_or(|next| now >= next);
        if is_due {
            *next = Some(now.after(GAP));
        }
        is_due
    }

    /// Lets the next one through whenever it comes.
    pub(crate) fn reset(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_passes_at_once_and_others_after_the_gap() {
        let at = |seconds| Moment::new(Duration::from_secs(seconds));
        let seldom = Seldom::default();
        let due = |seconds| seldom.is_due(at(seconds));
        assert_eq!(
            [5, 6, 64, 65, 66].map(due),
            [true, false, false, true, false]
        );
        seldom.reset();
        assert!(seldom.is_due(at(67)));
    }
}
