//! What people mean, and what they get wrong: neither may cost more than it has to, and each is said in
//! words that help.

use std::{ffi::OsStr, fs, io::Read as _, os::unix::ffi::OsStrExt as _, process::Stdio};

use floe_core::{QuiltPatchId, QuiltPatchInternalId};
use serde_json::json;

use crate::support::{Devnet, Ran, content, poor_key};

#[test]
fn nothing_is_paid_twice_or_by_mistake() {
    let net = Devnet::start();
    net.write("a", &content(3000, 1));
    net.write("again", &content(3000, 1));
    net.write("b", &content(3000, 2));
    let price = |dry: &serde_json::Value| -> u64 {
        let runs = dry.as_array().unwrap().iter();
        runs.map(|run| run["storageCost"].as_u64().unwrap()).sum()
    };
    let once = price(&net.json("store a --epochs 1 --dry-run"));
    let twice = price(&net.json("store a again --epochs 1 --dry-run"));
    assert!(once > 0);
    assert_eq!(twice, once, "the same blob is bought once");

    let before = net.balances().1;
    let stored = net.json("store a again a b --epochs 1");
    let result = |i: usize| &stored[i]["blobStoreResult"];
    let object = &result(0)["newlyCreated"]["blobObject"]["id"];
    assert!(object.is_string(), "{stored}");
    for same in [1, 2] {
        let known = &result(same)["alreadyCertified"];
        assert_eq!(&known["object"], object, "{stored}");
        assert_eq!(
            known["blobId"],
            result(0)["newlyCreated"]["blobObject"]["blobId"]
        );
    }
    assert!(result(3)["newlyCreated"].is_object(), "{stored}");
    // Storage bought in one piece may be cheaper.
    let paid = before - net.balances().1;
    assert!(once < paid && paid <= 2 * once, "{paid} for two of {once}");
    assert_eq!(net.json("list-blobs").as_array().unwrap().len(), 2);

    // A name that is no text: what was stored is told all the same.
    let name = OsStr::from_bytes(b"f\xff.jpg");
    fs::write(net.path("").join(name), content(3000, 3)).unwrap();
    let words = |args: [&'static str; 2], rest: &'static str| {
        let mut all: Vec<&OsStr> = args.map(OsStr::new).to_vec();
        all.push(name);
        all.extend(rest.split_whitespace().map(OsStr::new));
        all
    };
    for (args, rest, key) in [
        (["--json", "store"], "--epochs 1", "/0/path"),
        (["--json", "store"], "--epochs 1 --dry-run", "/0/path"),
        (["blob-status", "--file"], "--json", "/file"),
        (
            ["delete", "--files"],
            "--yes --json",
            "/0/blobIdentity/file",
        ),
    ] {
        let ran = Ran::of(&mut net.command(words(args, rest)));
        assert_eq!(ran.code, Some(0), "{args:?}: {}", ran.stderr);
        let outcome: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        assert_eq!(outcome.pointer(key).unwrap(), "f\u{fffd}.jpg", "{outcome}");
    }

    net.write("new", &content(3000, 4));
    let before = net.balances();
    for (args, word) in [
        (
            "store new --earliest-expiry-time 2020-01-01T00:00:00Z",
            "in the past",
        ),
        ("store - - --epochs 1", "only once"),
        ("store new --epochs 1 --context mainnet", "--context"),
        ("store new --epochs 1 --gas-budget 1", "a gas budget has"),
        ("store new --epochs 4294967296", "from 1 to"),
        ("get-wal --amount 0", "--amount"),
        ("share --blob-obj-id 0x1 --amount 0", "--amount"),
        (
            "fund-shared-blob --shared-blob-obj-id 0x1 --amount 0",
            "--amount",
        ),
    ] {
        let error = net.error(args, 2);
        assert_eq!(error["reason"], "INVALID_ARGUMENT", "{args}: {error}");
        assert!(error.to_string().contains(word), "{args}: {error}");
    }
    let config = net.variable("FLOE_CONFIG").to_owned();
    let error = net.error(&format!("info --context mainnet --config {config}"), 2);
    assert!(error["message"].to_string().contains("context"), "{error}");
    assert_eq!(net.balances(), before);
}

#[test]
fn objects_of_the_wrong_kind_owner_or_age_are_named_before_anything_is_submitted() {
    let net = Devnet::with(&["--nodes", "4", "--shards", "4"]);
    net.write("a", b"some bytes");
    net.write("b", b"other bytes");
    let (_, owned) = net.store("a --epochs 2");
    let (_, inner) = net.store("b --epochs 2");
    let shared = net.json(&format!("share --blob-obj-id {inner}"));
    let shared = shared["sharedBlobObjectId"].as_str().unwrap().to_owned();
    let system = net.variable("SYSTEM_OBJECT_ID").to_owned();
    let before = net.balances();
    for args in [
        format!("extend --blob-obj-id {owned} --shared"),
        format!("extend --blob-obj-id {shared}"),
        format!("share --blob-obj-id {shared}"),
        format!("fund-shared-blob --shared-blob-obj-id {owned} --amount 5"),
        format!("set-blob-attribute {system} --attr a b"),
        format!("burn-blobs --object-ids {shared} --yes"),
    ] {
        let error = net.error(&args, 4);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("it is a"), "{args}: {error}");
    }
    for args in [
        format!("extend --blob-obj-id {owned} --epochs-extended 4294967295"),
        format!("extend --blob-obj-id {shared} --shared --epochs-extended 4294967295"),
    ] {
        let error = net.error(&args, 2);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("extend it by 1 to"), "{args}: {error}");
    }
    let (key, address) = poor_key(7);
    for args in [
        format!("extend --blob-obj-id {owned}"),
        format!("share --blob-obj-id {owned}"),
        format!("burn-blobs --object-ids {owned} --yes"),
        format!("set-blob-attribute {owned} --attr a b"),
    ] {
        let mut command = net.command(args.split_whitespace().chain(["--json"]));
        let error = Ran::of(command.env("SUI_SECRET_KEY", &key)).error_of(&args, 2);
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(&format!("not to this wallet, {address}")),
            "{error}"
        );
        assert!(!error.to_string().contains("Address("), "{error}");
    }
    // Nobody can be asked.
    let error = net.error(&format!("delete --object-ids {owned}"), 2);
    assert_eq!(error["help"], "confirm it with --yes");
    assert_eq!(net.balances(), before);
    let listed = net.json("list-blobs");
    assert_eq!(listed[0]["id"], owned.as_str());
}

