//! Blobs as files, which take none of the client's memory.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use floe_encoding::{BlobOutput, Source, SourceVersion};
use floe_env::testing::SeededRng;
use floe_env::{OsRng, Rng as _};

const CHUNK: usize = 1 << 20;

/// An unnamed file of random bytes, other ones each time.
pub fn random_file(dir: &Path, len: u64) -> File {
    let mut file = tempfile::tempfile_in(dir).unwrap();
    let rng = SeededRng::new(OsRng.u64());
    let mut chunk = vec![0; CHUNK];
    let mut left = len;
    while left > 0 {
        let size = usize::try_from(left.min(CHUNK as u64)).unwrap();
        rng.fill(&mut chunk[..size]);
        file.write_all(&chunk[..size]).unwrap();
        left -= size as u64;
    }
    file
}

/// Do two files hold the same?
pub fn same_content(one: &File, other: &File) -> bool {
    let len = one.metadata().unwrap().len();
    if len != other.metadata().unwrap().len() {
        return false;
    }
    let (mut a, mut b) = (vec![0; CHUNK], vec![0; CHUNK]);
    let mut at = 0;
    while at < len {
        let size = usize::try_from((len - at).min(CHUNK as u64)).unwrap();
        one.read_exact_at(&mut a[..size], at).unwrap();
        other.read_exact_at(&mut b[..size], at).unwrap();
        if a[..size] != b[..size] {
            return false;
        }
        at += size as u64;
    }
    true
}

/// A blob in a file.
#[derive(Debug)]
pub struct FileBlob {
    file: File,
    len: u64,
}

impl FileBlob {
    pub fn new(file: File) -> Self {
        let len = file.metadata().unwrap().len();
        Self { file, len }
    }

    /// One of zeros, without a name.
    pub fn empty(dir: &Path, len: u64) -> Self {
        let file = tempfile::tempfile_in(dir).unwrap();
        file.set_len(len).unwrap();
        Self { file, len }
    }

    pub const fn file(&self) -> &File {
        &self.file
    }
}

impl Source for FileBlob {
    fn length(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, offset)
    }

    fn version(&self) -> io::Result<Option<SourceVersion>> {
        Ok(None)
    }
}

impl BlobOutput for FileBlob {
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write_all_at(data, offset)
    }
}
