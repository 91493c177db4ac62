//! A store on a disk whose power can be cut, next to a model of what it should hold.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this is a test, though in a module of its own"
)]
#![expect(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use floe_core::onchain::events::{
    BlobCertified, BlobDeleted, BlobRegistered, ContractEvent, InvalidBlobID,
};
use floe_core::{Axis, BlobId, Epoch, EventId, ObjectId, ShardIndex, TxDigest};
use floe_env::testing::{CrashDisk, SeededRng};
use floe_env::{Compute, Disk, Inline};
use floe_storage::{
    Cursor, NodeState, OpenReport, Options, Put, Record, RecordKey, Store, StoreError, create,
};
use futures::FutureExt as _;

pub(crate) const DIR: &str = "/data/node";
pub(crate) const OWNER: &str = "node 0";

/// Small enough that a few operations fill segments and reach checkpoints.
pub(crate) fn small() -> Options {
    Options {
        segment_bytes: 6_000,
        reserve_bytes: 1 << 20,
        index_cache_bytes: 1 << 20,
        checkpoint_bytes: 20_000,
        queue_bytes: 1 << 20,
    }
}

pub(crate) fn blob(number: u8) -> BlobId {
    BlobId([number; 32])
}

pub(crate) fn object(number: u16) -> ObjectId {
    let mut id = [0; 32];
    id[..2].copy_from_slice(&number.to_be_bytes());
    ObjectId(id)
}

pub(crate) fn event_id(index: u64) -> EventId {
    EventId {
        tx_digest: TxDigest([u8::try_from(index % 251).unwrap(); 32]),
        event_seq: index,
    }
}

/// The keys of a blob on a node with two shards.
pub(crate) fn keys(blob_id: BlobId) -> Vec<RecordKey> {
    let mut keys = vec![RecordKey::metadata(blob_id)];
    for shard in [3, 700].map(ShardIndex) {
        keys.extend(Axis::BOTH.map(|axis| RecordKey::sliver(shard, axis, blob_id)));
    }
    keys
}

/// What is stored under a key: always the same, as it is for a node.
pub(crate) fn payload(key: &RecordKey) -> Bytes {
    let seed: u64 = key.blob_id.0[0].into();
    let kind = match key.kind {
        floe_storage::RecordKind::Metadata => 0,
        floe_storage::RecordKind::Sliver(shard, axis) => {
            1 + u64::from(shard.0) * 2 + u64::from(axis == Axis::Primary)
        }
    };
    let len = usize::try_from((seed * 131 + kind * 17) % 1_500).unwrap();
    let mut bytes = vec![0; len];
    floe_env::Rng::fill(&SeededRng::new(seed << 32 | kind), &mut bytes);
    bytes.into()
}

pub(crate) fn record(key: RecordKey) -> Record {
    Record {
        key,
        payload: payload(&key),
    }
}

pub(crate) fn registered(blob_id: BlobId, object_id: ObjectId, end_epoch: u32) -> ContractEvent {
    ContractEvent::BlobRegistered(BlobRegistered {
        epoch: Epoch(1),
        blob_id,
        size: 1,
        encoding_type: 1,
        end_epoch: Epoch(end_epoch),
        deletable: true,
        object_id,
    })
}

pub(crate) fn make(disk: &Arc<dyn Disk>) -> Result<(), floe_storage::CreateError> {
    create(disk, &SeededRng::new(1), Path::new(DIR), OWNER)
}

pub(crate) fn open_with(
    disk: &Arc<dyn Disk>,
    options: Options,
) -> Result<(Store, OpenReport), floe_storage::OpenError> {
    let compute: Arc<dyn Compute> = Arc::new(Inline);
    Store::open(disk, &compute, Path::new(DIR), OWNER, options)
}

pub(crate) fn open(disk: &Arc<dyn Disk>) -> Store {
    open_with(disk, small()).unwrap().0
}

/// Puts records on a store that does everything at once.
pub(crate) fn put(store: &Store, records: Vec<Record>) -> Result<Vec<Put>, StoreError> {
    store.put(records).now_or_never().expect("done inline")
}

/// Applies one event, and moves the cursor past it.
pub(crate) fn apply(store: &Store, index: u64, event: &ContractEvent) -> Result<(), StoreError> {
    store.transaction(|transaction| {
        transaction.apply(index, event_id(index), event)?;
        transaction.set_cursor(&Cursor {
            next_index: index + 1,
            position: Vec::new(),
        })
    })
}

