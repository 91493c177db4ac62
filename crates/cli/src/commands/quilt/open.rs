//! Quilts to be read: whole ones, and folders of their slivers.

use std::{
    fmt, io,
    path::Path,
    sync::{Mutex, PoisonError},
};

use floe_core::{Axis, BlobId, SliverIndex};
use floe_encoding::{
    RedStuff, SliverVerifier,
    quilt::{Columns, Geometry, QuiltBlob, QuiltIndex, ReadError, read_index},
};
use floe_env::Kind;

use crate::{
    args::Shards,
    commands::blob_id::metadata,
    error::{Failure, Reason},
    input::Input,
    sliver_dir::SliverDir,
    world::World,
};

const IS_IT_A_QUILT: &str = "is it a quilt, and packed for as many shards as --n-shards says?";

/// A quilt as it was named on the command line.
#[derive(Debug)]
pub(super) enum Opened {
    /// A file with the whole of it.
    Blob(Box<Input>, RedStuff),
    /// A folder of its slivers.
    Slivers(Box<SliverDir>),
}

impl Opened {
    pub(super) fn open(world: &World, path: &Path, shards: &Shards) -> Result<Self, Failure> {
        let is_dir = path != Path::new("-") && world.disk.metadata(path)?.kind == Kind::Dir;
        if is_dir {
            return Ok(Self::Slivers(Box::new(SliverDir::open(world, path)?)));
        }
        let code = shards.code()?;
        let input = Input::open(world, path, code.params().max_blob_size())?;
        Ok(Self::Blob(Box::new(input), code))
    }

    /// What to call it in messages.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Blob(input, _) => input.name().to_owned(),
            Self::Slivers(dir) => dir.name(),
        }
    }

    pub(super) fn columns(&self) -> Result<Box<dyn Columns + '_>, Failure> {
        let not_quilt = |error: &floe_encoding::quilt::NotQuiltSized| {
            Failure::new(Reason::InvalidInput, format!("{} is no quilt", self.name()))
                .caused_by(error.to_string())
                .help("say with --n-shards for how many shards the quilt was packed")
        };
        match self {
            Self::Blob(input, code) => {
                let blob = QuiltBlob::new(code.params(), input.as_ref());
                Ok(Box::new(blob.map_err(|error| not_quilt(&error))?))
            }
            Self::Slivers(dir) => {
                let length = dir.metadata().unencoded_length();
                let geometry = Geometry::of_quilt(dir.params(), length);
                Ok(Box::new(DirColumns {
                    dir,
                    geometry: geometry.map_err(|error| not_quilt(&error))?,
                    current: Mutex::new(None),
                }))
            }
        }
    }

    pub(super) fn index(&self, columns: &dyn Columns) -> Result<QuiltIndex, Failure> {
        read_index(columns).map_err(|error| self.read_failure(&error))
    }

    /// The quilt's blob id, which takes hashing all of it unless there is metadata.
    pub(super) fn blob_id(&self, world: &World) -> Result<BlobId, Failure> {
        match self {
            Self::Blob(input, code) => {
                let metadata = metadata(code, input.as_ref(), input.name(), world)?;
                Ok(*metadata.blob_id())
            }
            Self::Slivers(dir) => Ok(*dir.metadata().blob_id()),
        }
    }

    pub(super) fn ensure_unchanged(&self) -> Result<(), Failure> {
        match self {
            Self::Blob(input, _) => input.ensure_unchanged(),
            // Every sliver is verified on its own.
            Self::Slivers(_) => Ok(()),
        }
    }

    /// Why a part of the quilt can't be read; `what` completes "cannot …".
    pub(super) fn column_failure(&self, what: impl fmt::Display, error: &io::Error) -> Failure {
        let failure = Failure::io_of(what, error);
        match (self, failure.reason()) {
            (Self::Slivers(_), Reason::Corrupt) => {
                failure.help("floe recover makes a lost sliver again")
            }
            _ => failure,
        }
    }

    /// Why the quilt, or a patch in it, can't be read.
    pub(super) fn read_failure(&self, error: &ReadError) -> Failure {
        let name = self.name();
        match error {
            ReadError::Columns { source, .. } => {
                self.column_failure(format_args!("read the columns of {name}"), source)
            }
            ReadError::Index(error) => {
                Failure::new(Reason::Corrupt, format!("{name} has no intact quilt index"))
                    .caused_by(error.to_string())
                    .help(IS_IT_A_QUILT)
            }
            other => Failure::new(Reason::Corrupt, format!("{name} has a corrupt patch"))
                .caused_by(other.to_string())
                .help(IS_IT_A_QUILT),
        }
    }
}

/// The columns of a quilt, from its secondary slivers, verified as they are read. Holds the one read
/// last.
#[derive(Debug)]
struct DirColumns<'a> {
    dir: &'a SliverDir,
    geometry: Geometry,
    current: Mutex<Option<(u16, Vec<u8>)>>,
}

impl DirColumns<'_> {
    fn load(&self, column: u16) -> io::Result<Vec<u8>> {
        let axis = Axis::Secondary;
        let index = SliverIndex(column);
        let verified = self.dir.load(axis, index).and_then(|sliver| {
            SliverVerifier::new(self.dir.code()).verify(self.dir.metadata(), axis, &sliver)?;
            Ok(sliver)
        });
        let sliver = verified.map_err(|problem| {
            let message = format!("secondary:{column}: {problem}");
            io::Error::new(io::ErrorKind::InvalidData, message)
        })?;
        Ok(sliver.data)
    }
}

impl Columns for DirColumns<'_> {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read_column(&self, column: u16, offset: usize, buffer: &mut [u8]) -> io::Result<()> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let data = match current.take() {
            Some((held, data)) if held == column => data,
            _ => self.load(column)?,
        };
        let end = offset.checked_add(buffer.len());
        let bytes = end.and_then(|end| data.get(offset..end));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        *current = Some((column, data));
        Ok(())
    }
}
