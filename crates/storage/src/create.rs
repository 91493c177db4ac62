//! Making a store.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use floe_env::{Disk, Rng};

use crate::marker::{self, Marker, StoreId};
use crate::segment::Files;
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
