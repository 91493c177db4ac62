//! Versions of an object that were replaced within their own batch, as differences.
//!
//! Every transaction writes the system object anew, four kilobytes of which a hundred bytes differ.
//! Only the last version in a batch is written whole; the others name it and say what was different.
//! A base outlives what refers to it, because versions are forgotten in order.

use std::collections::BTreeMap;

use super::rows::{self, Row};
use crate::ReadError;

/// Rows shorter than this stay whole.
const BYTES_MIN: usize = 512;
/// Equal bytes between two differences that are worth a run of their own.
const GAP_MIN: usize = 8;

/// Replaces the rows of a batch by shorter ones, wherever a later row of the same object and length
/// is there to refer to. `objects` is by object id and version.
pub(crate) fn shorten(objects: &mut BTreeMap<[u8; 40], Vec<u8>>) {
    let mut last: Option<(&[u8; 40], &Vec<u8>)> = None;
    for (key, row) in objects.iter_mut().rev() {
        if let Some((base_key, base)) = last
            && base_key.first_chunk::<32>() == key.first_chunk()
        {
            if let Some(short) = difference(base_key, base, row) {
                *row = short;
            }
        } else {
            last = (row.len() >= BYTES_MIN).then_some((key, row));
        }
    }
}

/// The row of what differs, if it is much shorter than `row`.
fn difference(base_key: &[u8; 40], base: &[u8], row: &[u8]) -> Option<Vec<u8>> {
    let Row::Object {
        bytes: base_bytes, ..
    } = rows::parse(base).ok()?
    else {
        return None;
    };
    let Row::Object { digest, bytes } = rows::parse(row).ok()? else {
        return None;
    };
    if base_bytes.len() != bytes.len() {
        return None;
    }
    let version = base_key.last_chunk::<8>()?;
    let patch = patch(base_bytes, bytes, row.len() / 2)?;
    Some(rows::delta_row(digest, *version, &patch))
}

/// Runs of `u32` bytes to keep, `u32` bytes to replace, and the replacement; `None` if longer than
/// `max`.
fn patch(base: &[u8], target: &[u8], max: usize) -> Option<Vec<u8>> {
    let mut patch = Vec::new();
    let mut done = 0;
    let differs = |at: &usize| base.get(*at) != target.get(*at);
    while let Some(start) = (done..target.len()).find(differs) {
        let mut end = start + 1;
        // The run ends where enough equal bytes follow.
        while let Some(next) = (end..target.len().min(end + GAP_MIN)).find(differs) {
            end = next + 1;
        }
        let new = target.get(start..end)?;
        patch.extend(u32::try_from(start - done).ok()?.to_le_bytes());
        patch.extend(u32::try_from(new.len()).ok()?.to_le_bytes());
        patch.extend_from_slice(new);
        if patch.len() > max {
            return None;
        }
        done = end;
    }
    Some(patch)
}

/// The bytes that [`patch`] made short.
///
/// # Errors
/// [`ReadError::Damaged`] if the patch is not one for this base.
pub(crate) fn apply(base: &[u8], patch: &[u8]) -> Result<Vec<u8>, ReadError> {
    let mut bytes = base.to_vec();
    let (mut rest, mut at) = (patch, 0_usize);
    while !rest.is_empty() {
        let run = run(rest).and_then(|(keep, new, next)| {
            let start = at.checked_add(keep)?;
            let end = start.checked_add(new.len())?;
            bytes.get_mut(start..end)?.copy_from_slice(new);
            Some((end, next))
        });
        (at, rest) = run.ok_or_else(|| ReadError::damaged("the difference of an object"))?;
    }
    Ok(bytes)
}

/// The first run of a patch: bytes to keep, the replacement, and the rest.
fn run(patch: &[u8]) -> Option<(usize, &[u8], &[u8])> {
    let (keep, rest) = patch.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (keep, length) = (u32::from_le_bytes(*keep), u32::from_le_bytes(*length));
    let (new, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((usize::try_from(keep).ok()?, new, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_made_short_is_read_back(
            base in prop::collection::vec(0_u8..3, 0..300),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        ) {
            let mut target = base.clone();
            for (index, byte) in changes {
                if !target.is_empty() {
                    let at = index.index(target.len());
                    target[at] = byte;
                }
            }
            let patch = patch(&base, &target, usize::MAX).unwrap();
            prop_assert_eq!(apply(&base, &patch).unwrap(), target);
        }

        #[test]
        fn damaged_differences_are_refused_or_keep_the_length(
            base in prop::collection::vec(any::<u8>(), 0..40),
            patch in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            if let Ok(bytes) = apply(&base, &patch) {
                prop_assert_eq!(bytes.len(), base.len());
            }
        }
    }

    #[test]
    fn equal_bytes_cost_nothing_and_distant_changes_a_run_each() {
        let base = vec![7; 4000];
        assert_eq!(patch(&base, &base, 0), Some(Vec::new()));
        let mut target = base.clone();
        target[10] = 1;
        target[3999] = 2;
        assert_eq!(patch(&base, &target, 100).unwrap().len(), 2 * (4 + 4 + 1));
        assert_eq!(patch(&base, &target, 17), None, "longer than allowed");
    }

    #[test]
    fn only_earlier_rows_of_the_same_object_become_short() {
        let key = |id: u8, version: u8| {
            let mut key = [id; 40];
            key[32..].copy_from_slice(&u64::from(version).to_be_bytes());
            key
        };
        let row = |version: u8, length: usize| {
            let mut row = vec![1; 33];
            row.resize(length, 9);
            row[100] = version;
            row
        };
        let mut objects = BTreeMap::from([
            (key(1, 1), row(1, 4000)),
            (key(1, 2), row(2, 3000)),
            (key(1, 3), row(3, 4000)),
            (key(2, 1), row(4, 4000)),
            (key(3, 1), row(5, 200)),
            (key(3, 2), row(6, 200)),
        ]);
        shorten(&mut objects);
        let lengths: Vec<usize> = objects.values().map(Vec::len).collect();
        assert_eq!(lengths, [1 + 32 + 8 + 9, 3000, 4000, 4000, 200, 200]);
    }
}
