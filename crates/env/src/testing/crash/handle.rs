//! An open file on a [`CrashDisk`].

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

use super::tree::NodeId;
use super::{CrashDisk, State, Verdict, facts};
use crate::{DiskError, File, Metadata, Operation};

#[derive(Debug)]
pub(super) struct Handle {
    disk: CrashDisk,
    id: NodeId,
    path: PathBuf,
    writable: bool,
    holds_lock: AtomicBool,
}

impl Handle {
    /// A handle that the tree has counted.
    pub(super) const fn new(disk: CrashDisk, id: NodeId, path: PathBuf, writable: bool) -> Self {
        Self {
            disk,
            id,
            path,
            writable,
            holds_lock: AtomicBool::new(false),
        }
    }

    fn sync(&self, operation: Operation) -> Result<(), DiskError> {
        let mut state = self.disk.state();
        let verdict = state.admit(&operation, &self.path);
        let powered = state.powered;
        let result = state.tree.file_mut(self.id).and_then(|file| match verdict {
            Verdict::Go => {
                file.content.sync();
                Ok(())
            }
            Verdict::Pretend => Ok(()),
            Verdict::Fail(errno) | Verdict::FailHalfway(errno) => {
                if powered {
                    file.content.lose_pending();
                }
                Err(errno.into())
            }
        });
        result.map_err(|source| DiskError::new(operation, &self.path, source))
    }

    fn perform<T>(
        &self,
        operation: Operation,
        act: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> Result<T, DiskError> {
        self.disk.perform(operation, &self.path, act)
    }

    fn write(&self, state: &mut State, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.check_writable()?;
        let len = state.tree.file(self.id)?.content.live().len() as u64;
        let end = offset.checked_add(bytes.len() as u64).ok_or(Errno::FBIG)?;
        // What does not fit is cut off, as a file system does.
        let end_max = len.saturating_add(room(state)).max(len);
        let fitting =
            usize::try_from(end_max.min(end).saturating_sub(offset)).map_err(|_| Errno::FBIG)?;
        let offset = usize::try_from(offset).map_err(|_| Errno::FBIG)?;
        let part = bytes.get(..fitting).unwrap_or(bytes);
        if !part.is_empty() {
            state
                .tree
                .change(self.id, |content| content.write(offset, part))?;
        }
        if part.len() < bytes.len() {
            Err(Errno::NOSPC.into())
        } else {
            Ok(())
        }
    }

    const fn check_writable(&self) -> Result<(), Errno> {
        if self.writable {
            Ok(())
        } else {
            Err(Errno::BADF)
        }
    }
}

/// Bytes that can still be added to files.
const fn room(state: &State) -> u64 {
    state.capacity_bytes.saturating_sub(state.tree.used_bytes())
}

impl File for Handle {
    fn path(&self) -> &Path {
        &self.path
    }

    fn metadata(&self) -> Result<Metadata, DiskError> {
        self.perform(Operation::Metadata, |state| {
            Ok(facts(state.tree.node(self.id)?))
        })
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        self.perform(Operation::read(buf, offset), |state| {
            let end = offset.saturating_add(buf.len() as u64);
            let is_hit = |(path, bytes): &(PathBuf, std::ops::Range<u64>)| {
                *path == self.path && bytes.start < end && offset < bytes.end
            };
            if state.unreadable.iter().any(is_hit) {
                return Err(Errno::IO.into());
            }
            let live = state.tree.file(self.id)?.content.live();
            let rest = usize::try_from(offset)
                .ok()
                .and_then(|offset| live.get(offset..));
            let rest = rest.unwrap_or_default();
            let len = rest.len().min(buf.len());
            for (to, from) in buf.iter_mut().zip(rest) {
                *to = *from;
            }
            Ok(len)
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), DiskError> {
        let operation = Operation::write(bytes, offset);
        let mut state = self.disk.state();
        let result = match state.admit(&operation, &self.path) {
            Verdict::Go => self.write(&mut state, bytes, offset),
            Verdict::FailHalfway(errno) => {
                let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
                self.write(&mut state, half, offset)
                    .and_then(|()| Err(errno.into()))
            }
            Verdict::Fail(errno) => Err(errno.into()),
            Verdict::Pretend => Ok(()),
        };
        result.map_err(|source| DiskError::new(operation, &self.path, source))
    }

    fn set_len(&self, len_bytes: u64) -> Result<(), DiskError> {
        self.perform(Operation::SetLen { len_bytes }, |state| {
            // What a file opened for reading says to this.
            self.check_writable().map_err(|_| Errno::INVAL)?;
            let before = state.tree.file(self.id)?.content.live().len() as u64;
            if len_bytes.saturating_sub(before) > room(state) {
                return Err(Errno::NOSPC.into());
            }
            let len = usize::try_from(len_bytes).map_err(|_| Errno::FBIG)?;
            state.tree.change(self.id, |content| content.set_len(len))
        })
    }

    fn sync_data(&self) -> Result<(), DiskError> {
        self.sync(Operation::SyncData)
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        self.sync(Operation::SyncAll)
    }

    fn try_lock(&self) -> Result<(), DiskError> {
        self.perform(Operation::Lock, |state| {
            let file = state.tree.file_mut(self.id)?;
            if file.locked && !self.holds_lock.load(Ordering::Relaxed) {
                let reason = "it is locked by another process";
                return Err(io::Error::new(io::ErrorKind::WouldBlock, reason));
            }
            file.locked = true;
            self.holds_lock.store(true, Ordering::Relaxed);
            Ok(())
        })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if self.holds_lock.load(Ordering::Relaxed)
            && let Ok(file) = state.tree.file_mut(self.id)
        {
            file.locked = false;
        }
        state.tree.closed(self.id);
    }
}
