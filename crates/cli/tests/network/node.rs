//! Setting up a storage node, and registering it.

use std::fs;

use crate::support::{Devnet, Ran, assert_keys};

#[test]
fn a_node_is_set_up_and_registered_by_its_operator_or_another_wallet() {
    let net = Devnet::with(&["--nodes", "4", "--shards", "10"]);
    let config = net.variable("FLOE_CONFIG");
    let setup = net.json(&format!(
        "node setup --dir mine --network-config {config} --name newcomer --listen 127.0.0.1:9 \
         --use-faucet --storage-price 777 --commission-rate 500"
    ));
    assert_keys(
        &setup,
        &[
            "config",
            "protocolPublicKey",
            "networkPublicKey",
            "walletAddress",
        ],
    );
    let register = "node register --config mine/node.toml --node-capacity 1TiB";
    let registered = net.json(register);
    assert_keys(&registered, &["nodeId", "storageNodeCap", "txDigest"]);
    let node = registered["nodeId"].as_str().unwrap();
    let twice = net.error(register, 4);
    assert_eq!(twice["reason"], "ALREADY_EXISTS");
    assert!(twice["message"].as_str().unwrap().contains(node), "{twice}");
    let voteless = net.error("node register --config mine/node.toml --force", 2);
    assert!(
        voteless["message"]
            .as_str()
            .unwrap()
            .contains("--node-capacity"),
        "{voteless}"
    );
    let again = net.error(
        &format!("node setup --dir mine --network-config {config}"),
        4,
    );
    assert_eq!(again["reason"], "ALREADY_EXISTS");

    // It can be in the next committee once something is staked with it.
    net.json(&format!("stake --node-ids {node} --amounts 2000000000000"));
    let set = net.json("health --active-set --timeout 1");
    let mut nodes = set["healthInfo"].as_array().unwrap().iter();
    assert!(nodes.any(|node| node["nodeName"] == "newcomer"), "{set}");

    // What was said when it was set up counts, also later.
    let pool = net.json(&format!("fullnode inspect {node}"));
    let pool = &pool["json"];
    assert_eq!(pool["voting_params"]["storage_price"], "777", "{pool}");
    assert_eq!(pool["commission_rate"], 500, "{pool}");
    net.json(&format!(
        "node setup --dir other --network-config {config} --listen 127.0.0.1:9 --node-capacity 3TiB"
    ));
    let text = String::from_utf8(net.read("other/node.toml")).unwrap();
    assert!(
        text.contains("node_capacity_bytes = 3298534883328"),
        "{text}"
    );
    let poor = net.error("node register --config other/node.toml", 9);
    assert_eq!(poor["reason"], "INSUFFICIENT_FUNDS", "{poor}");

    // Somebody else's wallet pays.
    let me = net.variable("SUI_ADDRESS");
    let made = net.json(&format!(
        "node setup --dir third --network-config {config} --name third --listen 127.0.0.1:9 \
         --registering-third-party {me} --registration-epoch 1 --node-capacity 1TiB \
         --storage-price 1000 --write-price 2000"
    ));
    let registration = made["registration"].as_str().unwrap();
    let registered = net.json(&format!("node register --registration {registration}"));
    let id = registered["nodeId"].as_str().unwrap();
    let health = net.json(&format!("health --node-ids {id} --timeout 1"));
    assert_eq!(health["healthInfo"][0]["nodeName"], "third");

    // The proof is for this key, this account and this epoch.
    let text = fs::read_to_string(net.path(registration)).unwrap();
    net.write(
        "forged.yaml",
        text.replace("epoch: 1", "epoch: 2").as_bytes(),
    );
    let forged = net.error("node register --registration forged.yaml", 3);
    assert_eq!(forged["reason"], "INVALID_INPUT");
    let mut other = net.command(["node", "register", "--registration", registration, "--json"]);
    let (key, _) = crate::support::poor_key(7);
    let refused = Ran::of(other.env("SUI_SECRET_KEY", key)).error(2);
    assert!(
        refused["message"].as_str().unwrap().contains(me),
        "{refused}"
    );
    net.json("devnet advance 1d");
    let late = net.error(
        &format!("node register --registration {registration} --force"),
        2,
    );
    assert!(late["help"].as_str().unwrap().contains("epoch 2"), "{late}");
}
