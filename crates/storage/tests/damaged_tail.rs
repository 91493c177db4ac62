//! A record that was acknowledged, is not in the durable index yet, and is damaged after a power cut.

mod world;

use std::path::Path;
use std::sync::Arc;

use floe_core::BlobId;
use floe_env::testing::CrashDisk;
use floe_env::{Disk, Open};
use world::{DIR, apply, blob, keys, make, object, open, open_with, payload, put, record};
use world::{registered, small};

#[test]
fn its_blob_is_to_be_recovered() {
    let disk = CrashDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    make(&shared).unwrap();
    let store = open(&shared);
    apply(&store, 0, &registered(blob(1), object(1), 9)).unwrap();
    store.checkpoint().unwrap();
    let all = keys(blob(1));
    put(&store, all.iter().copied().map(record).collect()).unwrap();

    // Before the store is closed, which would make its index durable.
    let image: Arc<dyn Disk> = Arc::new(disk.after_power_cut(1));
    drop(store);
    let segment = Path::new(DIR).join("segments/00000001.seg");
    let file = image.open(&segment, Open::Update).unwrap();
    // The first byte of the first payload: behind the headers of the segment and of the record.
    let mut byte = [0];
    file.read_exact_at(&mut byte, 40 + 64).unwrap();
    file.write_at(&[byte[0] ^ 1], 40 + 64).unwrap();
    drop(file);
    let (store, report) = open_with(&image, small()).unwrap();
    assert_eq!((report.damaged, report.lost), (1, 0));
    assert_eq!(store.missing(all.clone()).unwrap(), all[..1]);
    assert_eq!(store.recoveries(&BlobId::ZERO, 10).unwrap(), [(blob(1), 0)]);
    for key in &all[1..] {
        assert_eq!(store.get(key).unwrap(), Some(payload(key)));
    }
}
