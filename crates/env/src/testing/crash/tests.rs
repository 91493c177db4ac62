use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::testing::conformance;
use crate::{Replacement, is_temporary, replace};

fn shared(disk: &CrashDisk) -> Arc<dyn Disk> {
    Arc::new(disk.clone())
}

fn path(name: &str) -> &Path {
    Path::new(name)
}

fn create(disk: &dyn Disk, name: &str) -> Arc<dyn File> {
    disk.open(path(name), Open::CreateNew(Access::Shared))
        .unwrap()
}

/// The distinct results of looking at what many power cuts leave.
fn outcomes<T: Ord>(disk: &CrashDisk, look: impl Fn(&dyn Disk) -> T) -> BTreeSet<T> {
    (0..200)
        .map(|seed| look(&disk.after_power_cut(seed)))
        .collect()
}

fn content(disk: &dyn Disk, name: &str) -> Option<Vec<u8>> {
    disk.read(path(name), 1 << 20).ok()
}

#[test]
fn conforms() {
    let disk = shared(&CrashDisk::new());
    disk.create_dir(path("/checks")).unwrap();
    conformance::disk(&disk, path("/checks"));
}

#[test]
fn a_name_is_durable_only_by_a_sync_of_its_folder() {
    let disk = CrashDisk::new();
    let file = create(&disk, "/file");
    file.write_at(b"data", 0).unwrap();
    file.sync_all().unwrap();
    let data = || Some(b"data".to_vec());
    assert_eq!(
        outcomes(&disk, |disk| content(disk, "/file")),
        BTreeSet::from([None, data()])
    );
    disk.sync_dir(path("/")).unwrap();
    assert_eq!(
        outcomes(&disk, |disk| content(disk, "/file")),
        BTreeSet::from([data()])
    );
    disk.remove_file(path("/file")).unwrap();
    assert_eq!(
        outcomes(&disk, |disk| content(disk, "/file")),
        BTreeSet::from([None, data()])
    );
}

#[test]
fn a_rename_without_a_sync_of_the_file_may_leave_it_empty() {
    let disk = CrashDisk::new();
    replace(&shared(&disk), path("/file"), b"old", Access::Shared).unwrap();
    create(&disk, "/temporary").write_at(b"new", 0).unwrap();
    disk.rename(path("/temporary"), path("/file")).unwrap();
    disk.sync_dir(path("/")).unwrap();
    let seen = outcomes(&disk, |disk| content(disk, "/file"));
    assert!(seen.contains(&Some(Vec::new())), "{seen:?}");
    assert!(!seen.contains(&Some(b"old".to_vec())), "{seen:?}");
}

#[test]
fn a_rename_between_folders_never_leaves_two_names_or_none() {
    let disk = CrashDisk::new();
    for dir in ["/a", "/b"] {
        disk.create_dir(path(dir)).unwrap();
    }
    disk.sync_dir(path("/")).unwrap();
    replace(&shared(&disk), path("/a/file"), b"x", Access::Shared).unwrap();
    disk.rename(path("/a/file"), path("/b/file")).unwrap();
    let look = |disk: &dyn Disk| ["/a/file", "/b/file"].map(|name| content(disk, name).is_some());
    assert_eq!(
        outcomes(&disk, look),
        BTreeSet::from([[false, true], [true, false]])
    );
    disk.sync_dir(path("/a")).unwrap();
    assert_eq!(outcomes(&disk, look), BTreeSet::from([[false, true]]));
}

#[test]
fn syncing_a_folder_makes_what_it_builds_on_durable_too() {
    let disk = CrashDisk::new();
    disk.create_dir(path("/a")).unwrap();
    disk.sync_dir(path("/")).unwrap();
    create(&disk, "/first").sync_all().unwrap();
    disk.rename(path("/first"), path("/a/second")).unwrap();
    create(&disk, "/first").write_at(b"again", 0).unwrap();
    disk.sync_dir(path("/a")).unwrap();
    let look = |disk: &dyn Disk| (content(disk, "/first"), content(disk, "/a/second"));
    for (first, second) in outcomes(&disk, look) {
        assert_eq!(second, Some(Vec::new()));
        assert!(first.is_none_or(|bytes| bytes.len() == 5 || bytes.is_empty()));
    }
}

