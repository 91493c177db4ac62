//! Query strings (`docs/spec/node-api.md` §1.3, §4–§7, §11).
//!
//! Each query has one reader, for servers, and one writer, for clients. Repeated keys form lists;
//! unknown keys are errors only where the protocol says so. A server answers a [`QueryError`] with a
//! plain-text 400.

use std::{borrow::Cow, fmt::Write as _, str::FromStr, time::Duration};

use floe_core::{Axis, SliverIndex, SymbolId};

/// A query string is not what the route takes. The client is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// A key the route doesn't know, where that is an error.
    #[error("unknown query key {key:?}")]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// A value that can't be.
    #[error("query key {key}: expected {expected}, got {got:?}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it takes.
        expected: &'static str,
        /// The value.
        got: String,
    },
    /// A key that may be given once is given again.
    #[error("query key {key} is given twice")]
    Duplicate {
        /// The key.
        key: &'static str,
    },
    /// A key that must be there is not.
    #[error("query key {key} is missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
}

/// Query of an upload of metadata or of a sliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UploadQuery {
    /// Take it although the blob is not registered yet, to keep it in memory until it is.
    pub pending: bool,
}

impl UploadQuery {
    /// Reads a query string. Other keys are errors.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let mut pending = None;
        for (key, value) in pairs(query) {
            match &*key {
                "pending" => set(&mut pending, "pending", boolean("pending", &value)?)?,
                _ => {
                    let key = key.into_owned();
                    return Err(QueryError::UnknownKey { key });
                }
            }
        }
        let pending = pending.unwrap_or(false);
        Ok(Self { pending })
    }

    /// The query string with its question mark; empty if nothing need be said.
    pub const fn to_suffix(self) -> &'static str {
        if self.pending { "?pending=true" } else { "" }
    }
}

/// Query of a request for a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ConfirmationQuery {
    /// Wait for the registration, if the node has something of the blob in memory.
    pub wait_for_registration: bool,
    /// How long to wait; the node has a limit of its own.
    pub wait: Option<Duration>,
}

impl ConfirmationQuery {
    /// Reads a query string.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let (mut wait_for_registration, mut wait) = (None, None);
        for (key, value) in pairs(query) {
            match &*key {
                "wait_for_registration" => {
                    let key = "wait_for_registration";
                    set(&mut wait_for_registration, key, boolean(key, &value)?)?;
                }
                "wait_millis" => {
                    let millis = number("wait_millis", "a number of milliseconds", &value)?;
                    set(&mut wait, "wait_millis", Duration::from_millis(millis))?;
                }
                _ => {}
            }
        }
        let wait_for_registration = wait_for_registration.unwrap_or(false);
        Ok(Self {
            wait_for_registration,
            wait,
        })
    }

    /// The query string with its question mark; empty if nothing need be said.
    pub fn to_suffix(self) -> String {
        let mut suffix = Suffix::default();
        if self.wait_for_registration {
            suffix.add("wait_for_registration", true);
        }
        if let Some(wait) = self.wait {
            suffix.add("wait_millis", wait.as_millis());
        }
        suffix.0
    }
}

/// Which symbols are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SymbolSelection {
    /// These cells of the matrix, in any order; the node sorts them and drops repetitions.
    Ids(Vec<SymbolId>),
    /// All that the node has for one sliver, one per shard.
    Target {
        /// The sliver's axis.
        axis: Axis,
        /// The sliver's index.
        index: SliverIndex,
    },
}

/// Query of a request for symbols with proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverySymbolsQuery {
    /// Which symbols.
    pub selection: SymbolSelection,
    /// The axis of the slivers over which the proofs are to be; `None` leaves it to the node.
    pub proof_axis: Option<Axis>,
}

