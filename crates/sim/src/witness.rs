//! What hosts have shown, so that it can be asked for again after their power was cut.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use floe_core::{BlobId, ShardIndex};
use floe_storage::{RecordKey, Store, Transaction};
use sui_sdk_types::Digest;

use crate::Error;
use crate::sample::Sample;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks into a storage node.
#[derive(Debug, Default)]
pub struct NodeWitness {
    running: Mutex<Option<floe_node::Handle>>,
    /// Records that the node had, and must have from then on.
    held: Mutex<BTreeSet<RecordKey>>,
    was_replaced: AtomicBool,
}

impl NodeWitness {
    /// The node has started: it must have all that it was seen to have before.
    ///
    /// # Errors
    /// What it has not.
    pub fn started(&self, handle: floe_node::Handle, samples: &[Sample]) -> Result<(), Error> {
        let store = handle.store();
        let held = locked(&self.held);
        for sample in samples {
            for (key, expected) in sample.records(&all_shards(sample)) {
                if !held.contains(&key) {
                    continue;
                }
                match store.get(&key)? {
                    Some(bytes) if *bytes == *expected => {}
                    Some(_) => return Err(format!("after a power cut {key} is different").into()),
                    None => return Err(format!("after a power cut {key} is missing").into()),
                }
            }
        }
        drop(held);
        *locked(&self.running) = Some(handle);
        Ok(())
    }

    /// Notes what the node has. Others act on it, so that it must outlive power cuts.
    pub fn note(&self, samples: &[Sample]) {
        if let Some(handle) = &*locked(&self.running) {
            let mut held = locked(&self.held);
            for sample in samples {
                held.extend(held_of(handle.store(), sample, &all_shards(sample)));
            }
        }
    }

    /// The node is no more, until it is started again.
    pub fn stopped(&self) {
        *locked(&self.running) = None;
    }

    /// The node's disk is no more.
    pub fn forget(&self) {
        locked(&self.held).clear();
        self.was_replaced.store(true, Ordering::Relaxed);
    }

    /// What is missing or wrong of a blob at a node that should have all of it; empty if nothing is.
    ///
    /// # Errors
    /// The store fails.
    pub fn lacks(&self, sample: &Sample, shards: &[ShardIndex]) -> Result<Vec<String>, Error> {
        let running = locked(&self.running);
        let Some(handle) = &*running else {
            return Ok(vec!["the node does not run".to_owned()]);
        };
        let store = handle.store();
        let mut lacks = Vec::new();
        for (key, expected) in sample.records(shards) {
            match store.get(&key)? {
                Some(bytes) if *bytes == *expected => {}
                Some(_) => lacks.push(format!("{key} is wrong")),
                None => lacks.push(format!("{key} is missing")),
            }
        }
        Ok(lacks)
    }

    /// Whether the node has all that it should have of a blob, or had it before its power was cut or
    /// its disk was replaced.
    pub fn has_or_had(&self, sample: &Sample, shards: &[ShardIndex]) -> bool {
        // A store without power can't be read.
        if self
            .lacks(sample, shards)
            .is_ok_and(|lacks| lacks.is_empty())
        {
            return true;
        }
        let held = locked(&self.held);
        self.was_replaced.load(Ordering::Relaxed)
            || sample.records(shards).all(|(key, _)| held.contains(&key))
    }

    /// Deletes what the node has of blobs, so that it knows nothing of it.
    ///
    /// # Errors
    /// The store fails.
    pub fn delete(&self, ids: &BTreeSet<BlobId>) -> Result<(), Error> {
        if let Some(handle) = &*locked(&self.running) {
            for id in ids {
                let deleting = |transaction: &mut Transaction| transaction.delete_data(id);
                handle.store().transaction(deleting)?;
            }
        }
        Ok(())
    }

    /// Whether nothing is left for the node to recover.
    ///
    /// # Errors
    /// The store fails.
    pub fn is_idle(&self) -> Result<bool, Error> {
        match &*locked(&self.running) {
            Some(handle) => Ok(handle.store().recoveries_len()? == 0),
            None => Ok(false),
        }
    }
}

fn all_shards(sample: &Sample) -> Vec<ShardIndex> {
    (0..sample.n_shards).map(ShardIndex).collect()
}

/// What of a blob a store has. One that fails, for lack of power, has nothing.
fn held_of(store: &Store, sample: &Sample, shards: &[ShardIndex]) -> Vec<RecordKey> {
    let keys = sample.records(shards).map(|(key, _)| key);
    keys.filter(|key| store.contains(key).unwrap_or(false))
        .collect()
}

/// Looks into the full node.
#[derive(Debug, Default)]
pub struct ChainWitness {
    running: Mutex<Option<floe_fullnode::Handle>>,
    /// The latest checkpoint it was seen to tell of.
    told: Mutex<Option<(u64, Digest)>>,
}

impl ChainWitness {
    /// The full node has started: what it told of is there.
    ///
    /// # Errors
    /// It is not.
    pub fn started(&self, handle: floe_fullnode::Handle) -> Result<(), Error> {
        if let Some((number, digest)) = *locked(&self.told) {
            let record = handle.reader()?.checkpoint(number)?;
            if record.map(|record| record.digest) != Some(digest) {
                return Err(format!("after a power cut checkpoint {number} is gone").into());
            }
        }
        *locked(&self.running) = Some(handle);
        Ok(())
    }

    /// Notes how far the chain is.
    pub fn note(&self) {
        if let Some(handle) = &*locked(&self.running) {
            let number = handle.latest_checkpoint();
            let record = handle.reader().and_then(|reader| reader.checkpoint(number));
            if let Ok(Some(record)) = record {
                *locked(&self.told) = Some((number, record.digest));
            }
        }
    }

    /// The full node is no more, until it is started again.
    pub fn stopped(&self) {
        *locked(&self.running) = None;
    }

    /// The full node, if it runs.
    pub fn handle(&self) -> Option<floe_fullnode::Handle> {
        locked(&self.running).clone()
    }
}
