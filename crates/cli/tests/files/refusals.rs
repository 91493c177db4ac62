//! What is refused, and in which words: every message names the file and the cause.

use std::{
    ffi::OsStr,
    fs,
    io::Read as _,
    os::unix::{ffi::OsStrExt as _, fs::symlink},
    process::Stdio,
};

use crate::support::{Folder, content};
use floe_core::{BlobMetadata, UnverifiedMetadata, wire};

#[test]
fn wrong_arguments() {
    let folder = Folder::new();
    folder.write("blob", b"some bytes");
    let failures: String = [
        "blob-id blob --n-shards 3",
        "blob-id blob --n-shards 0",
        "blob-id blob --n-shards 65535",
        "blob-id blob --n-shards 65536",
        "blob-id blob --memory 1MiB --threads 1",
        "encode blob --out slivers --n-shards 3",
        "recover slivers --sliver tertiary:1",
        "recover slivers --sliver primary:70000",
        "convert-blob-id not-an-id",
        "convert-blob-id 115792089237316195423570985008687907853269984665640564039457584007913129639936",
        "convert-blob-id 0x00",
    ]
    .map(|args| folder.failure(args))
    .concat();
    insta::assert_snapshot!(failures);
    assert_eq!(folder.names(), ["blob"]);
}

#[test]
fn files_that_are_no_input_or_output() {
    let folder = Folder::new();
    folder.write("blob", b"some bytes");
    folder.write("other", b"mine");
    fs::create_dir(folder.path("dir")).unwrap();
    fs::create_dir(folder.path("full")).unwrap();
    folder.write("full/mine", b"");
    folder.text("encode blob --out slivers --n-shards 4");
    // One byte more than the official encoder takes.
    folder.write("large", &content(393_205, 0));
    // Reading it fails, whoever does it.
    symlink("/proc/self/mem", folder.path("unreadable")).unwrap();
    let names = folder.names();
    let failures: String = [
        "blob-id missing",
        "blob-id dir",
        "blob-id blob missing",
        "blob-id large --n-shards 4",
        "blob-id unreadable --n-shards 4",
        "encode missing --out new --n-shards 4",
        "encode large --out new --n-shards 4",
        "encode unreadable --out new --n-shards 4",
        "encode blob --out slivers --n-shards 4",
        "encode blob --out full --force --n-shards 4",
        "encode blob --out other --force --n-shards 4",
        "encode blob --out nowhere/slivers --n-shards 4",
        "decode missing --out new",
        "decode dir --out new",
        "decode blob --out new",
        "decode slivers --out other",
        "decode slivers --out dir",
        "decode slivers --out nowhere/new",
        "decode slivers --out new --blob-id T_adROuSOeCHLtV8I8pxGL9mDbRbAqlQ955F7JM64Yg",
        "verify dir",
        "recover slivers --sliver primary:4",
    ]
    .map(|args| folder.failure(args))
    .concat();
    insta::assert_snapshot!(failures);
    assert_eq!(folder.names(), names, "nothing is left behind");
    assert_eq!(folder.read("other"), b"mine");
}

#[test]
fn files_that_do_not_say_how_long_they_are() {
    let folder = Folder::new();
    folder.write("copy", &fs::read("/proc/version").unwrap());
    let (copy, original) = (
        folder.json("blob-id copy"),
        folder.json("blob-id /proc/version"),
    );
    assert_eq!(copy["blobId"], original["blobId"]);
}

#[test]
fn one_byte_less_than_too_many_is_fine() {
    let folder = Folder::new();
    folder.write("blob", &content(393_204, 0));
    assert_eq!(
        folder.json("blob-id blob --n-shards 4")["symbolSize"],
        65_534
    );
}

#[test]
fn metadata_that_does_not_match() {
    let folder = Folder::new();
    folder.write("blob", &content(5000, 1));
    folder.write("other", &content(5000, 2));
    folder.text("encode blob --out slivers --n-shards 7");
    folder.text("encode other --out others --n-shards 7");
    let metadata = folder.read("slivers/metadata");
    let mut failures = String::new();
    let mut refused = |bytes: &[u8], command: &str| {
        folder.write("slivers/metadata", bytes);
        failures += &folder.failure(command);
    };
    refused(&folder.read("others/metadata"), "decode slivers --out new");
    refused(&metadata[..metadata.len() - 1], "decode slivers --out new");
    refused(&[&metadata[..], b"\0"].concat(), "verify slivers");
    refused(b"", "verify slivers");
    refused(&vec![0xff; 5_000_000], "verify slivers");
    let mut flipped = metadata.clone();
    flipped[100] ^= 1;
    refused(&flipped, "decode slivers --out new");
    // Intact in itself, for three shards.
    let parsed: UnverifiedMetadata = wire::from_bcs(&metadata).unwrap();
    let few = BlobMetadata::new(5000, parsed.metadata.hashes()[..3].to_vec());
    refused(
        &wire::to_bcs(&UnverifiedMetadata {
            metadata: few,
            ..parsed
        }),
        "decode slivers --out new",
    );
    fs::remove_file(folder.path("slivers/metadata")).unwrap();
    failures += &folder.failure("recover slivers --sliver primary:1");
    insta::assert_snapshot!(failures);
    assert!(!folder.path("new").exists());
}