impl RecoverySymbolsQuery {
    /// Reads a query string. If both selections are given, the ids count.
    ///
    /// # Errors
    /// [`QueryError`], also if there is no selection.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let (mut ids, mut target, mut target_type, mut proof_axis) = (None, None, None, None);
        for (key, value) in pairs(query) {
            match &*key {
                "id" => {
                    let id: SymbolId = number("id", "a symbol id like 73-241", &value)?;
                    ids.get_or_insert_with(Vec::new).push(id);
                }
                "targetSliver" => {
                    let index = number("targetSliver", SLIVER_INDEX, &value)?;
                    set(&mut target, "targetSliver", SliverIndex(index))?;
                }
                "targetType" => set(&mut target_type, "targetType", axis("targetType", &value)?)?,
                "proofAxis" => set(&mut proof_axis, "proofAxis", axis("proofAxis", &value)?)?,
                _ => {}
            }
        }
        let selection = match (ids, target, target_type) {
            (Some(ids), ..) => SymbolSelection::Ids(ids),
            (None, Some(index), Some(axis)) => SymbolSelection::Target { axis, index },
            (None, Some(_), None) => return Err(QueryError::Missing { key: "targetType" }),
            (None, None, Some(_)) => {
                let key = "targetSliver";
                return Err(QueryError::Missing { key });
            }
            (None, None, None) => return Err(QueryError::Missing { key: "id" }),
        };
        Ok(Self {
            selection,
            proof_axis,
        })
    }

    /// The query string with its question mark.
    pub fn to_suffix(&self) -> String {
        let mut suffix = Suffix::default();
        match &self.selection {
            SymbolSelection::Ids(ids) => ids.iter().for_each(|id| suffix.add("id", id)),
            SymbolSelection::Target { axis, index } => {
                suffix.add("targetSliver", index);
                suffix.add("targetType", axis);
            }
        }
        if let Some(axis) = self.proof_axis {
            suffix.add("proofAxis", axis);
        }
        suffix.0
    }
}

/// Query of a request for symbols without proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodingSymbolsQuery {
    /// The axis of the slivers to be decoded.
    pub target_axis: Axis,
    /// The slivers to be decoded, which hold source symbols.
    pub targets: Vec<SliverIndex>,
}

impl DecodingSymbolsQuery {
    /// Reads a query string. An empty value of `targetSlivers` adds nothing to the list.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let (mut targets, mut target_axis) = (None, None);
        for (key, value) in pairs(query) {
            match &*key {
                "targetSlivers" => {
                    let targets = targets.get_or_insert_with(Vec::new);
                    if !value.is_empty() {
                        let index = number("targetSlivers", SLIVER_INDEX, &value)?;
                        targets.push(SliverIndex(index));
                    }
                }
                "targetType" => set(&mut target_axis, "targetType", axis("targetType", &value)?)?,
                _ => {}
            }
        }
        let key = "targetSlivers";
        Ok(Self {
            targets: targets.ok_or(QueryError::Missing { key })?,
            target_axis: target_axis.ok_or(QueryError::Missing { key: "targetType" })?,
        })
    }

    /// The query string with its question mark.
    pub fn to_suffix(&self) -> String {
        let mut suffix = Suffix::default();
        for index in &self.targets {
            suffix.add("targetSlivers", index);
        }
        suffix.add("targetType", self.target_axis);
        suffix.0
    }
}

/// Query of a request for a node's health.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HealthQuery {
    /// List every shard.
    pub detailed: bool,
}

impl HealthQuery {
    /// Reads a query string.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let mut detailed = None;
        for (key, value) in pairs(query) {
            if key == "detailed" {
                set(&mut detailed, "detailed", boolean("detailed", &value)?)?;
            }
        }
        let detailed = detailed.unwrap_or(false);
        Ok(Self { detailed })
    }

    /// The query string with its question mark; empty if nothing need be said.
    pub const fn to_suffix(self) -> &'static str {
        if self.detailed { "?detailed=true" } else { "" }
    }
}

const SLIVER_INDEX: &str = "a sliver index below 65536";

/// A query string that is being written; all values are free of reserved characters.
#[derive(Default)]
struct Suffix(String);

impl Suffix {
    fn add(&mut self, key: &str, value: impl std::fmt::Display) {
        let mark = if self.0.is_empty() { '?' } else { '&' };
        write!(self.0, "{mark}{key}={value}").expect("strings take any text");
    }
}

fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(query.as_bytes())
}

fn set<T>(slot: &mut Option<T>, key: &'static str, value: T) -> Result<(), QueryError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(QueryError::Duplicate { key }),
    }
}

fn boolean(key: &'static str, value: &str) -> Result<bool, QueryError> {
    number(key, "true or false", value)
}

fn axis(key: &'static str, value: &str) -> Result<Axis, QueryError> {
    number(key, "primary or secondary", value)
}

