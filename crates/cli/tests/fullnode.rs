//! `floe fullnode` as users run it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code outside of test functions"
)]

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

fn floe() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floe"));
    command.env_remove("SUI_GRPC_URL");
    command
}

/// A running node; ended when dropped.
struct Node {
    child: Child,
    ready: String,
}

impl Node {
    /// Starts a node and waits until it says that it is ready.
    fn start(args: &[&str]) -> Self {
        let mut node = Self {
            child: floe()
                .args(["fullnode", "run"])
                .args(args)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
            ready: String::new(),
        };
        let stderr = BufReader::new(node.child.stderr.take().unwrap());
        let mut seen = Vec::new();
        for line in stderr.lines().map_while(Result::ok) {
            if line.starts_with("full node ready: ") {
                node.ready = line;
                return node;
            }
            seen.push(line);
        }
        panic!("the node did not get ready: {seen:#?}");
    }

    fn url(&self) -> &str {
        self.ready.split_whitespace().nth(3).unwrap()
    }

    fn terminate(mut self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success(), "ends in order");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn inspect(args: &[&str]) -> Output {
    floe()
        .args(["fullnode", "inspect"])
        .args(args)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn variables(path: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| {
            let (name, value) = line
                .strip_prefix("export ")
                .unwrap()
                .split_once('=')
                .unwrap();
            (name.to_owned(), value.trim_matches('\'').to_owned())
        })
        .collect()
}

fn dirs(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap();
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect()
}

#[test]
fn an_ephemeral_node_is_ready_when_it_says_so_and_leaves_nothing() {
    let place = tempfile::tempdir().unwrap();
    let env_file = place.path().join("env");
    let (tmp, env_arg) = (place.path().to_str().unwrap(), env_file.to_str().unwrap());
    let node = Node::start(&["--ephemeral", "--tmp-dir", tmp, "--env-file", env_arg]);
    let mode = fs::metadata(&env_file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let variables = variables(&env_file);
    assert_eq!(variables["SUI_GRPC_URL"], node.url());
    assert_eq!(variables["SUI_FAUCET_URL"], node.url());

    let object = text(&inspect(&[
        &variables["SYSTEM_OBJECT_ID"],
        "--rpc",
        node.url(),
    ]));
    assert!(object.contains("::system::System"), "{object}");
    assert!(object.contains("shared"), "{object}");
    let digest = object
        .lines()
        .find_map(|line| line.strip_prefix("previous transaction"))
        .unwrap();
    let transaction = text(&inspect(&[digest.trim(), "--rpc", node.url(), "--json"]));
    let transaction: serde_json::Value = serde_json::from_str(&transaction).unwrap();
    assert_eq!(transaction["digest"], digest.trim());
    let address = text(&inspect(&[&variables["SUI_ADDRESS"], "--rpc", node.url()]));
    assert!(address.contains(&variables["WAL_TYPE"]), "{address}");

    assert_eq!(dirs(place.path()).len(), 1);
    node.terminate();
    assert!(dirs(place.path()).is_empty(), "the folder is removed");
}

#[test]
fn a_chain_in_a_folder_goes_on_after_a_restart_and_can_be_read_in_between() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("chain");
    let dir = dir.to_str().unwrap();
    let genesis = place.path().join("genesis.toml");
    let nodes = (0..4)
        .map(|n| format!("[[nodes]]\nname = \"n{n}\"\nnetwork_address = \"127.0.0.1:{n}\"\n"));
    fs::write(
        &genesis,
        format!("n_shards = 10\n{}", nodes.collect::<String>()),
    )
    .unwrap();
    let start = |more: &[&str]| {
        let args = [&["--dir", dir, "--listen", "127.0.0.1:0"], more].concat();
        Node::start(&args)
    };
    let node = start(&["--genesis", genesis.to_str().unwrap()]);
    let chain = node.ready.rsplit_once("(chain ").unwrap().1.to_owned();
    let second = floe()
        .args(["fullnode", "run", "--dir", dir, "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(4), "the folder is in use");
    node.terminate();

    let clock = text(&inspect(&["0x6", "--dir", dir]));
    assert!(clock.contains("::clock::Clock"), "{clock}");

    let node = start(&[]);
    assert_eq!(node.ready.rsplit_once("(chain ").unwrap().1, chain);
    node.terminate();
}

#[test]
fn what_cannot_be_is_told_with_the_reason() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("nothing");
    let missing = floe()
        .args(["--json", "fullnode", "run", "--dir"])
        .arg(&dir)
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(4));
    let error: serde_json::Value = serde_json::from_slice(&missing.stderr).unwrap();
    assert_eq!(error["error"]["reason"], "NOT_FOUND");
    assert!(!dir.exists(), "nothing is left behind");

    // Nobody listens on port 1.
    let silent = inspect(&["0x6", "--rpc", "http://127.0.0.1:1"]);
    assert_eq!(silent.status.code(), Some(8));
    assert_eq!(inspect(&["rubbish"]).status.code(), Some(2));
}

/// A storage node of the genesis, run by its operator; ended when dropped.
struct StorageNode {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl StorageNode {
    fn start(dir: &Path, chain: &Path, name: &str, port: u16) -> Self {
        let keys = chain.join("nodes").join(name);
        let path = |path: PathBuf| path.to_str().unwrap().to_owned();
        let config = format!(
            "storage_path = \"{name}/db\"\nprotocol_key_path = {:?}\nnetwork_key_path = {:?}\n\
             network_config_path = {:?}\nlisten = \"127.0.0.1:{port}\"\nwallet_key_path = {:?}\n\
             [node.storage]\nreserve_bytes = 0\n",
            path(keys.join("protocol.key")),
            path(keys.join("network.key")),
            path(chain.join("client_config.yaml")),
            path(keys.join("wallet.key")),
        );
        let file = dir.join(format!("{name}.toml"));
        fs::write(&file, config).unwrap();
        let made = floe()
            .args(["node", "new-store", "--config"])
            .arg(&file)
            .output();
        assert!(made.unwrap().status.success());
        let mut child = floe()
            .args(["node", "run", "--until-stdin-ends", "--config"])
            .arg(&file)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines }
    }

