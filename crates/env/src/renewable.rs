//! Something that all share, and that is made anew when somebody finds it dead.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Something that all share until one of them finds it dead, such as a connection that fell silent:
/// then all get another one. Whoever still holds the old one may go on with it.
pub struct Renewable<T> {
    current: Mutex<Arc<T>>,
    make: Box<dyn Fn() -> T + Send + Sync>,
}

impl<T> Renewable<T> {
    /// What `make` makes, now and each time that it has to be renewed.
    pub fn new(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self {
            current: Mutex::new(Arc::new(make())),
            make: Box::new(make),
        }
    }

    /// What is in use now.
    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.lock())
    }

    /// What takes, or has taken already, the place of a dead one: however many find the same one dead,
    /// it is renewed once.
    pub fn instead_of(&self, dead: &Arc<T>) -> Arc<T> {
        let mut current = self.lock();
        if Arc::ptr_eq(&current, dead) {
            *current = Arc::new((self.make)());
        }
        Arc::clone(&current)
    }

    fn lock(&self) -> MutexGuard<'_, Arc<T>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: fmt::Debug> fmt::Debug for Renewable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Renewable").field(&self.lock()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn what_is_found_dead_by_many_is_renewed_once() {
        let made = AtomicU32::new(0);
        let link = Renewable::new(move || made.fetch_add(1, Ordering::Relaxed));
        let first = link.current();
        assert_eq!(*link.instead_of(&first), 1);
        assert_eq!(*link.instead_of(&first), 1);
        let second = link.current();
        assert_eq!((*first, *second), (0, 1));
        assert_eq!(*link.instead_of(&second), 2);
        assert_eq!(*link.instead_of(&first), 2);
    }
}
