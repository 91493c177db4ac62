//! The commands of stakers and operators, against `floe fullnode run`.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use floe_contracts::{Contracts, NetworkConfig, RpcOptions};
use floe_env::{Env, Inline, OsDisk, OsRng, SystemClock, TcpNet, TokioSpawn};
use serde_json::Value;

const FLOE: &str = env!("CARGO_BIN_EXE_floe");

/// A full node of its own, and the variables it has written.
struct Network {
    node: Child,
    variables: Vec<(String, String)>,
    dir: tempfile::TempDir,
}

impl Drop for Network {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

impl Network {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("env");
        let node = Command::new(FLOE)
            .args(["fullnode", "run", "--ephemeral", "--env-file"])
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut network = Self {
            node,
            variables: Vec::new(),
            dir,
        };
        network.variables = variables(&file);
        network
    }

    fn get(&self, name: &str) -> &str {
        let mut variables = self.variables.iter();
        let found = variables.find(|(key, _)| key == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    fn floe(&self, args: &[&str]) -> Output {
        Command::new(FLOE)
            .args(args)
            .env_clear()
            .envs(self.variables.iter().cloned())
            .env("HOME", self.dir.path())
            .current_dir(self.dir.path())
            .output()
            .unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.floe(&[args, &["--json"]].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stderr}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn text(&self, args: &[&str]) -> String {
        let output = self.floe(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refusal(&self, args: &[&str], code: i32) -> Value {
        let output = self.floe(&[args, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        serde_json::from_slice(&output.stderr).unwrap()
    }

    /// Ids of the nodes that can be staked with.
    fn nodes(&self) -> Vec<String> {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let network = NetworkConfig::new(
            self.get("SYSTEM_OBJECT_ID").parse().unwrap(),
            self.get("STAKING_OBJECT_ID").parse().unwrap(),
            [self.get("SUI_GRPC_URL")],
        );
        runtime.block_on(async {
            let env = Env {
                clock: Arc::new(SystemClock::new()),
                rng: Arc::new(OsRng),
                spawn: Arc::new(TokioSpawn::current()),
                compute: Arc::new(Inline),
                net: Arc::new(TcpNet::new()),
                disk: Arc::new(OsDisk),
            };
            let contracts = Contracts::connect(&env, network, RpcOptions::default()).await;
            let set = contracts.unwrap().active_set().await.unwrap();
            set.nodes
                .iter()
                .map(|node| node.node_id.to_string())
                .collect()
        })
    }
}

/// Reads `export NAME='value'` lines once the file is there.
fn variables(file: &Path) -> Vec<(String, String)> {
    for _ in 0..1200 {
        if let Ok(text) = std::fs::read_to_string(file) {
            let line = |line: &str| {
                let line = line.strip_prefix("export ").unwrap_or(line);
                let (name, value) = line.split_once('=')?;
                let value = value.trim_matches(|c| c == '\'' || c == '"');
                Some((name.to_owned(), value.to_owned()))
            };
            return text.lines().filter_map(line).collect();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the full node is not ready after a minute");
}

#[test]
fn wal_is_bought_staked_listed_and_taken_back() {
    let network = Network::start();
    let nodes = network.nodes();

    let bought = network.json(&["get-wal", "--amount", "3000000000"]);
    assert_eq!(bought, serde_json::json!({"amountSui": 3_000_000_000_u64}));
    let text = network.text(&["get-wal"]);
    assert_eq!(text.trim_end(), "exchanged 0.5 SUI for 0.5 WAL");

    let staked = network.json(&[
        "stake",
        "--node-ids",
        &nodes[0],
        &nodes[1],
        "--amounts",
        "1000000000",
        "2500000000",
    ]);
    let staked = staked["stakedWal"].as_array().unwrap();
    assert_eq!(staked[1]["nodeId"], nodes[1].as_str());
    assert_eq!(staked[1]["principal"], 2_500_000_000_u64);
    assert_eq!(staked[1]["activationEpoch"], 2);
    assert_eq!(staked[1]["state"], "Staked");
    let id = staked[1]["id"].as_str().unwrap();

    let listed = network.json(&["list-staked-wal", "--staked-only"]);
    let listed = listed["stakedWals"].as_array().unwrap();
    assert!(listed.contains(&staked[0]) && listed.contains(&staked[1]));
    let none = network.json(&["list-staked-wal", "--withdrawing-only"]);
    assert_eq!(none, serde_json::json!({"stakedWals": []}));
    let text = network.text(&["list-staked-wal"]);
    assert!(
        text.contains(&format!("{id}: 2.5 WAL with node {}", nodes[1])),
        "{text}"
    );

    let dry = network.json(&["request-withdraw-stake", &nodes[1], id, "--dry-run"]);
    assert_eq!(dry, serde_json::json!({"stakedWals": [staked[1]]}));
    // It is not active yet: there is nothing to ask for, it can be had at once.
    let refused = network.refusal(&["request-withdraw-stake", &nodes[1], id], 9);
    let causes = refused["error"]["causes"].to_string();
    assert!(causes.contains("take it out at once"), "{refused}");
    assert_eq!(refused["error"]["help"], "nothing was paid");
    let back = network.json(&["withdraw-stake", id]);
    assert_eq!(back["stakedWalIds"], serde_json::json!([id]));
    assert!(back["txDigest"].is_string());

    let refused = network.refusal(&["withdraw-stake", id], 4);
    assert_eq!(refused["error"]["reason"], "NOT_FOUND");
}

#[test]
fn what_cannot_be_done_is_refused_with_a_cure() {
    let network = Network::start();
    let nodes = network.nodes();
    let much = "9000000000000000000";
    let refused = network.refusal(&["stake", "--node-ids", &nodes[0], "--amounts", much], 9);
    assert_eq!(refused["error"]["reason"], "INSUFFICIENT_FUNDS");
    let little = network.refusal(&["stake", "--node-ids", &nodes[0], "--amounts", "1"], 9);
    let causes = little["error"]["causes"].to_string();
    assert!(
        causes.contains("a stake must be at least 1 WAL"),
        "{little}"
    );
    let odd = network.refusal(
        &["stake", "--node-ids", &nodes[0], "--amounts", "1", "2"],
        2,
    );
    assert_eq!(odd["error"]["message"], "2 amounts for 1 nodes");
    let nowhere = "0x0101010101010101010101010101010101010101010101010101010101010101";
    let refused = network.refusal(&["stake", "--node-ids", nowhere], 4);
    assert_eq!(refused["error"]["reason"], "NOT_FOUND");
    let other = network.refusal(
        &["node-admin", "--node-id", &nodes[0], "collect-commission"],
        9,
    );
    assert_eq!(other["error"]["reason"], "TRANSACTION_FAILED");
    let down = network.refusal(&["list-staked-wal", "--rpc-url", "http://127.0.0.1:1"], 8);
    assert_eq!(down["error"]["reason"], "UNREACHABLE");

    let alone = Command::new(FLOE)
        .args(["list-staked-wal", "--json"])
        .env_clear()
        .env("HOME", network.dir.path())
        .current_dir(network.dir.path())
        .output()
        .unwrap();
    assert_eq!(alone.status.code(), Some(2));
    let error: Value = serde_json::from_slice(&alone.stderr).unwrap();
    assert_eq!(error["error"]["message"], "no network is configured");
}