#[test]
fn a_replacement_is_whole_at_every_cut() {
    let run = |disk: &Arc<dyn Disk>| replace(disk, path("/dir/key"), &[2; 3000], Access::Private);
    let prepared = || {
        let disk = CrashDisk::new();
        (&disk as &dyn Disk).create_dir_all(path("/dir")).unwrap();
        replace(
            &shared(&disk),
            path("/dir/key"),
            &[1; 2000],
            Access::Private,
        )
        .unwrap();
        disk.after_power_cut(0)
    };
    let complete = prepared();
    run(&shared(&complete)).unwrap();
    for cut_at in 0..=complete.operations() {
        let disk = prepared();
        disk.fail_at(cut_at, Fault::PowerCut);
        let done = run(&shared(&disk)).is_ok();
        for seed in 0..50 {
            let found = disk.after_power_cut(seed);
            let bytes = content(&found, "/dir/key").unwrap();
            let is_new = bytes == [2; 3000];
            assert!(
                is_new || (!done && bytes == [1; 2000]),
                "cut {cut_at}, seed {seed}"
            );
            assert_eq!(found.access(path("/dir/key")).unwrap(), Access::Private);
            let entries = found.list(path("/dir")).unwrap();
            assert!(
                entries
                    .iter()
                    .all(|e| e.name == "key" || is_temporary(&e.name))
            );
        }
    }
}

#[test]
fn leftovers_do_not_hinder_replacements() {
    let disk = CrashDisk::new();
    let target = path("/file");
    let left = Replacement::begin(shared(&disk), target, Access::Shared).unwrap();
    disk.sync_dir(path("/")).unwrap();
    let found = disk.after_power_cut(0);
    drop(left);
    assert_eq!(found.list(path("/")).unwrap().len(), 1);
    replace(&shared(&found), target, b"new", Access::Shared).unwrap();
    assert_eq!(content(&found, "/file").unwrap(), b"new");
}

#[test]
fn planned_faults_hit_their_operation_only() {
    let disk = CrashDisk::new();
    let file = create(&disk, "/file");
    disk.fail_at(1, Fault::ShortWrite);
    disk.fail_at(2, Fault::NoSpace);
    disk.fail_at(4, Fault::Io);
    let error = file.write_at(b"12345678", 10).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    let message = error.to_string();
    let expected = "write 8 bytes at offset 10 of /file: No space left on device";
    assert!(message.starts_with(expected), "{message}");
    assert!(file.set_len(3).is_err());
    assert_eq!(file.metadata().unwrap().len_bytes, 14, "half was written");
    assert!(disk.list(path("/")).is_err());
    assert!(disk.list(path("/")).is_ok());
}

#[test]
fn a_failed_sync_is_not_made_good_by_the_next() {
    let disk = CrashDisk::new();
    let file = create(&disk, "/file");
    disk.sync_dir(path("/")).unwrap();
    file.write_at(b"data", 0).unwrap();
    disk.fail_at(disk.operations(), Fault::Io);
    file.sync_data().unwrap_err();
    file.sync_data().unwrap();
    assert_eq!(
        outcomes(&disk, |disk| content(disk, "/file")),
        BTreeSet::from([Some(Vec::new())])
    );
}

#[test]
fn without_power_nothing_works_and_nothing_changes() {
    let disk = CrashDisk::new();
    let file = create(&disk, "/file");
    file.write_at(b"before", 0).unwrap();
    file.sync_all().unwrap();
    disk.sync_dir(path("/")).unwrap();
    disk.fail_at(disk.operations(), Fault::PowerCut);
    assert!(file.write_at(b"after!", 0).is_err());
    assert!(file.sync_all().is_err());
    assert!(disk.sync_dir(path("/")).is_err());
    assert!(disk.remove_file(path("/file")).is_err());
    let seen = outcomes(&disk, |disk| content(disk, "/file"));
    assert_eq!(seen, BTreeSet::from([Some(b"before".to_vec())]));
}

#[test]
fn an_elided_sync_reports_success_and_does_nothing() {
    let disk = CrashDisk::new();
    disk.elide_sync(1);
    let file = create(&disk, "/file");
    disk.sync_dir(path("/")).unwrap();
    file.write_at(b"data", 0).unwrap();
    file.sync_data().unwrap();
    assert!(outcomes(&disk, |disk| content(disk, "/file")).contains(&Some(Vec::new())));
    file.sync_data().unwrap();
    assert_eq!(
        outcomes(&disk, |disk| content(disk, "/file")),
        BTreeSet::from([Some(b"data".to_vec())])
    );
}

