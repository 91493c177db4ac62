//! A disk in memory whose power can be cut.
//!
//! It keeps two images of everything: what programs see, and what is on the medium. The difference
//! is a list of changes; a sync moves the changes it covers to the medium, a power cut leaves an
//! arbitrary part of the rest there:
//! - of the writes to a file any subset, each in whole or torn at [`SECTOR_BYTES`], and any of the
//!   lengths the file had meanwhile;
//! - of the names created, renamed and removed any subset, but each as a whole, and none without the
//!   earlier changes to the same names (what no file system does either);
//! - names and content independently: a new name may stand for an empty file.
//!
//! Equal seeds and equal operations give equal results. Faults are planned by the number of the
//! operation they hit; see [`Fault`]. Not modelled: hard and symbolic links, `..` in paths (refused
//! as invalid), relative paths (taken from the root).

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use rustix::io::Errno;

use crate::testing::SeededRng;
use crate::{Access, Disk, DiskError, Entry, File, Kind, Metadata, Open, Operation, Space};

mod content;
mod handle;
mod tree;

pub use content::SECTOR_BYTES;

use content::Survival;
use handle::Handle;
use tree::{Node, NodeId, Place, Tree};

/// Room on a disk for which none was given: enough for tests, and not for a runaway one.
const CAPACITY_BYTES: u64 = 1 << 30;

/// Something that goes wrong in an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It fails with an input/output error. A sync that fails so loses what it was to make durable,
    /// and later ones don't bring it back.
    Io,
    /// It fails for lack of space.
    NoSpace,
    /// A write fails for lack of space after half of its bytes; other operations fail at once.
    ShortWrite,
    /// The power goes: this operation and all later ones fail, and change nothing.
    PowerCut,
}

/// An operation as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced {
    /// What was asked for.
    pub operation: Operation,
    /// On which file or folder.
    pub path: PathBuf,
}

/// A disk in memory whose power can be cut. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct CrashDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    tree: Tree,
    capacity_bytes: u64,
    powered: bool,
    faults: BTreeMap<u64, Fault>,
    elided_syncs: BTreeSet<u64>,
    /// Parts of files that can't be read.
    unreadable: Vec<(PathBuf, Range<u64>)>,
    operations: u64,
    syncs: u64,
    trace: Option<Vec<Traced>>,
}

/// What becomes of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Go,
    /// A sync that is to report success and do nothing.
    Pretend,
    Fail(Errno),
    /// A write that is to do half of its work and then fail.
    FailHalfway(Errno),
}

