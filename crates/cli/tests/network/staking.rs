//! The commands of stakers and operators.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Devnet, Ran, assert_keys};

/// Ids of the nodes, by name.
fn nodes(net: &Devnet) -> Vec<String> {
    let committee = net.json("info committee --sort name");
    let rows = committee["currentStorageNodes"].as_array().unwrap();
    rows.iter()
        .map(|row| row["nodeId"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn wal_is_bought_staked_listed_and_taken_back_with_rewards() {
    let net = Devnet::start();
    let nodes = nodes(&net);

    let bought = net.json("get-wal --amount 3000000000");
    assert_eq!(bought, json!({"amountSui": 3_000_000_000_u64}));
    assert_eq!(
        net.text("get-wal").trim_end(),
        "exchanged 0.5 SUI for 0.5 WAL"
    );

    let stake = format!(
        "stake --node-ids {} {} --amounts 1000000000 2500000000",
        nodes[0], nodes[1]
    );
    let staked = net.json(&stake);
    let staked = staked["stakedWal"].as_array().unwrap();
    assert_keys(
        &staked[1],
        &["id", "nodeId", "principal", "activationEpoch", "state"],
    );
    assert_eq!(staked[1]["nodeId"], nodes[1].as_str());
    assert_eq!(
        (
            &staked[1]["principal"],
            &staked[1]["activationEpoch"],
            &staked[1]["state"]
        ),
        (&json!(2_500_000_000_u64), &json!(2), &json!("Staked"))
    );
    let id = staked[1]["id"].as_str().unwrap();

    let listed = net.json("list-staked-wal --staked-only");
    let listed = listed["stakedWals"].as_array().unwrap();
    assert!(listed.contains(&staked[0]) && listed.contains(&staked[1]));
    let none = net.json("list-staked-wal --withdrawing-only");
    assert_eq!(none, json!({"stakedWals": []}));
    let text = net.text("list-staked-wal");
    assert!(
        text.contains(&format!("{id}: 2.5 WAL with node {}", nodes[1])),
        "{text}"
    );

    let request = format!("request-withdraw-stake {} {id}", nodes[1]);
    let dry = net.json(&format!("{request} --dry-run"));
    assert_eq!(dry, json!({"stakedWals": [staked[1]]}));
    // It is not active yet: there is nothing to ask for, it can be had at once.
    let refused = net.error(&request, 9);
    assert!(
        refused["causes"]
            .to_string()
            .contains("take it out at once"),
        "{refused}"
    );
    assert_eq!(refused["help"], "nothing was paid");
    let back = net.json(&format!("withdraw-stake {id}"));
    assert_eq!(back["stakedWalIds"], json!([id]));
    assert!(back["txDigest"].is_string());
    let refused = net.error(&format!("withdraw-stake {id}"), 4);
    assert_eq!(refused["reason"], "NOT_FOUND");

    // The other one is active for an epoch in which something is stored, and earns.
    net.write("file", b"pays for storage");
    net.store("file --epochs 5");
    net.json("devnet advance 2d");
    let id = staked[0]["id"].as_str().unwrap();
    let early = net.error(&format!("withdraw-stake {id}"), 9);
    assert_eq!(early["reason"], "TRANSACTION_FAILED");
    let asked = net.json(&format!("request-withdraw-stake {}", nodes[0]));
    assert!(asked["txDigest"].is_string());
    let asked = asked["stakedWals"].as_array().unwrap();
    let mine = asked.iter().find(|stake| stake["id"] == id).unwrap();
    let from = &mine["state"]["Withdrawing"]["withdrawEpoch"];
    assert!(from.as_u64() > Some(3), "{mine}");
    let listed = net.json("list-staked-wal --withdrawing-only");
    assert!(listed["stakedWals"].as_array().unwrap().contains(mine));
    let early = net.error(&format!("withdraw-stake {id}"), 9);
    assert_eq!(early["reason"], "TRANSACTION_FAILED");
    net.json("devnet advance 2d");
    let before = net.balances().1;
    let text = net.text(&format!("withdraw-stake {id}"));
    assert!(text.starts_with("withdrew 1 stake: 1"), "{text}");
    assert!(net.balances().1 >= before + 1_000_000_000);
}

#[test]
fn what_cannot_be_staked_is_refused_with_a_cure() {
    let net = Devnet::with(&["--nodes", "4", "--shards", "4"]);
    let nodes = nodes(&net);
    let node = &nodes[0];
    let refused = net.error(
        &format!("stake --node-ids {node} --amounts 9000000000000000000"),
        9,
    );
    assert_eq!(refused["reason"], "INSUFFICIENT_FUNDS");
    let little = net.error(&format!("stake --node-ids {node} --amounts 1"), 9);
    assert!(
        little["causes"]
            .to_string()
            .contains("a stake must be at least 1 WAL"),
        "{little}"
    );
    let odd = net.error(&format!("stake --node-ids {node} --amounts 1 2"), 2);
    assert_eq!(odd["message"], "2 amounts for 1 nodes");
    let nowhere = format!("0x{}", "01".repeat(32));
    let refused = net.error(&format!("stake --node-ids {nowhere}"), 4);
    assert_eq!(refused["reason"], "NOT_FOUND");
    let refused = net.error(&format!("get-wal --exchange-id {nowhere}"), 4);
    assert_eq!(refused["reason"], "NOT_FOUND");
    let refused = net.error(&format!("request-withdraw-stake {nowhere}"), 4);
    assert_eq!(refused["reason"], "NOT_FOUND");

    let mut alone = net.command(["list-staked-wal", "--json"]);
    alone.env_clear().env("HOME", net.path(""));
    let error = Ran::of(&mut alone).error(2);
    assert_eq!(error["message"], "no network is configured");
}

/// The wallet of a node, as the devnet keeps it.
fn operator(net: &Devnet, node: usize) -> String {
    let path = net.path(&format!("../net/chain/nodes/node-{node:02}/wallet.key"));
    fs::read_to_string(path).unwrap().trim().to_owned()
}

#[test]
fn an_operator_collects_votes_and_gives_rights_away() {
    let net = Devnet::start();
    let nodes = nodes(&net);
    net.write("file", b"pays for storage");
    net.store("file --epochs 5");
    net.json("devnet advance 2d");

    let admin = |args: &str| {
        let line = format!("node-admin --node-id {} {args} --json", nodes[0]);
        let mut command = net.command(line.split_whitespace());
        Ran::of(command.env("SUI_SECRET_KEY", operator(&net, 0)))
    };
    let done = |ran: Ran| -> Value {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert_keys(&report, &["nodeId", "txDigest"]);
        report
    };
    assert_eq!(
        done(admin("collect-commission"))["nodeId"],
        nodes[0].as_str()
    );

    // A digest is given itself, or in what the compiler has printed.
    let digest = "07".repeat(32);
    let printed =
        json!({"modules": ["AA=="], "dependencies": [], "digest": vec![7; 32]}).to_string();
    net.write("package.json", printed.as_bytes());
    let told = net.json("node-admin package-digest --package-path package.json");
    assert_eq!(told, json!({"packageDigest": digest}));
    net.write("nonsense.json", b"{}");
    let refused = net.error("node-admin package-digest --package-path nonsense.json", 3);
    assert_eq!(refused["reason"], "INVALID_INPUT");
    let manager = upgrade_manager(&net);
    let vote = format!("vote-for-upgrade --upgrade-manager-object-id {manager}");
    done(admin(&format!("{vote} --package-path package.json")));
    let again = admin(&format!("{vote} --package-digest {digest}")).error(9);
    assert_eq!(again["reason"], "TRANSACTION_FAILED");
    let short = admin(&format!("{vote} --package-digest 0707")).error(2);
    assert!(
        short["message"]
            .as_str()
            .unwrap()
            .contains("64 hexadecimal digits"),
        "{short}"
    );

    // Rights go to the network's usual wallet.
    let me = net.variable("SUI_ADDRESS");
    done(admin(&format!("set-governance-authorized --address {me}")));
    done(admin(&format!("set-commission-authorized --address {me}")));
    let refused = admin("collect-commission").error(9);
    assert!(
        refused["message"].as_str().unwrap().contains(me),
        "{refused}"
    );
    net.json(&format!(
        "node-admin --node-id {} collect-commission",
        nodes[0]
    ));
    let stranger = net.error(
        &format!("node-admin --node-id {} collect-commission", nodes[1]),
        9,
    );
    assert_eq!(stranger["reason"], "TRANSACTION_FAILED");
    let nameless = net.error("node-admin collect-commission", 2);
    assert!(
        nameless["help"].as_str().unwrap().contains("--node-id"),
        "{nameless}"
    );
}

fn upgrade_manager(net: &Devnet) -> String {
    let config = fs::read_to_string(net.variable("FLOE_CONFIG")).unwrap();
    let line = config
        .lines()
        .find_map(|line| line.strip_prefix("upgrade_manager_object: "));
    line.unwrap().trim_matches(['\'', '"']).to_owned()
}
