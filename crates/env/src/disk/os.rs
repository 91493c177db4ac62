//! The operating system's file systems.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Access, Disk, DiskError, Entry, File, Kind, Metadata, Open, Operation, Space};

/// The disk of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDisk;

#[derive(Debug)]
struct OsFile {
    path: PathBuf,
    file: fs::File,
}

/// Says what failed where.
fn during<T>(operation: Operation, path: &Path, result: io::Result<T>) -> Result<T, DiskError> {
    result.map_err(|source| DiskError::new(operation, path, source))
}

fn open(path: &Path, how: Open) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.read(true);
    let access = match how {
        Open::Read => None,
        Open::Update => {
            options.write(true);
            None
        }
        Open::Ensure(access) => {
            options.write(true).create(true);
            Some(access)
        }
        Open::CreateNew(access) => {
            options.write(true).create_new(true);
            Some(access)
        }
    };
    if access == Some(Access::Private) {
        options.mode(0o600);
    }
    let file = options.open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(file)
}

fn kind_of(kind: fs::FileType) -> Kind {
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Dir
    } else {
        Kind::Other
    }
}

fn facts(metadata: &fs::Metadata) -> io::Result<Metadata> {
    Ok(Metadata {
        kind: kind_of(metadata.file_type()),
        len_bytes: metadata.len(),
        modified: metadata.modified()?,
    })
}

fn list(dir: &Path) -> io::Result<Vec<Entry>> {
    let entries = fs::read_dir(dir)?.map(|entry| {
        let entry = entry?;
        Ok(Entry {
            name: entry.file_name(),
            kind: kind_of(entry.file_type()?),
        })
    });
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    let folder = fs::File::open(dir)?;
    if !folder.metadata()?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    folder.sync_all()
}

fn space(path: &Path) -> io::Result<Space> {
    let facts = rustix::fs::statvfs(path)?;
    Ok(Space {
        available_bytes: facts.f_bavail.saturating_mul(facts.f_frsize),
        total_bytes: facts.f_blocks.saturating_mul(facts.f_frsize),
    })
}

impl Disk for OsDisk {
    fn open(&self, path: &Path, how: Open) -> Result<Arc<dyn File>, DiskError> {
        let operation = match how {
            Open::Read | Open::Update => Operation::Open,
            Open::Ensure(_) | Open::CreateNew(_) => Operation::Create,
        };
        let file = during(operation, path, open(path, how))?;
        Ok(Arc::new(OsFile {
            path: path.to_owned(),
            file,
        }))
    }

    fn temp_file(&self, dir: &Path) -> Result<Arc<dyn File>, DiskError> {
        let file = during(Operation::TempFile, dir, tempfile::tempfile_in(dir))?;
        Ok(Arc::new(OsFile {
            path: dir.to_owned(),
            file,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        during(
            Operation::Rename { to: to.to_owned() },
            from,
            fs::rename(from, to),
        )
    }

    fn remove_file(&self, path: &Path) -> Result<(), DiskError> {
        during(Operation::RemoveFile, path, fs::remove_file(path))
    }

    fn create_dir(&self, path: &Path) -> Result<(), DiskError> {
        during(Operation::CreateDir, path, fs::create_dir(path))
    }

    fn remove_dir(&self, path: &Path) -> Result<(), DiskError> {
        during(Operation::RemoveDir, path, fs::remove_dir(path))
    }

    fn list(&self, dir: &Path) -> Result<Vec<Entry>, DiskError> {
        during(Operation::List, dir, list(dir))
    }

    fn metadata(&self, path: &Path) -> Result<Metadata, DiskError> {
        let metadata = fs::metadata(path).and_then(|metadata| facts(&metadata));
        during(Operation::Metadata, path, metadata)
    }

    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError> {
        during(Operation::SyncDir, dir, sync_dir(dir))
    }

    fn space(&self, path: &Path) -> Result<Space, DiskError> {
        during(Operation::Space, path, space(path))
    }
}

impl OsFile {
    fn during<T>(&self, operation: Operation, result: io::Result<T>) -> Result<T, DiskError> {
        during(operation, &self.path, result)
    }

    fn read(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let asked = buf.len();
        let (mut rest, mut offset) = (buf, offset);
        while !rest.is_empty() {
            match self.file.read_at(rest, offset) {
                Ok(0) => break,
                Ok(got) => {
                    rest = rest.get_mut(got..).unwrap_or_default();
                    offset += got as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(asked - rest.len())
    }
}

impl File for OsFile {
    fn path(&self) -> &Path {
        &self.path
    }

    fn metadata(&self) -> Result<Metadata, DiskError> {
        let metadata = self.file.metadata().and_then(|metadata| facts(&metadata));
        self.during(Operation::Metadata, metadata)
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        let operation = Operation::read(buf, offset);
        let result = self.read(buf, offset);
        self.during(operation, result)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), DiskError> {
        self.during(
            Operation::write(bytes, offset),
            self.file.write_all_at(bytes, offset),
        )
    }

    fn set_len(&self, len_bytes: u64) -> Result<(), DiskError> {
        self.during(
            Operation::SetLen { len_bytes },
            self.file.set_len(len_bytes),
        )
    }

    fn sync_data(&self) -> Result<(), DiskError> {
        self.during(Operation::SyncData, self.file.sync_data())
    }

    fn sync_all(&self) -> Result<(), DiskError> {
        self.during(Operation::SyncAll, self.file.sync_all())
    }

    fn try_lock(&self) -> Result<(), DiskError> {
        let locked = self.file.try_lock().map_err(|error| match error {
            fs::TryLockError::Error(error) => error,
            fs::TryLockError::WouldBlock => {
                io::Error::new(io::ErrorKind::WouldBlock, "it is locked by another process")
            }
        });
        self.during(Operation::Lock, locked)
    }
}
