//! A checkpoint on its way to the database.

use std::{collections::BTreeMap, sync::Arc};

use floe_core::ObjectId;
use floe_ledger::{ChainHead, LiveObject};
use redb::{Database, ReadableTable, WriteTransaction};
use sui_sdk_types::{Object, Owner, TypeTag};

use super::{
    delta,
    prune::prune,
    rows,
    tables::{self, OwnerKind, meta},
    types::{TypeNumbers, TypeTables, is_catalogued},
};
use crate::{
    ReadError,
    executed::{CheckpointRecord, EpochRecord, Executed},
};

/// A checkpoint with everything it changes.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) checkpoint: CheckpointRecord,
    pub(crate) head: ChainHead,
    pub(crate) transactions: Vec<Arc<Executed>>,
    /// In order of execution.
    pub(crate) changes: Vec<ObjectChange>,
    /// Epochs that start or end here.
    pub(crate) epochs: Vec<EpochRecord>,
    /// How far the chain's time is ahead of the clock, if that changes.
    pub(crate) time_offset_ms: Option<u64>,
}

/// What one transaction did to one object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectChange {
    pub(crate) id: ObjectId,
    /// Version after it.
    pub(crate) version: u64,
    /// `None`: did not live.
    pub(crate) before: Option<Arc<LiveObject>>,
    /// `None`: does not live any more.
    pub(crate) after: Option<Arc<LiveObject>>,
}

/// What remains of all changes of a batch to rows that are written once. Ordered, so that the
/// database meets neighbours one after the other.
#[derive(Debug, Default)]
struct Net {
    objects: BTreeMap<[u8; 40], Vec<u8>>,
    owned: BTreeMap<[u8; 69], bool>,
    catalog: BTreeMap<[u8; 36], bool>,
    balances: BTreeMap<[u8; 36], (i128, i64)>,
}

impl Batch {
    /// Writes and commits.
    pub(super) fn commit(
        &self,
        database: &Database,
        types: &mut TypeNumbers,
        history_transactions: u64,
    ) -> Result<(), ReadError> {
        let transaction = database.begin_write()?;
        self.net(&transaction, types)?.write(&transaction)?;
        self.write_chain(&transaction)?;
        prune(&transaction, &self.head, history_transactions)?;
        transaction.commit()?;
        Ok(())
    }

    fn net(
        &self,
        transaction: &WriteTransaction,
        types: &mut TypeNumbers,
    ) -> Result<Net, ReadError> {
        let mut tables = TypeTables {
            numbers: transaction.open_table(tables::TYPE_NUMBERS)?,
            types: transaction.open_table(tables::TYPES)?,
        };
        let mut net = Net::default();
        for change in &self.changes {
            let key = tables::object_key(&change.id, change.version);
            net.objects
                .insert(key, rows::object_row(change.after.as_deref()));
            let mut number = |tag: &TypeTag| types.number(tag, &mut tables);
            if let Some(before) = &change.before {
                net.index(before, false, &mut number)?;
            }
            if let Some(after) = &change.after {
                net.index(after, true, &mut number)?;
            }
        }
        delta::shorten(&mut net.objects);
        Ok(net)
    }

    /// Transactions, checkpoint, epochs and head.
    fn write_chain(&self, transaction: &WriteTransaction) -> Result<(), ReadError> {
        let mut transactions = transaction.open_table(tables::TRANSACTIONS)?;
        let mut digests: Vec<_> = Vec::with_capacity(self.transactions.len());
        for executed in &self.transactions {
            let row = rows::transaction_row(executed);
            transactions.insert(executed.sequence, row.as_slice())?;
            digests.push((executed.digest.into_inner(), executed.sequence));
        }
        digests.sort_unstable();
        let mut table = transaction.open_table(tables::DIGESTS)?;
        for (digest, sequence) in &digests {
            table.insert(digest, sequence)?;
        }
        let number = self.checkpoint.sequence_number();
        transaction
            .open_table(tables::CHECKPOINTS)?
            .insert(number, rows::write(&self.checkpoint).as_slice())?;
        transaction
            .open_table(tables::CHECKPOINT_DIGESTS)?
            .insert(self.checkpoint.digest.inner(), number)?;
        let mut epochs = transaction.open_table(tables::EPOCHS)?;
        for epoch in &self.epochs {
            epochs.insert(epoch.epoch, rows::write(epoch).as_slice())?;
        }
        let mut facts = transaction.open_table(tables::META)?;
        facts.insert(meta::HEAD, rows::write(&self.head).as_slice())?;
        if let Some(offset) = self.time_offset_ms {
            facts.insert(meta::TIME_OFFSET_MS, rows::write(&offset).as_slice())?;
        }
        Ok(())
    }
}

impl Net {
    /// Notes that an object came (`lives`) or went.
    fn index(
        &mut self,
        object: &Object,
        lives: bool,
        number: &mut impl FnMut(&TypeTag) -> Result<u32, ReadError>,
    ) -> Result<(), ReadError> {
        let Some(content) = object.as_struct() else {
            return Ok(());
        };
        let id = object.object_id().into_inner();
        let tag = content.object_type();
        let owner = match object.owner() {
            Owner::Address(owner) | Owner::ConsensusAddress { owner, .. } => {
                Some((OwnerKind::Address, owner))
            }
            Owner::Object(owner) => Some((OwnerKind::Object, owner)),
            _ => None,
        };
        let catalogued = is_catalogued(tag);
        if owner.is_none() && !catalogued {
            return Ok(());
        }
        let type_number = number(&TypeTag::from(tag.clone()))?;
        if catalogued {
            self.catalog
                .insert(tables::catalog_key(type_number, &id), lives);
        }
        let Some((kind, owner)) = owner else {
            return Ok(());
        };
        let key = tables::owned_key(kind, owner.inner(), type_number, &id);
        self.owned.insert(key, lives);
        if kind == OwnerKind::Address
            && let Some(token) = tag.is_coin()
            && let Some(amount) = coin_amount(content.contents())
        {
            let key = tables::balance_key(owner.inner(), number(token)?);
            let (sum, count) = self.balances.entry(key).or_default();
            let sign = if lives { 1 } else { -1 };
            *sum += i128::from(sign) * i128::from(amount);
            *count += sign;
        }
        Ok(())
    }