fn number<T: FromStr>(
    key: &'static str,
    expected: &'static str,
    value: &str,
) -> Result<T, QueryError> {
    value.parse().map_err(|_| QueryError::Value {
        key,
        expected,
        got: value.chars().take(VALUE_CHARS_SHOWN).collect(),
    })
}

/// Errors repeat no more of a value than this.
const VALUE_CHARS_SHOWN: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn after_mark(suffix: &str) -> &str {
        suffix.strip_prefix('?').unwrap_or(suffix)
    }

    #[test]
    fn uploads_know_one_key() {
        for pending in [false, true] {
            let query = UploadQuery { pending };
            assert_eq!(UploadQuery::parse(after_mark(query.to_suffix())), Ok(query));
        }
        let error = |query| UploadQuery::parse(query).unwrap_err().to_string();
        assert_eq!(error("foo=1"), r#"unknown query key "foo""#);
        assert_eq!(
            error("pending=1"),
            r#"query key pending: expected true or false, got "1""#
        );
        assert_eq!(
            error("pending=true&pending=true"),
            "query key pending is given twice"
        );
    }

    #[test]
    fn confirmations_may_wait() {
        let query = ConfirmationQuery {
            wait_for_registration: true,
            wait: Some(Duration::from_millis(1500)),
        };
        let suffix = query.to_suffix();
        assert_eq!(suffix, "?wait_for_registration=true&wait_millis=1500");
        assert_eq!(ConfirmationQuery::parse(after_mark(&suffix)), Ok(query));
        assert_eq!(
            ConfirmationQuery::parse("other=1"),
            Ok(ConfirmationQuery::default())
        );
        assert_eq!(ConfirmationQuery::default().to_suffix(), "");
    }

    #[test]
    fn symbols_are_chosen_by_id_or_by_target() {
        let by_ids = RecoverySymbolsQuery {
            selection: SymbolSelection::Ids(vec!["17-3".parse().unwrap(), "17-8".parse().unwrap()]),
            proof_axis: Some(Axis::Secondary),
        };
        let suffix = by_ids.to_suffix();
        assert_eq!(suffix, "?id=17-3&id=17-8&proofAxis=secondary");
        assert_eq!(
            RecoverySymbolsQuery::parse(after_mark(&suffix)),
            Ok(by_ids.clone())
        );
        let both = format!("targetSliver=1&targetType=primary&{}", after_mark(&suffix));
        assert_eq!(RecoverySymbolsQuery::parse(&both), Ok(by_ids));
        let by_target = RecoverySymbolsQuery {
            selection: SymbolSelection::Target {
                axis: Axis::Primary,
                index: SliverIndex(17),
            },
            proof_axis: None,
        };
        let suffix = by_target.to_suffix();
        assert_eq!(suffix, "?targetSliver=17&targetType=primary");
        assert_eq!(
            RecoverySymbolsQuery::parse(after_mark(&suffix)),
            Ok(by_target)
        );
        for wrong in [
            "",
            "targetSliver=1",
            "targetType=primary",
            "id=1",
            "id=1-2,3-4",
            "id=70000-1",
        ] {
            assert!(RecoverySymbolsQuery::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn targets_of_decoding_symbols_repeat_their_key() {
        let query = DecodingSymbolsQuery {
            target_axis: Axis::Primary,
            targets: vec![SliverIndex(1), SliverIndex(5)],
        };
        let suffix = query.to_suffix();
        assert_eq!(
            suffix,
            "?targetSlivers=1&targetSlivers=5&targetType=primary"
        );
        assert_eq!(DecodingSymbolsQuery::parse(after_mark(&suffix)), Ok(query));
        let empty = DecodingSymbolsQuery::parse("targetSlivers=&targetType=primary");
        assert_eq!(empty.unwrap().targets, []);
        let missing = DecodingSymbolsQuery::parse("targetType=primary").unwrap_err();
        assert_eq!(
            missing,
            QueryError::Missing {
                key: "targetSlivers"
            }
        );
        assert!(DecodingSymbolsQuery::parse("targetSlivers=1,5&targetType=primary").is_err());
    }

    #[test]
    fn escapes_are_undone() {
        let query = HealthQuery::parse("detail%65d=tr%75e");
        assert_eq!(query, Ok(HealthQuery { detailed: true }));
    }
}
