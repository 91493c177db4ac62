//! Commands as JSON documents.

use std::{io::Write as _, process::Stdio};

use serde_json::{Value, json};

use crate::support::{Devnet, Ran, content};

/// Runs a document, given as an argument or on stdin.
fn run(net: &Devnet, document: &Value) -> Value {
    let text = document.to_string();
    let ran = net.floe_with(&["json", &text]);
    assert_eq!(ran.code, Some(0), "{text}: {}", ran.stderr);
    serde_json::from_slice(&ran.stdout).unwrap()
}

#[test]
fn documents_do_what_command_lines_do() {
    let net = Devnet::start();
    net.write("file", &content(1000, 1));
    let stored = run(
        &net,
        &json!({"command": {"store": {"files": ["file"], "epochs": 1, "permanent": true}}}),
    );
    let id = &stored[0]["blobStoreResult"]["newlyCreated"]["blobObject"]["blobId"];
    let config = net.variable("FLOE_CONFIG");
    let read = run(
        &net,
        &json!({"config": config, "command": {"read": {"blobId": id, "out": "back"}}}),
    );
    assert_eq!(read, json!({"out": "back", "blobId": id}));
    assert_eq!(net.read("back"), content(1000, 1));
    let status = run(&net, &json!({"command": {"blobStatus": {"blobId": id}}}));
    assert_eq!(status["status"]["permanent"]["isCertified"], true);
    let quilt = run(
        &net,
        &json!({"command": {"storeQuilt": {"epochs": "max", "blobs":
            [{"path": "file", "identifier": "a", "tags": {"k": "v"}}]}}}),
    );
    let quilt = &quilt["blobStoreResult"]["newlyCreated"]["blobObject"]["blobId"];
    let read = run(
        &net,
        &json!({"command": {"readQuilt": {"quiltId": quilt, "tag": ["k", "v"]}}}),
    );
    assert_eq!(read["retrievedBlobs"][0]["identifier"], "a");
    let epoch = run(&net, &json!({"command": {"info": {"command": "epoch"}}}));
    assert_eq!(epoch["currentEpoch"], 1);
    let decimal = run(
        &net,
        &json!({"command": {"convertBlobId": {"blobIdDecimal": "1"}}}),
    );
    assert_eq!(decimal, "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

    let mut child = net
        .command(["json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.take();
    stdin
        .unwrap()
        .write_all(br#"{"command": "listBlobs"}"#)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed.as_array().unwrap().len(), 2);

    let refused = Ran::of(&mut net.command(["json", r#"{"command": {"stare": {}}}"#])).error(2);
    assert_eq!(refused["reason"], "INVALID_ARGUMENT");
    let missing = json!({"command": {"read": {"blobId": "A".repeat(43)}}}).to_string();
    let missing = Ran::of(&mut net.command(["json", &missing])).error(4);
    assert_eq!(missing["reason"], "NOT_FOUND");
}
