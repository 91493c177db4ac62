//! `floe devnet` itself, when something is in its way or is killed.

use std::{
    fs, net::TcpStream, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Devnet, Ran, floe_in};

fn error(folder: &Path, args: &str, code: i32) -> Value {
    let mut command = floe_in(folder, args.split(' ').chain(["--json"]));
    Ran::of(&mut command).error_of(args, code)
}

#[test]
fn what_cannot_become_a_devnet_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("mine")).unwrap();
    for name in ["env", "client_config.yaml"] {
        fs::write(folder.join("mine").join(name), "mine").unwrap();
    }
    let refused = error(folder, "devnet --dir mine", 4);
    assert_eq!(refused["reason"], "ALREADY_EXISTS");
    assert_eq!(fs::read_dir(folder.join("mine")).unwrap().count(), 2);
    for name in ["env", "client_config.yaml"] {
        assert_eq!(fs::read(folder.join("mine").join(name)).unwrap(), b"mine");
    }
    let refused = error(folder, "devnet --epoch-duration 0s", 2);
    assert_eq!(refused["reason"], "INVALID_ARGUMENT");
    let refused = error(folder, "devnet --env-file nodir/x", 4);
    assert_eq!(refused["reason"], "NOT_FOUND");
}

/// Waits until `is_so`.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1_500 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("waited for {what}");
}

fn pid(node: &Value) -> Option<Pid> {
    Pid::from_raw(i32::try_from(node["pid"].as_i64()?).unwrap())
}

#[test]
fn killed_nodes_are_started_again_and_none_outlives_its_devnet() {
    let mut net = Devnet::with(&["--nodes", "4", "--shards", "10", "--processes"]);
    let nodes = |net: &Devnet| {
        net.json("devnet status")["nodes"]
            .as_array()
            .unwrap()
            .clone()
    };
    let victim = pid(&nodes(&net)[2]).unwrap();
    kill_process(victim, Signal::KILL).unwrap();
    until("the node to fail", || nodes(&net)[2]["state"] == "failed");
    let reason = nodes(&net)[2]["reason"].to_string();
    assert!(reason.contains("its process ended"), "{reason}");
    assert!(net.text("devnet status").contains("start-node 2"));
    net.json("devnet start-node 2");
    assert_eq!(nodes(&net)[2]["state"], "up");

    let address = |node: &Value| node["address"].as_str().unwrap().to_owned();
    let addresses: Vec<_> = nodes(&net).iter().map(address).collect();
    assert_eq!(net.notes(), 1);
    net.kill();
    until("the nodes to end", || {
        let is_gone = |address: &String| TcpStream::connect(address).is_err();
        addresses.iter().all(is_gone)
    });
    let dir = net.variable("FLOE_DEVNET_DIR").to_owned();
    let mut status = net.command(["devnet", "status", "--json"]);
    let status = status.env_remove("FLOE_DEVNET_DIR");
    let none = Ran::of(status.env("XDG_RUNTIME_DIR", net.folder())).error(4);
    assert_eq!(none["message"], "no devnet runs");
    assert_eq!(net.notes(), 0);

    // A damaged node does not keep the others from coming up.
    let node = Path::new(&dir).join("nodes/node-01");
    fs::remove_dir_all(node).unwrap();
    let warnings = net.start_again();
    assert!(
        warnings.contains("node-01: its database is gone")
            && warnings.contains("floe devnet start-node 1"),
        "{warnings}"
    );
    let states = nodes(&net);
    let states: Vec<_> = states.iter().map(|node| node["state"].as_str()).collect();
    let (up, failed) = (Some("up"), Some("failed"));
    assert_eq!(states, [up, failed, up, up]);
    net.json("devnet start-node 1 --new-store");
    assert_eq!(nodes(&net)[1]["state"], "up");
}

