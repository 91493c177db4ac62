//! Checks that every implementation of a trait must pass.

use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::{
    Access, Compute, Disk, DiskError, Kind, Lane, Open, Replacement, is_temporary, replace,
};

type Check = fn(&Arc<dyn Disk>, &Path) -> Result<(), DiskError>;

/// Checks a [`Disk`], using the existing empty folder `dir` on it.
///
/// # Panics
/// When it does not behave as the trait says.
pub fn disk(disk: &Arc<dyn Disk>, dir: &Path) {
    let checks: &[(&str, Check)] = &[
        ("positional_io", positional_io),
        ("lengths", lengths),
        ("open_modes", open_modes),
        ("open_errors", open_errors),
        ("rename_replaces", rename_replaces),
        ("rename_folders", rename_folders),
        ("removed_files_live_on", removed_files_live_on),
        ("folders", folders),
        ("temp_files_have_no_name", temp_files_have_no_name),
        ("locks_exclude_each_other", locks_exclude_each_other),
        ("space_is_reported", space_is_reported),
        ("changes_show_in_metadata", changes_show_in_metadata),
        ("bounded_read", bounded_read),
        ("replacement", replacement),
        ("shared_between_threads", shared_between_threads),
    ];
    for (name, check) in checks {
        let dir = dir.join(name);
        disk.create_dir(&dir).expect("a folder for the check");
        if let Err(error) = check(disk, &dir) {
            panic!("{name}: {error}");
        }
    }
}

/// Asserts that `result` failed with `kind`, with a message that names the path it was about.
#[track_caller]
fn fails<T>(result: Result<T, DiskError>, kind: ErrorKind, path: &Path) {
    let Err(error) = result else {
        panic!("succeeded, {kind:?} expected")
    };
    assert_eq!(error.kind(), kind, "{error}");
    assert_eq!(error.path(), path, "{error}");
    assert!(
        error.to_string().contains(&*path.to_string_lossy()),
        "{error}"
    );
}

fn positional_io(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let path = dir.join("file");
    let file = disk.open(&path, Open::CreateNew(Access::Shared))?;
    file.write_at(b"world", 7)?;
    file.write_at(b"hello, ", 0)?;
    file.write_at(b"", 1_000_000)?;
    let mut buf = [0xff; 16];
    assert_eq!(file.read_at(&mut buf, 0)?, 12);
    assert_eq!(buf, *b"hello, world\xff\xff\xff\xff");
    assert_eq!(file.read_at(&mut buf, 12)?, 0, "at the end");
    assert_eq!(file.read_at(&mut buf, 1 << 40)?, 0, "far beyond the end");
    assert_eq!(file.read_at(&mut [], 0)?, 0);
    file.read_exact_at(&mut buf[..5], 7)?;
    assert_eq!(buf[..5], *b"world");
    fails(
        file.read_exact_at(&mut buf, 1),
        ErrorKind::UnexpectedEof,
        &path,
    );
    file.write_at(b"!", 20)?;
    file.read_exact_at(&mut buf[..9], 12)?;
    assert_eq!(buf[..9], *b"\0\0\0\0\0\0\0\0!", "a gap reads as zeros");
    file.sync_data()?;
    file.sync_all()
}

fn lengths(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let file = disk.open(&dir.join("file"), Open::Ensure(Access::Shared))?;
    assert_eq!(file.metadata()?.len_bytes, 0);
    file.write_at(&[7; 100], 0)?;
    file.set_len(10)?;
    assert_eq!(file.metadata()?.len_bytes, 10);
    file.set_len(30)?;
    let mut buf = [1; 40];
    assert_eq!(file.read_at(&mut buf, 0)?, 30);
    assert_eq!(buf[..10], [7; 10]);
    assert_eq!(buf[10..30], [0; 20], "what was cut off does not come back");
    Ok(())
}

fn open_modes(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let path = dir.join("file");
    disk.open(&path, Open::CreateNew(Access::Private))?
        .write_at(b"kept", 0)?;
    for how in [Open::Read, Open::Update, Open::Ensure(Access::Shared)] {
        let file = disk.open(&path, how)?;
        assert_eq!(file.path(), path);
        let mut buf = [0; 4];
        file.read_exact_at(&mut buf, 0)?;
        assert_eq!(buf, *b"kept", "{how:?} leaves the content alone");
    }
    let read_only = disk.open(&path, Open::Read)?;
    assert!(read_only.write_at(b"x", 0).is_err());
    assert!(read_only.set_len(0).is_err());
    assert_eq!(disk.read(&path, 4)?, b"kept");
    Ok(())
}

