//! `floe json`: a whole command as one JSON document (`docs/spec/client.md` §7).
//!
//! The document has the global options and `command`, an object with one member: the command's name
//! and its options, all in camelCase. It becomes the command line that a user would type, so that
//! both are parsed, checked and refused by the same rules.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};

use clap::{Arg, ArgAction, CommandFactory as _, Parser as _};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    args::{Cli, Command},
    error::{Failure, Reason},
    input::take_stdin,
};

/// Bytes of a document; a longer one is refused.
const DOCUMENT_BYTES_MAX: u64 = 1 << 20;
/// Options whose default is another one here: command, option, value.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("blob-status", "timeout", "10s"),
    ("convert-blob-id", "to", "base64"),
];

/// What arguments without a name are called in documents, where it is not what the command calls
/// them: command, name, argument.
const NAMES: &[(&str, &str, &str)] = &[("blob-id", "file", "files")];

/// Arguments of `floe json`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The document, like {"command": {"read": {"blobId": "…"}}} [default: what comes on stdin]
    #[arg(value_name = "JSON")]
    document: Option<String>,
}

/// The members of the document: `command`, and the global options.
type Members = BTreeMap<String, Value>;

/// The command that a document stands for.
///
/// # Errors
/// [`Failure`]: no JSON, or no such command or option.
pub fn parse(args: &Args) -> Result<Cli, Failure> {
    let text = match &args.document {
        Some(text) => text.clone(),
        None => from_stdin()?,
    };
    let line = command_line(&text)?;
    let mut cli = Cli::try_parse_from(line).map_err(|error| Failure::usage(&error))?;
    if matches!(cli.command, Command::Json(_)) {
        return Err(refused("a document can't stand for another document"));
    }
    cli.global.json = true;
    Ok(cli)
}

fn from_stdin() -> Result<String, Failure> {
    take_stdin()?;
    let mut text = String::new();
    let stdin = io::stdin().lock().take(DOCUMENT_BYTES_MAX + 1);
    io::BufReader::new(stdin)
        .read_to_string(&mut text)
        .map_err(|error| Failure::io_of("read stdin", &error))?;
    if text.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(refused(format!(
            "expected at most {DOCUMENT_BYTES_MAX} bytes of JSON"
        )));
    }
    Ok(text)
}

/// The command line that a document stands for.
fn command_line(text: &str) -> Result<Vec<String>, Failure> {
    let mut members: Members = serde_json::from_str(text)
        .map_err(|error| refused("the document is no JSON object").caused_by(error))?;
    let command = members.remove("command").ok_or_else(|| {
        refused("the document has no \"command\"")
            .help("for example {\"command\": {\"read\": {\"blobId\": \"…\"}}}")
    })?;
    let mut program = Cli::command();
    program.build();
    let mut line = vec!["floe".to_owned()];
    add_options(&program, &members, &mut line)?;
    add_command(&program, &command, &mut line)?;
    Ok(line)
}

/// Adds a command, which is its name, or an object of its name and its options.
fn add_command(
    parent: &clap::Command,
    value: &Value,
    line: &mut Vec<String>,
) -> Result<(), Failure> {
    let (name, options) = match value {
        Value::String(name) => (name, Members::new()),
        Value::Object(object) => {
            let mut members = object.iter();
            let (Some((name, options)), None) = (members.next(), members.next()) else {
                return Err(refused("expected one command and its options"));
            };
            let options = match options {
                Value::Null => Members::new(),
                Value::Object(options) => options.clone().into_iter().collect(),
                _ => return Err(refused(format!("the options of {name:?} are no object"))),
            };
            (name, options)
        }
        _ => return Err(refused("expected one command and its options")),
    };
    let command = parent.find_subcommand(kebab(name)).ok_or_else(|| {
        let known = parent
            .get_subcommands()
            .map(|command| camel(command.get_name()));
        refused(format!("there is no command {name:?}")).caused_by(format!(
            "there are {}",
            known.collect::<Vec<_>>().join(", ")
        ))
    })?;
    line.push(command.get_name().to_owned());
    let mut options = options;
    let inner = options
        .remove("command")
        .filter(|_| command.has_subcommands());
    for (_, option, value) in DEFAULTS
        .iter()
        .filter(|entry| entry.0 == command.get_name())
    {
        options
            .entry((*option).to_owned())
            .or_insert_with(|| Value::from(*value));
    }
    add_options(command, &options, line)?;
    match inner {
        Some(inner) => add_command(command, &inner, line),
        None => Ok(()),
    }
}

