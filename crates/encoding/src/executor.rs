//! Who runs the parallel parts: the caller decides, never a global pool.

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Runs independent tasks, on as many threads as the caller grants.
pub trait Executor: fmt::Debug + Sync {
    /// How many tasks make progress at once; memory is budgeted for so many.
    fn threads(&self) -> NonZeroUsize;

    /// Calls `body` once with each index below `tasks` and returns when all calls have.
    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync));
}

/// Runs everything on the caller's thread, in order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inline;

impl Executor for Inline {
    fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(body);
    }
}

/// Runs tasks that may fail and need working memory. There are never more than
/// [`Executor::threads`] pieces of working memory, reused from task to task. After an error the
/// tasks not started yet are skipped; of several errors one is returned.
pub(crate) fn try_run<S: Default + Send, E: Send>(
    executor: &dyn Executor,
    tasks: usize,
    body: impl Fn(usize, &mut S) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let failure = Mutex::new(None);
    let idle = Mutex::new(Vec::<S>::new());
    executor.run(tasks, &|task| {
        if lock(&failure).is_some() {
            return;
        }
        let mut scratch = lock(&idle).pop().unwrap_or_default();
        if let Err(error) = body(task, &mut scratch) {
            lock(&failure).get_or_insert(error);
        }
        lock(&idle).push(scratch);
    });
    let failure = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
    failure.map_or(Ok(()), Err)
}

/// Locks data that a panic elsewhere cannot have left half-changed in a way that matters: the panic
/// ends the whole operation.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_ends_the_run() {
        let ran = Mutex::new(Vec::new());
        let result = try_run(&Inline, 5, |task, calls: &mut u32| {
            *calls += 1;
            lock(&ran).push((task, *calls));
            if task == 2 { Err("two") } else { Ok(()) }
        });
        assert_eq!(result, Err("two"));
        assert_eq!(*lock(&ran), [(0, 1), (1, 2), (2, 3)]);
    }
}