#[test]
fn room_is_freed_with_the_last_name_and_handle() {
    let disk = CrashDisk::with_capacity(1000);
    let available = || disk.space(path("/")).unwrap().available_bytes;
    let file = create(&disk, "/file");
    let error = file.write_at(&[1; 1200], 0).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    assert_eq!((file.metadata().unwrap().len_bytes, available()), (1000, 0));
    file.write_at(&[2; 1000], 0).unwrap();
    disk.remove_file(path("/file")).unwrap();
    assert_eq!(available(), 0, "still open");
    drop(file);
    assert_eq!(available(), 1000);
    let temporary = disk.temp_file(path("/")).unwrap();
    assert!(temporary.set_len(1001).is_err());
    temporary.set_len(600).unwrap();
    create(&disk, "/one").write_at(&[0; 100], 0).unwrap();
    create(&disk, "/two").write_at(&[0; 200], 0).unwrap();
    disk.rename(path("/one"), path("/two")).unwrap();
    assert_eq!(available(), 300);
    drop(temporary);
    assert_eq!(available(), 900);
    disk.set_capacity(50);
    assert_eq!(available(), 0);
    disk.sync_dir(path("/")).unwrap();
    let after = disk.after_power_cut(1).space(path("/")).unwrap();
    assert!(after.available_bytes <= 50);
}

#[test]
fn equal_seeds_give_equal_images_and_traces() {
    let run = |seed| {
        let disk = CrashDisk::new();
        disk.start_trace();
        for name in ["/a", "/b", "/c"] {
            create(&disk, name).write_at(&[7; 5000], 100).unwrap();
        }
        let found = disk.after_power_cut(seed);
        (
            ["/a", "/b", "/c"].map(|name| content(&found, name)),
            disk.take_trace(),
        )
    };
    let all: Vec<_> = (0..40).map(run).collect();
    assert_eq!(all, (0..40).map(run).collect::<Vec<_>>());
    assert_eq!(
        all[0].1[0],
        Traced {
            operation: Operation::Create,
            path: "/a".into()
        }
    );
    assert_eq!(all[0].1.len(), 6);
    assert!(all.windows(2).any(|pair| pair[0].0 != pair[1].0));
}

/// What one does to a disk with a few files.
#[derive(Debug, Clone)]
enum Step {
    Ensure(usize),
    Write { file: usize, offset: u16, len: u16 },
    SetLen { file: usize, len: u16 },
    Rename { from: usize, to: usize },
    Remove(usize),
    Sync(usize),
    SyncDir,
}

const NAMES: [&str; 3] = ["/a", "/b", "/c"];

fn step() -> impl Strategy<Value = Step> {
    let file = || 0..NAMES.len();
    prop_oneof![
        2 => file().prop_map(Step::Ensure),
        5 => (file(), 0..3000_u16, 0..2000_u16)
            .prop_map(|(file, offset, len)| Step::Write { file, offset, len }),
        1 => (file(), 0..4000_u16).prop_map(|(file, len)| Step::SetLen { file, len }),
        2 => (file(), file()).prop_map(|(from, to)| Step::Rename { from, to }),
        1 => file().prop_map(Step::Remove),
        2 => file().prop_map(Step::Sync),
        2 => Just(Step::SyncDir),
    ]
}

/// What a file may hold after a power cut: one of the lengths, and at each place one of the bytes
/// that it had there since its last sync.
#[derive(Debug, Clone, Default)]
struct ModelFile {
    live: Vec<u8>,
    lengths: BTreeSet<usize>,
    bytes: BTreeMap<usize, BTreeSet<u8>>,
}

impl ModelFile {
    fn note(&mut self) {
        self.lengths.insert(self.live.len());
        for (place, byte) in self.live.iter().enumerate() {
            self.bytes.entry(place).or_default().insert(*byte);
        }
    }

    fn sync(&mut self) {
        self.lengths.clear();
        self.bytes.clear();
        self.note();
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        if !bytes.is_empty() {
            let len = self.live.len().max(offset + bytes.len());
            self.live.resize(len, 0);
            self.live[offset..offset + bytes.len()].copy_from_slice(bytes);
            self.note();
        }
    }

    fn set_len(&mut self, len: usize) {
        self.live.resize(len, 0);
        self.note();
    }