impl Default for CrashDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl CrashDisk {
    /// An empty disk of 1 GiB.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY_BYTES)
    }

    /// An empty disk on which all files together hold at most `bytes`.
    #[must_use]
    pub fn with_capacity(bytes: u64) -> Self {
        Self::on(Tree::new(), bytes)
    }

    fn on(tree: Tree, capacity_bytes: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            tree,
            capacity_bytes,
            powered: true,
            faults: BTreeMap::new(),
            elided_syncs: BTreeSet::new(),
            unreadable: Vec::new(),
            operations: 0,
            syncs: 0,
            trace: None,
        })))
    }

    /// The disk as it is found when the power is cut now and comes back: what was not synced survives
    /// in parts, as `seed` has it. No locks, no planned faults, operations counted from zero.
    ///
    /// This disk goes on as if nothing had happened, so that many outcomes can be looked at.
    #[must_use]
    pub fn after_power_cut(&self, seed: u64) -> Self {
        let rng = SeededRng::new(seed);
        // The extremes often enough that a few seeds meet them.
        let survival = match rng.index(8) {
            0 => Survival::Nothing,
            1 => Survival::Everything,
            _ => Survival::Mixed,
        };
        let state = self.state();
        Self::on(
            state.tree.after_power_cut(survival, &rng),
            state.capacity_bytes,
        )
    }

    /// Plans `fault` for the operation with the given number; see [`Self::operations`].
    pub fn fail_at(&self, operation: u64, fault: Fault) {
        self.state().faults.insert(operation, fault);
    }

    /// Lets the sync with the given number (files and folders counted together) report success
    /// without doing anything, as if the call were missing in the program.
    pub fn elide_sync(&self, sync: u64) {
        self.state().elided_syncs.insert(sync);
    }

    /// Makes reads that touch these bytes of a file fail with an input/output error, as a medium that
    /// wears out does. A power cut forgets it.
    pub fn make_unreadable(&self, path: &Path, bytes: Range<u64>) {
        self.state().unreadable.push((path.to_owned(), bytes));
    }

    /// Undoes all of [`make_unreadable`](Self::make_unreadable).
    pub fn make_readable(&self) {
        self.state().unreadable.clear();
    }

    /// How many operations were asked for so far: the number of the next one.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// How many syncs were asked for so far: the number of the next one.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Changes the room on the disk; there may be less than is used.
    pub fn set_capacity(&self, bytes: u64) {
        self.state().capacity_bytes = bytes;
    }

    /// Starts to record operations.
    pub fn start_trace(&self) {
        self.state().trace = Some(Vec::new());
    }

    /// Ends the recording, and returns what was asked for since its start, in order.
    #[must_use]
    pub fn take_trace(&self) -> Vec<Traced> {
        self.state().trace.take().unwrap_or_default()
    }

    /// With which access the file was created: what its mode bits would say.
    ///
    /// # Errors
    /// [`DiskError`]: missing, a folder.
    pub fn access(&self, path: &Path) -> Result<Access, DiskError> {
        let state = self.state();
        let access = state
            .tree
            .find(path)
            .and_then(|id| Ok(state.tree.file(id)?.access));
        access.map_err(|source| DiskError::new(Operation::Metadata, path, source))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an operation, and unless it is to fail, does it.
    fn perform<T>(
        &self,
        operation: Operation,
        path: &Path,
        act: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> Result<T, DiskError> {
        let mut state = self.state();
        let result = match state.admit(&operation, path) {
            Verdict::Go | Verdict::Pretend => act(&mut state),
            Verdict::Fail(errno) | Verdict::FailHalfway(errno) => Err(errno.into()),
        };
        result.map_err(|source| DiskError::new(operation, path, source))
    }

    fn handle(&self, id: NodeId, path: &Path, writable: bool) -> Arc<dyn File> {
        Arc::new(Handle::new(self.clone(), id, path.to_owned(), writable))
    }
}

impl State {
    fn admit(&mut self, operation: &Operation, path: &Path) -> Verdict {
        let number = self.operations;
        self.operations += 1;
        let elided = operation.is_sync() && {
            self.syncs += 1;
            self.elided_syncs.contains(&(self.syncs - 1))
        };
        if let Some(trace) = &mut self.trace {
            trace.push(Traced {
                operation: operation.clone(),
                path: path.to_owned(),
            });
        }
        let fault = self.faults.remove(&number);
        if fault == Some(Fault::PowerCut) {
            self.powered = false;
        }
        if !self.powered {
            return Verdict::Fail(Errno::NODEV);
        }
        match fault {
            None if elided => Verdict::Pretend,
            None => Verdict::Go,
            Some(Fault::NoSpace) => Verdict::Fail(Errno::NOSPC),
            Some(Fault::ShortWrite) => Verdict::FailHalfway(Errno::NOSPC),
            Some(Fault::Io | Fault::PowerCut) => Verdict::Fail(Errno::IO),
        }
    }

    fn open(&mut self, path: &Path, how: Open) -> io::Result<NodeId> {
        let (access, exclusive) = match how {
            Open::Read | Open::Update => {
                let id = self.tree.find(path)?;
                self.tree.file(id)?;
                return Ok(id);
            }
            Open::Ensure(access) => (access, false),
            Open::CreateNew(access) => (access, true),
        };
        let place = self.tree.place(path)?;
        match self.tree.at(&place) {
            Some(_) if exclusive => Err(Errno::EXIST.into()),
            Some(id) => self.tree.file(id).map(|_| id),
            None => {
                let id = self.tree.add_file(access);
                self.tree.rename(vec![(place, Some(id))]);
                Ok(id)
            }
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (self.tree.place(from)?, self.tree.place(to)?);
        let id = self.tree.at(&from).ok_or(Errno::NOENT)?;
        let moves_dir = matches!(self.tree.node(id)?, Node::Dir(_));
        if moves_dir && self.tree.contains(id, to.0) {
            return Err(Errno::INVAL.into());
        }
        match self.tree.at(&to) {
            Some(target) if target == id => return Ok(()),
            Some(target) => match (moves_dir, self.tree.node(target)?) {
                (false, Node::Dir(_)) => return Err(Errno::ISDIR.into()),
                (true, Node::File(_)) => return Err(Errno::NOTDIR.into()),
                (true, Node::Dir(_)) if !self.tree.is_empty_dir(target)? => {
                    return Err(Errno::NOTEMPTY.into());
                }
                _ => {}
            },
            None => {}
        }
        self.tree.rename(vec![(from, None), (to, Some(id))]);
        Ok(())
    }

    fn remove(&mut self, place: Place) {
        self.tree.rename(vec![(place, None)]);
    }
}

fn facts(node: &Node) -> Metadata {
    let (kind, len_bytes, ticks) = match node {
        Node::File(file) => (Kind::File, file.content.live().len() as u64, file.modified),
        Node::Dir(_) => (Kind::Dir, 0, 0),
    };
    Metadata {
        kind,
        len_bytes,
        modified: UNIX_EPOCH + Duration::from_millis(ticks),
    }
}

impl Disk for CrashDisk {
    fn open(&self, path: &Path, how: Open) -> Result<Arc<dyn File>, DiskError> {
        let operation = match how {
            Open::Read | Open::Update => Operation::Open,
            Open::Ensure(_) | Open::CreateNew(_) => Operation::Create,
        };
        let id = self.perform(operation, path, |state| {
            let id = state.open(path, how)?;
            state.tree.opened(id).map(|()| id)
        })?;
        Ok(self.handle(id, path, how != Open::Read))
    }

    fn temp_file(&self, dir: &Path) -> Result<Arc<dyn File>, DiskError> {
        let id = self.perform(Operation::TempFile, dir, |state| {
            state.tree.find_dir(dir)?;
            let id = state.tree.add_file(Access::Private);
            state.tree.opened(id).map(|()| id)
        })?;
        Ok(self.handle(id, dir, true))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        let operation = Operation::Rename { to: to.to_owned() };
        self.perform(operation, from, |state| state.rename(from, to))
    }

    fn remove_file(&self, path: &Path) -> Result<(), DiskError> {
        self.perform(Operation::RemoveFile, path, |state| {
            let place = state.tree.place(path)?;
            let id = state.tree.at(&place).ok_or(Errno::NOENT)?;
            state.tree.file(id)?;
            state.remove(place);
            Ok(())
        })
    }

    fn create_dir(&self, path: &Path) -> Result<(), DiskError> {
        self.perform(Operation::CreateDir, path, |state| {
            let place = state.tree.place(path)?;
            if state.tree.at(&place).is_some() {
                return Err(Errno::EXIST.into());
            }
            let id = state.tree.add_dir();
            state.tree.rename(vec![(place, Some(id))]);
            Ok(())
        })
    }

    fn remove_dir(&self, path: &Path) -> Result<(), DiskError> {
        self.perform(Operation::RemoveDir, path, |state| {
            let place = state.tree.place(path)?;
            let id = state.tree.at(&place).ok_or(Errno::NOENT)?;
            if !state.tree.is_empty_dir(id)? {
                return Err(Errno::NOTEMPTY.into());
            }
            state.remove(place);
            Ok(())
        })
    }

    fn list(&self, dir: &Path) -> Result<Vec<Entry>, DiskError> {
        self.perform(Operation::List, dir, |state| {
            let entries = state.tree.entries(state.tree.find(dir)?)?;
            Ok(entries
                .map(|(name, node)| Entry {
                    name: name.to_owned(),
                    kind: facts(node).kind,
                })
                .collect())
        })
    }

    fn metadata(&self, path: &Path) -> Result<Metadata, DiskError> {
        self.perform(Operation::Metadata, path, |state| {
            Ok(facts(state.tree.node(state.tree.find(path)?)?))
        })
    }

    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError> {
        let mut state = self.state();
        let verdict = state.admit(&Operation::SyncDir, dir);
        let result = state.tree.find_dir(dir).and_then(|id| match verdict {
            Verdict::Go => {
                state.tree.sync_dir(id);
                Ok(())
            }
            Verdict::Pretend => Ok(()),
            Verdict::Fail(errno) | Verdict::FailHalfway(errno) => {
                if state.powered {
                    state.tree.lose_pending(id);
                }
                Err(errno.into())
            }
        });
        result.map_err(|source| DiskError::new(Operation::SyncDir, dir, source))
    }

    fn space(&self, path: &Path) -> Result<Space, DiskError> {
        self.perform(Operation::Space, path, |state| {
            state.tree.find(path)?;
            let total_bytes = state.capacity_bytes;
            let available_bytes = total_bytes.saturating_sub(state.tree.used_bytes());
            Ok(Space {
                available_bytes,
                total_bytes,
            })
        })
    }
}

#[cfg(test)]
mod tests;
