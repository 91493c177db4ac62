//! Nodes and full nodes that are down: what still works, and what is refused before it costs anything.

use std::{
    fs::File,
    time::{Duration, Instant},
};

use crate::support::{Devnet, content};

/// How long a command took.
#[expect(clippy::disallowed_methods, reason = "the time that a user waits")]
fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let outcome = run();
    (outcome, begun.elapsed())
}

#[test]
fn without_enough_nodes_stores_are_refused_unpaid_and_reads_go_on_as_long_as_they_can() {
    let net = Devnet::start();
    net.write("file", &content(50_000, 1));
    net.write("new", &content(50_000, 2));
    // So large that it is asked for nodes while it is encoded.
    File::create(net.path("large"))
        .unwrap()
        .set_len(1_500_000)
        .unwrap();
    let (id, _) = net.store("file --epochs 2");

    // One of five, holding two of ten shards: three may be gone.
    net.json("devnet stop-node 1");
    let (second, _) = net.store("new --epochs 1");
    assert!(net.floe(&format!("read {second}")).stdout == content(50_000, 2));

    // Two: four shards are gone, and the seven that must confirm are not there.
    net.json("devnet stop-node 2");
    net.write("newer", &content(50_000, 3));
    let before = net.balances();
    for file in ["newer", "large"] {
        let (error, took) = timed(|| net.error(&format!("store {file} --epochs 1"), 8));
        assert_eq!(
            (&error["reason"], &error["retryable"]),
            (&"NODES_DOWN".into(), &true.into())
        );
        let text = error.to_string();
        for part in [
            "nothing was paid",
            "6 of 10 shards",
            "7 needed: 1 missing",
            "node-01",
            "node-02",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(
            took < Duration::from_secs(4),
            "{file}: refused after {took:?}"
        );
    }
    assert_eq!(net.balances(), before, "nothing was paid");
    let error = net.error("store-quilt --paths newer --epochs 1", 8);
    assert_eq!(error["reason"], "NODES_DOWN");
    assert_eq!(net.balances(), before);
    // What more than three shards say is true, whoever else is silent.
    let status = net.json(&format!("blob-status --blob-id {id}"));
    assert!(status["status"]["deletable"].is_object(), "{status}");
    assert!(net.floe(&format!("read {id}")).stdout == content(50_000, 1));

    // Three: the four shards that are left hold just enough slivers. Four: they don't.
    net.json("devnet stop-node 0");
    net.text(&format!("read {id} --out back"));
    assert!(net.read("back") == content(50_000, 1));
    net.json("devnet stop-node 3");
    let names = net.names();
    // (Bytes of one sliver may still be had, if it is one of those that are left.)
    for args in ["--out late", "--strict-consistency-check", ""] {
        let error = net.error(&format!("read {id} {args}"), 8);
        assert_eq!(error["reason"], "NODES_DOWN", "{args}: {error}");
        assert_eq!(error["retryable"], true);
        assert!(
            error["help"].as_str().unwrap().contains("floe health"),
            "{error}"
        );
    }
    assert_eq!(net.names(), names, "nothing half-written");
    let error = net.error(&format!("blob-status --blob-id {id}"), 8);
    assert_eq!(error["reason"], "NODES_DOWN");
    let health = net.text("health");
    assert!(health.starts_with("1 of 5 nodes answer"), "{health}");

    for node in 0..4 {
        net.json(&format!("devnet start-node {node}"));
    }
    net.store("newer --epochs 1");
}

#[test]
fn without_a_full_node_nothing_is_done_and_it_is_said_why() {
    let net = Devnet::with(&["--nodes", "4", "--shards", "4"]);
    net.write("file", b"bytes");
    let (id, object) = net.store("file --epochs 1");
    let names = net.names();
    let no_chain = "--rpc-url http://127.0.0.1:1";
    for args in [
        "store file --epochs 1".to_owned(),
        "store-quilt --paths file --epochs 1".to_owned(),
        format!("read {id} --out back"),
        format!("blob-status --blob-id {id}"),
        "list-blobs".to_owned(),
        format!("extend --blob-obj-id {object}"),
        format!("delete --object-ids {object} --yes"),
        "info".to_owned(),
        "health".to_owned(),
        "list-staked-wal".to_owned(),
    ] {
        let error = net.error(&format!("{args} {no_chain}"), 8);
        assert_eq!(error["reason"], "UNREACHABLE", "{args}: {error}");
        assert_eq!(error["message"], "the Sui full node does not answer");
        assert!(
            error["causes"].to_string().contains("127.0.0.1:1"),
            "{error}"
        );
        assert!(
            error["help"].as_str().unwrap().contains("--rpc-url"),
            "{error}"
        );
    }
    assert_eq!(net.names(), names);
    let error = net.error("info --rpc-url not-a-url", 2);
    assert_eq!(error["reason"], "INVALID_ARGUMENT", "{error}");
}
