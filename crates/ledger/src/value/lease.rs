//! Exclusive access to the value of a slot.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use super::{MoveValue, Slot};

/// A value lent out for changing; returns to its slot on drop. Reading through it leaves the value
/// unwritten.
pub struct Lease<T: MoveValue + Clone> {
    slot: Slot,
    value: Arc<T>,
    /// The encoding, until the value changes.
    bytes: Option<Vec<u8>>,
    written: bool,
}

impl<T: MoveValue + Clone> Lease<T> {
    pub(super) fn new(slot: Slot, value: Arc<T>, bytes: Option<Vec<u8>>) -> Self {
        Self {
            slot,
            value,
            bytes,
            written: false,
        }
    }
}

impl<T: MoveValue + Clone> Deref for Lease<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: MoveValue + Clone> DerefMut for Lease<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.written = true;
        self.bytes = None;
        Arc::make_mut(&mut self.value)
    }
}

impl<T: MoveValue + Clone> Drop for Lease<T> {
    fn drop(&mut self) {
        let value = Arc::clone(&self.value) as _;
        self.slot.put_back(value, self.bytes.take(), self.written);
    }
}

impl<T: MoveValue + Clone + fmt::Debug> fmt::Debug for Lease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
