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
    let ready = lines.next().unwrap();
    assert!(ready.starts_with("storage node ready: "), "{ready}");
    drop(node.stdin.take());
    assert!(node.wait().unwrap().success());
}