#[test]
fn a_blob_that_its_writer_encoded_wrongly() {
    let folder = Folder::new();
    folder.write("blob", &content(5000, 1));
    folder.text("encode blob --out slivers --n-shards 7");
    // A writer that commits to slivers which are no code words of each other: one of another blob,
    // and metadata that has its hash.
    folder.write("other", &content(5000, 2));
    folder.text("encode other --out others --n-shards 7");
    let of = |name: &str| -> UnverifiedMetadata {
        wire::from_bcs(&folder.read(&format!("{name}/metadata"))).unwrap()
    };
    let (mut hashes, foreign) = (of("slivers").metadata.hashes().to_vec(), of("others"));
    hashes[5].primary_hash = foreign.metadata.hashes()[5].primary_hash;
    let metadata = BlobMetadata::new(5000, hashes);
    let blob_id = metadata.blob_id();
    let metadata = UnverifiedMetadata { blob_id, metadata };
    folder.write("slivers/metadata", &wire::to_bcs(&metadata));
    let sliver = "primary/00005.sliver";
    folder.write(
        &format!("slivers/{sliver}"),
        &folder.read(&format!("others/{sliver}")),
    );

    folder.text("decode slivers --out systematic");
    assert_eq!(folder.read("systematic"), folder.read("blob"));
    let mut failures = folder.failure("decode slivers --out new --strict-consistency-check");
    for lost in [0, 1, 2, 3] {
        fs::remove_file(folder.path(&format!("slivers/primary/{lost:05}.sliver"))).unwrap();
    }
    failures += &folder.failure("decode slivers --out new");
    for lost in [0, 1] {
        fs::remove_file(folder.path(&format!("slivers/secondary/{lost:05}.sliver"))).unwrap();
    }
    failures += &folder.failure("recover slivers --sliver secondary:0");
    insta::assert_snapshot!(failures);
    assert!(!folder.path("new").exists());
    folder.text("decode slivers --out new --skip-consistency-check");
    assert_ne!(folder.read("new"), folder.read("blob"));
}

#[test]
fn errors_as_json() {
    let folder = Folder::new();
    let ran = folder.floe("blob-id missing --json");
    assert_eq!((ran.code, &ran.stdout[..]), (Some(4), &b""[..]));
    let error: serde_json::Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["error"]["reason"], "NOT_FOUND");
    assert_eq!(error["error"]["message"], "cannot look up missing");
}

#[test]
fn what_is_too_long_is_no_full_disk() {
    let folder = Folder::new();
    let photo = fs::File::create(folder.path("photo.jpg")).unwrap();
    photo.set_len(5 << 20).unwrap();
    for args in ["info --config photo.jpg", "list-blobs --config photo.jpg"] {
        let ran = folder.floe(&format!("{args} --json"));
        assert_eq!(ran.code, Some(3), "{args}: {}", ran.stderr);
        assert!(ran.stderr.contains("INVALID_INPUT"), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("photo.jpg is too long"),
            "{}",
            ran.stderr
        );
    }
}

/// An empty blob was made of the second one.
#[test]
fn stdin_is_read_once() {
    let folder = Folder::new();
    let ran = folder.floe("blob-id - - --n-shards 4");
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("stdin can be read only once"));
}

/// They were broken at 80 columns, in the middle of ids and commands.
#[test]
fn errors_are_not_wrapped() {
    let folder = Folder::new();
    let name = "a_name_that_is_".repeat(12);
    let ran = folder.floe(&format!("blob-id {name}"));
    assert!(ran.stderr.contains(&name), "{}", ran.stderr);
    let ran = folder.floe("fullnode inspect 0x1 --dir nowhere");
    assert!(
        ran.stderr
            .contains("there is no chain in nowhere that can be read"),
        "{}",
        ran.stderr
    );
}

#[test]
fn whoever_reads_no_further_is_told_nothing() {
    let folder = Folder::new();
    folder.write("blob", &content(300_000, 1));
    folder.text("encode blob --out slivers --n-shards 10");
    fs::create_dir(folder.path("files")).unwrap();
    folder.write("files/a", &content(200_000, 2));
    folder.text("quilt pack files --out quilt --n-shards 10");
    for args in [
        "decode slivers --out -",
        "quilt unpack quilt --n-shards 10 --out -",
        "quilt pack files --n-shards 10 --out -",
    ] {
        let mut command = folder.command(args.split_whitespace());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut [0; 10]).unwrap();
        drop(out);
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{args}");
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "", "{args}");
    }
}

#[test]
fn names_that_are_no_text_do_not_keep_json_from_being_printed() {
    let folder = Folder::new();
    folder.write("blob", b"some bytes");
    folder.text("encode blob --out slivers --n-shards 4");
    let odd = OsStr::from_bytes(b"f\xff");
    fs::write(folder.path("slivers/primary").join(odd), b"").unwrap();
    let ran = folder.floe("verify slivers --json");
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert!(
        report["unexpected"].to_string().contains("f\u{fffd}"),
        "{report}"
    );
}

#[test]
fn a_document_can_name_the_file_of_a_blob_id_as_the_official_program_does() {
    let folder = Folder::new();
    folder.write("f", b"some bytes");
    let document = r#"{"command":{"blobId":{"file":"f"}}}"#;
    let ran = folder.floe_with(["json", document]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let facts: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(facts["file"], "f");
}
