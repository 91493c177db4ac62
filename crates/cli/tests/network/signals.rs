//! Signals in the middle of a command: it ends soon, and says honestly what it may have left.

use std::{
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use floe_contracts::SecretKey;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Devnet, content};

fn start(command: &mut Command) -> Child {
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// The one error of a run that ended by a signal.
#[track_caller]
fn interrupted(ended: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{stderr}");
    assert_eq!(ended.stdout, b"");
    let document: Value = serde_json::from_str(&stderr).unwrap();
    let error = document["error"].clone();
    assert_eq!(error["reason"], "INTERRUPTED");
    error
}

/// Waits until a process has caught a signal: before that, it would end at once.
fn wait_until_caught(child: &Child, signal: Signal) {
    let path = format!("/proc/{}/status", child.id());
    let bit = 1_u64 << (signal.as_raw() - 1);
    for _ in 0..2000 {
        let status = std::fs::read_to_string(&path).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = u64::from_str_radix(mask.unwrap().trim(), 16).unwrap();
        if mask & bit != 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the signal is not caught");
}

#[test]
fn a_signal_ends_a_store_with_one_honest_message() {
    let net = Devnet::start();
    let before = net.balances();

    // Nothing was done yet: it waits for what is to be stored.
    for kind in [Signal::INT, Signal::TERM] {
        let mut command = net.command(["store", "-", "--epochs", "1", "--json"]);
        let mut child = start(command.stdin(Stdio::piped()));
        let stdin = child.stdin.take();
        wait_until_caught(&child, kind);
        signal(&child, kind);
        let error = interrupted(&child.wait_with_output().unwrap());
        drop(stdin);
        assert_eq!(error["message"], "interrupted; nothing was left behind");
    }
    assert_eq!(net.balances(), before);

    // So much that it is still on its way when it is registered.
    let names: Vec<_> = (0..12).map(|number| format!("file-{number}")).collect();
    for (seed, name) in names.iter().enumerate() {
        net.write(name, &content(1_500_000, seed));
    }
    let files = names.join(" ");
    let args = format!("store {files} --epochs 1 --json");
    let child = start(&mut net.command(args.split_whitespace()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let contracts = net.contracts();
        let key = SecretKey::parse(net.variable("SUI_SECRET_KEY")).unwrap();
        while contracts.all_blobs(key.address()).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    signal(&child, Signal::TERM);
    let error = interrupted(&child.wait_with_output().unwrap());
    let text = error.to_string();
    for part in ["registered and paid for", "store the same again"] {
        assert!(text.contains(part), "{error}");
    }
    let paid = net.balances().1;
    assert!(paid < before.1);

    // It does what was said.
    let stored = net.json(&format!("store {files} --epochs 1"));
    for file in stored.as_array().unwrap() {
        let created = &file["blobStoreResult"]["newlyCreated"];
        let operation = &created["resourceOperation"];
        assert!(operation["reuseRegistration"].is_object(), "{file}");
    }
    assert_eq!(net.balances().1, paid);
}