    fn write(&self, transaction: &WriteTransaction) -> Result<(), ReadError> {
        let mut objects = transaction.open_table(tables::OBJECTS)?;
        for (key, row) in &self.objects {
            objects.insert(key, row.as_slice())?;
        }
        let mut owned = transaction.open_table(tables::OWNED)?;
        for (key, lives) in &self.owned {
            if *lives {
                owned.insert(key, ())?;
            } else {
                owned.remove(key)?;
            }
        }
        let mut catalog = transaction.open_table(tables::CATALOG)?;
        for (key, lives) in &self.catalog {
            if *lives {
                catalog.insert(key, ())?;
            } else {
                catalog.remove(key)?;
            }
        }
        let mut balances = transaction.open_table(tables::BALANCES)?;
        for (key, (sum, count)) in &self.balances {
            let (old_sum, old_count) = balances.get(key)?.map_or((0, 0), |row| row.value());
            let sum = i128::from(old_sum) + sum;
            let count = i128::from(old_count) + i128::from(*count);
            let (Ok(sum), Ok(count)) = (u64::try_from(sum), u64::try_from(count)) else {
                return Err(ReadError::damaged("a balance that does not add up"));
            };
            if count == 0 {
                balances.remove(key)?;
            } else {
                balances.insert(key, (sum, count))?;
            }
        }
        Ok(())
    }
}

/// The amount in the contents of a coin.
pub(crate) fn coin_amount(contents: &[u8]) -> Option<u64> {
    let (_, balance) = contents.split_first_chunk::<32>()?;
    Some(u64::from_le_bytes(*balance.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use floe_env::{Disk, testing::CrashDisk};
    use floe_ledger::{GenesisBuilder, GenesisConfig};
    use sui_crypto::bls12381::Bls12381PrivateKey;
    use sui_sdk_types::{Digest, MoveStruct, ObjectData};

    use super::*;
    use crate::{
        engine::genesis_batch,
        store::{Store, StoreOptions},
    };

    /// The same object with its last byte and its version set.
    fn version(object: &Object, version: u64, last: u8) -> Arc<LiveObject> {
        let content = object.as_struct().unwrap();
        let mut bytes = content.contents().to_vec();
        *bytes.last_mut().unwrap() = last;
        let tag = content.object_type().clone();
        let content = MoveStruct::new(tag, false, version, bytes).unwrap();
        let data = ObjectData::Struct(content);
        Arc::new(LiveObject::new(Object::new(
            data,
            *object.owner(),
            Digest::ZERO,
            0,
        )))
    }

    fn live(seed: u8, length: usize) -> Object {
        let tag = "0x2::bag::Bag".parse().unwrap();
        let mut bytes = vec![seed; 32];
        bytes.resize(length, 7);
        let content = MoveStruct::new(tag, false, 1, bytes).unwrap();
        let data = ObjectData::Struct(content);
        Object::new(data, Owner::Shared(1), Digest::ZERO, 0)
    }

    #[test]
    fn every_version_of_a_batch_is_read_back_as_it_was() {
        let disk: Arc<dyn Disk> = Arc::new(CrashDisk::new());
        let options = StoreOptions {
            dir: PathBuf::from("/"),
            cache_bytes: 1 << 20,
            history_transactions: 100,
        };
        let key = Bls12381PrivateKey::new([3; 32]).unwrap();
        let config = GenesisConfig {
            time_ms: 1000,
            validator_key: key.public_key().inner().to_vec(),
        };
        let genesis = GenesisBuilder::new(&config).unwrap().finish();
        let mut batch = genesis_batch(&genesis, 1000, &key).unwrap();
        Store::create(&disk, &options, &batch).unwrap();
        let store = Store::open(&disk, &options).unwrap();

        // Small objects stay whole, large ones become differences.
        let objects = [live(0xaa, 100), live(0xbb, 4000)];
        batch.transactions.clear();
        batch.changes.clear();
        let mut written = Vec::new();
        for number in 2..8 {
            for object in &objects {
                let last = u8::try_from(number).unwrap();
                let after = version(object, number, last);
                let id = ObjectId(object.object_id().into_inner());
                written.push((id, number, Arc::clone(&after)));
                batch.changes.push(ObjectChange {
                    id,
                    version: number,
                    before: None,
                    after: Some(after),
                });
            }
        }
        store.commit(&batch).unwrap();

        let reader = store.reader().unwrap();
        for (id, number, after) in &written {
            let found = reader.object_at(id, *number).unwrap().unwrap();
            assert_eq!(found, *after);
            assert_eq!(found.digest(), after.digest());
            assert_eq!(found.object().digest(), after.digest());
        }
        let (id, _, last) = written.last().unwrap();
        assert_eq!(reader.object(id).unwrap().as_ref(), Some(last));
    }
}
