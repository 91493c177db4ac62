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
    written: bool,
}

impl<T: MoveValue + Clone> Lease<T> {
    pub(super) fn new(slot: Slot, value: Arc<T>) -> Self {
        Self {
            slot,
            value,
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
        Arc::make_mut(&mut self.value)
    }
}

impl<T: MoveValue + Clone> Drop for Lease<T> {
    fn drop(&mut self) {
        self.slot
            .put_back(Arc::clone(&self.value) as _, self.written);
    }
}

impl<T: MoveValue + Clone + fmt::Debug> fmt::Debug for Lease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}
