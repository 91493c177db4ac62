//! Bad input: each is refused with cause and cure, the right exit code, and nothing half-written.

use std::{fs, fs::File, path::Path, path::PathBuf, sync::Arc};

use clap::Parser as _;
use floe_cli::{Cli, Command, Failure, Interrupt, NetworkArgs, Output, Reason, World, commands};
use floe_contracts::{SecretKey, Wallet, WalletOptions};
use floe_env::{
    Access, Disk, Inline, Open,
    testing::{CrashDisk, Fault},
};
use serde_json::json;

use crate::support::{Devnet, Ran, content, poor_key};

/// A blob id and an object id of nothing.
const NO_BLOB: &str = "RcU82Mwf-CFkv1LaI_2qcpANwpGUuG3TMwnVzZxD2kY";
const NO_OBJECT: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";

#[test]
fn what_is_unknown_expired_or_there_already_is_refused_with_cause_and_cure() {
    let net = Devnet::start();
    net.write("file", &content(20_000, 1));
    net.write("taken", b"mine");
    // More than ten shards take.
    File::create(net.path("large"))
        .unwrap()
        .set_len(2_000_000)
        .unwrap();
    let (id, object) = net.store("file --epochs 1");
    let (names, before) = (net.names(), net.balances());

    for (args, code, reason, word) in [
        (format!("read {NO_BLOB}"), 4, "NOT_FOUND", "does not exist"),
        (
            format!("read {NO_BLOB} --out new"),
            4,
            "NOT_FOUND",
            "does not exist",
        ),
        (
            format!("read-quilt --quilt-id {NO_BLOB} --out new"),
            4,
            "NOT_FOUND",
            "does not exist",
        ),
        (
            format!("list-patches-in-quilt {NO_BLOB}"),
            4,
            "NOT_FOUND",
            "does not exist",
        ),
        (
            format!("delete --blob-ids {NO_BLOB} --yes"),
            4,
            "NOT_FOUND",
            "not deleted",
        ),
        (
            format!("extend --blob-obj-id {NO_OBJECT}"),
            4,
            "NOT_FOUND",
            NO_OBJECT,
        ),
        (
            format!("share --blob-obj-id {NO_OBJECT}"),
            4,
            "NOT_FOUND",
            NO_OBJECT,
        ),
        (
            format!("get-blob-attribute {NO_OBJECT}"),
            4,
            "NOT_FOUND",
            NO_OBJECT,
        ),
        (
            format!("set-blob-attribute {NO_OBJECT} --attr a b"),
            4,
            "NOT_FOUND",
            NO_OBJECT,
        ),
        (
            format!("read {id} --out taken"),
            4,
            "ALREADY_EXISTS",
            "--force",
        ),
        (
            format!("read {id} --out nowhere/new"),
            4,
            "NOT_FOUND",
            "no folder",
        ),
        (format!("read {id} --out ."), 4, "ALREADY_EXISTS", "no file"),
        (
            format!("read {id} --range 19999 2 --out new"),
            2,
            "INVALID_ARGUMENT",
            "20000 bytes",
        ),
        (
            format!("read {id} --range 5 0"),
            2,
            "INVALID_ARGUMENT",
            "no bytes 5 to 5",
        ),
        ("read rubbish".into(), 2, "INVALID_ARGUMENT", "rubbish"),
        ("store file".into(), 2, "INVALID_ARGUMENT", "--epochs"),
        (
            "store file --epochs 0".into(),
            2,
            "INVALID_ARGUMENT",
            "from 1 to",
        ),
        (
            "store file --epochs 1000".into(),
            2,
            "INVALID_ARGUMENT",
            "1 to 53 epochs",
        ),
        (
            "store file --end-epoch 1".into(),
            2,
            "INVALID_ARGUMENT",
            "1 to 53 epochs",
        ),
        ("store missing --epochs 1".into(), 4, "NOT_FOUND", "missing"),
        ("store . --epochs 1".into(), 3, "INVALID_INPUT", "folder"),
        (
            "store large --epochs 1".into(),
            3,
            "BLOB_TOO_LARGE",
            "large is too large",
        ),
        (
            "store-quilt --paths missing --epochs 1".into(),
            4,
            "NOT_FOUND",
            "missing",
        ),
        (
            "info --config missing.yaml".into(),
            4,
            "NOT_FOUND",
            "missing.yaml",
        ),
        ("info --config file".into(), 3, "INVALID_INPUT", "file"),
        (
            "store file --epochs 1 --wallet missing.yaml".into(),
            4,
            "NOT_FOUND",
            "missing.yaml",
        ),
    ] {
        let ran = net.floe(&format!("{args} --json"));
        // What became of each blob goes to stdout.
        let error = match args.starts_with("delete") {
            true => Ran {
                stdout: Vec::new(),
                ..ran
            }
            .error_of(&args, code),
            false => ran.error_of(&args, code),
        };
        assert_eq!(error["reason"], reason, "{args}: {error}");
        assert!(error.to_string().contains(word), "{args}: {error}");
    }
    assert_eq!(net.names(), names, "nothing half-written");
    assert_eq!(net.read("taken"), b"mine");
    assert_eq!(net.balances(), before, "nothing was paid");
    net.text(&format!("read {id} --out taken --force"));
    assert!(net.read("taken") == content(20_000, 1));
    let unknown = net.json(&format!("blob-status --blob-id {NO_BLOB}"));
    assert_eq!(unknown["status"], "nonexistent");

    // The blob expires with its epoch.
    net.json("devnet advance 1d");
    let error = net.error(&format!("read {id} --out new"), 4);
    assert_eq!(error["reason"], "NOT_FOUND");
    assert!(
        error["message"].as_str().unwrap().contains("has expired"),
        "{error}"
    );
    let error = net.error(&format!("extend --blob-obj-id {object}"), 9);
    assert_eq!(error["reason"], "TRANSACTION_FAILED");
    assert!(error["causes"].to_string().contains("expired"), "{error}");
    assert_eq!(net.json("list-blobs"), json!([]));
    let listed = net.json("list-blobs --include-expired");
    assert_eq!(listed[0]["id"], object.as_str());
    let burned = net.json("burn-blobs --all-expired --yes");
    assert_eq!(burned["burnedObjectIds"], json!([object]));
    assert!(!net.path("new").exists());
}

