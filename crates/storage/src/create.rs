//! Making a store.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use floe_env::{Disk, Open, Rng};

use crate::marker::{self, Marker, StoreId};
use crate::segment::{self, Files};
use crate::{CreateError, index};

/// Makes an empty store in `dir`, for `owner`; the folder is made if it is missing.
///
/// The marker comes last, and with its name those of all else become durable: what a crash leaves of
/// this is no store, and can be made one by another call.
///
/// # Errors
/// [`CreateError`]: there is one, or what is left of one.
pub fn create(
    disk: &Arc<dyn Disk>,
    rng: &dyn Rng,
    dir: &Path,
    owner: &str,
) -> Result<(), CreateError> {
    disk.create_dir_all(dir)?;
    if disk.metadata(&marker::path(dir)).is_ok() {
        return Err(CreateError::Exists { dir: dir.into() });
    }
    match disk.create_dir(&Files::dir_of(dir)) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made?,
    }
    if !Files::new(Arc::clone(disk), dir).numbers()?.is_empty() {
        return Err(CreateError::Remains { dir: dir.into() });
    }
    let mut store_id = StoreId::default();
    rng.fill(&mut store_id);
    index::create(disk, dir, &store_id)?;
    let owner = owner.to_owned();
    Marker { store_id, owner }.write(disk, dir)?;
    Ok(())
}

/// Puts what there is of a store in `dir` aside, into a new folder in there: the way is free for
/// [`create`], also where `dir` is a disk of its own. That folder, unless there was nothing.
///
/// The marker goes first: what a crash leaves of this is no store, and is put aside by another call.
///
/// # Errors
/// [`CreateError::InUse`] while somebody has the store open; what the disk reports.
pub fn put_aside(disk: &Arc<dyn Disk>, dir: &Path) -> Result<Option<PathBuf>, CreateError> {
    let entries = match disk.list(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    let is_there = |name: &&str| entries.iter().any(|entry| entry.name == **name);
    let parts = [marker::FILE_NAME, index::FILE_NAME, segment::FOLDER];
    let parts: Vec<_> = parts.into_iter().filter(is_there).collect();
    if parts.is_empty() {
        return Ok(None);
    }
    let _lock = match disk.open(&index::path(dir), Open::Update) {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        file => {
            let file = file?;
            match file.try_lock() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(CreateError::InUse { dir: dir.into() });
                }
                locked => locked?,
            }
            Some(file)
        }
    };
    let is_taken = |name: &String| entries.iter().any(|entry| entry.name == **name);
    let aside = (1_u32..)
        .map(|number| format!("old-{number}"))
        .find(|name| !is_taken(name));
    let aside = dir.join(aside.unwrap_or_default());
    disk.create_dir(&aside)?;
    for part in parts {
        disk.rename(&dir.join(part), &aside.join(part))?;
    }
    disk.sync_dir(&aside)?;
    disk.sync_dir(dir)?;
    Ok(Some(aside))
}
