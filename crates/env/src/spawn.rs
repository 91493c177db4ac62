//! Concurrent tasks: named, cancellable, joinable, and stopped together.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::{BoxFuture, Clock};

/// Starts tasks that run concurrently with their creator.
pub trait Spawn: fmt::Debug + Send + Sync {
    /// Starts `future` as a task; `name` appears in logs and errors.
    fn spawn(&self, name: Cow<'static, str>, future: BoxFuture<'static, ()>) -> Task;
}

/// A running task. Dropping it cancels the task at its next suspension point.
#[derive(Debug)]
pub struct Task {
    name: Cow<'static, str>,
    handle: JoinHandle<()>,
}

/// A task that did not end by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// It panicked: our fault.
    #[error("task {task} panicked: {message}")]
    Panicked {
        /// Name of the task.
        task: String,
        /// What the panic said.
        message: String,
    },
    /// It was cancelled, or its runtime went away.
    #[error("task {task} was cancelled")]
    Cancelled {
        /// Name of the task.
        task: String,
    },
}

impl Task {
    /// The task with the given runtime handle.
    #[must_use]
    pub const fn new(name: Cow<'static, str>, handle: JoinHandle<()>) -> Self {
        Self { name, handle }
    }

    /// Name given at the start.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Has it ended, in whichever way?
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Asks the task to end at its next suspension point; [`Task::join`] says when it has.
    pub fn cancel(&self) {
        self.handle.abort();
    }

    /// Waits for the end of the task. Dropping the future cancels the task.
    ///
    /// # Errors
    /// [`TaskError`] when it panicked or was cancelled.
    pub async fn join(mut self) -> Result<(), TaskError> {
        self.ended().await
    }

    async fn ended(&mut self) -> Result<(), TaskError> {
        (&mut self.handle).await.map_err(|error| {
            let task = self.name.to_string();
            match error.try_into_panic() {
                Ok(panic) => TaskError::Panicked {
                    task,
                    message: message_of(&*panic),
                },
                Err(_) => TaskError::Cancelled { task },
            }
        })
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.handle.abort();
    }
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").to_owned()
}

/// Starts tasks on a tokio runtime: in production, and under a tokio-based simulator.
#[derive(Debug, Clone)]
pub struct TokioSpawn {
    runtime: tokio::runtime::Handle,
}

impl TokioSpawn {
    /// Spawns on the runtime that the caller runs in.
    ///
    /// # Panics
    /// When called from outside a runtime.
    #[must_use]
    pub fn current() -> Self {
        Self {
            runtime: tokio::runtime::Handle::current(),
        }
    }
}

impl Spawn for TokioSpawn {
    fn spawn(&self, name: Cow<'static, str>, future: BoxFuture<'static, ()>) -> Task {
        let span = tracing::info_span!("task", name = %name);
        Task::new(name, self.runtime.spawn(future.instrument(span)))
    }
}

/// The tasks of one service, which live and end together.
///
/// Each of them is expected to watch [`Tasks::shutdown`] and to end soon after it fires. It fires
/// when the service is told to stop, and when one of its tasks panics: half a service is no
/// service. Dropping the group fires it and cancels all tasks.
#[derive(Debug)]
pub struct Tasks {
    spawn: Arc<dyn Spawn>,
    shutdown: CancellationToken,
    running: Mutex<Vec<Task>>,
}

impl Tasks {
    /// An empty group whose tasks are started by `spawn`.
    #[must_use]
    pub fn new(spawn: Arc<dyn Spawn>) -> Self {
        Self {
            spawn,
            shutdown: CancellationToken::new(),
            running: Mutex::new(Vec::new()),
        }
    }

    /// The signal to stop; every task of the group takes a clone.
    #[must_use]
    pub const fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// Starts `future` as a task of the group.
    pub fn spawn(
        &self,
        name: impl Into<Cow<'static, str>>,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        // Dropped undisarmed by a panic (or by cancellation, when shutdown has fired already).
        let fire = self.shutdown.clone().drop_guard();
        let watched = async move {
            future.await;
            fire.disarm();
        };
        let task = self.spawn.spawn(name.into(), Box::pin(watched));
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that ended well are forgotten. A panicking task fires shutdown before it counts as
        // finished, so that none is lost before `stop` reports it.
        running.retain(|task| !task.is_finished() || self.shutdown.is_cancelled());
        running.push(task);
    }

    /// Fires shutdown, waits up to `grace` for the tasks to end, then cancels the rest.
    /// Returns those that panicked or had to be cancelled.
    pub async fn stop(self, clock: &dyn Clock, grace: Duration) -> Vec<TaskError> {
        self.shutdown.cancel();
        let mut running =
            std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        let deadline = clock.monotonic().after(grace);
        let mut expiry = clock.sleep_until(deadline);
        let mut expired = false;
        let mut failures = Vec::new();
        for task in &mut running {
            let mut ended = tokio::select! {
                biased;
                ended = task.ended(), if !expired => Some(ended),
                () = &mut expiry, if !expired => None,
                else => None,
            };
            if ended.is_none() {
                expired = true;
                task.cancel();
                ended = Some(task.ended().await);
            }
            failures.extend(ended.and_then(Result::err));
        }
        failures
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

#[cfg(test)]
mod tests;
