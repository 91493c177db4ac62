//! A checkpoint that returns has made the index durable, whoever did the work.
//!
//! One that came while another was under way returned at once: a segment whose records had been moved
//! could go before the index knew where to, and a record put after its blob was deleted and registered
//! anew was acknowledged although a power cut would have deleted it once more.

mod world;

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::scope;
use std::time::Duration;

use floe_env::Disk;
use floe_env::testing::CrashDisk;
use world::{apply, blob, make, object, open, registered};

#[test]
fn none_returns_before_the_index_is_durable() {
    let disk = CrashDisk::new();
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    make(&shared).unwrap();
    let store = open(&shared);
    apply(&store, 0, &registered(blob(1), object(1), 9)).unwrap();
    let (holds, held) = channel();
    let (release, released) = channel::<()>();
    let (done, images) = channel();
    scope(|threads| {
        // Nothing is written while somebody else changes the index.
        let other = store.clone();
        threads.spawn(move || {
            let change = other.transaction(|_| {
                holds.send(()).unwrap();
                released.recv().unwrap();
                Ok(())
            });
            change.unwrap();
        });
        held.recv().unwrap();
        for _ in 0..2 {
            let (store, disk, done) = (store.clone(), disk.clone(), done.clone());
            threads.spawn(move || {
                store.checkpoint().unwrap();
                done.send(disk.after_power_cut(1)).unwrap();
            });
        }
        // One that returns now can't have done anything.
        let early = images.recv_timeout(Duration::from_millis(100));
        release.send(()).unwrap();
        let images = early.into_iter().chain(images.iter()).take(2);
        for image in images {
            let image: Arc<dyn Disk> = Arc::new(image);
            assert_eq!(open(&image).cursor().unwrap().next_index, 1);
        }
    });
}