fn open_errors(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let missing = dir.join("missing");
    let in_missing = missing.join("file");
    let file = dir.join("file");
    disk.open(&file, Open::CreateNew(Access::Shared))?;
    let in_file = file.join("below");
    fails(
        disk.open(&missing, Open::Read),
        ErrorKind::NotFound,
        &missing,
    );
    fails(
        disk.open(&missing, Open::Update),
        ErrorKind::NotFound,
        &missing,
    );
    fails(
        disk.open(&file, Open::CreateNew(Access::Shared)),
        ErrorKind::AlreadyExists,
        &file,
    );
    for create in [
        Open::Ensure(Access::Shared),
        Open::CreateNew(Access::Shared),
    ] {
        fails(
            disk.open(&in_missing, create),
            ErrorKind::NotFound,
            &in_missing,
        );
        fails(
            disk.open(&in_file, create),
            ErrorKind::NotADirectory,
            &in_file,
        );
    }
    for how in [Open::Read, Open::Update, Open::Ensure(Access::Shared)] {
        fails(disk.open(dir, how), ErrorKind::IsADirectory, dir);
    }
    fails(disk.metadata(&missing), ErrorKind::NotFound, &missing);
    fails(disk.space(&missing), ErrorKind::NotFound, &missing);
    fails(disk.sync_dir(&missing), ErrorKind::NotFound, &missing);
    fails(disk.sync_dir(&file), ErrorKind::NotADirectory, &file);
    fails(disk.temp_file(&missing), ErrorKind::NotFound, &missing);
    Ok(())
}

fn rename_replaces(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let (old, new) = (dir.join("old"), dir.join("new"));
    fails(disk.rename(&old, &new), ErrorKind::NotFound, &old);
    disk.open(&old, Open::CreateNew(Access::Shared))?
        .write_at(b"old", 0)?;
    let replaced = disk.open(&new, Open::CreateNew(Access::Shared))?;
    replaced.write_at(b"new", 0)?;
    disk.rename(&old, &new)?;
    disk.rename(&new, &new)?;
    assert_eq!(disk.read(&new, 3)?, b"old");
    let mut buf = [0; 3];
    replaced.read_exact_at(&mut buf, 0)?;
    assert_eq!(buf, *b"new", "a handle keeps its file");
    fails(disk.metadata(&old), ErrorKind::NotFound, &old);
    disk.create_dir(&old)?;
    fails(disk.rename(&new, &old), ErrorKind::IsADirectory, &new);
    fails(disk.rename(&old, &new), ErrorKind::NotADirectory, &old);
    disk.sync_dir(dir)
}

fn rename_folders(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let (from, to) = (dir.join("from"), dir.join("to"));
    disk.create_dir(&from)?;
    disk.create_dir(&to)?;
    replace(disk, &from.join("file"), b"moved", Access::Shared)?;
    disk.rename(&from, &to)?;
    assert_eq!(disk.read(&to.join("file"), 5)?, b"moved");
    disk.create_dir(&from)?;
    fails(disk.rename(&from, &to), ErrorKind::DirectoryNotEmpty, &from);
    let inside = to.join("inside");
    fails(disk.rename(&to, &inside), ErrorKind::InvalidInput, &to);
    disk.rename(&to.join("file"), &from.join("file"))?;
    assert_eq!(disk.list(&to)?, []);
    assert_eq!(disk.list(&from)?.len(), 1);
    Ok(())
}

fn removed_files_live_on(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let path = dir.join("file");
    let file = disk.open(&path, Open::CreateNew(Access::Shared))?;
    file.write_at(b"here", 0)?;
    disk.remove_file(&path)?;
    fails(disk.remove_file(&path), ErrorKind::NotFound, &path);
    fails(disk.open(&path, Open::Read), ErrorKind::NotFound, &path);
    disk.open(&path, Open::CreateNew(Access::Shared))?;
    file.write_at(b"!", 4)?;
    let mut buf = [0; 5];
    file.read_exact_at(&mut buf, 0)?;
    assert_eq!(buf, *b"here!");
    assert_eq!(disk.metadata(&path)?.len_bytes, 0, "another file");
    file.sync_all()
}

