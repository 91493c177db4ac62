//! Bytes go in and come back: odd sizes, sparse files, odd names, this program's own source.

use std::{collections::BTreeMap, fs, fs::File, path::Path};

use crate::support::{Devnet, content};

/// Stores files of one wallet together, and reads each of them.
fn there_and_back(net: &Devnet, names: &[&str]) {
    let stored = net.json_with(&[&["store", "--epochs", "1"], names].concat());
    for (file, name) in stored.as_array().unwrap().iter().zip(names) {
        let object = &file["blobStoreResult"]["newlyCreated"]["blobObject"];
        let id = object["blobId"]
            .as_str()
            .unwrap_or_else(|| panic!("{file}"));
        net.json_with(&["read", id, "--out", "back", "--force"]);
        assert!(net.read("back") == net.read(name), "{name}");
    }
}

#[test]
fn files_of_all_sizes_and_names_come_back() {
    let net = Devnet::with(&["--nodes", "13", "--shards", "100"]);
    // Around the borders of symbols and columns: n = 100 has 34 × 67 source symbols of 2 bytes.
    for (name, size) in [
        ("nothing", 0),
        ("one byte", 1),
        ("a row", 134),
        ("a matrix", 4556),
        ("a byte more", 4557),
        ("ünïcödé 名前.bin", 100_003),
        ("--option", 10),
        ("new\nline", 11),
    ] {
        net.write(name, &content(size, size));
    }
    let sparse = File::create(net.path("sparse")).unwrap();
    sparse.set_len(3_000_000).unwrap();
    there_and_back(
        &net,
        &[
            "nothing",
            "one byte",
            "a row",
            "a matrix",
            "a byte more",
            "ünïcödé 名前.bin",
            "sparse",
        ],
    );
    there_and_back(&net, &["./--option", "new\nline"]);
}

#[test]
fn this_programs_source_comes_back_from_a_quilt() {
    let net = Devnet::with(&["--nodes", "4", "--shards", "100"]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands");
    let stored = net.json_with(&[
        "store-quilt",
        "--epochs",
        "1",
        "--paths",
        source.to_str().unwrap(),
    ]);
    let object = &stored["blobStoreResult"]["newlyCreated"]["blobObject"];
    let id = object["blobId"].as_str().unwrap();
    net.json(&format!("read-quilt --quilt-id {id} --out back"));
    assert!(files(&net.path("back")) == files(&source));
}

/// All files below a folder, by their path in there.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            let inner = files(&path).into_iter();
            found.extend(inner.map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}
