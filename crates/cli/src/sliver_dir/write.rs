//! Writing the folder.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use floe_core::{Axis, CodeParams, SliverIndex, SymbolSize, VerifiedMetadata, wire};
use floe_encoding::SliverSink;
use floe_env::DiskError;

use super::{CREATE, Frame, Handles, METADATA};
use crate::{error::Failure, interrupt::Interrupt, world::World};

/// The sliver files of one encoding.
#[derive(Debug)]
pub struct SliverFiles {
    dir: PathBuf,
    params: CodeParams,
    symbol_size: SymbolSize,
    frames: [Frame; 2],
    handles: Handles,
    interrupt: Interrupt,
}

impl SliverFiles {
    /// Makes the empty folder `dir` ready for the slivers of a blob.
    ///
    /// # Errors
    /// [`Failure`] of the disk.
    pub fn create(
        world: &World,
        dir: &Path,
        params: CodeParams,
        symbol_size: SymbolSize,
    ) -> Result<Self, Failure> {
        for axis in Axis::BOTH {
            world.disk.create_dir(&dir.join(axis.name()))?;
        }
        let disk = Arc::clone(&world.disk);
        Ok(Self {
            dir: dir.to_owned(),
            params,
            symbol_size,
            frames: Axis::BOTH.map(|axis| Frame::new(params, symbol_size, axis)),
            handles: Handles::new(disk, dir.to_owned(), CREATE, world.open_files_max),
            interrupt: world.interrupt.clone(),
        })
    }

    /// Bytes of all files of a blob, the metadata left out.
    pub fn total_bytes(params: CodeParams, symbol_size: SymbolSize) -> u64 {
        let pair = Axis::BOTH.map(|axis| Frame::new(params, symbol_size, axis).file_bytes());
        u64::from(params.n_shards()) * pair.iter().sum::<u64>()
    }

    /// After all slivers were written: completes their files, adds the metadata, and makes all
    /// durable. `progress` hears of each file.
    ///
    /// # Errors
    /// [`Failure`] of the disk, or that the user ended the command.
    pub fn finish(
        &self,
        world: &World,
        metadata: &VerifiedMetadata,
        progress: &(dyn Fn() + Sync),
    ) -> Result<(), Failure> {
        let failed = Mutex::new(None);
        let lock = || failed.lock().unwrap_or_else(PoisonError::into_inner);
        let n = usize::from(self.params.n_shards());
        world.compute.run(2 * n, &|task| {
            if lock().is_some() {
                return;
            }
            let axis = if task < n {
                Axis::Primary
            } else {
                Axis::Secondary
            };
            let index = u16::try_from(task % n).expect("a remainder is below its modulus");
            if let Err(error) = self.finish_one(axis, SliverIndex(index)) {
                lock().get_or_insert(error);
            }
            progress();
        });
        if let Some(error) = lock().take() {
            return Err(Failure::io_of("complete the slivers", &error));
        }
        let path = self.dir.join(METADATA);
        let bytes = wire::to_bcs(metadata);
        let file = world.disk.open(&path, CREATE)?;
        file.write_at(&bytes, 0)?;
        file.sync_all()?;
        for axis in Axis::BOTH {
            world.disk.sync_dir(&self.dir.join(axis.name()))?;
        }
        Ok(())
    }

    fn finish_one(&self, axis: Axis, index: SliverIndex) -> io::Result<()> {
        self.interrupt.check()?;
        let frame = self.frame(axis);
        let file = self.handles.once(axis, index)?;
        file.write_at(&frame.prefix, 0)?;
        let trailer = Frame::trailer(self.symbol_size, index);
        file.write_at(&trailer, frame.place(frame.data_bytes))?;
        Ok(file.sync_all()?)
    }

    const fn frame(&self, axis: Axis) -> &Frame {
        let [primary, secondary] = &self.frames;
        match axis {
            Axis::Primary => primary,
            Axis::Secondary => secondary,
        }
    }
}

impl SliverSink for SliverFiles {
    fn write(&self, axis: Axis, index: SliverIndex, offset: usize, bytes: &[u8]) -> io::Result<()> {
        self.interrupt.check()?;
        let place = self.frame(axis).place(offset);
        let written: Result<(), DiskError> = self
            .handles
            .get(axis, index)
            .and_then(|file| file.write_at(bytes, place));
        Ok(written?)
    }
}
