//! Is every sync needed, and are they enough?

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{CrashDisk, Fault, Traced};
use crate::Disk;

/// What an audit found of a program that lost nothing.
#[derive(Debug)]
pub struct AuditReport {
    /// Operations on the disk in the undisturbed run, each of which a power cut was tried before.
    pub operations: u64,
    /// Syncs among them.
    pub syncs: u64,
    /// Those of the syncs that could be left out without anything being lost: unneeded, or beyond
    /// what the check looks at.
    pub redundant: Vec<Traced>,
}

/// Something acknowledged was lost in a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("lost by a power cut before operation {cut_at}, seed {seed}")]
pub struct Lost {
    /// Number of the first operation that failed for lack of power.
    pub cut_at: u64,
    /// What survived: the argument of [`CrashDisk::after_power_cut`].
    pub seed: u64,
}

/// Runs `scenario` with the power cut before each of its operations in turn, and has `survives`
/// look at what is found after it, once per seed; then does the same with each sync left out, which
/// must show.
///
/// `scenario` works until it is done or the disk fails, and returns what it has acknowledged by then.
/// It must do the same operations in every run: no threads that race, no clocks. `survives` opens the
/// disk again and says whether all that was acknowledged is there, and nothing forbidden; when it
/// panics, the answer is no.
///
/// # Errors
/// [`Lost`] when something acknowledged does not survive although no sync was left out.
pub fn audit_syncs<A>(
    seeds: Range<u64>,
    scenario: impl Fn(Arc<dyn Disk>) -> A,
    survives: impl Fn(Arc<dyn Disk>, &A) -> bool,
) -> Result<AuditReport, Lost> {
    let disk = CrashDisk::new();
    disk.start_trace();
    scenario(Arc::new(disk.clone()));
    let (operations, trace) = (disk.operations(), disk.take_trace());

    let first_loss = |cuts: Range<u64>, elided: Option<u64>| {
        cuts.into_iter().find_map(|cut_at| {
            let disk = CrashDisk::new();
            disk.fail_at(cut_at, Fault::PowerCut);
            elided.into_iter().for_each(|sync| disk.elide_sync(sync));
            let acknowledged = scenario(Arc::new(disk.clone()));
            let found_whole = |seed: &u64| {
                let found = Arc::new(disk.after_power_cut(*seed));
                catch_unwind(AssertUnwindSafe(|| survives(found, &acknowledged))).unwrap_or(false)
            };
            let seed = seeds.clone().find(|seed| !found_whole(seed));
            seed.map(|seed| Lost { cut_at, seed })
        })
    };

    if let Some(lost) = first_loss(0..operations + 1, None) {
        return Err(lost);
    }
    let syncs = (0..)
        .zip(trace)
        .filter(|(_, traced)| traced.operation.is_sync());
    let syncs: Vec<(u64, (u64, Traced))> = (0..).zip(syncs).collect();
    Ok(AuditReport {
        operations,
        syncs: syncs.len() as u64,
        redundant: syncs
            .into_iter()
            .filter(|(sync, (at, _))| first_loss(at + 1..operations + 1, Some(*sync)).is_none())
            .map(|(_, (_, traced))| traced)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Access, DiskError, Open, Operation, replace};

    const STATE: &str = "/state";

    fn state(disk: &dyn Disk) -> Option<Vec<u8>> {
        disk.read(Path::new(STATE), 100).ok()
    }

    /// Replaces a file by its successors, and returns the last one acknowledged.
    fn replacing(disk: Arc<dyn Disk>) -> u8 {
        let store = |version: &u8| replace(&disk, Path::new(STATE), &[*version], Access::Shared);
        (1..=3)
            .take_while(|version| store(version).is_ok())
            .last()
            .unwrap_or(0)
    }

    /// The file has the acknowledged version, or the one that was on its way.
    fn is_whole(disk: Arc<dyn Disk>, acknowledged: &u8) -> bool {
        match state(&*disk).as_deref() {
            None => *acknowledged == 0,
            Some([version]) => (*acknowledged..=acknowledged + 1).contains(version),
            Some(_) => false,
        }
    }

    #[test]
    fn every_sync_of_a_replacement_is_needed_and_they_are_enough() {
        let report = audit_syncs(0..16, replacing, is_whole).unwrap();
        assert_eq!(report.syncs, 6);
        assert_eq!(report.redundant, []);
    }

    fn writing(disk: &dyn Disk, syncs: u32) -> Result<(), DiskError> {
        let file = disk.open(Path::new(STATE), Open::CreateNew(Access::Shared))?;
        file.write_at(&[1], 0)?;
        (0..syncs).try_for_each(|_| file.sync_data())?;
        disk.sync_dir(Path::new("/"))
    }

    #[test]
    fn missing_and_unneeded_syncs_are_told() {
        let survives = |disk: Arc<dyn Disk>, done: &bool| !*done || state(&*disk) == Some(vec![1]);
        let audit = |syncs| audit_syncs(0..16, |disk| writing(&*disk, syncs).is_ok(), survives);
        assert!(audit(0).is_err());
        assert_eq!(audit(1).unwrap().redundant, []);
        let redundant = audit(2).unwrap().redundant;
        assert_eq!(redundant.len(), 2, "either of the two suffices");
        assert!(
            redundant
                .iter()
                .all(|traced| traced.operation == Operation::SyncData)
        );
    }

    #[test]
    fn a_check_that_panics_says_no() {
        let lost = audit_syncs(0..2, |_| (), |_, ()| panic!("unreadable"));
        assert_eq!(lost.unwrap_err(), Lost { cut_at: 0, seed: 0 });
    }
}
