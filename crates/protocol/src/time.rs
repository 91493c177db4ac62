//! Time, jitter and backoff.

use std::time::Duration;

/// A point in time, counted from any origin; only comparable with others of the same origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(Duration);

impl Timestamp {
    /// The time `since_origin` after the origin.
    pub const fn new(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// Time since the origin.
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// The time `duration` later.
    #[must_use]
    pub const fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// What has passed since `earlier`; nothing if that is later.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// A sequence that looks random and follows from its seed (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Brings items in random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.next() % (last as u64 + 1)).unwrap_or_default();
            items.swap(last, other);
        }
    }

    /// A pause before attempt number `attempt`, the first of which is 1: doubles from `base` up to
    /// `max`, and is then cut by up to half.
    pub(crate) fn backoff(&mut self, base: Duration, max: Duration, attempt: u32) -> Duration {
        let doubled = base.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let pause = doubled.min(max);
        let half = u64::try_from(pause.as_micros() / 2).unwrap_or(u64::MAX);
        pause - Duration::from_micros(self.next() % (half + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let mut jitter = Jitter::new(1);
        let (base, max) = (Duration::from_millis(100), Duration::from_secs(1));
        for attempt in 1..40 {
            let full = (base * (1 << (attempt - 1).min(10))).min(max);
            let pause = jitter.backoff(base, max, attempt);
            assert!(pause <= full && pause >= full / 2, "{attempt} {pause:?}");
        }
    }

    #[test]
    fn shuffling_keeps_all_items() {
        let mut items: Vec<_> = (0..50).collect();
        Jitter::new(3).shuffle(&mut items);
        assert_ne!(items, (0..50).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..50).collect::<Vec<_>>());
    }
}
