//! Threads for the benchmark.

use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use floe_encoding::Executor;

/// So many threads, started anew for every run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Threads(pub(crate) NonZeroUsize);

impl Executor for Threads {
    fn threads(&self) -> NonZeroUsize {
        self.0
    }

    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                match next.fetch_add(1, Ordering::Relaxed) {
                    task if task < tasks => body(task),
                    _ => break,
                }
            }
        };
        thread::scope(|scope| {
            (1..self.0.get()).for_each(|_| drop(scope.spawn(work)));
            work();
        });
    }
}
