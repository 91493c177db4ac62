//! What commands print: data on stdout, as text or as one JSON document.

use std::{
    fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use bytesize::ByteSize;
use serde::{Serialize, Serializer};

use crate::error::{Failure, Reason};

/// Where and how the outcome of a command is printed.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    /// Stdout carries the content of a file.
    taken: bool,
}

impl Output {
    /// Prints on stdout, as JSON if asked for.
    pub const fn new(json: bool) -> Self {
        Self { json, taken: false }
    }

    /// As this, but beside a file on stdout: on stderr.
    #[must_use]
    pub const fn beside(self, stdout_taken: bool) -> Self {
        Self {
            taken: stdout_taken,
            ..self
        }
    }

    /// Whether JSON is wanted.
    pub const fn is_json(self) -> bool {
        self.json
    }

    /// Prints the outcome of a command.
    ///
    /// # Errors
    /// If it can't be written. That nobody reads it is no error.
    pub fn print<R: Serialize + fmt::Display>(self, report: &R) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string_pretty(report).map_err(|error| {
                Failure::new(Reason::Internal, "cannot print the outcome as JSON").caused_by(error)
            })?
        } else {
            report.to_string()
        };
        let written = if self.taken {
            writeln!(io::stderr(), "{text}")
        } else {
            writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush())
        };
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::io_of("print the outcome", &error))
            }
            _ => Ok(()),
        }
    }
}

/// Serializes a path as people see it: names may be no UTF-8, which JSON can't say.
pub(crate) fn lossy<S: Serializer>(
    path: &impl AsRef<Path>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.as_ref().display())
}

/// As [`lossy`].
pub(crate) fn lossy_option<S: Serializer>(
    path: &Option<PathBuf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = path.as_ref().map(|path| path.display().to_string());
    text.serialize(serializer)
}

/// As [`lossy`].
pub(crate) fn lossy_all<S: Serializer>(
    paths: &[PathBuf],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.display().to_string()))
}

/// Names and values, one a line.
#[derive(Debug, Default)]
pub(crate) struct Facts(Vec<(&'static str, String)>);

impl Facts {
    /// Adds a line.
    pub(crate) fn add(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.push((name, value.to_string()));
        self
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|(name, _)| name.len()).max();
        for (i, (name, value)) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(
                f,
                "{end}{name:<width$}  {value}",
                width = width.unwrap_or(0)
            )?;
        }
        Ok(())
    }
}

/// A number of bytes, for people.
pub(crate) fn bytes(count: u64) -> String {
    if count < 10_240 {
        return format!("{count} bytes");
    }
    format!("{} ({count} bytes)", ByteSize::b(count).display().iec())
}

/// A number of things, for people.
pub(crate) fn count(number: usize, one: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {one}{end}")
}
