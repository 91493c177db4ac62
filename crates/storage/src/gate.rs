//! Whether writing is still allowed.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use floe_env::Disk;

use crate::StoreError;

/// Bytes that have to be free besides the reserve before a disk that was full is said to have room again.
const ROOM_AGAIN_BYTES: u64 = 16 << 20;

/// Lets writes through until one of them left the disk in an unknown state, and while there is room.
#[derive(Debug)]
pub(crate) struct Gate {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    reserve_bytes: u64,
    poison: OnceLock<String>,
    /// Something was refused for lack of room, and there is none yet.
    is_full: AtomicBool,
}

impl Gate {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: PathBuf, reserve_bytes: u64) -> Self {
        Self {
            disk,
            dir,
            reserve_bytes,
            poison: OnceLock::new(),
            is_full: AtomicBool::new(false),
        }
    }

    /// Refuses all writes from here on. The first reason is kept.
    pub(crate) fn poison(&self, reason: impl ToString) {
        let mut is_first = false;
        let reason = self.poison.get_or_init(|| {
            is_first = true;
            reason.to_string()
        });
        if is_first {
            tracing::error!(%reason, dir = %self.dir.display(), "the store refuses to write from now on");
        }
    }

    /// As [`poison`](Self::poison), if there is an error.
    pub(crate) fn poison_on<T, E: ToString>(&self, result: Result<T, E>) -> Result<T, E> {
        if let Err(error) = &result {
            self.poison(error.to_string());
        }
        result
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.poison.get() {
            None => Ok(()),
            Some(reason) => Err(StoreError::Poisoned {
                reason: reason.clone(),
            }),
        }
    }

    /// Is there room for `needed_bytes` besides the reserve?
    pub(crate) fn check_room(&self, needed_bytes: u64) -> Result<(), StoreError> {
        self.check()?;
        let available_bytes = self.disk.space(&self.dir)?.available_bytes;
        if available_bytes < needed_bytes.saturating_add(self.reserve_bytes) {
            if !self.is_full.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    dir = %self.dir.display(), available_bytes, needed_bytes,
                    reserve_bytes = self.reserve_bytes,
                    "the disk is full: nothing is stored until there is room"
                );
            }
            return Err(StoreError::NearlyFull {
                available_bytes,
                needed_bytes,
                reserve_bytes: self.reserve_bytes,
            });
        }
        Ok(())
    }

    /// Has something been refused for lack of room, with no room since? Looks at the disk if so.
    pub(crate) fn is_full(&self) -> bool {
        if !self.is_full.load(Ordering::Relaxed) {
            return false;
        }
        let again_bytes = self.reserve_bytes.saturating_add(ROOM_AGAIN_BYTES);
        let space = self.disk.space(&self.dir);
        let is_full = space.is_ok_and(|space| space.available_bytes < again_bytes);
        if !is_full && self.is_full.swap(false, Ordering::Relaxed) {
            tracing::info!(dir = %self.dir.display(), "the disk has room again");
        }
        is_full
    }
}
