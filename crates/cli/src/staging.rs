//! Output that appears under its name whole, or not at all.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use floe_encoding::{BlobOutput, Source, SourceVersion};
use floe_env::{Access, Disk, DiskError, File, Kind, Replacement};

use crate::{
    error::{Failure, Reason},
    interrupt::Interrupt,
    world::{World, parent},
};

/// Temporary names that are tried before giving up.
const NAMES_MAX: u64 = 1024;

/// What to do about output that exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    Keep,
    /// Replace it.
    Replace,
}

impl Existing {
    /// What `--force` means.
    pub const fn from_force(force: bool) -> Self {
        if force { Self::Replace } else { Self::Keep }
    }
}

fn catch(world: &World) -> Result<(), Failure> {
    let caught = world.interrupt.catch();
    caught.map_err(|error| Failure::io_of("catch signals", &error))
}

fn kind_of(disk: &dyn Disk, path: &Path) -> Result<Option<Kind>, Failure> {
    match disk.metadata(path) {
        Ok(metadata) => Ok(Some(metadata.kind)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes sure that there is a folder for the name `target`.
fn ensure_parent(disk: &dyn Disk, target: &Path) -> Result<(), Failure> {
    let folder = parent(target);
    match kind_of(disk, folder)? {
        Some(Kind::Dir) => Ok(()),
        _ => {
            let message = format!("there is no folder {}", folder.display());
            Err(Failure::new(Reason::NotFound, message).help("create it first, or name another"))
        }
    }
}

fn exists(path: &Path, help: &str) -> Failure {
    let message = format!("{} exists already", path.display());
    Failure::new(Reason::AlreadyExists, message).help(help)
}

/// A file being written. Dropped before [`commit`](Self::commit), it is gone, whoever still writes to it.
#[derive(Debug)]
pub struct StagedFile {
    replacement: Replacement,
    content: Arc<StagedContent>,
}

/// What is in a [`StagedFile`]; what is written after that is gone is lost.
#[derive(Debug)]
pub struct StagedContent {
    file: Arc<dyn File>,
    length: u64,
    interrupt: Interrupt,
}

impl StagedFile {
    /// Starts a file of `length` bytes that will be `target`.
    ///
    /// # Errors
    /// [`Failure`]: the target exists and is to be kept, or the disk refuses.
    pub fn begin(
        world: &World,
        target: &Path,
        length: u64,
        existing: Existing,
    ) -> Result<Self, Failure> {
        match (kind_of(world.disk.as_ref(), target)?, existing) {
            (None, _) | (Some(Kind::File), Existing::Replace) => {}
            (Some(Kind::File), Existing::Keep) => {
                return Err(exists(
                    target,
                    "name another file, or replace it with --force",
                ));
            }
            (Some(_), _) => return Err(exists(target, "it is no file; name another")),
        }
        ensure_parent(world.disk.as_ref(), target)?;
        ensure_space(world, parent(target), length)?;
        catch(world)?;
        let replacement = Replacement::begin(Arc::clone(&world.disk), target, Access::Shared)?;
        replacement.file().set_len(length)?;
        let content = Arc::new(StagedContent {
            file: Arc::clone(replacement.file()),
            length,
            interrupt: world.interrupt.clone(),
        });
        Ok(Self {
            replacement,
            content,
        })
    }

    /// What is in the file.
    pub const fn content(&self) -> &Arc<StagedContent> {
        &self.content
    }

    /// Makes the file durable and gives it its name.
    ///
    /// # Errors
    /// [`Failure`] of the disk, or that somebody can still write to it.
    pub fn commit(self) -> Result<(), Failure> {
        if Arc::into_inner(self.content).is_none() {
            let message = "the file is still being written";
            return Err(Failure::new(Reason::Internal, message));
        }
        Ok(self.replacement.commit()?)
    }
}

impl Source for StagedContent {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.interrupt.check()?;
        Ok(self.file.read_exact_at(buffer, offset)?)
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(None)
    }
}

impl BlobOutput for StagedContent {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.interrupt.check()?;
        Ok(self.file.write_at(bytes, offset)?)
    }
}

/// A nameless file, gone with the process.
#[derive(Debug)]
pub struct ScratchFile {
    file: Arc<dyn File>,
    length: u64,
}

impl ScratchFile {
    /// A file of `length` bytes in the folder for temporary files.
    ///
    /// # Errors
    /// [`Failure`] of the disk.
    pub fn new(world: &World, length: u64) -> Result<Self, Failure> {
        ensure_space(world, &world.tmp_dir, length)?;
        let file = world.disk.temp_file(&world.tmp_dir)?;
        file.set_len(length)?;
        Ok(Self { file, length })
    }
}

impl Source for ScratchFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        Ok(self.file.read_exact_at(buffer, offset)?)
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(None)
    }
}

impl BlobOutput for ScratchFile {
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        Ok(self.file.write_at(bytes, offset)?)
    }
}

/// A folder being filled. Dropped before [`commit`](Self::commit), it is gone with all in it; only a
/// crash leaves it, under a name that [`floe_env::is_temporary`].
#[derive(Debug)]
pub struct StagedDir {
    disk: Arc<dyn Disk>,
    temporary: PathBuf,
    target: PathBuf,
    /// Where what has the target's name is put out of the way.
    displaced: Option<PathBuf>,
    committed: bool,
}

