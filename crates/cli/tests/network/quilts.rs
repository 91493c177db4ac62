//! Many small files in one blob.

use serde_json::json;

use crate::support::{Devnet, assert_keys, content};

#[test]
fn a_quilt_is_stored_and_its_files_are_read_by_name_tag_and_id() {
    let net = Devnet::start();
    std::fs::create_dir_all(net.path("in/sub")).unwrap();
    net.write("in/a.txt", b"first");
    net.write("in/sub/ünï 日本.txt", b"named in other letters");
    net.write("in/empty", b"");

    let dry = net.json("store-quilt --paths in --epochs 2 --dry-run");
    assert_keys(&dry, &["quiltBlobOutput", "quiltIndex"]);
    assert_keys(
        &dry["quiltBlobOutput"],
        &[
            "path",
            "blobId",
            "unencodedSize",
            "encodedSize",
            "storageCost",
            "encodingType",
        ],
    );
    let patches = dry["quiltIndex"]["v1"]["quiltPatches"].as_array().unwrap();
    assert_keys(&patches[0], &["endIndex", "identifier", "tags"]);

    let stored = net.json("store-quilt --paths in --epochs 2");
    assert_keys(&stored, &["blobStoreResult", "storedQuiltBlobs"]);
    let object = &stored["blobStoreResult"]["newlyCreated"]["blobObject"];
    let (quilt, object) = (
        object["blobId"].as_str().unwrap(),
        object["id"].as_str().unwrap(),
    );
    assert_eq!(dry["quiltBlobOutput"]["blobId"], quilt);
    let patches = stored["storedQuiltBlobs"].as_array().unwrap();
    let names: Vec<_> = patches
        .iter()
        .map(|p| p["identifier"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a.txt", "empty", "sub/ünï 日本.txt"]);
    assert_keys(&patches[0], &["identifier", "quiltPatchId", "range"]);
    let attributes = net.json(&format!("get-blob-attribute {object}"));
    assert_eq!(
        attributes,
        json!({"attribute": {"_walrusBlobType": "quilt"}})
    );

    let one = net.json(&format!(
        "read-quilt --quilt-id {quilt} --identifiers a.txt"
    ));
    assert_eq!(
        one,
        json!({"retrievedBlobs": [{"blob": b"first", "identifier": "a.txt", "tags": {}}]})
    );
    let id = patches[2]["quiltPatchId"].as_str().unwrap();
    let ran = net.floe(&format!("read-quilt --quilt-patch-ids {id}"));
    assert_eq!(ran.stdout, b"named in other letters");
    let all = net.json(&format!("read-quilt --quilt-id {quilt} --out back"));
    assert_eq!(all, json!({"out": "back"}));
    for name in names {
        assert_eq!(
            net.read(&format!("back/{name}")),
            net.read(&format!("in/{name}"))
        );
    }

    let listed = net.json(&format!("list-patches-in-quilt {quilt}"));
    let listed = &listed["V1"];
    assert_keys(listed, &["quilt_id", "metadata", "index"]);
    assert_eq!(listed["quilt_id"].as_array().unwrap().len(), 32);
    assert_keys(
        &listed["metadata"]["V1"],
        &["encoding_type", "unencoded_length", "hashes"],
    );
    assert_eq!(listed["index"]["quiltPatches"].as_array().unwrap().len(), 3);
    let text = net.text(&format!("list-patches-in-quilt {quilt}"));
    assert!(text.contains(&format!("{id}  sub/ünï 日本.txt")), "{text}");
}

#[test]
fn files_have_tags_and_what_is_not_there_is_said() {
    let net = Devnet::start();
    net.write("logo", &content(3000, 1));
    net.write("text", b"hello");
    net.write("blob", b"no quilt, just bytes, and some more of them");
    let stored = net.json_with(&[
        "store-quilt",
        "--epochs",
        "2",
        "--blobs",
        r#"{"path": "logo", "identifier": "pic", "tags": {"type": "png", "size": "s"}}"#,
        r#"{"path": "text", "tags": {"type": "txt"}}"#,
    ]);
    let object = &stored["blobStoreResult"]["newlyCreated"]["blobObject"];
    let quilt = object["blobId"].as_str().unwrap();
    let tagged = net.json(&format!("read-quilt --quilt-id {quilt} --tag type txt"));
    assert_eq!(
        tagged,
        json!({"retrievedBlobs":
            [{"blob": b"hello", "identifier": "text", "tags": {"type": "txt"}}]})
    );
    let none = net.json(&format!("read-quilt --quilt-id {quilt} --tag type gif"));
    assert_eq!(none, json!({"retrievedBlobs": []}));

    let error = net.error(
        &format!("read-quilt --quilt-id {quilt} --identifiers pic nothing"),
        4,
    );
    assert_eq!(error["reason"], "NOT_FOUND");
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("no patch named \"nothing\""),
        "{error}"
    );
    assert!(
        error["help"]
            .as_str()
            .unwrap()
            .contains("list-patches-in-quilt"),
        "{error}"
    );
    let error = net.floe(&format!("read-quilt --quilt-id {quilt}"));
    assert_eq!(
        (error.code, error.stdout.len()),
        (Some(2), 0),
        "{}",
        error.stderr
    );
    assert!(error.stderr.contains("--out"), "{}", error.stderr);

    let (blob, _) = net.store("blob --epochs 1");
    for args in [
        format!("list-patches-in-quilt {blob}"),
        format!("read-quilt --quilt-id {blob} --out there"),
    ] {
        let error = net.error(&args, 3);
        assert_eq!(error["reason"], "INVALID_INPUT");
        assert!(
            error["message"].as_str().unwrap().contains("is no quilt"),
            "{error}"
        );
    }
    let refused = net.error("store-quilt --paths text text --epochs 1", 3);
    assert_eq!(refused["reason"], "INVALID_PATCHES");
    std::fs::create_dir(net.path("nothing")).unwrap();
    let refused = net.error("store-quilt --paths nothing --epochs 1", 3);
    assert_eq!(refused["reason"], "INVALID_INPUT");
    assert!(!net.path("there").exists());
}