#[test]
fn an_empty_wallet_is_told_what_it_lacks_and_how_to_get_it() {
    let net = Devnet::with(&["--nodes", "4", "--shards", "4"]);
    net.write("file", b"some bytes");
    let (key, address) = poor_key(1);
    let poor = |args: &str| {
        let mut command = net.command(args.split_whitespace().chain(["--json"]));
        Ran::of(command.env("SUI_SECRET_KEY", &key))
    };
    let error = poor("store file --epochs 1").error(9);
    assert_eq!(
        (&error["reason"], &error["fault"]),
        (&json!("INSUFFICIENT_FUNDS"), &json!("caller"))
    );
    assert_eq!(error["message"], "the wallet has too little WAL");
    let causes = error["causes"].to_string();
    assert!(
        causes.contains(&address) && causes.contains("0 FROST available"),
        "{error}"
    );
    assert!(
        error["help"].as_str().unwrap().contains("get-wal"),
        "{error}"
    );
    let error = poor("get-wal").error(9);
    assert_eq!(error["message"], "the wallet has too little SUI");
    assert!(
        error["causes"].to_string().contains("0 MIST available"),
        "{error}"
    );
    assert!(
        error["help"].as_str().unwrap().contains("faucet"),
        "{error}"
    );
    assert_eq!(poor("list-blobs").code, Some(0));

    // With SUI, WAL can be had, and with both a blob is stored.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let rich = SecretKey::parse(net.variable("SUI_SECRET_KEY")).unwrap();
        let wallet = Wallet::new(net.contracts(), Arc::new(rich), WalletOptions::default());
        wallet
            .send_sui(address.parse().unwrap(), 2_000_000_000)
            .await
            .unwrap();
    });
    assert_eq!(poor("get-wal").code, Some(0));
    let ran = poor("store file --epochs 1");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);

    // A wallet in files, filled by the faucet.
    let made = net.json("generate-sui-wallet --path mine/client.yaml --use-faucet");
    let mine = made["walletAddress"].as_str().unwrap();
    let mode = |name: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(net.path(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!(
        (mode("mine/client.yaml"), mode("mine/sui.keystore")),
        (0o600, 0o600)
    );
    let stored = net.json("store file --epochs 1 --permanent --wallet mine/client.yaml");
    assert!(
        stored[0]["blobStoreResult"]["newlyCreated"].is_object(),
        "{mine}: {stored}"
    );
    let twice = net.error("generate-sui-wallet --path mine/client.yaml", 4);
    assert_eq!(twice["reason"], "ALREADY_EXISTS");
    let public = "generate-sui-wallet --path public.yaml --sui-network mainnet --use-faucet";
    let refused = net.error(public, 2);
    assert!(
        refused["help"].as_str().unwrap().contains("--use-faucet"),
        "{refused}"
    );
    assert!(!net.path("public.yaml").exists());

    let mut nobody = net.command(["list-blobs", "--json"]);
    let error = Ran::of(nobody.env_remove("SUI_SECRET_KEY")).error(2);
    assert_eq!(error["message"], "no wallet is configured");
    let mut garbled = net.command(["list-blobs", "--json"]);
    let error = Ran::of(garbled.env("SUI_SECRET_KEY", "suiprivkey1rubbish")).error(2);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("SUI_SECRET_KEY"),
        "{error}"
    );
    assert!(
        !error.to_string().contains("rubbish"),
        "keys are not repeated: {error}"
    );
}

