//! What `inspect` prints: the node's answer as it is, or the part of it that people read.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::output::Facts;

/// An object, as `sui.rpc.v2.Object`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct ObjectReport(pub(super) Value);

/// A transaction, as `sui.rpc.v2.ExecutedTransaction`.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct TransactionReport(pub(super) Value);

/// Balances and objects of an address.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct AddressReport(pub(super) Value);

impl fmt::Display for ObjectReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = &self.0;
        let facts = Facts::default()
            .add("object", text(object, "/objectId"))
            .add("type", text(object, "/objectType"))
            .add("version", text(object, "/version"))
            .add("digest", text(object, "/digest"))
            .add("owner", owner(object.pointer("/owner")))
            .add("previous transaction", text(object, "/previousTransaction"))
            .add("storage rebate", text(object, "/storageRebate"));
        write!(f, "{facts}")?;
        match object.pointer("/json") {
            Some(contents) => write!(f, "\ncontents\n{}", tree(contents, 1)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TransactionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tx = &self.0;
        let status = if tx.pointer("/effects/status/success") == Some(&Value::Bool(true)) {
            "success".to_owned()
        } else {
            format!("failure: {}", text(tx, "/effects/status/error/description"))
        };
        let facts = Facts::default()
            .add("transaction", text(tx, "/digest"))
            .add("status", status)
            .add("sender", text(tx, "/transaction/sender"))
            .add("checkpoint", text(tx, "/checkpoint"))
            .add("time", text(tx, "/timestamp"))
            .add("gas", gas(tx));
        write!(f, "{facts}")?;
        let commands = "/transaction/kind/programmableTransaction/commands";
        section(f, "commands", tx, commands, command)?;
        section(f, "objects", tx, "/effects/changedObjects", changed)?;
        section(f, "events", tx, "/events/events", |event| {
            format!(
                "{}\n{}",
                text(event, "/eventType"),
                event
                    .pointer("/json")
                    .map(|json| tree(json, 2))
                    .unwrap_or_default()
            )
            .trim_end()
            .to_owned()
        })?;
        section(f, "balance changes", tx, "/balanceChanges", |change| {
            format!(
                "{} {} {}",
                text(change, "/address"),
                text(change, "/amount"),
                text(change, "/coinType")
            )
        })
    }
}

impl fmt::Display for AddressReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = Facts::default().add("address", text(&self.0, "/address"));
        write!(f, "{facts}")?;
        section(f, "balances", &self.0, "/balances", |balance| {
            format!(
                "{} {}",
                text(balance, "/balance"),
                text(balance, "/coinType")
            )
        })?;
        section(f, "objects", &self.0, "/objects", |object| {
            format!(
                "{} {}",
                text(object, "/objectId"),
                text(object, "/objectType")
            )
        })?;
        if self.0.pointer("/more") == Some(&Value::Bool(true)) {
            f.write_str("\n  … and more")?;
        }
        Ok(())
    }
}

/// A list under a title; nothing if it is empty.
fn section(
    f: &mut fmt::Formatter<'_>,
    title: &str,
    value: &Value,
    pointer: &str,
    line: impl Fn(&Value) -> String,
) -> fmt::Result {
    let items = value.pointer(pointer).and_then(Value::as_array);
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        return Ok(());
    };
    write!(f, "\n{title}")?;
    for item in items {
        write!(f, "\n  {}", line(item))?;
    }
    Ok(())
}

/// A value at a place, for people; `-` if there is none.
fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .map_or_else(|| "-".to_owned(), scalar)
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => printable(text),
        other => other.to_string(),
    }
}

/// Text from the chain may hold anything; what would steer a terminal is shown by its number.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

fn owner(owner: Option<&Value>) -> String {
    let Some(owner) = owner else {
        return "-".to_owned();
    };
    let kind = text(owner, "/kind").to_lowercase();
    let address = text(owner, "/address");
    let version = text(owner, "/version");
    match (address.as_str(), version.as_str()) {
        ("-", "-") => kind,
        ("-", version) => format!("{kind} since version {version}"),
        (address, _) => format!("{kind} {address}"),
    }
}

fn gas(tx: &Value) -> String {
    let amount = |name: &str| {
        let pointer = format!("/effects/gasUsed/{name}");
        text(tx, &pointer).parse::<i128>().unwrap_or(0)
    };
    let (computation, storage) = (amount("computationCost"), amount("storageCost"));
    let rebate = amount("storageRebate");
    let total = computation + storage - rebate;
    format!("{total} MIST (computation {computation} + storage {storage} - rebate {rebate})")
}

fn command(command: &Value) -> String {
    let Some((kind, body)) = command.as_object().and_then(|fields| fields.iter().next()) else {
        return "-".to_owned();
    };
    if kind == "moveCall" {
        return format!(
            "call {}::{}::{}",
            text(body, "/package"),
            text(body, "/module"),
            text(body, "/function")
        );
    }
    let words = kind.chars().flat_map(|c| {
        let space = c.is_uppercase().then_some(' ');
        space.into_iter().chain(c.to_lowercase())
    });
    words.collect()
}

fn changed(change: &Value) -> String {
    let operation = text(change, "/idOperation").to_lowercase();
    let exists = text(change, "/outputState").contains("WRITE");
    let what = match (operation.as_str(), exists) {
        ("created", _) => "created",
        ("deleted", _) => "deleted",
        (_, true) => "changed",
        (_, false) => "wrapped",
    };
    format!(
        "{what} {} {}",
        text(change, "/objectId"),
        text(change, "/objectType")
    )
}

/// Nested values, indented. Depth is bounded by that of the type.
fn tree(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let entry = |name: &str, value: &Value| match value {
        Value::Object(fields) if !fields.is_empty() => {
            format!("{indent}{name}\n{}", tree(value, depth + 1))
        }
        Value::Array(items) if !items.is_empty() => {
            format!("{indent}{name}\n{}", tree(value, depth + 1))
        }
        other => format!("{indent}{name} {}", scalar(other)),
    };
    let lines: Vec<String> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| entry(&printable(name), value))
            .collect(),
        Value::Array(items) => items.iter().map(|item| entry("-", item)).collect(),
        other => vec![format!("{indent}{}", scalar(other))],
    };
    lines.join("\n")
}