/// A step of a test.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Register {
        blob: u8,
        deletable: bool,
        epochs: u8,
    },
    Certify {
        nth: u8,
    },
    Extend {
        nth: u8,
        epochs: u8,
    },
    Delete {
        nth: u8,
    },
    Invalidate {
        blob: u8,
    },
    NextEpoch,
    Put {
        blob: u8,
        mask: u8,
    },
    Read {
        blob: u8,
    },
    Checkpoint,
    Compact {
        percent: u8,
    },
    Reopen,
}

/// What the chain did: applied again after a crash, from the cursor on.
#[derive(Debug, Clone)]
enum Chain {
    Event(ContractEvent),
    NextEpoch(Epoch),
}

#[derive(Debug, Clone)]
struct Object {
    id: ObjectId,
    blob_id: BlobId,
    deletable: bool,
    end_epoch: Epoch,
    is_certified: bool,
}

pub(crate) struct World {
    pub(crate) disk: CrashDisk,
    shared: Arc<dyn Disk>,
    store: Option<Store>,
    epoch: Epoch,
    objects: Vec<Object>,
    objects_ever: u16,
    rows: BTreeSet<BlobId>,
    invalid: BTreeSet<BlobId>,
    /// Acknowledged, and not deleted since.
    records: BTreeSet<RecordKey>,
    chain: Vec<Chain>,
    /// Has the power been cut since the store was last opened?
    was_cut: bool,
}

impl World {
    pub(crate) fn new(disk: CrashDisk) -> Self {
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        Self {
            disk,
            shared,
            store: None,
            epoch: Epoch(1),
            objects: Vec::new(),
            objects_ever: 0,
            rows: BTreeSet::new(),
            invalid: BTreeSet::new(),
            records: BTreeSet::new(),
            chain: Vec::new(),
            was_cut: false,
        }
    }

    /// Makes and opens the store.
    pub(crate) fn start(&mut self) -> Result<(), String> {
        make(&self.shared).map_err(|error| error.to_string())?;
        self.reopen()
    }

    pub(crate) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn reopen(&mut self) -> Result<(), String> {
        self.store = None;
        let (store, report) =
            open_with(&self.shared, small()).map_err(|error| error.to_string())?;
        assert_eq!(report.lost, 0);
        // After a power cut a record that was being written may be there with a part of its payload.
        assert!(report.damaged == 0 || self.was_cut, "{report:?}");
        self.store = Some(store);
        Ok(())
    }

    fn nth(&self, nth: u8) -> Option<usize> {
        usize::from(nth).checked_rem(self.objects.len())
    }

    fn has_row(&self, blob_id: &BlobId) -> bool {
        self.rows.contains(blob_id) && !self.invalid.contains(blob_id)
    }

    /// Does a step with store and model, and compares what they say. Fails only as the disk does.
    pub(crate) fn step(&mut self, op: &Op) -> Result<(), String> {
        match *op {
            Op::Register { .. }
            | Op::Certify { .. }
            | Op::Extend { .. }
            | Op::Delete { .. }
            | Op::Invalidate { .. } => self.event(op),
            Op::NextEpoch => {
                self.epoch = self.epoch.next();
                self.on_chain(Chain::NextEpoch(self.epoch))
            }
            Op::Put { blob: number, mask } => self.put(blob(number), mask),
            Op::Read { blob: number } => self.check_blob(blob(number)),
            Op::Checkpoint => self.store().checkpoint().map_err(|error| error.to_string()),
            Op::Compact { percent } => {
                let compaction = self.store().compact(percent).now_or_never();
                let report = compaction
                    .expect("done inline")
                    .map_err(|e| e.to_string())?;
                assert_eq!(report.damaged, 0);
                Ok(())
            }
            Op::Reopen => self.reopen(),
        }
    }