impl StagedDir {
    /// Starts an empty folder that will be `target`. An existing one is replaced only if it is
    /// empty or `replaceable` says so of its names: others' files are not to be lost.
    ///
    /// # Errors
    /// [`Failure`]: the target exists and is to be kept, or the disk refuses.
    pub fn begin(
        world: &World,
        target: &Path,
        existing: Existing,
        replaceable: impl Fn(&str) -> bool,
    ) -> Result<Self, Failure> {
        let disk = Arc::clone(&world.disk);
        let displaces = match (kind_of(disk.as_ref(), target)?, existing) {
            (None, _) => false,
            (Some(Kind::Dir), Existing::Replace) => {
                let all = disk.list(target)?;
                if !all
                    .iter()
                    .all(|entry| entry.name.to_str().is_some_and(&replaceable))
                {
                    let help = "it holds files that floe has not put there; name another folder";
                    return Err(exists(target, help));
                }
                true
            }
            (Some(Kind::Dir), Existing::Keep) => {
                return Err(exists(
                    target,
                    "name another folder, or replace it with --force",
                ));
            }
            (Some(_), _) => return Err(exists(target, "it is no folder; name another")),
        };
        ensure_parent(disk.as_ref(), target)?;
        catch(world)?;
        let temporary = create_temporary(disk.as_ref(), target, 0)?;
        let mut staged = Self {
            disk,
            temporary,
            target: target.to_owned(),
            displaced: None,
            committed: false,
        };
        if displaces {
            let place = create_temporary(staged.disk.as_ref(), target, 1)?;
            staged.displaced = Some(place);
        }
        Ok(staged)
    }

    /// The folder to fill.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Gives the folder, whose content the caller has made durable, its name.
    ///
    /// # Errors
    /// [`Failure`] of the disk. The target then is what it was, or new and whole; a crash at the
    /// wrong moment may leave the old one under its temporary name.
    pub fn commit(mut self) -> Result<(), Failure> {
        let folder = parent(&self.target);
        self.disk.sync_dir(&self.temporary)?;
        if let Some(displaced) = &self.displaced {
            self.disk.rename(&self.target, displaced)?;
        }
        if let Err(error) = self.disk.rename(&self.temporary, &self.target) {
            if let Some(displaced) = self.displaced.take() {
                self.disk.rename(&displaced, &self.target)?;
            }
            return Err(error.into());
        }
        self.committed = true;
        Ok(self.disk.sync_dir(folder)?)
    }
}

impl Drop for StagedDir {
    fn drop(&mut self) {
        // Best effort: what stays is recognizable, and the reason for dropping matters more.
        if !self.committed {
            let _ = remove_all(self.disk.as_ref(), &self.temporary);
        }
        if let Some(displaced) = &self.displaced {
            let _ = remove_all(self.disk.as_ref(), displaced);
        }
    }
}

/// Creates an empty folder with a temporary name beside `target`.
fn create_temporary(disk: &dyn Disk, target: &Path, salt: u64) -> Result<PathBuf, Failure> {
    let mut hasher = DefaultHasher::new();
    (target, salt).hash(&mut hasher);
    let first = hasher.finish();
    let mut attempt = 0;
    loop {
        let name = format!(".floe-{:016x}.tmp", first.wrapping_add(attempt));
        let path = parent(target).join(name);
        attempt += 1;
        match disk.create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < NAMES_MAX => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Removes a folder and all in it, without following links.
fn remove_all(disk: &dyn Disk, dir: &Path) -> Result<(), DiskError> {
    for entry in disk.list(dir)? {
        let path = dir.join(entry.name);
        match entry.kind {
            Kind::Dir => remove_all(disk, &path)?,
            Kind::File | Kind::Other => disk.remove_file(&path)?,
        }
    }
    disk.remove_dir(dir)
}

/// Makes sure that `bytes` fit on the disk of `dir`, before anything is written.
///
/// # Errors
/// [`Failure`] that they don't.
pub(crate) fn ensure_space(world: &World, dir: &Path, bytes: u64) -> Result<(), Failure> {
    let available = world.disk.space(dir)?.available_bytes;
    if bytes <= available {
        return Ok(());
    }
    let [needed, available] = [bytes, available].map(crate::output::bytes);
    let message = format!("no room in {}", dir.display());
    Err(Failure::new(Reason::NoSpace, message)
        .caused_by(format!("expected {needed} of free space, got {available}"))
        .help("free some space, or name another disk"))
}

#[cfg(test)]
mod tests {
    use floe_env::{Inline, testing::CrashDisk};

    use super::*;

    #[test]
    fn a_file_goes_with_its_owner_and_is_not_named_while_somebody_writes() {
        let disk = CrashDisk::new();
        disk.create_dir(Path::new("/out")).expect("a folder");
        let world = World {
            disk: Arc::new(disk.clone()),
            compute: Arc::new(Inline),
            memory_bytes: 1 << 20,
            tmp_dir: PathBuf::from("/out"),
            open_files_max: 10,
            progress: false,
            interrupt: Interrupt::default(),
        };
        let begin = || StagedFile::begin(&world, Path::new("/out/new"), 3, Existing::Keep);
        let names = || disk.list(Path::new("/out")).expect("a list").len();
        let staged = begin().expect("a file");
        let writer = Arc::clone(staged.content());
        assert_eq!(names(), 1);
        drop(staged);
        assert_eq!(names(), 0);
        writer.write_at(0, b"abc").expect("nobody minds");
        assert_eq!(names(), 0);

        let staged = begin().expect("a file");
        let _writer = Arc::clone(staged.content());
        let failure = staged.commit().expect_err("written to still");
        assert_eq!(failure.reason(), Reason::Internal);
        assert_eq!(names(), 0);
    }
}
