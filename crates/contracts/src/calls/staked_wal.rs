//! Module `staked_wal` (`docs/spec/contracts.md` §4.6).

use super::Calls;
use crate::Arg;

impl Calls<'_> {
    /// Cuts `frost` off a stake. → `StakedWal`
    pub fn split_stake(&mut self, staked: Arg, frost: u64) -> Arg {
        let args = vec![staked, self.ptb.pure(&frost)];
        self.walrus("staked_wal", "split", args)
    }

    /// Adds an equal stake, which is used up.
    pub fn join_stakes(&mut self, staked: Arg, other: Arg) {
        self.walrus("staked_wal", "join", vec![staked, other]);
    }
}