fn folders(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let deep = dir.join("a/b/c");
    let file = dir.join("file");
    fails(disk.create_dir(&deep), ErrorKind::NotFound, &deep);
    disk.create_dir_all(&deep)?;
    disk.create_dir_all(&deep)?;
    disk.open(&file, Open::CreateNew(Access::Shared))?;
    fails(disk.create_dir(&file), ErrorKind::AlreadyExists, &file);
    fails(disk.create_dir_all(&file), ErrorKind::NotADirectory, &file);
    for name in ["z", "Z", "10", "9"] {
        disk.create_dir(&dir.join(name))?;
    }
    let entries = disk.list(dir)?;
    let names: Vec<_> = entries.iter().map(|entry| entry.name.to_str()).collect();
    assert_eq!(
        names,
        ["10", "9", "Z", "a", "file", "z"].map(Some),
        "sorted"
    );
    assert!(
        entries
            .iter()
            .all(|entry| (entry.kind == Kind::File) == (entry.name == "file"))
    );
    assert_eq!(disk.metadata(&deep)?.kind, Kind::Dir);
    let (a, b) = (dir.join("a"), dir.join("a/b"));
    fails(disk.remove_dir(&a), ErrorKind::DirectoryNotEmpty, &a);
    fails(disk.remove_dir(&file), ErrorKind::NotADirectory, &file);
    fails(
        disk.remove_dir(&dir.join("nope")),
        ErrorKind::NotFound,
        &dir.join("nope"),
    );
    assert!(
        disk.remove_file(&a).is_err(),
        "a folder is not removed as a file"
    );
    disk.remove_dir(&deep)?;
    assert_eq!(disk.list(&b)?, []);
    fails(disk.list(&deep), ErrorKind::NotFound, &deep);
    fails(disk.list(&file), ErrorKind::NotADirectory, &file);
    disk.sync_dir(dir)
}

fn temp_files_have_no_name(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let (one, two) = (disk.temp_file(dir)?, disk.temp_file(dir)?);
    one.write_at(b"one", 0)?;
    two.write_at(b"two", 0)?;
    assert_eq!(disk.list(dir)?, []);
    let mut buf = [0; 3];
    one.read_exact_at(&mut buf, 0)?;
    assert_eq!(buf, *b"one");
    assert_eq!(one.metadata()?.kind, Kind::File);
    Ok(())
}

fn locks_exclude_each_other(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let path = dir.join("lock");
    let holder = disk.open(&path, Open::Ensure(Access::Shared))?;
    holder.try_lock()?;
    let clone = Arc::clone(&holder);
    let other = disk.open(&path, Open::Update)?;
    fails(other.try_lock(), ErrorKind::WouldBlock, &path);
    other.write_at(b"not kept out", 0)?;
    drop(holder);
    fails(other.try_lock(), ErrorKind::WouldBlock, &path);
    drop(clone);
    other.try_lock()
}

fn space_is_reported(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let space = disk.space(dir)?;
    assert!(0 < space.available_bytes, "{space:?}");
    assert!(space.available_bytes <= space.total_bytes, "{space:?}");
    Ok(())
}

fn changes_show_in_metadata(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let path = dir.join("file");
    let file = disk.open(&path, Open::CreateNew(Access::Shared))?;
    file.write_at(b"four", 0)?;
    let before = disk.metadata(&path)?;
    assert_eq!((before.kind, before.len_bytes), (Kind::File, 4));
    assert_eq!(before, file.metadata()?);
    file.write_at(b"five!", 0)?;
    let after = file.metadata()?;
    assert_eq!(after.len_bytes, 5);
    assert!(before.modified <= after.modified);
    Ok(())
}

fn bounded_read(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let path = dir.join("file");
    replace(disk, &path, b"12345", Access::Shared)?;
    assert_eq!(disk.read(&path, 5)?, b"12345");
    fails(disk.read(&path, 4), ErrorKind::FileTooLarge, &path);
    Ok(())
}