    fn event(&mut self, op: &Op) -> Result<(), String> {
        let epoch = self.epoch;
        let event = match *op {
            Op::Register {
                blob: number,
                deletable,
                epochs,
            } => {
                let (blob_id, id) = (blob(number), object(self.objects_ever));
                self.objects_ever += 1;
                let end_epoch = Epoch(epoch.0 + 1 + u32::from(epochs));
                self.rows.insert(blob_id);
                if !self.invalid.contains(&blob_id) {
                    let is_certified = false;
                    self.objects.push(Object {
                        id,
                        blob_id,
                        deletable,
                        end_epoch,
                        is_certified,
                    });
                }
                ContractEvent::BlobRegistered(BlobRegistered {
                    epoch,
                    blob_id,
                    size: 1,
                    encoding_type: 1,
                    end_epoch,
                    deletable,
                    object_id: id,
                })
            }
            Op::Certify { nth } => {
                let Some(index) = self.nth(nth) else {
                    return Ok(());
                };
                let object = &mut self.objects[index];
                if std::mem::replace(&mut object.is_certified, true) {
                    return Ok(());
                }
                certified(epoch, object, false)
            }
            Op::Extend { nth, epochs } => {
                let Some(index) = self.nth(nth) else {
                    return Ok(());
                };
                let object = &mut self.objects[index];
                if !object.is_certified {
                    return Ok(());
                }
                object.end_epoch = Epoch(object.end_epoch.0 + 1 + u32::from(epochs));
                certified(epoch, object, true)
            }
            Op::Delete { nth } => {
                let Some(index) = self.nth(nth).filter(|nth| self.objects[*nth].deletable) else {
                    return Ok(());
                };
                let object = self.objects.remove(index);
                ContractEvent::BlobDeleted(BlobDeleted {
                    epoch,
                    blob_id: object.blob_id,
                    end_epoch: object.end_epoch,
                    object_id: object.id,
                    was_certified: object.is_certified,
                })
            }
            Op::Invalidate { blob: number } => {
                let blob_id = blob(number);
                self.rows.insert(blob_id);
                self.invalid.insert(blob_id);
                self.objects.retain(|object| object.blob_id != blob_id);
                self.records.retain(|key| key.blob_id != blob_id);
                ContractEvent::InvalidBlobID(InvalidBlobID { epoch, blob_id })
            }
            _ => unreachable!("no event"),
        };
        self.on_chain(Chain::Event(event))
    }

    fn on_chain(&mut self, chain: Chain) -> Result<(), String> {
        if let Chain::NextEpoch(epoch) = chain {
            self.objects.retain(|object| object.end_epoch > epoch);
            let alive: BTreeSet<_> = self.objects.iter().map(|object| object.blob_id).collect();
            self.records.retain(|key| alive.contains(&key.blob_id));
            let invalid = &self.invalid;
            self.rows
                .retain(|blob_id| alive.contains(blob_id) || invalid.contains(blob_id));
        }
        self.chain.push(chain.clone());
        let index = u64::try_from(self.chain.len() - 1).unwrap();
        apply_chain(self.store(), index, &chain).map_err(|error| error.to_string())
    }

