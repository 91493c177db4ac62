//! Whatever the disk does to a command, nothing partial is left under a final name, and the message
//! says what happened. Commands run in this process on a disk that fails when told to.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::support::content;
use clap::Parser as _;
use floe_cli::{Cli, Command, Failure, Interrupt, Output, Reason, World, commands};
use floe_env::{
    Access, Disk, DiskError, Entry, File, Inline, Metadata, Open, Space,
    testing::{CrashDisk, Fault},
};

const BLOB: &str = "/data/blob";
const SLIVERS: &str = "/data/slivers";

fn world(disk: impl Disk + 'static) -> World {
    World {
        disk: Arc::new(disk),
        compute: Arc::new(Inline),
        memory_bytes: 64 << 20,
        tmp_dir: PathBuf::from("/tmp"),
        open_files_max: 100,
        progress: false,
        interrupt: Interrupt::default(),
    }
}

/// Runs a command; what it prints goes to stdout as ever.
fn floe(disk: impl Disk + 'static, args: &str) -> Result<(), Failure> {
    let cli = Cli::try_parse_from(["floe"].into_iter().chain(args.split_whitespace())).unwrap();
    let (world, output) = (world(disk), Output::new(true));
    match cli.command {
        Command::BlobId(args) => commands::blob_id::run(&args, &world, output),
        Command::Encode(args) => commands::encode::run(&args, &world, output),
        Command::Decode(args) => commands::decode::run(&args, &world, output),
        Command::Recover(args) => commands::recover::run(&args, &world, output),
        Command::Quilt(command) => commands::quilt::run(command, &world, output),
        other => panic!("{other:?}"),
    }
}

fn write(disk: &CrashDisk, path: &str, bytes: &[u8]) {
    let file = disk.open(Path::new(path), Open::Ensure(Access::Shared));
    let file = file.unwrap();
    file.set_len(0).unwrap();
    file.write_at(bytes, 0).unwrap();
}

fn read(disk: &CrashDisk, path: &str) -> Option<Vec<u8>> {
    let disk: &dyn Disk = disk;
    disk.read(Path::new(path), 1 << 20).ok()
}

fn names(disk: &CrashDisk, dir: &str) -> Vec<String> {
    let entries = disk.list(Path::new(dir)).unwrap_or_default();
    let names = entries.into_iter().map(|entry| entry.name.into_string());
    names.map(Result::unwrap).collect()
}

/// A disk with a blob, its slivers for four shards, and a quilt.
fn prepared() -> CrashDisk {
    let disk = CrashDisk::new();
    for dir in ["/data", "/tmp", "/data/files"] {
        disk.create_dir(Path::new(dir)).unwrap();
    }
    write(&disk, BLOB, &content(3000, 1));
    write(&disk, "/data/files/a", &content(100, 2));
    write(&disk, "/data/files/b", &content(200, 3));
    let encode = format!("encode {BLOB} --out {SLIVERS} --n-shards 4");
    floe(disk.clone(), &encode).unwrap();
    floe(
        disk.clone(),
        "quilt pack /data/files --out /data/quilt --n-shards 4",
    )
    .unwrap();
    disk
}

/// Lets every operation of a command fail, one a run, and looks at what each run leaves.
fn fail_everywhere(args: &str, whole: impl Fn(&CrashDisk) -> bool) {
    for fault in [Fault::NoSpace, Fault::ShortWrite, Fault::Io] {
        for number in 0.. {
            let disk = prepared();
            disk.remove_file(Path::new("/data/slivers/primary/00001.sliver"))
                .unwrap();
            let before = names(&disk, "/data");
            let first = disk.operations();
            disk.fail_at(first + number, fault);
            let outcome = floe(disk.clone(), args);
            let done = disk.operations() <= first + number;
            let names = names(&disk, "/data");
            assert!(
                !names.iter().any(|name| name.starts_with('.')),
                "{args}: {fault:?} in operation {number} leaves {names:?}"
            );
            match outcome {
                Ok(()) => assert!(whole(&disk), "{args}: {fault:?} in operation {number}"),
                Err(failure) => {
                    let expected: &[Reason] = match fault {
                        Fault::Io => &[Reason::Io],
                        _ => &[Reason::NoSpace],
                    };
                    assert!(
                        expected.contains(&failure.reason()),
                        "{args}: {fault:?} in operation {number}: {failure:?}"
                    );
                    assert!(
                        names == before || whole(&disk),
                        "{args}: {fault:?} in operation {number} leaves a part: {names:?}"
                    );
                }
            }
            if done {
                break;
            }
        }
    }
}

#[test]
fn encode_leaves_all_slivers_or_none() {
    let expected: Vec<_> = sliver_names()
        .iter()
        .map(|name| read(&prepared(), name))
        .collect();
    fail_everywhere(
        &format!("encode {BLOB} --out /data/new --n-shards 4"),
        |disk| {
            let of_new = |name: &String| read(disk, &name.replace("slivers/", "new/"));
            let found: Vec<_> = sliver_names().iter().map(of_new).collect();
            found == expected
        },
    );
}

fn sliver_names() -> Vec<String> {
    let slivers = ["primary", "secondary"]
        .into_iter()
        .flat_map(|axis| (0..4).map(move |index| format!("{SLIVERS}/{axis}/{index:05}.sliver")));
    slivers.chain([format!("{SLIVERS}/metadata")]).collect()
}

#[test]
fn decode_leaves_the_blob_or_nothing() {
    fail_everywhere(&format!("decode {SLIVERS} --out /data/new"), |disk| {
        read(disk, "/data/new") == Some(content(3000, 1))
    });
}

