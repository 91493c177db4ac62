use std::future::pending;

use super::*;
use crate::UnixMillis;
use crate::testing::RuntimeClock;

const GRACE: Duration = Duration::from_secs(5);

fn tasks() -> Tasks {
    Tasks::new(Arc::new(TokioSpawn::current()))
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(RuntimeClock::new(UnixMillis(0)))
}

#[tokio::test]
async fn a_task_tells_how_it_ended() {
    let spawn = TokioSpawn::current();
    let fine = spawn.spawn("fine".into(), Box::pin(async {}));
    assert_eq!(fine.join().await, Ok(()));
    let failing = spawn.spawn("failing".into(), Box::pin(async { panic!("of {}", 1) }));
    let error = failing.join().await.unwrap_err();
    assert_eq!(error.to_string(), "task failing panicked: of 1");
    let endless = spawn.spawn("endless".into(), Box::pin(pending()));
    endless.cancel();
    assert_eq!(
        endless.join().await,
        Err(TaskError::Cancelled {
            task: "endless".into()
        })
    );
}

#[tokio::test]
async fn a_dropped_task_is_cancelled() {
    let (sender, receiver) = tokio::sync::oneshot::channel::<()>();
    let task = TokioSpawn::current().spawn(
        "holder".into(),
        Box::pin(async move {
            let _held = sender;
            pending::<()>().await;
        }),
    );
    tokio::task::yield_now().await;
    drop(task);
    receiver.await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn stop_waits_for_those_that_obey_and_cancels_the_others() {
    let (tasks, clock) = (tasks(), clock());
    let (shutdown, time) = (tasks.shutdown().clone(), Arc::clone(&clock));
    tasks.spawn("stubborn", pending());
    tasks.spawn("obedient", async move {
        shutdown.cancelled().await;
        time.sleep(GRACE / 2).await;
    });
    tasks.spawn("late", pending());
    let failures = tasks.stop(&*clock, GRACE).await;
    let names: Vec<_> = failures.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        ["task stubborn was cancelled", "task late was cancelled"]
    );
    assert_eq!(clock.monotonic().since_origin(), GRACE);
}

#[tokio::test(start_paused = true)]
async fn a_panic_stops_the_whole_group() {
    let tasks = tasks();
    let shutdown = tasks.shutdown().clone();
    let obeys = shutdown.clone();
    tasks.spawn("obedient", async move { obeys.cancelled().await });
    tasks.spawn("finished", async {});
    tasks.spawn("failing", async { panic!("oh") });
    shutdown.cancelled().await;
    tasks.spawn("too late", async {});
    let failures = tasks.stop(&*clock(), GRACE).await;
    let expected = TaskError::Panicked {
        task: "failing".into(),
        message: "oh".into(),
    };
    assert_eq!(failures, [expected]);
}