    fn may_hold(&self, found: &[u8]) -> bool {
        let shortest = self.lengths.first().copied().unwrap_or(0);
        self.lengths.contains(&found.len())
            && found.iter().enumerate().all(|(place, byte)| {
                // Where the file did not reach all the time, data may be missing.
                let missing = *byte == 0 && place >= shortest;
                missing
                    || self
                        .bytes
                        .get(&place)
                        .is_some_and(|bytes| bytes.contains(byte))
            })
    }
}

/// Files by number, what each name stands for, and what it may stand for after a power cut.
#[derive(Debug, Default)]
struct Model {
    files: Vec<ModelFile>,
    names: [Option<usize>; NAMES.len()],
    possible: [BTreeSet<Option<usize>>; NAMES.len()],
}

impl Model {
    fn apply(&mut self, disk: &dyn Disk, step: &Step, fill: u8) {
        let open = |file: usize| disk.open(path(NAMES[file]), Open::Update);
        match *step {
            Step::Ensure(name) => {
                disk.open(path(NAMES[name]), Open::Ensure(Access::Shared))
                    .unwrap();
                if self.names[name].is_none() {
                    self.files.push(ModelFile {
                        lengths: [0].into(),
                        ..ModelFile::default()
                    });
                    self.name(name, Some(self.files.len() - 1));
                }
            }
            Step::Write { file, offset, len } => {
                let bytes = vec![fill; len.into()];
                let written = open(file).and_then(|file| file.write_at(&bytes, offset.into()));
                if let Some(file) = self.file(file, written) {
                    file.write(offset.into(), &bytes);
                }
            }
            Step::SetLen { file, len } => {
                let cut = open(file).and_then(|file| file.set_len(len.into()));
                if let Some(file) = self.file(file, cut) {
                    file.set_len(len.into());
                }
            }
            Step::Rename { from, to } => {
                let renamed = disk.rename(path(NAMES[from]), path(NAMES[to]));
                if self.file(from, renamed).is_some() && from != to {
                    let moved = self.names[from];
                    self.name(from, None);
                    self.name(to, moved);
                }
            }
            Step::Remove(name) => {
                let removed = disk.remove_file(path(NAMES[name]));
                if self.file(name, removed).is_some() {
                    self.name(name, None);
                }
            }
            Step::Sync(file) => {
                let synced = open(file).and_then(|file| file.sync_data());
                if let Some(file) = self.file(file, synced) {
                    file.sync();
                }
            }
            Step::SyncDir => {
                disk.sync_dir(path("/")).unwrap();
                self.possible = self.names.map(|file| BTreeSet::from([file]));
            }
        }
    }

    fn name(&mut self, name: usize, file: Option<usize>) {
        self.names[name] = file;
        self.possible[name].insert(file);
    }

    /// The file under `name`, which must exist exactly if an operation on it succeeded.
    fn file(&mut self, name: usize, result: Result<(), DiskError>) -> Option<&mut ModelFile> {
        assert_eq!(result.is_ok(), self.names[name].is_some(), "{result:?}");
        self.names[name].map(|file| &mut self.files[file])
    }

    fn check_live(&self, disk: &dyn Disk) {
        for (name, file) in NAMES.iter().zip(self.names) {
            assert_eq!(
                content(disk, name).as_ref(),
                file.map(|file| &self.files[file].live)
            );
        }
        assert_eq!(
            disk.list(path("/")).unwrap().len(),
            self.names.iter().flatten().count()
        );
    }

    fn check_after_power_cut(&self, disk: &dyn Disk) {
        for (name, possible) in NAMES.iter().zip(&self.possible) {
            let found = content(disk, name);
            let explained = possible.iter().any(|file| match (file, &found) {
                (None, None) => true,
                (Some(file), Some(found)) => self.files[*file].may_hold(found),
                _ => false,
            });
            assert!(explained, "{name} is {:?}", found.map(|found| found.len()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn behaves_like_a_map_and_keeps_what_was_synced(
        steps in prop::collection::vec(step(), 1..40),
        seed: u64,
    ) {
        let disk = CrashDisk::new();
        let mut model = Model {
            possible: std::array::from_fn(|_| BTreeSet::from([None])),
            ..Model::default()
        };
        for (fill, step) in (1..).zip(&steps) {
            model.apply(&disk, step, fill);
        }
        model.check_live(&disk);
        for seed in (0..8).map(|n| seed.wrapping_add(n)) {
            model.check_after_power_cut(&disk.after_power_cut(seed));
        }
    }
}