    fn put(&mut self, blob_id: BlobId, mask: u8) -> Result<(), String> {
        let keys: Vec<_> = keys(blob_id)
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| mask & (1 << bit) != 0)
            .map(|(_, key)| key)
            .collect();
        let records = keys.iter().map(|key| record(*key)).collect();
        let puts = put(self.store(), records).map_err(|error| error.to_string())?;
        for (key, put) in keys.into_iter().zip(puts) {
            let expected = match (self.records.contains(&key), self.has_row(&blob_id)) {
                (true, _) => Put::AlreadyStored,
                (false, true) => Put::Stored,
                (false, false) => Put::NotRegistered,
            };
            assert_eq!(put, expected, "{key}");
            if put == Put::Stored {
                self.records.insert(key);
            }
        }
        Ok(())
    }

    /// Compares all that is known of a blob.
    fn check_blob(&self, blob_id: BlobId) -> Result<(), String> {
        let store = self.store();
        for key in keys(blob_id) {
            let found = store.get(&key).map_err(|error| error.to_string())?;
            let expected = self.records.contains(&key).then(|| payload(&key));
            assert_eq!(found, expected, "{key}");
        }
        let info = store
            .blob_info(&blob_id)
            .map_err(|error| error.to_string())?;
        assert_eq!(info.is_some(), self.rows.contains(&blob_id));
        let info = info.unwrap_or_default();
        assert_eq!(info.is_invalid(), self.invalid.contains(&blob_id));
        let mut objects = self
            .objects
            .iter()
            .filter(|object| object.blob_id == blob_id);
        assert_eq!(
            info.is_registered(self.epoch),
            objects.clone().next().is_some()
        );
        assert_eq!(
            info.is_certified(self.epoch),
            objects.any(|object| object.is_certified)
        );
        Ok(())
    }

    /// Compares everything.
    pub(crate) fn check(&self) -> Result<(), String> {
        for number in 0..4 {
            self.check_blob(blob(number))?;
        }
        for object in &self.objects {
            let row = self
                .store()
                .object(&object.id)
                .map_err(|error| error.to_string())?;
            let row = row.expect("an object that is alive has a row");
            assert_eq!(
                (row.blob_id, row.end_epoch),
                (object.blob_id, object.end_epoch)
            );
            assert_eq!(row.certified_epoch.is_some(), object.is_certified);
        }
        let usage = self.store().usage().map_err(|error| error.to_string())?;
        assert_eq!(usage.records, u64::try_from(self.records.len()).unwrap());
        let live = self
            .records
            .iter()
            .map(|key| 64 + payload(key).len() as u64)
            .sum::<u64>();
        assert_eq!(usage.live_bytes, live);
        Ok(())
    }

    /// Goes on on `disk`, which is what a power cut left, and compares everything.
    pub(crate) fn revive(&mut self, disk: CrashDisk) {
        self.store = None;
        self.shared = Arc::new(disk.clone());
        self.disk = disk;
        self.was_cut = true;
        self.reopen().unwrap();
        self.was_cut = false;
        let store = self.store().clone();
        for key in &self.records {
            assert_eq!(
                store.get(key).unwrap(),
                Some(payload(key)),
                "acknowledged: {key}"
            );
        }
        for key in (0..4).flat_map(|number| keys(blob(number))) {
            if let Some(found) = store.get(&key).unwrap() {
                assert_eq!(found, payload(&key), "{key}");
            }
        }
        let next = usize::try_from(store.cursor().unwrap().next_index).unwrap();
        assert!(next <= self.chain.len(), "the cursor is ahead of the chain");
        // From the one before the cursor on: events may come twice.
        for (index, chain) in self.chain.iter().enumerate().skip(next.saturating_sub(1)) {
            apply_chain(&store, index.try_into().unwrap(), chain).unwrap();
        }
        // Records that were not acknowledged may be there: the node counts them in, or collects them.
        for key in (0..4).flat_map(|number| keys(blob(number))) {
            if store.contains(&key).unwrap() {
                self.records.insert(key);
            }
        }
        self.check().unwrap();
    }
}

fn certified(epoch: Epoch, object: &Object, is_extension: bool) -> ContractEvent {
    ContractEvent::BlobCertified(BlobCertified {
        epoch,
        blob_id: object.blob_id,
        end_epoch: object.end_epoch,
        deletable: object.deletable,
        object_id: object.id,
        is_extension,
    })
}

/// Does with one thing that happened on the chain what a node does.
fn apply_chain(store: &Store, index: u64, chain: &Chain) -> Result<(), StoreError> {
    store.transaction(|transaction| {
        match chain {
            Chain::Event(event) => {
                let effect = transaction.apply(index, event_id(index), event)?;
                if let floe_storage::Effect::Invalidated(blob_id) = effect {
                    transaction.delete_data(&blob_id)?;
                }
            }
            Chain::NextEpoch(epoch) => {
                while transaction.expire(*epoch, 2)? == 2 {}
                while transaction.collect(*epoch, 2)? == 2 {}
                transaction.set_node_state(&NodeState {
                    event_epoch: Some(*epoch),
                    collected_epoch: Some(*epoch),
                })?;
            }
        }
        transaction.set_cursor(&Cursor {
            next_index: index + 1,
            position: vec![7],
        })
    })?;
    match chain {
        Chain::NextEpoch(_) => store.checkpoint(),
        Chain::Event(_) => Ok(()),
    }
}

/// The steps that `seed` stands for.
pub(crate) fn script(seed: u64, len: usize) -> Vec<Op> {
    let rng = SeededRng::new(seed);
    let below = |n: u64| u8::try_from(floe_env::Rng::u64(&rng) % n).unwrap();
    (0..len)
        .map(|_| match below(100) {
            0..20 => Op::Register {
                blob: below(4),
                deletable: below(2) == 0,
                epochs: below(3),
            },
            20..30 => Op::Certify { nth: below(8) },
            30..34 => Op::Extend {
                nth: below(8),
                epochs: below(3),
            },
            34..42 => Op::Delete { nth: below(8) },
            42..43 => Op::Invalidate { blob: below(4) },
            43..50 => Op::NextEpoch,
            50..80 => Op::Put {
                blob: below(4),
                mask: below(32),
            },
            80..86 => Op::Read { blob: below(4) },
            86..90 => Op::Checkpoint,
            90..96 => Op::Compact {
                percent: below(101),
            },
            _ => Op::Reopen,
        })
        .collect()
}
