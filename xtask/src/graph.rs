//! Holds the dependency graph between our crates to `ARCHITECTURE.md`: who may know whom.

use std::collections::BTreeMap;

use miette::{IntoDiagnostic, Result, bail};
use serde::Deserialize;

use crate::process;

/// Allowed edges of ordinary dependencies. A crate that is missing here may not exist yet; a crate
/// of the workspace that is missing here fails the check.
const EDGES: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("kernels", &[]),
    ("env", &[]),
    ("encoding", &["core", "kernels"]),
    ("ledger", &["core"]),
    ("fullnode", &["core", "ledger", "env"]),
    ("contracts", &["core", "env"]),
    ("protocol", &["core", "encoding"]),
    ("api", &["core"]),
    ("node-client", &["core", "api", "env"]),
    ("storage", &["core", "env"]),
    (
        "node",
        &[
            "core",
            "encoding",
            "env",
            "protocol",
            "storage",
            "contracts",
            "api",
            "node-client",
        ],
    ),
    (
        "client",
        &[
            "core",
            "encoding",
            "env",
            "protocol",
            "contracts",
            "node-client",
            "api",
        ],
    ),
    (
        "devnet",
        &[
            "core",
            "encoding",
            "env",
            "ledger",
            "fullnode",
            "contracts",
            "node",
            "client",
        ],
    ),
    ("gateway", &["core", "env", "client", "contracts", "api"]),
    (
        "sim",
        &[
            "core",
            "encoding",
            "env",
            "storage",
            "node",
            "client",
            "fullnode",
            "ledger",
            "contracts",
        ],
    ),
    ("testkit", &["core"]),
];

/// Crates that may know every other one, and that none may know.
const TOPS: &[&str] = &["cli", "xtask"];

/// Crates that only tests may use.
const TEST_ONLY: &[&str] = &["testkit", "sim"];

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

/// Checks the graph of the workspace.
///
/// # Errors
/// Lists every edge that the architecture does not have.
pub(crate) fn check() -> Result<()> {
    let json = process::output("cargo", ["metadata", "--no-deps", "--format-version", "1"])?;
    let metadata: Metadata = serde_json::from_str(&json).into_diagnostic()?;
    let problems = violations(&metadata);
    if !problems.is_empty() {
        bail!(
            help = "see ARCHITECTURE.md; a new edge needs an ADR and a line in xtask/src/graph.rs",
            "the dependency graph is not the architecture's:\n  {}",
            problems.join("\n  ")
        );
    }
    Ok(())
}

fn violations(metadata: &Metadata) -> Vec<String> {
    let edges: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut problems = Vec::new();
    for package in &metadata.packages {
        let from = room(&package.name);
        let top = TOPS.contains(&from);
        let Some(allowed) = edges.get(from).copied().or_else(|| top.then_some(&[][..])) else {
            problems.push(format!("crate {from} is not in the architecture"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.path.is_some()) {
            let to = room(&dependency.name);
            let for_tests = dependency.kind.as_deref() == Some("dev");
            if TOPS.contains(&to) {
                problems.push(format!("{from} -> {to}: nothing may depend on {to}"));
            } else if TEST_ONLY.contains(&to) && !for_tests && !TEST_ONLY.contains(&from) {
                problems.push(format!("{from} -> {to}: {to} is for tests only"));
            } else if !top && !for_tests && !allowed.contains(&to) {
                problems.push(format!("{from} -> {to}: {from} may know only {allowed:?}"));
            }
        }
    }
    problems
}

fn room(package: &str) -> &str {
    package.strip_prefix("floe-").unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        Package {
            name: name.into(),
            dependencies: dependencies
                .iter()
                .map(|(name, kind)| Dependency {
                    name: (*name).into(),
                    kind: kind.map(Into::into),
                    path: Some("here".into()),
                })
                .collect(),
        }
    }

    #[test]
    fn the_workspace_has_the_graph_of_the_architecture() {
        check().unwrap();
    }

    #[test]
    fn a_forbidden_edge_is_found() {
        let metadata = Metadata {
            packages: vec![
                package("floe-core", &[("floe-env", None)]),
                package(
                    "floe-client",
                    &[("floe-ledger", None), ("floe-testkit", Some("dev"))],
                ),
                package(
                    "floe-node",
                    &[("floe-testkit", None), ("floe-cli", Some("dev"))],
                ),
                package("floe-attic", &[]),
            ],
        };
        let problems = violations(&metadata);
        assert_eq!(problems.len(), 5, "{problems:#?}");
    }

    #[test]
    fn the_allowed_graph_has_no_cycle() {
        let edges: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
        let mut height: BTreeMap<&str, usize> = BTreeMap::new();
        for _ in 0..=EDGES.len() {
            for (from, tos) in &edges {
                let above = tos
                    .iter()
                    .map(|to| height.get(to).copied().unwrap_or(0) + 1)
                    .max();
                height.insert(from, above.unwrap_or(0));
            }
        }
        assert!(height.values().all(|h| *h < EDGES.len()), "{height:?}");
    }
}
