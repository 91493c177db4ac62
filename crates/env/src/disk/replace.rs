//! Files that appear under their name whole, or not at all.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Access, Disk, DiskError, File, Open, parent};

const TEMPORARY_PREFIX: &str = ".floe-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// How many names of leftovers are passed over before giving up.
const TEMPORARY_NAMES_MAX: u64 = 1024;

/// Is this the name of an unfinished [`Replacement`]? One that no process works on was left by a
/// crash, and can go.
#[must_use]
pub fn is_temporary(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(TEMPORARY_PREFIX.as_bytes()) && name.ends_with(TEMPORARY_SUFFIX.as_bytes())
}

/// A file being written that takes its name, and the place of what had that name, by
/// [`commit`](Self::commit). Dropped before, it is removed. A power cut may leave it under a
/// temporary name (see [`is_temporary`]), never under its own.
#[derive(Debug)]
pub struct Replacement {
    disk: Arc<dyn Disk>,
    file: Arc<dyn File>,
    temporary: PathBuf,
    target: PathBuf,
    committed: bool,
}

impl Replacement {
    /// Starts an empty file in the folder of `target`.
    ///
    /// # Errors
    /// [`DiskError`] as [`Disk::open`].
    pub fn begin(disk: Arc<dyn Disk>, target: &Path, access: Access) -> Result<Self, DiskError> {
        // The name follows from the target, so that runs can be replayed, and is taken exclusively,
        // so that two writers never share a file.
        let mut hasher = DefaultHasher::new();
        target.hash(&mut hasher);
        let first = hasher.finish();
        let mut attempt = 0;
        loop {
            let number = first.wrapping_add(attempt);
            let name = format!("{TEMPORARY_PREFIX}{number:016x}{TEMPORARY_SUFFIX}");
            let temporary = parent(target).join(name);
            attempt += 1;
            match disk.open(&temporary, Open::CreateNew(access)) {
                Ok(file) => {
                    let target = target.to_owned();
                    return Ok(Self {
                        disk,
                        file,
                        temporary,
                        target,
                        committed: false,
                    });
                }
                Err(error)
                    if error.kind() == std::io::ErrorKind::AlreadyExists
                        && attempt < TEMPORARY_NAMES_MAX => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The file to write to.
    #[must_use]
    pub fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    /// Makes the content durable, gives it its name, and makes that durable.
    ///
    /// # Errors
    /// [`DiskError`]; the name then stands for the old content, or for the new one when only the
    /// last step failed, whole in both cases.
    pub fn commit(mut self) -> Result<(), DiskError> {
        self.file.sync_all()?;
        self.disk.rename(&self.temporary, &self.target)?;
        self.committed = true;
        self.disk.sync_dir(parent(&self.target))
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.committed {
            // Best effort: what stays is recognizable, and the reason for dropping matters more.
            let _ = self.disk.remove_file(&self.temporary);
        }
    }
}

/// Durably makes `bytes` the content of the file `target`; a reader sees the old or the new, whole.
///
/// # Errors
/// As [`Replacement::begin`], [`File::write_at`] and [`Replacement::commit`].
pub fn replace(
    disk: &Arc<dyn Disk>,
    target: &Path,
    bytes: &[u8],
    access: Access,
) -> Result<(), DiskError> {
    let replacement = Replacement::begin(Arc::clone(disk), target, access)?;
    replacement.file().write_at(bytes, 0)?;
    replacement.commit()
}
