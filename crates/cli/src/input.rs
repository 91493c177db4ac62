//! Files to be read: regular ones where they are, pipes through a temporary file.

use std::{
    fs,
    io::{self, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::UNIX_EPOCH,
};

use floe_encoding::{Source, SourceVersion};
use floe_env::{File, Kind, Metadata, Open};

use crate::{
    error::{Failure, Reason},
    interrupt::Interrupt,
    network::aside,
    world::World,
};

/// Bytes of a pipe that are copied at a time.
const SPOOL_BYTES: usize = 1 << 20;

/// A file to be read, at any position and several times.
#[derive(Debug)]
pub struct Input {
    name: String,
    file: Arc<dyn File>,
    opened: SourceVersion,
    interrupt: Interrupt,
}

impl Input {
    /// Opens a file; `-` is stdin. What can't be read at any position (a pipe, a terminal), or does not
    /// say how long it is, is copied to a nameless temporary file first, but no more than `bytes_max`
    /// of it.
    ///
    /// # Errors
    /// [`Failure`]: no such file, a folder, not permitted; a pipe gave more than `bytes_max`, or
    /// there is no room to copy it.
    pub fn open(world: &World, path: &Path, bytes_max: u64) -> Result<Self, Failure> {
        if path == Path::new("-") {
            take_stdin()?;
            return Self::spool(world, "stdin", io::stdin().lock(), bytes_max);
        }
        let name = path.display().to_string();
        match world.disk.metadata(path)?.kind {
            Kind::Dir => Err(
                Failure::new(Reason::InvalidInput, format!("{name} is a folder"))
                    .caused_by("expected a file")
                    .help(
                        "floe quilt pack makes one blob of the files in a folder, and floe \
                         store-quilt --paths stores them as one",
                    ),
            ),
            Kind::Other => Self::spool(world, &name, stream(path)?, bytes_max),
            Kind::File => {
                let file = world.disk.open(path, Open::Read)?;
                if file.metadata()?.len_bytes == 0 && file.read_at(&mut [0], 0)? > 0 {
                    // Made up as it is read, like those in /proc.
                    return Self::spool(world, &name, stream(path)?, bytes_max);
                }
                Self::new(world, name, file)
            }
        }
    }

    /// As [`open`](Self::open), off the threads that serve a command on a network: a pipe or a terminal
    /// may have nothing for long, and signals are to be heard meanwhile.
    pub(crate) async fn open_aside(
        world: &World,
        path: &Path,
        bytes_max: u64,
    ) -> Result<Self, Failure> {
        let (world, path) = (world.clone(), path.to_owned());
        aside(move || Self::open(&world, &path, bytes_max)).await
    }

    fn new(world: &World, name: String, file: Arc<dyn File>) -> Result<Self, Failure> {
        let opened = version(file.metadata()?);
        Ok(Self {
            name,
            file,
            opened,
            interrupt: world.interrupt.clone(),
        })
    }

    fn spool(
        world: &World,
        name: &str,
        mut stream: impl Read,
        bytes_max: u64,
    ) -> Result<Self, Failure> {
        let file = world.disk.temp_file(&world.tmp_dir)?;
        let mut buffer = vec![0; SPOOL_BYTES];
        let mut length = 0_u64;
        loop {
            let got = match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::io_of(format_args!("read {name}"), &error)),
            };
            file.write_at(buffer.get(..got).unwrap_or_default(), length)?;
            length += got as u64;
            if length > bytes_max {
                return Err(
                    Failure::new(Reason::BlobTooLarge, format!("{name} is too large"))
                        .caused_by(format!("expected at most {bytes_max} bytes, got more"))
                        .help("split the input, or encode it for more shards with --n-shards"),
                );
            }
        }
        Self::new(world, name.to_owned(), file)
    }

    /// What to call the file in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes sure that the file is still the one that was opened.
    ///
    /// # Errors
    /// [`Failure`] that it changed.
    pub fn ensure_unchanged(&self) -> Result<(), Failure> {
        if version(self.file.metadata()?) == self.opened {
            Ok(())
        } else {
            Err(Failure::changed(&self.name))
        }
    }
}

/// Whether stdin was read: what comes after that is nothing.
static STDIN_IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// Stdin can be read once.
///
/// # Errors
/// [`Failure`] the second time.
pub(crate) fn take_stdin() -> Result<(), Failure> {
    if STDIN_IS_TAKEN.swap(true, Ordering::Relaxed) {
        return Err(
            Failure::new(Reason::InvalidArgument, "stdin can be read only once")
                .help("name it once, or put what comes from it into a file"),
        );
    }
    Ok(())
}

fn stream(path: &Path) -> Result<fs::File, Failure> {
    let what = format_args!("open {}", path.display());
    fs::File::open(path).map_err(|error| Failure::io_of(what, &error))
}

fn version(metadata: Metadata) -> SourceVersion {
    let modified = match metadata.modified.duration_since(UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_nanos()).ok(),
        Err(before) => i128::try_from(before.duration().as_nanos())
            .ok()
            .map(|ns| -ns),
    };
    SourceVersion {
        length: metadata.len_bytes,
        modified_ns: modified,
    }
}

impl Source for Input {
    fn length(&self) -> u64 {
        self.opened.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.interrupt.check()?;
        Ok(self.file.read_exact_at(buffer, offset)?)
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(Some(version(self.file.metadata()?)))
    }
}
