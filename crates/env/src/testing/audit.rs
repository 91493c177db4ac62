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
