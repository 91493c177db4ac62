//! The file that says that a folder is a store, and whose.
//!
//! | offset | bytes | content |
//! |---|---|---|
//! | 0 | 8 | magic `FLOESTOR` |
//! | 8 | 4 | version, 1 |
//! | 12 | 16 | random id of the store, which its other files repeat |
//! | 28 | 2 | length of the owner's name |
//! | 30 | … | the owner's name, UTF-8 |
//! | … | 8 | XXH3-64 of the above |
//!
//! Numbers are little-endian.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use floe_env::{Access, Disk, DiskError, replace};
use xxhash_rust::xxh3::xxh3_64;

use crate::OpenError;

/// The name of the marker in a store's folder.
pub(crate) const FILE_NAME: &str = "FLOE-STORE";

const MAGIC: &[u8; 8] = b"FLOESTOR";
const VERSION: u32 = 1;
const MARKER_BYTES_MAX: usize = 1024;

/// Longest name of an owner, in bytes.
pub(crate) const OWNER_BYTES_MAX: usize = 512;

/// The random id of a store.
pub(crate) type StoreId = [u8; 16];

/// What a marker says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) store_id: StoreId,
    pub(crate) owner: String,
}

pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join(FILE_NAME)
}

impl Marker {
    fn to_bytes(&self) -> Vec<u8> {
        let owner = self.owner.as_bytes();
        let owner = owner.get(..OWNER_BYTES_MAX).unwrap_or(owner);
        let len = u16::try_from(owner.len()).expect("cut to the limit above");
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(self.store_id);
        bytes.extend(len.to_le_bytes());
        bytes.extend(owner);
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        bytes
    }

    /// The marker, or what is wrong with it; a version if it is a newer one's.
    fn from_bytes(bytes: &[u8]) -> Result<Self, (Option<u32>, &'static str)> {
        let damaged = |what| (None, what);
        let (body, checksum) = bytes
            .split_last_chunk::<8>()
            .ok_or_else(|| damaged("too short"))?;
        if u64::from_le_bytes(*checksum) != xxh3_64(body) {
            return Err(damaged("its checksum is wrong"));
        }
        let (magic, rest) = body
            .split_first_chunk::<8>()
            .ok_or_else(|| damaged("too short"))?;
        if magic != MAGIC {
            return Err(damaged("it is no marker"));
        }
        let (version, rest) = rest
            .split_first_chunk::<4>()
            .ok_or_else(|| damaged("too short"))?;
        let version = u32::from_le_bytes(*version);
        if version != VERSION {
            return Err((Some(version), "it has another version"));
        }
        let (store_id, rest) = rest
            .split_first_chunk::<16>()
            .ok_or_else(|| damaged("too short"))?;
        let (len, owner) = rest
            .split_first_chunk::<2>()
            .ok_or_else(|| damaged("too short"))?;
        if usize::from(u16::from_le_bytes(*len)) != owner.len() {
            return Err(damaged("its length is wrong"));
        }
        let owner = std::str::from_utf8(owner).map_err(|_| damaged("its name is not UTF-8"))?;
        Ok(Self {
            store_id: *store_id,
            owner: owner.to_owned(),
        })
    }

    /// Writes the marker durably: the folder is a store from here on.
    pub(crate) fn write(&self, disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
        replace(disk, &path(dir), &self.to_bytes(), Access::Shared)
    }

    pub(crate) fn read(disk: &dyn Disk, dir: &Path) -> Result<Self, OpenError> {
        let path = path(dir);
        let bytes = match disk.read(&path, MARKER_BYTES_MAX) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(OpenError::NotAStore {
                    dir: dir.to_owned(),
                });
            }
            bytes => bytes?,
        };
        Self::from_bytes(&bytes).map_err(|(version, what)| match version {
            Some(found) if found > VERSION => OpenError::TooNew {
                path: path.clone(),
                found,
                supported: VERSION,
            },
            _ => OpenError::Damaged {
                path: path.clone(),
                what: what.to_owned(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker() -> Marker {
        Marker {
            store_id: *b"0123456789abcdef",
            owner: "node 7".into(),
        }
    }

    #[test]
    fn markers_survive_their_byte_form() {
        assert_eq!(Marker::from_bytes(&marker().to_bytes()), Ok(marker()));
    }

    #[test]
    fn damage_is_noticed_wherever_it_is() {
        let bytes = marker().to_bytes();
        for position in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[position] ^= 1;
            Marker::from_bytes(&damaged).unwrap_err();
            Marker::from_bytes(&bytes[..position]).unwrap_err();
        }
    }

    #[test]
    fn a_newer_marker_says_so() {
        let mut bytes = marker().to_bytes();
        bytes.truncate(bytes.len() - 8);
        bytes[8] = 2;
        bytes.extend(xxh3_64(&bytes).to_le_bytes());
        assert_eq!(Marker::from_bytes(&bytes).unwrap_err().0, Some(2));
    }
}