fn add_options(
    command: &clap::Command,
    options: &Members,
    line: &mut Vec<String>,
) -> Result<(), Failure> {
    let mut positional = Vec::new();
    for (key, value) in options.iter().filter(|(_, value)| !value.is_null()) {
        let arg = find(command, key).ok_or_else(|| {
            let known = command.get_arguments().filter(|arg| !arg.is_hide_set());
            let known =
                known.map(|arg| camel(arg.get_long().unwrap_or_else(|| arg.get_id().as_str())));
            refused(format!(
                "{:?} has no option {key:?}",
                camel(command.get_name())
            ))
            .caused_by(format!("it has {}", known.collect::<Vec<_>>().join(", ")))
        })?;
        let Some(long) = arg.get_long() else {
            positional.extend(words(value));
            continue;
        };
        match (arg.get_action(), value) {
            (ArgAction::SetTrue, Value::Bool(false)) => {}
            (ArgAction::SetTrue, Value::Bool(true)) => line.push(format!("--{long}")),
            (ArgAction::SetTrue, _) => {
                return Err(refused(format!("{key:?} is true or false, not {value}")));
            }
            _ => add_values(arg, long, value, line),
        }
    }
    if !positional.is_empty() {
        line.push("--".to_owned());
        line.append(&mut positional);
    }
    Ok(())
}

/// Adds an option with its values: pairs where it takes two at a time.
fn add_values(arg: &Arg, long: &str, value: &Value, line: &mut Vec<String>) {
    let all = words(value);
    let pairs = arg
        .get_num_args()
        .is_some_and(|range| range.min_values() == 2);
    if pairs {
        for pair in all.chunks(2) {
            line.push(format!("--{long}"));
            line.extend_from_slice(pair);
        }
    } else {
        line.extend(all.iter().map(|word| format!("--{long}={word}")));
    }
}

fn find<'a>(command: &'a clap::Command, key: &str) -> Option<&'a Arg> {
    let name = kebab(key);
    let named = NAMES
        .iter()
        .find(|entry| (entry.0, entry.1) == (command.get_name(), &name));
    let name = named.map_or(name, |entry| entry.2.to_owned());
    command.get_arguments().find(|arg| {
        let by_alias = arg
            .get_all_aliases()
            .is_some_and(|all| all.contains(&name.as_str()));
        let by_id = arg.get_id().as_str().replace('_', "-") == name;
        arg.get_long() == Some(name.as_str()) || by_alias || by_id
    })
}

/// A value as words of a command line.
fn words(value: &Value) -> Vec<String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Span {
        secs: u64,
        nanos: u32,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Time {
        secs_since_epoch: i64,
        nanos_since_epoch: i32,
    }
    match value {
        Value::Null => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(words).collect(),
        Value::Object(_) => {
            if let Ok(Span { secs, nanos }) = Span::deserialize(value) {
                return vec![format!("{secs}.{nanos:09}s")];
            }
            let time = Time::deserialize(value).ok();
            let time =
                time.and_then(|t| Timestamp::new(t.secs_since_epoch, t.nanos_since_epoch).ok());
            vec![time.map_or_else(|| value.to_string(), |time| time.to_string())]
        }
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
    }
}

/// `blobId` → `blob-id`.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            kebab.push('-');
        }
        kebab.push(if letter == '_' {
            '-'
        } else {
            letter.to_ascii_lowercase()
        });
    }
    kebab
}

