//! redb on a [`CrashDisk`]: what was committed is there after every power cut, and each of its syncs
//! is needed for that.
#![cfg(feature = "redb")]

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use floe_env::testing::{CrashDisk, Fault, audit_syncs};
use floe_env::{Access, Disk, File, Open, RedbFile, Replacement};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

const TABLE: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("table");
const COMMITS: u64 = 3;

type AnyError = Box<dyn std::error::Error>;

fn value(key: u64) -> Vec<u8> {
    vec![key.to_le_bytes()[0]; 700]
}

fn on(file: Arc<dyn File>) -> Result<Database, AnyError> {
    Ok(Database::builder()
        .set_cache_size(1 << 20)
        .create_with_backend(RedbFile::lock(file)?)?)
}

/// Opens the database. A new one gets its name when it is complete: redb can't open what a power cut
/// leaves of one in the making.
fn open(disk: &Arc<dyn Disk>) -> Result<Database, AnyError> {
    let path = Path::new("/db");
    if disk
        .metadata(path)
        .is_err_and(|error| error.kind() == ErrorKind::NotFound)
    {
        let new = Replacement::begin(Arc::clone(disk), path, Access::Shared)?;
        drop(on(Arc::clone(new.file()))?);
        new.commit()?;
    }
    on(disk.open(path, Open::Update)?)
}

fn commit(database: &Database, key: u64) -> Result<(), AnyError> {
    let transaction = database.begin_write()?;
    transaction
        .open_table(TABLE)?
        .insert(key, value(key).as_slice())?;
    Ok(transaction.commit()?)
}

/// Commits in turn until the disk fails; how many commits succeeded.
fn scenario(disk: Arc<dyn Disk>) -> u64 {
    let mut acknowledged = 0;
    let Ok(database) = open(&disk) else {
        return acknowledged;
    };
    while acknowledged < COMMITS && commit(&database, acknowledged).is_ok() {
        acknowledged += 1;
    }
    acknowledged
}

fn stored(disk: &Arc<dyn Disk>) -> Result<BTreeMap<u64, Vec<u8>>, AnyError> {
    let database = open(disk)?;
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(TABLE) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(BTreeMap::new()),
        table => table?,
    };
    let rows = table
        .iter()?
        .map(|row| row.map(|(key, bytes)| (key.value(), bytes.value().to_vec())));
    Ok(rows.collect::<Result<_, _>>()?)
}

/// All that was acknowledged, perhaps the commit in progress, and nothing else.
fn survives(disk: &Arc<dyn Disk>, acknowledged: u64) -> bool {
    let prefix = |count| {
        (0..count)
            .map(|key| (key, value(key)))
            .collect::<BTreeMap<_, _>>()
    };
    stored(disk).is_ok_and(|rows| rows == prefix(acknowledged) || rows == prefix(acknowledged + 1))
}

#[test]
fn commits_survive_and_every_sync_counts() {
    let report = audit_syncs(0..4, scenario, |disk, acknowledged| {
        survives(&disk, *acknowledged)
    })
    .unwrap();
    assert!(report.syncs > COMMITS);
    // Clean shutdown is an optimization: nothing acknowledged depends on its syncs.
    let needed = report.syncs - report.redundant.len() as u64;
    assert!(needed > COMMITS, "{report:?}");
}

#[test]
fn a_failing_disk_fails_the_commit() {
    let disk = CrashDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let database = open(&shared).unwrap();
    commit(&database, 0).unwrap();
    disk.fail_at(disk.operations() + 3, Fault::NoSpace);
    commit(&database, 1).unwrap_err();
    drop(database);
    assert!(survives(&shared, 1));
}

#[test]
fn a_database_is_opened_once_at_a_time() {
    let disk: Arc<dyn Disk> = Arc::new(CrashDisk::new());
    let database = open(&disk).unwrap();
    let error = open(&disk).unwrap_err();
    assert_eq!(
        error.to_string(),
        "lock /db: it is locked by another process"
    );
    drop(database);
    open(&disk).unwrap();
}
