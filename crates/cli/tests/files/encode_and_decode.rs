//! The main job on real files, by the built program: encode, lose slivers, decode, verify, recover.

use std::fs;

use crate::support::{Folder, content};
use serde_json::{Value, json};

/// A folder with `blob`, encoded into `slivers` for ten shards: `k1` is 4 and `k2` is 7.
fn encoded() -> Folder {
    let folder = Folder::new();
    folder.write("blob", &content(10_000, 1));
    folder.text("encode blob --out slivers --n-shards 10");
    folder
}

fn remove(folder: &Folder, slivers: &[&str]) {
    for sliver in slivers {
        fs::remove_file(folder.path(&format!("slivers/{sliver}.sliver"))).unwrap();
    }
}

#[test]
fn blob_ids_are_the_official_ones() {
    let vectors = include_str!("../../../testkit/vectors/encoding.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    for n_shards in [4, 10, 100, 1000] {
        let folder = Folder::new();
        let blobs = vectors["blobs"].as_array().unwrap();
        let blobs: Vec<_> = blobs
            .iter()
            .filter(|blob| blob["n_shards"] == n_shards)
            .collect();
        assert!(!blobs.is_empty());
        let mut args = vec!["blob-id".to_owned(), "--json".to_owned()];
        if n_shards != 1000 {
            args.push(format!("--n-shards={n_shards}"));
        }
        for blob in &blobs {
            let number = |key: &str| usize::try_from(blob[key].as_u64().unwrap()).unwrap();
            let name = blob["name"].as_str().unwrap();
            folder.write(name, &content(number("size"), number("seed")));
            args.push(name.to_owned());
        }
        let ran = folder.floe_with(&args);
        let reports: Value = serde_json::from_slice(&ran.stdout).unwrap();
        let reports = reports.as_array().unwrap();
        assert_eq!(reports.len(), blobs.len());
        for (report, blob) in reports.iter().zip(blobs) {
            let expected = json!({
                "file": blob["name"],
                "blobId": blob["blob_id"],
                "unencodedLength": blob["size"],
                "encodingType": "RS2",
                "nShards": n_shards,
                "encodedLength": blob["encoded_length"],
                "symbolSize": blob["symbol_size"],
                "rootHash": blob["root_hash"],
            });
            assert_eq!(*report, expected);
        }
    }
}

#[test]
fn one_file_makes_an_object_and_stdin_a_file() {
    let folder = encoded();
    let of_file = folder.json("blob-id blob");
    assert_eq!(of_file["file"], "blob");
    let text = folder.text("blob-id blob");
    assert_eq!(
        text,
        format!("{}  blob\n", of_file["blobId"].as_str().unwrap())
    );
    let piped = folder
        .command(["blob-id", "-"])
        .stdin(fs::File::open(folder.path("blob")).unwrap())
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(piped.stdout).unwrap(),
        text.replace("blob\n", "-\n")
    );
}

#[test]
fn an_empty_file_is_a_blob() {
    let folder = Folder::new();
    folder.write("blob", b"");
    folder.text("encode blob --out slivers --n-shards 7");
    folder.text("decode slivers --out back --strict-consistency-check");
    assert_eq!(folder.read("back"), b"");
    assert_eq!(folder.names(), ["back", "blob", "slivers"]);
}

#[test]
fn two_thirds_of_the_slivers_may_be_lost_on_either_axis() {
    let folder = encoded();
    let keep = |axis: &str, kept: &[usize]| {
        for index in (0..10).filter(|index| !kept.contains(index)) {
            remove(&folder, &[&format!("{axis}/{index:05}")]);
        }
    };
    keep("primary", &[0, 5, 8, 9]);
    let report = folder.json("decode slivers --out back");
    let expected = json!({
        "blobId": folder.json("blob-id blob --n-shards 10")["blobId"],
        "out": "back",
        "unencodedLength": 10_000,
        "nShards": 10,
        "present": {"primary": 4, "secondary": 10},
        "axis": "primary",
        "needed": 4,
        "used": 4,
        "corrupt": [],
        "unchecked": 10,
        "consistencyCheck": "default",
    });
    assert_eq!(report, expected);
    assert_eq!(folder.read("back"), folder.read("blob"));

    remove(&folder, &["primary/00008"]);
    keep("secondary", &[1, 2, 3, 6, 7, 8, 9]);
    let report = folder.json("decode slivers --out back --force --strict-consistency-check");
    assert_eq!(
        (&report["axis"], &report["used"]),
        (&json!("secondary"), &json!(7))
    );
    assert_eq!(folder.read("back"), folder.read("blob"));
    let ran = folder.floe("verify slivers --json");
    assert_eq!(ran.code, Some(7));
    let verified: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(verified["missing"], json!({"primary": 7, "secondary": 3}));

    remove(&folder, &["secondary/00009"]);
    let ran = folder.floe("decode slivers --out never");
    assert_eq!(ran.code, Some(7));
    insta::assert_snapshot!("too_few_slivers", ran.stderr);
    assert!(!folder.path("never").exists());
}