/// `blob-id` → `blobId`.
fn camel(name: &str) -> String {
    let mut words = name.split(['-', '_']);
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

fn refused(message: impl Into<String>) -> Failure {
    Failure::new(Reason::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(document: &Value) -> String {
        let words = command_line(&document.to_string()).unwrap();
        words.join(" ")
    }

    #[test]
    fn documents_are_command_lines() {
        use serde_json::json;
        let blob = "RcU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2kY";
        for (document, expected) in [
            (
                json!({"config": "c.yaml", "gasBudget": 5, "command": {"store":
                    {"files": ["a", "-b"], "epochs": 1, "permanent": true, "share": false}}}),
                "floe --config=c.yaml --gas-budget=5 store --epochs=1 --permanent -- a -b",
            ),
            (
                json!({"command": {"store": {"files": ["a"], "earliestExpiryTime":
                    {"secs_since_epoch": 1, "nanos_since_epoch": 0}}}}),
                "floe store --earliest-expiry-time=1970-01-01T00:00:01Z -- a",
            ),
            (
                json!({"command": {"read": {"blobId": blob, "out": null}}}),
                &format!("floe read -- {blob}"),
            ),
            (
                json!({"command": {"readQuilt": {"quiltId": "q", "tag": ["k", "v"]}}}),
                "floe read-quilt --quilt-id=q --tag k v",
            ),
            (
                json!({"command": {"blobStatus": {"blobId": blob}}}),
                &format!("floe blob-status --blob-id={blob} --timeout=10s"),
            ),
            (
                json!({"command": {"blobStatus": {"file": "f", "timeout": {"secs": 1, "nanos": 5}}}}),
                "floe blob-status --file=f --timeout=1.000000005s",
            ),
            (
                json!({"command": {"blobId": {"file": "f"}}}),
                "floe blob-id -- f",
            ),
            (json!({"command": "listBlobs"}), "floe list-blobs"),
            (
                json!({"command": {"info": {"command": "epoch"}}}),
                "floe info epoch",
            ),
            (
                json!({"command": {"nodeAdmin": {"nodeId": "n", "command":
                    {"setCommissionAuthorized": {"address": "0x1"}}}}}),
                "floe node-admin --node-id=n set-commission-authorized --address=0x1",
            ),
            (
                json!({"command": {"setBlobAttribute":
                    {"blobObjId": "o", "attributes": [["k", "v"], ["l", "w"]]}}}),
                "floe set-blob-attribute --attr k v --attr l w -- o",
            ),
            (
                json!({"command": {"storeQuilt": {"epochs": "max", "blobs": [{"path": "a"}]}}}),
                "floe store-quilt --blobs={\"path\":\"a\"} --epochs=max",
            ),
        ] {
            assert_eq!(line(&document), expected);
        }
    }

    #[test]
    fn what_stands_for_no_command_is_refused_with_what_there_is() {
        let refused = |text: &str| {
            let document = Some(text.to_owned());
            let failure = parse(&Args { document }).unwrap_err();
            assert_eq!(failure.reason(), Reason::InvalidArgument);
            failure.to_json().to_string()
        };
        assert!(refused("{").contains("no JSON object"));
        assert!(refused("{}").contains("no \\\"command\\\""));
        assert!(refused(r#"{"command": {"fly": {}}}"#).contains("storeQuilt"));
        assert!(refused(r#"{"command": {"read": {"blob": "x"}}}"#).contains("blobId"));
        assert!(refused(r#"{"command": {"read": {}}}"#).contains("BLOB_ID"));
        assert!(
            refused(r#"{"command": {"read": {"blobId": "x", "force": 1}}}"#)
                .contains("true or false")
        );
        assert!(refused(r#"{"command": {"read": {}, "store": {}}}"#).contains("one command"));
        assert!(refused(r#"{"speed": 1, "command": "listBlobs"}"#).contains("no option"));
        assert!(
            refused(r#"{"command": {"json": {"document": "{\"command\": \"info\"}"}}}"#)
                .contains("another document")
        );
    }
}
