use std::sync::Arc;

use super::*;
use crate::testing::conformance;

fn pool(cpu: usize, io: usize) -> Arc<dyn Compute> {
    let size = |threads| NonZeroUsize::new(threads).unwrap();
    Arc::new(
        ThreadPool::new(PoolSize {
            cpu: size(cpu),
            io: size(io),
        })
        .unwrap(),
    )
}

#[test]
fn inline_conforms() {
    conformance::compute(&(Arc::new(Inline) as Arc<dyn Compute>));
}

#[test]
fn pools_of_any_size_conform() {
    for threads in [1, 2, 5] {
        conformance::compute(&pool(threads, 1));
    }
}

#[test]
fn a_run_uses_no_more_than_its_threads() {
    let pool = pool(2, 1);
    let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    pool.run(200, &|_| {
        most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::yield_now();
        running.fetch_sub(1, Ordering::SeqCst);
    });
    assert!((1..=2).contains(&most.into_inner()));
}

#[test]
fn a_blocked_disk_holds_no_processor() {
    let pool = pool(1, 1);
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    pool.submit(Lane::Io, Box::new(move || blocked.recv().unwrap()));
    let done = AtomicUsize::new(0);
    pool.run(10, &|_| {
        done.fetch_add(1, Ordering::Relaxed);
    });
    assert_eq!(done.into_inner(), 10);
    release.send(()).unwrap();
}

#[tokio::test]
async fn offload_yields_the_value_or_the_panic() {
    for compute in [pool(1, 1), Arc::new(Inline)] {
        assert_eq!(compute.offload(Lane::Io, || 6 * 7).await, 42);
        let failing = compute.offload(Lane::Cpu, || -> u8 { panic!("no luck") });
        let panic = tokio::spawn(failing).await.unwrap_err().into_panic();
        assert_eq!(*panic.downcast_ref::<&str>().unwrap(), "no luck");
    }
}

#[test]
fn a_dropped_pool_ends_its_jobs_first() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let pool = pool(1, 1);
    for number in 0..10 {
        let sender = sender.clone();
        pool.submit(Lane::Cpu, Box::new(move || sender.send(number).unwrap()));
    }
    drop((pool, sender));
    let mut numbers: Vec<i32> = receiver.iter().collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
}
