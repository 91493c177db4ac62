//! The index: everything small, in an embedded database.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use floe_env::{Access, Disk, Open, RedbFile};
use redb::{
    Database, Durability, ReadTransaction, ReadableDatabase as _, TableDefinition, WriteTransaction,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::key::KeyBytes;
use crate::marker::StoreId;
use crate::segment::LocationBytes;
use crate::{CreateError, OpenError, StoreError};

/// The name of the index in a store's folder.
pub(crate) const FILE_NAME: &str = "index.redb";
const VERSION: u32 = 1;

/// Cache while the index is made.
const CREATE_CACHE_BYTES: usize = 1 << 20;

pub(crate) type Id = [u8; 32];
type Table<K, V> = TableDefinition<'static, K, V>;

/// Single values, by name.
pub(crate) const META: Table<&str, &[u8]> = Table::new("meta");
/// Where records lie.
pub(crate) const RECORDS: Table<&KeyBytes, &LocationBytes> = Table::new("records");
/// By number: bytes of all records, and of those that count.
pub(crate) const SEGMENTS: Table<u32, (u64, u64)> = Table::new("segments");
/// `BlobInfo` by blob id.
pub(crate) const BLOBS: Table<&Id, &[u8]> = Table::new("blobs");
/// `ObjectInfo` by object id.
pub(crate) const OBJECTS: Table<&Id, &[u8]> = Table::new("objects");
/// End epoch and object id of each row of `OBJECTS`.
pub(crate) const EXPIRY: Table<(u32, &Id), ()> = Table::new("expiry");
/// `PooledObject` by object id.
pub(crate) const POOLED: Table<&Id, &[u8]> = Table::new("pooled objects");
/// Pool and object id of each row of `POOLED`.
pub(crate) const POOL_MEMBERS: Table<(&Id, &Id), ()> = Table::new("pool members");
/// `PoolLifetime` by pool id.
pub(crate) const POOLS: Table<&Id, &[u8]> = Table::new("pools");
/// Blobs of which slivers may have to be recovered, with the index of the event that said so; 0 if it
/// was none.
pub(crate) const RECOVERIES: Table<&Id, u64> = Table::new("recoveries");
/// Blobs whose data may have become garbage, with the first epoch in which that is to be believed.
pub(crate) const GARBAGE: Table<&Id, u32> = Table::new("garbage");

/// Names in `META`.
pub(crate) mod meta {
    pub(crate) const VERSION: &str = "version";
    pub(crate) const STORE_ID: &str = "store id";
    pub(crate) const WATERMARK: &str = "watermark";
    pub(crate) const CURSOR: &str = "cursor";
    pub(crate) const HANDLED: &str = "handled events";
    pub(crate) const NODE_STATE: &str = "node state";
    pub(crate) const SHARDS: &str = "shards";
    pub(crate) const NETWORK: &str = "network";
}

/// The database.
#[derive(Debug)]
pub(crate) struct Index {
    database: Database,
}

pub(crate) fn path(dir: &Path) -> PathBuf {
    dir.join(FILE_NAME)
}

/// A row of a table of ours.
pub(crate) fn decode<T: DeserializeOwned>(
    table: &'static str,
    bytes: &[u8],
) -> Result<T, StoreError> {
    floe_core::wire::from_bcs(bytes).map_err(|_| StoreError::BadRow { table })
}

pub(crate) fn encode<T: Serialize>(row: &T) -> Vec<u8> {
    floe_core::wire::to_bcs(row)
}

fn database(backend: RedbFile, cache_bytes: usize) -> Result<Database, redb::Error> {
    let database = Database::builder()
        .set_cache_size(cache_bytes)
        .create_with_backend(backend)?;
    Ok(database)
}

/// Makes the index of a new store, in place of what a crash left of one. Its content is durable then,
/// its name is not.
pub(crate) fn create(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    store_id: &StoreId,
) -> Result<(), CreateError> {
    let file = disk.open(&path(dir), Open::Ensure(Access::Shared))?;
    let backend = RedbFile::lock(Arc::clone(&file))?;
    file.set_len(0)?;
    drop(file);
    fill(backend, store_id).map_err(|error| CreateError::Index(Box::new(error)))
}

/// All tables are made here, so that readers never meet a missing one.
fn fill(backend: RedbFile, store_id: &StoreId) -> Result<(), redb::Error> {
    let database = database(backend, CREATE_CACHE_BYTES)?;
    let transaction = database.begin_write()?;
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(meta::VERSION, VERSION.to_le_bytes().as_slice())?;
        meta.insert(meta::STORE_ID, store_id.as_slice())?;
    }
    transaction.open_table(RECORDS)?;
    transaction.open_table(SEGMENTS)?;
    transaction.open_table(BLOBS)?;
    transaction.open_table(OBJECTS)?;
    transaction.open_table(EXPIRY)?;
    transaction.open_table(POOLED)?;
    transaction.open_table(POOL_MEMBERS)?;
    transaction.open_table(POOLS)?;
    transaction.open_table(RECOVERIES)?;
    transaction.open_table(GARBAGE)?;
    transaction.commit()?;
    Ok(())
}

