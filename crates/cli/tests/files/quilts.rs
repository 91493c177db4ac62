//! Many files in one blob, by the built program.

use std::fs;

use crate::support::{Folder, content};
use serde_json::json;

/// A folder with `files/`, packed into `quilt` for seven shards and encoded into `slivers`.
fn packed() -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("files/deep")).unwrap();
    folder.write("files/alpha.txt", b"hello walrus");
    folder.write("files/deep/beta.bin", &content(400, 3));
    folder.write("files/empty", b"");
    folder.text("quilt pack files --out quilt --n-shards 7");
    folder.text("encode quilt --out slivers --n-shards 7");
    folder
}

#[test]
fn what_is_packed_is_listed_and_unpacked() {
    let folder = packed();
    insta::assert_snapshot!("list", folder.text("quilt list quilt --n-shards 7"));
    insta::assert_snapshot!("list_slivers", folder.text("quilt list slivers --json"));
    for quilt in ["quilt --n-shards 7", "slivers"] {
        folder.text(&format!("quilt unpack {quilt} --out back"));
        for name in ["alpha.txt", "deep/beta.bin", "empty"] {
            assert_eq!(
                folder.read(&format!("back/{name}")),
                folder.read(&format!("files/{name}")),
                "{name} of {quilt}"
            );
        }
        fs::remove_dir_all(folder.path("back")).unwrap();
        let one = folder.floe(&format!(
            "quilt unpack {quilt} --identifier deep/beta.bin --out -"
        ));
        assert_eq!(one.stdout, content(400, 3));
    }
}

#[test]
fn quilts_are_those_of_the_official_encoder() {
    let vectors = include_str!("../../../testkit/vectors/encoding.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    let quilt = &vectors["quilts"][0];
    let folder = Folder::new();
    let mut args = vec!["quilt".to_owned(), "pack".into(), "--json".into()];
    args.extend(["--out".into(), "quilt".into(), "--n-shards".into()]);
    args.push(quilt["n_shards"].to_string());
    for patch in quilt["patches_in"].as_array().unwrap() {
        let name = patch["identifier"].as_str().unwrap();
        match patch["text"].as_str() {
            Some(text) => folder.write(name, text.as_bytes()),
            None => {
                let number = |key: &str| usize::try_from(patch[key].as_u64().unwrap()).unwrap();
                folder.write(name, &content(number("size"), number("seed")));
            }
        }
        let spec = json!({"path": name, "identifier": name, "tags": patch["tags"]});
        args.extend(["--blobs".into(), spec.to_string()]);
    }
    let ran = folder.floe_with(&args);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(
        hex::encode(folder.read("quilt")),
        quilt["quilt_hex"].as_str().unwrap()
    );
}

#[test]
fn files_that_make_no_quilt() {
    let folder = packed();
    fs::create_dir(folder.path("again")).unwrap();
    folder.write("again/alpha.txt", b"another");
    fs::create_dir(folder.path("nothing")).unwrap();
    fs::create_dir(folder.path("many")).unwrap();
    for number in 0..7 {
        folder.write(&format!("many/{number}"), b"");
    }
    folder.write("blank ", b"");
    folder.write("large", &content(900_000, 0));
    let mut failures: String = [
        "quilt pack files/alpha.txt again/alpha.txt --out new --n-shards 7",
        "quilt pack nothing --out new --n-shards 7",
        "quilt pack many --out new --n-shards 7",
        "quilt pack large files --out new --n-shards 7",
        "quilt pack missing --out new --n-shards 7",
        "quilt pack files --out quilt --n-shards 7",
        "quilt pack --blobs {} --out new --n-shards 7",
    ]
    .map(|args| folder.failure(args))
    .concat();
    let blank = folder.floe_with(["quilt", "pack", "blank ", "--out", "new", "--n-shards", "7"]);
    assert_eq!(blank.code, Some(3));
    failures += &blank.stderr;
    insta::assert_snapshot!(failures);
    assert!(!folder.path("new").exists());
}

#[test]
fn corrupt_quilts() {
    let folder = packed();
    let quilt = folder.read("quilt");
    // A column is spread over the rows, but begins in the first one.
    let listed = folder.json("quilt list quilt --n-shards 7");
    let number = |value: &serde_json::Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let first = number(&listed["patches"][0]["startIndex"]) * number(&listed["symbolSize"]);
    let mut failures = String::new();
    let mut refused = |what: &str, bytes: &[u8], args: &str| {
        folder.write("bad", bytes);
        failures += &format!("# {what}\n{}", folder.failure(&format!("quilt {args}")));
    };
    let list = "list bad --n-shards 7";
    let unpack = "unpack bad --out new --n-shards 7";
    let with = |at: usize, byte: u8| {
        let mut bytes = quilt.clone();
        bytes[at] = byte;
        bytes
    };
    refused("not a quilt", &content(630, 1), list);
    refused("empty", b"", list);
    refused("another version", &with(0, 9), list);
    refused(
        "an index that is longer than the quilt",
        &with(4, 0xff),
        list,
    );
    refused(
        "an index with more patches than its bytes",
        &with(5, 0xff),
        list,
    );
    refused("cut off", &quilt[..quilt.len() - 1], list);
    refused("packed for other shards", &quilt, "list bad --n-shards 10");
    refused(
        "a patch header that names another",
        &with(first + 8, b'X'),
        unpack,
    );
    refused("a patch header of another version", &with(first, 7), unpack);
    refused(
        "a patch longer than its columns",
        &with(first + 4, 0xff),
        unpack,
    );
    insta::assert_snapshot!(failures);
    assert!(!folder.path("new").exists());
}

#[test]
fn corrupt_slivers_below_a_quilt() {
    let folder = packed();
    folder.flip("slivers/secondary/00002.sliver", 20);
    let mut failures = folder.failure("quilt unpack slivers --out new");
    folder.text("quilt unpack slivers --identifier alpha.txt --out one");
    assert_eq!(folder.read("one/alpha.txt"), b"hello walrus");
    folder.flip("slivers/secondary/00000.sliver", 20);
    failures += &folder.failure("quilt list slivers");
    failures += &folder.failure("quilt unpack slivers --out one");
    failures += &folder.failure("quilt unpack quilt --n-shards 7 --identifier none --out new");
    failures += &folder.failure("quilt unpack quilt --n-shards 7 --out -");
    insta::assert_snapshot!(failures);
    assert!(!folder.path("new").exists());
}