#[test]
fn a_node_runs_from_any_folder_and_says_what_is_wrong_with_its_files() {
    let net = Devnet::with(&["--nodes", "4", "--shards", "10"]);
    let missing = net.error("node setup --dir nd --network-config nope", 4);
    assert_eq!(missing["reason"], "NOT_FOUND");
    assert!(!net.path("nd").exists());
    net.write("no.yaml", b"a: [");
    let refused = net.error("node setup --dir nd --network-config no.yaml", 3);
    assert_eq!(refused["reason"], "INVALID_INPUT");

    fs::copy(net.variable("FLOE_CONFIG"), net.path("net.yaml")).unwrap();
    net.json("node setup --dir nd --network-config net.yaml --listen 127.0.0.1:0");
    let key = net.path("nd/network.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let mut node = net.command(["node", "run", "--config", "work/nd/node.toml"]);
    let mut node = node
        .arg("--until-stdin-ends")
        .current_dir(net.folder())
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = crate::support::lines(node.stderr.take().unwrap());
    let warning = lines.next().unwrap();
    assert!(
        warning.contains("others can read the key") && warning.contains("network.key"),
        "{warning}"
    );
    let mut find = |what: &str| {
        let found = lines.find(|line| line.contains(what));
        found.unwrap_or_else(|| panic!("no line has {what:?}"))
    };
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let ready = find("ready");
    assert!(ready.starts_with("storage node ready: "), "{ready}");
    let running = find(" running ");
    let system = net.variable("SYSTEM_OBJECT_ID");
    for part in [
        " INFO ",
        "version=",
        "node=",
        "address=127.0.0.1:",
        "epoch=1",
        system,
    ] {
        assert!(running.contains(part), "{part}: {running}");
    }
    find("no member of the committee");
    // Its database is not to be had twice, nor put aside while it runs.
    let text = String::from_utf8(net.read("nd/node.toml")).unwrap();
    let again = refused_to_run(&net, "nd/node.toml", 4);
    assert_eq!(again["reason"], "IN_USE", "{again}");
    let aside = net.error("node new-store --config nd/node.toml", 4);
    assert_eq!(aside["reason"], "IN_USE", "{aside}");
    drop(node.stdin.take());
    find("stopping");
    find("stopped in order");
    assert!(node.wait().unwrap().success());

    // One whose database is lost gets a new one under its old name.
    fs::remove_file(net.path("nd/db/index.redb")).unwrap();
    let lost = refused_to_run(&net, "nd/node.toml", 7);
    assert!(
        lost["help"].as_str().unwrap().contains("node new-store"),
        "{lost}"
    );
    let made = net.json("node new-store --config nd/node.toml");
    assert!(
        made["putAside"].as_str().unwrap().ends_with("db/old-1"),
        "{made}"
    );
    assert_eq!(net.read("nd/node.toml"), text.as_bytes());

    // The same database and keys in another network.
    let other = Devnet::with(&["--nodes", "4", "--shards", "10"]);
    let ours = net.variable("FLOE_CONFIG");
    Running::start(&net, "nd/node.toml").stop();
    fs::copy(other.variable("FLOE_CONFIG"), net.path("net.yaml")).unwrap();
    let elsewhere = refused_to_run(&net, "nd/node.toml", 3);
    let help = elsewhere["help"].as_str().unwrap();
    assert!(help.starts_with("nothing was changed"), "{elsewhere}");
    fs::copy(ours, net.path("net.yaml")).unwrap();
    Running::start(&net, "nd/node.toml").stop();
}

/// Why a storage node does not start.
fn refused_to_run(net: &Devnet, config: &str, code: i32) -> Value {
    let mut command = net.command(["node", "run", "--config", config, "--json"]);
    Ran::of(command.env("RUST_LOG", "off")).error(code)
}

/// A storage node that runs.
struct Running(std::process::Child);

impl Running {
    fn start(net: &Devnet, config: &str) -> Self {
        let mut node = net.command(["node", "run", "--until-stdin-ends", "--config", config]);
        let mut node = node
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = crate::support::lines(node.stderr.take().unwrap());
        assert!(lines.any(|line| line.contains(" running ")));
        // The rest is read so that it can be written.
        std::thread::spawn(move || lines.count());
        Self(node)
    }

    fn stop(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

#[test]
fn a_devnet_comes_up_without_the_keys_that_it_can_do_without() {
    let mut net = Devnet::with(&["--nodes", "4", "--shards", "10"]);
    let dir = net.variable("FLOE_DEVNET_DIR").to_owned();
    let key = |name: &str| Path::new(&dir).join(name);
    let restart = |net: &mut Devnet| net.start_again_until("can't tell the chain");
    net.kill();
    // Nobody else than the node needs it, and it holds data.
    fs::write(key("chain/nodes/node-01/wallet.key"), "?").unwrap();
    // Who pays for epochs can be anybody.
    fs::remove_file(key("driver.key")).unwrap();
    let warnings = restart(&mut net);
    for part in [
        "node-01/wallet.key",
        "node-01 runs without its account",
        "driver.key was missing",
    ] {
        assert!(warnings.contains(part), "{part}: {warnings}");
    }
    let status = net.json("devnet status");
    let nodes = status["nodes"].as_array().unwrap();
    assert!(nodes.iter().all(|node| node["state"] == "up"), "{status}");
    net.json("devnet advance 1d");
    let address = |node: &Value| node["address"].as_str().unwrap().to_owned();
    let addresses: Vec<_> = nodes.iter().map(address).collect();
    net.kill();
    until("the nodes to end", || {
        let is_gone = |address: &String| TcpStream::connect(address).is_err();
        addresses.iter().all(is_gone)
    });
    // These can't be replaced.
    for name in ["account", "faucet", "validator"] {
        let file = key(&format!("chain/keys/{name}.key"));
        let text = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let refused = error(net.folder(), "devnet --dir net", 7);
        let text_of = refused.to_string();
        assert!(
            text_of.contains(&format!("{name}.key")) && text_of.contains("put it back"),
            "{refused}"
        );
        assert!(!file.exists());
        fs::write(&file, text).unwrap();
    }
}
