//! One log file per service of a process that runs many.
//!
//! A service's tasks run inside a span named [`SERVICE_SPAN`] with the service's name in the field
//! `service`; [`SpanSpawn`] sees to it that tasks they start do as well. The layer made by [`Logs`] sends an
//! event to the file of the service whose span it happened in.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use floe_env::{BoxFuture, Clock, Spawn, Task};
use tracing::field::{Field, Visit};
use tracing::{Event, Instrument as _, Span, Subscriber, span};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

/// The span that a service runs in; its field `service` names the file.
pub const SERVICE_SPAN: &str = "service";

/// The file of a service's log.
pub fn path(dir: &Path, service: &str) -> PathBuf {
    dir.join("logs").join(format!("{service}.log"))
}

/// A tracing layer that writes each service's events to a file of its own.
#[derive(Debug)]
pub struct Logs {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    files: Mutex<BTreeMap<String, File>>,
}

/// The service that a span belongs to, kept with the span.
struct Service(String);

impl Logs {
    /// Logs in `dir/logs`.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn new(dir: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        std::fs::create_dir_all(dir.join("logs"))?;
        Ok(Self {
            dir: dir.to_owned(),
            clock,
            files: Mutex::default(),
        })
    }

    fn write(&self, service: &str, line: &str) -> io::Result<()> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if !files.contains_key(service) {
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path(&self.dir, service))?;
            files.insert(service.to_owned(), file);
        }
        match files.get_mut(service) {
            Some(file) => file.write_all(line.as_bytes()),
            None => Ok(()),
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Logs {
    fn on_new_span(
        &self,
        attributes: &span::Attributes<'_>,
        id: &span::Id,
        context: Context<'_, S>,
    ) {
        if attributes.metadata().name() != SERVICE_SPAN {
            return;
        }
        let mut name = ServiceName(None);
        attributes.record(&mut name);
        if let (Some(span), Some(name)) = (context.span(id), name.0) {
            span.extensions_mut().insert(Service(name));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let service = context.event_scope(event).and_then(|scope| {
            scope.into_iter().find_map(|span| {
                let extensions = span.extensions();
                extensions.get::<Service>().map(|service| service.0.clone())
            })
        });
        let Some(service) = service else { return };
        let metadata = event.metadata();
        let mut line = format!(
            "{} {:5} {}:",
            crate::steer::rfc3339(self.clock.wall().0),
            metadata.level(),
            metadata.target()
        );
        event.record(&mut Fields(&mut line));
        line.push('\n');
        // A full disk must not bring the service down with its log.
        let _ = self.write(&service, &line);
    }
}

struct ServiceName(Option<String>);

impl Visit for ServiceName {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "service" {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "service" {
            self.0 = Some(format!("{value:?}"));
        }
    }
}

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

/// The span of a service.
pub(crate) fn span_of(service: &str) -> Span {
    tracing::error_span!(SERVICE_SPAN, service)
}

/// Starts tasks inside a service's span.
#[derive(Debug)]
pub struct SpanSpawn {
    inner: Arc<dyn Spawn>,
    span: Span,
}

impl SpanSpawn {
    /// As `inner`, inside the span of `service`.
    #[must_use]
    pub fn new(inner: Arc<dyn Spawn>, service: &str) -> Self {
        Self {
            inner,
            span: span_of(service),
        }
    }
}

impl Spawn for SpanSpawn {
    fn spawn(&self, name: Cow<'static, str>, future: BoxFuture<'static, ()>) -> Task {
        self.inner
            .spawn(name, Box::pin(future.instrument(self.span.clone())))
    }
}

#[cfg(test)]
mod tests {
    use floe_env::{SystemClock, TokioSpawn};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[tokio::test]
    async fn events_go_to_the_file_of_their_service() {
        let dir = tempfile::tempdir().unwrap();
        let logs = Logs::new(dir.path(), Arc::new(SystemClock::new())).unwrap();
        let subscriber = tracing_subscriber::registry().with(logs);
        let _guard = tracing::subscriber::set_default(subscriber);
        for (service, what) in [("node-00", "stored"), ("node-01", "lost")] {
            let spawn = SpanSpawn::new(Arc::new(TokioSpawn::current()), service);
            let task = async move { tracing::info!(blob = 7, "{what}") };
            spawn
                .spawn("work".into(), Box::pin(task))
                .join()
                .await
                .unwrap();
        }
        tracing::info!("of no service");
        let text = |service: &str| std::fs::read_to_string(path(dir.path(), service)).unwrap();
        assert!(
            text("node-00").ends_with(" stored blob=7\n"),
            "{}",
            text("node-00")
        );
        assert!(text("node-01").ends_with(" lost blob=7\n"));
        assert_eq!(text("node-00").lines().count(), 1);
    }
}