impl Index {
    /// Opens the index of store `store_id`, and takes its lock.
    pub(crate) fn open(
        disk: &dyn Disk,
        dir: &Path,
        store_id: &StoreId,
        cache_bytes: usize,
    ) -> Result<Self, OpenError> {
        let path = path(dir);
        let damaged = |what: &str| OpenError::Damaged {
            path: path.clone(),
            what: what.to_owned(),
        };
        let file = match disk.open(&path, Open::Update) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(damaged("it is missing"));
            }
            file => file?,
        };
        if file.metadata()?.len_bytes == 0 {
            // Would be taken for a new database.
            return Err(damaged("it is empty"));
        }
        let backend = RedbFile::lock(file)?;
        // The library takes the pages of its trees for what it wrote, and panics where they are not.
        let opened = catch_unwind(AssertUnwindSafe(|| database(backend, cache_bytes)));
        let database = opened
            .map_err(|_| damaged("its pages don't fit together"))?
            .map_err(|error| OpenError::Index(Box::new(error)))?;
        let index = Self { database };
        let value = |name| {
            let value = index.meta(name);
            value.map_err(|error| OpenError::Replay(Box::new(error)))
        };
        let version = value(meta::VERSION)?.and_then(|bytes| bytes.try_into().ok());
        match version.map(u32::from_le_bytes) {
            Some(VERSION) => {}
            Some(found) if found > VERSION => {
                return Err(OpenError::TooNew {
                    path,
                    found,
                    supported: VERSION,
                });
            }
            _ => return Err(damaged("it says no version")),
        }
        if value(meta::STORE_ID)?.as_deref() != Some(store_id) {
            return Err(damaged("it is that of another store"));
        }
        Ok(index)
    }

    pub(crate) fn read(&self) -> Result<ReadTransaction, StoreError> {
        Ok(self.database.begin_read()?)
    }

    /// A transaction whose outcome is durable with the next that is [`durable`](Self::durable).
    pub(crate) fn write(&self) -> Result<WriteTransaction, StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::None)?;
        Ok(transaction)
    }

    /// A transaction that makes itself and all before it durable.
    pub(crate) fn durable(&self) -> Result<WriteTransaction, StoreError> {
        let mut transaction = self.database.begin_write()?;
        // Rare, and in exchange opening after a crash doesn't walk through the whole database.
        transaction.set_quick_repair(true);
        Ok(transaction)
    }

    /// The single value of a name; the default if it was never set.
    pub(crate) fn value<T: Default + DeserializeOwned>(&self, name: &str) -> Result<T, StoreError> {
        let bytes = self.meta(name)?;
        bytes.map_or_else(|| Ok(T::default()), |bytes| decode("meta", &bytes))
    }

    pub(crate) fn meta(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let transaction = self.read()?;
        let table = transaction.open_table(META)?;
        Ok(table.get(name)?.map(|value| value.value().to_vec()))
    }
}
