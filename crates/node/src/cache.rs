//! Things that are costly to make, kept while there is room.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The values used last, up to some bytes.
pub(crate) struct Cache<K, V>(Mutex<State<K, V>>);

struct State<K, V> {
    entries: BTreeMap<K, Entry<V>>,
    /// Keys by when they were used last.
    uses: BTreeMap<u64, K>,
    clock: u64,
    bytes: usize,
    bytes_max: usize,
}

struct Entry<V> {
    value: Arc<V>,
    bytes: usize,
    used: u64,
}

impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

impl<K: Ord + Clone, V> Cache<K, V> {
    pub(crate) const fn new(bytes_max: usize) -> Self {
        Self(Mutex::new(State {
            entries: BTreeMap::new(),
            uses: BTreeMap::new(),
            clock: 0,
            bytes: 0,
            bytes_max,
        }))
    }

    pub(crate) fn get(&self, key: &K) -> Option<Arc<V>> {
        let mut state = self.state();
        let state = &mut *state;
        let entry = state.entries.get_mut(key)?;
        state.uses.remove(&entry.used);
        state.clock += 1;
        entry.used = state.clock;
        state.uses.insert(entry.used, key.clone());
        Some(Arc::clone(&entry.value))
    }

    /// Keeps a value, unless it is larger than all the room.
    pub(crate) fn insert(&self, key: K, value: Arc<V>, bytes: usize) {
        let mut state = self.state();
        state.remove(&key);
        if bytes > state.bytes_max {
            return;
        }
        while state.bytes + bytes > state.bytes_max
            && let Some((_, oldest)) = state.uses.pop_first()
        {
            if let Some(entry) = state.entries.remove(&oldest) {
                state.bytes -= entry.bytes;
            }
        }
        state.clock += 1;
        let used = state.clock;
        state.uses.insert(used, key.clone());
        state.bytes += bytes;
        let entry = Entry { value, bytes, used };
        state.entries.insert(key, entry);
    }

    pub(crate) fn remove(&self, key: &K) {
        self.state().remove(key);
    }

    fn state(&self) -> MutexGuard<'_, State<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Ord, V> State<K, V> {
    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.uses.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let cache = Cache::new(10);
        cache.insert(1, Arc::new("a"), 4);
        cache.insert(2, Arc::new("b"), 4);
        assert!(cache.get(&1).is_some());
        cache.insert(3, Arc::new("c"), 4);
        assert_eq!((cache.get(&2), cache.get(&1)), (None, Some(Arc::new("a"))));
        cache.insert(4, Arc::new("too large"), 11);
        assert_eq!(cache.get(&4), None);
        cache.insert(3, Arc::new("again"), 6);
        assert_eq!(cache.get(&3), Some(Arc::new("again")));
        cache.remove(&3);
        assert_eq!(cache.get(&3), None);
        cache.insert(5, Arc::new("e"), 6);
        assert!(cache.get(&1).is_some());
    }
}
