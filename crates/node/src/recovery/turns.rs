//! Whose turn it is to be recovered.

use std::collections::BTreeMap;
use std::time::Duration;

use floe_core::BlobId;
use floe_env::Moment;

/// Blobs whose turn is kept track of at once; the others are in the store.
pub(super) const TURNS_MAX: usize = 1024;

/// When a blob's turn is.
#[derive(Debug, Clone, Copy)]
struct Turn {
    due: Moment,
    /// How often it has failed.
    failures: u32,
    is_running: bool,
}

/// The turns of blobs of which something is missing.
#[derive(Debug, Default)]
pub(super) struct Turns(BTreeMap<BlobId, Turn>);

impl Turns {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Takes note of a blob, if it is new. Where there is no room, one that has failed makes some: the
    /// store will name it again. `false` if none has.
    pub(super) fn add(&mut self, blob_id: BlobId, due: Moment) -> bool {
        if self.0.contains_key(&blob_id) {
            return true;
        }
        if self.0.len() >= TURNS_MAX {
            let failed = self.0.iter().filter(|(_, turn)| turn.failures > 0);
            let waiting = failed.filter(|(_, turn)| !turn.is_running);
            let Some((last, _)) = waiting.max_by_key(|(_, turn)| turn.due) else {
                return false;
            };
            let last = *last;
            self.0.remove(&last);
        }
        let turn = Turn {
            due,
            failures: 0,
            is_running: false,
        };
        self.0.insert(blob_id, turn);
        true
    }

    /// The blob whose turn it is; it is running from here on.
    pub(super) fn next(&mut self, now: Moment) -> Option<BlobId> {
        let due = self.0.iter_mut();
        let due = due.filter(|(_, turn)| !turn.is_running && turn.due <= now);
        let (blob_id, turn) = due.min_by_key(|(_, turn)| turn.due)?;
        turn.is_running = true;
        Some(*blob_id)
    }

    /// When the next turn is; never, if there is none.
    pub(super) fn next_at(&self) -> Moment {
        let waiting = self.0.values().filter(|turn| !turn.is_running);
        let never = Moment::new(Duration::MAX);
        waiting.map(|turn| turn.due).min().unwrap_or(never)
    }

    /// It need not come again.
    pub(super) fn end(&mut self, blob_id: &BlobId) {
        self.0.remove(blob_id);
    }

    /// It failed, and comes again after a pause that depends on how often it has.
    pub(super) fn again(
        &mut self,
        blob_id: &BlobId,
        now: Moment,
        pause: impl FnOnce(u32) -> Duration,
    ) {
        if let Some(turn) = self.0.get_mut(blob_id) {
            turn.failures += 1;
            turn.is_running = false;
            turn.due = now.after(pause(turn.failures));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(number: usize) -> BlobId {
        let mut id = [0; 32];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        BlobId(id)
    }

    const fn at(seconds: u64) -> Moment {
        Moment::new(Duration::from_secs(seconds))
    }

    #[test]
    fn who_has_waited_longest_comes_first() {
        let mut turns = Turns::default();
        assert!(turns.add(blob(1), at(5)) && turns.add(blob(2), at(3)));
        assert!(turns.add(blob(2), at(0)), "it keeps its turn");
        assert_eq!(turns.next(at(2)), None);
        assert_eq!(turns.next_at(), at(3));
        assert_eq!(turns.next(at(9)), Some(blob(2)));
        assert_eq!(turns.next(at(9)), Some(blob(1)));
        assert_eq!(turns.next(at(9)), None);
        turns.again(&blob(1), at(9), |failures| {
            Duration::from_secs(failures.into())
        });
        turns.end(&blob(2));
        assert_eq!((turns.next_at(), turns.len()), (at(10), 1));
    }

    /// As many as there is room for kept all others from being recovered, for good.
    #[test]
    fn those_that_fail_make_room_for_others() {
        let mut turns = Turns::default();
        for number in 0..TURNS_MAX {
            assert!(turns.add(blob(number), at(0)));
        }
        assert!(!turns.add(blob(TURNS_MAX), at(0)), "all may succeed");
        while let Some(blob_id) = turns.next(at(1)) {
            turns.again(&blob_id, at(1), |_| Duration::from_secs(60));
        }
        assert!(turns.add(blob(TURNS_MAX), at(2)));
        assert_eq!(
            (turns.next(at(100)), turns.len()),
            (Some(blob(TURNS_MAX)), TURNS_MAX)
        );
        while turns.next(at(100)).is_some() {}
        assert!(!turns.add(blob(TURNS_MAX + 1), at(0)), "all are running");
    }
}
