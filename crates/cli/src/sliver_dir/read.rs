//! Reading the folder, of which nothing is trusted.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use floe_core::{
    Axis, CodeParams, SliverData, SliverIndex, UnverifiedMetadata, VerifiedMetadata, wire,
};
use floe_encoding::{RedStuff, SliverError, SliverReader};
use floe_env::{Access, Disk, DiskError, File, Open, replace};

use super::{Frame, Handles, METADATA, SUFFIX, other, sliver_path};
use crate::{
    error::{Failure, Reason},
    interrupt::Interrupt,
    world::World,
};

/// No metadata is longer: version, type, length, and the hashes of as many pairs as a `u16` counts.
const METADATA_BYTES_MAX: usize = 32 + 10 + 3 + 66 * (u16::MAX as usize);

/// A folder of slivers whose metadata is intact.
#[derive(Debug)]
pub struct SliverDir {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    metadata: VerifiedMetadata,
    code: RedStuff,
    frames: [Frame; 2],
    handles: Handles,
    interrupt: Interrupt,
}

/// What there is in a folder of slivers.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Primary slivers that have a file, in order.
    pub primary: Vec<SliverIndex>,
    /// Secondary slivers that have a file, in order.
    pub secondary: Vec<SliverIndex>,
    /// Files that have no place there.
    pub unexpected: Vec<PathBuf>,
}

impl Inventory {
    /// The slivers of `axis` that have a file.
    pub fn get(&self, axis: Axis) -> &[SliverIndex] {
        match axis {
            Axis::Primary => &self.primary,
            Axis::Secondary => &self.secondary,
        }
    }
}

/// What is wrong with the file of a sliver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SliverProblem {
    /// It can't be read.
    #[error("{0}")]
    Unreadable(#[from] DiskError),
    /// It has been cut off, extended, or belongs to a blob of another size.
    #[error("expected a file of {expected} bytes, got {got}")]
    Length {
        /// Bytes that it should have.
        expected: u64,
        /// Bytes that it has.
        got: u64,
    },
    /// It is not the file of a sliver, or one of a blob of another size.
    #[error("expected a sliver with symbols of {expected} bytes")]
    Malformed {
        /// The blob's symbol size in bytes.
        expected: u16,
    },
    /// It has another sliver's name.
    #[error("the file holds sliver {got}")]
    Misplaced {
        /// The sliver that it holds.
        got: SliverIndex,
    },
    /// The content is damaged, or another blob's.
    #[error("the content does not match the blob's metadata")]
    Content,
    /// The blob's own check of a sliver failed in another way.
    #[error(transparent)]
    Other(SliverError),
}

impl From<SliverError> for SliverProblem {
    fn from(error: SliverError) -> Self {
        match error {
            SliverError::HashMismatch { .. } => Self::Content,
            other => Self::Other(other),
        }
    }
}

impl SliverDir {
    /// Opens a folder and verifies its metadata, which says what blob it is and for how many shards.
    ///
    /// # Errors
    /// [`Failure`]: no such folder, no metadata, or metadata that does not hash to its own blob id.
    pub fn open(world: &World, path: &Path) -> Result<Self, Failure> {
        let disk = Arc::clone(&world.disk);
        if let Err(error) = disk.list(path) {
            return Err(Failure::disk(&error).help("expected a folder made by floe encode"));
        }
        let metadata = read_metadata(disk.as_ref(), path)?;
        let params = metadata.params();
        let code = RedStuff::new(params.n_shards()).map_err(|error| Failure::code(&error))?;
        let symbol_size = metadata.symbol_size();
        Ok(Self {
            path: path.to_owned(),
            frames: Axis::BOTH.map(|axis| Frame::new(params, symbol_size, axis)),
            handles: Handles::new(
                Arc::clone(&disk),
                path.to_owned(),
                Open::Read,
                world.open_files_max,
            ),
            interrupt: world.interrupt.clone(),
            disk,
            metadata,
            code,
        })
    }

    /// The folder's name for messages.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The blob's metadata.
    pub const fn metadata(&self) -> &VerifiedMetadata {
        &self.metadata
    }

    /// The code of the blob's number of shards.
    pub const fn code(&self) -> &RedStuff {
        &self.code
    }

    /// The parameters of the code.
    pub const fn params(&self) -> CodeParams {
        self.code.params()
    }

