//! What commands are given of the world, and how much of it they may use.

use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

use floe_encoding::{Executor, Options};
use floe_env::{Compute, Disk};

use crate::{interrupt::Interrupt, progress::Bar};

/// The surroundings of a command.
#[derive(Debug, Clone)]
pub struct World {
    /// Files.
    pub disk: Arc<dyn Disk>,
    /// Threads.
    pub compute: Arc<dyn Compute>,
    /// Bytes of working memory.
    pub memory_bytes: usize,
    /// The folder for temporary files.
    pub tmp_dir: PathBuf,
    /// Files that may be kept open at once.
    pub open_files_max: usize,
    /// Show progress on a terminal.
    pub progress: bool,
    /// Whether the command is to end.
    pub interrupt: Interrupt,
}

impl World {
    /// The threads, as the encoder wants them.
    pub fn threads(&self) -> Threads<'_> {
        Threads(self.compute.as_ref())
    }

    /// Settings for an operation over a whole blob.
    pub fn options<'a>(&self, threads: &'a Threads<'a>, bar: &'a Bar) -> Options<'a> {
        Options {
            executor: threads,
            memory_bytes: self.memory_bytes,
            progress: bar,
        }
    }
}

/// Lends a [`Compute`] to the encoder.
#[derive(Debug, Clone, Copy)]
pub struct Threads<'a>(&'a dyn Compute);

impl Executor for Threads<'_> {
    fn threads(&self) -> NonZeroUsize {
        self.0.threads()
    }

    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync)) {
        self.0.run(tasks, body);
    }
}

/// The folder that holds the name `path`.
pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) => Path::new("."),
        None => path,
    }
}