fn replacement(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    let path = dir.join("file");
    replace(disk, &path, b"first", Access::Private)?;
    let abandoned = Replacement::begin(Arc::clone(disk), &path, Access::Private)?;
    let second = Replacement::begin(Arc::clone(disk), &path, Access::Private)?;
    abandoned.file().write_at(b"torn", 0)?;
    second.file().write_at(b"second", 0)?;
    assert_eq!(
        disk.read(&path, 100)?,
        b"first",
        "nothing shows before the commit"
    );
    let names = disk.list(dir)?;
    assert_eq!(
        names
            .iter()
            .filter(|entry| is_temporary(&entry.name))
            .count(),
        2
    );
    drop(abandoned);
    second.commit()?;
    assert_eq!(disk.read(&path, 100)?, b"second");
    assert_eq!(disk.list(dir)?.len(), 1, "nothing is left behind");
    let nowhere = dir.join("missing/file");
    assert!(replace(disk, &nowhere, b"", Access::Shared).is_err());
    Ok(())
}

fn shared_between_threads(disk: &Arc<dyn Disk>, dir: &Path) -> Result<(), DiskError> {
    const THREADS: u8 = 8;
    const PART: usize = 4096;
    let file = disk.open(&dir.join("file"), Open::CreateNew(Access::Shared))?;
    let offset_of = |thread: u8| u64::from(thread) * PART as u64;
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let file = &file;
            scope.spawn(move || {
                file.write_at(&[thread; PART], offset_of(thread))
                    .expect("a write")
            });
        }
    });
    for thread in 0..THREADS {
        let mut part = [0xff; PART];
        file.read_exact_at(&mut part, offset_of(thread))?;
        assert_eq!(part, [thread; PART]);
    }
    Ok(())
}

/// Checks a [`Compute`].
///
/// # Panics
/// When it does not behave as the trait says.
pub fn compute(compute: &Arc<dyn Compute>) {
    every_index_once(&**compute);
    nested_runs(&**compute, 3);
    panics_come_back(&**compute);
    from_many_threads(compute);
    offload_from_within(compute);
}

fn every_index_once(compute: &dyn Compute) {
    let threads = compute.threads().get();
    for tasks in [0, 1, 2, threads, threads + 1, 1000] {
        let calls: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
        compute.run(tasks, &|index| {
            calls
                .get(index)
                .expect("an index in range")
                .fetch_add(1, Ordering::Relaxed);
        });
        assert!(
            calls.iter().all(|calls| calls.load(Ordering::Relaxed) == 1),
            "{tasks} tasks"
        );
    }
}

/// More runs within runs than there are threads, all of which wait.
fn nested_runs(compute: &dyn Compute, depth: u32) {
    fn descend(compute: &dyn Compute, depth: u32, leaves: &AtomicUsize) {
        if depth == 0 {
            leaves.fetch_add(1, Ordering::Relaxed);
        } else {
            compute.run(4, &|_| descend(compute, depth - 1, leaves));
        }
    }
    let leaves = AtomicUsize::new(0);
    descend(compute, depth, &leaves);
    assert_eq!(leaves.into_inner(), 4_usize.pow(depth));
}

fn panics_come_back(compute: &dyn Compute) {
    let run = AssertUnwindSafe(|| {
        compute.run(100, &|index| {
            assert_ne!(index, 50, "the fiftieth");
        });
    });
    let panic = catch_unwind(run).expect_err("the panic of a task");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(message.contains("the fiftieth"), "{message}");
    every_index_once(compute);
}

fn from_many_threads(compute: &Arc<dyn Compute>) {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| every_index_once(&**compute));
        }
    });
}

/// Waiting for offloaded work needs no runtime; here a channel does it.
fn offload_from_within(compute: &Arc<dyn Compute>) {
    for lane in [Lane::Cpu, Lane::Io] {
        let (sender, receiver) = std::sync::mpsc::channel();
        let inner = Arc::clone(compute);
        compute.submit(lane, Box::new(|| panic!("the job's own affair")));
        compute.submit(
            lane,
            Box::new(move || {
                inner.run(10, &|_| ());
                sender.send(inner.threads()).expect("the test waits");
            }),
        );
        let threads: NonZeroUsize = receiver.recv().expect("the job ran");
        assert_eq!(threads, compute.threads());
    }
}