    /// The next line of its log that has this in it.
    fn line(&mut self, what: &str) -> String {
        let line = self.lines.by_ref().map_while(Result::ok);
        let found = line.into_iter().find(|line| line.contains(what));
        found.unwrap_or_else(|| panic!("no line has {what:?}"))
    }
}

impl Drop for StorageNode {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Nobody made the calls that end and begin epochs but a devnet's driver.
#[test]
fn storage_nodes_of_a_network_of_ones_own_turn_its_epochs() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // Taken together, so that they are different, and free when the nodes start.
    let free: Vec<_> = (0..4)
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let ports: Vec<u16> = free
        .iter()
        .map(|listener| listener.local_addr().unwrap().port())
        .collect();
    drop(free);
    let mut genesis = "n_shards = 10\nepoch_duration = \"2s\"\n".to_owned();
    for (index, port) in ports.iter().enumerate() {
        genesis.push_str(&format!(
            "[[nodes]]\nname = \"n{index}\"\nnetwork_address = \"127.0.0.1:{port}\"\n"
        ));
    }
    let file = dir.join("genesis.toml");
    fs::write(&file, genesis).unwrap();
    let chain = dir.join("chain");
    let (chain_arg, file_arg) = (chain.to_str().unwrap(), file.to_str().unwrap());
    let node = Node::start(&[
        "--dir",
        chain_arg,
        "--genesis",
        file_arg,
        "--listen",
        "127.0.0.1:0",
    ]);
    let mut nodes: Vec<_> = ports
        .iter()
        .enumerate()
        .map(|(index, port)| StorageNode::start(dir, &chain, &format!("n{index}"), *port))
        .collect();
    let running = nodes[0].line(" running ");
    assert!(running.contains("epoch="), "{running}");
    for node in &mut nodes {
        node.line("an epoch has begun epoch=3");
    }
    node.terminate();
    // The full node is away, which is said once.
    nodes[0].line("the full node can't be read");
}