#[test]
fn corrupt_slivers_are_named_and_passed_over() {
    let folder = encoded();
    let swapped = [
        "slivers/primary/00003.sliver",
        "slivers/primary/00004.sliver",
    ];
    let [third, fourth] = swapped.map(|name| folder.read(name));
    folder.write(swapped[0], &fourth);
    folder.write(swapped[1], &third);
    folder.flip("slivers/primary/00000.sliver", 100);
    let short = folder.read("slivers/primary/00001.sliver");
    folder.write("slivers/primary/00001.sliver", &short[..short.len() - 1]);
    folder.write("slivers/primary/00002.sliver", b"");
    folder.flip("slivers/secondary/00005.sliver", 0);
    // Of another blob of the same length, and of one of another length.
    folder.write("other", &content(10_000, 2));
    folder.text("encode other --out others --n-shards 10");
    let foreign = folder.read("others/primary/00005.sliver");
    folder.write("slivers/primary/00005.sliver", &foreign);
    folder.write("longer", &content(20_000, 2));
    folder.text("encode longer --out longers --n-shards 10");
    let foreign = folder.read("longers/secondary/00000.sliver");
    folder.write("slivers/secondary/00000.sliver", &foreign);
    folder.write("slivers/secondary/notes.txt", b"mine");

    insta::assert_snapshot!(
        "decode_beside_corrupt",
        folder.text("decode slivers --out back")
    );
    assert_eq!(folder.read("back"), folder.read("blob"));
    let ran = folder.floe("verify slivers");
    assert_eq!(ran.code, Some(7));
    insta::assert_snapshot!(
        "verify_corrupt",
        String::from_utf8(ran.stdout).unwrap() + &ran.stderr
    );
    let ran = folder.floe("verify slivers --json");
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["good"], json!({"primary": 4, "secondary": 8}));
    assert_eq!(report["corrupt"].as_array().unwrap().len(), 8);
}

#[test]
fn lost_and_corrupt_slivers_are_recovered() {
    let folder = encoded();
    let original = |name: &str| folder.read(&format!("slivers/{name}.sliver"));
    let names = ["primary/00002", "primary/00007", "secondary/00001"];
    let originals = names.map(original);
    remove(&folder, &["primary/00002", "secondary/00001"]);
    folder.flip("slivers/primary/00007.sliver", 50);
    let report = folder.json(
        "recover slivers --sliver primary:2 --sliver primary:7 --sliver secondary:1 --sliver primary:0",
    );
    assert_eq!(report["intact"], json!(["primary:0"]));
    assert_eq!(report["recovered"].as_array().unwrap().len(), 3);
    assert_eq!(names.map(original), originals);
    assert_eq!(folder.json("verify slivers")["status"], "complete");
}

#[test]
fn piped_input_and_output_need_no_files() {
    let folder = encoded();
    let decoded = folder.floe("decode slivers --out -");
    assert_eq!(decoded.code, Some(0));
    assert_eq!(decoded.stdout, folder.read("blob"));
    assert!(
        decoded.stderr.contains("needed"),
        "the report goes to stderr"
    );
    let encoded = folder
        .command(["encode", "-", "--out", "piped", "--n-shards", "10"])
        .stdin(fs::File::open(folder.path("blob")).unwrap())
        .status()
        .unwrap();
    assert!(encoded.success());
    assert_eq!(
        folder.read("piped/metadata"),
        folder.read("slivers/metadata")
    );
    assert_eq!(
        folder.names(),
        ["blob", "piped", "slivers"],
        "no temporary files"
    );
}

#[test]
fn ids_convert_between_their_forms() {
    let folder = Folder::new();
    let id = "4ff69d44eb9239e0872ed57c23ca7118bf660db45b02a950f79e45ec933ae188";
    let report = folder.json(&format!("convert-blob-id 0x{id}"));
    assert_eq!(report["hex"], id);
    assert_eq!(
        report["blobId"],
        "T_adROuSOeCHLtV8I8pxGL9mDbRbAqlQ955F7JM64Yg"
    );
    for form in ["blobId", "decimal", "hex"] {
        let again = folder.json(&format!(
            "convert-blob-id {}",
            report[form].as_str().unwrap()
        ));
        assert_eq!(again, report, "{form}");
    }
}

#[test]
fn completions_are_scripts_for_shells() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = folder.text(&format!("completions {shell}"));
        assert!(script.contains("convert-blob-id"), "{shell}");
    }
}