#[test]
fn recover_leaves_the_sliver_or_nothing() {
    let name = format!("{SLIVERS}/primary/00001.sliver");
    let expected = read(&prepared(), &name);
    fail_everywhere(&format!("recover {SLIVERS} --sliver primary:1"), |disk| {
        let folder = names(disk, &format!("{SLIVERS}/primary"));
        folder.len() == 4 && read(disk, &name) == expected
    });
}

#[test]
fn quilts_are_packed_and_unpacked_whole() {
    let expected = read(&prepared(), "/data/quilt");
    fail_everywhere(
        "quilt pack /data/files --out /data/new --n-shards 4",
        |disk| read(disk, "/data/new") == expected,
    );
    fail_everywhere(
        "quilt unpack /data/quilt --out /data/new --n-shards 4",
        |disk| {
            read(disk, "/data/new/a") == Some(content(100, 2))
                && read(disk, "/data/new/b") == Some(content(200, 3))
        },
    );
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_written() {
    let disk = prepared();
    disk.set_capacity(20_000);
    for args in [
        format!("encode {BLOB} --out /data/new --n-shards 1000"),
        format!("encode {BLOB} --out /data/slivers --force --n-shards 1000"),
    ] {
        let before = names(&disk, "/data");
        let failure = floe(disk.clone(), &args).unwrap_err();
        assert_eq!(failure.reason(), Reason::NoSpace);
        assert_eq!(names(&disk, "/data"), before);
    }
    assert!(read(&disk, &format!("{SLIVERS}/metadata")).is_some());
}

/// A disk on which somebody else writes to the blob while it is read.
#[derive(Debug)]
struct Restless {
    disk: CrashDisk,
    /// The read before which it happens, counted from zero.
    at: u64,
    how: fn(&dyn File),
    reads: Arc<AtomicU64>,
}

#[derive(Debug)]
struct RestlessFile {
    file: Arc<dyn File>,
    writer: Arc<dyn File>,
    at: u64,
    how: fn(&dyn File),
    reads: Arc<AtomicU64>,
}

impl Disk for Restless {
    fn open(&self, path: &Path, how: Open) -> Result<Arc<dyn File>, DiskError> {
        let file = self.disk.open(path, how)?;
        if path != Path::new(BLOB) {
            return Ok(file);
        }
        Ok(Arc::new(RestlessFile {
            file,
            writer: self.disk.open(path, Open::Update)?,
            at: self.at,
            how: self.how,
            reads: Arc::clone(&self.reads),
        }))
    }
    fn temp_file(&self, dir: &Path) -> Result<Arc<dyn File>, DiskError> {
        self.disk.temp_file(dir)
    }
    fn rename(&self, from: &Path, to: &Path) -> Result<(), DiskError> {
        self.disk.rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> Result<(), DiskError> {
        self.disk.remove_file(path)
    }
    fn create_dir(&self, path: &Path) -> Result<(), DiskError> {
        self.disk.create_dir(path)
    }
    fn remove_dir(&self, path: &Path) -> Result<(), DiskError> {
        self.disk.remove_dir(path)
    }
    fn list(&self, dir: &Path) -> Result<Vec<Entry>, DiskError> {
        self.disk.list(dir)
    }
    fn metadata(&self, path: &Path) -> Result<Metadata, DiskError> {
        self.disk.metadata(path)
    }
    fn sync_dir(&self, dir: &Path) -> Result<(), DiskError> {
        self.disk.sync_dir(dir)
    }
    fn space(&self, path: &Path) -> Result<Space, DiskError> {
        self.disk.space(path)
    }
}

impl File for RestlessFile {
    fn path(&self) -> &Path {
        self.file.path()
    }
    fn metadata(&self) -> Result<Metadata, DiskError> {
        self.file.metadata()
    }
    fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<usize, DiskError> {
        if self.reads.fetch_add(1, Ordering::Relaxed) == self.at {
            (self.how)(self.writer.as_ref());
        }
        self.file.read_at(buf, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<(), DiskError> {
        self.file.write_at(bytes, offset)
    }
    fn set_len(&self, len_bytes: u64) -> Result<(), DiskError> {
        self.file.set_len(len_bytes)
    }
    fn sync_data(&self) -> Result<(), DiskError> {
        self.file.sync_data()
    }
    fn sync_all(&self) -> Result<(), DiskError> {
        self.file.sync_all()
    }
    fn try_lock(&self) -> Result<(), DiskError> {
        self.file.try_lock()
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_noticed() {
    let overwrite: fn(&dyn File) = |file| file.write_at(b"other", 7).unwrap();
    let shorten: fn(&dyn File) = |file| file.set_len(10).unwrap();
    let extend: fn(&dyn File) = |file| file.set_len(5000).unwrap();
    for how in [overwrite, shorten, extend] {
        for args in [
            format!("blob-id {BLOB} --n-shards 4"),
            format!("encode {BLOB} --out /data/new --n-shards 4"),
            format!("quilt pack {BLOB} --out /data/new --n-shards 4"),
        ] {
            for at in 0.. {
                let disk = prepared();
                let reads = Arc::new(AtomicU64::new(0));
                let restless = Restless {
                    disk: disk.clone(),
                    at,
                    how,
                    reads: Arc::clone(&reads),
                };
                let outcome = floe(restless, &args);
                if reads.load(Ordering::Relaxed) <= at {
                    assert!(outcome.is_ok() && at > 0, "{args} reads the file");
                    break;
                }
                let failure = outcome.unwrap_err();
                assert_eq!(failure.reason(), Reason::InputChanged, "{args}, read {at}");
                assert!(failure.to_string().contains(BLOB), "{failure}");
                assert_eq!(read(&disk, "/data/new"), None);
            }
        }
    }
}
