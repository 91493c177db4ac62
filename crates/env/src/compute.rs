//! Work that needs a processor or waits for a disk, kept off the threads that serve the network.

use std::any::Any;
use std::fmt;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::oneshot;

/// A piece of work to be run once.
pub type Job = Box<dyn FnOnce() + Send>;

/// What a job mostly waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The processor: coding, hashing, signatures.
    Cpu,
    /// The disk: reads, writes, syncs. Has threads of its own, so that a slow sync holds no core.
    Io,
}

/// An executor of blocking work with a fixed number of threads.
pub trait Compute: fmt::Debug + Send + Sync {
    /// How many tasks of one [`Compute::run`] make progress at once.
    fn threads(&self) -> NonZeroUsize;

    /// Calls `body` once with each index below `tasks`, in parallel, and returns when all calls
    /// have. Started in the order of their indices. May be called from within a task.
    ///
    /// Blocks the caller: from async code, [`offload`](#method.offload) the whole computation.
    ///
    /// # Panics
    /// With the panic of a task, after those in progress have ended; others may not have started.
    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync));

    /// Runs `job` some time soon on a thread of `lane`. A panic in it is lost.
    fn submit(&self, lane: Lane, job: Job);
}

impl dyn Compute + '_ {
    /// Runs `job` on a thread of `lane`, starting now, and yields its value.
    ///
    /// Dropping the future forgets the value; the job runs to its end all the same.
    ///
    /// # Panics
    /// The future panics with the job's panic.
    pub fn offload<T, F>(&self, lane: Lane, job: F) -> impl Future<Output = T> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel::<Result<T, Box<dyn Any + Send>>>();
        self.submit(
            lane,
            Box::new(move || {
                // Nobody waiting any more is not an error.
                let _ = sender.send(catch_unwind(AssertUnwindSafe(job)));
            }),
        );
        async move {
            match receiver
                .await
                .expect("an accepted job is run, and always reports")
            {
                Ok(value) => value,
                Err(panic) => resume_unwind(panic),
            }
        }
    }
}

/// Runs everything at once on the caller's thread, in order: for simulation, and for tools that
/// want one thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inline;

impl Compute for Inline {
    fn threads(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }

    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync)) {
        (0..tasks).for_each(body);
    }

    fn submit(&self, _lane: Lane, job: Job) {
        // As on a pool: the panic belongs to the job, not to whoever submitted it.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// Threads of our own: some for the processor, some for the disk.
#[derive(Debug)]
pub struct ThreadPool {
    threads: NonZeroUsize,
    cpu: rayon::ThreadPool,
    io: rayon::ThreadPool,
}

/// How many threads a [`ThreadPool`] has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSize {
    /// Threads for [`Lane::Cpu`] and [`Compute::run`].
    pub cpu: NonZeroUsize,
    /// Threads for [`Lane::Io`]: how many operations the disk is given at once.
    pub io: NonZeroUsize,
}

/// The operating system refused to start a thread.
#[derive(Debug, thiserror::Error)]
#[error("start {threads} {lane:?} threads")]
pub struct PoolError {
    lane: Lane,
    threads: NonZeroUsize,
    source: rayon::ThreadPoolBuildError,
}

impl Default for PoolSize {
    /// As many processor threads as the process may use at once, and four for the disk.
    fn default() -> Self {
        const IO_THREADS: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");
        Self {
            cpu: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            io: IO_THREADS,
        }
    }
}

impl ThreadPool {
    /// Starts the threads. They end when the pool is dropped and its jobs are done.
    ///
    /// # Errors
    /// When the operating system refuses to start a thread.
    pub fn new(size: PoolSize) -> Result<Self, PoolError> {
        Ok(Self {
            threads: size.cpu,
            cpu: start(Lane::Cpu, size.cpu)?,
            io: start(Lane::Io, size.io)?,
        })
    }
}

fn start(lane: Lane, threads: NonZeroUsize) -> Result<rayon::ThreadPool, PoolError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads.get())
        .thread_name(move |index| match lane {
            Lane::Cpu => format!("cpu-{index}"),
            Lane::Io => format!("io-{index}"),
        })
        // Without a handler a panicking job would abort the process.
        .panic_handler(|_| ())
        .build()
        .map_err(|source| PoolError {
            lane,
            threads,
            source,
        })
}

impl Compute for ThreadPool {
    fn threads(&self) -> NonZeroUsize {
        self.threads
    }

    fn run(&self, tasks: usize, body: &(dyn Fn(usize) + Sync)) {
        let next = AtomicUsize::new(0);
        // One worker per thread, each taking the next index: no allocation per task. The counter
        // passes `tasks` by at most one per worker, so it does not wrap.
        let work = || {
            while let index = next.fetch_add(1, Ordering::Relaxed)
                && index < tasks
            {
                body(index);
            }
        };
        let workers = tasks.min(self.threads.get());
        self.cpu.scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|_| work());
            }
        });
    }

    fn submit(&self, lane: Lane, job: Job) {
        match lane {
            Lane::Cpu => self.cpu.spawn(job),
            Lane::Io => self.io.spawn(job),
        }
    }
}

#[cfg(test)]
mod tests;
