//! The content of one file: as programs see it, as it is on the medium, and what lies between.

use std::iter;
use std::ops::Range;

use crate::Rng as _;
use crate::testing::SeededRng;

/// The unit that a disk writes as a whole, in bytes: what a power cut can't tear.
pub const SECTOR_BYTES: usize = 512;

/// A change that programs see and the medium may not have yet.
#[derive(Debug, Clone)]
struct Change {
    kind: ChangeKind,
    offset: usize,
    /// What was written from `offset` on; zeros for what a cut took away.
    bytes: Vec<u8>,
    len_after: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChangeKind {
    Write,
    SetLen,
}

/// How much of what was not synced outlives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Survival {
    Nothing,
    Everything,
    /// Each part by chance.
    Mixed,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    live: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

impl Content {
    /// A content that is on the medium.
    pub(super) fn durable(bytes: Vec<u8>) -> Self {
        Self {
            live: bytes.clone(),
            durable: bytes,
            pending: Vec::new(),
        }
    }

    pub(super) fn live(&self) -> &[u8] {
        &self.live
    }

    /// Writes `bytes` at `offset`; the sum of both fits, as the caller has checked.
    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        let change = Change {
            kind: ChangeKind::Write,
            offset,
            bytes: bytes.to_vec(),
            len_after: self.live.len().max(offset + bytes.len()),
        };
        change.apply(&mut self.live);
        self.pending.push(change);
    }

    pub(super) fn set_len(&mut self, len: usize) {
        // Bytes cut off are gone for good: extended again, the file shows zeros.
        let cut = self.live.len().saturating_sub(len);
        let change = Change {
            kind: ChangeKind::SetLen,
            offset: len,
            bytes: vec![0; cut],
            len_after: len,
        };
        self.live.resize(len, 0);
        self.pending.push(change);
    }

    /// All that was changed reaches the medium.
    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// A sync that failed: what it was to make durable never will be, though programs still see it.
    pub(super) fn lose_pending(&mut self) {
        self.pending.clear();
    }

    /// What is found after a power cut.
    pub(super) fn after_power_cut(&self, survival: Survival, rng: &SeededRng) -> Vec<u8> {
        // The length is noted apart from the data, so any of those the file had may be found. Cuts
        // are part of it.
        let lengths = match survival {
            Survival::Nothing => 0,
            Survival::Everything => self.pending.len(),
            Survival::Mixed => rng.index(self.pending.len() + 1),
        };
        let mut image = self.durable.clone();
        let mut length = self.durable.len();
        for (index, change) in self.pending.iter().enumerate() {
            let length_survives = index < lengths;
            if length_survives {
                length = change.len_after;
            }
            match change.kind {
                ChangeKind::SetLen if length_survives => change.apply(&mut image),
                ChangeKind::SetLen => {}
                ChangeKind::Write => {
                    for sector in change.surviving_sectors(survival, rng) {
                        change.apply_part(&mut image, sector);
                    }
                }
            }
        }
        image.resize(length, 0);
        image
    }
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        self.apply_part(image, 0..self.bytes.len());
        image.resize(self.len_after, 0);
    }

    /// Applies the bytes of `part` (counted from the start of the change).
    fn apply_part(&self, image: &mut Vec<u8>, part: Range<usize>) {
        let target = self.offset + part.start..self.offset + part.end;
        if image.len() < target.end {
            image.resize(target.end, 0);
        }
        if let (Some(to), Some(from)) = (image.get_mut(target), self.bytes.get(part)) {
            to.copy_from_slice(from);
        }
    }

    /// The parts of the change that reached the medium, cut at sector boundaries of the file.
    fn surviving_sectors(&self, survival: Survival, rng: &SeededRng) -> Vec<Range<usize>> {
        let whole = iter::once(0..self.bytes.len());
        match survival {
            Survival::Nothing => Vec::new(),
            Survival::Everything => whole.collect(),
            Survival::Mixed => match rng.index(3) {
                0 => Vec::new(),
                1 => whole.collect(),
                _ => self.sectors().filter(|_| rng.u64() & 1 == 0).collect(),
            },
        }
    }

    fn sectors(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (offset, len) = (self.offset, self.bytes.len());
        let mut start = 0;
        iter::from_fn(move || {
            let end = (start + SECTOR_BYTES - (offset + start) % SECTOR_BYTES).min(len);
            let sector = start..end;
            start = end;
            (!sector.is_empty()).then_some(sector)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_torn_at_sector_boundaries_only() {
        let mut seen_torn = false;
        for seed in 0..200 {
            let mut content = Content::durable(vec![1; 2048]);
            content.write(100, &[2; 1500]);
            let image = content.after_power_cut(Survival::Mixed, &SeededRng::new(seed));
            assert_eq!(image.len(), 2048);
            let sectors = [100..512, 512..1024, 1024..1536, 1536..1600];
            let values = sectors.map(|sector| {
                let first = image[sector.start];
                assert!(
                    image[sector].iter().all(|byte| *byte == first),
                    "seed {seed}"
                );
                first
            });
            assert!(
                image[..100]
                    .iter()
                    .chain(&image[1600..])
                    .all(|byte| *byte == 1)
            );
            seen_torn |= values.contains(&1) && values.contains(&2);
        }
        assert!(seen_torn);
    }

    #[test]
    fn later_writes_may_survive_without_earlier_ones() {
        let survivors = |seed| {
            let mut content = Content::durable(vec![0; 1024]);
            content.write(0, &[1; 512]);
            content.write(512, &[2; 512]);
            let image = content.after_power_cut(Survival::Mixed, &SeededRng::new(seed));
            (image[0], image[512])
        };
        let seen: std::collections::BTreeSet<_> = (0..100).map(survivors).collect();
        assert_eq!(
            seen.into_iter().collect::<Vec<_>>(),
            [(0, 0), (0, 2), (1, 0), (1, 2)]
        );
    }

    #[test]
    fn what_was_cut_off_does_not_come_back() {
        let mut content = Content::durable(vec![9; 1000]);
        content.set_len(10);
        content.set_len(1000);
        assert_eq!(content.live()[10..], [0; 990]);
        content.sync();
        let image = content.after_power_cut(Survival::Nothing, &SeededRng::new(0));
        assert_eq!(image[..10], [9; 10]);
        assert_eq!(image[10..], [0; 990]);
    }

    #[test]
    fn a_failed_sync_loses_what_a_later_one_then_does_not_save() {
        let mut content = Content::default();
        content.write(0, b"lost");
        content.lose_pending();
        content.write(4, b"kept");
        content.sync();
        assert_eq!(content.live(), b"lostkept");
        let image = content.after_power_cut(Survival::Everything, &SeededRng::new(0));
        assert_eq!(image, b"\0\0\0\0kept");
    }
}
