//! The operating system's disk behaves as the trait says.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use floe_env::testing::conformance;
use floe_env::{Access, Disk, Open, OsDisk, replace};

#[test]
fn conforms() {
    let dir = tempfile::tempdir().unwrap();
    conformance::disk(&(Arc::new(OsDisk) as Arc<dyn Disk>), dir.path());
}

#[test]
fn private_files_are_for_their_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(OsDisk);
    let (opened, replaced) = (dir.path().join("opened"), dir.path().join("replaced"));
    disk.open(&opened, Open::Ensure(Access::Private)).unwrap();
    std::fs::write(&replaced, "for all to see").unwrap();
    replace(&disk, &replaced, b"secret", Access::Private).unwrap();
    for path in [opened, replaced] {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn errors_name_operation_file_and_cause() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("missing");
    let error = OsDisk.open(&path, Open::Read).unwrap_err();
    let message = error
        .to_string()
        .replace(&*dir.path().to_string_lossy(), "DIR");
    assert_eq!(
        message,
        "open DIR/missing: No such file or directory (os error 2)"
    );
}

/// `/dev/full` takes no byte, as a full disk.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_apart() {
    let full = OsDisk.open("/dev/full".as_ref(), Open::Update).unwrap();
    let error = full.write_at(b"12345678", 4096).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    let message = error.to_string();
    let expected = "write 8 bytes at offset 4096 of /dev/full: No space left on device";
    assert!(message.starts_with(expected), "{message}");
}
