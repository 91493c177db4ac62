//! Creating and opening the database.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::AtomicBool},
};

use floe_env::{Access, Disk, File, Open, RedbFile, Replacement};
use redb::{Database, ReadableDatabase};

use super::{
    Batch, Store, rows,
    tables::{self, meta},
    types::TypeNumbers,
};
use crate::{ReadError, StartError};

/// The file in the node's folder.
const FILE: &str = "ledger.redb";
/// What the format row starts with.
const MAGIC: &[u8; 8] = b"floelgr\0";
/// Format of the tables. Raise it when they change, and refuse or convert the old one.
const FORMAT: u32 = 2;

/// How to open a store.
#[derive(Clone, Debug)]
pub(crate) struct StoreOptions {
    /// The node's folder.
    pub(crate) dir: PathBuf,
    /// Bytes of the database kept in memory.
    pub(crate) cache_bytes: usize,
    /// How many transactions of the past are kept.
    pub(crate) history_transactions: u64,
}

impl Store {
    /// Whether there is a store in the folder.
    pub(crate) fn exists(disk: &dyn Disk, options: &StoreOptions) -> Result<bool, StartError> {
        match disk.metadata(&options.dir.join(FILE)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates a store that holds `genesis`, durably. It gets its name when it is whole.
    pub(crate) fn create(
        disk: &Arc<dyn Disk>,
        options: &StoreOptions,
        genesis: &Batch,
    ) -> Result<(), StartError> {
        let path = options.dir.join(FILE);
        let new = Replacement::begin(Arc::clone(disk), &path, Access::Private)?;
        let store = Self::on(Arc::clone(new.file()), options)?;
        store.write_format(genesis).map_err(StartError::Read)?;
        store.commit(genesis)?;
        drop(store);
        new.commit()?;
        Ok(())
    }

    /// Opens an existing store.
    pub(crate) fn open(disk: &Arc<dyn Disk>, options: &StoreOptions) -> Result<Self, StartError> {
        let path = options.dir.join(FILE);
        let store = Self::on(disk.open(&path, Open::Update)?, options)?;
        store.check_format()?;
        Ok(store)
    }

    fn on(file: Arc<dyn File>, options: &StoreOptions) -> Result<Self, StartError> {
        let backend = RedbFile::lock(file).map_err(|error| {
            if error.kind() == ErrorKind::WouldBlock {
                in_use(&options.dir)
            } else {
                error.into()
            }
        })?;
        let database = Database::builder()
            .set_cache_size(options.cache_bytes)
            .create_with_backend(backend)
            .map_err(ReadError::from)?;
        Ok(Self {
            database,
            types: Mutex::new(TypeNumbers::default()),
            poisoned: AtomicBool::new(false),
            history_transactions: options.history_transactions,
        })
    }

    fn write_format(&self, genesis: &Batch) -> Result<(), ReadError> {
        let transaction = self.database.begin_write()?;
        {
            let mut facts = transaction.open_table(tables::META)?;
            let format = [MAGIC.as_slice(), &FORMAT.to_be_bytes()].concat();
            facts.insert(meta::FORMAT, format.as_slice())?;
            let chain_id = genesis.checkpoint.digest;
            facts.insert(meta::CHAIN_ID, rows::write(&chain_id).as_slice())?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn check_format(&self) -> Result<(), StartError> {
        let format = self.format()?;
        let found = format
            .strip_prefix(MAGIC)
            .and_then(|number| number.try_into().ok())
            .map(u32::from_be_bytes)
            .ok_or_else(|| ReadError::damaged("not a ledger of floe"))?;
        if found != FORMAT {
            return Err(StartError::Format {
                found,
                known: FORMAT,
            });
        }
        Ok(())
    }

    fn format(&self) -> Result<Vec<u8>, ReadError> {
        let transaction = self.database.begin_read()?;
        let facts = match transaction.open_table(tables::META) {
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            table => table?,
        };
        Ok(facts
            .get(meta::FORMAT)?
            .map(|row| row.value().to_vec())
            .unwrap_or_default())
    }
}

fn in_use(dir: &Path) -> StartError {
    StartError::InUse {
        dir: dir.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use floe_env::testing::CrashDisk;

    use super::*;

    fn options() -> StoreOptions {
        StoreOptions {
            dir: PathBuf::from("/"),
            cache_bytes: 1 << 20,
            history_transactions: 100,
        }
    }

    /// A database whose format row is this.
    fn with_format(format: Option<&[u8]>) -> Result<Store, StartError> {
        let disk: Arc<dyn Disk> = Arc::new(CrashDisk::new());
        let options = options();
        let how = Open::CreateNew(Access::Private);
        let file = disk.open(&options.dir.join(FILE), how)?;
        let store = Store::on(file, &options)?;
        if let Some(format) = format {
            let transaction = store.database.begin_write().unwrap();
            let mut facts = transaction.open_table(tables::META).unwrap();
            facts.insert(meta::FORMAT, format).unwrap();
            drop(facts);
            transaction.commit().unwrap();
        }
        drop(store);
        Store::open(&disk, &options)
    }

    #[test]
    fn databases_of_later_programs_are_refused_with_their_number() {
        let next = [MAGIC.as_slice(), &(FORMAT + 1).to_be_bytes()].concat();
        match with_format(Some(&next)) {
            Err(StartError::Format { found, known }) => {
                assert_eq!((found, known), (FORMAT + 1, FORMAT));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn databases_of_other_programs_are_refused() {
        for format in [None, Some(b"".as_slice()), Some(b"sqlite\0\0\0\0\0\x01")] {
            let refused = with_format(format);
            assert!(matches!(
                refused,
                Err(StartError::Read(ReadError::Damaged { .. }))
            ));
        }
    }

    #[test]
    fn the_format_is_frozen() {
        let format = [MAGIC.as_slice(), &FORMAT.to_be_bytes()].concat();
        assert_eq!(format, b"floelgr\0\0\0\0\x02");
        assert!(with_format(Some(&format)).is_ok());
    }
}