    /// Looks which slivers have a file.
    ///
    /// # Errors
    /// [`Failure`] of the disk; a missing folder of one axis is none.
    pub fn inventory(&self) -> Result<Inventory, Failure> {
        let mut unexpected = Vec::new();
        let mut of_axis = |axis: Axis| -> Result<Vec<SliverIndex>, Failure> {
            let folder = self.path.join(axis.name());
            let entries = match self.disk.list(&folder) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                other => other?,
            };
            let mut found = Vec::new();
            for entry in entries {
                match entry.name.to_str().and_then(index_of) {
                    Some(index) if self.params().check_index(index).is_ok() => found.push(index),
                    _ => unexpected.push(Path::new(axis.name()).join(entry.name)),
                }
            }
            found.sort_unstable();
            Ok(found)
        };
        Ok(Inventory {
            primary: of_axis(Axis::Primary)?,
            secondary: of_axis(Axis::Secondary)?,
            unexpected,
        })
    }

    /// Checks the shape of a sliver's file, without reading its data.
    ///
    /// # Errors
    /// [`SliverProblem`].
    pub fn probe(&self, axis: Axis, index: SliverIndex) -> Result<(), SliverProblem> {
        self.open_checked(axis, index).map(drop)
    }

    /// Reads a sliver. Its content is not verified.
    ///
    /// # Errors
    /// [`SliverProblem`].
    pub fn load(&self, axis: Axis, index: SliverIndex) -> Result<SliverData, SliverProblem> {
        let file = self.open_checked(axis, index)?;
        let frame = self.frame(axis);
        let mut data = vec![0; frame.data_bytes];
        file.read_exact_at(&mut data, frame.place(0))?;
        Ok(SliverData {
            data,
            symbol_size: self.metadata.symbol_size(),
            index,
        })
    }

    fn open_checked(&self, axis: Axis, index: SliverIndex) -> Result<Arc<dyn File>, SliverProblem> {
        let file = self.handles.once(axis, index)?;
        let frame = self.frame(axis);
        let (expected, got) = (frame.file_bytes(), file.metadata()?.len_bytes);
        if got != expected {
            return Err(SliverProblem::Length { expected, got });
        }
        let mut prefix = vec![0; frame.prefix.len()];
        file.read_exact_at(&mut prefix, 0)?;
        let mut trailer = [0; Frame::TRAILER_BYTES];
        file.read_exact_at(&mut trailer, frame.place(frame.data_bytes))?;
        let symbol_size = self.metadata.symbol_size();
        let [s0, s1, i0, i1] = trailer;
        if prefix != frame.prefix || [s0, s1] != symbol_size.get().to_le_bytes() {
            let expected = symbol_size.get();
            return Err(SliverProblem::Malformed { expected });
        }
        let got = SliverIndex(u16::from_le_bytes([i0, i1]));
        if got != index {
            return Err(SliverProblem::Misplaced { got });
        }
        Ok(file)
    }

    /// Writes a sliver's file, whole or not at all; what was there is replaced.
    ///
    /// # Errors
    /// [`Failure`] of the disk.
    pub fn store(&self, axis: Axis, sliver: &SliverData) -> Result<(), Failure> {
        let folder = self.path.join(axis.name());
        self.disk.create_dir_all(&folder)?;
        let path = sliver_path(&self.path, axis, sliver.index);
        let bytes = wire::to_bcs(sliver);
        Ok(replace(&self.disk, &path, &bytes, Access::Shared)?)
    }

    const fn frame(&self, axis: Axis) -> &Frame {
        let [primary, secondary] = &self.frames;
        match axis {
            Axis::Primary => primary,
            Axis::Secondary => secondary,
        }
    }
}

impl SliverReader for SliverDir {
    fn read(
        &self,
        axis: Axis,
        index: SliverIndex,
        offset: usize,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        self.interrupt.check()?;
        let frame = self.frame(axis);
        let end = offset.checked_add(buffer.len());
        if end.is_none_or(|end| end > frame.data_bytes) {
            return Err(other("outside of the sliver"));
        }
        let file = self.handles.get(axis, index)?;
        Ok(file.read_exact_at(buffer, frame.place(offset))?)
    }
}

/// The sliver whose file has this name.
fn index_of(name: &str) -> Option<SliverIndex> {
    let digits = name.strip_suffix(SUFFIX)?;
    let all_digits = digits.len() == 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let index = all_digits.then(|| digits.parse().ok())?;
    index.map(SliverIndex)
}

fn read_metadata(disk: &dyn Disk, dir: &Path) -> Result<VerifiedMetadata, Failure> {
    let path = dir.join(METADATA);
    let name = path.display().to_string();
    let bytes = disk.read(&path, METADATA_BYTES_MAX).map_err(|error| {
        let failure = Failure::disk(&error);
        match error.kind() {
            io::ErrorKind::FileTooLarge => corrupt(&name, &error),
            _ => failure.help("without the metadata no sliver can be told from a wrong one"),
        }
    })?;
    let unverified: UnverifiedMetadata =
        wire::from_bcs(&bytes).map_err(|error| corrupt(&name, &error))?;
    let n_shards = unverified.metadata.hashes().len();
    let params = u16::try_from(n_shards)
        .ok()
        .and_then(|n_shards| CodeParams::for_encoding(n_shards).ok())
        .ok_or_else(|| corrupt(&name, &format!("it is for {n_shards} shards")))?;
    unverified
        .verify(params)
        .map_err(|error| corrupt(&name, &error))
}

fn corrupt(name: &str, cause: &dyn ToString) -> Failure {
    Failure::new(Reason::Corrupt, format!("{name} is no intact metadata"))
        .caused_by(cause.to_string())
        .help("get the metadata again from where the slivers are from")
}
