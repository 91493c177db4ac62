//! A blob's life: stored, read, looked after, deleted.

use std::{io::Write as _, process::Stdio};

use serde_json::json;

use crate::support::{Devnet, assert_keys, content};

#[test]
fn a_blob_is_stored_read_looked_after_and_deleted() {
    let net = Devnet::start();
    let data = content(100_000, 1);
    net.write("a file", &data);
    let path = net.path("a file").display().to_string();

    // What it would cost, which it then does.
    let before = net.balances();
    let dry = net.json_with(&["store", "a file", "--epochs", "2", "--dry-run"]);
    assert_keys(
        &dry[0],
        &[
            "path",
            "blobId",
            "unencodedSize",
            "encodedSize",
            "storageCost",
            "encodingType",
        ],
    );
    assert_eq!(dry[0]["path"], "a file");
    assert_eq!(dry[0]["unencodedSize"], 100_000);
    assert_eq!(dry[0]["encodingType"], "RS2");
    assert_eq!(net.balances(), before, "a dry run is free");

    let stored = net.json_with(&["store", &path, "--epochs", "2"]);
    assert_eq!(stored[0]["path"], path.as_str());
    let created = &stored[0]["blobStoreResult"]["newlyCreated"];
    let object = &created["blobObject"];
    assert_keys(created, &["blobObject", "resourceOperation", "cost"]);
    assert_keys(
        object,
        &[
            "id",
            "registeredEpoch",
            "blobId",
            "size",
            "encodingType",
            "certifiedEpoch",
            "storage",
            "deletable",
        ],
    );
    assert_keys(
        &object["storage"],
        &["id", "startEpoch", "endEpoch", "storageSize"],
    );
    assert_eq!(object["blobId"], dry[0]["blobId"]);
    assert_eq!(
        (
            &object["registeredEpoch"],
            &object["certifiedEpoch"],
            &object["deletable"]
        ),
        (&json!(1), &json!(1), &json!(true))
    );
    assert_eq!(
        created["resourceOperation"],
        json!({"registerFromScratch": {"encodedLength": dry[0]["encodedSize"], "epochsAhead": 2}})
    );
    assert_eq!(created["cost"], dry[0]["storageCost"]);
    let paid = before.1 - net.balances().1;
    assert_eq!(created["cost"], paid);
    let (id, object_id) = (
        object["blobId"].as_str().unwrap(),
        object["id"].as_str().unwrap(),
    );

    reads(&net, id, &data);
    status_and_list(&net, id, object_id);
    attributes(&net, object_id);

    // Nothing is paid for what is there.
    let again = net.json_with(&["store", "a file", "--epochs", "2"]);
    assert_eq!(
        again[0]["blobStoreResult"],
        json!({"alreadyCertified": {"blobId": id, "object": object_id, "endEpoch": 3}})
    );
    let longer = net.json_with(&["store", "a file", "--epochs", "3"]);
    let longer = &longer[0]["blobStoreResult"]["newlyCreated"];
    assert_eq!(
        longer["resourceOperation"]["reuseAndExtend"]["epochsExtended"],
        1
    );
    let extended = net.json(&format!(
        "extend --blob-obj-id {object_id} --epochs-extended 2"
    ));
    assert_eq!(extended, json!({"epochsExtended": 2}));
    let listed = net.json("list-blobs");
    assert_eq!(listed[0]["storage"]["endEpoch"], 6);

    let deleted = net.json(&format!("delete --blob-ids {id} --yes"));
    let one = &deleted[0];
    assert_eq!(
        one["blobIdentity"],
        json!({"blobId": id, "file": null, "objectId": null})
    );
    assert_eq!(one["deletedBlobs"][0]["id"], object_id);
    assert_eq!(
        (&one["noBlobFound"], &one["aborted"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(net.json("list-blobs"), json!([]));
    let error = net.error(&format!("read {id}"), 4);
    assert_eq!(error["reason"], "NOT_FOUND");

    // The storage is the wallet's again, and enough for the same blob.
    let reused = net.json_with(&["store", "a file", "--epochs", "2"]);
    let reused = &reused[0]["blobStoreResult"]["newlyCreated"];
    assert!(
        reused["resourceOperation"]["reuseStorage"].is_object(),
        "{reused}"
    );
    let fresh = net.json_with(&[
        "store",
        "a file",
        "--epochs",
        "2",
        "--force",
        "--ignore-resources",
    ]);
    let fresh = &fresh[0]["blobStoreResult"]["newlyCreated"];
    assert!(
        fresh["resourceOperation"]["registerFromScratch"].is_object(),
        "{fresh}"
    );
    let deleted = net.json_with(&["delete", "--files", "a file", "--yes", "--no-status-check"]);
    assert_eq!(deleted[0]["deletedBlobs"].as_array().unwrap().len(), 2);
    assert!(deleted[0]["postDeletionStatus"].is_null());
}

fn reads(net: &Devnet, id: &str, data: &[u8]) {
    let read = net.json(&format!("read {id} --out back"));
    assert_eq!(read, json!({"out": "back", "blobId": id}));
    assert_eq!(net.read("back"), data);
    for check in ["", "--strict-consistency-check", "--skip-consistency-check"] {
        let ran = net.floe(&format!("read {id} {check}"));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert!(ran.stdout == data, "{check}");
    }
    let ran = net.floe(&format!("read {id} --range 99990 10"));
    assert!(ran.stdout == data[99_990..]);
    net.text(&format!("read {id} --range 12345 54321 --out part"));
    assert!(net.read("part") == data[12_345..12_345 + 54_321]);
    let read = net.json(&format!("read {id} --range 0 4"));
    assert_eq!(read, json!({"blobId": id, "blob": "chnAZw=="}));
}

fn status_and_list(net: &Devnet, id: &str, object_id: &str) {
    let status = net.json(&format!("blob-status --blob-id {id}"));
    assert_eq!(
        status,
        json!({"blobId": id, "status": {"deletable": {
            "initialCertifiedEpoch": 1,
            "deletableCounts": {"count_deletable_total": 1, "count_deletable_certified": 1}}}})
    );
    let status = net.json_with(&["blob-status", "--file", "a file", "--timeout", "5s"]);
    assert_eq!(
        (&status["blobId"], &status["file"]),
        (&json!(id), &json!("a file"))
    );
    let listed = net.json("list-blobs");
    assert_eq!(
        (&listed[0]["blobId"], &listed[0]["id"]),
        (&json!(id), &json!(object_id))
    );
    let text = net.text("list-blobs");
    assert!(text.contains("until epoch 3, deletable"), "{text}");
}

fn attributes(net: &Devnet, object_id: &str) {
    let get = format!("get-blob-attribute {object_id}");
    assert_eq!(net.json(&get), json!({"attribute": null}));
    net.json_with(&[
        "set-blob-attribute",
        object_id,
        "--attr",
        "kind",
        "a b",
        "--attr",
        "n",
        "1",
    ]);
    assert_eq!(
        net.json(&get),
        json!({"attribute": {"kind": "a b", "n": "1"}})
    );
    net.json(&format!("set-blob-attribute {object_id} --attr n 2"));
    assert_eq!(net.text(&get), "kind: a b\nn: 2\n");
    net.json(&format!(
        "remove-blob-attribute-fields {object_id} --keys kind"
    ));
    assert_eq!(net.json(&get), json!({"attribute": {"n": "2"}}));
    net.json(&format!("remove-blob-attribute {object_id}"));
    assert_eq!(net.json(&get), json!({"attribute": null}));
}

#[test]
fn permanent_shared_and_burned_blobs_and_those_from_pipes() {
    let net = Devnet::start();
    net.write("one", &content(5000, 1));
    net.write("two", &content(7000, 2));
    net.write("empty", b"");

    // Several files share one transaction, and each gets its line.
    let stored = net.json("store one two empty --end-epoch 4 --permanent");
    let stored = stored.as_array().unwrap();
    assert_eq!(stored.len(), 3);
    for (file, name) in stored.iter().zip(["one", "two", "empty"]) {
        let object = &file["blobStoreResult"]["newlyCreated"]["blobObject"];
        assert_eq!(
            (&file["path"], &object["deletable"]),
            (&json!(name), &json!(false))
        );
        assert_eq!(object["storage"]["endEpoch"], 4);
    }
    let id = |place: usize, key: &str| {
        let object = &stored[place]["blobStoreResult"]["newlyCreated"]["blobObject"];
        object[key].as_str().unwrap().to_owned()
    };
    let empty = id(2, "blobId");
    assert_eq!(net.json(&format!("read {empty}")), json!({"blobId": empty}));
    net.text(&format!("read {empty} --out nothing"));
    assert_eq!(net.read("nothing"), b"");

    // That it is stored for long enough is known from the network.
    let again = net.json("store one --epochs 1 --permanent");
    let again = &again[0]["blobStoreResult"]["alreadyCertified"];
    assert_keys(again, &["blobId", "event", "endEpoch"]);
    assert_keys(&again["event"], &["txDigest", "eventSeq"]);
    assert_eq!(again["endEpoch"], 4);
    let status = net.json(&format!("blob-status --blob-id {}", id(0, "blobId")));
    assert_eq!(status["status"]["permanent"]["endEpoch"], 4);
    assert_eq!(status["status"]["permanent"]["isCertified"], true);
    let expiry = status["estimatedExpiryTimestamp"].as_str().unwrap();
    assert!(expiry.ends_with('Z'), "{expiry}");
    // What became of each is told beside the error.
    let ran = net.floe(&format!("delete --object-ids {} --yes --json", id(0, "id")));
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(
        (ran.code, &report[0]["noBlobFound"]),
        (Some(4), &json!(true))
    );

    // Shared, funded, extended by what it holds.
    let share = net.json(&format!(
        "share --blob-obj-id {} --amount 1000000",
        id(0, "id")
    ));
    assert_eq!(share["amount"], 1_000_000);
    let shared = share["sharedBlobObjectId"].as_str().unwrap();
    let fund = format!("fund-shared-blob --shared-blob-obj-id {shared} --amount 500");
    assert_eq!(net.json(&fund), json!({"amount": 500}));
    let before = net.balances().1;
    net.json(&format!(
        "extend --blob-obj-id {shared} --epochs-extended 1 --shared"
    ));
    assert_eq!(net.balances().1, before, "the shared blob has paid");
    let stored = net.json("store two --epochs max --share");
    let stored = &stored[0]["blobStoreResult"]["newlyCreated"];
    assert!(stored["sharedBlobObject"].is_string(), "{stored}");

    // Burned: the object is gone, the blob is not.
    let burned = net.json(&format!("burn-blobs --object-ids {} --yes", id(1, "id")));
    assert_eq!(burned["burnedObjectIds"], json!([id(1, "id")]));
    let ran = net.floe(&format!("read {}", id(1, "blobId")));
    assert!(ran.stdout == content(7000, 2));

    // From a pipe.
    let mut child = net
        .command(["store", "-", "--epochs", "1", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"piped").unwrap();
    let output = child.wait_with_output().unwrap();
    let stored: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let object = &stored[0]["blobStoreResult"]["newlyCreated"]["blobObject"];
    let ran = net.floe(&format!("read {}", object["blobId"].as_str().unwrap()));
    assert_eq!(ran.stdout, b"piped");
}
