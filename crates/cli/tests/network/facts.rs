//! What there is to know about a network.

use serde_json::json;

use crate::support::{Devnet, assert_keys};

#[test]
fn info_and_health_tell_how_the_network_is() {
    let net = Devnet::start();
    let info = net.json("info");
    assert_keys(
        &info,
        &["epochInfo", "storageInfo", "sizeInfo", "priceInfo"],
    );
    let epoch = &info["epochInfo"];
    assert_keys(
        epoch,
        &[
            "currentEpoch",
            "startOfCurrentEpoch",
            "epochDuration",
            "maxEpochsAhead",
        ],
    );
    assert!(
        epoch["startOfCurrentEpoch"]["DateTime"].is_string(),
        "{epoch}"
    );
    assert_eq!(epoch["epochDuration"], json!({"secs": 86_400, "nanos": 0}));
    assert_eq!(info["storageInfo"], json!({"nShards": 10, "nNodes": 5}));
    assert_keys(
        &info["sizeInfo"],
        &["storageUnitSize", "maxBlobSize", "maxBlobSizeInQuilt"],
    );
    let price = &info["priceInfo"];
    let encoding = &price["encodingDependentPriceInfo"][0];
    assert_keys(
        encoding,
        &[
            "marginalSize",
            "metadataPrice",
            "marginalPrice",
            "exampleBlobs",
            "encodingType",
        ],
    );
    assert!(price["storagePricePerUnitSize"].as_u64() > Some(0));

    for (topic, member) in [
        ("epoch", "epochInfo"),
        ("storage", "storageInfo"),
        ("size", "sizeInfo"),
        ("price", "priceInfo"),
    ] {
        assert_eq!(net.json(&format!("info {topic}")), info[member]);
    }
    let coin = net.json("info coin");
    assert_eq!(coin, json!({"coinType": net.variable("WAL_TYPE")}));
    let bft = net.json("info bft");
    assert_eq!(
        bft,
        json!({"maxFaultyShards": 3, "minCorrectShards": 7, "quorumThreshold": 7,
            "minNodesAbove": 4, "shardsAbove": 8})
    );

    let all = net.json("info all");
    let committee = &all["committeeInfo"];
    assert_eq!((&committee["nShards"], &all["bftInfo"]), (&json!(10), &bft));
    assert_eq!(
        (
            &committee["nPrimarySourceSymbols"],
            &committee["nSecondarySourceSymbols"]
        ),
        (&json!(4), &json!(7))
    );
    let nodes = committee["currentStorageNodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 5);
    assert_keys(
        &nodes[0],
        &[
            "name",
            "networkAddress",
            "publicKey",
            "networkPublicKey",
            "nShards",
            "shardIds",
            "nodeId",
            "stake",
            "commissionRate",
            "votingParams",
        ],
    );
    assert_keys(
        &nodes[0]["votingParams"],
        &["storagePrice", "writePrice", "nodeCapacity"],
    );

    let named = net.json("info committee --sort name --commission-receivers");
    let rows = named["currentStorageNodes"].as_array().unwrap();
    let names: Vec<_> = rows
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        ["node-00", "node-01", "node-02", "node-03", "node-04"]
    );
    assert!(rows[0]["commissionReceiver"].is_object(), "{}", rows[0]);
    let hidden = net.json("info committee --hide-details");
    assert!(hidden.get("currentStorageNodes").is_none());
    assert!(net.text("info").contains("epochs ahead"));

    health(
        &net,
        rows[3]["nodeId"].as_str().unwrap(),
        rows[4]["networkAddress"].as_str().unwrap(),
    );
}

fn health(net: &Devnet, id: &str, url: &str) {
    let health = net.json("health --committee --sort-by name --detail");
    assert_keys(&health, &["healthInfo", "latestSeq"]);
    let nodes = health["healthInfo"].as_array().unwrap();
    assert_eq!(nodes.len(), 5);
    assert_keys(
        &nodes[0],
        &[
            "nodeId",
            "nodeUrl",
            "nodeName",
            "networkPublicKey",
            "healthInfo",
        ],
    );
    let up = &nodes[0]["healthInfo"]["Ok"];
    assert_eq!(
        (&up["nodeStatus"], &up["epoch"]),
        (&json!("Active"), &json!(1))
    );
    assert_eq!(up["shardDetail"]["owned"].as_array().unwrap().len(), 2);

    net.json("devnet stop-node 3");
    let one = net.json(&format!("health --node-ids {id}"));
    assert!(
        one["healthInfo"][0]["healthInfo"]["Err"].is_string(),
        "{one}"
    );
    let other = net.json(&format!("health --node-urls http://{url}"));
    assert_eq!(other["healthInfo"][0]["nodeName"], "node-04");
    let set = net.json("health --active-set --sort-by status --desc");
    assert!(
        set["healthInfo"][0]["healthInfo"]["Err"].is_string(),
        "{set}"
    );
    let text = net.text("health");
    assert!(text.starts_with("4 of 5 nodes answer"), "{text}");
    let error = net.error("health --node-urls nowhere:1", 4);
    assert_eq!(error["reason"], "NOT_FOUND");
    let error = net.error(&format!("health --node-ids 0x{}", "01".repeat(32)), 4);
    assert_eq!(error["reason"], "NOT_FOUND");
}