#[test]
fn quilts_go_where_they_are_sent_and_mistakes_about_them_are_named() {
    let net = Devnet::start();
    fs::create_dir(net.path("in")).unwrap();
    fs::create_dir(net.path("many")).unwrap();
    net.write("in/a", b"first");
    net.write("in/b", b"second");
    for number in 0..7 {
        net.write(&format!("many/{number}"), b"x");
    }
    let stored = net.json("store-quilt --paths in --epochs 1");
    let quilt = &stored["blobStoreResult"]["newlyCreated"]["blobObject"]["blobId"];
    let quilt = quilt.as_str().unwrap();
    let names = net.names();

    let one = net.floe(&format!(
        "read-quilt --quilt-id {quilt} --identifiers b --out -"
    ));
    assert_eq!((one.code, &one.stdout[..]), (Some(0), &b"second"[..]));
    let none = net.floe(&format!("read-quilt --quilt-id {quilt} --tag lang en"));
    assert_eq!((none.code, &none.stdout[..]), (Some(0), &b""[..]));
    let none = net.json(&format!("read-quilt --quilt-id {quilt} --tag lang en"));
    assert_eq!(none, json!({"retrievedBlobs": []}));
    let several = net.floe(&format!("read-quilt --quilt-id {quilt} --out -"));
    assert_eq!((several.code, &several.stdout[..]), (Some(2), &b""[..]));

    let wrong = QuiltPatchId {
        quilt_id: quilt.parse().unwrap(),
        internal_id: QuiltPatchInternalId::new(4, 5).unwrap(),
    };
    let error = net.error(&format!("read-quilt --quilt-patch-ids {wrong} --out x"), 4);
    assert_eq!(error["reason"], "NOT_FOUND");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&wrong.to_string()), "{error}");
    assert_eq!(error["causes"], json!([]));

    let error = net.error("store-quilt --paths many --epochs 1", 3);
    assert_eq!(error["help"], "make several quilts", "{error}");
    let error = net.error("store in --epochs 1", 3);
    let help = error["help"].as_str().unwrap();
    assert!(help.contains("floe store-quilt --paths"), "{error}");
    assert_eq!(net.names(), names, "no folder called - either");
}

/// `floe read … | head` was told that it had been interrupted.
#[test]
fn whoever_has_read_enough_is_not_told_of_an_interruption() {
    let net = Devnet::start();
    net.write("file", &content(1_000_000, 1));
    let (id, _) = net.store("file --epochs 1");
    for how in ["--quiet", "--strict-consistency-check", "--range 0 900000"] {
        let mut command = net.command(["read", &id]);
        command.args(how.split_whitespace());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 10];
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut first).unwrap();
        drop(out);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{how}");
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "", "{how}");
        assert!(first == content(10, 1)[..]);
    }
}
