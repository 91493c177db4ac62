//! Steering a network that runs.

use std::{
    fmt, fs,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use floe_devnet::{
    control::{self, AskError, Request},
    layout, logs as files,
};
use serde::Serialize;
use serde_json::Value;

use super::{AdvanceArgs, LogsArgs, NodeArgs, StartArgs, Which, find::find, run::start_again};
use crate::{
    error::{Failure, Reason},
    output::Output,
};

/// Bytes of a log that are looked at for its last lines.
const TAIL_BYTES: u64 = 1 << 20;

pub(super) fn status(which: &Which, output: Output) -> Result<(), Failure> {
    let dir = find(which.dir.as_deref())?;
    output.print(&Status(ask(&dir, Request::Status)?))
}

pub(super) fn stop_node(args: &NodeArgs, output: Output) -> Result<(), Failure> {
    let dir = find(args.which.dir.as_deref())?;
    let node = args.node;
    output.print(&Done(ask(&dir, Request::StopNode { node })?))
}

pub(super) fn start_node(args: &StartArgs, output: Output) -> Result<(), Failure> {
    let dir = find(args.node.which.dir.as_deref())?;
    let request = Request::StartNode {
        node: args.node.node,
        new_store: args.new_store,
    };
    output.print(&Done(ask(&dir, request)?))
}

pub(super) fn advance(args: &AdvanceArgs, output: Output) -> Result<(), Failure> {
    let dir = find(args.which.dir.as_deref())?;
    let millis = args.duration.as_ms();
    output.print(&Done(ask(&dir, Request::Advance { millis })?))
}

pub(super) fn logs(args: &LogsArgs) -> Result<(), Failure> {
    let dir = find(args.which.dir.as_deref())?;
    let service = args
        .node
        .map_or_else(|| "full-node".to_owned(), layout::node_name);
    let path = files::path(&dir, &service);
    match tail(&path, args.lines) {
        Ok(tail) => {
            print!("{tail}");
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => nothing_logged(&dir, args.node),
        Err(error) => Err(Failure::io_of(
            format_args!("read {}", path.display()),
            &error,
        )),
    }
}

/// There is no log: nothing has happened yet, or there is no such node.
fn nothing_logged(dir: &Path, node: Option<usize>) -> Result<(), Failure> {
    let missing = node.filter(|node| !layout::node(dir, &layout::node_name(*node)).exists());
    match missing {
        Some(node) => Err(
            Failure::new(Reason::NotFound, format!("there is no node {node}"))
                .help("floe devnet status lists them"),
        ),
        None => {
            eprintln!("nothing has been logged yet");
            Ok(())
        }
    }
}

fn tail(path: &Path, lines: usize) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let skip = text.lines().count().saturating_sub(lines);
    let mut tail = String::new();
    for line in text.lines().skip(skip) {
        tail.push_str(line);
        tail.push('\n');
    }
    Ok(tail)
}

fn ask(dir: &Path, request: Request) -> Result<Value, Failure> {
    control::ask(dir, request).map_err(|error| match error {
        AskError::NotRunning { .. } => Failure::new(Reason::NotFound, error.to_string())
            .help("start it with `floe devnet --dir`"),
        // Whatever time is asked for is one that can pass; it is the network that can't let it.
        AskError::Refused(message) if matches!(request, Request::Advance { .. }) => {
            Failure::new(Reason::Io, message)
        }
        AskError::Refused(message) => Failure::new(Reason::InvalidArgument, message),
        error => Failure::new(Reason::Io, error.to_string()).caused_by(error),
    })
}

/// What was done, in the words of the devnet.
#[derive(Serialize)]
#[serde(transparent)]
struct Done(Value);

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get("message").and_then(Value::as_str) {
            Some(message) => f.write_str(message),
            None => write!(f, "{}", self.0),
        }
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Status(Value);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Value, key: &str| match value.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => "?".to_owned(),
        };
        for (key, label) in [
            ("dir", "folder"),
            ("fullNode", "full node"),
            ("epoch", "epoch"),
            ("chainTime", "chain time"),
            ("shards", "shards"),
        ] {
            writeln!(f, "{label:<11} {}", text(&self.0, key))?;
        }
        let nodes = self.0.get("nodes").and_then(Value::as_array);
        for (index, node) in nodes.into_iter().flatten().enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(
                f,
                "{end}{:<8} {:<8} {:<22} {:>4} shards",
                text(node, "name"),
                text(node, "state"),
                text(node, "address"),
                text(node, "shards"),
            )?;
            if let Some(pid) = node.get("pid").and_then(Value::as_u64) {
                write!(f, "  pid {pid}")?;
            }
            if let Some(reason) = node.get("reason").and_then(Value::as_str) {
                write!(f, "\n         {reason}\n         {}", start_again(index))?;
            }
        }
        Ok(())
    }
}