/// A disk with the configuration of the network's clients at its places.
fn disk(net: &Devnet) -> CrashDisk {
    let disk = CrashDisk::new();
    let made: &dyn Disk = &disk;
    let config = PathBuf::from(net.variable("FLOE_CONFIG"));
    let folder = config.parent().unwrap();
    for path in [
        &config,
        &folder.join("sui/client.yaml"),
        &folder.join("sui/sui.keystore"),
    ] {
        made.create_dir_all(path.parent().unwrap()).unwrap();
        let file = disk.open(path, Open::Ensure(Access::Private)).unwrap();
        file.write_at(&fs::read(path).unwrap(), 0).unwrap();
    }
    for folder in ["/out", "/tmp"] {
        made.create_dir_all(Path::new(folder)).unwrap();
    }
    disk
}

/// Runs a command on the network in this process, on a disk of its own.
fn run(net: &Devnet, disk: &CrashDisk, args: &str) -> Result<(), Failure> {
    let cli = Cli::try_parse_from(["floe"].into_iter().chain(args.split_whitespace())).unwrap();
    let world = World {
        disk: Arc::new(disk.clone()),
        compute: Arc::new(Inline),
        memory_bytes: 64 << 20,
        tmp_dir: PathBuf::from("/tmp"),
        open_files_max: 100,
        progress: false,
        interrupt: Interrupt::default(),
    };
    let network = NetworkArgs {
        config: Some(net.variable("FLOE_CONFIG").into()),
        ..NetworkArgs::default()
    };
    match cli.command {
        Command::Network(command) => {
            commands::network::run(command, &network, &world, Output::new(true))
        }
        other => panic!("{other:?}"),
    }
}

fn disk_is_clean(disk: &CrashDisk) -> bool {
    disk.list(Path::new("/out")).unwrap().is_empty()
}

#[test]
fn whatever_the_disk_does_reads_leave_all_or_nothing() {
    let net = Devnet::with(&["--nodes", "4", "--shards", "4"]);
    net.write("file", &content(5000, 1));
    fs::create_dir(net.path("files")).unwrap();
    net.write("files/a", &content(10, 2));
    net.write("files/b", &content(20, 3));
    let (id, _) = net.store("file --epochs 1");
    let quilt = net.json("store-quilt --paths files --epochs 1");
    let quilt = &quilt["blobStoreResult"]["newlyCreated"]["blobObject"]["blobId"];
    let quilt = quilt.as_str().unwrap();

    for args in [
        format!("read {id} --out /out/new"),
        format!("read {id} --range 100 50 --out /out/new"),
        format!("read-quilt --quilt-id {quilt} --out /out/new"),
    ] {
        for fault in [Fault::NoSpace, Fault::Io] {
            for number in 0.. {
                let disk = disk(&net);
                let first = disk.operations();
                disk.fail_at(first + number, fault);
                let outcome = run(&net, &disk, &args);
                let over = disk.operations() <= first + number;
                // Of a command that is over, the fault hits the first look at the disk.
                let _ = disk.list(Path::new("/out"));
                let names: Vec<_> = disk.list(Path::new("/out")).unwrap();
                match outcome {
                    Ok(()) => assert_eq!(names.len(), 1, "{args}: {fault:?} in {number}"),
                    Err(failure) => {
                        // The last operations only make it last.
                        assert!(names.len() <= 1, "{args}: {names:?}");
                        assert!(names.iter().all(|entry| entry.name == "new"), "{names:?}");
                        let expected = match fault {
                            Fault::NoSpace => Reason::NoSpace,
                            _ => Reason::Io,
                        };
                        assert_eq!(failure.reason(), expected, "{args}: {failure:?}");
                    }
                }
                if over {
                    break;
                }
            }
        }
    }

    // A disk that is full is known before anything is fetched.
    let full = disk(&net);
    full.set_capacity(1000);
    let failure = run(&net, &full, &format!("read {id} --out /out/new")).unwrap_err();
    assert_eq!(
        (failure.reason(), failure.reason().exit_code()),
        (Reason::NoSpace, 5)
    );
    assert!(disk_is_clean(&full));
}
